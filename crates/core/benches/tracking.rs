//! Time per row of what is kept between packets: TCP streams. Run with `cargo bench --bench tracking`.

use std::hint::black_box;
use std::time::Instant;

use pktvisor_core::decode::streams::{DNS_FRAMING, Segment, StreamLimits, StreamTable};
use pktvisor_core::hash::hash_word;
use pktvisor_core::ledger::Ledger;

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

fn main() {
    streams();
}
