//! Modules as precompiles: once for all of them, refuse what no module takes, charge, decode, apply the rules to a draft
//! over journaled records, and write what they decided.
//!
//! This module never decides a rule. A refusal becomes a revert with the refusal's Solidity error in it; a fault of this
//! node never becomes either.

use crate::ledger::{Acting, Db, RECORDS, Shared};
use crate::{BlockEnv, Key, gas, keys, law};
use alloy_evm::precompiles::{DynPrecompile, PrecompileInput, PrecompilesMap};
use alloy_evm::{EvmInternals, precompiles::PrecompileLookup};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, Log};
use alloy_sol_types::SolError as _;
use dure_api::abi;
pub(crate) use dure_api::abi::module::IModule::{
    DelegateCallNotAllowed, Malformed, NotAModule, NotPayable, StaticCallNotAllowed, UnknownSelector,
};
use dure_rules::{Draft, Effects, Env, Event, Source, Stop, Verifier, accounts};
use revm::bytecode::Bytecode;
use revm::context::journaled_state::JournalLoadError;
use revm::context_interface::cfg::gas::GasTracker;
use revm::precompile::kzg_point_evaluation::POINT_EVALUATION;
use revm::precompile::{
    Precompile, PrecompileError, PrecompileHalt, PrecompileId, PrecompileOutput, PrecompileResult, PrecompileStatus, Precompiles,
};
use std::sync::LazyLock;

/// How a module call ends when it does not succeed.
pub(crate) enum End {
    Reverted(Bytes),
    Stopped(Stop),
}

impl From<Stop> for End {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

/// What every block does by itself, given its parent's hash.
pub(crate) type Due = fn(&mut dyn Source, &dyn Verifier, Env, B256) -> Result<Effects, Stop>;

/// What stands at the modules' addresses. There is one on every chain, [`crate::law::LAW`]; tests of the machine bring
/// their own.
#[derive(Clone, Copy)]
pub(crate) struct Law {
    pub is_module: fn(&Address) -> bool,
    /// Decodes and applies: the answer is the ABI encoding of the output.
    pub call: fn(&mut Draft<'_>, to: Address, data: &[u8], is_static: bool) -> Result<Bytes, End>,
    pub due: Due,
    /// Records that `due` will likely look at.
    pub due_hints: fn(&Env, &mut Vec<Key>),
    pub log: fn(&Event) -> Log,
    /// Records that a call of a module will surely or likely touch: caller, module, calldata.
    pub hints: fn(Address, Address, &[u8], &mut Vec<Key>),
}

/// Where in time and on which chain the modules act.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub chain_id: u64,
    height: u64,
    time_ms: u64,
}

impl Place {
    pub fn of(env: &BlockEnv) -> Self {
        Self { chain_id: env.chain_id, height: env.number, time_ms: env.time_ms }
    }

    /// For an account that acts by its own key, and for a contract.
    pub fn env(self, caller: Address) -> Env {
        self.env_by(caller, None)
    }

    /// For the caller of a frame: the account that acts by an access key does so however deep the frame is.
    fn env_by(self, caller: Address, acting: Option<Acting>) -> Env {
        let key = acting.filter(|acting| acting.account == caller).map(|acting| acting.key);
        Env { chain_id: self.chain_id, height: self.height, time_ms: self.time_ms, caller, key }
    }
}

/// Ethereum's precompiles of Osaka, and the modules.
pub(crate) fn precompiles(law: Law, place: Place, db: &Db<'_>) -> PrecompilesMap {
    let mut map = PrecompilesMap::from_static(&ETHEREUMS);
    map.set_precompile_lookup(Lookup { law, place, ledger: db.ledger.clone() });
    map
}

static ETHEREUMS: LazyLock<Precompiles> = LazyLock::new(|| {
    let mut all = Precompiles::osaka().clone();
    all.extend([Precompile::new(PrecompileId::KzgPointEvaluation, *POINT_EVALUATION.address(), point_evaluation)]);
    all
});

/// EIP-4844's precompile at the price of [`gas::POINT_EVALUATION`].
fn point_evaluation(input: &[u8], gas_limit: u64, reservoir: u64) -> PrecompileResult {
    if gas_limit < gas::POINT_EVALUATION {
        return Ok(PrecompileOutput::halt(PrecompileHalt::OutOfGas, reservoir));
    }
    let mut output = POINT_EVALUATION.execute(input, gas_limit, reservoir)?;
    if matches!(output.status, PrecompileStatus::Success) {
        output.gas_used = gas::POINT_EVALUATION;
    }
    Ok(output)
}

struct Lookup {
    law: Law,
    place: Place,
    ledger: Shared,
}

impl PrecompileLookup for Lookup {
    fn lookup(&self, address: &Address) -> Option<DynPrecompile> {
        if self.ledger.lock().acting.is_some_and(|acting| acting.limited && acting.account == *address) {
            return Some(DynPrecompile::new_stateful(PrecompileId::Custom("own code".into()), keep_own_code_still));
        }
        if !(self.law.is_module)(address) {
            return None;
        }
        let (law, place, ledger) = (self.law, self.place, self.ledger.clone());
        let id = PrecompileId::Custom(std::borrow::Cow::Borrowed("module"));
        Some(DynPrecompile::new_stateful(id, move |input| run(law, place, &ledger, input)))
    }
}

/// What stands at an account while a limited key acts for it: code that the account has taken on (EIP-7702) would do as the
/// account whatever any contract tells it, and a key's scope never names its own account. Without code a call does nothing.
fn keep_own_code_still(input: PrecompileInput<'_>) -> PrecompileResult {
    let PrecompileInput { bytecode_address: account, mut internals, reservoir, gas, .. } = input;
    let nothing =
        PrecompileOutput::from_gas_tracker(PrecompileStatus::Success, Bytes::new(), GasTracker::new(gas, gas, reservoir));
    let loaded = internals.load_account_code(account).map_err(|_| PrecompileError::Fatal("an account is not at hand".into()))?;
    if loaded.code().is_none_or(Bytecode::is_empty) {
        return Ok(nothing);
    }
    let refusal = accounts::Refusal::TargetOutOfScope { target: account }.into();
    Ok(PrecompileOutput { status: PrecompileStatus::Revert, bytes: abi::refusal_to_error(&refusal), ..nothing })
}

/// No checkpoint here: revm's call frame makes one before a precompile and reverts to it unless the call succeeds.
fn run(law: Law, place: Place, ledger: &Shared, input: PrecompileInput<'_>) -> PrecompileResult {
    let direct = input.is_direct_call();
    let PrecompileInput { data, gas, reservoir, caller, value, is_static, target_address: to, mut internals, .. } = input;
    let mut records = Records { internals: &mut internals, ledger, gas: GasTracker::new(gas, gas, reservoir) };
    let ended = (|| {
        if !direct {
            return Err(End::Reverted(DelegateCallNotAllowed {}.abi_encode().into()));
        }
        if !value.is_zero() {
            return Err(End::Reverted(NotPayable {}.abi_encode().into()));
        }
        records.charge(gas::CALL + gas::CALL_WORD * gas::words(data.len()))?;
        let acting = records.ledger.lock().acting;
        let mut draft = Draft::new(&mut records, &Signatures, place.env_by(caller, acting));
        let output = (law.call)(&mut draft, to, data, is_static)?;
        let effects = draft.into_effects();
        records.carry_out(law, effects)?;
        Ok(output)
    })();
    let (status, bytes) = match ended {
        Ok(output) => (PrecompileStatus::Success, output),
        Err(End::Reverted(bytes)) => (PrecompileStatus::Revert, bytes),
        Err(End::Stopped(Stop::OutOfGas)) => (PrecompileStatus::Halt(PrecompileHalt::OutOfGas), Bytes::new()),
        Err(End::Stopped(Stop::Missing(_))) => return Err(PrecompileError::Fatal("a record is not at hand".into())),
        Err(End::Stopped(Stop::Corrupt(key))) => {
            records.ledger.lock().found_corrupt(key);
            return Err(PrecompileError::Fatal("a record does not decode".into()));
        }
    };
    Ok(PrecompileOutput::from_gas_tracker(status, bytes, records.gas))
}

/// Records seen through revm's journal, each at its price.
struct Records<'a, 'e> {
    internals: &'a mut EvmInternals<'e>,
    ledger: &'a Shared,
    gas: GasTracker,
}

impl Records<'_, '_> {
    /// The pointer to a record, charged as the first or a later look at it. Nothing is fetched that is not paid for.
    fn pointer(&mut self, key: Key) -> Result<alloy_primitives::U256, Stop> {
        self.charge(gas::RECORD_WARM)?;
        let missing = Stop::Missing(key);
        let mut holder = self.internals.load_account_mut(RECORDS).map_err(|_| missing)?;
        match holder.sload(key.into(), true) {
            Ok(slot) => return Ok(slot.present_value),
            Err(JournalLoadError::DBError(_)) => return Err(missing),
            Err(JournalLoadError::ColdLoadSkipped) => {}
        }
        if !self.gas.record_regular_cost(gas::RECORD_COLD) {
            return Err(Stop::OutOfGas);
        }
        let slot = holder.sload(key.into(), false).map_err(|_| missing)?;
        Ok(slot.present_value)
    }

    fn write(&mut self, key: Key, value: Option<Bytes>) -> Result<(), Stop> {
        let pointer = self.pointer(key)?;
        let before = self.ledger.lock().record(&key, pointer);
        if before == value {
            return Ok(());
        }
        let bytes = value.as_ref().map_or(0, |value| value.len() as u64);
        let change = if before.is_none() { gas::RECORD_NEW } else { gas::RECORD_CHANGE };
        self.charge(change + gas::RECORD_WRITE_BYTE * bytes)?;
        let pointer = self.ledger.lock().put(value);
        let mut holder = self.internals.load_account_mut(RECORDS).map_err(|_| Stop::Missing(key))?;
        holder.sstore(key.into(), pointer, false).map_err(|_| Stop::Missing(key))?;
        Ok(())
    }

    /// As [`crate::ledger::Ledger::end_delegation`], within a transaction.
    fn end_delegation(&mut self, who: Address) -> Result<(), Stop> {
        self.charge(gas::END_DELEGATION)?;
        let missing = Stop::Missing(keys::account(who));
        let mut account = self.internals.load_account_code(who).map_err(|_| missing)?;
        if account.code().is_some_and(Bytecode::is_eip7702) {
            account.set_code(KECCAK256_EMPTY, Bytecode::default());
        }
        Ok(())
    }

    /// Where the gas ends half-way, revm puts back what was written until then.
    fn carry_out(&mut self, law: Law, effects: Effects) -> Result<(), Stop> {
        for (key, value) in effects.writes {
            self.write(key, value)?;
        }
        for account in law::recovered(&effects.events) {
            self.end_delegation(account)?;
        }
        for event in &effects.events {
            let log = (law.log)(event);
            let topics = gas::LOG * (1 + log.topics().len() as u64);
            self.charge(topics + gas::LOG_BYTE * log.data.data.len() as u64)?;
            self.internals.log(log);
        }
        Ok(())
    }
}

impl Source for Records<'_, '_> {
    fn read(&mut self, key: Key) -> Result<Option<Bytes>, Stop> {
        let pointer = self.pointer(key)?;
        let value = self.ledger.lock().record(&key, pointer);
        self.charge(gas::RECORD_READ_WORD * value.as_ref().map_or(0, |value| gas::words(value.len())))?;
        Ok(value)
    }

    fn charge(&mut self, gas: u64) -> Result<(), Stop> {
        if self.gas.record_regular_cost(gas) { Ok(()) } else { Err(Stop::OutOfGas) }
    }
}

/// Signature checks of the C libraries; what the rules ask for on the chain.
pub(crate) struct Signatures;

/// Half the order of P-256 (SEC 2, 2.4.2), rounded down: the largest low s.
const P256_HALF_ORDER: [u8; 32] = alloy_primitives::hex!("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8");

impl Verifier for Signatures {
    fn p256(&self, public_key: &[u8; 64], prehash: &B256, signature: &[u8; 64]) -> bool {
        use aws_lc_rs::{digest, signature as ec};
        let mut key = [4u8; 65]; // SEC 1, 2.3.3: an uncompressed point begins with 4
        key[1..].copy_from_slice(public_key);
        signature[32..] <= P256_HALF_ORDER[..]
            && digest::Digest::import_less_safe(prehash.as_slice(), &digest::SHA256).is_ok_and(|digest| {
                ec::UnparsedPublicKey::new(&ec::ECDSA_P256_SHA256_FIXED, key).verify_digest(&digest, signature).is_ok()
            })
    }

    /// libsecp256k1 refuses high s by itself.
    fn secp256k1(&self, public_key: &[u8; 64], prehash: &B256, signature: &[u8; 64]) -> bool {
        use secp256k1::{Message, PublicKey, SECP256K1, ecdsa::Signature};
        let mut key = [4u8; 65];
        key[1..].copy_from_slice(public_key);
        let (Ok(key), Ok(signature)) = (PublicKey::from_slice(&key), Signature::from_compact(signature)) else { return false };
        SECP256K1.verify_ecdsa(Message::from_digest(prehash.0), &signature, &key).is_ok()
    }

    /// Recovery alone would take a high s, so the signature is checked as well.
    fn recover_secp256k1(&self, prehash: &B256, odd_y: bool, signature: &[u8; 64]) -> Option<[u8; 64]> {
        use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
        use secp256k1::{Message, SECP256K1};
        let parity = if odd_y { RecoveryId::One } else { RecoveryId::Zero };
        let recoverable = RecoverableSignature::from_compact(signature, parity).ok()?;
        let key = SECP256K1.recover_ecdsa(Message::from_digest(prehash.0), &recoverable).ok()?;
        let key: [u8; 64] = key.serialize_uncompressed()[1..].try_into().ok()?;
        self.secp256k1(&key, prehash, signature).then_some(key)
    }
}
