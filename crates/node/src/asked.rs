//! What is asked, in the form that execution runs; and key authorisations, which are asked with and given.

use crate::wire::rpc_secp256k1;
use alloy_primitives::{B256, U64, U256};
use alloy_rpc_types_eth::TransactionRequest;
use dure_api::batch::{AskedTerms, AuthorizationError, Call, CallScope, KeyAuthorization, KeyKind, KeySignature, SpendingLimit};
use dure_execution::batch::Grant;
use dure_execution::views::Request;
use dure_server::{
    BackendError, CallRequest, EcdsaSignature, RpcKeyAuthorization, RpcKeySignature, RpcLimit, RpcScope, RpcSelector,
};
use std::num::NonZeroU64;

/// A question about a call or a batch. What names a key is a batch: nothing else can be signed by one.
///
/// # Errors
/// A kind of key or a key authorisation that this chain does not take.
pub fn rpc_request(asked: CallRequest) -> Result<Request, BackendError> {
    let webauthn_bytes = asked.webauthn_bytes();
    let kind = || asked.key_type.as_deref().map_or(Ok(KeyKind::Secp256k1), kind_of);
    let key = asked.key_id.map(|key| kind().map(|kind| (key, kind))).transpose()?;
    let grant = asked.key_authorization.map(grant_of).transpose()?;
    let calls = asked.calls.unwrap_or_default().into_iter();
    let mut calls: Vec<_> = calls.map(|call| Call { to: call.to.into(), value: call.value, input: call.data }).collect();
    if calls.is_empty() && (key.is_some() || grant.is_some()) {
        let TransactionRequest { to, value, input, .. } = &asked.single;
        let input = input.input().cloned().unwrap_or_default();
        calls.push(Call { to: to.unwrap_or_default(), value: value.unwrap_or_default(), input });
    }
    let nonce_key = asked.nonce_key.unwrap_or_default();
    Ok(Request { single: asked.single, calls, nonce_key, webauthn_bytes, key, grant })
}

/// As viem writes it.
pub const fn kind_name(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Secp256k1 => "secp256k1",
        KeyKind::P256 => "p256",
        KeyKind::WebAuthn => "webAuthn",
    }
}

fn kind_of(name: &str) -> Result<KeyKind, BackendError> {
    let unknown = || BackendError::Refused(format!("key type {name} is not known; secp256k1, p256 and webAuthn are"));
    KeyKind::ALL.into_iter().find(|kind| kind_name(*kind) == name).ok_or_else(unknown)
}

/// As if a full key of the account had signed it: a question carries no promise.
fn grant_of(asked: RpcKeyAuthorization) -> Result<Grant, BackendError> {
    let refused = |error: AuthorizationError| BackendError::Refused(format!("the key authorisation is not taken: {error}"));
    let RpcKeyAuthorization { key_id: key, key_type, expiry, limits, allowed_calls, is_admin, .. } = asked;
    if allowed_calls.iter().flatten().flat_map(|scope| &scope.selector_rules).any(|rule| !rule.recipients.is_empty()) {
        return Err(refused(AuthorizationError::Recipients));
    }
    let limit = |limit: RpcLimit| {
        let period_s = limit.period.map_or(0, |period| period.to());
        SpendingLimit { credit: limit.token, amount: limit.limit, period_s }
    };
    let scope = |scope: RpcScope| {
        let selectors = scope.selector_rules.iter().map(|rule| rule.selector.0).collect();
        CallScope { target: scope.target, selectors }
    };
    let asked = AskedTerms {
        kind: kind_of(&key_type)?,
        expiry_s: expiry.map(|expiry| expiry.to()),
        limits: limits.map(|limits| limits.into_iter().map(limit).collect()),
        scopes: allowed_calls.map(|scopes| scopes.into_iter().map(scope).collect()),
        admin: is_admin.unwrap_or(false),
    };
    Ok(Grant { by: None, key, terms: asked.terms().map_err(refused)? })
}

pub fn rpc_key_authorization(signed: &KeyAuthorization) -> RpcKeyAuthorization {
    let AskedTerms { kind, expiry_s, limits, scopes, admin } = &signed.asked;
    let limit = |limit: &SpendingLimit| {
        let period = NonZeroU64::new(limit.period_s).map(|period| U64::from(period.get()));
        RpcLimit { token: limit.credit, limit: limit.amount, period }
    };
    let rule = |selector: &[u8; 4]| RpcSelector { selector: (*selector).into(), recipients: Vec::new() };
    let scope = |scope: &CallScope| RpcScope { target: scope.target, selector_rules: scope.selectors.iter().map(rule).collect() };
    RpcKeyAuthorization {
        chain_id: U256::from(signed.chain_id),
        key_id: signed.key,
        key_type: kind_name(*kind).into(),
        expiry: expiry_s.map(U64::from),
        limits: limits.as_ref().map(|limits| limits.iter().map(limit).collect()),
        allowed_calls: scopes.as_ref().map(|scopes| scopes.iter().map(scope).collect()),
        is_admin: admin.then_some(true),
        account: signed.account,
        signature: Some(rpc_key_signature(&signed.signature)),
    }
}

fn rpc_key_signature(signature: &KeySignature) -> RpcKeySignature {
    let word = |bytes: &[u8; 64], half: usize| B256::from_slice(&bytes[half * 32..][..32]);
    match signature {
        KeySignature::Secp256k1(signature) => {
            let EcdsaSignature { r, s, y_parity, .. } = rpc_secp256k1(signature);
            RpcKeySignature::Secp256k1 { r, s, y_parity }
        }
        KeySignature::P256 { signature: of, prehash: pre_hash } => {
            let (r, s, pub_key_x, pub_key_y) = (word(&of.rs, 0), word(&of.rs, 1), word(&of.point, 0), word(&of.point, 1));
            RpcKeySignature::P256 { r, s, pub_key_x, pub_key_y, pre_hash: *pre_hash }
        }
        KeySignature::WebAuthn { signature: of, data } => {
            let (r, s, pub_key_x, pub_key_y) = (word(&of.rs, 0), word(&of.rs, 1), word(&of.point, 0), word(&of.point, 1));
            RpcKeySignature::WebAuthn { r, s, pub_key_x, pub_key_y, webauthn_data: data.clone() }
        }
    }
}
