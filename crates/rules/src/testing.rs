//! What the tests of all institutions share.

use crate::{Address, B256, Draft, Env, Event, Failure, Memory, Verifier, audit};

/// Knows no key: for institutions that check no signature.
pub struct NoKeys;

impl Verifier for NoKeys {
    fn p256(&self, _: &[u8; 64], _: &B256, _: &[u8; 64]) -> bool {
        false
    }

    fn secp256k1(&self, _: &[u8; 64], _: &B256, _: &[u8; 64]) -> bool {
        false
    }
}

/// Runs one transition and audits the books. Where it fails nothing is kept.
pub fn transact<T>(
    memory: &mut Memory,
    time_ms: u64,
    caller: Address,
    run: impl FnOnce(&mut Draft<'_>) -> Result<T, Failure>,
) -> Result<(T, Vec<Event>), Failure> {
    let env = Env { chain_id: 1, height: 1, time_ms, caller, key: None };
    let mut draft = Draft::new(memory, &NoKeys, env);
    let output = run(&mut draft)?;
    let effects = draft.into_effects();
    memory.commit(&effects);
    assert_eq!(audit(memory), Ok(Vec::new()));
    Ok((output, effects.events))
}
