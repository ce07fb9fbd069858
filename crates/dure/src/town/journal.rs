//! The town's journal: what happened to orders, read from the chain's logs, in words.

use super::Town;
use crate::say::Problem;
use alloy_primitives::{Address, B256, U64, U256};
use alloy_sol_types::SolEvent as _;
use dure_api::abi::orders::IOrders;
use dure_gateways::{
    chain::{Chain, state},
    node::NodeError,
};
use dure_rules::orders::{MODULE, OrderState};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Open orders whose way is remembered.
const OPEN_MAX: usize = 1_000;

/// One order's way so far.
#[derive(Clone, Debug)]
struct Way {
    owner: Address,
    shop: Address,
    total: U256,
    timeline: Vec<Value>,
}

/// Tells every change; ends with the first order that is settled, with its timeline, where `until_settled`.
///
/// # Errors
/// Where no node answers at the start.
pub async fn write(town: Arc<Town>, until_settled: bool) -> Result<Value, Problem> {
    let chain = Chain::connect(&town.rpc).await?;
    // What happened before belongs to an earlier day.
    let mut next_height = chain.node.head().await?.height;
    let mut ways = BTreeMap::new();
    let mut away = false;
    loop {
        match read(&chain, &town, next_height, &mut ways).await {
            Ok((height, settled)) => {
                next_height = height;
                away = false;
                if let Some(timeline) = settled.filter(|_| until_settled) {
                    return Ok(timeline);
                }
            }
            Err(error) if !away => {
                away = true;
                town.note("Journal", &error.to_string());
            }
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

async fn read(chain: &Chain, town: &Town, from: u64, ways: &mut BTreeMap<B256, Way>) -> Result<(u64, Option<Value>), NodeError> {
    let head = chain.node.head().await?;
    town.world.tick(head.time_ms);
    if head.height < from {
        return Ok((from, None));
    }
    let kinds = json!([[IOrders::OrderAsked::SIGNATURE_HASH, IOrders::OrderMoved::SIGNATURE_HASH]]);
    let mut first = None;
    for seen in chain.node.logs(MODULE, &kinds, from, head.height).await? {
        if let Ok(event) = IOrders::OrderAsked::decode_log(&seen.log) {
            if ways.len() >= OPEN_MAX {
                ways.pop_first();
            }
            ways.insert(event.order, Way { owner: event.owner, shop: event.shop, total: event.total, timeline: Vec::new() });
        } else if let Ok(event) = IOrders::OrderMoved::decode_log(&seen.log) {
            let (Some(way), Some(to)) = (ways.get_mut(&event.order), state(event.to)) else { continue };
            let at_ms = time_of(chain, seen.height).await?;
            way.timeline
                .push(json!({ "state": to.name(), "atMs": at_ms, "height": seen.height, "by": town.people.name_of(event.by) }));
            town.journal(at_ms, &sentence(town, way, to));
            if to == OrderState::Settled && first.is_none() {
                first = Some(settled(town, event.order, way));
            }
            if to.is_final() {
                ways.remove(&event.order);
            }
        }
    }
    Ok((head.height + 1, first))
}

/// Consensus time of a block, milliseconds.
async fn time_of(chain: &Chain, height: u64) -> Result<u64, NodeError> {
    let block: Value = chain.node.ask("eth_getBlockByNumber", &[json!(U64::from(height)), json!(false)]).await?;
    let seconds = serde_json::from_value::<U64>(block["timestamp"].clone()).unwrap_or_default();
    Ok(seconds.to::<u64>().saturating_mul(1_000))
}

fn settled(town: &Town, order: B256, way: &Way) -> Value {
    json!({
        "event": "settled", "order": order, "household": town.people.name_of(way.owner), "shop": town.people.name_of(way.shop),
        "total": way.total.to_string(), "timeline": way.timeline, "wallSeconds": town.since.elapsed().as_secs_f64(),
    })
}

fn sentence(town: &Town, way: &Way, to: OrderState) -> String {
    let (owner, shop) = (town.people.name_of(way.owner), town.people.name_of(way.shop));
    let total = money(way.total);
    match to {
        OrderState::PendingApproval => format!("{owner}: the washing machine asks for detergent from {shop}, {total}"),
        OrderState::Placed => format!("{owner}: the washing machine ordered detergent from {shop}, {total} in escrow"),
        OrderState::Accepted => format!("{shop} accepted the order of {owner}"),
        OrderState::Shipped => format!("{shop} shipped to {owner}"),
        OrderState::Claimed => format!("{owner}: the delivery from {shop} is claimed"),
        OrderState::Settled => format!("{owner} has its detergent, {shop} has its {total}: settled"),
        OrderState::Refunded => format!("{shop} let {owner} down: {total} refunded"),
        other => format!("{owner} and {shop}: {other:?}"),
    }
}

/// Minor units with the town's two decimals.
fn money(total: U256) -> String {
    let minor = total.saturating_to::<u128>();
    format!("{}.{:02} TOWN", minor / 100, minor % 100)
}
