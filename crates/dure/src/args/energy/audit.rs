//! `dure energy audit`: what was allowed, carried and cleared over a market's lines, slot by slot.

use crate::say::{Problem, line, time};
use alloy_primitives::B256;
use dure_gateways::{
    chain::Chain,
    energy::audit::{AUDIT_SLOTS_MAX, AuditRow, audit},
};
use dure_rules::energy::Slot;

/// As CSV, or with `--json` an object a line.
pub async fn export(chain: &Chain, market: B256, from: Slot, slots: u32, json: bool) -> Result<(), Problem> {
    if slots == 0 || slots > AUDIT_SLOTS_MAX {
        return Err(Problem::usage(format!("--slots {slots}: expected 1 to {AUDIT_SLOTS_MAX}")));
    }
    let rows = audit(chain, market, from, slots).await?;
    if json {
        rows.iter().for_each(line);
        return Ok(());
    }
    println!("{HEAD}");
    rows.iter().for_each(|row| println!("{}", csv(row)));
    Ok(())
}

const HEAD: &str =
    "slot,begins,zone,up_wh,down_wh,flow_wh,price_micro,shifted_wh,auctions,cleared_by,welfare_nano,caps_set,redispatch_ordered";

/// One line; what there is more than one of is set apart by `;`, oldest first.
fn csv(row: &AuditRow) -> String {
    let each = |parts: Vec<String>| parts.join(";");
    let at =
        |transaction: Option<B256>, block| transaction.map_or_else(|| format!("block {block}"), |hash| format!("{hash}@{block}"));
    let number = |number: Option<i64>| number.map_or_else(String::new, |number| number.to_string());
    let cells = [
        row.slot.to_string(),
        time(row.begins_ms),
        // The only text that a person chose.
        format!("\"{}\"", row.zone.replace('"', "\"\"")),
        row.up_wh.to_string(),
        row.down_wh.to_string(),
        number(row.flow_wh),
        number(row.price_micro),
        number(row.shifted_wh.map(i64::from)),
        each(row.cleared.iter().map(|clearing| clearing.auction.to_string()).collect()),
        each(row.cleared.iter().map(|clearing| clearing.by.map_or_else(|| "chain".into(), |by| by.to_string())).collect()),
        each(row.cleared.iter().map(|clearing| clearing.welfare_nano.clone()).collect()),
        each(
            row.caps
                .iter()
                .map(|change| format!("{}/{}:{}", change.up_wh, change.down_wh, at(change.transaction, change.block)))
                .collect(),
        ),
        each(row.redispatch.iter().map(|change| format!("{}:{}", change.wh, at(change.transaction, change.block))).collect()),
    ];
    cells.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_cell_for_each_head() {
        let row = AuditRow {
            slot: 1_994_976,
            begins_ms: 1_795_478_400_000,
            zone: "North \"7\", left".into(),
            up_wh: 2_000,
            down_wh: 3_000,
            flow_wh: None,
            price_micro: Some(-5),
            cleared: vec![],
            caps: vec![],
            redispatch: vec![],
            shifted_wh: None,
        };
        let said = csv(&row);
        assert!(said.starts_with("1994976,2026-11-24 00:00:00,\"North \"\"7\"\", left\",2000,3000,,-5,,"), "{said}");
        assert_eq!(said.matches(',').count(), HEAD.matches(',').count() + 1, "the zone's own comma");
    }
}
