//! The application that consensus runs: how a block is proposed, checked and taken over.
//!
//! Upon a turn to propose ([`crate::pacer`] has waited for work): take from the pool what no block in flight includes, execute
//! it, name the block. Upon a block to check: its time, its transactions, then everything that executing it gives, compared
//! field by field, the canonical root of the database included (glue compares the root of operations and its range only).
//! Upon a final block: tell the chain, the pool, and through them everybody else. That may repeat after a
//! crash; the second time changes nothing.
//!
//! This is the application on disk and in simulation alike: network, clock and disk come from the runtime, and nothing here
//! is chosen by `cfg` or by a feature.

use crate::{
    block::{BODY_MAX_BYTES, Block, BlockContext, Body, Results, TRANSACTIONS_MAX},
    chain::Chain,
    execute::{Disk, Work, execute},
    genesis::Genesis,
    history::{FinalBlock, FinalTransaction},
    pacing::{AHEAD_MAX_MS, AHEAD_WAIT_MAX_MS, ConsensusClock, Pace, wall_ms},
    pool::{Pool, Room, Sequence},
    state::{Batch, Databases, Digest, Sealed, StateReader, SyncTarget, hash_of},
};
use alloy_primitives::{B256, Bytes, keccak256};
use commonware_consensus::{Heightable as _, marshal::ancestry::Ancestry, simplex::scheme::ed25519, types::Height};
use commonware_cryptography::{Digested, Digestible as _};
use commonware_glue::stateful::{Application, Finality, Input, Proposed, db::Merkleized as _};
use commonware_runtime::Spawner;
use commonware_storage::Context;
use commonware_utils::non_empty_range;
use dure_execution::{BlockEnv, Error, Mode, Outcome, RECENT_HASHES, Transaction};
use futures::StreamExt as _;
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How votes are signed. One alias, so that another scheme is one line.
pub type Scheme = ed25519::Scheme;
/// What names a validator.
pub type Public = commonware_cryptography::ed25519::PublicKey;
/// A validator's secret.
pub type Secret = commonware_cryptography::ed25519::PrivateKey;

/// A block with fewer transactions than this is checked on the thread at hand.
const RECOVER_ALONE: usize = 64;
/// The pool may offer this many times the block's gas: limits are reserved, and what is not used is given back.
const OFFER_TIMES: u64 = 4;

/// What all parts of a node share.
pub struct Node {
    pub chain_id: u64,
    pub gas_limit: u64,
    pub genesis: Block,
    pub pool: Pool,
    pub chain: Chain,
    pub clock: ConsensusClock,
    pub pace: Pace,
    pub disk: Disk,
    /// Threads that recover signers of a block's transactions; 1 in simulation.
    pub threads: usize,
    /// Executed blocks that are not final yet, or just became so, by height and hash.
    candidates: Mutex<BTreeMap<(u64, B256), Arc<FinalBlock>>>,
}

impl Node {
    /// The first node of a chain, or one more, on the runtime `E`.
    pub fn new<E: Spawner + Context>(genesis: Genesis, settings: Settings) -> Self {
        let (chain_id, genesis, records) = (genesis.chain_id, genesis.block::<E>(), genesis.records);
        let born = FinalBlock {
            height: 0,
            hash: genesis.hash(),
            header: genesis.header(),
            time_ms: genesis.time_ms,
            transactions: Vec::new(),
            changes: records.into_iter().map(|(key, value)| (key, Some(value))).collect(),
            size_bytes: commonware_codec::EncodeSize::encode_size(&genesis) as u64,
        };
        Self {
            chain_id,
            gas_limit: genesis.gas_limit,
            pool: Pool::new(genesis.gas_limit),
            chain: Chain::new(Arc::new(born)),
            clock: ConsensusClock::new(settings.speed),
            pace: settings.pace,
            disk: settings.disk,
            threads: settings.threads,
            candidates: Mutex::default(),
            genesis,
        }
    }

    fn candidates(&self) -> MutexGuard<'_, BTreeMap<(u64, B256), Arc<FinalBlock>>> {
        self.candidates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, block: &Block, outcome: Outcome) {
        let block = Arc::new(final_block(block, outcome));
        self.candidates().insert((block.height, block.hash), block);
    }

    fn env(&self, height: Height, time_ms: u64, lineage: &Lineage, mode: Mode) -> BlockEnv {
        BlockEnv {
            chain_id: self.chain_id,
            number: height.get(),
            time_ms,
            parent_hash: lineage.parent_hash,
            gas_limit: self.gas_limit,
            recent_hashes: lineage.hashes.clone(),
            mode,
        }
    }

    /// The parent and the blocks before it down to one that is final.
    pub(crate) async fn lineage(&self, ancestry: &mut impl Ancestry<Block>) -> Option<Lineage> {
        let mut above: Vec<Digested<Block>> = Vec::new();
        let ground = loop {
            let block = ancestry.next().await?;
            if block.height().get() <= self.chain.head().height {
                break block;
            }
            above.push(block);
        };
        let parent = above.first().unwrap_or(&ground);
        let candidates = self.candidates();
        let in_flight = above.iter().flat_map(|block| match candidates.get(&(block.height().get(), hash_of(&block.digest()))) {
            Some(executed) => executed.transactions.iter().map(|transaction| transaction.hash).collect::<Vec<_>>(),
            None => block.inner().body.transactions().iter().map(keccak256).collect(),
        });
        let mut hashes: Vec<B256> = above.iter().map(|block| hash_of(&block.digest())).collect();
        hashes.extend(self.chain.hashes_up_to(ground.height().get()));
        hashes.truncate(RECENT_HASHES as usize);
        Some(Lineage {
            parent_hash: hash_of(&parent.digest()),
            parent_height: parent.height(),
            parent_time_ms: parent.inner().time_ms,
            parent_is_final: above.is_empty(),
            in_flight: in_flight.collect(),
            hashes,
        })
    }

    /// Whether the block's time follows its parent's and is not ahead of this node's clock. Waits for the clock a little.
    async fn time_fits(&self, clock: &impl commonware_runtime::Clock, time_ms: u64, parent_ms: u64) -> bool {
        if time_ms <= parent_ms {
            return false;
        }
        let ahead_ms = time_ms.saturating_sub(self.clock.now_ms(clock).saturating_add(AHEAD_MAX_MS));
        if ahead_ms > AHEAD_WAIT_MAX_MS {
            return false;
        }
        clock.sleep(std::time::Duration::from_millis(ahead_ms)).await;
        true
    }

    /// The transactions of a body with their signers: from the pool where it has them, else recovered, on several threads.
    pub fn recover(&self, body: &Body) -> Option<Vec<Transaction>> {
        let one = |raw: &Bytes| {
            let waiting = self.pool.get(&keccak256(raw));
            waiting.or_else(|| Transaction::decode(raw, self.chain_id).ok())
        };
        let raw = body.transactions();
        if self.threads < 2 || raw.len() < RECOVER_ALONE {
            return raw.iter().map(one).collect();
        }
        std::thread::scope(|scope| {
            let parts = raw.chunks(raw.len().div_ceil(self.threads));
            let parts: Vec<_> = parts.map(|part| scope.spawn(move || part.iter().map(one).collect::<Option<Vec<_>>>())).collect();
            let parts = parts.into_iter().map(|part| part.join().ok().flatten());
            parts.collect::<Option<Vec<_>>>().map(|parts| parts.concat())
        })
    }
}

/// What does not follow from the genesis.
pub struct Settings {
    /// Times the wall's pace that time runs at; `None` is the wall's own time. Development only.
    pub speed: Option<u32>,
    pub pace: Pace,
    pub disk: Disk,
    pub threads: usize,
}

pub(crate) struct Lineage {
    parent_hash: B256,
    parent_height: Height,
    parent_time_ms: u64,
    parent_is_final: bool,
    /// Hashes of transactions in blocks that are not final yet.
    pub in_flight: HashSet<B256>,
    /// The parent's hash first.
    hashes: Vec<B256>,
}

/// The application, cheap to clone.
#[derive(Clone)]
pub struct App(pub Arc<Node>);

impl App {
    async fn execute<E: Spawner + Context>(
        &self,
        env: BlockEnv,
        transactions: Vec<Transaction>,
        batch: Batch<E>,
    ) -> Option<Work<E>> {
        match execute::<E>(env, transactions, batch, self.0.chain.genesis_records(), &self.0.disk).await {
            Ok(work) => Some(work),
            Err(refused @ Error::InvalidBlock { .. }) => {
                tracing::warn!(%refused, "a block breaks a rule");
                None
            }
            Err(fault) => panic!("this node cannot go on: {fault}"),
        }
    }
}

fn results<E: Spawner + Context>(sealed: &Sealed<E>, outcome: &Outcome) -> Results {
    Results {
        state_root: hash_of(&sealed.root()),
        operations_root: sealed.ops_root(),
        transactions_root: outcome.tx_root,
        receipts_root: outcome.receipts_root,
        bloom: outcome.bloom,
        gas_used: outcome.gas_used,
    }
}

/// A block with everything that its execution gave.
pub fn final_block(block: &Block, outcome: Outcome) -> FinalBlock {
    let transactions = outcome.transactions.iter().zip(outcome.receipts).map(|(transaction, receipt)| FinalTransaction {
        hash: transaction.hash(),
        from: transaction.signer(),
        payer: Some(transaction.payer()).filter(|payer| *payer != transaction.signer()),
        access_key: transaction.access_key(),
        envelope: transaction.envelope().clone(),
        success: receipt.envelope.is_success(),
        gas_used: receipt.gas_used,
        cumulative_gas_used: receipt.envelope.cumulative_gas_used(),
        logs: receipt.envelope.inner.receipt.logs,
        created: receipt.contract_address,
    });
    let header = block.header();
    FinalBlock {
        height: block.height.get(),
        hash: header.hash_slow(),
        header,
        time_ms: block.time_ms,
        transactions: transactions.collect(),
        changes: outcome.changes,
        size_bytes: commonware_codec::EncodeSize::encode_size(block) as u64,
    }
}

impl<E: Spawner + Context> Application<E> for App {
    type SigningScheme = Scheme;
    type Context = BlockContext;
    type Block = Block;
    type Databases = Databases<E>;
    type Captured = Option<Arc<FinalBlock>>;
    type Provider = ();
    type Input = ();

    fn sync_targets(block: &Block) -> SyncTarget {
        SyncTarget::new(block.results.operations_root, block.range.clone())
    }

    async fn genesis(&mut self) -> Block {
        self.0.genesis.clone()
    }

    async fn propose(
        &mut self,
        (clock, context): (E, BlockContext),
        mut ancestry: impl Ancestry<Block>,
        batch: Batch<E>,
        _: Input<(), ()>,
    ) -> Option<Proposed<Self, E>> {
        let node = self.0.clone();
        let lineage = node.lineage(&mut ancestry).await?;
        let time_ms = node.clock.now_ms(&clock).max(lineage.parent_time_ms + 1);
        let room = Room { gas: node.gas_limit * OFFER_TIMES, transactions: TRANSACTIONS_MAX, bytes: BODY_MAX_BYTES };
        let offered = node.pool.select(&lineage.in_flight, time_ms, room);
        let height = lineage.parent_height.next();
        let env = node.env(height, time_ms, &lineage, Mode::Propose);
        let Work { sealed, outcome } = self.execute(env, offered.clone(), batch).await?;

        let skips = outcome.skipped.iter().map(|(index, reason)| (offered[*index as usize].clone(), reason.clone()));
        node.pool.skipped(skips, time_ms, lineage.parent_is_final);
        let included = outcome.included.iter().map(|index| offered[*index as usize].encoded());
        let block = Block {
            context,
            height,
            time_ms,
            gas_limit: node.gas_limit,
            results: results::<E>(&sealed, &outcome),
            range: non_empty_range!(sealed.sync_boundary(), sealed.bounds().tip.size),
            body: Body::new(included.collect()).expect("the selection keeps to a body's bounds"),
        };
        node.remember(&block, outcome);
        Some(Proposed { block, merkleized: sealed })
    }

    async fn process(
        &mut self,
        (clock, _): (E, BlockContext),
        mut ancestry: impl Ancestry<Block>,
        batch: Batch<E>,
        finality: Finality,
    ) -> Option<Sealed<E>> {
        let node = self.0.clone();
        let digested = ancestry.next().await?;
        let block = digested.inner();
        let lineage = node.lineage(&mut ancestry).await?;
        if finality == Finality::Candidate && !node.time_fits(&clock, block.time_ms, lineage.parent_time_ms).await {
            return refuse(block, "its time");
        }
        if block.gas_limit != node.gas_limit {
            return refuse(block, "its gas limit");
        }
        let Some(transactions) = node.recover(&block.body) else { return refuse(block, "a transaction without a signer") };
        let env = node.env(block.height, block.time_ms, &lineage, Mode::Verify);
        let Work { sealed, outcome } = self.execute(env, transactions, batch).await?;
        if results::<E>(&sealed, &outcome) != block.results {
            return refuse(block, "its results");
        }
        node.remember(block, outcome);
        Some(sealed)
    }

    async fn capture(
        &mut self,
        _: (E, BlockContext),
        block: &Block,
        _: &Sealed<E>,
        _: StateReader<E>,
    ) -> Option<Arc<FinalBlock>> {
        self.0.candidates().get(&(block.height.get(), block.hash())).cloned()
    }

    async fn finalized(
        &mut self,
        (clock, _): (E, BlockContext),
        block: &Block,
        executed: Option<Arc<FinalBlock>>,
        _: StateReader<E>,
    ) {
        let executed = executed.expect("a block is executed before it is final");
        let senders = executed.transactions.iter().filter(|transaction| transaction.from != dure_rules::ids::SYSTEM);
        let used = senders.map(|transaction| {
            let sequence = Sequence { signer: transaction.from, key: transaction.envelope.nonce_key() };
            (sequence, transaction.envelope.nonce())
        });
        self.0.pool.included(used, wall_ms(&clock));
        self.0.chain.push(&executed);
        let mut candidates = self.0.candidates();
        *candidates = candidates.split_off(&(block.height.get() + 1, B256::ZERO));
    }
}

fn refuse<T>(block: &Block, what: &str) -> Option<T> {
    tracing::warn!(height = block.height.get(), digest = %Digest::from(block.hash().0), "a block is refused for {what}");
    None
}
