//! A validator in the simulation: the node as it is, on a simulated network, clock and disk, with people who use it and an
//! auditor who reads along.

use crate::town::{HOUSEHOLDS, Town, key, send};
use alloy_primitives::B256;
use borsh::BorshDeserialize as _;
use commonware_consensus::{marshal::Identifier, types::Height};
use commonware_cryptography::{Digestible as _, Signer as _};
use commonware_glue::simulate::{
    engine::{EngineDefinition, InitContext},
    processed::ProcessedHeight,
    property::Property,
    reporter::MonitorReporter,
    tracker::ProgressTracker,
};
use commonware_glue::stateful::Mailbox;
use commonware_runtime::{Clock as _, Handle, Quota, Spawner as _, Supervisor as _, deterministic};
use commonware_utils::{NZU32, TryCollect as _, channel::oneshot, ordered::Set};
use dure_execution::{Bytes, Transaction};
use dure_node::{
    app::{App, Node, Public, Scheme, Secret, Settings},
    engine::{self, Blocks, EngineConfig},
    execute::Disk,
    gossip,
    history::{FinalBlock, History as _},
    pacing::{Pace, wall_ms},
    pool::{Facts, Sequence},
    read::Index,
    replay,
    serve::At,
    state::{StateSizes, digest_of, hash_of},
};
use dure_rules::{Key, Memory, orders};
use rand_core::Rng as _;
use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc;

/// What everybody has seen since the simulation began; it outlives crashes.
#[derive(Default)]
pub struct Witness {
    /// Hash and state root by height. Whoever sees another one has seen a fork, or lost something final.
    pub blocks: BTreeMap<u64, (B256, B256)>,
    /// Transactions in final blocks, by whether they succeeded.
    pub succeeded: BTreeSet<B256>,
    pub refused: BTreeSet<B256>,
    /// Who was handed a transaction that its pool took in.
    pub handed: BTreeMap<B256, Public>,
    /// Transactions in final blocks of leaders that only heard of them.
    pub heard: BTreeSet<B256>,
    /// Heights at which something ran by itself.
    pub by_itself: BTreeSet<u64>,
    pub faults: Vec<String>,
}

/// Four validators of one town.
#[derive(Clone)]
pub struct Definition {
    secrets: Vec<Secret>,
    set: Set<Public>,
    pub town: Arc<Town>,
    pub witness: Arc<Mutex<Witness>>,
}

/// What a validator shows to a test.
pub struct Validator {
    clock: deterministic::Context,
    archive: Blocks,
    auditor: Arc<Auditor>,
    stateful: Mailbox<deterministic::Context, App>,
}

impl Definition {
    pub fn new() -> Self {
        let secrets: Vec<_> = (0..4).map(Secret::from_seed).collect();
        let set = secrets.iter().map(Secret::public_key).try_collect().expect("keys differ");
        Self { secrets, set, town: Arc::new(Town::new()), witness: Arc::default() }
    }

    /// The validator of this place.
    pub fn validator(&self, place: usize) -> Public {
        self.set.iter().nth(place).expect("one of four").clone()
    }

    pub fn witness(&self) -> MutexGuard<'_, Witness> {
        self.witness.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EngineDefinition for Definition {
    type PublicKey = Public;
    type Engine = Handle<()>;
    type State = Validator;

    fn participants(&self) -> Vec<Public> {
        self.set.iter().cloned().collect()
    }

    fn channels(&self) -> Vec<(u64, Quota)> {
        (0..=engine::CHANNELS).map(|channel| (channel, Quota::per_second(NZU32!(1_024)))).collect()
    }

    fn max_message_size(&self) -> u32 {
        engine::message_max(self.secrets.len() as u32).max(gossip::MESSAGE_MAX_BYTES)
    }

    /// Everything runs below one task, so that a crash ends all of it.
    async fn init(&self, at: InitContext<'_, Public>) -> (Handle<()>, Validator) {
        let InitContext { context, index: place, public_key: public, oracle, mut channels, monitor, .. } = at;
        let (to_others, from_others) = channels.pop().expect("one more than the engine takes");
        let secret = self.secrets.iter().find(|secret| secret.public_key() == *public).expect("a key of ours").clone();
        let scheme = Scheme::signer(b"simulation", self.set.clone(), secret).expect("the key is of the set");
        let settings = Settings { speed: None, pace: Pace::COMMUNITY, disk: Disk::Simulated, threads: 1 };
        let node = Arc::new(Node::new::<deterministic::Context>(self.town.genesis.clone(), settings));
        let config = EngineConfig {
            public: public.clone(),
            scheme,
            peers: oracle.manager(),
            blocker: oracle.control(public.clone()),
            prefix: format!("validator-{place}"),
            node: node.clone(),
            votes_above: Some(0),
            state_sync: false,
            kept_blocks: None,
            sizes: StateSizes::SIMULATION,
        };
        let (me, public, town, witness) = (public.clone(), public.clone(), self.town.clone(), self.witness.clone());
        let (ready, shown) = oneshot::channel();
        let handle = context.spawn(move |context| async move {
            let mut blocks = node.chain.subscribe();
            let wrap = |stateful| MonitorReporter::new(public, monitor, stateful);
            let engine = engine::start(context.child("engine"), config, channels, wrap).await;
            let auditor = Arc::new(Auditor::new(node.clone(), engine.blocks.clone(), witness));
            let _ = ready.send(Validator {
                clock: context.child("shown"),
                archive: engine.blocks,
                auditor: auditor.clone(),
                stateful: engine.stateful,
            });
            let head = node.chain.head().height;
            auditor.follow_to(head).await;
            let (hand_on, own) = mpsc::channel(gossip::WAITING_MAX);
            context.child("hand_on").spawn(move |context| gossip::send(context, to_others, own));
            let gate = auditor.clone();
            context.child("hear").spawn(move |context| async move {
                let take = |all: Vec<Bytes>| {
                    for raw in &all {
                        let _ = gate.submit(&context, raw); // as its port: what is not taken in is nobody's fault
                    }
                    std::future::ready(true)
                };
                gossip::receive(from_others, take).await;
            });
            let people = People { place, public: me, town, node, auditor: auditor.clone(), hand_on };
            context.child("people").spawn(|context| people.live(context));
            while let Ok(block) = blocks.recv().await {
                auditor.follow_to(block.height - 1).await;
                auditor.take(&block);
                auditor.heard(&block).await;
            }
        });
        (handle, shown.await.expect("a validator comes up"))
    }

    fn start(engine: Handle<()>) -> Handle<()> {
        engine
    }
}

impl ProcessedHeight for Validator {
    async fn processed_height(&self) -> u64 {
        self.archive.get_processed().await.map_or(0, |processed| processed.height().get())
    }
}

/// Reads every final block, keeps the read side, audits all records after each block.
struct Auditor {
    node: Arc<Node>,
    archive: Blocks,
    index: Arc<Index>,
    records: Mutex<BTreeMap<Key, Bytes>>,
    witness: Arc<Mutex<Witness>>,
}

impl Auditor {
    fn new(node: Arc<Node>, archive: Blocks, witness: Arc<Mutex<Witness>>) -> Self {
        Self { node, archive, index: Arc::new(Index::in_memory().expect("memory")), records: Mutex::default(), witness }
    }

    fn witness(&self) -> MutexGuard<'_, Witness> {
        self.witness.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<Key, Bytes>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches the blocks up to `last` that the index lacks, as the thread on disk does.
    async fn follow_to(&self, last: u64) {
        loop {
            let next = self.index.height().expect("index").map_or(0, |height| height + 1);
            if next > last {
                return;
            }
            let block = replay::block(&self.node, &self.index, &self.archive, next).await.expect("it runs again");
            self.take(&block.unwrap_or_else(|| panic!("final block {next} is gone")));
        }
    }

    fn take(&self, block: &Arc<FinalBlock>) {
        self.index.apply(block).expect("blocks come in order");
        let mut records = self.records();
        for (key, value) in &block.changes {
            match value {
                Some(value) => records.insert(*key, value.clone()),
                None => records.remove(key),
            };
        }
        let modules = records.iter().filter(|(key, _)| key.0[0] >= 0x10);
        let all = Memory(modules.map(|(key, value)| (*key, value.clone())).collect());
        drop(records);
        let mut witness = self.witness();
        match dure_rules::audit(&all) {
            Ok(violations) if violations.is_empty() => {}
            other => witness.faults.push(format!("block {}: {other:?}", block.height)),
        }
        let seen = (block.hash, block.header.state_root);
        let known = *witness.blocks.entry(block.height).or_insert(seen);
        if known != seen {
            witness.faults.push(format!("block {}: {seen:?} where {known:?} was final", block.height));
        }
        for transaction in &block.transactions {
            if transaction.from == dure_rules::ids::SYSTEM {
                witness.by_itself.insert(block.height);
            } else if transaction.success {
                witness.succeeded.insert(transaction.hash);
            } else {
                witness.refused.insert(transaction.hash);
            }
        }
    }

    /// Notes the transactions of a block whose leader was not handed them.
    async fn heard(&self, block: &FinalBlock) {
        let stored = self.archive.get_block(Identifier::Height(Height::new(block.height))).await.expect("it is final");
        let (mut witness, hashes) = (self.witness(), block.transactions.iter().map(|transaction| transaction.hash));
        let leader = &stored.inner().context.leader;
        let heard: Vec<B256> = hashes.filter(|hash| witness.handed.get(hash).is_some_and(|handed| handed != leader)).collect();
        witness.heard.extend(heard);
    }

    /// Hands a transaction to this validator's pool, as its port would.
    fn submit(&self, context: &deterministic::Context, raw: &Bytes) -> Option<B256> {
        let transaction = Transaction::decode(raw, self.node.chain_id).ok()?;
        let account = self.nonce_of(transaction.signer())?;
        // A full pool or a spent allowance says no.
        self.node.pool.submit(transaction, Facts::own(&account), self.node.clock.now_ms(context), wall_ms(context)).ok()
    }

    /// The block after which the database has this root.
    fn height_of(&self, root: B256) -> Option<u64> {
        let witness = self.witness();
        witness.blocks.iter().rev().find(|(_, (_, state_root))| *state_root == root).map(|(height, _)| *height)
    }

    fn nonce_of(&self, who: dure_execution::Address) -> Option<dure_execution::AccountRecord> {
        let height = self.index.height().expect("index")?;
        dure_execution::views::account(&At::unhurried(&self.index, height), who).ok()
    }
}

/// Who uses this validator: one household, at the last one the shop, and now and then a stranger.
struct People {
    place: usize,
    public: Public,
    town: Arc<Town>,
    node: Arc<Node>,
    auditor: Arc<Auditor>,
    hand_on: mpsc::Sender<Bytes>,
}

impl People {
    async fn live(self, mut context: deterministic::Context) {
        loop {
            let wait_ms = 20 + context.next_u64() % 200;
            context.sleep(Duration::from_millis(wait_ms)).await;
            let household = self.place % HOUSEHOLDS;
            let signer = self.town.households[household].0.address();
            let die = context.next_u64();
            self.submit(&context, signer, |nonce| Some(self.town.errand(household, die, nonce)));
            if die.is_multiple_of(7) {
                let stranger = key(1_000 + die % 1_000);
                self.submit(&context, stranger.address(), |nonce| Some(self.town.pay(&stranger, signer, 1, nonce)));
            }
            if self.place + 1 == HOUSEHOLDS {
                self.submit(&context, self.town.shop.address(), |nonce| self.keep_shop(die, nonce));
            }
        }
    }

    fn submit(
        &self,
        context: &deterministic::Context,
        who: dure_execution::Address,
        make: impl FnOnce(u64) -> Option<Transaction>,
    ) {
        let Some(account) = self.auditor.nonce_of(who) else { return };
        let nonce = self.node.pool.next_nonce(Sequence::own(who)).map_or(account.nonce, |next| next.max(account.nonce));
        if let Some(transaction) = make(nonce) {
            // What is not taken in is forgotten; the next errand comes.
            let raw = transaction.encoded();
            if let Some(hash) = self.auditor.submit(context, &raw) {
                self.auditor.witness().handed.insert(hash, self.public.clone());
                self.hand_on.try_send(raw).expect("fewer wait");
            }
        }
    }

    /// Accepts what was placed, and now and then cancels what it accepted; seldom, so that an outage finds orders open.
    fn keep_shop(&self, die: u64, nonce: u64) -> Option<Transaction> {
        let records = self.auditor.index.records(orders::ORDERS.tag, 1_000).expect("index");
        let all = records.iter().map(|(_, bytes)| orders::Order::try_from_slice(bytes).expect("an order"));
        let wanted = if die.is_multiple_of(37) { orders::OrderState::Accepted } else { orders::OrderState::Placed };
        let order = all.filter(|order| order.state == wanted).map(|order| order.id).next()?;
        let action: orders::Action = match wanted {
            orders::OrderState::Placed => orders::AcceptOrder { order }.into(),
            _ => orders::CancelOrder { order }.into(),
        };
        Some(send(&self.town.shop, &action.into(), nonce))
    }
}

/// What must hold at the end at every validator that runs.
#[derive(Clone)]
pub struct Agreed {
    /// Everybody must have come so far.
    pub height: u64,
}

impl Property<Public, Validator> for Agreed {
    fn name(&self) -> &str {
        "one history, in the archive, the database and the index"
    }

    fn check<'a>(
        &'a self,
        _: &'a ProgressTracker<Public>,
        validators: &'a [&'a Validator],
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            if validators.len() != 4 {
                return Err(format!("{} validators run", validators.len()));
            }
            for validator in validators {
                validator.agrees(self.height).await?;
            }
            Ok(())
        })
    }
}

impl Validator {
    async fn agrees(&self, height: u64) -> Result<(), String> {
        let index = &self.auditor.index;
        for _ in 0..200 {
            if index.height().expect("index") >= Some(height) {
                break;
            }
            self.clock.sleep(Duration::from_millis(50)).await;
        }
        let newest = index.height().expect("index").unwrap_or(0);
        if newest < height {
            return Err(format!("the index stands at {newest}, asked for {height}"));
        }
        for height in 1..=height {
            let stored = self.archive.get_block(Identifier::Height(Height::new(height))).await;
            let stored = stored.ok_or_else(|| format!("the archive lost block {height}"))?;
            if Some(hash_of(&stored.digest())) != index.hash(height).expect("index") {
                return Err(format!("archive and index differ at {height}"));
            }
        }
        self.database_is_the_index().await
    }

    /// Finds the block after which the database stands, and compares every record.
    async fn database_is_the_index(&self) -> Result<(), String> {
        let databases = self.stateful.subscribe_databases().await;
        let mut tries = 0;
        // A block is in the database a moment before its witnesses hear of it.
        let (database, at) = loop {
            let database = databases.read().await;
            if let Some(at) = self.auditor.height_of(hash_of(&database.root())) {
                break (database, at);
            }
            drop(database);
            tries += 1;
            if tries > 200 {
                return Err("the database's root is no block's".into());
            }
            self.clock.sleep(Duration::from_millis(5)).await;
        };
        self.auditor.follow_to(at).await;
        let keys: Vec<Key> = self.auditor.records().keys().copied().collect();
        for key in keys {
            let stored = database.get(&digest_of(key)).await.expect("the database can be read").map(|value| value.0);
            let indexed = self.auditor.index.value_at(key, at).expect("index").map(|value| value.0);
            if stored != indexed {
                return Err(format!("{key} at {at}: the database has {stored:?}, the index {indexed:?}"));
            }
        }
        Ok(())
    }
}
