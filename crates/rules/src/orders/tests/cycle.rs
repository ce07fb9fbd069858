//! The slot and its cycles: one low level, one order; what a failed, cancelled or delivered one leaves behind.

use super::fixture::*;
use crate::bounds::{DAY_MS, HOUR_MS};
use crate::orders::*;
use crate::{Event as Happened, Failure, Output};

fn reasons<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> Vec<Reason> {
    match outcome {
        Err(Failure::Refused(crate::Refusal::Orders(Refusal::CannotPlace { reasons }))) => reasons.iter().collect(),
        other => panic!("{other:?}"),
    }
}

fn slot(w: &mut World) -> Slot {
    SLOTS.get(&mut w.memory, &(w.device, 0)).expect("read").expect("a slot")
}

fn spent(w: &mut World) -> (u128, u32) {
    let mandate = MANDATES.get(&mut w.memory, &(w.device, 0)).expect("read").expect("a mandate");
    (mandate.spent, mandate.count)
}

fn tell(w: &mut World, level: u64) -> Vec<Event> {
    w.says(DeviceBody::Level { level }, true).expect("read");
    let told = w.events.drain(..).filter_map(|event| if let Happened::Orders(event) = event { Some(event) } else { None });
    told.filter(|event| !matches!(event, Event::LevelRead { .. })).collect()
}

#[test]
fn a_fall_is_told_once_and_a_filling_begins_a_cycle() {
    let mut w = World::new(Mode::Auto);
    let device = w.device;
    assert_eq!(tell(&mut w, 301), []);
    assert_eq!(tell(&mut w, 300), [Event::LevelLow { device, slot: 0, level: 300 }], "at the threshold it is low");
    assert_eq!(tell(&mut w, 299), []);
    assert_eq!(tell(&mut w, 1_199), [], "below the re-arm mark nothing begins");
    assert_eq!(tell(&mut w, 1_200), [Event::SlotRearmed { device, slot: 0, cycle: 1 }]);
    assert_eq!(tell(&mut w, 1_900), [], "filling on is the same filling");
    w.order(OWNER, RearmSlot { device, slot: 0, packs_at_home: 1 }).expect("a pack in the cupboard");
    let asked = Event::RefillAsked { device, slot: 0 };
    assert_eq!(tell(&mut w, 10), [Event::LevelLow { device, slot: 0, level: 10 }, asked]);
    let offer = w.offer;
    assert_eq!(reasons(w.device_places(offer, true)), [Reason::PackAtHome]);
    tell(&mut w, 1_500);
    assert_eq!(slot(&mut w).packs_at_home, 0, "it was poured in");
}

#[test]
fn a_delivered_pack_stands_at_home_unless_the_device_saw_it_poured_in() {
    let (mut w, order) = World::reach(OrderState::Shipped);
    w.order(OWNER, ConfirmDelivery { order }).expect("it came");
    assert_eq!((slot(&mut w).packs_at_home, slot(&mut w).armed, slot(&mut w).open_order), (1, false, None));
    let (mut w, order) = World::reach(OrderState::Shipped);
    w.says(DeviceBody::Evidence { level: 1_900, order }, true).expect("the level rose");
    w.order(OWNER, ConfirmDelivery { order }).expect("it came");
    assert_eq!((slot(&mut w).packs_at_home, slot(&mut w).cycle, slot(&mut w).armed), (0, 1, true));
}

#[test]
fn a_shop_that_fails_is_left_out_and_three_attempts_are_all() {
    let mut w = World::new(Mode::Auto);
    let mut offers = [w.offer, w.open_shop(RIVAL, "9521000001022"), w.open_shop(NEIGHBOUR, "9521000001046")];
    for (number, shop) in [SHOP, RIVAL, NEIGHBOUR].into_iter().enumerate() {
        let order = w.next_order();
        w.device_places(offers[number], true).expect("another shop");
        let again: &[Reason] = if number < 2 {
            &[Reason::NotArmed, Reason::OrderOpen]
        } else {
            &[Reason::NotArmed, Reason::AttemptsSpent, Reason::OrderOpen]
        };
        assert_eq!(reasons(w.device_places(offers[number], true)), again);
        w.order(shop, CancelOrder { order }).expect("no stock after all");
        if number < 2 {
            assert_eq!(reasons(w.device_places(offers[number], true)), [Reason::ShopLeftOut]);
        }
    }
    offers.reverse();
    let all = reasons(w.device_places(offers[0], true));
    assert_eq!(all, [Reason::NotArmed, Reason::AttemptsSpent, Reason::ShopLeftOut]);
    assert!(!slot(&mut w).armed);
    let device = w.device;
    w.order(OWNER, RearmSlot { device, slot: 0, packs_at_home: 0 }).expect("the owner says go on");
    w.device_places(offers[0], true).expect("a new cycle");
}

#[test]
fn an_owner_who_cancels_wants_nothing_until_the_slot_is_armed_again() {
    let mut w = World::new(Mode::Auto);
    let (device, offer, order) = (w.device, w.offer, w.next_order());
    w.device_places(offer, true).expect("placed");
    w.order(OWNER, CancelOrder { order }).expect("cancelled");
    assert_eq!(reasons(w.device_places(offer, true)), [Reason::NotArmed]);
    w.order(OWNER, PlaceOrder { device, slot: 0, offer, code_commitment: crate::B256::ZERO, sealed_address: vec![] })
        .expect("by hand it goes");
}

#[test]
fn what_came_back_whole_may_be_spent_again_and_nothing_else() {
    // (state, what ends it, whether the budget is free again)
    type End = fn(&mut World, OrderId);
    let cases: [(OrderState, End, bool); 6] = [
        (OrderState::Placed, |w, _| w.block(ACCEPT_MS), true),
        (OrderState::Accepted, |w, order| assert!(w.order(SHOP, CancelOrder { order }).is_ok()), true),
        (OrderState::Shipped, |w, _| w.block(10 * DAY_MS), true),
        (OrderState::Shipped, |w, order| assert!(w.order(OWNER, ConfirmDelivery { order }).is_ok()), false),
        (OrderState::Shipped, |w, order| agree(w, order, PRICE), true),
        (OrderState::Shipped, |w, order| agree(w, order, PRICE - 1), false),
    ];
    for (state, end, free) in cases {
        let (mut w, order) = World::reach(state);
        assert_eq!(spent(&mut w), (PRICE, 1));
        end(&mut w, order);
        assert_eq!(spent(&mut w), if free { (0, 0) } else { (PRICE, 1) }, "{state:?}");
    }
    // Of another mandate, or of a period that is over, nothing is given back.
    let (mut w, order) = World::reach(OrderState::Accepted);
    let device = w.device;
    w.order(OWNER, SetMandate { device, slot: 0, terms: mandate(Mode::Auto) }).expect("a new mandate");
    w.order(SHOP, CancelOrder { order }).expect("cancelled");
    assert_eq!(spent(&mut w), (0, 0));
}

fn agree(w: &mut World, order: OrderId, refund: u128) {
    w.order(OWNER, AgreeRefund { order, refund }).expect("named");
    w.order(SHOP, AgreeRefund { order, refund }).expect("agreed");
}

#[test]
fn a_period_and_an_interval_hold_to_the_millisecond() {
    let mut w = World::new(Mode::Auto);
    let (device, offer) = (w.device, w.offer);
    let terms = MandateTerms { period_ms: 10 * DAY_MS, period_count_max: 2, interval_min_ms: DAY_MS, ..mandate(Mode::Auto) };
    w.order(OWNER, SetMandate { device, slot: 0, terms }).expect("mandate");
    let since_ms = w.now_ms;
    let deliver = |w: &mut World| {
        let order = w.next_order();
        assert_eq!(w.device_places(offer, true), Ok(Output::Id(order)));
        w.order(SHOP, AcceptOrder { order }).expect("accepted");
        w.block(HOUR_MS);
        w.order(SHOP, ShipOrder { order, carrier: None, sscc: None, tracking: String::new() }).expect("shipped");
        w.order(OWNER, ConfirmDelivery { order }).expect("settled");
        w.order(OWNER, RearmSlot { device, slot: 0, packs_at_home: 0 }).expect("a new cycle");
    };
    deliver(&mut w);
    w.block(DAY_MS - HOUR_MS - 1);
    assert_eq!(reasons(w.device_places(offer, true)), [Reason::IntervalTooShort]);
    w.block(1);
    deliver(&mut w);
    w.block(since_ms + 10 * DAY_MS - 1 - w.now_ms);
    assert_eq!(reasons(w.device_places(offer, true)), [Reason::PeriodCountSpent]);
    w.block(1);
    deliver(&mut w);
}

#[test]
fn a_slot_told_in_another_unit_forgets_its_readings_and_offers_in_the_old_one_do_not_fit() {
    let mut w = World::new(Mode::Auto);
    let (device, offer) = (w.device, w.offer);
    tell(&mut w, 250);
    let set = |unit: &str| SetSlot {
        device,
        slot: 0,
        unit: unit.into(),
        capacity: 2_000,
        threshold: 300,
        rearm: 1_200,
        gtins: vec![gtin()],
    };
    w.order(OWNER, set("mL")).expect("the same");
    assert_eq!((slot(&mut w).level, slot(&mut w).lowest), (250, 250));
    w.order(OWNER, set("g")).expect("grams now");
    assert_eq!((slot(&mut w).level_ms, slot(&mut w).lowest), (0, LEVEL_MAX));
    assert_eq!(reasons(w.device_places(offer, true)), [Reason::UnitDiffers]);
}
