//! What the institution keeps, and every bound on it.

use super::day;
use crate::bounds::{DAY_MS, HOUR_MS};
use crate::credits::CreditId;
use crate::keys::DeviceKey;
use crate::{Address, B256, Record, Table};
use alloy_primitives::{address, keccak256};
use borsh::{BorshDeserialize, BorshSerialize};

/// The module's address: the account that its purses lie in.
pub const MODULE: Address = address!("d00e000000000000000000000000000000000011");

/// Length of a slot: a quarter of an hour, as on Europe's day-ahead market since 2025 and in every interval meter.
pub const SLOT_MS: u64 = 900_000;
/// Slots of a day (UTC).
pub const DAY_SLOTS: u32 = 96;
/// Zones of a market.
pub const ZONES_MAX: u32 = 32;
/// Longest name of a zone or a market, bytes of UTF-8.
pub const NAME_MAX_BYTES: u32 = 32;
/// Meters of a market.
pub const METERS_MAX: u32 = 65_536;
/// Bids of one auction; each is of one meter.
pub const BIDS_MAX: u32 = 2_048;
/// Offers and bids of one meter in one auction: two offers and two bids for each slot of a day.
pub const ORDERS_MAX: u32 = 384;
/// Offers and bids of all meters in one auction.
pub const AUCTION_ORDERS_MAX: u32 = 131_072;
/// Largest energy of one order, one line or one meter in a slot, Wh: 4 MW for a quarter of an hour.
pub const SLOT_WH_MAX: u32 = 1_000_000;
/// Largest capacity of a battery, Wh.
pub const BATTERY_WH_MAX: u32 = 1_000_000_000;
/// Largest technical price, micro-units per kWh: 100 units. (Europe's harmonised limits are −0.5 and 4 euro.)
pub const TECHNICAL_MAX_MICRO: i64 = 100_000_000;
/// Decimals of a market's credit, at most: a minor unit is a whole number of nano-units.
pub const DECIMALS_MAX: u8 = 9;

/// Shortest and longest time from the gate to the first slot.
pub const GATE_MIN_MS: u64 = 5 * 60_000;
pub const GATE_MAX_MS: u64 = DAY_MS;
/// Shortest and longest time to reveal, and to solve.
pub const STAGE_MIN_MS: u64 = 60_000;
pub const STAGE_MAX_MS: u64 = 6 * HOUR_MS;
/// Shortest and longest time from the end of a slot until its readings are due.
pub const READING_MIN_MS: u64 = 60_000;
pub const READING_MAX_MS: u64 = 7 * DAY_MS;
/// How long before its gate an auction takes commitments.
pub const AHEAD_MAX_MS: u64 = 2 * DAY_MS;
/// Slots that one reading may fill where readings before it are missing: 30 days.
pub const GAP_SLOTS_MAX: u32 = 30 * DAY_SLOTS;
/// Readings of one relay.
pub const READINGS_MAX: u32 = 64;
/// Meters that one block settles for one slot.
pub const SETTLE_METERS_MAX: u32 = 256;
/// Most of a pot that is shared out for one day, nano-units: 18 thousand million units.
pub const SHARED_MAX_NANO: u64 = u64::MAX;
/// The whole of a share.
pub const WHOLE_PERMILLE: u16 = 1_000;
/// Longest time to challenge a reading once its slot's readings are due.
pub const CHALLENGE_MAX_MS: u64 = 30 * DAY_MS;
/// Shortest and longest time for the operator to answer a challenge.
pub const ANSWER_MIN_MS: u64 = HOUR_MS;
pub const ANSWER_MAX_MS: u64 = 14 * DAY_MS;
/// Share of what a solver won over the clearing without it, percent; never more than the market's bound or its pot.
pub const REWARD_PERCENT: u32 = 10;
/// Largest certificate, bytes, and its largest part.
pub const CERTIFICATE_MAX_BYTES: u32 = 4 << 20;
pub const PART_MAX_BYTES: u32 = 60_000;
/// Certificates that are under way in one auction.
pub const SUBMISSIONS_MAX: u32 = 16;

/// See [`market_id`].
pub type MarketId = B256;
/// See [`meter_id`].
pub type MeterId = B256;
/// See [`auction_id`].
pub type AuctionId = B256;
/// A quarter of an hour by its number since 1970-01-01 UTC.
pub type Slot = u32;

/// A part of the grid. Zone 0 is the root, where the community meets the grid outside; its line is the connection to it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Zone {
    pub name: String,
    /// A zone with a lower number; of zone 0 itself.
    pub parent: u8,
    /// What its line to the parent carries in a slot, towards it and from it, Wh.
    pub up_wh: u32,
    pub down_wh: u32,
    /// Fees and levies for each way, micro-units per kWh; 0 at the root, where the prices of the grid have them.
    pub fee_micro: u32,
}

/// When what happens, and what it costs not to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Terms {
    /// What the supplier sells at, and buys at, micro-units per kWh: sells above what it buys at.
    pub retail_micro: i64,
    pub feed_in_micro: i64,
    /// Prices and limits lie between plus and minus this.
    pub technical_micro: i64,
    /// From the gate to the first slot: of an auction of a day, and of one of a slot.
    pub day_gate_ms: u64,
    pub slot_gate_ms: u64,
    pub reveal_ms: u64,
    pub solve_ms: u64,
    /// From the end of a slot until a meter without a reading is charged as if it had drawn all that it can.
    pub reading_ms: u64,
    /// What a commitment that is not opened costs, nano-units.
    pub deposit_nano: u64,
    /// What a certificate that shows nothing costs, and the most that a good one earns, nano-units.
    pub bond_nano: u64,
    pub reward_max_nano: u64,
    /// At the end of a day so many thousandths of what the pot has above the reserve are shared by the capacity of connections; 0: nothing ever is.
    pub share_permille: u16,
    pub reserve_nano: u64,
    /// How long after a slot's readings are due one may be challenged (0: never), how long the operator has to answer, and what it costs whoever is
    /// wrong, nano-units.
    pub challenge_ms: u64,
    pub answer_ms: u64,
    pub challenge_nano: u64,
    /// Who decides where the operator is silent or challenges itself, and who if that one is silent.
    pub arbiter: Address,
    pub fallback: Address,
}

/// A grid whose neighbours trade.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Market {
    pub id: MarketId,
    pub name: String,
    /// Runs the grid: says what its lines carry and which meters it knows.
    pub operator: Address,
    /// Sells what is short and buys what is long.
    pub supplier: Address,
    pub credit: CreditId,
    /// Nano-units in one minor unit of the credit.
    pub nano_per_minor: u64,
    pub zones: Vec<Zone>,
    pub terms: Terms,
    /// Meters so far; they are numbered from 0.
    pub meters: u32,
    /// Σ of what the connections of the attested ones can draw and deliver in a slot, Wh.
    pub capacity_wh: u64,
}

impl Record for Market {
    const MAX_BYTES: u32 = 32 + 4 + NAME_MAX_BYTES + 60 + 8 + 4 + ZONES_MAX * (4 + NAME_MAX_BYTES + 13) + 162 + 12;
}

/// What the operator lets a line carry on one day in place of the zone's own figures, Wh towards the parent and from it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Caps {
    pub market: MarketId,
    pub zone: u8,
    pub day: u32,
    pub up_wh: [u32; DAY_SLOTS as usize],
    pub down_wh: [u32; DAY_SLOTS as usize],
}

impl Record for Caps {
    const MAX_BYTES: u32 = 37 + 8 * DAY_SLOTS;
}

/// A point where energy goes into the grid and comes out of it, by registers that only rise (OBIS 1-0:1.8.0 and 1-0:2.8.0).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Meter {
    pub id: MeterId,
    pub market: MarketId,
    pub number: u32,
    pub owner: Address,
    pub key: DeviceKey,
    pub zone: u8,
    /// What the connection can draw, and what it can deliver, in a slot, Wh.
    pub import_max_wh: u32,
    pub export_max_wh: u32,
    /// The operator knows it. Others take no part.
    pub attested: bool,
    /// Of the last message taken; the next must be higher.
    pub counter: u64,
    /// Where the registers stood at the end of the slot before this one; 0: no reading yet.
    pub read_until: Slot,
    pub import_wh: u64,
    pub export_wh: u64,
}

impl Meter {
    /// What its connection can draw and deliver in a slot together, Wh.
    pub fn capacity_wh(&self) -> u64 {
        u64::from(self.import_max_wh).saturating_add(self.export_max_wh.into())
    }
}

impl Record for Meter {
    const MAX_BYTES: u32 = 191;
}

/// The meter with a number, so that all can be gone through.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Listed {
    pub market: MarketId,
    pub number: u32,
    pub meter: MeterId,
}

impl Record for Listed {
    const MAX_BYTES: u32 = 68;
}

/// What somebody has in a market. That of [`MODULE`] is the pot.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Purse {
    pub market: MarketId,
    pub account: Address,
    /// Nano-units; below 0 is a debt.
    pub nano: i128,
    /// Of these, what commitments and bonds need.
    pub held_nano: u128,
}

impl Purse {
    /// What nothing needs; below 0 where something is not covered.
    pub fn free_nano(&self) -> i128 {
        self.nano.saturating_sub_unsigned(self.held_nano)
    }
}

impl Record for Purse {
    const MAX_BYTES: u32 = 84;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Stage {
    /// Takes sealed bids, until the gate.
    Open = 0,
    /// They are opened.
    Revealing = 1,
    /// Anyone may show a clearing that is the best.
    Solving = 2,
    /// Cleared: positions stand.
    Cleared = 3,
}

impl Stage {
    pub const ALL: [Self; 4] = [Self::Open, Self::Revealing, Self::Solving, Self::Cleared];
}

/// One clearing: of a day (96 slots, with batteries) or of a slot.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Auction {
    pub id: AuctionId,
    pub market: MarketId,
    pub first_slot: Slot,
    /// [`DAY_SLOTS`] or 1.
    pub slots: u8,
    pub stage: Stage,
    /// When the stage ends by itself.
    pub until_ms: u64,
    /// In the first half of the time to open bids: when that half is over. 0 from then on, and in the other stages.
    pub half_ms: u64,
    /// Sealed bids so far; they are numbered from 0.
    pub commitments: u32,
    /// Offers, bids and batteries that were opened.
    pub orders: u32,
    pub batteries: u32,
    /// Certificates that were announced.
    pub submissions: u32,
    /// The one that was shown to be the best, and whose it is.
    pub accepted: Option<Address>,
    /// Σ value × flow of the clearing, nano-units; 0 before it.
    pub welfare_nano: i128,
}

impl Auction {
    /// When something is to be done with it.
    pub fn due_ms(&self) -> u64 {
        if self.half_ms > 0 { self.half_ms } else { self.until_ms }
    }
}

impl Record for Auction {
    const MAX_BYTES: u32 = 64 + 4 + 1 + 1 + 16 + 16 + 21 + 16;
}

/// What was free on the lines when an auction's last sealed bid could be opened: what a certificate is of.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Lines {
    pub auction: AuctionId,
    /// For each slot and in it each zone: towards the parent and from it, Wh.
    pub free_wh: Vec<Vec<(u32, u32)>>,
    /// For each slot: what was over the root's line, to the grid, Wh.
    pub root_wh: Vec<i64>,
}

impl Record for Lines {
    const MAX_BYTES: u32 = 40 + DAY_SLOTS * (12 + 8 * ZONES_MAX);
}

/// A sealed bid.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Commitment {
    pub auction: AuctionId,
    pub number: u32,
    pub meter: MeterId,
    pub account: Address,
    /// See [`seal`].
    pub seal: B256,
    /// What the purse holds for it, the deposit included, nano-units.
    pub held_nano: u128,
    /// Whether it was opened: its [`OpenBid`] stands.
    pub opened: bool,
}

impl Record for Commitment {
    const MAX_BYTES: u32 = 137;
}

/// The number of a meter's sealed bid in an auction.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Bidder {
    pub auction: AuctionId,
    pub meter: MeterId,
    pub number: u32,
}

impl Record for Bidder {
    const MAX_BYTES: u32 = 68;
}

/// Would sell, or buy, up to so much in one slot at no worse than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Order {
    /// Counted from the auction's first.
    pub slot: u8,
    pub buys: bool,
    pub wh: u32,
    /// Micro-units per kWh, strictly between minus and plus the technical price.
    pub limit_micro: i64,
}

/// A battery that may be charged and discharged as is best for all. It never ends worse off than if it had stood still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Battery {
    /// At most in a slot, Wh.
    pub charge_wh: u32,
    pub discharge_wh: u32,
    pub capacity_wh: u32,
    /// What is in it at the auction's first slot, Wh.
    pub initial_wh: u32,
    /// What each kWh discharged costs it, micro-units: at least 1, so that it never turns in a circle.
    pub wear_micro: i64,
    /// What each kWh left at the end is worth, micro-units.
    pub final_micro: i64,
}

/// What a meter's owner wants of an auction.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Bid {
    pub orders: Vec<Order>,
    pub battery: Option<Battery>,
}

impl Bid {
    /// The borsh encoding: what is sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        borsh::to_vec(self).unwrap_or_default()
    }

    /// `None` where the bytes are not such an encoding to their end.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::try_from_slice(bytes).ok()
    }
}

/// A bid that was opened.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OpenBid {
    pub auction: AuctionId,
    pub number: u32,
    pub meter: MeterId,
    pub account: Address,
    pub zone: u8,
    pub bid: Bid,
}

impl Record for OpenBid {
    const MAX_BYTES: u32 = 89 + 4 + ORDERS_MAX * 14 + 33;
}

/// What a meter has sold (+) and bought (−) for each slot of a day, and what that brings or costs.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Position {
    pub meter: MeterId,
    pub day: u32,
    #[borsh(serialize_with = "day::write", deserialize_with = "day::read")]
    pub net_wh: [i32; DAY_SLOTS as usize],
    #[borsh(serialize_with = "day::write", deserialize_with = "day::read")]
    pub nano: [i64; DAY_SLOTS as usize],
}

impl Record for Position {
    const MAX_BYTES: u32 = 36 + 2 * day::HEAD_BYTES + 12 * DAY_SLOTS;
}

/// What a meter delivered (+) and drew (−) in each slot of a day.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Metered {
    pub meter: MeterId,
    pub day: u32,
    /// Bit n: slot n of the day was read, in time or later.
    pub read: u128,
    /// Bit n: slot n was settled.
    pub settled: u128,
    /// Bit n: slot n was challenged.
    pub challenged: u128,
    #[borsh(serialize_with = "day::write", deserialize_with = "day::read")]
    pub net_wh: [i32; DAY_SLOTS as usize],
}

impl Record for Metered {
    const MAX_BYTES: u32 = 84 + day::HEAD_BYTES + 4 * DAY_SLOTS;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Progress {
    /// Takes readings.
    Running = 0,
    /// Meters are settled one after another.
    Settling = 1,
    /// All are; a reading that comes later is corrected with the supplier.
    Settled = 2,
}

/// One slot of a market: what was cleared for it and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SlotBook {
    pub market: MarketId,
    pub slot: Slot,
    pub progress: Progress,
    /// The next meter to settle.
    pub cursor: u32,
    /// One a zone, of the last auction that cleared this slot; before the first one halfway between feed-in and retail.
    pub price_micro: Vec<i64>,
    /// What was cleared over each zone's line towards its parent, at zone 0 to the grid; below 0 the other way. Wh.
    pub flow_wh: Vec<i64>,
    /// What the supplier is owed for what was cleared at the root (it owes where below 0), nano-units.
    pub supplier_nano: i128,
    /// What the operator had shifted between two zones, Wh, and what it is owed for that (it owes where below 0), nano-units.
    pub shifted_wh: u32,
    pub operator_nano: i128,
    /// The most per kWh that it had said it would pay, micro-units.
    pub shift_limit_micro: i64,
    /// What meters in each zone delivered beyond their positions, and fell short by, Wh: of readings in time.
    pub long_wh: Vec<u64>,
    pub short_wh: Vec<u64>,
    /// Σ of what purses were given for this slot, nano-units.
    pub paid_nano: i128,
}

impl Record for SlotBook {
    const MAX_BYTES: u32 = 32 + 4 + 1 + 4 + 4 * (4 + 8 * ZONES_MAX) + 60;
}

/// A certificate under way: a hash and a bond first, the parts after it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Submission {
    pub auction: AuctionId,
    pub solver: Address,
    /// See [`certificate_hash`].
    pub hash: B256,
    pub bytes: u32,
    /// Bytes of the parts that came.
    pub received: u32,
    pub parts: u32,
    /// The block of the announcement: parts come in later ones, so that who sees one cannot hand it in as its own.
    pub height: u64,
    /// It was shown to be wrong.
    pub over: bool,
}

impl Record for Submission {
    const MAX_BYTES: u32 = 105;
}

/// Who announced a certificate, by number.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Solver {
    pub auction: AuctionId,
    pub number: u32,
    pub solver: Address,
}

impl Record for Solver {
    const MAX_BYTES: u32 = 56;
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Part {
    pub auction: AuctionId,
    pub solver: Address,
    pub number: u32,
    pub bytes: Vec<u8>,
}

impl Record for Part {
    const MAX_BYTES: u32 = 60 + PART_MAX_BYTES;
}

pub const MARKETS: Table<MarketId, Market> = Table::new(0x50, "energy.markets");
pub const CAPS: Table<(MarketId, u8, u32), Caps> = Table::new(0x51, "energy.caps");
pub const METERS: Table<MeterId, Meter> = Table::new(0x52, "energy.meters");
pub const LISTED: Table<(MarketId, u32), Listed> = Table::new(0x53, "energy.listed");
pub const PURSES: Table<(MarketId, Address), Purse> = Table::new(0x54, "energy.purses");
pub const AUCTIONS: Table<AuctionId, Auction> = Table::new(0x55, "energy.auctions");
pub const COMMITMENTS: Table<(AuctionId, u32), Commitment> = Table::new(0x56, "energy.commitments");
pub const BIDDERS: Table<(AuctionId, MeterId), Bidder> = Table::new(0x57, "energy.bidders");
pub const OPEN_BIDS: Table<(AuctionId, u32), OpenBid> = Table::new(0x58, "energy.bids");
pub const POSITIONS: Table<(MeterId, u32), Position> = Table::new(0x59, "energy.positions");
pub const METERED: Table<(MeterId, u32), Metered> = Table::new(0x5a, "energy.metered");
pub const SLOTS: Table<(MarketId, Slot), SlotBook> = Table::new(0x5b, "energy.slots");
pub const SUBMISSIONS: Table<(AuctionId, Address), Submission> = Table::new(0x5c, "energy.submissions");
pub const SOLVERS: Table<(AuctionId, u32), Solver> = Table::new(0x5e, "energy.solvers");
pub const LINES: Table<AuctionId, Lines> = Table::new(0x5f, "energy.lines");
pub const PARTS: Table<(AuctionId, Address, u32), Part> = Table::new(0x5d, "energy.parts");

/// keccak256("dure.market" ‖ operator ‖ credit ‖ name).
pub fn market_id(operator: Address, credit: CreditId, name: &str) -> MarketId {
    hash("dure.market", &(operator, credit, name))
}

/// keccak256("dure.meter" ‖ borsh(key)).
pub fn meter_id(key: &DeviceKey) -> MeterId {
    hash("dure.meter", key)
}

/// keccak256("dure.auction" ‖ market ‖ first slot, 4 bytes little-endian ‖ slots, 1 byte).
pub fn auction_id(market: MarketId, first_slot: Slot, slots: u8) -> AuctionId {
    hash("dure.auction", &(market, first_slot, slots))
}

/// What a sealed bid shows: keccak256("dure.bid" ‖ auction ‖ meter ‖ account ‖ salt ‖ borsh of [`Bid`]).
pub fn seal(auction: AuctionId, meter: MeterId, account: Address, salt: B256, bid: &[u8]) -> B256 {
    let mut preimage = b"dure.bid".to_vec();
    preimage.extend(borsh::to_vec(&(auction, meter, account, salt)).unwrap_or_default());
    preimage.extend(bid);
    keccak256(preimage)
}

/// What binds a certificate to who worked it out: keccak256("dure.certificate" ‖ auction ‖ solver ‖ borsh of the certificate).
pub fn certificate_hash(auction: AuctionId, solver: Address, certificate: &[u8]) -> B256 {
    let mut preimage = b"dure.certificate".to_vec();
    preimage.extend(borsh::to_vec(&(auction, solver)).unwrap_or_default());
    preimage.extend(certificate);
    keccak256(preimage)
}

fn hash(domain: &str, of: &impl BorshSerialize) -> B256 {
    let mut preimage = domain.as_bytes().to_vec();
    preimage.extend(borsh::to_vec(of).unwrap_or_default());
    keccak256(preimage)
}
