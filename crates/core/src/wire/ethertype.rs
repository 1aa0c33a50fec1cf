//! What follows a link-layer header (IEEE 802 EtherType numbers).

pub const IPV4: u16 = 0x0800;
pub const IPV6: u16 = 0x86dd;
/// Everything up to this value is the length of an IEEE 802.3 frame, not a type.
pub const LARGEST_LENGTH: u16 = 1500;
pub const MPLS: u16 = 0x8847;
pub const MPLS_MULTICAST: u16 = 0x8848;
pub const PPPOE_SESSION: u16 = 0x8864;
pub const TRANSPARENT_ETHERNET: u16 = 0x6558;
/// 802.1Q, 802.1ad and the vendors' numbers from before it.
pub const VLAN_TAGS: [u16; 5] = [0x8100, 0x88a8, 0x9100, 0x9200, 0x9300];

#[inline]
pub fn is_vlan(ethertype: u16) -> bool {
    VLAN_TAGS.contains(&ethertype)
}
