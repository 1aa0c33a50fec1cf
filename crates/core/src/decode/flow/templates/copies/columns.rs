//! Values of a field, written into its column for all records of a set.

use super::super::draft::{Clock, application, mpls_label, number};
use super::super::elements::Target;
use super::field::{Copied, IPV4_BYTES, IPV6_BYTES};
use crate::table::{Address, LastRows};
use crate::wire::ipv4::mapped;

/// The records of a set.
pub(super) struct Set<'a> {
    pub bytes: &'a [u8],
    pub record_bytes: usize,
    pub clock: Clock,
}

impl<'a> Set<'a> {
    pub fn records(&self) -> usize {
        self.bytes.len() / self.record_bytes
    }

    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        self.bytes.chunks_exact(self.record_bytes)
    }

    /// Writes the values of a field.
    pub fn copy(&self, field: &Copied, rows: &mut LastRows<'_>) {
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
