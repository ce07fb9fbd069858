//! A stolen access key tries everything: random histories of every action of every institution by a limited key.
//! `cargo test -p dure-rules stolen_access_key -- --nocapture` tells what the thief tried.

use super::fixture::{self, DAILY, LIMITED, MONEY};
use crate::accounts::*;
use crate::bounds::{DAY_MS, HOUR_MS};
use crate::credits::{self, CreditId, Kind, UNLIMITED};
use crate::orders::tests::fixture::*;
use crate::orders::{self, DeviceKey, DeviceStatus, Mode, OrderId};
use crate::roles::{self, Role};
use crate::{Action, Address, Amount, B256, Event, Failure, Output, Refusal as Refused};
use crate::{disputes, energy};
use alloy_primitives::{U256, keccak256};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use std::collections::{BTreeMap, BTreeSet};

/// Where the thief would like the money.
const THIEF: Address = STRANGER;
/// What everybody has of each credit.
const PURSE: Amount = crate::orders::tests::fixture::MONEY;
const OTHER_KEY: Address = Address::repeat_byte(0xa9);
const LIFE_MS: u64 = 12 * DAY_MS;

fn orders_of(world: &World, n: u64) -> Vec<orders::Action> {
    let (device, offer, slot, statement) = (world.device, world.offer, 0, B256::ZERO);
    let order: OrderId = orders::order_id(device, 0, (n % 3) as u32, 1 + (n / 3 % 2) as u8);
    let amount = Amount::from(n % 300);
    let gln = "9521000001039".parse().expect("check digit");
    let possession = signed(&orders::possession_prehash(1, OWNER, 1 + (n % 2) as u32, &DeviceKey::P256([8; 64])));
    let first = signed(&orders::possession_prehash(1, OWNER, 0, &DeviceKey::P256([9; 64])));
    let offer_terms = orders::OfferTerms { valid_until_ms: world.now_ms + DAY_MS, ..offer_terms(amount) };
    let mandate = orders::MandateTerms { period_amount_max: 50_000, order_max: 50_000, ..mandate(Mode::Auto) };
    let ship = orders::ShipOrder { order, carrier: None, sscc: None, tracking: String::new() };
    vec![
        orders::RegisterDevice { model: gtin(), key: DeviceKey::P256([9; 64]), attestation: B256::ZERO, possession: first }
            .into(),
        orders::RotateDeviceKey { device, key: DeviceKey::P256([8; 64]), possession }.into(),
        orders::SetDeviceStatus { device, status: DeviceStatus::Active }.into(),
        orders::TransferDevice { device, to: THIEF }.into(),
        orders::SetSlot { device, slot, unit: "mL".into(), capacity: 9, threshold: 1, rearm: 3, gtins: vec![gtin()] }.into(),
        orders::RearmSlot { device, slot, packs_at_home: 0 }.into(),
        orders::SetMandate { device, slot, terms: mandate }.into(),
        orders::PauseMandate { device, slot, paused: n.is_multiple_of(2) }.into(),
        orders::RevokeMandate { device, slot }.into(),
        orders::SetHoliday { until_ms: world.now_ms + n }.into(),
        orders::RegisterShop { gln, name: "S".into(), sealing_key: B256::ZERO, credit: MONEY, payout: THIEF, bond: amount }
            .into(),
        orders::UpdateShop { name: "S".into(), sealing_key: B256::ZERO }.into(),
        orders::SetPayout { payout: THIEF }.into(),
        orders::TopUpBond { amount }.into(),
        orders::RequestBondWithdrawal { amount }.into(),
        orders::WithdrawBond {}.into(),
        orders::PublishOffer { terms: offer_terms, stock: 3 }.into(),
        orders::AddStock { offer, packs: 1 }.into(),
        orders::WithdrawOffer { offer }.into(),
        orders::RelayDevice { payload: vec![1; 9], signature: [2; 64] }.into(),
        orders::PlaceOrder { device, slot, offer, code_commitment: B256::ZERO, sealed_address: vec![1] }.into(),
        orders::ApproveOrder { order }.into(),
        orders::CancelOrder { order }.into(),
        orders::AcceptOrder { order }.into(),
        ship.into(),
        orders::ConfirmDelivery { order }.into(),
        orders::RevealCode { order, code: CODE }.into(),
        orders::ClaimDelivery { order }.into(),
        orders::OpenDispute { order, statement }.into(),
        orders::AnswerDispute { order, statement }.into(),
        orders::AgreeRefund { order, refund: amount }.into(),
        orders::PostReturn { order, proof: statement }.into(),
        orders::ConfirmReturn { order }.into(),
        orders::DenyReturn { order, statement }.into(),
        orders::RunDeadline { order }.into(),
    ]
}

/// One of every action of every institution, with arguments that `n` picks.
fn everything(world: &World, n: u64) -> Vec<Action> {
    use credits::Action as C;
    let (amount, credit) = (Amount::from(n % 190), CreditId::nth(1 + (n % 2) as u32));
    let from = [OWNER, NEIGHBOUR, SHOP][(n / 2 % 3) as usize];
    let to = [THIEF, OWNER, RIVAL][(n / 6 % 3) as usize];
    let allow = [amount, amount + 80, 0, UNLIMITED][(n / 18 % 4) as usize];
    let kind = Kind::Reserve { issuer: OWNER };
    let (value, signature) = (U256::from(allow), [1; 64]);
    let permit = credits::Permit { owner: OWNER, spender: THIEF, value, deadline_s: U256::MAX, v: 27, signature };
    let create = C::Create { name: "X".into(), symbol: "X".into(), decimals: 0, currency: None, kind };
    let mut all: Vec<Action> = [
        create,
        C::Transfer { credit, to, amount },
        C::TransferWithMemo { credit, to, amount, memo: B256::ZERO },
        C::Approve { credit, spender: THIEF, amount: allow },
        C::Permit { credit, permit },
        C::TransferFrom { credit, from, to, amount },
        C::Issue { credit, to, amount },
        C::Redeem { credit, amount },
        C::Claim { credit },
    ]
    .map(Action::from)
    .into();
    all.extend(orders_of(world, n).into_iter().map(Action::from));
    all.extend(energy_of(credit, amount).into_iter().map(Action::from));
    let until_ms = world.now_ms + DAY_MS;
    all.extend(
        [
            roles::Action::Grant { role: Role::Carrier, to: THIEF, until_ms },
            roles::Action::Revoke { role: Role::Carrier, from: CARRIER },
            roles::Action::Renounce { role: Role::Carrier },
        ]
        .map(Action::from),
    );
    let dispute = orders::order_id(world.device, 0, 0, 1);
    all.extend([disputes::Action::Rule { dispute, percent: 50 }, disputes::Action::RunDeadline { dispute }].map(Action::from));
    let own = [
        fixture::authorize(OTHER_KEY, fixture::admin()),
        fixture::authorize(OTHER_KEY, KeyTerms { expires_ms: until_ms, ..fixture::limited() }),
        crate::accounts::Action::RevokeKey { key: fixture::ADMIN },
        crate::accounts::Action::SetGuardians { commitment: B256::ZERO, threshold: 1, count: 2 },
        fixture::name_key(OTHER_KEY),
        crate::accounts::Action::VetoRecovery,
        crate::accounts::Action::RunDeadline { account: OWNER },
        crate::accounts::Action::PublishSealingKey { kind: SealingKind::X25519, public_key: vec![1; 32], keep_ms: 0 },
        crate::accounts::Action::WithdrawSealingKey { kind: SealingKind::X25519 },
    ];
    all.extend(own.map(Action::from));
    all
}

/// Of a market that the owner has money in, if there is one.
fn energy_of(credit: CreditId, amount: Amount) -> [energy::Action; 18] {
    let market = energy::market_id(OWNER, credit, "Street");
    let (meter, auction) = (B256::ZERO, energy::auction_id(market, 96, 1));
    let key = DeviceKey::P256([1; 64]);
    let terms = energy::tests::fixture::TERMS;
    [
        energy::OpenMarket { name: "Street".into(), credit, supplier: THIEF, zones: Vec::new(), terms }.into(),
        energy::SetCaps { market, zone: 0, first_slot: 96, slots: 1, up_wh: 0, down_wh: 0 }.into(),
        energy::OrderRedispatch { market, slot: 96, deficit: 0, surplus: 1, wh: 1, limit_micro: 1 }.into(),
        energy::RegisterMeter { market, zone: 0, key, import_max_wh: 1, export_max_wh: 1, possession: [0; 64] }.into(),
        energy::AttestMeter { meter, attested: true }.into(),
        energy::Deposit { market, amount }.into(),
        energy::Withdraw { market, amount }.into(),
        energy::Commit { market, first_slot: 96, slots: 1, meter, seal: B256::ZERO, held_nano: amount }.into(),
        energy::Reveal { auction, meter, salt: B256::ZERO, bid: Vec::new() }.into(),
        energy::Announce { auction, hash: B256::ZERO, bytes: 1 }.into(),
        energy::Submit { auction, part: vec![1] }.into(),
        energy::RelayReadings { readings: Vec::new() }.into(),
        energy::ChallengeReading { meter, slot: 96, by: meter, net_wh: 1 }.into(),
        energy::AnswerChallenge { meter, slot: 96, net_wh: 1 }.into(),
        energy::RunAuction { auction }.into(),
        energy::RunSlot { market, slot: 96 }.into(),
        energy::RunSharing { market, day: 1 }.into(),
        energy::RunChallenge { meter, slot: 96 }.into(),
    ]
}

/// Target and selector, as a call of it would have them. Which bytes a selector has does not matter here.
fn call_of(action: &Action) -> (Address, [u8; 4], String) {
    use credits::Action as C;
    let said = format!("{action:?}");
    let name: String = match action {
        Action::Energy(action) => action.name().into(),
        Action::Orders(action) => action.name().into(),
        Action::Accounts(action) => action.name().into(),
        _ => said.split(['(', ' ', ')']).nth(1).unwrap_or_default().into(),
    };
    let target = match action {
        Action::Accounts(_) => MODULE,
        Action::Energy(_) => energy::MODULE,
        Action::Orders(_) => orders::MODULE,
        Action::Roles(_) => roles::MODULE,
        Action::Disputes(_) => disputes::MODULE,
        Action::Deadlines(never) => match *never {},
        Action::Credits(C::Create { .. }) => credits::REGISTRY,
        Action::Credits(
            C::Transfer { credit, .. }
            | C::TransferWithMemo { credit, .. }
            | C::Permit { credit, .. }
            | C::Approve { credit, .. }
            | C::TransferFrom { credit, .. }
            | C::Issue { credit, .. }
            | C::Redeem { credit, .. }
            | C::Claim { credit },
        ) => credit.0,
    };
    let hash = keccak256(&name);
    (target, [hash[0], hash[1], hash[2], hash[3]], name)
}

#[test]
fn the_thief_knows_every_action() {
    let world = World::new(Mode::Auto);
    let names: BTreeSet<_> = everything(&world, 7).iter().map(call_of).collect();
    // 9 of credits, 35 of orders, 18 of energy, 3 of roles, 2 of disputes, 8 of accounts; RevokeKey of itself is apart.
    assert_eq!(names.len(), 9 + 35 + 18 + 3 + 2 + 8, "a new action: let the thief try it");
}

fn selector(name: &str) -> [u8; 4] {
    let hash = keccak256(name);
    [hash[0], hash[1], hash[2], hash[3]]
}

struct Heist {
    world: World,
    terms: KeyTerms,
    since_ms: u64,
    /// What the model saw leave, by credit and period.
    left: BTreeMap<(CreditId, u64), Amount>,
    tried: u32,
    done: BTreeSet<String>,
    refused: BTreeSet<String>,
}

impl Heist {
    fn new(scopes: Vec<Scope>) -> Self {
        let mut world = World::new(Mode::Auto);
        let kind = Kind::Reserve { issuer: ISSUER };
        let second = credits::Action::Create { name: "Y".into(), symbol: "Y".into(), decimals: 0, currency: None, kind };
        world.act(ISSUER, second).expect("made");
        world.act(ISSUER, credits::Action::Issue { credit: CreditId::nth(2), to: OWNER, amount: PURSE }).expect("issued");
        world.act(NEIGHBOUR, credits::Action::Approve { credit: MONEY, spender: OWNER, amount: UNLIMITED }).expect("approved");
        world.act(OWNER, Action::from(fixture::authorize(fixture::ADMIN, fixture::admin()))).expect("admin");
        let guardians = crate::accounts::Action::SetGuardians { commitment: fixture::commitment(), threshold: 2, count: 4 };
        world.act(OWNER, guardians).expect("guardians");
        let limits = vec![Limit { credit: MONEY, amount: 8 * DAILY, period_ms: DAY_MS }];
        let since_ms = world.now_ms;
        let terms = KeyTerms { limits, scopes, expires_ms: since_ms + LIFE_MS, ..fixture::limited() };
        world.act(OWNER, Action::from(fixture::authorize(LIMITED, terms.clone()))).expect("limited");
        let (left, done, refused) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { world, terms, since_ms, left, tried: 0, done, refused }
    }

    /// What of the account no limited key may ever touch.
    fn sacred(&mut self) -> (Vec<Address>, Option<Guardianship>, AccessKey, u32) {
        let memory = &mut self.world.memory;
        let ring = RINGS.get(memory, &OWNER).expect("read").expect("a ring");
        let admin = KEYS.get(memory, &(OWNER, fixture::ADMIN)).expect("read").expect("a key");
        let guardians = GUARDIANSHIPS.get(memory, &OWNER).expect("read");
        assert_eq!(SEALING_KEYS.get(memory, &(OWNER, SealingKind::X25519)), Ok(None));
        (ring.keys, guardians, admin, ring.epoch)
    }

    /// By the terms alone, with no code of the institution: whether a call lies in scope at this time.
    fn allowed(&self, target: Address, selector: [u8; 4]) -> bool {
        let fits = |scope: &Scope| scope.selectors.is_empty() || scope.selectors.contains(&selector);
        let inside = target == MODULE || self.terms.scopes.iter().any(|scope| scope.target == target && fits(scope));
        inside && self.world.now_ms < self.terms.expires_ms
    }

    fn allowance(&mut self, credit: CreditId) -> Amount {
        credits::allowance(&mut self.world.memory, credit, OWNER, THIEF).expect("read")
    }

    /// The thief sends a transaction of one call.
    fn tries(&mut self, action: Action) {
        self.tried += 1;
        let (target, selector, name) = call_of(&action);
        let call = Call { to: Some(target), value: false, data: &selector };
        let now = self.world.now_ms;
        let admitted = admit(&mut self.world.memory, now, OWNER, LIMITED, KeyKind::P256, [call]);
        assert_eq!(admitted.is_ok(), self.allowed(target, selector), "{name}: {admitted:?}");
        if admitted.is_err() {
            return;
        }
        let sacred = self.sacred();
        let before = self.world.memory.clone();
        let allowed_before = [1, 2].map(|n| self.allowance(CreditId::nth(n)));
        let outcome = self.world.act_by(OWNER, Some(LIMITED), action.clone());
        assert!(self.sacred() == sacred, "{name} touched what it must not");
        match outcome {
            Ok(_) => {
                assert!(!matches!(action, Action::Accounts(_)), "{name}");
                self.done.insert(name.clone());
                self.saw(&action, allowed_before);
            }
            Err(Failure::Refused(refusal)) => {
                assert!(self.world.memory == before, "{name}: refused, and something changed");
                if let Refused::Accounts(refusal) = refusal {
                    let said = format!("{refusal:?}");
                    self.refused.insert(said.split([' ', '{']).next().unwrap_or_default().to_string());
                }
            }
            Err(Failure::Stopped(stop)) => panic!("{name}: {stop:?}"),
        }
        assert_eq!(crate::audit(&self.world.memory), Ok(Vec::new()), "{name}");
    }

    /// What left at the thief's word, by the events and allowances alone.
    fn saw(&mut self, action: &Action, allowed_before: [Amount; 2]) {
        let period = (self.world.now_ms - self.since_ms) / DAY_MS;
        let mut moved: Vec<(CreditId, Amount)> = Vec::new();
        for event in std::mem::take(&mut self.world.events) {
            if let Event::Credits(credits::Event::Transferred { credit, from, to, amount }) = event {
                let made = from == Address::ZERO && matches!(action, Action::Credits(credits::Action::Issue { .. }));
                let others = from == NEIGHBOUR || from == SHOP;
                if to != OWNER && (from == OWNER || others || made) {
                    moved.push((credit, amount));
                }
            }
        }
        for (credit, before) in [1, 2].map(CreditId::nth).into_iter().zip(allowed_before) {
            moved.push((credit, self.allowance(credit).saturating_sub(before)));
        }
        for (credit, amount) in moved {
            let sum = self.left.entry((credit, period)).or_default();
            *sum += amount;
            let limit = if credit == MONEY { self.terms.limits[0].amount } else { 0 };
            assert!(*sum <= limit, "{sum} of {} in a period, at most {limit}", credit.0);
        }
    }

    fn step(&mut self, (which, n): (u8, u64)) {
        match which {
            // Whom the thief let take money takes it, some of the time.
            0..=25 => {
                let credit = CreditId::nth(1 + (n % 2) as u32);
                let amount = self.allowance(credit).min(Amount::from(n % 100));
                let take = credits::Action::TransferFrom { credit, from: OWNER, to: THIEF, amount };
                self.world.act(THIEF, take).expect("what is allowed is there");
            }
            26..=45 => self.world.block(1 + n % (10 * HOUR_MS)),
            _ => {
                let all = everything(&self.world, n);
                // Rather what is in scope, else most of the time goes by with being refused.
                let inside: Vec<_> = all
                    .iter()
                    .filter(|action| {
                        let (target, selector, _) = call_of(action);
                        target != MODULE && self.allowed(target, selector)
                    })
                    .collect();
                let from = if which % 3 == 0 || inside.is_empty() { all.iter().collect() } else { inside };
                let action: Action = from[(n >> 20) as usize % from.len()].clone();
                self.tries(action);
            }
        }
    }
}

/// Scopes without any power beyond the limits: money, and orders within the mandate.
fn harmless() -> Vec<Scope> {
    let all = |target| Scope { target, selectors: Vec::new() };
    let selectors = ["PlaceOrder", "ApproveOrder", "RelayDevice", "RunDeadline"].map(selector).to_vec();
    vec![all(MONEY.0), all(CreditId::nth(2).0), Scope { target: orders::MODULE, selectors }]
}

/// Any scopes over all institutions: each target whole, in parts or not at all.
fn any_scopes() -> impl Strategy<Value = Vec<Scope>> {
    let targets =
        [MONEY.0, CreditId::nth(2).0, orders::MODULE, roles::MODULE, disputes::MODULE, credits::REGISTRY, fixture::CONTRACT];
    let names: Vec<_> = everything(&World::new(Mode::Auto), 7).iter().map(call_of).map(|(_, selector, _)| selector).collect();
    prop::collection::vec((0..3u8, prop::sample::subsequence(names, 0..16)), targets.len()).prop_map(move |parts| {
        let scopes = targets.into_iter().zip(parts).filter_map(|(target, (how, selectors))| match how {
            0 => Some(Scope { target, selectors: Vec::new() }),
            1 if !selectors.is_empty() => Some(Scope { target, selectors }),
            _ => None,
        });
        let mut scopes: Vec<_> = scopes.collect();
        if scopes.is_empty() {
            scopes.push(Scope { target: MONEY.0, selectors: Vec::new() });
        }
        scopes
    })
}

/// How many histories: `DURE_CASES`, a number or `large`.
fn cases() -> u32 {
    match std::env::var("DURE_CASES") {
        Ok(text) if text == "large" => 4_000,
        Ok(text) => text.parse().expect("DURE_CASES is a number or `large`"),
        Err(_) => 48,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_stolen_access_key_does_its_scope_holds(
        scopes in any_scopes(),
        steps in prop::collection::vec(any::<(u8, u64)>(), 1..120),
    ) {
        let mut heist = Heist::new(scopes);
        for step in steps {
            heist.step(step);
        }
    }

    #[test]
    fn a_stolen_access_key_takes_no_more_than_its_reach(steps in prop::collection::vec(any::<(u8, u64)>(), 1..160)) {
        let mut heist = Heist::new(harmless());
        let now = heist.world.now_ms;
        let reach = reach(&mut heist.world.memory, now, OWNER, LIMITED, |_| Powers::default());
        let most = reach.expect("read").expect("stands").credits[0].until_expiry;
        prop_assert_eq!(most, 12 * 8 * DAILY);
        let others = |world: &mut World| [OWNER, NEIGHBOUR, SHOP].map(|who| world.money(who));
        let before = others(&mut heist.world);
        for step in steps {
            heist.step(step);
        }
        // What it was let take, it takes now.
        let amount = heist.allowance(MONEY);
        heist.world.act(THIEF, credits::Action::TransferFrom { credit: MONEY, from: OWNER, to: THIEF, amount }).expect("allowed");
        let after = others(&mut heist.world);
        let lost = before[0].saturating_sub(after[0]) + before[1].saturating_sub(after[1]);
        prop_assert!(lost <= most, "{} of at most {}", lost, most);
        let second = credits::balance(&mut heist.world.memory, CreditId::nth(2), OWNER);
        prop_assert_eq!(second, Ok(PURSE), "nothing of a credit without a limit");
    }
}

#[test]
fn a_greedy_thief_of_a_stolen_access_key_takes_its_reach_and_no_unit_more() {
    let mut heist = Heist::new(harmless());
    let (now, before) = (heist.world.now_ms, heist.world.money(OWNER));
    let reach = reach(&mut heist.world.memory, now, OWNER, LIMITED, |_| Powers::default()).expect("read").expect("stands");
    for _ in 0..LIFE_MS / HOUR_MS + 48 {
        for amount in [PURSE, 500, 300, 99, 7, 1] {
            heist.tries(credits::Action::Transfer { credit: MONEY, to: THIEF, amount }.into());
        }
        heist.world.block(HOUR_MS);
    }
    let (lost, most) = (before - heist.world.money(OWNER), reach.credits[0].until_expiry);
    println!(
        "greedy: {} tries in {} days took {lost} minor units; the key's reach was {most}",
        heist.tried,
        LIFE_MS / DAY_MS + 2
    );
    assert_eq!(lost, most);
}

#[test]
fn a_stolen_access_key_tries_what_can_be_tried() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let scopes = any_scopes();
    let steps = prop::collection::vec(any::<(u8, u64)>(), 200);
    let (mut tried, mut done, mut refused, mut spent) = (0, BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for _ in 0..40 {
        let mut heist = Heist::new(scopes.new_tree(&mut runner).expect("scopes").current());
        for step in steps.new_tree(&mut runner).expect("steps").current() {
            heist.step(step);
        }
        tried += heist.tried;
        done.extend(heist.done);
        refused.extend(heist.refused);
        spent.extend(heist.left.into_iter().filter(|(_, sum)| *sum > 6 * DAILY).map(|((_, period), _)| period));
    }
    println!("any key: {tried} tries, nothing out of scope and no unit beyond a limit; done where in scope: {done:?}");
    for action in ["Transfer", "Approve", "TransferFrom", "Redeem", "PlaceOrder", "RegisterShop", "SetMandate", "TransferDevice"]
    {
        assert!(done.contains(action), "no history came to {action}: {done:?}");
    }
    for refusal in ["LimitExceeded", "KeyMayNot"] {
        assert!(refused.contains(refusal), "{refused:?}");
    }
    assert!(spent.len() >= 3, "limits were hardly touched: {spent:?}");
    let mut heist = Heist::new(harmless());
    let leave = crate::accounts::Action::RevokeKey { key: LIMITED };
    assert_eq!(heist.world.act_by(OWNER, Some(LIMITED), leave), Ok(Output::None), "it may give itself up");
}
