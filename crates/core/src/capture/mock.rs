//! Made-up frames as they would come from an interface. For trying pktvisor without rights, and for tests: a DNS packet every
//! 100 ms ([`Mock`]), or all the [`crate::traffic`] of a site ([`MadeUp`]).

use std::iter::Peekable;
use std::time::Duration;

use super::link_type::ETHERNET;
use super::source::FrameSource;
use crate::Error;
use crate::frame::Frame;
use crate::traffic::Traffic;
use crate::traffic::random::Random;

/// The host of ours; packets to it are incoming, packets from it outgoing.
pub const HOST: [u8; 4] = [192, 168, 0, 1];
/// The others are 10.0.0.0 to 10.0.0.254.
const PEERS: u64 = 255;
const NAMES: u64 = 20;
/// A, AAAA, PTR, MX, TXT.
const TYPES: [u16; 5] = [1, 28, 12, 15, 16];
/// Response codes are 0 to 5.
const RESPONSE_CODES: u64 = 6;
const PORT_DNS: u16 = 53;
const FIRST_PORT: u64 = 1024;
const TIME_TO_LIVE: u8 = 64;
const CLASS_IN: u16 = 1;

const FLAGS_QUERY: u16 = 0x0100; // recursion desired
const FLAGS_RESPONSE: u16 = 0x8180; // and available

const INTERVAL_MS: u64 = 100;

/// Made-up packets; the same from the same seed.
pub struct Packets {
    random: Random,
}

impl Packets {
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed) }
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.random.below(below)
    }

    /// The next packet, as an Ethernet frame: in or out, a query to port 53 or a response from it. Identifiers are random, so
    /// that queries and responses do not pair but by accident.
    pub fn next_frame(&mut self) -> Vec<u8> {
        let is_in = self.draw(2) == 0;
        let is_query = self.draw(2) == 0;
        let peer = [10, 0, 0, self.draw(PEERS) as u8];
        let port = (FIRST_PORT + self.draw(0x1_0000 - FIRST_PORT)) as u16;
        let (source, destination) = if is_in { (peer, HOST) } else { (HOST, peer) };
        let (source_port, destination_port) = if is_query { (port, PORT_DNS) } else { (PORT_DNS, port) };
        let message = self.message(is_query);
        let mut frame = ethernet_header().to_vec();
        frame.extend(ipv4_header(source, destination, 8 + message.len() as u16));
        extend_with_words(&mut frame, &[source_port, destination_port, 8 + message.len() as u16, 0]);
        frame.extend(message);
        frame
    }

    fn message(&mut self, is_query: bool) -> Vec<u8> {
        let flags = if is_query { FLAGS_QUERY } else { FLAGS_RESPONSE | self.draw(RESPONSE_CODES) as u16 };
        let mut message = Vec::new();
        extend_with_words(&mut message, &[self.draw(0x1_0000) as u16, flags, 1, 0, 0, 0]);
        let number = self.draw(NAMES).to_string();
        for label in [number.as_str(), "pktvisor-mock", "dev", ""] {
            message.push(label.len() as u8);
            message.extend(label.as_bytes());
        }
        let kind = TYPES[self.draw(TYPES.len() as u64) as usize];
        extend_with_words(&mut message, &[kind, CLASS_IN]);
        message
    }
}

fn extend_with_words(bytes: &mut Vec<u8>, words: &[u16]) {
    words.iter().for_each(|word| bytes.extend(word.to_be_bytes()));
}

fn ethernet_header() -> [u8; 14] {
    [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00] // locally administered addresses, IPv4
}

fn ipv4_header(source: [u8; 4], destination: [u8; 4], payload_bytes: u16) -> [u8; 20] {
    let mut header = [0; 20];
    header[0] = 0x45;
    header[2..4].copy_from_slice(&(20 + payload_bytes).to_be_bytes());
    header[8] = TIME_TO_LIVE;
    header[9] = libc::IPPROTO_UDP as u8;
    header[12..16].copy_from_slice(&source);
    header[16..].copy_from_slice(&destination);
    let sum: u32 = header.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    header[10..12].copy_from_slice(&(!(folded as u16)).to_be_bytes());
    header
}

/// Gives a packet every 100 ms.
pub struct Mock {
    packets: Packets,
    now_ns: fn() -> i64,
    /// Until the next packet.
    left_ms: u64,
}

impl Mock {
    pub fn new(seed: u64, now_ns: fn() -> i64) -> Self {
        Self { packets: Packets::new(seed), now_ns, left_ms: INTERVAL_MS }
    }
}

impl FrameSource for Mock {
    fn poll_block(&mut self, timeout_ms: i32, each: &mut impl FnMut(Frame<'_>)) -> Result<usize, Error> {
        let waits_ms = self.left_ms.min(timeout_ms.max(0).cast_unsigned().into());
        std::thread::sleep(Duration::from_millis(waits_ms));
        self.left_ms -= waits_ms;
        if self.left_ms > 0 {
            return Ok(0);
        }
        self.left_ms = INTERVAL_MS;
        let data = &self.packets.next_frame()[..];
        let wire_bytes = data.len() as u32;
        each(Frame { time_ns: (self.now_ns)(), link_type: ETHERNET, interface: 0, wire_bytes, data });
        Ok(1)
    }

    fn dropped(&mut self) -> Option<u64> {
        Some(0)
    }
}

/// Frames that are handed on at once.
const MOST_FRAMES: usize = 1 << 12;
/// Where no frame is due, one is waited for at least this long, so that several come at once.
const LEAST_WAIT_NS: u64 = 10_000_000;
/// Frames that should have come so long ago come as if they were to come now, and all others later.
const MOST_LATE_NS: u64 = 1_000_000_000;
const MILLISECOND_NS: u64 = 1_000_000;

/// Gives the frames of made-up traffic when their time has come.
pub struct MadeUp {
    traffic: Peekable<Traffic>,
    now_ns: fn() -> i64,
    steady_ns: fn() -> i64,
    /// When it began, by the steady clock; not before it is first asked.
    begin_ns: Option<i64>,
}

impl MadeUp {
    /// `steady_ns` tells how time passes, `now_ns` what the frames are stamped with.
    pub fn new(traffic: Traffic, now_ns: fn() -> i64, steady_ns: fn() -> i64) -> Self {
        Self { traffic: traffic.peekable(), now_ns, steady_ns, begin_ns: None }
    }

    /// How long it has been at work, as far as the frames count it.
    fn elapsed_ns(&mut self) -> u64 {
        let steady_ns = (self.steady_ns)();
        let begin_ns = *self.begin_ns.get_or_insert(steady_ns);
        let elapsed_ns = steady_ns.saturating_sub(begin_ns).max(0).cast_unsigned();
        let due_ns = self.traffic.peek().map_or(u64::MAX, |next| next.at_ns);
        let late_ns = elapsed_ns.saturating_sub(due_ns);
        if late_ns <= MOST_LATE_NS {
            return elapsed_ns;
        }
        self.begin_ns = Some(begin_ns.saturating_add(late_ns.cast_signed()));
        due_ns
    }
}

impl FrameSource for MadeUp {
    fn poll_block(&mut self, timeout_ms: i32, each: &mut impl FnMut(Frame<'_>)) -> Result<usize, Error> {
        let timeout_ns = MILLISECOND_NS * u64::from(timeout_ms.max(0).cast_unsigned());
        let elapsed_ns = self.elapsed_ns();
        let until_next_ns = self.traffic.peek().map_or(u64::MAX, |next| next.at_ns.saturating_sub(elapsed_ns));
        if until_next_ns > 0 && timeout_ns > 0 {
            std::thread::sleep(Duration::from_nanos(until_next_ns.max(LEAST_WAIT_NS).min(timeout_ns)));
        }
        let (elapsed_ns, now_ns) = (self.elapsed_ns(), (self.now_ns)());
        let mut frames = 0;
        while frames < MOST_FRAMES
            && let Some(made) = self.traffic.next_if(|made| made.at_ns <= elapsed_ns)
        {
            let time_ns = now_ns.saturating_sub_unsigned(elapsed_ns - made.at_ns);
            let wire_bytes = made.data.len() as u32;
            each(Frame { time_ns, link_type: ETHERNET, interface: 0, wire_bytes, data: &made.data });
            frames += 1;
        }
        Ok(frames)
    }

    fn dropped(&mut self) -> Option<u64> {
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Batch;
    use crate::decode::app::Needs;
    use crate::decode::{DecodeConfig, Decoder};
    use crate::hosts::Hosts;
    use crate::traffic::{Kind, TrafficConfig};

    #[test]
    fn packets_are_dns_in_both_directions_and_nothing_else() {
        let host = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, HOST[0], HOST[1], HOST[2], HOST[3]];
        let hosts = Hosts::new([(host, 128)]);
        let mut decoder = Decoder::new(DecodeConfig { hosts, needs: Needs::all(), ..DecodeConfig::default() });
        let (mut batch, mut packets) = (Batch::default(), Packets::new(7));
        for time_ns in 0..2000 {
            let data = &packets.next_frame()[..];
            let wire_bytes = data.len() as u32;
            decoder.decode(&Frame { time_ns, link_type: ETHERNET, interface: 0, wire_bytes, data }, &mut batch);
        }
        assert_eq!((batch.ledger.decoded, batch.packets.time_ns().len()), (2000, 2000));
        assert_eq!(batch.apps.dns.time_ns().len(), 2000);
        for direction in [1, 2] {
            let found = batch.packets.direction().iter().filter(|one| **one == direction).count();
            assert!((900..1100).contains(&found), "{found}");
        }
        let queries = batch.packets.destination_port().iter().filter(|port| **port == PORT_DNS).count();
        assert!((900..1100).contains(&queries), "{queries}");
    }

    #[test]
    fn the_header_sums_up_and_the_same_seed_gives_the_same_packets() {
        let (mut first, mut second, mut other) = (Packets::new(1), Packets::new(1), Packets::new(2));
        let frames: Vec<_> = (0..20).map(|_| first.next_frame()).collect();
        assert_eq!(frames, (0..20).map(|_| second.next_frame()).collect::<Vec<_>>());
        assert_ne!(frames, (0..20).map(|_| other.next_frame()).collect::<Vec<_>>());
        for frame in frames {
            let words = frame[14..34].chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
            let sum: u32 = words.sum();
            assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
        }
    }

    thread_local! {
        static STEADY_NS: std::cell::Cell<i64> = const { std::cell::Cell::new(0) };
    }

    fn steady_ns() -> i64 {
        STEADY_NS.get()
    }

    #[test]
    fn traffic_comes_when_it_is_due_and_a_burst_never_makes_up_for_a_long_pause() {
        const SECOND_NS: i64 = 1_000_000_000;
        let config = TrafficConfig { seed: 1, packets_per_second: 1000, kinds: Kind::ALL.to_vec() };
        let mut made_up = MadeUp::new(Traffic::new(&config, |_| true), || 100 * SECOND_NS, steady_ns);
        let mut poll = || {
            let mut times = Vec::new();
            while made_up.poll_block(0, &mut |frame| times.push(frame.time_ns)).unwrap() > 0 {}
            times
        };
        assert_eq!(poll().len(), 0, "nothing is due at the beginning");
        STEADY_NS.set(SECOND_NS);
        let times = poll();
        assert!((300..3000).contains(&times.len()), "{}", times.len());
        assert!(times.is_sorted() && times.iter().all(|at| (99 * SECOND_NS..=100 * SECOND_NS).contains(at)));
        STEADY_NS.set(1000 * SECOND_NS);
        assert!(poll().len() < 10, "as if the pause had not been");
        STEADY_NS.set(1001 * SECOND_NS);
        assert!((300..3000).contains(&poll().len()));
    }

    #[test]
    fn a_packet_comes_after_its_interval_has_passed_however_it_is_waited_for() {
        let mut mock = Mock::new(1, || 42);
        let mut times = Vec::new();
        assert_eq!(mock.poll_block(60, &mut |frame| times.push(frame.time_ns)).unwrap(), 0);
        assert_eq!(mock.poll_block(0, &mut |frame| times.push(frame.time_ns)).unwrap(), 0);
        assert_eq!(mock.poll_block(60, &mut |frame| times.push(frame.time_ns)).unwrap(), 1);
        assert_eq!(times, [42]);
    }
}
