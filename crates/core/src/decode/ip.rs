//! IP headers, and what lies around them: encapsulations below IP, the headers of fragments.

use super::ends::Ends;
use super::{PROTOCOL_TCP, PROTOCOL_UDP, link};
use crate::frame::Frame;
use crate::malformed::{Malformed, malformed};
use crate::table::PacketRow;
use crate::wire::ipv4::mapped;
use crate::wire::{self, ethertype};

malformed! {
    IPV4_TOO_SHORT "ipv4.too_short", "The packet ends within its IPv4 header";
    IPV4_BAD_HEADER "ipv4.bad_header", "Version or header length of an IPv4 header are wrong";
    IPV6_TOO_SHORT "ipv6.too_short", "The packet ends within its IPv6 header";
    IPV6_BAD_EXTENSION "ipv6.bad_extension", "IPv6 extension headers end too early, or are too many";
}

/// The payload of an IP packet, of either version. Functions that are not inlined get it by value: by reference, it would
/// have to be written down for every packet, whether they are called or not; so it would where it is moved, so that `{ ..ip }` copies it.
#[derive(Clone, Copy)]
pub(super) struct IpPayload<'a> {
    pub protocol: u8,
    pub bytes: &'a [u8],
    pub wire_bytes: u32,
    pub fragment: Option<FragmentHeader>,
    /// IP headers around its own.
    pub depth: usize,
    /// Source and destination of its own header, where that is inside a tunnel.
    pub ends: Option<&'a Ends>,
}

#[derive(Clone, Copy)]
pub(super) struct FragmentHeader {
    pub offset_bytes: u32,
    pub more: bool,
    pub identification: u32,
    pub ip_version: u8,
}

/// How many bytes of a frame were on the wire and not captured.
#[inline(always)]
pub(super) fn cut_off(frame: &Frame<'_>) -> u32 {
    frame.wire_bytes.saturating_sub(frame.data.len() as u32)
}

/// The payload of an IP packet of which `cut_off` bytes were not captured.
#[inline(always)]
pub(super) fn read_ipv4<'a>(
    bytes: &'a [u8],
    cut_off: u32,
    row: &mut PacketRow,
) -> Result<Option<IpPayload<'a>>, Malformed> {
    let ip = wire::ipv4::Ipv4::read(bytes, cut_off).map_err(|fault| match fault {
        wire::ipv4::Fault::TooShort => IPV4_TOO_SHORT,
        wire::ipv4::Fault::BadHeader => IPV4_BAD_HEADER,
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
pub(super) fn read_ipv6<'a>(
    bytes: &'a [u8],
    cut_off: u32,
    row: &mut PacketRow,
) -> Result<Option<IpPayload<'a>>, Malformed> {
    let ip = wire::ipv6::Ipv6::read(bytes, cut_off).ok_or(IPV6_TOO_SHORT)?;
    row.ip_version = 6;
    row.source = ip.source;
    row.destination = ip.destination;
    row.ip_protocol = ip.protocol;
    if ip.bad_extension {
        return Err(IPV6_BAD_EXTENSION);
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
pub(super) fn read_encapsulated<'a>(
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

/// What a fragment tells of its transport: each one the protocol, the first one also ports and flags.
pub(super) fn name_fragment(ip: &IpPayload<'_>, header: FragmentHeader, row: &mut PacketRow) {
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
pub(super) fn behind_extensions(ip_version: u8, protocol: u8, bytes: &[u8]) -> Option<(u8, &[u8])> {
    if ip_version == 4 { Some((protocol, bytes)) } else { wire::ipv6::behind_extensions(protocol, bytes) }
}
