//! A number for each slot of a day, in few bytes: a meter's day is written anew with every slot, and most of it is empty for most of the day.
//!
//! One byte says how many slots there are up to the last that is not 0, one how many bytes each takes (two's complement, the first byte the lowest; no
//! more than the largest needs), then come the numbers. A day has one encoding; any other is refused.

use super::DAY_SLOTS;
use borsh::io::{Error, ErrorKind, Read, Result, Write};

const SLOTS: usize = DAY_SLOTS as usize;
/// What [`write`] adds to the numbers, bytes.
pub(super) const HEAD_BYTES: u32 = 2;

pub(super) fn write<T: Copy + Into<i64>, W: Write>(day: &[T; SLOTS], to: &mut W) -> Result<()> {
    let numbers = day.map(Into::into);
    let (slots, width) = size(&numbers);
    to.write_all(&[slots, width])?;
    for number in numbers.iter().take(slots.into()) {
        for byte in number.to_le_bytes().iter().take(width.into()) {
            to.write_all(&[*byte])?;
        }
    }
    Ok(())
}

pub(super) fn read<T: Copy + Default + TryFrom<i64>, R: Read>(from: &mut R) -> Result<[T; SLOTS]> {
    let bad = || Error::new(ErrorKind::InvalidData, "not a day as it is written");
    let mut head = [0; HEAD_BYTES as usize];
    from.read_exact(&mut head)?;
    let [slots, width] = head;
    let (mut numbers, mut day) = ([0; SLOTS], [T::default(); SLOTS]);
    let mut places = numbers.iter_mut().zip(&mut day);
    for _ in 0..slots {
        let (number, value) = places.next().ok_or_else(bad)?;
        let mut bytes = [0; 8];
        from.read_exact(bytes.get_mut(..width.into()).ok_or_else(bad)?)?;
        let unused = 64u32.saturating_sub(u32::from(width).saturating_mul(8));
        *number = i64::from_le_bytes(bytes).checked_shl(unused).unwrap_or(0) >> unused.min(63);
        *value = T::try_from(*number).map_err(|_| bad())?;
    }
    if size(&numbers) == (slots, width) { Ok(day) } else { Err(bad()) }
}

/// How many slots are written, and in how many bytes each.
fn size(numbers: &[i64; SLOTS]) -> (u8, u8) {
    let slots = numbers.iter().rposition(|number| *number != 0).map_or(0, |last| last.saturating_add(1));
    let bits = |number: &i64| 65u32.saturating_sub((number ^ (number >> 63)).leading_zeros()); // with the sign
    let most = if slots == 0 { 0 } else { numbers.iter().map(bits).max().unwrap_or(0) };
    (u8::try_from(slots).unwrap_or(u8::MAX), u8::try_from(most.div_ceil(8)).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes<T: Copy + Into<i64>>(day: &[T; SLOTS]) -> Vec<u8> {
        let mut all = Vec::new();
        write(day, &mut all).expect("a vector takes all");
        all
    }

    fn day<T: Copy + Default>(first: &[T]) -> [T; SLOTS] {
        let mut day = [T::default(); SLOTS];
        day[..first.len()].copy_from_slice(first);
        day
    }

    #[test]
    fn a_day_takes_what_its_numbers_need() {
        assert_eq!(bytes(&day::<i32>(&[])), [0, 0]);
        assert_eq!(bytes(&day(&[0, -1])), [2, 1, 0, 255]);
        assert_eq!(bytes(&day(&[127, -128])), [2, 1, 127, 128]);
        assert_eq!(bytes(&day(&[1, 128])), [2, 2, 1, 0, 128, 0]);
        assert_eq!(bytes(&[-300i32; SLOTS]).len(), 2 + 2 * SLOTS);
        assert_eq!(bytes(&[i64::MIN; SLOTS]).len(), HEAD_BYTES as usize + 8 * SLOTS);
    }

    #[test]
    fn what_is_not_written_so_is_refused() {
        let wide = [&[1u8, 5][..], &(1i64 << 33).to_le_bytes()[..5]].concat();
        assert!(read::<i64, _>(&mut &wide[..]).is_ok() && read::<i32, _>(&mut &wide[..]).is_err(), "it does not fit");
        for (bytes, why) in [
            (&[0, 1][..], "a width without a number"),
            (&[1, 1, 0], "a 0 at the end"),
            (&[1, 2, 5, 0], "wider than it needs to be"),
            (&[1, 0], "no width"),
            (&[1, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1], "wider than any"),
            (&[2, 1, 5], "too short"),
            (&[97; 200], "longer than a day"),
        ] {
            assert!(read::<i64, _>(&mut &bytes[..]).is_err(), "{why}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(numbers in prop::collection::vec(prop_oneof![Just(0i64), -200..200i64, any::<i64>()], 0..=SLOTS)) {
            let day = day(&numbers);
            let written = bytes(&day);
            let mut rest = &written[..];
            prop_assert_eq!(read::<i64, _>(&mut rest).expect("as it was written"), day);
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn what_is_read_has_one_encoding(all in prop::collection::vec(any::<u8>(), 0..64), head in (0..5u8, 0..9u8)) {
            let all = [&[head.0, head.1][..], &all].concat();
            let mut rest = &all[..];
            if let Ok(day) = read::<i64, _>(&mut rest) {
                prop_assert_eq!(&bytes(&day)[..], &all[..all.len() - rest.len()]);
            }
        }
    }
}
