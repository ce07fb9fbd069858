//! Events to logs, refusals to errors.

use super::IOrders as I;
use super::views::{state, status};
use crate::abi::logged;
use alloy_primitives::{Log, U256};
use alloy_sol_types::SolError as _;
use dure_rules::Sscc;
use dure_rules::orders::{Event, MODULE, Refusal};

/// `from` of an order that is new.
const NEW: u8 = u8::MAX;

pub(in crate::abi) fn log(event: &Event) -> Log {
    let wide = U256::from::<u128>;
    match event.clone() {
        Event::DeviceRegistered { device, owner, model } => {
            logged(MODULE, &I::DeviceRegistered { device, owner, model: model.get() })
        }
        Event::DeviceKeyRotated { device, key_epoch } => logged(MODULE, &I::DeviceKeyRotated { device, keyEpoch: key_epoch }),
        Event::DeviceStatusSet { device, status: to } => logged(MODULE, &I::DeviceStatusSet { device, status: status(to) }),
        Event::DeviceTransferred { device, from, to } => logged(MODULE, &I::DeviceTransferred { device, from, to }),
        Event::SlotSet { device, slot } => logged(MODULE, &I::SlotSet { device, slot }),
        Event::SlotRearmed { device, slot, cycle } => logged(MODULE, &I::SlotRearmed { device, slot, cycle }),
        Event::MandateSet { device, slot, revision } => logged(MODULE, &I::MandateSet { device, slot, revision }),
        Event::MandatePaused { device, slot, paused } => logged(MODULE, &I::MandatePaused { device, slot, paused }),
        Event::MandateRevoked { device, slot } => logged(MODULE, &I::MandateRevoked { device, slot }),
        Event::HolidaySet { owner, until_ms } => logged(MODULE, &I::HolidaySet { owner, untilMs: until_ms }),
        Event::ShopRegistered { shop, gln, name } => logged(MODULE, &I::ShopRegistered { shop, gln: gln.get(), name }),
        Event::ShopUpdated { shop, name } => logged(MODULE, &I::ShopUpdated { shop, name }),
        Event::PayoutSet { shop, payout, from_ms } => logged(MODULE, &I::PayoutSet { shop, payout, fromMs: from_ms }),
        Event::BondChanged { shop, bond, reserved } => {
            logged(MODULE, &I::BondChanged { shop, bond: wide(bond), reserved: wide(reserved) })
        }
        Event::OfferPublished { offer, shop, gtin } => logged(MODULE, &I::OfferPublished { offer, shop, gtin: gtin.get() }),
        Event::StockAdded { offer, stock } => logged(MODULE, &I::StockAdded { offer, stock }),
        Event::OfferWithdrawn { offer } => logged(MODULE, &I::OfferWithdrawn { offer }),
        Event::LevelRead { device, slot, level } => logged(MODULE, &I::LevelRead { device, slot, level }),
        Event::LevelLow { device, slot, level } => logged(MODULE, &I::LevelLow { device, slot, level }),
        Event::RefillAsked { device, slot } => logged(MODULE, &I::RefillAsked { device, slot }),
        Event::Tested { device, slot, offer, reasons } => logged(MODULE, &I::Tested { device, slot, offer, reasons: reasons.0 }),
        Event::OrderAsked { order, device, slot, owner, shop, offer, total } => {
            logged(MODULE, &I::OrderAsked { order, owner, shop, device, slot, offer, total: wide(total) })
        }
        Event::OrderMoved { order, from, to, by, deadline_ms } => {
            let from = from.map_or(NEW, state);
            logged(MODULE, &I::OrderMoved { order, from, to: state(to), by, deadlineMs: deadline_ms })
        }
        Event::ParcelNamed { order, carrier, sscc, tracking } => {
            let (carrier, sscc) = (carrier.unwrap_or_default(), sscc.map_or(0, Sscc::get));
            logged(MODULE, &I::ParcelNamed { order, carrier, sscc, tracking })
        }
        Event::CodeWrong { order, tries_left } => logged(MODULE, &I::CodeWrong { order, triesLeft: tries_left }),
        Event::EvidenceGiven { order, level } => logged(MODULE, &I::EvidenceGiven { order, level }),
        Event::RefundNamed { order, by, refund } => logged(MODULE, &I::RefundNamed { order, by, refund: wide(refund) }),
        Event::Stated { order, by, statement } => logged(MODULE, &I::Stated { order, by, statement }),
    }
}

pub(in crate::abi) fn error(refusal: &Refusal) -> Vec<u8> {
    let wide = U256::from::<u128>;
    match *refusal {
        Refusal::UnknownDevice { device } => I::UnknownDevice { device }.abi_encode(),
        Refusal::UnknownSlot { device, slot } => I::UnknownSlot { device, slot }.abi_encode(),
        Refusal::UnknownMandate { device, slot } => I::UnknownMandate { device, slot }.abi_encode(),
        Refusal::UnknownShop { shop } => I::UnknownShop { shop }.abi_encode(),
        Refusal::UnknownOffer { offer } => I::UnknownOffer { offer }.abi_encode(),
        Refusal::UnknownOrder { order } => I::UnknownOrder { order }.abi_encode(),
        Refusal::NotOwner { caller, owner } => I::NotOwner { caller, owner }.abi_encode(),
        Refusal::NotShop { caller, shop } => I::NotShop { caller, shop }.abi_encode(),
        Refusal::NotParty { caller } => I::NotParty { caller }.abi_encode(),
        Refusal::AlreadyRegistered => I::AlreadyRegistered {}.abi_encode(),
        Refusal::OutOfBounds { field } => I::OutOfBounds { field: field as u8 }.abi_encode(),
        Refusal::DeviceInactive { status: is } => I::DeviceInactive { status: status(is) }.abi_encode(),
        Refusal::BadMessage => I::BadMessage {}.abi_encode(),
        Refusal::ForeignMessage => I::ForeignMessage {}.abi_encode(),
        Refusal::WrongEpoch { have, want } => I::WrongEpoch { have, want }.abi_encode(),
        Refusal::StaleSequence { last, given } => I::StaleSequence { last, given }.abi_encode(),
        Refusal::StaleBlock { height } => I::StaleBlock { height }.abi_encode(),
        Refusal::BadSignature => I::BadSignature {}.abi_encode(),
        Refusal::WrongState { state: is } => I::WrongState { state: state(is) }.abi_encode(),
        Refusal::TooEarly { from_ms } => I::TooEarly { fromMs: from_ms }.abi_encode(),
        Refusal::TooLate { until_ms } => I::TooLate { untilMs: until_ms }.abi_encode(),
        Refusal::NotDue { deadline_ms } => I::NotDue { deadlineMs: deadline_ms }.abi_encode(),
        Refusal::CannotPlace { reasons } => I::CannotPlace { reasons: reasons.0 }.abi_encode(),
        Refusal::NotACarrier { carrier } => I::NotACarrier { carrier }.abi_encode(),
        Refusal::NoCode => I::NoCode {}.abi_encode(),
        Refusal::CodeSpent => I::CodeSpent {}.abi_encode(),
        Refusal::RiseTooSmall { rise, needed } => I::RiseTooSmall { rise, needed }.abi_encode(),
        Refusal::BondInsufficient { free, want } => I::BondInsufficient { free: wide(free), want: wide(want) }.abi_encode(),
        Refusal::NothingToWithdraw => I::NothingToWithdraw {}.abi_encode(),
        Refusal::WithdrawalUnderWay { from_ms } => I::WithdrawalUnderWay { fromMs: from_ms }.abi_encode(),
    }
}
