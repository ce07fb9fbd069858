//! Orders placed by devices: as many devices with eight slots each as are needed, one shop, one offer. Each slot orders once, by a
//! message that its P-256 key signs while the clock runs, because it must name a block of the last few.

use crate::{
    Fallible,
    http::{Connection, send_raw},
    load::{self, Plan, Seen, Share},
    peers::Peer,
    transfers::{sign, wait},
};
use alloy_primitives::{Address, B256, Bytes, TxKind, keccak256};
use alloy_signer_local::PrivateKeySigner;
use dure_gateways::{
    key::{self, DeviceSigner},
    node::Head,
    seal::DeliveryAddress,
};
use dure_rules::{
    Gtin,
    bounds::{DAY_MS, HOUR_MS},
    credits::CreditId,
    orders::{
        Action, DeviceBody, DeviceId, MandateTerms, Mode, OfferId, OfferTerms, PublishOffer, RegisterDevice, RegisterShop,
        RelayDevice, SLOTS_MAX, SetMandate, SetSlot, device_id, offer_id,
    },
};
use std::time::Duration;

const GTIN: &str = "9521000000018";
const GAS_LIMIT: u64 = 1_000_000;
const PRICE: u128 = 1;
/// GS1's prefix for examples.
const GLN: &str = "9521000001015";

/// A device, its owner, and how many of the owner's transactions are sent.
struct Household {
    owner: PrivateKeySigner,
    device: DeviceSigner,
    id: DeviceId,
    nonce: u64,
    slots: u8,
}

/// The owners of the devices that `orders` orders need.
pub fn owners(orders: usize) -> Vec<Address> {
    (0..devices(orders)).map(|index| owner(index).address()).collect()
}

fn devices(orders: usize) -> usize {
    orders.div_ceil(usize::from(SLOTS_MAX))
}

fn owner(index: usize) -> PrivateKeySigner {
    // A hash is no valid key once in 2¹²⁸.
    PrivateKeySigner::from_bytes(&keccak256(format!("dure-bench owner {index}"))).expect("a valid key")
}

/// One connection's households, each slot's order placed in turn.
pub struct Orders {
    households: Vec<Household>,
    place: usize,
    chain_id: u64,
    offer: OfferId,
    sealing_key: B256,
    address: DeliveryAddress,
}

impl Share for Orders {
    fn next(&mut self, seen: &Seen) -> Option<Bytes> {
        let place = self.place;
        self.place += 1;
        let count = self.households.len();
        let slot = (place.checked_div(count)?) as u8;
        let household = &mut self.households[place % count];
        if slot >= household.slots {
            return None;
        }
        let order = dure_rules::orders::order_id(household.id, slot, 0, 1);
        let sealed_address = self.address.seal(self.sealing_key, order).ok()?;
        let body = DeviceBody::Place { level: 1, offer: self.offer, code_commitment: order, sealed_address };
        let head = Head { height: seen.height, hash: seen.hash, parent_hash: seen.parent_hash, time_ms: 0 };
        let message = key::message(self.chain_id, household.id, slot, (0, u64::from(slot) + 1), &head, body);
        let (payload, signature) = household.device.message(&message);
        let raw = act(household, self.chain_id, RelayDevice { payload, signature });
        raw.ok()
    }
}

fn act(household: &mut Household, chain_id: u64, action: impl Into<Action>) -> Fallible<Bytes> {
    let nonce = household.nonce;
    household.nonce += 1;
    signed(&household.owner, chain_id, nonce, action)
}

fn signed(key: &PrivateKeySigner, chain_id: u64, nonce: u64, action: impl Into<Action>) -> Fallible<Bytes> {
    let (to, data) = dure_api::abi::encode(&dure_rules::Action::from(action.into()));
    sign(key, chain_id, nonce, TxKind::Call(to), data, GAS_LIMIT)
}

/// The shop, and every device with its slots and mandates.
///
/// # Errors
/// Where the node refuses.
pub async fn set_up(peer: &Peer, orders: usize, connections: usize) -> Fallible<Vec<Orders>> {
    let mut connection = Connection::open(peer.address).await?;
    let shop = owner(devices(orders) - 1);
    let secret = key::random_bytes();
    let sealing_key = dure_gateways::seal::public_of(&B256::from(secret))?;
    let arbiter = Address::repeat_byte(0xab);
    let credit = CreditId::nth(1);
    let block = connection.ask("eth_getBlockByNumber", serde_json::json!(["latest", false])).await?;
    let seconds: alloy_primitives::U64 = serde_json::from_value(block["timestamp"].clone())?;
    let now_ms = seconds.to::<u64>() * 1_000;
    let gtin: Gtin = GTIN.parse().map_err(|_| "a GTIN")?;
    let terms = OfferTerms {
        gtin,
        content: 1_000,
        unit: "mL".into(),
        price: PRICE,
        tax: 0,
        shipping: 0,
        cancel_ms: 0,
        ship_by_ms: 72 * HOUR_MS,
        deliver_by_ms: 10 * DAY_MS,
        return_ms: 0,
        arbiters: vec![arbiter],
        default_refund_percent: 50,
        valid_until_ms: now_ms + 30 * DAY_MS,
    };
    let bond = orders as u128 * PRICE;
    let gln = GLN.parse().map_err(|_| "a GLN")?;
    let registered = RegisterShop { gln, name: "Load".into(), sealing_key, credit, payout: shop.address(), bond };
    let first = signed(&shop, peer.chain_id, 0, registered)?;
    let second = signed(&shop, peer.chain_id, 1, PublishOffer { terms, stock: orders as u32 })?;
    let last = keccak256(&second);
    for raw in [first, second] {
        connection.post(send_raw(&raw)).await??;
    }
    wait(&mut connection, last).await?;

    let address = DeliveryAddress { salt: B256::repeat_byte(7), text: "Example Street 1".into() };
    let mandate = MandateTerms {
        mode: Mode::Auto,
        credit,
        shops: Vec::new(),
        gtins: vec![gtin],
        unit_price_max: 1_000,
        order_max: 1_000,
        period_ms: 30 * DAY_MS,
        period_amount_max: 1_000,
        period_count_max: 10,
        interval_min_ms: 0,
        arbiters: vec![arbiter],
        default_refund_min_percent: 0,
        evidence_settles: true,
        address_commitment: address.commitment(),
        expires_ms: now_ms + 30 * DAY_MS,
    };
    let offer = offer_id(shop.address(), 1);
    let mut shares: Vec<Orders> = (0..connections)
        .map(|_| Orders {
            households: Vec::new(),
            place: 0,
            chain_id: peer.chain_id,
            offer,
            sealing_key,
            address: address.clone(),
        })
        .collect();
    let mut ready: Vec<Vec<Bytes>> = vec![Vec::new(); connections];
    for index in 0..devices(orders) {
        let mut household = household(index, if index + 1 == devices(orders) { 2 } else { 0 }, orders);
        let raw = prepare(&mut household, peer.chain_id, gtin, &mandate)?;
        ready[index % connections].extend(raw);
        shares[index % connections].households.push(household);
    }
    let plan = Plan { seconds: Duration::from_secs(300), per_second: None };
    let set_up = load::run(peer, ready.into_iter().map(Vec::into_iter).collect(), plan).await?;
    eprintln!("  {}: {} devices, slots and mandates: {}", peer.name, devices(orders), set_up.sentence());
    Ok(shares)
}

fn household(index: usize, nonce: u64, orders: usize) -> Household {
    let device = loop_key(index);
    let slots = (orders - index * usize::from(SLOTS_MAX)).min(usize::from(SLOTS_MAX)) as u8;
    let id = device_id(&device.public());
    Household { owner: owner(index), id, device, nonce, slots }
}

fn loop_key(index: usize) -> DeviceSigner {
    DeviceSigner::from_words("p256", keccak256(format!("dure-bench device {index}")).as_slice()).expect("a valid key")
}

fn prepare(household: &mut Household, chain_id: u64, gtin: Gtin, mandate: &MandateTerms) -> Fallible<Vec<Bytes>> {
    let (device, model) = (household.id, "9521000000025".parse().map_err(|_| "a GTIN")?);
    let key = household.device.public();
    let possession = household.device.possession(chain_id, household.owner.address(), 0);
    let mut raw = vec![act(household, chain_id, RegisterDevice { model, key, attestation: B256::ZERO, possession })?];
    for slot in 0..household.slots {
        let (unit, gtins) = ("mL".into(), vec![gtin]);
        let described = SetSlot { device, slot, unit, capacity: 2_000, threshold: 300, rearm: 1_200, gtins };
        raw.push(act(household, chain_id, described)?);
        raw.push(act(household, chain_id, SetMandate { device, slot, terms: mandate.clone() })?);
    }
    Ok(raw)
}
