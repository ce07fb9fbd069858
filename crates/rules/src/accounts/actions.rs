//! What can be asked, and what happened.

use super::{KeyKind, KeyTerms, SealingKind};
use crate::{Address, B256};

/// What can be asked. "Account" is the caller by its root key or by an admin key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Account: lets a key act for it. An address is a key of an account once.
    AuthorizeKey { key: Address, terms: KeyTerms },
    /// Account: any of its keys, or one that it never had. A limited key: itself.
    RevokeKey { key: Address },
    /// Account: names guardians, or with a count of 0 none. The first are so at once, others after
    /// [`super::GUARDIANS_DELAY_MS`].
    SetGuardians { commitment: B256, threshold: u8, count: u8 },
    /// Guardian: names the key that `account` should have, in place of what it named before; the zero address for none.
    /// `guardians` and `salt` open the commitment.
    NameKey { account: Address, key: Address, kind: KeyKind, salt: B256, guardians: Vec<Address> },
    /// Account: says no to the first request.
    VetoRecovery,
    /// Anyone: does what the deadline of the recovery says, where it has passed.
    RunDeadline { account: Address },
    /// Account: publishes a key that things are sealed to; the one before stays valid for `keep_ms` longer.
    PublishSealingKey { kind: SealingKind, public_key: Vec<u8>, keep_ms: u64 },
    /// Account: nothing more is to be sealed to it.
    WithdrawSealingKey { kind: SealingKind },
}

impl Action {
    /// As in the tables and the ABI.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AuthorizeKey { .. } => "AuthorizeKey",
            Self::RevokeKey { .. } => "RevokeKey",
            Self::SetGuardians { .. } => "SetGuardians",
            Self::NameKey { .. } => "NameKey",
            Self::VetoRecovery => "VetoRecovery",
            Self::RunDeadline { .. } => "RunDeadline",
            Self::PublishSealingKey { .. } => "PublishSealingKey",
            Self::WithdrawSealingKey { .. } => "WithdrawSealingKey",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    KeyAuthorized {
        account: Address,
        key: Address,
        kind: KeyKind,
        admin: bool,
        expires_ms: u64,
    },
    KeyRevoked {
        account: Address,
        key: Address,
    },
    /// A count of 0: none. They may recover from `from_ms` on.
    GuardiansSet {
        account: Address,
        commitment: B256,
        threshold: u8,
        count: u8,
        from_ms: u64,
    },
    /// `named` guardians name this key now; `needed` are needed.
    KeyNamed {
        account: Address,
        guardian: Address,
        key: Address,
        named: u8,
        needed: u8,
    },
    /// Enough of them do. The account may veto until `deadline_ms`, unless it did before.
    RecoveryBegun {
        account: Address,
        key: Address,
        again: bool,
        deadline_ms: u64,
    },
    /// A guardian named another key, and too few are left.
    RecoveryDropped {
        account: Address,
        key: Address,
    },
    /// For `again_ms` from now one guardian more is needed, and no veto is heard.
    RecoveryVetoed {
        account: Address,
        key: Address,
        again_ms: u64,
    },
    /// `key` is the account's only key. Root and all others are disabled.
    Recovered {
        account: Address,
        key: Address,
        epoch: u32,
    },
    SealingKeySet {
        account: Address,
        kind: SealingKind,
        /// keccak256 of the public key.
        key_hash: B256,
        /// Until when the one before is valid; 0 where there is none.
        previous_until_ms: u64,
    },
    SealingKeyWithdrawn {
        account: Address,
        kind: SealingKind,
    },
}
