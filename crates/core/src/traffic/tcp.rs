//! TCP connections, written segment by segment as they pass near the client.

use super::frames::{Path, Script};
use super::random::Random;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// Payload of a full segment: Ethernet's 1,500 bytes without the longest headers.
const SEGMENT_BYTES: usize = 1440;
/// Between two segments that a server sends in a row.
const SEGMENT_GAP_NS: u64 = 110_000;
/// What a host takes to answer.
const HOST_NS: u64 = 40_000;
const RETRIES_NS: [u64; 3] = [0, 1_000_000_000, 3_000_000_000];

/// Who sends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

/// A connection that is being written.
pub struct Connection<'a> {
    script: &'a mut Script,
    to_server: Path,
    round_trip_ns: u64,
    now_ns: u64,
    /// The next sequence numbers of client and server.
    sequences: [u32; 2],
}

impl<'a> Connection<'a> {
    /// One that is opened.
    pub fn open(script: &'a mut Script, path: Path, round_trip_ns: u64, now_ns: u64, random: &mut Random) -> Self {
        let sequences = [random.number() as u32, random.number() as u32];
        let mut connection = Self { script, to_server: path, round_trip_ns, now_ns, sequences };
        connection.put(Side::Client, SYN, &[]);
        connection.wait(round_trip_ns);
        connection.put(Side::Server, SYN | ACK, &[]);
        connection.wait(HOST_NS);
        connection.put(Side::Client, ACK, &[]);
        connection
    }

    /// One that a server refuses.
    pub fn refuse(script: &mut Script, path: Path, round_trip_ns: u64, random: &mut Random) {
        let sequence = random.number() as u32;
        script.push((0, path.tcp(SYN, sequence, 0, &[])));
        script.push((round_trip_ns, path.back().tcp(RST | ACK, 0, sequence.wrapping_add(1), &[])));
    }

    /// One that nobody answers.
    pub fn try_in_vain(script: &mut Script, path: Path, random: &mut Random) {
        let sequence = random.number() as u32;
        script.extend(RETRIES_NS.map(|at_ns| (at_ns, path.tcp(SYN, sequence, 0, &[]))));
    }

    pub fn wait(&mut self, ns: u64) {
        self.now_ns += ns;
    }

    /// Sends some bytes, which the other side acknowledges: every second segment, and the last.
    pub fn send(&mut self, from: Side, bytes: &[u8]) {
        let segments = bytes.chunks(SEGMENT_BYTES).count();
        let other = if from == Side::Client { Side::Server } else { Side::Client };
        for (at, segment) in bytes.chunks(SEGMENT_BYTES).enumerate() {
            let is_last = at + 1 == segments;
            self.put(from, if is_last { PSH | ACK } else { ACK }, segment);
            if at % 2 == 1 || is_last {
                let begin_ns = self.now_ns;
                self.wait(if other == Side::Client { HOST_NS } else { self.round_trip_ns });
                self.put(other, ACK, &[]);
                if other == Side::Server && !is_last {
                    self.now_ns = begin_ns;
                }
            }
            self.wait(SEGMENT_GAP_NS);
        }
    }

    /// Ends it, as both sides should, or by a reset of the client.
    pub fn close(mut self, is_reset: bool) {
        if is_reset {
            self.put(Side::Client, RST | ACK, &[]);
            return;
        }
        self.put(Side::Client, FIN | ACK, &[]);
        self.wait(self.round_trip_ns);
        self.put(Side::Server, FIN | ACK, &[]);
        self.wait(HOST_NS);
        self.put(Side::Client, ACK, &[]);
    }

    fn put(&mut self, from: Side, flags: u8, payload: &[u8]) {
        let (path, own) = match from {
            Side::Client => (self.to_server, 0),
            Side::Server => (self.to_server.back(), 1),
        };
        let acknowledged = if flags & ACK == 0 { 0 } else { self.sequences[1 - own] };
        self.script.push((self.now_ns, path.tcp(flags, self.sequences[own], acknowledged, payload)));
        let taken = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.sequences[own] = self.sequences[own].wrapping_add(taken);
    }
}
