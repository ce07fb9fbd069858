//! Nonces beside an account's own: as many sequences as it likes, each a record.
//!
//! Transactions of different sequences do not wait for each other. Key 0 is the account's own nonce and has no record here.

use crate::{Bytes, Key, keys};
use alloy_primitives::{Address, U256};
use borsh::{BorshDeserialize, BorshSerialize};

/// What the database keeps about one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct NonceRecord {
    /// Whose, so that a proof of this record says so.
    pub account: [u8; 20],
    /// The nonce key, big-endian.
    pub key: [u8; 32],
    /// The next nonce; no record stands where it is 0.
    pub next: u64,
}

impl NonceRecord {
    pub fn new(account: Address, key: U256, next: u64) -> Self {
        Self { account: account.0.0, key: key.to_be_bytes(), next }
    }

    /// Where this record stands.
    pub fn place(account: Address, key: U256) -> Key {
        keys::nonce(account, key)
    }

    /// # Errors
    /// `None` where the bytes are not the record of that sequence.
    pub fn decode(bytes: &[u8], account: Address, key: U256) -> Option<Self> {
        Self::try_from_slice(bytes).ok().filter(|record| *record == Self::new(account, key, record.next))
    }

    pub fn encode(&self) -> Bytes {
        // Borsh into a vector cannot fail.
        borsh::to_vec(self).unwrap_or_default().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{hex, keccak256};

    #[test]
    fn the_encoding_of_a_sequence_never_moves_and_names_its_owner() {
        let (account, key) = (Address::repeat_byte(0x22), U256::from(7));
        let bytes = NonceRecord::new(account, key, 9).encode();
        assert_eq!(NonceRecord::decode(&bytes, account, key).map(|record| record.next), Some(9));
        assert_eq!(NonceRecord::decode(&bytes, account, U256::from(8)), None);
        assert_eq!(NonceRecord::decode(&bytes, Address::ZERO, key), None);
        assert_eq!(bytes.len() as u64, crate::gas::NONCE_RECORD_BYTES);
        assert_eq!(keccak256(&bytes), hex!("5e8a946706fc8256a80ee6fe7b83f88bb702f875be624d2c4542a72fcda2c254"));
    }
}
