//! One record while it is read: values in the order of its template become a row at its end.

use super::super::records::Macs;
use super::super::sampled::{read_headers, read_network};
use super::super::uptime;
use super::elements::{Moment, Target};
use crate::decode::link;
use crate::metric::is_specified;
use crate::table::{Address, FlowRow};
use crate::wire::ethertype;
use crate::wire::ipv4::mapped;

const NANOSECONDS: i64 = 1_000_000_000;
const MILLISECOND_NS: i64 = 1_000_000;
const MICROSECOND_NS: i64 = 1_000;

/// From 1900, which NTP counts from, to 1970.
const NTP_TO_UNIX_S: i64 = 2_208_988_800;

/// The times of a datagram, which those of its records may be relative to.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct Clock {
    /// When the exporter started, where the datagram says so.
    started_ns: Option<i64>,
    exported_ns: i64,
}

impl Clock {
    /// The moment that a record states.
    #[inline]
    pub(super) fn moment_ns(self, moment: Moment, number: u64) -> Option<i64> {
        Some(match moment {
            Moment::UptimeMs => uptime::moment_ns(self.started_ns?, scaled(number, MILLISECOND_NS), self.exported_ns),
            Moment::Seconds => scaled(number, NANOSECONDS),
            Moment::Milliseconds => scaled(number, MILLISECOND_NS),
            Moment::Ntp => {
                let fraction_ns = ((number & u64::from(u32::MAX)) * NANOSECONDS as u64) >> 32;
                ((number >> 32) as i64 - NTP_TO_UNIX_S) * NANOSECONDS + fraction_ns as i64
            }
            Moment::BeforeUs => self.exported_ns.saturating_sub(scaled(number, MICROSECOND_NS)),
        })
    }

    /// The exporter was up for so long when its clock showed this second.
    pub fn since_start(up_ms: u32, now_s: u32) -> Self {
        let exported_ns = i64::from(now_s) * NANOSECONDS;
        Self { started_ns: Some(exported_ns - i64::from(up_ms) * MILLISECOND_NS), exported_ns }
    }

    /// All that is known is when the datagram left.
    pub fn exported_at(now_s: u32) -> Self {
        Self { started_ns: None, exported_ns: i64::from(now_s) * NANOSECONDS }
    }

    /// The same, where something else has told when the exporter started.
    pub fn or_started_at(self, started_ns: Option<i64>) -> Self {
        Self { started_ns: self.started_ns.or(started_ns), ..self }
    }
}

/// How an exporter samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sampling {
    pub interval: u32,
    pub mode: u8,
}

/// What a record says of sampling.
#[derive(Debug, Clone, Copy, Default)]
struct Sampled {
    interval: Option<u64>,
    mode: Option<u8>,
    in_row: Option<u64>,
    skipped: Option<u64>,
    size: Option<u64>,
    population: Option<u64>,
    probability: Option<f64>,
}

/// A record: what goes straight into a row, and what must be put together.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    row: FlowRow,
    pub macs: Macs,
    clock: Clock,
    version_said: u8,
    source: [Option<Address>; 2],
    destination: [Option<Address>; 2],
    next_hop: [Option<Address>; 2],
    source_mask: [u8; 2],
    destination_mask: [u8; 2],
    dscp: Option<u8>,
    /// What the record says of a protocol alone: counts where it says nothing of all.
    source_port: u16,
    destination_port: u16,
    icmpv6_type_code: u16,
    start: Option<(Moment, u64)>,
    end: Option<(Moment, u64)>,
    seen: Option<(Moment, u64)>,
    duration_ns: Option<i64>,
    sampled: Sampled,
    pub sampler: Option<u64>,
    pub in_interface: Option<u32>,
}

impl Draft {
    /// A record of which nothing is known but what all of its datagram share.
    pub fn new(common: &FlowRow, clock: Clock) -> Self {
        Self {
            row: *common,
            macs: Macs::default(),
            clock,
            version_said: 0,
            source: [None; 2],
            destination: [None; 2],
            next_hop: [None; 2],
            source_mask: [0; 2],
            destination_mask: [0; 2],
            dscp: None,
            source_port: 0,
            destination_port: 0,
            icmpv6_type_code: 0,
            start: None,
            end: None,
            seen: None,
            duration_ns: None,
            sampled: Sampled::default(),
            sampler: None,
            in_interface: None,
        }
    }

    /// Takes in the value of a field, whatever its width.
    #[inline]
    pub(super) fn put(&mut self, target: Target, value: &[u8]) {
        let number = number(value);
        let Self { row, sampled, .. } = self;
        match target {
            Target::Nowhere => {}
            Target::Bytes => row.bytes = number,
            Target::Packets => row.packets = number,
            Target::IpVersion => self.version_said = number as u8,
            Target::Protocol => row.protocol = number as u8,
            Target::Tos => row.tos = number as u8,
            Target::Dscp => self.dscp = Some(number as u8),
            Target::TcpFlags => row.tcp_flags = number as u8,
            Target::SourcePort => row.source_port = number as u16,
            Target::DestinationPort => row.destination_port = number as u16,
            Target::SourcePortOf(_) if self.source_port == 0 => self.source_port = number as u16,
            Target::DestinationPortOf(_) if self.destination_port == 0 => self.destination_port = number as u16,
            Target::SourcePortOf(_) | Target::DestinationPortOf(_) => {}
            Target::IcmpTypeCode => row.icmp_type_code = number as u16,
            Target::IcmpType => row.icmp_type_code = row.icmp_type_code & 0xff | (number as u16) << 8,
            Target::IcmpCode => row.icmp_type_code = row.icmp_type_code & 0xff00 | number as u16 & 0xff,
            Target::Icmpv6TypeCode => self.icmpv6_type_code = number as u16,
            Target::Icmpv6Type => self.icmpv6_type_code |= (number as u16) << 8,
            Target::Icmpv6Code => self.icmpv6_type_code |= number as u16 & 0xff,
            Target::Source4 => self.source[0] = address4(value),
            Target::Destination4 => self.destination[0] = address4(value),
            Target::NextHop4 => self.next_hop[0] = address4(value),
            Target::Source6 => self.source[1] = address6(value),
            Target::Destination6 => self.destination[1] = address6(value),
            Target::NextHop6 => self.next_hop[1] = address6(value),
            Target::SourceMask4 => self.source_mask[0] = number as u8,
            Target::DestinationMask4 => self.destination_mask[0] = number as u8,
            Target::SourceMask6 => self.source_mask[1] = number as u8,
            Target::DestinationMask6 => self.destination_mask[1] = number as u8,
            Target::InInterface => {
                row.in_interface = number as u32;
                self.in_interface = Some(row.in_interface);
            }
            Target::OutInterface => row.out_interface = number as u32,
            Target::SourceAs => row.source_as = number as u32,
            Target::DestinationAs => row.destination_as = number as u32,
            Target::Direction => row.direction = number as u8,
            Target::SourceVlan => row.source_vlan = number as u16,
            Target::DestinationVlan => row.destination_vlan = number as u16,
            Target::SourceMac => self.macs.source = mac(value),
            Target::DestinationMac => self.macs.destination = mac(value),
            Target::InVrf => row.in_vrf = number as u32,
            Target::OutVrf => row.out_vrf = number as u32,
            Target::MplsLabel => row.mpls_label = mpls_label(value),
            Target::NatSource4 => translate(&mut row.nat_source, address4(value)),
            Target::NatDestination4 => translate(&mut row.nat_destination, address4(value)),
            Target::NatSource6 => translate(&mut row.nat_source, address6(value)),
            Target::NatDestination6 => translate(&mut row.nat_destination, address6(value)),
            Target::NatSourcePort => row.nat_source_port = number as u16,
            Target::NatDestinationPort => row.nat_destination_port = number as u16,
            Target::Application => row.application = application(value),
            Target::ForwardingStatus => row.forwarding_status = number as u8,
            Target::EndReason => row.end_reason = number as u8,
            Target::FirewallEvent => row.firewall_event = number as u8,
            Target::Start(moment) => self.start = Some((moment, number)),
            Target::End(moment) => self.end = Some((moment, number)),
            Target::Seen(moment) => self.seen = Some((moment, number)),
            Target::DurationMs => self.duration_ns = Some(scaled(number, MILLISECOND_NS)),
            Target::DurationUs => self.duration_ns = Some(scaled(number, MICROSECOND_NS)),
            Target::Started => self.clock.started_ns = Some(scaled(number, MILLISECOND_NS)),
            Target::SamplingInterval => sampled.interval = Some(number),
            Target::SamplingMode => sampled.mode = Some(number as u8),
            Target::SampledInRow => sampled.in_row = Some(number),
            Target::SkippedInRow => sampled.skipped = Some(number),
            Target::SampleSize => sampled.size = Some(number),
            Target::SamplePopulation => sampled.population = Some(number),
            Target::SampleProbability => sampled.probability = float(value),
            Target::Sampler => self.sampler = Some(number),
            Target::Frame | Target::IpPacket => self.put_packet(target == Target::Frame, value),
        }
    }

    /// Takes in what the headers of a packet tell. Unless the record counts packets, it is a sample of this one.
    #[cold]
    fn put_packet(&mut self, is_frame: bool, header: &[u8]) {
        let Self { row, macs, .. } = self;
        match (is_frame, header.first()) {
            (true, _) => read_headers(link::ETHERNET, header, row, macs),
            (false, Some(first)) if first >> 4 == 6 => read_network(ethertype::IPV6, header, row),
            (false, _) => read_network(ethertype::IPV4, header, row),
        }
        if row.packets == 0 {
            (row.is_sample, row.packets) = (1, 1);
        }
        match row.ip_version {
            4 => (self.source[0], self.destination[0]) = (Some(row.source), Some(row.destination)),
            6 => (self.source[1], self.destination[1]) = (Some(row.source), Some(row.destination)),
            _ => {}
        }
    }

    /// The row of a record that is read to its end. `known` is how its exporter samples, where the record does not say.
    pub fn finish(&mut self, known: impl FnOnce(&Self) -> Option<Sampling>) -> &FlowRow {
        self.choose_family();
        self.choose_protocol();
        self.resolve_times();
        if let Some(dscp) = self.dscp.filter(|_| self.row.tos == 0) {
            self.row.tos = dscp << 2;
        }
        if let Some(sampling) = self.sampling().or_else(|| known(self)) {
            self.row.sampling_interval = sampling.interval;
            self.row.sampling_mode = sampling.mode;
        }
        &self.row
    }

    /// Addresses of the family that is there; where both are, the version decides, and without one what is no zero.
    fn choose_family(&mut self) {
        let has = |family: usize| self.source[family].is_some() || self.destination[family].is_some();
        let is_zero = |family: usize| {
            let of = |address: Option<Address>| address.is_none_or(|address| address[12..] == [0; 4]);
            of(self.source[family]) && of(self.destination[family])
        };
        let family = match (has(0), has(1), self.version_said) {
            (false, false, _) => {
                self.row.ip_version = 0;
                // A record without addresses may have a next hop, and masks, all the same.
                usize::from(self.next_hop[0].is_none() && self.next_hop[1].is_some())
            }
            (true, false, _) | (true, true, 4) => 0,
            (false, true, _) | (true, true, 6) => 1,
            (true, true, _) => usize::from(is_zero(0)),
        };
        if has(family) {
            self.row.ip_version = [4, 6][family];
        }
        let or_none = |address: Option<Address>| address.unwrap_or_default();
        self.row.source = or_none(self.source[family]);
        self.row.destination = or_none(self.destination[family]);
        self.row.next_hop = or_none(self.next_hop[family].or(self.next_hop[1 - family]));
        self.row.source_mask = self.source_mask[family];
        self.row.destination_mask = self.destination_mask[family];
    }

    /// What is said of a protocol alone, where nothing is said of all.
    fn choose_protocol(&mut self) {
        let or = |told: &mut u16, otherwise: u16| {
            if *told == 0 {
                *told = otherwise;
            }
        };
        or(&mut self.row.source_port, self.source_port);
        or(&mut self.row.destination_port, self.destination_port);
        or(&mut self.row.icmp_type_code, self.icmpv6_type_code);
    }

    fn resolve_times(&mut self) {
        let (mut start_ns, mut end_ns) = (self.moment_ns(self.start), self.moment_ns(self.end));
        if let Some(duration_ns) = self.duration_ns {
            (start_ns, end_ns) = (
                start_ns.or(end_ns.map(|end_ns| end_ns.saturating_sub(duration_ns))),
                end_ns.or(start_ns.map(|start_ns| start_ns.saturating_add(duration_ns))),
            );
        }
        if self.seen.is_some() {
            let seen_ns = self.moment_ns(self.seen);
            (start_ns, end_ns) = (start_ns.or(seen_ns), end_ns.or(seen_ns));
        }
        (self.row.start_time_ns, self.row.end_time_ns) = (start_ns.unwrap_or(0), end_ns.unwrap_or(0));
    }

    fn moment_ns(&self, said: Option<(Moment, u64)>) -> Option<i64> {
        let (moment, number) = said?;
        self.clock.moment_ns(moment, number)
    }

    /// When the exporter started, as far as the datagram or the record says so.
    pub fn started_ns(&self) -> Option<i64> {
        self.clock.started_ns
    }

    /// What the record itself says of sampling.
    pub fn sampling(&self) -> Option<Sampling> {
        let Sampled { interval, mode, in_row, skipped, size, population, probability } = self.sampled;
        // Options of some routers have the fields of all ways of sampling, and zeros in those of the ways that they do not take.
        let is_told = |number: &u64| *number > 0;
        let in_row = in_row.filter(is_told);
        let of_rows = || in_row.zip(skipped).map(|(in_row, skipped)| in_row.saturating_add(skipped) / in_row);
        let of_random = || size.filter(is_told).zip(population).map(|(size, population)| population / size);
        let of_chance = || probability.filter(|chance| *chance > 0.0).map(|chance| (1.0 / chance).round() as u64);
        // A packet interval alone is one packet of so many.
        let found = interval.filter(is_told).or_else(of_rows).or_else(of_random).or_else(of_chance).or(in_row);
        let interval = found.or(interval)?;
        Some(Sampling { interval: u32::try_from(interval).unwrap_or(u32::MAX), mode: mode.unwrap_or(0) })
    }
}

/// The last eight bytes as a number; of fewer all.
#[inline(always)]
pub(super) fn number(value: &[u8]) -> u64 {
    match *value {
        [a] => u64::from(a),
        [a, b] => u64::from(u16::from_be_bytes([a, b])),
        [a, b, c, d] => u64::from(u32::from_be_bytes([a, b, c, d])),
        _ => value.iter().rev().take(8).rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
    }
}

/// Numbers of the fields of an application: the engine in one byte, then its own number (RFC 6759), of which the lower three bytes are
/// kept.
pub(super) fn application(value: &[u8]) -> u32 {
    match value.split_first() {
        Some((engine, rest)) if !rest.is_empty() => u32::from(*engine) << 24 | number(rest) as u32 & 0xff_ffff,
        _ => number(value) as u32,
    }
}

fn scaled(number: u64, unit_ns: i64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX).saturating_mul(unit_ns)
}

/// Takes note of an address after translation; where both families are told, what is no zero counts.
fn translate(known: &mut Address, said: Option<Address>) {
    match said {
        Some(said) if is_specified(&said) || !is_specified(known) => *known = said,
        _ => {}
    }
}

fn address4(value: &[u8]) -> Option<Address> {
    <[u8; 4]>::try_from(value).ok().map(mapped)
}

fn address6(value: &[u8]) -> Option<Address> {
    value.try_into().ok()
}

pub(super) fn mac(value: &[u8]) -> [u8; 6] {
    value.try_into().unwrap_or_default()
}

/// Twenty bits of label, then experimental bits and the bottom of the stack; the time to live may be missing.
pub(super) fn mpls_label(value: &[u8]) -> u32 {
    match *value {
        [a, b, c, ..] => u32::from_be_bytes([0, a, b, c]) >> 4,
        _ => 0,
    }
}

fn float(value: &[u8]) -> Option<f64> {
    match value.len() {
        4 => Some(f64::from(f32::from_bits(number(value) as u32))),
        8 => Some(f64::from_bits(number(value))),
        _ => None,
    }
}
