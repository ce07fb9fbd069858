//! What the institution keeps, and every bound on it.

use crate::bounds::{DAY_MS, HOUR_MS, TEXT_MAX_BYTES};
use crate::credits::CreditId;
pub use crate::keys::DeviceKey;
use crate::{Address, Amount, B256, Gln, Gtin, Record, Sscc, Table};
use alloy_primitives::{address, keccak256};
use borsh::{BorshDeserialize, BorshSerialize};

/// The module's address: the account that its escrows and bonds lie in.
pub const MODULE: Address = address!("d00e000000000000000000000000000000000010");

/// Slots of one device.
pub const SLOTS_MAX: u8 = 8;
/// GTINs that a slot accepts or a mandate names.
pub const GTINS_MAX: u32 = 8;
/// Shops that a mandate names.
pub const SHOPS_MAX: u32 = 16;
/// Arbiters that a mandate or an offer names.
pub const ARBITERS_MAX: u32 = 5;
/// Orders of one cycle that may end without delivery before the owner must re-arm the slot.
pub const ATTEMPTS_MAX: u8 = 3;
/// Longest UCUM code, bytes.
pub const UNIT_MAX_BYTES: u32 = 16;
/// Largest level, capacity or pack content, in the slot's unit.
pub const LEVEL_MAX: u64 = 1 << 40;
/// Packs that may stand at home.
pub const PACKS_MAX: u32 = 1_000;
/// Packs in stock of one offer.
pub const STOCK_MAX: u32 = 1_000_000;
/// Largest sealed delivery address, bytes: HPKE encapsulation, tag and 512 bytes of padded text fit well.
pub const SEALED_MAX_BYTES: u32 = 1_024;
/// Base of unit prices: minor units for this many of the slot's unit.
pub const UNIT_PRICE_BASE: u64 = 1_000;

/// A person's time to approve what a device asked for.
pub const APPROVAL_MS: u64 = 48 * HOUR_MS;
/// A shop's time to accept.
pub const ACCEPT_MS: u64 = 24 * HOUR_MS;
/// Time to contest a claimed delivery.
pub const CONTEST_MS: u64 = 7 * DAY_MS;
/// Time to contest a delivery with device evidence, where the mandate allows it.
pub const EVIDENCE_CONTEST_MS: u64 = 24 * HOUR_MS;
/// A shop's time to answer a dispute.
pub const ANSWER_MS: u64 = 3 * DAY_MS;
/// Time of the pinned arbiter and of the fallback together.
pub const ARBITRATION_MS: u64 = 14 * DAY_MS;
/// A shop's time to confirm or deny a return that was posted.
pub const RETURN_ANSWER_MS: u64 = 7 * DAY_MS;
/// Every order is final this long after it was asked for.
pub const ORDER_MAX_MS: u64 = 45 * DAY_MS;

/// Default and longest time in which the owner may cancel, from placing.
pub const CANCEL_DEFAULT_MS: u64 = 24 * HOUR_MS;
pub const CANCEL_MAX_MS: u64 = 3 * DAY_MS;
/// Default, shortest and longest time from acceptance to shipping.
pub const SHIP_BY_DEFAULT_MS: u64 = 3 * DAY_MS;
pub const SHIP_BY_MIN_MS: u64 = HOUR_MS;
pub const SHIP_BY_MAX_MS: u64 = 7 * DAY_MS;
/// Default, shortest and longest time from shipping to a claimed delivery.
pub const DELIVER_BY_DEFAULT_MS: u64 = 10 * DAY_MS;
pub const DELIVER_BY_MIN_MS: u64 = HOUR_MS;
pub const DELIVER_BY_MAX_MS: u64 = 20 * DAY_MS;
/// Default and longest return period. Law: 14 days in the EU (Directive 2011/83, article 9), 7 in Korea.
pub const RETURN_DEFAULT_MS: u64 = 14 * DAY_MS;
pub const RETURN_MAX_MS: u64 = 14 * DAY_MS;

/// Shortest and longest period of a mandate, and its longest life.
pub const PERIOD_MIN_MS: u64 = HOUR_MS;
pub const PERIOD_MAX_MS: u64 = 366 * DAY_MS;
/// Orders that a mandate may allow in a period.
pub const PERIOD_COUNT_MAX: u32 = 1_000;
/// A holiday ends at most this long from now.
pub const HOLIDAY_MAX_MS: u64 = 366 * DAY_MS;
/// A changed payout account takes effect after this.
pub const PAYOUT_DELAY_MS: u64 = 3 * DAY_MS;
/// A withdrawn part of a bond is paid after this.
pub const BOND_DELAY_MS: u64 = 7 * DAY_MS;

/// What a shop pays that cancels an accepted order, percent of the total.
pub const CANCEL_PENALTY_PERCENT: u8 = 5;
/// What a shop pays that accepted and did not ship in time, percent of the total.
pub const LATE_PENALTY_PERCENT: u8 = 10;
/// What an owner puts up with a dispute, percent of the total.
pub const DISPUTE_BOND_PERCENT: u8 = 10;
/// The shares, percent to the owner, that an arbiter may choose from.
pub const SPLITS_PERCENT: [u8; 5] = [0, 25, 50, 75, 100];
/// How much of what the pack holds the level must rise by to be evidence, percent: people spill and sensors round.
pub const EVIDENCE_RISE_PERCENT: u8 = 80;

/// Characters of a delivery code: 50 bits, RFC 4648 base32 (`A`–`Z`, `2`–`7`).
pub const CODE_CHARACTERS: u32 = 10;
/// Wrong codes after which an order takes no more.
pub const CODE_TRIES_MAX: u8 = 5;
/// Rounds of keccak256 in a code's commitment. The commitment is public and 50 bits alone could be searched in days.
pub const CODE_ROUNDS: u32 = 4_096;

/// A device's name for ever: keccak256 of the key it was registered with. See [`device_id`].
pub type DeviceId = B256;
/// See [`offer_id`].
pub type OfferId = B256;
/// See [`order_id`].
pub type OrderId = B256;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum DeviceStatus {
    Active,
    /// Nothing it signs counts; the owner may resume it.
    Suspended,
    /// For good.
    Retired,
}

/// A machine with a key of its own.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Device {
    pub id: DeviceId,
    pub owner: Address,
    /// The model's GTIN.
    pub model: Gtin,
    pub key: DeviceKey,
    /// Rises with each new key and each new owner; part of everything signed, so that nothing signed before counts after.
    pub key_epoch: u32,
    /// Of the last message taken; the next must be higher.
    pub sequence: u64,
    /// Hash of the maker's attestation, zero where there is none. Opaque to the rules.
    pub attestation: B256,
    pub status: DeviceStatus,
}

/// One thing that a device consumes.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Slot {
    pub device: DeviceId,
    pub slot: u8,
    /// UCUM code, such as `mL`.
    pub unit: String,
    pub capacity: u64,
    /// At or below it the level is low.
    pub threshold: u64,
    /// At or above it the slot was filled, and a new cycle begins.
    pub rearm: u64,
    pub gtins: Vec<Gtin>,
    pub cycle: u32,
    /// Orders of this cycle that were made.
    pub attempts: u8,
    /// Whether an order may be made in this cycle now.
    pub armed: bool,
    /// Shops that failed in this cycle.
    pub left_out: Vec<Address>,
    pub packs_at_home: u32,
    pub level: u64,
    /// Consensus time of the last reading, 0 before the first.
    pub level_ms: u64,
    /// Lowest level since the last order was made: what evidence of delivery is measured from.
    pub lowest: u64,
    pub open_order: Option<OrderId>,
    /// Of the last mandate; never goes back.
    pub mandate_revision: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Mode {
    /// The device places orders by itself.
    Auto,
    /// The device asks; a person approves.
    Confirm,
    /// The device says that the level is low, no more.
    Notify,
}

/// What an owner allows, and what an owner may ask to be kept to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MandateTerms {
    pub mode: Mode,
    pub credit: CreditId,
    /// Empty: any shop with a bond.
    pub shops: Vec<Address>,
    pub gtins: Vec<Gtin>,
    /// Price and tax, minor units for [`UNIT_PRICE_BASE`] of the slot's unit.
    pub unit_price_max: Amount,
    /// Price, tax and shipping of one order.
    pub order_max: Amount,
    pub period_ms: u64,
    pub period_amount_max: Amount,
    pub period_count_max: u32,
    /// Shortest time between two orders, milliseconds.
    pub interval_min_ms: u64,
    /// In the order in which they are wanted; the first that the offer names too is pinned.
    pub arbiters: Vec<Address>,
    /// Smallest share of the owner, percent, that an offer may provide for when no arbiter speaks.
    pub default_refund_min_percent: u8,
    /// Whether device evidence settles after [`EVIDENCE_CONTEST_MS`].
    pub evidence_settles: bool,
    /// Hash of the delivery address and a salt: a shop opens what is sealed and compares.
    pub address_commitment: B256,
    pub expires_ms: u64,
}

/// The owner's mandate for one slot.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Mandate {
    pub device: DeviceId,
    pub slot: u8,
    pub owner: Address,
    pub revision: u32,
    pub terms: MandateTerms,
    pub paused: bool,
    pub since_ms: u64,
    /// Which period since `since_ms` the two counters below are of.
    pub period: u32,
    pub spent: Amount,
    pub count: u32,
    /// When the last order was placed, 0 before the first or where it was given back.
    pub placed_ms: u64,
}

/// Until when an owner is away.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Holiday {
    pub owner: Address,
    pub until_ms: u64,
}

/// A payout account that is not in effect yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct NextPayout {
    pub account: Address,
    pub from_ms: u64,
}

/// A part of a bond that leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Withdrawal {
    pub amount: Amount,
    pub from_ms: u64,
}

/// A shop, named by its account.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Shop {
    pub account: Address,
    pub gln: Gln,
    pub name: String,
    /// X25519 public key (RFC 9180, DHKEM(X25519)) that delivery addresses are sealed to.
    pub sealing_key: B256,
    /// The one credit of its bond, offers and payouts.
    pub credit: CreditId,
    pub payout: Address,
    pub next_payout: Option<NextPayout>,
    /// All of it, reserved and leaving parts included.
    pub bond: Amount,
    pub reserved: Amount,
    pub withdrawal: Option<Withdrawal>,
    /// Version of its last offer.
    pub offers: u32,
}

/// What a shop promises for one pack.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OfferTerms {
    pub gtin: Gtin,
    /// What the pack holds, in `unit`.
    pub content: u64,
    /// UCUM code; must be the slot's.
    pub unit: String,
    pub price: Amount,
    pub tax: Amount,
    pub shipping: Amount,
    pub cancel_ms: u64,
    pub ship_by_ms: u64,
    pub deliver_by_ms: u64,
    pub return_ms: u64,
    pub arbiters: Vec<Address>,
    /// The owner's share where no arbiter speaks, percent.
    pub default_refund_percent: u8,
    pub valid_until_ms: u64,
}

/// One immutable version of a shop's offer.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Offer {
    pub id: OfferId,
    pub shop: Address,
    pub version: u32,
    pub terms: OfferTerms,
    pub stock: u32,
    /// Packs ever put in, for the audit.
    pub stocked: u64,
    /// Packs that left with orders, for the audit.
    pub taken: u64,
    pub withdrawn: bool,
}

/// Where an order stands. See the tables of [`crate::orders`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum OrderState {
    PendingApproval,
    Placed,
    Accepted,
    Shipped,
    Claimed,
    Disputed,
    Arbitration,
    Settled,
    ReturnPosted,
    ReturnDenied,
    Lapsed,
    Cancelled,
    Refunded,
    Ruled,
    Returned,
    Closed,
}

impl OrderState {
    pub const ALL: [Self; 16] = [
        Self::PendingApproval,
        Self::Placed,
        Self::Accepted,
        Self::Shipped,
        Self::Claimed,
        Self::Disputed,
        Self::Arbitration,
        Self::Settled,
        Self::ReturnPosted,
        Self::ReturnDenied,
        Self::Lapsed,
        Self::Cancelled,
        Self::Refunded,
        Self::Ruled,
        Self::Returned,
        Self::Closed,
    ];

    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PendingApproval => "PendingApproval",
            Self::Placed => "Placed",
            Self::Accepted => "Accepted",
            Self::Shipped => "Shipped",
            Self::Claimed => "Claimed",
            Self::Disputed => "Disputed",
            Self::Arbitration => "Arbitration",
            Self::Settled => "Settled",
            Self::ReturnPosted => "ReturnPosted",
            Self::ReturnDenied => "ReturnDenied",
            Self::Lapsed => "Lapsed",
            Self::Cancelled => "Cancelled",
            Self::Refunded => "Refunded",
            Self::Ruled => "Ruled",
            Self::Returned => "Returned",
            Self::Closed => "Closed",
        }
    }

    /// Nothing more can happen.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Lapsed | Self::Cancelled | Self::Refunded | Self::Ruled | Self::Returned | Self::Closed)
    }

    /// The goods are awaited: the slot makes no other order.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::PendingApproval) || self.has_escrow()
    }

    /// The price lies in the escrow.
    pub const fn has_escrow(self) -> bool {
        matches!(self, Self::Placed | Self::Accepted | Self::Shipped | Self::Claimed | Self::Disputed | Self::Arbitration)
    }

    /// A part of the shop's bond is reserved.
    pub const fn has_bond(self) -> bool {
        self.has_escrow() || matches!(self, Self::Settled | Self::ReturnPosted | Self::ReturnDenied)
    }
}

/// One pack of one offer for one slot, with its terms pinned.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Order {
    pub id: OrderId,
    pub device: DeviceId,
    pub slot: u8,
    pub cycle: u32,
    pub attempt: u8,
    /// Who owned the device when it was asked for; stays so when the device is sold.
    pub owner: Address,
    pub shop: Address,
    pub offer: OfferId,
    pub gtin: Gtin,
    pub content: u64,
    pub credit: CreditId,
    /// Price, tax and shipping.
    pub total: Amount,
    pub state: OrderState,
    /// When it was asked for.
    pub created_ms: u64,
    /// When it was placed, 0 before.
    pub placed_ms: u64,
    /// When it was shipped, 0 before.
    pub shipped_ms: u64,
    /// When it came into its state.
    pub since_ms: u64,
    /// When its state ends by itself. For a Claimed order a holiday may move it, see [`Holiday`].
    pub deadline_ms: u64,
    /// When it is final at the latest.
    pub ends_ms: u64,
    pub cancel_ms: u64,
    pub ship_by_ms: u64,
    pub deliver_by_ms: u64,
    pub return_ms: u64,
    pub arbiter: Address,
    pub fallback: Option<Address>,
    pub default_refund_percent: u8,
    pub evidence_settles: bool,
    /// When the device's level showed the delivery.
    pub evidence_ms: Option<u64>,
    /// See [`code_commitment`]; zero: no code was made.
    pub code_commitment: B256,
    pub code_tries: u8,
    pub address_commitment: B256,
    /// Which mandate, and which of its periods, paid for it.
    pub mandate_revision: u32,
    pub mandate_period: u32,
    /// What each side named as an agreed refund.
    pub owner_refund: Option<Amount>,
    pub shop_refund: Option<Amount>,
    pub carrier: Option<Address>,
    pub sscc: Option<Sscc>,
    pub tracking: String,
    /// Hash of the proof of posting of a return, zero before.
    pub return_proof: B256,
    pub dispute_bond: Amount,
    /// Whether the dispute bond was set aside from the escrow.
    pub dispute_bond_from_escrow: bool,
}

/// The delivery address of an order that is not final, sealed to the shop's key: encapsulation ‖ ciphertext.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SealedAddress {
    pub order: OrderId,
    pub bytes: Vec<u8>,
}

const LIST: u32 = 4;

impl Record for Device {
    const MAX_BYTES: u32 = 32 + 20 + 8 + 65 + 4 + 8 + 32 + 1;
}
impl Record for Slot {
    const MAX_BYTES: u32 =
        33 + LIST + UNIT_MAX_BYTES + 24 + LIST + 8 * GTINS_MAX + 6 + LIST + 20 * (ATTEMPTS_MAX as u32) + 4 + 24 + 33 + 4;
}
impl Record for Mandate {
    const MAX_BYTES: u32 = 33
        + 20
        + 4
        + (1 + 20 + LIST + 20 * SHOPS_MAX + LIST + 8 * GTINS_MAX)
        + (16 + 16 + 8 + 16 + 4 + 8 + LIST + 20 * ARBITERS_MAX + 1 + 1 + 32 + 8)
        + (1 + 8 + 4 + 16 + 4 + 8);
}
impl Record for Holiday {
    const MAX_BYTES: u32 = 28;
}
impl Record for Shop {
    const MAX_BYTES: u32 = 20 + 8 + LIST + TEXT_MAX_BYTES + 32 + 20 + 20 + 29 + 16 + 16 + 25 + 4;
}
impl Record for Offer {
    const MAX_BYTES: u32 =
        32 + 20 + 4 + (8 + 8 + LIST + UNIT_MAX_BYTES + 48 + 32 + LIST + 20 * ARBITERS_MAX + 1 + 8) + 4 + 16 + 1;
}
impl Record for Order {
    const MAX_BYTES: u32 = 32
        + 32
        + 1
        + 4
        + 1
        + 20
        + 20
        + 32
        + 8
        + 8
        + 20
        + 16
        + 1
        + 48
        + 32
        + 20
        + 21
        + 1
        + 1
        + 9
        + (32 + 1 + 32 + 4 + 4 + 17 + 17 + 21 + 9 + LIST + TEXT_MAX_BYTES + 32 + 16 + 1);
}
impl Record for SealedAddress {
    const MAX_BYTES: u32 = 32 + LIST + SEALED_MAX_BYTES;
}

pub static DEVICES: Table<DeviceId, Device> = Table::new(0x40, "orders.devices");
pub static SLOTS: Table<(DeviceId, u8), Slot> = Table::new(0x41, "orders.slots");
pub static MANDATES: Table<(DeviceId, u8), Mandate> = Table::new(0x42, "orders.mandates");
pub static HOLIDAYS: Table<Address, Holiday> = Table::new(0x43, "orders.holidays");
pub static SHOPS: Table<Address, Shop> = Table::new(0x44, "orders.shops");
pub static OFFERS: Table<OfferId, Offer> = Table::new(0x45, "orders.offers");
pub static ORDERS: Table<OrderId, Order> = Table::new(0x46, "orders.orders");
pub static SEALED: Table<OrderId, SealedAddress> = Table::new(0x47, "orders.sealed");

/// keccak256("dure.device" ‖ borsh(key)).
pub fn device_id(key: &DeviceKey) -> DeviceId {
    hash("dure.device", key)
}

/// keccak256("dure.offer" ‖ shop ‖ version, 4 bytes little-endian).
pub fn offer_id(shop: Address, version: u32) -> OfferId {
    hash("dure.offer", &(shop, version))
}

/// keccak256("dure.order" ‖ device ‖ slot, 1 byte ‖ cycle, 4 bytes little-endian ‖ attempt, 1 byte; the first is 1). The same low level
/// cannot make two orders, because they would be the same order.
pub fn order_id(device: DeviceId, slot: u8, cycle: u32, attempt: u8) -> OrderId {
    hash("dure.order", &(device, slot, cycle, attempt))
}

/// What an order carries in place of its delivery code: keccak256("dure.code" ‖ order ‖ the ten characters), then
/// [`CODE_ROUNDS`] − 1 more rounds of keccak256 over the 32 bytes.
pub fn code_commitment(order: OrderId, code: &[u8; CODE_CHARACTERS as usize]) -> B256 {
    let mut round = hash("dure.code", &(order, *code));
    for _ in 1..CODE_ROUNDS {
        round = keccak256(round);
    }
    round
}

fn hash(domain: &str, of: &impl BorshSerialize) -> B256 {
    let mut preimage = domain.as_bytes().to_vec();
    preimage.extend(borsh::to_vec(of).unwrap_or_default());
    keccak256(preimage)
}
