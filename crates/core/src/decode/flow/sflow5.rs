//! sFlow 5 ("sFlow Version 5", sflow.org, July 2004): samples of packets with what the device knows of each, and counters
//! of interfaces, which are stepped over. All lengths are in bytes, all numbers in network order (XDR, RFC 4506).

use super::records::Macs;
use super::sampled::{read_headers, read_network, set_addresses};
use super::{BAD_SAMPLE, Datagram, Format, Records, TOO_SHORT, TRAILING_BYTES};
use crate::decode::link;
use crate::ledger::Malformed;
use crate::metric::is_specified;
use crate::table::{Address, FlowRow};
use crate::wire::ipv4::mapped;
use crate::wire::{be32, ethertype};

const VERSION: u32 = 5;

/// Kinds of samples, all of enterprise 0.
const FLOW_SAMPLE: u32 = 1;
const COUNTERS_SAMPLE: u32 = 2;
const EXPANDED_FLOW_SAMPLE: u32 = 3;
const EXPANDED_COUNTERS_SAMPLE: u32 = 4;
/// Drops that a device tells of ("sFlow Dropped Packet Notification Structures"): stepped over, too.
const DISCARDED_PACKET: u32 = 5;

/// Records of a sample, all of enterprise 0.
const RAW_HEADER: u32 = 1;
const ETHERNET_DATA: u32 = 2;
const IPV4_DATA: u32 = 3;
const IPV6_DATA: u32 = 4;
const EXTENDED_SWITCH: u32 = 1001;
const EXTENDED_ROUTER: u32 = 1002;
const EXTENDED_GATEWAY: u32 = 1003;
const EXTENDED_MPLS: u32 = 1006;
const EXTENDED_NAT: u32 = 1007;
const EXTENDED_NAT_PORT: u32 = 1020;

/// Of an interface in a sample that is not expanded: the bits of its index; those above say what it is.
pub(super) const INTERFACE_BITS: u32 = 0x3fff_ffff;

/// It needs to remember nothing: each datagram stands by itself.
#[derive(Debug, Default)]
pub struct Decoder;

impl Format for Decoder {
    /// The version is four bytes there, so that its first two are zeros.
    fn is_mine(payload: &[u8]) -> bool {
        be32(payload, 0) == Some(VERSION)
    }

    /// Takes the samples that are there, however many the header counts.
    fn decode(&mut self, datagram: &Datagram<'_>, records: &mut Records<'_>) -> Option<Malformed> {
        let mut fields = Fields { rest: datagram.payload };
        let Some(head) = Head::read(&mut fields) else { return Some(TOO_SHORT) };
        records.follow_datagrams(VERSION as u16, head.sub_agent, head.sequence);
        let exporter = head.agent.unwrap_or(datagram.exporter);
        let common = FlowRow { is_sample: 1, exporter, ..datagram.common(VERSION as u16, head.sub_agent) };
        let mut fault = None;
        for _ in 0..head.samples {
            let Some((tag, sample)) = fields.tagged() else { return fault.or(Some(TOO_SHORT)) };
            // The next one stands behind its stated length, whatever is in it.
            fault = fault.or(read_sample(tag, sample, &common, records).err());
        }
        fault.or((!fields.rest.is_empty()).then_some(TRAILING_BYTES))
    }
}

/// Fields one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    pub rest: &'a [u8],
}

impl<'a> Fields<'a> {
    #[inline]
    pub fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_be_bytes(*number))
    }

    #[inline]
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// A tag with the bytes that it is about.
    fn tagged(&mut self) -> Option<(u32, &'a [u8])> {
        Some((self.number()?, self.opaque()?))
    }

    /// Bytes behind their number. What is next follows at a multiple of four bytes.
    pub fn opaque(&mut self) -> Option<&'a [u8]> {
        let length = self.number()? as usize;
        let bytes = self.take(length)?;
        let padding = (4 - length % 4) % 4;
        self.rest = self.rest.get(padding..).unwrap_or(&[]);
        Some(bytes)
    }

    /// An address behind its type: 1 IPv4, 2 IPv6; `Some(None)` for one that is unknown.
    pub fn address(&mut self) -> Option<Option<Address>> {
        Some(match self.number()? {
            0 => None,
            1 => Some(mapped(*self.take(4)?.first_chunk()?)),
            2 => Some(*self.take(16)?.first_chunk()?),
            _ => return None,
        })
    }
}

/// What stands before the samples.
struct Head {
    agent: Option<Address>,
    sub_agent: u32,
    sequence: u32,
    samples: u32,
}

impl Head {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        fields.number()?; // the version
        let agent = fields.address()?;
        let (sub_agent, sequence) = (fields.number()?, fields.number()?);
        fields.number()?; // milliseconds since the agent started
        Some(Self { agent, sub_agent, sequence, samples: fields.number()? })
    }
}

/// A sample of a packet is a record. So is a sample of a kind that nobody knows, as the C++ agent has it: of interface 0
/// and without weight.
fn read_sample(tag: u32, sample: &[u8], common: &FlowRow, records: &mut Records<'_>) -> Result<(), Malformed> {
    match tag {
        FLOW_SAMPLE | EXPANDED_FLOW_SAMPLE => read_flow_sample(tag, sample, common, records),
        COUNTERS_SAMPLE | EXPANDED_COUNTERS_SAMPLE | DISCARDED_PACKET => Ok(()),
        _ => {
            records.push(common);
            Ok(())
        }
    }
}

/// What stands before the records of a sample.
struct SampleHead {
    rate: u32,
    in_interface: u32,
    out_interface: u32,
    records: u32,
}

impl SampleHead {
    /// In a sample that is not expanded, the upper bits of numbers say what they number.
    fn read(fields: &mut Fields<'_>, is_expanded: bool) -> Option<Self> {
        fields.take(if is_expanded { 12 } else { 8 })?; // sequence number and source
        let rate = fields.number()?;
        fields.take(8)?; // pool and drops
        let mut interface = || match is_expanded {
            true => {
                fields.number()?;
                fields.number()
            }
            false => fields.number().map(|number| number & INTERFACE_BITS),
        };
        let (in_interface, out_interface) = (interface()?, interface()?);
        Some(Self { rate, in_interface, out_interface, records: fields.number()? })
    }
}

fn read_flow_sample(tag: u32, sample: &[u8], common: &FlowRow, records: &mut Records<'_>) -> Result<(), Malformed> {
    let mut fields = Fields { rest: sample };
    let head = SampleHead::read(&mut fields, tag == EXPANDED_FLOW_SAMPLE).ok_or(BAD_SAMPLE)?;
    let mut row = FlowRow {
        sampling_interval: head.rate,
        in_interface: head.in_interface,
        out_interface: head.out_interface,
        packets: 1,
        ..*common
    };
    let mut macs = Macs::default();
    let is_whole = read_records(fields, head.records, &mut row, &mut macs);
    // What could be read of the packet counts, though a record of it be broken.
    records.push_with_macs(&row, &macs);
    if is_whole { Ok(()) } else { Err(BAD_SAMPLE) }
}

/// Records that tell of the same things: what stands later here counts, in whichever order a device sends them. What it has read
/// itself comes before the packet's own headers, and these before what it says of the packet's way; the router that it sends the
/// packet to comes behind the one that BGP names.
const RANKS: [u32; 8] = [
    IPV4_DATA,
    IPV6_DATA,
    ETHERNET_DATA,
    RAW_HEADER,
    EXTENDED_MPLS,
    EXTENDED_SWITCH,
    EXTENDED_GATEWAY,
    EXTENDED_ROUTER,
];

/// Takes in the records of a sample, of two of a kind the later one; tells whether all are there and long enough.
fn read_records(mut fields: Fields<'_>, count: u32, row: &mut FlowRow, macs: &mut Macs) -> bool {
    let mut ranked: [&[u8]; RANKS.len()] = [&[]; RANKS.len()];
    let (mut there, mut is_whole) = (0_u8, true);
    for _ in 0..count {
        let Some((tag, record)) = fields.tagged() else {
            is_whole = false;
            break;
        };
        let Some(rank) = RANKS.iter().position(|ranked| *ranked == tag) else {
            is_whole &= read_record(tag, Fields { rest: record }, row, macs).is_some();
            continue;
        };
        if there & 1 << rank != 0 {
            is_whole &= read_record(tag, Fields { rest: ranked[rank] }, row, macs).is_some();
        }
        (ranked[rank], there) = (record, there | 1 << rank);
    }
    while there != 0 {
        let rank = there.trailing_zeros() as usize;
        is_whole &= read_record(RANKS[rank], Fields { rest: ranked[rank] }, row, macs).is_some();
        there &= there - 1;
    }
    is_whole
}

/// Takes in one record of a sample; `None` where it is too short. What is of another kind is stepped over.
fn read_record(tag: u32, mut fields: Fields<'_>, row: &mut FlowRow, macs: &mut Macs) -> Option<()> {
    match tag {
        RAW_HEADER => raw_header(&mut fields, row, macs)?,
        ETHERNET_DATA => ethernet_data(&mut fields, row, macs)?,
        IPV4_DATA => ip_data(&mut fields, 4, row)?,
        IPV6_DATA => ip_data(&mut fields, 6, row)?,
        EXTENDED_SWITCH => switch(&mut fields, row)?,
        EXTENDED_ROUTER => router(&mut fields, row)?,
        EXTENDED_GATEWAY => gateway(&mut fields, row)?,
        EXTENDED_MPLS => mpls(&mut fields, row)?,
        EXTENDED_NAT => {
            row.nat_source = fields.address()?.unwrap_or_default();
            row.nat_destination = fields.address()?.unwrap_or_default();
        }
        EXTENDED_NAT_PORT => {
            row.nat_source_port = fields.number()? as u16;
            row.nat_destination_port = fields.number()? as u16;
        }
        _ => {}
    }
    Some(())
}

/// The first bytes of the packet itself. Those of protocols that nobody reads leave its length.
fn raw_header(fields: &mut Fields<'_>, row: &mut FlowRow, macs: &mut Macs) -> Option<()> {
    let (protocol, length) = (fields.number()?, fields.number()?);
    fields.number()?; // bytes that were stripped, as a checksum
    let stated = fields.number()? as usize;
    row.bytes = u64::from(length);
    let header = fields.rest.get(..stated);
    read_header(protocol, header.unwrap_or(fields.rest), row, macs);
    header.map(|_| ())
}

/// The first bytes of a packet of a link that sFlow has a number for.
pub(super) fn read_header(protocol: u32, header: &[u8], row: &mut FlowRow, macs: &mut Macs) {
    match protocol {
        1 => read_headers(link::ETHERNET, header, row, macs),
        5 => read_headers(link::FRELAY, header, row, macs),
        7 | 14 => read_headers(link::PPP, header, row, macs), // 14: on SONET
        11 => read_headers(link::IPV4, header, row, macs),
        12 => read_headers(link::IPV6, header, row, macs),
        13 => read_network(ethertype::MPLS, header, row),
        15 => read_headers(link::IEEE802_11, header, row, macs),
        _ => {}
    }
}

/// A frame of which the agent tells the header alone. Each MAC address stands in eight bytes.
fn ethernet_data(fields: &mut Fields<'_>, row: &mut FlowRow, macs: &mut Macs) -> Option<()> {
    row.bytes = u64::from(fields.number()?);
    macs.source = *fields.take(8)?.first_chunk()?;
    macs.destination = *fields.take(8)?.first_chunk()?;
    fields.number().map(|_| ())
}

/// A packet of which the agent tells what it has read itself. Where it tells of the frame, too, that one's length counts.
pub(super) fn ip_data(fields: &mut Fields<'_>, ip_version: u8, row: &mut FlowRow) -> Option<()> {
    let length = u64::from(fields.number()?);
    row.bytes = if row.bytes == 0 { length } else { row.bytes };
    row.protocol = fields.number()? as u8;
    let mut address = || match ip_version {
        4 => Some(mapped(*fields.take(4)?.first_chunk()?)),
        _ => fields.take(16)?.first_chunk().copied(),
    };
    let (source, destination) = (address()?, address()?);
    set_addresses(ip_version, source, destination, row);
    row.source_port = fields.number()? as u16;
    row.destination_port = fields.number()? as u16;
    row.tcp_flags = fields.number()? as u8;
    row.tos = fields.number()? as u8;
    Some(())
}

/// VLANs and priorities, as it came in and as it left. Without a VLAN for what came in, that of the packet's tag stays.
pub(super) fn switch(fields: &mut Fields<'_>, row: &mut FlowRow) -> Option<()> {
    let source_vlan = fields.number()? as u16;
    row.source_vlan = if source_vlan == 0 { row.source_vlan } else { source_vlan };
    fields.number()?; // its priority
    row.destination_vlan = fields.number()? as u16;
    fields.number().map(|_| ())
}

/// Where a router sends it, and how long the prefixes are that its addresses match. Of a neighbour it may tell no address, or zeros.
pub(super) fn router(fields: &mut Fields<'_>, row: &mut FlowRow) -> Option<()> {
    let next_hop = fields.address()?.filter(is_specified);
    row.next_hop = next_hop.unwrap_or(row.next_hop);
    row.source_mask = fields.number()? as u8;
    row.destination_mask = fields.number()? as u8;
    Some(())
}

/// What BGP says of the way. Its next hop may be far: that of the router counts, wherever it stands.
fn gateway(fields: &mut Fields<'_>, row: &mut FlowRow) -> Option<()> {
    let next_hop = fields.address()?.unwrap_or_default();
    if !is_specified(&row.next_hop) {
        row.next_hop = next_hop;
    }
    systems(fields, row)
}

/// The autonomous systems of the way: the last one of the path is the destination's.
pub(super) fn systems(fields: &mut Fields<'_>, row: &mut FlowRow) -> Option<()> {
    let own = fields.number()?;
    let source = fields.number()?;
    fields.number()?; // the neighbour on the side of the source
    let mut destination = own;
    for _ in 0..fields.number()? {
        fields.number()?; // whether the segment is in order
        let systems = fields.number()? as usize;
        let path = fields.take(systems.checked_mul(4)?)?;
        destination = path.last_chunk().map_or(destination, |system| u32::from_be_bytes(*system));
    }
    (row.source_as, row.destination_as) = (if source == 0 { own } else { source }, destination);
    Some(())
}

/// The labels that it came in by, the outermost first: twenty bits each, as in the packet.
fn mpls(fields: &mut Fields<'_>, row: &mut FlowRow) -> Option<()> {
    fields.address()?;
    if fields.number()? > 0 {
        row.mpls_label = fields.number()? >> 12;
    }
    Some(())
}
