//! Credits: the money of a community. Each credit has an address of its own and keeps the rules of ERC-20 (EIP-20).
//!
//! Two kinds. A *community* credit is claimed by members, so much a period, by a rule fixed when the credit is made. A
//! *reserve* credit is issued and redeemed 1:1 by a named issuer against deposits that the chain does not see.
//!
//! Institutions keep money in *holds*: a hold is a named part of the balance of the institution's own address. Nothing but
//! that institution's rules moves it.
//!
//! This module never makes a unit but by the two mint rules, never charges a fee, and asks no other institution but two: who
//! holds a role (to claim), and whether the key that the caller acts by may spend so much (`accounts::spend`).
//!
//! # Units
//! Minor units of the credit ([`Amount`]), at most [`AMOUNT_MAX`] in one place and in one credit's supply. Time in
//! consensus milliseconds; a period is the whole part of time / period.
//!
//! # Always true
//! - CREDITS-1: in each credit, Σ balances = supply.
//! - CREDITS-2: for each institution and credit, Σ holds = the balance of the institution's address.
//!
//! # Deviations from the source
//! A permit (EIP-2612) is of the key that the owner's address is made from; where a recovery replaced it, of nobody.
//! EIP-20 leaves the transfer to the zero address open; here it is refused (a person who types nothing loses nothing).
//! An allowance of more than [`AMOUNT_MAX`] is unlimited and is not counted down.

mod ledger;
mod mint;
mod permit;
#[cfg(test)]
mod tests;

pub use ledger::{allowance, approve, balance, held, hold, move_hold, pay, transfer, transfer_from, transfer_with_memo};
pub use mint::{claim, create, issue, redeem};
pub use permit::{Permit, domain_separator, nonce, permit, permit_prehash};

use crate::bounds::AMOUNT_MAX;
use crate::roles::Role;
use crate::{Address, Amount, B256, Draft, Failure, Memory, Output, Record, Source, Stop, Table, Violation};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;

/// Where credits are made and claimed.
pub const REGISTRY: Address = crate::ids::address!("d00e000000000000000000000000000000000001");
/// Longest name, bytes of UTF-8.
pub const NAME_MAX_BYTES: u32 = 32;
/// Longest symbol, bytes of UTF-8.
pub const SYMBOL_MAX_BYTES: u32 = 11;
/// Most decimals; ERC-20's usual 18 is the most that wallets show well.
pub const DECIMALS_MAX: u8 = 18;
/// Shortest and longest claim period of a community credit: an hour to 366 days.
pub const PERIOD_MIN_MS: u64 = crate::bounds::HOUR_MS;
pub const PERIOD_MAX_MS: u64 = 366 * crate::bounds::DAY_MS;
/// What an approval of "everything" is kept as.
pub const UNLIMITED: Amount = Amount::MAX;

/// A credit by its ERC-20 address, `0xd00ec0…` and its number from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct CreditId(pub Address);

impl CreditId {
    /// The credit made as the `number`-th, counted from 1.
    pub fn nth(number: u32) -> Self {
        let mut address = Address::ZERO;
        address.0[..3].copy_from_slice(&[0xd0, 0x0e, 0xc0]);
        address.0[16..].copy_from_slice(&number.to_be_bytes());
        Self(address)
    }
}

/// How units come to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Kind {
    /// Every holder of `role` may claim `amount` once in each period.
    Community { role: Role, amount: Amount, period_ms: u64 },
    /// `issuer` makes units for deposits; a holder gives them back and is owed the deposit.
    Reserve { issuer: Address },
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Credit {
    pub id: CreditId,
    pub name: String,
    pub symbol: String,
    pub decimals: u8,
    /// ISO 4217 code where one unit stands for one unit of that currency.
    pub currency: Option<[u8; 3]>,
    pub kind: Kind,
    pub supply: Amount,
}

impl Record for Credit {
    const MAX_BYTES: u32 = 160;
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Balance {
    pub credit: CreditId,
    pub owner: Address,
    pub amount: Amount,
}

impl Record for Balance {
    const MAX_BYTES: u32 = 56;
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Allowance {
    pub credit: CreditId,
    pub owner: Address,
    pub spender: Address,
    /// [`UNLIMITED`] is not counted down.
    pub amount: Amount,
}

impl Record for Allowance {
    const MAX_BYTES: u32 = 76;
}

/// A named part of an institution's balance, in one credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct HoldId {
    /// The institution that keeps it: its address holds the money.
    pub module: Address,
    /// What the money is for; the institution's own number (escrow, bond, …).
    pub kind: u8,
    pub id: B256,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Hold {
    pub id: HoldId,
    pub credit: CreditId,
    pub amount: Amount,
}

impl Record for Hold {
    const MAX_BYTES: u32 = 89;
}

/// The last period in which a member claimed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Claimed {
    pub credit: CreditId,
    pub member: Address,
    pub period: u64,
}

impl Record for Claimed {
    const MAX_BYTES: u32 = 48;
}

/// Of the next permit that an owner signs.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Nonce {
    pub credit: CreditId,
    pub owner: Address,
    pub next: u64,
}

impl Record for Nonce {
    const MAX_BYTES: u32 = 48;
}

/// How many credits were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Made {
    pub credits: u32,
}

impl Record for Made {
    const MAX_BYTES: u32 = 4;
}

pub const CREDIT: Table<CreditId, Credit> = Table::new(0x10, "credit");
pub const BALANCE: Table<(CreditId, Address), Balance> = Table::new(0x11, "balance");
pub const ALLOWANCE: Table<(CreditId, Address, Address), Allowance> = Table::new(0x12, "allowance");
pub const HOLD: Table<HoldId, Hold> = Table::new(0x13, "hold");
pub const CLAIMED: Table<(CreditId, Address), Claimed> = Table::new(0x14, "claimed");
pub const MADE: Table<(), Made> = Table::new(0x15, "made");
pub const NONCE: Table<(CreditId, Address), Nonce> = Table::new(0x16, "nonce");

/// What can be asked. Those of a credit go to the credit's own address, `Create` to [`REGISTRY`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Anyone: makes a credit with no units yet. Answers its address.
    Create {
        name: String,
        symbol: String,
        decimals: u8,
        currency: Option<[u8; 3]>,
        kind: Kind,
    },
    Transfer {
        credit: CreditId,
        to: Address,
        amount: Amount,
    },
    Approve {
        credit: CreditId,
        spender: Address,
        amount: Amount,
    },
    TransferFrom {
        credit: CreditId,
        from: Address,
        to: Address,
        amount: Amount,
    },
    /// A transfer that says what it is for: the hash or number of an invoice.
    TransferWithMemo {
        credit: CreditId,
        to: Address,
        amount: Amount,
        memo: B256,
    },
    /// Anyone: brings an approval that its owner signed.
    Permit {
        credit: CreditId,
        permit: Permit,
    },
    /// Issuer of a reserve credit: makes units for a deposit.
    Issue {
        credit: CreditId,
        to: Address,
        amount: Amount,
    },
    /// Holder of a reserve credit: gives units back; the event is the issuer's debt.
    Redeem {
        credit: CreditId,
        amount: Amount,
    },
    /// Member: claims this period's units of a community credit.
    Claim {
        credit: CreditId,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Created {
        credit: CreditId,
        creator: Address,
        name: String,
        symbol: String,
    },
    /// ERC-20's `Transfer`; from zero: made, to zero: gone.
    Transferred {
        credit: CreditId,
        from: Address,
        to: Address,
        amount: Amount,
    },
    /// After the `Transferred` that it speaks of.
    Memoed {
        credit: CreditId,
        from: Address,
        to: Address,
        amount: Amount,
        memo: B256,
    },
    /// ERC-20's `Approval`.
    Approved {
        credit: CreditId,
        owner: Address,
        spender: Address,
        amount: Amount,
    },
    /// The issuer owes `holder` the deposit for `amount`.
    Redeemed {
        credit: CreditId,
        holder: Address,
        issuer: Address,
        amount: Amount,
    },
}

/// In order of precedence: the first that holds is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    UnknownCredit {
        credit: Address,
    },
    /// A name, symbol, number of decimals, currency code or period outside its bounds.
    BadDescription {
        field: Field,
    },
    TransferToZero,
    /// Money sent to an institution by hand would lie in no hold; use the institution's own action.
    TransferToModule {
        module: Address,
    },
    AmountTooLarge {
        amount: Amount,
        max: Amount,
    },
    NotIssuer {
        caller: Address,
        issuer: Address,
    },
    /// A reserve credit is not claimed; a community credit is not issued or redeemed.
    WrongKind,
    RoleRequired {
        role: Role,
        caller: Address,
    },
    AlreadyClaimed {
        next_ms: u64,
    },
    PermitExpired {
        deadline_s: u64,
    },
    /// The permit's signature is not that of its owner's key over these words and the owner's next nonce.
    NotSignedBy {
        owner: Address,
    },
    AllowanceInsufficient {
        have: Amount,
        want: Amount,
    },
    Insufficient {
        have: Amount,
        want: Amount,
    },
    HoldInsufficient {
        have: Amount,
        want: Amount,
    },
    /// A hold is in one credit until it is empty.
    HoldOfOtherCredit {
        credit: Address,
    },
}

/// What of a credit's description is outside its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Field {
    Name = 0,
    Symbol = 1,
    Decimals = 2,
    Currency = 3,
    Period = 4,
    Amount = 5,
}

/// Carries out one action for `d.env.caller`.
///
/// # Errors
/// A [`Refusal`], or a [`Stop`].
pub fn apply(d: &mut Draft<'_>, action: Action) -> Result<Output, Failure> {
    let caller = d.env.caller;
    match action {
        Action::Create { name, symbol, decimals, currency, kind } => {
            return create(d, name, symbol, decimals, currency, kind).map(|id| Output::Id(id.0.into_word()));
        }
        Action::Transfer { credit, to, amount } => transfer(d, credit, caller, to, amount)?,
        Action::Approve { credit, spender, amount } => approve(d, credit, caller, spender, amount)?,
        Action::TransferFrom { credit, from, to, amount } => transfer_from(d, credit, caller, from, to, amount)?,
        Action::TransferWithMemo { credit, to, amount, memo } => {
            return transfer_with_memo(d, credit, caller, to, amount, memo).map(|()| Output::None);
        }
        Action::Permit { credit, permit: signed } => return permit(d, credit, signed).map(|()| Output::None),
        Action::Issue { credit, to, amount } => return issue(d, credit, to, amount).map(|()| Output::None),
        Action::Redeem { credit, amount } => return redeem(d, credit, amount).map(|()| Output::None),
        Action::Claim { credit } => return claim(d, credit).map(|()| Output::None),
    }
    Ok(Output::Yes(true))
}

/// The credit, or [`Refusal::UnknownCredit`].
pub(crate) fn known(s: &mut (impl Source + ?Sized), credit: CreditId) -> Result<Credit, Failure> {
    Ok(CREDIT.get(s, &credit)?.ok_or(Refusal::UnknownCredit { credit: credit.0 })?)
}

/// CREDITS-1 and CREDITS-2 over all records.
///
/// # Errors
/// A record that does not decode.
pub fn audit(all: &Memory) -> Result<Vec<Violation>, Stop> {
    let mut violations = supply_is_the_sum_of_balances(all)?;
    violations.extend(holds_are_the_institutions_balance(all)?);
    Ok(violations)
}

fn supply_is_the_sum_of_balances(all: &Memory) -> Result<Vec<Violation>, Stop> {
    let mut sums: BTreeMap<CreditId, Amount> = BTreeMap::new();
    for balance in BALANCE.scan(all)? {
        let sum = sums.entry(balance.credit).or_default();
        *sum = sum.saturating_add(balance.amount);
    }
    let mut violations = Vec::new();
    for credit in CREDIT.scan(all)? {
        let sum = sums.remove(&credit.id).unwrap_or_default();
        if sum != credit.supply || sum > AMOUNT_MAX {
            violations.push(Violation::new("CREDITS-1", format!("{}: supply {}, balances {sum}", credit.id.0, credit.supply)));
        }
    }
    violations.extend(sums.keys().map(|id| Violation::new("CREDITS-1", format!("{}: balances of no credit", id.0))));
    Ok(violations)
}

fn holds_are_the_institutions_balance(all: &Memory) -> Result<Vec<Violation>, Stop> {
    let mut sums: BTreeMap<(CreditId, Address), Amount> = BTreeMap::new();
    for hold in HOLD.scan(all)? {
        let sum = sums.entry((hold.credit, hold.id.module)).or_default();
        *sum = sum.saturating_add(hold.amount);
    }
    let modules = sums.keys().map(|(_, module)| *module).collect::<std::collections::BTreeSet<_>>();
    let mut balances: BTreeMap<(CreditId, Address), Amount> = BTreeMap::new();
    for balance in BALANCE.scan(all)?.into_iter().filter(|balance| modules.contains(&balance.owner)) {
        balances.insert((balance.credit, balance.owner), balance.amount);
    }
    Ok(sums
        .iter()
        .filter(|(key, sum)| balances.get(key).copied().unwrap_or_default() != **sum)
        .map(|((credit, module), sum)| Violation::new("CREDITS-2", format!("{module} in {}: holds {sum}", credit.0)))
        .collect())
}
