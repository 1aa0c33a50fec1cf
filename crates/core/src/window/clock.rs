//! When windows end.

use std::sync::{Arc, Mutex, PoisonError};

use super::{NANOSECONDS, PERIOD_SECONDS};

/// The starts of all windows so far, shared by workers that see different packets of one input: whoever first sees a
/// window's end decides where the next begins.
#[derive(Debug, Default, Clone)]
pub struct SharedShifts {
    starts_ns: Arc<Mutex<Vec<i64>>>,
}

impl SharedShifts {
    /// The start of a window: what is agreed already, or the time proposed.
    fn agree(&self, number: usize, proposed_ns: i64) -> i64 {
        let mut starts = self.starts_ns.lock().unwrap_or_else(PoisonError::into_inner);
        if starts.len() <= number {
            starts.push(proposed_ns);
        }
        starts[number.min(starts.len() - 1)]
    }
}

/// One worker's view of a policy's windows.
#[derive(Debug)]
pub struct Clock {
    /// Windows never end where there is only one.
    shifts: bool,
    shared: Option<SharedShifts>,
    start_ns: i64,
    next_ns: i64,
    number: usize,
}

impl Clock {
    pub fn new(start_ns: i64, shifts: bool, shared: Option<SharedShifts>) -> Self {
        let start_ns = shared.as_ref().map_or(start_ns, |shared| shared.agree(0, start_ns));
        let mut clock = Self { shifts, shared, start_ns, next_ns: 0, number: 0 };
        clock.start(start_ns);
        clock
    }

    fn start(&mut self, start_ns: i64) {
        self.start_ns = start_ns;
        let next_second = start_ns.div_euclid(NANOSECONDS).saturating_add(PERIOD_SECONDS);
        self.next_ns = if self.shifts { next_second.saturating_mul(NANOSECONDS) } else { i64::MAX };
    }

    pub fn start_ns(&self) -> i64 {
        self.start_ns
    }

    /// The open window's number, from 0.
    pub fn number(&self) -> usize {
        self.number
    }

    /// From this time on the open window is over.
    pub fn next_ns(&self) -> i64 {
        self.next_ns
    }

    /// Ends the open window at this time, or where another worker already did.
    pub fn shift(&mut self, now_ns: i64) {
        self.number += 1;
        let start_ns = self.shared.as_ref().map_or(now_ns, |shared| shared.agree(self.number, now_ns));
        self.start(start_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = NANOSECONDS;

    #[test]
    fn a_window_ends_a_period_after_the_second_it_began_in() {
        let mut clock = Clock::new(10 * SECOND + 5, true, None);
        assert_eq!(clock.next_ns(), 70 * SECOND);
        clock.shift(1000 * SECOND + 1);
        assert_eq!((clock.start_ns(), clock.next_ns(), clock.number()), (1000 * SECOND + 1, 1060 * SECOND, 1));
    }

    #[test]
    fn workers_agree_on_where_windows_begin() {
        let shared = SharedShifts::default();
        let mut first = Clock::new(0, true, Some(shared.clone()));
        let mut second = Clock::new(5, true, Some(shared));
        assert_eq!(second.start_ns(), 0);
        first.shift(60 * SECOND + 3);
        second.shift(61 * SECOND);
        assert_eq!(second.start_ns(), 60 * SECOND + 3);
    }

    #[test]
    fn a_single_window_never_ends() {
        assert_eq!(Clock::new(0, false, None).next_ns(), i64::MAX);
    }
}
