//! What can be asked. One struct an action; who may ask is said at each.

use super::{DeviceId, DeviceKey, DeviceStatus, MandateTerms, OfferId, OfferTerms, OrderId};
use crate::credits::CreditId;
use crate::{Address, Amount, B256, Gln, Gtin, Sscc};
use borsh::{BorshDeserialize, BorshSerialize};

crate::law::actions! {
    /// Owner: claims a device. `possession` is the device key's signature over [`super::possession_prehash`] with epoch 0.
    RegisterDevice { model: Gtin, key: DeviceKey, attestation: B256, possession: [u8; 64] }
    /// Owner: a new key; `possession` is the new key's signature with the next epoch.
    RotateDeviceKey { device: DeviceId, key: DeviceKey, possession: [u8; 64] }
    /// Owner: suspends, resumes or retires. Retiring ends the mandates and cannot be undone.
    SetDeviceStatus { device: DeviceId, status: DeviceStatus }
    /// Owner: gives the device away. Mandates die, slots start afresh, open orders stay with the old owner.
    TransferDevice { device: DeviceId, to: Address }
    /// Owner: describes or redescribes a slot. The cycle and an open order stay.
    SetSlot { device: DeviceId, slot: u8, unit: String, capacity: u64, threshold: u64, rearm: u64, gtins: Vec<Gtin> }
    /// Owner: begins a new cycle by hand and says how many packs stand at home.
    RearmSlot { device: DeviceId, slot: u8, packs_at_home: u32 }
    /// Owner: a new mandate for a slot, in place of the old one; its counters begin at zero.
    SetMandate { device: DeviceId, slot: u8, terms: MandateTerms }
    /// Owner: stops or starts ordering by the device.
    PauseMandate { device: DeviceId, slot: u8, paused: bool }
    /// Owner: ends the mandate.
    RevokeMandate { device: DeviceId, slot: u8 }
    /// Anyone, for their own orders: away until then; 0 ends it. Claimed deliveries wait for it, within the 45 days.
    SetHoliday { until_ms: u64 }

    /// Anyone: becomes a shop, with a first bond.
    RegisterShop { gln: Gln, name: String, sealing_key: B256, credit: CreditId, payout: Address, bond: Amount }
    /// Shop: another name or sealing key.
    UpdateShop { name: String, sealing_key: B256 }
    /// Shop: another payout account, in effect after [`super::PAYOUT_DELAY_MS`].
    SetPayout { payout: Address }
    /// Shop: adds to its bond.
    TopUpBond { amount: Amount }
    /// Shop: takes a free part of its bond out; it no longer backs orders and is paid after [`super::BOND_DELAY_MS`].
    RequestBondWithdrawal { amount: Amount }
    /// Shop: is paid what it took out.
    WithdrawBond {}
    /// Shop: a new immutable version of an offer.
    PublishOffer { terms: OfferTerms, stock: u32 }
    /// Shop: puts packs in.
    AddStock { offer: OfferId, packs: u32 }
    /// Shop: takes no more orders on it. Orders that stand are kept.
    WithdrawOffer { offer: OfferId }

    /// Anyone: brings what a device signed. `payload` is borsh of [`DeviceMessage`].
    RelayDevice { payload: Vec<u8>, signature: [u8; 64] }

    /// Owner: places an order by hand, within the mandate's limits.
    PlaceOrder { device: DeviceId, slot: u8, offer: OfferId, code_commitment: B256, sealed_address: Vec<u8> }
    /// Owner: approves what the device asked for. All limits are checked again.
    ApproveOrder { order: OrderId }
    /// Owner until the cancel time, shop until it ships.
    CancelOrder { order: OrderId }
    /// Shop.
    AcceptOrder { order: OrderId }
    /// Shop, not before the cancel time. `carrier`, where named, must hold that role.
    ShipOrder { order: OrderId, carrier: Option<Address>, sscc: Option<Sscc>, tracking: String }
    /// Owner: the goods are here.
    ConfirmDelivery { order: OrderId }
    /// Shop or carrier: the code that was said at the door. A wrong one counts as a try.
    RevealCode { order: OrderId, code: [u8; 10] }
    /// Shop or carrier: says that it was delivered.
    ClaimDelivery { order: OrderId }
    /// Owner: contests; `statement` is the hash of what the owner says.
    OpenDispute { order: OrderId, statement: B256 }
    /// Shop: answers; the pinned arbiter decides.
    AnswerDispute { order: OrderId, statement: B256 }
    /// Owner and shop, each: names the refund to agree on. Takes effect when both name the same.
    AgreeRefund { order: OrderId, refund: Amount }
    /// Owner, in the return period: `proof` is the hash of the proof of posting.
    PostReturn { order: OrderId, proof: B256 }
    /// Shop: the goods are back.
    ConfirmReturn { order: OrderId }
    /// Shop: they are not; the pinned arbiter decides.
    DenyReturn { order: OrderId, statement: B256 }
    /// Anyone: does what the order's deadline says, where it has passed.
    RunDeadline { order: OrderId }
}

/// What a device signs: see [`super::message_prehash`].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DeviceMessage {
    pub chain_id: u64,
    /// [`super::MODULE`].
    pub module: Address,
    pub device: DeviceId,
    pub slot: u8,
    pub key_epoch: u32,
    /// Higher than any before. Need not be the next.
    pub sequence: u64,
    /// A block of the last [`crate::recent::WINDOW`]: what makes it fresh without a clock.
    pub height: u64,
    pub block_hash: B256,
    pub body: DeviceBody,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum DeviceBody {
    /// A reading, in the slot's unit.
    Level { level: u64 },
    /// The level is low: order a pack.
    Place { level: u64, offer: OfferId, code_commitment: B256, sealed_address: Vec<u8> },
    /// The level rose: the goods of this order are here.
    Evidence { level: u64, order: OrderId },
    /// Says what placing would say, and moves nothing.
    Test { level: u64, offer: OfferId },
}

/// Who would place, in [`super::preview`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placer {
    /// The device, at this level.
    Device { level: u64 },
    /// The owner by hand: mode, pause and level do not matter.
    Owner,
    /// The owner, approving this pending order.
    Approval { order: OrderId },
}

/// What [`super::preview`] is asked about. The mandate is the slot's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    pub device: DeviceId,
    pub slot: u8,
    pub offer: OfferId,
    pub placer: Placer,
}
