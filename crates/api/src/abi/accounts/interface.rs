//! The interface as Solidity writes it.

use alloy_sol_types::sol;

sol! {
    /// Keys of accounts, guardians, and what things are sealed to. Kinds of keys: 0 secp256k1, 1 P-256, 2 WebAuthn. Kinds of
    /// sealing keys: 0 X25519, 1 X-Wing. Times in milliseconds.
    #[sol(abi)]
    #[derive(Debug)]
    interface IAccounts {
        /// `periodMs` 0: once in the key's life.
        struct Limit { address credit; uint256 amount; uint64 periodMs; }
        /// No selectors: everything that the target takes.
        struct Scope { address target; bytes4[] selectors; }
        /// `admin`: a full key beside the first, without expiry, limits and scopes. Else what is not listed is not allowed.
        struct KeyTerms { uint8 kind; bool admin; uint64 expiresMs; Limit[] limits; Scope[] scopes; }
        struct Left { address credit; uint256 amount; uint64 periodMs; uint256 left; }
        struct Key {
            address key;
            uint8 kind;
            bool admin;
            /// Neither revoked nor run out nor replaced by a recovery.
            bool stands;
            uint64 sinceMs;
            uint64 expiresMs;
            Left[] limits;
            Scope[] scopes;
        }
        struct CreditReach { address credit; uint256 now; uint64 periodMs; uint256 perPeriod; uint256 untilExpiry; }
        /// The most that whoever has the key could do. `powers`, by bit: 0 mandates, 1 orders, 2 shop, 3 rulings, 4 roles,
        /// 5 contracts, 6 other: what the scopes can do beyond the limits.
        struct Reach { bool admin; uint64 untilMs; CreditReach[] credits; Scope[] scopes; uint32 powers; }
        /// `nextFromMs` 0: none follow. `nextCount` 0: nobody follows.
        struct Guardians {
            bytes32 commitment;
            uint8 threshold;
            uint8 count;
            uint64 nextFromMs;
            bytes32 nextCommitment;
            uint8 nextThreshold;
            uint8 nextCount;
        }
        struct Naming { address guardian; address key; uint8 kind; uint64 atMs; }
        /// `stage`: 0 gathering, 1 waiting, 2 vetoed, 3 waiting again. `key` and `deadlineMs` are zero unless one waits.
        struct Recovery { uint8 stage; address key; uint8 kind; uint64 deadlineMs; uint8 needed; uint64 vetoedMs; Naming[] named; }
        /// `previousUntilMs` 0: there is none before it.
        struct SealingKey { bytes publicKey; uint64 sinceMs; bytes previousKey; uint64 previousUntilMs; }

        event KeyAuthorized(address indexed account, address indexed key, uint8 kind, bool admin, uint64 expiresMs);
        event KeyRevoked(address indexed account, address indexed key);
        event GuardiansSet(address indexed account, bytes32 commitment, uint8 threshold, uint8 count, uint64 fromMs);
        event KeyNamed(address indexed account, address indexed guardian, address indexed key, uint8 named, uint8 needed);
        event RecoveryBegun(address indexed account, address indexed key, bool again, uint64 deadlineMs);
        event RecoveryDropped(address indexed account, address indexed key);
        event RecoveryVetoed(address indexed account, address indexed key, uint64 againMs);
        event Recovered(address indexed account, address indexed key, uint32 epoch);
        event SealingKeySet(address indexed account, uint8 indexed kind, bytes32 keyHash, uint64 previousUntilMs);
        event SealingKeyWithdrawn(address indexed account, uint8 indexed kind);

        error RootReplaced(address account);
        error UnknownKey(address account, address key);
        error KeyIsRevoked(address key);
        error KeyReplaced(address key);
        error KeyExpired(uint64 expiresMs);
        error WrongKind(uint8 have, uint8 want);
        error CreationOutOfScope();
        error ValueOutOfScope();
        error TargetOutOfScope(address target);
        error SelectorOutOfScope(address target, bytes4 selector);
        error LimitExceeded(address credit, uint256 left, uint256 want);
        error KeyMayNot(address key);
        error NotAKey(address key);
        error KeyKnown(address key);
        /// 0 admin, 1 expiry, 2 limits, 3 amount, 4 period, 5 scopes, 6 selectors, 7 threshold, 8 count, 9 public key, 10 overlap.
        error OutOfBounds(uint8 field);
        error TooManyKeys(uint32 max);
        error LastKey(address key);
        error NoGuardians(address account);
        error GuardiansStay(uint64 untilMs);
        error NotTheGuardians(bytes32 commitment);
        error NotAGuardian(address caller);
        error NothingWaits(address account);
        error VetoedBefore(uint64 vetoedMs);
        error NotDue(uint64 deadlineMs);
        error NoSealingKey(address account);

        function authorizeKey(address key, KeyTerms calldata terms) external;
        /// The account any of its keys, or one that it never had, which then never comes; a limited key itself.
        function revokeKey(address key) external;
        /// `commitment`: keccak256("dure.guardians", account, salt, count in 4 bytes little-endian, guardians in ascending order).
        /// With a count of 0: no guardians any more.
        function setGuardians(bytes32 commitment, uint8 threshold, uint8 count) external;
        /// A guardian: the key that the account should have; zero for none.
        function nameKey(address account, address key, uint8 kind, bytes32 salt, address[] calldata guardians) external;
        function vetoRecovery() external;
        function runDeadline(address account) external;
        function publishSealingKey(uint8 kind, bytes calldata publicKey, uint64 keepMs) external;
        function withdrawSealingKey(uint8 kind) external;

        /// Whether the key that the address is made from stands.
        function rootStands(address account) external view returns (bool);
        /// Those listed: revoked ones are not.
        function keysOf(address account) external view returns (Key[] memory);
        function keyOf(address account, address key) external view returns (Key memory);
        function reachOf(address account, address key) external view returns (Reach memory);
        function guardiansOf(address account) external view returns (Guardians memory);
        function recoveryOf(address account) external view returns (Recovery memory);
        function sealingKeyOf(address account, uint8 kind) external view returns (SealingKey memory);
    }
}
