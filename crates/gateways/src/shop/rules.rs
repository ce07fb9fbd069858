//! What the shop does next about an order. Pure.

use super::config::{By, Rules};
use dure_rules::{bounds::HOUR_MS, orders::OrderState};

/// An order, as far as the shop's next step depends on it. Times are consensus milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    pub state: OrderState,
    pub placed_ms: u64,
    pub since_ms: u64,
    pub shipped_ms: u64,
    pub cancel_ms: u64,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Accept,
    Ship,
    Claim,
    Answer,
    ConfirmReturn,
}

/// The step that the program makes by itself now. `open`: orders that are accepted and not shipped.
pub fn next(stand: &Stand, rules: &Rules, open: u32, now_ms: u64) -> Option<Step> {
    match stand.state {
        OrderState::Placed if rules.accept == By::Auto => {
            (rules.accept_open_max == 0 || open < rules.accept_open_max).then_some(Step::Accept)
        }
        OrderState::Accepted if rules.ship == By::Auto => {
            let packed_ms = u64::from(rules.pack_minutes) * 60_000;
            let from_ms = stand.placed_ms.saturating_add(stand.cancel_ms).max(stand.since_ms).saturating_add(packed_ms);
            (now_ms >= from_ms).then_some(Step::Ship)
        }
        OrderState::Shipped if rules.claim_after_hours > 0 => {
            let from_ms = stand.shipped_ms.saturating_add(u64::from(rules.claim_after_hours) * HOUR_MS);
            (now_ms >= from_ms).then_some(Step::Claim)
        }
        OrderState::Disputed if rules.answer_disputes == By::Auto => Some(Step::Answer),
        OrderState::ReturnPosted if rules.confirm_returns == By::Auto => Some(Step::ConfirmReturn),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAND: Stand = Stand { state: OrderState::Placed, placed_ms: 1_000, since_ms: 1_000, shipped_ms: 0, cancel_ms: 60_000 };

    fn auto() -> Rules {
        Rules { pack_minutes: 1, claim_after_hours: 1, accept_open_max: 2, ..Rules::default() }
    }

    fn hand() -> Rules {
        Rules { accept: By::Hand, ship: By::Hand, answer_disputes: By::Hand, confirm_returns: By::Hand, ..Rules::default() }
    }

    #[test]
    fn each_state_asks_for_its_step_at_its_time() {
        let at = |state| Stand { state, shipped_ms: 1_000, ..STAND };
        for (stand, open, now_ms, expected) in [
            (at(OrderState::Placed), 0, 1_000, Some(Step::Accept)),
            (at(OrderState::Placed), 2, 1_000, None),
            (at(OrderState::Accepted), 0, 120_999, None),
            (at(OrderState::Accepted), 0, 121_000, Some(Step::Ship)),
            (at(OrderState::Shipped), 0, 3_600_999, None),
            (at(OrderState::Shipped), 0, 3_601_000, Some(Step::Claim)),
            (at(OrderState::Disputed), 0, 0, Some(Step::Answer)),
            (at(OrderState::ReturnPosted), 0, 0, Some(Step::ConfirmReturn)),
        ] {
            assert_eq!(next(&stand, &auto(), open, now_ms), expected, "{stand:?} at {now_ms}");
            assert_eq!(next(&stand, &hand(), open, now_ms), None, "by hand: {stand:?}");
        }
        for state in OrderState::ALL.into_iter().filter(|state| state.is_final()) {
            assert_eq!(next(&at(state), &auto(), 0, u64::MAX), None, "{state:?}");
        }
    }
}
