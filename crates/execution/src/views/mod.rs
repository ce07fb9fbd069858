//! Questions about a state that change nothing: calls, estimates, traces.

mod stage;

use stage::{Stage, admitted, called, missed};

use crate::batch::Grant;
use crate::ledger::{Between, Db, Ledger, MODULE_CODE, Miss, Shared};
use crate::machine::{Work, evm_env, machine, validate};
use crate::modules::Place;
use crate::{
    AccountRecord, BlockEnv, Error, Execution, KeyRefused, Mode, NonceRecord, StateReader, Step, Transaction, Unavailable,
    is_module, keys, law, signers,
};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use alloy_rpc_types_eth::{AccessList, TransactionRequest, state::StateOverride};
use alloy_rpc_types_trace::geth::{CallConfig, CallFrame, PreStateConfig, PreStateFrame};
use dure_api::batch::{Call, KeyKind};
use dure_rules::{Env, ids::SYSTEM};
use revm::context::result::EVMError;
use revm::inspector::NoOpInspector;
use revm::primitives::eip7825::TX_GAS_LIMIT_CAP;
use revm_inspectors::access_list::AccessListInspector;

/// Most gas one view may use.
pub const VIEW_GAS_MAX: u64 = 50_000_000;
/// An estimate is at most this share above the least gas that suffices, per mille (as geth has it: 15).
const ESTIMATE_SLACK_PER_MILLE: u64 = 15;

/// What a view is asked to run: a call, or a batch of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// With a batch, whom it is from and how much gas it may use; what it calls is in `calls`.
    pub single: TransactionRequest,
    /// The calls of a batch; empty for a call alone.
    pub calls: Vec<Call>,
    /// The sequence of nonces that the batch is of.
    pub nonce_key: U256,
    /// Bytes of the passkey's answer that will sign it.
    pub webauthn_bytes: u64,
    /// The access key by which `from` makes the calls of a batch.
    pub key: Option<(Address, KeyKind)>,
    /// What stands before the calls, as if a full key of `from` had signed it where `by` names none.
    pub grant: Option<Grant>,
}

impl From<TransactionRequest> for Request {
    fn from(single: TransactionRequest) -> Self {
        Self { single, ..Self::default() }
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    pub gas_used: u64,
    pub result: Result<Bytes, Failed>,
}

/// Why a call did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The contract or the module refused; the bytes say why (a Solidity error).
    #[error("execution reverted")]
    Reverted(Bytes),
    /// Out of gas, an invalid opcode, … with revm's name for it.
    #[error("execution halted: {0}")]
    Halted(String),
}

/// Why a view has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Records of modules cannot be overridden as if they were storage.
    #[error("{0} is a module: its state cannot be overridden")]
    ModuleOverride(Address),
    /// No block holds such a transaction: its gas limit is above what one transaction may use or below what its bytes cost, …
    #[error("the transaction cannot run: {0}")]
    Unfit(String),
    /// The request itself cannot run: not enough balance for its value, a gas limit beyond the bound, …
    #[error("the call cannot run: {0}")]
    Invalid(String),
    /// The call fails at every gas limit.
    #[error(transparent)]
    Failed(#[from] Failed),
    /// Who would send it may not sign it.
    #[error(transparent)]
    Signer(#[from] KeyRefused),
    #[error("the record under {0} does not decode")]
    Corrupt(crate::Key),
}

/// The account as it stands, modules included. Unknown accounts answer as newcomers.
///
/// # Errors
/// [`ViewError::Unavailable`], [`ViewError::Corrupt`].
pub fn account(reader: &dyn StateReader, address: Address) -> Result<AccountRecord, ViewError> {
    let mut ledger = Ledger::new(0, Vec::new(), is_module);
    match ledger.account(address, Some(reader)) {
        Ok(record) => Ok(record.clone()),
        Err(Miss) => Err(missed(ledger.why())),
    }
}

/// The runtime code of an account; that of a module is the one byte 0xfe.
///
/// # Errors
/// [`ViewError::Unavailable`], [`ViewError::Corrupt`].
pub fn code(reader: &dyn StateReader, address: Address) -> Result<Bytes, ViewError> {
    if is_module(&address) {
        return Ok(Bytes::from_static(MODULE_CODE));
    }
    let hash = account(reader, address)?.code_hash();
    if hash == KECCAK256_EMPTY {
        return Ok(Bytes::new());
    }
    let key = keys::code(hash);
    reader.read(key)?.ok_or(ViewError::Corrupt(key))
}

/// A storage slot of a contract. Modules have none: their records are no slots.
///
/// # Errors
/// [`ViewError::Unavailable`], [`ViewError::Corrupt`].
pub fn storage(reader: &dyn StateReader, address: Address, index: U256) -> Result<B256, ViewError> {
    let key = keys::slot(address, index);
    match reader.read(key)? {
        None => Ok(B256::ZERO),
        Some(bytes) => B256::try_from(&bytes[..]).map_err(|_| ViewError::Corrupt(key)),
    }
}

/// The next nonce of one of the account's sequences; key 0 is its own.
///
/// # Errors
/// [`ViewError::Unavailable`], [`ViewError::Corrupt`].
pub fn next_nonce(reader: &dyn StateReader, address: Address, nonce_key: U256) -> Result<u64, ViewError> {
    if nonce_key.is_zero() {
        return Ok(account(reader, address)?.nonce);
    }
    let place = NonceRecord::place(address, nonce_key);
    let Some(bytes) = reader.read(place)? else { return Ok(0) };
    NonceRecord::decode(&bytes, address, nonce_key).map(|record| record.next).ok_or(ViewError::Corrupt(place))
}

/// Whether a block could hold `transaction` at all, and those who signed it may at `time_ms`. The answer is whether a limited access key signed it.
///
/// # Errors
/// [`ViewError::Unfit`]; [`ViewError::Signer`] where they may not; [`ViewError::Unavailable`], [`ViewError::Corrupt`].
pub fn admit(reader: &dyn StateReader, chain_id: u64, time_ms: u64, transaction: &Transaction) -> Result<bool, ViewError> {
    let db = Db { ledger: Shared::new(Ledger::new(0, Vec::new(), is_module)), reader: Some(reader) };
    let block = BlockEnv {
        chain_id,
        number: 0,
        time_ms,
        parent_hash: B256::ZERO,
        gas_limit: u64::MAX, // that of the block is the pool's to check
        recent_hashes: Vec::new(),
        mode: Mode::Propose,
    };
    let mut evm = machine(law::LAW, Place::of(&block), evm_env(&block), &db, NoOpInspector);
    let work = Work::of(transaction, transaction.nonce(), None);
    validate(&mut evm, work).map_err(|error| match error {
        EVMError::Transaction(reason) => ViewError::Unfit(reason.to_string()),
        other => ViewError::Unfit(other.to_string()),
    })?;
    let env = Env { chain_id, height: 0, time_ms, caller: transaction.signer(), key: None };
    let acting = admitted(&db, signers::admit(&mut Between(&db), env, transaction))?;
    Ok(acting.is_some_and(|acting| acting.limited))
}

/// `eth_call`. Neither nonce, allowance nor balance of the sender is asked for, but for the value sent.
///
/// # Errors
/// [`ViewError`]; a call that reverts is no error but a [`Called`].
pub fn call(reader: &dyn StateReader, env: &BlockEnv, request: &Request, overrides: &StateOverride) -> Result<Called, ViewError> {
    let stage = Stage::new(reader, env, overrides)?;
    Ok(called(stage.run(stage.work(request, VIEW_GAS_MAX)?, NoOpInspector)?.result))
}

/// `eth_estimateGas`: a gas limit with which the request succeeds, little above the least one.
///
/// # Errors
/// [`ViewError::Signer`] where the key that would sign may not: the one that is named, else the one that `from` is made from.
/// [`ViewError::Failed`] where it fails at every limit.
pub fn estimate_gas(
    reader: &dyn StateReader,
    env: &BlockEnv,
    request: &Request,
    overrides: &StateOverride,
) -> Result<u64, ViewError> {
    let stage = Stage::new(reader, env, overrides)?;
    if let Some(from) = request.single.from.filter(|_| request.key.is_none()) {
        admitted(&stage.db, signers::require_root(&mut Between(&stage.db), from))?;
    }
    let work = stage.work(request, TX_GAS_LIMIT_CAP.min(env.gas_limit))?;
    let at_most = called(stage.run(work.clone(), NoOpInspector)?.result);
    at_most.result?;
    // A limit below what was used fails. What was used mostly suffices, else a 64th more (EIP-150). In between: halve.
    let (mut fails, mut suffices) = (at_most.gas_used.saturating_sub(1), work.gas_limit());
    let mut likely = [at_most.gas_used, at_most.gas_used.saturating_mul(64) / 63].into_iter();
    while suffices - fails > 1 && (suffices - fails).saturating_mul(1_000) > suffices.saturating_mul(ESTIMATE_SLACK_PER_MILLE) {
        reader.patient()?;
        let gas_limit = likely.next().unwrap_or(fails + (suffices - fails) / 2).clamp(fails + 1, suffices - 1);
        let mut limited = work.clone();
        limited.tx_mut().gas_limit = gas_limit;
        match stage.run(limited, NoOpInspector) {
            Ok(ran) if ran.result.is_success() => suffices = gas_limit,
            Ok(_) | Err(ViewError::Invalid(_)) => fails = gas_limit,
            Err(other) => return Err(other),
        }
    }
    Ok(suffices)
}

/// `eth_createAccessList`, and the call with that list.
///
/// # Errors
/// [`ViewError`].
pub fn create_access_list(
    reader: &dyn StateReader,
    env: &BlockEnv,
    request: &Request,
) -> Result<(AccessList, Called), ViewError> {
    let stage = Stage::new(reader, env, &StateOverride::default())?;
    let mut inspector = AccessListInspector::new(request.single.access_list.clone().unwrap_or_default());
    stage.run(stage.work(request, VIEW_GAS_MAX)?, &mut inspector)?;
    let list = inspector.into_access_list();
    let mut with_list = request.clone();
    with_list.single.access_list = Some(list.clone());
    let ran = stage.run(stage.work(&with_list, VIEW_GAS_MAX)?, NoOpInspector)?;
    Ok((list, called(ran.result)))
}

/// Which trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tracer {
    Call(CallConfig),
    PreState(PreStateConfig),
}

/// A trace in geth's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    Call(Box<CallFrame>),
    PreState(PreStateFrame),
}

/// `debug_traceTransaction`: runs the block `env`, whose state before it is behind `reader`, up to `transactions[index]` and
/// traces that one. `transactions` are those of [`crate::Outcome::transactions`].
///
/// # Errors
/// [`ViewError::Invalid`] where there is no such transaction, or it is the system transaction, which no EVM ran.
pub fn trace_transaction(
    reader: &dyn StateReader,
    env: &BlockEnv,
    transactions: &[Transaction],
    index: u32,
    tracer: &Tracer,
) -> Result<Trace, ViewError> {
    let (before, rest) = transactions.split_at_checked(index as usize).unwrap_or((transactions, &[]));
    let Some(target) = rest.first() else {
        return Err(ViewError::Invalid(format!("the block has {} transactions, none at place {index}", transactions.len())));
    };
    if target.signer() == SYSTEM {
        return Err(ViewError::Invalid("the system transaction stands for what the block did by itself: no EVM ran it".into()));
    }
    let before = before.iter().filter(|transaction| transaction.signer() != SYSTEM).cloned().collect();
    let mut execution = Execution::new(BlockEnv { mode: Mode::Verify, ..env.clone() }, before);
    match execution.advance_with(reader) {
        Ok(Step::Done) => {}
        Ok(Step::Need(keys)) => return Err(ViewError::Unavailable(Unavailable(format!("{} records are missing", keys.len())))),
        Ok(Step::NeedBlocking(key)) => return Err(ViewError::Unavailable(Unavailable(format!("the record {key} is missing")))),
        Err(Error::Unavailable(unavailable)) => return Err(unavailable.into()),
        Err(Error::Corrupt(key)) => return Err(ViewError::Corrupt(key)),
        Err(other) => return Err(ViewError::Invalid(other.to_string())),
    }
    let db = Db { ledger: execution.into_ledger(), reader: Some(reader) };
    let nonce = match db.ledger.lock().account(target.signer(), Some(reader)) {
        Ok(sender) => sender.nonce,
        Err(Miss) => return Err(missed(db.ledger.lock().why())),
    };
    let stage = Stage { db, place: Place::of(env), evm_env: evm_env(env) };
    let env = stage.place.env(target.signer());
    let acting = admitted(&stage.db, signers::admit(&mut Between(&stage.db), env, target))?;
    let work = stage.without_replaced(Work::of(target, nonce, acting))?;
    stage.trace(work, tracer)
}

/// `debug_traceCall`.
///
/// # Errors
/// [`ViewError`].
pub fn trace_call(
    reader: &dyn StateReader,
    env: &BlockEnv,
    request: &Request,
    overrides: &StateOverride,
    tracer: &Tracer,
) -> Result<Trace, ViewError> {
    let stage = Stage::new(reader, env, overrides)?;
    stage.trace(stage.work(request, VIEW_GAS_MAX)?, tracer)
}
