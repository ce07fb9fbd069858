//! What to say to the chain. Pure: facts in, at most one intent out.

use dure_rules::orders::{EVIDENCE_RISE_PERCENT, OrderState};

/// What the mandate lets the device do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// There is no mandate, or it is paused or over.
    Nothing,
    /// Say that the level is low.
    Notify,
    /// Ask or order.
    Order,
}

/// The open order, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    pub state: OrderState,
    /// What the pack holds.
    pub content: u64,
    /// Lowest level since it was ordered, as this gateway saw it.
    pub lowest: u64,
    /// Evidence was given before.
    pub evident: bool,
}

/// Everything that the decision rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The level that may be acted upon.
    pub level: u64,
    /// By the filter's hysteresis.
    pub low: bool,
    /// The slot's, as the chain has them.
    pub threshold: u64,
    pub rearm: u64,
    pub chain_level: u64,
    /// Whether the chain has had a reading at all.
    pub chain_has_level: bool,
    pub armed: bool,
    pub packs_at_home: u32,
    pub open: Option<Open>,
    pub allowed: Allowed,
    /// Somebody pressed pause here.
    pub paused: bool,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    Nothing,
    /// Sign a reading: the chain's picture is outdated in a way that matters.
    Tell,
    Order,
    Evidence,
}

/// What these facts ask for.
pub fn decide(facts: &Facts) -> Intent {
    if let Some(open) = facts.open {
        let awaited = matches!(open.state, OrderState::Shipped | OrderState::Claimed);
        let rise = facts.level.saturating_sub(open.lowest);
        let enough = rise.saturating_mul(100) >= open.content.saturating_mul(u64::from(EVIDENCE_RISE_PERCENT));
        return if awaited && enough && !open.evident { Intent::Evidence } else { refilled(facts) };
    }
    if facts.low && facts.level <= facts.threshold {
        let may_order = facts.allowed == Allowed::Order && facts.armed && facts.packs_at_home == 0 && !facts.paused;
        if may_order {
            return Intent::Order;
        }
        let known = facts.chain_has_level && facts.chain_level <= facts.threshold;
        return if known || facts.allowed == Allowed::Nothing { Intent::Nothing } else { Intent::Tell };
    }
    refilled(facts)
}

/// A slot that was filled is told, so that the chain begins a new cycle; so is the first level of all.
fn refilled(facts: &Facts) -> Intent {
    let outdated = facts.chain_level < facts.rearm && facts.level >= facts.rearm;
    if outdated || !facts.chain_has_level { Intent::Tell } else { Intent::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: Facts = Facts {
        level: 100,
        low: true,
        threshold: 150,
        rearm: 600,
        chain_level: 700,
        chain_has_level: true,
        armed: true,
        packs_at_home: 0,
        open: None,
        allowed: Allowed::Order,
        paused: false,
    };
    const FULL: Facts = Facts { level: 900, low: false, chain_level: 100, ..LOW };
    const SHIPPED: Open = Open { state: OrderState::Shipped, content: 1_000, lowest: 90, evident: false };

    #[test]
    fn each_situation_asks_for_one_thing() {
        use Intent::{Evidence, Nothing, Order, Tell};
        let open = |open: Open| Facts { open: Some(open), ..FULL };
        for (what, facts, expected) in [
            ("low", LOW, Order),
            ("low, ordered already", Facts { armed: false, chain_level: 100, ..LOW }, Nothing),
            ("low, a pack at home: please refill", Facts { packs_at_home: 1, ..LOW }, Tell),
            ("low, a pack at home, told", Facts { packs_at_home: 1, chain_level: 100, ..LOW }, Nothing),
            ("low, paused here", Facts { paused: true, chain_level: 100, ..LOW }, Nothing),
            ("low, may only notify", Facts { allowed: Allowed::Notify, ..LOW }, Tell),
            ("low, no mandate", Facts { allowed: Allowed::Nothing, ..LOW }, Nothing),
            ("low by hysteresis, above the threshold", Facts { level: 300, ..LOW }, Nothing),
            ("low, an order is open", Facts { open: Some(SHIPPED), chain_level: 100, ..LOW }, Nothing),
            ("filled", FULL, Tell),
            ("filled and told", Facts { chain_level: 900, ..FULL }, Nothing),
            ("never told", Facts { chain_has_level: false, chain_level: 0, ..FULL }, Tell),
            ("filled while the parcel is under way", open(SHIPPED), Evidence),
            ("the same, evidence given", open(Open { evident: true, ..SHIPPED }), Tell),
            ("filled before it was shipped", open(Open { state: OrderState::Accepted, ..SHIPPED }), Tell),
            ("filled by less than the pack holds", open(Open { lowest: 200, ..SHIPPED }), Tell),
        ] {
            assert_eq!(decide(&facts), expected, "{what}");
        }
    }
}
