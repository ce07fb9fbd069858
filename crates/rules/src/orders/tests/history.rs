//! Random histories: whatever people, devices and shops do in whatever order, the books agree with a model that knows only
//! the two tables and where the page says that money goes; and what `preview` says is what placing does.

use super::fixture::*;
use super::{silent, table};
use crate::bounds::{DAY_MS, HOUR_MS};
use crate::credits::{self, CreditId};
use crate::orders::*;
use crate::{Address, Amount, B256, Env, Event as Happened, Failure, Output, disputes};
use proptest::{prelude::*, strategy::ValueTree as _};
use std::collections::{BTreeMap, BTreeSet};

/// Who does things. Each may try everything.
const PEOPLE: [Address; 8] = [OWNER, NEIGHBOUR, SHOP, RIVAL, CARRIER, ARBITER, FALLBACK, STRANGER];

/// What the model remembers of an order.
struct Kept {
    owner: Address,
    shop: Address,
    total: Amount,
    state: Option<OrderState>,
    /// What was put up with a dispute, and whether out of the escrow.
    aside: Option<(Amount, bool)>,
    /// What an arbiter ruled, or the default share.
    ruled: Option<(u8, bool)>,
}

/// What everybody should have.
struct Model {
    money: BTreeMap<Address, Amount>,
    bonds: BTreeMap<Address, Amount>,
    orders: BTreeMap<OrderId, Kept>,
    /// Their ids in the order of asking.
    asked: Vec<OrderId>,
    rows: BTreeSet<(String, String)>,
}

impl Model {
    fn add(&mut self, who: Address, amount: Amount) {
        *self.money.entry(who).or_default() += amount;
    }

    fn take(&mut self, who: Address, amount: Amount) {
        let have = self.money.entry(who).or_default();
        *have = have.checked_sub(amount).expect("nobody pays what they have not got");
    }

    fn pay_from_bond(&mut self, shop: Address, to: Address, amount: Amount) {
        let bond = self.bonds.get_mut(&shop).expect("a shop");
        *bond = bond.checked_sub(amount).expect("a bond covers what is reserved in it");
        self.add(to, amount);
    }

    fn saw(&mut self, event: &Happened, agreed: Option<Amount>) {
        match event {
            Happened::Orders(Event::OrderAsked { order, owner, shop, total, .. }) => {
                let kept = Kept { owner: *owner, shop: *shop, total: *total, state: None, aside: None, ruled: None };
                assert!(self.orders.insert(*order, kept).is_none(), "one low level made two orders");
                self.asked.push(*order);
            }
            Happened::Disputes(disputes::Event::Ruled { dispute, percent, by_default, .. }) => {
                self.orders.get_mut(dispute).expect("an order").ruled = Some((*percent, *by_default));
            }
            Happened::Orders(Event::OrderMoved { order, from, to, by, .. }) => self.moved(*order, *from, *to, *by, agreed),
            _ => {}
        }
    }

    /// The money columns of the page.
    fn moved(&mut self, id: OrderId, from: Option<OrderState>, to: OrderState, by: Address, agreed: Option<Amount>) {
        use OrderState as S;
        let kept = self.orders.get_mut(&id).expect("an order");
        assert_eq!(kept.state, from, "an order moves from where it stood");
        let row = (from.map_or("none", OrderState::name).to_owned(), to.name().to_owned());
        assert!(self.rows.contains(&row), "{row:?} is in no table");
        kept.state = Some(to);
        let (owner, shop, total) = (kept.owner, kept.shop, kept.total);
        let part = |percent: u8| total * Amount::from(percent) / 100;
        let aside = if from.is_some_and(|from| matches!(from, S::Disputed | S::Arbitration)) && to != S::Arbitration {
            kept.aside.take()
        } else {
            None
        };
        let ruled = kept.ruled.unwrap_or((50, true));
        // A bond from the escrow has never left the total.
        let own = aside.map_or(0, |(amount, from_escrow)| if from_escrow { 0 } else { amount });
        match to {
            S::Placed => self.take(owner, total),
            S::Disputed => {
                let bond = part(DISPUTE_BOND_PERCENT);
                let from_escrow = self.money[&owner] < bond;
                self.orders.get_mut(&id).expect("an order").aside = Some((bond, from_escrow));
                if !from_escrow {
                    self.take(owner, bond);
                }
            }
            S::Settled => self.add(shop, total),
            S::Cancelled => {
                self.add(owner, total);
                if by == shop && from == Some(S::Accepted) {
                    self.pay_from_bond(shop, owner, part(CANCEL_PENALTY_PERCENT));
                }
            }
            S::Refunded => {
                let refund = agreed.unwrap_or(total);
                self.add(owner, refund + own);
                self.add(shop, total - refund);
                if agreed.is_none() && from == Some(S::Accepted) {
                    self.pay_from_bond(shop, owner, part(LATE_PENALTY_PERCENT));
                }
            }
            S::Ruled if from == Some(S::Arbitration) => {
                self.add(owner, part(ruled.0));
                self.add(shop, total - part(ruled.0));
                self.add(if ruled == (0, false) { shop } else { owner }, own);
            }
            S::Ruled => self.pay_from_bond(shop, owner, part(ruled.0)),
            S::Returned => self.pay_from_bond(shop, owner, total),
            _ => {}
        }
    }
}

struct History {
    world: World,
    model: Model,
    offers: Vec<OfferId>,
    /// Placings that went well, and reasons that were met.
    placed: u32,
    reasons: u64,
}

impl History {
    fn new(mode: Mode) -> Self {
        let mut world = World::new(mode);
        let offers = vec![world.offer, world.open_shop(RIVAL, "9521000001022")];
        let money = PEOPLE.into_iter().map(|who| (who, world.money(who))).collect();
        let bonds = BTreeMap::from([(SHOP, BOND), (RIVAL, BOND)]);
        let rows = table::moves().into_iter().chain(silent::table()).collect();
        let model = Model { money, bonds, orders: BTreeMap::new(), asked: Vec::new(), rows };
        Self { world, model, offers, placed: 0, reasons: 0 }
    }

    /// Follows what happened and compares every purse.
    fn compare(&mut self, agreed: Option<Amount>) {
        for event in std::mem::take(&mut self.world.events) {
            self.model.saw(&event, agreed);
        }
        for (who, money) in self.model.money.clone() {
            assert_eq!(self.world.money(who), money, "{who}");
        }
        for (shop, bond) in &self.model.bonds {
            assert_eq!(SHOPS.get(&mut self.world.memory, shop).expect("read").expect("a shop").bond, *bond, "{shop}");
        }
        let states: Vec<_> = self.model.orders.iter().map(|(id, kept)| (*id, kept.state)).collect();
        for (id, state) in states {
            assert_eq!(Some(self.world.state(id)), state);
        }
        assert_eq!(crate::audit(&self.world.memory), Ok(Vec::new()));
    }

    fn act(&mut self, caller: Address, action: impl Into<crate::Action>) -> Result<Output, Failure> {
        let action = action.into();
        let agreed = match &action {
            crate::Action::Orders(Action::AgreeRefund(action)) => Some(action.refund),
            _ => None,
        };
        let before = self.world.memory.clone();
        let outcome = self.world.act(caller, action.clone());
        match &outcome {
            Ok(_) => self.compare(agreed),
            Err(Failure::Refused(_)) => assert!(self.world.memory == before, "{action:?}: refused, and something changed"),
            Err(Failure::Stopped(stop)) => panic!("{action:?}: {stop:?}"),
        }
        outcome
    }

    /// Asks first and places then: the answer is the same, to the last reason.
    fn place(&mut self, caller: Address, placer: Placer, offer: OfferId) {
        let (device, slot) = (self.world.device, 0);
        let wish = Wish { device, slot, offer, placer };
        let env = Env { chain_id: 1, height: self.world.height, time_ms: self.world.now_ms, caller, key: None };
        let said = preview(&mut self.world.memory, &env, &wish).expect("read");
        let outcome = match placer {
            Placer::Device { .. } => {
                let before = self.world.memory.clone();
                let outcome = self.world.device_places(offer, true);
                match outcome {
                    Ok(_) => self.compare(None),
                    Err(_) => assert!(self.world.memory == before),
                }
                outcome
            }
            Placer::Owner => {
                let sealed_address = vec![2; 64];
                self.act(
                    caller,
                    crate::Action::Orders(PlaceOrder { device, slot, offer, code_commitment: B256::ZERO, sealed_address }.into()),
                )
            }
            Placer::Approval { order } => self.act(caller, crate::Action::Orders(ApproveOrder { order }.into())),
        };
        match outcome {
            Ok(_) => {
                self.placed += 1;
                assert!(said.is_empty(), "placed against {:?}", said.iter().collect::<Vec<_>>());
            }
            Err(Failure::Refused(crate::Refusal::Orders(Refusal::CannotPlace { reasons }))) => {
                self.reasons |= reasons.0;
                assert_eq!(reasons, said);
            }
            // Whose order it is, and whether it is pending, is asked before anything else.
            Err(Failure::Refused(crate::Refusal::Orders(Refusal::NotOwner { .. } | Refusal::WrongState { .. }))) => {
                assert!(matches!(placer, Placer::Approval { .. }));
                assert!(!said.is_empty());
            }
            other => panic!("{other:?}"),
        }
    }

    fn says(&mut self, body: DeviceBody) {
        if self.world.says(body, true).is_ok() {
            self.compare(None);
        }
    }

    fn step(&mut self, (kind, who, n): (u8, u8, u16)) {
        let who = PEOPLE[usize::from(who) % PEOPLE.len()];
        let offer = self.offers[usize::from(n) % self.offers.len()];
        // Mostly the newest order, else any.
        let asked = &self.model.asked;
        let back = if n >> 8 & 3 == 0 { usize::from(n >> 10) % asked.len().max(1) } else { 0 };
        let order = asked.iter().rev().nth(back).copied().unwrap_or_default();
        let device = self.world.device;
        let owner = DEVICES.get(&mut self.world.memory, &device).expect("read").expect("a device").owner;
        let statement = B256::repeat_byte(6);
        let amount = Amount::from(n) * 40;
        let act = |this: &mut Self, action: Action| drop(this.act(who, crate::Action::Orders(action)));
        let own = |this: &mut Self, action: Action| drop(this.act(owner, crate::Action::Orders(action)));
        // Somebody who may is tried as often as anybody.
        let (party_owner, party_shop) = self.model.orders.get(&order).map_or((who, who), |kept| (kept.owner, kept.shop));
        let either = if n % 2 == 0 { party_owner } else { party_shop };
        let by_shop = |this: &mut Self, action: Action| drop(this.act(party_shop, crate::Action::Orders(action)));
        let by_owner = |this: &mut Self, action: Action| drop(this.act(party_owner, crate::Action::Orders(action)));
        match kind % 44 {
            0..=2 => self.says(DeviceBody::Level { level: u64::from(n) * 8 % 2_100 }),
            3..=5 => {
                // Read before, so that reading again at placing changes nothing that was asked about.
                self.says(DeviceBody::Level { level: 1_300 + u64::from(n % 2) });
                self.says(DeviceBody::Level { level: 100 });
                self.place(STRANGER, Placer::Device { level: 100 }, offer);
            }
            6 => self.place(owner, Placer::Owner, offer),
            7 => self.place(who, Placer::Owner, offer),
            8 | 9 => {
                let placer = Placer::Approval { order };
                let wanted = ORDERS.get(&mut self.world.memory, &order).expect("read").map(|order| order.offer);
                if let Some(wanted) = wanted {
                    self.place(party_owner, placer, wanted);
                }
            }
            10 | 11 => by_shop(self, AcceptOrder { order }.into()),
            12 | 13 => {
                let carrier = (n % 3 == 0).then_some(CARRIER);
                by_shop(self, ShipOrder { order, carrier, sscc: None, tracking: "1".into() }.into());
            }
            14 => drop(self.act(either, crate::Action::Orders(CancelOrder { order }.into()))),
            15 => by_owner(self, ConfirmDelivery { order }.into()),
            16 => by_shop(self, RevealCode { order, code: if n % 2 == 0 { CODE } else { *b"AAAAAAAAAA" } }.into()),
            17 => by_shop(self, ClaimDelivery { order }.into()),
            18 => self.says(DeviceBody::Evidence { level: 1_900, order }),
            19 | 20 => by_owner(self, OpenDispute { order, statement }.into()),
            21 => by_shop(self, AnswerDispute { order, statement }.into()),
            22 => {
                let percent = SPLITS_PERCENT[usize::from(n) % SPLITS_PERCENT.len()];
                drop(self.act(if n % 2 == 0 { ARBITER } else { FALLBACK }, disputes::Action::Rule { dispute: order, percent }));
            }
            23 => {
                let refund = Amount::from(n % 3) * 350;
                drop(self.act(party_owner, crate::Action::Orders(AgreeRefund { order, refund }.into())));
                drop(self.act(either, crate::Action::Orders(AgreeRefund { order, refund }.into())));
            }
            24 => by_owner(self, PostReturn { order, proof: statement }.into()),
            25 => by_shop(self, ConfirmReturn { order }.into()),
            26 => by_shop(self, DenyReturn { order, statement }.into()),
            27 => act(self, RunDeadline { order }.into()),
            28 => {
                let mode = [Mode::Auto, Mode::Confirm, Mode::Auto, Mode::Notify][usize::from(n) % 4];
                let shops = if n % 5 == 0 { vec![RIVAL] } else { Vec::new() };
                let interval_min_ms = if n % 7 == 0 { DAY_MS } else { 0 };
                let expires_ms = self.world.now_ms + 90 * DAY_MS;
                let terms = MandateTerms { shops, interval_min_ms, expires_ms, ..mandate(mode) };
                own(self, SetMandate { device, slot: 0, terms }.into());
            }
            29 => own(self, PauseMandate { device, slot: 0, paused: n % 2 == 0 }.into()),
            30 => own(self, RearmSlot { device, slot: 0, packs_at_home: u32::from(n % 2) }.into()),
            31 => {
                let to = if owner == OWNER { NEIGHBOUR } else { OWNER };
                own(self, TransferDevice { device, to }.into());
                self.world.epoch += 1;
                own(self, SetMandate { device, slot: 0, terms: mandate(Mode::Auto) }.into());
            }
            32 => by_owner(self, SetHoliday { until_ms: self.world.now_ms + u64::from(n % 60) * DAY_MS }.into()),
            33 => {
                let shop = if n % 2 == 0 { SHOP } else { RIVAL };
                if self.model.money[&shop] >= amount {
                    self.model.take(shop, amount);
                    *self.model.bonds.get_mut(&shop).expect("a shop") += amount;
                    self.act(shop, crate::Action::Orders(TopUpBond { amount }.into())).expect("the money is there");
                }
            }
            34 => by_shop(self, RequestBondWithdrawal { amount }.into()),
            35 => {
                let terms =
                    OfferTerms { valid_until_ms: self.world.now_ms + 30 * DAY_MS, ..offer_terms(600 + Amount::from(n % 400)) };
                if let Ok(Output::Id(id)) =
                    self.act(SHOP, crate::Action::Orders(PublishOffer { terms, stock: u32::from(n % 3) }.into()))
                {
                    self.offers.push(id);
                }
            }
            36 if n % 4 == 0 => by_shop(self, WithdrawOffer { offer }.into()),
            36 => {
                let shop = SHOPS.get(&mut self.world.memory, &party_shop).expect("read");
                let Some(leaving) = shop.and_then(|shop| shop.withdrawal) else { return };
                let due = self.world.now_ms >= leaving.from_ms;
                if due {
                    self.model.pay_from_bond(party_shop, party_shop, leaving.amount);
                }
                let paid = self.act(party_shop, crate::Action::Orders(WithdrawBond {}.into()));
                assert_eq!(paid.is_ok(), due);
            }
            37 => act(self, AcceptOrder { order }.into()),
            _ => {
                let hours = if n % 8 == 0 { n % 200 } else { n % 12 };
                self.world.block(1 + HOUR_MS * u64::from(hours));
                self.compare(None);
            }
        }
    }
}

/// How many histories: `DURE_CASES`, a number or `large`.
fn cases() -> u32 {
    match std::env::var("DURE_CASES") {
        Ok(text) if text == "large" => 20_000,
        Ok(text) => text.parse().expect("DURE_CASES is a number or `large`"),
        Err(_) => 48,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_books_agree_with_the_page(
        steps in prop::collection::vec(any::<(u8, u8, u16)>(), 1..120),
        mode in prop::sample::select(vec![Mode::Auto, Mode::Confirm]),
    ) {
        let mut history = History::new(mode);
        for step in steps {
            history.step(step);
        }
        // Then everybody goes silent: within 45 days nothing is open and no money is stuck.
        for _ in 0..46 {
            history.world.block(DAY_MS);
            history.compare(None);
        }
        prop_assert!(history.model.orders.values().all(|kept| kept.state.is_some_and(OrderState::is_final)));
        let bonds: Amount = history.model.bonds.values().sum();
        prop_assert_eq!(credits::balance(&mut history.world.memory, CreditId::nth(1), MODULE), Ok(bonds));
    }
}

#[test]
fn random_histories_reach_every_state_and_meet_most_reasons() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let steps = prop::collection::vec(any::<(u8, u8, u16)>(), 300);
    let (mut states, mut reasons, mut placed) = (BTreeSet::new(), 0, 0);
    for _ in 0..60 {
        let mut history = History::new(Mode::Auto);
        for step in steps.new_tree(&mut runner).expect("steps").current() {
            history.step(step);
            states.extend(history.model.orders.values().filter_map(|kept| kept.state));
        }
        reasons |= history.reasons;
        placed += history.placed;
    }
    let missing: Vec<_> = OrderState::ALL.into_iter().filter(|state| !states.contains(state)).collect();
    assert!(missing.is_empty(), "no history came to {missing:?}");
    let met = Reasons(reasons);
    println!("{placed} placings; reasons met: {:?}", met.iter().collect::<Vec<_>>());
    assert!(placed > 100 && met.iter().count() >= 12, "{:?}", met.iter().collect::<Vec<_>>());
}
