//! What a node answers: everything from the index, so that a receipt, a balance and a log of one moment agree with one another.
//!
//! `latest` is the newest block that the index has, a few milliseconds after it became final; latest, safe and finalized are
//! the same here. An account's `pending` nonce counts what waits in the pool.

use crate::{
    app::Node,
    asked::rpc_request,
    finality::Measures,
    history::{FinalBlock, History as _, HistoryError, LogQuery},
    pacing::system_ms,
    pool::{Facts, MEMBERS_MAX, NEWCOMERS_MAX, PoolRefusal, Sequence},
    prove::Prover,
    read::Index,
    upstreams::Upstreams,
    wire::{rpc_header, rpc_log, rpc_receipts, rpc_transaction, rpc_waiting},
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rpc_types_eth::{
    AccessListResult, Block, BlockId, BlockNumberOrTag, BlockTransactions, Filter, FilterBlockOption, Log, state::StateOverride,
};
use alloy_rpc_types_trace::geth::{
    CallConfig, GethDebugBuiltInTracerType, GethDebugTracerType, GethDebugTracingOptions, GethTrace, PreStateConfig,
};
use dure_execution::{
    AccountRecord, BlockEnv, Class, Key, KeyRefused, Mode, RECENT_HASHES, StateReader, Transaction, Unavailable, allowance_of,
    views::{self, Failed, Trace, Tracer, ViewError},
};
use dure_server::{
    Account, Anchor, Backend, BackendError, CallRequest, Follows, LOGS_MAX, Network, NewBlock, ProofRequest, RECORDS_MAX,
    RpcReceipt, RpcTransaction, Validator,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{broadcast, mpsc};

/// Most blocks that one question for logs may span.
pub const LOG_BLOCKS_MAX: u64 = 100_000;

/// A node as the server sees it.
pub struct Served {
    pub node: Arc<Node>,
    pub index: Arc<Index>,
    pub news: broadcast::Sender<Arc<NewBlock>>,
    /// Consensus time now, milliseconds.
    pub now_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// Who votes; the one with this node's key is here.
    pub validators: Vec<Validator>,
    /// How many of the others this node is connected with.
    pub connected: Arc<dyn Fn() -> usize + Send + Sync>,
    /// Times the wall's pace.
    pub speed: u32,
    pub measures: Arc<Measures>,
    pub prover: Arc<Prover>,
    /// Where transactions go that the other validators are to have too.
    pub hand_on: Option<mpsc::Sender<Bytes>>,
    /// Whom a node without a vote follows: they take the transactions that its port takes in.
    pub upstreams: Option<Arc<Upstreams>>,
}

/// Longest that one call, estimate or trace may take. Gas bounds what the EVM does, this what it reads and repeats.
pub const VIEW_TIME_MAX: Duration = Duration::from_secs(5);

/// The state after the block of `height`, for a question that is asked now.
pub struct At<'a> {
    index: &'a Index,
    height: u64,
    until: Option<Instant>,
}

impl<'a> At<'a> {
    /// For what the node itself must know, however long it takes.
    pub const fn unhurried(index: &'a Index, height: u64) -> Self {
        Self { index, height, until: None }
    }

    fn asked(index: &'a Index, height: u64) -> Self {
        Self { index, height, until: Some(Instant::now() + VIEW_TIME_MAX) }
    }
}

impl StateReader for At<'_> {
    fn patient(&self) -> Result<(), Unavailable> {
        if self.until.is_some_and(|until| Instant::now() > until) {
            let seconds = VIEW_TIME_MAX.as_secs();
            return Err(Unavailable(format!(
                "the question takes more than {seconds} s; hint: ask for less, or ask a node of your own"
            )));
        }
        Ok(())
    }

    fn read(&self, key: Key) -> Result<Option<Bytes>, Unavailable> {
        self.patient()?;
        self.index.value_at(key, self.height).map_err(|error| Unavailable(error.to_string()))
    }
}

impl Served {
    fn newest(&self) -> Result<u64, BackendError> {
        Ok(self.index.height().map_err(fault)?.unwrap_or(0))
    }

    /// The height that `id` names, where there is such a block.
    fn height_of(&self, id: BlockId) -> Result<Option<u64>, BackendError> {
        let newest = self.newest()?;
        match id {
            BlockId::Hash(hash) => self.index.height_of(hash.block_hash).map_err(fault),
            BlockId::Number(BlockNumberOrTag::Number(height)) => Ok((height <= newest).then_some(height)),
            BlockId::Number(BlockNumberOrTag::Earliest) => Ok(Some(0)),
            BlockId::Number(_) => Ok(Some(newest)),
        }
    }

    fn at(&self, id: BlockId) -> Result<At<'_>, BackendError> {
        let unknown = || BackendError::Refused(format!("header not found: this chain has no block {id}"));
        Ok(At::asked(&self.index, self.height_of(id)?.ok_or_else(unknown)?))
    }

    fn stored(&self, id: BlockId) -> Result<Option<Arc<FinalBlock>>, BackendError> {
        match self.height_of(id)? {
            Some(height) => self.index.block(height).map_err(fault),
            None => Ok(None),
        }
    }

    fn env(&self, height: u64) -> Result<BlockEnv, BackendError> {
        let block =
            self.index.block(height).map_err(fault)?.ok_or_else(|| BackendError::Fault(format!("block {height} is missing")))?;
        Ok(BlockEnv {
            chain_id: self.node.chain_id,
            number: height,
            time_ms: block.time_ms,
            parent_hash: block.header.parent_hash,
            gas_limit: self.node.gas_limit,
            recent_hashes: hashes_before(&self.index, height).map_err(fault)?,
            mode: Mode::Propose,
        })
    }

    fn record(&self, address: Address, at: BlockId) -> Result<AccountRecord, BackendError> {
        views::account(&self.at(at)?, address).map_err(refused)
    }

    /// Whether a limited access key signed, or why those who signed may not.
    fn signers(&self, transaction: &Transaction, now_ms: u64) -> Result<Result<bool, KeyRefused>, BackendError> {
        match views::admit(&self.at(BlockId::latest())?, self.node.chain_id, now_ms, transaction) {
            Ok(limited) => Ok(Ok(limited)),
            Err(ViewError::Signer(why)) => Ok(Err(why)),
            Err(other) => Err(refused(other)),
        }
    }

    fn submit(&self, raw: &Bytes) -> Result<B256, BackendError> {
        let refuse = |refusal: PoolRefusal| BackendError::Refused(refusal.to_string());
        if self.node.pool.knows(&keccak256(raw)) {
            return Err(refuse(PoolRefusal::AlreadyKnown)); // before signers are recovered once more
        }
        let transaction =
            Transaction::decode(raw, self.node.chain_id).map_err(|error| refuse(PoolRefusal::NoTransaction(error)))?;
        let (signer, key) = (transaction.signer(), transaction.nonce_key());
        let sender = self.record(signer, BlockId::latest())?;
        let next_nonce = if key.is_zero() { sender.nonce } else { self.nonce_of(signer, key)? };
        if transaction.nonce() < next_nonce {
            // before the records of its signers are read; the pool asks again, for it may know more
            return Err(refuse(PoolRefusal::NonceTooLow { expected: next_nonce, found: transaction.nonce() }));
        }
        let sponsor =
            if transaction.payer() == signer { None } else { Some(self.record(transaction.payer(), BlockId::latest())?) };
        let now_ms = (self.now_ms)();
        let signers = self.signers(&transaction, now_ms)?;
        let limited = signers.as_ref().map(|limited| *limited);
        let facts = Facts { next_nonce, sender: &sender, payer: sponsor.as_ref().unwrap_or(&sender), limited };
        self.node.pool.submit(transaction, facts, now_ms, system_ms()).map_err(refuse)
    }

    /// The same state, with the pool of another validator of this process.
    pub fn at_pool_of(&self, node: Arc<Node>) -> Self {
        let Self { index, news, now_ms, validators, connected, speed, measures, prover, .. } = self;
        Self {
            node,
            index: index.clone(),
            news: news.clone(),
            now_ms: now_ms.clone(),
            validators: validators.clone(),
            connected: connected.clone(),
            speed: *speed,
            measures: measures.clone(),
            prover: prover.clone(),
            hand_on: None,
            upstreams: None,
        }
    }

    /// Takes in what another validator hands on. What the pool does not take is no fault of the peer's: it may know less.
    pub fn take(&self, raw: Bytes) {
        if let Err(error) = self.submit(&raw) {
            tracing::debug!(%error, "a transaction that was handed on is not taken in");
        }
    }

    fn found(&self, hash: B256) -> Result<Option<(Arc<FinalBlock>, u64)>, BackendError> {
        let Some((height, index)) = self.index.place_of(hash).map_err(fault)? else { return Ok(None) };
        Ok(self.index.block(height).map_err(fault)?.map(|block| (block, index)))
    }

    fn query(&self, filter: &Filter) -> Result<LogQuery, BackendError> {
        let newest = self.newest()?;
        let height = |tag: Option<BlockNumberOrTag>| match tag {
            Some(BlockNumberOrTag::Number(height)) => height,
            Some(BlockNumberOrTag::Earliest) => 0,
            _ => newest,
        };
        let (from_height, to_height) = match filter.block_option {
            FilterBlockOption::AtBlockHash(hash) => {
                let at = self.at(hash.into())?.height;
                (at, at)
            }
            FilterBlockOption::Range { from_block, to_block } => (height(from_block), height(to_block).min(newest)),
        };
        if to_height.saturating_sub(from_height) > LOG_BLOCKS_MAX {
            return Err(BackendError::Refused(format!("the range spans more than {LOG_BLOCKS_MAX} blocks; ask for fewer")));
        }
        Ok(LogQuery {
            from_height,
            to_height,
            addresses: filter.address.iter().copied().collect(),
            topics: filter.topics.each_ref().map(|topic| topic.iter().copied().collect()),
        })
    }
}

/// Hashes of the blocks before `height`, the newest first.
///
/// # Errors
/// What the index says.
pub fn hashes_before(index: &Index, height: u64) -> Result<Vec<B256>, HistoryError> {
    index.hashes(height.saturating_sub(u64::from(RECENT_HASHES)), height)
}

/// A final block as subscribers hear of it.
pub fn news(block: &FinalBlock) -> NewBlock {
    NewBlock { header: rpc_header(block), logs: crate::chain::logs_of(block).map(rpc_log).collect() }
}

impl Backend for Served {
    fn chain_id(&self) -> u64 {
        self.node.chain_id
    }

    fn height(&self) -> u64 {
        self.newest().unwrap_or(0)
    }

    fn gas_limit(&self) -> u64 {
        self.node.gas_limit
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<NewBlock>> {
        self.news.subscribe()
    }

    fn block(&self, id: BlockId, full: bool) -> Result<Option<Block<RpcTransaction>>, BackendError> {
        Ok(self.stored(id)?.map(|block| {
            let all = block.transactions.iter();
            let transactions = if full {
                let all = all.enumerate();
                BlockTransactions::Full(
                    all.map(|(index, transaction)| rpc_transaction(&block, index as u64, transaction)).collect(),
                )
            } else {
                BlockTransactions::Hashes(all.map(|transaction| transaction.hash).collect())
            };
            Block { header: rpc_header(&block), uncles: Vec::new(), transactions, withdrawals: Some(Default::default()) }
        }))
    }

    fn transaction(&self, hash: B256) -> Result<Option<RpcTransaction>, BackendError> {
        if let Some((block, index)) = self.found(hash)? {
            return Ok(block.transactions.get(index as usize).map(|transaction| rpc_transaction(&block, index, transaction)));
        }
        Ok(self.node.pool.get(&hash).map(|waiting| rpc_waiting(&waiting)))
    }

    fn receipt(&self, hash: B256) -> Result<Option<RpcReceipt>, BackendError> {
        Ok(self.found(hash)?.and_then(|(block, index)| rpc_receipts(&block).into_iter().nth(index as usize)))
    }

    fn receipts(&self, id: BlockId) -> Result<Option<Vec<RpcReceipt>>, BackendError> {
        Ok(self.stored(id)?.map(|block| rpc_receipts(&block)))
    }

    fn logs(&self, filter: Filter) -> Result<Vec<Log>, BackendError> {
        let found = self.index.logs(&self.query(&filter)?, LOGS_MAX).map_err(|error| BackendError::Refused(error.to_string()))?;
        Ok(found.into_iter().map(rpc_log).collect())
    }

    fn newest_logs(&self, filter: Filter, limit: usize) -> Result<Vec<Log>, BackendError> {
        let found = self.index.newest_logs(&self.query(&filter)?, limit.min(LOGS_MAX)).map_err(fault)?;
        Ok(found.into_iter().map(rpc_log).collect())
    }

    fn network(&self) -> Result<Network, BackendError> {
        let waiting = self.node.pool.counts();
        Ok(Network {
            height: self.newest()?,
            validators: self.validators.clone(),
            connected: (self.connected)(),
            pending: waiting.pending,
            queued: waiting.queued,
            pool_max: MEMBERS_MAX + NEWCOMERS_MAX,
            gas_limit: self.node.gas_limit,
            heartbeat_ms: self.node.pace.heartbeat.as_millis() as u64,
            speed: self.speed,
            finality: self.measures.finality(),
            follows: self.follows(),
        })
    }

    fn follows(&self) -> Option<Follows> {
        let newest = self.upstreams.as_ref()?.newest();
        Some(Follows { newest, behind: newest.saturating_sub(self.height()) })
    }

    fn account(&self, address: Address) -> Result<Account, BackendError> {
        let record = self.record(address, BlockId::latest())?;
        let class = match record.class {
            Class::Newcomer => "newcomer",
            Class::Member => "member",
            Class::Organisation => "organisation",
        };
        Ok(Account {
            address,
            nonce: record.nonce,
            class,
            allowance_gas: allowance_of(&record, (self.now_ms)()),
            allowance_cap_gas: record.quota().cap_gas,
        })
    }

    fn balance(&self, address: Address, at: BlockId) -> Result<U256, BackendError> {
        Ok(self.record(address, at)?.balance())
    }

    fn nonce(&self, address: Address, at: BlockId) -> Result<u64, BackendError> {
        let stored = self.record(address, at)?.nonce;
        let waiting = if at.is_pending() { self.node.pool.next_nonce(Sequence::own(address)) } else { None };
        Ok(waiting.map_or(stored, |next| next.max(stored)))
    }

    fn nonce_of(&self, address: Address, nonce_key: U256) -> Result<u64, BackendError> {
        views::next_nonce(&self.at(BlockId::latest())?, address, nonce_key).map_err(refused)
    }

    fn code(&self, address: Address, at: BlockId) -> Result<Bytes, BackendError> {
        views::code(&self.at(at)?, address).map_err(refused)
    }

    fn storage(&self, address: Address, slot: U256, at: BlockId) -> Result<B256, BackendError> {
        views::storage(&self.at(at)?, address, slot).map_err(refused)
    }

    fn call(&self, request: CallRequest, at: BlockId, overrides: StateOverride) -> Result<Bytes, BackendError> {
        let at = self.at(at)?;
        let called = views::call(&at, &self.env(at.height)?, &rpc_request(request)?, &overrides).map_err(refused)?;
        called.result.map_err(|failed| refused(failed.into()))
    }

    fn estimate_gas(&self, request: CallRequest, at: BlockId, overrides: StateOverride) -> Result<u64, BackendError> {
        let at = self.at(at)?;
        views::estimate_gas(&at, &self.env(at.height)?, &rpc_request(request)?, &overrides).map_err(refused)
    }

    fn access_list(&self, request: CallRequest, at: BlockId) -> Result<AccessListResult, BackendError> {
        let at = self.at(at)?;
        let (access_list, called) =
            views::create_access_list(&at, &self.env(at.height)?, &rpc_request(request)?).map_err(refused)?;
        let error = called.result.err().map(|failed| failed.to_string());
        Ok(AccessListResult { access_list, gas_used: U256::from(called.gas_used), error })
    }

    fn trace_transaction(&self, hash: B256, options: GethDebugTracingOptions) -> Result<GethTrace, BackendError> {
        let unknown = || BackendError::Refused(format!("transaction not found: {hash}"));
        let (block, index) = self.found(hash)?.ok_or_else(unknown)?;
        let before = At::asked(&self.index, block.height.saturating_sub(1));
        let mut all = Vec::new();
        for transaction in &block.transactions {
            all.push(if transaction.from == dure_rules::ids::SYSTEM {
                Transaction::system(self.node.chain_id, block.height)
            } else {
                Transaction::decode(&transaction.envelope.encoded(), self.node.chain_id)
                    .map_err(|error| BackendError::Fault(error.to_string()))?
            });
        }
        let index = u32::try_from(index).map_err(|error| BackendError::Fault(error.to_string()))?;
        views::trace_transaction(&before, &self.env(block.height)?, &all, index, &tracer(&options)?).map(geth).map_err(refused)
    }

    fn trace_call(&self, request: CallRequest, at: BlockId, options: GethDebugTracingOptions) -> Result<GethTrace, BackendError> {
        let at = self.at(at)?;
        let env = self.env(at.height)?;
        views::trace_call(&at, &env, &rpc_request(request)?, &StateOverride::default(), &tracer(&options)?)
            .map(geth)
            .map_err(refused)
    }

    fn send(&self, raw: Bytes) -> Result<B256, BackendError> {
        if let Some(upstreams) = &self.upstreams {
            let hash = upstreams.send(&raw)?;
            self.take(raw); // so that this node knows what waits, and the next nonce
            return Ok(hash);
        }
        let hash = self.submit(&raw)?;
        if let Some(hand_on) = &self.hand_on {
            let _ = hand_on.try_send(raw); // full: it waits for this node's own turn
        }
        Ok(hash)
    }

    fn prove(&self, asked: ProofRequest) -> Result<Bytes, BackendError> {
        self.prover.prove(&asked)
    }

    fn anchor(&self) -> Anchor {
        let dure_proof::Anchor { genesis, validators } = self.prover.anchor.clone();
        Anchor { genesis, validators }
    }

    fn records(&self, tag: u8) -> Result<Vec<(B256, Bytes)>, BackendError> {
        self.index.records(tag, RECORDS_MAX).map_err(fault)
    }
}

fn tracer(options: &GethDebugTracingOptions) -> Result<Tracer, BackendError> {
    match &options.tracer {
        Some(GethDebugTracerType::BuiltInTracer(GethDebugBuiltInTracerType::CallTracer)) => {
            Ok(Tracer::Call(options.tracer_config.clone().into_call_config().unwrap_or_else(|_| CallConfig::default())))
        }
        Some(GethDebugTracerType::BuiltInTracer(GethDebugBuiltInTracerType::PreStateTracer)) => Ok(Tracer::PreState(
            options.tracer_config.clone().into_pre_state_config().unwrap_or_else(|_| PreStateConfig::default()),
        )),
        _ => Err(BackendError::Refused("this tracer is not known; callTracer and prestateTracer are".into())),
    }
}

fn geth(trace: Trace) -> GethTrace {
    match trace {
        Trace::Call(frame) => GethTrace::CallTracer(*frame),
        Trace::PreState(frame) => GethTrace::PreStateTracer(frame),
    }
}

fn fault(error: HistoryError) -> BackendError {
    BackendError::Fault(error.to_string())
}

fn refused(error: ViewError) -> BackendError {
    match error {
        ViewError::Failed(Failed::Reverted(bytes)) => BackendError::Reverted(bytes),
        ViewError::Corrupt(_) => BackendError::Fault(error.to_string()),
        other => BackendError::Refused(other.to_string()),
    }
}
