//! The bytes of Ethereum's own types: whatever comes, the decoder answers, and what it takes has one encoding, so that one transaction has
//! one hash. (Type 0x76: batch/tests.rs.)

use super::CHAIN;
use crate::{Envelope, Transaction};
use alloy_consensus::{Signed, TxEip1559, TxEip2930, TxEip7702, TxEnvelope, TxLegacy};
use alloy_eips::{eip2718::Encodable2718 as _, eip2930::AccessList, eip2930::AccessListItem, eip7702::Authorization};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use proptest::{prelude::*, sample::Index};

/// One of each type that is taken, with everything in it that a type can have.
fn all() -> Vec<Vec<u8>> {
    let signature = Signature::test_signature();
    let input = Bytes::from(vec![7; 70]);
    let to = TxKind::Call(Address::repeat_byte(0x22));
    let item = AccessListItem { address: Address::repeat_byte(1), storage_keys: vec![B256::repeat_byte(2); 2] };
    let access_list = AccessList(vec![item]);
    let authorization = Authorization { chain_id: U256::from(CHAIN), address: Address::repeat_byte(3), nonce: 9 };
    let authorization_list = vec![authorization.into_signed(signature)];
    let legacy =
        TxLegacy { chain_id: Some(CHAIN), nonce: 300, gas_limit: 21_000, to, input: input.clone(), ..Default::default() };
    let listed = TxEip2930 { chain_id: CHAIN, gas_limit: 90_000, access_list: access_list.clone(), ..Default::default() };
    let common = TxEip1559 { chain_id: CHAIN, value: U256::from(1) << 200, to, input: input.clone(), ..Default::default() };
    let delegating =
        TxEip7702 { chain_id: CHAIN, gas_limit: 90_000, access_list, authorization_list, input, ..Default::default() };
    let all: [TxEnvelope; 4] = [
        Signed::new_unhashed(legacy, signature).into(),
        Signed::new_unhashed(listed, signature).into(),
        Signed::new_unhashed(common, signature).into(),
        Signed::new_unhashed(delegating, signature).into(),
    ];
    all.iter().map(|envelope| envelope.encoded_2718()).collect()
}

fn look(raw: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(envelope) = Envelope::decode(raw) {
        prop_assert_eq!(envelope.encoded(), raw);
    }
    let _ = Transaction::decode(raw, CHAIN); // whether it is taken is not asked here, only that there is an answer
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(4_000), failure_persistence: None, ..Default::default() })]

    #[test]
    fn changed_bytes_never_panic(which in any::<Index>(), changes in prop::collection::vec((any::<Index>(), any::<u8>(), 0..4u8), 1..4)) {
        let mut raw = which.get(&all()).clone();
        for (at, byte, how) in changes {
            let at = at.index(raw.len());
            match how {
                0 | 1 => raw[at] = byte,
                2 => raw.insert(at, byte),
                _ => raw.truncate(at + 1),
            }
        }
        look(&raw)?;
    }

    #[test]
    fn arbitrary_bytes_never_panic(kind in 0..6u8, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        look(&[&[kind][..], &bytes].concat())?;
        look(&bytes)?;
    }
}

#[test]
fn every_type_is_taken_as_it_is() {
    for raw in all() {
        assert_eq!(Envelope::decode(&raw).map(|envelope| envelope.encoded()), Ok(raw));
    }
}
