//! Calldata to actions and back.

use super::IOrders::{self, IOrdersCalls as C};
use super::views;
use crate::abi::keys::{bytes64, key, key_parts};
use crate::abi::{Ask, CallError, amount, parse};
use alloy_primitives::{Address, Bytes, FixedBytes, U256};
use alloy_sol_types::SolCall as _;
use dure_rules::credits::CreditId;
use dure_rules::orders::*;
use dure_rules::{Gln, Gtin, Sscc};

/// What calldata to the orders institution asks for.
///
/// # Errors
/// `UnknownSelector`; `Malformed`, also for a GTIN, GLN or SSCC with a wrong check digit.
pub(in crate::abi) fn decode(data: &[u8]) -> Result<Ask, CallError> {
    let action: Action = match parse::<C>(data)? {
        C::registerDevice(c) => RegisterDevice {
            model: gtin(c.model)?,
            key: key(c.keyType, &c.publicKey)?,
            attestation: c.attestation,
            possession: bytes64(&c.possession)?,
        }
        .into(),
        C::rotateDeviceKey(c) => {
            let (key, possession) = (key(c.keyType, &c.publicKey)?, bytes64(&c.possession)?);
            RotateDeviceKey { device: c.device, key, possession }.into()
        }
        C::setDeviceStatus(c) => {
            let status = match c.status {
                0 => DeviceStatus::Active,
                1 => DeviceStatus::Suspended,
                2 => DeviceStatus::Retired,
                _ => return Err(CallError::Malformed),
            };
            SetDeviceStatus { device: c.device, status }.into()
        }
        C::transferDevice(c) => TransferDevice { device: c.device, to: c.to }.into(),
        C::setSlot(c) => SetSlot {
            device: c.device,
            slot: c.slot,
            unit: c.unit,
            capacity: c.capacity,
            threshold: c.threshold,
            rearm: c.rearm,
            gtins: gtins(&c.gtins)?,
        }
        .into(),
        C::rearmSlot(c) => RearmSlot { device: c.device, slot: c.slot, packs_at_home: c.packsAtHome }.into(),
        C::setMandate(c) => SetMandate { device: c.device, slot: c.slot, terms: mandate_terms(c.terms)? }.into(),
        C::pauseMandate(c) => PauseMandate { device: c.device, slot: c.slot, paused: c.paused }.into(),
        C::revokeMandate(c) => RevokeMandate { device: c.device, slot: c.slot }.into(),
        C::setHoliday(c) => SetHoliday { until_ms: c.untilMs }.into(),
        C::registerShop(c) => RegisterShop {
            gln: Gln::new(c.gln).ok_or(CallError::Malformed)?,
            name: c.name,
            sealing_key: c.sealingKey,
            credit: CreditId(c.credit),
            payout: c.payout,
            bond: amount(c.bond),
        }
        .into(),
        C::updateShop(c) => UpdateShop { name: c.name, sealing_key: c.sealingKey }.into(),
        C::setPayout(c) => SetPayout { payout: c.payout }.into(),
        C::topUpBond(c) => TopUpBond { amount: amount(c.amount) }.into(),
        C::requestBondWithdrawal(c) => RequestBondWithdrawal { amount: amount(c.amount) }.into(),
        C::withdrawBond(_) => WithdrawBond {}.into(),
        C::publishOffer(c) => PublishOffer { terms: offer_terms(c.terms)?, stock: c.stock }.into(),
        C::addStock(c) => AddStock { offer: c.offer, packs: c.packs }.into(),
        C::withdrawOffer(c) => WithdrawOffer { offer: c.offer }.into(),
        C::relayDevice(c) => RelayDevice { payload: c.payload.into(), signature: bytes64(&c.signature)? }.into(),
        C::placeOrder(c) => PlaceOrder {
            device: c.device,
            slot: c.slot,
            offer: c.offer,
            code_commitment: c.codeCommitment,
            sealed_address: c.sealedAddress.into(),
        }
        .into(),
        C::approveOrder(c) => ApproveOrder { order: c.order }.into(),
        C::cancelOrder(c) => CancelOrder { order: c.order }.into(),
        C::acceptOrder(c) => AcceptOrder { order: c.order }.into(),
        C::shipOrder(c) => {
            let sscc = if c.sscc == 0 { None } else { Some(Sscc::new(c.sscc).ok_or(CallError::Malformed)?) };
            let carrier = (c.carrier != Address::ZERO).then_some(c.carrier);
            ShipOrder { order: c.order, carrier, sscc, tracking: c.tracking }.into()
        }
        C::confirmDelivery(c) => ConfirmDelivery { order: c.order }.into(),
        C::revealCode(c) => RevealCode { order: c.order, code: c.code.0 }.into(),
        C::claimDelivery(c) => ClaimDelivery { order: c.order }.into(),
        C::openDispute(c) => OpenDispute { order: c.order, statement: c.statement }.into(),
        C::answerDispute(c) => AnswerDispute { order: c.order, statement: c.statement }.into(),
        C::agreeRefund(c) => AgreeRefund { order: c.order, refund: amount(c.refund) }.into(),
        C::postReturn(c) => PostReturn { order: c.order, proof: c.proof }.into(),
        C::confirmReturn(c) => ConfirmReturn { order: c.order }.into(),
        C::denyReturn(c) => DenyReturn { order: c.order, statement: c.statement }.into(),
        C::runDeadline(c) => RunDeadline { order: c.order }.into(),
        view => {
            return views::decode(view).map(Ask::View).ok_or(CallError::Malformed);
        }
    };
    Ok(Ask::Action(action.into()))
}

/// The calldata that asks for `action`.
pub(in crate::abi) fn encode(action: &Action) -> Bytes {
    let wide = U256::from::<u128>;
    match action.clone() {
        Action::RegisterDevice(a) => {
            let (key_type, public_key) = key_parts(&a.key);
            IOrders::registerDeviceCall {
                model: a.model.get(),
                keyType: key_type,
                publicKey: public_key,
                attestation: a.attestation,
                possession: a.possession.into(),
            }
            .abi_encode()
        }
        Action::RotateDeviceKey(a) => {
            let (key_type, public_key) = key_parts(&a.key);
            let possession = a.possession.into();
            IOrders::rotateDeviceKeyCall { device: a.device, keyType: key_type, publicKey: public_key, possession }.abi_encode()
        }
        Action::SetDeviceStatus(a) => {
            IOrders::setDeviceStatusCall { device: a.device, status: views::status(a.status) }.abi_encode()
        }
        Action::TransferDevice(a) => IOrders::transferDeviceCall { device: a.device, to: a.to }.abi_encode(),
        Action::SetSlot(a) => IOrders::setSlotCall {
            device: a.device,
            slot: a.slot,
            unit: a.unit,
            capacity: a.capacity,
            threshold: a.threshold,
            rearm: a.rearm,
            gtins: views::numbers(&a.gtins),
        }
        .abi_encode(),
        Action::RearmSlot(a) => {
            IOrders::rearmSlotCall { device: a.device, slot: a.slot, packsAtHome: a.packs_at_home }.abi_encode()
        }
        Action::SetMandate(a) => {
            IOrders::setMandateCall { device: a.device, slot: a.slot, terms: views::mandate_terms(&a.terms) }.abi_encode()
        }
        Action::PauseMandate(a) => IOrders::pauseMandateCall { device: a.device, slot: a.slot, paused: a.paused }.abi_encode(),
        Action::RevokeMandate(a) => IOrders::revokeMandateCall { device: a.device, slot: a.slot }.abi_encode(),
        Action::SetHoliday(a) => IOrders::setHolidayCall { untilMs: a.until_ms }.abi_encode(),
        Action::RegisterShop(a) => IOrders::registerShopCall {
            gln: a.gln.get(),
            name: a.name,
            sealingKey: a.sealing_key,
            credit: a.credit.0,
            payout: a.payout,
            bond: wide(a.bond),
        }
        .abi_encode(),
        Action::UpdateShop(a) => IOrders::updateShopCall { name: a.name, sealingKey: a.sealing_key }.abi_encode(),
        Action::SetPayout(a) => IOrders::setPayoutCall { payout: a.payout }.abi_encode(),
        Action::TopUpBond(a) => IOrders::topUpBondCall { amount: wide(a.amount) }.abi_encode(),
        Action::RequestBondWithdrawal(a) => IOrders::requestBondWithdrawalCall { amount: wide(a.amount) }.abi_encode(),
        Action::WithdrawBond(_) => IOrders::withdrawBondCall {}.abi_encode(),
        Action::PublishOffer(a) => IOrders::publishOfferCall { terms: views::offer_terms(&a.terms), stock: a.stock }.abi_encode(),
        Action::AddStock(a) => IOrders::addStockCall { offer: a.offer, packs: a.packs }.abi_encode(),
        Action::WithdrawOffer(a) => IOrders::withdrawOfferCall { offer: a.offer }.abi_encode(),
        Action::RelayDevice(a) => {
            IOrders::relayDeviceCall { payload: a.payload.into(), signature: a.signature.into() }.abi_encode()
        }
        Action::PlaceOrder(a) => IOrders::placeOrderCall {
            device: a.device,
            slot: a.slot,
            offer: a.offer,
            codeCommitment: a.code_commitment,
            sealedAddress: a.sealed_address.into(),
        }
        .abi_encode(),
        Action::ApproveOrder(a) => IOrders::approveOrderCall { order: a.order }.abi_encode(),
        Action::CancelOrder(a) => IOrders::cancelOrderCall { order: a.order }.abi_encode(),
        Action::AcceptOrder(a) => IOrders::acceptOrderCall { order: a.order }.abi_encode(),
        Action::ShipOrder(a) => IOrders::shipOrderCall {
            order: a.order,
            carrier: a.carrier.unwrap_or_default(),
            sscc: a.sscc.map_or(0, Sscc::get),
            tracking: a.tracking,
        }
        .abi_encode(),
        Action::ConfirmDelivery(a) => IOrders::confirmDeliveryCall { order: a.order }.abi_encode(),
        Action::RevealCode(a) => IOrders::revealCodeCall { order: a.order, code: FixedBytes(a.code) }.abi_encode(),
        Action::ClaimDelivery(a) => IOrders::claimDeliveryCall { order: a.order }.abi_encode(),
        Action::OpenDispute(a) => IOrders::openDisputeCall { order: a.order, statement: a.statement }.abi_encode(),
        Action::AnswerDispute(a) => IOrders::answerDisputeCall { order: a.order, statement: a.statement }.abi_encode(),
        Action::AgreeRefund(a) => IOrders::agreeRefundCall { order: a.order, refund: wide(a.refund) }.abi_encode(),
        Action::PostReturn(a) => IOrders::postReturnCall { order: a.order, proof: a.proof }.abi_encode(),
        Action::ConfirmReturn(a) => IOrders::confirmReturnCall { order: a.order }.abi_encode(),
        Action::DenyReturn(a) => IOrders::denyReturnCall { order: a.order, statement: a.statement }.abi_encode(),
        Action::RunDeadline(a) => IOrders::runDeadlineCall { order: a.order }.abi_encode(),
    }
    .into()
}

fn gtin(number: u64) -> Result<Gtin, CallError> {
    Gtin::new(number).ok_or(CallError::Malformed)
}

fn gtins(numbers: &[u64]) -> Result<Vec<Gtin>, CallError> {
    numbers.iter().map(|number| gtin(*number)).collect()
}

fn mandate_terms(t: IOrders::MandateTerms) -> Result<MandateTerms, CallError> {
    let mode = match t.mode {
        0 => Mode::Auto,
        1 => Mode::Confirm,
        2 => Mode::Notify,
        _ => return Err(CallError::Malformed),
    };
    Ok(MandateTerms {
        mode,
        credit: CreditId(t.credit),
        shops: t.shops,
        gtins: gtins(&t.gtins)?,
        unit_price_max: amount(t.unitPriceMax),
        order_max: amount(t.orderMax),
        period_ms: t.periodMs,
        period_amount_max: amount(t.periodAmountMax),
        period_count_max: t.periodCountMax,
        interval_min_ms: t.intervalMinMs,
        arbiters: t.arbiters,
        default_refund_min_percent: t.defaultRefundMinPercent,
        evidence_settles: t.evidenceSettles,
        address_commitment: t.addressCommitment,
        expires_ms: t.expiresMs,
    })
}

fn offer_terms(t: IOrders::OfferTerms) -> Result<OfferTerms, CallError> {
    Ok(OfferTerms {
        gtin: gtin(t.gtin)?,
        content: t.content,
        unit: t.unit,
        price: amount(t.price),
        tax: amount(t.tax),
        shipping: amount(t.shipping),
        cancel_ms: t.cancelMs,
        ship_by_ms: t.shipByMs,
        deliver_by_ms: t.deliverByMs,
        return_ms: t.returnMs,
        arbiters: t.arbiters,
        default_refund_percent: t.defaultRefundPercent,
        valid_until_ms: t.validUntilMs,
    })
}
