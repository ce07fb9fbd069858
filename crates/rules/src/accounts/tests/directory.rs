//! Sealing keys: one of each kind, and the one before for a time.

use super::fixture::*;
use crate::accounts::*;
use alloy_primitives::keccak256;

fn publish(kind: SealingKind, bytes: usize, byte: u8, keep_ms: u64) -> Action {
    Action::PublishSealingKey { kind, public_key: vec![byte; bytes], keep_ms }
}

#[test]
fn a_key_has_the_length_of_its_kind_and_stays_for_a_time_beside_the_next() {
    let mut town = Town::new();
    for (kind, bytes) in [(SealingKind::X25519, 32), (SealingKind::XWing, 1_216)] {
        for wrong in [0, bytes - 1, bytes + 1] {
            let outcome = town.act(OWNER, None, publish(kind, wrong, 1, 0));
            assert_eq!(outcome, refused(Refusal::OutOfBounds { field: Field::PublicKey }));
        }
        let outcome = town.act(OWNER, None, publish(kind, bytes, 1, OVERLAP_MAX_MS + 1));
        assert_eq!(outcome, refused(Refusal::OutOfBounds { field: Field::Overlap }));
        let withdraw = Action::WithdrawSealingKey { kind };
        assert_eq!(town.act(OWNER, None, withdraw.clone()), refused(Refusal::NoSealingKey { account: OWNER }));
        let mut previous = None;
        for (byte, keep_ms, kept) in [(1, OVERLAP_MAX_MS, None), (2, OVERLAP_MAX_MS, Some(1)), (3, 5, Some(2)), (4, 0, None)] {
            town.act(OWNER, Some(ADMIN), publish(kind, bytes, byte, keep_ms)).expect("published");
            let record = SEALING_KEYS.get(&mut town.memory, &(OWNER, kind)).expect("read").expect("a key");
            assert_eq!((record.public_key, record.since_ms), (vec![byte; bytes], town.now_ms));
            let until_ms = town.now_ms + keep_ms;
            previous = kept.map(|byte| PreviousKey { public_key: vec![byte; bytes], until_ms });
            assert_eq!(record.previous, previous);
            let key_hash = keccak256(vec![byte; bytes]);
            let previous_until_ms = previous.as_ref().map_or(0, |previous| previous.until_ms);
            assert_eq!(town.events, [Event::SealingKeySet { account: OWNER, kind, key_hash, previous_until_ms }.into()]);
        }
        assert_eq!(previous, None, "without an overlap the one before is gone");
        town.act(OWNER, None, withdraw).expect("withdrawn");
        assert_eq!(SEALING_KEYS.get(&mut town.memory, &(OWNER, kind)), Ok(None));
    }
}
