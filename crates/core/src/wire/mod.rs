//! One header, one file: where its fields lie, and what a decoder may rely on.
//!
//! Every reader here takes the bytes from the header on and gives the fields that matter with the bytes that follow,
//! or `None` where the bytes are too few or contradict themselves. None of them panics on any bytes.

pub mod authentication;
pub mod avs;
pub mod bgp;
pub mod bgp_update;
pub mod c_hdlc;
pub mod cmd;
pub mod dhcpv4;
pub mod dhcpv6;
pub mod e_tag;
pub mod enc;
pub mod erspan;
pub mod ethernet;
pub mod ethertype;
pub mod family;
pub mod frame_relay;
pub mod geneve;
pub mod gre;
pub mod gtp;
pub mod hsr;
pub mod icmp_echo;
pub mod ieee1394;
pub mod ieee80211;
pub mod ipoib;
pub mod ipv4;
pub mod ipv6;
pub mod llc;
pub mod loopback;
pub mod macsec;
pub mod mpls;
pub mod nflog;
pub mod pbb;
pub mod pflog;
pub mod ppi;
pub mod ppp;
pub mod pppoe;
pub mod prism;
pub mod radiotap;
pub mod sll;
pub mod tcp;
pub mod udp;
pub mod vlan;
pub mod vn_tag;
pub mod vxlan;

/// The packet ends within a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooShort;

/// What the header of a tunnel leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enclosed<'a> {
    /// The header's own identifier of network, tunnel or session; 0 without one.
    pub identifier: u32,
    /// EtherType of the payload; [`ethertype::UNKNOWN`] where nothing known follows.
    pub next: u16,
    pub payload: &'a [u8],
}

/// Two bytes in network order at `at`; `None` past the end.
#[inline(always)]
pub fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes([field[0], field[1]]))
}

/// Four bytes in network order at `at`; `None` past the end.
#[inline(always)]
pub fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes([field[0], field[1], field[2], field[3]]))
}
