//! Key authorisations for tests: the encoder that wallets have and a chain does not need.

use alloy_primitives::{Address, B256, keccak256};
use alloy_rlp::{EMPTY_STRING_CODE, Header};
use dure_api::batch::{AskedTerms, CallScope, KeyAuthorization, KeySignature, SpendingLimit};

pub(super) fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let payload = items.concat();
    let mut all = Vec::new();
    Header { list: true, payload_length: payload.len() }.encode(&mut all);
    all.extend(payload);
    all
}

/// The inner list, as viem writes it: what is absent is left out at the end and an empty string before something else.
fn unsigned(chain_id: u64, key: Address, asked: &AskedTerms, account: Option<Address>) -> Vec<u8> {
    let limits = asked.limits.as_ref().map(|limits| {
        let limit = |limit: &SpendingLimit| {
            let mut item = vec![alloy_rlp::encode(limit.credit), alloy_rlp::encode(limit.amount)];
            item.extend((limit.period_s > 0).then(|| alloy_rlp::encode(limit.period_s)));
            list(&item)
        };
        list(&limits.iter().map(limit).collect::<Vec<_>>())
    });
    let scopes = asked.scopes.as_ref().map(|scopes| {
        let rule = |selector: &[u8; 4]| list(&[alloy_rlp::encode(selector), list(&[])]);
        let scope = |scope: &CallScope| {
            list(&[alloy_rlp::encode(scope.target), list(&scope.selectors.iter().map(rule).collect::<Vec<_>>())])
        };
        list(&scopes.iter().map(scope).collect::<Vec<_>>())
    });
    let optional = [
        asked.expiry_s.map(alloy_rlp::encode),
        limits,
        scopes,
        None,
        asked.admin.then(|| alloy_rlp::encode(1u8)),
        account.map(alloy_rlp::encode),
    ];
    let mut fields = vec![alloy_rlp::encode(chain_id), alloy_rlp::encode(asked.kind as u8), alloy_rlp::encode(key)];
    let there = optional.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    fields.extend(optional.into_iter().take(there).map(|field| field.unwrap_or(vec![EMPTY_STRING_CODE])));
    list(&fields)
}

/// A key authorisation for `key`, signed by `sign`.
pub(crate) fn authorization(
    chain_id: u64,
    key: Address,
    asked: &AskedTerms,
    account: Option<Address>,
    sign: impl FnOnce(B256) -> KeySignature,
) -> KeyAuthorization {
    let unsigned = unsigned(chain_id, key, asked, account);
    let mut signature = Vec::new();
    sign(keccak256(&unsigned)).encode(&mut signature);
    let rlp = list(&[unsigned, alloy_rlp::encode(signature.as_slice())]);
    KeyAuthorization::decode(&mut &rlp[..]).unwrap()
}
