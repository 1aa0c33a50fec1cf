//! From a frame to rows: link layer, IP, transport, then the application protocols.
//!
//! One frame makes one row of the packet table, whatever is in it. What can't be read is counted in the batch's ledger
//! with the first reason met; the row then holds what could be read.

pub mod app;
pub mod dnstap;
pub mod flow;
pub mod fragments;
pub mod hosts;
#[cfg(test)]
mod laws;
pub mod link;
pub mod name;
pub mod ports;
mod records;
pub mod streams;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::batch::{Address, Batch, EARLIER, PacketRow, PacketTable, Table as _};
use crate::hash::{fold, hash_word};
use crate::ledger::{Ledger, Malformed};
use crate::memory::{Account, Held, Holder};
use crate::read::Frame;
use crate::wire::{self, ethertype};
use app::{AppDecoders, AppTables, Ends, Message, Needs};
use flow::{Datagram, FlowDecoder};
use fragments::{Fragment, FragmentKey, FragmentTable};
use hosts::Hosts;
use ports::PortSettings;
use streams::{Cut, Protocol, Segment, StreamLimits, StreamTable};

pub const PROTOCOL_TCP: u8 = 6;
pub const PROTOCOL_UDP: u8 = 17;
const PROTOCOL_IPV4: u8 = 4;
const PROTOCOL_IPV6: u8 = 41;
const PROTOCOL_GRE: u8 = 47;
const PROTOCOL_AUTHENTICATION: u8 = 51;

/// Link types that are remembered for not being read.
const MOST_UNREAD_LINKS: usize = 16;

/// Tunnels within tunnels are followed this far.
const MOST_TUNNELS: usize = 4;

/// What a worker's decoder is given when it starts.
#[derive(Debug, Clone, Default)]
pub struct DecodeConfig {
    pub hosts: Hosts,
    pub streams: StreamLimits,
    pub needs: Needs,
    /// By which ports messages are known.
    pub ports: PortSettings,
    /// What UDP carries is flow records, whatever the ports.
    pub reads_flows: bool,
    /// Random per process, so that nobody outside can choose names that collide.
    pub seed: u64,
    /// What TCP streams and fragments hold is part of it.
    pub memory: Arc<Account>,
}

/// Turns frames into rows. One per worker: it holds the TCP streams and fragments of the packets that it has seen.
pub struct Decoder {
    hosts: Hosts,
    streams: StreamTable,
    fragments: FragmentTable,
    apps: AppDecoders,
    /// Where datagrams are read as flow records.
    flows: Option<Box<FlowDecoder>>,
    seed: u64,
    /// When to look again for what has waited too long.
    settle_ns: i64,
    unread_links: BTreeSet<u16>,
    held_streams: Held,
    held_fragments: Held,
}

/// How often that is looked for, in packet time.
const SETTLE_NS: i64 = 1_000_000_000;

/// The payload of an IP packet, of either version.
struct IpPayload<'a> {
    protocol: u8,
    bytes: &'a [u8],
    wire_bytes: u32,
    fragment: Option<FragmentHeader>,
    /// IP headers around its own.
    depth: usize,
    /// Source and destination of its own header, where that is inside a tunnel.
    ends: Option<&'a Ends>,
}

#[derive(Clone, Copy)]
struct FragmentHeader {
    offset_bytes: u32,
    more: bool,
    identification: u32,
    ip_version: u8,
}

impl Decoder {
    pub fn new(config: DecodeConfig) -> Self {
        let mut apps = AppDecoders::new(config.ports);
        apps.set_needs(&config.needs);
        Self {
            hosts: config.hosts,
            streams: StreamTable::new(config.streams, config.seed),
            fragments: FragmentTable::new(Default::default(), config.seed),
            flows: config.reads_flows.then(|| Box::new(FlowDecoder::new(&config.needs, config.seed))),
            apps,
            seed: config.seed,
            settle_ns: i64::MIN,
            unread_links: BTreeSet::new(),
            held_streams: Held::new(&config.memory, Holder::Streams),
            held_fragments: Held::new(&config.memory, Holder::Fragments),
        }
    }

    /// Tells the decoder which columns the plans ask for (the others may stay empty), and on which ports to look further.
    pub fn set_needs(&mut self, needs: &Needs) {
        self.apps.set_needs(needs);
        if let Some(flows) = &mut self.flows {
            flows.set_needs(needs);
        }
    }

    /// Datagrams and sides of TCP connections of which something waits for more.
    pub fn waiting(&self) -> usize {
        self.streams.waiting() + self.fragments.datagrams()
    }

    /// The link types of frames that were not read for it, as far as they are few.
    pub fn unread_links(&self) -> &BTreeSet<u16> {
        &self.unread_links
    }

    /// Says anew which addresses are the agent's own hosts.
    pub fn set_hosts(&mut self, hosts: Hosts) {
        self.hosts = hosts;
    }

    /// Memory held for TCP streams and fragments.
    pub fn memory_bytes(&self) -> usize {
        self.streams.memory_bytes() + self.fragments.memory_bytes()
    }

    /// Gives up what has waited too long by now (packet time): reads what can be read of it, and counts the rest. For
    /// every batch, before it is handed on.
    #[inline]
    pub fn settle(&mut self, now_ns: i64, batch: &mut Batch) {
        if now_ns >= self.settle_ns {
            self.settle_ns = now_ns.saturating_add(SETTLE_NS);
            self.give_up(now_ns, batch);
        }
    }

    /// The same for all that waits: nothing more comes.
    pub fn finish(&mut self, batch: &mut Batch) {
        self.give_up(i64::MAX, batch);
    }

    #[cold]
    fn give_up(&mut self, now_ns: i64, batch: &mut Batch) {
        let Self { streams, fragments, apps, seed, .. } = self;
        let Batch { apps: tables, earlier, ledger, .. } = batch;
        let mut decoded = Ledger::default();
        let mut each = |cut: Cut<'_>| read_late(apps, &cut, *seed, (&mut *tables, &mut *earlier), &mut decoded);
        streams.expire(now_ns, &mut each, ledger);
        fragments.expire(now_ns, ledger);
        *ledger += &decoded;
        self.held_streams.tell(self.streams.memory_bytes());
        self.held_fragments.tell(self.fragments.memory_bytes());
    }

    /// Writes the rows of one frame and counts it in the batch's ledger as decoded or malformed.
    #[inline]
    pub fn decode(&mut self, frame: &Frame<'_>, batch: &mut Batch) {
        let mut row = PacketRow {
            time_ns: frame.time_ns,
            bytes: frame.data.len() as u32,
            wire_bytes: frame.wire_bytes,
            ..PacketRow::EMPTY
        };
        let fault = match link::read(frame.link_type, frame.data) {
            Ok((next, payload)) => self.network(frame, next, payload, &mut row, batch),
            Err(fault) => {
                batch.packets.push(&row);
                self.note_unread(frame.link_type, fault);
                Some(fault)
            }
        };
        match fault {
            None => batch.ledger.decoded += 1,
            Some(fault) => batch.ledger.count_malformed(fault),
        }
        if self.flows.is_some() {
            keep_records_alone(batch);
        }
    }

    #[cold]
    fn note_unread(&mut self, link_type: u16, fault: Malformed) {
        if fault == Malformed::LinkUnknown && self.unread_links.len() < MOST_UNREAD_LINKS {
            self.unread_links.insert(link_type);
        }
    }

    #[inline(always)]
    fn network(
        &mut self,
        frame: &Frame<'_>,
        next: u16,
        payload: &[u8],
        row: &mut PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        let found = match next {
            ethertype::IPV4 => read_ipv4(payload, cut_off(frame), row),
            ethertype::IPV6 => read_ipv6(payload, cut_off(frame), row),
            _ => read_encapsulated(next, payload, cut_off(frame), row),
        };
        match found {
            Ok(Some(ip)) => {
                row.direction = self.hosts.direction(&row.source, &row.destination) as u8;
                self.transport(frame, ip, row, batch)
            }
            Ok(None) => {
                batch.packets.push(row);
                None
            }
            Err(fault) => {
                row.direction = self.hosts.direction(&row.source, &row.destination) as u8;
                batch.packets.push(row);
                Some(fault)
            }
        }
    }

    #[inline(always)]
    fn transport(
        &mut self,
        frame: &Frame<'_>,
        ip: IpPayload<'_>,
        row: &mut PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        row.ip_protocol = ip.protocol;
        match ip.protocol {
            _ if ip.fragment.is_some() => self.fragment(frame, &ip, row, batch),
            PROTOCOL_UDP => self.udp(frame, &ip, row, batch),
            PROTOCOL_TCP => self.tcp(frame, &ip, row, batch),
            PROTOCOL_IPV4 | PROTOCOL_IPV6 | PROTOCOL_GRE | PROTOCOL_AUTHENTICATION => {
                self.tunnel(frame, ip, row, batch)
            }
            _ => {
                batch.packets.push(row);
                None
            }
        }
    }

    #[inline(always)]
    fn udp(
        &mut self,
        frame: &Frame<'_>,
        ip: &IpPayload<'_>,
        row: &mut PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        let Some(udp) = wire::udp::Udp::read(ip.bytes, ip.wire_bytes) else {
            batch.packets.push(row);
            return Some(Malformed::UdpTooShort);
        };
        row.transport = PROTOCOL_UDP;
        (row.source_port, row.destination_port) = (udp.source_port, udp.destination_port);
        batch.packets.push(row);
        let fault = self.datagram(frame, &udp, ip.ends, row, batch);
        if udp.bad_length { Some(Malformed::UdpBadLength) } else { fault }
    }

    #[inline(always)]
    fn datagram(
        &mut self,
        frame: &Frame<'_>,
        udp: &wire::udp::Udp<'_>,
        ends: Option<&Ends>,
        row: &PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        if let Some(flows) = &mut self.flows {
            let exporter = ends.map_or(row.source, |[source, _]| *source);
            let datagram = Datagram { payload: udp.payload, exporter, time_ns: frame.time_ns };
            return flows.decode(&datagram, &mut batch.flows, &mut batch.ledger);
        }
        let envelope = envelope(frame, row, batch.packets.last_row(), self.seed);
        let message = Message { payload: udp.payload, wire_bytes: udp.payload_wire_bytes, ends, ..envelope };
        self.apps.datagram(row.source_port, row.destination_port, &message, &mut batch.apps, &mut batch.ledger)
    }

    #[inline(always)]
    fn tcp(
        &mut self,
        frame: &Frame<'_>,
        ip: &IpPayload<'_>,
        row: &mut PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        let Some(tcp) = wire::tcp::Tcp::read(ip.bytes, ip.wire_bytes) else {
            batch.packets.push(row);
            return Some(Malformed::TcpTooShort);
        };
        row.transport = PROTOCOL_TCP;
        row.tcp_flags = tcp.flags;
        (row.source_port, row.destination_port) = (tcp.source_port, tcp.destination_port);
        batch.packets.push(row);
        if tcp.bad_header {
            return Some(Malformed::TcpBadHeader);
        }
        let (number, framing) = self.apps.stream(tcp.source_port, tcp.destination_port)?;
        self.segment(frame, &tcp, ip, Protocol { number, framing }, row, batch)
    }

    #[inline(never)]
    fn segment(
        &mut self,
        frame: &Frame<'_>,
        tcp: &wire::tcp::Tcp<'_>,
        ip: &IpPayload<'_>,
        protocol: Protocol,
        row: &PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        let envelope = Message { ends: ip.ends, ..envelope(frame, row, batch.packets.last_row(), self.seed) };
        let inner =
            ip.ends.map(|[source, destination]| PacketRow { source: *source, destination: *destination, ..*row });
        let packet = inner.as_ref().unwrap_or(row);
        let segment = Segment {
            flow: envelope.flow(),
            side: u8::from((packet.source, packet.source_port) > (packet.destination, packet.destination_port)),
            sequence: tcp.sequence,
            syn: tcp.flags & wire::tcp::SYN != 0,
            fin: tcp.flags & wire::tcp::FIN != 0,
            rst: tcp.flags & wire::tcp::RST != 0,
            payload: tcp.payload,
            payload_wire_bytes: ip.wire_bytes.saturating_sub(tcp.header_bytes),
            time_ns: frame.time_ns,
            packet,
        };
        let Self { streams, apps, seed, .. } = self;
        let Batch { apps: tables, earlier, ledger, .. } = batch;
        let mut fault = None;
        // The stream table counts what it gives up in the ledger; decoders count in one of their own meanwhile.
        let mut decoded = Ledger::default();
        streams.push(
            &segment,
            protocol,
            &mut |cut| {
                if cut.late.is_some() {
                    return read_late(apps, &cut, *seed, (tables, earlier), &mut decoded);
                }
                let message = Message { payload: cut.bytes, wire_bytes: cut.bytes.len() as u32, ..envelope };
                fault = fault.or(apps.stream_message(cut.protocol, &message, tables, &mut decoded));
            },
            ledger,
        );
        *ledger += &decoded;
        fault
    }

    /// A fragment is a packet of its own. The datagram that it completes is read like any other, but leaves no row: its
    /// messages belong to this packet.
    #[inline(never)]
    fn fragment(
        &mut self,
        frame: &Frame<'_>,
        ip: &IpPayload<'_>,
        row: &mut PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        let header = ip.fragment?;
        name_fragment(ip, header, row);
        let FragmentHeader { offset_bytes, more, identification, ip_version } = header;
        let [source, destination] = ip.ends.copied().unwrap_or([row.source, row.destination]);
        let protocol = if ip_version == 4 { ip.protocol } else { 0 };
        let key = FragmentKey { source, destination, identification, protocol };
        let (payload, payload_wire_bytes) = (ip.bytes, ip.wire_bytes);
        let fragment = Fragment { offset_bytes, more, protocol: ip.protocol, payload, payload_wire_bytes };
        let Some(whole) = self.fragments.push(&key, &fragment, frame.time_ns, &mut batch.ledger) else {
            batch.packets.push(row);
            return None;
        };
        let of_fragment = *row;
        let fault = match behind_extensions(ip_version, whole.protocol, &whole.payload) {
            Some((protocol, bytes)) => {
                let wire_bytes = whole.payload_wire_bytes - (whole.payload.len() - bytes.len()) as u32;
                let payload = IpPayload { protocol, bytes, wire_bytes, fragment: None, ..*ip };
                self.transport(frame, payload, row, batch)
            }
            None => {
                batch.packets.push(row);
                Some(Malformed::Ipv6BadExtension)
            }
        };
        batch.packets.replace_last(&of_fragment);
        self.fragments.give_back(whole);
        fault
    }

    /// Follows a tunnel to its transport header. The addresses stay those of the outermost header but for an IPv4 header
    /// inside IPv6, which is preferred, and for what GRE carries with headers of its own below IP (a mirrored frame, an
    /// MPLS label): that is the traffic of others, whose answers don't come back between the tunnel's ends.
    #[inline(never)]
    fn tunnel(
        &mut self,
        frame: &Frame<'_>,
        outer: IpPayload<'_>,
        row: &mut PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        let mut inner = *row;
        let (ip, fault) = follow(outer, &mut inner, row);
        row.direction = self.hosts.direction(&row.source, &row.destination) as u8;
        let ends = [inner.source, inner.destination];
        let ip = IpPayload { ends: Some(&ends), ..ip };
        match ip.protocol {
            _ if fault.is_some() => batch.packets.push(row),
            _ if ip.fragment.is_some() => return self.fragment(frame, &ip, row, batch),
            PROTOCOL_UDP | PROTOCOL_TCP => return self.transport(frame, ip, row, batch),
            _ => batch.packets.push(row),
        }
        fault
    }
}

/// The packets that bring flow records are the exporter's: they leave no rows. Those that bring none pass by.
#[inline(never)]
fn keep_records_alone(batch: &mut Batch) {
    let is_datagram = batch.packets.transport().last() == Some(&PROTOCOL_UDP);
    if !is_datagram && batch.ledger.decoded > 0 {
        batch.ledger.decoded -= 1;
        batch.ledger.filtered += 1;
    }
    batch.packets.clear();
}

/// The payload of the innermost IP header of a tunnel, as far as it can be followed, and what ended the way too early.
/// `inner` gets the addresses of that header, `row` those that the packet is known by.
fn follow<'a>(outer: IpPayload<'a>, inner: &mut PacketRow, row: &mut PacketRow) -> (IpPayload<'a>, Option<Malformed>) {
    let mut ip = outer;
    while ip.fragment.is_none() {
        let (found, is_of_others) = match inside(&ip, inner) {
            Ok(Some(_)) if ip.depth == MOST_TUNNELS => return (ip, Some(Malformed::TunnelTooDeep)),
            Ok(Some(found)) => found,
            Ok(None) => break,
            Err(fault) => return (ip, Some(fault)),
        };
        if is_of_others || row.ip_version == 6 && inner.ip_version == 4 {
            (row.ip_version, row.source, row.destination) = (inner.ip_version, inner.source, inner.destination);
        }
        ip = IpPayload { depth: ip.depth + 1, ..found };
    }
    (ip, None)
}

/// What a fragment tells of its transport: each one the protocol, the first one also ports and flags.
fn name_fragment(ip: &IpPayload<'_>, header: FragmentHeader, row: &mut PacketRow) {
    let is_first = header.offset_bytes == 0;
    let behind = if is_first { behind_extensions(header.ip_version, ip.protocol, ip.bytes) } else { None };
    let (protocol, bytes) = behind.unwrap_or((ip.protocol, ip.bytes));
    row.ip_protocol = protocol;
    if !matches!(protocol, PROTOCOL_TCP | PROTOCOL_UDP) {
        return;
    }
    row.transport = protocol;
    if !is_first {
        return;
    }
    if let (Some(source), Some(destination)) = (wire::be16(bytes, 0), wire::be16(bytes, 2)) {
        (row.source_port, row.destination_port) = (source, destination);
    }
    if protocol == PROTOCOL_TCP {
        row.tcp_flags = bytes.get(wire::tcp::FLAGS_OFFSET).copied().unwrap_or(0);
    }
}

/// What a datagram carries; in IPv6 there may be more extension headers before that.
fn behind_extensions(ip_version: u8, protocol: u8, bytes: &[u8]) -> Option<(u8, &[u8])> {
    if ip_version == 4 { Some((protocol, bytes)) } else { wire::ipv6::behind_extensions(protocol, bytes) }
}

/// Reads a message that waited behind a gap, whose packet came before those at hand.
#[cold]
fn read_late(
    apps: &mut AppDecoders,
    cut: &Cut<'_>,
    seed: u64,
    (tables, earlier): (&mut AppTables, &mut PacketTable),
    ledger: &mut Ledger,
) {
    let Some(packet) = cut.late else { return };
    earlier.push(packet);
    let frame = Frame { time_ns: packet.time_ns, link_type: 0, interface: 0, wire_bytes: packet.wire_bytes, data: &[] };
    let packet_row = earlier.last_row() as u32 | EARLIER;
    let wire_bytes = cut.bytes.len() as u32;
    let message =
        Message { payload: cut.bytes, wire_bytes, packet, packet_row, frame: &frame, ends: None, seed, server_port: 0 };
    // What can't be read of it leaves a row that says so; its packet was counted when it came.
    apps.stream_message(cut.protocol, &message, tables, ledger);
}

/// What an IP packet carries inside one more header: the packet in it, whose addresses go to `row`, and whether that
/// header belongs to a layer below IP. `None` where that is nothing that pktvisor reads.
fn inside<'a>(ip: &IpPayload<'a>, row: &mut PacketRow) -> Result<Option<(IpPayload<'a>, bool)>, Malformed> {
    let (next, bytes) = match ip.protocol {
        PROTOCOL_AUTHENTICATION => {
            let read = wire::authentication::read(ip.bytes).ok_or(Malformed::AuthenticationTooShort)?;
            let (protocol, header_bytes, bytes) = read;
            let wire_bytes = ip.wire_bytes.saturating_sub(header_bytes as u32);
            return Ok(Some((IpPayload { protocol, bytes, wire_bytes, ..*ip }, false)));
        }
        PROTOCOL_IPV4 => (ethertype::IPV4, ip.bytes),
        PROTOCOL_IPV6 => (ethertype::IPV6, ip.bytes),
        PROTOCOL_GRE => match wire::gre::read(ip.bytes).map_err(|_| Malformed::GreTooShort)? {
            Some(found) => found,
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let is_ip = matches!(next, ethertype::IPV4 | ethertype::IPV6);
    let (_, next, bytes) = if is_ip { (0, next, bytes) } else { link::decapsulate(next, bytes)? };
    let cut_off = ip.wire_bytes.saturating_sub(ip.bytes.len() as u32);
    let found = match next {
        ethertype::IPV4 => read_ipv4(bytes, cut_off, row)?,
        ethertype::IPV6 => read_ipv6(bytes, cut_off, row)?,
        _ => None,
    };
    Ok(found.map(|found| (found, !is_ip)))
}

/// The flow that a frame belongs to, the same for both directions: files are shared out among workers by it. 0 for
/// frames without IP addresses.
#[inline]
pub fn flow_of(frame: &Frame<'_>, seed: u64) -> u64 {
    usual_flow(frame, seed).unwrap_or_else(|| unusual_flow(frame, seed))
}

/// From the lowest port of DHCP to the highest.
const DHCP_PORTS: std::ops::RangeInclusive<u16> = {
    let ports = app::dhcp::PORTS.udp;
    ports[0]..=ports[ports.len() - 1]
};

/// The flow of an IP packet right behind an Ethernet header, where it has neither IPv4 options nor IPv6 extensions.
#[inline(always)]
fn usual_flow(frame: &Frame<'_>, seed: u64) -> Option<u64> {
    let bytes = frame.data.first_chunk::<38>()?;
    if frame.link_type != link::ETHERNET {
        return None;
    }
    if bytes[12..15] != [8, 0, 0x45] {
        return usual_ipv6_flow(frame.data, seed);
    }
    let fragment = u16::from_be_bytes([bytes[20], bytes[21]]) & 0x3fff;
    if bytes[23] == PROTOCOL_UDP && fragment == 0 && may_ask_groups([bytes[34], bytes[35], bytes[36], bytes[37]]) {
        return None;
    }
    let address = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    Some(flow_of_ipv4(address(26), address(30), seed))
}

fn usual_ipv6_flow(data: &[u8], seed: u64) -> Option<u64> {
    let bytes = data.first_chunk::<58>()?;
    let protocol = bytes[20];
    if bytes[12..14] != [0x86, 0xdd] || bytes[14] >> 4 != 6 || !matches!(protocol, PROTOCOL_TCP | PROTOCOL_UDP) {
        return None;
    }
    if protocol == PROTOCOL_UDP && may_ask_groups([bytes[54], bytes[55], bytes[56], bytes[57]]) {
        return None;
    }
    let address = |at: usize| -> &Address { bytes[at..at + 16].try_into().expect("sixteen bytes") };
    Some(end_of_flow(address(22), 0, seed).wrapping_add(end_of_flow(address(38), 0, seed)))
}

/// Multicast DNS, a port between, and link-local name resolution.
const MULTICAST_DNS_PORTS: std::ops::RangeInclusive<u16> = app::dns::MDNS_PORT..=app::dns::LLMNR_PORT;

/// Whether one of two ports lies near those of DHCP, or of DNS that asks groups: there the answer may come from another
/// address than the one that was asked.
#[inline(always)]
fn may_ask_groups([a, b, c, d]: [u8; 4]) -> bool {
    let is_near = |port| DHCP_PORTS.contains(&port) || MULTICAST_DNS_PORTS.contains(&port);
    is_near(u16::from_be_bytes([a, b])) || is_near(u16::from_be_bytes([c, d]))
}

#[inline(never)]
fn unusual_flow(frame: &Frame<'_>, seed: u64) -> u64 {
    let Ok((next, payload)) = link::read(frame.link_type, frame.data) else { return 0 };
    let mut row = PacketRow::EMPTY;
    let found = match next {
        ethertype::IPV4 => read_ipv4(payload, 0, &mut row),
        ethertype::IPV6 => read_ipv6(payload, 0, &mut row),
        _ => read_encapsulated(next, payload, 0, &mut row),
    };
    // Addresses alone, so that the fragments of a datagram go where the rest of its flow goes.
    let client = found.as_ref().ok().and_then(Option::as_ref).and_then(|ip| multicast_client(ip, &row));
    if let Some(client) = client {
        return end_of_flow(client, 0, seed);
    }
    match found {
        Ok(Some(ip)) if is_dhcp(&ip) => 0,
        Ok(Some(_)) if row.ip_version == 4 => flow_of_ipv4(last_four(&row.source), last_four(&row.destination), seed),
        Ok(Some(_)) => end_of_flow(&row.source, 0, seed).wrapping_add(end_of_flow(&row.destination, 0, seed)),
        _ => 0,
    }
}

/// Sum and difference in bits tell a pair of addresses from others, whichever comes first.
#[inline(always)]
fn flow_of_ipv4(source: [u8; 4], destination: [u8; 4], seed: u64) -> u64 {
    let (source, destination) = (u32::from_le_bytes(source), u32::from_le_bytes(destination));
    let sum = source.wrapping_add(destination);
    hash_word(seed, u64::from(sum) << 32 | u64::from(source ^ destination))
}

fn last_four(address: &Address) -> [u8; 4] {
    let [.., a, b, c, d] = *address;
    [a, b, c, d]
}

/// DHCP clients have no address yet, so that addresses don't tell which answer belongs to which request.
#[inline(always)]
fn is_dhcp(ip: &IpPayload<'_>) -> bool {
    let is_port = |at| wire::be16(ip.bytes, at).is_some_and(|port| app::dhcp::PORTS.udp.contains(&port));
    ip.protocol == PROTOCOL_UDP && ip.fragment.is_none() && (is_port(0) || is_port(2))
}

/// The end of a multicast DNS or LLMNR message that asks, or is answered: what belongs together shares it alone.
fn multicast_client<'a>(ip: &IpPayload<'_>, row: &'a PacketRow) -> Option<&'a Address> {
    if ip.protocol != PROTOCOL_UDP || ip.fragment.is_some() {
        return None;
    }
    let is_server = |at| matches!(wire::be16(ip.bytes, at), Some(app::dns::MDNS_PORT | app::dns::LLMNR_PORT));
    if is_server(2) {
        return Some(&row.source);
    }
    is_server(0).then_some(&row.destination)
}

/// Hashes one end of a flow; the sum of both ends is the same whichever sends.
#[inline(always)]
fn end_of_flow(address: &Address, port: u16, seed: u64) -> u64 {
    let high = u64::from_le_bytes(*address.first_chunk().expect("sixteen bytes"));
    let low = u64::from_le_bytes(*address.last_chunk().expect("sixteen bytes"));
    fold(low ^ seed, high ^ u64::from(port) ^ seed.rotate_left(29))
}

/// Hashes both ends of a connection or exchange under a seed.
#[inline(always)]
pub fn flow_hash(source: &Address, source_port: u16, destination: &Address, destination_port: u16, seed: u64) -> u64 {
    let ends = end_of_flow(source, source_port, seed).wrapping_add(end_of_flow(destination, destination_port, seed));
    hash_word(seed, ends)
}

/// Hashes what a question and its answer have in common under a seed: both addresses and both ports, whichever goes with
/// which, and an identifier. Some that answer swap the ports alone; two hosts that ask each other at once, with their ports
/// crossed and by the same identifier, are not met.
#[inline(always)]
pub fn exchange_hash(addresses: [&Address; 2], [one, other]: [u16; 2], identifier: u16, seed: u64) -> u64 {
    let [source, destination] = addresses;
    let ports = u64::from(one.min(other)) << 16 | u64::from(one.max(other));
    // A product, unlike a sum, tells pairs of addresses apart whose numbers add up to the same.
    let ends = fold(end_of_flow(source, 0, seed), end_of_flow(destination, 0, seed));
    hash_word(ends, ports << 16 | u64::from(identifier))
}

#[inline(always)]
fn mapped(address: [u8; 4]) -> Address {
    let [a, b, c, d] = address;
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

/// How many bytes of a frame were on the wire and not captured.
#[inline(always)]
fn cut_off(frame: &Frame<'_>) -> u32 {
    frame.wire_bytes.saturating_sub(frame.data.len() as u32)
}

/// The payload of an IP packet of which `cut_off` bytes were not captured.
#[inline(always)]
fn read_ipv4<'a>(bytes: &'a [u8], cut_off: u32, row: &mut PacketRow) -> Result<Option<IpPayload<'a>>, Malformed> {
    let ip = wire::ipv4::Ipv4::read(bytes, cut_off).map_err(|fault| match fault {
        wire::ipv4::Fault::TooShort => Malformed::Ipv4TooShort,
        wire::ipv4::Fault::BadHeader => Malformed::Ipv4BadHeader,
    })?;
    row.ip_version = 4;
    row.source = mapped(ip.source);
    row.destination = mapped(ip.destination);
    let fragment = ip.is_fragment().then_some(FragmentHeader {
        offset_bytes: ip.fragment_offset_bytes,
        more: ip.more_fragments,
        identification: u32::from(ip.identification),
        ip_version: 4,
    });
    Ok(Some(IpPayload {
        protocol: ip.protocol,
        bytes: ip.payload,
        wire_bytes: ip.payload_wire_bytes,
        fragment,
        depth: 0,
        ends: None,
    }))
}

#[inline(never)]
fn read_ipv6<'a>(bytes: &'a [u8], cut_off: u32, row: &mut PacketRow) -> Result<Option<IpPayload<'a>>, Malformed> {
    let ip = wire::ipv6::Ipv6::read(bytes, cut_off).ok_or(Malformed::Ipv6TooShort)?;
    row.ip_version = 6;
    row.source = ip.source;
    row.destination = ip.destination;
    row.ip_protocol = ip.protocol;
    if ip.bad_extension {
        return Err(Malformed::Ipv6BadExtension);
    }
    let fragment = ip.is_fragment.then_some(FragmentHeader {
        offset_bytes: ip.fragment_offset_bytes,
        more: ip.more_fragments,
        identification: ip.identification,
        ip_version: 6,
    });
    Ok(Some(IpPayload {
        protocol: ip.protocol,
        bytes: ip.payload,
        wire_bytes: ip.payload_wire_bytes,
        fragment,
        depth: 0,
        ends: None,
    }))
}

/// VLAN tags, MPLS and PPPoE down to IP; `None` where something else is carried.
#[inline(never)]
fn read_encapsulated<'a>(
    next: u16,
    payload: &'a [u8],
    cut_off: u32,
    row: &mut PacketRow,
) -> Result<Option<IpPayload<'a>>, Malformed> {
    let (identifier, next, payload) = link::decapsulate(next, payload)?;
    row.vlan = identifier;
    match next {
        ethertype::IPV4 => read_ipv4(payload, cut_off, row),
        ethertype::IPV6 => read_ipv6(payload, cut_off, row),
        _ => Ok(None),
    }
}

/// A message to be filled in: all that is known of its packet.
#[inline(always)]
fn envelope<'a>(frame: &'a Frame<'a>, packet: &'a PacketRow, packet_row: usize, seed: u64) -> Message<'a> {
    Message {
        payload: &[],
        wire_bytes: 0,
        packet,
        packet_row: packet_row as u32,
        frame,
        ends: None,
        seed,
        server_port: 0,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{unusual_flow, usual_flow};
    use crate::read::testing::write_fuzz_seed;
    use crate::read::{CaptureReader, Frame};

    /// Not a test: real frames for the fuzz targets of the decoders (`fuzz/run`).
    #[test]
    #[ignore = "writes the seeds of fuzz targets"]
    fn fuzz_seeds() {
        let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures");
        for entry in std::fs::read_dir(captures).unwrap() {
            let path = entry.unwrap().path();
            let Ok(mut reader) = CaptureReader::open(&path) else { continue };
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let (mut seed, mut link_type, mut frames) = (Vec::new(), 1, 0);
            while let Some(frame) = reader.next_frame() {
                link_type = frame.link_type;
                frames += 1;
                if frames <= 12 && frame.data.len() < 256 {
                    seed.push(frame.data.len() as u8);
                    seed.extend(frame.data);
                }
                if frames % 17 == 1 && frame.data.len() > 42 {
                    write_fuzz_seed("dns_message", &format!("{name}-{frames}"), &frame.data[42..]);
                    write_fuzz_seed("dhcp_message", &format!("{name}-{frames}"), &frame.data[41..]);
                }
            }
            write_fuzz_seed("decode_frame", &name, &[&link_type.to_le_bytes()[..], &seed].concat());
        }
    }

    #[test]
    fn a_question_to_a_group_and_the_answer_of_one_of_it_are_of_one_flow() {
        let flow = |source: [u8; 4], destination: [u8; 4], source_port: u16, destination_port: u16| {
            let ports = [source_port.to_be_bytes(), destination_port.to_be_bytes()].concat();
            let ip = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0];
            let packet = [&[0; 12], &[8, 0][..], &ip, &source, &destination, &ports, &[0, 8, 0, 0]].concat();
            super::flow_of(&Frame { time_ns: 0, link_type: 1, interface: 0, wire_bytes: 42, data: &packet }, 7)
        };
        let (client, server, group) = ([192, 0, 2, 10], [192, 0, 2, 77], [224, 0, 0, 252]);
        assert_eq!(flow(client, group, 4000, 5355), flow(server, client, 5355, 4000));
        assert_eq!(flow(client, [224, 0, 0, 251], 4000, 5353), flow(server, client, 5353, 4000));
        assert_ne!(flow(client, group, 4000, 53), flow(server, client, 53, 4000), "of other protocols both ends count");
    }

    #[test]
    fn the_short_way_to_a_flow_leads_where_the_long_one_does() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures");
        let mut short = [0, 0];
        for name in
            ["dns_authoritative", "dhcp4", "dhcp6", "fragments", "icmp_errors", "ip_options", "tcp_web", "links_vlan"]
        {
            let mut reader = CaptureReader::open(&folder.join(format!("{name}.pcap"))).unwrap();
            while let Some(frame) = reader.next_frame() {
                if let Some(flow) = usual_flow(&frame, 7) {
                    assert_eq!(flow, unusual_flow(&frame, 7), "{name} at {} ns", frame.time_ns);
                    short[usize::from(frame.data[14] >> 4 == 6)] += 1;
                }
            }
        }
        assert!(short.iter().all(|count| *count > 100), "{short:?}");
    }
}
