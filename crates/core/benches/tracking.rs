//! Time per row of what is kept between packets: TCP streams, open questions. Run with `cargo bench --bench tracking`.

use std::hint::black_box;
use std::time::Duration;

use pktvisor_core::decode::streams::{DNS_FRAMING, Protocol, Segment, StreamLimits, StreamTable};
use pktvisor_core::hash::hash_word;
use pktvisor_core::ledger::Ledger;
use pktvisor_core::table::PacketRow;
use pktvisor_core::track::{Exchanges, Messages, Tracker, TrackerConfig};

/// Time that this thread has spent on a processor.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock is written to the structure given, and nowhere else.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Arguments of the program pick tasks by part of their name.
fn is_wanted(name: &str) -> bool {
    let mut parts = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    parts.peek().is_none() || parts.any(|part| name.contains(&part))
}

/// Runs `work` over `rows` rows a few times, each on a state of its own; prints the best time per row.
fn time<S>(name: &str, rows: usize, mut state: impl FnMut() -> S, mut work: impl FnMut(&mut S)) {
    if !is_wanted(name) {
        return;
    }
    let best = (0..5)
        .map(|_| {
            let mut state = state();
            let start = cpu_time();
            work(&mut state);
            cpu_time() - start
        })
        .min()
        .unwrap_or_default();
    println!("{name:<44} {:>7.1} ns/row", best.as_nanos() as f64 / rows as f64);
}

const ROWS: usize = 2_000_000;
const PROTOCOL: Protocol = Protocol { number: 0, framing: DNS_FRAMING };

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
        packet: &PacketRow::EMPTY,
    };
    let run = |name: &str, each: &dyn Fn(usize) -> Segment<'static>| {
        time(name, ROWS, table, |(table, ledger, count)| {
            for at in 0..ROWS {
                table.push(&each(at), PROTOCOL, &mut |cut| *count += cut.bytes.len(), ledger);
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
    run("tcp: pure acknowledgements", &|at| Segment { payload_wire_bytes: 0, ..segment(at as u64, 0, &[]) });
    run("tcp: flood of SYNs", &|at| Segment { syn: true, payload_wire_bytes: 0, ..segment(at as u64, at, &[]) });
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
    /// Rows `from..from + BATCH`, of which `message` gives key and direction.
    fn fill(&mut self, from: u64, message: &impl Fn(u64) -> (u64, bool)) {
        let rows = from..from + BATCH;
        self.key = rows.clone().map(|row| hash_word(9, message(row).0)).collect();
        self.time_ns = rows.clone().map(|row| row as i64 * 1_000).collect();
        self.is_reply = rows.clone().map(|row| u8::from(message(row).1)).collect();
        self.bytes = vec![60; BATCH as usize];
        self.flags = vec![1; BATCH as usize];
    }

    fn messages(&self) -> Messages<'_> {
        Messages {
            key: &self.key,
            time_ns: &self.time_ns,
            is_reply: &self.is_reply,
            bytes: &self.bytes,
            flags: &self.flags,
            note: None,
            pairing: None,
            subject: None,
        }
    }
}

const BATCH: u64 = 8_192;

/// Prints the time per row of one tracker, and that of a purge after it; the columns are filled off the clock.
fn track(name: &str, message: impl Fn(u64) -> (u64, bool)) {
    if !is_wanted(name) {
        return;
    }
    let mut tracker = Tracker::new(TrackerConfig::default());
    let (mut columns, mut out, mut times) = (Columns::default(), Exchanges::default(), Vec::new());
    for batch in 0..600 {
        columns.fill(batch * BATCH, &message);
        let start = cpu_time();
        tracker.observe(&columns.messages(), 0..BATCH as usize, &mut out);
        times.push((cpu_time() - start).as_nanos() as f64 / BATCH as f64);
        black_box(&out);
    }
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    times.sort_by(f64::total_cmp);
    println!("{name:<44} {:>7.1} ns/row, mean {mean:.1}, worst {:.1}", times[times.len() / 2], times[times.len() - 1]);
    let (open, memory, start) = (tracker.open(), tracker.memory_bytes(), cpu_time());
    let count = tracker.purge(i64::MAX, |_, _| {});
    println!("{:44} {open} open, {} KiB, purge of {count}: {:?}", "", memory / 1024, cpu_time() - start);
}

fn tracker() {
    let pair = |open: u64| {
        move |row: u64| (if row.is_multiple_of(2) { row / 2 } else { (row / 2).wrapping_sub(open) }, row % 2 == 1)
    };
    track("questions, all answered, 100 open", pair(100));
    track("questions, all answered, 20,000 open", pair(20_000));
    track("questions, 5 % unanswered, 1,000 open", move |row| {
        let (key, reply) = pair(1_000)(row);
        // Answers come in an order of their own.
        (if reply && row % 40 == 39 { u64::MAX - row } else { key ^ (hash_word(3, key >> 5) & 31) }, reply)
    });
    track("random questions and answers", |row| {
        let random = hash_word(5, row);
        (random % 3_000, random >> 40 & 1 == 1)
    });
    track("flood of questions", |row| (row, false));
    track("flood of questions and of answers to others", |row| (row, row % 2 == 0));
}

fn main() {
    streams();
    tracker();
}
