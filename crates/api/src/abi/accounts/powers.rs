//! What a scope can do that no limit bounds. The rules know targets and selectors by their bytes alone; what a selector means
//! is known here.

use crate::abi::credits::ICredit;
use crate::abi::disputes::IDisputes;
use crate::abi::energy::IEnergy;
use crate::abi::is_credit;
use crate::abi::orders::IOrders;
use alloy_sol_types::SolCall;
use dure_rules::accounts::{Power, Powers, Scope};
use dure_rules::{credits, deadlines, disputes, energy, is_module, orders, roles};

/// What a key with this scope can do beyond its limits.
pub fn powers(scope: &Scope) -> Powers {
    let none = Powers::default();
    match scope.target {
        orders::MODULE => {
            let all = ORDERS.iter().filter(|(selector, _)| names(scope, *selector));
            all.fold(none, |powers, (_, power)| powers.with(*power))
        }
        disputes::MODULE if names(scope, IDisputes::ruleCall::SELECTOR) => none.with(Power::Rulings),
        roles::MODULE => none.with(Power::Roles),
        credits::REGISTRY => none.with(Power::Other),
        // What moves money is bounded by the limits; claiming brings some in.
        target if is_credit(&target) && names(scope, ICredit::claimCall::SELECTOR) => none.with(Power::Other),
        energy::MODULE if scope.selectors.is_empty() || ENERGY.iter().any(|selector| names(scope, *selector)) => {
            none.with(Power::Energy)
        }
        deadlines::MODULE => none,
        target if is_module(&target) => none,
        _ => none.with(Power::Contracts),
    }
}

fn names(scope: &Scope, selector: [u8; 4]) -> bool {
    scope.selectors.is_empty() || scope.selectors.contains(&selector)
}

const fn row<C: SolCall>(power: Power) -> ([u8; 4], Power) {
    (C::SELECTOR, power)
}

/// What is not here asks, is open to anyone, or spends within the limits: `placeOrder`, `approveOrder`, `relayDevice`,
/// `runDeadline`.
const ORDERS: [([u8; 4], Power); 31] = {
    use IOrders as I;
    use Power::{Mandates, Orders, Shop};
    [
        row::<I::registerDeviceCall>(Mandates),
        row::<I::rotateDeviceKeyCall>(Mandates),
        row::<I::setDeviceStatusCall>(Mandates),
        row::<I::transferDeviceCall>(Mandates),
        row::<I::setSlotCall>(Mandates),
        row::<I::rearmSlotCall>(Mandates),
        row::<I::setMandateCall>(Mandates),
        row::<I::pauseMandateCall>(Mandates),
        row::<I::revokeMandateCall>(Mandates),
        row::<I::setHolidayCall>(Orders),
        row::<I::cancelOrderCall>(Orders),
        row::<I::acceptOrderCall>(Orders),
        row::<I::shipOrderCall>(Orders),
        row::<I::confirmDeliveryCall>(Orders),
        row::<I::revealCodeCall>(Orders),
        row::<I::claimDeliveryCall>(Orders),
        row::<I::openDisputeCall>(Orders),
        row::<I::answerDisputeCall>(Orders),
        row::<I::agreeRefundCall>(Orders),
        row::<I::postReturnCall>(Orders),
        row::<I::confirmReturnCall>(Orders),
        row::<I::denyReturnCall>(Orders),
        row::<I::registerShopCall>(Shop),
        row::<I::updateShopCall>(Shop),
        row::<I::setPayoutCall>(Shop),
        row::<I::topUpBondCall>(Shop),
        row::<I::requestBondWithdrawalCall>(Shop),
        row::<I::withdrawBondCall>(Shop),
        row::<I::publishOfferCall>(Shop),
        row::<I::addStockCall>(Shop),
        row::<I::withdrawOfferCall>(Shop),
    ]
};

/// What is not here asks, is open to anyone, or brings money in within the limits: `deposit`, `withdraw` (into the account itself), `reveal`,
/// `relayReadings`, `runAuction`, `runSlot`, `runSharing`, `runChallenge`.
const ENERGY: [[u8; 4]; 10] = [
    IEnergy::openMarketCall::SELECTOR,
    IEnergy::setCapsCall::SELECTOR,
    IEnergy::orderRedispatchCall::SELECTOR,
    IEnergy::registerMeterCall::SELECTOR,
    IEnergy::attestMeterCall::SELECTOR,
    IEnergy::commitCall::SELECTOR,
    IEnergy::announceCall::SELECTOR,
    IEnergy::submitCall::SELECTOR,
    IEnergy::challengeReadingCall::SELECTOR,
    IEnergy::answerChallengeCall::SELECTOR,
];
