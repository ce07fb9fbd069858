//! Devices, their slots and mandates, and what a device says.

use super::lifecycle::{evidence, order_of_device, place};
use super::preview::look;
use super::*;
use crate::bounds::AMOUNT_MAX;
use crate::{Env, Output, recent};
use borsh::BorshDeserialize as _;

/// What a device signs to relay a message: "dure.device.message" ‖ borsh of [`DeviceMessage`], under sha256 for P-256 and
/// keccak256 for secp256k1.
pub fn message_prehash(key: &DeviceKey, payload: &[u8]) -> B256 {
    key.prehash("dure.device.message", payload)
}

/// What a key signs to show that the device has it: "dure.device.possession" ‖ borsh(chain id, module, owner, epoch, key).
pub fn possession_prehash(chain_id: u64, owner: Address, key_epoch: u32, key: &DeviceKey) -> B256 {
    let payload = borsh::to_vec(&(chain_id, MODULE, owner, key_epoch, key)).unwrap_or_default();
    key.prehash("dure.device.possession", &payload)
}

fn verify(d: &mut Draft<'_>, key: &DeviceKey, prehash: &B256, signature: &[u8; 64]) -> Result<(), Failure> {
    if key.verifies(d, prehash, signature)? { Ok(()) } else { Err(Refusal::BadSignature.into()) }
}

fn verify_possession(d: &mut Draft<'_>, key: &DeviceKey, epoch: u32, signature: &[u8; 64]) -> Result<(), Failure> {
    let prehash = possession_prehash(d.env.chain_id, d.env.caller, epoch, key);
    verify(d, key, &prehash, signature)
}

pub(super) fn register(d: &mut Draft<'_>, action: RegisterDevice) -> Result<Output, Failure> {
    let RegisterDevice { model, key, attestation, possession } = action;
    let id = device_id(&key);
    if DEVICES.get(d, &id)?.is_some() {
        return Err(Refusal::AlreadyRegistered.into());
    }
    verify_possession(d, &key, 0, &possession)?;
    let owner = d.env.caller;
    let status = DeviceStatus::Active;
    DEVICES.put(d, &id, &Device { id, owner, model, key, key_epoch: 0, sequence: 0, attestation, status });
    d.emit(Event::DeviceRegistered { device: id, owner, model });
    Ok(Output::Id(id))
}

pub(super) fn rotate_key(d: &mut Draft<'_>, action: RotateDeviceKey) -> Result<Output, Failure> {
    let mut device = owned(d, action.device)?;
    if device.status == DeviceStatus::Retired {
        return Err(Refusal::DeviceInactive { status: device.status }.into());
    }
    let epoch = device.key_epoch.saturating_add(1);
    verify_possession(d, &action.key, epoch, &action.possession)?;
    device.key = action.key;
    device.key_epoch = epoch;
    device.sequence = 0;
    DEVICES.put(d, &device.id, &device);
    d.emit(Event::DeviceKeyRotated { device: device.id, key_epoch: epoch });
    Ok(Output::None)
}

pub(super) fn set_status(d: &mut Draft<'_>, action: SetDeviceStatus) -> Result<Output, Failure> {
    let mut device = owned(d, action.device)?;
    if device.status == DeviceStatus::Retired {
        return Err(Refusal::DeviceInactive { status: device.status }.into());
    }
    device.status = action.status;
    DEVICES.put(d, &device.id, &device);
    if action.status == DeviceStatus::Retired {
        end_mandates(d, device.id)?;
    }
    d.emit(Event::DeviceStatusSet { device: device.id, status: action.status });
    Ok(Output::None)
}

/// A new epoch: what the old owner's gateway signed before counts no more. Slots keep counting cycles, so that no order id
/// comes twice.
pub(super) fn transfer(d: &mut Draft<'_>, action: TransferDevice) -> Result<Output, Failure> {
    let mut device = owned(d, action.device)?;
    if device.status == DeviceStatus::Retired {
        return Err(Refusal::DeviceInactive { status: device.status }.into());
    }
    let from = device.owner;
    device.owner = action.to;
    device.key_epoch = device.key_epoch.saturating_add(1);
    device.sequence = 0;
    DEVICES.put(d, &device.id, &device);
    end_mandates(d, device.id)?;
    for number in 0..SLOTS_MAX {
        if let Some(mut slot) = SLOTS.get(d, &(device.id, number))? {
            slot.begin_cycle();
            slot.open_order = None;
            slot.packs_at_home = 0;
            SLOTS.put(d, &(device.id, number), &slot);
        }
    }
    d.emit(Event::DeviceTransferred { device: device.id, from, to: action.to });
    Ok(Output::None)
}

fn end_mandates(d: &mut Draft<'_>, device: DeviceId) -> Result<(), Failure> {
    for slot in 0..SLOTS_MAX {
        if MANDATES.get(d, &(device, slot))?.is_some() {
            MANDATES.remove(d, &(device, slot));
            d.emit(Event::MandateRevoked { device, slot });
        }
    }
    Ok(())
}

pub(super) fn set_slot(d: &mut Draft<'_>, action: SetSlot) -> Result<Output, Failure> {
    let SetSlot { device, slot, unit, capacity, threshold, rearm, gtins } = action;
    owned(d, device)?;
    within(slot < SLOTS_MAX, Field::Slot)?;
    within(text_fits(&unit, UNIT_MAX_BYTES), Field::Unit)?;
    within(threshold < rearm && rearm <= capacity && capacity <= LEVEL_MAX, Field::Level)?;
    within(!gtins.is_empty() && list_fits(&gtins, GTINS_MAX), Field::Gtins)?;
    let record = match SLOTS.get(d, &(device, slot))? {
        // What was read in another unit says nothing any more.
        Some(old) if old.unit != unit => {
            Slot { unit, capacity, threshold, rearm, gtins, level: 0, level_ms: 0, lowest: LEVEL_MAX, ..old }
        }
        Some(old) => Slot { unit, capacity, threshold, rearm, gtins, ..old },
        None => Slot {
            device,
            slot,
            unit,
            capacity,
            threshold,
            rearm,
            gtins,
            cycle: 0,
            attempts: 0,
            armed: true,
            left_out: Vec::new(),
            packs_at_home: 0,
            level: 0,
            level_ms: 0,
            lowest: LEVEL_MAX,
            open_order: None,
            mandate_revision: 0,
        },
    };
    SLOTS.put(d, &(device, slot), &record);
    d.emit(Event::SlotSet { device, slot });
    Ok(Output::None)
}

pub(super) fn rearm_slot(d: &mut Draft<'_>, action: RearmSlot) -> Result<Output, Failure> {
    let RearmSlot { device, slot, packs_at_home } = action;
    owned(d, device)?;
    let mut record = slot_of(d, device, slot)?;
    within(packs_at_home <= PACKS_MAX, Field::Packs)?;
    record.begin_cycle();
    record.packs_at_home = packs_at_home;
    SLOTS.put(d, &(device, slot), &record);
    d.emit(Event::SlotRearmed { device, slot, cycle: record.cycle });
    Ok(Output::None)
}

pub(super) fn set_mandate(d: &mut Draft<'_>, action: SetMandate) -> Result<Output, Failure> {
    let SetMandate { device, slot, terms } = action;
    let device_record = owned(d, device)?;
    let mut record = slot_of(d, device, slot)?;
    if device_record.status == DeviceStatus::Retired {
        return Err(Refusal::DeviceInactive { status: device_record.status }.into());
    }
    let now = d.env.time_ms;
    within(list_fits(&terms.shops, SHOPS_MAX), Field::Shops)?;
    within(!terms.gtins.is_empty() && list_fits(&terms.gtins, GTINS_MAX), Field::Gtins)?;
    within(!terms.arbiters.is_empty() && list_fits(&terms.arbiters, ARBITERS_MAX), Field::Arbiters)?;
    let amounts = [terms.unit_price_max, terms.order_max, terms.period_amount_max];
    within(amounts.iter().all(|amount| *amount <= AMOUNT_MAX), Field::Amount)?;
    within((PERIOD_MIN_MS..=PERIOD_MAX_MS).contains(&terms.period_ms), Field::Period)?;
    within(terms.interval_min_ms <= PERIOD_MAX_MS, Field::Period)?;
    within((1..=PERIOD_COUNT_MAX).contains(&terms.period_count_max), Field::Count)?;
    within(terms.default_refund_min_percent <= 100, Field::Percent)?;
    within(terms.expires_ms > now && terms.expires_ms <= now.saturating_add(PERIOD_MAX_MS), Field::Expiry)?;
    record.mandate_revision = record.mandate_revision.saturating_add(1);
    let (owner, revision) = (device_record.owner, record.mandate_revision);
    SLOTS.put(d, &(device, slot), &record);
    let mandate = Mandate {
        device,
        slot,
        owner,
        revision,
        terms,
        paused: false,
        since_ms: now,
        period: 0,
        spent: 0,
        count: 0,
        placed_ms: 0,
    };
    MANDATES.put(d, &(device, slot), &mandate);
    d.emit(Event::MandateSet { device, slot, revision });
    Ok(Output::None)
}

pub(super) fn pause_mandate(d: &mut Draft<'_>, action: PauseMandate) -> Result<Output, Failure> {
    let PauseMandate { device, slot, paused } = action;
    let mut mandate = mandate_of(d, device, slot)?;
    mandate.paused = paused;
    MANDATES.put(d, &(device, slot), &mandate);
    d.emit(Event::MandatePaused { device, slot, paused });
    Ok(Output::None)
}

pub(super) fn revoke_mandate(d: &mut Draft<'_>, action: RevokeMandate) -> Result<Output, Failure> {
    let RevokeMandate { device, slot } = action;
    mandate_of(d, device, slot)?;
    MANDATES.remove(d, &(device, slot));
    d.emit(Event::MandateRevoked { device, slot });
    Ok(Output::None)
}

pub(super) fn set_holiday(d: &mut Draft<'_>, action: SetHoliday) -> Result<Output, Failure> {
    let (owner, until_ms) = (d.env.caller, action.until_ms);
    within(until_ms <= d.env.time_ms.saturating_add(HOLIDAY_MAX_MS), Field::Holiday)?;
    if until_ms == 0 {
        HOLIDAYS.remove(d, &owner);
    } else {
        HOLIDAYS.put(d, &owner, &Holiday { owner, until_ms });
    }
    d.emit(Event::HolidaySet { owner, until_ms });
    Ok(Output::None)
}

/// Upon what a device signed: chain, module, device, epoch, sequence, block, signature are checked, in this order, cheapest
/// first; then the sequence is used up and the body is done.
pub(super) fn relay(d: &mut Draft<'_>, action: RelayDevice) -> Result<Output, Failure> {
    let message = DeviceMessage::try_from_slice(&action.payload).map_err(|_| Refusal::BadMessage)?;
    if message.chain_id != d.env.chain_id || message.module != MODULE {
        return Err(Refusal::ForeignMessage.into());
    }
    let mut device = known_device(d, message.device)?;
    if device.status != DeviceStatus::Active {
        return Err(Refusal::DeviceInactive { status: device.status }.into());
    }
    let (have, want) = (message.key_epoch, device.key_epoch);
    if have != want {
        return Err(Refusal::WrongEpoch { have, want }.into());
    }
    let (last, given) = (device.sequence, message.sequence);
    if given <= last {
        return Err(Refusal::StaleSequence { last, given }.into());
    }
    let height = message.height;
    if recent::hash_at(d, height)? != Some(message.block_hash) {
        return Err(Refusal::StaleBlock { height }.into());
    }
    let prehash = message_prehash(&device.key, &action.payload);
    let key = device.key;
    verify(d, &key, &prehash, &action.signature)?;
    device.sequence = given;
    DEVICES.put(d, &device.id, &device);
    let slot = message.slot;
    match message.body {
        DeviceBody::Level { level } => observe(d, device.id, slot, level, true).map(|()| Output::None),
        DeviceBody::Place { level, offer, code_commitment, sealed_address } => {
            observe(d, device.id, slot, level, false)?;
            let wish = Wish { device: device.id, slot, offer, placer: Placer::Device { level } };
            place(d, wish, code_commitment, sealed_address)
        }
        DeviceBody::Evidence { level, order } => {
            let order = order_of_device(d, &device, slot, order)?;
            observe(d, device.id, slot, level, false)?;
            evidence(d, order, level)
        }
        DeviceBody::Test { level, offer } => {
            observe(d, device.id, slot, level, false)?;
            let wish = Wish { device: device.id, slot, offer, placer: Placer::Device { level } };
            let env: Env = d.env;
            let reasons = preview(d, &env, &wish)?;
            d.emit(Event::Tested { device: device.id, slot, offer, reasons });
            Ok(Output::Yes(reasons.is_empty()))
        }
    }
}

/// Upon a reading: remember it and its lowest; a rise to the re-arm mark begins a cycle and takes one pack from the
/// cupboard; a fall to the threshold is told once.
fn observe(d: &mut Draft<'_>, device: DeviceId, slot: u8, level: u64, tell: bool) -> Result<(), Failure> {
    let mut record = slot_of(d, device, slot)?;
    within(level <= LEVEL_MAX, Field::Level)?;
    let first = record.level_ms == 0;
    let filled = !first && record.level < record.rearm && level >= record.rearm;
    let fell = level <= record.threshold && (first || record.level > record.threshold);
    record.lowest = record.lowest.min(level);
    record.level = level;
    record.level_ms = d.env.time_ms;
    if filled {
        record.begin_cycle();
        record.packs_at_home = record.packs_at_home.saturating_sub(1);
    }
    SLOTS.put(d, &(device, slot), &record);
    if tell {
        d.emit(Event::LevelRead { device, slot, level });
    }
    if filled {
        d.emit(Event::SlotRearmed { device, slot, cycle: record.cycle });
    }
    if fell {
        d.emit(Event::LevelLow { device, slot, level });
        if record.packs_at_home > 0 {
            d.emit(Event::RefillAsked { device, slot });
        }
    }
    Ok(())
}

/// The owner places by hand.
pub(super) fn place_by_hand(d: &mut Draft<'_>, action: PlaceOrder) -> Result<Output, Failure> {
    let PlaceOrder { device, slot, offer, code_commitment, sealed_address } = action;
    place(d, Wish { device, slot, offer, placer: Placer::Owner }, code_commitment, sealed_address)
}

/// The owner approves what the device asked for: all limits are checked again.
pub(super) fn approve(d: &mut Draft<'_>, action: ApproveOrder) -> Result<Output, Failure> {
    let order = known_order(d, action.order)?;
    require_owner(d, order.owner)?;
    if order.state != OrderState::PendingApproval {
        return Err(Refusal::WrongState { state: order.state }.into());
    }
    let wish = Wish { device: order.device, slot: order.slot, offer: order.offer, placer: Placer::Approval { order: order.id } };
    let env = d.env;
    let (reasons, scene) = look(d, &env, &wish)?;
    let Some(scene) = scene.filter(|_| reasons.is_empty()) else {
        return Err(Refusal::CannotPlace { reasons }.into());
    };
    super::lifecycle::fund(d, order, scene)
}

fn known_device(d: &mut Draft<'_>, device: DeviceId) -> Result<Device, Failure> {
    Ok(DEVICES.get(d, &device)?.ok_or(Refusal::UnknownDevice { device })?)
}

/// The device, where the caller owns it.
fn owned(d: &mut Draft<'_>, device: DeviceId) -> Result<Device, Failure> {
    let device = known_device(d, device)?;
    require_owner(d, device.owner)?;
    Ok(device)
}

fn slot_of(d: &mut Draft<'_>, device: DeviceId, slot: u8) -> Result<Slot, Failure> {
    Ok(SLOTS.get(d, &(device, slot))?.ok_or(Refusal::UnknownSlot { device, slot })?)
}

fn mandate_of(d: &mut Draft<'_>, device: DeviceId, slot: u8) -> Result<Mandate, Failure> {
    owned(d, device)?;
    Ok(MANDATES.get(d, &(device, slot))?.ok_or(Refusal::UnknownMandate { device, slot })?)
}

impl Slot {
    /// From one filling to the next: three fresh attempts, no shop left out.
    fn begin_cycle(&mut self) {
        self.cycle = self.cycle.saturating_add(1);
        self.attempts = 0;
        self.armed = true;
        self.left_out.clear();
    }
}
