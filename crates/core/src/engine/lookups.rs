//! What a policy looks addresses and names up in, which may be replaced while its workers are at work.
//!
//! A window is counted by one set of databases from its start to its end: workers take the new ones when they begin the
//! first window that begins after the replacement. A window that never ends can't wait for that; there they are taken
//! with the next batch. The old ones are gone when the last worker has let go of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::enrich::geo::{GeoDatabase, Places};
use crate::enrich::services::Services;
use crate::enrich::suffix::SuffixList;
use crate::plan::Enrichment;

/// What may be replaced; where one is missing, there is none from then on.
#[derive(Default)]
pub struct Databases {
    pub city: Option<Arc<GeoDatabase>>,
    pub network: Option<Arc<GeoDatabase>>,
    pub suffixes: Option<Arc<SuffixList>>,
    pub services: Option<Arc<Services>>,
}

/// The databases of a policy.
pub(super) struct Lookups {
    /// How often they were replaced.
    replacements: AtomicU64,
    places: Arc<Places>,
    chosen: Mutex<Chosen>,
}

struct Chosen {
    enrichment: Enrichment,
    /// What windows before are counted by, for workers that begin in one of them.
    former: Option<Enrichment>,
    /// Number of the first window that is counted by them.
    from: usize,
}

impl Lookups {
    pub fn new(enrichment: Enrichment) -> Self {
        Self {
            replacements: AtomicU64::new(0),
            places: enrichment.places.clone(),
            chosen: Mutex::new(Chosen { enrichment, former: None, from: 0 }),
        }
    }

    fn chosen(&self) -> MutexGuard<'_, Chosen> {
        self.chosen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The numbers of places, which stay whatever is replaced.
    pub fn places(&self) -> &Arc<Places> {
        &self.places
    }

    /// Puts other databases in the place of those that there are, for windows from number `from` on.
    pub fn replace(&self, databases: Databases, from: usize) {
        let Databases { city, network, suffixes, services } = databases;
        let mut chosen = self.chosen();
        let before = chosen.enrichment.clone();
        chosen.enrichment = Enrichment { city, network, suffixes, services, ..before.clone() };
        // Where no window has begun since the last replacement, none is counted by what it brought.
        let former = chosen.former.take().filter(|_| chosen.from == from).unwrap_or(before);
        chosen.former = (from > 0).then_some(former);
        chosen.from = from;
        self.replacements.fetch_add(1, Ordering::Release);
    }

    /// What a worker that begins in window `number` looks things up in, and what it has to remember.
    pub fn of_window(&self, number: usize) -> (Enrichment, u64) {
        let chosen = self.chosen();
        let replacements = self.replacements.load(Ordering::Acquire);
        match &chosen.former {
            Some(former) if number < chosen.from => (former.clone(), replacements.wrapping_sub(1)),
            _ => (chosen.enrichment.clone(), replacements),
        }
    }

    /// Other databases than those that a worker took when it was given `seen`, where its window `number` is counted by
    /// them.
    #[inline]
    pub fn newer(&self, seen: u64, number: usize) -> Option<(Enrichment, u64)> {
        if self.replacements.load(Ordering::Acquire) == seen { None } else { self.replaced(number) }
    }

    #[cold]
    fn replaced(&self, number: usize) -> Option<(Enrichment, u64)> {
        let mut chosen = self.chosen();
        if number < chosen.from {
            return None;
        }
        chosen.former = None;
        Some((chosen.enrichment.clone(), self.replacements.load(Ordering::Acquire)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use serde_json::json;

    use super::*;
    use crate::decode::Batch;
    use crate::engine::{Policy, PolicyConfig, PolicyWorker};
    use crate::enrich::geo::GeoKind;
    use crate::enrich::geo::testing::{address, open};
    use crate::metric::{Shape, TopItems, number};
    use crate::plan::compile;
    use crate::table::PacketRow;
    use crate::window::NANOSECONDS;

    /// An address that the two databases of networks name differently.
    const ADDRESS: &str = "10.0.1.7";

    fn database(file: &str) -> Arc<GeoDatabase> {
        Arc::new(open(file, GeoKind::Network))
    }

    fn networks_of(network: Arc<GeoDatabase>) -> Databases {
        Databases { network: Some(network), ..Databases::default() }
    }

    fn policy(periods: usize, network: &Arc<GeoDatabase>) -> Arc<Policy> {
        let top = json!({"kind": "top", "feeds": [{"column": {"network": "ip.src"}}]});
        let plan = json!({"handlers": [{"table": "packet", "metrics": [top]}]}).to_string();
        let enrichment = Enrichment { network: Some(network.clone()), cache_entries: 64, ..Enrichment::default() };
        let config = PolicyConfig { periods, enrichment, seed: 1, ..PolicyConfig::default() };
        Arc::new(Policy::new(compile(&plan).unwrap(), config))
    }

    fn feed(worker: &mut PolicyWorker, seconds: &[i64]) {
        let mut batch = Batch::default();
        for second in seconds {
            let time_ns = second * NANOSECONDS;
            batch.packets.push(&PacketRow { time_ns, source: address(ADDRESS), ..PacketRow::EMPTY });
        }
        worker.process(&batch);
    }

    /// The networks that a window has counted, with their packets.
    fn networks(policy: &Policy, back: usize) -> Vec<(String, u64)> {
        let window = policy.read(back, back).unwrap();
        let Shape::Items(_, TopItems::Frequent(top)) = window.state.metrics[0].shape() else { panic!("no top list") };
        let name = |item: &[u8]| policy.places().get(number(item) as u32).text.to_string();
        let mut found: Vec<_> = top.top(9).iter().map(|entry| (name(entry.item), entry.estimate)).collect();
        found.sort();
        found
    }

    #[test]
    fn another_database_is_taken_with_the_window_that_begins_next() {
        let (first, second) = (database("asn.mmdb"), database("isp.mmdb"));
        let policy = policy(5, &first);
        let mut worker = policy.worker(0, false);
        feed(&mut worker, &[0, 1]);
        policy.replace_databases(networks_of(second));
        feed(&mut worker, &[2, 59, 60, 61, 62]);
        let (before, after) = (networks(&policy, 1), networks(&policy, 0));
        assert_eq!((before[0].1, after[0].1), (4, 3), "no packet is lost, and each counts once");
        assert_ne!(before[0].0, after[0].0);
        assert_eq!((before.len(), after.len()), (1, 1), "no window is counted by two databases");
    }

    #[test]
    fn a_window_that_never_ends_takes_it_with_the_next_batch() {
        let policy = policy(1, &database("asn.mmdb"));
        let mut worker = policy.worker(0, false);
        feed(&mut worker, &[0]);
        policy.replace_databases(networks_of(database("isp.mmdb")));
        feed(&mut worker, &[1, 2]);
        let counts: Vec<_> = networks(&policy, 0).into_iter().map(|(_, packets)| packets).collect();
        assert_eq!(counts.iter().sum::<u64>(), 3);
        assert_eq!(counts.len(), 2);
    }

    #[test]
    fn a_worker_that_begins_in_a_window_counts_it_by_what_the_others_count_it_by() {
        let policy = policy(5, &database("asn.mmdb"));
        let mut first = policy.worker(0, true);
        feed(&mut first, &[0]);
        policy.replace_databases(networks_of(database("isp.mmdb")));
        policy.replace_databases(networks_of(database("isp.mmdb")));
        let mut second = policy.worker(0, true);
        feed(&mut second, &[1, 61]);
        feed(&mut first, &[62]);
        let (before, after) = (networks(&policy, 1), networks(&policy, 0));
        assert_eq!((before.len(), after.len()), (1, 1), "no window is counted by two databases");
        assert_eq!((before[0].1, after[0].1), (2, 2));
        assert_ne!(before[0].0, after[0].0);
    }

    #[test]
    fn the_old_database_is_gone_once_every_worker_has_begun_another_window() {
        let first = database("asn.mmdb");
        let old: Weak<GeoDatabase> = Arc::downgrade(&first);
        let policy = policy(5, &first);
        drop(first);
        let (mut one, mut other) = (policy.worker(0, true), policy.worker(0, true));
        policy.replace_databases(networks_of(database("isp.mmdb")));
        feed(&mut one, &[60]);
        assert!(old.upgrade().is_some(), "a worker is still in the window before");
        other.advance(61 * NANOSECONDS);
        assert!(old.upgrade().is_none());
    }

    #[test]
    fn a_worker_behind_the_others_does_not_count_an_older_window_by_it() {
        let policy = policy(9, &database("asn.mmdb"));
        let (mut ahead, mut behind) = (policy.worker(0, true), policy.worker(0, true));
        feed(&mut ahead, &[0, 60, 120]);
        policy.replace_databases(networks_of(database("isp.mmdb")));
        feed(&mut behind, &[1, 61, 121]);
        feed(&mut ahead, &[180]);
        feed(&mut behind, &[181]);
        let of: Vec<_> = (0..4).map(|back| networks(&policy, back)).collect();
        assert!(of.iter().all(|found| found.len() == 1 && found[0].1 == 2), "{of:?}");
        assert!(of[1] == of[2] && of[2] == of[3] && of[0] != of[1], "{of:?}");
    }
}
