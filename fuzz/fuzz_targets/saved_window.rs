//! Any bytes as a saved window, as they are and behind headers that fit them: refused, or read to a window that reads,
//! merges, goes on and is written again.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use pktvisor_core::decode::Batch;
use pktvisor_core::engine::{Policy, PolicyConfig};
use pktvisor_core::enrich::geo::Places;
use pktvisor_core::plan::{Enrichment, compile};
use pktvisor_core::table::PacketRow;
use pktvisor_core::window::SavedWindow;

/// The plan of the seeds: a metric of every kind, top lists of every kind of item, groups.
const PLAN: &str = include_str!("../../crates/core/src/window/every_kind.json");

/// Shared: it is bounded, and to make one for each input would take longer than all the rest.
static PLACES: LazyLock<Arc<Places>> = LazyLock::new(Arc::default);

fn policy() -> Arc<Policy> {
    let enrichment = Enrichment { places: PLACES.clone(), ..Enrichment::default() };
    Arc::new(Policy::new(
        compile(PLAN).unwrap(),
        PolicyConfig { periods: 3, enrichment, seed: 1, ..PolicyConfig::default() },
    ))
}

fuzz_target!(|bytes: &[u8]| {
    let policy = policy();
    let sealed = [SavedWindow::sealed(bytes), SavedWindow::sealed_for_one_plan(policy.plan(), bytes)];
    if policy.restore([bytes, &sealed[0], &sealed[1]]).unwrap() == 0 {
        return;
    }
    let window = policy.read(0, 2).unwrap();
    let start_ns = window.start_ns.clamp(0, i64::MAX / 2);
    let mut worker = policy.worker(start_ns, true);
    let mut batch = Batch::default();
    for second in [0, 1, 70] {
        let time_ns = start_ns + second * 1_000_000_000;
        batch.packets.push(&PacketRow { time_ns, bytes: 99, ..PacketRow::EMPTY });
    }
    worker.process(&batch);
    for (number, _) in policy.store().windows() {
        let again = policy.save_window(number).unwrap();
        SavedWindow::from_bytes(&again, policy.plan(), &PLACES, 1).unwrap();
    }
    policy.read(0, 2).unwrap();
});
