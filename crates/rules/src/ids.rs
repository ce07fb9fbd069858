//! Names and units that every institution shares.

pub use alloy_primitives::{Address, B256, address};
use borsh::{BorshDeserialize, BorshSerialize};

/// A record's place in the authenticated database: a tag byte and 31 bytes of hash.
pub type Key = B256;

/// Minor units of a stated credit. Never above [`crate::bounds::AMOUNT_MAX`].
pub type Amount = u128;

/// The caller of deadlines that run by themselves. Nobody holds a key for it.
pub const SYSTEM: Address = address!("d00e00000000000000000000000000000000ffff");

/// Whether an institution stands at `address`: `0xd00e`, 16 zero bytes and a number, or, for a credit, `0xd00ec0`, 13 zero
/// bytes and a number. So many fixed bytes that nobody finds a key for such an address.
pub fn is_module(address: &Address) -> bool {
    let bytes = address.0;
    bytes[..2] == [0xd0, 0x0e]
        && bytes[3..16].iter().all(|byte| *byte == 0)
        && match bytes[2] {
            0x00 => bytes[16..18] == [0, 0],
            0xc0 => true,
            _ => false,
        }
}

/// A number of the GS1 system with a mod-10 check digit (GS1 General Specifications, 7.9.1).
macro_rules! gs1 {
    ($(#[$doc:meta])* $name:ident, $digits:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
        pub struct $name(u64);

        impl $name {
            /// Digits, check digit included.
            pub const DIGITS: u32 = $digits;

            /// # Errors
            /// `None` where the number has more digits than the standard allows or its check digit is wrong.
            pub const fn new(number: u64) -> Option<Self> {
                if number >= 10u64.pow($digits) || !check_digit_holds(number) { None } else { Some(Self(number)) }
            }

            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl BorshDeserialize for $name {
            fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
                let number = u64::deserialize_reader(reader)?;
                Self::new(number).ok_or_else(|| borsh::io::Error::new(borsh::io::ErrorKind::InvalidData, "check digit"))
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{:0width$}", self.0, width = $digits as usize)
            }
        }

        impl core::str::FromStr for $name {
            type Err = Gs1Error;
            fn from_str(text: &str) -> Result<Self, Gs1Error> {
                if text.len() > $digits || text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(Gs1Error::Digits { expected: $digits });
                }
                let number = text.parse().map_err(|_| Gs1Error::Digits { expected: $digits })?;
                Self::new(number).ok_or(Gs1Error::CheckDigit)
            }
        }
    };
}

gs1!(
    /// Global Trade Item Number in its 14-digit form; shorter GTINs are padded with zeros on the left.
    Gtin, 14
);
gs1!(
    /// Global Location Number: a shop or a clinic.
    Gln, 13
);
gs1!(
    /// Serial Shipping Container Code: one parcel.
    Sscc, 18
);

/// Why a text is not a GS1 number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gs1Error {
    /// Something other than 1 to `expected` decimal digits.
    Digits { expected: u32 },
    /// The last digit does not match the others.
    CheckDigit,
}

impl core::error::Error for Gs1Error {}

impl core::fmt::Display for Gs1Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Digits { expected } => write!(f, "expected at most {expected} decimal digits"),
            Self::CheckDigit => write!(f, "the last digit does not match the others (GS1 mod-10 check digit)"),
        }
    }
}

/// Weights 3, 1, 3, … from the digit before the check digit leftwards; the whole sums to a multiple of ten.
const fn check_digit_holds(number: u64) -> bool {
    let (mut rest, mut weight, mut sum) = (number, 1, 0);
    while rest > 0 {
        sum += (rest % 10) * weight;
        weight = 4 - weight;
        rest /= 10;
    }
    sum % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_of_the_gs1_specification_hold() {
        for (text, good) in
            [("06141411234566", false), ("04006381333931", true), ("4006381333931", true), ("4006381333930", false)]
        {
            assert_eq!(text.parse::<Gtin>().is_ok(), good, "{text}");
        }
        assert_eq!("106141412345678908".parse::<Sscc>().map(|s| s.to_string()), Ok("106141412345678908".to_string()));
    }
}
