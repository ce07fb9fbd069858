//! Why the rules say no.

use super::{AuctionId, MarketId, MeterId, Slot, Stage};
use crate::Address;

/// In order of precedence: the first that holds is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    UnknownMarket {
        market: MarketId,
    },
    UnknownMeter {
        meter: MeterId,
    },
    UnknownAuction {
        auction: AuctionId,
    },
    /// The meter has no sealed bid there.
    UnknownCommitment {
        auction: AuctionId,
        meter: MeterId,
    },
    /// Nothing was announced by the caller.
    UnknownSubmission {
        auction: AuctionId,
        solver: Address,
    },
    UnknownSlot {
        market: MarketId,
        slot: Slot,
    },
    /// Nothing is shared out for this day.
    UnknownDay {
        market: MarketId,
        day: u32,
    },
    /// This slot of the meter is not challenged.
    UnknownChallenge {
        meter: MeterId,
        slot: Slot,
    },
    NotGridOperator {
        caller: Address,
    },
    NotOperator {
        caller: Address,
        operator: Address,
    },
    NotOwner {
        caller: Address,
        owner: Address,
    },
    /// Neither the operator nor the owner of another attested meter of the market.
    NotNeighbour {
        caller: Address,
    },
    /// A market or a meter that stands already.
    AlreadyRegistered,
    /// Announced, and opened, once.
    AlreadyDone,
    /// A field outside its bounds.
    OutOfBounds {
        field: Field,
    },
    /// The operator does not know the meter.
    NotAttested {
        meter: MeterId,
    },
    BadSignature,
    WrongStage {
        stage: Stage,
    },
    /// No auction takes sealed bids for these slots now.
    NotOpen {
        from_ms: u64,
        until_ms: u64,
    },
    /// Readings of this slot are challenged then.
    NotChallengeable {
        from_ms: u64,
        until_ms: u64,
    },
    /// The arbiter decides now.
    AnswerOver {
        until_ms: u64,
    },
    /// No reading of this slot was settled.
    NotRead {
        meter: MeterId,
        slot: Slot,
    },
    NotDue {
        until_ms: u64,
    },
    /// No more fit in.
    Full {
        max: u32,
    },
    /// Not what was sealed.
    SealDiffers,
    /// Not the encoding of a bid.
    BadBid,
    /// The bid could cost more than its purse holds for it.
    HoldTooSmall {
        have_nano: u128,
        want_nano: u128,
    },
    /// The purse has not so much that nothing else needs.
    PurseInsufficient {
        have_nano: i128,
        want_nano: u128,
    },
    StaleCounter {
        last: u64,
        given: u64,
    },
    /// A slot that has not ended, or that was read.
    SlotOutOfTurn {
        slot: Slot,
        read_until: Slot,
        now: Slot,
    },
    /// Its meters are gone through right now: send it again in a moment.
    BeingSettled {
        slot: Slot,
    },
    /// Registers that fell, or rose by more than the connection carries.
    Implausible {
        meter: MeterId,
        max_wh: u64,
    },
    /// Announced in this very block.
    TooSoon {
        height: u64,
    },
    /// More bytes than were announced, or another certificate than was.
    NotAsAnnounced,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Field {
    Name = 0,
    Credit = 1,
    Supplier = 2,
    Zones = 3,
    Terms = 4,
    Zone = 5,
    Slots = 6,
    Wh = 7,
    Amount = 8,
    Orders = 9,
    Battery = 10,
    Price = 11,
    Bytes = 12,
    Readings = 13,
    Arbiter = 14,
}

impl Field {
    pub const ALL: [Self; 15] = [
        Self::Name,
        Self::Credit,
        Self::Supplier,
        Self::Zones,
        Self::Terms,
        Self::Zone,
        Self::Slots,
        Self::Wh,
        Self::Amount,
        Self::Orders,
        Self::Battery,
        Self::Price,
        Self::Bytes,
        Self::Readings,
        Self::Arbiter,
    ];
}
