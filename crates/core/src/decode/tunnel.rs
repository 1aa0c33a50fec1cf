//! Tunnels: packets within packets, over IP (GRE, IP in IP, mirrors) and over UDP (VXLAN and its like).
//!
//! Over UDP they are known by their ports, and looked for only where somebody asks for the columns of tunnels or has
//! packets decapsulated.

use super::ip::{IpPayload, read_ipv4, read_ipv6};
use super::port_options::{PortOption, PortSettings};
use super::{PROTOCOL_TCP, PROTOCOL_UDP, link};
use crate::malformed::{Malformed, malformed};
use crate::table::{PacketRow, TunnelRow};
use crate::wire::{self, Enclosed, TooShort, ethertype};

malformed! {
    AUTHENTICATION_TOO_SHORT "ah.too_short", "The packet ends within its authentication header";
    GRE_TOO_SHORT "gre.too_short", "The packet ends within its GRE header";
    VXLAN_TOO_SHORT "vxlan.too_short", "The packet ends within its VXLAN header";
    GENEVE_TOO_SHORT "geneve.too_short", "The packet ends within its Geneve header or the options behind it";
    GTP_TOO_SHORT "gtp.too_short", "The packet ends within its GTP-U header or the extensions behind it";
}

pub(super) const PROTOCOL_IPV4: u8 = 4;
pub(super) const PROTOCOL_IPV6: u8 = 41;
pub(super) const PROTOCOL_GRE: u8 = 47;
pub(super) const PROTOCOL_AUTHENTICATION: u8 = 51;

/// IP headers within the outermost one are followed this far.
pub const MOST_TUNNELS: usize = 4;

/// What a tunnel is, as the column `tunnel.type` holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum TunnelType {
    IpInIp = 1,
    SixInFour = 2,
    Gre = 3,
    Erspan = 4,
    Vxlan = 5,
    Geneve = 6,
    Gtp = 7,
    Mpls = 8,
}

/// A tunnel over UDP: by which ports it is known, and how its header is read.
struct Declaration {
    /// The first part of the name of its option for ports.
    name: &'static str,
    usual: &'static [u16],
    /// Whether settings may name other ports, as `vxlan_ports`.
    has_port_option: bool,
    kind: TunnelType,
    read: fn(&[u8]) -> Result<Option<Enclosed<'_>>, TooShort>,
    fault: Malformed,
}

/// VXLAN has its port from RFC 7348, and the one of Linux before that; the others theirs from RFC 8926, TS 29.281,
/// RFC 8086 and RFC 7510.
const OVER_UDP: [Declaration; 5] = [
    Declaration {
        name: "vxlan",
        usual: &[4_789, 4_790, 8_472],
        has_port_option: true,
        kind: TunnelType::Vxlan,
        read: wire::vxlan::read,
        fault: VXLAN_TOO_SHORT,
    },
    Declaration {
        name: "geneve",
        usual: &[6_081],
        has_port_option: true,
        kind: TunnelType::Geneve,
        read: wire::geneve::read,
        fault: GENEVE_TOO_SHORT,
    },
    Declaration {
        name: "gtp",
        usual: &[2_152],
        has_port_option: true,
        kind: TunnelType::Gtp,
        read: wire::gtp::read,
        fault: GTP_TOO_SHORT,
    },
    Declaration {
        name: "gre",
        usual: &[4_754],
        has_port_option: false,
        kind: TunnelType::Gre,
        read: wire::gre::read,
        fault: GRE_TOO_SHORT,
    },
    Declaration {
        name: "mpls",
        usual: &[6_635],
        has_port_option: false,
        kind: TunnelType::Mpls,
        read: read_mpls,
        fault: link::MPLS_TOO_SHORT,
    },
];

fn read_mpls(bytes: &[u8]) -> Result<Option<Enclosed<'_>>, TooShort> {
    let (next, payload) = wire::mpls::read(bytes).ok_or(TooShort)?;
    Ok(Some(Enclosed { identifier: wire::mpls::label(bytes), next, payload }))
}

/// The tunnels over UDP whose ports may be set.
pub fn port_options() -> impl Iterator<Item = PortOption> {
    let options = OVER_UDP.iter().filter(|tunnel| tunnel.has_port_option);
    options.map(|tunnel| PortOption {
        protocol: tunnel.name,
        usual: tunnel.usual.iter().copied().collect(),
        may_be_any: false,
    })
}

const FIRST_USER_PORT: u16 = 1_024;

/// Which tunnel ends at which UDP port. They are few, and asked for where nothing else is at a port.
#[derive(Debug, Clone)]
pub struct TunnelPorts {
    ports: Vec<(u16, u8)>,
}

impl TunnelPorts {
    /// The ports of the settings, or else the usual ones.
    pub fn new(settings: &PortSettings) -> Self {
        let mut ports = Vec::new();
        for (number, tunnel) in OVER_UDP.iter().enumerate() {
            match settings.get(tunnel.name) {
                Some(own) => ports.extend(own.iter().map(|port| (*port, number as u8))),
                None => ports.extend(tunnel.usual.iter().map(|port| (*port, number as u8))),
            }
        }
        Self { ports }
    }

    pub fn has(&self, port: u16) -> bool {
        self.find(port).is_some()
    }

    /// Whether a datagram may be of a tunnel: the system ports (RFC 6335 section 6) are those of servers, whose answer goes
    /// to a client that happens to have the port of a tunnel.
    pub fn are_met(&self, source: u16, destination: u16) -> bool {
        source >= FIRST_USER_PORT && self.has(destination)
    }

    fn find(&self, port: u16) -> Option<&'static Declaration> {
        let (_, number) = self.ports.iter().find(|(known, _)| *known == port)?;
        Some(&OVER_UDP[usize::from(*number)])
    }
}

/// A walk from the outermost IP header inwards.
pub(super) struct Walk<'t> {
    /// Known where tunnels over UDP are to be followed, too.
    pub ports: Option<&'t TunnelPorts>,
    /// The innermost packet is to be known by its own addresses, whatever it came through.
    pub decapsulates: bool,
}

impl Walk<'_> {
    /// The payload of the innermost IP header of a tunnel, as far as it can be followed, and what ended the way too early.
    /// `inner` gets the addresses of that header, `row` those that the packet is known by.
    pub fn follow<'a>(
        &self,
        outer: IpPayload<'a>,
        inner: &mut PacketRow,
        row: &mut PacketRow,
    ) -> (IpPayload<'a>, Option<Malformed>) {
        let mut ip = outer;
        loop {
            let step = self.step(&ip, inner);
            ip = match step.ip {
                Ok(Some(found)) => found,
                Ok(None) => return (ip, None),
                Err(fault) => return (ip, Some(fault)),
            };
            if self.decapsulates || step.is_of_others || row.ip_version == 6 && inner.ip_version == 4 {
                (row.ip_version, row.source, row.destination) = (inner.ip_version, inner.source, inner.destination);
            }
        }
    }

    /// What the columns say of a packet whose outermost IP header is that of `row`, and what ended the way too early.
    #[cold]
    pub fn find(&self, outer: &IpPayload<'_>, row: &PacketRow) -> (TunnelRow, Option<Malformed>) {
        let outer_ends = [row.source, row.destination];
        let mut found = TunnelRow { kind: 0, identifier: 0, depth: 0, outer: outer_ends, inner: PacketRow::EMPTY };
        let (mut ip, mut inner) = (IpPayload { ends: None, ..*outer }, *row);
        loop {
            let step = self.step(&ip, &mut inner);
            if let Some((kind, identifier)) = step.tunnel {
                if found.kind == 0 {
                    (found.kind, found.identifier) = (kind as u8, identifier);
                }
                found.depth += 1;
            }
            ip = match step.ip {
                Ok(Some(ip)) => ip,
                Ok(None) if step.tunnel.is_none() => break,
                // It carries no IP, or none that can be read: the headers around it are not those of what is inside.
                Ok(None) => return (TunnelRow { inner: PacketRow::EMPTY, ..found }, None),
                Err(fault) => return (TunnelRow { inner: PacketRow::EMPTY, ..found }, Some(fault)),
            };
            found.inner = PacketRow { ip_protocol: ip.protocol, ..inner };
        }
        name_ports(&ip, &mut found.inner);
        (found, None)
    }

    /// One header further: what an IP packet carries inside of it, whose addresses go to `row`.
    fn step<'a>(&self, ip: &IpPayload<'a>, row: &mut PacketRow) -> Step<'a> {
        let is_ipv4 = row.ip_version == 4;
        let mut step = match ip.protocol {
            _ if ip.fragment.is_some() => Step::END,
            PROTOCOL_AUTHENTICATION => behind_authentication(ip),
            PROTOCOL_IPV4 => within_ip(TunnelType::IpInIp, ethertype::IPV4, ip, row),
            PROTOCOL_IPV6 if is_ipv4 => within_ip(TunnelType::SixInFour, ethertype::IPV6, ip, row),
            PROTOCOL_IPV6 => within_ip(TunnelType::IpInIp, ethertype::IPV6, ip, row),
            PROTOCOL_GRE => match wire::gre::read(ip.bytes) {
                Ok(enclosed) => enclosed.map_or(Step::END, |it| enter(TunnelType::Gre, &it, cut_off(ip), row)),
                Err(TooShort) => Step::fault(GRE_TOO_SHORT),
            },
            PROTOCOL_UDP => self.ports.map_or(Step::END, |ports| over_udp(ports, ip, row)),
            _ => Step::END,
        };
        if let Ok(Some(found)) = &mut step.ip {
            found.depth = ip.depth + 1;
            if ip.depth == MOST_TUNNELS {
                step = Step::fault(link::TUNNEL_TOO_DEEP);
            }
        }
        step
    }
}

/// What a step leads to.
struct Step<'a> {
    /// Type and identifier of the tunnel; `None` for a header that makes none.
    tunnel: Option<(TunnelType, u32)>,
    /// The packet inside; `None` where there is none, or none of IP.
    ip: Result<Option<IpPayload<'a>>, Malformed>,
    /// The header belongs to a layer below IP: a mirrored frame, an MPLS label.
    is_of_others: bool,
}

impl Step<'_> {
    const END: Self = Self { tunnel: None, ip: Ok(None), is_of_others: false };

    const fn fault(fault: Malformed) -> Self {
        Self { ip: Err(fault), ..Self::END }
    }
}

/// How many bytes of a packet were on the wire and not captured.
fn cut_off(ip: &IpPayload<'_>) -> u32 {
    ip.wire_bytes.saturating_sub(ip.bytes.len() as u32)
}

fn behind_authentication<'a>(ip: &IpPayload<'a>) -> Step<'a> {
    let Some((protocol, header_bytes, bytes)) = wire::authentication::read(ip.bytes) else {
        return Step::fault(AUTHENTICATION_TOO_SHORT);
    };
    let wire_bytes = ip.wire_bytes.saturating_sub(header_bytes as u32);
    Step { ip: Ok(Some(IpPayload { protocol, bytes, wire_bytes, ..*ip })), ..Step::END }
}

fn within_ip<'a>(kind: TunnelType, next: u16, ip: &IpPayload<'a>, row: &mut PacketRow) -> Step<'a> {
    enter(kind, &Enclosed { identifier: 0, next, payload: ip.bytes }, cut_off(ip), row)
}

fn over_udp<'a>(ports: &TunnelPorts, ip: &IpPayload<'a>, row: &mut PacketRow) -> Step<'a> {
    let Some(udp) = wire::udp::Udp::read(ip.bytes, ip.wire_bytes) else { return Step::END };
    if !ports.are_met(udp.source_port, udp.destination_port) {
        return Step::END;
    }
    let Some(tunnel) = ports.find(udp.destination_port) else { return Step::END };
    let cut_off = udp.payload_wire_bytes.saturating_sub(udp.payload.len() as u32);
    match (tunnel.read)(udp.payload) {
        Ok(enclosed) => enclosed.map_or(Step::END, |it| enter(tunnel.kind, &it, cut_off, row)),
        Err(TooShort) => Step::fault(tunnel.fault),
    }
}

/// Goes into a tunnel of which `cut_off` bytes were not captured.
fn enter<'a>(kind: TunnelType, enclosed: &Enclosed<'a>, cut_off: u32, row: &mut PacketRow) -> Step<'a> {
    let (tunnel, next) = match enclosed.next {
        ethertype::ERSPAN_I => ((TunnelType::Erspan, 0), ethertype::TRANSPARENT_ETHERNET),
        next @ (ethertype::ERSPAN_II | ethertype::ERSPAN_III) => {
            ((TunnelType::Erspan, wire::erspan::session(enclosed.payload)), next)
        }
        next => ((kind, enclosed.identifier), next),
    };
    let is_ip = matches!(next, ethertype::IPV4 | ethertype::IPV6);
    let ip = read_inside(next, enclosed.payload, cut_off, row);
    Step { tunnel: Some(tunnel), ip, is_of_others: !is_ip }
}

fn read_inside<'a>(
    next: u16,
    bytes: &'a [u8],
    cut_off: u32,
    row: &mut PacketRow,
) -> Result<Option<IpPayload<'a>>, Malformed> {
    let is_ip = matches!(next, ethertype::IPV4 | ethertype::IPV6);
    let (_, next, bytes) = if is_ip { (0, next, bytes) } else { link::decapsulate(next, bytes)? };
    match next {
        ethertype::IPV4 => read_ipv4(bytes, cut_off, row),
        ethertype::IPV6 => read_ipv6(bytes, cut_off, row),
        _ => Ok(None),
    }
}

/// The ports of the innermost packet, where it has them.
fn name_ports(ip: &IpPayload<'_>, inner: &mut PacketRow) {
    let has_ports = matches!(ip.protocol, PROTOCOL_TCP | PROTOCOL_UDP);
    if !has_ports || ip.fragment.is_some_and(|fragment| fragment.offset_bytes > 0) {
        return;
    }
    if let (Some(source), Some(destination)) = (wire::be16(ip.bytes, 0), wire::be16(ip.bytes, 2)) {
        (inner.source_port, inner.destination_port) = (source, destination);
    }
}
