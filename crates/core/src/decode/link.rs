//! From a frame of any link type to the EtherType and payload that it carries.

use crate::malformed::{Malformed, malformed};
use crate::wire::{
    avs, c_hdlc, cmd, e_tag, enc, erspan, ethernet, ethertype, frame_relay, hsr, ieee1394, ieee80211, ipoib, llc,
    loopback, macsec, mpls, nflog, pbb, pflog, ppi, ppp, pppoe, prism, radiotap, sll, vlan, vn_tag,
};

malformed! {
    LINK_TOO_SHORT "link.too_short", "The frame ends within the header of its link layer";
    LINK_UNKNOWN "link.unknown", "The capture's link type is none that pktvisor reads";
    LINK_ENCRYPTED "link.encrypted", "The link layer is encrypted (802.11, MACsec)";
    LLC_TOO_SHORT "llc.too_short", "The frame ends within its LLC or SNAP header";
    TAG_TOO_SHORT "tag.too_short", "The frame ends within a tag that is none of a VLAN";
    VLAN_TOO_SHORT "vlan.too_short", "The frame ends within a VLAN tag";
    MPLS_TOO_SHORT "mpls.too_short", "The frame ends within its MPLS labels";
    PPPOE_TOO_SHORT "pppoe.too_short", "The frame ends within its PPPoE header";
    TUNNEL_TOO_DEEP "tunnel.too_deep", "There are more tunnels in one another than are followed";
}

/// Link types by their numbers in capture files (the LINKTYPE_ registry of the pcap format).
pub const NULL: u16 = 0;
pub const ETHERNET: u16 = 1;
pub const PPP: u16 = 9;
pub const PPP_HDLC: u16 = 50;
pub const PPP_ETHER: u16 = 51;
pub const ATM_RFC1483: u16 = 100;
pub const RAW: u16 = 101;
pub const C_HDLC: u16 = 104;
pub const IEEE802_11: u16 = 105;
pub const FRELAY: u16 = 107;
pub const LOOP: u16 = 108;
pub const ENC: u16 = 109;
pub const LINUX_SLL: u16 = 113;
pub const PFLOG: u16 = 117;
pub const IEEE802_11_PRISM: u16 = 119;
pub const IEEE802_11_RADIOTAP: u16 = 127;
pub const APPLE_IP_OVER_IEEE1394: u16 = 138;
pub const IEEE802_11_AVS: u16 = 163;
pub const PPP_PPPD: u16 = 166;
pub const PPI: u16 = 192;
pub const PPP_WITH_DIR: u16 = 204;
pub const C_HDLC_WITH_DIR: u16 = 205;
pub const FRELAY_WITH_DIR: u16 = 206;
pub const IPV4: u16 = 228;
pub const IPV6: u16 = 229;
pub const NFLOG: u16 = 239;
pub const IPOIB: u16 = 242;
pub const LINUX_SLL2: u16 = 276;
/// DLT_RAW as some systems wrote it into files.
const RAW_OLD: [u16; 2] = [12, 14];

/// All of them: what is not here is counted as [`LINK_UNKNOWN`].
pub const ALL: [u16; 30] = [
    NULL,
    ETHERNET,
    PPP,
    RAW_OLD[0],
    RAW_OLD[1],
    PPP_HDLC,
    PPP_ETHER,
    ATM_RFC1483,
    RAW,
    C_HDLC,
    IEEE802_11,
    FRELAY,
    LOOP,
    ENC,
    LINUX_SLL,
    PFLOG,
    IEEE802_11_PRISM,
    IEEE802_11_RADIOTAP,
    APPLE_IP_OVER_IEEE1394,
    IEEE802_11_AVS,
    PPP_PPPD,
    PPI,
    PPP_WITH_DIR,
    C_HDLC_WITH_DIR,
    FRELAY_WITH_DIR,
    IPV4,
    IPV6,
    NFLOG,
    IPOIB,
    LINUX_SLL2,
];

/// How Cisco's framing begins where HDLC frames of PPP are captured (RFC 1547 section 4.3.1): unicast, broadcast.
const CISCO_ADDRESSES: [u8; 2] = [0x0f, 0x8f];

/// VLAN tags (QinQ and beyond) and other encapsulations are followed this far.
const MOST_LAYERS: usize = 8;

/// EtherType and payload of a frame; [`ethertype::UNKNOWN`] where nothing known follows.
#[inline(always)]
pub fn read(link_type: u16, data: &[u8]) -> Result<(u16, &[u8]), Malformed> {
    if link_type == ETHERNET {
        return ethernet::read(data).ok_or(LINK_TOO_SHORT);
    }
    read_other(link_type, data)
}

#[inline(never)]
fn read_other(link_type: u16, data: &[u8]) -> Result<(u16, &[u8]), Malformed> {
    let read = match link_type {
        LINUX_SLL => sll::read_v1(data),
        LINUX_SLL2 => sll::read_v2(data),
        NULL | LOOP => loopback::read(data),
        PPP_HDLC if data.first().is_some_and(|address| CISCO_ADDRESSES.contains(address)) => c_hdlc::read(data),
        PPP | PPP_HDLC => ppp::read(data),
        PPP_WITH_DIR => ppp::read_behind_direction(data),
        PPP_PPPD => ppp::read_from_pppd(data),
        PPP_ETHER => pppoe::read(data),
        IPV4 => Some((ethertype::IPV4, data)),
        IPV6 => Some((ethertype::IPV6, data)),
        ATM_RFC1483 => llc::read(data),
        C_HDLC => c_hdlc::read(data),
        C_HDLC_WITH_DIR => data.get(1..).and_then(c_hdlc::read),
        FRELAY => frame_relay::read(data),
        FRELAY_WITH_DIR => data.get(1..).and_then(frame_relay::read),
        ENC => enc::read(data),
        PFLOG => pflog::read(data),
        NFLOG => nflog::read(data),
        APPLE_IP_OVER_IEEE1394 => ieee1394::read(data),
        IPOIB => ipoib::read(data),
        _ if link_type == RAW || RAW_OLD.contains(&link_type) => raw(data),
        _ => return read_wireless(link_type, data),
    };
    read.ok_or(LINK_TOO_SHORT)
}

/// An IEEE 802.11 frame, mostly behind a header with what the radio knew.
fn read_wireless(link_type: u16, data: &[u8]) -> Result<(u16, &[u8]), Malformed> {
    if link_type == PPI
        && let Some((inner, frame)) = ppi::read(data)
        && inner == u32::from(ETHERNET)
    {
        return read(ETHERNET, frame);
    }
    let frame = wireless(link_type, data)?;
    if ieee80211::is_protected(frame) {
        return Err(LINK_ENCRYPTED);
    }
    ieee80211::read(frame).ok_or(LINK_TOO_SHORT)
}

/// The frames that stand in one of IEEE 802.11, of which so many bytes were not captured; `None` where it is one frame.
#[cold]
pub fn subframes(link_type: u16, data: &[u8], cut_off: u32) -> Option<ieee80211::Subframes<'_>> {
    let frame = wireless(link_type, data).ok()?;
    ieee80211::subframes(frame, frame.len() as u32 + cut_off)
}

/// EtherType and payload of one of them.
pub fn read_subframe<'a>(subframe: &ieee80211::Subframe<'a>) -> Result<(u16, &'a [u8]), Malformed> {
    ieee80211::read_subframe(subframe.bytes).ok_or(LINK_TOO_SHORT)
}

fn wireless(link_type: u16, data: &[u8]) -> Result<&[u8], Malformed> {
    let frame = match link_type {
        IEEE802_11 => Some(data),
        IEEE802_11_RADIOTAP => radiotap::read(data),
        IEEE802_11_PRISM => prism::read(data),
        IEEE802_11_AVS => avs::read(data),
        PPI => match ppi::read(data) {
            Some((inner, frame)) if inner == u32::from(IEEE802_11) => Some(frame),
            Some(_) => return Err(LINK_UNKNOWN),
            None => None,
        },
        _ => return Err(LINK_UNKNOWN),
    };
    frame.ok_or(LINK_TOO_SHORT)
}

/// The sender's hardware address, where the header has one of the length of Ethernet's.
pub fn source(link_type: u16, data: &[u8]) -> Option<[u8; 6]> {
    match link_type {
        ETHERNET => ethernet::source(data),
        LINUX_SLL => sll::source_v1(data),
        LINUX_SLL2 => sll::source_v2(data),
        _ => ieee80211::source(wireless(link_type, data).ok()?),
    }
}

fn raw(data: &[u8]) -> Option<(u16, &[u8])> {
    data.first().map(|_| (ethertype::of_ip(data), data))
}

/// Takes off all that may stand before an IP packet: tags, labels, sessions, LLC and whole frames. Gives the outermost
/// VLAN identifier (0 without one), EtherType and payload.
pub fn decapsulate(first: u16, bytes: &[u8]) -> Result<(u16, u16, &[u8]), Malformed> {
    let (mut outer_vlan, mut next, mut payload) = (None, first, bytes);
    for _ in 0..=MOST_LAYERS {
        if ethertype::is_vlan(next) {
            let (identifier, inner, rest) = vlan::read(payload).ok_or(VLAN_TOO_SHORT)?;
            outer_vlan.get_or_insert(identifier);
            (next, payload) = (inner, rest);
            continue;
        }
        match read_layer(next, payload)? {
            Some(inner) => (next, payload) = inner,
            None => return Ok((outer_vlan.unwrap_or(0), next, payload)),
        }
    }
    Err(TUNNEL_TOO_DEEP)
}

/// Takes one layer off, but for VLAN tags; `None` where there is none that pktvisor knows.
fn read_layer(next: u16, payload: &[u8]) -> Result<Option<(u16, &[u8])>, Malformed> {
    let (read, fault) = match next {
        ethertype::MPLS | ethertype::MPLS_MULTICAST => (mpls::read(payload), MPLS_TOO_SHORT),
        ethertype::PPPOE_SESSION => (pppoe::read(payload), PPPOE_TOO_SHORT),
        1..=ethertype::LARGEST_LENGTH | ethertype::JUMBO_LLC => (llc::read(payload), LLC_TOO_SHORT),
        ethertype::TRANSPARENT_ETHERNET => (ethernet::read(payload), LINK_TOO_SHORT),
        ethertype::ERSPAN_II => (erspan::read_ii(payload), TAG_TOO_SHORT),
        ethertype::ERSPAN_III => (erspan::read_iii(payload), TAG_TOO_SHORT),
        ethertype::PBB => (pbb::read(payload), TAG_TOO_SHORT),
        ethertype::VN_TAG => (vn_tag::read(payload), TAG_TOO_SHORT),
        ethertype::E_TAG => (e_tag::read(payload), TAG_TOO_SHORT),
        ethertype::CMD => (cmd::read(payload), TAG_TOO_SHORT),
        ethertype::HSR => (hsr::read(payload), TAG_TOO_SHORT),
        ethertype::MACSEC if macsec::is_encrypted(payload) => return Err(LINK_ENCRYPTED),
        ethertype::MACSEC => (macsec::read(payload), TAG_TOO_SHORT),
        _ => return Ok(None),
    };
    read.map(Some).ok_or(fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::testing::write_fuzz_seed;

    const IP: [u8; 2] = [0x45, 0];

    #[test]
    fn tags_labels_and_sessions_are_taken_off_in_any_order() {
        let mut bytes = vec![0x00, 0x64, 0x88, 0xa8, 0x00, 0x65, 0x88, 0x64]; // VLAN 100, VLAN 101, PPPoE
        bytes.extend([0x11, 0, 0, 1, 0, 3, 0x02, 0x81]); // PPP with MPLS
        bytes.extend([0, 1, 0x01, 64, 0x60]);
        assert_eq!(decapsulate(0x8100, &bytes), Ok((100, ethertype::IPV6, &[0x60][..])));
    }

    /// An Ethernet frame's bytes with this type and payload.
    fn frame(next: u16, payload: &[u8]) -> Vec<u8> {
        [&[2; 12][..], &next.to_be_bytes(), payload].concat()
    }

    #[test]
    fn every_tag_before_a_packet_is_stepped_over() {
        let tags: [(u16, &[u8]); 9] = [
            (ethertype::VN_TAG, &[0, 1, 0, 2]),
            (ethertype::E_TAG, &[0, 1, 0, 2, 0, 0]),
            (ethertype::CMD, &[1, 1, 0, 1, 0, 5]),
            (ethertype::HSR, &[0, 0x43, 0, 1]),
            (ethertype::MACSEC, &[0, 0, 0, 0, 0, 1]),
            (ethertype::JUMBO_LLC, &[0xaa, 0xaa, 3, 0, 0, 0]),
            (1200, &[0xaa, 0xaa, 3, 0, 0, 0]),
            (0x8100, &[0, 7]),
            (ethertype::TRANSPARENT_ETHERNET, &[2; 12]),
        ];
        for (tag, fields) in tags {
            let bytes = [fields, &ethertype::IPV4.to_be_bytes(), &IP].concat();
            let vlan = if tag == 0x8100 { 7 } else { 0 };
            assert_eq!(decapsulate(tag, &bytes), Ok((vlan, ethertype::IPV4, &IP[..])), "{tag:#06x}");
            assert!(decapsulate(tag, &bytes[..fields.len() + 1]).is_err(), "{tag:#06x}, cut");
        }
    }

    #[test]
    fn frames_within_frames_are_followed() {
        let inner = frame(ethertype::IPV4, &IP);
        let found = |vlan| Ok((vlan, ethertype::IPV4, &IP[..]));
        let backbone = [&[0, 9, 0x88, 0xe7, 0, 0, 0, 10][..], &inner].concat();
        assert_eq!(decapsulate(0x88a8, &backbone), found(9));
        assert_eq!(decapsulate(ethertype::ERSPAN_II, &[&[0; 8][..], &inner].concat()), found(0));
        assert_eq!(decapsulate(ethertype::ERSPAN_III, &[&[0; 12][..], &inner].concat()), found(0));
        assert_eq!(decapsulate(ethertype::MPLS, &[&[0, 1, 1, 64, 0, 0, 0, 0][..], &inner].concat()), found(0));
    }

    #[test]
    fn what_is_encrypted_is_told() {
        assert_eq!(decapsulate(ethertype::MACSEC, &[0x2c; 30]), Err(LINK_ENCRYPTED));
        assert_eq!(read(IEEE802_11, &[[0x08, 0x41].as_slice(), &[0; 40]].concat()), Err(LINK_ENCRYPTED));
    }

    /// Each link type with a header that leads to an IPv4 packet.
    fn headers() -> [(u16, Vec<u8>); 21] {
        let wireless = [&[0x08, 0x01][..], &[0; 22], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]].concat();
        let behind = |header: &[u8]| [header, &wireless].concat();
        [
            (ATM_RFC1483, vec![0xaa, 0xaa, 3, 0, 0, 0, 8, 0]),
            (PPP_HDLC, vec![0x0f, 0, 8, 0]),
            (PPP_WITH_DIR, vec![1, 0xff, 3, 0, 0x21]),
            (PPP_PPPD, vec![1, 3, 0, 0x21]),
            (C_HDLC, vec![0x0f, 0, 8, 0]),
            (C_HDLC_WITH_DIR, vec![1, 0x0f, 0, 8, 0]),
            (FRELAY, vec![0x18, 0x41, 3, 0xcc]),
            (FRELAY_WITH_DIR, vec![1, 0x18, 0x41, 3, 0xcc]),
            (NULL, vec![2, 0, 0, 0]),
            (LOOP, vec![0, 0, 0, 2]),
            (ENC, [&[2][..], &[0; 11]].concat()),
            (PFLOG, [&[61, 2][..], &[0; 62]].concat()),
            (NFLOG, vec![2, 0, 0, 0, 6, 0, 9, 0]),
            (APPLE_IP_OVER_IEEE1394, [&[0; 16][..], &[8, 0]].concat()),
            (IPOIB, [&[0; 40][..], &[8, 0, 0, 0]].concat()),
            (IEEE802_11, behind(&[])),
            (IEEE802_11_RADIOTAP, behind(&[0, 0, 8, 0, 0, 0, 0, 0])),
            (IEEE802_11_PRISM, behind(&[0; 144])),
            (IEEE802_11_AVS, behind(&[0x80, 0x21, 0x10, 1, 0, 0, 0, 8])),
            (PPI, behind(&[0, 0, 8, 0, 105, 0, 0, 0])),
            (PPI, [&[0, 0, 8, 0, 1, 0, 0, 0][..], &[2; 12], &[8, 0]].concat()),
        ]
    }

    #[test]
    fn every_link_type_leads_to_the_packet_behind_its_header() {
        for (link_type, header) in headers() {
            let bytes = [&header[..], &IP].concat();
            assert_eq!(read(link_type, &bytes), Ok((ethertype::IPV4, &IP[..])), "link type {link_type}");
        }
    }

    /// Not a test: a frame of each link type for the fuzz target of the decoder (`fuzz/run`), which begins with it.
    #[test]
    #[ignore = "writes the seeds of fuzz targets"]
    fn fuzz_seeds() {
        let ip = [&[0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0][..], &[10; 8], &[0, 53, 0, 53, 0, 8, 0, 0]].concat();
        for (number, (link_type, header)) in headers().into_iter().enumerate() {
            let frame = [&header[..], &ip].concat();
            let seed = [&link_type.to_le_bytes()[..], &[frame.len() as u8], &frame].concat();
            write_fuzz_seed("decode_frame", &format!("link-{link_type}-{number}"), &seed);
        }
    }

    #[test]
    fn the_list_of_link_types_is_complete() {
        let read: Vec<u16> = (0..u16::MAX).filter(|link_type| read(*link_type, &[]) != Err(LINK_UNKNOWN)).collect();
        assert_eq!(read, ALL);
    }

    #[test]
    fn a_cut_layer_is_named() {
        assert_eq!(decapsulate(0x8100, &[0, 1, 8]), Err(VLAN_TOO_SHORT));
        assert_eq!(decapsulate(ethertype::MPLS, &[0, 1]), Err(MPLS_TOO_SHORT));
        assert_eq!(decapsulate(ethertype::PPPOE_SESSION, &[0x11]), Err(PPPOE_TOO_SHORT));
        assert_eq!(decapsulate(1000, &[0xaa]), Err(LLC_TOO_SHORT));
        assert_eq!(decapsulate(ethertype::HSR, &[0; 5]), Err(TAG_TOO_SHORT));
        assert_eq!(read(ETHERNET, &[0; 13]), Err(LINK_TOO_SHORT));
        assert_eq!(read(60_000, &[0; 60]), Err(LINK_UNKNOWN));
        assert_eq!(read(PPI, &[0, 0, 8, 0, 192, 0, 0, 0]), Err(LINK_UNKNOWN));
    }

    #[test]
    fn more_layers_than_are_followed_are_told() {
        let tagged = |tags: usize| [[0, 7, 0x81, 0].repeat(tags - 1), vec![0, 7, 0x08, 0], IP.to_vec()].concat();
        assert_eq!(decapsulate(0x8100, &tagged(MOST_LAYERS)), Ok((7, ethertype::IPV4, &IP[..])));
        assert_eq!(decapsulate(0x8100, &tagged(MOST_LAYERS + 1)), Err(TUNNEL_TOO_DEEP));
        assert_eq!(decapsulate(0x8100, &tagged(MOST_LAYERS + 5)), Err(TUNNEL_TOO_DEEP));
    }

    #[test]
    fn raw_packets_tell_their_version_themselves() {
        assert_eq!(read(RAW, &[0x45]), Ok((ethertype::IPV4, &[0x45][..])));
        assert_eq!(read(12, &[0x60]), Ok((ethertype::IPV6, &[0x60][..])));
        assert_eq!(read(RAW, &[]), Err(LINK_TOO_SHORT));
    }
}
