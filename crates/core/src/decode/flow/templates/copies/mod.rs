//! Records of a set taken in together: field by field, for all records one after the other, straight into columns.
//!
//! That goes for templates whose fields have widths, and whose values each go into one column. Where several fields make a value
//! together, as addresses of both families or a start with a duration, records are read one by one ([`super::draft`]); both ways
//! give the same rows.

mod columns;
mod field;
#[cfg(test)]
mod tests;

use columns::Set;
use field::Copied;

use super::super::Records;
use super::super::records::Macs;
use super::draft::mac;
use super::elements::Target;
use super::sets::Export;
use super::{Exporter, Field};
use crate::table::{FlowRow, LastRows};

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
