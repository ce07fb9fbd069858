//! Why the rules say no: refusals of an action, in order of precedence, and the reasons why an order cannot be placed.

use super::{DeviceId, DeviceStatus, OfferId, OrderId, OrderState};
use crate::{Address, Amount};

/// In order of precedence: the first that holds is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    UnknownDevice {
        device: DeviceId,
    },
    UnknownSlot {
        device: DeviceId,
        slot: u8,
    },
    UnknownMandate {
        device: DeviceId,
        slot: u8,
    },
    UnknownShop {
        shop: Address,
    },
    UnknownOffer {
        offer: OfferId,
    },
    UnknownOrder {
        order: OrderId,
    },
    NotOwner {
        caller: Address,
        owner: Address,
    },
    NotShop {
        caller: Address,
        shop: Address,
    },
    /// Neither of the two who may.
    NotParty {
        caller: Address,
    },
    /// A device, or a shop, that stands already.
    AlreadyRegistered,
    /// A field outside its bounds.
    OutOfBounds {
        field: Field,
    },
    DeviceInactive {
        status: DeviceStatus,
    },
    /// Not the encoding of a device message.
    BadMessage,
    /// Signed for another chain or module.
    ForeignMessage,
    WrongEpoch {
        have: u32,
        want: u32,
    },
    StaleSequence {
        last: u64,
        given: u64,
    },
    /// No block of that height and hash is remembered.
    StaleBlock {
        height: u64,
    },
    BadSignature,
    WrongState {
        state: OrderState,
    },
    TooEarly {
        from_ms: u64,
    },
    TooLate {
        until_ms: u64,
    },
    NotDue {
        deadline_ms: u64,
    },
    /// Everything that stands against the order; see [`Reasons`].
    CannotPlace {
        reasons: Reasons,
    },
    NotACarrier {
        carrier: Address,
    },
    /// No code was made for this order.
    NoCode,
    /// Five wrong codes were tried.
    CodeSpent,
    RiseTooSmall {
        rise: u64,
        needed: u64,
    },
    BondInsufficient {
        free: Amount,
        want: Amount,
    },
    NothingToWithdraw,
    WithdrawalUnderWay {
        from_ms: u64,
    },
}

/// What is outside its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Field {
    Slot = 0,
    Unit = 1,
    Level = 2,
    Gtins = 3,
    Packs = 4,
    Shops = 5,
    Arbiters = 6,
    Amount = 7,
    Period = 8,
    Count = 9,
    Expiry = 10,
    Percent = 11,
    Name = 12,
    Content = 13,
    Stock = 14,
    SealedAddress = 15,
    Tracking = 16,
    Holiday = 17,
    /// The periods of an offer could add up to more than 45 days.
    Sum = 18,
    Credit = 19,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $bit:literal),* $(,)?) => {
        /// One reason why an order cannot be placed, or does not hold.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Reason { $($(#[$doc])* $name = $bit),* }

        impl Reason {
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As in the ABI and in JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }
        }
    };
}

reasons! {
    DeviceInactive = 0,
    NoSlot = 1,
    NoMandate = 2,
    MandateExpired = 3,
    MandatePaused = 4,
    /// The mandate lets the device notify, not order.
    NotifyOnly = 5,
    LevelNotLow = 6,
    /// This low level has had its order.
    NotArmed = 7,
    AttemptsSpent = 8,
    OrderOpen = 9,
    PackAtHome = 10,
    NoOffer = 11,
    OfferWithdrawn = 12,
    OfferExpired = 13,
    OutOfStock = 14,
    NoShop = 15,
    ShopNotAllowed = 16,
    /// The shop failed in this cycle.
    ShopLeftOut = 17,
    GtinNotAccepted = 18,
    GtinNotAllowed = 19,
    UnitDiffers = 20,
    CreditDiffers = 21,
    UnitPriceTooHigh = 22,
    OrderTooDear = 23,
    PeriodAmountSpent = 24,
    PeriodCountSpent = 25,
    IntervalTooShort = 26,
    NoCommonArbiter = 27,
    DefaultShareTooSmall = 28,
    BondTooSmall = 29,
    BalanceTooSmall = 30,
    /// The order to approve is not pending, or not of this slot and offer.
    NotPending = 31,
    NotOwner = 32,
    /// Of [`super::check`]: the order is over.
    OrderFinal = 33,
    /// Of [`super::check`]: the deadline has passed and anyone may run it.
    Overdue = 34,
    /// Of [`super::check`]: less in escrow than the order says. Never so while the invariants hold.
    EscrowShort = 35,
}

/// A set of reasons; empty means yes. Bit n stands for the reason with number n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reasons(pub u64);

impl Reasons {
    pub fn add(&mut self, reason: Reason) {
        self.0 |= 1 << reason as u8;
    }

    /// Adds `reason` where `holds`.
    pub fn add_if(&mut self, holds: bool, reason: Reason) {
        if holds {
            self.add(reason);
        }
    }

    pub fn contains(self, reason: Reason) -> bool {
        self.0 & (1 << reason as u8) != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.iter().copied().filter(move |reason| self.contains(*reason))
    }
}
