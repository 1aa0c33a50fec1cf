//! What follows a link-layer header (IEEE 802 EtherType numbers).

/// Nothing that pktvisor reads: no type has this number.
pub const UNKNOWN: u16 = 0;
pub const IPV4: u16 = 0x0800;
pub const ARP: u16 = 0x0806;
pub const IPV6: u16 = 0x86dd;
/// Everything up to this value is the length of an IEEE 802.3 frame, not a type: LLC follows.
pub const LARGEST_LENGTH: u16 = 1500;
/// LLC behind a type of its own, for frames that are longer than that.
pub const JUMBO_LLC: u16 = 0x8870;
pub const MPLS: u16 = 0x8847;
pub const MPLS_MULTICAST: u16 = 0x8848;
pub const PPPOE_DISCOVERY: u16 = 0x8863;
pub const PPPOE_SESSION: u16 = 0x8864;
/// A whole Ethernet frame.
pub const TRANSPARENT_ETHERNET: u16 = 0x6558;
/// A switch's mirror, by its type. Type I has no header, and no number of its own: this one is none of any type.
pub const ERSPAN_I: u16 = 0xffff;
pub const ERSPAN_II: u16 = 0x88be;
pub const ERSPAN_III: u16 = 0x22eb;
/// Tags of bridges and switches.
pub const CMD: u16 = 0x8909;
pub const E_TAG: u16 = 0x893f;
pub const HSR: u16 = 0x892f;
pub const MACSEC: u16 = 0x88e5;
pub const PBB: u16 = 0x88e7;
pub const VN_TAG: u16 = 0x8926;
/// 802.1Q, 802.1ad and the vendors' numbers from before it.
pub const VLAN_TAGS: [u16; 5] = [0x8100, 0x88a8, 0x9100, 0x9200, 0x9300];

#[inline]
pub fn is_vlan(ethertype: u16) -> bool {
    VLAN_TAGS.contains(&ethertype)
}

/// The EtherType of a packet that nothing else names: by its version.
pub fn of_ip(packet: &[u8]) -> u16 {
    match packet.first().map(|first| first >> 4) {
        Some(4) => IPV4,
        Some(6) => IPV6,
        _ => UNKNOWN,
    }
}
