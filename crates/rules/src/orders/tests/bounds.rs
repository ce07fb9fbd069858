//! Every bound of what an owner and a shop may say: the last good value is taken, the next is refused by its field's name.

use super::fixture::*;
use crate::bounds::{AMOUNT_MAX, DAY_MS, HOUR_MS, TIME_MAX_MS};
use crate::credits::CreditId;
use crate::orders::*;
use crate::{Address, Failure};

fn field<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> Option<Field> {
    match outcome {
        Ok(_) => None,
        Err(Failure::Refused(crate::Refusal::Orders(Refusal::OutOfBounds { field }))) => Some(field),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_slot_keeps_its_bounds() {
    let world = World::new(Mode::Auto);
    let good = SetSlot {
        device: world.device,
        slot: SLOTS_MAX - 1,
        unit: "u".repeat(UNIT_MAX_BYTES as usize),
        capacity: LEVEL_MAX,
        threshold: LEVEL_MAX - 1,
        rearm: LEVEL_MAX,
        gtins: vec![gtin(); GTINS_MAX as usize],
    };
    let cases = [
        (good.clone(), None),
        (SetSlot { slot: SLOTS_MAX, ..good.clone() }, Some(Field::Slot)),
        (SetSlot { unit: String::new(), ..good.clone() }, Some(Field::Unit)),
        (SetSlot { unit: "u".repeat(17), ..good.clone() }, Some(Field::Unit)),
        (SetSlot { capacity: LEVEL_MAX + 1, ..good.clone() }, Some(Field::Level)),
        (SetSlot { threshold: LEVEL_MAX, ..good.clone() }, Some(Field::Level)),
        (SetSlot { capacity: 10, threshold: 1, rearm: 11, ..good.clone() }, Some(Field::Level)),
        (SetSlot { gtins: vec![], ..good.clone() }, Some(Field::Gtins)),
        (SetSlot { gtins: vec![gtin(); 9], ..good }, Some(Field::Gtins)),
    ];
    for (action, expected) in cases {
        assert_eq!(field(world.clone().order(OWNER, action.clone())), expected, "{action:?}");
    }
}

#[test]
fn a_mandate_keeps_its_bounds() {
    let world = World::new(Mode::Auto);
    let good = MandateTerms {
        shops: vec![SHOP; SHOPS_MAX as usize],
        gtins: vec![gtin(); GTINS_MAX as usize],
        arbiters: vec![ARBITER; ARBITERS_MAX as usize],
        unit_price_max: AMOUNT_MAX,
        period_ms: PERIOD_MAX_MS,
        period_count_max: PERIOD_COUNT_MAX,
        interval_min_ms: PERIOD_MAX_MS,
        default_refund_min_percent: 100,
        expires_ms: world.now_ms + PERIOD_MAX_MS,
        ..mandate(Mode::Auto)
    };
    let cases = [
        (good.clone(), None),
        (MandateTerms { shops: vec![SHOP; 17], ..good.clone() }, Some(Field::Shops)),
        (MandateTerms { gtins: vec![], ..good.clone() }, Some(Field::Gtins)),
        (MandateTerms { gtins: vec![gtin(); 9], ..good.clone() }, Some(Field::Gtins)),
        (MandateTerms { arbiters: vec![], ..good.clone() }, Some(Field::Arbiters)),
        (MandateTerms { arbiters: vec![ARBITER; 6], ..good.clone() }, Some(Field::Arbiters)),
        (MandateTerms { unit_price_max: AMOUNT_MAX + 1, ..good.clone() }, Some(Field::Amount)),
        (MandateTerms { order_max: AMOUNT_MAX + 1, ..good.clone() }, Some(Field::Amount)),
        (MandateTerms { period_amount_max: AMOUNT_MAX + 1, ..good.clone() }, Some(Field::Amount)),
        (MandateTerms { period_ms: PERIOD_MIN_MS - 1, ..good.clone() }, Some(Field::Period)),
        (MandateTerms { period_ms: PERIOD_MAX_MS + 1, ..good.clone() }, Some(Field::Period)),
        (MandateTerms { interval_min_ms: PERIOD_MAX_MS + 1, ..good.clone() }, Some(Field::Period)),
        (MandateTerms { period_count_max: 0, ..good.clone() }, Some(Field::Count)),
        (MandateTerms { period_count_max: PERIOD_COUNT_MAX + 1, ..good.clone() }, Some(Field::Count)),
        (MandateTerms { default_refund_min_percent: 101, ..good.clone() }, Some(Field::Percent)),
        (MandateTerms { expires_ms: world.now_ms, ..good.clone() }, Some(Field::Expiry)),
        (MandateTerms { expires_ms: good.expires_ms + 1, ..good }, Some(Field::Expiry)),
    ];
    for (terms, expected) in cases {
        let action = SetMandate { device: world.device, slot: 0, terms };
        assert_eq!(field(world.clone().order(OWNER, action.clone())), expected, "{action:?}");
    }
}

#[test]
fn an_offer_keeps_its_bounds_and_can_never_take_longer_than_45_days() {
    let world = World::new(Mode::Auto);
    let good = OfferTerms {
        content: LEVEL_MAX,
        price: AMOUNT_MAX / 4,
        tax: AMOUNT_MAX / 4,
        shipping: AMOUNT_MAX / 4,
        arbiters: vec![ARBITER; ARBITERS_MAX as usize],
        valid_until_ms: TIME_MAX_MS,
        default_refund_percent: 100,
        ..offer_terms(1)
    };
    let longest =
        OfferTerms { ship_by_ms: SHIP_BY_MAX_MS, deliver_by_ms: DELIVER_BY_MAX_MS, return_ms: RETURN_MAX_MS, ..good.clone() };
    let cases = [
        (good.clone(), None),
        (OfferTerms { content: 0, ..good.clone() }, Some(Field::Content)),
        (OfferTerms { content: LEVEL_MAX + 1, ..good.clone() }, Some(Field::Content)),
        (OfferTerms { unit: String::new(), ..good.clone() }, Some(Field::Unit)),
        (OfferTerms { price: AMOUNT_MAX / 4 + 1, ..good.clone() }, Some(Field::Amount)),
        (OfferTerms { tax: AMOUNT_MAX / 4 + 1, ..good.clone() }, Some(Field::Amount)),
        (OfferTerms { shipping: AMOUNT_MAX / 4 + 1, ..good.clone() }, Some(Field::Amount)),
        (OfferTerms { cancel_ms: good.ship_by_ms, ..good.clone() }, Some(Field::Period)),
        (OfferTerms { ship_by_ms: SHIP_BY_MIN_MS - 1, cancel_ms: 0, ..good.clone() }, Some(Field::Period)),
        (OfferTerms { ship_by_ms: SHIP_BY_MAX_MS + 1, ..good.clone() }, Some(Field::Period)),
        (OfferTerms { deliver_by_ms: DELIVER_BY_MIN_MS - 1, ..good.clone() }, Some(Field::Period)),
        (OfferTerms { deliver_by_ms: DELIVER_BY_MAX_MS + 1, ..good.clone() }, Some(Field::Period)),
        (OfferTerms { return_ms: RETURN_MAX_MS + 1, ..good.clone() }, Some(Field::Period)),
        (longest, Some(Field::Sum)),
        (OfferTerms { arbiters: vec![], ..good.clone() }, Some(Field::Arbiters)),
        (OfferTerms { arbiters: vec![ARBITER; 6], ..good.clone() }, Some(Field::Arbiters)),
        (OfferTerms { default_refund_percent: 30, ..good.clone() }, Some(Field::Percent)),
        (OfferTerms { valid_until_ms: world.now_ms, ..good.clone() }, Some(Field::Expiry)),
        (OfferTerms { valid_until_ms: TIME_MAX_MS + 1, ..good.clone() }, Some(Field::Expiry)),
    ];
    for (terms, expected) in cases {
        assert_eq!(field(world.clone().order(SHOP, PublishOffer { terms: terms.clone(), stock: 1 })), expected, "{terms:?}");
    }
    let much = PublishOffer { terms: good, stock: STOCK_MAX };
    let mut world = World::new(Mode::Auto);
    assert_eq!(field(world.order(SHOP, PublishOffer { stock: STOCK_MAX + 1, ..much.clone() })), Some(Field::Stock));
    let offer = offer_id(SHOP, 2);
    world.order(SHOP, much).expect("published");
    assert_eq!(field(world.order(SHOP, AddStock { offer, packs: 1 })), Some(Field::Stock));
}

#[test]
fn the_longest_names_and_addresses_fit_and_longer_ones_do_not() {
    let mut world = World::new(Mode::Auto);
    let update = |name: &str| UpdateShop { name: name.into(), sealing_key: crate::B256::ZERO };
    assert_eq!(field(world.order(SHOP, update(&"n".repeat(64)))), None);
    for name in ["", &"n".repeat(65), "tab\there"] {
        assert_eq!(field(world.order(SHOP, update(name))), Some(Field::Name));
    }
    for payout in [Address::ZERO, MODULE] {
        assert_eq!(field(world.order(SHOP, SetPayout { payout })), Some(Field::Credit), "nobody could take it out again");
    }
    let until_ms = world.now_ms + HOLIDAY_MAX_MS;
    assert_eq!(field(world.order(OWNER, SetHoliday { until_ms })), None);
    assert_eq!(field(world.order(OWNER, SetHoliday { until_ms: until_ms + 1 })), Some(Field::Holiday));
    let (device, offer) = (world.device, world.offer);
    assert_eq!(field(world.order(OWNER, RearmSlot { device, slot: 0, packs_at_home: PACKS_MAX + 1 })), Some(Field::Packs));
    let place = |bytes| PlaceOrder { device, slot: 0, offer, code_commitment: crate::B256::ZERO, sealed_address: vec![0; bytes] };
    assert_eq!(field(world.order(OWNER, place(SEALED_MAX_BYTES as usize + 1))), Some(Field::SealedAddress));
    let order = world.next_order();
    assert_eq!(field(world.order(OWNER, place(SEALED_MAX_BYTES as usize))), None);
    world.order(SHOP, AcceptOrder { order }).expect("accepted");
    world.block(2 * HOUR_MS);
    let ship = |bytes| ShipOrder { order, carrier: None, sscc: None, tracking: "t".repeat(bytes) };
    assert_eq!(field(world.order(SHOP, ship(65))), Some(Field::Tracking));
    let carrier = ShipOrder { carrier: Some(STRANGER), ..ship(64) };
    let refused = world.order(SHOP, carrier);
    assert_eq!(refused, Err(Refusal::NotACarrier { carrier: STRANGER }.into()));
    world.order(SHOP, ship(64)).expect("shipped");
}

#[test]
fn a_bond_leaves_after_a_week_and_backs_nothing_meanwhile() {
    let mut world = World::new(Mode::Auto);
    let ask = |amount| RequestBondWithdrawal { amount };
    assert_eq!(field(world.order(SHOP, ask(0))), Some(Field::Amount));
    let refused = world.order(SHOP, ask(BOND + 1));
    assert_eq!(refused, Err(Refusal::BondInsufficient { free: BOND, want: BOND + 1 }.into()));
    assert_eq!(world.order(SHOP, WithdrawBond {}), Err(Refusal::NothingToWithdraw.into()));
    world.order(SHOP, ask(BOND - PRICE + 1)).expect("asked");
    let from_ms = world.now_ms + BOND_DELAY_MS;
    assert_eq!(world.order(SHOP, ask(1)), Err(Refusal::WithdrawalUnderWay { from_ms }.into()));
    let offer = world.offer;
    let mut short = Reasons::default();
    short.add(Reason::BondTooSmall);
    assert_eq!(world.device_places(offer, true), Err(Refusal::CannotPlace { reasons: short }.into()));
    assert_eq!(world.order(SHOP, WithdrawBond {}), Err(Refusal::TooEarly { from_ms }.into()));
    world.block(BOND_DELAY_MS);
    let before = world.money(SHOP);
    world.order(SHOP, WithdrawBond {}).expect("paid");
    assert_eq!(world.money(SHOP), before + BOND - PRICE + 1);
    world.order(SHOP, TopUpBond { amount: 1 }).expect("topped up");
    world.device_places(offer, true).expect("backed again");
}

#[test]
fn a_changed_payout_account_waits_three_days() {
    let (mut world, order) = World::reach(OrderState::Shipped);
    world.order(SHOP, SetPayout { payout: STRANGER }).expect("changed");
    let mut later = world.clone();
    world.order(OWNER, ConfirmDelivery { order }).expect("settled");
    assert_eq!((world.money(STRANGER), world.money(SHOP)), (0, MONEY - BOND + PRICE));
    later.block(3 * DAY_MS);
    later.order(OWNER, ConfirmDelivery { order }).expect("settled");
    assert_eq!((later.money(STRANGER), later.money(SHOP)), (PRICE, MONEY - BOND));
}

#[test]
fn a_shop_has_one_name_and_one_bond() {
    let mut world = World::new(Mode::Auto);
    let register = |bond| RegisterShop {
        gln: "9521000001039".parse().expect("check digit"),
        name: "Again".into(),
        sealing_key: crate::B256::ZERO,
        credit: CreditId::nth(1),
        payout: SHOP,
        bond,
    };
    assert_eq!(world.order(SHOP, register(0)), Err(Refusal::AlreadyRegistered.into()));
    let short = world.order(STRANGER, register(1));
    assert_eq!(short, Err(crate::credits::Refusal::Insufficient { have: 0, want: 1 }.into()));
    assert_eq!(world.order(STRANGER, TopUpBond { amount: 0 }), Err(Refusal::UnknownShop { shop: STRANGER }.into()));
    assert_eq!(
        world.order(OWNER, WithdrawOffer { offer: world.offer }),
        Err(Refusal::NotShop { caller: OWNER, shop: SHOP }.into())
    );
}
