// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// The test module whose records are compared with a mapping: see src/tests/reverts.rs.
interface ICells {
    function put(uint256 cell, uint256 value) external;
    function putThenRefuse(uint256 cell, uint256 value) external;
    function putThenStarve(uint256 cell, uint256 value) external;
    function expect(uint256 cell, uint256 value) external view;
}

ICells constant CELLS = ICells(0xd00E0000000000000000000000000000000000a1);

/// A contract that writes while it is being made, and may fail or destroy itself then.
contract Child {
    constructor(uint256 cell, uint256 value, uint8 fate) {
        CELLS.put(cell, value);
        Fuzz(msg.sender).set(cell, value);
        if (fate == 1) revert("made in vain");
        if (fate == 2) selfdestruct(payable(msg.sender));
    }
}

/// Runs a program of one-byte operations. Whatever it writes it writes twice: to a record of the module and to the mapping.
/// However frames end, the two must agree.
contract Fuzz {
    mapping(uint256 => uint256) public cells;

    function set(uint256 cell, uint256 value) external {
        cells[cell] = value;
    }

    function run(bytes calldata program) external {
        uint256 at = 0;
        while (at < program.length) {
            uint8 op = uint8(program[at]);
            uint256 a = byteAt(program, at + 1);
            uint256 b = byteAt(program, at + 2);
            uint256 c = byteAt(program, at + 3);
            if (op == 0) {
                CELLS.put(a, b);
                cells[a] = b;
                at += 3;
            } else if (op == 1) {
                CELLS.expect(a, cells[a]);
                at += 2;
            } else if (op == 2) {
                // A nested frame over the next a * 256 + b bytes, with (c + 1) / 256 of the gas.
                uint256 end = at + 4 + a * 256 + b;
                if (end > program.length) end = program.length;
                try this.run{gas: gasleft() / 256 * (c + 1)}(program[at + 4:end]) {} catch {}
                at = end;
            } else if (op == 3) {
                revert("as asked");
            } else if (op == 4) {
                assembly { invalid() }
            } else if (op == 5) {
                try CELLS.putThenRefuse(a, b) {} catch {}
                at += 3;
            } else if (op == 6) {
                try CELLS.putThenStarve{gas: 40_000}(a, b) {} catch {}
                at += 3;
            } else if (op == 7) {
                (bool done,) = address(CELLS).staticcall(abi.encodeCall(ICells.put, (a, b)));
                require(!done, "a static call wrote");
                at += 3;
            } else if (op == 8) {
                (bool done,) = address(CELLS).delegatecall(abi.encodeCall(ICells.put, (a, b)));
                require(!done, "a delegate call wrote");
                at += 3;
            } else if (op == 9) {
                // As much gas as may or may not suffice.
                try CELLS.put{gas: c * 150}(a, b) {
                    cells[a] = b;
                } catch {}
                at += 4;
            } else if (op == 10) {
                try new Child(a, b, uint8(c % 3)) {} catch {}
                at += 4;
            } else {
                at += 1;
            }
        }
    }

    function byteAt(bytes calldata program, uint256 at) private pure returns (uint256) {
        return at < program.length ? uint8(program[at]) : 0;
    }
}
