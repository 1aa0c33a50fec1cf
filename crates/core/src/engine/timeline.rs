//! Time that never steps, made of time stamps that may.
//!
//! Time stamps are data: a clock is set while it captures, a file is spliced of others, one stamp is damaged. So packets get
//! times on a line of their own. As long as stamps follow each other it is that of the stamps. One that jumps, back by more
//! than a minute or ahead by more than a day, counts as of the newest time, and as a step; the next packet says whether the
//! clock was set or the stamp was bad. Where it was set, the line goes on from the packet that jumped, so that an answer is as
//! long after its question as by the clock. What a time has more than the clock shows is the correction; it is taken off
//! again where windows are shown.

use std::sync::Arc;

use super::Policy;
use crate::window::{DEFAULT_LENGTH_S, NANOSECONDS};

/// A packet may be so much older than the newest: captures of several queues, or files merged, are out of order.
const MOST_BACK_NS: i64 = 60 * NANOSECONDS;

/// A time without packets that is believed at once.
const MOST_SILENCE_NS: i64 = 24 * 60 * 60 * NANOSECONDS;

/// The shortest time without packets that is not.
const TOO_LATE_NS: u64 = MOST_SILENCE_NS as u64 + 1;

/// Differences between clocks up to this are no step, but the time that it takes to read them.
const SLACK_NS: i64 = NANOSECONDS / 2;

/// Stamps before 1823 and after 2116 stand for these: the line can go on for as long again.
const MOST_STAMP_NS: i64 = 1 << 62;

/// Turns stamps into times of a line.
#[derive(Debug, Clone)]
pub struct Timeline {
    newest_ns: i64,
    /// A time is not believed that is so much after the newest: none before the line has begun.
    too_late_ns: u64,
    /// A time is believed that is so much before the newest.
    most_back_ns: u64,
    /// What times have more than stamps.
    correction_ns: i64,
    /// The correction before the last step: of two clocks that take turns, each has its own.
    former_ns: i64,
    /// A stamp that jumped, and the newest time when it did.
    suspect: Option<(i64, i64)>,
    steps: u64,
    /// What stands for a silence that nobody would believe: the length of the longest windows.
    gap_ns: i64,
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            newest_ns: i64::MIN,
            too_late_ns: 0,
            most_back_ns: MOST_BACK_NS as u64,
            correction_ns: 0,
            former_ns: 0,
            suspect: None,
            steps: 0,
            gap_ns: i64::from(DEFAULT_LENGTH_S) * NANOSECONDS,
        }
    }
}

impl Timeline {
    /// A line that begins with a correction, as that of another worker who knows of steps.
    pub fn corrected(correction_ns: i64) -> Self {
        let mut timeline = Self::default();
        timeline.follow(correction_ns);
        timeline.steps = 0;
        timeline
    }

    /// A line that is that of the stamps, whatever they are: somebody else has placed them.
    pub fn as_stamped() -> Self {
        Self { newest_ns: i64::MAX, too_late_ns: TOO_LATE_NS, most_back_ns: u64::MAX, ..Self::default() }
    }

    /// A line of packets that go to these policies.
    pub fn serving(policies: &[Arc<Policy>]) -> Self {
        let mut timeline = Self::default();
        timeline.serve(policies);
        timeline
    }

    /// Packets go to these policies: a silence that nobody would believe ends their windows.
    pub fn serve<'a>(&mut self, policies: impl IntoIterator<Item = &'a Arc<Policy>>) {
        let longest_ns = policies.into_iter().map(|policy| policy.length_ns()).max();
        self.gap_ns = longest_ns.unwrap_or(self.gap_ns);
    }

    /// The time of the next packet with this stamp; at most a minute before the newest.
    #[inline(always)]
    pub fn place(&mut self, stamp_ns: i64) -> i64 {
        let Some(time_ns) = stamp_ns.checked_add(self.correction_ns) else { return self.jump(stamp_ns) };
        // Differences of two `i64` fit into `u64` as long as the greater comes first.
        if time_ns >= self.newest_ns {
            if (time_ns as u64).wrapping_sub(self.newest_ns as u64) >= self.too_late_ns {
                return self.jump(stamp_ns);
            }
            self.newest_ns = time_ns;
        } else if (self.newest_ns as u64).wrapping_sub(time_ns as u64) > self.most_back_ns {
            return self.jump(stamp_ns);
        }
        time_ns
    }

    /// The time that a stamp stands for if the clock has not been set.
    #[inline(always)]
    pub fn at(&self, stamp_ns: i64) -> i64 {
        stamp_ns.saturating_add(self.correction_ns)
    }

    /// What times have more than stamps now.
    pub fn correction_ns(&self) -> i64 {
        self.correction_ns
    }

    /// Somebody who compares the clock with one that nobody sets knows the correction. Tells whether the clock was set.
    pub fn follow(&mut self, correction_ns: i64) -> bool {
        let is_step = self.correction_ns.abs_diff(correction_ns) > SLACK_NS as u64;
        if is_step {
            self.steps += u64::from(self.suspect.is_none()); // the suspect was counted
            self.correct(correction_ns);
        }
        is_step
    }

    /// Steps since the last call.
    pub fn take_steps(&mut self) -> u64 {
        std::mem::take(&mut self.steps)
    }

    fn correct(&mut self, correction_ns: i64) {
        self.former_ns = std::mem::replace(&mut self.correction_ns, correction_ns);
        self.suspect = None;
    }

    /// The line begins: with the stamp of the first packet, unless nobody would believe that.
    fn begin(&mut self, stamp_ns: i64) -> i64 {
        let time_ns = self.at(stamp_ns);
        self.newest_ns = time_ns.clamp(-MOST_STAMP_NS, MOST_STAMP_NS);
        self.too_late_ns = TOO_LATE_NS;
        self.steps += u64::from(self.newest_ns != time_ns);
        self.newest_ns
    }

    #[cold]
    fn jump(&mut self, stamp_ns: i64) -> i64 {
        if self.too_late_ns == 0 {
            return self.begin(stamp_ns);
        }
        let stamp_ns = stamp_ns.clamp(-MOST_STAMP_NS, MOST_STAMP_NS);
        let by_former_ns = stamp_ns.saturating_add(self.former_ns);
        if self.newest_ns.abs_diff(by_former_ns) <= MOST_BACK_NS as u64 {
            self.correct(self.former_ns);
            self.newest_ns = self.newest_ns.max(by_former_ns);
            return by_former_ns;
        }
        let Some(suspect_ns) = self.confirmed_by(stamp_ns) else {
            self.steps += 1;
            self.suspect = Some((stamp_ns, self.newest_ns));
            return self.newest_ns;
        };
        self.believe(stamp_ns, suspect_ns)
    }

    /// The stamp right before that jumped, where this one says that it was not bad: it follows it. Of a clock that went
    /// ahead packets may be rare.
    fn confirmed_by(&self, stamp_ns: i64) -> Option<i64> {
        let (suspect_ns, _) = self.suspect.filter(|(_, newest_ns)| *newest_ns == self.newest_ns)?;
        let is_ahead = self.at(suspect_ns) > self.newest_ns;
        let latest_ns = if is_ahead { i64::MAX } else { suspect_ns.saturating_add(MOST_SILENCE_NS) };
        (suspect_ns.saturating_sub(MOST_BACK_NS)..=latest_ns).contains(&stamp_ns).then_some(suspect_ns)
    }

    /// The clock was set: the line goes on from the stamp that jumped. A silence after it that nobody would believe is
    /// as long as the longest windows, so that they end.
    fn believe(&mut self, stamp_ns: i64, suspect_ns: i64) -> i64 {
        let since_ns = stamp_ns.saturating_sub(suspect_ns).max(0);
        let gap_ns = if since_ns > MOST_SILENCE_NS { self.gap_ns } else { since_ns };
        let time_ns = self.newest_ns.saturating_add(gap_ns);
        self.correct(time_ns.saturating_sub(stamp_ns));
        self.newest_ns = time_ns;
        time_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = NANOSECONDS;
    const DAY: i64 = 86_400;

    /// Times in seconds of stamps in seconds, and the steps.
    fn line(stamps: impl IntoIterator<Item = i64>) -> (Vec<i64>, u64) {
        let mut timeline = Timeline::default();
        let times = stamps.into_iter().map(|stamp| timeline.place(stamp * SECOND) / SECOND).collect();
        (times, timeline.take_steps())
    }

    #[test]
    fn times_of_stamps_that_follow_each_other_are_the_stamps() {
        let stamps = [1000, 1001, 999, 941, 1000, 5000, DAY, 2 * DAY - 1];
        assert_eq!(line(stamps), (stamps.to_vec(), 0));
    }

    #[test]
    fn a_bad_stamp_counts_as_of_the_newest_time() {
        let y2106 = 4_294_967_295;
        assert_eq!(line([1000, y2106, 1001, 0, 1002]), (vec![1000, 1000, 1001, 1001, 1002], 2));
        let start = 1_700_000_000;
        let stamps = [start, y2106, start + 1, 0, start + 2, 0, y2106, start + 3];
        assert_eq!(line(stamps).0, [0, 0, 1, 1, 2, 2, 2, 3].map(|second| start + second));
    }

    #[test]
    fn a_line_begins_with_the_first_stamp_but_with_none_that_nobody_believes() {
        for (stamp_ns, begins_ns, steps) in [
            (0, 0, 0),
            (-MOST_STAMP_NS, -MOST_STAMP_NS, 0),
            (MOST_STAMP_NS, MOST_STAMP_NS, 0),
            (MOST_STAMP_NS + 1, MOST_STAMP_NS, 1),
            (i64::MAX, MOST_STAMP_NS, 1),
            (i64::MIN, -MOST_STAMP_NS, 1),
            (i64::MIN + SECOND, -MOST_STAMP_NS, 1),
        ] {
            let mut timeline = Timeline::default();
            assert_eq!((timeline.place(stamp_ns), timeline.take_steps()), (begins_ns, steps), "{stamp_ns}");
        }
    }

    #[test]
    fn the_bounds_of_belief_are_a_minute_back_and_a_day_ahead() {
        let start = 1_000_000 * SECOND;
        for (since_ns, steps) in
            [(-MOST_BACK_NS, 0), (-MOST_BACK_NS - 1, 1), (MOST_SILENCE_NS, 0), (MOST_SILENCE_NS + 1, 1)]
        {
            let mut timeline = Timeline::default();
            timeline.place(start);
            timeline.place(start + since_ns);
            assert_eq!(timeline.take_steps(), steps, "{since_ns}");
        }
    }

    #[test]
    fn a_line_as_stamped_takes_every_stamp() {
        let stamps = [0, i64::MAX, i64::MIN, 5, i64::MIN + 1, i64::MAX - 1];
        let mut timeline = Timeline::as_stamped();
        assert_eq!((stamps.map(|stamp| timeline.place(stamp)), timeline.take_steps()), (stamps, 0));
    }

    #[test]
    fn a_clock_that_is_set_back_goes_on_on_the_line() {
        assert_eq!(line([10_000, 6_400, 6_401, 6_460]), (vec![10_000, 10_000, 10_001, 10_060], 1));
    }

    #[test]
    fn a_clock_that_is_set_leaves_an_answer_as_long_after_its_question() {
        let year = 365 * DAY;
        assert_eq!(line([0, year, year + 1, year + 2]), (vec![0, 0, 1, 2], 1));
        assert_eq!(line([2 * year, year, year + 3, year + 2]).0, [0, 0, 3, 2].map(|second| 2 * year + second));
        assert_eq!(line([0, 2 * DAY, 5 * DAY, 5 * DAY + 1]).0, [0, 0, 60, 61], "packets may be rare");
    }

    #[test]
    fn two_clocks_that_take_turns_each_keep_their_own_time() {
        let ahead = 50 * DAY;
        let stamps = (0..40).map(|at| if at % 4 < 2 { at } else { ahead + at });
        let (times, steps) = line(stamps);
        assert!(times.iter().all(|time| *time < 40), "{times:?}");
        assert_eq!(steps, 1);
    }

    #[test]
    fn a_clock_that_is_known_to_be_set_makes_one_step() {
        let mut timeline = Timeline::default();
        timeline.place(1000 * SECOND);
        assert!(!timeline.follow(SECOND / 4));
        assert!(timeline.follow(3600 * SECOND));
        assert!(!timeline.follow(3600 * SECOND + 1));
        assert_eq!(timeline.place(SECOND - 2600 * SECOND), 1001 * SECOND);
        assert_eq!(timeline.take_steps(), 1);
    }

    proptest! {
        #[test]
        fn no_stamps_make_the_line_step(stamps in prop::collection::vec(prop_oneof![any::<i64>(), 0..200 * SECOND], 0..50)) {
            let mut timeline = Timeline::default();
            let mut newest_ns = None;
            for stamp_ns in stamps {
                let time_ns = timeline.place(stamp_ns);
                if let Some(newest_ns) = newest_ns {
                    prop_assert!(time_ns >= i64::saturating_sub(newest_ns, MOST_BACK_NS));
                    prop_assert!(time_ns <= i64::saturating_add(newest_ns, MOST_SILENCE_NS));
                }
                newest_ns = newest_ns.max(Some(time_ns));
            }
        }
    }
}
