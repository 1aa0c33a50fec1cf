//! From a frame of any link type to the EtherType and payload that it carries.

use crate::ledger::Malformed;
use crate::wire::{ethernet, ethertype, loopback, mpls, ppp, pppoe, sll, vlan};

/// Link types by their numbers in capture files (the LINKTYPE_ registry of the pcap format).
pub const NULL: u16 = 0;
pub const ETHERNET: u16 = 1;
pub const PPP: u16 = 9;
pub const PPP_HDLC: u16 = 50;
pub const PPP_ETHER: u16 = 51;
pub const RAW: u16 = 101;
pub const LOOP: u16 = 108;
pub const LINUX_SLL: u16 = 113;
pub const IPV4: u16 = 228;
pub const IPV6: u16 = 229;
pub const LINUX_SLL2: u16 = 276;
/// DLT_RAW as some systems wrote it into files.
const RAW_OLD: [u16; 2] = [12, 14];

/// VLAN tags (QinQ and beyond) and other encapsulations are followed this far.
const MOST_LAYERS: usize = 8;

/// EtherType and payload of a frame; 0 as EtherType where nothing known follows.
#[inline(always)]
pub fn read(link_type: u16, data: &[u8]) -> Result<(u16, &[u8]), Malformed> {
    if link_type == ETHERNET {
        return ethernet::read(data).ok_or(Malformed::LinkTooShort);
    }
    read_other(link_type, data)
}

fn read_other(link_type: u16, data: &[u8]) -> Result<(u16, &[u8]), Malformed> {
    let read = match link_type {
        LINUX_SLL => sll::read_v1(data),
        LINUX_SLL2 => sll::read_v2(data),
        NULL | LOOP => loopback::read(data),
        PPP | PPP_HDLC => ppp::read(data),
        PPP_ETHER => pppoe::read(data),
        IPV4 => Some((ethertype::IPV4, data)),
        IPV6 => Some((ethertype::IPV6, data)),
        _ if link_type == RAW || RAW_OLD.contains(&link_type) => raw(data),
        _ => return Err(Malformed::LinkUnknown),
    };
    read.ok_or(Malformed::LinkTooShort)
}

fn raw(data: &[u8]) -> Option<(u16, &[u8])> {
    let next = match data.first()? >> 4 {
        4 => ethertype::IPV4,
        6 => ethertype::IPV6,
        _ => 0,
    };
    Some((next, data))
}

/// Takes VLAN tags, MPLS labels and PPPoE headers off: outermost VLAN identifier (0 without one), EtherType, payload.
pub fn decapsulate(first: u16, bytes: &[u8]) -> Result<(u16, u16, &[u8]), Malformed> {
    let (mut outer_vlan, mut next, mut payload) = (None, first, bytes);
    for _ in 0..MOST_LAYERS {
        match next {
            _ if ethertype::is_vlan(next) => {
                let (identifier, inner, rest) = vlan::read(payload).ok_or(Malformed::VlanTooShort)?;
                outer_vlan.get_or_insert(identifier);
                (next, payload) = (inner, rest);
            }
            ethertype::MPLS | ethertype::MPLS_MULTICAST => {
                (next, payload) = mpls::read(payload).ok_or(Malformed::MplsTooShort)?;
            }
            ethertype::PPPOE_SESSION => {
                (next, payload) = pppoe::read(payload).ok_or(Malformed::PppoeTooShort)?;
            }
            _ => break,
        }
    }
    Ok((outer_vlan.unwrap_or(0), next, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_labels_and_sessions_are_taken_off_in_any_order() {
        let mut bytes = vec![0x00, 0x64, 0x88, 0xa8, 0x00, 0x65, 0x88, 0x64]; // VLAN 100, VLAN 101, PPPoE
        bytes.extend([0x11, 0, 0, 1, 0, 3, 0x02, 0x81]); // PPP with MPLS
        bytes.extend([0, 1, 0x01, 64, 0x60]);
        assert_eq!(decapsulate(0x8100, &bytes), Ok((100, ethertype::IPV6, &[0x60][..])));
    }

    #[test]
    fn a_cut_layer_is_named() {
        assert_eq!(decapsulate(0x8100, &[0, 1, 8]), Err(Malformed::VlanTooShort));
        assert_eq!(decapsulate(ethertype::MPLS, &[0, 1]), Err(Malformed::MplsTooShort));
        assert_eq!(decapsulate(ethertype::PPPOE_SESSION, &[0x11]), Err(Malformed::PppoeTooShort));
        assert_eq!(read(ETHERNET, &[0; 13]), Err(Malformed::LinkTooShort));
        assert_eq!(read(60_000, &[0; 60]), Err(Malformed::LinkUnknown));
    }

    #[test]
    fn raw_packets_tell_their_version_themselves() {
        assert_eq!(read(RAW, &[0x45]), Ok((ethertype::IPV4, &[0x45][..])));
        assert_eq!(read(12, &[0x60]), Ok((ethertype::IPV6, &[0x60][..])));
        assert_eq!(read(RAW, &[]), Err(Malformed::LinkTooShort));
    }
}
