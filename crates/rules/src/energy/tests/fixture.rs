//! A small market: the design's two zones, an operator, a supplier, neighbours with meters.

use crate::credits::{self, CreditId, Kind};
use crate::energy::*;
use crate::keys::DeviceKey;
use crate::orders::tests::fixture::{Echo, signed};
use crate::roles::{self, Role};
use crate::{Address, B256, Draft, Env, Event, Failure, Memory, Output, audit, law, run_due};

pub const OPERATOR: Address = Address::repeat_byte(0x01);
pub const SUPPLIER: Address = Address::repeat_byte(0x02);
pub const SOLVER: Address = Address::repeat_byte(0x03);
pub const RIVAL: Address = Address::repeat_byte(0x04);
pub const STRANGER: Address = Address::repeat_byte(0x05);
pub const ARBITER: Address = Address::repeat_byte(0x06);
pub const FALLBACK: Address = Address::repeat_byte(0x07);
/// The neighbours' accounts: of the n-th meter.
pub fn neighbour(number: u8) -> Address {
    Address::repeat_byte(0x20 + number)
}

/// A whole day's first slot, 2027-01-16, and the time at which the tests begin: long before its gate.
pub const DAY: Slot = 20_834 * DAY_SLOTS;
pub const START_MS: u64 = DAY as u64 * SLOT_MS - 30 * 3_600_000;
pub const MONEY: u128 = 1_000_000;
pub const S: u8 = 0;
pub const N: u8 = 1;

pub const TERMS: Terms = Terms {
    retail_micro: 320_000,
    feed_in_micro: 80_000,
    technical_micro: 4_000_000,
    day_gate_ms: 6 * 3_600_000,
    slot_gate_ms: 30 * 60_000,
    reveal_ms: 10 * 60_000,
    solve_ms: 10 * 60_000,
    reading_ms: 3_600_000,
    deposit_nano: 1_000_000_000,
    bond_nano: 5_000_000_000,
    reward_max_nano: 100_000_000_000,
    share_permille: 500,
    reserve_nano: 1_000_000_000,
    challenge_ms: 3 * 86_400_000,
    answer_ms: 86_400_000,
    challenge_nano: 2_000_000_000,
    arbiter: ARBITER,
    fallback: FALLBACK,
};

#[derive(Clone)]
pub struct World {
    pub memory: Memory,
    pub now_ms: u64,
    pub height: u64,
    pub market: MarketId,
    pub meters: Vec<MeterId>,
    /// What happened in the last action or block.
    pub events: Vec<Event>,
}

impl World {
    /// With so many attested meters, in zones N, S, N, S …, each of 40 kWh a slot both ways.
    pub fn new(meters: u8) -> Self {
        let mut memory = Memory::default();
        let env = Env { chain_id: 1, height: 0, time_ms: START_MS, caller: OPERATOR, key: None };
        let mut draft = Draft::new(&mut memory, &Echo, env);
        let kind = Kind::Reserve { issuer: OPERATOR };
        let credit = credits::create(&mut draft, "Town".into(), "TOWN".into(), 2, None, kind).expect("made");
        for person in [OPERATOR, SUPPLIER, SOLVER, RIVAL].into_iter().chain((0..meters).map(neighbour)) {
            credits::issue(&mut draft, credit, person, MONEY).expect("issued");
        }
        roles::recognise(&mut draft, Role::GridOperator, OPERATOR);
        let effects = draft.into_effects();
        memory.commit(&effects);
        let (market, events) = (market_id(OPERATOR, credit, "Street"), Vec::new());
        let mut world = Self { memory, now_ms: START_MS, height: 0, market, meters: Vec::new(), events };
        let until_ms = START_MS + 300 * 86_400_000;
        world.act(OPERATOR, roles::Action::Grant { role: Role::GridOperator, to: OPERATOR, until_ms }).expect("granted");
        world.act(OPERATOR, Self::opening(credit)).expect("opened");
        for person in [SUPPLIER, SOLVER, RIVAL] {
            world.act(person, Action::from(Deposit { market, amount: MONEY / 2 })).expect("deposited");
        }
        for number in 0..meters {
            let key = DeviceKey::P256([number + 1; 64]);
            let zone = if number % 2 == 0 { N } else { S };
            let prehash = possession_prehash(1, neighbour(number), market, &key);
            let possession = signed(&prehash);
            let (import_max_wh, export_max_wh) = (40_000, 40_000);
            let action = RegisterMeter { market, zone, key, import_max_wh, export_max_wh, possession };
            world.act(neighbour(number), Action::from(action)).expect("registered");
            let meter = meter_id(&key);
            world.act(OPERATOR, Action::from(AttestMeter { meter, attested: true })).expect("attested");
            world.act(neighbour(number), Action::from(Deposit { market, amount: MONEY / 2 })).expect("deposited");
            world.meters.push(meter);
        }
        world
    }

    pub fn opening(credit: CreditId) -> Action {
        let zone = |name: &str, parent, wh, fee_micro| Zone { name: name.into(), parent, up_wh: wh, down_wh: wh, fee_micro };
        let zones = vec![zone("South", 0, 100_000, 0), zone("North", 0, 3_000, 10_000)];
        OpenMarket { name: "Street".into(), credit, supplier: SUPPLIER, zones, terms: TERMS }.into()
    }

    pub fn credit(&self) -> CreditId {
        CreditId::nth(1)
    }

    /// One transition in a block of its own. Where it fails nothing is kept; the books agree either way.
    pub fn act(&mut self, caller: Address, action: impl Into<law::Action>) -> Result<Output, Failure> {
        self.height += 1;
        let env = Env { chain_id: 1, height: self.height, time_ms: self.now_ms, caller, key: None };
        let mut draft = Draft::new(&mut self.memory, &Echo, env);
        let output = law::apply(&mut draft, action.into())?;
        let effects = draft.into_effects();
        self.memory.commit(&effects);
        self.events = effects.events;
        self.check();
        Ok(output)
    }

    /// [`World::act`] of this institution, which must be refused with this.
    pub fn refused(&mut self, caller: Address, action: impl Into<Action>) -> Refusal {
        let before = self.memory.clone();
        let failure = self.act(caller, action.into()).expect_err("refused");
        assert_eq!(self.memory, before, "a refusal leaves everything as it was");
        match failure {
            Failure::Refused(law::Refusal::Energy(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    }

    fn check(&self) {
        assert_eq!(audit(&self.memory), Ok(Vec::new()), "at {} ms", self.now_ms);
    }

    /// Blocks until `time_ms`, each with what is due.
    pub fn wait_until(&mut self, time_ms: u64) {
        while self.now_ms < time_ms {
            self.now_ms = time_ms.min(self.now_ms + 300_000);
            self.block();
        }
        self.block();
    }

    /// A second later: deadlines have whole seconds.
    pub fn second(&mut self) {
        self.wait_until(self.now_ms + 1_000);
    }

    /// A block in which nobody does anything.
    pub fn block(&mut self) {
        self.height += 1;
        let env = Env { chain_id: 1, height: self.height, time_ms: self.now_ms, caller: crate::ids::SYSTEM, key: None };
        let effects = run_due(&mut self.memory, &Echo, env, B256::ZERO).expect("runs");
        self.memory.commit(&effects);
        self.events = effects.events;
        let failed = self.events.iter().any(|event| matches!(event, Event::Deadlines(_)));
        assert!(!failed, "{:?}", self.events);
        self.check();
    }

    /// Seals a bid of the n-th neighbour's meter.
    pub fn commit(&mut self, number: u8, first_slot: Slot, slots: u8, bid: &Bid) -> AuctionId {
        let action = self.sealed(number, first_slot, slots, bid);
        self.act(neighbour(number), Action::from(action)).expect("sealed");
        auction_id(self.market, first_slot, slots)
    }

    pub fn sealed(&self, number: u8, first_slot: Slot, slots: u8, bid: &Bid) -> Commit {
        let (market, meter) = (self.market, self.meters[usize::from(number)]);
        let auction = auction_id(market, first_slot, slots);
        let seal = seal(auction, meter, neighbour(number), B256::repeat_byte(number), &bid.to_bytes());
        let held_nano = cost_nano(bid) + u128::from(TERMS.deposit_nano);
        Commit { market, first_slot, slots, meter, seal, held_nano }
    }

    pub fn opened(&self, number: u8, auction: AuctionId, bid: &Bid) -> Reveal {
        let meter = self.meters[usize::from(number)];
        Reveal { auction, meter, salt: B256::repeat_byte(number), bid: bid.to_bytes() }
    }

    pub fn reveal(&mut self, number: u8, auction: AuctionId, bid: &Bid) {
        let action = self.opened(number, auction, bid);
        self.act(STRANGER, Action::from(action)).expect("opened");
    }

    /// All seal, the gate comes, all open.
    pub fn bid(&mut self, first_slot: Slot, slots: u8, bids: &[Bid]) -> AuctionId {
        let mut auction = B256::ZERO;
        for (number, bid) in (0u8..).zip(bids) {
            auction = self.commit(number, first_slot, slots, bid);
        }
        self.wait_until(open_ms(&TERMS, first_slot, slots).expect("an auction").1);
        for (number, bid) in (0u8..).zip(bids) {
            self.reveal(number, auction, bid);
        }
        auction
    }

    pub fn auction(&self, id: AuctionId) -> Auction {
        AUCTIONS.get(&mut self.memory.clone(), &id).expect("decodes").expect("there")
    }

    pub fn slot(&self, slot: Slot) -> SlotBook {
        SLOTS.get(&mut self.memory.clone(), &(self.market, slot)).expect("decodes").expect("there")
    }

    pub fn book(&mut self, auction: AuctionId) -> book::Book {
        let env = Env { chain_id: 1, height: self.height, time_ms: self.now_ms, caller: STRANGER, key: None };
        let mut draft = Draft::new(&mut self.memory, &Echo, env);
        super::super::book(&mut draft, auction).expect("a book")
    }

    pub fn position(&self, number: u8, slot: Slot) -> (i32, i64) {
        let meter = self.meters[usize::from(number)];
        let position = position(&mut self.memory.clone(), meter, slot / DAY_SLOTS).expect("decodes");
        let at = (slot % DAY_SLOTS) as usize;
        (position.net_wh[at], position.nano[at])
    }

    pub fn nano(&self, account: Address) -> i128 {
        purse(&mut self.memory.clone(), self.market, account).expect("decodes").nano
    }

    /// What the n-th neighbour's meter signs at the end of `slot`.
    pub fn reading(&self, number: u8, slot: Slot, import_wh: u64, export_wh: u64) -> SignedReading {
        let meter = self.meters[usize::from(number)];
        let reading = Reading { meter, slot, import_wh, export_wh, counter: u64::from(slot) };
        let key = DeviceKey::P256([number + 1; 64]);
        SignedReading { reading, signature: signed(&reading_prehash(1, &key, &reading)) }
    }

    pub fn read(&mut self, number: u8, slot: Slot, import_wh: u64, export_wh: u64) {
        let readings = vec![self.reading(number, slot, import_wh, export_wh)];
        self.act(STRANGER, Action::from(RelayReadings { readings })).expect("read");
    }
}

pub fn offer(slot: u8, wh: u32, limit_micro: i64) -> Order {
    Order { slot, buys: false, wh, limit_micro }
}

pub fn want(slot: u8, wh: u32, limit_micro: i64) -> Order {
    Order { slot, buys: true, wh, limit_micro }
}

pub fn orders(orders: &[Order]) -> Bid {
    Bid { orders: orders.to_vec(), battery: None }
}

/// The bids of the design's example, of meters N, S, N, S, N, S: wind, house S, heat pump and house N, CHP, battery.
pub fn example() -> Vec<Bid> {
    let battery = Battery {
        charge_wh: 3_000,
        discharge_wh: 3_000,
        capacity_wh: 4_000,
        initial_wh: 500,
        wear_micro: 20_000,
        final_micro: 60_000,
    };
    vec![
        orders(&[offer(0, 9_000, 0), offer(1, 1_000, 0)]),
        orders(&[want(0, 2_000, 300_000), want(1, 6_000, 310_000)]),
        orders(&[want(0, 1_500, 250_000), want(1, 500, 280_000)]),
        orders(&[offer(1, 1_000, 150_000)]),
        Bid { orders: Vec::new(), battery: Some(battery) },
    ]
}
