//! The engine on a capture file, without Python: `cargo bench --bench engine -- PLAN.json CAPTURE`, hosts 10.0.0.0/8.
//!
//! Prints CPU nanoseconds per packet, best of five. A plan is the JSON of `pktvisor.policies.plan.Plan`; for instructions
//! run the binary under `valgrind --tool=callgrind`, with `--once`. With `--flows` the packets are datagrams of flow records.

use std::path::PathBuf;
use std::sync::Arc;

use pktvisor_core::decode::DecodeConfig;
use pktvisor_core::engine::{FileConfig, Policy, PolicyConfig, run_file};
use pktvisor_core::hosts::Hosts;
use pktvisor_core::plan::compile;

fn cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes a timespec through a valid pointer.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [plan, capture, ..] = &arguments[..] else {
        println!("usage: engine PLAN.json CAPTURE (nothing is measured without them)");
        return;
    };
    let json = std::fs::read_to_string(plan).expect("the plan can be read");
    let reads_flows = std::env::args().any(|argument| argument == "--flows");
    let runs = if std::env::args().any(|argument| argument == "--once") { 1 } else { 5 };
    let host = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0];
    let mut best = f64::INFINITY;
    for _ in 0..runs {
        let config = PolicyConfig { periods: 1, seed: 7, ..PolicyConfig::default() };
        let policy = Arc::new(Policy::new(compile(&json).expect("the plan compiles"), config));
        let file = FileConfig {
            paths: vec![PathBuf::from(capture)],
            patience: None,
            following: None,
            decode: DecodeConfig { hosts: Hosts::new([(host, 104)]), seed: 7, reads_flows, ..DecodeConfig::default() },
            filter: None,
            policies: vec![policy],
            workers: 1,
        };
        let started = cpu_ns();
        let report = run_file(&file, &Vec::new, &mut |_| true).expect("the capture can be read");
        best = best.min((cpu_ns() - started) as f64 / report.ledger.seen.max(1) as f64);
    }
    println!("{best:.1} ns per packet");
}
