//! Who could change this? Every action of the law with whoever holds it, and what nobody can do. Two tables.
//!
//! A client shows them with the holders that stand in the chain's records. A test in `dure-api` fails where a function that
//! changes something has no row here, so an action cannot be added without saying whose it is.
//!
//! This module never grants a power: it says what the institutions check.

/// Who may ask for an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// Anyone, for what becomes their own.
    Anyone,
    /// Anyone, once a deadline has passed; what happens then is fixed.
    AnyoneWhenDue,
    /// Who has the money.
    Holder,
    /// Anyone who brings what the holder signed.
    SignedByHolder,
    /// Whom the holder allowed, up to an amount.
    Spender,
    /// The issuer that a reserve credit names.
    CreditIssuer,
    /// Who holds the role that a community credit names.
    ClaimRole,
    /// Issuers of a role, named at genesis.
    RoleIssuer,
    /// Who holds a role: may give it up.
    RoleHolder,
    /// The owner of a machine and of its orders.
    Owner,
    /// The machine's key, within the owner's mandate; anyone may bring what it signed.
    Machine,
    /// The shop, for its own offers, bond and orders.
    Shop,
    /// The shop or the carrier that it named.
    ShopOrCarrier,
    /// Owner or shop, each in its own time.
    OwnerOrShop,
    /// Owner and shop together.
    OwnerAndShop,
    /// The arbiter that owner and shop had named before the order was placed, or that the terms of an energy market name.
    Arbiter,
    /// A full key of the account: the one that its address is made from, or one that it made as good.
    FullKey,
    /// A full key of the account, or the key that is given up.
    FullKeyOrItself,
    /// A guardian whom the account had named; so many together give it a new key, after a delay.
    Guardian,
    /// Who holds the role of running a grid.
    GridOperator,
    /// The operator of the energy market, who runs its grid.
    MarketOperator,
    /// Another neighbour of the energy market, or its operator.
    NeighbourOrOperator,
}

impl Holder {
    pub const ALL: [Self; 22] = [
        Self::Anyone,
        Self::AnyoneWhenDue,
        Self::Holder,
        Self::SignedByHolder,
        Self::Spender,
        Self::CreditIssuer,
        Self::ClaimRole,
        Self::RoleIssuer,
        Self::RoleHolder,
        Self::Owner,
        Self::Machine,
        Self::Shop,
        Self::ShopOrCarrier,
        Self::OwnerOrShop,
        Self::OwnerAndShop,
        Self::Arbiter,
        Self::FullKey,
        Self::FullKeyOrItself,
        Self::Guardian,
        Self::GridOperator,
        Self::MarketOperator,
        Self::NeighbourOrOperator,
    ];
}

/// Interface and function of the ABI, and who may ask for it.
pub const POWERS: &[(&str, Holder)] = &[
    ("accounts.authorizeKey", Holder::FullKey),
    ("accounts.revokeKey", Holder::FullKeyOrItself),
    ("accounts.setGuardians", Holder::FullKey),
    ("accounts.nameKey", Holder::Guardian),
    ("accounts.vetoRecovery", Holder::FullKey),
    ("accounts.runDeadline", Holder::AnyoneWhenDue),
    ("accounts.publishSealingKey", Holder::FullKey),
    ("accounts.withdrawSealingKey", Holder::FullKey),
    ("credit.permit", Holder::SignedByHolder),
    ("credit.transferWithMemo", Holder::Holder),
    ("credit.transfer", Holder::Holder),
    ("credit.approve", Holder::Holder),
    ("credit.transferFrom", Holder::Spender),
    ("credit.issue", Holder::CreditIssuer),
    ("credit.redeem", Holder::Holder),
    ("credit.claim", Holder::ClaimRole),
    ("credits.createReserve", Holder::Anyone),
    ("credits.createCommunity", Holder::Anyone),
    ("roles.grant", Holder::RoleIssuer),
    ("roles.revoke", Holder::RoleIssuer),
    ("roles.renounce", Holder::RoleHolder),
    ("disputes.rule", Holder::Arbiter),
    ("disputes.runDeadline", Holder::AnyoneWhenDue),
    ("orders.registerDevice", Holder::Anyone),
    ("orders.rotateDeviceKey", Holder::Owner),
    ("orders.setDeviceStatus", Holder::Owner),
    ("orders.transferDevice", Holder::Owner),
    ("orders.setSlot", Holder::Owner),
    ("orders.rearmSlot", Holder::Owner),
    ("orders.setMandate", Holder::Owner),
    ("orders.pauseMandate", Holder::Owner),
    ("orders.revokeMandate", Holder::Owner),
    ("orders.setHoliday", Holder::Owner),
    ("orders.registerShop", Holder::Anyone),
    ("orders.updateShop", Holder::Shop),
    ("orders.setPayout", Holder::Shop),
    ("orders.topUpBond", Holder::Shop),
    ("orders.requestBondWithdrawal", Holder::Shop),
    ("orders.withdrawBond", Holder::Shop),
    ("orders.publishOffer", Holder::Shop),
    ("orders.addStock", Holder::Shop),
    ("orders.withdrawOffer", Holder::Shop),
    ("orders.relayDevice", Holder::Machine),
    ("orders.placeOrder", Holder::Owner),
    ("orders.approveOrder", Holder::Owner),
    ("orders.cancelOrder", Holder::OwnerOrShop),
    ("orders.acceptOrder", Holder::Shop),
    ("orders.shipOrder", Holder::Shop),
    ("orders.confirmDelivery", Holder::Owner),
    ("orders.revealCode", Holder::ShopOrCarrier),
    ("orders.claimDelivery", Holder::ShopOrCarrier),
    ("orders.openDispute", Holder::Owner),
    ("orders.answerDispute", Holder::Shop),
    ("orders.agreeRefund", Holder::OwnerAndShop),
    ("orders.postReturn", Holder::Owner),
    ("orders.confirmReturn", Holder::Shop),
    ("orders.denyReturn", Holder::Shop),
    ("orders.runDeadline", Holder::AnyoneWhenDue),
    ("energy.openMarket", Holder::GridOperator),
    ("energy.setCaps", Holder::MarketOperator),
    ("energy.orderRedispatch", Holder::MarketOperator),
    ("energy.registerMeter", Holder::Anyone),
    ("energy.attestMeter", Holder::MarketOperator),
    ("energy.deposit", Holder::Holder),
    ("energy.withdraw", Holder::Holder),
    ("energy.commit", Holder::Owner),
    ("energy.reveal", Holder::SignedByHolder),
    ("energy.announce", Holder::Anyone),
    ("energy.submit", Holder::Anyone),
    ("energy.relayReadings", Holder::Machine),
    ("energy.challengeReading", Holder::NeighbourOrOperator),
    ("energy.answerChallenge", Holder::MarketOperator),
    ("energy.runAuction", Holder::AnyoneWhenDue),
    ("energy.runSlot", Holder::AnyoneWhenDue),
    ("energy.runSharing", Holder::AnyoneWhenDue),
    ("energy.runChallenge", Holder::AnyoneWhenDue),
];

/// Something that nobody can do, and the test that proves it.
#[derive(Clone, Copy, Debug)]
pub struct Nobody {
    /// What it is called in clients.
    pub what: &'static str,
    /// Path in the repository.
    pub file: &'static str,
    /// The name of the test there.
    pub test: &'static str,
    /// The file's text.
    text: &'static str,
}

macro_rules! nobody {
    ($($what:ident: $file:literal $test:ident),* $(,)?) => {
        pub const NOBODY: &[Nobody] = &[$(Nobody {
            what: stringify!($what),
            file: concat!("crates/rules/src/", $file),
            test: stringify!($test),
            text: include_str!(concat!("../", $file)),
        }),*];
    };
}

nobody! {
    TakeMoneyWithoutItsHolder: "credits/tests.rs" transfers_and_allowances_do_what_erc20_says,
    IssueMoneyButItsIssuer: "credits/tests.rs" a_reserve_credit_is_made_and_unmade_by_its_issuer_and_holders,
    ClaimMoreThanTheRule: "credits/tests.rs" a_community_credit_is_claimed_once_a_period_by_members_alone,
    GrantARoleForEver: "roles/tests.rs" only_issuers_of_the_role_grant_it_and_never_for_ever,
    EndAnothersGrant: "roles/tests.rs" an_issuer_touches_its_own_grants_alone_and_a_holder_gives_up_what_it_has,
    OrderButOwnerAndMachine: "orders/tests/table.rs" an_order_is_made_by_the_device_or_the_owner_alone,
    OrderBeyondTheMandate: "orders/tests/thief.rs" a_stolen_device_key_and_a_colluding_shop_take_at_most_the_budget_of_each_period,
    RobByADevicesKey: "orders/tests/thief.rs" a_stolen_device_key_alone_takes_nothing,
    MoveAnOrderAsideOfItsTable: "orders/tests/table.rs" what_the_table_allows_happens_and_nothing_else_does,
    KeepAnOrderOpen: "orders/tests/silent.rs" whatever_everybody_stops_doing_an_order_is_over_within_45_days,
    KeepAnEscrow: "orders/tests/history.rs" whatever_happens_the_books_agree_with_the_page,
    RuleButTheArbiter: "disputes/tests.rs" the_one_whose_turn_it_is_rules_and_nobody_else,
    KeepADisputeOpen: "disputes/tests.rs" silence_passes_it_on_and_then_the_share_that_was_agreed_decides,
    SpendBeyondAKeysLimit: "accounts/tests/limits.rs" every_way_in_which_money_leaves_counts_to_the_unit,
    ActBeyondAKeysScope: "accounts/tests/keys.rs" what_is_in_scope_is_let_through_and_nothing_else,
    RobBeyondAKeysReach: "accounts/tests/thief.rs" a_stolen_access_key_takes_no_more_than_its_reach,
    RecoverButTheGuardians: "accounts/tests/recovery.rs" only_guardians_who_open_the_commitment_are_heard,
    KeepAnAccountByAStolenKey: "accounts/tests/recovery.rs" the_thief_of_the_only_key_vetoes_once_and_loses,
    StopDeadlines: "deadlines/tests.rs" every_deadline_runs_once_in_order_and_never_early,
}

impl Nobody {
    /// The test as it stands in its file: attributes, name and body. Empty where it is not there.
    pub fn source(&self) -> String {
        let lines: Vec<&str> = self.text.lines().collect();
        let name = format!("fn {}(", self.test);
        let Some(at) = lines.iter().position(|line| line.trim_start().starts_with(&name)) else { return String::new() };
        let indent = |line: &str| line.chars().take_while(|letter| *letter == ' ').collect::<String>();
        let end = indent(lines.get(at).copied().unwrap_or_default()) + "}";
        let before = lines.iter().take(at).rev().take_while(|line| line.trim_start().starts_with(['#', '/'])).count();
        let body = lines.iter().skip(at).position(|line| **line == end).unwrap_or_default();
        let of_test = lines.iter().skip(at.saturating_sub(before)).take(before.saturating_add(body).saturating_add(1));
        of_test.copied().collect::<Vec<_>>().join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests;
