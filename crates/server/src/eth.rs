//! The methods that wallets and libraries ask for, one line each.

use crate::backend::{Backend, BackendError, RECORDS_MAX};
use crate::{
    doors::{Client, Doors},
    filters::Filters,
    gate::Gate,
    http::OVER_SHARE,
    orders, powers,
};
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use alloy_rpc_types_eth::{BlockId, BlockNumberOrTag, Filter, state::StateOverride};
use alloy_rpc_types_trace::geth::GethDebugTracingOptions;
use alloy_sol_types::{Revert, SolError as _};
use jsonrpsee::types::{ErrorObjectOwned, Params, params::ParamsSequence};
use jsonrpsee::{Extensions, RpcModule};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// What the methods are given to work with.
pub(crate) struct Context {
    pub backend: Arc<dyn Backend>,
    pub filters: Filters,
    pub doors: Arc<Doors>,
    gate: Gate,
}
type Answer = Result<Value, ErrorObjectOwned>;
type Method = fn(&dyn Backend, &mut ParamsSequence<'_>) -> Answer;
type FilterMethod = fn(&Context, &mut ParamsSequence<'_>) -> Answer;

/// Geth's code for a revert; wallets look for it and for the data beside it.
const REVERTED: i32 = 3;
/// EIP-1474: the request is understood and not done.
const REFUSED: i32 = -32_000;
pub(crate) const INVALID_PARAMS: i32 = -32_602;
/// EIP-1474: more was asked than is answered.
const LIMIT_EXCEEDED: i32 = -32_005;
const INTERNAL: i32 = -32_603;
/// EIP-1474: the method exists elsewhere and not here.
const NOT_SUPPORTED: i32 = -32_004;

const SEND: &str = "eth_sendRawTransaction";
/// Most that a transaction takes out of a purse where it is passed on: waiting for another node is no work of this one.
const PASSED_ON_MAX: Duration = Duration::from_millis(20);

/// Methods that run code or read much: they pass the [`Gate`].
const HEAVY: &[&str] = &[
    "eth_call",
    "eth_estimateGas",
    "eth_createAccessList",
    "eth_getLogs",
    "eth_getFilterLogs",
    "debug_traceTransaction",
    "debug_traceCall",
    "dure_orders",
    "dure_shops",
    "dure_devices",
    "dure_powers",
    "dure_getProof",
];

/// Methods that run where they are received: they take less than the way to another thread and back, and hardly ever touch the disk.
const QUICK: &[&str] = &[SEND, "eth_chainId", "eth_blockNumber", "eth_gasPrice", "net_version"];

const METHODS: &[(&str, Method)] = &[
    ("web3_clientVersion", |_, _| ok(concat!("dure/", env!("CARGO_PKG_VERSION")))),
    ("web3_sha3", |_, p| ok(alloy_primitives::keccak256(next::<Bytes>(p)?))),
    ("net_version", |b, _| ok(b.chain_id().to_string())),
    ("net_listening", |_, _| ok(true)),
    ("net_peerCount", |b, _| ok(U64::from(b.network()?.connected))),
    ("eth_chainId", |b, _| ok(U64::from(b.chain_id()))),
    ("eth_blockNumber", |b, _| ok(U64::from(b.height()))),
    ("eth_syncing", |_, _| ok(false)),
    ("eth_accounts", |_, _| ok([(); 0])),
    ("eth_gasPrice", |_, _| ok(U64::ZERO)),
    ("eth_maxPriorityFeePerGas", |_, _| ok(U64::ZERO)),
    ("eth_blobBaseFee", |_, _| ok(U64::ZERO)),
    ("eth_feeHistory", fee_history),
    ("eth_getBlockByNumber", |b, p| ok(b.block(next::<BlockNumberOrTag>(p)?.into(), or(p, false)?)?)),
    ("eth_getBlockByHash", |b, p| ok(b.block(next::<B256>(p)?.into(), or(p, false)?)?)),
    ("eth_getBlockTransactionCountByNumber", |b, p| count(b, next::<BlockNumberOrTag>(p)?.into())),
    ("eth_getBlockTransactionCountByHash", |b, p| count(b, next::<B256>(p)?.into())),
    ("eth_getBlockReceipts", |b, p| ok(b.receipts(next(p)?)?)),
    ("eth_getTransactionByHash", |b, p| ok(b.transaction(next(p)?)?)),
    ("eth_getTransactionByBlockNumberAndIndex", |b, p| nth(b, next::<BlockNumberOrTag>(p)?.into(), next(p)?)),
    ("eth_getTransactionByBlockHashAndIndex", |b, p| nth(b, next::<B256>(p)?.into(), next(p)?)),
    ("eth_getTransactionReceipt", |b, p| ok(b.receipt(next(p)?)?)),
    ("eth_getUncleCountByBlockNumber", |_, _| ok(U64::ZERO)),
    ("eth_getUncleCountByBlockHash", |_, _| ok(U64::ZERO)),
    ("eth_getLogs", |b, p| ok(b.logs(next::<Filter>(p)?)?)),
    ("eth_getBalance", |b, p| ok(b.balance(next(p)?, at(p)?)?)),
    ("eth_getTransactionCount", |b, p| ok(U64::from(b.nonce(next(p)?, at(p)?)?))),
    ("eth_getCode", |b, p| ok(b.code(next(p)?, at(p)?)?)),
    ("eth_getStorageAt", |b, p| ok(b.storage(next(p)?, next(p)?, at(p)?)?)),
    ("eth_call", |b, p| ok(b.call(next(p)?, at(p)?, overrides(p)?)?)),
    ("eth_estimateGas", |b, p| ok(U64::from(b.estimate_gas(next(p)?, at(p)?, overrides(p)?)?))),
    ("eth_createAccessList", |b, p| ok(b.access_list(next(p)?, at(p)?)?)),
    (SEND, |b, p| ok(b.send(next(p)?)?)),
    ("eth_getProof", |_, _| {
        let why = "the state is no Merkle Patricia tree, so there is no such proof; ask dure_getProof for Dure's own";
        Err(error(NOT_SUPPORTED, format!("eth_getProof: {why}")))
    }),
    ("debug_traceTransaction", |b, p| ok(b.trace_transaction(next(p)?, or(p, GethDebugTracingOptions::default())?)?)),
    ("debug_traceCall", |b, p| ok(b.trace_call(next(p)?, at(p)?, or(p, GethDebugTracingOptions::default())?)?)),
    ("dure_getProof", |b, p| ok(json!({ "proof": b.prove(next(p)?)? }))),
    ("dure_getAnchor", |b, _| ok(b.anchor())),
    ("dure_account", |b, p| ok(b.account(next::<Address>(p)?)?)),
    ("dure_nonce", |b, p| ok(U64::from(b.nonce_of(next(p)?, next(p)?)?))),
    ("dure_orders", |b, p| ok(orders::orders(b, rows(p)?, or(p, None)?)?)),
    ("dure_order", |b, p| ok(orders::one(b, next(p)?)?)),
    ("dure_orderTimeline", |b, p| ok(orders::timeline(b, next(p)?)?)),
    ("dure_network", |b, _| ok(b.network()?)),
    ("dure_powers", |b, _| ok(powers::powers(b)?)),
    ("dure_shops", |b, p| ok(orders::shops(b, rows(p)?)?)),
    ("dure_devices", |b, p| ok(orders::devices(b, rows(p)?)?)),
];

const FILTER_METHODS: &[(&str, FilterMethod)] = &[
    ("eth_newFilter", |c, p| Ok(c.filters.logs(&*c.backend, next(p)?))),
    ("eth_newBlockFilter", |c, _| Ok(c.filters.blocks(&*c.backend))),
    ("eth_getFilterChanges", |c, p| ok(c.filters.changes(&*c.backend, &next::<String>(p)?)?)),
    ("eth_getFilterLogs", |c, p| ok(c.filters.all(&*c.backend, &next::<String>(p)?)?)),
    ("eth_uninstallFilter", |c, p| ok(c.filters.remove(&next::<String>(p)?))),
];

/// Rows that a list gives where the question names no number.
const ROWS_DEFAULT: usize = 100;

/// How many rows are asked for, at most [`RECORDS_MAX`].
fn rows(params: &mut ParamsSequence<'_>) -> Result<usize, ErrorObjectOwned> {
    Ok(or(params, ROWS_DEFAULT)?.min(RECORDS_MAX))
}

/// All methods over `backend`. All but the quick ones run on a thread that may wait for the disk.
pub(crate) fn module(backend: Arc<dyn Backend>, doors: Arc<Doors>) -> RpcModule<Context> {
    let mut module = RpcModule::new(Context { backend, filters: Filters::default(), doors, gate: Gate::default() });
    for (name, method) in METHODS.iter().copied() {
        let asked = move |params: Params<'_>, context: &Context| method(&*context.backend, &mut params.sequence());
        register(&mut module, name, asked);
    }
    for (name, method) in FILTER_METHODS.iter().copied() {
        register(&mut module, name, move |params: Params<'_>, context: &Context| method(context, &mut params.sequence()));
    }
    module
}

fn register(
    module: &mut RpcModule<Context>,
    name: &'static str,
    method: impl Fn(Params<'_>, &Context) -> Answer + Clone + Send + Sync + 'static,
) {
    let heavy = HEAVY.contains(&name);
    let registered = if QUICK.contains(&name) {
        module.register_async_method(name, move |params: Params<'_>, context: Arc<Context>, asker: Extensions| {
            let method = method.clone();
            async move {
                tokio::task::consume_budget().await; // a long batch lets others work between its entries
                context.doors.counts.quick.one_more();
                let passed_on = name == SEND && context.backend.follows().is_some();
                let most = if passed_on { PASSED_ON_MAX } else { Duration::MAX };
                context.answer(client(&asker), most, || method(params, &context))
            }
        })
    } else {
        module.register_blocking_method(name, move |params: Params<'_>, context: Arc<Context>, asker: Extensions| {
            let client = client(&asker);
            let counts = &context.doors.counts;
            (if heavy { &counts.heavy } else { &counts.plain }).one_more();
            let pass = if heavy { Some(context.gate.enter(client).ok_or_else(|| context.busy())?) } else { None };
            let answer = context.answer(client, Duration::MAX, || method(params, &context));
            drop(pass);
            answer
        })
    };
    registered.expect("the tables name each method once");
}

/// Who asks, as the door wrote it down.
pub(crate) fn client(asker: &Extensions) -> Client {
    asker.get().copied().unwrap_or(Client::Here)
}

impl Context {
    /// Answers out of the purse of `client`, of which this takes at most `most`.
    fn answer(&self, client: Client, most: Duration, answer: impl FnOnce() -> Answer) -> Answer {
        self.may_ask(client)?;
        let began = Instant::now();
        let answer = answer();
        self.doors.used(client, began.elapsed().min(most));
        answer
    }

    /// # Errors
    /// Where `client` has used its share.
    pub fn may_ask(&self, client: Client) -> Result<(), ErrorObjectOwned> {
        if self.doors.may_ask(client) { Ok(()) } else { Err(error(LIMIT_EXCEEDED, OVER_SHARE)) }
    }

    fn busy(&self) -> ErrorObjectOwned {
        self.doors.counts.busy.one_more();
        error(LIMIT_EXCEEDED, "this node is busy with other questions; hint: ask again in a moment, or ask a node of your own")
    }
}

fn ok(answer: impl Serialize) -> Answer {
    serde_json::to_value(answer).map_err(|fault| error(INTERNAL, fault))
}

pub(crate) fn error(code: i32, message: impl ToString) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message.to_string(), None::<()>)
}

/// A parameter that must be there.
fn next<T: DeserializeOwned>(params: &mut ParamsSequence<'_>) -> Result<T, ErrorObjectOwned> {
    params.next::<T>().map_err(|wrong| error(INVALID_PARAMS, wrong.data().map_or(wrong.message(), |data| data.get())))
}

/// A parameter that may be left out or null.
fn or<T: DeserializeOwned>(params: &mut ParamsSequence<'_>, default: T) -> Result<T, ErrorObjectOwned> {
    let given = params.optional_next::<T>();
    Ok(given.map_err(|wrong| error(INVALID_PARAMS, wrong.data().map_or(wrong.message(), |data| data.get())))?.unwrap_or(default))
}

/// A block, the newest where none is named.
fn at(params: &mut ParamsSequence<'_>) -> Result<BlockId, ErrorObjectOwned> {
    or(params, BlockId::latest())
}

fn overrides(params: &mut ParamsSequence<'_>) -> Result<StateOverride, ErrorObjectOwned> {
    or(params, StateOverride::default())
}

fn count(backend: &dyn Backend, id: BlockId) -> Answer {
    ok(backend.block(id, false)?.map(|block| U64::from(block.transactions.len())))
}

fn nth(backend: &dyn Backend, id: BlockId, index: U64) -> Answer {
    let block = backend.block(id, true)?;
    let all = block.and_then(|block| block.transactions.into_transactions_vec().into_iter().nth(index.to()));
    ok(all)
}

/// Most blocks of one fee history.
const FEE_BLOCKS_MAX: u64 = 1_024;
/// Most percentiles of one fee history: as in Geth.
const FEE_PERCENTILES_MAX: usize = 100;

/// Fees do not exist, so every one of them is 0 and only the fullness of blocks says something.
fn fee_history(backend: &dyn Backend, params: &mut ParamsSequence<'_>) -> Answer {
    let asked: U256 = next(params)?;
    let last: BlockNumberOrTag = or(params, BlockNumberOrTag::Latest)?;
    let percentiles: Vec<f64> = or(params, Vec::new())?;
    if percentiles.len() > FEE_PERCENTILES_MAX {
        let given = percentiles.len();
        return Err(error(INVALID_PARAMS, format!("{given} percentiles were given, at most {FEE_PERCENTILES_MAX} are answered")));
    }
    let height = backend.height();
    let newest = match last {
        BlockNumberOrTag::Number(beyond) if beyond > height => {
            return Err(error(INVALID_PARAMS, format!("block {beyond} is beyond the newest, {height}; hint: ask for `latest`")));
        }
        BlockNumberOrTag::Number(number) => number,
        BlockNumberOrTag::Earliest => 0,
        _ => height, // what is latest here is safe and final
    };
    let blocks = asked.saturating_to::<u64>().min(FEE_BLOCKS_MAX).min(newest + 1);
    let oldest = newest + 1 - blocks;
    let mut fullness = Vec::new();
    for height in oldest..newest + 1 {
        let used = backend.block(BlockId::number(height), false)?.map_or(0, |block| block.header.gas_used);
        fullness.push(used as f64 / backend.gas_limit() as f64);
    }
    ok(json!({
        "oldestBlock": U64::from(oldest),
        "baseFeePerGas": vec![U64::ZERO; fullness.len() + 1],
        "gasUsedRatio": fullness,
        "reward": vec![vec![U64::ZERO; percentiles.len()]; fullness.len()],
    }))
}

impl From<BackendError> for ErrorObjectOwned {
    fn from(failed: BackendError) -> Self {
        match &failed {
            BackendError::Refused(_) => error(REFUSED, failed),
            // As Geth says it: a reason that Solidity gave stands in the message too.
            BackendError::Reverted(bytes) => match Revert::abi_decode(bytes) {
                Ok(revert) => Self::owned(REVERTED, format!("{failed}: {}", revert.reason), Some(bytes)),
                Err(_) => Self::owned(REVERTED, failed.to_string(), Some(bytes)),
            },
            BackendError::Fault(_) => error(INTERNAL, failed),
        }
    }
}
