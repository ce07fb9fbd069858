//! Who could change this? The law's table of actions, with those who hold each power by the chain's records.

use crate::backend::{Backend, BackendError};
use crate::orders::scan;
use alloy_primitives::Address;
use dure_rules::credits::{CREDIT, Kind};
use dure_rules::orders::{DEVICES, OFFERS, SHOPS};
use dure_rules::powers::{Holder, NOBODY, POWERS};
use dure_rules::roles::{GRANT, ISSUER, Role};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Most holders of one kind that are named; the rest are counted.
const NAMED_MAX: usize = 100;

/// Every action with its holder, who holds each power now, and what nobody can do.
pub(crate) fn powers(backend: &dyn Backend) -> Result<Value, BackendError> {
    let actions: Vec<Value> =
        POWERS.iter().map(|(action, holder)| json!({ "action": action, "holder": format!("{holder:?}") })).collect();
    let nobody: Vec<Value> = NOBODY.iter().map(|row| json!({ "what": row.what, "file": row.file, "test": row.test })).collect();
    let mut holders = Map::new();
    for holder in Holder::ALL {
        if let Some(named) = named(backend, holder)? {
            let all: Vec<Value> = named.iter().take(NAMED_MAX).map(|(who, of)| json!({ "account": who, "of": of })).collect();
            holders.insert(format!("{holder:?}"), json!({ "count": named.len(), "named": all }));
        }
    }
    Ok(json!({ "actions": actions, "holders": holders, "nobody": nobody, "validators": backend.network()?.validators }))
}

/// Who holds a power by the records, and of what: a role's name, a credit's address. Nothing where no record says it.
fn named(backend: &dyn Backend, holder: Holder) -> Result<Option<BTreeSet<(Address, String)>>, BackendError> {
    let alone = |who: Address| (who, String::new());
    Ok(Some(match holder {
        Holder::CreditIssuer => {
            let credits = scan(backend, &CREDIT)?;
            let issued = credits.iter().filter_map(|credit| match credit.kind {
                Kind::Reserve { issuer } => Some((issuer, credit.id.0.to_string())),
                Kind::Community { .. } => None,
            });
            issued.collect()
        }
        Holder::RoleIssuer => scan(backend, &ISSUER)?.iter().map(|issuer| (issuer.issuer, role(issuer.role))).collect(),
        Holder::RoleHolder => scan(backend, &GRANT)?.iter().map(|grant| (grant.holder, role(grant.role))).collect(),
        Holder::Owner => scan(backend, &DEVICES)?.iter().map(|device| alone(device.owner)).collect(),
        Holder::Shop => scan(backend, &SHOPS)?.iter().map(|shop| alone(shop.account)).collect(),
        Holder::Arbiter => {
            let offers = scan(backend, &OFFERS)?;
            let standing = offers.iter().filter(|offer| !offer.withdrawn);
            standing.flat_map(|offer| offer.terms.arbiters.iter().copied().map(alone)).collect()
        }
        _ => return Ok(None),
    }))
}

fn role(role: Role) -> String {
    format!("{role:?}")
}
