//! What an interface in JSON does not say: where the institutions stand, and what the numbers in it are called.

use dure_rules::orders::{DeviceStatus, Field, Mode, OrderState, Reason};
use dure_rules::powers::{Holder, NOBODY};
use dure_rules::roles::Role;
use dure_rules::{accounts, credits, deadlines, disputes, energy, ids::SYSTEM, orders, roles};
use serde_json::{Map, Value, json};

/// File name and JSON of what clients need beside the interfaces, kept in the repository's `abi/`.
pub fn documents() -> Vec<(&'static str, String)> {
    let pretty = |value: Value| serde_json::to_string_pretty(&value).unwrap_or_default() + "\n";
    vec![("addresses", pretty(addresses())), ("names", pretty(names()))]
}

/// Interfaces by address; a credit's address is the prefix and its number in the last four bytes.
fn addresses() -> Value {
    json!({
        "accounts": accounts::MODULE,
        "credits": credits::REGISTRY,
        "deadlines": deadlines::MODULE,
        "disputes": disputes::MODULE,
        "energy": energy::MODULE,
        "orders": orders::MODULE,
        "roles": roles::MODULE,
        "system": SYSTEM,
        "firstCredit": credits::CreditId::nth(1).0,
    })
}

/// Names by number: the n-th name of a list is number n.
fn names() -> Value {
    const FIELDS: [Field; 20] = [
        Field::Slot,
        Field::Unit,
        Field::Level,
        Field::Gtins,
        Field::Packs,
        Field::Shops,
        Field::Arbiters,
        Field::Amount,
        Field::Period,
        Field::Count,
        Field::Expiry,
        Field::Percent,
        Field::Name,
        Field::Content,
        Field::Stock,
        Field::SealedAddress,
        Field::Tracking,
        Field::Holiday,
        Field::Sum,
        Field::Credit,
    ];
    use credits::Field as Part;
    let fields = FIELDS.map(|field| format!("{field:?}"));
    let parts = [Part::Name, Part::Symbol, Part::Decimals, Part::Currency, Part::Period, Part::Amount];
    let parts = parts.map(|part| format!("{part:?}"));
    let statuses = [DeviceStatus::Active, DeviceStatus::Suspended, DeviceStatus::Retired].map(|status| format!("{status:?}"));
    let modes = [Mode::Auto, Mode::Confirm, Mode::Notify].map(|mode| format!("{mode:?}"));
    let states: Vec<_> = OrderState::ALL.iter().map(|state| state.name()).collect();
    let reasons: Vec<_> = Reason::ALL.iter().map(|reason| reason.name()).collect();
    let roles: Map<String, Value> = Role::ALL.iter().map(|role| (format!("{role:?}"), json!(*role as u8))).collect();
    let account_fields = account_fields().map(|field| format!("{field:?}"));
    let energy_fields = energy::Field::ALL.map(|field| format!("{field:?}"));
    let stages = energy::Stage::ALL.map(|stage| format!("{stage:?}"));
    let holders = Holder::ALL.map(|holder| format!("{holder:?}"));
    let nobody: Vec<_> = NOBODY.iter().map(|row| row.what).collect();
    json!({
        "holders": holders,
        "nobody": nobody,
        "orderStates": states,
        "reasons": reasons,
        "orderFields": fields,
        "creditFields": parts,
        "deviceStatuses": statuses,
        "mandateModes": modes,
        "keyTypes": ["P256", "Secp256k1"],
        "disputeStages": ["Pinned", "Fallback"],
        "deadlineKinds": ["Order", "Dispute", "Recovery", "Auction", "Slot", "Sharing", "Challenge"],
        "energyFields": energy_fields,
        "auctionStages": stages,
        "challengeStages": ["Asked", "Disputed"],
        "slotProgress": ["Running", "Settling", "Settled"],
        "certificateFlaws": ["NoCertificate", "Nodes", "Outside", "Price", "Contradiction", "OpenFlows", "Capacity", "Balance", "Path", "Order"],
        "accountFields": account_fields,
        "accountKeyKinds": ["Secp256k1", "P256", "WebAuthn"],
        "sealingKinds": ["X25519", "XWing"],
        "roles": roles,
    })
}

fn account_fields() -> [accounts::Field; 11] {
    use accounts::Field as F;
    [
        F::Admin,
        F::Expiry,
        F::Limits,
        F::Amount,
        F::Period,
        F::Scopes,
        F::Selectors,
        F::Threshold,
        F::Count,
        F::PublicKey,
        F::Overlap,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_at_their_numbers() {
        let names = names();
        let is = |list: &str, number: u8, name: &str| assert_eq!(names[list][usize::from(number)], name, "{list} {number}");
        is("orderFields", Field::Credit as u8, "Credit");
        is("orderFields", Field::Gtins as u8, "Gtins");
        is("accountFields", accounts::Field::Overlap as u8, "Overlap");
        is("energyFields", energy::Field::Arbiter as u8, "Arbiter");
        is("challengeStages", energy::ChallengeStage::Disputed as u8, "Disputed");
        is("auctionStages", energy::Stage::Cleared as u8, "Cleared");
        is("creditFields", credits::Field::Amount as u8, "Amount");
        is("reasons", Reason::EscrowShort as u8, "EscrowShort");
        is("reasons", Reason::ShopLeftOut as u8, "ShopLeftOut");
        assert_eq!(names["roles"]["Carrier"], Role::Carrier as u8);
    }
}
