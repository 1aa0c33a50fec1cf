//! The few greatest of many weights, in one pass that hardly ever has to do anything.

/// The weight that stands at a rank (1 is the greatest); 0 where there are not so many. Meant for small ranks.
pub(super) fn weight_of_rank(weights: impl Iterator<Item = u64>, rank: usize) -> u64 {
    if rank == 0 {
        return u64::MAX;
    }
    // Ascending, so that the first is what a weight must exceed.
    let mut greatest = vec![0; rank];
    for weight in weights {
        if weight > greatest[0] {
            let above = greatest.partition_point(|known| *known < weight);
            greatest.copy_within(1..above, 0);
            greatest[above - 1] = weight;
        }
    }
    greatest[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_what_sorting_finds(mut weights in prop::collection::vec(0_u64..20, 0..40), rank in 1_usize..12) {
            let found = weight_of_rank(weights.iter().copied(), rank);
            weights.sort_unstable_by(|a, b| b.cmp(a));
            prop_assert_eq!(found, weights.get(rank - 1).copied().unwrap_or(0));
        }
    }

    #[test]
    fn none_is_wanted() {
        assert_eq!(weight_of_rank([1, 2].into_iter(), 0), u64::MAX);
    }
}
