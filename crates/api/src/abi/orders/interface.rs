//! The Solidity interface of the orders institution. A table: one line an item, in the order of the rules.

use alloy_sol_types::sol;

sol! {
    /// Orders: devices that keep their own cupboard full. See docs/modules/orders.md.
    #[sol(abi)]
    #[derive(Debug, PartialEq, Eq)]
    interface IOrders {
        struct MandateTerms {
            /// 0 auto, 1 confirm, 2 notify.
            uint8 mode;
            address credit;
            address[] shops;
            uint64[] gtins;
            uint256 unitPriceMax;
            uint256 orderMax;
            uint64 periodMs;
            uint256 periodAmountMax;
            uint32 periodCountMax;
            uint64 intervalMinMs;
            address[] arbiters;
            uint8 defaultRefundMinPercent;
            bool evidenceSettles;
            bytes32 addressCommitment;
            uint64 expiresMs;
        }
        struct OfferTerms {
            uint64 gtin;
            uint64 content;
            string unit;
            uint256 price;
            uint256 tax;
            uint256 shipping;
            uint64 cancelMs;
            uint64 shipByMs;
            uint64 deliverByMs;
            uint64 returnMs;
            address[] arbiters;
            uint8 defaultRefundPercent;
            uint64 validUntilMs;
        }
        struct Device {
            address owner; uint64 model; uint8 keyType; bytes publicKey; uint32 keyEpoch; uint64 sequence;
            bytes32 attestation; uint8 status;
        }
        struct Slot {
            string unit; uint64 capacity; uint64 threshold; uint64 rearm; uint64[] gtins; uint32 cycle; uint8 attempts;
            bool armed; address[] leftOut; uint32 packsAtHome; uint64 level; uint64 levelMs; bytes32 openOrder;
        }
        struct Mandate {
            address owner; uint32 revision; MandateTerms terms; bool paused; uint64 sinceMs; uint32 period; uint256 spent;
            uint32 count; uint64 placedMs;
        }
        struct Shop {
            uint64 gln; string name; bytes32 sealingKey; address credit; address payout; uint256 bond; uint256 reserved;
            uint256 free; uint32 offers;
        }
        struct Offer { address shop; uint32 version; OfferTerms terms; uint32 stock; bool withdrawn; }
        /// What was pinned when the order was asked for.
        struct OrderTerms {
            bytes32 offer; uint64 gtin; uint64 content; address credit; uint256 total; uint64 cancelMs; address arbiter;
            address fallbackArbiter; uint8 defaultRefundPercent; bytes32 codeCommitment; bytes32 addressCommitment;
        }
        struct Order {
            bytes32 device; uint8 slot; uint32 cycle; uint8 attempt; address owner; address shop; OrderTerms terms; uint8 state;
            uint64 createdMs; uint64 placedMs; uint64 shippedMs; uint64 sinceMs; uint64 deadlineMs; uint64 endsMs;
            uint8 codeTries; address carrier; uint64 sscc; string tracking; bytes sealedAddress;
        }

        event DeviceRegistered(bytes32 indexed device, address indexed owner, uint64 model);
        event DeviceKeyRotated(bytes32 indexed device, uint32 keyEpoch);
        event DeviceStatusSet(bytes32 indexed device, uint8 status);
        event DeviceTransferred(bytes32 indexed device, address indexed from, address indexed to);
        event SlotSet(bytes32 indexed device, uint8 slot);
        event SlotRearmed(bytes32 indexed device, uint8 slot, uint32 cycle);
        event MandateSet(bytes32 indexed device, uint8 slot, uint32 revision);
        event MandatePaused(bytes32 indexed device, uint8 slot, bool paused);
        event MandateRevoked(bytes32 indexed device, uint8 slot);
        event HolidaySet(address indexed owner, uint64 untilMs);
        event ShopRegistered(address indexed shop, uint64 gln, string name);
        event ShopUpdated(address indexed shop, string name);
        event PayoutSet(address indexed shop, address payout, uint64 fromMs);
        event BondChanged(address indexed shop, uint256 bond, uint256 reserved);
        event OfferPublished(bytes32 indexed offer, address indexed shop, uint64 indexed gtin);
        event StockAdded(bytes32 indexed offer, uint32 stock);
        event OfferWithdrawn(bytes32 indexed offer);
        event LevelRead(bytes32 indexed device, uint8 slot, uint64 level);
        event LevelLow(bytes32 indexed device, uint8 slot, uint64 level);
        event RefillAsked(bytes32 indexed device, uint8 slot);
        event Tested(bytes32 indexed device, uint8 slot, bytes32 offer, uint64 reasons);
        event OrderAsked(
            bytes32 indexed order, address indexed owner, address indexed shop, bytes32 device, uint8 slot, bytes32 offer, uint256 total
        );
        /// States: 0 PendingApproval, 1 Placed, 2 Accepted, 3 Shipped, 4 Claimed, 5 Disputed, 6 Arbitration, 7 Settled,
        /// 8 ReturnPosted, 9 ReturnDenied, 10 Lapsed, 11 Cancelled, 12 Refunded, 13 Ruled, 14 Returned, 15 Closed.
        /// `from` is 255 for a new order.
        event OrderMoved(bytes32 indexed order, uint8 from, uint8 indexed to, address indexed by, uint64 deadlineMs);
        event ParcelNamed(bytes32 indexed order, address carrier, uint64 sscc, string tracking);
        event CodeWrong(bytes32 indexed order, uint8 triesLeft);
        event EvidenceGiven(bytes32 indexed order, uint64 level);
        event RefundNamed(bytes32 indexed order, address indexed by, uint256 refund);
        event Stated(bytes32 indexed order, address indexed by, bytes32 statement);

        error UnknownDevice(bytes32 device);
        error UnknownSlot(bytes32 device, uint8 slot);
        error UnknownMandate(bytes32 device, uint8 slot);
        error UnknownShop(address shop);
        error UnknownOffer(bytes32 offer);
        error UnknownOrder(bytes32 order);
        error NotOwner(address caller, address owner);
        error NotShop(address caller, address shop);
        error NotParty(address caller);
        error AlreadyRegistered();
        /// Fields: 0 slot, 1 unit, 2 level, 3 gtins, 4 packs, 5 shops, 6 arbiters, 7 amount, 8 period, 9 count, 10 expiry,
        /// 11 percent, 12 name, 13 content, 14 stock, 15 sealed address, 16 tracking, 17 holiday, 18 sum of periods, 19 credit.
        error OutOfBounds(uint8 field);
        error DeviceInactive(uint8 status);
        error BadMessage();
        error ForeignMessage();
        error WrongEpoch(uint32 have, uint32 want);
        error StaleSequence(uint64 last, uint64 given);
        error StaleBlock(uint64 height);
        error BadSignature();
        error WrongState(uint8 state);
        error TooEarly(uint64 fromMs);
        error TooLate(uint64 untilMs);
        error NotDue(uint64 deadlineMs);
        /// Bit n is the reason with number n; see docs/modules/orders.md.
        error CannotPlace(uint64 reasons);
        error NotACarrier(address carrier);
        error NoCode();
        error CodeSpent();
        error RiseTooSmall(uint64 rise, uint64 needed);
        error BondInsufficient(uint256 free, uint256 want);
        error NothingToWithdraw();
        error WithdrawalUnderWay(uint64 fromMs);

        /// Key types: 0 P-256, 1 secp256k1; `publicKey` is x then y, `possession` r then s.
        function registerDevice(uint64 model, uint8 keyType, bytes calldata publicKey, bytes32 attestation, bytes calldata possession)
            external returns (bytes32 device);
        function rotateDeviceKey(bytes32 device, uint8 keyType, bytes calldata publicKey, bytes calldata possession) external;
        /// 0 active, 1 suspended, 2 retired.
        function setDeviceStatus(bytes32 device, uint8 status) external;
        function transferDevice(bytes32 device, address to) external;
        function setSlot(
            bytes32 device, uint8 slot, string calldata unit, uint64 capacity, uint64 threshold, uint64 rearm, uint64[] calldata gtins
        ) external;
        function rearmSlot(bytes32 device, uint8 slot, uint32 packsAtHome) external;
        function setMandate(bytes32 device, uint8 slot, MandateTerms calldata terms) external;
        function pauseMandate(bytes32 device, uint8 slot, bool paused) external;
        function revokeMandate(bytes32 device, uint8 slot) external;
        function setHoliday(uint64 untilMs) external;
        function registerShop(uint64 gln, string calldata name, bytes32 sealingKey, address credit, address payout, uint256 bond) external;
        function updateShop(string calldata name, bytes32 sealingKey) external;
        function setPayout(address payout) external;
        function topUpBond(uint256 amount) external;
        function requestBondWithdrawal(uint256 amount) external;
        function withdrawBond() external;
        function publishOffer(OfferTerms calldata terms, uint32 stock) external returns (bytes32 offer);
        function addStock(bytes32 offer, uint32 packs) external;
        function withdrawOffer(bytes32 offer) external;
        function relayDevice(bytes calldata payload, bytes calldata signature) external returns (bytes memory);
        function placeOrder(bytes32 device, uint8 slot, bytes32 offer, bytes32 codeCommitment, bytes calldata sealedAddress)
            external returns (bytes32 order);
        function approveOrder(bytes32 order) external returns (bytes32);
        function cancelOrder(bytes32 order) external;
        function acceptOrder(bytes32 order) external;
        /// `carrier` and `sscc` may be zero.
        function shipOrder(bytes32 order, address carrier, uint64 sscc, string calldata tracking) external;
        function confirmDelivery(bytes32 order) external;
        /// Whether the code was right. A wrong one counts as a try.
        function revealCode(bytes32 order, bytes10 code) external returns (bool);
        function claimDelivery(bytes32 order) external;
        function openDispute(bytes32 order, bytes32 statement) external;
        function answerDispute(bytes32 order, bytes32 statement) external;
        function agreeRefund(bytes32 order, uint256 refund) external;
        function postReturn(bytes32 order, bytes32 proof) external;
        function confirmReturn(bytes32 order) external;
        function denyReturn(bytes32 order, bytes32 statement) external;
        function runDeadline(bytes32 order) external;

        function device(bytes32 id) external view returns (Device memory);
        function slotOf(bytes32 device, uint8 slot) external view returns (Slot memory);
        function mandateOf(bytes32 device, uint8 slot) external view returns (Mandate memory);
        function shop(address account) external view returns (Shop memory);
        function offer(bytes32 id) external view returns (Offer memory);
        function order(bytes32 id) external view returns (Order memory);
        /// Why this device could not place this offer at this level; 0: it can.
        function previewDevice(bytes32 device, uint8 slot, bytes32 offer, uint64 level) external view returns (uint64 reasons);
        /// The same for the caller placing by hand.
        function previewOwner(bytes32 device, uint8 slot, bytes32 offer) external view returns (uint64 reasons);
        /// What stands against an order; 0: it holds.
        function check(bytes32 order) external view returns (uint64 reasons);
        function holidayOf(address owner) external view returns (uint64 untilMs);
    }
}
