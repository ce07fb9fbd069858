//! What is scarce, shared in proportion.

use std::cmp::Reverse;

/// Parts of `total`, in proportion to `shares` and none larger than its share: rounded down, and the units that are left go to the
/// largest remainders, the first of equals first.
///
/// The parts add up to `total`, or to the sum of the shares where that is less; any `total`, at most 2³² shares. (Hamilton's method;
/// Balinski and Young, *Fair Representation*, 1982.)
pub fn pro_rata(total: u64, shares: &[u32]) -> Vec<u32> {
    let sum: u64 = shares.iter().map(|share| u64::from(*share)).sum();
    if total >= sum {
        return shares.to_vec();
    }
    let mut left = total;
    let mut remainders = Vec::with_capacity(shares.len());
    let mut parts = Vec::with_capacity(shares.len());
    for (number, share) in (0u32..).zip(shares) {
        let (product, sum) = (u128::from(total) * u128::from(*share), u128::from(sum));
        let part = u32::try_from(product.div_euclid(sum)).unwrap_or(*share); // below the share, because the total is below the sum
        left = left.saturating_sub(u64::from(part));
        remainders.push((Reverse(product.rem_euclid(sum)), number));
        parts.push(part);
    }
    remainders.sort_unstable();
    for ((_, number), _) in remainders.iter().zip(0..left) {
        if let Some(part) = parts.get_mut(*number as usize) {
            *part = part.saturating_add(1); // what has a remainder is below its share
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_largest_remainder_gets_what_rounding_leaves_and_the_first_of_equals_first() {
        let table: &[(u64, &[u32], &[u32])] = &[
            (0, &[], &[]),
            (5, &[], &[]),
            (0, &[3, 4], &[0, 0]),
            (5, &[0, 10], &[0, 5]),
            (5, &[5, 5], &[3, 2]),
            (2, &[1, 1, 1], &[1, 1, 0]),
            (10, &[6, 6, 2], &[4, 4, 2]), // 4.29, 4.29, 1.43
            (7, &[3, 4], &[3, 4]),
            (9, &[3, 4], &[3, 4]),
            (u64::MAX, &[u32::MAX, 1], &[u32::MAX, 1]),
            (4_294_967_295, &[u32::MAX, u32::MAX], &[2_147_483_648, 2_147_483_647]),
        ];
        for (total, shares, parts) in table {
            assert_eq!(pro_rata(*total, shares), *parts, "{total} among {shares:?}");
        }
    }

    proptest! {
        #[test]
        fn parts_add_up_stay_within_their_shares_and_are_off_by_less_than_one(
            shares in prop::collection::vec(prop_oneof![0u32..5, any::<u32>()], 0..20), total in prop_oneof![0u64..20, any::<u64>()],
        ) {
            let sum: u64 = shares.iter().map(|share| u64::from(*share)).sum();
            let parts = pro_rata(total, &shares);
            prop_assert_eq!(parts.iter().map(|part| u64::from(*part)).sum::<u64>(), total.min(sum));
            for (part, share) in parts.iter().zip(&shares) {
                prop_assert!(part <= share);
                let off = i128::from(*part) * i128::from(sum) - i128::from(total.min(sum)) * i128::from(*share);
                prop_assert!(off.abs() < i128::from(sum.max(1)));
            }
        }
    }
}
