//! From a frame to rows: link layer, IP, transport, then the application protocols.
//!
//! One frame makes one row of the packet table, whatever is in it; only of IEEE 802.11 frames that hold several
//! (A-MSDU), each makes a row, and counts as seen. What can't be read is counted in the batch's ledger
//! with the first reason met; the row then holds what could be read.

pub mod app;
mod batch;
pub mod content;
pub mod dispatch;
pub mod dnstap;
mod ends;
pub mod flow;
mod flow_carriers;
mod flow_of;
pub mod fragments;
mod interface_names;
#[cfg(test)]
mod interface_tests;
pub(crate) mod ip;
#[cfg(test)]
mod laws;
pub mod link;
pub mod name;
mod port_options;
pub mod ports;
pub mod probe;
mod records;
pub mod streams;
pub mod tunnel;
#[cfg(test)]
mod tunnel_tests;
mod tunnelled;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::frame::Frame;
use crate::hosts::Hosts;
use crate::ledger::Ledger;
use crate::malformed::{Malformed, malformed};
use crate::memory::{Account, Held, Holder};
use crate::table::{INTERFACE_COLUMN, PacketRow, PacketTable, TUNNEL_COLUMNS, Table as _};
use crate::wire::ieee80211::{Subframe, Subframes};
use crate::wire::tcp::Tcp;
use crate::wire::{self, ethertype};
use app::{AppTables, Message, Needs};
use dispatch::Dispatch;
use ends::Ends;
use flow::{Datagram, FlowDecoder};
use flow_carriers::PROTOCOL_SCTP;
use fragments::{Fragment, FragmentKey, FragmentTable};
use interface_names::InterfaceNames;
use ip::{
    FragmentHeader, IpPayload, behind_extensions, cut_off, name_fragment, read_encapsulated, read_ipv4, read_ipv6,
};
use ports::PortSettings;
use streams::{Cut, Protocol, Segment, StreamLimits, StreamTable};
use tunnel::{PROTOCOL_AUTHENTICATION, PROTOCOL_GRE, PROTOCOL_IPV4, PROTOCOL_IPV6};

use crate::wire::ipv4::mapped;
pub use batch::{BATCH_ROWS, Batch, EARLIER, table_names};
pub use ends::{exchange_hash, flow_hash};
pub use flow_of::flow_of;
pub use interface_names::NameOf;

malformed! {
    TCP_TOO_SHORT "tcp.too_short", "The packet ends within its TCP header";
    TCP_BAD_HEADER "tcp.bad_header", "A TCP header says that it is shorter than any, or longer than the packet";
    UDP_TOO_SHORT "udp.too_short", "The packet ends within its UDP header";
    UDP_BAD_LENGTH "udp.bad_length", "The length in a UDP header is not that of the packet; what is there is read";
    ICMP_SHORT_REPLY "icmp.short_reply", "A reply to a ping has less data than any request that probes send";
}

pub const PROTOCOL_TCP: u8 = 6;
pub const PROTOCOL_UDP: u8 = 17;

/// Link types that are remembered for not being read.
const MOST_UNREAD_LINKS: usize = 16;

/// What a worker's decoder is given when it starts.
#[derive(Debug, Clone, Default)]
pub struct DecodeConfig {
    pub hosts: Hosts,
    pub streams: StreamLimits,
    pub needs: Needs,
    /// By which ports messages are known.
    pub ports: PortSettings,
    /// What UDP carries is flow records, whatever the ports; what TCP and SCTP do at the port of IPFIX.
    pub reads_flows: bool,
    /// A packet in a tunnel is known by its own addresses and ports, and its messages are read, whatever it came through.
    pub decapsulates: bool,
    /// Gives the names of interfaces; without it they are called by their numbers.
    pub interface_names: Option<NameOf>,
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
    dispatch: Dispatch,
    /// Where datagrams are read as flow records.
    flows: Option<Box<FlowDecoder>>,
    decapsulates: bool,
    /// Somebody asks for the columns of tunnels.
    needs_tunnels: bool,
    interface_names: InterfaceNames,
    needs_interface: bool,
    /// There is something to do to each row besides: of what carries flow records, or for the column of interfaces.
    has_more_to_do: bool,
    /// The frame at hand carries flow records by other ways than UDP.
    brings_records: bool,
    /// Connections that no port names are looked at: for their content, or for flow records.
    looks_at_streams: bool,
    /// Datagrams are more than messages: flow records, or perhaps tunnels.
    looks_further: bool,
    seed: u64,
    /// When to look again for what has waited too long.
    settle_ns: i64,
    unread_links: BTreeSet<u16>,
    held_streams: Held,
    held_fragments: Held,
    held_exporters: Held,
}

/// How often that is looked for, in packet time.
const SETTLE_NS: i64 = 1_000_000_000;

impl Decoder {
    pub fn new(config: DecodeConfig) -> Self {
        let mut decoder = Self {
            hosts: config.hosts,
            streams: StreamTable::new(config.streams, config.seed),
            fragments: FragmentTable::new(Default::default(), config.seed),
            flows: config.reads_flows.then(|| Box::new(FlowDecoder::new(&config.needs, config.seed))),
            dispatch: Dispatch::new(config.ports, &config.needs),
            decapsulates: config.decapsulates,
            needs_tunnels: false,
            interface_names: InterfaceNames::new(config.interface_names),
            needs_interface: false,
            has_more_to_do: false,
            brings_records: false,
            looks_at_streams: false,
            looks_further: false,
            seed: config.seed,
            settle_ns: i64::MIN,
            unread_links: BTreeSet::new(),
            held_streams: Held::new(&config.memory, Holder::Streams),
            held_fragments: Held::new(&config.memory, Holder::Fragments),
            held_exporters: Held::new(&config.memory, Holder::Exporters),
        };
        decoder.note_needs(&config.needs);
        decoder
    }

    /// Tells the decoder which columns the plans ask for (the others may stay empty), and on which ports to look further.
    pub fn set_needs(&mut self, needs: &Needs) {
        self.dispatch.set_needs(needs);
        if let Some(flows) = &mut self.flows {
            flows.set_needs(needs);
        }
        self.note_needs(needs);
    }

    /// What is seldom asked for.
    fn note_needs(&mut self, needs: &Needs) {
        self.needs_interface = needs.has(INTERFACE_COLUMN);
        self.has_more_to_do = self.flows.is_some() || self.needs_interface;
        self.needs_tunnels = TUNNEL_COLUMNS.iter().any(|column| needs.has(column));
        self.looks_at_streams = self.flows.is_some() || self.dispatch.is_probing();
        self.looks_further = self.flows.is_some() || self.needs_tunnels || self.decapsulates;
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

    /// Memory held for TCP streams, fragments, flows whose protocol is looked for, and templates of flow records.
    pub fn memory_bytes(&self) -> usize {
        let flows = self.flows.as_ref().map_or(0, |flows| flows.memory_bytes());
        self.streams.memory_bytes() + self.fragments.memory_bytes() + self.dispatch.memory_bytes() + flows
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
        let Self { streams, fragments, dispatch, flows, seed, .. } = self;
        let Batch { apps: tables, earlier, ledger, flows: records, .. } = batch;
        let mut decoded = Ledger::default();
        match flows {
            Some(flows) => {
                let mut each = |cut: Cut<'_>| flow_carriers::read_late(flows, &cut, records, &mut decoded);
                streams.expire(now_ns, &mut each, ledger);
                flows.settle(now_ns, ledger);
                self.held_exporters.tell(flows.memory_bytes());
            }
            None => {
                let mut each =
                    |cut: Cut<'_>| read_late(dispatch, &cut, *seed, (&mut *tables, &mut *earlier), &mut decoded);
                streams.expire(now_ns, &mut each, ledger);
            }
        }
        fragments.expire(now_ns, ledger);
        *ledger += &decoded;
        self.held_streams.tell(self.streams.memory_bytes() + self.dispatch.memory_bytes());
        self.held_fragments.tell(self.fragments.memory_bytes());
    }

    /// Writes the rows of one frame and counts it in the batch's ledger as decoded or malformed.
    #[inline]
    pub fn decode(&mut self, frame: &Frame<'_>, batch: &mut Batch) {
        if frame.link_type == link::ETHERNET {
            return self.decode_one(frame, link::read(link::ETHERNET, frame.data), 0, batch);
        }
        match link::subframes(frame.link_type, frame.data, cut_off(frame)) {
            Some(subframes) => self.decode_subframes(frame, subframes, batch),
            None => self.decode_other(frame, link::read(frame.link_type, frame.data), 0, batch),
        }
    }

    /// Each of several frames in one as if it had come alone.
    #[cold]
    fn decode_subframes(&mut self, frame: &Frame<'_>, subframes: Subframes<'_>, batch: &mut Batch) {
        for (at, subframe) in subframes.enumerate() {
            batch.ledger.seen += u64::from(at > 0);
            let Subframe { bytes: data, wire_bytes, around_bytes } = subframe;
            let alone = Frame { link_type: link::ETHERNET, data, wire_bytes, ..*frame };
            self.decode_other(&alone, link::read_subframe(&subframe), around_bytes, batch);
        }
    }

    /// [`Self::decode_one`] once more, so that what is read of an Ethernet header needs no place in memory.
    #[inline(never)]
    fn decode_other(
        &mut self,
        frame: &Frame<'_>,
        link: Result<(u16, &[u8]), Malformed>,
        around_bytes: u32,
        batch: &mut Batch,
    ) {
        self.decode_one(frame, link, around_bytes, batch);
    }

    /// One frame, whose link layer is read, and so many bytes around it.
    #[inline(always)]
    fn decode_one(
        &mut self,
        frame: &Frame<'_>,
        link: Result<(u16, &[u8]), Malformed>,
        around_bytes: u32,
        batch: &mut Batch,
    ) {
        let mut is_malformed = true;
        match link {
            Ok((next, payload)) => {
                let mut row = row_of(frame, around_bytes);
                match self.network(frame, next, payload, &mut row, batch) {
                    None => {
                        batch.ledger.decoded += 1;
                        is_malformed = false;
                    }
                    Some(fault) => batch.ledger.count_malformed(fault),
                }
            }
            Err(fault) => self.leave_unread(frame, fault, around_bytes, batch),
        }
        if self.has_more_to_do {
            self.do_more(frame, is_malformed, batch);
        }
    }

    #[inline(never)]
    fn do_more(&mut self, frame: &Frame<'_>, is_malformed: bool, batch: &mut Batch) {
        if self.flows.is_some() {
            let brings_records = std::mem::take(&mut self.brings_records);
            return keep_records_alone(brings_records || is_malformed, batch);
        }
        batch.packets.note_interface(batch.packets.last_row(), self.interface_names.of(frame.interface).as_bytes());
    }

    /// A row of a frame whose link layer can't be read.
    #[cold]
    fn leave_unread(&mut self, frame: &Frame<'_>, fault: Malformed, around_bytes: u32, batch: &mut Batch) {
        batch.packets.push(&row_of(frame, around_bytes));
        batch.ledger.count_malformed(fault);
        if fault == link::LINK_UNKNOWN && self.unread_links.len() < MOST_UNREAD_LINKS {
            self.unread_links.insert(frame.link_type);
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
        if next == ethertype::IPV4 {
            self.internet(frame, read_ipv4(payload, cut_off(frame), row), row, batch)
        } else {
            self.network_but_ipv4(frame, next, payload, row, batch)
        }
    }

    /// [`Self::network`] once more, so that what is read of an IPv4 header needs no place in memory.
    #[inline(never)]
    fn network_but_ipv4(
        &mut self,
        frame: &Frame<'_>,
        next: u16,
        payload: &[u8],
        row: &mut PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        let found = match next {
            ethertype::IPV6 => read_ipv6(payload, cut_off(frame), row),
            _ => read_encapsulated(next, payload, cut_off(frame), row),
        };
        self.internet(frame, found, row, batch)
    }

    #[inline(always)]
    fn internet(
        &mut self,
        frame: &Frame<'_>,
        found: Result<Option<IpPayload<'_>>, Malformed>,
        row: &mut PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        match found {
            Ok(Some(ip)) => {
                row.direction = match row.ip_version {
                    4 => self.hosts.direction_v4(&row.source, &row.destination),
                    _ => self.hosts.direction(&row.source, &row.destination),
                } as u8;
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
            _ if ip.fragment.is_some() => self.fragment(frame, IpPayload { ..ip }, row, batch),
            PROTOCOL_UDP => self.udp(frame, &ip, row, batch),
            PROTOCOL_TCP => self.tcp(frame, &ip, row, batch),
            PROTOCOL_IPV4 | PROTOCOL_IPV6 | PROTOCOL_GRE | PROTOCOL_AUTHENTICATION => {
                self.tunnel(frame, IpPayload { ..ip }, row, batch)
            }
            _ => {
                batch.packets.push(row);
                if ip.protocol == PROTOCOL_SCTP { self.flow_chunks(frame, &ip, row, batch) } else { None }
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
            return Some(UDP_TOO_SHORT);
        };
        row.transport = PROTOCOL_UDP;
        (row.source_port, row.destination_port) = (udp.source_port, udp.destination_port);
        batch.packets.push(row);
        let fault = if self.looks_further {
            self.further(frame, wire::udp::Udp { ..udp }, IpPayload { ..*ip }, row, batch)
        } else {
            self.datagram(frame, &udp, ip.ends, row, batch)
        };
        if udp.bad_length { Some(UDP_BAD_LENGTH) } else { fault }
    }

    /// What is more than a message: flow records, a packet in a tunnel.
    #[inline(never)]
    fn further(
        &mut self,
        frame: &Frame<'_>,
        udp: wire::udp::Udp<'_>,
        ip: IpPayload<'_>,
        row: &mut PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        if let Some(flows) = &mut self.flows {
            let exporter = ip.ends.map_or(row.source, |[source, _]| *source);
            let datagram = Datagram { payload: udp.payload, exporter, time_ns: frame.time_ns };
            return flows.decode(&datagram, &mut batch.flows, &mut batch.ledger);
        }
        let is_tunnel = self.dispatch.ports().tunnels().are_met(udp.source_port, udp.destination_port);
        if is_tunnel && self.decapsulates {
            return self.decapsulate(frame, &udp, &ip, row, batch);
        }
        let fault = self.datagram(frame, &udp, ip.ends, row, batch);
        if is_tunnel { fault.or(self.note_tunnels(&ip, row, batch)) } else { fault }
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
        let envelope = envelope(frame, row, batch.packets.last_row(), self.seed);
        let message = Message { payload: udp.payload, wire_bytes: udp.payload_wire_bytes, ends, ..envelope };
        self.dispatch.datagram(message, &mut batch.apps, &mut batch.ledger)
    }

    #[inline(always)]
    fn tcp(
        &mut self,
        frame: &Frame<'_>,
        ip: &IpPayload<'_>,
        row: &mut PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        let Some(tcp) = Tcp::read(ip.bytes, ip.wire_bytes) else {
            batch.packets.push(row);
            return Some(TCP_TOO_SHORT);
        };
        row.transport = PROTOCOL_TCP;
        row.tcp_flags = tcp.flags;
        (row.source_port, row.destination_port) = (tcp.source_port, tcp.destination_port);
        batch.packets.push(row);
        if tcp.bad_header {
            return Some(TCP_BAD_HEADER);
        }
        let protocol = match self.dispatch.stream(tcp.source_port, tcp.destination_port) {
            Some(protocol) => protocol,
            None if self.looks_at_streams => {
                self.probe_segment(frame, Tcp { ..tcp }, IpPayload { ..*ip }, row, batch)?
            }
            None => return None,
        };
        self.segment(frame, Tcp { ..tcp }, IpPayload { ..*ip }, protocol, row, batch)
    }

    /// The protocol of a connection whose ports name none that anybody needs.
    #[cold]
    fn probe_segment(
        &mut self,
        frame: &Frame<'_>,
        tcp: Tcp<'_>,
        ip: IpPayload<'_>,
        row: &PacketRow,
        batch: &mut Batch,
    ) -> Option<Protocol> {
        if self.flows.is_some() {
            return flow_carriers::stream_of([tcp.source_port, tcp.destination_port]);
        }
        let envelope = envelope(frame, row, 0, self.seed);
        let wire_bytes = ip.wire_bytes.saturating_sub(tcp.header_bytes);
        let segment = Message { payload: tcp.payload, wire_bytes, ends: ip.ends, ..envelope };
        self.dispatch.probe_stream(&segment, tcp.flags & wire::tcp::SYN != 0, &mut batch.ledger)
    }

    #[inline(never)]
    fn segment(
        &mut self,
        frame: &Frame<'_>,
        tcp: Tcp<'_>,
        ip: IpPayload<'_>,
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
        if flow_carriers::is_of_flows(protocol) {
            return self.flow_segment(&segment, batch);
        }
        let Self { streams, dispatch, seed, .. } = self;
        let Batch { apps: tables, earlier, ledger, .. } = batch;
        let mut fault = None;
        // The stream table counts what it gives up in the ledger; decoders count in one of their own meanwhile.
        let mut decoded = Ledger::default();
        streams.push(
            &segment,
            protocol,
            &mut |cut| {
                if cut.late.is_some() {
                    return read_late(dispatch, &cut, *seed, (tables, earlier), &mut decoded);
                }
                let message = Message { payload: cut.bytes, wire_bytes: cut.bytes.len() as u32, ..envelope };
                fault = fault.or(dispatch.stream_message(cut.protocol, &message, tables, &mut decoded));
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
        ip: IpPayload<'_>,
        row: &mut PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        let header = ip.fragment?;
        name_fragment(&ip, header, row);
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
                let payload = IpPayload { protocol, bytes, wire_bytes, fragment: None, ..ip };
                self.transport(frame, payload, row, batch)
            }
            None => {
                batch.packets.push(row);
                Some(ip::IPV6_BAD_EXTENSION)
            }
        };
        batch.packets.replace_last(&of_fragment);
        self.fragments.give_back(whole);
        fault
    }
}

/// What is known of a frame before it is read, with so many bytes around it.
#[inline(always)]
fn row_of(frame: &Frame<'_>, around_bytes: u32) -> PacketRow {
    PacketRow {
        time_ns: frame.time_ns,
        bytes: frame.data.len() as u32 + around_bytes,
        wire_bytes: frame.wire_bytes + around_bytes,
        ..PacketRow::EMPTY
    }
}

/// The packets that bring flow records are the exporter's: they leave no rows. Those that bring none pass by, but for what
/// is counted as malformed.
fn keep_records_alone(is_counted: bool, batch: &mut Batch) {
    let is_datagram = batch.packets.transport().last() == Some(&PROTOCOL_UDP);
    if !is_datagram && !is_counted {
        batch.ledger.decoded -= 1;
        batch.ledger.filtered += 1;
    }
    batch.packets.clear();
}

/// Reads a message that waited behind a gap, whose packet came before those at hand.
#[cold]
fn read_late(
    dispatch: &mut Dispatch,
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
    dispatch.stream_message(cut.protocol, &message, tables, ledger);
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

    use crate::read::CaptureReader;
    use crate::read::testing::write_fuzz_seed;

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
                    for (number, protocol) in super::app::PROTOCOLS.iter().enumerate() {
                        let seed = [&[number as u8, 0, frame.data.len().min(255) as u8], &frame.data[42..]].concat();
                        write_fuzz_seed("app_message", &format!("{name}-{frames}-{}", protocol.name), &seed);
                    }
                }
            }
            write_fuzz_seed("decode_frame", &name, &[&link_type.to_le_bytes()[..], &seed].concat());
        }
    }
}
