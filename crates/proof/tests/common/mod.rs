//! Real files, and what somebody may do to them who means harm.
#![allow(dead_code, reason = "each test binary uses a part")]

use alloy_primitives::{B256, Bytes, hex, keccak256};
use alloy_rlp::Decodable as _;
use alloy_trie::nodes::TrieNode;
use dure_proof::{Anchor, CHECKSUM_BYTES, Certificate, Claim, Header, Place, Proof, checksum};
use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use proptest::{prelude::*, sample::Index};
use std::sync::LazyLock;

/// Files of every kind, which crates/dure/tests/proof.rs took from a chain of four.
pub static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../../sdk/ts/test/vectors/proofs.json")).expect("JSON");
    let proofs = vectors["proofs"].as_array().expect("a list");
    proofs.iter().map(|proof| hex::decode(proof["file"].as_str().expect("text")).expect("digits")).collect()
});

/// Makes the checksum good.
pub fn mend(file: &mut [u8]) {
    let end = file.len().saturating_sub(CHECKSUM_BYTES);
    let (body, sum) = file.split_at_mut(end);
    sum.copy_from_slice(&checksum(body)[..sum.len()]);
}

/// One change of a file.
#[derive(Clone, Debug)]
pub enum Change {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, u8),
    /// A length or a number that claims much.
    Claim(Index, [u8; 4]),
    /// From here on another file.
    Splice(Index, Index, Index),
}

impl Change {
    pub fn any() -> impl Strategy<Value = Self> {
        let at = any::<Index>;
        prop_oneof![
            4 => (at(), any::<u8>()).prop_map(|(at, byte)| Self::Set(at, byte)),
            1 => (at(), prop::collection::vec(any::<u8>(), 1..80)).prop_map(|(at, more)| Self::Insert(at, more)),
            1 => (at(), any::<u8>()).prop_map(|(at, count)| Self::Remove(at, count)),
            1 => (at(), prop_oneof![Just([0xff; 4]), Just([0x7f, 0xff, 0xff, 0xff]), Just([0; 4]), any::<[u8; 4]>()])
                .prop_map(|(at, claim)| Self::Claim(at, claim)),
            1 => (at(), at(), at()).prop_map(|(at, which, from)| Self::Splice(at, which, from)),
        ]
    }

    pub fn make(&self, file: &mut Vec<u8>) {
        match self {
            Self::Set(at, byte) => *at.get_mut(file) = *byte,
            Self::Insert(at, more) => {
                let at = at.index(file.len());
                file.splice(at..at, more.iter().copied());
            }
            Self::Remove(at, count) => {
                let at = at.index(file.len());
                let end = (at + usize::from(*count)).min(file.len() - 1);
                file.drain(at.min(end)..end);
            }
            Self::Claim(at, claim) => {
                let at = at.index(file.len());
                file.iter_mut().skip(at).zip(claim).for_each(|(byte, claimed)| *byte = *claimed);
            }
            Self::Splice(at, which, from) => {
                let other = which.get(&FILES);
                file.truncate(at.index(file.len()) + 1);
                file.extend(&other[from.index(other.len())..]);
            }
        }
    }
}

/// Changes one of the parts of a proof and leaves its frame whole; its roots then follow, so that what is behind them is looked at too.
pub fn bend(proof: &mut Proof, which: Index, change: &Change, number: u64) {
    let mut parts: Vec<&mut Bytes> = match &mut proof.claim {
        Claim::State { subject, span, place } => {
            let Place { location, leaves, inactive_peaks, digests, .. } = &mut **place;
            match number % 8 {
                0 => *location = number >> (number % 61),
                1 => *leaves = number >> (number % 61),
                2 => *inactive_peaks = number.to_be_bytes()[0],
                3 => digests.truncate(which.index(digests.len() + 1)),
                4 => digests.push(B256::repeat_byte(number.to_be_bytes()[0])),
                _ => {}
            }
            vec![&mut subject.id, &mut span.value]
        }
        Claim::Receipt(receipt) => {
            if number.is_multiple_of(8) {
                receipt.log_index = Some(number.to_be_bytes()[0].into());
            }
            receipt.transaction.iter_mut().chain(&mut receipt.receipt).collect()
        }
    };
    let at = which.index(parts.len());
    *parts[at] = bent(parts[at], change).into();
    if let Claim::Receipt(receipt) = &proof.claim
        && let Ok(header) = Header::decode(&proof.headers[0])
    {
        let mut bytes = proof.headers[0].to_vec();
        for (old, nodes) in [(header.transactions_root, &receipt.transaction), (header.receipts_root, &receipt.receipt)] {
            let place = bytes.windows(32).position(|part| part == old.as_slice()).expect("the header has it");
            bytes[place..place + 32].copy_from_slice(keccak256(&nodes[0]).as_slice());
        }
        proof.headers[0] = bytes.into();
        proof.headers.truncate(1);
    }
}

/// The part with a change; of a leaf often what it holds, so that it is still a leaf.
fn bent(part: &[u8], change: &Change) -> Vec<u8> {
    let mut leaf = match TrieNode::decode(&mut &part[..]) {
        Ok(TrieNode::Leaf(leaf)) if !matches!(change, Change::Claim(..)) => Some(leaf),
        _ => None,
    };
    let mut bytes = leaf.as_ref().map_or(part, |leaf| &leaf.value).to_vec();
    if !bytes.is_empty() {
        change.make(&mut bytes);
    }
    let Some(leaf) = &mut leaf else { return bytes };
    leaf.value = bytes;
    alloy_rlp::encode(leaf)
}

/// A file of which the only validator has made a block final, so that everything behind the certificate is looked at too.
pub fn signed(mut proof: Proof) -> Option<(Vec<u8>, Anchor)> {
    let key = SigningKey::from([7; 32]);
    let public = VerificationKeyBytes::from(&key);
    let last = Header::decode(proof.headers.last()?).ok()?.hash;
    let signature = key.sign(&proof.certificate.signed(&proof.genesis, &last)).to_bytes();
    proof.certificate = Certificate { signatures: vec![(0, signature)], ..proof.certificate };
    let anchor = Anchor { genesis: proof.genesis, validators: vec![B256::from(<[u8; 32]>::from(public))] };
    Some((proof.encode(), anchor))
}
