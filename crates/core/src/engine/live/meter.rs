//! What a live input itself takes, as rows of the table `resources`.

use super::NANOSECONDS;
use crate::decode::Batch;
use crate::table::{ResourceEvent, ResourceRow, Table};

/// Packet time between two measurements.
const INTERVAL_NS: i64 = 5 * NANOSECONDS;

/// What was used so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Processor time of the calling thread since it began, nanoseconds.
    pub thread_cpu_ns: u64,
    /// Resident memory of the process.
    pub memory_bytes: u64,
}

/// Measures now and then, and keeps the totals that go with each row.
pub struct Meter {
    usage: fn() -> Usage,
    now_ns: fn() -> i64,
    /// From this packet time on the next measurement is due.
    due_ns: i64,
    last_cpu_ns: u64,
    last_ns: i64,
    policies: u32,
    handlers: u32,
}

impl Meter {
    /// The first packet is measured where the meter is one that measures at all; the share of the processor is that of the time
    /// since now.
    pub fn new(usage: fn() -> Usage, now_ns: fn() -> i64, measures: bool) -> Self {
        let due_ns = if measures { i64::MIN } else { i64::MAX };
        Self { usage, now_ns, due_ns, last_cpu_ns: 0, last_ns: now_ns(), policies: 0, handlers: 0 }
    }

    /// No measurement is due up to this packet time.
    pub fn quiet_until_ns(&self) -> i64 {
        if self.due_ns == i64::MAX { i64::MAX } else { self.due_ns.saturating_sub(1) }
    }

    /// Writes a row for the packet that comes next.
    pub fn measure(&mut self, time_ns: i64, batch: &mut Batch) {
        self.due_ns = time_ns.saturating_add(INTERVAL_NS);
        let Usage { thread_cpu_ns, memory_bytes } = (self.usage)();
        let now_ns = (self.now_ns)();
        let used_ns = thread_cpu_ns.saturating_sub(self.last_cpu_ns);
        let passed_ns = now_ns.saturating_sub(self.last_ns);
        let cpu_percent = if passed_ns > 0 { used_ns as f64 / passed_ns as f64 * 100.0 } else { 0.0 };
        (self.last_cpu_ns, self.last_ns) = (thread_cpu_ns, now_ns);
        let row = self.row(ResourceEvent::Measurement, batch);
        batch.resources.push(&ResourceRow { time_ns, cpu_percent, memory_bytes, ..row });
    }

    /// Writes a row for a change of policies; it goes with the next packet, too.
    pub fn note(&mut self, (policies, handlers): (u32, u32), batch: &mut Batch) {
        (self.policies, self.handlers) = (policies, handlers);
        let row = self.row(ResourceEvent::PolicyChange, batch);
        batch.resources.push(&ResourceRow { time_ns: (self.now_ns)(), ..row });
    }

    fn row(&self, event: ResourceEvent, batch: &Batch) -> ResourceRow {
        let Self { policies, handlers, .. } = *self;
        let packet_row = batch.packets.len() as u32;
        ResourceRow { event: event as u8, packet_row, policies, handlers, ..ResourceRow::EMPTY }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::PacketRow;
    use std::sync::atomic::{AtomicI64, Ordering};

    static NOW_NS: AtomicI64 = AtomicI64::new(0);

    fn now_ns() -> i64 {
        NOW_NS.load(Ordering::Relaxed)
    }

    fn usage() -> Usage {
        Usage { thread_cpu_ns: now_ns() as u64 / 4, memory_bytes: 1000 }
    }

    #[test]
    fn rows_carry_the_share_of_a_core_since_the_one_before_and_the_totals() {
        let mut batch = Batch::default();
        let mut meter = Meter::new(usage, now_ns, true);
        meter.note((2, 7), &mut batch);
        NOW_NS.store(4 * NANOSECONDS, Ordering::Relaxed);
        meter.measure(100 * NANOSECONDS, &mut batch);
        batch.packets.push(&PacketRow::EMPTY);
        assert_eq!(meter.quiet_until_ns(), 105 * NANOSECONDS - 1);
        let rows = &batch.resources;
        assert_eq!((rows.event(), rows.packet_row()), (&[1, 0][..], &[0, 0][..]));
        assert_eq!((rows.cpu_percent(), rows.memory_bytes()), (&[0.0, 25.0][..], &[0, 1000][..]));
        assert_eq!((rows.policies(), rows.handlers()), (&[2, 2][..], &[7, 7][..]));
    }

    #[test]
    fn a_meter_that_does_not_measure_is_never_due() {
        assert_eq!(Meter::new(usage, now_ns, false).quiet_until_ns(), i64::MAX);
    }
}
