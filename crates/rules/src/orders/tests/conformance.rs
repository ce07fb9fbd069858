//! What is stored and signed never changes by accident: other programs compute the same hashes, and chains live on.

use super::fixture::*;
use crate::orders::*;
use crate::{B256, Memory};
use alloy_primitives::{b256, keccak256};

#[test]
fn ids_and_commitments_are_as_documented() {
    let device = device_id(&KEY);
    assert_eq!(device, keccak256([b"dure.device".as_slice(), &[0], &[7; 64]].concat()));
    assert_eq!(offer_id(SHOP, 1), keccak256([b"dure.offer".as_slice(), SHOP.as_slice(), &1u32.to_le_bytes()].concat()));
    let order = order_id(device, 2, 3, 1);
    let id = [b"dure.order".as_slice(), device.as_slice(), &[2], &3u32.to_le_bytes(), &[1]].concat();
    assert_eq!(order, keccak256(id));
    let mut commitment = keccak256([b"dure.code".as_slice(), order.as_slice(), CODE.as_slice()].concat());
    for _ in 1..CODE_ROUNDS {
        commitment = keccak256(commitment);
    }
    assert_eq!(code_commitment(order, &CODE), commitment);
}

/// Over every record, in the order of their keys.
fn digest(memory: &Memory) -> B256 {
    let bytes = memory.0.iter().flat_map(|(key, value)| [key.as_slice(), &(value.len() as u32).to_be_bytes(), value].concat());
    keccak256(bytes.collect::<Vec<u8>>())
}

#[test]
fn the_records_of_a_known_history_keep_their_bytes() {
    let expected = [
        (OrderState::Placed, b256!("0x7aa0766b490dde14ab0b136c3339911d38bb212ef32f6a1210da37863f474e29")),
        (OrderState::Arbitration, b256!("0x91af34d3d11d5676f01d52b73361e828f168071807d6e876a2a2d4b9980cfffb")),
        (OrderState::Closed, b256!("0x1bdb9ebbdcbf5b8aff5f8331ed9aff1e54c46635076922a211f6a210a82428b6")),
    ];
    let found = expected.map(|(state, _)| (state, digest(&World::reach(state).0.memory)));
    assert_eq!(found, expected, "a chain that runs could not go on: is this change meant, and is there a migration?");
}
