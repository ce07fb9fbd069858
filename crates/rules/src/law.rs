//! All institutions together: what can be asked, what can happen, what can be refused.

use crate::deadlines::Due;
use crate::{Draft, Effects, Env, Failure, Memory, Source, Stop, Verifier};
use crate::{accounts, credits, deadlines, disputes, energy, orders, recent, roles};

/// One struct an action, and the sum of them.
macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $name { $($(#[$field_doc])* pub $field: $type),* }

            impl From<$name> for Action {
                fn from(action: $name) -> Self {
                    Self::$name(action)
                }
            }
        )*

        /// What can be asked of the module.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Action { $($name($name)),* }

        impl Action {
            /// As in the tables and the ABI.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name)),* }
            }
        }
    };
}
pub(crate) use actions;

macro_rules! sum {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            Accounts(accounts::$name),
            Credits(credits::$name),
            Deadlines(deadlines::$name),
            Disputes(disputes::$name),
            Energy(energy::$name),
            Orders(orders::$name),
            Roles(roles::$name),
        }
        sum!(@from $name Accounts accounts);
        sum!(@from $name Credits credits);
        sum!(@from $name Deadlines deadlines);
        sum!(@from $name Disputes disputes);
        sum!(@from $name Energy energy);
        sum!(@from $name Orders orders);
        sum!(@from $name Roles roles);
    };
    (@from $name:ident $variant:ident $module:ident) => {
        impl From<$module::$name> for $name {
            fn from(inner: $module::$name) -> Self {
                Self::$variant(inner)
            }
        }
    };
}

sum!(
    /// What can be asked of a module.
    Action
);
sum!(
    /// What happened.
    Event
);
sum!(
    /// Why a rule says no.
    Refusal
);

impl<R: Into<Refusal>> From<R> for Failure {
    fn from(refusal: R) -> Self {
        Self::Refused(refusal.into())
    }
}

/// What a successful action answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    None,
    /// The id of what was made.
    Id(crate::B256),
    /// A yes or no that the caller asked for.
    Yes(bool),
}

/// A numbered invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Such as `CREDITS-1`.
    pub invariant: &'static str,
    pub facts: String,
}

impl Violation {
    pub(crate) fn new(invariant: &'static str, facts: impl Into<String>) -> Self {
        Self { invariant, facts: facts.into() }
    }
}

/// Whose dispute it is decides what a ruling does. Orders are the only institution with disputes so far.
const RULED: disputes::Ruled = |draft, dispute, percent, by_default| match dispute.module {
    energy::MODULE => energy::ruled(draft, dispute.id, percent),
    _ => orders::ruled(draft, dispute.id, percent, by_default),
};

/// Carries out `action` for `draft.env.caller`.
///
/// # Errors
/// [`Failure::Refused`] where a rule says no (drop the draft), [`Failure::Stopped`] where it could not be run.
pub fn apply(draft: &mut Draft<'_>, action: Action) -> Result<Output, Failure> {
    match action {
        Action::Accounts(action) => accounts::apply(draft, action),
        Action::Credits(action) => credits::apply(draft, action),
        Action::Deadlines(never) => match never {},
        Action::Disputes(action) => disputes::apply(draft, action, RULED),
        Action::Energy(action) => energy::apply(draft, action),
        Action::Orders(action) => orders::apply(draft, action),
        Action::Roles(action) => roles::apply(draft, action),
    }
}

/// What every block does before its first transaction: remembers the parent's hash and runs what is due, at most
/// [`deadlines::RUN_MAX`] deadlines.
///
/// # Errors
/// Only a [`Stop`]: nothing that is due can be refused as a whole.
pub fn run_due(source: &mut dyn Source, verifier: &dyn Verifier, env: Env, parent: crate::B256) -> Result<Effects, Stop> {
    let mut draft = Draft::new(source, verifier, env);
    recent::remember(&mut draft, parent);
    deadlines::run(&mut draft, |draft, due| match due {
        Due::Order(order) => orders::due(draft, order),
        Due::Dispute(dispute) => disputes::due(draft, dispute, RULED),
        Due::Recovery(account) => accounts::due(draft, account),
        Due::Auction(auction) => energy::auction_due(draft, auction),
        Due::Slot(market, slot) => energy::slot_due(draft, market, slot),
        Due::Sharing(market, day) => energy::sharing_due(draft, market, day),
        Due::Challenge(challenge) => energy::challenge_due(draft, challenge),
    })?;
    Ok(draft.into_effects())
}

/// Every invariant of every institution over all records. Empty where all hold.
///
/// # Errors
/// A record that does not decode.
pub fn audit(all: &Memory) -> Result<Vec<Violation>, Stop> {
    let mut violations = accounts::audit(all)?;
    violations.extend(credits::audit(all)?);
    violations.extend(deadlines::audit(all)?);
    violations.extend(disputes::audit(all)?);
    violations.extend(energy::audit(all)?);
    violations.extend(orders::audit(all)?);
    Ok(violations)
}
