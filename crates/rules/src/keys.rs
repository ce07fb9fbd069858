//! Keys of machines, and how what they sign is checked.

use crate::{B256, Draft, Source as _, Stop};
use alloy_primitives::keccak256;
use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest as _, Sha256};

/// Gas for one P-256 signature: the price of the P256VERIFY precompile (EIP-7951).
const P256_GAS: u64 = 6_900;
/// Gas for one secp256k1 signature: the price of `ecrecover`.
const SECP256K1_GAS: u64 = 3_000;

/// The public key that a device or a meter signs with: x ‖ y.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum DeviceKey {
    /// Signs sha256 of the message, as secure elements (ATECC608, TPM) do.
    P256([u8; 64]),
    /// Signs keccak256 of the message, as Ethereum libraries do.
    Secp256k1([u8; 64]),
}

impl DeviceKey {
    /// What the key signs: the hash of `domain` ‖ `payload`, by sha256 for P-256 and keccak256 for secp256k1.
    pub fn prehash(&self, domain: &str, payload: &[u8]) -> B256 {
        match self {
            Self::P256(_) => B256::from_slice(&Sha256::new().chain_update(domain).chain_update(payload).finalize()),
            Self::Secp256k1(_) => keccak256([domain.as_bytes(), payload].concat()),
        }
    }

    /// Whether the key signed `prehash`; charges for finding out.
    pub(crate) fn verifies(&self, d: &mut Draft<'_>, prehash: &B256, signature: &[u8; 64]) -> Result<bool, Stop> {
        match self {
            Self::P256(key) => {
                d.charge(P256_GAS)?;
                Ok(d.verifier.p256(key, prehash, signature))
            }
            Self::Secp256k1(key) => {
                d.charge(SECP256K1_GAS)?;
                Ok(d.verifier.secp256k1(key, prehash, signature))
            }
        }
    }
}
