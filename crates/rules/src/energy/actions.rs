//! What can be asked. One struct an action; who may ask is said at each.

use super::{AuctionId, MarketId, MeterId, Slot, Terms, Zone};
use crate::credits::CreditId;
use crate::keys::DeviceKey;
use crate::{Address, Amount, B256};
use borsh::{BorshDeserialize, BorshSerialize};

crate::law::actions! {
    /// Anyone who runs a grid and holds the role of it: opens a market, whose operator it is.
    OpenMarket { name: String, credit: CreditId, supplier: Address, zones: Vec<Zone>, terms: Terms }
    /// Operator: what the line of a zone carries in some slots of one day, in place of its own figures.
    SetCaps { market: MarketId, zone: u8, first_slot: Slot, slots: u8, up_wh: u32, down_wh: u32 }
    /// Operator: buys up to so much in one zone and sells it in another in the auction of a slot, in place of an earlier order; 0 Wh: none.
    OrderRedispatch { market: MarketId, slot: Slot, deficit: u8, surplus: u8, wh: u32, limit_micro: i64 }
    /// Anyone: puts a meter in. `possession` is the meter key's signature over [`super::possession_prehash`].
    RegisterMeter { market: MarketId, zone: u8, key: DeviceKey, import_max_wh: u32, export_max_wh: u32, possession: [u8; 64] }
    /// Operator: knows the meter, or no longer.
    AttestMeter { meter: MeterId, attested: bool }
    /// Anyone: money into the own purse.
    Deposit { market: MarketId, amount: Amount }
    /// Anyone: money out of the own purse, as far as nothing needs it.
    Withdraw { market: MarketId, amount: Amount }
    /// Owner of a meter: a sealed bid, in place of an earlier one. `held_nano` is what the purse sets aside for it.
    Commit { market: MarketId, first_slot: Slot, slots: u8, meter: MeterId, seal: B256, held_nano: u128 }
    /// Anyone, for the owner: opens it. `bid` is the borsh encoding of [`super::Bid`].
    Reveal { auction: AuctionId, meter: MeterId, salt: B256, bid: Vec<u8> }
    /// Anyone: will show a clearing, and sets a bond aside.
    Announce { auction: AuctionId, hash: B256, bytes: u32 }
    /// Whoever announced it: a part of it, in order. The last one is checked at once.
    Submit { auction: AuctionId, part: Vec<u8> }
    /// Anyone: what meters signed.
    RelayReadings { readings: Vec<SignedReading> }
    /// Owner of `by`, an attested meter of the market, or the operator: another meter delivered `net_wh` in a slot, and not what was read.
    ChallengeReading { meter: MeterId, slot: Slot, by: MeterId, net_wh: i32 }
    /// Operator: what a challenged meter delivered.
    AnswerChallenge { meter: MeterId, slot: Slot, net_wh: i32 }
    /// Anyone: what an auction's deadline says, where it has passed.
    RunAuction { auction: AuctionId }
    /// Anyone: settles some meters of a slot whose readings are due.
    RunSlot { market: MarketId, slot: Slot }
    /// Anyone: pays some meters what is shared out for a day that is over.
    RunSharing { market: MarketId, day: u32 }
    /// Anyone: hands a challenge that the operator did not answer to the arbiter.
    RunChallenge { meter: MeterId, slot: Slot }
}

/// Where a meter's registers stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Reading {
    pub meter: MeterId,
    /// The slot at whose end they stood so.
    pub slot: Slot,
    /// Drawn from the grid since ever, Wh (OBIS 1-0:1.8.0).
    pub import_wh: u64,
    /// Delivered to it since ever, Wh (OBIS 1-0:2.8.0).
    pub export_wh: u64,
    /// Rises with each message.
    pub counter: u64,
}

/// And the meter key's signature over [`super::reading_prehash`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedReading {
    pub reading: Reading,
    pub signature: [u8; 64],
}
