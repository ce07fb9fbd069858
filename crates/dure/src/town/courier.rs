//! The courier: brings what was shipped, asks for the code at the door, reveals it.

use super::{Town, routine::Dice};
use crate::say::Problem;
use alloy_primitives::{B256, FixedBytes};
use alloy_sol_types::SolEvent as _;
use dure_api::abi::orders::IOrders;
use dure_gateways::{
    chain::{Chain, state},
    node::NodeError,
};
use dure_rules::{
    bounds::HOUR_MS,
    orders::{Action, MODULE, OrderState, RevealCode},
};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// A parcel on the way.
struct Parcel {
    order: B256,
    device: B256,
    at_ms: u64,
}

/// Drives until the task is dropped.
///
/// # Errors
/// Where no node answers at the start.
pub async fn drive(town: Arc<Town>) -> Result<(), Problem> {
    let chain = Chain::connect(&town.rpc).await?;
    let mut dice = Dice::new(town.people.seed, 3_000);
    let (mut next_height, mut van) = (0, Vec::new());
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now_ms = town.world.now_ms();
        match pick_up(&chain, &town, next_height).await {
            Ok((height, found)) => {
                next_height = height;
                van.extend(found.into_iter().map(|(order, device)| {
                    let at_ms = now_ms + dice.between(2 * HOUR_MS, 5 * HOUR_MS);
                    Parcel { order, device, at_ms }
                }));
            }
            Err(error) => town.note("Courier", &error.to_string()),
        }
        for parcel in van.extract_if(.., |parcel| now_ms >= parcel.at_ms).collect::<Vec<_>>() {
            if let Err(why) = deliver(&chain, &town, &parcel).await {
                town.note("Courier", &why);
                van.push(Parcel { at_ms: now_ms + HOUR_MS, ..parcel });
            }
        }
    }
}

/// What was shipped with this courier since `from`, and where to look on.
async fn pick_up(chain: &Chain, town: &Town, from: u64) -> Result<(u64, Vec<(B256, B256)>), NodeError> {
    let head = chain.node.head().await?.height;
    if head < from {
        return Ok((from, Vec::new()));
    }
    let shipped = B256::left_padding_from(&[OrderState::Shipped as u8]);
    let topics = json!([IOrders::OrderMoved::SIGNATURE_HASH, null, shipped]);
    let mut found = Vec::new();
    for seen in chain.node.logs(MODULE, &topics, from, head).await? {
        let Ok(event) = IOrders::OrderMoved::decode_log(&seen.log) else { continue };
        let order = chain.view(IOrders::orderCall { id: event.order }).await?;
        if order.carrier == town.people.courier.address() && state(order.state) == Some(OrderState::Shipped) {
            found.push((event.order, order.device));
        }
    }
    Ok((head + 1, found))
}

/// At the door: no code, no parcel.
async fn deliver(chain: &Chain, town: &Town, parcel: &Parcel) -> Result<(), String> {
    let order = parcel.order;
    let Some(code) = town.world.code(order) else {
        return Err(format!("nobody knew the code of {order}; coming again"));
    };
    let code: FixedBytes<10> =
        FixedBytes::try_from(code.as_bytes()).map_err(|_| format!("the code of {order} has a wrong length"))?;
    let revealed = chain.act(&town.people.courier, Action::from(RevealCode { order, code: code.0 })).await;
    revealed.map_err(|error| format!("the code of {order} was not taken: {error}"))?;
    town.world.hand_over(parcel.device);
    Ok(())
}
