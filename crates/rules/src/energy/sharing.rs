//! What the pot has above its reserve, shared at the end of a day by what connections can carry: nobody gains by trading more.

use super::clearing::divided;
use super::*;
use crate::deadlines::{self, Due};
use crate::{Record, Table};
use borsh::{BorshDeserialize, BorshSerialize};

/// Between two parts of a day's sharing.
const PART_MS: u64 = 1_000;

/// A day after which a part of the pot is shared out.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Sharing {
    pub market: MarketId,
    pub day: u32,
    /// Running: the readings of its last slot are not due. Settling: meters are paid one after another.
    pub progress: Progress,
    /// The next meter to pay.
    pub cursor: u32,
    /// What is shared, and what of it was paid, nano-units.
    pub pool_nano: u64,
    pub paid_nano: u64,
    /// The capacity of all attested meters when it began, and that of those before the cursor, Wh.
    pub capacity_wh: u64,
    pub passed_wh: u64,
}

impl Record for Sharing {
    const MAX_BYTES: u32 = 73;
}

pub const SHARINGS: Table<(MarketId, u32), Sharing> = Table::new(0x61, "energy.sharings");

/// When what the pot has is shared for a day: when the readings of its last slot are due. Consensus milliseconds.
pub fn shares_ms(terms: &Terms, day: u32) -> u64 {
    settles_ms(terms, day.saturating_mul(DAY_SLOTS).saturating_add(DAY_SLOTS).saturating_sub(1))
}

/// Upon the first that happens of a day: it will be shared for it, where the market shares at all. A day that is over then has had its time: late readings of many
/// days do not empty the pot at once.
pub(super) fn expect(d: &mut Draft<'_>, market: MarketId, terms: &Terms, day: u32) -> Result<(), Failure> {
    let at_ms = shares_ms(terms, day);
    if terms.share_permille == 0 || d.env.time_ms >= at_ms || SHARINGS.get(d, &(market, day))?.is_some() {
        return Ok(());
    }
    let (progress, cursor) = (Progress::Running, 0);
    let (pool_nano, paid_nano, capacity_wh, passed_wh) = (0, 0, 0, 0);
    let sharing = Sharing { market, day, progress, cursor, pool_nano, paid_nano, capacity_wh, passed_wh };
    SHARINGS.put(d, &(market, day), &sharing);
    deadlines::schedule(d, at_ms, Due::Sharing(market, day))
}

pub(super) fn run(d: &mut Draft<'_>, action: RunSharing) -> Result<Output, Failure> {
    let RunSharing { market, day } = action;
    let terms = known_market(d, market)?.terms;
    let sharing = SHARINGS.get(d, &(market, day))?.ok_or(Refusal::UnknownDay { market, day })?;
    let until_ms = shares_ms(&terms, day);
    if d.env.time_ms < until_ms {
        return Err(Refusal::NotDue { until_ms }.into());
    }
    if sharing.progress == Progress::Settled {
        return Err(Refusal::AlreadyDone.into());
    }
    share(d, sharing)?;
    Ok(Output::None)
}

/// What runs by itself. An entry that is stale does nothing.
pub(crate) fn due(d: &mut Draft<'_>, market: MarketId, day: u32) -> Result<(), Failure> {
    match SHARINGS.get(d, &(market, day))? {
        Some(sharing) if sharing.progress != Progress::Settled => share(d, sharing),
        _ => Ok(()),
    }
}

/// Upon the time: what is shared stands from now on, and [`SETTLE_METERS_MAX`] meters are paid; the rest follows in the blocks after.
fn share(d: &mut Draft<'_>, mut sharing: Sharing) -> Result<(), Failure> {
    let market = known_market(d, sharing.market)?;
    if sharing.progress == Progress::Running {
        sharing.progress = Progress::Settling;
        sharing.capacity_wh = market.capacity_wh;
        sharing.pool_nano = pool_nano(&market, &purse(d, market.id, MODULE)?);
        reset_aside(d, market.id, MODULE, 0, sharing.pool_nano.into())?;
    }
    let end = sharing.cursor.saturating_add(SETTLE_METERS_MAX).min(market.meters);
    let (mut owners, mut capacities) = (Vec::new(), Vec::new());
    for number in sharing.cursor..end {
        let Some(listed) = LISTED.get(d, &(market.id, number))? else { continue };
        let meter = known_meter(d, listed.meter)?;
        if meter.attested {
            owners.push(meter.owner);
            capacities.push(meter.capacity_wh());
        }
    }
    let passed_wh = capacities.iter().fold(sharing.passed_wh, |sum, wh| sum.saturating_add(*wh));
    let part_nano = sharing.until_nano(passed_wh).saturating_sub(sharing.until_nano(sharing.passed_wh));
    for (owner, nano) in owners.into_iter().zip(divided(part_nano, &capacities)) {
        pay(d, market.id, owner, nano.into())?;
    }
    pay(d, market.id, MODULE, i128::from(part_nano).saturating_neg())?;
    let before = sharing.left_nano();
    sharing.paid_nano = sharing.paid_nano.saturating_add(part_nano);
    (sharing.passed_wh, sharing.cursor) = (passed_wh, end);
    let over = end >= market.meters;
    if over {
        sharing.progress = Progress::Settled;
    }
    reset_aside(d, market.id, MODULE, before, sharing.left_nano())?;
    SHARINGS.put(d, &(market.id, sharing.day), &sharing);
    if over {
        let Sharing { day, paid_nano, capacity_wh, .. } = sharing;
        d.emit(Event::RentShared { market: market.id, day, nano: paid_nano, capacity_wh });
        return Ok(());
    }
    // Not at once: a block does one part, whatever is due beside it.
    let next_ms = d.env.time_ms.saturating_add(PART_MS);
    deadlines::schedule(d, next_ms, Due::Sharing(market.id, sharing.day))
}

/// The market's share of what the pot has above the reserve, rounded down; nothing where nobody is attested.
fn pool_nano(market: &Market, pot: &Purse) -> u64 {
    let above = pot.free_nano().saturating_sub(market.terms.reserve_nano.into()).max(0);
    let share = above.saturating_mul(market.terms.share_permille.into()).div_euclid(WHOLE_PERMILLE.into());
    if market.capacity_wh == 0 { 0 } else { u64::try_from(share).unwrap_or(SHARED_MAX_NANO) }
}

impl Sharing {
    /// What connections of this capacity together get, nano-units: all of it where they are all. Who is attested while it is shared out gets what is left at most.
    fn until_nano(&self, passed_wh: u64) -> u64 {
        let product = u128::from(self.pool_nano).saturating_mul(passed_wh.min(self.capacity_wh).into());
        u64::try_from(product.div_euclid(u128::from(self.capacity_wh.max(1)))).unwrap_or(self.pool_nano)
    }

    /// What the pot still keeps for it, nano-units.
    pub fn left_nano(&self) -> u128 {
        let paying = self.progress == Progress::Settling;
        if paying { self.pool_nano.saturating_sub(self.paid_nano).into() } else { 0 }
    }
}
