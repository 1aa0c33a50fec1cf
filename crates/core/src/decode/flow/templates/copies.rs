//! Records of a set taken in together: field by field, for all records one after the other, straight into columns.
//!
//! That goes for templates whose fields have widths, and whose values each go into one column. Where several fields make a value
//! together, as addresses of both families or a start with a duration, records are read one by one ([`super::draft`]); both ways
//! give the same rows.

use super::super::Records;
use super::super::records::Macs;
use super::draft::{Clock, application, mac, mpls_label, number};
use super::elements::Target;
use super::sets::Export;
use super::{Exporter, Field};
use crate::table::{Address, FlowRow, LastRows};
use crate::wire::ipv4::mapped;

const IPV4_BYTES: usize = 4;
const IPV6_BYTES: usize = 16;

/// How records of a template become rows.
#[derive(Debug, Clone)]
pub(super) struct Copies {
    fields: Box<[Copied]>,
    record_bytes: usize,
    /// 4 or 6: the addresses that records have.
    ip_version: u8,
    /// The fields of MAC addresses.
    macs: [Option<Copied>; 2],
    has_in_interface: bool,
}

/// A field at its place.
#[derive(Debug, Clone, Copy)]
struct Copied {
    target: Target,
    offset: usize,
    width: usize,
}

impl Copies {
    /// `None` for templates whose records are to be read one by one.
    pub fn of(fields: &[Field], record_bytes: usize) -> Option<Self> {
        let mut offset = 0;
        let copied = |field: &Field| {
            let width = usize::from(field.width);
            let copied = Copied { target: field.target, offset, width };
            offset += width;
            copied
        };
        let all: Vec<Copied> = fields.iter().map(copied).filter(|field| field.target != Target::Nowhere).collect();
        let has = |targets: [Target; 2]| all.iter().any(|field| targets.contains(&field.target));
        let ip_version =
            match (has([Target::Source4, Target::Destination4]), has([Target::Source6, Target::Destination6])) {
                (true, false) => 4,
                (false, true) => 6,
                _ => return None,
            };
        let of_both = |four, six| has([four; 2]) && has([six; 2]);
        let has_two_translations = of_both(Target::NatSource4, Target::NatSource6)
            || of_both(Target::NatDestination4, Target::NatDestination6);
        if has_two_translations || !all.iter().all(Copied::stands_alone) {
            return None;
        }
        let mac = |target: Target| all.iter().copied().find(|field| field.target == target);
        let next_hops = [Target::NextHop4, Target::NextHop6];
        let own_next_hop = next_hops[usize::from(ip_version == 6)];
        let has_own = has([own_next_hop; 2]);
        // Of two next hops that of the addresses' family counts, and masks of theirs alone.
        let counts = |field: &&Copied| match field.target {
            Target::NextHop4 | Target::NextHop6 => field.target == own_next_hop || !has_own,
            Target::SourceMask4 | Target::DestinationMask4 => ip_version == 4,
            Target::SourceMask6 | Target::DestinationMask6 => ip_version == 6,
            Target::IpVersion | Target::SourceMac | Target::DestinationMac => false,
            _ => true,
        };
        Some(Self {
            fields: all.iter().filter(counts).copied().collect(),
            record_bytes,
            ip_version,
            macs: [mac(Target::SourceMac), mac(Target::DestinationMac)],
            has_in_interface: has([Target::InInterface; 2]),
        })
    }

    pub fn memory_bytes(&self) -> usize {
        size_of_val(&*self.fields)
    }

    /// Takes in the whole records of a set, and tells how many they are.
    pub fn read(&self, set: &[u8], export: &Export<'_>, exporter: &Exporter, records: &mut Records<'_>) -> usize {
        let clock = export.clock.or_started_at(exporter.start_ns(export.common.source_id));
        let set = Set { bytes: set, record_bytes: self.record_bytes, clock };
        let common = FlowRow { ip_version: self.ip_version, ..export.common };
        let mut rows = records.push_copies(&common, set.records());
        for field in &self.fields {
            set.copy(field, &mut rows);
        }
        if exporter.samples() {
            self.sample(&mut rows, export.common.source_id, exporter);
        }
        if records.needs_macs() && self.macs.iter().any(Option::is_some) {
            self.copy_macs(&set, records);
        }
        set.records()
    }

    /// Notes how the packets of each record were sampled.
    fn sample(&self, rows: &mut LastRows<'_>, domain: u32, exporter: &Exporter) {
        for at in 0..rows.len() {
            let in_interface = self.has_in_interface.then(|| rows.in_interface()[at]);
            if let Some(sampling) = exporter.sampling(domain, None, in_interface) {
                (rows.sampling_interval()[at], rows.sampling_mode()[at]) = (sampling.interval, sampling.mode);
            }
        }
    }

    fn copy_macs(&self, set: &Set<'_>, records: &mut Records<'_>) {
        let of = |record: &[u8], field: &Option<Copied>| field.map_or([0; 6], |field| mac(field.value(record)));
        let macs: Vec<Macs> = set
            .iter()
            .map(|record| Macs { source: of(record, &self.macs[0]), destination: of(record, &self.macs[1]) })
            .collect();
        records.write_last_macs(&macs);
    }
}

impl Copied {
    #[inline(always)]
    fn value<'a>(&self, record: &'a [u8]) -> &'a [u8] {
        &record[self.offset..self.offset + self.width]
    }

    /// Whether its value goes into a column by itself.
    fn stands_alone(&self) -> bool {
        match self.target {
            Target::Source4
            | Target::Destination4
            | Target::NextHop4
            | Target::NatSource4
            | Target::NatDestination4 => self.width == IPV4_BYTES,
            Target::Source6
            | Target::Destination6
            | Target::NextHop6
            | Target::NatSource6
            | Target::NatDestination6 => self.width == IPV6_BYTES,
            Target::Nowhere
            | Target::Bytes
            | Target::Packets
            | Target::IpVersion
            | Target::Protocol
            | Target::Tos
            | Target::TcpFlags
            | Target::SourcePort
            | Target::DestinationPort
            | Target::IcmpTypeCode
            | Target::SourceMask4
            | Target::DestinationMask4
            | Target::SourceMask6
            | Target::DestinationMask6
            | Target::InInterface
            | Target::OutInterface
            | Target::SourceAs
            | Target::DestinationAs
            | Target::Direction
            | Target::SourceVlan
            | Target::DestinationVlan
            | Target::SourceMac
            | Target::DestinationMac
            | Target::InVrf
            | Target::OutVrf
            | Target::MplsLabel
            | Target::NatSourcePort
            | Target::NatDestinationPort
            | Target::Application
            | Target::ForwardingStatus
            | Target::EndReason
            | Target::FirewallEvent
            | Target::Start(_)
            | Target::End(_) => true,
            // Named one by one, so that nothing new goes into a column unless somebody says which.
            Target::Dscp
            | Target::IcmpType
            | Target::IcmpCode
            | Target::Seen(_)
            | Target::DurationMs
            | Target::DurationUs
            | Target::Started
            | Target::SamplingInterval
            | Target::SamplingMode
            | Target::SampledInRow
            | Target::SkippedInRow
            | Target::SampleSize
            | Target::SamplePopulation
            | Target::SampleProbability
            | Target::Sampler
            | Target::Frame
            | Target::IpPacket => false,
        }
    }
}

/// The records of a set.
struct Set<'a> {
    bytes: &'a [u8],
    record_bytes: usize,
    clock: Clock,
}

impl<'a> Set<'a> {
    fn records(&self) -> usize {
        self.bytes.len() / self.record_bytes
    }

    fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        self.bytes.chunks_exact(self.record_bytes)
    }

    /// Writes the values of a field.
    fn copy(&self, field: &Copied, rows: &mut LastRows<'_>) {
        match field.target {
            Target::Bytes => self.numbers(field, rows.bytes(), |number| number),
            Target::Packets => self.numbers(field, rows.packets(), |number| number),
            Target::Protocol => self.numbers(field, rows.protocol(), |number| number as u8),
            Target::Tos => self.numbers(field, rows.tos(), |number| number as u8),
            Target::TcpFlags => self.numbers(field, rows.tcp_flags(), |number| number as u8),
            Target::SourcePort => self.numbers(field, rows.source_port(), |number| number as u16),
            Target::DestinationPort => self.numbers(field, rows.destination_port(), |number| number as u16),
            Target::IcmpTypeCode => self.numbers(field, rows.icmp_type_code(), |number| number as u16),
            Target::Source4 | Target::Source6 => self.addresses(field, rows.source()),
            Target::Destination4 | Target::Destination6 => self.addresses(field, rows.destination()),
            Target::NextHop4 | Target::NextHop6 => self.addresses(field, rows.next_hop()),
            Target::NatSource4 | Target::NatSource6 => self.addresses(field, rows.nat_source()),
            Target::NatDestination4 | Target::NatDestination6 => self.addresses(field, rows.nat_destination()),
            Target::SourceMask4 | Target::SourceMask6 => {
                self.numbers(field, rows.source_mask(), |number| number as u8);
            }
            Target::DestinationMask4 | Target::DestinationMask6 => {
                self.numbers(field, rows.destination_mask(), |number| number as u8);
            }
            Target::InInterface => self.numbers(field, rows.in_interface(), |number| number as u32),
            Target::OutInterface => self.numbers(field, rows.out_interface(), |number| number as u32),
            Target::SourceAs => self.numbers(field, rows.source_as(), |number| number as u32),
            Target::DestinationAs => self.numbers(field, rows.destination_as(), |number| number as u32),
            Target::Direction => self.numbers(field, rows.direction(), |number| number as u8),
            Target::SourceVlan => self.numbers(field, rows.source_vlan(), |number| number as u16),
            Target::DestinationVlan => self.numbers(field, rows.destination_vlan(), |number| number as u16),
            Target::InVrf => self.numbers(field, rows.in_vrf(), |number| number as u32),
            Target::OutVrf => self.numbers(field, rows.out_vrf(), |number| number as u32),
            Target::NatSourcePort => self.numbers(field, rows.nat_source_port(), |number| number as u16),
            Target::NatDestinationPort => self.numbers(field, rows.nat_destination_port(), |number| number as u16),
            Target::ForwardingStatus => self.numbers(field, rows.forwarding_status(), |number| number as u8),
            Target::EndReason => self.numbers(field, rows.end_reason(), |number| number as u8),
            Target::FirewallEvent => self.numbers(field, rows.firewall_event(), |number| number as u8),
            Target::MplsLabel => self.values(field, rows.mpls_label(), mpls_label),
            Target::Application => self.values(field, rows.application(), application),
            Target::Start(moment) => {
                let clock = self.clock;
                self.numbers(field, rows.start_time_ns(), |number| clock.moment_ns(moment, number).unwrap_or(0));
            }
            Target::End(moment) => {
                let clock = self.clock;
                self.numbers(field, rows.end_time_ns(), |number| clock.moment_ns(moment, number).unwrap_or(0));
            }
            other => unreachable!("{other:?} does not stand alone"),
        }
    }

    #[inline(always)]
    fn values<T>(&self, field: &Copied, out: &mut [T], value: impl Fn(&[u8]) -> T) {
        out.iter_mut().zip(self.iter()).for_each(|(out, record)| *out = value(field.value(record)));
    }

    /// Values of a width that is known.
    #[inline(always)]
    fn arrays<T, const N: usize>(&self, field: &Copied, out: &mut [T], value: impl Fn([u8; N]) -> T) {
        for (out, record) in out.iter_mut().zip(self.iter()) {
            *out = value(*record[field.offset..].first_chunk().expect("a field lies within its record"));
        }
    }

    #[inline(always)]
    fn numbers<T>(&self, field: &Copied, out: &mut [T], value: impl Fn(u64) -> T) {
        match field.width {
            1 => self.arrays(field, out, |bytes: [u8; 1]| value(u64::from(bytes[0]))),
            2 => self.arrays(field, out, |bytes: [u8; 2]| value(u64::from(u16::from_be_bytes(bytes)))),
            4 => self.arrays(field, out, |bytes: [u8; 4]| value(u64::from(u32::from_be_bytes(bytes)))),
            8 => self.arrays(field, out, |bytes: [u8; 8]| value(u64::from_be_bytes(bytes))),
            _ => self.values(field, out, |bytes| value(number(bytes))),
        }
    }

    fn addresses(&self, field: &Copied, out: &mut [Address]) {
        match field.width {
            IPV4_BYTES => self.arrays(field, out, mapped),
            _ => self.arrays(field, out, |address: [u8; IPV6_BYTES]| address),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::records::{Sender, Texts};
    use super::super::{Dialect, Specifier, Template, read};
    use super::*;
    use crate::decode::app::Needs;
    use crate::table::{Column, FlowTable, Table as _};
    use crate::track::Sequences;

    const NUMBER: u16 = 300;

    /// The rows of a set, whose records are taken in together or one by one.
    fn rows(template: &Template, options: Option<&Template>, set: &[u8], are_together: bool) -> FlowTable {
        let (mut table, mut sequences, mut exporter) = (FlowTable::default(), Sequences::new(16), Exporter::default());
        let copies = template.copies.clone().filter(|_| are_together);
        exporter.define((1, NUMBER), Template { copies, ..template.clone() });
        options.into_iter().for_each(|options| exporter.define((1, NUMBER + 1), options.clone()));
        let told = [&(NUMBER + 1).to_be_bytes()[..], &[0, 12, 0, 0, 0, 2, 0, 7, 0, 5]].concat();
        let header = |number: u16, length: usize| [number.to_be_bytes(), ((length + 4) as u16).to_be_bytes()].concat();
        let sets =
            [if options.is_some() { told } else { Vec::new() }, header(NUMBER, set.len()), set.to_vec()].concat();
        let common = FlowRow { time_ns: 1, source_id: 1, ..FlowRow::EMPTY };
        let export =
            Export { dialect: Dialect::NetFlow9, sets: &sets, common, clock: Clock::since_start(50_000, 1_000) };
        let sender = Sender { sequences: &mut sequences, exporter: 7, time_ns: 1 };
        let mut records = Records::new(&mut table, Texts::of(&Needs::all()), sender);
        assert_eq!(read(&export, &mut exporter, &mut records).fault, None);
        records.finish();
        table
    }

    fn shown(table: &FlowTable) -> Vec<String> {
        let text = |column: Column<'_>| match column {
            Column::Text(text) => format!("{:?}", (0..table.len()).map(|row| text.get(row)).collect::<Vec<_>>()),
            other => format!("{other:?}"),
        };
        (0..table.definitions().len()).map(|at| text(table.column(at))).collect()
    }

    /// Mostly fields whose values stand alone, of the widths that they usually have; and others.
    fn any_field() -> impl Strategy<Value = Specifier> {
        let usual = prop::sample::select(vec![
            (1, 8),
            (2, 4),
            (4, 1),
            (5, 1),
            (6, 1),
            (7, 2),
            (8, 4),
            (9, 1),
            (10, 2),
            (10, 4),
            (11, 2),
            (12, 4),
            (13, 1),
            (14, 4),
            (15, 4),
            (16, 4),
            (17, 2),
            (18, 4),
            (21, 4),
            (22, 4),
            (32, 2),
            (56, 6),
            (58, 2),
            (60, 1),
            (61, 1),
            (62, 16),
            (70, 3),
            (80, 6),
            (89, 1),
            (95, 4),
            (136, 1),
            (150, 4),
            (152, 8),
            (153, 8),
            (156, 8),
            (158, 4),
            (225, 4),
            (227, 2),
            (233, 1),
            (234, 4),
            (281, 16),
            (312, 2),
            (313, 20),
            (323, 8),
        ]);
        let usual = usual.prop_map(|(element, width)| Specifier { element: Some(element), width });
        let any = (0_u16..360, 0_u16..18).prop_map(|(element, width)| Specifier { element: Some(element), width });
        prop_oneof![12 => usual, 1 => any]
    }

    proptest! {
        #[test]
        fn records_taken_in_together_are_those_taken_in_one_by_one(
            fields in prop::collection::vec(any_field(), 1..16), is_ipv6: bool, samples: bool, bytes in prop::collection::vec(any::<u8>(), 0..600)
        ) {
            let addresses = if is_ipv6 { [(27, 16), (28, 16)] } else { [(8, 4), (12, 4)] };
            let addresses = addresses.map(|(element, width)| Specifier { element: Some(element), width });
            let template = Template::new(&[&addresses[..], &fields].concat(), false, 0).unwrap();
            let told = [(10, 2), (34, 2)].map(|(element, width)| Specifier { element: Some(element), width });
            let options = Template::new(&told, true, 0).unwrap();
            let options = samples.then_some(&options);
            let (together, alone) = (rows(&template, options, &bytes, true), rows(&template, options, &bytes, false));
            prop_assert_eq!(shown(&together), shown(&alone));
        }
    }

    #[test]
    fn templates_as_routers_have_them_are_taken_in_together() {
        let of = |fields: &[(u16, u16)]| {
            let specifiers: Vec<_> =
                fields.iter().map(|(element, width)| Specifier { element: Some(*element), width: *width }).collect();
            Template::new(&specifiers, false, 0).unwrap().copies.is_some()
        };
        assert!(of(&[
            (8, 4),
            (12, 4),
            (15, 4),
            (10, 4),
            (14, 4),
            (2, 4),
            (1, 4),
            (22, 4),
            (21, 4),
            (7, 2),
            (11, 2),
            (4, 1)
        ]));
        assert!(of(&[(27, 16), (28, 16), (62, 16), (60, 1), (1, 8), (2, 8), (152, 8), (153, 8), (56, 6), (95, 4)]));
        assert!(!of(&[(8, 4), (27, 16), (1, 4)]), "both families");
        assert!(!of(&[(8, 4), (1, 4), (34, 4)]), "says how it is sampled");
        assert!(!of(&[(8, 4), (22, 4), (161, 4)]), "an end that follows from the duration");
        assert!(!of(&[(8, 4), (1, 4), (323, 8)]), "a moment that is start and end");
        assert!(!of(&[(8, 4), (1, 4), (313, 40)]), "the beginning of a packet");
        assert!(!of(&[(8, 4), (225, 4), (281, 16)]), "translations of both families");
    }
}
