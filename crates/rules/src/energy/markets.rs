//! Markets, what their lines carry, and their meters.

use super::*;
use crate::keys::DeviceKey;
use crate::{credits, roles};

/// What a meter's key signs to show that the meter has it: "dure.meter.possession" ‖ borsh(chain id, module, owner, market, key).
pub fn possession_prehash(chain_id: u64, owner: Address, market: MarketId, key: &DeviceKey) -> B256 {
    let payload = borsh::to_vec(&(chain_id, MODULE, owner, market, key)).unwrap_or_default();
    key.prehash("dure.meter.possession", &payload)
}

pub(super) fn open(d: &mut Draft<'_>, action: OpenMarket) -> Result<Output, Failure> {
    let OpenMarket { name, credit, supplier, zones, terms } = action;
    let operator = d.env.caller;
    if !roles::has(d, roles::Role::GridOperator, operator, d.env.time_ms)? {
        return Err(Refusal::NotGridOperator { caller: operator }.into());
    }
    let id = market_id(operator, credit, &name);
    if MARKETS.get(d, &id)?.is_some() {
        return Err(Refusal::AlreadyRegistered.into());
    }
    within(text_fits(&name), Field::Name)?;
    let decimals = credits::CREDIT.get(d, &credit)?.map(|credit| credit.decimals).filter(|decimals| *decimals <= DECIMALS_MAX);
    let Some(decimals) = decimals else { return Err(Refusal::OutOfBounds { field: Field::Credit }.into()) };
    within(supplier != Address::ZERO && !crate::is_module(&supplier), Field::Supplier)?;
    within(is_tree(&zones), Field::Zones)?;
    within(terms_fit(&terms), Field::Terms)?;
    let apart =
        |arbiter: Address| arbiter != Address::ZERO && !crate::is_module(&arbiter) && arbiter != operator && arbiter != supplier;
    within(terms.challenge_ms == 0 || (apart(terms.arbiter) && apart(terms.fallback)), Field::Arbiter)?;
    let nano_per_minor = 10u64.saturating_pow(u32::from(DECIMALS_MAX.saturating_sub(decimals)));
    let market =
        Market { id, name: name.clone(), operator, supplier, credit, nano_per_minor, zones, terms, meters: 0, capacity_wh: 0 };
    MARKETS.put(d, &id, &market);
    d.emit(Event::MarketOpened { market: id, operator, name });
    Ok(Output::Id(id))
}

/// The root first, every other zone after its parent, lines and fees within bounds.
fn is_tree(zones: &[Zone]) -> bool {
    let fits = |(number, zone): (usize, &Zone)| {
        let above = if number == 0 { zone.parent == 0 && zone.fee_micro == 0 } else { usize::from(zone.parent) < number };
        let fee = i64::from(zone.fee_micro) < TECHNICAL_MAX_MICRO;
        above && fee && text_fits(&zone.name) && zone.up_wh <= SLOT_WH_MAX && zone.down_wh <= SLOT_WH_MAX
    };
    !zones.is_empty() && zones.len() as u64 <= u64::from(ZONES_MAX) && zones.iter().enumerate().all(fits)
}

fn terms_fit(terms: &Terms) -> bool {
    let prices = terms.technical_micro <= TECHNICAL_MAX_MICRO
        && terms.retail_micro < terms.technical_micro
        && terms.feed_in_micro < terms.retail_micro
        && terms.technical_micro.saturating_neg() < terms.feed_in_micro;
    let stages = [terms.reveal_ms, terms.solve_ms].iter().all(|stage| (STAGE_MIN_MS..=STAGE_MAX_MS).contains(stage));
    let before_gate = terms.reveal_ms.saturating_add(terms.solve_ms);
    let gates = [terms.day_gate_ms, terms.slot_gate_ms];
    let gates = gates.iter().all(|gate| (GATE_MIN_MS..=GATE_MAX_MS).contains(gate) && before_gate < *gate);
    let shares = terms.share_permille <= WHOLE_PERMILLE;
    let answered = (ANSWER_MIN_MS..=ANSWER_MAX_MS).contains(&terms.answer_ms);
    let challenges = terms.challenge_ms == 0 || (terms.challenge_ms <= CHALLENGE_MAX_MS && answered);
    prices && stages && gates && shares && challenges && (READING_MIN_MS..=READING_MAX_MS).contains(&terms.reading_ms)
}

pub(super) fn set_caps(d: &mut Draft<'_>, action: SetCaps) -> Result<Output, Failure> {
    let SetCaps { market, zone, first_slot, slots, up_wh, down_wh } = action;
    let record = known_market(d, market)?;
    require_operator(d, &record)?;
    let Some(own) = record.zones.get(usize::from(zone)) else { return Err(Refusal::OutOfBounds { field: Field::Zone }.into()) };
    let (day, within_day) = (first_slot / DAY_SLOTS, first_slot % DAY_SLOTS);
    let end = within_day.saturating_add(u32::from(slots));
    within(slots > 0 && end <= DAY_SLOTS, Field::Slots)?;
    within(up_wh <= SLOT_WH_MAX && down_wh <= SLOT_WH_MAX, Field::Wh)?;
    let all = |wh| [wh; DAY_SLOTS as usize];
    let before = CAPS.get(d, &(market, zone, day))?;
    let mut caps = before.unwrap_or(Caps { market, zone, day, up_wh: all(own.up_wh), down_wh: all(own.down_wh) });
    let set = |caps: &mut [u32], wh| caps.iter_mut().take(end as usize).skip(within_day as usize).for_each(|cap| *cap = wh);
    set(&mut caps.up_wh, up_wh);
    set(&mut caps.down_wh, down_wh);
    CAPS.put(d, &(market, zone, day), &caps);
    d.emit(Event::CapsSet { market, zone, first_slot, slots, up_wh, down_wh });
    Ok(Output::None)
}

pub(super) fn register_meter(d: &mut Draft<'_>, action: RegisterMeter) -> Result<Output, Failure> {
    let RegisterMeter { market, zone, key, import_max_wh, export_max_wh, possession } = action;
    let owner = d.env.caller;
    let mut record = known_market(d, market)?;
    let id = meter_id(&key);
    if METERS.get(d, &id)?.is_some() {
        return Err(Refusal::AlreadyRegistered.into());
    }
    within(usize::from(zone) < record.zones.len(), Field::Zone)?;
    within(import_max_wh <= SLOT_WH_MAX && export_max_wh <= SLOT_WH_MAX, Field::Wh)?;
    let prehash = possession_prehash(d.env.chain_id, owner, market, &key);
    if !key.verifies(d, &prehash, &possession)? {
        return Err(Refusal::BadSignature.into());
    }
    let number = record.meters;
    if number >= METERS_MAX {
        return Err(Refusal::Full { max: METERS_MAX }.into());
    }
    record.meters = number.saturating_add(1);
    MARKETS.put(d, &market, &record);
    LISTED.put(d, &(market, number), &Listed { market, number, meter: id });
    let (attested, counter, read_until, import_wh, export_wh) = (false, 0, 0, 0, 0);
    let meter = Meter {
        id,
        market,
        number,
        owner,
        key,
        zone,
        import_max_wh,
        export_max_wh,
        attested,
        counter,
        read_until,
        import_wh,
        export_wh,
    };
    METERS.put(d, &id, &meter);
    d.emit(Event::MeterRegistered { market, meter: id, owner, zone });
    Ok(Output::Id(id))
}

pub(super) fn attest_meter(d: &mut Draft<'_>, action: AttestMeter) -> Result<Output, Failure> {
    let AttestMeter { meter, attested } = action;
    let mut record = known_meter(d, meter)?;
    let mut market = known_market(d, record.market)?;
    require_operator(d, &market)?;
    let (counted, counts) = (record.attested, attested);
    let capacity = |holds: bool| if holds { record.capacity_wh() } else { 0 };
    market.capacity_wh = market.capacity_wh.saturating_sub(capacity(counted)).saturating_add(capacity(counts));
    record.attested = attested;
    MARKETS.put(d, &market.id, &market);
    METERS.put(d, &meter, &record);
    d.emit(Event::MeterAttested { meter, attested });
    Ok(Output::None)
}

pub(super) fn require_operator(d: &Draft<'_>, market: &Market) -> Result<(), Failure> {
    let (caller, operator) = (d.env.caller, market.operator);
    if caller == operator { Ok(()) } else { Err(Refusal::NotOperator { caller, operator }.into()) }
}

/// Not empty, not too long, no control characters.
fn text_fits(text: &str) -> bool {
    !text.is_empty() && text.len() as u64 <= u64::from(NAME_MAX_BYTES) && !text.chars().any(char::is_control)
}
