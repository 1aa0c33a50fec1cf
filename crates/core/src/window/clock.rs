//! When windows end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::NANOSECONDS;

/// Starts of windows that are remembered: no worker is so many windows behind the others.
const MOST_STARTS: usize = 64;

/// The starts of the windows so far, shared by workers that see different packets of one input: whoever first sees a
/// window's end decides where the next begins. Each input of a policy has its own, since its clock says nothing of another's.
#[derive(Debug, Default, Clone)]
pub struct SharedShifts {
    shared: Arc<Shifts>,
}

#[derive(Debug, Default)]
struct Shifts {
    starts_ns: Mutex<BTreeMap<usize, i64>>,
    workers: AtomicUsize,
    /// An input has them, from before its first worker begins until its last has ended.
    is_taken: AtomicBool,
}

impl SharedShifts {
    fn starts_ns(&self) -> MutexGuard<'_, BTreeMap<usize, i64>> {
        self.shared.starts_ns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes them for an input; `false` where another has them.
    pub fn take(&self) -> bool {
        !self.shared.is_taken.swap(true, Ordering::AcqRel)
    }

    /// The window that a new worker begins with: the newest that is agreed, or the one proposed.
    fn join(&self, proposed: FirstWindow) -> FirstWindow {
        let mut starts = self.starts_ns();
        let newest =
            starts.last_key_value().map(|(number, start_ns)| FirstWindow { number: *number, start_ns: *start_ns });
        newest.unwrap_or_else(|| {
            starts.insert(proposed.number, proposed.start_ns);
            proposed
        })
    }

    /// The start of a window: what is agreed already, or the time proposed.
    fn agree(&self, number: usize, proposed_ns: i64) -> i64 {
        let mut starts = self.starts_ns();
        let start_ns = *starts.entry(number).or_insert(proposed_ns);
        if starts.len() > MOST_STARTS {
            starts.pop_first();
        }
        start_ns
    }
}

/// Number and start of the window that a worker begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstWindow {
    pub number: usize,
    pub start_ns: i64,
}

/// The last moment of a window of this length that began at `start_ns`; the end of time where it does not end before. No
/// time is later than that, so that a packet which begins a window never ends the same one.
pub(super) fn last_ns(start_ns: i64, length_s: u32) -> i64 {
    let end_second = start_ns.div_euclid(NANOSECONDS) + i64::from(length_s);
    end_second.checked_mul(NANOSECONDS).map_or(i64::MAX, |end_ns| end_ns - 1)
}

/// One worker's view of a policy's windows.
#[derive(Debug)]
pub struct Clock {
    /// Seconds that a window lasts; `None` where there is only one, which never ends.
    length_s: Option<u32>,
    shared: Option<SharedShifts>,
    start_ns: i64,
    last_ns: i64,
    number: usize,
}

impl Clock {
    pub fn new(first: FirstWindow, length_s: Option<u32>, shared: Option<SharedShifts>) -> Self {
        let FirstWindow { number, start_ns } = shared.as_ref().map_or(first, |shared| shared.join(first));
        if let Some(SharedShifts { shared }) = &shared {
            shared.workers.fetch_add(1, Ordering::AcqRel);
        }
        let mut clock = Self { length_s, shared, start_ns, last_ns: 0, number };
        clock.start(start_ns);
        clock
    }

    fn start(&mut self, start_ns: i64) {
        self.start_ns = start_ns;
        self.last_ns = self.length_s.map_or(i64::MAX, |length_s| last_ns(start_ns, length_s));
    }

    pub fn start_ns(&self) -> i64 {
        self.start_ns
    }

    /// The open window's number.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The open window's last moment: it is over when time has come beyond.
    pub fn last_ns(&self) -> i64 {
        self.last_ns
    }

    /// Ends the open window at this time, or where another worker already did.
    pub fn shift(&mut self, now_ns: i64) {
        self.number += 1;
        let start_ns = self.shared.as_ref().map_or(now_ns, |shared| shared.agree(self.number, now_ns));
        self.start(start_ns);
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        if let Some(SharedShifts { shared }) = &self.shared
            && shared.workers.fetch_sub(1, Ordering::AcqRel) == 1
        {
            shared.is_taken.store(false, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = NANOSECONDS;

    fn first(number: usize, start_ns: i64) -> FirstWindow {
        FirstWindow { number, start_ns }
    }

    #[test]
    fn a_window_ends_its_length_after_the_second_it_began_in() {
        for (length_s, length) in [(1, SECOND), (60, 60 * SECOND), (3600, 3600 * SECOND)] {
            let mut clock = Clock::new(first(0, 10 * SECOND + 5), Some(length_s), None);
            assert_eq!(clock.last_ns(), 10 * SECOND + length - 1);
            clock.shift(9000 * SECOND + 1);
            assert_eq!((clock.start_ns(), clock.number()), (9000 * SECOND + 1, 1));
            assert_eq!(clock.last_ns(), 9000 * SECOND + length - 1);
        }
    }

    #[test]
    fn workers_agree_on_where_windows_begin() {
        let shared = SharedShifts::default();
        let mut one = Clock::new(first(0, 0), Some(60), Some(shared.clone()));
        let mut second = Clock::new(first(0, 5), Some(60), Some(shared));
        assert_eq!(second.start_ns(), 0);
        one.shift(60 * SECOND + 3);
        second.shift(61 * SECOND);
        assert_eq!(second.start_ns(), 60 * SECOND + 3);
    }

    #[test]
    fn a_worker_that_comes_later_begins_with_the_newest_window() {
        let shared = SharedShifts::default();
        let mut one = Clock::new(first(7, 0), Some(60), Some(shared.clone()));
        (1..=100).for_each(|minute| one.shift(60 * minute * SECOND));
        let late = Clock::new(first(7, 0), Some(60), Some(shared.clone()));
        assert_eq!((late.number(), late.start_ns()), (107, 6000 * SECOND));
        assert_eq!(shared.starts_ns().len(), MOST_STARTS);
    }

    #[test]
    fn what_an_input_has_taken_is_free_again_after_its_last_worker() {
        let shared = SharedShifts::default();
        assert!(shared.take());
        let workers = [0, 5].map(|start_ns| Clock::new(first(0, start_ns), Some(60), Some(shared.clone())));
        assert!(!shared.take(), "it is at work");
        drop(workers);
        assert!(shared.take());
    }

    #[test]
    fn a_single_window_never_ends() {
        assert_eq!(Clock::new(first(0, 0), None, None).last_ns(), i64::MAX);
    }

    #[test]
    fn what_begins_a_window_does_not_end_it_whatever_the_time() {
        for start_ns in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 61 * SECOND, i64::MAX - 1, i64::MAX] {
            assert!([1, 60, 3600].iter().all(|length_s| last_ns(start_ns, *length_s) >= start_ns), "{start_ns}");
        }
    }
}
