//! What becomes of a packet that came through a tunnel: its addresses, its messages, the columns that tell of the way.

use super::ip::IpPayload;
use super::tunnel::Walk;
use super::{Batch, Decoder, PROTOCOL_TCP, PROTOCOL_UDP};
use crate::frame::Frame;
use crate::malformed::Malformed;
use crate::table::PacketRow;
use crate::wire;

impl Decoder {
    /// A datagram that leads to a packet is known by that one; it has left a row that is taken back.
    pub(super) fn decapsulate(
        &mut self,
        frame: &Frame<'_>,
        udp: &wire::udp::Udp<'_>,
        ip: &IpPayload<'_>,
        row: &mut PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        let outer = *row;
        let (mut inner, mut known) = (outer, outer);
        let (found, fault) = self.walk().follow(*ip, &mut inner, &mut known);
        let fault = if found.depth == ip.depth {
            fault.or(self.datagram(frame, udp, ip.ends, row, batch))
        } else {
            batch.packets.take_back();
            *row = PacketRow { transport: 0, source_port: 0, destination_port: 0, ..known };
            self.inside(frame, (found, fault), &inner, row, batch)
        };
        fault.or(self.note_tunnels(ip, &outer, batch))
    }

    /// Follows a tunnel to its transport header. The addresses stay those of the outermost header but for an IPv4 header
    /// inside IPv6, which is preferred, and for what GRE carries with headers of its own below IP (a mirrored frame, an
    /// MPLS label): that is the traffic of others, whose answers don't come back between the tunnel's ends.
    #[inline(never)]
    pub(super) fn tunnel(
        &mut self,
        frame: &Frame<'_>,
        outer: IpPayload<'_>,
        row: &mut PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        let outer_row = *row;
        let mut inner = outer_row;
        let found = self.walk().follow(outer, &mut inner, row);
        let fault = self.inside(frame, found, &inner, row, batch);
        fault.or(self.note_tunnels(&outer, &outer_row, batch))
    }

    fn walk(&self) -> Walk<'_> {
        let tunnels = self.dispatch.ports().tunnels();
        Walk { ports: self.decapsulates.then_some(tunnels), decapsulates: self.decapsulates }
    }

    /// What was found in a tunnel, or as far as it could be followed; `inner` has its addresses.
    fn inside(
        &mut self,
        frame: &Frame<'_>,
        (ip, fault): (IpPayload<'_>, Option<Malformed>),
        inner: &PacketRow,
        row: &mut PacketRow,
        batch: &mut Batch,
    ) -> Option<Malformed> {
        row.direction = self.hosts.direction(&row.source, &row.destination) as u8;
        if self.decapsulates {
            row.ip_protocol = ip.protocol;
        }
        let ends = [inner.source, inner.destination];
        let ip = IpPayload { ends: Some(&ends), ..ip };
        match ip.protocol {
            _ if fault.is_some() => batch.packets.push(row),
            _ if ip.fragment.is_some() => return self.fragment(frame, ip, row, batch),
            PROTOCOL_UDP | PROTOCOL_TCP => return self.transport(frame, ip, row, batch),
            _ => batch.packets.push(row),
        }
        fault
    }

    /// Fills the columns of tunnels for the packet whose outermost IP header is that of `row`, where somebody needs them.
    #[inline(never)]
    pub(super) fn note_tunnels(&self, outer: &IpPayload<'_>, row: &PacketRow, batch: &mut Batch) -> Option<Malformed> {
        if !self.needs_tunnels || outer.depth > 0 {
            return None;
        }
        let walk = Walk { ports: Some(self.dispatch.ports().tunnels()), decapsulates: false };
        let (found, fault) = walk.find(outer, row);
        if found.kind != 0 {
            batch.packets.note_tunnel(batch.packets.last_row(), &found);
        }
        fault
    }
}
