//! Where accounts, slots and code stand in the authenticated database. Tags 0x01 to 0x0f are this crate's.

use alloy_primitives::{Address, B256, U256, keccak256};
use dure_rules::Key;

/// Tag of an account record.
pub const ACCOUNT: u8 = 0x01;
/// Tag of a storage slot of a contract.
pub const SLOT: u8 = 0x02;
/// Tag of a contract's code.
pub const CODE: u8 = 0x03;

/// Tag of a sequence of nonces beside an account's own.
pub const NONCE: u8 = 0x04;

/// The record of an account: [`crate::AccountRecord`].
pub fn account(address: Address) -> Key {
    tagged::<21>(ACCOUNT, &[address.as_slice()])
}

/// One storage slot of a contract: its 32-byte big-endian value, absent where zero.
pub fn slot(address: Address, index: U256) -> Key {
    tagged::<53>(SLOT, &[address.as_slice(), &index.to_be_bytes::<32>()])
}

/// The code with this keccak256 hash.
pub fn code(hash: B256) -> Key {
    tagged::<33>(CODE, &[hash.as_slice()])
}

/// A sequence of an account's nonces: [`crate::NonceRecord`].
pub fn nonce(address: Address, key: U256) -> Key {
    tagged::<53>(NONCE, &[address.as_slice(), &key.to_be_bytes::<32>()])
}

/// Tag byte, then the first 31 bytes of keccak256(tag ‖ parts): the same form as [`dure_rules::Table::key`].
fn tagged<const N: usize>(tag: u8, parts: &[&[u8]]) -> Key {
    let mut preimage = [0u8; N];
    preimage[0] = tag;
    let mut at = 1;
    for part in parts {
        preimage[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    let mut key = keccak256(preimage);
    key.0.copy_within(0..31, 1);
    key.0[0] = tag;
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_chain_never_move() {
        let who = Address::repeat_byte(0x11);
        let one = U256::from(1);
        let all = [account(who), slot(who, one), slot(who, U256::from(2)), code(B256::ZERO), nonce(who, one)];
        assert_eq!(all.map(|key| key.0[0]), [ACCOUNT, SLOT, SLOT, CODE, NONCE]);
        assert_ne!(all[1], all[2]);
        assert_ne!(all[1].0[1..], all[4].0[1..], "the tag is hashed too");
        assert_eq!(account(who).0[1..], keccak256([&[1u8][..], who.as_slice()].concat()).0[..31]);
    }
}
