//! The signatures of a batch: which key signed, and for whom.
//!
//! Bytes: 65 without a type byte are secp256k1 `r ‖ s ‖ v` with v 27 or 28; `0x01` is P-256 `r ‖ s ‖ x ‖ y ‖ prehash`; `0x02`
//! is WebAuthn `authenticatorData ‖ clientDataJSON ‖ r ‖ s ‖ x ‖ y`; `0x04 ‖ account` stands before the signature of an access
//! key. A key's address is the last 20 bytes of keccak256(x ‖ y). High s is refused everywhere: whoever signs by a device
//! that gives it has to put n − s in its place.

use super::KeyKind;
use alloy_primitives::{Address, Bytes, Signature, keccak256};

/// Longest authenticatorData ‖ clientDataJSON of a passkey's answer.
pub const WEBAUTHN_DATA_MAX_BYTES: usize = 2_048 - 128;
const SECP256K1_BYTES: usize = 65;
const P256_TYPE: u8 = 0x01;
const WEBAUTHN_TYPE: u8 = 0x02;
/// Tempo's older form, in which the signature does not cover the account.
const ACCESS_KEY_UNBOUND_TYPE: u8 = 0x03;
const ACCESS_KEY_TYPE: u8 = super::ACCESS_KEY_MAGIC;
/// r, s, x and y.
const P256_PARTS_BYTES: usize = 128;
/// Longest signature of a sender.
pub const SIGNATURE_MAX_BYTES: usize = 2 + 20 + WEBAUTHN_DATA_MAX_BYTES + P256_PARTS_BYTES;

/// Why bytes are no signature that this chain knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("it is empty")]
    Empty,
    #[error("it has {bytes} bytes, which no signature of its type has")]
    Length { bytes: usize },
    #[error(
        "type {0:#04x} is not known; 65 bytes without a type are secp256k1, 0x01 is P-256, 0x02 WebAuthn, 0x04 an access key"
    )]
    UnknownType(u8),
    #[error("v is {0}, not 27 or 28")]
    Parity(u8),
    #[error("its prehash byte is {0}, not 0 or 1")]
    Prehash(u8),
    #[error("an access key's signature must cover the account: type 0x04, not 0x03")]
    Unbound,
    #[error("an access key signs for itself, not for another access key")]
    Nested,
    #[error("the passkey's answer has {bytes} bytes, at most {WEBAUTHN_DATA_MAX_BYTES} are taken")]
    AnswerTooLong { bytes: usize },
}

/// A P-256 signature and the key that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct P256Signature {
    /// r ‖ s.
    pub rs: [u8; 64],
    /// x ‖ y.
    pub point: [u8; 64],
}

/// A signature by one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySignature {
    Secp256k1(Signature),
    /// With `prehash` the key signed SHA-256 of the hash, as WebCrypto does.
    P256 {
        signature: P256Signature,
        prehash: bool,
    },
    /// `data` is authenticatorData ‖ clientDataJSON.
    WebAuthn {
        signature: P256Signature,
        data: Bytes,
    },
}

/// A sender's signature: by the account's own key, or by an access key for `account`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderSignature {
    pub account: Option<Address>,
    pub key: KeySignature,
}

impl SenderSignature {
    /// # Errors
    /// [`SignatureError`]; whether it verifies is not asked.
    pub fn decode(bytes: &[u8]) -> Result<Self, SignatureError> {
        match bytes {
            [ACCESS_KEY_UNBOUND_TYPE, ..] if bytes.len() != SECP256K1_BYTES => Err(SignatureError::Unbound),
            [ACCESS_KEY_TYPE, rest @ ..] if bytes.len() != SECP256K1_BYTES => {
                let (account, key) = rest.split_first_chunk::<20>().ok_or(SignatureError::Length { bytes: bytes.len() })?;
                Ok(Self { account: Some(account.into()), key: KeySignature::decode(key)? })
            }
            _ => Ok(Self { account: None, key: KeySignature::decode(bytes)? }),
        }
    }

    pub fn encoded(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + 20 + 1 + P256_PARTS_BYTES + 1);
        if let Some(account) = self.account {
            bytes.push(ACCESS_KEY_TYPE);
            bytes.extend_from_slice(account.as_slice());
        }
        self.key.encode(&mut bytes);
        bytes
    }
}

impl KeySignature {
    /// # Errors
    /// [`SignatureError`]; whether it verifies is not asked.
    pub fn decode(bytes: &[u8]) -> Result<Self, SignatureError> {
        let length = || SignatureError::Length { bytes: bytes.len() };
        if let Ok([rs @ .., v]) = <&[u8; SECP256K1_BYTES]>::try_from(bytes) {
            return match v {
                27 | 28 => Ok(Self::Secp256k1(Signature::from_bytes_and_parity(rs, *v == 28))),
                other => Err(SignatureError::Parity(*other)),
            };
        }
        match bytes {
            [] => Err(SignatureError::Empty),
            [P256_TYPE, rest @ ..] => {
                let [parts @ .., prehash] = <&[u8; P256_PARTS_BYTES + 1]>::try_from(rest).map_err(|_| length())?;
                if *prehash > 1 {
                    return Err(SignatureError::Prehash(*prehash));
                }
                Ok(Self::P256 { signature: P256Signature::from_parts(parts), prehash: *prehash == 1 })
            }
            [WEBAUTHN_TYPE, rest @ ..] => {
                let (data, parts) = rest.split_last_chunk::<P256_PARTS_BYTES>().ok_or_else(length)?;
                if data.len() > WEBAUTHN_DATA_MAX_BYTES {
                    return Err(SignatureError::AnswerTooLong { bytes: data.len() });
                }
                Ok(Self::WebAuthn { signature: P256Signature::from_parts(parts), data: Bytes::copy_from_slice(data) })
            }
            [ACCESS_KEY_TYPE | ACCESS_KEY_UNBOUND_TYPE, ..] => Err(SignatureError::Nested),
            [other, ..] => Err(SignatureError::UnknownType(*other)),
        }
    }

    /// Puts its bytes at the end of `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Secp256k1(signature) => out.extend_from_slice(&signature.as_bytes()),
            Self::P256 { signature, prehash } => {
                out.push(P256_TYPE);
                signature.encode(out);
                out.push(u8::from(*prehash));
            }
            Self::WebAuthn { signature, data } => {
                out.push(WEBAUTHN_TYPE);
                out.extend_from_slice(data);
                signature.encode(out);
            }
        }
    }

    pub const fn kind(&self) -> KeyKind {
        match self {
            Self::Secp256k1(_) => KeyKind::Secp256k1,
            Self::P256 { .. } => KeyKind::P256,
            Self::WebAuthn { .. } => KeyKind::WebAuthn,
        }
    }
}

impl P256Signature {
    fn from_parts(parts: &[u8; P256_PARTS_BYTES]) -> Self {
        let (mut rs, mut point) = ([0; 64], [0; 64]);
        rs.copy_from_slice(&parts[..64]);
        point.copy_from_slice(&parts[64..]);
        Self { rs, point }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.rs);
        out.extend_from_slice(&self.point);
    }

    /// The key's address.
    pub fn address(&self) -> Address {
        Address::from_word(keccak256(self.point))
    }
}
