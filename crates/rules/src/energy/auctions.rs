//! Auctions: sealed bids, their opening, and what a clearing gives each meter.

use super::book::{Allotment, Book, Outcome};
use super::clearing::Certificate;
use super::*;
use crate::deadlines::{self, Due};

/// When the slot begins, consensus milliseconds.
pub fn slot_start_ms(slot: Slot) -> u64 {
    u64::from(slot).saturating_mul(SLOT_MS)
}

/// From when to when sealed bids are taken for these slots, where there is such an auction.
pub fn open_ms(terms: &Terms, first_slot: Slot, slots: u8) -> Option<(u64, u64)> {
    let gate = match u32::from(slots) {
        DAY_SLOTS if first_slot.is_multiple_of(DAY_SLOTS) => terms.day_gate_ms,
        1 => terms.slot_gate_ms,
        _ => return None,
    };
    let until = slot_start_ms(first_slot).checked_sub(gate)?;
    Some((until.saturating_sub(AHEAD_MAX_MS), until))
}

pub(super) fn commit(d: &mut Draft<'_>, action: Commit) -> Result<Output, Failure> {
    let Commit { market, first_slot, slots, meter, seal, held_nano } = action;
    let (account, now) = (d.env.caller, d.env.time_ms);
    let record = known_market(d, market)?;
    let of_meter = known_meter(d, meter)?;
    require_owner(d, &of_meter)?;
    let Some((from_ms, until_ms)) = open_ms(&record.terms, first_slot, slots) else {
        return Err(Refusal::OutOfBounds { field: Field::Slots }.into());
    };
    within(held_nano <= u128::from(u64::MAX), Field::Amount)?;
    if !of_meter.attested || of_meter.market != market {
        return Err(Refusal::NotAttested { meter }.into());
    }
    if now < from_ms || now >= until_ms {
        return Err(Refusal::NotOpen { from_ms, until_ms }.into());
    }
    let (have_nano, want_nano) = (held_nano, u128::from(record.terms.deposit_nano));
    if have_nano < want_nano {
        return Err(Refusal::HoldTooSmall { have_nano, want_nano }.into());
    }
    let (mut auction, new) = opened(d, market, first_slot, slots, until_ms)?;
    let id = auction.id;
    let number = match BIDDERS.get(d, &(id, meter))? {
        Some(bidder) => {
            let earlier = known_commitment(d, id, bidder.number, meter)?;
            reset_aside(d, market, earlier.account, earlier.held_nano, 0)?;
            bidder.number
        }
        None if auction.commitments >= BIDS_MAX => return Err(Refusal::Full { max: BIDS_MAX }.into()),
        None => {
            let number = auction.commitments;
            auction.commitments = number.saturating_add(1);
            BIDDERS.put(d, &(id, meter), &Bidder { auction: id, meter, number });
            number
        }
    };
    set_aside(d, market, account, held_nano)?;
    COMMITMENTS.put(d, &(id, number), &Commitment { auction: id, number, meter, account, seal, held_nano, opened: false });
    if new {
        deadlines::schedule(d, until_ms, Due::Auction(id))?;
    }
    AUCTIONS.put(d, &id, &auction);
    d.emit(Event::Committed { auction: id, market, meter, first_slot, slots });
    Ok(Output::Id(id))
}

/// The auction of these slots, which opens with the first that is asked of it; and whether this is the first.
pub(super) fn opened(
    d: &mut Draft<'_>,
    market: MarketId,
    first_slot: Slot,
    slots: u8,
    until_ms: u64,
) -> Result<(Auction, bool), Failure> {
    let id = auction_id(market, first_slot, slots);
    let before = AUCTIONS.get(d, &id)?;
    let new = before.is_none();
    let fresh = Auction {
        id,
        market,
        first_slot,
        slots,
        stage: Stage::Open,
        until_ms,
        half_ms: 0,
        commitments: 0,
        orders: 0,
        batteries: 0,
        submissions: 0,
        accepted: None,
        welfare_nano: 0,
    };
    Ok((before.unwrap_or(fresh), new))
}

pub(super) fn reveal(d: &mut Draft<'_>, action: Reveal) -> Result<Output, Failure> {
    let Reveal { auction: id, meter, salt, bid: bytes } = action;
    let mut auction = known_auction(d, id)?;
    let number = BIDDERS.get(d, &(id, meter))?.ok_or(Refusal::UnknownCommitment { auction: id, meter })?.number;
    if auction.stage != Stage::Revealing {
        return Err(Refusal::WrongStage { stage: auction.stage }.into());
    }
    let mut sealed = known_commitment(d, id, number, meter)?;
    if sealed.opened {
        return Err(Refusal::AlreadyDone.into());
    }
    if seal(id, meter, sealed.account, salt, &bytes) != sealed.seal {
        return Err(Refusal::SealDiffers.into());
    }
    let bid = Bid::from_bytes(&bytes).ok_or(Refusal::BadBid)?;
    let (record, of_meter) = (known_market(d, auction.market)?, known_meter(d, meter)?);
    bid_fits(&bid, &auction, &record.terms, &of_meter)?;
    let (have_nano, want_nano) = (sealed.held_nano, cost_nano(&bid).saturating_add(u128::from(record.terms.deposit_nano)));
    if have_nano < want_nano {
        return Err(Refusal::HoldTooSmall { have_nano, want_nano }.into());
    }
    let orders = u32::try_from(bid.orders.len()).unwrap_or(u32::MAX);
    auction.orders = auction.orders.saturating_add(orders);
    auction.batteries = auction.batteries.saturating_add(u32::from(bid.battery.is_some()));
    if auction.orders > AUCTION_ORDERS_MAX {
        return Err(Refusal::Full { max: AUCTION_ORDERS_MAX }.into());
    }
    sealed.opened = true;
    COMMITMENTS.put(d, &(id, number), &sealed);
    let (account, zone) = (sealed.account, of_meter.zone);
    OPEN_BIDS.put(d, &(id, number), &OpenBid { auction: id, number, meter, account, zone, bid });
    AUCTIONS.put(d, &id, &auction);
    d.emit(Event::Revealed { auction: id, meter });
    Ok(Output::None)
}

/// What each side wants in a slot is not more than the connection can turn round, prices are within the technical ones, and a battery can be
/// run at all. Batteries are for auctions of a day.
fn bid_fits(bid: &Bid, auction: &Auction, terms: &Terms, meter: &Meter) -> Result<(), Failure> {
    within(bid.orders.len() as u64 <= u64::from(ORDERS_MAX), Field::Orders)?;
    let most = u64::from(meter.import_max_wh).saturating_add(u64::from(meter.export_max_wh));
    let technical = |price: i64| terms.technical_micro.saturating_neg() < price && price < terms.technical_micro;
    let mut sums = vec![[0u64; 2]; usize::from(auction.slots)];
    for order in &bid.orders {
        within(technical(order.limit_micro), Field::Price)?;
        let Some(sum) = sums.get_mut(usize::from(order.slot)).and_then(|of| of.get_mut(usize::from(order.buys))) else {
            return Err(Refusal::OutOfBounds { field: Field::Slots }.into());
        };
        *sum = sum.saturating_add(order.wh.into());
        within(order.wh > 0 && *sum <= most, Field::Wh)?;
    }
    let Some(battery) = bid.battery else { return Ok(()) };
    let Battery { charge_wh, discharge_wh, capacity_wh, initial_wh, wear_micro, final_micro } = battery;
    let runs = u32::from(auction.slots) == DAY_SLOTS
        && charge_wh <= meter.import_max_wh
        && discharge_wh <= meter.export_max_wh
        && capacity_wh <= BATTERY_WH_MAX
        && initial_wh <= capacity_wh;
    within(runs && wear_micro >= 1 && technical(wear_micro) && technical(final_micro), Field::Battery)
}

/// The most that a bid can cost, nano-units. A battery's clearing is the best for its owner at its prices, so it is never worse off than had it
/// stood still: it pays at most what the change of its charge is worth to it.
pub fn cost_nano(bid: &Bid) -> u128 {
    let order = |order: &Order| {
        let pays = if order.buys { order.limit_micro } else { order.limit_micro.saturating_neg() };
        u128::from(pays.max(0).unsigned_abs()).saturating_mul(order.wh.into())
    };
    let battery = bid.battery.map_or(0, |b| u128::from(b.final_micro.unsigned_abs()).saturating_mul(b.capacity_wh.into()));
    bid.orders.iter().map(order).fold(battery, u128::saturating_add)
}

pub(super) fn run(d: &mut Draft<'_>, action: RunAuction) -> Result<Output, Failure> {
    let auction = known_auction(d, action.auction)?;
    if auction.stage == Stage::Cleared {
        return Err(Refusal::WrongStage { stage: auction.stage }.into());
    }
    let until_ms = auction.due_ms();
    if d.env.time_ms < until_ms {
        return Err(Refusal::NotDue { until_ms }.into());
    }
    advance(d, auction)?;
    Ok(Output::None)
}

/// What runs by itself. An entry that is stale does nothing.
pub(crate) fn due(d: &mut Draft<'_>, auction: AuctionId) -> Result<(), Failure> {
    match AUCTIONS.get(d, &auction)? {
        Some(record) if record.stage != Stage::Cleared && d.env.time_ms >= record.due_ms() => advance(d, record),
        _ => Ok(()),
    }
}

/// Upon the end of a stage, or of the first half of the time to open bids. Each wait begins when the one before it has ended; so a chain that stood still, however
/// long, leaves everybody at least half of the time to open a bid, and takes no deposit from who had none.
fn advance(d: &mut Draft<'_>, auction: Auction) -> Result<(), Failure> {
    let terms = known_market(d, auction.market)?.terms;
    match auction.stage {
        Stage::Open => begin(d, auction, Stage::Revealing, terms.reveal_ms),
        Stage::Revealing if auction.half_ms > 0 => begin_second_half(d, auction),
        Stage::Revealing if auction.batteries > 0 => {
            let Book { free_wh, root_wh, .. } = book(d, auction.id)?;
            LINES.put(d, &auction.id, &Lines { auction: auction.id, free_wh, root_wh });
            begin(d, auction, Stage::Solving, terms.solve_ms)
        }
        Stage::Revealing | Stage::Solving => finish(d, auction),
        Stage::Cleared => Ok(()),
    }
}

fn begin(d: &mut Draft<'_>, mut auction: Auction, stage: Stage, wait_ms: u64) -> Result<(), Failure> {
    auction.stage = stage;
    auction.half_ms = if stage == Stage::Revealing { d.env.time_ms.saturating_add(wait_ms / 2) } else { 0 };
    set_deadline(d, auction, wait_ms)
}

fn begin_second_half(d: &mut Draft<'_>, mut auction: Auction) -> Result<(), Failure> {
    let rest_ms = auction.until_ms.saturating_sub(auction.half_ms);
    auction.half_ms = 0;
    set_deadline(d, auction, rest_ms)
}

/// The stage ends by itself after so long.
pub(super) fn set_deadline(d: &mut Draft<'_>, mut auction: Auction, wait_ms: u64) -> Result<(), Failure> {
    auction.until_ms = d.env.time_ms.saturating_add(wait_ms);
    AUCTIONS.put(d, &auction.id, &auction);
    deadlines::schedule(d, auction.due_ms(), Due::Auction(auction.id))?;
    d.emit(Event::StageBegan { auction: auction.id, stage: auction.stage, until_ms: auction.until_ms });
    Ok(())
}

/// Everything that a clearing of `auction` depends on, from the records.
///
/// # Errors
/// What the source says; an unknown market or auction.
pub fn book(d: &mut Draft<'_>, auction: AuctionId) -> Result<Book, Failure> {
    let auction = known_auction(d, auction)?;
    let Market { zones, terms, .. } = known_market(d, auction.market)?;
    let mut bids = Vec::new();
    for number in 0..auction.commitments {
        bids.extend(OPEN_BIDS.get(d, &(auction.id, number))?);
    }
    let (mut free_wh, root_wh) = match LINES.get(d, &auction.id)? {
        Some(lines) => (lines.free_wh, lines.root_wh),
        None => lines(d, &auction, &zones)?,
    };
    let mut redispatch = REDISPATCHES.get(d, &auction.id)?;
    if let Some((order, free)) = redispatch.as_mut().zip(free_wh.first_mut()) {
        redispatch::reserve(&zones, order, free);
    }
    Ok(Book { terms, zones, free_wh, root_wh, redispatch, bids })
}

/// For each slot what lines carry beyond what earlier auctions have put on them, and what that is at the root.
type FreeAndRoot = (Vec<Vec<(u32, u32)>>, Vec<i64>);

fn lines(d: &mut Draft<'_>, auction: &Auction, zones: &[Zone]) -> Result<FreeAndRoot, Stop> {
    let (mut free_wh, mut root_wh) = (Vec::new(), Vec::new());
    for slot in slots_of(auction) {
        let mut of_slot = Vec::new();
        let flows = SLOTS.get(d, &(auction.market, slot))?.map(|book| book.flow_wh).unwrap_or_default();
        for (number, zone) in (0u8..).zip(zones) {
            let flow = flows.get(usize::from(number)).copied().unwrap_or(0);
            let caps = CAPS.get(d, &(auction.market, number, slot / DAY_SLOTS))?;
            let at = (slot % DAY_SLOTS) as usize;
            let lowered = caps.and_then(|caps| Some((*caps.up_wh.get(at)?, *caps.down_wh.get(at)?)));
            let (up, down) = lowered.unwrap_or((zone.up_wh, zone.down_wh));
            let free = |wh: i64| u32::try_from(wh.max(0)).unwrap_or(u32::MAX);
            of_slot.push((free(i64::from(up).saturating_sub(flow)), free(i64::from(down).saturating_add(flow))));
        }
        free_wh.push(of_slot);
        root_wh.push(flows.first().copied().unwrap_or(0));
    }
    Ok((free_wh, root_wh))
}

fn slots_of(auction: &Auction) -> impl Iterator<Item = Slot> + use<> {
    let first = auction.first_slot;
    (0..u32::from(auction.slots)).map(move |slot| first.saturating_add(slot))
}

/// Upon the end of the last stage: the accepted clearing, else the one that the chain makes by itself; then every meter has its position. An auction whose first slot has begun
/// meanwhile (the chain stood still) trades nothing: nobody is bound to what can no longer be delivered.
fn finish(d: &mut Draft<'_>, mut auction: Auction) -> Result<(), Failure> {
    let book = book(d, auction.id)?;
    let outcome = if d.env.time_ms >= slot_start_ms(auction.first_slot) {
        auction.accepted = None;
        None
    } else if let Some(solver) = auction.accepted {
        let certificate = submissions::accepted(d, &auction, solver)?;
        let best = certificate.and_then(|bytes| Certificate::from_bytes(&bytes)).and_then(|c| book.certified(&c).ok());
        Some(best.unwrap_or_else(|| book.by_slots()))
    } else {
        Some(book.by_slots())
    };
    let reward_nano = submissions::close(d, &auction, &book, outcome.as_ref())?;
    for number in 0..auction.commitments {
        let Some(sealed) = COMMITMENTS.get(d, &(auction.id, number))? else { continue };
        reset_aside(d, auction.market, sealed.account, sealed.held_nano, 0)?;
        COMMITMENTS.remove(d, &(auction.id, number));
        BIDDERS.remove(d, &(auction.id, sealed.meter));
        OPEN_BIDS.remove(d, &(auction.id, number));
        if sealed.opened {
            continue;
        }
        d.emit(Event::NotRevealed { auction: auction.id, meter: sealed.meter });
        // Where nothing is traded because the chain stood still, opening a bid was of no use.
        if outcome.is_some() {
            forfeit(d, auction.market, sealed.account, book.terms.deposit_nano.into())?;
        }
    }
    if let Some(outcome) = &outcome {
        for (open, allotment) in book.bids.iter().zip(&outcome.allotments) {
            allot(d, &auction, open, allotment)?;
        }
        tell_slots(d, &auction, outcome, book.redispatch.as_ref())?;
        auction.welfare_nano = outcome.welfare_nano;
    }
    redispatch::close(d, &auction, outcome.as_ref())?;
    LINES.remove(d, &auction.id);
    auction.stage = Stage::Cleared;
    AUCTIONS.put(d, &auction.id, &auction);
    let Auction { id, market, first_slot, slots, welfare_nano, .. } = auction;
    let by = auction.accepted.unwrap_or_default();
    d.emit(Event::Cleared { auction: id, market, first_slot, slots, by, welfare_nano, reward_nano });
    Ok(())
}

/// Adds what a bid got to its meter's positions, and sets aside what they cost.
fn allot(d: &mut Draft<'_>, auction: &Auction, open: &OpenBid, allotment: &Allotment) -> Result<(), Failure> {
    let day = auction.first_slot / DAY_SLOTS;
    let mut position = position(d, open.meter, day)?;
    let (mut before, mut after) = (0u128, 0u128);
    let first = (auction.first_slot % DAY_SLOTS) as usize;
    let slots = position.net_wh.iter_mut().zip(&mut position.nano).skip(first);
    for ((net_wh, nano), (wh, worth)) in slots.zip(allotment.net_wh.iter().zip(&allotment.nano)) {
        before = before.saturating_add(cost(*nano));
        // A bid's orders of a slot are within what its connection can turn round: far from the ends of both.
        *net_wh = net_wh.saturating_add(i32::try_from(*wh).unwrap_or(0));
        *nano = nano.saturating_add(i64::try_from(*worth).unwrap_or(0));
        after = after.saturating_add(cost(*nano));
    }
    POSITIONS.put(d, &(open.meter, day), &position);
    let owner = known_meter(d, open.meter)?.owner;
    Ok(reset_aside(d, auction.market, owner, before, after)?)
}

/// What a position of a slot needs in its purse, nano-units.
pub(super) fn cost(nano: i64) -> u128 {
    nano.min(0).unsigned_abs().into()
}

/// What was cleared, into the books of its slots. A price stands until something is traded there again.
fn tell_slots(d: &mut Draft<'_>, auction: &Auction, outcome: &Outcome, order: Option<&Redispatch>) -> Result<(), Failure> {
    let of_slots = outcome.price_micro.iter().zip(&outcome.traded).zip(&outcome.flow_wh).zip(&outcome.supplier_nano);
    for (slot, (((price_micro, traded), flow_wh), supplier_nano)) in slots_of(auction).zip(of_slots) {
        let mut book = settlement::slot_book(d, auction.market, slot)?;
        for ((price, new), _) in book.price_micro.iter_mut().zip(price_micro).zip(traded).filter(|(_, traded)| **traded) {
            *price = *new;
        }
        for (flow, more) in book.flow_wh.iter_mut().zip(flow_wh) {
            *flow = flow.saturating_add(*more);
        }
        book.supplier_nano = book.supplier_nano.saturating_add(*supplier_nano);
        // Of all auctions only that of this one slot has such an order.
        if let Some(order) = order {
            book.shifted_wh = outcome.shifted_wh;
            book.operator_nano = outcome.operator_nano;
            book.shift_limit_micro = order.limit_micro;
        }
        SLOTS.put(d, &(auction.market, slot), &book);
    }
    Ok(())
}

/// A meter's positions of a day; all 0 where it has none.
///
/// # Errors
/// What the source says.
pub fn position(s: &mut (impl Source + ?Sized), meter: MeterId, day: u32) -> Result<Position, Stop> {
    let none = Position { meter, day, net_wh: [0; DAY_SLOTS as usize], nano: [0; DAY_SLOTS as usize] };
    Ok(POSITIONS.get(s, &(meter, day))?.unwrap_or(none))
}

fn known_commitment(d: &mut Draft<'_>, auction: AuctionId, number: u32, meter: MeterId) -> Result<Commitment, Failure> {
    Ok(COMMITMENTS.get(d, &(auction, number))?.ok_or(Refusal::UnknownCommitment { auction, meter })?)
}
