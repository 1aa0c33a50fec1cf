//! Ten million packets from as many random senders, kept apart by sender, within a memory budget. A process of its own, since
//! it looks at the memory of the whole process.

use std::sync::Arc;

use pktvisor_core::decode::Batch;
use pktvisor_core::engine::{Policy, PolicyConfig};
use pktvisor_core::memory::{Account, Holder, Step};
use pktvisor_core::plan::compile;
use pktvisor_core::table::PacketRow;

const SENDERS: usize = 10_000_000;
const BATCH: usize = 8_192;
const BUDGET_BYTES: usize = 64 << 20;
/// The account, and what the allocator wastes, the batch, the program itself and the test's own account of it.
const MOST_RESIDENT_BYTES: usize = 2 * BUDGET_BYTES;
const SECOND: i64 = 1_000_000_000;
/// Ten windows of a minute.
const STEP_NS: i64 = 600 * SECOND / SENDERS as i64;

/// Counts, a cardinality and a top list for each sender, of which there may be a million.
const PLAN: &str = r#"{"handlers": [{"table": "packet", "groups": [{"by": ["ip.src"], "most": 1048576}], "metrics": [
    {"kind": "counter", "feeds": [{"where": ["passed"]}], "group": 0},
    {"kind": "counter", "feeds": [{"where": ["passed"], "column": "packet.bytes"}], "group": 0},
    {"kind": "cardinality", "feeds": [{"where": ["passed"], "column": "ip.dst"}], "group": 0},
    {"kind": "top", "feeds": [{"where": ["passed"], "column": "ip.dst", "weight": "packet.bytes"}], "group": 0},
    {"kind": "counter", "feeds": [{"where": ["passed"]}]}
]}]}"#;

/// xorshift64*: the same senders in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

fn peak_resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

fn fill(batch: &mut Batch, random: &mut Random, from: usize) {
    batch.clear();
    for at in from..(from + BATCH).min(SENDERS) {
        let mut source = [0x20; 16];
        source[..8].copy_from_slice(&random.next().to_le_bytes());
        let destination = [at as u8; 16];
        let row = PacketRow { time_ns: at as i64 * STEP_NS, source, destination, bytes: 100, ..PacketRow::EMPTY };
        batch.packets.push(&row);
    }
}

#[test]
fn ten_million_random_groups_stay_within_the_budget_and_none_is_lost_uncounted() {
    let memory = Arc::new(Account::default());
    memory.set_budget(BUDGET_BYTES);
    let config = PolicyConfig { periods: 10, seed: 7, memory: memory.clone(), ..PolicyConfig::default() };
    let policy = Arc::new(Policy::new(compile(PLAN).unwrap(), config));
    let mut worker = policy.worker(0, false);
    let (mut batch, mut random, mut peak) = (Batch::default(), Random(1), 0);
    for from in (0..SENDERS).step_by(BATCH) {
        fill(&mut batch, &mut random, from);
        worker.process(&batch);
        peak = peak.max(memory.total());
    }
    drop(worker);
    assert!(peak <= BUDGET_BYTES, "{peak} bytes were held");
    let resident = peak_resident_bytes();
    assert!(resident <= MOST_RESIDENT_BYTES, "{resident} bytes were resident");

    // Within each window that is left every packet is in a group or among the others.
    let kept = policy.store().windows();
    assert!(kept.len() >= 2);
    for (number, _) in kept {
        let window = policy.store().window(number).unwrap();
        let groups = &window.state.groups[0];
        let (refused, _) = groups.refused();
        let grouped: u64 = groups.keys().iter().map(|(_, rows)| rows).sum();
        assert_eq!(grouped + refused, window.state.metrics[0].count(), "window {number}");
        assert!(refused > 0, "window {number}");
    }
    assert!(memory.given(Step::NewGroups) > 0);
    assert!(memory.held(Holder::Groups) > 0);
    drop(policy);
    assert_eq!(memory.total(), 0, "whoever is gone holds nothing");
}
