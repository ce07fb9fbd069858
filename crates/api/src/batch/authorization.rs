//! A key authorisation: what a full key of an account, mostly the one that its address is made from, allows another key.
//!
//! `rlp([[chainId, keyType, key, expiry?, limits?, scopes?, witness?, isAdmin?, account?], signature])`, where an empty string
//! stands for what is absent before something that is there. The signature covers keccak256 of the inner list.
//!
//! What is absent means "no limit" to Tempo. Here what is not listed is not allowed, so a limited key's authorisation has to list
//! its expiry, limits and scopes, and one that does not is refused by name.

use super::{KeySignature, SignatureError};
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256, keccak256};
use alloy_rlp::{Decodable, EMPTY_STRING_CODE, Header};
use dure_rules::accounts::{self, KeyKind, KeyTerms};
use dure_rules::{Amount, credits::CreditId};

/// Longest key authorisation, its signature included.
pub const KEY_AUTHORIZATION_MAX_BYTES: usize = 6_144;

/// Why bytes are not a key authorisation that this chain takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationError {
    #[error("its encoding is wrong: {0}")]
    Rlp(#[from] alloy_rlp::Error),
    #[error("it has {bytes} bytes, at most {KEY_AUTHORIZATION_MAX_BYTES} are taken")]
    TooLong { bytes: usize },
    #[error("key type {0} is not known; 0 is secp256k1, 1 P-256, 2 WebAuthn (accounts of several owners are not taken)")]
    KeyType(u8),
    #[error("it binds recipients to a selector, which keys of this chain cannot")]
    Recipients,
    #[error("it carries a witness, which this chain would not look at")]
    Witness,
    #[error("its mark of an admin key is {0}, not 1")]
    AdminMark(u64),
    #[error("its signature: {0}")]
    Signature(#[from] SignatureError),
    #[error("it names no {missing}, and what a limited key's authorisation does not list is not allowed; hint: list {missing}")]
    Unlimited { missing: &'static str },
}

/// How much of one credit may leave by the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendingLimit {
    /// The credit's address.
    pub credit: Address,
    /// Minor units.
    pub amount: U256,
    /// 0: once in the key's life.
    pub period_s: u64,
}

/// What of one target the key may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallScope {
    pub target: Address,
    /// Empty: everything.
    pub selectors: Vec<[u8; 4]>,
}

/// What a key is to be allowed, in Tempo's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedTerms {
    pub kind: KeyKind,
    /// Seconds since 1970-01-01 UTC; `None` for ever.
    pub expiry_s: Option<u64>,
    /// `None`: any amount of anything, which is refused unless it is for an admin key.
    pub limits: Option<Vec<SpendingLimit>>,
    /// `None`: anything may be called; as `limits`.
    pub scopes: Option<Vec<CallScope>>,
    pub admin: bool,
}

/// A signed key authorisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAuthorization {
    pub chain_id: u64,
    /// Address of the key that is allowed to act.
    pub key: Address,
    pub asked: AskedTerms,
    /// The account that it is for, where it says so.
    pub account: Option<Address>,
    /// The first key's, or that of an admin key of the account.
    pub signature: KeySignature,
    /// What the signature covers.
    pub hash: B256,
    /// The whole list as it stands in the transaction.
    pub rlp: Bytes,
}

impl AskedTerms {
    /// In the words of the rules. Numbers that are too large for them are the largest there are, and refused there by name.
    ///
    /// # Errors
    /// [`AuthorizationError::Unlimited`].
    pub fn terms(&self) -> Result<KeyTerms, AuthorizationError> {
        let (kind, admin) = (self.kind, self.admin);
        let listed = |missing| AuthorizationError::Unlimited { missing };
        if !admin {
            self.expiry_s.ok_or(listed("expiry"))?;
            self.limits.as_ref().ok_or(listed("limits"))?;
            self.scopes.as_ref().ok_or(listed("scopes"))?;
        }
        let limit = |limit: &SpendingLimit| accounts::Limit {
            credit: CreditId(limit.credit),
            amount: Amount::try_from(limit.amount).unwrap_or(Amount::MAX),
            period_ms: limit.period_s.saturating_mul(1_000),
        };
        let scope = |scope: &CallScope| accounts::Scope { target: scope.target, selectors: scope.selectors.clone() };
        Ok(KeyTerms {
            kind,
            admin,
            expires_ms: self.expiry_s.unwrap_or(0).saturating_mul(1_000),
            limits: self.limits.iter().flatten().map(limit).collect(),
            scopes: self.scopes.iter().flatten().map(scope).collect(),
        })
    }
}

impl KeyAuthorization {
    /// Takes one from the front of `buf`. Lists are as long as the bytes allow, and those are bounded.
    ///
    /// # Errors
    /// [`AuthorizationError`], in the order of the fields.
    pub fn decode(buf: &mut &[u8]) -> Result<Self, AuthorizationError> {
        let whole = *buf;
        let mut parts = Header::decode_bytes(buf, true)?;
        let rlp = &whole[..whole.len() - buf.len()];
        if rlp.len() > KEY_AUTHORIZATION_MAX_BYTES {
            return Err(AuthorizationError::TooLong { bytes: rlp.len() });
        }
        let signed = parts;
        let mut fields = Header::decode_bytes(&mut parts, true)?;
        let hash = keccak256(&signed[..signed.len() - parts.len()]);
        let signature = KeySignature::decode(Header::decode_bytes(&mut parts, false)?)?;
        let chain_id = u64::decode(&mut fields)?;
        let number = u8::decode(&mut fields)?;
        let kind = KeyKind::from_number(number).ok_or(AuthorizationError::KeyType(number))?;
        let key = Address::decode(&mut fields)?;
        let expiry_s = optional(&mut fields, |fields| Ok(u64::decode(fields)?))?;
        let limits = optional(&mut fields, |fields| list(fields, limit))?;
        let scopes = optional(&mut fields, |fields| list(fields, scope))?;
        if optional(&mut fields, |fields| Ok(B256::decode(fields)?))?.is_some() {
            return Err(AuthorizationError::Witness);
        }
        let admin = match optional(&mut fields, |fields| Ok(u64::decode(fields)?))? {
            None => false,
            Some(1) => true,
            Some(other) => return Err(AuthorizationError::AdminMark(other)),
        };
        let account = optional(&mut fields, |fields| Ok(Address::decode(fields)?))?;
        if !fields.is_empty() || !parts.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength.into());
        }
        let rlp = Bytes::copy_from_slice(rlp);
        let asked = AskedTerms { kind, expiry_s, limits, scopes, admin };
        Ok(Self { chain_id, key, asked, account, signature, hash, rlp })
    }
}

/// A field that may be missing at the end, or be an empty string.
fn optional<T>(
    fields: &mut &[u8],
    decode: impl FnOnce(&mut &[u8]) -> Result<T, AuthorizationError>,
) -> Result<Option<T>, AuthorizationError> {
    match fields.split_first() {
        None => Ok(None),
        Some((&EMPTY_STRING_CODE, rest)) => {
            *fields = rest;
            Ok(None)
        }
        Some(_) => decode(fields).map(Some),
    }
}

fn list<T>(fields: &mut &[u8], one: impl Fn(&mut &[u8]) -> Result<T, AuthorizationError>) -> Result<Vec<T>, AuthorizationError> {
    let mut items = Header::decode_bytes(fields, true)?;
    let mut all = Vec::new();
    while !items.is_empty() {
        let mut item = Header::decode_bytes(&mut items, true)?;
        all.push(one(&mut item)?);
        if !item.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength.into());
        }
    }
    Ok(all)
}

fn limit(item: &mut &[u8]) -> Result<SpendingLimit, AuthorizationError> {
    let (credit, amount) = (Address::decode(item)?, U256::decode(item)?);
    let period_s = if item.is_empty() { 0 } else { u64::decode(item)? };
    Ok(SpendingLimit { credit, amount, period_s })
}

fn scope(item: &mut &[u8]) -> Result<CallScope, AuthorizationError> {
    let target = Address::decode(item)?;
    let selectors = list(item, |rule| {
        let selector = FixedBytes::<4>::decode(rule)?.0;
        let recipients = Header::decode_bytes(rule, true)?;
        if recipients.is_empty() { Ok(selector) } else { Err(AuthorizationError::Recipients) }
    })?;
    Ok(CallScope { target, selectors })
}
