//! The account record, and the allowance: what an account may spend where nothing costs money.
//!
//! Gas is free and therefore scarce. Each account has an allowance of gas that renews with consensus time up to a cap. At
//! inclusion the transaction's whole gas limit is reserved; what was not used is given back when it ends. All newcomers
//! together get at most [`crate::gas::NEWCOMERS_PERCENT`] of a block, because a fresh key costs nothing to make.
//! The allowance is a rule of consensus: a block with a transaction beyond it is invalid.

use crate::Bytes;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use borsh::{BorshDeserialize, BorshSerialize};

/// How far the community trusts an account with its blocks. An account without a record is a newcomer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Class {
    #[default]
    Newcomer = 0,
    Member = 1,
    Organisation = 2,
}

impl Class {
    /// What an account of this class has where its record names nothing else.
    pub const fn quota(self) -> Quota {
        match self {
            Self::Newcomer => Quota { gas_per_ms: 40, cap_gas: 3_000_000 },
            Self::Member => Quota { gas_per_ms: 1_000, cap_gas: 50_000_000 },
            Self::Organisation => Quota { gas_per_ms: 20_000, cap_gas: 1_000_000_000 },
        }
    }
}

/// How an allowance renews.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Quota {
    /// Gas that comes back per millisecond of consensus time.
    pub gas_per_ms: u64,
    /// Most gas that can be saved up.
    pub cap_gas: u64,
}

/// What is left of an allowance, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Allowance {
    /// Gas that was left at `at_ms`.
    pub left_gas: u64,
    /// Consensus time of the last transaction of this account, milliseconds since 1970-01-01 UTC.
    pub at_ms: u64,
}

/// What the database keeps about an account.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AccountRecord {
    /// Whose record this is, so that a proof of it says so.
    pub address: [u8; 20],
    /// Transactions sent, or contracts made by a contract.
    pub nonce: u64,
    /// Wei of the test mode's coin, big-endian; 0 on a community's chain.
    pub balance: [u8; 32],
    /// keccak256 of the code; that of no bytes where the account is a person's.
    pub code_hash: [u8; 32],
    pub class: Class,
    /// Where genesis gave this account an allowance of its own; else [`Class::quota`].
    pub quota: Option<Quota>,
    /// `None` until the account first sends: the allowance is full.
    pub allowance: Option<Allowance>,
}

impl AccountRecord {
    /// An account that nobody has heard of.
    pub const fn unknown(address: Address) -> Self {
        Self {
            address: address.0.0,
            nonce: 0,
            balance: [0; 32],
            code_hash: KECCAK256_EMPTY.0,
            class: Class::Newcomer,
            quota: None,
            allowance: None,
        }
    }

    /// # Errors
    /// `None` where the bytes are not an account record.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        Self::try_from_slice(bytes).ok()
    }

    pub fn encode(&self) -> Bytes {
        // Borsh into a vector cannot fail.
        borsh::to_vec(self).unwrap_or_default().into()
    }

    pub fn address(&self) -> Address {
        Address::from(self.address)
    }

    pub fn balance(&self) -> U256 {
        U256::from_be_bytes(self.balance)
    }

    pub fn code_hash(&self) -> B256 {
        B256::from(self.code_hash)
    }

    /// Whether this record says no more than its absence would (EIP-161, and nothing of ours either).
    pub fn says_nothing(&self) -> bool {
        *self == Self::unknown(self.address())
    }

    pub fn quota(&self) -> Quota {
        self.quota.unwrap_or(self.class.quota())
    }
}

/// Gas that the account may reserve at `now_ms`. Time that runs backwards renews nothing.
pub fn allowance_of(record: &AccountRecord, now_ms: u64) -> u64 {
    let quota = record.quota();
    match record.allowance {
        None => quota.cap_gas,
        Some(Allowance { left_gas, at_ms }) => {
            let renewed = now_ms.saturating_sub(at_ms).saturating_mul(quota.gas_per_ms);
            left_gas.saturating_add(renewed).min(quota.cap_gas)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{hex, keccak256};

    #[test]
    fn the_encoding_of_an_account_never_moves() {
        let record = AccountRecord {
            nonce: 7,
            class: Class::Member,
            quota: Some(Quota { gas_per_ms: 5, cap_gas: 6 }),
            allowance: Some(Allowance { left_gas: 1, at_ms: 2 }),
            ..AccountRecord::unknown(Address::repeat_byte(0x22))
        };
        let bytes = record.encode();
        assert_eq!(AccountRecord::decode(&bytes), Some(record));
        assert_eq!(keccak256(&bytes), hex!("3036e940bfd96f7b82b4f1bd72e77cbf709288be57839199587cbbd8937c7f50"));
    }

    #[test]
    fn an_allowance_renews_with_time_up_to_its_cap_and_never_backwards() {
        let spent = |left_gas, at_ms| AccountRecord {
            allowance: Some(Allowance { left_gas, at_ms }),
            quota: Some(Quota { gas_per_ms: 10, cap_gas: 1_000 }),
            ..AccountRecord::unknown(Address::ZERO)
        };
        for (left, at, now, expected) in [
            (0, 100, 100, 0),
            (0, 100, 101, 10),
            (5, 100, 150, 505),
            (5, 100, 10_000, 1_000),
            (5, 100, 50, 5),
            (0, 0, u64::MAX, 1_000),
        ] {
            assert_eq!(allowance_of(&spent(left, at), now), expected, "{left} at {at}, now {now}");
        }
        assert_eq!(allowance_of(&AccountRecord::unknown(Address::ZERO), 0), Class::Newcomer.quota().cap_gas);
    }
}
