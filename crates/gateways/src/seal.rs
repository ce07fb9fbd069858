//! The delivery address, sealed to the shop: HPKE (RFC 9180), DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305,
//! base mode, fresh for every order.
//!
//! Sealed: 32 bytes of encapsulation ‖ ciphertext of 512 bytes ‖ tag of 16. Info: `dure.address`. Associated data: the
//! order's id, so that nobody sends an address to another order. Clear: salt, 32 bytes ‖ length, 2 bytes little-endian ‖
//! UTF-8 ‖ zeros. The mandate's commitment is keccak256(salt ‖ UTF-8): the shop sees that it was given the address that the
//! owner meant.

use alloy_primitives::{B256, keccak256};
use hpke::{
    Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _, aead::ChaCha20Poly1305, kdf::HkdfSha256,
    kem::X25519HkdfSha256,
};

type Kem = X25519HkdfSha256;
type Secret = <Kem as hpke::Kem>::PrivateKey;
type Public = <Kem as hpke::Kem>::PublicKey;
type Encapsulated = <Kem as hpke::Kem>::EncappedKey;

const INFO: &[u8] = b"dure.address";
/// Bytes of the clear text: every address looks alike.
pub const PADDED_BYTES: usize = 512;
/// Longest address, bytes of UTF-8.
pub const ADDRESS_MAX_BYTES: usize = PADDED_BYTES - 34;
const ENCAPSULATED_BYTES: usize = 32;

/// Why an address is not sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("the address has {0} bytes, at most {ADDRESS_MAX_BYTES} fit")]
    TooLong(usize),
    #[error("the shop's sealing key is no X25519 key")]
    NoKey,
    #[error("what is sealed was not sealed to this key for this order")]
    NotOurs,
    #[error("the sealed address is not the one that the owner committed to")]
    AnotherAddress,
}

/// Where a household wants its parcels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryAddress {
    /// Keeps the commitment from being guessed: there are few addresses in a town.
    pub salt: B256,
    pub text: String,
}

impl DeliveryAddress {
    /// What stands in the mandate.
    pub fn commitment(&self) -> B256 {
        keccak256([self.salt.as_slice(), self.text.as_bytes()].concat())
    }

    /// Seals to a shop for one order.
    ///
    /// # Errors
    /// [`SealError::TooLong`], [`SealError::NoKey`].
    pub fn seal(&self, to: B256, order: B256) -> Result<Vec<u8>, SealError> {
        let length = self.text.len();
        if length > ADDRESS_MAX_BYTES {
            return Err(SealError::TooLong(length));
        }
        let mut clear = [self.salt.as_slice(), &(length as u16).to_le_bytes(), self.text.as_bytes()].concat();
        clear.resize(PADDED_BYTES, 0);
        let public = Public::from_bytes(to.as_slice()).map_err(|_| SealError::NoKey)?;
        let sealed =
            hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, Kem>(&OpModeS::Base, &public, INFO, &clear, order.as_slice());
        let (encapsulated, ciphertext) = sealed.map_err(|_| SealError::NoKey)?;
        Ok([encapsulated.to_bytes().as_slice(), &ciphertext].concat())
    }

    /// Opens what was sealed for `order`, and compares it with what the owner committed to.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(sealed: &[u8], secret: &B256, order: B256, commitment: B256) -> Result<Self, SealError> {
        let (encapsulated, ciphertext) = sealed.split_at_checked(ENCAPSULATED_BYTES).ok_or(SealError::NotOurs)?;
        let encapsulated = Encapsulated::from_bytes(encapsulated).map_err(|_| SealError::NotOurs)?;
        let secret = Secret::from_bytes(secret.as_slice()).map_err(|_| SealError::NoKey)?;
        let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeR::Base,
            &secret,
            &encapsulated,
            INFO,
            ciphertext,
            order.as_slice(),
        );
        let address = Self::parse(&opened.map_err(|_| SealError::NotOurs)?).ok_or(SealError::NotOurs)?;
        if address.commitment() == commitment { Ok(address) } else { Err(SealError::AnotherAddress) }
    }

    fn parse(clear: &[u8]) -> Option<Self> {
        let (salt, rest) = clear.split_at_checked(32)?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let text = rest.get(..usize::from(u16::from_le_bytes(*length)))?;
        Some(Self { salt: B256::from_slice(salt), text: String::from_utf8(text.to_vec()).ok()? })
    }
}

/// The public half of a shop's sealing key.
///
/// # Errors
/// [`SealError::NoKey`].
pub fn public_of(secret: &B256) -> Result<B256, SealError> {
    let secret = Secret::from_bytes(secret.as_slice()).map_err(|_| SealError::NoKey)?;
    Ok(B256::from_slice(Kem::sk_to_pk(&secret).to_bytes().as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shop_reads_the_address_and_nobody_else_does() {
        let secret = B256::repeat_byte(3);
        let shop = public_of(&secret).expect("key");
        let (order, other) = (B256::repeat_byte(1), B256::repeat_byte(2));
        let home = DeliveryAddress { salt: B256::repeat_byte(9), text: "Bora, Lindenweg 3".into() };
        let sealed = home.seal(shop, order).expect("sealed");
        let elsewhere = DeliveryAddress { text: "Elsewhere 1".into(), ..home.clone() };
        assert_eq!(sealed.len(), elsewhere.seal(shop, order).expect("sealed").len(), "every address looks alike");
        assert_ne!(sealed, home.seal(shop, order).expect("sealed"), "two seals of one address cannot be told to be one");
        let meant = home.commitment();
        assert_eq!(DeliveryAddress::open(&sealed, &secret, order, meant), Ok(home.clone()));
        assert_eq!(DeliveryAddress::open(&sealed, &secret, other, meant), Err(SealError::NotOurs));
        assert_eq!(DeliveryAddress::open(&sealed, &B256::repeat_byte(4), order, meant), Err(SealError::NotOurs));
        assert_eq!(DeliveryAddress::open(&sealed[..40], &secret, order, meant), Err(SealError::NotOurs));
        assert_eq!(DeliveryAddress::open(&sealed, &secret, order, elsewhere.commitment()), Err(SealError::AnotherAddress));
    }

    #[test]
    fn an_address_that_does_not_fit_is_refused_and_the_longest_that_fits_is_taken() {
        let shop = public_of(&B256::repeat_byte(3)).expect("key");
        let of = |bytes| DeliveryAddress { salt: B256::ZERO, text: "a".repeat(bytes) };
        assert_eq!(of(ADDRESS_MAX_BYTES + 1).seal(shop, B256::ZERO), Err(SealError::TooLong(ADDRESS_MAX_BYTES + 1)));
        let sealed = of(ADDRESS_MAX_BYTES).seal(shop, B256::ZERO).expect("sealed");
        assert!(sealed.len() as u64 <= u64::from(dure_rules::orders::SEALED_MAX_BYTES));
    }
}
