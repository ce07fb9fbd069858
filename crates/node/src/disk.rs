//! One validator alone on this machine's disk: `dure dev`.
//!
//! Upon start: the folder's genesis is read, or written where there is none; agreement comes up where it stood; the index is
//! brought level by running the blocks that it lacks once more over what it knows; then it follows.

use crate::{
    app::{App, Node, Scheme, Secret, Settings},
    engine::{self, Blocks as Archive, EngineConfig},
    execute::Disk,
    finality::Measures,
    genesis::Genesis,
    history::{FinalBlock, HistoryError},
    pacing::Pace,
    read::{Blocks, Follower, Index},
    replay,
    serve::{Served, news},
    state::StateSizes,
};
use alloy_primitives::B256;
use commonware_codec::Encode as _;
use commonware_cryptography::{ChaCha20Poly1305, Signer as _};
use commonware_p2p::{Address, AddressableManager as _, authenticated::lookup};
use commonware_runtime::{Quota, Runner as _, Supervisor as _, tokio as runtime};
use commonware_stream::{
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{
    NZU32, NZUsize, TryCollect as _,
    ordered::{Map, Set},
};
use dure_server::{NewBlock, Validator};
use std::{future::Future, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::broadcast;

/// What is signed in agreement is signed for this purpose.
const NAMESPACE: &[u8] = b"dure";
/// New blocks that a slow subscriber may fall behind.
const NEWS_MAX: usize = 1_024;

/// What a chain of one is started with.
pub struct Config {
    pub folder: PathBuf,
    pub genesis: Genesis,
    /// Times the wall's pace that time runs at.
    pub speed: Option<u32>,
}

/// A node that runs.
pub struct Running {
    pub served: Arc<Served>,
    pub index: Arc<Index>,
    _engine: engine::Engine<runtime::Context>,
    _feed: tokio::task::JoinHandle<()>,
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
    runtime::Runner::new(chain).start(|context| async move {
        let running = come_up(context, config).await?;
        Ok(work(running).await)
    })
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, |threads| threads.get().clamp(2, 16))
}

async fn come_up(context: runtime::Context, config: Config) -> Result<Running, HistoryError> {
    let seed = config.genesis.seed;
    let settings = Settings {
        speed: config.speed,
        pace: Pace::COMMUNITY,
        disk: Disk::Threads(tokio::runtime::Handle::current()),
        threads: threads(),
    };
    let node = Arc::new(Node::new::<runtime::Context>(config.genesis, settings));
    let secret = Secret::from_seed(seed);
    let engine = start_engine(context.child("node"), &secret, node.clone()).await;

    let index = Arc::new(Index::open(&config.folder.join("index.sqlite"))?);
    let (tell, _) = broadcast::channel(NEWS_MAX);
    let measures = Arc::new(Measures::default());
    let (clock, speed) = ((node.clone(), context.child("clock")), config.speed.unwrap_or(1));
    let now_ms: Arc<dyn Fn() -> u64 + Send + Sync> = Arc::new(move || clock.0.clock.now_ms(&clock.1));
    let stored = Stored {
        node: node.clone(),
        index: index.clone(),
        archive: engine.blocks.clone(),
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
    let public_key = B256::from_slice(&secret.public_key().encode());
    let validators = vec![Validator { public_key, here: true }];
    let served = Served { node, index: index.clone(), news: tell, now_ms, validators, speed, measures };
    let served = Arc::new(served);
    Ok(Running { served, index, _engine: engine, _feed: feed })
}

async fn start_engine(context: runtime::Context, secret: &Secret, node: Arc<Node>) -> engine::Engine<runtime::Context> {
    let public = secret.public_key();
    let validators: Set<_> = [public.clone()].into_iter().try_collect().expect("one key has no duplicate");
    let scheme = Scheme::signer(NAMESPACE, validators, secret.clone()).expect("the key is of the set");
    let here = SocketAddr::from(([127, 0, 0, 1], 0));
    let handshake = Sake {
        signer: secret.clone(),
        synchrony_bound: Duration::from_secs(5),
        max_handshake_age: Duration::from_secs(10),
        version: sake::Version::V1,
    };
    let config = lookup::Config::local(
        Cups::<_, ChaCha20Poly1305>::new(handshake, cups::Version::V1),
        NAMESPACE,
        here,
        NZUsize!(64),
        engine::message_max(1),
        NZUsize!(1000),
    );
    let (mut network, mut peers) = lookup::Network::new(context.child("network"), config);
    let known: Map<_, Address> = [(public.clone(), here.into())].into_iter().try_collect().expect("one key has no duplicate");
    peers.track(0, known);
    let channels = (0..engine::CHANNELS).map(|channel| network.register(channel, Quota::per_second(NZU32!(512)))).collect();
    network.start();
    let config = EngineConfig {
        public,
        scheme,
        peers: peers.clone(),
        blocker: peers,
        prefix: "validator".into(),
        node,
        state_sync: false,
        kept_blocks: None,
        sizes: StateSizes::ALONE,
    };
    engine::start::<_, _, _, _, _, _, fn(commonware_glue::stateful::Mailbox<runtime::Context, App>) -> _>(
        context,
        config,
        channels,
        |mailbox| mailbox,
    )
    .await
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
