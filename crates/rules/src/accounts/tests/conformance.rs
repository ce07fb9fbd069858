//! What is stored and committed to never changes by accident.

use super::fixture::*;
use crate::accounts::*;
use crate::{B256, Memory};
use alloy_primitives::{b256, keccak256};

#[test]
fn the_guardians_commitment_is_as_documented() {
    let mut preimage = [b"dure.guardians".as_slice(), OWNER.as_slice(), SALT.as_slice(), &4u32.to_le_bytes()].concat();
    preimage.extend(GUARDIANS.iter().flat_map(|guardian| guardian.0));
    assert_eq!(commitment(), keccak256(preimage));
}

/// Over every record of this institution, in the order of their keys.
fn digest(memory: &Memory) -> B256 {
    let own = memory.0.iter().filter(|(key, _)| (KEYS.tag..=SEALING_KEYS.tag).contains(&key.0[0]));
    let bytes = own.flat_map(|(key, value)| [key.as_slice(), &(value.len() as u32).to_be_bytes(), value].concat());
    keccak256(bytes.collect::<Vec<u8>>())
}

#[test]
fn the_records_of_a_known_history_keep_their_bytes() {
    let expected = [
        (Stage::Gathering, b256!("0xb71f66e0f1ed9a7db241f763e706a868cb48dab8c1288e711e4a9b0f9c3d0f74")),
        (Stage::WaitingAgain, b256!("0x211c938e786fa4c15211ec8dbc6a49784e31dcc84715401374ed9ea3e83f11c0")),
    ];
    let found = expected.map(|(stage, _)| {
        let mut town = Town::at(stage);
        let public_key = vec![7; 32];
        let publish = Action::PublishSealingKey { kind: SealingKind::X25519, public_key, keep_ms: 1 };
        for _ in 0..2 {
            town.act(OWNER, None, publish.clone()).expect("published");
        }
        (stage, digest(&town.memory))
    });
    assert_eq!(found, expected, "a chain that runs could not go on: is this change meant, and is there a migration?");
}
