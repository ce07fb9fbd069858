//! Sockets between validators: whom a node knows, which channels it has, and the engine on them.
//!
//! Peers authenticate each other by the keys of the genesis, tell each other where the others are, and encrypt what they say.

use crate::{
    app::{App, Node, Public, Scheme, Secret},
    block::Block,
    engine::{self, Engine, EngineConfig},
    state::StateSizes,
};
use alloy_primitives::B256;
use commonware_codec::{Copying, DecodeExt as _, Encode as _};
use commonware_cryptography::{ChaCha20Poly1305, Signer as _};
use commonware_p2p::{Manager as _, Receiver, Sender, authenticated::discovery};
use commonware_runtime::{Quota, Supervisor as _, tokio as runtime};
use commonware_stream::{
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{NZU32, NZUsize, ordered::Set, sys_rng};
use rand_core::Rng as _;
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

/// What is signed in agreement is signed for this purpose and for one chain: the hash of its genesis follows. So no vote of an
/// organisation counts on another chain of its, and peers of different chains do not meet.
const PURPOSE: &[u8] = b"dure";
/// Messages of one peer on one channel, a second.
const MESSAGES_PER_S: NonZeroU32 = NZU32!(512);
/// Connections whose other end has not proven who it is, which it must within 5 s; a machine may open 16 a second, a /24 or /48 128.
const STRANGERS_MAX: NonZeroU32 = NZU32!(64);
/// Most validators of a network.
pub const VALIDATORS_MAX: NonZeroUsize = NZUsize!(128);
/// A peer of which nothing was heard or to which nothing could be sent for so long is connected with anew. TCP alone waits for as long
/// again as a link was cut, because it doubles the time between two tries; this ends that wait. A link must carry a whole message within it.
const SILENCE_MAX: Duration = Duration::from_secs(4);
/// Between two signs of life on a connection that is otherwise idle; peers tell each other of other peers with them. Several fit into
/// [`SILENCE_MAX`], and every validator must have the same, because who sends them twice as often is slowed down.
const SIGN_OF_LIFE_EVERY: Duration = Duration::from_secs(1);
/// Longest that a peer may take to answer a call, and to prove who it is after that. A call that was lost in a cut must end soon, because
/// whoever calls refuses the other's call.
const CONNECT_MAX: Duration = Duration::from_secs(1);
const DIAL_MAX: Duration = Duration::from_secs(3);
/// A peer is neither called nor listened to again before this.
const DIAL_AGAIN_AFTER: Duration = Duration::from_millis(250);
/// Between two calls of the validator that stands first among all; each later one calls less often, up to the longest. Two who call each
/// other at the same time refuse each other, again and again while both are as quick.
const DIAL_EVERY_FIRST: Duration = Duration::from_millis(100);
const DIAL_EVERY_LATER: Duration = Duration::from_millis(300);
const DIAL_EVERY_MAX: Duration = Duration::from_secs(2);
/// Furthest that the clocks of two peers may differ when they meet.
const CLOCKS_MAX: Duration = Duration::from_secs(5);

/// A validator's place.
pub struct Seat {
    pub secret: Secret,
    pub listen: SocketAddr,
    /// Where the others reach it.
    pub reach: SocketAddr,
    /// It votes only in views after the one that made the block of this height final; `None`: it signs nothing and watches.
    pub votes_above: Option<u64>,
}

/// A validator elsewhere, and where it is reached. Those that are not named are heard of from those that are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub public: Public,
    pub reach: SocketAddr,
}

impl FromStr for Peer {
    type Err = String;

    /// Reads `KEY@ADDRESS:PORT`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (key, reach) = text.split_once('@').ok_or("expected KEY@ADDRESS:PORT")?;
        let key: B256 = key.parse().map_err(|_| format!("`{key}` is no validator's key: 64 hex digits"))?;
        let public = public_of(key).ok_or_else(|| format!("`{key}` is no validator's key"))?;
        let reach = reach.parse().map_err(|_| format!("`{reach}` is no address: write it as 192.0.2.7:9600"))?;
        Ok(Self { public, reach })
    }
}

/// A validator's secret from its 32 bytes.
pub fn secret_of(bytes: &[u8]) -> Option<Secret> {
    Secret::decode(Copying(bytes)).ok()
}

/// The 32 bytes of a new secret, from the system's randomness.
pub fn new_secret() -> [u8; 32] {
    let mut bytes = [0; 32];
    sys_rng().fill_bytes(&mut bytes);
    bytes
}

/// The validator with these bytes as its public key.
pub fn public_of(key: B256) -> Option<Public> {
    Public::decode(Copying(key.as_slice())).ok()
}

/// What names the holder of `secret`.
pub fn public_key(secret: &Secret) -> B256 {
    B256::from_slice(&secret.public_key().encode())
}

/// The validators that the first one of this process is connected with, as its metrics say.
pub fn connected(metrics: &str) -> BTreeSet<&str> {
    let lines =
        metrics.lines().filter_map(|line| line.strip_prefix("validator_network_tracker_directory_connected{place=\"0\","));
    let peers = lines.filter_map(|line| line.strip_prefix("peer=\"")?.split_once("\"} "));
    peers.filter(|(_, since_ms)| *since_ms != "0").map(|(peer, _)| peer).collect()
}

/// What votes of the chain that begins with `genesis` are signed for.
pub fn namespace(genesis: &Block) -> Vec<u8> {
    [PURPOSE, genesis.hash().as_slice()].concat()
}

/// How often the validator of this place calls.
fn dial_every(place: usize) -> Duration {
    let later = DIAL_EVERY_LATER.saturating_mul(u32::try_from(place).unwrap_or(u32::MAX));
    DIAL_EVERY_FIRST.saturating_add(later).min(DIAL_EVERY_MAX)
}

/// How long the sockets of `runtime` wait.
pub fn patient(runtime: runtime::Config) -> runtime::Config {
    runtime.with_connect_timeout(CONNECT_MAX).with_read_write_timeout(SILENCE_MAX)
}

/// Starts the sockets and the engine of one validator, and gives the channel on which transactions are handed on.
pub async fn start(
    context: runtime::Context,
    place: usize,
    seat: &Seat,
    others: Vec<Peer>,
    validators: Set<Public>,
    node: Arc<Node>,
) -> (Engine<runtime::Context>, (impl Sender<PublicKey = Public>, impl Receiver<PublicKey = Public>)) {
    let public = seat.secret.public_key();
    let namespace = namespace(&node.genesis);
    let scheme = match seat.votes_above {
        Some(_) => Scheme::signer(&namespace, validators.clone(), seat.secret.clone()).expect("the key is of the genesis"),
        None => Scheme::verifier(&namespace, validators.clone()),
    };
    let handshake = Sake {
        signer: seat.secret.clone(),
        synchrony_bound: CLOCKS_MAX,
        max_handshake_age: 2 * CLOCKS_MAX,
        version: sake::Version::V1,
    };
    let count = u32::try_from(validators.len()).unwrap_or(u32::MAX);
    let mut config = discovery::Config::local(
        Cups::<_, ChaCha20Poly1305>::new(handshake, cups::Version::V1),
        &namespace,
        seat.listen,
        seat.reach,
        others.into_iter().map(|peer| (peer.public, peer.reach.into())).collect(),
        NonZeroUsize::new(validators.len()).expect("the genesis names somebody"), // mailboxes are made for as many
        engine::message_max(count).max(crate::gossip::MESSAGE_MAX_BYTES),
        NZUsize!(1000),
    );
    config.max_concurrent_handshakes = STRANGERS_MAX;
    config.gossip_bit_vec_frequency = SIGN_OF_LIFE_EVERY;
    config.dial_timeout = DIAL_MAX;
    config.dial_frequency = dial_every(validators.position(&public).unwrap_or(0));
    config.peer_connection_cooldown = DIAL_AGAIN_AFTER;
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
        votes_above: seat.votes_above,
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
