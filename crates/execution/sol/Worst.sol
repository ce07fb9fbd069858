// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// Work that is as bad as its gas allows, until the gas is gone: see examples/worst_block.rs.
contract Worst {
    mapping(uint256 => uint256) public next;

    /// Follows a chain of slots whose next place is known only when the last was read.
    function chase(uint256 at) external view returns (uint256) {
        while (gasleft() > 5_000) {
            at = uint256(keccak256(abi.encode(at, next[at])));
        }
        return at;
    }

    /// Hashes a large piece of memory over and over.
    function hash(uint256 bytes_) external view returns (bytes32 h) {
        bytes memory data = new bytes(bytes_);
        while (gasleft() > 60_000) {
            h = keccak256(data);
        }
    }

    /// Writes a new slot each time.
    function fill(uint256 at) external {
        while (gasleft() > 30_000) {
            next[at] = at | 1;
            at = uint256(keccak256(abi.encode(at)));
        }
    }

    /// Calls a precompile with the same input.
    function precompile(address which, bytes calldata input, uint256 reserve) external view {
        bytes memory data = input;
        while (gasleft() > reserve) {
            assembly {
                pop(staticcall(gas(), which, add(data, 32), mload(data), 0, 0))
            }
        }
    }

    /// Asks a module about one account after the other.
    function ask(address module, uint256 at) external view {
        while (gasleft() > 30_000) {
            assembly {
                mstore(0, shl(224, 0x70a08231)) // balanceOf(address)
                mstore(4, at)
                pop(staticcall(gas(), module, 0, 36, 0, 32))
            }
            unchecked { at++; }
        }
    }

    /// Sends the smallest amount of a credit to one new account after the other.
    function spread(address credit, uint256 at) external {
        while (gasleft() > 90_000) {
            assembly {
                mstore(0, shl(224, 0xa9059cbb)) // transfer(address,uint256)
                mstore(4, at)
                mstore(36, 1)
                pop(call(gas(), credit, 0, 0, 68, 0, 32))
            }
            unchecked { at++; }
        }
    }

    /// Looks at the code of one contract after the other.
    function visit(uint256 at) external view returns (uint256 total) {
        while (gasleft() > 5_000) {
            assembly { total := add(total, extcodesize(at)) }
            unchecked { at++; }
        }
    }

    /// Arithmetic that takes the longest for its gas.
    function spin() external view returns (uint256 x) {
        x = type(uint256).max - 1;
        while (gasleft() > 5_000) {
            unchecked {
                x = mulmod(x, x - 3, type(uint256).max - 188) / 3 + 7;
                x = mulmod(x, x - 3, type(uint256).max - 188) / 5 + 7;
            }
        }
    }
}
