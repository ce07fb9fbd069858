//! Keys in files: a device's, an account's, a shop's key for addresses.
//!
//! A key file is one line, `kind hex`, readable by its owner alone. It is not encrypted: a machine that must act after a
//! power cut has nobody to ask for a password. What such a key can do is bounded on the chain.

use alloy_primitives::{Address, B256, hex};
use alloy_signer_local::PrivateKeySigner;
use dure_rules::orders::{DeviceBody, DeviceKey, DeviceMessage, MODULE, message_prehash, possession_prehash};
use k256::ecdsa::signature::hazmat::PrehashSigner as _;
use rand::{RngCore as _, rngs::OsRng};
use std::{
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// Why a key file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("{}: {why}", path.display())]
    File { path: PathBuf, why: String },
    #[error("{0} can be read by others; hint: chmod 600 {0}", path.display())]
    Open { path: PathBuf },
    #[error("{} is no key of this use: expected `{expected} HEX`", path.display())]
    Kind { path: PathBuf, expected: &'static str },
}

/// What a device signs with.
#[derive(Clone)]
pub enum DeviceSigner {
    P256(p256::ecdsa::SigningKey),
    Secp256k1(k256::ecdsa::SigningKey),
}

impl DeviceSigner {
    /// A fresh P-256 key, as secure elements have them.
    pub fn random() -> Self {
        loop {
            if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&random_bytes()) {
                return Self::P256(key);
            }
        }
    }

    /// `p256 HEX` or `secp256k1 HEX`.
    pub fn from_words(kind: &str, secret: &[u8]) -> Option<Self> {
        match kind {
            "p256" => p256::ecdsa::SigningKey::from_slice(secret).ok().map(Self::P256),
            "secp256k1" => k256::ecdsa::SigningKey::from_slice(secret).ok().map(Self::Secp256k1),
            _ => None,
        }
    }

    /// # Errors
    /// [`KeyError`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let (kind, secret) = read(path)?;
        Self::from_words(&kind, &secret).ok_or_else(|| KeyError::Kind { path: path.to_owned(), expected: "p256` or `secp256k1" })
    }

    /// # Errors
    /// Where a file of this name exists, or cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), KeyError> {
        match self {
            Self::P256(key) => write(path, "p256", &key.to_bytes()),
            Self::Secp256k1(key) => write(path, "secp256k1", &key.to_bytes()),
        }
    }

    /// x ‖ y.
    pub fn public(&self) -> DeviceKey {
        match self {
            Self::P256(key) => DeviceKey::P256(coordinates(key.verifying_key().to_sec1_point(false).as_bytes())),
            Self::Secp256k1(key) => DeviceKey::Secp256k1(coordinates(key.verifying_key().to_sec1_point(false).as_bytes())),
        }
    }

    /// r ‖ s with the low s, which the rules ask for.
    pub fn sign(&self, prehash: &B256) -> [u8; 64] {
        let signed = match self {
            Self::P256(key) => {
                let signature: Result<p256::ecdsa::Signature, _> = key.sign_prehash(prehash.as_slice());
                signature.map(|signature| signature.normalize_s().to_bytes().into())
            }
            Self::Secp256k1(key) => {
                let signature: Result<k256::ecdsa::Signature, _> = key.sign_prehash(prehash.as_slice());
                signature.map(|signature| signature.normalize_s().to_bytes().into())
            }
        };
        // Deterministic nonces (RFC 6979) fail for a prehash that is too short only.
        signed.unwrap_or([0; 64])
    }

    /// What shows, at registering and at a new key, that the device has the key.
    pub fn possession(&self, chain_id: u64, owner: Address, key_epoch: u32) -> [u8; 64] {
        self.sign(&possession_prehash(chain_id, owner, key_epoch, &self.public()))
    }

    /// The payload of a message, and its signature.
    pub fn message(&self, message: &DeviceMessage) -> (Vec<u8>, [u8; 64]) {
        let payload = borsh::to_vec(message).unwrap_or_default(); // into a vector it cannot fail
        let signature = self.sign(&message_prehash(&self.public(), &payload));
        (payload, signature)
    }
}

/// A message of a device about one of its slots, fresh by the newest block but one.
pub fn message(
    chain_id: u64,
    device: dure_rules::orders::DeviceId,
    slot: u8,
    (key_epoch, sequence): (u32, u64),
    head: &crate::node::Head,
    body: DeviceBody,
) -> DeviceMessage {
    let (height, block_hash) = (head.height.saturating_sub(1), head.parent_hash);
    DeviceMessage { chain_id, module: MODULE, device, slot, key_epoch, sequence, height, block_hash, body }
}

fn coordinates(point: &[u8]) -> [u8; 64] {
    point.get(1..65).and_then(|both| both.try_into().ok()).unwrap_or([0; 64])
}

/// 32 bytes from the system.
pub fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

/// The key of an account: `secp256k1 HEX`.
///
/// # Errors
/// [`KeyError`].
pub fn read_account(path: &Path) -> Result<PrivateKeySigner, KeyError> {
    let (kind, secret) = read(path)?;
    let key = (kind == "secp256k1").then(|| PrivateKeySigner::from_slice(&secret).ok()).flatten();
    key.ok_or_else(|| KeyError::Kind { path: path.to_owned(), expected: "secp256k1" })
}

/// Writes the key of an account.
///
/// # Errors
/// Where a file of this name exists, or cannot be written.
pub fn write_account(path: &Path, key: &PrivateKeySigner) -> Result<(), KeyError> {
    write(path, "secp256k1", key.to_bytes().as_slice())
}

/// Writes the key of an account over another one: a crash leaves the old file or the new one.
///
/// # Errors
/// Where it cannot be written.
pub fn replace_account(path: &Path, key: &PrivateKeySigner) -> Result<(), KeyError> {
    let failed = |error: std::io::Error| KeyError::File { path: path.to_owned(), why: error.to_string() };
    let beside = path.with_extension("part");
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    write_account(&beside, key)?;
    std::fs::rename(&beside, path).map_err(failed)
}

/// The kind and the secret in a key file.
///
/// # Errors
/// [`KeyError`].
pub fn read(path: &Path) -> Result<(String, Vec<u8>), KeyError> {
    let failed = |why: String| KeyError::File { path: path.to_owned(), why };
    let mode = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyError::Open { path: path.to_owned() });
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let (kind, secret) = text.trim().split_once(' ').ok_or_else(|| failed("expected one line: KIND HEX".into()))?;
    let secret = hex::decode(secret.trim()).map_err(|error| failed(format!("the key is no hex: {error}")))?;
    Ok((kind.to_owned(), secret))
}

/// Writes a key file that its owner alone can read.
///
/// # Errors
/// Where a file of this name exists, or cannot be written.
pub fn write(path: &Path, kind: &str, secret: &[u8]) -> Result<(), KeyError> {
    let failed = |error: std::io::Error| KeyError::File { path: path.to_owned(), why: error.to_string() };
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    writeln!(file, "{kind} {}", hex::encode(secret)).and_then(|()| file.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_its_owners_alone_and_is_never_overwritten() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("washer.key");
        let key = DeviceSigner::random();
        key.write(&path).expect("written");
        assert_eq!(DeviceSigner::read(&path).expect("read").public(), key.public());
        assert!(matches!(DeviceSigner::random().write(&path), Err(KeyError::File { .. })));
        assert!(matches!(read_account(&path), Err(KeyError::Kind { .. })), "a device's key is no account's");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("set");
        assert_eq!(DeviceSigner::read(&path).err(), Some(KeyError::Open { path }));
    }

    #[test]
    fn the_key_of_an_account_is_replaced_by_another_that_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("relay.key");
        let (old, new) = (PrivateKeySigner::random(), PrivateKeySigner::random());
        write_account(&path, &old).expect("written");
        std::fs::write(folder.path().join("relay.part"), "left by a crash").expect("written");
        replace_account(&path, &new).expect("replaced");
        assert_eq!(read_account(&path).expect("private").address(), new.address());
    }

    #[test]
    fn a_device_signs_what_the_rules_take() {
        use k256::ecdsa::signature::hazmat::PrehashVerifier as _;
        let DeviceSigner::P256(key) = DeviceSigner::random() else { unreachable!("random keys are P-256") };
        let prehash = B256::repeat_byte(7);
        for _ in 0..16 {
            let signature = DeviceSigner::P256(key.clone()).sign(&prehash);
            let read = p256::ecdsa::Signature::from_slice(&signature).expect("r and s");
            assert_eq!(read.normalize_s(), read, "s is low");
            key.verifying_key().verify_prehash(prehash.as_slice(), &read).expect("good");
        }
    }
}
