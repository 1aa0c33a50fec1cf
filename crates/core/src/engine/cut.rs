//! Where a batch is cut into windows: by the times of packets, and of rows that have no packet.

use std::ops::Range;

use crate::decode::Batch;
use crate::table::Table;

/// The rows of a batch that lie in one window, table by table.
///
/// A table whose rows have packets follows them. Any other goes by its own times: up to the first that is too late, and
/// from there on into the next window, late rows included.
pub(super) struct Cut<'a> {
    batch: &'a Batch,
    /// Packets first.
    timed: Vec<Timed<'a>>,
    /// Nothing of the batch is left for a later window.
    is_last: bool,
}

/// A table that goes by its own times.
struct Timed<'a> {
    table: &'a dyn Table,
    times_ns: &'a [i64],
    rows: Range<usize>,
    /// The newest time of these rows.
    newest_ns: Option<i64>,
}

impl Timed<'_> {
    /// Goes on to the rows up to this moment; the time of the first that is later. Nearly always there is none, which one
    /// look at the times tells, together with the newest.
    fn next(&mut self, last_ns: i64) -> Option<i64> {
        let from = self.rows.end;
        let times_ns = &self.times_ns[from..];
        self.newest_ns = times_ns.iter().max().copied();
        if self.newest_ns.is_none_or(|newest_ns| newest_ns <= last_ns) {
            self.rows = from..self.times_ns.len();
            return None;
        }
        let late = times_ns.iter().position(|time_ns| *time_ns > last_ns).unwrap_or(times_ns.len());
        self.newest_ns = times_ns[..late].iter().max().copied();
        self.rows = from..from + late;
        times_ns.get(late).copied()
    }
}

impl<'a> Cut<'a> {
    /// Before the first row.
    pub fn new(batch: &'a Batch) -> Self {
        let is_packets = |table: &&dyn Table| std::ptr::addr_eq(*table, &raw const batch.packets);
        let is_timed = |table: &&dyn Table| is_packets(table) || !table.is_empty() && table.packet_rows().is_empty();
        let timed = |table: &'a dyn Table| Timed { table, times_ns: table.times_ns(), rows: 0..0, newest_ns: None };
        Self { batch, timed: batch.tables().filter(is_timed).map(timed).collect(), is_last: false }
    }

    /// Goes on to the rows of the window that ends with `last_ns`. Gives the earliest time that ends it, where one does.
    pub fn next(&mut self, last_ns: i64) -> Option<i64> {
        let mut ends_ns: Option<i64> = None;
        for timed in &mut self.timed {
            ends_ns = ends_ns.into_iter().chain(timed.next(last_ns)).min();
        }
        self.is_last = ends_ns.is_none();
        ends_ns
    }

    /// The newest time of the rows at hand.
    pub fn newest_ns(&self) -> Option<i64> {
        self.timed.iter().filter_map(|timed| timed.newest_ns).max()
    }

    /// The rows of a table that are at hand.
    pub fn rows(&self, table: &dyn Table) -> Range<usize> {
        if let Some(timed) = self.timed.iter().find(|timed| std::ptr::addr_eq(timed.table, table)) {
            return timed.rows.clone();
        }
        let packets = self.rows(&self.batch.packets);
        let owners = table.packet_rows();
        let from = owners.partition_point(|row| (*row as usize) < packets.start);
        let to = if self.is_last { table.len() } else { owners.partition_point(|row| (*row as usize) < packets.end) };
        from..to.max(from)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::decode::Batch;
    use crate::decode::app::dns;
    use crate::engine::{Policy, PolicyConfig, PolicyWorker};
    use crate::metric::Items;
    use crate::plan::compile;
    use crate::table::PacketRow;
    use crate::table::testing::SignalRow;

    const SECOND: i64 = 1_000_000_000;

    /// What comes: a packet, one with a message, or something that no packet brought.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum What {
        Packet,
        Message,
        Signal,
    }

    #[derive(Debug, Clone, Copy)]
    struct Event {
        second: i64,
        what: What,
        exchange: u64,
        is_reply: bool,
    }

    fn handler(table: &str, exchanges: bool) -> Value {
        let mut metrics = vec![
            json!({"kind": "counter", "feeds": [{}]}),
            json!({"kind": "rate", "feeds": [{}]}),
            json!({"kind": "counter", "feeds": [{"column": "packet.bytes"}]}),
        ];
        let mut handler = json!({"table": table});
        if exchanges {
            handler["exchanges"] = json!({
                "key": format!("{table}.exchange"), "is_reply": format!("{table}.is_reply"),
                "bytes": format!("{table}.bytes"), "ttl_ms": 5000,
            });
            let answered = json!({"where": ["eq", "xact.outcome", 1]});
            metrics.push(json!({"kind": "counter", "feeds": [answered]}));
            let timed_out = json!({"where": ["eq", "xact.outcome", 2]});
            metrics.push(json!({"kind": "counter", "feeds": [timed_out], "purged": {"mask": 0, "value": 0}}));
        }
        handler["metrics"] = Value::Array(metrics);
        handler
    }

    fn policy(handlers: &[Value]) -> Arc<Policy> {
        let plan = compile(&json!({"handlers": handlers}).to_string()).unwrap();
        Arc::new(Policy::new(plan, PolicyConfig { periods: 9, seed: 3, ..PolicyConfig::default() }))
    }

    fn everything() -> Arc<Policy> {
        policy(&[handler("packet", false), handler("dns", true), handler("signal", true)])
    }

    fn batch(events: &[Event]) -> Batch {
        let mut batch = Batch::default();
        for Event { second, what, exchange, is_reply } in events {
            let (time_ns, is_reply) = (second * SECOND, u8::from(*is_reply));
            if *what == What::Signal {
                batch.signals.push(&SignalRow { time_ns, bytes: 10, exchange: *exchange, is_reply });
                continue;
            }
            batch.packets.push(&PacketRow { time_ns, bytes: 10, ..PacketRow::EMPTY });
            if *what == What::Message {
                let packet_row = batch.packets.last_row() as u32;
                let row = dns::Row { time_ns, packet_row, exchange: *exchange, is_reply, ..dns::Row::EMPTY };
                batch.apps.dns.push(&row);
            }
        }
        batch
    }

    /// Start, end and content of each window, the newest first.
    fn windows(policy: &Policy) -> Vec<(i64, i64, Vec<u8>)> {
        let window = |back| {
            let window = policy.read(back, back).unwrap();
            let mut bytes = Vec::new();
            window.state.save(&mut bytes, policy.plan(), Items { places: policy.places(), seed: 0 });
            (window.start_ns, window.end_ns, bytes)
        };
        (0..policy.store().available()).map(window).collect()
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let what = prop::sample::select(vec![What::Packet, What::Message, What::Signal]);
        let event = (0..300_i64, what, 0..4_u64, any::<bool>());
        let event = event.prop_map(|(second, what, exchange, is_reply)| Event { second, what, exchange, is_reply });
        prop::collection::vec(event, 1..80).prop_map(|mut events| {
            events.sort_by_key(|event| event.second);
            events
        })
    }

    /// Feeds events as batches of so many at most, each to the worker that its exchange, or its turn, gives.
    fn feed(workers: &mut [PolicyWorker], events: &[Event], lengths: &[usize]) {
        let mut rest = events;
        for length in lengths.iter().cycle() {
            let (now, later) = rest.split_at((*length).min(rest.len()));
            for event in now.chunk_by(|one, next| one.exchange % 2 == next.exchange % 2) {
                let share = event[0].exchange as usize % 2 % workers.len();
                workers[share].process(&batch(event));
            }
            rest = later;
            if rest.is_empty() {
                return;
            }
        }
    }

    proptest! {
        #[test]
        fn however_rows_are_split_into_batches_windows_are_the_same(
            events in events(), lengths in prop::collection::vec(1..20_usize, 1..8),
        ) {
            let (whole, split) = (everything(), everything());
            let start_ns = events[0].second * SECOND;
            whole.worker(start_ns, true).process(&batch(&events));
            feed(&mut [split.worker(start_ns, true)], &events, &lengths);
            prop_assert_eq!(windows(&split), windows(&whole));
        }

        #[test]
        fn whoever_of_the_workers_gets_them_rows_count_into_the_same_windows(
            events in events(), lengths in prop::collection::vec(1..20_usize, 1..8),
        ) {
            let (whole, shared) = (everything(), everything());
            let (start_ns, end_ns) = (events[0].second * SECOND, events[events.len() - 1].second * SECOND);
            let mut alone = whole.worker(start_ns, true);
            alone.process(&batch(&events));
            let mut workers = [shared.worker(start_ns, true), shared.worker(start_ns, true)];
            feed(&mut workers, &events, &lengths);
            workers.iter_mut().for_each(|worker| worker.advance(end_ns));
            alone.finish(end_ns);
            workers.iter_mut().for_each(|worker| worker.finish(end_ns));
            prop_assert_eq!(windows(&shared), windows(&whole));
        }

        #[test]
        fn rows_without_packets_fare_as_rows_with_packets_do(events in events()) {
            let of = |table: &str, what| {
                let events: Vec<_> = events.iter().map(|event| Event { what, ..*event }).collect();
                let policy = policy(&[handler(table, true)]);
                policy.worker(events[0].second * SECOND, true).process(&batch(&events));
                policy
            };
            let (messages, signals) = (of("dns", What::Message), of("signal", What::Signal));
            let of_packets = |policy: &Policy| policy.read(0, 8).unwrap().state.metrics[2].clone();
            prop_assert_ne!(format!("{:?}", of_packets(&messages)), format!("{:?}", of_packets(&signals)));
            let without_packets = |policy: &Policy| -> Vec<_> {
                let window = |back| policy.read(back, back).unwrap();
                let shown = |back| { let window = window(back); (window.start_ns, window.end_ns, [0, 1, 3, 4].map(|at| format!("{:?}", window.state.metrics[at]))) };
                (0..policy.store().available()).map(shown).collect()
            };
            prop_assert_eq!(without_packets(&signals), without_packets(&messages));
            prop_assert_eq!(signals.open_exchanges(), messages.open_exchanges());
        }
    }
}
