//! What is scarce, shared in proportion.

use std::cmp::Reverse;

/// Parts of `total`, in proportion to `shares` and none larger than its share: [`divided`] where the shares add up to more, else the shares.
///
/// The parts add up to `total`, or to the sum of the shares where that is less; any `total`, at most 2³² shares.
pub fn pro_rata(total: u64, shares: &[u32]) -> Vec<u32> {
    let weights: Vec<u64> = shares.iter().map(|share| u64::from(*share)).collect();
    if total >= weights.iter().sum() {
        return shares.to_vec();
    }
    // Below its share, because the total is below the sum; and what has a remainder is below it by one at least.
    divided(total, &weights).into_iter().zip(shares).map(|(part, share)| u32::try_from(part).unwrap_or(*share)).collect()
}

/// Parts of `total`, in proportion to `weights`: rounded down, and the units that are left go to the largest remainders, the first of equals first.
/// They add up to it; all are 0 where the weights are. The weights add up to less than 2⁶⁴. (Hamilton's method; Balinski and Young, *Fair Representation*, 1982.)
pub fn divided(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum = u128::from(weights.iter().sum::<u64>());
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let mut left = total;
    let mut remainders = Vec::with_capacity(weights.len());
    let mut parts = Vec::with_capacity(weights.len());
    for (number, weight) in (0u32..).zip(weights) {
        let product = u128::from(total) * u128::from(*weight);
        let part = u64::try_from(product.div_euclid(sum)).unwrap_or(total); // at most the total
        left = left.saturating_sub(part);
        remainders.push((Reverse(product.rem_euclid(sum)), number));
        parts.push(part);
    }
    remainders.sort_unstable();
    for ((_, number), _) in remainders.iter().zip(0..left) {
        if let Some(part) = parts.get_mut(*number as usize) {
            *part = part.saturating_add(1);
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

    #[test]
    fn a_sum_larger_than_its_weights_is_divided_as_well() {
        let table: &[(u64, &[u64], &[u64])] = &[
            (0, &[3, 4], &[0, 0]),
            (100, &[], &[]),
            (100, &[0, 0], &[0, 0]),
            (100, &[1, 0, 1, 1], &[34, 0, 33, 33]),
            (11, &[80, 40, 40], &[5, 3, 3]), // 5.5, 2.75, 2.75
            (u64::MAX, &[1, 1], &[u64::MAX / 2 + 1, u64::MAX / 2]),
        ];
        for (total, weights, parts) in table {
            assert_eq!(divided(*total, weights), *parts, "{total} among {weights:?}");
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
