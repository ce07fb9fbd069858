//! How far a key reaches: the most that whoever has it could do.

use super::*;
use crate::credits::CreditId;

/// What of one credit can leave by the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditReach {
    pub credit: CreditId,
    /// Still, in this period.
    pub now: Amount,
    pub period_ms: u64,
    pub per_period: Amount,
    /// From now until the key runs out, all periods together.
    pub until_expiry: Amount,
}

/// The most that a thief of the key could do, whatever else is true of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// A full key: everything that the account can do. The lists below are empty then.
    pub admin: bool,
    /// The key acts before this time; 0 for an admin key, which has no end.
    pub until_ms: u64,
    /// Money that leaves the account, or that others let it move; nothing of credits that are not listed.
    pub credits: Vec<CreditReach>,
    /// What can be called, and nothing else.
    pub scopes: Vec<Scope>,
    /// What the scopes can do beyond the limits.
    pub powers: Powers,
}

macro_rules! powers {
    ($($(#[$doc:meta])* $name:ident = $bit:literal),* $(,)?) => {
        /// Something that a call can do and that no limit of a key bounds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Power { $($(#[$doc])* $name = $bit),* }

        impl Power {
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As in the ABI and in JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }
        }
    };
}

powers! {
    /// Sets what devices may buy and with which key, or gives a device away: a mandate spends beyond the key's limits and
    /// outlives the key.
    Mandates = 0,
    /// Speaks for the account in its orders: what lies in their escrows goes where that leads.
    Orders = 1,
    /// Runs the account's shop: its bond, where it is paid, what it promises.
    Shop = 2,
    /// Rules in disputes where the account is arbiter.
    Rulings = 3,
    /// Grants or ends roles, where the account is an issuer; gives up its own.
    Roles = 4,
    /// Calls a contract: what the account itself allowed this contract to take, or keeps in it, is in the contract's hands.
    Contracts = 5,
    /// Makes credits, claims units, and what else costs the account nothing.
    Other = 6,
    /// Trades with what lies in the account's energy purses, and runs its markets: who trades badly pays a neighbour.
    Energy = 7,
}

/// A set of powers. Bit n stands for the power with number n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Powers(pub u32);

impl Powers {
    /// Everything there is.
    pub fn all() -> Self {
        Power::ALL.iter().fold(Self::default(), |all, power| all.with(*power))
    }

    #[must_use]
    pub fn with(self, power: Power) -> Self {
        Self(self.0 | 1 << power as u8)
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn contains(self, power: Power) -> bool {
        self.0 & (1 << power as u8) != 0
    }

    /// In the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Power> {
        Power::ALL.iter().copied().filter(move |power| self.contains(*power))
    }
}

/// How far `key` reaches at `now_ms`; `None` where it does not stand. Which functions a scope names is the ABI's knowledge:
/// `powers` says what one scope can do beyond the limits.
///
/// # Errors
/// What the source says.
pub fn reach(
    s: &mut (impl Source + ?Sized),
    now_ms: u64,
    account: Address,
    key: Address,
    powers: impl Fn(&Scope) -> Powers,
) -> Result<Option<Reach>, Stop> {
    let record = match keys::standing(s, now_ms, account, key) {
        Ok(record) => record,
        Err(Failure::Refused(_)) => return Ok(None),
        Err(Failure::Stopped(stop)) => return Err(stop),
    };
    if record.terms.admin {
        let (credits, scopes, powers) = (Vec::new(), Vec::new(), Powers::all());
        return Ok(Some(Reach { admin: true, until_ms: 0, credits, scopes, powers }));
    }
    let credits = record.terms.limits.iter().enumerate().map(|(place, limit)| of_limit(&record, place, limit, now_ms)).collect();
    let powers = record.terms.scopes.iter().map(powers).fold(Powers::default(), Powers::and);
    let AccessKey { terms: KeyTerms { expires_ms: until_ms, scopes, .. }, .. } = record;
    Ok(Some(Reach { admin: false, until_ms, credits, scopes, powers }))
}

/// Periods are counted from the key's day, so this one and those that begin before the expiry.
fn of_limit(record: &AccessKey, place: usize, limit: &Limit, now_ms: u64) -> CreditReach {
    let now = record.left(place, now_ms);
    let last_ms = record.terms.expires_ms.saturating_sub(1);
    let more = record.period_at(place, last_ms).saturating_sub(record.period_at(place, now_ms));
    // At most 2^90 times 2^32.
    let until_expiry = now.saturating_add(limit.amount.saturating_mul(u128::from(more)));
    CreditReach { credit: limit.credit, now, period_ms: limit.period_ms, per_period: limit.amount, until_expiry }
}
