//! The loss ledger: where every packet of an input went. Nothing is lost uncounted.

use std::ops::AddAssign;

/// Why some bytes could not be read, by layer. A packet is counted under the first reason met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Malformed {
    LinkTooShort,
    LinkUnknown,
    LinkEncrypted,
    LlcTooShort,
    TagTooShort,
    VlanTooShort,
    MplsTooShort,
    PppoeTooShort,
    Ipv4TooShort,
    Ipv4BadHeader,
    Ipv6TooShort,
    Ipv6BadExtension,
    AuthenticationTooShort,
    GreTooShort,
    TunnelTooDeep,
    TcpTooShort,
    TcpBadHeader,
    UdpTooShort,
    UdpBadLength,
    DnsBadPort,
    DnsTooShort,
    DnsBadQuestion,
    DhcpTooShort,
    DhcpBadOptions,
    FlowUnknown,
    FlowTooShort,
    FlowTrailingBytes,
    DnstapBadProtobuf,
    DnstapNoMessage,
    DnstapBadAddress,
    DnstapBadControl,
    DnstapOutOfOrder,
    DnstapContentType,
    DnstapFrameTooLong,
    DnstapCutFrame,
}

impl Malformed {
    pub const ALL: [Self; 35] = [
        Self::LinkTooShort,
        Self::LinkUnknown,
        Self::LinkEncrypted,
        Self::LlcTooShort,
        Self::TagTooShort,
        Self::VlanTooShort,
        Self::MplsTooShort,
        Self::PppoeTooShort,
        Self::Ipv4TooShort,
        Self::Ipv4BadHeader,
        Self::Ipv6TooShort,
        Self::Ipv6BadExtension,
        Self::AuthenticationTooShort,
        Self::GreTooShort,
        Self::TunnelTooDeep,
        Self::TcpTooShort,
        Self::TcpBadHeader,
        Self::UdpTooShort,
        Self::UdpBadLength,
        Self::DnsBadPort,
        Self::DnsTooShort,
        Self::DnsBadQuestion,
        Self::DhcpTooShort,
        Self::DhcpBadOptions,
        Self::FlowUnknown,
        Self::FlowTooShort,
        Self::FlowTrailingBytes,
        Self::DnstapBadProtobuf,
        Self::DnstapNoMessage,
        Self::DnstapBadAddress,
        Self::DnstapBadControl,
        Self::DnstapOutOfOrder,
        Self::DnstapContentType,
        Self::DnstapFrameTooLong,
        Self::DnstapCutFrame,
    ];

    /// Layer and reason as they are printed: `"udp.bad_length"`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkTooShort => "link.too_short",
            Self::LinkUnknown => "link.unknown",
            Self::LinkEncrypted => "link.encrypted",
            Self::LlcTooShort => "llc.too_short",
            Self::TagTooShort => "tag.too_short",
            Self::VlanTooShort => "vlan.too_short",
            Self::MplsTooShort => "mpls.too_short",
            Self::PppoeTooShort => "pppoe.too_short",
            Self::Ipv4TooShort => "ipv4.too_short",
            Self::Ipv4BadHeader => "ipv4.bad_header",
            Self::Ipv6TooShort => "ipv6.too_short",
            Self::Ipv6BadExtension => "ipv6.bad_extension",
            Self::AuthenticationTooShort => "ah.too_short",
            Self::GreTooShort => "gre.too_short",
            Self::TunnelTooDeep => "tunnel.too_deep",
            Self::TcpTooShort => "tcp.too_short",
            Self::TcpBadHeader => "tcp.bad_header",
            Self::UdpTooShort => "udp.too_short",
            Self::UdpBadLength => "udp.bad_length",
            Self::DnsBadPort => "dns.bad_port",
            Self::DnsTooShort => "dns.too_short",
            Self::DnsBadQuestion => "dns.bad_question",
            Self::DhcpTooShort => "dhcp.too_short",
            Self::DhcpBadOptions => "dhcp.bad_options",
            Self::FlowUnknown => "flow.unknown",
            Self::FlowTooShort => "flow.too_short",
            Self::FlowTrailingBytes => "flow.trailing_bytes",
            Self::DnstapBadProtobuf => "dnstap.bad_protobuf",
            Self::DnstapNoMessage => "dnstap.no_message",
            Self::DnstapBadAddress => "dnstap.bad_address",
            Self::DnstapBadControl => "dnstap.bad_control",
            Self::DnstapOutOfOrder => "dnstap.out_of_order",
            Self::DnstapContentType => "dnstap.content_type",
            Self::DnstapFrameTooLong => "dnstap.frame_too_long",
            Self::DnstapCutFrame => "dnstap.cut_frame",
        }
    }
}

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
    malformed: ByReason,
    /// Of those decoded and malformed, the packets of neither direction: no end is a host, or none is known. Complete
    /// once the batch has been handed on; outside the balance.
    pub direction_unknown: u64,
    /// State that bounds made the agent give up, by name; these are not packets and stand outside the balance.
    pub evicted: Evicted,
    /// Time stamps that jumped: a clock that was set, or a bad stamp. No packets of their own, outside the balance.
    pub time_steps: u64,
    /// Flow records that exporters sent and that never came, by their sequence numbers; outside the balance.
    pub flow_records_lost: u64,
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
    /// Connections that were closed: there were too many, they held too much, or said nothing.
    pub clients: u64,
}

/// Counts by the number of their reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ByReason([u64; Malformed::ALL.len()]);

impl Default for ByReason {
    fn default() -> Self {
        Self([0; Malformed::ALL.len()])
    }
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
        self.malformed.0[reason as usize] += 1;
    }

    pub fn malformed(&self, reason: Malformed) -> u64 {
        self.malformed.0[reason as usize]
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
            "evicted.clients" => &mut self.evicted.clients,
            "time.steps" => &mut self.time_steps,
            "flow.records_lost" => &mut self.flow_records_lost,
            _ => &mut self.malformed.0[Malformed::ALL.iter().position(|reason| reason.name() == name)?],
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
            ("evicted.clients", self.evicted.clients),
            ("time.steps", self.time_steps),
            ("flow.records_lost", self.flow_records_lost),
        ];
        let ByReason(reasons) = self.malformed;
        whole.into_iter().chain(Malformed::ALL.into_iter().map(move |reason| (reason.name(), reasons[reason as usize])))
    }

    pub fn malformed_total(&self) -> u64 {
        self.malformed.0.iter().sum()
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
        for (mine, theirs) in self.malformed.0.iter_mut().zip(&other.malformed.0) {
            *mine += theirs;
        }
        self.direction_unknown += other.direction_unknown;
        self.evicted.fragments += other.evicted.fragments;
        self.evicted.tcp_streams += other.evicted.tcp_streams;
        self.evicted.tcp_segments += other.evicted.tcp_segments;
        self.evicted.transactions += other.evicted.transactions;
        self.evicted.exporters += other.evicted.exporters;
        self.evicted.groups += other.evicted.groups;
        self.evicted.clients += other.evicted.clients;
        self.time_steps += other.time_steps;
        self.flow_records_lost += other.flow_records_lost;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_the_enum_and_differ() {
        for (at, reason) in Malformed::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, at);
        }
        let names: std::collections::HashSet<_> = Malformed::ALL.iter().map(|reason| reason.name()).collect();
        assert_eq!(names.len(), Malformed::ALL.len());
    }

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
        ledger.count_malformed(Malformed::UdpBadLength);
        assert!(ledger.balances());
    }
}
