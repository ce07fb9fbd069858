//! What a passkey signs (W3C Web Authentication, Level 3, 7.2): SHA-256 over authenticatorData and the SHA-256 of
//! clientDataJSON, whose challenge is the transaction's hash.
//!
//! clientDataJSON is parsed and never matched against a template: browsers order and extend it as they like. Which web site
//! the passkey belongs to (rpIdHash, origin) is between the person and their browser and is not checked here.

use super::recover::sha256;
use alloy_primitives::B256;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use std::borrow::Cow;

/// authenticatorData without extensions: rpIdHash, flags, counter.
const AUTHENTICATOR_DATA_BYTES: usize = 37;
const FLAGS: usize = 32;
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

/// Why a passkey's answer is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebAuthnError {
    #[error("it has {bytes} bytes, fewer than authenticatorData's {AUTHENTICATOR_DATA_BYTES}")]
    TooShort { bytes: usize },
    #[error("its flags {0:#04x} say that nobody was there (neither UP nor UV)")]
    NobodyThere(u8),
    #[error("its flags {0:#04x} name an attestation or extensions, which an assertion for this chain has not")]
    Extended(u8),
    #[error("clientDataJSON is no JSON object with type and challenge")]
    NoClientData,
    #[error("its type is {0:?}, not \"webauthn.get\"")]
    Type(String),
    #[error("its challenge is another transaction's")]
    Challenge,
}

#[derive(Deserialize)]
struct ClientData<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    challenge: Cow<'a, str>,
}

/// The hash that the passkey's key signed, where `data` answers the challenge `hash`.
pub(super) fn signed_hash(data: &[u8], hash: &B256) -> Result<B256, WebAuthnError> {
    let Some((authenticator, client)) = data.split_at_checked(AUTHENTICATOR_DATA_BYTES) else {
        return Err(WebAuthnError::TooShort { bytes: data.len() });
    };
    let flags = authenticator[FLAGS];
    if flags & (USER_PRESENT | USER_VERIFIED) == 0 {
        return Err(WebAuthnError::NobodyThere(flags));
    }
    if flags & (ATTESTED | EXTENSIONS) != 0 {
        return Err(WebAuthnError::Extended(flags));
    }
    let text = std::str::from_utf8(client).map_err(|_| WebAuthnError::NoClientData)?;
    let parsed: ClientData<'_> = serde_json::from_str(text).map_err(|_| WebAuthnError::NoClientData)?;
    if parsed.kind != "webauthn.get" {
        return Err(WebAuthnError::Type(parsed.kind.into_owned()));
    }
    if parsed.challenge != URL_SAFE_NO_PAD.encode(hash) {
        return Err(WebAuthnError::Challenge);
    }
    Ok(sha256(&[authenticator, sha256(&[client]).as_slice()]))
}
