//! Time per row of what is kept between packets: TCP streams, open questions. Run with `cargo bench --bench tracking`.

use std::hint::black_box;
use std::time::Instant;

use pktvisor_core::decode::streams::{DNS_FRAMING, Segment, StreamLimits, StreamTable};
use pktvisor_core::hash::hash_word;
use pktvisor_core::ledger::Ledger;
use pktvisor_core::track::{Exchanges, Messages, Tracker, TrackerConfig};

/// Runs `work` over `rows` rows a few times, each on a state of its own; prints the best time per row.
fn time<S>(name: &str, rows: usize, mut state: impl FnMut() -> S, mut work: impl FnMut(&mut S)) {
    let best = (0..5)
        .map(|_| {
            let mut state = state();
            let start = Instant::now();
            work(&mut state);
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    println!("{name:<44} {:>7.1} ns/row", best.as_nanos() as f64 / rows as f64);
}

const ROWS: usize = 2_000_000;

fn streams() {
    let table = || (StreamTable::new(StreamLimits::default(), 7), Ledger::default(), 0_usize);
    let message: Vec<u8> = [0, 30, 1, 2, 1, 0, 0, 1].into_iter().chain(vec![0; 24]).collect();
    let halves = [&message[..20], &message[20..]];
    let segment = |flow: u64, sequence: usize, payload| Segment {
        flow: hash_word(1, flow),
        side: 0,
        sequence: sequence as u32,
        syn: false,
        fin: false,
        rst: false,
        payload,
        payload_wire_bytes: 32,
        time_ns: sequence as i64 * 1_000,
    };
    let run = |name: &str, each: &dyn Fn(usize) -> Segment<'static>| {
        time(name, ROWS, table, |(table, ledger, count)| {
            for at in 0..ROWS {
                table.push(&each(at), DNS_FRAMING, &mut |message| *count += message.len(), ledger);
            }
            black_box(count);
        });
    };
    let message: &'static [u8] = message.clone().leak();
    let halves = halves.map(|half| &*half.to_vec().leak());
    run("tcp: 1,000 connections, a message a segment", &|at| segment(at as u64 % 1_000, at / 1_000 * 32, message));
    run("tcp: 60,000 connections, a message a segment", &|at| segment(at as u64 % 60_000, at / 60_000 * 32, message));
    run("tcp: 1,000 connections, half a message each", &|at| {
        let half = halves[at / 1_000 % 2];
        let sequence = at / 2_000 * 32 + if at / 1_000 % 2 == 0 { 0 } else { 20 };
        Segment { payload_wire_bytes: half.len() as u32, ..segment(at as u64 % 1_000, sequence, half) }
    });
    run("tcp: 1,000 connections, pairs swapped", &|at| segment(at as u64 % 1_000, ((at / 1_000) ^ 1) * 32, message));
    run("tcp: pure acknowledgements", &|at| segment(at as u64, 0, &[]));
    run("tcp: flood of SYNs", &|at| Segment { syn: true, ..segment(at as u64, at, &[]) });
    run("tcp: flood of connections with one message", &|at| segment(at as u64, at, message));
    run("tcp: flood of connections with half a message", &|at| segment(at as u64, at, halves[0]));
}

/// Columns of messages, a microsecond apart.
#[derive(Default)]
struct Columns {
    key: Vec<u64>,
    time_ns: Vec<i64>,
    is_reply: Vec<u8>,
    bytes: Vec<u32>,
    flags: Vec<u8>,
}

impl Columns {
    fn push(&mut self, key: u64, reply: bool) {
        self.time_ns.push(self.key.len() as i64 * 1_000);
        self.key.push(hash_word(9, key));
        self.is_reply.push(u8::from(reply));
        self.bytes.push(60);
        self.flags.push(1);
    }

    /// Messages in batches of 8,192.
    fn batches(&self) -> impl Iterator<Item = Messages<'_>> {
        (0..self.key.len()).step_by(8_192).map(|from| {
            let rows = from..self.key.len().min(from + 8_192);
            Messages {
                key: &self.key[rows.clone()],
                time_ns: &self.time_ns[rows.clone()],
                is_reply: &self.is_reply[rows.clone()],
                bytes: &self.bytes[rows.clone()],
                flags: &self.flags[rows],
                note: None,
            }
        })
    }
}

fn tracker() {
    let tracker = || (Tracker::new(TrackerConfig::default()), Exchanges::default());
    let run = |name: &str, columns: &Columns| {
        time(name, columns.key.len(), tracker, |(tracker, out)| {
            for messages in columns.batches() {
                tracker.observe(&messages, 0..messages.key.len(), out);
                black_box(&out);
            }
        });
    };
    for open in [1_000, 20_000] {
        let mut answered = Columns::default();
        for at in 0..ROWS as u64 / 2 {
            // Answers come in an order of their own; one in twenty does not come.
            answered.push(at, false);
            let answers = at.saturating_sub(open) ^ (at & 7);
            answered.push(if at % 20 == 0 { u64::MAX - at } else { answers }, true);
        }
        run(&format!("questions and answers, {open} open"), &answered);
    }
    let mut flood = Columns::default();
    (0..2 * ROWS as u64).for_each(|key| flood.push(key, false));
    run("flood of questions", &flood);
    let mut orphans = Columns::default();
    (0..2 * ROWS as u64).for_each(|key| orphans.push(key, key % 2 == 0));
    run("flood of questions and of answers to others", &orphans);

    let mut purged = Tracker::new(TrackerConfig::default());
    let mut out = Exchanges::default();
    flood.batches().for_each(|messages| purged.observe(&messages, 0..messages.key.len(), &mut out));
    let (open, start) = (purged.open(), Instant::now());
    let count = purged.purge(i64::MAX, |_| {});
    println!("purge of {count} of {open} open questions: {:?}", start.elapsed());
}

fn main() {
    streams();
    tracker();
}
