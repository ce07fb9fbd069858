//! What the institution keeps, and every bound on it.

use crate::bounds::{DAY_MS, HOUR_MS};
use crate::credits::CreditId;
use crate::{Address, Amount, B256, Record, Table};
use alloy_primitives::{address, keccak256};
use borsh::{BorshDeserialize, BorshSerialize};

/// Where accounts keep their keys.
pub const MODULE: Address = address!("d00e000000000000000000000000000000000005");

/// Keys of one account that are listed at a time.
pub const KEYS_MAX: u32 = 32;
/// Credits that a limited key may spend.
pub const LIMITS_MAX: u32 = 8;
/// Targets that a limited key may call.
pub const SCOPES_MAX: u32 = 16;
/// Functions of one target that a scope names.
pub const SELECTORS_MAX: u32 = 16;
/// The longest that a limited key lasts.
pub const KEY_MAX_MS: u64 = 366 * DAY_MS;
/// Shortest and longest period of a limit; 0 stands for the whole life of the key.
pub const PERIOD_MIN_MS: u64 = HOUR_MS;
pub const PERIOD_MAX_MS: u64 = 366 * DAY_MS;

/// Fewest and most guardians: with fewer than two no threshold would lie below their count.
pub const GUARDIANS_MIN: u8 = 2;
pub const GUARDIANS_MAX: u8 = 16;
/// How long what a guardian named counts.
pub const NAMING_MS: u64 = 14 * DAY_MS;
/// From enough guardians to the new key: the time to veto.
pub const RECOVERY_DELAY_MS: u64 = 7 * DAY_MS;
/// How long after a veto the guardians' request is the second one.
pub const AGAIN_MS: u64 = 30 * DAY_MS;
/// Other guardians take over after this: a thief who names its own leaves the old ones time to recover.
pub const GUARDIANS_DELAY_MS: u64 = 14 * DAY_MS;

/// The longest that a sealing key stays valid beside its successor.
pub const OVERLAP_MAX_MS: u64 = 90 * DAY_MS;

/// What a key signs with. Numbers as in the transaction of type 0x76.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum KeyKind {
    Secp256k1 = 0,
    P256 = 1,
    /// A passkey (P-256 within WebAuthn).
    WebAuthn = 2,
}

impl KeyKind {
    pub const ALL: [Self; 3] = [Self::Secp256k1, Self::P256, Self::WebAuthn];

    /// The kind with this number, as in the ABI.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// How much of one credit may leave by the key in each period, counted from the day of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Limit {
    pub credit: CreditId,
    pub amount: Amount,
    /// 0: once in the key's life.
    pub period_ms: u64,
}

/// What of one target the key may call.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Scope {
    pub target: Address,
    /// Empty: everything that the target takes, calls without a selector included.
    pub selectors: Vec<[u8; 4]>,
}

/// What an account allows a key.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct KeyTerms {
    pub kind: KeyKind,
    /// A full key beside the first: no expiry, no limits, no scopes.
    pub admin: bool,
    /// The key stands before this time. 0 for an admin key.
    pub expires_ms: u64,
    /// What is not listed cannot be spent.
    pub limits: Vec<Limit>,
    /// What is not listed cannot be called.
    pub scopes: Vec<Scope>,
}

/// What left in a limit's period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Used {
    /// Which period since the key's day.
    pub period: u32,
    pub spent: Amount,
}

/// A key of an account. The record stays for ever, so that an old authorisation cannot bring a key back.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AccessKey {
    pub account: Address,
    pub key: Address,
    pub terms: KeyTerms,
    /// Which recovery of the account it came after; it stands until the next.
    pub epoch: u32,
    pub since_ms: u64,
    pub revoked: bool,
    /// One for each of the limits.
    pub used: Vec<Used>,
}

/// The keys of an account that are listed, and how often it was recovered. An account that was never recovered stands by its
/// root key, the one that its address is made from.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Ring {
    pub account: Address,
    pub epoch: u32,
    /// In the order in which they came; revoked ones are not listed.
    pub keys: Vec<Address>,
}

/// Who may recover an account: a hash of who they are, and how many must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GuardianSet {
    /// See [`guardians_commitment`].
    pub commitment: B256,
    pub threshold: u8,
    pub count: u8,
}

/// What takes the place of the guardians.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct NextGuardians {
    /// `None`: no guardians any more.
    pub set: Option<GuardianSet>,
    pub from_ms: u64,
}

/// The key that a guardian named for the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Naming {
    pub guardian: Address,
    pub key: Address,
    pub kind: KeyKind,
    pub at_ms: u64,
}

/// A key that enough guardians named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Waiting {
    pub key: Address,
    pub kind: KeyKind,
    pub deadline_ms: u64,
    /// The second request, after a veto: it cannot be vetoed.
    pub again: bool,
}

/// An account's guardians and how far they are. See the tables of [`crate::accounts`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Guardianship {
    pub account: Address,
    pub set: GuardianSet,
    pub next: Option<NextGuardians>,
    /// At most one for each guardian.
    pub named: Vec<Naming>,
    pub waiting: Option<Waiting>,
    /// When the first request was vetoed, 0 where none was.
    pub vetoed_ms: u64,
}

/// Algorithms of HPKE (RFC 9180) that things are sealed to people with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum SealingKind {
    /// DHKEM(X25519, HKDF-SHA256), RFC 9180.
    X25519 = 0,
    /// X-Wing (draft-connolly-cfrg-xwing-kem): X25519 and ML-KEM-768 together.
    XWing = 1,
}

impl SealingKind {
    pub const ALL: [Self; 2] = [Self::X25519, Self::XWing];

    /// The kind with this number, as in the ABI.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// Length of a public key.
    pub const fn bytes(self) -> u32 {
        match self {
            Self::X25519 => 32,
            Self::XWing => 1_216,
        }
    }
}

/// A sealing key that has a successor.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PreviousKey {
    pub public_key: Vec<u8>,
    /// What is sealed to it before this time is still opened.
    pub until_ms: u64,
}

/// What is sealed to an account is sealed to this.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SealingKey {
    pub account: Address,
    pub kind: SealingKind,
    pub public_key: Vec<u8>,
    pub since_ms: u64,
    pub previous: Option<PreviousKey>,
}

const LIST: u32 = 4;
const LIMIT: u32 = 20 + 16 + 8;
const SCOPE: u32 = 20 + LIST + 4 * SELECTORS_MAX;
const TERMS: u32 = 1 + 1 + 8 + LIST + LIMIT * LIMITS_MAX + LIST + SCOPE * SCOPES_MAX;
const SET: u32 = 32 + 1 + 1;
const SEALING_MAX: u32 = LIST + SealingKind::XWing.bytes();

impl Record for AccessKey {
    const MAX_BYTES: u32 = 20 + 20 + TERMS + 4 + 8 + 1 + LIST + 20 * LIMITS_MAX;
}
impl Record for Ring {
    const MAX_BYTES: u32 = 20 + 4 + LIST + 20 * KEYS_MAX;
}
impl Record for Guardianship {
    const MAX_BYTES: u32 = 20 + SET + (1 + 1 + SET + 8) + LIST + 49 * (GUARDIANS_MAX as u32) + (1 + 20 + 1 + 8 + 1) + 8;
}
impl Record for SealingKey {
    const MAX_BYTES: u32 = 20 + 1 + SEALING_MAX + 8 + (1 + SEALING_MAX + 8);
}

pub static KEYS: Table<(Address, Address), AccessKey> = Table::new(0x38, "accounts.keys");
pub static RINGS: Table<Address, Ring> = Table::new(0x39, "accounts.rings");
pub static GUARDIANSHIPS: Table<Address, Guardianship> = Table::new(0x3a, "accounts.guardianships");
pub static SEALING_KEYS: Table<(Address, SealingKind), SealingKey> = Table::new(0x3b, "accounts.sealing_keys");

/// keccak256("dure.guardians" ‖ account ‖ salt ‖ count, 4 bytes little-endian ‖ the guardians in ascending order). The salt
/// keeps anyone from trying who they are.
pub fn guardians_commitment(account: Address, salt: B256, guardians: &[Address]) -> B256 {
    let mut preimage = b"dure.guardians".to_vec();
    preimage.extend(borsh::to_vec(&(account, salt, guardians)).unwrap_or_default());
    keccak256(preimage)
}
