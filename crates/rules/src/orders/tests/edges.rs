//! Just before, at, and just after: times, prices and counts at which an answer changes.

use super::fixture::*;
use crate::bounds::HOUR_MS;
use crate::credits::{self, CreditId, Kind};
use crate::orders::*;
use crate::{Action as Ask, Env, Output, disputes};

fn preview_of(w: &mut World, level: u64) -> Vec<Reason> {
    let wish = Wish { device: w.device, slot: 0, offer: w.offer, placer: Placer::Device { level } };
    let env = Env { chain_id: 1, height: w.height, time_ms: w.now_ms, caller: STRANGER, key: None };
    preview(&mut w.memory, &env, &wish).expect("read").iter().collect()
}

fn with(change: impl FnOnce(&mut MandateTerms)) -> World {
    let mut w = World::new(Mode::Auto);
    let mut terms = mandate(Mode::Auto);
    change(&mut terms);
    let device = w.device;
    w.order(OWNER, SetMandate { device, slot: 0, terms }).expect("mandate");
    w
}

#[test]
fn a_limit_itself_is_within_the_limit() {
    let mut w = World::new(Mode::Auto);
    assert_eq!(preview_of(&mut w, 300), []);
    assert_eq!(preview_of(&mut w, 301), [Reason::LevelNotLow]);
    // 700 minor units for 1,500 mL are 466.67 for 1,000 mL.
    assert_eq!(preview_of(&mut with(|terms| terms.unit_price_max = 467), 0), []);
    assert_eq!(preview_of(&mut with(|terms| terms.unit_price_max = 466), 0), [Reason::UnitPriceTooHigh]);
    assert_eq!(preview_of(&mut with(|terms| terms.order_max = PRICE), 0), []);
    assert_eq!(preview_of(&mut with(|terms| terms.order_max = PRICE - 1), 0), [Reason::OrderTooDear]);
    assert_eq!(preview_of(&mut with(|terms| terms.period_amount_max = PRICE), 0), []);
    assert_eq!(preview_of(&mut with(|terms| terms.period_amount_max = PRICE - 1), 0), [Reason::PeriodAmountSpent]);
    assert_eq!(preview_of(&mut with(|terms| terms.default_refund_min_percent = 50), 0), []);
    assert_eq!(preview_of(&mut with(|terms| terms.default_refund_min_percent = 51), 0), [Reason::DefaultShareTooSmall]);
    assert_eq!(preview_of(&mut with(|terms| terms.arbiters = vec![STRANGER]), 0), [Reason::NoCommonArbiter]);
    assert_eq!(preview_of(&mut with(|terms| terms.shops = vec![RIVAL]), 0), [Reason::ShopNotAllowed]);
    let exact = 1_500u128 * 500 / 1_000;
    let mut w = World::new(Mode::Auto);
    for (price, reasons) in [(exact, vec![]), (exact + 1, vec![Reason::UnitPriceTooHigh])] {
        let publish = PublishOffer { terms: offer_terms(price), stock: 1 };
        let Ok(Output::Id(offer)) = w.order(SHOP, publish) else { panic!("published") };
        w.offer = offer;
        assert_eq!(preview_of(&mut w, 0), reasons, "{price}");
    }
}

#[test]
fn an_offer_and_a_mandate_end_at_their_time() {
    let mut w = with(|terms| terms.expires_ms = START_MS + 2 * HOUR_MS);
    w.block(START_MS + 2 * HOUR_MS - 1 - w.now_ms);
    assert_eq!(preview_of(&mut w, 0), []);
    w.block(1);
    assert_eq!(preview_of(&mut w, 0), [Reason::MandateExpired]);
    let mut w = World::new(Mode::Auto);
    let terms = OfferTerms { valid_until_ms: w.now_ms + HOUR_MS, ..offer_terms(PRICE) };
    let Ok(Output::Id(offer)) = w.order(SHOP, PublishOffer { terms, stock: 1 }) else { panic!("published") };
    w.offer = offer;
    w.block(HOUR_MS - 1);
    assert_eq!(preview_of(&mut w, 0), []);
    w.block(1);
    assert_eq!(preview_of(&mut w, 0), [Reason::OfferExpired]);
    let terms = offer_terms(PRICE);
    let Ok(Output::Id(offer)) = w.order(SHOP, PublishOffer { terms, stock: 0 }) else { panic!("published") };
    w.offer = offer;
    assert_eq!(preview_of(&mut w, 0), [Reason::OutOfStock]);
    w.order(SHOP, WithdrawOffer { offer }).expect("withdrawn");
    assert_eq!(preview_of(&mut w, 0), [Reason::OfferWithdrawn, Reason::OutOfStock]);
}

#[test]
fn a_shop_of_another_credit_is_no_shop_of_this_mandate() {
    let mut w = World::new(Mode::Auto);
    let make = credits::Action::Create {
        name: "Other".into(),
        symbol: "OTH".into(),
        decimals: 2,
        currency: None,
        kind: Kind::Reserve { issuer: RIVAL },
    };
    w.act(RIVAL, make).expect("made");
    let credit = CreditId::nth(2);
    w.act(RIVAL, credits::Action::Issue { credit, to: RIVAL, amount: BOND }).expect("issued");
    let gln = "9521000001022".parse().expect("check digit");
    let (sealing_key, name) = (crate::B256::ZERO, "Rival".to_owned());
    w.order(RIVAL, RegisterShop { gln, name, sealing_key, credit, payout: RIVAL, bond: BOND }).expect("registered");
    let Ok(Output::Id(offer)) = w.order(RIVAL, PublishOffer { terms: offer_terms(PRICE), stock: 1 }) else { panic!("published") };
    w.offer = offer;
    assert_eq!(preview_of(&mut w, 0), [Reason::CreditDiffers]);
}

#[test]
fn the_cancel_time_belongs_to_the_shop_and_the_time_before_to_the_owner() {
    let (mut w, order) = World::reach(OrderState::Accepted);
    let ship = ShipOrder { order, carrier: None, sscc: None, tracking: String::new() };
    let until_ms = w.now_ms + HOUR_MS;
    w.block(HOUR_MS - 1);
    assert_eq!(w.order(SHOP, ship.clone()), Err(Refusal::TooEarly { from_ms: until_ms }.into()));
    w.clone().order(OWNER, CancelOrder { order }).expect("the last moment");
    w.block(1);
    assert_eq!(w.order(OWNER, CancelOrder { order }), Err(Refusal::TooLate { until_ms }.into()));
    w.order(SHOP, ship).expect("the first moment");
}

#[test]
fn five_wrong_codes_are_all_and_are_counted() {
    let (mut w, order) = World::reach(OrderState::Shipped);
    let wrong = RevealCode { order, code: *b"AAAAAAAAAA" };
    for tries_left in (0..CODE_TRIES_MAX).rev() {
        assert_eq!(w.order(CARRIER, wrong.clone()), Ok(Output::Yes(false)));
        assert!(w.events.contains(&Event::CodeWrong { order, tries_left }.into()));
    }
    assert_eq!(w.order(CARRIER, RevealCode { order, code: CODE }), Err(Refusal::CodeSpent.into()), "the right one is too late");
    w.order(SHOP, ClaimDelivery { order }).expect("another way is open");
}

#[test]
fn who_has_exactly_the_dispute_bond_puts_it_up_and_who_has_less_has_it_set_aside() {
    let bond = PRICE / 10;
    for (left, from_escrow) in [(bond, false), (bond - 1, true)] {
        let (mut w, order) = World::reach(OrderState::Shipped);
        let (credit, amount) = (CreditId::nth(1), w.money(OWNER) - left);
        w.act(OWNER, credits::Action::Transfer { credit, to: STRANGER, amount }).expect("spent elsewhere");
        w.order(OWNER, OpenDispute { order, statement: crate::B256::ZERO }).expect("contested");
        let record = ORDERS.get(&mut w.memory, &order).expect("read").expect("an order");
        assert_eq!((record.dispute_bond, record.dispute_bond_from_escrow), (bond, from_escrow));
        assert_eq!(w.money(OWNER), if from_escrow { left } else { 0 });
        w.block(ANSWER_MS);
        assert_eq!((w.state(order), w.money(OWNER)), (OrderState::Refunded, left + PRICE), "the shop was silent");
    }
}

#[test]
fn the_dispute_bond_goes_to_the_shop_only_where_an_arbiter_gives_the_owner_nothing() {
    let bond = PRICE / 10;
    for (percent, default_percent, to_owner, to_shop) in
        [(Some(0), 50, 0, PRICE + bond), (Some(25), 50, PRICE / 4 + bond, PRICE - PRICE / 4), (None, 0, bond, PRICE)]
    {
        let mut w = World::new(Mode::Auto);
        let device = w.device;
        let terms = MandateTerms { default_refund_min_percent: 0, ..mandate(Mode::Auto) };
        w.order(OWNER, SetMandate { device, slot: 0, terms }).expect("mandate");
        let terms = OfferTerms { default_refund_percent: default_percent, ..offer_terms(PRICE) };
        let Ok(Output::Id(offer)) = w.order(SHOP, PublishOffer { terms, stock: 1 }) else { panic!("published") };
        let order = w.next_order();
        w.device_places(offer, true).expect("placed");
        w.order(SHOP, AcceptOrder { order }).expect("accepted");
        w.block(HOUR_MS);
        w.order(SHOP, ShipOrder { order, carrier: None, sscc: None, tracking: String::new() }).expect("shipped");
        let statement = crate::B256::ZERO;
        w.order(OWNER, OpenDispute { order, statement }).expect("contested");
        w.order(SHOP, AnswerDispute { order, statement }).expect("answered");
        let (owner, shop) = (w.money(OWNER), w.money(SHOP));
        match percent {
            Some(percent) => drop(w.act(ARBITER, disputes::Action::Rule { dispute: order, percent }).expect("ruled")),
            None => w.block(ARBITRATION_MS),
        }
        w.block(1);
        assert_eq!(w.state(order), OrderState::Ruled);
        assert_eq!((w.money(OWNER) - owner, w.money(SHOP) - shop), (to_owner, to_shop), "{percent:?}");
    }
}

#[test]
fn evidence_settles_after_a_day_where_the_mandate_says_so_and_never_prolongs() {
    for (evidence_settles, wait_ms) in [(true, EVIDENCE_CONTEST_MS), (false, CONTEST_MS)] {
        let mut w = with(|terms| terms.evidence_settles = evidence_settles);
        let (order, offer) = (w.next_order(), w.offer);
        w.device_places(offer, true).expect("placed");
        w.order(SHOP, AcceptOrder { order }).expect("accepted");
        w.block(HOUR_MS);
        w.order(SHOP, ShipOrder { order, carrier: None, sscc: None, tracking: String::new() }).expect("shipped");
        w.says(DeviceBody::Evidence { level: 1_900, order }, true).expect("it rose");
        let deadline_ms = w.now_ms + wait_ms;
        let record = ORDERS.get(&mut w.memory, &order).expect("read").expect("an order");
        assert_eq!(record.deadline_ms, deadline_ms);
        w.block(HOUR_MS);
        w.says(DeviceBody::Evidence { level: 1_950, order }, true).expect("said again");
        let record = ORDERS.get(&mut w.memory, &order).expect("read").expect("an order");
        assert_eq!(record.deadline_ms, deadline_ms, "saying it again changes nothing");
    }
}

#[test]
fn a_check_says_what_stands_against_an_order() {
    let (mut w, order) = World::reach(OrderState::Placed);
    let look = |w: &mut World| {
        let env = Env { chain_id: 1, height: w.height, time_ms: w.now_ms, caller: STRANGER, key: None };
        check(&mut w.memory, &env, order).expect("read").map(|reasons| reasons.iter().collect::<Vec<_>>())
    };
    assert_eq!(look(&mut w), Some(vec![]));
    w.now_ms += ACCEPT_MS;
    assert_eq!(look(&mut w), Some(vec![Reason::Overdue]));
    w.act(STRANGER, Ask::Orders(RunDeadline { order }.into())).expect("anyone may run it");
    assert_eq!(look(&mut w), Some(vec![Reason::OrderFinal]));
    let env = Env { chain_id: 1, height: 1, time_ms: w.now_ms, caller: STRANGER, key: None };
    assert_eq!(check(&mut w.memory, &env, crate::B256::ZERO), Ok(None));
}
