//! A batch in the EVM: its calls run one after the other in one transaction, all of them or none.
//!
//! Upon each call: it gets the gas that the ones before left; what they wrote, warmed and stored for the transaction alone is
//! there. Upon a call that fails: what all calls did is undone, the gas used until then stays charged, and the batch ends as
//! that call did. The nonce is used either way.
//! Upon a key authorisation: it is a call of the accounts module before the first one, by the key that signed it; then the calls
//! run by the key that signed the batch.
//!
//! An inspector sees the batch as one call of the account to itself whose inner calls are the batch's.

use super::Grant;
use crate::gas;
use crate::ledger::{Acting, Db, Miss};
use crate::machine::Machine;
use alloy_evm::eth::EthEvmContext;
use alloy_primitives::{Address, Bytes, TxKind};
use dure_api::batch::{Batch, Call, KeySignature};
use revm::context::journaled_state::{JournalCheckpoint, account::JournaledAccountTr as _};
use revm::context::result::{EVMError, ExecutionResult, HaltReason, InvalidTransaction, ResultAndState};
use revm::context::{ContextSetters as _, JournalTr as _, LocalContextTr as _, TxEnv};
use revm::context_interface::cfg::gas::InitialAndFloorGas;
use revm::handler::pre_execution::validate_account_nonce_and_code;
use revm::handler::{EthFrame, EvmTr as _, FrameResult, Handler, MainnetHandler};
use revm::inspector::{Inspector, InspectorEvmTr as _, InspectorHandler};
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_action::FrameInit;
use revm::interpreter::{CallInput, CallInputs, CallOutcome, CallScheme, CallValue, GasTracker};
use revm::primitives::U256;
use std::borrow::Cow;
use std::marker::PhantomData;

/// What the EVM runs of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub calls: Vec<Call>,
    pub terms: Terms,
    /// By which access key the calls are made.
    pub acting: Option<Acting>,
    /// What stands before the first call.
    pub grant: Option<Grant>,
}

impl Run {
    /// Every call, and the key that the account makes it by.
    fn all_calls(&self, account: Address) -> impl Iterator<Item = (Cow<'_, Call>, Option<Acting>)> {
        let grant = self.grant.as_ref().map(|grant| {
            let (to, input) = grant.as_call();
            let by = grant.by.map(|(key, _)| Acting { account, key, limited: false });
            (Cow::Owned(Call { to: TxKind::Call(to), value: U256::ZERO, input }), by)
        });
        grant.into_iter().chain(self.calls.iter().map(|call| (Cow::Borrowed(call), self.acting)))
    }
}

/// What a batch asks of the EVM beside its calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Whether the account's own nonce is used; else a record of its own stands for the sequence.
    own_nonce: bool,
    /// What it costs beside what its calls cost in transactions of their own.
    extra_gas: u64,
}

impl Terms {
    pub fn of(batch: &Batch, key: &KeySignature) -> Self {
        let terms = Self::new(batch.nonce_key, batch.nonce, batch.calls.len(), webauthn_bytes(key));
        match &batch.key_authorization {
            None => terms,
            Some(authorization) => terms.with_grant(webauthn_bytes(&authorization.signature)),
        }
    }

    /// With a key authorisation before the calls: it is a call more, and a signature more is checked.
    pub fn with_grant(mut self, webauthn_bytes: u64) -> Self {
        let grant = (gas::BATCH_CALL + gas::KEY_AUTHORIZATION).saturating_add(gas::webauthn(webauthn_bytes));
        self.extra_gas = self.extra_gas.saturating_add(grant);
        self
    }

    pub fn new(nonce_key: U256, nonce: u64, calls: usize, webauthn_bytes: u64) -> Self {
        let sequence = match (nonce_key.is_zero(), nonce) {
            (true, _) => 0,
            (false, 0) => gas::NONCE_NEW,
            (false, _) => gas::NONCE_KNOWN,
        };
        let signature = gas::webauthn(webauthn_bytes);
        let calls = (calls as u64).saturating_sub(1).saturating_mul(gas::BATCH_CALL);
        Self { own_nonce: nonce_key.is_zero(), extra_gas: sequence.saturating_add(signature).saturating_add(calls) }
    }
}

/// Bytes of the passkey's answer, where a passkey signed.
fn webauthn_bytes(key: &KeySignature) -> u64 {
    if let KeySignature::WebAuthn { data, .. } = key { data.len() as u64 } else { 0 }
}

struct BatchHandler<'c, 'r, I> {
    batch: &'c Run,
    of: PhantomData<(Db<'r>, I)>,
}

pub(crate) fn transact<I>(evm: &mut Machine<'_, I>, tx: TxEnv, batch: &Run) -> Result<ResultAndState, EVMError<Miss>> {
    begin(evm, tx, batch);
    let result = BatchHandler { batch, of: PhantomData }.run(evm);
    end(evm, result)
}

pub(crate) fn inspect<'r, I>(evm: &mut Machine<'r, I>, tx: TxEnv, batch: &Run) -> Result<ResultAndState, EVMError<Miss>>
where
    I: Inspector<EthEvmContext<Db<'r>>>,
{
    begin(evm, tx, batch);
    let result = BatchHandler { batch, of: PhantomData }.inspect_run(evm);
    end(evm, result)
}

/// See [`crate::machine::validate`].
pub(crate) fn validate(evm: &mut Machine<'_>, tx: TxEnv, batch: &Run) -> Result<InitialAndFloorGas, EVMError<Miss>> {
    begin(evm, tx, batch);
    let handler = BatchHandler { batch, of: PhantomData };
    handler.validate_env(evm).and_then(|()| handler.validate_initial_tx_gas(evm))
}

/// The EVM's own checks look at the first call.
fn begin<I>(evm: &mut Machine<'_, I>, mut tx: TxEnv, batch: &Run) {
    if let Some(first) = batch.calls.first() {
        put_call(&mut tx, first);
    }
    evm.ctx.set_tx(tx);
}

fn end<I>(evm: &mut Machine<'_, I>, result: Result<ExecutionResult, EVMError<Miss>>) -> Result<ResultAndState, EVMError<Miss>> {
    act(evm, None);
    let state = evm.ctx.journaled_state.finalize();
    Ok(ResultAndState::new(result?, state))
}

/// From now on the account acts by this key.
fn act<I>(evm: &mut Machine<'_, I>, acting: Option<Acting>) {
    evm.ctx.journaled_state.database.ledger.lock().acting = acting;
}

/// Runs one call of the batch.
type RunCall<'c, 'r, I> = fn(&mut BatchHandler<'c, 'r, I>, &mut Machine<'r, I>, FrameInit) -> Result<FrameResult, EVMError<Miss>>;

impl<'c, 'r, I> BatchHandler<'c, 'r, I> {
    /// All calls or none. `opened` is the checkpoint that the handler opened before.
    fn run_calls(
        &mut self,
        evm: &mut Machine<'r, I>,
        opened: JournalCheckpoint,
        gas: &mut GasTracker,
        run: RunCall<'c, 'r, I>,
    ) -> Result<Option<FrameResult>, EVMError<Miss>> {
        let mut last = None;
        let batch = self.batch;
        for (call, acting) in batch.all_calls(evm.ctx.tx.caller) {
            act(evm, acting);
            if last.is_some() {
                // The next frame begins with an empty memory, as the first one did.
                evm.ctx.local.clear();
                evm.frame_stack().clear();
            }
            put_call(&mut evm.ctx.tx, &call);
            let Some(frame) = self.first_frame_input(evm, gas)? else { break };
            let mut result = run(self, evm, frame)?;
            self.last_frame_result(evm, &mut result, gas)?;
            let good = result.instruction_result().is_ok();
            last = Some(result);
            if !good {
                break;
            }
        }
        if last.as_ref().is_some_and(|result| result.instruction_result().is_ok()) {
            evm.ctx.journaled_state.checkpoint_commit();
        } else {
            evm.ctx.journaled_state.checkpoint_revert(opened);
            self.use_nonce_of_create(evm)?;
        }
        Ok(last)
    }

    /// A call's nonce was used before it ran; that of a creation is used by the creation, which was undone.
    fn use_nonce_of_create(&self, evm: &mut Machine<'r, I>) -> Result<(), EVMError<Miss>> {
        if self.batch.terms.own_nonce && self.batch.calls.first().is_some_and(|call| call.to.is_create()) {
            let caller = evm.ctx.tx.caller;
            evm.ctx.journaled_state.load_account_mut(caller)?.data.bump_nonce();
        }
        Ok(())
    }
}

fn put_call(tx: &mut TxEnv, call: &Call) {
    tx.kind = call.to;
    tx.value = call.value;
    tx.data = call.input.clone();
}

impl<'r, I> Handler for BatchHandler<'_, 'r, I> {
    type Evm = Machine<'r, I>;
    type Error = EVMError<Miss>;
    type HaltReason = HaltReason;

    /// As for one transaction with the calldata of all calls, and [`Terms::extra_gas`] on top.
    fn validate_initial_tx_gas(&self, evm: &mut Self::Evm) -> Result<InitialAndFloorGas, Self::Error> {
        let inputs: Vec<Bytes> = self.batch.all_calls(evm.ctx.tx.caller).map(|(call, _)| call.input.clone()).collect();
        if inputs.len() > 1 {
            evm.ctx.tx.data = inputs.concat().into();
        }
        let mainnet = MainnetHandler::<Self::Evm, Self::Error, EthFrame>::default();
        let mut gas = mainnet.validate_initial_tx_gas(evm)?;
        gas.initial_regular_gas = gas.initial_regular_gas.saturating_add(self.batch.terms.extra_gas);
        let (gas_limit, initial_gas) = (evm.ctx.tx.gas_limit, gas.initial_total_gas());
        if initial_gas > gas_limit {
            return Err(InvalidTransaction::CallGasCostMoreThanGasLimit { gas_limit, initial_gas }.into());
        }
        Ok(gas)
    }

    /// The nonce of another sequence is no business of the account's.
    fn validate_against_state_and_deduct_caller(
        &self,
        evm: &mut Self::Evm,
        gas: &mut InitialAndFloorGas,
    ) -> Result<(), Self::Error> {
        if self.batch.terms.own_nonce {
            let mainnet = MainnetHandler::<Self::Evm, Self::Error, EthFrame>::default();
            return mainnet.validate_against_state_and_deduct_caller(evm, gas);
        }
        let (caller, nonce) = (evm.ctx.tx.caller, evm.ctx.tx.nonce);
        let code_allowed = evm.ctx.cfg.disable_eip3607;
        let caller = evm.ctx.journaled_state.load_account_with_code_mut(caller)?.data;
        Ok(validate_account_nonce_and_code(&caller.account().info, nonce, code_allowed, true)?)
    }

    fn execution(
        &mut self,
        evm: &mut Self::Evm,
        opened: JournalCheckpoint,
        gas: &mut GasTracker,
    ) -> Result<Option<FrameResult>, Self::Error> {
        self.run_calls(evm, opened, gas, Self::run_exec_loop)
    }
}

impl<'r, I: Inspector<EthEvmContext<Db<'r>>>> InspectorHandler for BatchHandler<'_, 'r, I> {
    type IT = EthInterpreter;

    fn inspect_execution(
        &mut self,
        evm: &mut Self::Evm,
        opened: JournalCheckpoint,
        gas: &mut GasTracker,
    ) -> Result<Option<FrameResult>, Self::Error> {
        let mut whole = whole(&evm.ctx.tx, gas);
        evm.ctx.journaled_state.checkpoint_commit(); // so that the inspector sees the batch itself at depth 0
        let (ctx, inspector) = evm.ctx_inspector();
        inspector.call(ctx, &mut whole);
        evm.ctx.journaled_state.checkpoint();
        let last = self.run_calls(evm, opened, gas, Self::inspect_run_exec_loop)?;
        if let Some(result) = &last {
            let mut outcome = CallOutcome::new(result.interpreter_result().clone(), 0..0);
            let (ctx, inspector) = evm.ctx_inspector();
            inspector.call_end(ctx, &whole, &mut outcome);
        }
        Ok(last)
    }
}

/// The batch as one call of the account to itself.
fn whole(tx: &TxEnv, gas: &GasTracker) -> CallInputs {
    CallInputs {
        input: CallInput::Bytes(Bytes::new()),
        gas_limit: gas.remaining(),
        target_address: tx.caller,
        bytecode_address: tx.caller,
        known_bytecode: Default::default(),
        caller: tx.caller,
        value: CallValue::Transfer(U256::ZERO),
        scheme: CallScheme::Call,
        is_static: false,
        return_memory_offset: 0..0,
        reservoir: gas.reservoir(),
        charged_new_account_state_gas: false,
    }
}
