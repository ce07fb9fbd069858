//! Why the rules say no.

use crate::{Address, Amount, B256};

/// In order of precedence: the first that holds is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The account was recovered: its root key stands no more.
    RootReplaced {
        account: Address,
    },
    UnknownKey {
        account: Address,
        key: Address,
    },
    KeyRevoked {
        key: Address,
    },
    /// A recovery came after this key.
    KeyReplaced {
        key: Address,
    },
    KeyExpired {
        expires_ms: u64,
    },
    /// Another kind of signature than the key was authorised with.
    WrongKind {
        have: u8,
        want: u8,
    },
    /// Contracts are made by the root key and admin keys alone.
    CreationOutOfScope,
    /// Coin is sent by the root key and admin keys alone.
    ValueOutOfScope,
    TargetOutOfScope {
        target: Address,
    },
    /// `selector` is zero for calldata that is shorter than one.
    SelectorOutOfScope {
        target: Address,
        selector: [u8; 4],
    },
    /// What leaves by this key in this period would be more than `left`.
    LimitExceeded {
        credit: Address,
        left: Amount,
        want: Amount,
    },
    /// A limited key may do nothing here but revoke itself.
    KeyMayNot {
        key: Address,
    },
    /// No key: zero, an institution, or the account itself.
    NotAKey {
        key: Address,
    },
    KeyKnown {
        key: Address,
    },
    /// A field outside its bounds.
    OutOfBounds {
        field: Field,
    },
    TooManyKeys {
        max: u32,
    },
    /// The only admin key of an account whose root key was replaced.
    LastKey {
        key: Address,
    },
    NoGuardians {
        account: Address,
    },
    /// While a recovery waits, and for a time after a veto, the guardians stay.
    GuardiansStay {
        until_ms: u64,
    },
    /// This list and salt are not those of the commitment.
    NotTheGuardians {
        commitment: B256,
    },
    NotAGuardian {
        caller: Address,
    },
    NothingWaits {
        account: Address,
    },
    /// The second request cannot be vetoed.
    VetoedBefore {
        vetoed_ms: u64,
    },
    NotDue {
        deadline_ms: u64,
    },
    NoSealingKey {
        account: Address,
    },
}

/// What is outside its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Field {
    /// An admin key with an expiry, limits or scopes.
    Admin = 0,
    Expiry = 1,
    Limits = 2,
    Amount = 3,
    Period = 4,
    /// None, too many, one target twice, this module, or the account itself.
    Scopes = 5,
    Selectors = 6,
    Threshold = 7,
    Count = 8,
    PublicKey = 9,
    Overlap = 10,
}
