// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// What every credit of the chain answers to (ERC-20).
interface ICredit {
    function balanceOf(address who) external view returns (uint256);
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

/// Neighbours save together for one purchase: when the price is there, anyone may pay the shop; after the deadline everyone
/// takes back what they gave. Written by a user, with stock tools, over a module's credit.
contract BuyingClub {
    ICredit public immutable credit;
    address public immutable shop;
    uint256 public immutable price;
    uint256 public immutable deadline;
    uint256 public saved;
    bool public bought;
    mapping(address => uint256) public given;

    event Joined(address indexed member, uint256 amount);
    event Bought(address indexed shop, uint256 price);

    error NotEnough(uint256 saved, uint256 price);
    error AlreadyBought();
    error TooEarly(uint256 deadline);

    constructor(ICredit credit_, address shop_, uint256 price_, uint256 deadline_) {
        credit = credit_;
        shop = shop_;
        price = price_;
        deadline = deadline_;
    }

    function join(uint256 amount) external {
        if (bought) revert AlreadyBought();
        given[msg.sender] += amount;
        saved += amount;
        credit.transferFrom(msg.sender, address(this), amount);
        emit Joined(msg.sender, amount);
    }

    function buy() external {
        if (bought) revert AlreadyBought();
        if (saved < price) revert NotEnough(saved, price);
        bought = true;
        credit.transfer(shop, price);
        emit Bought(shop, price);
    }

    function leave() external {
        if (bought) revert AlreadyBought();
        if (block.timestamp < deadline) revert TooEarly(deadline);
        uint256 amount = given[msg.sender];
        given[msg.sender] = 0;
        saved -= amount;
        credit.transfer(msg.sender, amount);
    }

    /// Pays, then fails, and catches its own failure: the payment must be undone.
    function buyAndRegret() external returns (bool regretted) {
        try this.buyThenRevert() {} catch {
            regretted = true;
        }
    }

    function buyThenRevert() external {
        this.buy();
        revert("regret");
    }

    /// What a module answers to a static call that would act, and to borrowed code.
    function trespass(address to, uint256 amount) external returns (bytes memory statically, bytes memory delegated) {
        bytes memory data = abi.encodeCall(ICredit.transfer, (to, amount));
        bool done;
        (done, statically) = address(credit).staticcall(data);
        require(!done, "a static call acted");
        (done, delegated) = address(credit).delegatecall(data);
        require(!done, "a delegate call acted");
    }
}
