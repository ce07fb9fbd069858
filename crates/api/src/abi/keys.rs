//! Keys and signatures of machines as bytes.

use super::CallError;
use alloy_primitives::Bytes;
use dure_rules::keys::DeviceKey;

/// A signature r ‖ s, or a point x ‖ y.
pub(super) fn bytes64(bytes: &Bytes) -> Result<[u8; 64], CallError> {
    bytes.as_ref().try_into().map_err(|_| CallError::Malformed)
}

/// 0 P-256, 1 secp256k1; the key as x ‖ y.
pub(super) fn key(key_type: u8, public_key: &Bytes) -> Result<DeviceKey, CallError> {
    let point = bytes64(public_key)?;
    match key_type {
        0 => Ok(DeviceKey::P256(point)),
        1 => Ok(DeviceKey::Secp256k1(point)),
        _ => Err(CallError::Malformed),
    }
}

pub(super) fn key_parts(key: &DeviceKey) -> (u8, Bytes) {
    match key {
        DeviceKey::P256(point) => (0, Bytes::copy_from_slice(point)),
        DeviceKey::Secp256k1(point) => (1, Bytes::copy_from_slice(point)),
    }
}
