//! Real files, and what somebody may do to them who means harm.

use alloy_primitives::{B256, hex};
use dure_proof::{Anchor, CHECKSUM_BYTES, Certificate, Header, Proof, checksum};
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
