//! What the log and the books say of a market's lines, slot by slot: for whoever has to show it to an authority.

use super::chronicle::{CapChange, Chronicle, Clearing, OrderChange};
use crate::{chain::Chain, node::NodeError};
use alloy_primitives::B256;
use dure_api::abi::energy::IEnergy;
use dure_rules::energy::{MODULE, SLOT_MS, Slot, Zone};
use serde::Serialize;

/// Slots of one export: a week.
pub const AUDIT_SLOTS_MAX: u32 = 7 * 96;

/// One line of a zone in one slot.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRow {
    pub slot: Slot,
    pub begins_ms: u64,
    pub zone: String,
    /// What the line carries towards the parent, and from it.
    pub up_wh: u32,
    pub down_wh: u32,
    /// What was cleared over it, below 0 from the parent; none: nothing was.
    pub flow_wh: Option<i64>,
    pub price_micro: Option<i64>,
    pub cleared: Vec<Clearing>,
    pub caps: Vec<CapChange>,
    /// Of the whole slot.
    pub redispatch: Vec<OrderChange>,
    pub shifted_wh: Option<u32>,
}

/// The rows of these slots, at the newest block.
///
/// # Errors
/// [`NodeError`]; a refusal where there is no such market.
pub async fn audit(chain: &Chain, market: B256, first: Slot, slots: u32) -> Result<Vec<AuditRow>, NodeError> {
    let zones = zones(&chain.view_at(MODULE, IEnergy::marketCall { id: market }).await?);
    let end = first.saturating_add(slots.min(AUDIT_SLOTS_MAX));
    let mut chronicle = Chronicle::new(market, first..end);
    let head = chain.node.head().await?;
    chronicle.catch_up(chain, head.height).await?;
    let mut rows = Vec::new();
    for slot in first..end {
        let book = book(chain, market, slot).await?.filter(|_| !chronicle.clearings(slot).is_empty());
        for (number, zone) in (0u8..).zip(&zones) {
            let of = |all: &[i64]| all.get(usize::from(number)).copied();
            let (up_wh, down_wh) = chronicle.cap(number, slot, zone);
            rows.push(AuditRow {
                slot,
                begins_ms: u64::from(slot) * SLOT_MS,
                zone: zone.name.clone(),
                up_wh,
                down_wh,
                flow_wh: book.as_ref().and_then(|book| of(&book.flowWh)),
                price_micro: book.as_ref().and_then(|book| of(&book.priceMicro)),
                cleared: chronicle.clearings(slot).to_vec(),
                caps: chronicle.caps(number, slot).to_vec(),
                redispatch: chronicle.orders(slot).to_vec(),
                shifted_wh: book.as_ref().map(|book| book.shiftedWh),
            });
        }
    }
    Ok(rows)
}

/// A market's zones as the rules have them.
pub fn zones(record: &IEnergy::Market) -> Vec<Zone> {
    let zone = |zone: &IEnergy::Zone| Zone {
        name: zone.name.clone(),
        parent: zone.parent,
        up_wh: zone.upWh,
        down_wh: zone.downWh,
        fee_micro: zone.feeMicro,
    };
    record.zones.iter().map(zone).collect()
}

/// The book of a slot, where anything of it is known.
///
/// # Errors
/// [`NodeError`].
pub async fn book(chain: &Chain, market: B256, slot: Slot) -> Result<Option<IEnergy::Slot>, NodeError> {
    match chain.view_at(MODULE, IEnergy::slotCall { market, number: slot }).await {
        Ok(book) => Ok(Some(book)),
        Err(NodeError::Reverted(_)) => Ok(None),
        Err(other) => Err(other),
    }
}
