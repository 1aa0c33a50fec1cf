//! One connection of a server that tells of its messages.

use std::io::{ErrorKind, Read, Write};

use super::SECOND_NS;
use crate::decode::dnstap::CONTENT_TYPE;
use crate::listen::streams::Stream;
use crate::read::{FrameStreamReceiver, Violation};

/// Messages wait in servers for a moment; what is older is of another clock.
const MOST_LATE_NS: i64 = 30 * SECOND_NS;
/// Clocks that agree differ by less.
const MOST_AHEAD_NS: i64 = SECOND_NS;

/// One connection.
pub(super) struct Client {
    stream: Stream,
    receiver: FrameStreamReceiver,
    clock: ClientClock,
    /// Since when it may not send data, where it may not.
    silent_since_ns: Option<i64>,
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

/// Why a connection is closed.
pub(super) enum Closing {
    /// It has come to its end.
    End,
    /// It makes no sense any more.
    Violation(Violation),
    /// It does not take what it is answered.
    Deaf,
}

impl Client {
    /// One that has just connected.
    pub fn new(stream: Stream, now_ns: i64) -> Self {
        let receiver = FrameStreamReceiver::new(CONTENT_TYPE);
        Self { stream, receiver, clock: ClientClock::default(), silent_since_ns: Some(now_ns) }
    }

    /// Memory that it holds for a frame that is not whole.
    pub fn waiting_bytes(&self) -> usize {
        self.receiver.waiting_bytes()
    }

    /// For how long it has not been one that sends data.
    pub fn silence_ns(&self, now_ns: i64) -> i64 {
        self.silent_since_ns.map_or(0, |since_ns| now_ns.saturating_sub(since_ns))
    }

    /// Reads once; gives the messages that are whole to `each`.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        now_ns: i64,
        each: &mut impl FnMut(&[u8], &mut ClientClock),
    ) -> Result<(), Closing> {
        let bytes = match self.stream.read(buffer) {
            Ok(0) => return Err(self.receiver.end().map_or_else(Closing::Violation, |()| Closing::End)),
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(()),
            Err(_) => return Err(self.receiver.end().map_or_else(Closing::Violation, |()| Closing::End)),
        };
        let Self { receiver, clock, .. } = self;
        let mut answers = Vec::new();
        let taken = receiver.take(&buffer[..bytes], &mut answers, &mut |content| each(content, clock));
        taken.map_err(Closing::Violation)?;
        self.silent_since_ns = match self.receiver.is_running() {
            true => None,
            false => self.silent_since_ns.or(Some(now_ns)),
        };
        self.answer(&answers)
    }

    /// The little that there is to answer fits into what the kernel keeps, unless the client does not read.
    fn answer(&mut self, answers: &[u8]) -> Result<(), Closing> {
        if answers.is_empty() {
            return Ok(());
        }
        match self.stream.write(answers) {
            Ok(written) if written == answers.len() => Ok(()),
            Ok(_) => Err(Closing::Deaf),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(Closing::Deaf),
            Err(_) => Err(Closing::End), // it is gone, and needs no answer
        }
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
