//! What happened.

use super::{AuctionId, MarketId, MeterId, Slot, Stage};
use crate::{Address, Amount};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    MarketOpened {
        market: MarketId,
        operator: Address,
        name: String,
    },
    CapsSet {
        market: MarketId,
        zone: u8,
        first_slot: Slot,
        slots: u8,
        up_wh: u32,
        down_wh: u32,
    },
    /// 0 Wh: an earlier order was taken back.
    RedispatchOrdered {
        auction: AuctionId,
        market: MarketId,
        slot: Slot,
        deficit: u8,
        surplus: u8,
        wh: u32,
        limit_micro: i64,
    },
    /// What of it was cleared, and what the operator pays for it.
    Redispatched {
        auction: AuctionId,
        wh: u32,
        nano: u128,
    },
    MeterRegistered {
        market: MarketId,
        meter: MeterId,
        owner: Address,
        zone: u8,
    },
    MeterAttested {
        meter: MeterId,
        attested: bool,
    },
    Deposited {
        market: MarketId,
        account: Address,
        amount: Amount,
    },
    Withdrawn {
        market: MarketId,
        account: Address,
        amount: Amount,
    },
    Committed {
        auction: AuctionId,
        market: MarketId,
        meter: MeterId,
        first_slot: Slot,
        slots: u8,
    },
    Revealed {
        auction: AuctionId,
        meter: MeterId,
    },
    /// A sealed bid was not opened: its deposit went to the pot, unless the auction traded nothing because the chain stood still.
    NotRevealed {
        auction: AuctionId,
        meter: MeterId,
    },
    StageBegan {
        auction: AuctionId,
        stage: Stage,
        until_ms: u64,
    },
    Announced {
        auction: AuctionId,
        solver: Address,
        bytes: u32,
    },
    /// It shows nothing; the bond went to the pot. `flaw` as in [`super::flaw_number`].
    CertificateRefused {
        auction: AuctionId,
        solver: Address,
        flaw: u8,
    },
    CertificateAccepted {
        auction: AuctionId,
        solver: Address,
        welfare_nano: i128,
    },
    /// `by` is zero where the chain cleared it by itself.
    Cleared {
        auction: AuctionId,
        market: MarketId,
        first_slot: Slot,
        slots: u8,
        by: Address,
        welfare_nano: i128,
        reward_nano: u128,
    },
    MeterRead {
        meter: MeterId,
        slot: Slot,
    },
    /// `net_wh` is what the challenger says was delivered.
    ReadingChallenged {
        meter: MeterId,
        slot: Slot,
        by: Address,
        net_wh: i32,
    },
    /// What counts now, and what the meter's owner got of the bond (paid: below 0).
    ChallengeEnded {
        meter: MeterId,
        slot: Slot,
        net_wh: i32,
        owner_nano: i128,
    },
    /// A reading came, or was corrected, after its slot was settled: the difference was paid with the supplier.
    Corrected {
        meter: MeterId,
        slot: Slot,
        nano: i128,
    },
    SlotSettled {
        market: MarketId,
        slot: Slot,
        supplier_nano: i128,
        pot_nano: i128,
    },
    /// Of the pot so much was shared among connections of this capacity.
    RentShared {
        market: MarketId,
        day: u32,
        nano: u64,
        capacity_wh: u64,
    },
}
