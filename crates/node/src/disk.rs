//! Validators on this machine's disk: `dure dev` runs one, or several in one process.
//!
//! Several share the process and nothing of what they agree on: each has its own key, sockets, pool, database and archive. Only the
//! first has a port and an index; the others read the next nonces there.
//!
//! Upon start: the folder's genesis is read, or written where there is none; agreement comes up where it stood; the index is
//! brought level by running the blocks that it lacks once more over what it knows; then it follows.

use crate::{
    app::{Node, Settings},
    engine::{self, Blocks as Archive},
    execute::Disk,
    finality::Measures,
    follow,
    genesis::Genesis,
    gossip,
    history::{FinalBlock, History as _, HistoryError},
    network::{self, Peer, Seat},
    pacing::{Pace, system_ms},
    prove::Prover,
    read::{Blocks, Follower, Index},
    relay::Relay,
    replay,
    serve::{Served, news},
    upstreams::{Upstream, Upstreams},
};
use alloy_primitives::{B256, Bytes};
use commonware_codec::Encode as _;
use commonware_consensus::types::Height;
use commonware_cryptography::Signer as _;
use commonware_runtime::{Metrics as _, Runner as _, Supervisor as _, tokio as runtime};
use dure_server::{NewBlock, Validator};
use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::{broadcast, mpsc};

/// New blocks that a slow subscriber may fall behind.
const NEWS_MAX: usize = 1_024;

/// What a chain is started with.
pub struct Config {
    pub folder: PathBuf,
    pub genesis: Genesis,
    /// The validators of this process; the first one has the port. Their keys are of the genesis. Where there are none, the node has no
    /// vote.
    pub seats: Vec<Seat>,
    /// Validators elsewhere that are met first.
    pub peers: Vec<Peer>,
    /// Nodes that a node without a vote follows.
    pub upstreams: Vec<Upstream>,
    /// Times the wall's pace that time runs at.
    pub speed: Option<u32>,
}

/// A node that runs.
pub struct Running {
    pub served: Arc<Served>,
    pub index: Arc<Index>,
    /// For nodes that follow this one.
    pub relay: Relay,
    /// Whether the first validator votes.
    pub votes: bool,
    /// What the runtime and the parts of agreement count, in Prometheus' text.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    engines: Vec<engine::Engine<runtime::Context>>,
    _feed: tokio::task::JoinHandle<()>,
}

/// Furthest that clocks can be apart among validators that meet ([`network`] refuses peers beyond 5 s), with the half second that a
/// block's time may be ahead, and some more; milliseconds.
const CLOCKS_APART_MAX_MS: u64 = 10_000;
/// How often a node that watches looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// So many blocks after one that was certainly proposed since the start, no vote from before it can be met:
/// docs/decisions/0018-no-second-vote.md.
const BLOCKS_LATER: u64 = 8;

impl Running {
    /// Ends when no vote that was cast before `since_ms` of the wall can be of a view that is still to come, and gives the height of a
    /// final block whose view is later than all of them.
    pub async fn agreed_since(&self, since_ms: u64) -> u64 {
        let mut proposed_since = None;
        loop {
            let head = self.served.node.chain.head();
            let after = head.time_ms >= since_ms.saturating_add(CLOCKS_APART_MAX_MS);
            // A block with a time that no clock shows yet says nothing about when it was made.
            let before = head.time_ms <= system_ms().saturating_add(CLOCKS_APART_MAX_MS);
            if after && before && *proposed_since.get_or_insert(head.height) + BLOCKS_LATER <= head.height {
                // A block may be final by the certificate of the next one; this must have its own.
                let own = self.engines[0].blocks.get_finalization(Height::new(head.height)).await;
                if own.is_some() {
                    return head.height;
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Runs a node and `work` beside it, until `work` ends.
///
/// # Errors
/// Where the index cannot be opened.
///
/// # Panics
/// Where the chain's files cannot be opened: there is no node without them.
pub fn run<T, F>(config: Config, work: impl FnOnce(Running) -> F + Send + 'static) -> Result<T, HistoryError>
where
    F: Future<Output = T>,
{
    let chain = runtime::Config::default().with_storage_directory(config.folder.join("chain")).with_worker_threads(threads());
    runtime::Runner::new(network::patient(chain)).start(|context| async move {
        let running = come_up(context, config).await?;
        Ok(work(running).await)
    })
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, |threads| threads.get().clamp(2, 16))
}

fn node(config: &Config) -> Arc<Node> {
    let settings = Settings {
        speed: config.speed,
        pace: Pace::COMMUNITY,
        disk: Disk::Threads(tokio::runtime::Handle::current()),
        threads: threads(),
    };
    Arc::new(Node::new::<runtime::Context>(config.genesis.clone(), settings))
}

async fn come_up(context: runtime::Context, config: Config) -> Result<Running, HistoryError> {
    let set = config.genesis.committee().map_err(HistoryError::Store)?;
    let starting = config.seats.iter().enumerate().map(|(place, seat)| {
        let node = node(&config);
        let here = config.seats.iter().map(|other| Peer { public: other.secret.public_key(), reach: other.reach });
        let others = here.chain(config.peers.iter().cloned());
        let others = others.filter(|other| other.public != seat.secret.public_key()).collect();
        let context = context.child("validator").with_attribute("place", place);
        let set = set.clone();
        async move {
            let (engine, channel) = network::start(context, place, seat, others, set, node.clone()).await;
            (engine, (node, Some(channel)))
        }
    });
    let (mut engines, mut nodes): (Vec<_>, Vec<_>) = futures::future::join_all(starting).await.into_iter().unzip();
    let mut upstreams = None;
    if engines.is_empty() {
        let (node, followed) = (node(&config), Arc::new(Upstreams::new(config.upstreams.clone())));
        engines.push(follow::start(context.child("follower"), node.clone(), set.clone(), followed.clone()).await);
        nodes.push((node, None));
        upstreams = Some(followed);
    }
    let node = nodes[0].0.clone();

    let index = Arc::new(Index::open(&config.folder.join("index.sqlite"))?);
    if index.height()?.is_none() {
        index.apply_all(std::slice::from_ref(node.chain.genesis()))?; // so that whoever asks at once finds block 0
    }
    let (tell, _) = broadcast::channel(NEWS_MAX);
    let measures = Arc::new(Measures::default());
    let (clock, speed) = ((node.clone(), context.child("clock")), config.speed.unwrap_or(1));
    let now_ms: Arc<dyn Fn() -> u64 + Send + Sync> = Arc::new(move || clock.0.clock.now_ms(&clock.1));
    let stored = Stored {
        node: node.clone(),
        index: index.clone(),
        archive: engines[0].blocks.clone(),
        runtime: tokio::runtime::Handle::current(),
        news: tell.clone(),
        now_ms: now_ms.clone(),
        speed,
        measures: measures.clone(),
    };
    let mut blocks = node.chain.subscribe();
    let follower = Follower::start(index.clone(), stored)?;
    let feed = tokio::spawn(async move {
        loop {
            match blocks.recv().await {
                Ok(block) => follower.push(block),
                Err(broadcast::error::RecvError::Lagged(_)) => {} // the next one shows the gap, and the gap is filled
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    });
    let here = config.seats.first().map(|seat| seat.secret.public_key());
    let validators = set
        .iter()
        .map(|public| Validator { public_key: B256::from_slice(&public.encode()), here: here.as_ref() == Some(public) });
    let prover = Prover {
        index: index.clone(),
        archive: engines[0].blocks.clone(),
        stateful: engines[0].stateful.clone(),
        runtime: tokio::runtime::Handle::current(),
        anchor: dure_proof::Anchor {
            genesis: node.chain.genesis().hash,
            validators: set.iter().map(|public| B256::from_slice(&public.encode())).collect(),
        },
    };
    let hands_on = context.child("gossip");
    let metrics: Arc<dyn Fn() -> String + Send + Sync> = Arc::new(move || context.encode());
    let (hand_on, to_hand_on) = mpsc::channel(gossip::WAITING_MAX);
    let served = Served {
        node: node.clone(),
        index: index.clone(),
        news: tell,
        now_ms,
        validators: validators.collect(),
        connected: Arc::new({
            let metrics = metrics.clone();
            move || network::connected(&metrics()).len()
        }),
        speed,
        measures,
        prover: Arc::new(prover),
        hand_on: Some(hand_on),
        upstreams,
    };
    let served = Arc::new(served);
    let mut to_hand_on = Some((hands_on, to_hand_on));
    for (node, channel) in nodes {
        let Some((sender, receiver)) = channel else { continue };
        let takes = Arc::new(served.at_pool_of(node));
        let take = move |all: Vec<Bytes>| {
            let takes = takes.clone();
            // On a thread that may wait. Its panic is reported by its own hook.
            let taken = tokio::task::spawn_blocking(move || all.into_iter().for_each(|raw| takes.take(raw)));
            async move { taken.await.is_ok() }
        };
        tokio::spawn(gossip::receive(receiver, take));
        if let Some((clock, own)) = to_hand_on.take() {
            tokio::spawn(gossip::send(clock, sender, own));
        }
    }
    let votes = config.seats.first().is_some_and(|seat| seat.votes_above.is_some());
    let relay = Relay::new(node, engines[0].blocks.clone());
    Ok(Running { served, index, relay, votes, metrics, engines, _feed: feed })
}

/// What the index's thread asks.
struct Stored {
    node: Arc<Node>,
    index: Arc<Index>,
    archive: Archive,
    runtime: tokio::runtime::Handle,
    news: broadcast::Sender<Arc<NewBlock>>,
    now_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    speed: u32,
    measures: Arc<Measures>,
}

impl Blocks for Stored {
    fn hash(&self, height: u64) -> Option<B256> {
        self.runtime.block_on(replay::hash(&self.node, &self.archive, height))
    }

    fn block(&self, height: u64) -> Result<Option<Arc<FinalBlock>>, HistoryError> {
        self.runtime.block_on(replay::block(&self.node, &self.index, &self.archive, height))
    }

    fn written(&self, block: &Arc<FinalBlock>) {
        self.measures.note((self.now_ms)().saturating_sub(block.time_ms) / u64::from(self.speed.max(1)));
        let _ = self.news.send(Arc::new(news(block))); // an error says that nobody listens
    }
}
