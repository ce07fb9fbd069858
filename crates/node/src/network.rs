//! Sockets between validators: whom a node knows, which channels it has, and the engine on them.
//!
//! Peers authenticate each other by the keys of the genesis, tell each other where the others are, and encrypt what they say.

use crate::{
    app::{App, Node, Public, Scheme, Secret},
    engine::{self, Engine, EngineConfig},
    state::StateSizes,
};
use alloy_primitives::B256;
use commonware_codec::Encode as _;
use commonware_cryptography::{ChaCha20Poly1305, Signer as _};
use commonware_p2p::{Manager as _, Receiver, Sender, authenticated::discovery};
use commonware_runtime::{Quota, Supervisor as _, tokio as runtime};
use commonware_stream::{
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{NZU32, NZUsize, ordered::Set};
use std::{net::SocketAddr, num::NonZeroU32, num::NonZeroUsize, sync::Arc, time::Duration};

/// What is signed in agreement is signed for this purpose.
const NAMESPACE: &[u8] = b"dure";
/// Messages of one peer on one channel, a second.
const MESSAGES_PER_S: NonZeroU32 = NZU32!(512);
/// Most validators of a network.
pub const VALIDATORS_MAX: NonZeroUsize = NZUsize!(128);
/// Furthest that the clocks of two peers may differ when they meet.
const CLOCKS_MAX: Duration = Duration::from_secs(5);

/// A validator's place.
pub struct Seat {
    pub secret: Secret,
    /// Where it listens, and where the others reach it.
    pub address: SocketAddr,
}

/// What names the holder of `secret`.
pub fn public_key(secret: &Secret) -> B256 {
    B256::from_slice(&secret.public_key().encode())
}

/// Starts the sockets and the engine of one validator, and gives the channel on which transactions are handed on.
pub async fn start(
    context: runtime::Context,
    place: usize,
    seat: &Seat,
    others: Vec<(Public, SocketAddr)>,
    validators: Set<Public>,
    node: Arc<Node>,
) -> (Engine<runtime::Context>, (impl Sender<PublicKey = Public>, impl Receiver<PublicKey = Public>)) {
    let public = seat.secret.public_key();
    let scheme = Scheme::signer(NAMESPACE, validators.clone(), seat.secret.clone()).expect("the key is of the genesis");
    let handshake = Sake {
        signer: seat.secret.clone(),
        synchrony_bound: CLOCKS_MAX,
        max_handshake_age: 2 * CLOCKS_MAX,
        version: sake::Version::V1,
    };
    let count = u32::try_from(validators.len()).unwrap_or(u32::MAX);
    let config = discovery::Config::local(
        Cups::<_, ChaCha20Poly1305>::new(handshake, cups::Version::V1),
        NAMESPACE,
        seat.address,
        seat.address,
        others.into_iter().map(|(public, address)| (public, address.into())).collect(),
        NonZeroUsize::new(validators.len()).expect("the genesis names somebody"), // mailboxes are made for as many
        engine::message_max(count).max(crate::gossip::MESSAGE_MAX_BYTES),
        NZUsize!(1000),
    );
    let (mut network, mut peers) = discovery::Network::new(context.child("network"), config);
    peers.track(0, validators);
    let mut channels: Vec<_> =
        (0..=engine::CHANNELS).map(|channel| network.register(channel, Quota::per_second(MESSAGES_PER_S))).collect();
    let gossip = channels.pop().expect("one more than the engine takes");
    network.start();
    let config = EngineConfig {
        public,
        scheme,
        peers: peers.clone(),
        blocker: peers,
        prefix: if place == 0 { "validator".into() } else { format!("validator-{place}") },
        node,
        state_sync: false,
        kept_blocks: None,
        sizes: StateSizes::ALONE,
    };
    let engine = engine::start::<_, _, _, _, _, _, fn(commonware_glue::stateful::Mailbox<runtime::Context, App>) -> _>(
        context,
        config,
        channels,
        |mailbox| mailbox,
    );
    (engine.await, gossip)
}
