//! Events per second, in packet time.
//!
//! Events of the current second are added up; once time has moved on, the second is complete and its count is one value
//! of a [`Distribution`]. Seconds in which nothing happened count as zeros. The current second is partial and not told,
//! until the window is closed.
//!
//! The counts of the last 4096 complete seconds are kept one by one, so that the states of two workers, who each saw a
//! part of the same seconds, can be added up second by second. Older ones are folded into a distribution: two states of
//! the same window that is longer than that (68 minutes) add their folded seconds side by side, and not one onto the
//! other.

mod bytes;

use super::Distribution;
use std::collections::VecDeque;

/// So many complete seconds are kept one by one.
const MOST_SECONDS: u64 = 4096;

/// How events of a stream are spread over seconds.
#[derive(Debug, Clone)]
pub struct Rate {
    /// The second that events are counted in, since 1970.
    second: i64,
    /// Events of that second so far.
    events: u64,
    /// Events of the complete seconds just before it, the oldest first.
    recent: VecDeque<u64>,
    /// Complete seconds older than these, and those of other windows.
    folded: Distribution,
    /// The last complete second of an open window that was merged into this one, and its events.
    live_elsewhere: Option<(i64, u64)>,
    closed: bool,
}

impl Rate {
    /// Of a window that begins within `start_second`, in seconds since 1970.
    pub fn new(start_second: i64) -> Self {
        Self {
            second: start_second,
            events: 0,
            recent: VecDeque::new(),
            folded: Distribution::new(),
            live_elsewhere: None,
            closed: false,
        }
    }

    /// Counts `amount` events of a second. What comes late counts as of the current second.
    #[inline]
    pub fn add(&mut self, second: i64, amount: u64) {
        if second > self.second {
            self.advance(second);
        }
        self.events = self.events.saturating_add(amount);
    }

    /// Time has moved on to `second`: all before are complete. Never goes back.
    pub fn advance(&mut self, second: i64) {
        if second <= self.second {
            return;
        }
        // The difference of two i64 always fits u64.
        let zeros = second.wrapping_sub(self.second) as u64 - 1;
        self.recent.push_back(self.events);
        self.second = second;
        self.events = 0;
        self.push_zeros(zeros);
        self.fold_to(MOST_SECONDS as usize);
    }

    fn push_zeros(&mut self, zeros: u64) {
        let kept = zeros.min(MOST_SECONDS);
        self.folded.record_many(0, zeros - kept);
        if zeros > kept {
            self.fold_to(0);
        }
        self.recent.extend(std::iter::repeat_n(0, kept as usize));
    }

    /// Folds the oldest seconds until there are no more than `most`.
    fn fold_to(&mut self, most: usize) {
        while self.recent.len() > most {
            if let Some(events) = self.recent.pop_front() {
                self.folded.record(events);
            }
        }
    }

    /// Events of the last complete second; 0 before there is one and when all windows are closed.
    pub fn live(&self) -> u64 {
        self.live_second().map_or(0, |(_, events)| events)
    }

    /// The latest complete second of an open window, and its events.
    fn live_second(&self) -> Option<(i64, u64)> {
        let own = if self.closed { None } else { self.recent.back().map(|&events| (self.second, events)) };
        own.max(self.live_elsewhere)
    }

    /// The spread of all complete seconds.
    pub fn distribution(&self) -> Distribution {
        let mut distribution = self.folded.clone();
        for &events in &self.recent {
            distribution.record(events);
        }
        distribution
    }

    /// The window ended within `end_second`: all before are complete, and so is that second if it had events. No second
    /// is live any more.
    pub fn close(&mut self, end_second: i64) {
        if self.closed {
            return;
        }
        self.advance(end_second);
        self.complete_second();
        self.closed = true;
    }

    /// Tells the current second too, if it had events.
    fn complete_second(&mut self) {
        if self.events > 0 {
            self.advance(self.second.saturating_add(1));
        }
    }

    /// Adds what another worker saw of the same window, second by second. What was read from bytes has lost its seconds
    /// and is added as another window. When one of both is closed, so is what they make.
    pub fn merge_parallel(&mut self, other: &Rate) {
        if other.is_spread_only() {
            self.merge_serial(other);
            return;
        }
        if self.is_spread_only() {
            let spread = std::mem::replace(self, other.clone());
            self.merge_serial(&spread);
            return;
        }
        let mut other = other.clone();
        let second = self.second.max(other.second);
        self.advance(second);
        other.advance(second);
        self.events = self.events.saturating_add(other.events);

        // Both end with the same second now; a worker that began later saw nothing before.
        let missing = other.recent.len().saturating_sub(self.recent.len());
        (0..missing).for_each(|_| self.recent.push_front(0));
        for (mine, theirs) in self.recent.iter_mut().rev().zip(other.recent.iter().rev()) {
            *mine = mine.saturating_add(*theirs);
        }
        self.folded.merge(&other.folded);
        self.live_elsewhere = self.live_elsewhere.max(other.live_elsewhere);
        self.closed |= other.closed;
        if self.closed {
            self.complete_second();
        }
    }

    /// True when no second of its own is left that another worker's could be added to.
    fn is_spread_only(&self) -> bool {
        self.closed && self.recent.is_empty()
    }

    /// Adds another window, whose seconds are others.
    pub fn merge_serial(&mut self, other: &Rate) {
        self.folded.merge(&other.distribution());
        self.live_elsewhere = self.live_elsewhere.max(other.live_second());
    }

    /// True when there is neither an event nor a complete second.
    pub fn is_empty(&self) -> bool {
        self.events == 0 && self.recent.is_empty() && self.folded.is_empty()
    }

    pub fn memory_bytes(&self) -> usize {
        // The folded distribution counts itself in once more.
        size_of::<Self>() - size_of::<Distribution>()
            + self.recent.capacity() * size_of::<u64>()
            + self.folded.memory_bytes()
    }
}

#[cfg(test)]
mod tests;
