// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// A notice board: state, an event with indexed topics, and every way in which a call can fail.
contract Board {
    uint256 public constant MAX = 1_000;
    uint256 public value;
    mapping(address => uint256) public writes;

    event Written(address indexed by, uint256 indexed value, string why);

    error TooLarge(uint256 given, uint256 max);

    constructor(uint256 value_) {
        value = value_;
    }

    function write(uint256 value_, string calldata why) external returns (uint256 before) {
        if (value_ > MAX) revert TooLarge(value_, MAX);
        before = value;
        value = value_;
        writes[msg.sender] += 1;
        emit Written(msg.sender, value_, why);
    }

    function refuseInWords() external pure {
        revert("the board is closed");
    }

    function divide(uint256 by) external view returns (uint256) {
        return value / by;
    }

    function height() external view returns (uint256) {
        return block.number;
    }
}

/// What the libraries' multicall expects to find (the interface of Multicall3).
contract Calls {
    struct Call3 {
        address target;
        bool allowFailure;
        bytes callData;
    }

    struct Result {
        bool success;
        bytes returnData;
    }

    function aggregate3(Call3[] calldata calls) external payable returns (Result[] memory results) {
        results = new Result[](calls.length);
        for (uint256 i = 0; i < calls.length; i++) {
            (results[i].success, results[i].returnData) = calls[i].target.call(calls[i].callData);
            require(results[i].success || calls[i].allowFailure, "a call failed");
        }
    }
}
