//! The loss ledger: where every packet of an input went. Nothing is lost uncounted.

use std::ops::AddAssign;

use crate::malformed::Counts;
pub use crate::malformed::Malformed;

/// A name that some entry of the ledger has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry(usize);

impl Entry {
    /// The entry of this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::names().position(|known| known == name).map(Self)
    }

    /// The names of all entries.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Ledger::default().entries().map(|(name, _)| name)
    }
}

/// Counts of packets by what became of them. `seen` is always the sum of the others (see [`Ledger::balances`]).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// What the kernel, or the file, had for us.
    pub seen: u64,
    pub decoded: u64,
    pub filtered: u64,
    pub dropped_by_kernel: u64,
    /// Thrown away by the agent itself, where it could not keep up.
    pub dropped_by_us: u64,
    /// Lost by interfaces before the kernel had them, so that they stand outside the balance.
    pub dropped_by_interface: u64,
    malformed: Counts,
    /// Of those decoded and malformed, the packets of neither direction: no end is a host, or none is known. Complete
    /// once the batch has been handed on; outside the balance.
    pub direction_unknown: u64,
    /// State that bounds made the agent give up, by name; these are not packets and stand outside the balance.
    pub evicted: Evicted,
    /// Time stamps that jumped: a clock that was set, or a bad stamp. No packets of their own, outside the balance.
    pub time_steps: u64,
    /// Flow records that exporters sent and that never came, by their sequence numbers; outside the balance.
    pub flow_records_lost: u64,
    /// Datagrams of exporters likewise, where these are what is numbered.
    pub flow_datagrams_lost: u64,
    /// What became of probes; outside the balance, where each of these events is one thing seen.
    pub probes: Probes,
}

/// Probes by what became of them: `sent` is the sum of `answered`, `unanswered`, `failed` and of those that still wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Probes {
    pub sent: u64,
    /// In time.
    pub answered: u64,
    /// Timed out.
    pub unanswered: u64,
    /// Of those unanswered, the ones whose answer came too late.
    pub late: u64,
    /// Connections that were refused, or could not be made.
    pub failed: u64,
    /// Never sent: no socket, no address, no such name.
    pub not_sent: u64,
}

/// What was thrown away to keep a bound: not packets, but what the agent would have known of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evicted {
    pub fragments: u64,
    pub tcp_streams: u64,
    pub tcp_segments: u64,
    pub transactions: u64,
    /// Exporters whose sequence numbers were forgotten.
    pub exporters: u64,
    /// Groups of breakdowns that joined the one of the others, for want of memory.
    pub groups: u64,
    /// Groups of breakdowns that go on without their top lists, for want of memory.
    pub group_lists: u64,
    /// Connections that were closed: there were too many, they held too much, or said nothing.
    pub clients: u64,
    /// Flows whose protocol was looked for by content, and has to be found again.
    pub probed_flows: u64,
    /// Templates of flow records, and ways of sampling, that exporters told.
    pub templates: u64,
    /// Sets of flow records whose template never came.
    pub flow_sets: u64,
}

impl Ledger {
    /// Packets that the kernel had and could not hand over.
    pub fn of_kernel_drops(packets: u64) -> Self {
        Self { seen: packets, dropped_by_kernel: packets, ..Self::default() }
    }

    /// Packets that interfaces lost before the kernel had them.
    pub fn of_interface_drops(packets: u64) -> Self {
        Self { dropped_by_interface: packets, ..Self::default() }
    }

    /// Connections that bounds made the agent close.
    pub fn of_evicted_clients(clients: u64) -> Self {
        Self { evicted: Evicted { clients, ..Evicted::default() }, ..Self::default() }
    }

    /// Packets that the agent had and could not keep up with.
    pub fn of_own_drops(packets: u64) -> Self {
        Self { seen: packets, dropped_by_us: packets, ..Self::default() }
    }

    #[inline]
    pub fn count_malformed(&mut self, reason: Malformed) {
        *self.malformed.of_mut(reason) += 1;
    }

    pub fn malformed(&self, reason: Malformed) -> u64 {
        self.malformed.of(reason)
    }

    /// What an entry counts.
    pub fn count(&self, entry: Entry) -> u64 {
        self.entries().nth(entry.0).map_or(0, |(_, count)| count)
    }

    /// The count behind a name, to be set; nothing for a name that is none, or that is a sum of others.
    pub fn entry_mut(&mut self, name: &str) -> Option<&mut u64> {
        Some(match name {
            "seen" => &mut self.seen,
            "decoded" => &mut self.decoded,
            "filtered" => &mut self.filtered,
            "dropped_by_kernel" => &mut self.dropped_by_kernel,
            "dropped_by_us" => &mut self.dropped_by_us,
            "dropped_by_interface" => &mut self.dropped_by_interface,
            "direction_unknown" => &mut self.direction_unknown,
            "evicted.fragments" => &mut self.evicted.fragments,
            "evicted.tcp_streams" => &mut self.evicted.tcp_streams,
            "evicted.tcp_segments" => &mut self.evicted.tcp_segments,
            "evicted.transactions" => &mut self.evicted.transactions,
            "evicted.exporters" => &mut self.evicted.exporters,
            "evicted.groups" => &mut self.evicted.groups,
            "evicted.group_lists" => &mut self.evicted.group_lists,
            "evicted.clients" => &mut self.evicted.clients,
            "evicted.probed_flows" => &mut self.evicted.probed_flows,
            "evicted.templates" => &mut self.evicted.templates,
            "evicted.flow_sets" => &mut self.evicted.flow_sets,
            "time.steps" => &mut self.time_steps,
            "flow.records_lost" => &mut self.flow_records_lost,
            "flow.datagrams_lost" => &mut self.flow_datagrams_lost,
            "probes.sent" => &mut self.probes.sent,
            "probes.answered" => &mut self.probes.answered,
            "probes.unanswered" => &mut self.probes.unanswered,
            "probes.late" => &mut self.probes.late,
            "probes.failed" => &mut self.probes.failed,
            "probes.not_sent" => &mut self.probes.not_sent,
            _ => self.malformed.of_mut(Malformed::all().find(|reason| reason.name() == name)?),
        })
    }

    /// All entries with their names.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        let whole = [
            ("seen", self.seen),
            ("decoded", self.decoded),
            ("filtered", self.filtered),
            ("dropped_by_kernel", self.dropped_by_kernel),
            ("dropped_by_us", self.dropped_by_us),
            ("dropped_by_interface", self.dropped_by_interface),
            ("malformed", self.malformed_total()),
            ("direction_unknown", self.direction_unknown),
            ("evicted.fragments", self.evicted.fragments),
            ("evicted.tcp_streams", self.evicted.tcp_streams),
            ("evicted.tcp_segments", self.evicted.tcp_segments),
            ("evicted.transactions", self.evicted.transactions),
            ("evicted.exporters", self.evicted.exporters),
            ("evicted.groups", self.evicted.groups),
            ("evicted.group_lists", self.evicted.group_lists),
            ("evicted.clients", self.evicted.clients),
            ("evicted.probed_flows", self.evicted.probed_flows),
            ("evicted.templates", self.evicted.templates),
            ("evicted.flow_sets", self.evicted.flow_sets),
            ("time.steps", self.time_steps),
            ("flow.records_lost", self.flow_records_lost),
            ("flow.datagrams_lost", self.flow_datagrams_lost),
            ("probes.sent", self.probes.sent),
            ("probes.answered", self.probes.answered),
            ("probes.unanswered", self.probes.unanswered),
            ("probes.late", self.probes.late),
            ("probes.failed", self.probes.failed),
            ("probes.not_sent", self.probes.not_sent),
        ];
        let reasons = self.malformed.clone();
        whole.into_iter().chain(Malformed::all().map(move |reason| (reason.name(), reasons.of(reason))))
    }

    pub fn malformed_total(&self) -> u64 {
        self.malformed.total()
    }

    /// True when every packet seen is accounted for.
    pub fn balances(&self) -> bool {
        self.seen == self.decoded + self.filtered + self.dropped_by_kernel + self.dropped_by_us + self.malformed_total()
    }
}

impl AddAssign<&Ledger> for Ledger {
    fn add_assign(&mut self, other: &Ledger) {
        self.seen += other.seen;
        self.decoded += other.decoded;
        self.filtered += other.filtered;
        self.dropped_by_kernel += other.dropped_by_kernel;
        self.dropped_by_us += other.dropped_by_us;
        self.dropped_by_interface += other.dropped_by_interface;
        self.malformed.add(&other.malformed);
        self.direction_unknown += other.direction_unknown;
        self.evicted.fragments += other.evicted.fragments;
        self.evicted.tcp_streams += other.evicted.tcp_streams;
        self.evicted.tcp_segments += other.evicted.tcp_segments;
        self.evicted.transactions += other.evicted.transactions;
        self.evicted.exporters += other.evicted.exporters;
        self.evicted.groups += other.evicted.groups;
        self.evicted.group_lists += other.evicted.group_lists;
        self.evicted.clients += other.evicted.clients;
        self.evicted.probed_flows += other.evicted.probed_flows;
        self.evicted.templates += other.evicted.templates;
        self.evicted.flow_sets += other.evicted.flow_sets;
        self.time_steps += other.time_steps;
        self.flow_records_lost += other.flow_records_lost;
        self.flow_datagrams_lost += other.flow_datagrams_lost;
        self.probes.sent += other.probes.sent;
        self.probes.answered += other.probes.answered;
        self.probes.unanswered += other.probes.unanswered;
        self.probes.late += other.probes.late;
        self.probes.failed += other.probes.failed;
        self.probes.not_sent += other.probes.not_sent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode;

    #[test]
    fn every_entry_but_the_sum_can_be_set_by_its_name() {
        let mut ledger = Ledger::default();
        let names: Vec<_> = ledger.entries().map(|(name, _)| name).collect();
        for (at, name) in names.iter().enumerate() {
            match ledger.entry_mut(name) {
                Some(count) => *count = at as u64 + 1,
                None => assert_eq!(*name, "malformed"),
            }
        }
        for (at, name) in names.iter().enumerate().filter(|(_, name)| **name != "malformed") {
            assert_eq!(ledger.count(Entry::named(name).unwrap()), at as u64 + 1, "{name}");
        }
        assert_eq!(Entry::named("dropped_by_nobody"), None);
    }

    #[test]
    fn a_packet_that_nobody_accounts_for_shows() {
        let mut ledger = Ledger { seen: 2, decoded: 1, ..Ledger::default() };
        assert!(!ledger.balances());
        ledger.count_malformed(decode::UDP_BAD_LENGTH);
        assert!(ledger.balances());
    }
}
