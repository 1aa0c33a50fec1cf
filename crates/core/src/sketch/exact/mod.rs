//! Counts over a small known domain: ports, query types, response codes. No sketch, and no error.
//!
//! A counter for each of the 65536 values would do, if a policy didn't have many of these: they stand in pages of
//! 256 counters, made when a value of theirs is first seen.

mod bytes;

use super::ranking::weight_of_rank;

const PAGE: usize = 256;

/// For longer lists than this, sorting all values is quicker than looking for those that matter.
const MOST_RANKED: usize = 64;

type Page = [u64; PAGE];

/// Weights added up per 16-bit value.
#[derive(Debug, Clone, Default)]
pub struct Exact {
    /// Page of each upper byte, up to the highest that was ever needed.
    pages: Vec<Option<Box<Page>>>,
}

impl Exact {
    pub fn new() -> Self {
        Self::default()
    }

    #[inline]
    pub fn add(&mut self, value: u16, weight: u64) {
        let (upper, lower) = (usize::from(value >> 8), usize::from(value & 0xff));
        if let Some(Some(page)) = self.pages.get_mut(upper) {
            page[lower] = page[lower].saturating_add(weight);
        } else {
            self.page(upper)[lower] = weight;
        }
    }

    /// The page of an upper byte, made if need be.
    #[inline(never)]
    fn page(&mut self, upper: usize) -> &mut Page {
        if upper >= self.pages.len() {
            self.pages.resize(upper + 1, None);
        }
        self.pages[upper].get_or_insert_with(|| Box::new([0; PAGE]))
    }

    /// Adds the counts of another stream.
    pub fn merge(&mut self, other: &Exact) {
        for (upper, theirs) in other.pages.iter().enumerate() {
            if let Some(theirs) = theirs {
                for (mine, theirs) in self.page(upper).iter_mut().zip(theirs.iter()) {
                    *mine = mine.saturating_add(*theirs);
                }
            }
        }
    }

    /// The values of greatest weight, descending; equals by value, ascending. Values of weight 0 don't count.
    pub fn top(&self, count: usize) -> Vec<(u16, u64)> {
        let weights = self.pages.iter().flatten().flat_map(|page| page.iter().copied());
        let least = if count <= MOST_RANKED { weight_of_rank(weights, count) } else { 0 };
        let mut ranked: Vec<(u16, u64)> = self.iter().filter(|(_, weight)| *weight >= least).collect();
        ranked.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.truncate(count);
        ranked
    }

    /// The values that have a weight, ascending.
    fn iter(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        let pages = self.pages.iter().enumerate().filter_map(|(upper, page)| Some((upper, page.as_deref()?)));
        pages
            .flat_map(|(upper, page)| {
                (0..).zip(page).map(move |(lower, &weight)| ((upper * PAGE + lower) as u16, weight))
            })
            .filter(|(_, weight)| *weight > 0)
    }

    /// The sum of all weights.
    pub fn stream_weight(&self) -> u64 {
        self.iter().fold(0, |sum, (_, weight)| sum.saturating_add(weight))
    }

    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.pages.capacity() * size_of::<Option<Box<Page>>>()
            + self.pages.iter().flatten().count() * size_of::<Page>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch::reader::Reader;
    use datasketches::frequencies::FrequentItemsSketch;
    use proptest::prelude::*;

    fn exact_of(entries: &[(u16, u64)]) -> Exact {
        let mut exact = Exact::new();
        entries.iter().for_each(|&(value, weight)| exact.add(value, weight));
        exact
    }

    fn union_of(parts: &[&Exact]) -> Exact {
        let mut union = Exact::new();
        parts.iter().for_each(|part| union.merge(part));
        union
    }

    #[test]
    fn the_top_is_by_weight_and_then_by_value() {
        let exact = exact_of(&[(443, 2), (53, 5), (65535, 1), (80, 2), (53, 1), (0, 0)]);
        assert_eq!(exact.top(3), [(53, 6), (80, 2), (443, 2)]);
        assert_eq!(exact.top(10).len(), 4);
        assert_eq!(exact.stream_weight(), 11);
    }

    #[test]
    fn only_pages_that_were_touched_take_memory() {
        assert!(Exact::new().is_empty() && Exact::new().memory_bytes() < 64);
        assert!(exact_of(&[(53, 1), (65, 1)]).memory_bytes() < 2200);
        assert!(exact_of(&[(65535, u64::MAX), (65535, 1)]).memory_bytes() < 4200);
    }

    #[test]
    fn datasketches_reads_the_image() {
        let exact = exact_of(&[(53, 6), (443, 2)]);
        let theirs = FrequentItemsSketch::<String>::deserialize(&exact.to_bytes(|port| port.to_string())).unwrap();
        assert_eq!((theirs.estimate("53"), theirs.estimate("443"), theirs.maximum_error()), (6, 2, 0));
        assert_eq!(theirs.total_weight(), 8);
        assert!(
            FrequentItemsSketch::<String>::deserialize(&Exact::new().to_bytes(|_| String::new())).unwrap().is_empty()
        );
    }

    #[test]
    fn an_image_of_too_many_values_keeps_the_heaviest_and_says_what_it_may_miss() {
        let all: Vec<(u16, u64)> = (0..=u16::MAX).map(|value| (value, 1 + u64::from(value / 16))).collect();
        let exact = exact_of(&all);
        let theirs = FrequentItemsSketch::<String>::deserialize(&exact.to_bytes(|port| port.to_string())).unwrap();
        assert_eq!(theirs.total_weight(), exact.stream_weight());
        for (value, weight) in all {
            let text = value.to_string();
            assert!(theirs.lower_bound(&text) <= weight && weight <= theirs.upper_bound(&text), "{value}");
        }
        assert_eq!(theirs.estimate("65535"), 4096);
    }

    proptest! {
        #[test]
        fn what_is_saved_comes_back(a in prop::collection::vec((any::<u16>(), any::<u64>()), 0..50)) {
            let (exact, mut out) = (exact_of(&a), Vec::new());
            exact.save(&mut out);
            let back = Exact::restore(&mut Reader::new("test", &out)).unwrap();
            prop_assert_eq!(back.top(usize::MAX), exact.top(usize::MAX));
        }

        #[test]
        fn merging_has_no_order_and_nothing_changes_nothing(
            a in prop::collection::vec((0_u16..2000, 0_u64..100), 0..50),
            b in prop::collection::vec((any::<u16>(), any::<u64>()), 0..50),
            c in prop::collection::vec((any::<u16>(), 0_u64..100), 0..50),
        ) {
            let (a, b, c) = (exact_of(&a), exact_of(&b), exact_of(&c));
            let shown = |exact: &Exact| (exact.top(usize::MAX), exact.to_bytes(|value| value.to_string()));
            prop_assert_eq!(shown(&union_of(&[&a, &b])), shown(&union_of(&[&b, &a])));
            prop_assert_eq!(
                shown(&union_of(&[&union_of(&[&a, &b]), &c])),
                shown(&union_of(&[&a, &union_of(&[&b, &c])]))
            );
            prop_assert_eq!(shown(&union_of(&[&a, &Exact::new()])), shown(&a));
        }
    }
}
