//! A small world: a household with a device, a shop with an offer, a carrier, two arbiters.

use crate::bounds::{DAY_MS, HOUR_MS};
use crate::credits::{self, CreditId, Kind};
use crate::disputes;
use crate::orders::*;
use crate::roles::{self, Role};
use crate::{
    Action, Address, Amount, B256, Draft, Env, Event, Failure, Gln, Gtin, Memory, Output, Verifier, audit, law, run_due,
};

pub const OWNER: Address = Address::repeat_byte(0x11);
pub const SHOP: Address = Address::repeat_byte(0x22);
pub const CARRIER: Address = Address::repeat_byte(0x33);
pub const ARBITER: Address = Address::repeat_byte(0x44);
pub const FALLBACK: Address = Address::repeat_byte(0x45);
pub const STRANGER: Address = Address::repeat_byte(0x55);
pub const NEIGHBOUR: Address = Address::repeat_byte(0x12);
pub const RIVAL: Address = Address::repeat_byte(0x23);
pub const ISSUER: Address = Address::repeat_byte(0x66);
pub const START_MS: u64 = 1_800_000_000_000;
pub const MONEY: Amount = 100_000;
pub const BOND: Amount = 20_000;
pub const PRICE: Amount = 700;
pub const CODE: [u8; 10] = *b"ABCDEFGHIJ";
pub const KEY: DeviceKey = DeviceKey::P256([7; 64]);

/// Takes a signature that repeats what is signed: who has the key is what the tests decide.
pub struct Echo;

impl Verifier for Echo {
    fn p256(&self, _: &[u8; 64], prehash: &B256, signature: &[u8; 64]) -> bool {
        *signature == signed(prehash)
    }

    fn secp256k1(&self, key: &[u8; 64], prehash: &B256, signature: &[u8; 64]) -> bool {
        self.p256(key, prehash, signature)
    }
}

pub fn signed(prehash: &B256) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(prehash.as_slice());
    signature[32..].copy_from_slice(prehash.as_slice());
    signature
}

pub fn gtin() -> Gtin {
    Gtin::new(9_521_000_000_018).expect("check digit")
}

pub fn mandate(mode: Mode) -> MandateTerms {
    MandateTerms {
        mode,
        credit: CreditId::nth(1),
        shops: Vec::new(),
        gtins: vec![gtin()],
        unit_price_max: 500,
        order_max: 900,
        period_ms: 30 * DAY_MS,
        period_amount_max: 2_100,
        period_count_max: 5,
        interval_min_ms: 0,
        arbiters: vec![ARBITER, FALLBACK],
        default_refund_min_percent: 50,
        evidence_settles: true,
        address_commitment: B256::repeat_byte(9),
        expires_ms: START_MS + 360 * DAY_MS,
    }
}

pub fn offer_terms(price: Amount) -> OfferTerms {
    OfferTerms {
        gtin: gtin(),
        content: 1_500,
        unit: "mL".into(),
        price,
        tax: 0,
        shipping: 0,
        cancel_ms: HOUR_MS,
        ship_by_ms: 3 * DAY_MS,
        deliver_by_ms: 10 * DAY_MS,
        return_ms: 7 * DAY_MS,
        arbiters: vec![ARBITER, FALLBACK],
        default_refund_percent: 50,
        valid_until_ms: START_MS + 360 * DAY_MS,
    }
}

#[derive(Clone)]
pub struct World {
    pub memory: Memory,
    pub now_ms: u64,
    pub height: u64,
    pub sequence: u64,
    pub epoch: u32,
    pub device: DeviceId,
    pub offer: OfferId,
    /// What happened in the last action or block.
    pub events: Vec<Event>,
}

impl World {
    pub fn new(mode: Mode) -> Self {
        let nothing = B256::ZERO;
        let mut world = Self {
            memory: Memory::default(),
            now_ms: START_MS,
            height: 0,
            sequence: 0,
            epoch: 0,
            device: nothing,
            offer: nothing,
            events: vec![],
        };
        let env = Env { chain_id: 1, height: 0, time_ms: START_MS, caller: ISSUER, key: None };
        let mut draft = Draft::new(&mut world.memory, &Echo, env);
        let kind = Kind::Reserve { issuer: ISSUER };
        let credit = credits::create(&mut draft, "Town".into(), "TOWN".into(), 2, None, kind).expect("made");
        for person in [OWNER, SHOP, NEIGHBOUR, RIVAL] {
            credits::issue(&mut draft, credit, person, MONEY).expect("issued");
        }
        roles::recognise(&mut draft, Role::Carrier, ISSUER);
        let effects = draft.into_effects();
        world.memory.commit(&effects);
        let until_ms = START_MS + 365 * DAY_MS;
        world.act(ISSUER, roles::Action::Grant { role: Role::Carrier, to: CARRIER, until_ms }).expect("granted");
        world.block(1_000);
        world.offer = world.open_shop(SHOP, "9521000001015");
        let possession = signed(&possession_prehash(1, OWNER, 0, &KEY));
        let register = RegisterDevice { model: gtin(), key: KEY, attestation: nothing, possession };
        world.device = world.id(OWNER, Action::Orders(register.into()));
        let device = world.device;
        let slot =
            SetSlot { device, slot: 0, unit: "mL".into(), capacity: 2_000, threshold: 300, rearm: 1_200, gtins: vec![gtin()] };
        world.order(OWNER, slot).expect("slot");
        world.order(OWNER, SetMandate { device, slot: 0, terms: mandate(mode) }).expect("mandate");
        world
    }

    pub fn open_shop(&mut self, shop: Address, gln: &str) -> OfferId {
        let gln: Gln = gln.parse().expect("check digit");
        let (credit, sealing_key) = (CreditId::nth(1), B256::repeat_byte(1));
        let register = RegisterShop { gln, name: "Shop".into(), sealing_key, credit, payout: shop, bond: BOND };
        self.order(shop, register).expect("registered");
        self.id(shop, Action::Orders(PublishOffer { terms: offer_terms(PRICE), stock: 100 }.into()))
    }

    /// Runs an action; what is refused leaves every record as it was.
    pub fn act(&mut self, caller: Address, action: impl Into<Action>) -> Result<Output, Failure> {
        self.act_by(caller, None, action)
    }

    /// The same, by an access key.
    pub fn act_by(&mut self, caller: Address, key: Option<Address>, action: impl Into<Action>) -> Result<Output, Failure> {
        let env = Env { chain_id: 1, height: self.height, time_ms: self.now_ms, caller, key };
        let mut draft = Draft::new(&mut self.memory, &Echo, env);
        let output = law::apply(&mut draft, action.into())?;
        let effects = draft.into_effects();
        self.memory.commit(&effects);
        self.events = effects.events;
        Ok(output)
    }

    pub fn order(&mut self, caller: Address, action: impl Into<crate::orders::Action>) -> Result<Output, Failure> {
        self.act(caller, Action::Orders(action.into()))
    }

    fn id(&mut self, caller: Address, action: Action) -> B256 {
        match self.act(caller, action) {
            Ok(Output::Id(id)) => id,
            other => panic!("no id: {other:?}"),
        }
    }

    /// A block this much later: what is due runs, and the books are audited.
    pub fn block(&mut self, later_ms: u64) {
        self.now_ms += later_ms;
        self.height += 1;
        let env = Env { chain_id: 1, height: self.height, time_ms: self.now_ms, caller: crate::ids::SYSTEM, key: None };
        let parent = hash_of(self.height - 1);
        let effects = run_due(&mut self.memory, &Echo, env, parent).expect("runs");
        self.memory.commit(&effects);
        self.events = effects.events;
        assert_eq!(audit(&self.memory), Ok(Vec::new()), "at {} ms", self.now_ms - START_MS);
    }

    /// What the device would say next.
    pub fn message(&mut self, body: DeviceBody) -> DeviceMessage {
        self.sequence += 1;
        DeviceMessage {
            chain_id: 1,
            module: MODULE,
            device: self.device,
            slot: 0,
            key_epoch: self.epoch,
            sequence: self.sequence,
            height: self.height - 1,
            block_hash: hash_of(self.height - 1),
            body,
        }
    }

    /// Somebody brings a message; `key` is whether its signer has the device's key.
    pub fn relay(&mut self, message: &DeviceMessage, key: bool) -> Result<Output, Failure> {
        let payload = borsh::to_vec(message).expect("into a vector");
        let mut signature = signed(&message_prehash(&KEY, &payload));
        signature[63] ^= u8::from(!key);
        self.order(STRANGER, RelayDevice { payload, signature })
    }

    pub fn says(&mut self, body: DeviceBody, key: bool) -> Result<Output, Failure> {
        let message = self.message(body);
        self.relay(&message, key)
    }

    pub fn next_order(&mut self) -> OrderId {
        let slot = SLOTS.get(&mut self.memory, &(self.device, 0)).expect("read").expect("slot");
        order_id(self.device, 0, slot.cycle, slot.attempts + 1)
    }

    pub fn device_places(&mut self, offer: OfferId, key: bool) -> Result<Output, Failure> {
        let code_commitment = code_commitment(self.next_order(), &CODE);
        self.says(DeviceBody::Place { level: 200, offer, code_commitment, sealed_address: vec![1; 560] }, key)
    }

    pub fn state(&mut self, order: OrderId) -> OrderState {
        ORDERS.get(&mut self.memory, &order).expect("read").expect("order").state
    }

    pub fn money(&mut self, who: Address) -> Amount {
        credits::balance(&mut self.memory, CreditId::nth(1), who).expect("read")
    }

    /// A world with an order in this state.
    pub fn reach(state: OrderState) -> (Self, OrderId) {
        use OrderState as S;
        let mode = if matches!(state, S::PendingApproval | S::Lapsed) { Mode::Confirm } else { Mode::Auto };
        let mut world = Self::new(mode);
        let order = world.next_order();
        let offer = world.offer;
        world.device_places(offer, true).expect("placed");
        let ship = ShipOrder { order, carrier: Some(CARRIER), sscc: None, tracking: String::new() };
        let statement = B256::repeat_byte(5);
        let steps: &[S] = match state {
            S::PendingApproval | S::Placed => &[],
            S::Lapsed | S::Cancelled => &[S::Cancelled],
            S::Accepted => &[S::Accepted],
            S::Shipped => &[S::Accepted, S::Shipped],
            S::Claimed => &[S::Accepted, S::Shipped, S::Claimed],
            S::Disputed => &[S::Accepted, S::Shipped, S::Disputed],
            S::Arbitration => &[S::Accepted, S::Shipped, S::Disputed, S::Arbitration],
            S::Ruled => &[S::Accepted, S::Shipped, S::Disputed, S::Arbitration, S::Ruled],
            S::Refunded => &[S::Refunded],
            S::Settled => &[S::Accepted, S::Shipped, S::Settled],
            S::ReturnPosted => &[S::Accepted, S::Shipped, S::Settled, S::ReturnPosted],
            S::ReturnDenied => &[S::Accepted, S::Shipped, S::Settled, S::ReturnPosted, S::ReturnDenied],
            S::Returned => &[S::Accepted, S::Shipped, S::Settled, S::ReturnPosted, S::Returned],
            S::Closed => &[S::Accepted, S::Shipped, S::Settled, S::Closed],
        };
        for step in steps {
            let done = match step {
                S::Cancelled => world.order(OWNER, CancelOrder { order }),
                S::Accepted => world.order(SHOP, AcceptOrder { order }),
                S::Shipped => {
                    world.block(2 * HOUR_MS);
                    world.order(SHOP, ship.clone())
                }
                S::Claimed => world.order(SHOP, ClaimDelivery { order }),
                S::Disputed => world.order(OWNER, OpenDispute { order, statement }),
                S::Arbitration => world.order(SHOP, AnswerDispute { order, statement }),
                S::Ruled => world.act(ARBITER, disputes::Action::Rule { dispute: order, percent: 25 }),
                S::Settled => world.order(CARRIER, RevealCode { order, code: CODE }),
                S::ReturnPosted => world.order(OWNER, PostReturn { order, proof: statement }),
                S::ReturnDenied => world.order(SHOP, DenyReturn { order, statement }),
                S::Returned => world.order(SHOP, ConfirmReturn { order }),
                S::Refunded => {
                    world.block(ACCEPT_MS);
                    Ok(Output::None)
                }
                S::Closed => {
                    world.block(7 * DAY_MS);
                    Ok(Output::None)
                }
                other => unreachable!("no step leads to {other:?}"),
            };
            done.unwrap_or_else(|failure| panic!("{step:?} on the way to {state:?}: {failure:?}"));
        }
        assert_eq!(world.state(order), state);
        assert_eq!(audit(&world.memory), Ok(Vec::new()), "{state:?}");
        (world, order)
    }
}

/// What stands for the hash of a block.
fn hash_of(height: u64) -> B256 {
    alloy_primitives::keccak256(height.to_be_bytes())
}
