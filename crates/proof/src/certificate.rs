//! That a quorum of validators made a block final: simplex's finalisation with ed25519 signatures.

use crate::{Anchor, Refused};
use alloc::vec::Vec;
use alloy_primitives::B256;
use ed25519_zebra::{Signature, VerificationKey};

/// What every vote of a chain is signed for, before the hash of its genesis and the kind of vote.
const PURPOSE: &[u8] = b"dure";
const FINALIZE: &[u8] = b"_FINALIZE";

/// Who made a block final, in which round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub epoch: u64,
    pub view: u64,
    /// View of the block's parent.
    pub parent_view: u64,
    /// Numbers of validators in the order of their keys, ascending, each with its signature.
    pub signatures: Vec<(u8, [u8; 64])>,
}

impl Certificate {
    /// What its validators signed on the chain of `genesis` for `block`: the purpose after its length, then epoch, view and parent's view as
    /// varints, then the block.
    pub fn signed(&self, genesis: &B256, block: &B256) -> Vec<u8> {
        let purpose = [PURPOSE, genesis.as_slice(), FINALIZE].concat();
        let mut message = Vec::new();
        varint(purpose.len() as u64, &mut message);
        message.extend(purpose);
        for number in [self.epoch, self.view, self.parent_view] {
            varint(number, &mut message);
        }
        message.extend(block);
        message
    }
}

/// How many of `validators` must sign: all but a third, rounded down, of all but one.
pub const fn quorum(validators: usize) -> usize {
    validators - validators.saturating_sub(1) / 3
}

/// Checks that a quorum signed the block with this hash.
pub(crate) fn check(certificate: &Certificate, anchor: &Anchor, block: &B256) -> Result<(), Refused> {
    let (found, needed) = (certificate.signatures.len(), quorum(anchor.validators.len()).max(1));
    if found < needed {
        return Err(Refused::Quorum { found, needed });
    }
    let message = certificate.signed(&anchor.genesis, block);
    for (number, signature) in &certificate.signatures {
        let key = anchor.validators.get(usize::from(*number)).ok_or(Refused::NoValidator(*number))?;
        let key = VerificationKey::try_from(key.0).map_err(|_| Refused::NoValidator(*number))?;
        key.verify(&Signature::from_bytes(signature), &message).map_err(|_| Refused::Signature(*number))?;
    }
    Ok(())
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
pub(crate) fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_may_be_missing_and_never_more() {
        let needed = [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5), (10, 7), (16, 11), (128, 86)];
        assert!(needed.iter().all(|(validators, needed)| quorum(*validators) == *needed));
    }

    #[test]
    fn varints_are_seven_bits_a_byte() {
        let encoded = |number| {
            let mut out = Vec::new();
            varint(number, &mut out);
            out
        };
        assert_eq!(encoded(0), [0]);
        assert_eq!(encoded(0x7f), [0x7f]);
        assert_eq!(encoded(0x80), [0x80, 1]);
        assert_eq!(encoded(u64::MAX).len(), 10);
    }
}
