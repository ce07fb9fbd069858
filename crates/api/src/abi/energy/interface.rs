//! The Solidity interface of the energy institution. A table: one line an item, in the order of the rules.

use alloy_sol_types::sol;

sol! {
    /// Energy: neighbours trade power, and the clearing is shown to be the best one. See docs/modules/energy.md.
    #[sol(abi)]
    #[derive(Debug, PartialEq, Eq)]
    interface IEnergy {
        struct Zone {
            string name;
            /// A zone with a lower number; of zone 0 itself.
            uint8 parent;
            uint32 upWh;
            uint32 downWh;
            uint32 feeMicro;
        }
        struct Terms {
            int64 retailMicro;
            int64 feedInMicro;
            int64 technicalMicro;
            uint64 dayGateMs;
            uint64 slotGateMs;
            uint64 revealMs;
            uint64 solveMs;
            uint64 readingMs;
            uint64 depositNano;
            uint64 bondNano;
            uint64 rewardMaxNano;
            uint16 sharePermille;
            uint64 reserveNano;
            uint64 challengeMs;
            uint64 answerMs;
            uint64 challengeNano;
            address arbiter;
            address fallbackArbiter;
        }
        struct Market {
            string name;
            address operator;
            address supplier;
            address credit;
            uint64 nanoPerMinor;
            Zone[] zones;
            Terms terms;
            uint32 meters;
            int256 potNano;
            /// What the connections of the attested meters can draw and deliver in a slot.
            uint64 capacityWh;
        }
        struct Meter {
            bytes32 market;
            uint32 number;
            address owner;
            /// 0 P-256, 1 secp256k1.
            uint8 keyType;
            bytes publicKey;
            uint8 zone;
            uint32 importMaxWh;
            uint32 exportMaxWh;
            bool attested;
            uint64 counter;
            /// Its registers stood so at the end of the slot before this one; 0: no reading yet.
            uint32 readUntil;
            uint64 importWh;
            uint64 exportWh;
        }
        struct Reading {
            bytes32 meter;
            uint32 slot;
            uint64 importWh;
            uint64 exportWh;
            uint64 counter;
            bytes signature;
        }
        struct Auction {
            bytes32 market;
            uint32 firstSlot;
            uint8 slots;
            /// 0 open, 1 revealing, 2 solving, 3 cleared.
            uint8 stage;
            uint64 untilMs;
            uint32 commitments;
            uint32 orders;
            uint32 batteries;
            address accepted;
            int256 welfareNano;
        }
        struct Slot {
            /// 0 running, 1 settling, 2 settled.
            uint8 progress;
            int64[] priceMicro;
            int64[] flowWh;
            int256 supplierNano;
            uint64[] longWh;
            uint64[] shortWh;
            /// What was shifted for the operator, what it owes for that (below 0), and the most per kWh that it would pay.
            uint32 shiftedWh;
            int256 operatorNano;
            int64 shiftLimitMicro;
        }

        event MarketOpened(bytes32 indexed market, address indexed operator, string name);
        event CapsSet(bytes32 indexed market, uint8 indexed zone, uint32 firstSlot, uint8 slots, uint32 upWh, uint32 downWh);
        /// 0 Wh: an earlier order was taken back.
        event RedispatchOrdered(bytes32 indexed auction, bytes32 indexed market, uint32 slot, uint8 deficit, uint8 surplus, uint32 wh, int64 limitMicro);
        event Redispatched(bytes32 indexed auction, uint32 wh, uint256 nano);
        event MeterRegistered(bytes32 indexed market, bytes32 indexed meter, address indexed owner, uint8 zone);
        event MeterAttested(bytes32 indexed meter, bool attested);
        event Deposited(bytes32 indexed market, address indexed account, uint256 amount);
        event Withdrawn(bytes32 indexed market, address indexed account, uint256 amount);
        event Committed(bytes32 indexed auction, bytes32 indexed market, bytes32 indexed meter, uint32 firstSlot, uint8 slots);
        event Revealed(bytes32 indexed auction, bytes32 indexed meter);
        event NotRevealed(bytes32 indexed auction, bytes32 indexed meter);
        event StageBegan(bytes32 indexed auction, uint8 stage, uint64 untilMs);
        event Announced(bytes32 indexed auction, address indexed solver, uint32 size);
        event CertificateRefused(bytes32 indexed auction, address indexed solver, uint8 flaw);
        event CertificateAccepted(bytes32 indexed auction, address indexed solver, int256 welfareNano);
        /// `by` is zero where the chain cleared it by itself.
        event Cleared(bytes32 indexed auction, bytes32 indexed market, address indexed by, uint32 firstSlot, uint8 slots, int256 welfareNano, uint256 rewardNano);
        event MeterRead(bytes32 indexed meter, uint32 slot);
        event ReadingChallenged(bytes32 indexed meter, uint32 indexed slot, address indexed by, int32 netWh);
        /// What counts now, and what the meter's owner got of the bond (paid: below 0).
        event ChallengeEnded(bytes32 indexed meter, uint32 indexed slot, int32 netWh, int256 ownerNano);
        event Corrected(bytes32 indexed meter, uint32 slot, int256 nano);
        event SlotSettled(bytes32 indexed market, uint32 indexed slot, int256 supplierNano, int256 potNano);
        event RentShared(bytes32 indexed market, uint32 indexed day, uint64 nano, uint64 capacityWh);

        error UnknownMarket(bytes32 market);
        error UnknownMeter(bytes32 meter);
        error UnknownAuction(bytes32 auction);
        error UnknownCommitment(bytes32 auction, bytes32 meter);
        error UnknownSubmission(bytes32 auction, address solver);
        error UnknownSlot(bytes32 market, uint32 slot);
        error UnknownDay(bytes32 market, uint32 day);
        error UnknownChallenge(bytes32 meter, uint32 slot);
        error NotGridOperator(address caller);
        error NotOperator(address caller, address operator);
        error NotOwner(address caller, address owner);
        error NotNeighbour(address caller);
        error AlreadyRegistered();
        error AlreadyDone();
        error OutOfBounds(uint8 field);
        error NotAttested(bytes32 meter);
        error BadSignature();
        error WrongStage(uint8 stage);
        error NotOpen(uint64 fromMs, uint64 untilMs);
        error NotChallengeable(uint64 fromMs, uint64 untilMs);
        error AnswerOver(uint64 untilMs);
        error NotRead(bytes32 meter, uint32 slot);
        error NotDue(uint64 deadlineMs);
        error Full(uint32 max);
        error SealDiffers();
        error BadBid();
        error HoldTooSmall(uint256 haveNano, uint256 wantNano);
        error PurseInsufficient(int256 haveNano, uint256 wantNano);
        error StaleCounter(uint64 last, uint64 given);
        error SlotOutOfTurn(uint32 slot, uint32 readUntil, uint32 now);
        error BeingSettled(uint32 slot);
        error Implausible(bytes32 meter, uint64 maxWh);
        error TooSoon(uint64 height);
        error NotAsAnnounced();

        function openMarket(string name, address credit, address supplier, Zone[] zones, Terms terms) external returns (bytes32);
        function setCaps(bytes32 market, uint8 zone, uint32 firstSlot, uint8 slots, uint32 upWh, uint32 downWh) external;
        function orderRedispatch(bytes32 market, uint32 slot, uint8 deficit, uint8 surplus, uint32 wh, int64 limitMicro) external returns (bytes32);
        function registerMeter(bytes32 market, uint8 zone, uint8 keyType, bytes publicKey, uint32 importMaxWh, uint32 exportMaxWh, bytes possession) external returns (bytes32);
        function attestMeter(bytes32 meter, bool attested) external;
        function deposit(bytes32 market, uint256 amount) external;
        function withdraw(bytes32 market, uint256 amount) external;
        function commit(bytes32 market, uint32 firstSlot, uint8 slots, bytes32 meter, bytes32 seal, uint256 heldNano) external returns (bytes32);
        function reveal(bytes32 auction, bytes32 meter, bytes32 salt, bytes bid) external;
        function announce(bytes32 auction, bytes32 hash, uint32 size) external;
        function submit(bytes32 auction, bytes part) external;
        function relayReadings(Reading[] readings) external;
        /// `by`: an own attested meter of the market; of the operator anything.
        function challengeReading(bytes32 meter, uint32 slot, bytes32 by, int32 netWh) external returns (bytes32);
        function answerChallenge(bytes32 meter, uint32 slot, int32 netWh) external;
        function runAuction(bytes32 auction) external;
        function runSlot(bytes32 market, uint32 slot) external;
        function runSharing(bytes32 market, uint32 day) external;
        function runChallenge(bytes32 meter, uint32 slot) external;

        function market(bytes32 id) external view returns (Market memory);
        function meter(bytes32 id) external view returns (Meter memory);
        /// The meter with this number.
        function meterAt(bytes32 market, uint32 number) external view returns (bytes32);
        /// Nano-units, and those of them that are set aside.
        function purse(bytes32 market, address account) external view returns (int256 nano, uint256 heldNano);
        function auction(bytes32 id) external view returns (Auction memory);
        function auctionId(bytes32 market, uint32 firstSlot, uint8 slots) external view returns (bytes32);
        /// What the operator asks of the auction; nothing where it asks nothing, and once it is cleared.
        function redispatch(bytes32 auction) external view returns (uint8 deficit, uint8 surplus, uint32 wh, int64 limitMicro);
        /// The borsh encoding of everything a clearing depends on.
        function book(bytes32 auction) external view returns (bytes memory);
        function slot(bytes32 market, uint32 number) external view returns (Slot memory);
        /// What the pot shares for a day: how far it is (0 the day runs, 1 meters are paid, 2 all are), how much, and what of it was paid.
        function sharing(bytes32 market, uint32 day) external view returns (uint8 progress, uint64 poolNano, uint64 paidNano, uint64 capacityWh);
        /// Of each slot of a day: sold (+) and bought (-), and what that brings or costs.
        function position(bytes32 meter, uint32 day) external view returns (int32[] memory netWh, int64[] memory nano);
        /// Of each slot of a day: delivered (+) and drawn (-), and which were read, settled and challenged (bit n: slot n).
        function metered(bytes32 meter, uint32 day) external view returns (int32[] memory netWh, uint128 read, uint128 settled, uint128 challenged);
        /// A challenge that is not decided. `stage`: 0 the operator is asked, until then; 1 the arbiter decides the dispute of the same id.
        function challenge(bytes32 meter, uint32 slot) external view returns (bytes32 id, address challenger, int32 netWh, uint8 stage, uint64 untilMs);
        /// The most that a bid (borsh) can cost, nano-units, without the deposit.
        function costOf(bytes bid) external view returns (uint256);
    }
}
