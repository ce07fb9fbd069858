//! Questions about a state that change nothing: calls, estimates, traces.

use crate::{AccountRecord, BlockEnv, StateReader, Transaction, Unavailable};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rpc_types_eth::{AccessList, TransactionRequest, state::StateOverride};
use alloy_rpc_types_trace::geth::{CallConfig, CallFrame, PreStateConfig, PreStateFrame};

/// Most gas one view may use.
pub const VIEW_GAS_MAX: u64 = 50_000_000;

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
    /// The request itself cannot run: not enough balance for its value, a gas limit beyond the bound, …
    #[error("the call cannot run: {0}")]
    Invalid(String),
    /// The call fails at every gas limit.
    #[error(transparent)]
    Failed(#[from] Failed),
    #[error("the record under {0} does not decode")]
    Corrupt(crate::Key),
}

/// The account as it stands, modules included. Unknown accounts answer as newcomers.
///
/// # Errors
/// [`ViewError::Unavailable`], [`ViewError::Corrupt`].
pub fn account(_reader: &dyn StateReader, _address: Address) -> Result<AccountRecord, ViewError> {
    todo!()
}

/// # Errors
/// [`ViewError::Unavailable`], [`ViewError::Corrupt`].
pub fn code(_reader: &dyn StateReader, _address: Address) -> Result<Bytes, ViewError> {
    todo!()
}

/// # Errors
/// [`ViewError::Unavailable`], [`ViewError::Corrupt`].
pub fn storage(_reader: &dyn StateReader, _address: Address, _index: U256) -> Result<B256, ViewError> {
    todo!()
}

/// `eth_call`. Neither nonce, allowance nor balance of the sender is asked for, but for the value sent.
///
/// # Errors
/// [`ViewError`]; a call that reverts is no error but a [`Called`].
pub fn call(
    _reader: &dyn StateReader,
    _env: &BlockEnv,
    _request: &TransactionRequest,
    _overrides: &StateOverride,
) -> Result<Called, ViewError> {
    todo!()
}

/// `eth_estimateGas`: the least gas limit with which the request succeeds.
///
/// # Errors
/// [`ViewError::Failed`] where it fails at every limit.
pub fn estimate_gas(
    _reader: &dyn StateReader,
    _env: &BlockEnv,
    _request: &TransactionRequest,
    _overrides: &StateOverride,
) -> Result<u64, ViewError> {
    todo!()
}

/// `eth_createAccessList`, and the gas used with that list.
///
/// # Errors
/// [`ViewError`].
pub fn create_access_list(
    _reader: &dyn StateReader,
    _env: &BlockEnv,
    _request: &TransactionRequest,
) -> Result<(AccessList, Called), ViewError> {
    todo!()
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

/// `debug_traceTransaction`: runs the block `env` (its state before it through `reader`) up to `transactions[index]` and
/// traces that one.
///
/// # Errors
/// [`ViewError`].
pub fn trace_transaction(
    _reader: &dyn StateReader,
    _env: &BlockEnv,
    _transactions: &[Transaction],
    _index: u32,
    _tracer: &Tracer,
) -> Result<Trace, ViewError> {
    todo!()
}

/// `debug_traceCall`.
///
/// # Errors
/// [`ViewError`].
pub fn trace_call(
    _reader: &dyn StateReader,
    _env: &BlockEnv,
    _request: &TransactionRequest,
    _overrides: &StateOverride,
    _tracer: &Tracer,
) -> Result<Trace, ViewError> {
    todo!()
}
