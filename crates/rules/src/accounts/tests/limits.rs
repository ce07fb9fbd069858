//! Limits hold wherever money leaves.

use super::fixture::{self, DAILY, LIMITED, MONEY, NEW, OTHER_MONEY, Town, limited, refused};
use crate::accounts::*;
use crate::bounds::DAY_MS;
use crate::credits::{self, UNLIMITED};
use crate::orders::tests::fixture::*;
use crate::orders::{self, Mode, OrderState};
use crate::{Action, Address, Amount, B256, Output};

/// Something that a person asks for by which this much of the first credit leaves.
struct Way {
    name: &'static str,
    world: World,
    who: Address,
    action: Action,
    amount: Amount,
}

fn pay(action: credits::Action) -> Action {
    Action::Credits(action)
}

fn trade(action: impl Into<orders::Action>) -> Action {
    Action::Orders(action.into())
}

/// Every way in which money leaves the one who asks, or others at its word.
fn ways() -> Vec<Way> {
    use credits::Action as C;
    let credit = MONEY;
    let mut all = Vec::new();
    let mut way = |name, world: World, who, action, amount| all.push(Way { name, world, who, action, amount });
    let world = || World::new(Mode::Notify);
    way("transfer", world(), OWNER, pay(C::Transfer { credit, to: STRANGER, amount: 50 }), 50);
    let memo = B256::repeat_byte(3);
    way("transfer with memo", world(), OWNER, pay(C::TransferWithMemo { credit, to: STRANGER, amount: 50, memo }), 50);
    way("transfer to itself", world(), OWNER, pay(C::Transfer { credit, to: OWNER, amount: 50 }), 50);
    way("approve", world(), OWNER, pay(C::Approve { credit, spender: STRANGER, amount: 50 }), 50);
    let mut more = world();
    more.act(OWNER, C::Approve { credit, spender: STRANGER, amount: 20 }).expect("approved");
    way("approve more", more, OWNER, pay(C::Approve { credit, spender: STRANGER, amount: 70 }), 50);
    let mut own = world();
    own.act(OWNER, C::Approve { credit, spender: OWNER, amount: 50 }).expect("approved");
    way("its own by allowance", own, OWNER, pay(C::TransferFrom { credit, from: OWNER, to: STRANGER, amount: 50 }), 50);
    let mut others = world();
    others.act(NEIGHBOUR, C::Approve { credit, spender: OWNER, amount: 50 }).expect("approved");
    let take = C::TransferFrom { credit, from: NEIGHBOUR, to: STRANGER, amount: 50 };
    way("others' money, to a third", others, OWNER, pay(take), 50);
    way("redeem", world(), OWNER, pay(C::Redeem { credit, amount: 50 }), 50);
    way("issue", world(), ISSUER, pay(C::Issue { credit, to: STRANGER, amount: 50 }), 50);

    let gln = "9521000001039".parse().expect("check digit");
    let (sealing_key, payout) = (B256::ZERO, STRANGER);
    let shop = orders::RegisterShop { gln, name: "Shop".into(), sealing_key, credit, payout, bond: 50 };
    way("a shop's first bond", world(), NEIGHBOUR, trade(shop), 50);
    way("more bond", world(), SHOP, trade(orders::TopUpBond { amount: 50 }), 50);
    let place = |world: &World| {
        let (device, offer) = (world.device, world.offer);
        trade(orders::PlaceOrder { device, slot: 0, offer, code_commitment: B256::ZERO, sealed_address: Vec::new() })
    };
    let by_hand = world();
    let action = place(&by_hand);
    way("an order by hand", by_hand, OWNER, action, PRICE);
    let (pending, order) = World::reach(OrderState::PendingApproval);
    way("an order that the device asked for", pending, OWNER, trade(orders::ApproveOrder { order }), PRICE);
    let mut auto = World::new(Mode::Auto);
    let (offer, code_commitment) = (auto.offer, B256::ZERO);
    let body = orders::DeviceBody::Place { level: 200, offer, code_commitment, sealed_address: vec![1; 8] };
    let payload = borsh::to_vec(&auto.message(body)).expect("into a vector");
    let signature = signed(&orders::message_prehash(&KEY, &payload));
    way("an order of the own device, relayed", auto, OWNER, trade(orders::RelayDevice { payload, signature }), PRICE);
    let (shipped, order) = World::reach(OrderState::Shipped);
    let contest = orders::OpenDispute { order, statement: B256::ZERO };
    way("a dispute's bond", shipped, OWNER, trade(contest), PRICE / 10);
    all
}

/// The account of `way` with a key that may spend this.
fn with_limit(way: &Way, limits: Vec<Limit>) -> World {
    let mut world = way.world.clone();
    let terms = KeyTerms { limits, expires_ms: world.now_ms + DAY_MS, ..limited() };
    world.act(way.who, Action::Accounts(fixture::authorize(LIMITED, terms))).expect("authorised");
    world
}

#[test]
fn every_way_in_which_money_leaves_counts_to_the_unit() {
    let limit = |credit, amount| vec![Limit { credit, amount, period_ms: 0 }];
    for way in ways() {
        let (name, want) = (way.name, way.amount);
        for (limits, left) in [(limit(MONEY, want - 1), want - 1), (limit(OTHER_MONEY, want), 0), (Vec::new(), 0)] {
            let mut world = with_limit(&way, limits);
            let before = world.memory.clone();
            let outcome = world.act_by(way.who, Some(LIMITED), way.action.clone());
            assert_eq!(outcome, refused(Refusal::LimitExceeded { credit: MONEY.0, left, want }), "{name}");
            assert!(world.memory == before, "{name}");
        }
        let mut world = with_limit(&way, limit(MONEY, want));
        let outcome = world.act_by(way.who, Some(LIMITED), way.action.clone());
        assert!(outcome.is_ok(), "{name}: {outcome:?}");
        let record = KEYS.get(&mut world.memory, &(way.who, LIMITED)).expect("read").expect("a key");
        assert_eq!(record.left(0, world.now_ms), 0, "{name}");
        assert_eq!(crate::audit(&world.memory), Ok(Vec::new()), "{name}");
        // The same by the root key counts for nobody.
        let mut world = with_limit(&way, Vec::new());
        assert!(world.act(way.who, way.action.clone()).is_ok(), "{name}");
    }
}

#[test]
fn what_comes_in_or_becomes_less_does_not_count() {
    use credits::Action as C;
    let (owner, stranger, credit) = (fixture::OWNER, fixture::STRANGER, MONEY);
    let mut town = Town::new();
    let none = KeyTerms { limits: Vec::new(), ..limited() };
    town.act(owner, None, fixture::authorize(NEW, none)).expect("a key that may spend nothing");
    town.act(owner, None, C::Approve { credit, spender: stranger, amount: UNLIMITED }).expect("approved");
    town.act(stranger, None, C::Approve { credit, spender: owner, amount: 30 }).expect("approved");
    for action in [
        C::TransferFrom { credit, from: stranger, to: owner, amount: 30 },
        C::Approve { credit, spender: stranger, amount: UNLIMITED },
        C::Approve { credit, spender: stranger, amount: 10 },
        C::Approve { credit, spender: stranger, amount: 0 },
        C::Transfer { credit, to: stranger, amount: 0 },
    ] {
        assert_eq!(town.act(owner, Some(NEW), action.clone()), Ok(Output::Yes(true)), "{action:?}");
    }
    let again = C::Approve { credit, spender: stranger, amount: 1 };
    let exceeded = Refusal::LimitExceeded { credit: credit.0, left: 0, want: 1 };
    assert_eq!(town.act(owner, Some(NEW), again), refused(exceeded), "what was taken back is not given back");
}

#[test]
fn a_limit_begins_anew_with_each_period_from_the_day_of_the_key() {
    let mut town = Town::empty();
    town.block(DAY_MS / 3);
    let since_ms = town.now_ms;
    let once = Limit { credit: OTHER_MONEY, amount: DAILY, period_ms: 0 };
    let terms = KeyTerms { limits: vec![limited().limits[0], once], ..limited() };
    town.act(fixture::OWNER, None, fixture::authorize(LIMITED, terms)).expect("authorised");
    let send = |credit, amount| credits::Action::Transfer { credit, to: fixture::STRANGER, amount };
    let mut spend = |at_ms, credit, amount| {
        town.now_ms = at_ms;
        match town.act(fixture::OWNER, Some(LIMITED), send(credit, amount)) {
            Ok(_) => None,
            Err(crate::Failure::Refused(crate::Refusal::Accounts(Refusal::LimitExceeded { left, .. }))) => Some(left),
            other => panic!("{other:?}"),
        }
    };
    for (at_ms, amount, left) in [
        (since_ms, DAILY + 1, Some(DAILY)),
        (since_ms, 60, None),
        (since_ms + DAY_MS - 1, 41, Some(40)),
        (since_ms + DAY_MS - 1, 40, None),
        (since_ms + DAY_MS - 1, 1, Some(0)),
        (since_ms + DAY_MS, DAILY, None),
        (since_ms + 5 * DAY_MS, DAILY + 1, Some(DAILY)),
        (since_ms + 5 * DAY_MS, DAILY, None),
    ] {
        assert_eq!(spend(at_ms, MONEY, amount), left, "{amount} after {} ms", at_ms - since_ms);
    }
    assert_eq!(spend(since_ms + 5 * DAY_MS, OTHER_MONEY, DAILY), None);
    assert_eq!(spend(since_ms + 20 * DAY_MS, OTHER_MONEY, 1), Some(0), "once is once");
}

#[test]
fn a_key_that_fell_within_its_own_transaction_spends_no_more() {
    let mut town = Town::new();
    let send = credits::Action::Transfer { credit: MONEY, to: fixture::STRANGER, amount: 1 };
    town.act(fixture::OWNER, Some(LIMITED), send.clone()).expect("stands");
    town.act(fixture::OWNER, Some(LIMITED), crate::accounts::Action::RevokeKey { key: LIMITED }).expect("revoked");
    assert_eq!(town.act(fixture::OWNER, Some(LIMITED), send), refused(Refusal::KeyRevoked { key: LIMITED }));
}

#[test]
fn another_caller_acts_by_no_key() {
    let mut town = Town::new();
    let acts_by = town
        .draft(fixture::OWNER, Some(LIMITED), |d| Ok((d.nested(fixture::OWNER).env.key, d.nested(fixture::STRANGER).env.key)));
    assert_eq!(acts_by, Ok((Some(LIMITED), None)));
}
