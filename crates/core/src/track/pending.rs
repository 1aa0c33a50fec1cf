//! Requests that wait for their answers, one by one: for decoders, which meet messages in their order and keep more
//! than numbers of them. [`super::Tracker`] matches columns of messages instead.
//!
//! The key is the protocol's own: hash with the process's seed whatever a request and its answer have in common (see
//! [`crate::hash`]). Bounds are those of [`super`]: two generations, the older of which makes room as a whole.

use std::fmt;

use super::table::{Question, Table};
use super::{MILLISECOND_NS, age_ns};

/// Open requests by key, each with what its protocol keeps of it.
pub struct Pending<T> {
    young: Generation<T>,
    old: Generation<T>,
    most: usize,
    patience_ms: u64,
    evicted: u64,
}

/// Requests in one table, and beside it what is kept of them.
struct Generation<T> {
    table: Table,
    kept: Vec<Option<T>>,
    /// Places in `kept` that are free again.
    free: Vec<u32>,
}

impl<T> Pending<T> {
    /// Keeps up to `most` requests in each generation. One that the bound pushes out counts as evicted, unless it has
    /// waited for `patience_ms`: its answer is not expected any more.
    pub fn new(most: usize, patience_ms: u64) -> Self {
        let generation = || Generation { table: Table::new(most, 0), kept: Vec::new(), free: Vec::new() };
        Self { young: generation(), old: generation(), most, patience_ms, evicted: 0 }
    }

    /// Opens a request. Gives back the one that was open under the same key.
    pub fn open(&mut self, key: u64, time_ns: i64, kept: T) -> Option<(i64, T)> {
        let before = self.close(key);
        if self.young.table.len() >= self.most {
            self.change_generation(time_ns);
        }
        self.young.put(key, time_ns, kept);
        before
    }

    /// What is kept of the open request with this key.
    pub fn get(&self, key: u64) -> Option<&T> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Closes a request: when it was made, and what was kept of it.
    pub fn close(&mut self, key: u64) -> Option<(i64, T)> {
        self.young.take(key).or_else(|| self.old.take(key))
    }

    /// Requests now open.
    pub fn len(&self) -> usize {
        self.young.table.len() + self.old.table.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many requests the bound has pushed out since this was asked last.
    pub fn take_evicted(&mut self) -> u64 {
        std::mem::take(&mut self.evicted)
    }

    #[cold]
    fn change_generation(&mut self, now_ns: i64) {
        let is_over = |asked_ns: i64, patience_ms: u64| age_ns(now_ns, asked_ns) / MILLISECOND_NS >= patience_ms;
        if is_over(self.old.table.oldest_ns(), self.patience_ms) {
            self.old.table.remove_if(|request| is_over(request.time_ns, self.patience_ms));
        }
        self.evicted += self.old.table.len() as u64;
        self.old.clear();
        std::mem::swap(&mut self.old, &mut self.young);
    }
}

impl<T> Generation<T> {
    fn put(&mut self, key: u64, time_ns: i64, kept: T) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.kept.push(None);
            self.kept.len() as u32 - 1
        });
        self.kept[place as usize] = Some(kept);
        self.table.put(Table::hash(0, key), Question::new(key, time_ns, 0, 0, place));
    }

    fn get(&self, key: u64) -> Option<&T> {
        let request = self.table.get(Table::hash(0, key), key)?;
        self.kept[request.note as usize].as_ref()
    }

    fn take(&mut self, key: u64) -> Option<(i64, T)> {
        let request = self.table.take(Table::hash(0, key), key)?;
        self.free.push(request.note);
        let kept = self.kept[request.note as usize].take()?;
        Some((request.time_ns, kept))
    }

    fn clear(&mut self) {
        self.table.clear();
        self.kept.clear();
        self.free.clear();
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Pending({} of {})", self.len(), 2 * self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: i64 = 1_000_000_000;

    #[test]
    fn an_answer_gets_what_was_kept_of_its_request_once() {
        let mut pending = Pending::new(8, 1_000);
        assert_eq!(pending.open(1, 10, "one".to_owned()), None);
        assert_eq!(pending.open(2, 20, "two".to_owned()), None);
        assert_eq!(pending.get(1).map(String::as_str), Some("one"));
        assert_eq!(pending.close(1), Some((10, "one".to_owned())));
        assert_eq!((pending.close(1), pending.get(1), pending.len()), (None, None, 1));
    }

    #[test]
    fn a_request_made_again_takes_the_place_of_the_first_in_either_generation() {
        let mut pending = Pending::new(2, 1_000);
        (0..3).for_each(|key| assert_eq!(pending.open(key, key as i64, key), None));
        assert_eq!(pending.open(0, 7, 70), Some((0, 0)), "the first has grown old");
        assert_eq!(pending.open(2, 8, 80), Some((2, 2)));
        assert_eq!(
            (pending.close(0), pending.close(1), pending.close(2)),
            (Some((7, 70)), Some((1, 1)), Some((8, 80)))
        );
        assert!(pending.is_empty());
    }

    #[test]
    fn a_flood_pushes_out_the_oldest_and_is_counted() {
        let mut pending = Pending::new(100, 60_000);
        for key in 0..1_000 {
            pending.open(key, 0, key);
        }
        assert!(pending.len() <= 200);
        assert_eq!(pending.take_evicted() as usize + pending.len(), 1_000);
        assert_eq!(pending.take_evicted(), 0);
        assert_eq!((pending.get(0), pending.get(999)), (None, Some(&999)));
    }

    #[test]
    fn what_nobody_waits_for_any_more_is_no_loss() {
        let mut pending = Pending::new(10, 60_000);
        for key in 0..25 {
            pending.open(key, if key < 5 { 0 } else { 61 * SECOND_NS }, key);
        }
        assert_eq!(pending.take_evicted(), 5, "of the first ten, half had given up");
    }

    #[test]
    fn places_are_used_again() {
        let mut pending = Pending::new(10, 60_000);
        for key in 0..10_000_u64 {
            pending.open(key, 0, key);
            assert_eq!(pending.close(key), Some((0, key)));
        }
        assert_eq!((pending.young.kept.len(), pending.take_evicted()), (1, 0));
    }
}
