//! Wires agreement, archives, state and the application for one validator, on any runtime.

use crate::{
    app::{App, Node, Public, Scheme},
    block::Block,
    pacer::Paced,
    state::{self, Digest, Family, StateSizes},
    sync::{Fetcher, Served},
    trunk::{self, Trunk, TrunkConfig},
};
use commonware_broadcast::buffered;
use commonware_consensus::{
    Heightable as _, Reporter,
    marshal::{
        self, Update,
        core::Mailbox as MarshalMailbox,
        resolver::p2p as marshal_resolver,
        standard::{Deferred, Standard},
    },
    simplex::{
        self,
        config::{Floor, ForwardPolicy, SkipPolicy},
        elector::RoundRobin,
        types::Finalization,
    },
    types::{Epoch, FixedEpocher, Height, ViewDelta},
};
use commonware_cryptography::{Digestible as _, Sha256, certificate::ConstantProvider};
use commonware_glue::stateful::{
    Mailbox as StatefulMailbox, SyncPlan,
    db::p2p as state_resolver,
    probe::{self, Config as ProbeConfig, Probe},
};
use commonware_p2p::{Blocker, Provider, Receiver, Sender, max_message_size};
use commonware_parallel::Sequential;
use commonware_runtime::{Handle, Spawner};
use commonware_storage::Context;
use commonware_utils::{NZDuration, NZU64, NZUsize};
use rand_core::CryptoRng;
use std::{
    num::{NonZeroU64, NonZeroUsize},
    sync::{Arc, Mutex},
    time::Duration,
};

/// Channels of the network that an engine takes, in order.
pub const CHANNELS: u64 = 7;
/// Messages that any actor's mailbox holds.
pub(crate) const MAILBOX: NonZeroUsize = NZUsize!(1024);
pub(crate) const BUFFER: NonZeroUsize = NZUsize!(1 << 20);
/// Operations of the database in one answer to a syncing peer. Times the largest value, this stays below a block's bound.
pub(crate) const SYNC_BATCH: NonZeroU64 = NZU64!(32);
/// Epochs are not changed yet: the first lasts.
pub(crate) const EPOCH_BLOCKS: NonZeroU64 = NZU64!(u64::MAX);
/// Heights that are asked for a certificate before there is held to be none.
const CERTIFICATES_LOOKED_AT: usize = 256;
const FETCH_TIMEOUT: Duration = Duration::from_secs(2);

/// Marshal's mailbox: blocks and certificates by height or digest.
pub type Blocks = MarshalMailbox<Scheme, Standard<Block>>;

/// What an engine is started with.
pub struct EngineConfig<M, B> {
    pub public: Public,
    pub scheme: Scheme,
    pub peers: M,
    pub blocker: B,
    /// First part of every partition's name.
    pub prefix: String,
    pub node: Arc<Node>,
    /// Agreement begins after the view that made the block of this height final, whatever the journal lacks; 0 is the genesis.
    /// `None`: the scheme signs nothing, and what it hears is journaled apart from the votes that the key may have cast.
    pub votes_above: Option<u64>,
    /// Whether to fetch the state from peers instead of executing all blocks.
    pub state_sync: bool,
    /// Blocks kept in the archive; `None` keeps all.
    pub kept_blocks: Option<usize>,
    pub sizes: StateSizes,
}

/// A running engine.
pub struct Engine<E: Spawner + Context> {
    /// Ends when the engine does.
    pub handle: Handle<()>,
    pub blocks: Blocks,
    pub stateful: StatefulMailbox<E, App>,
    /// View of the certified block that the state was fetched at, where it was.
    pub synced_at: Option<u64>,
}

/// Largest message that any channel carries, bytes.
pub fn message_max(validators: u32) -> u32 {
    // Key, value, the next key, and what the operation's codec adds.
    const OPERATION_MAX: usize = 32 + state::VALUE_MAX_BYTES + 32 + 16;
    max_message_size(&[
        simplex::max_payload_size::<Scheme, Digest>(validators),
        marshal::max_payload_size::<Standard<Block>, Scheme>(validators, &()),
        probe::max_payload_size::<Standard<Block>, Scheme>(validators),
        state_resolver::max_payload_size::<Family, Digest>(SYNC_BATCH, OPERATION_MAX),
    ])
}

/// Starts one validator. `wrap` may stand between marshal and the application (a test listens there).
///
/// # Panics
/// Where the archives or the database cannot be opened, or lack what `votes_above` names: there is no node without them.
pub async fn start<E, M, B, S, R, W, F>(context: E, config: EngineConfig<M, B>, channels: Vec<(S, R)>, wrap: F) -> Engine<E>
where
    E: CryptoRng + Spawner + Context,
    M: Provider<PublicKey = Public>,
    B: Blocker<PublicKey = Public>,
    S: Sender<PublicKey = Public>,
    R: Receiver<PublicKey = Public>,
    W: Reporter<Activity = Update<Block>>,
    F: FnOnce(StatefulMailbox<E, App>) -> W,
{
    let mut channels = channels.into_iter();
    let mut channel = || channels.next().expect("as many channels as CHANNELS says");
    let (votes, certificates, votes_fetch) = (channel(), channel(), channel());
    let (blocks_fetch, blocks_gossip, state_fetch, floor_probe) = (channel(), channel(), channel(), channel());
    let EngineConfig { public, scheme, peers, blocker, prefix, node, votes_above, state_sync, kept_blocks, sizes } = config;
    let cache = state::page_cache(sizes);

    let resolver = marshal_resolver::init(
        context.child("blocks_fetch"),
        marshal_resolver::Config {
            public_key: public.clone(),
            peer_provider: peers.clone(),
            blocker: blocker.clone(),
            mailbox_size: MAILBOX,
            fetch_timeout: NZDuration!(FETCH_TIMEOUT),
            fetch_retry_delay: Duration::from_millis(100),
            priority_requests: false,
            priority_responses: false,
        },
        blocks_fetch,
    );
    let (broadcast, buffer) = buffered::Engine::new(
        context.child("blocks_gossip"),
        buffered::Config {
            public_key: public.clone(),
            mailbox_size: MAILBOX,
            deque_size: 10,
            priority: false,
            codec_config: (),
            peer_provider: peers.clone(),
            strategy: Sequential,
        },
    );
    broadcast.start(blocks_gossip);

    let mut plan = SyncPlan::<E, Scheme, Standard<Block>>::init(context.child("plan"), prefix.clone()).await;
    let provider = ConstantProvider::new(scheme.clone());
    let (probe, probe_mailbox) = Probe::new(ProbeConfig {
        context: context.child("probe"),
        provider: provider.clone(),
        strategy: Sequential,
        mailbox_size: MAILBOX,
        blocker: blocker.clone(),
        minimum_epoch: Epoch::zero(),
        retry_timeout: NZDuration!(Duration::from_millis(500)),
    });
    probe.start(floor_probe);
    let mut synced_at = None;
    if plan.should_sync(state_sync) {
        let floor = probe_mailbox.subscribe().await.expect("the probe lives as long as this");
        synced_at = Some(floor.proposal.round.view().get());
        plan = plan.set_floor(floor).await;
    }

    let (state_actor, state_mailbox) = state_resolver::Actor::<_, Public, _, _, Family, Served<E>>::new(
        context.child("state_fetch"),
        state_resolver::Config {
            peer_provider: peers,
            blocker: blocker.clone(),
            database: None,
            mailbox_size: MAILBOX,
            me: Some(public),
            fetch_timeout: NZDuration!(FETCH_TIMEOUT),
            fetch_retry_delay: Duration::from_millis(100),
            max_serve_ops: SYNC_BATCH,
            priority_requests: false,
            priority_responses: false,
        },
    );
    state_actor.start(state_fetch);
    let forwarder = Mutex::new(context.child("state_verdicts"));
    let fetcher = Fetcher::<E>::new(state_mailbox, move |task| {
        let context = forwarder.lock().unwrap_or_else(std::sync::PoisonError::into_inner).child("verdict");
        context.spawn(|_| task);
    });

    let opened =
        TrunkConfig { prefix: &prefix, node: node.clone(), provider, cache: cache.clone(), sizes, kept_blocks, plan, fetcher };
    let Trunk { marshal: marshal_actor, blocks: marshal, stateful, mailbox: stateful_mailbox } =
        trunk::open(&context, opened).await;
    let paced = Paced { node: node.clone(), inner: stateful_mailbox.clone() };
    let automaton = Deferred::new(context.child("automaton"), paced, marshal.clone(), FixedEpocher::new(EPOCH_BLOCKS));
    marshal_actor.start(wrap(stateful_mailbox.clone()), buffer, resolver);
    probe_mailbox.attach(marshal.clone());
    trunk::come_up(&context, &node, &marshal).await;
    stateful.start();

    let partition = format!("{prefix}-simplex{}", if votes_above.is_some() { "" } else { "-watching" });
    let floor = match votes_above.unwrap_or(0) {
        0 => Floor::Genesis(node.genesis.digest()),
        height => match newest_certificate(&marshal, height).await {
            Some(certificate) => Floor::Finalized(certificate),
            None => panic!("no certificate of block {height} or a later one is here: this folder cannot tell where it may vote"),
        },
    };
    let pace = node.pace;
    let engine = simplex::Engine::new(
        context.child("simplex"),
        simplex::Config {
            scheme,
            elector: RoundRobin::<Sha256>::default(),
            blocker,
            automaton: automaton.clone(),
            relay: automaton.clone(),
            reporter: automaton,
            strategy: Sequential,
            partition,
            mailbox_size: MAILBOX,
            epoch: Epoch::zero(),
            floor,
            replay_buffer: BUFFER,
            write_buffer: BUFFER,
            page_cache: cache,
            leader_timeout: pace.leader_timeout,
            certification_timeout: pace.certification_timeout,
            timeout_retry: Duration::from_millis(500),
            view_retention: ViewDelta::new(64),
            skip: SkipPolicy::Enabled { timeout: pace.skip_timeout, budget: simplex::SkipBudget::Participants },
            fetch_timeout: NZDuration!(FETCH_TIMEOUT),
            fetch_retry_delay: Duration::from_secs(1),
            forward: ForwardPolicy::SilentLeader,
            track_historical_votes: false,
        },
    );
    let handle = engine.start(votes, certificates, votes_fetch);
    Engine { handle, blocks: marshal, stateful: stateful_mailbox, synced_at }
}

/// The newest certificate that is stored, of a block at `height` or above it.
async fn newest_certificate(blocks: &Blocks, height: u64) -> Option<Finalization<Scheme, Digest>> {
    let newest = blocks.get_anchor().await?.1.height().get();
    // A block may be final by the certificate of a later one, but not many in a row.
    for height in (height..=newest).rev().take(CERTIFICATES_LOOKED_AT) {
        if let Some(certificate) = blocks.get_finalization(Height::new(height)).await {
            return Some(certificate);
        }
    }
    None
}
