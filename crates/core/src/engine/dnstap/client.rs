//! One server that tells of its messages, over its connection.

use super::SECOND_NS;
use crate::decode::dnstap::CONTENT_TYPE;
use crate::read::FrameStreamReceiver;

/// Messages wait in servers for a moment; what is older is of another clock.
const MOST_LATE_NS: i64 = 30 * SECOND_NS;
/// Clocks that agree differ by less.
const MOST_AHEAD_NS: i64 = SECOND_NS;

/// What is known of one client.
pub struct Client {
    pub(super) receiver: FrameStreamReceiver,
    pub(super) clock: ClientClock,
}

impl Client {
    /// One that has just connected.
    pub fn new() -> Self {
        Self { receiver: FrameStreamReceiver::new(CONTENT_TYPE), clock: ClientClock::default() }
    }
}

/// The clock of a client. As long as it agrees with ours its times are taken as they are; of another the differences are.
#[derive(Debug, Default)]
pub(super) struct ClientClock {
    correction_ns: i64,
}

impl ClientClock {
    /// The time of a message by our clock; now where it tells none.
    pub fn stamp(&mut self, told_ns: Option<i64>, now_ns: i64) -> i64 {
        let Some(told_ns) = told_ns else { return now_ns };
        let believed = now_ns.saturating_sub(MOST_LATE_NS)..=now_ns.saturating_add(MOST_AHEAD_NS);
        for correction_ns in [self.correction_ns, 0] {
            let time_ns = told_ns.saturating_add(correction_ns);
            if believed.contains(&time_ns) {
                self.correction_ns = correction_ns;
                return time_ns;
            }
        }
        self.correction_ns = now_ns.saturating_sub(told_ns);
        now_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000 * SECOND_NS;

    #[test]
    fn times_of_another_clock_are_told_by_ours_and_keep_their_differences() {
        let mut clock = ClientClock::default();
        assert_eq!(clock.stamp(None, NOW), NOW);
        assert_eq!(clock.stamp(Some(NOW - 2 * SECOND_NS), NOW), NOW - 2 * SECOND_NS, "it has waited");
        let year = 365 * 86_400 * SECOND_NS;
        assert_eq!(clock.stamp(Some(NOW - year), NOW), NOW);
        assert_eq!(clock.stamp(Some(NOW - year + 5), NOW + 9), NOW + 5);
        assert_eq!(clock.stamp(Some(NOW + 1), NOW + 9), NOW + 1, "its clock was set right");
        assert_eq!(clock.stamp(Some(i64::MAX), NOW), NOW);
        assert_eq!(clock.stamp(Some(i64::MIN), NOW), NOW);
    }
}
