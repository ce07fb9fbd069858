//! What happened.

use super::{DeviceId, DeviceStatus, OfferId, OrderId, OrderState, Reasons};
use crate::{Address, Amount, B256, Gln, Gtin, Sscc};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    DeviceRegistered {
        device: DeviceId,
        owner: Address,
        model: Gtin,
    },
    DeviceKeyRotated {
        device: DeviceId,
        key_epoch: u32,
    },
    DeviceStatusSet {
        device: DeviceId,
        status: DeviceStatus,
    },
    DeviceTransferred {
        device: DeviceId,
        from: Address,
        to: Address,
    },
    SlotSet {
        device: DeviceId,
        slot: u8,
    },
    /// A new cycle began: the slot was filled, or the owner said so.
    SlotRearmed {
        device: DeviceId,
        slot: u8,
        cycle: u32,
    },
    MandateSet {
        device: DeviceId,
        slot: u8,
        revision: u32,
    },
    MandatePaused {
        device: DeviceId,
        slot: u8,
        paused: bool,
    },
    MandateRevoked {
        device: DeviceId,
        slot: u8,
    },
    HolidaySet {
        owner: Address,
        until_ms: u64,
    },
    ShopRegistered {
        shop: Address,
        gln: Gln,
        name: String,
    },
    ShopUpdated {
        shop: Address,
        name: String,
    },
    PayoutSet {
        shop: Address,
        payout: Address,
        from_ms: u64,
    },
    BondChanged {
        shop: Address,
        bond: Amount,
        reserved: Amount,
    },
    OfferPublished {
        offer: OfferId,
        shop: Address,
        gtin: Gtin,
    },
    StockAdded {
        offer: OfferId,
        stock: u32,
    },
    OfferWithdrawn {
        offer: OfferId,
    },
    LevelRead {
        device: DeviceId,
        slot: u8,
        level: u64,
    },
    /// The level fell to the threshold.
    LevelLow {
        device: DeviceId,
        slot: u8,
        level: u64,
    },
    /// The level is low and a pack stands at home: please refill.
    RefillAsked {
        device: DeviceId,
        slot: u8,
    },
    /// What placing would have said.
    Tested {
        device: DeviceId,
        slot: u8,
        offer: OfferId,
        reasons: Reasons,
    },
    OrderAsked {
        order: OrderId,
        device: DeviceId,
        slot: u8,
        owner: Address,
        shop: Address,
        offer: OfferId,
        total: Amount,
    },
    /// `from` is empty for a new order. `by` is whoever asked, or the system for a deadline that ran by itself.
    OrderMoved {
        order: OrderId,
        from: Option<OrderState>,
        to: OrderState,
        by: Address,
        deadline_ms: u64,
    },
    ParcelNamed {
        order: OrderId,
        carrier: Option<Address>,
        sscc: Option<Sscc>,
        tracking: String,
    },
    CodeWrong {
        order: OrderId,
        tries_left: u8,
    },
    EvidenceGiven {
        order: OrderId,
        level: u64,
    },
    RefundNamed {
        order: OrderId,
        by: Address,
        refund: Amount,
    },
    /// Hash of what a side says, or of a proof of posting.
    Stated {
        order: OrderId,
        by: Address,
        statement: B256,
    },
}
