//! sFlow 2 and 4 (RFC 3176): samples of packets, and counters of interfaces, which are stepped over. Numbers are as in sFlow 5,
//! but samples and what belongs to them stand without their lengths: nobody can go on behind one of an unknown kind.

use super::records::Macs;
use super::sflow5::{Fields, INTERFACE_BITS, ip_data, read_header, router, switch, systems};
use super::{Datagram, Format, Records, TOO_SHORT, TRAILING_BYTES, UNKNOWN_SAMPLE};
use crate::ledger::Malformed;
use crate::table::FlowRow;
use crate::wire::be32;

const OLD_VERSION: u32 = 2;
const VERSION: u32 = 4;

/// Kinds of samples.
const FLOW_SAMPLE: u32 = 1;
const COUNTERS_SAMPLE: u32 = 2;

/// How a sample tells of its packet.
const HEADER: u32 = 1;
const IPV4: u32 = 2;
const IPV6: u32 = 3;

/// What a device knows beside.
const SWITCH: u32 = 1;
const ROUTER: u32 = 2;
const GATEWAY: u32 = 3;
const USER: u32 = 4;
const URL: u32 = 5;

/// Bytes of the counters that interfaces of each kind have.
const GENERIC_BYTES: usize = 88;
const ETHERNET_BYTES: usize = GENERIC_BYTES + 52;
const TOKEN_RING_BYTES: usize = GENERIC_BYTES + 72;
const VG_BYTES: usize = GENERIC_BYTES + 80;
const VLAN_BYTES: usize = 28;

/// It needs to remember nothing: each datagram stands by itself.
#[derive(Debug, Default)]
pub struct Decoder;

impl Format for Decoder {
    /// The version is four bytes there, so that its first two are zeros.
    fn is_mine(payload: &[u8]) -> bool {
        matches!(be32(payload, 0), Some(OLD_VERSION | VERSION))
    }

    /// Takes the samples that are there, however many the header counts.
    fn decode(&mut self, datagram: &Datagram<'_>, records: &mut Records<'_>) -> Option<Malformed> {
        let mut fields = Fields { rest: datagram.payload };
        let Some((samples, common)) = read_head(&mut fields, datagram, records) else { return Some(TOO_SHORT) };
        for _ in 0..samples {
            if let Err(fault) = read_sample(&mut fields, &common, records) {
                return Some(fault);
            }
        }
        (!fields.rest.is_empty()).then_some(TRAILING_BYTES)
    }
}

/// What stands before the samples: how many there are, and what they share.
fn read_head(fields: &mut Fields<'_>, datagram: &Datagram<'_>, records: &mut Records<'_>) -> Option<(u32, FlowRow)> {
    let version = fields.number()? as u16;
    let exporter = fields.address()?.unwrap_or(datagram.exporter);
    let sequence = fields.number()?;
    fields.number()?; // milliseconds since the agent started
    let samples = fields.number()?;
    records.follow_datagrams(version, 0, sequence);
    Some((samples, FlowRow { is_sample: 1, exporter, ..datagram.common(version, 0) }))
}

fn read_sample(fields: &mut Fields<'_>, common: &FlowRow, records: &mut Records<'_>) -> Result<(), Malformed> {
    match fields.number().ok_or(TOO_SHORT)? {
        FLOW_SAMPLE => read_flow_sample(fields, common, records),
        COUNTERS_SAMPLE => skip_counters(fields),
        _ => Err(UNKNOWN_SAMPLE),
    }
}

/// A packet is a record once it has been read, though what stands behind may be broken.
fn read_flow_sample(fields: &mut Fields<'_>, common: &FlowRow, records: &mut Records<'_>) -> Result<(), Malformed> {
    let mut row = read_sample_head(fields, common).ok_or(TOO_SHORT)?;
    let mut macs = Macs::default();
    let is_known = read_packet(fields, &mut row, &mut macs).ok_or(TOO_SHORT)?;
    let fate = if is_known { read_extensions(fields, &mut row) } else { Err(UNKNOWN_SAMPLE) };
    records.push_with_macs(&row, &macs);
    fate
}

fn read_sample_head(fields: &mut Fields<'_>, common: &FlowRow) -> Option<FlowRow> {
    fields.take(8)?; // sequence number and source
    let rate = fields.number()?;
    fields.take(8)?; // pool and drops
    let mut interface = || fields.number().map(|number| number & INTERFACE_BITS);
    let (in_interface, out_interface) = (interface()?, interface()?);
    Some(FlowRow { sampling_interval: rate, in_interface, out_interface, packets: 1, ..*common })
}

/// Whether it is told in a way that is known; `None` where it is cut.
fn read_packet(fields: &mut Fields<'_>, row: &mut FlowRow, macs: &mut Macs) -> Option<bool> {
    match fields.number()? {
        HEADER => {
            let (protocol, length) = (fields.number()?, fields.number()?);
            let header = fields.opaque()?;
            row.bytes = u64::from(length);
            read_header(protocol, header, row, macs);
        }
        IPV4 => ip_data(fields, 4, row)?,
        IPV6 => ip_data(fields, 6, row)?,
        _ => return Some(false),
    }
    Some(true)
}

fn read_extensions(fields: &mut Fields<'_>, row: &mut FlowRow) -> Result<(), Malformed> {
    for _ in 0..fields.number().ok_or(TOO_SHORT)? {
        match fields.number().ok_or(TOO_SHORT)? {
            SWITCH => switch(fields, row),
            ROUTER => router(fields, row),
            GATEWAY => gateway(fields, row),
            USER => fields.opaque().and_then(|_| fields.opaque()).map(|_| ()), // of both ends
            URL => fields.number().and_then(|_| fields.opaque()).map(|_| ()),  // behind its direction
            _ => return Err(UNKNOWN_SAMPLE),
        }
        .ok_or(TOO_SHORT)?;
    }
    Ok(())
}

/// Version 4 has segments of the path, then communities and a preference; version 2 has the systems of the path alone.
fn gateway(fields: &mut Fields<'_>, row: &mut FlowRow) -> Option<()> {
    if u32::from(row.version) == VERSION {
        systems(fields, row)?;
        let communities = fields.number()? as usize;
        return fields.take(communities.checked_mul(4)?.checked_add(4)?).map(|_| ());
    }
    let (own, source) = (fields.number()?, fields.number()?);
    fields.number()?; // the neighbour on the side of the source
    let path_bytes = (fields.number()? as usize).checked_mul(4)?;
    let destination = fields.take(path_bytes)?.last_chunk().map_or(own, |system| u32::from_be_bytes(*system));
    (row.source_as, row.destination_as) = (if source == 0 { own } else { source }, destination);
    Some(())
}

fn skip_counters(fields: &mut Fields<'_>) -> Result<(), Malformed> {
    fields.take(12).ok_or(TOO_SHORT)?; // sequence number, source, interval
    let bytes = match fields.number().ok_or(TOO_SHORT)? {
        1 | 4 | 6 => GENERIC_BYTES, // any, FDDI, WAN
        2 => ETHERNET_BYTES,
        3 => TOKEN_RING_BYTES,
        5 => VG_BYTES,
        7 => VLAN_BYTES,
        _ => return Err(UNKNOWN_SAMPLE),
    };
    fields.take(bytes).map(|_| ()).ok_or(TOO_SHORT)
}
