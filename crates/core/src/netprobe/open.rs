//! Probes that wait for their answers, by the tokens that stand in them.
//!
//! Each times out once, and is kept a while longer, so that a late answer is known as one. Beyond a bound the oldest is given up
//! early.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use crate::hash::SeededState;

/// Probes that may wait. Those in time are fewer (see [`super::MOST_PROBES`]); the rest are late.
const MOST_OPEN: usize = 4 * super::MOST_PROBES;

/// A probe on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    pub target: usize,
    pub sequence: u16,
    pub address: SocketAddr,
    pub at_ns: i64,
}

#[derive(Debug)]
struct Waiting {
    sent: Sent,
    is_late: bool,
}

/// What came of looking at the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    /// Its time to be answered is over.
    TimedOut(Sent),
    /// Nobody waits for it any more.
    GivenUp(Sent),
}

/// An answer to a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub sent: Sent,
    /// It was told as timed out before.
    pub is_late: bool,
}

#[derive(Debug)]
pub(super) struct OpenProbes {
    waiting: HashMap<u64, Waiting, SeededState>,
    /// In the order in which they were sent, which is that of both their ends.
    in_time: VecDeque<(i64, u64)>,
    late: VecDeque<(i64, u64)>,
    timeout_ns: i64,
    patience_ns: i64,
}

impl OpenProbes {
    /// Probes time out after the first of these, and are given up after the second.
    pub fn new(seed: u64, timeout_ns: i64, patience_ns: i64) -> Self {
        let waiting = HashMap::with_hasher(SeededState(seed));
        Self { waiting, in_time: VecDeque::new(), late: VecDeque::new(), timeout_ns, patience_ns }
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    pub fn push(&mut self, token: u64, sent: Sent) {
        self.in_time.push_back((sent.at_ns, token));
        self.waiting.insert(token, Waiting { sent, is_late: false });
    }

    /// The probe that an answer is to, which waits no more; none where nobody waits for it.
    pub fn answer(&mut self, token: u64) -> Option<Answer> {
        let Waiting { sent, is_late } = self.waiting.remove(&token)?;
        Some(Answer { sent, is_late })
    }

    /// The probe of a token.
    pub fn sent(&self, token: u64) -> Option<&Sent> {
        self.waiting.get(&token).map(|waiting| &waiting.sent)
    }

    /// When something passes next.
    pub fn due_ns(&self) -> Option<i64> {
        let of = |queue: &VecDeque<(i64, u64)>, after_ns| queue.front().map(|(at_ns, _)| at_ns + after_ns);
        of(&self.in_time, self.timeout_ns).into_iter().chain(of(&self.late, self.patience_ns)).min()
    }

    /// The next that has passed by now, with its token: both ends of a probe, one after the other.
    pub fn pass(&mut self, now_ns: i64) -> Option<(u64, Passed)> {
        let is_over = |queue: &VecDeque<(i64, u64)>, after_ns| {
            queue.front().is_some_and(|(at_ns, _)| now_ns >= at_ns.saturating_add(after_ns))
        };
        loop {
            let is_full = self.waiting.len().max(self.late.len()) > MOST_OPEN;
            if is_over(&self.late, self.patience_ns) || is_full && !self.late.is_empty() {
                let (_, token) = self.late.pop_front()?;
                if let Some(waiting) = self.waiting.remove(&token) {
                    return Some((token, Passed::GivenUp(waiting.sent)));
                }
            } else if is_over(&self.in_time, self.timeout_ns) || is_full {
                let (at_ns, token) = self.in_time.pop_front()?;
                if let Some(waiting) = self.waiting.get_mut(&token) {
                    waiting.is_late = true;
                    self.late.push_back((at_ns, token));
                    return Some((token, Passed::TimedOut(waiting.sent)));
                }
            } else {
                return None;
            }
        }
    }

    /// Roughly what is held.
    pub fn memory_bytes(&self) -> usize {
        const ENTRY: usize = size_of::<(u64, Waiting)>() + 1;
        let queued = self.in_time.capacity() + self.late.capacity();
        self.waiting.capacity() * ENTRY + queued * size_of::<(i64, u64)>()
    }
}
