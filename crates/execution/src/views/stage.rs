//! A state to ask, and what is run on it.

use super::{Called, Failed, Request, Trace, Tracer, VIEW_GAS_MAX, ViewError};
use crate::batch::{Grant, run};
use crate::ledger::{Acting, Between, Db, Ledger, Miss, RECORDS, Shared, Why};
use crate::machine::{Work, evm_env, inspect, machine};
use crate::modules::{Place, Signatures};
use crate::transaction::authorizations_are_paid;
use crate::{BlockEnv, StateReader, Unavailable, is_module, law, signers};
use alloy_evm::overrides::{StateOverrideError, apply_state_overrides};
use alloy_evm::rpc::TryIntoTxEnv as _;
use alloy_evm::{EvmEnv, eth::EthEvmContext};
use alloy_primitives::Address;
use alloy_rpc_types_eth::state::StateOverride;
use dure_api::batch::CALLS_MAX;
use dure_rules::{Draft, Failure, Stop, accounts};
use revm::context::result::{EVMError, ExecutionResult, ResultAndState};
use revm::inspector::Inspector;
use revm_inspectors::tracing::{TracingInspector, TracingInspectorConfig};

/// A state to ask, and the block it is asked in. Nothing that runs on it changes it.
pub(super) struct Stage<'r> {
    pub db: Db<'r>,
    pub place: Place,
    pub evm_env: EvmEnv,
}

impl<'r> Stage<'r> {
    pub fn new(reader: &'r dyn StateReader, env: &BlockEnv, overrides: &StateOverride) -> Result<Self, ViewError> {
        if let Some(module) = overrides.keys().find(|address| is_module(address)) {
            return Err(ViewError::ModuleOverride(*module));
        }
        let ledger = Shared::new(Ledger::new(env.number, env.recent_hashes.clone(), is_module));
        let mut db = Db { ledger, reader: Some(reader) };
        apply_state_overrides(overrides.clone(), &mut db).map_err(|error| match error {
            StateOverrideError::Database(Miss) => missed(db.ledger.lock().why()),
            other => ViewError::Invalid(other.to_string()),
        })?;
        let mut evm_env = evm_env(env);
        evm_env.cfg_env.disable_nonce_check = true;
        evm_env.cfg_env.disable_block_gas_limit = true;
        evm_env.cfg_env.disable_eip3607 = true;
        evm_env.cfg_env.tx_gas_limit_cap = Some(VIEW_GAS_MAX);
        Ok(Self { db, place: Place::of(env), evm_env })
    }

    pub fn work(&self, request: &Request, gas_max: u64) -> Result<Work, ViewError> {
        let invalid = |error: &dyn std::fmt::Display| ViewError::Invalid(error.to_string());
        let mut single = request.single.clone();
        let gas = single.gas.unwrap_or(gas_max).min(gas_max);
        single.gas = Some(gas);
        let authorizations = single.authorization_list.as_ref().map_or(0, Vec::len);
        authorizations_are_paid(authorizations, gas).map_err(|error| invalid(&error))?;
        if request.calls.is_empty() {
            let mut tx = single.try_into_tx_env(&self.evm_env).map_err(|error| invalid(&error))?;
            tx.gas_price = 0;
            tx.gas_priority_fee = tx.gas_priority_fee.map(|_| 0);
            return self.without_replaced(Work::Single(Box::new(tx)));
        }
        if request.calls.len() > CALLS_MAX {
            return Err(invalid(&format_args!("a batch has at most {CALLS_MAX} calls")));
        }
        if let Some(place) = request.calls.iter().skip(1).position(|call| call.to.is_create()) {
            return Err(invalid(&format_args!("call {} makes a contract: only the first call of a batch may", place + 1)));
        }
        let nonce = single.nonce.unwrap_or_default();
        let terms = run::Terms::new(request.nonce_key, nonce, request.calls.len(), request.webauthn_bytes);
        let terms = if request.grant.is_some() { terms.with_grant(0) } else { terms };
        let grant = request.grant.as_ref().map(|grant| self.as_signed(request, grant)).transpose();
        let grant = grant.map_err(|stop| stopped(&self.db, stop))?;
        let acting = admitted(&self.db, self.acting(request, grant.as_ref()))?;
        // What a batch is beside its calls is that of an ordinary call to nobody.
        (single.transaction_type, single.to, single.value) = (None, Some(Address::ZERO.into()), None);
        let mut tx = single.try_into_tx_env(&self.evm_env).map_err(|error| invalid(&error))?;
        (tx.gas_price, tx.gas_priority_fee) = (0, tx.gas_priority_fee.map(|_| 0));
        let run = run::Run { calls: request.calls.clone(), terms, acting, grant };
        Ok(Work::Batch { tx: Box::new(tx), run: Box::new(run) })
    }

    /// Nobody has signed what a question grants. It counts as signed by the account's first key, and once a recovery replaced that
    /// one, by an admin key, which the account then has.
    fn as_signed(&self, request: &Request, grant: &Grant) -> Result<Grant, Stop> {
        let (from, mut between) = (request.single.from.unwrap_or_default(), Between(&self.db));
        if grant.by.is_some() || accounts::root_stands(&mut between, from)? {
            return Ok(grant.clone());
        }
        let admin = accounts::keys_of(&mut between, from)?.into_iter().find(|record| record.terms.admin);
        Ok(Grant { by: admin.map(|record| (record.key, record.terms.kind)), ..grant.clone() })
    }

    /// The key that is named has to be one that may.
    fn acting(&self, request: &Request, grant: Option<&Grant>) -> Result<Option<Acting>, Failure> {
        let from = request.single.from.unwrap_or_default();
        let mut between = Between(&self.db);
        let mut draft = Draft::new(&mut between, &Signatures, self.place.env(from));
        if let Some(grant) = grant {
            signers::take_over(&mut draft, from, grant)?;
        }
        match request.key {
            None => Ok(None),
            key => signers::by_key(&mut draft, from, key, &request.calls),
        }
    }

    /// As a block runs it: authorisations of EIP-7702 by keys that a recovery replaced are passed over.
    pub fn without_replaced(&self, mut work: Work) -> Result<Work, ViewError> {
        signers::pass_over_replaced(&mut Between(&self.db), &mut work, self.place.chain_id)
            .map_err(|stop| stopped(&self.db, stop))?;
        Ok(work)
    }

    pub fn run<'s, I>(&'s self, work: Work, inspector: I) -> Result<ResultAndState, ViewError>
    where
        I: Inspector<EthEvmContext<Db<'s>>>,
    {
        let mut evm = machine(law::LAW, self.place, self.evm_env.clone(), &self.db, inspector);
        inspect(&mut evm, work).map_err(|error| match error {
            EVMError::Transaction(reason) => ViewError::Invalid(reason.to_string()),
            other => match self.db.ledger.lock().why() {
                None => ViewError::Invalid(other.to_string()),
                why => missed(why),
            },
        })
    }

    pub fn trace(&self, work: Work, tracer: &Tracer) -> Result<Trace, ViewError> {
        let config = match tracer {
            Tracer::Call(config) => TracingInspectorConfig::from_geth_call_config(config),
            Tracer::PreState(config) => TracingInspectorConfig::from_geth_prestate_config(config),
        };
        let mut inspector = TracingInspector::new(config);
        let mut ran = self.run(work, &mut inspector)?;
        ran.state.remove(&RECORDS); // pointers into an arena mean nothing outside the block
        let gas_used = ran.result.tx_gas_used();
        let builder = inspector.geth_builder();
        match tracer {
            Tracer::Call(config) => Ok(Trace::Call(Box::new(builder.geth_call_traces(*config, gas_used)))),
            Tracer::PreState(config) => {
                let frame = builder.geth_prestate_traces(&ran, config, &self.db);
                frame.map(Trace::PreState).map_err(|Miss| missed(self.db.ledger.lock().why()))
            }
        }
    }
}

/// The answer of [`signers`], or why there is none.
pub(super) fn admitted<T>(db: &Db<'_>, answer: Result<T, Failure>) -> Result<T, ViewError> {
    answer.map_err(|failure| match signers::refused(failure) {
        Ok(refused) => refused.into(),
        Err(stop) => stopped(db, stop),
    })
}

fn stopped(db: &Db<'_>, stop: Stop) -> ViewError {
    match stop {
        Stop::Corrupt(key) => ViewError::Corrupt(key),
        Stop::Missing(_) | Stop::OutOfGas => missed(db.ledger.lock().why()),
    }
}

pub(super) fn called(result: ExecutionResult) -> Called {
    let gas_used = result.tx_gas_used();
    let result = match result {
        ExecutionResult::Success { output, .. } => Ok(output.into_data()),
        ExecutionResult::Revert { output, .. } => Err(Failed::Reverted(output)),
        ExecutionResult::Halt { reason, .. } => Err(Failed::Halted(format!("{reason:?}"))),
    };
    Called { gas_used, result }
}

/// Why a read through a reader failed. Without a reason there was none that can be told.
pub(super) fn missed(why: Option<Why>) -> ViewError {
    match why {
        Some(Why::Corrupt(key)) => ViewError::Corrupt(key),
        Some(Why::Unavailable(unavailable)) => ViewError::Unavailable(unavailable),
        Some(Why::Missing(key)) => ViewError::Unavailable(Unavailable(format!("the record {key} is missing"))),
        None => ViewError::Unavailable(Unavailable("a read failed for no reason".into())),
    }
}
