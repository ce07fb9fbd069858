//! A small town for the simulation: who lives there, what genesis gives them, and what they send.

use alloy_consensus::TxLegacy;
use alloy_network::TxSignerSync as _;
use alloy_primitives::{Address, B256, Bytes, TxKind, keccak256};
use alloy_signer_local::PrivateKeySigner;
use dure_api::abi;
use dure_execution::{
    Class, Transaction,
    gas::BLOCK_GAS,
    genesis::{Genesis as Records, GenesisAccount},
};
use dure_node::genesis::Genesis;
use dure_rules::{
    Action, Amount, Draft, Env, Gln, Gtin, Memory, Output, Verifier,
    bounds::{DAY_MS, HOUR_MS},
    credits::{self, CreditId, Kind},
    orders::{self, DeviceId, DeviceKey, MandateTerms, Mode, OfferId, OfferTerms, PlaceOrder, device_id},
};

pub const CHAIN_ID: u64 = 7_777;
/// Households, each with a device and a slot.
pub const HOUSEHOLDS: usize = 4;
/// Money that everybody begins with, minor units.
pub const MONEY: Amount = 100_000;
const GTIN: Gtin = Gtin::new(4_006_381_333_931).expect("its check digit holds");
const GLN: Gln = Gln::new(4_006_381_333_931).expect("its check digit holds");
/// Reads twelve slots that nobody hinted at, one after the other, and writes one: more misses than the executor restarts for.
pub const DEEP: Address = Address::repeat_byte(0xde);
const DEEP_SLOTS: u8 = 12;

/// The town as it begins.
#[derive(Clone)]
pub struct Town {
    pub genesis: Genesis,
    pub households: Vec<(PrivateKeySigner, DeviceId)>,
    pub shop: PrivateKeySigner,
    pub offer: OfferId,
}

/// A key made of a number.
pub fn key(number: u64) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&keccak256(number.to_be_bytes())).expect("a hash is a key")
}

pub fn credit() -> CreditId {
    CreditId::nth(1)
}

impl Town {
    pub fn new() -> Self {
        let keys: Vec<_> = (0..HOUSEHOLDS as u64 + 1).map(key).collect();
        let people: Vec<Address> = keys.iter().map(PrivateKeySigner::address).collect();
        let shop = *people.last().expect("a shop");
        let mut books = Memory::default();
        let mut act = |caller: Address, act: &dyn Fn(&mut Draft<'_>) -> Output| {
            let mut draft =
                Draft::new(&mut books, &Anything, Env { chain_id: CHAIN_ID, height: 0, time_ms: 0, caller, key: None });
            let output = act(&mut draft);
            let effects = draft.into_effects();
            books.commit(&effects);
            output
        };
        act(shop, &|draft| {
            let reserve = Kind::Reserve { issuer: shop };
            let made = credits::create(draft, "Town".into(), "TOWN".into(), 2, None, reserve).expect("a credit");
            people.iter().for_each(|person| credits::issue(draft, made, *person, MONEY).expect("issued"));
            Output::None
        });
        act(
            shop,
            &ask(orders::RegisterShop {
                gln: GLN,
                name: "Corner shop".into(),
                sealing_key: B256::repeat_byte(1),
                credit: credit(),
                payout: shop,
                bond: MONEY / 2,
            }),
        );
        let Output::Id(offer) = act(shop, &ask(orders::PublishOffer { terms: offer_terms(shop), stock: 1_000 })) else {
            panic!("an offer has an id")
        };
        let households = keys[..HOUSEHOLDS].iter().enumerate().map(|(number, key)| {
            let (owner, device_key) = (key.address(), DeviceKey::P256([number as u8; 64]));
            let device = device_id(&device_key);
            act(
                owner,
                &ask(orders::RegisterDevice { model: GTIN, key: device_key, attestation: B256::ZERO, possession: [0; 64] }),
            );
            act(
                owner,
                &ask(orders::SetSlot {
                    device,
                    slot: 0,
                    unit: "mL".into(),
                    capacity: 2_000,
                    threshold: 200,
                    rearm: 1_000,
                    gtins: vec![GTIN],
                }),
            );
            act(owner, &ask(orders::SetMandate { device, slot: 0, terms: mandate_terms(shop) }));
            (key.clone(), device)
        });
        let households = households.collect();
        let mut accounts: Vec<_> = people.iter().map(|person| GenesisAccount::plain(*person, Class::Member)).collect();
        let mut code: Vec<u8> = (0..DEEP_SLOTS).flat_map(|slot| [0x60, slot, 0x54, 0x50]).collect(); // sload, pop
        code.extend([0x43, 0x60, 0x00, 0x55, 0x00]); // slot 0 = the height
        accounts.push(GenesisAccount { code: code.into(), ..GenesisAccount::plain(DEEP, Class::Newcomer) });
        let records = Records { accounts, records: books.0 }.records();
        let genesis =
            Genesis { chain_id: CHAIN_ID, time_ms: 0, gas_limit: BLOCK_GAS, validators: Vec::new(), seed: None, records };
        Self { genesis, households, shop: keys.into_iter().next_back().expect("a shop"), offer }
    }

    /// What `household` sends with these numbers of a die.
    pub fn errand(&self, household: usize, die: u64, nonce: u64) -> Transaction {
        let (signer, device) = &self.households[household];
        let friend = self.households[(household + 1 + (die >> 8) as usize % (HOUSEHOLDS - 1)) % HOUSEHOLDS].0.address();
        match die % 10 {
            // More than anybody has: a refusal stands in the receipt.
            0 => self.pay(signer, friend, 1_000 * MONEY, nonce),
            1 | 2 => call(signer, DEEP, Bytes::new(), nonce),
            // Refused where the slot has an open order.
            3..=5 => send(
                signer,
                &orders::Action::PlaceOrder(PlaceOrder {
                    device: *device,
                    slot: 0,
                    offer: self.offer,
                    code_commitment: B256::repeat_byte(3),
                    sealed_address: vec![7; 64],
                })
                .into(),
                nonce,
            ),
            _ => self.pay(signer, friend, 1 + Amount::from(die >> 16 & 0xff), nonce),
        }
    }

    pub fn pay(&self, from: &PrivateKeySigner, to: Address, amount: Amount, nonce: u64) -> Transaction {
        send(from, &credits::Action::Transfer { credit: credit(), to, amount }.into(), nonce)
    }
}

/// A transaction that asks a module for this.
pub fn send(signer: &PrivateKeySigner, action: &Action, nonce: u64) -> Transaction {
    let (to, input) = abi::encode(action);
    call(signer, to, input, nonce)
}

fn call(signer: &PrivateKeySigner, to: Address, input: Bytes, nonce: u64) -> Transaction {
    let mut body =
        TxLegacy { chain_id: Some(CHAIN_ID), nonce, gas_limit: 400_000, to: TxKind::Call(to), input, ..Default::default() };
    let signature = signer.sign_transaction_sync(&mut body).expect("a local key signs");
    let envelope: dure_execution::TxEnvelope = alloy_consensus::SignableTransaction::into_signed(body, signature).into();
    let raw = alloy_eips::eip2718::Encodable2718::encoded_2718(&envelope);
    Transaction::decode(&raw, CHAIN_ID).expect("a good transaction")
}

fn ask<A: Into<orders::Action> + Clone>(action: A) -> impl Fn(&mut Draft<'_>) -> Output {
    move |draft| dure_rules::apply(draft, Action::Orders(action.clone().into())).expect("genesis keeps to the rules")
}

/// An hour for every wait that may be so short, so that an outage can outlast it.
fn offer_terms(shop: Address) -> OfferTerms {
    OfferTerms {
        gtin: GTIN,
        content: 1_500,
        unit: "mL".into(),
        price: 500,
        tax: 95,
        shipping: 100,
        cancel_ms: HOUR_MS / 2,
        ship_by_ms: HOUR_MS,
        deliver_by_ms: HOUR_MS,
        return_ms: DAY_MS,
        arbiters: vec![shop],
        default_refund_percent: 50,
        valid_until_ms: 30 * DAY_MS,
    }
}

fn mandate_terms(arbiter: Address) -> MandateTerms {
    MandateTerms {
        mode: Mode::Auto,
        credit: credit(),
        shops: Vec::new(),
        gtins: vec![GTIN],
        unit_price_max: 10_000,
        order_max: 10_000,
        period_ms: DAY_MS,
        period_amount_max: 100_000,
        period_count_max: 100,
        interval_min_ms: 0,
        arbiters: vec![arbiter],
        default_refund_min_percent: 0,
        evidence_settles: false,
        address_commitment: B256::repeat_byte(9),
        expires_ms: 30 * DAY_MS,
    }
}

/// At genesis nobody signs: what is registered there is taken as it is.
struct Anything;

impl Verifier for Anything {
    fn p256(&self, _: &[u8; 64], _: &B256, _: &[u8; 64]) -> bool {
        true
    }

    fn secp256k1(&self, _: &[u8; 64], _: &B256, _: &[u8; 64]) -> bool {
        true
    }
}
