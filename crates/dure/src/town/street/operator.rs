//! The grid's operator, simulated: opens the street's market, attests the meters that are put in, and lowers what lines carry when somebody works on
//! them.

use super::grid::{FEEDERS, ROOT};
use crate::{say::Problem, town::Town};
use alloy_primitives::B256;
use alloy_sol_types::SolEvent as _;
use dure_api::abi::energy::IEnergy;
use dure_gateways::{
    chain::Chain,
    energy::market::{self, MarketFile},
    node::NodeError,
};
use dure_rules::{
    bounds::DAY_MS,
    credits::CreditId,
    energy::{Action, AttestMeter, DAY_SLOTS, MODULE, OpenMarket, SLOT_MS, SetCaps, Slot, market_id},
};
use serde_json::json;
use std::{path::Path, sync::Arc, time::Duration};

const NAME: &str = "Example Street";
/// Between two looks, wall time.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const HOUR_SLOTS: Slot = 4;

/// The terms that an operator would have in its `market.toml`. Bids are opened within an hour and cleared within seventy-five minutes: at six
/// hundred times the wall's pace six seconds and seven and a half.
fn file(town: &Town) -> String {
    let (credit, supplier) = (CreditId::nth(crate::chain::CREDIT).0, town.people.supplier.address());
    let [mill, orchard] = FEEDERS;
    format!(
        "name = \"{NAME}\"\ncredit = \"{credit}\"\nsupplier = \"{supplier}\"\nretail = 0.32\nfeed_in = 0.08\n\
         day_gate_minutes = 360\nslot_gate_minutes = 150\nreveal_minutes = 60\nsolve_minutes = 75\nreading_minutes = 60\n\
         [[zone]]\nname = \"{ROOT}\"\nup_kw = 60\ndown_kw = 160\n\
         [[zone]]\nname = \"{mill}\"\nparent = \"{ROOT}\"\nup_kw = 120\ndown_kw = 120\n\
         [[zone]]\nname = \"{orchard}\"\nparent = \"{ROOT}\"\nup_kw = 120\ndown_kw = 160\n"
    )
}

/// The street's market.
pub fn market(town: &Town) -> B256 {
    market_id(town.people.operator.address(), CreditId::nth(crate::chain::CREDIT), NAME)
}

/// Works of a day: the number of the zone, what its line carries upwards meanwhile in kW, hours, and how long ahead it is known.
struct Works {
    zone: u8,
    up_kw: f64,
    from_hour: Slot,
    until_hour: Slot,
    known_ms: u64,
}

/// Every third day the connection to the grid is worked on, known before the day is traded; every third day the line of the first feeder, at three
/// and a half hours' notice.
fn works(day: u32) -> Option<Works> {
    match day % 3 {
        0 => Some(Works { zone: 0, up_kw: 20.0, from_hour: 10, until_hour: 15, known_ms: DAY_MS }),
        1 => Some(Works { zone: 1, up_kw: 40.0, from_hour: 12, until_hour: 14, known_ms: DAY_MS / 24 * 7 / 2 }),
        _ => None,
    }
}

/// Works until the task is dropped.
///
/// # Errors
/// Where no node answers at the start, or the market is refused.
pub async fn work(town: Arc<Town>, folder: &Path) -> Result<(), Problem> {
    let chain = Chain::connect(&town.rpc).await?;
    let market = open(&chain, &town, folder).await?;
    let operator = &town.people.operator;
    let (mut next_height, mut lowered) = (0, 0);
    loop {
        let head = chain.node.head().await?;
        if head.height >= next_height {
            let put_in = json!([IEnergy::MeterRegistered::SIGNATURE_HASH, market]);
            for seen in chain.node.logs(MODULE, &put_in, next_height, head.height).await? {
                let Ok(event) = IEnergy::MeterRegistered::decode_log(&seen.log) else { continue };
                let meter = chain.view_at(MODULE, IEnergy::meterCall { id: event.meter }).await?;
                if !meter.attested {
                    chain.act(operator, Action::from(AttestMeter { meter: event.meter, attested: true })).await?;
                }
            }
            next_height = head.height + 1;
        }
        for day in (head.time_ms / DAY_MS..=head.time_ms / DAY_MS + 1).filter_map(|day| u32::try_from(day).ok()) {
            let Some(works) = works(day).filter(|_| day > lowered) else { continue };
            if let Some(caps) = due(&works, market, day, head.time_ms)? {
                chain.act(operator, Action::from(caps)).await?;
                lowered = day;
            }
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// What is to be set now, where the works of `day` have become known and not begun.
fn due(works: &Works, market: B256, day: u32, now_ms: u64) -> Result<Option<SetCaps>, Problem> {
    let first_slot = day * DAY_SLOTS + works.from_hour * HOUR_SLOTS;
    let begins_ms = u64::from(first_slot) * SLOT_MS;
    if !(begins_ms.saturating_sub(works.known_ms)..begins_ms).contains(&now_ms) {
        return Ok(None);
    }
    let mut problems = Vec::new();
    let (up_wh, down_wh) = (market::wh(works.up_kw, "up_kw", &mut problems), market::wh(120.0, "down_kw", &mut problems));
    if !problems.is_empty() {
        return Err(Problem::fault(problems.join("; ")));
    }
    let slots = u8::try_from((works.until_hour - works.from_hour) * HOUR_SLOTS).map_err(Problem::fault)?;
    Ok(Some(SetCaps { market, zone: works.zone, first_slot, slots, up_wh, down_wh }))
}

async fn open(chain: &Chain, town: &Town, folder: &Path) -> Result<B256, Problem> {
    let market = market(town);
    match chain.view_at(MODULE, IEnergy::marketCall { id: market }).await {
        Ok(_) => return Ok(market),
        Err(NodeError::Reverted(_)) => {}
        Err(other) => return Err(other.into()),
    }
    let path = folder.join("market.toml");
    std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, file(town))).map_err(Problem::unreachable)?;
    let opening: OpenMarket = MarketFile::read(&path)?;
    chain.act(&town.people.operator, Action::from(opening)).await?;
    Ok(market)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_are_told_in_time_for_the_auctions_that_they_concern() {
        let day = 20_601; // a multiple of three
        let market = B256::repeat_byte(1);
        let told = |day: u32, hour: u64| {
            let now_ms = u64::from(day) * DAY_MS + hour * DAY_MS / 24;
            due(&works(day).expect("works"), market, day, now_ms).expect("good")
        };
        let ahead = due(&works(day).expect("works"), market, day, u64::from(day - 1) * DAY_MS + 11 * DAY_MS / 24);
        let ahead = ahead.expect("good").expect("known before the gate of the day, at 18:00");
        assert_eq!((ahead.zone, ahead.first_slot, ahead.slots, ahead.up_wh), (0, day * 96 + 40, 20, 5_000));
        assert_eq!(told(day, 10), None, "they have begun");
        assert_eq!(told(day + 1, 8), None);
        assert_eq!(
            told(day + 1, 9).map(|caps| (caps.zone, caps.first_slot % 96, caps.slots, caps.up_wh)),
            Some((1, 48, 8, 10_000))
        );
        assert!(works(day + 2).is_none());
    }
}
