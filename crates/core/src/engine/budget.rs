//! How much time a handler beside the plans may use.

/// A share of the time that goes by, saved up for at most a second: who has used it up has to wait.
///
/// Time is nanoseconds of a clock that only goes forward, given by the caller.
#[derive(Debug, Clone)]
pub struct Budget {
    share: f64,
    most_ns: f64,
    /// Time that may be used at `last_ns`; below 0 where too much was.
    left_ns: f64,
    last_ns: i64,
}

impl Budget {
    /// So many milliseconds of every second, from `now_ns` on.
    pub fn new(ms_per_second: f64, now_ns: i64) -> Self {
        let most_ns = ms_per_second.max(0.0) * 1e6;
        Self { share: most_ns / 1e9, most_ns, left_ns: most_ns, last_ns: now_ns }
    }

    /// The time between these points was used. Gives the time from which on more may be used.
    pub fn spend(&mut self, from_ns: i64, to_ns: i64) -> i64 {
        let saved = self.left_ns + to_ns.saturating_sub(self.last_ns).max(0) as f64 * self.share;
        self.left_ns = saved.min(self.most_ns) - to_ns.saturating_sub(from_ns).max(0) as f64;
        self.last_ns = to_ns;
        if self.left_ns > 0.0 {
            return to_ns;
        }
        to_ns.saturating_add((-self.left_ns / self.share).ceil() as i64) // a share of 0 gives the end of time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    #[test]
    fn a_tenth_of_a_second_may_be_used_every_second() {
        let mut budget = Budget::new(100.0, 0);
        assert_eq!(budget.spend(0, 50 * MS), 50 * MS, "within what is there");
        // 50 left, and 5 saved meanwhile.
        assert_eq!(budget.spend(50 * MS, 100 * MS), 100 * MS, "just within");
        let until = budget.spend(100 * MS, 200 * MS);
        assert_eq!(until / MS, 200 + 850, "85 ms too many take 850 ms to save up");
    }

    #[test]
    fn no_more_than_a_second_is_saved_up() {
        let mut budget = Budget::new(100.0, 0);
        let hour = 3_600_000 * MS;
        assert!(budget.spend(hour, hour + 101 * MS) > hour + 101 * MS);
    }

    #[test]
    fn without_a_share_the_first_call_is_the_last() {
        assert_eq!(Budget::new(0.0, 0).spend(0, 1), i64::MAX);
    }
}
