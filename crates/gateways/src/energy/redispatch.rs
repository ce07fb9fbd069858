//! Orders of redispatch, slot by slot, as a grid operator gives them: by its port or by itself.

use super::chronicle::OrderChange;
use crate::{
    chain::Chain,
    node::{NodeError, Receipt},
};
use alloy_primitives::B256;
use alloy_signer_local::PrivateKeySigner;
use dure_rules::energy::{Action, OrderRedispatch, Slot, Terms, open_ms};
use serde::{Deserialize, Serialize};

/// An order of redispatch for one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    pub deficit: u8,
    pub surplus: u8,
    pub wh: u32,
    pub limit_micro: i64,
}

impl Shift {
    /// Whether the chain has just this.
    pub fn is(&self, order: &OrderChange) -> bool {
        let OrderChange { deficit, surplus, wh, limit_micro, .. } = *order;
        *self == Self { deficit, surplus, wh, limit_micro }
    }

    /// What the chain sets aside for it, nano-units.
    pub fn most_nano(&self) -> u128 {
        u128::from(self.limit_micro.unsigned_abs()).saturating_mul(self.wh.into())
    }

    /// Orders it for `slot`, in place of what was ordered before.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn order(self, chain: &Chain, operator: &PrivateKeySigner, market: B256, slot: Slot) -> Result<Receipt, NodeError> {
        let Self { deficit, surplus, wh, limit_micro } = self;
        let action = OrderRedispatch { market, slot, deficit, surplus, wh, limit_micro };
        chain.act(operator, Action::from(action)).await
    }
}

/// What is to be ordered so that the chain has what is wanted for a slot; `last` is what was ordered last. Where nothing is wanted any more an order
/// is taken back by one of 0 Wh.
pub fn change(wanted: Option<Shift>, last: Option<&OrderChange>) -> Option<Shift> {
    match (wanted, last) {
        (Some(shift), Some(last)) if shift.is(last) => None,
        (Some(shift), _) => Some(shift),
        (None, Some(last)) if last.wh > 0 => {
            Some(Shift { deficit: last.deficit, surplus: last.surplus, wh: 0, limit_micro: last.limit_micro })
        }
        (None, _) => None,
    }
}

/// Whether an order for `slot` is taken at this time.
pub fn is_open(terms: &Terms, slot: Slot, now_ms: u64) -> bool {
    open_ms(terms, slot, 1).is_some_and(|(from_ms, until_ms)| (from_ms..until_ms).contains(&now_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_chain_has_is_not_ordered_again_and_what_nobody_wants_is_taken_back_once() {
        let shift = |wh| Shift { deficit: 0, surplus: 1, wh, limit_micro: 250_000 };
        let had = |wh| OrderChange { transaction: None, block: 7, deficit: 0, surplus: 1, wh, limit_micro: 250_000 };
        for (wanted, last, expected) in [
            (None, None, None),
            (Some(shift(5)), None, Some(shift(5))),
            (Some(shift(5)), Some(had(5)), None),
            (Some(shift(5)), Some(had(4)), Some(shift(5))),
            (None, Some(had(5)), Some(shift(0))),
            (None, Some(had(0)), None),
        ] {
            assert_eq!(change(wanted, last.as_ref()), expected, "{wanted:?}, {last:?}");
        }
        assert_eq!(shift(4_000).most_nano(), 1_000_000_000, "a unit for 4 kWh at 0.25");
    }
}
