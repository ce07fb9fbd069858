//! How a transition meets the world: it reads through a [`Source`], and collects what it would change in a [`Draft`].

use crate::{Address, B256, Event, Key, Refusal};
use alloy_primitives::Bytes;
use std::collections::BTreeMap;

/// Why a transition could not come to an answer. It is never the caller's fault alone and never appears in a receipt as a
/// refusal: the caller of the rules decides what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The record is not at hand yet; fetch it and run the transition again. Carries the key that is missing.
    Missing(Key),
    /// The caller's gas does not pay for the next read or write.
    OutOfGas,
    /// Bytes under this key do not decode: a fault of this node's storage, which must stop it.
    Corrupt(Key),
}

/// How a transition ends when it does not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A rule says no. Nothing changed; the refusal stands in the receipt.
    Refused(Refusal),
    /// The transition could not be run to its end.
    Stopped(Stop),
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

/// Where records come from: a map in tests, the authenticated database on the chain, a proof in a browser.
pub trait Source {
    /// The bytes stored under `key`, or `None` where no record stands.
    ///
    /// # Errors
    /// [`Stop::Missing`] where the record is not at hand, [`Stop::OutOfGas`] where reading it costs more than is left.
    fn read(&mut self, key: Key) -> Result<Option<Bytes>, Stop>;

    /// Charges for work beyond reading and writing, in gas. Free outside the chain.
    ///
    /// # Errors
    /// [`Stop::OutOfGas`].
    fn charge(&mut self, _gas: u64) -> Result<(), Stop> {
        Ok(())
    }
}

/// Signature checks that the rules need and do not write: on the chain aws-lc and libsecp256k1, in tests RustCrypto.
pub trait Verifier {
    /// ECDSA over P-256. `public_key` is x ‖ y, `signature` r ‖ s, both 64 bytes; high s is refused.
    fn p256(&self, public_key: &[u8; 64], prehash: &B256, signature: &[u8; 64]) -> bool;
    /// ECDSA over secp256k1. `public_key` is x ‖ y, `signature` r ‖ s, both 64 bytes; high s is refused.
    fn secp256k1(&self, public_key: &[u8; 64], prehash: &B256, signature: &[u8; 64]) -> bool;
    /// The key x ‖ y that signed with ECDSA over secp256k1, where there is one; `odd_y` is the parity of the signature's point.
    /// High s is refused. A verifier that cannot recover takes no such signature.
    fn recover_secp256k1(&self, _prehash: &B256, _odd_y: bool, _signature: &[u8; 64]) -> Option<[u8; 64]> {
        None
    }
}

/// Who asks, where and when. Given, never looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Env {
    /// EIP-155 chain id; part of everything a device signs.
    pub chain_id: u64,
    /// Height of the block being executed.
    pub height: u64,
    /// Consensus time of the block, milliseconds since 1970-01-01 UTC.
    pub time_ms: u64,
    /// The account that asks. For a deadline that runs by itself: [`crate::ids::SYSTEM`].
    pub caller: Address,
    /// The access key that the caller acts by; `None`: its root key, or the caller is a contract. See [`crate::accounts`].
    pub key: Option<Address>,
}

/// What a transition changes: records by key (`None` deletes) and events in the order in which they happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    pub writes: BTreeMap<Key, Option<Bytes>>,
    pub events: Vec<Event>,
}

/// Reads through to a source, keeps writes to itself. Dropped on a refusal, turned into [`Effects`] on success.
pub struct Draft<'a> {
    source: &'a mut dyn Source,
    pub env: Env,
    pub verifier: &'a dyn Verifier,
    effects: Effects,
}

impl<'a> Draft<'a> {
    pub fn new(source: &'a mut dyn Source, verifier: &'a dyn Verifier, env: Env) -> Self {
        Self { source, env, verifier, effects: Effects::default() }
    }

    /// Records that something happened.
    pub fn emit(&mut self, event: impl Into<Event>) {
        self.effects.events.push(event.into());
    }

    /// Stores `value` under `key`, or deletes what stands there.
    pub fn write(&mut self, key: Key, value: Option<Bytes>) {
        self.effects.writes.insert(key, value);
    }

    /// A draft over this one, for a step that may be refused without refusing the whole; see [`Draft::adopt`]. Another caller
    /// acts by no key of this one.
    pub fn nested(&mut self, caller: Address) -> Draft<'_> {
        let key = self.env.key.filter(|_| caller == self.env.caller);
        let (verifier, env) = (self.verifier, Env { caller, key, ..self.env });
        Draft { source: self, env, verifier, effects: Effects::default() }
    }

    /// Takes over what a nested draft changed.
    pub fn adopt(&mut self, effects: Effects) {
        self.effects.writes.extend(effects.writes);
        self.effects.events.extend(effects.events);
    }

    pub fn into_effects(self) -> Effects {
        self.effects
    }
}

impl Source for Draft<'_> {
    fn read(&mut self, key: Key) -> Result<Option<Bytes>, Stop> {
        match self.effects.writes.get(&key) {
            Some(written) => Ok(written.clone()),
            None => self.source.read(key),
        }
    }

    fn charge(&mut self, gas: u64) -> Result<(), Stop> {
        self.source.charge(gas)
    }
}

/// All records in memory: for tests, models and simulation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory(pub BTreeMap<Key, Bytes>);

impl Memory {
    /// Carries out what a transition decided.
    pub fn commit(&mut self, effects: &Effects) {
        for (key, value) in &effects.writes {
            match value {
                Some(bytes) => self.0.insert(*key, bytes.clone()),
                None => self.0.remove(key),
            };
        }
    }
}

impl Source for Memory {
    fn read(&mut self, key: Key) -> Result<Option<Bytes>, Stop> {
        Ok(self.0.get(&key).cloned())
    }
}
