//! Sequence numbers of senders: how many of what they sent never came.

use super::Pending;

/// A sender of whom nothing came for so long may be forgotten.
const PATIENCE_MS: u64 = 600_000;

/// A gap of more than this is no loss: the sender counts from elsewhere.
const MOST_MISSING: u32 = 1 << 20;

/// A number so little behind belongs to what has come late, unless the next one goes on from there: then the sender has
/// started anew.
const MOST_LATE: u32 = 1 << 12;

/// The next number of each sender, as far as they have room. Senders that the bound turned out are counted.
#[derive(Debug)]
pub struct Sequences {
    next: Pending<Next>,
}

/// What is expected of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Next {
    number: u32,
    /// Or this one, where the newest that came was behind.
    anew: Option<u32>,
    /// What the newest was numbered.
    newest: u32,
    /// Its messages are numbered by the last of their units, as softflowd's, not by the first.
    is_by_last: bool,
}

impl Sequences {
    /// Room for `most` senders in each of two generations.
    pub fn new(most: usize) -> Self {
        Self { next: Pending::new(most, PATIENCE_MS) }
    }

    /// Takes note that a sender, known by a hash, has sent `units` that are numbered from `sequence` on. Tells how many
    /// numbers before these have been skipped; what comes out of order was skipped before and counts no more. Where
    /// nobody knows how many units it has sent (`None`), the next number may be any.
    ///
    /// A number within what the newest message has numbered, by as much behind that one's as there are units, shows that the sender
    /// numbers messages by their last unit.
    pub fn missing(&mut self, sender: u64, sequence: u32, units: Option<u32>, time_ns: i64) -> u32 {
        let known = self.next.close(sender).map(|(_, next)| next);
        let known = known.unwrap_or(Next { number: sequence, anew: None, newest: sequence, is_by_last: false });
        let Some(units) = units else { return if known.is_by_last { 0 } else { known.skipped(sequence) } };
        let known = known.told_by(sequence, units);
        let first = if known.is_by_last { sequence.wrapping_sub(units) } else { sequence };
        let after = first.wrapping_add(units);
        let behind = known.number.wrapping_sub(first);
        let goes_on = known.anew == Some(first);
        let is_late = !goes_on && (1..=MOST_LATE).contains(&behind);
        let (number, anew) = if is_late { (known.number, Some(after)) } else { (after, None) };
        let newest = if is_late { known.newest } else { sequence };
        self.next.open(sender, time_ns, Next { number, anew, newest, ..known });
        known.skipped(first)
    }

    /// How many senders the bound has turned out since this was asked last.
    pub fn take_evicted(&mut self) -> u64 {
        self.next.take_evicted()
    }
}

impl Next {
    /// The same, with what a further number tells of how messages are numbered.
    fn told_by(self, sequence: u32, units: u32) -> Self {
        let ahead = sequence.wrapping_sub(self.newest);
        let is_within = ahead > 0 && ahead < self.number.wrapping_sub(self.newest);
        match !self.is_by_last && is_within && ahead == units {
            true => Self { number: self.newest, anew: None, is_by_last: true, ..self },
            false => self,
        }
    }

    /// How many numbers have been skipped where another one was expected.
    fn skipped(&self, first: u32) -> u32 {
        let ahead = first.wrapping_sub(self.number);
        if self.anew == Some(first) || ahead > MOST_MISSING { 0 } else { ahead }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_skipped_is_missing_and_what_is_late_is_not_missed_again() {
        let mut sequences = Sequences::new(16);
        let mut missing = |sequence, units| sequences.missing(7, sequence, Some(units), 0);
        assert_eq!(missing(1000, 30), 0, "nobody knows what was before");
        assert_eq!(missing(1030, 30), 0);
        assert_eq!(missing(1090, 10), 30);
        assert_eq!(missing(1060, 30), 0, "the thirty come late");
        assert_eq!(missing(1100, 1), 0);
    }

    #[test]
    fn a_sender_that_starts_anew_has_lost_nothing() {
        let mut sequences = Sequences::new(16);
        let mut missing = |sequence| sequences.missing(7, sequence, Some(1), 0);
        assert_eq!((missing(3_000_000_000), missing(0), missing(1), missing(3)), (0, 0, 0, 1));
        assert_eq!((missing(0), missing(1), missing(2), missing(5)), (0, 0, 0, 2), "though it had sent little before");
    }

    #[test]
    fn behind_units_that_nobody_could_count_any_number_may_follow() {
        let mut sequences = Sequences::new(16);
        let mut missing = |sequence, units| sequences.missing(7, sequence, units, 0);
        assert_eq!((missing(10, Some(5)), missing(18, None)), (0, 3));
        assert_eq!((missing(40, Some(1)), missing(43, Some(1))), (0, 2));
    }

    #[test]
    fn a_sender_that_numbers_messages_by_their_last_unit_has_lost_nothing_once_that_shows() {
        let mut sequences = Sequences::new(16);
        let sizes = [5_u32, 3, 7, 2, 9, 9, 4];
        let mut sent = 0;
        let mut missing = |units: u32, lost: u32| {
            sent += units + lost;
            sequences.missing(7, sent, Some(units), 0)
        };
        assert_eq!(missing(6, 0), 0);
        assert_eq!(sizes.map(|units| missing(units, 0)), [0; 7], "the second is numbered within the first");
        assert_eq!((missing(8, 20), missing(3, 0)), (20, 0), "what is lost is told");
        let mut sequences = Sequences::new(16);
        let mut first = 0;
        for units in sizes {
            assert_eq!(sequences.missing(7, first, Some(units), 0), 0, "numbers by the first unit stay what they are");
            first += units;
        }
    }

    #[test]
    fn numbers_go_on_behind_the_largest() {
        let mut sequences = Sequences::new(16);
        assert_eq!(sequences.missing(7, u32::MAX - 9, Some(10), 0), 0);
        assert_eq!(sequences.missing(7, 5, Some(10), 0), 5);
    }

    #[test]
    fn senders_beyond_the_bound_are_forgotten_and_counted() {
        let mut sequences = Sequences::new(16);
        (0..100).for_each(|sender| assert_eq!(sequences.missing(sender << 40 | sender, 0, Some(1), 0), 0));
        assert!(sequences.take_evicted() >= 50);
    }
}
