//! From the kernel's hardware type of a device (`ARPHRD_*`, if_arp.h) to the link type that names a decoder
//! (LINKTYPE_*, the registry of capture file formats).

/// Frames of a hardware type that has no link type here. No decoder has this number, so they are counted as unreadable.
pub const UNKNOWN_LINK_TYPE: u16 = u16::MAX;

pub(super) const ETHERNET: u16 = 1;
const RAW_IP: u16 = 101;
const IEEE_802_11: u16 = 105;
const IEEE_802_11_RADIOTAP: u16 = 127;

/// `ARPHRD_RAWIP` and `ARPHRD_IP6GRE`, which libc does not name.
const HARDWARE_RAW_IP: u16 = 519;
const HARDWARE_IP6_GRE: u16 = 823;

/// The link type of the frames that a raw packet socket gets from a device of this hardware type.
///
/// A point-to-point (PPP) device counts as raw IP: the kernel takes the PPP header off before packet sockets see an
/// incoming frame, and puts it on after they saw an outgoing one.
pub(super) fn of_hardware(hardware_type: u16) -> u16 {
    match hardware_type {
        libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => ETHERNET,
        libc::ARPHRD_NONE
        | HARDWARE_RAW_IP
        | libc::ARPHRD_PPP
        | libc::ARPHRD_TUNNEL
        | libc::ARPHRD_TUNNEL6
        | libc::ARPHRD_SIT
        | libc::ARPHRD_IPGRE
        | HARDWARE_IP6_GRE => RAW_IP,
        libc::ARPHRD_IEEE80211 => IEEE_802_11,
        libc::ARPHRD_IEEE80211_RADIOTAP => IEEE_802_11_RADIOTAP,
        _ => UNKNOWN_LINK_TYPE,
    }
}

/// The link types that live frames come with.
pub const LIVE: [u16; 4] = [ETHERNET, RAW_IP, IEEE_802_11, IEEE_802_11_RADIOTAP];

/// The hardware types of the devices whose frames have this link type.
pub(super) fn hardware_of(link_type: u16) -> Vec<u16> {
    (0..u16::MAX).filter(|hardware_type| of_hardware(*hardware_type) == link_type).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_frames_carry_an_ethernet_header_and_tunnels_do_not() {
        assert_eq!(of_hardware(libc::ARPHRD_LOOPBACK), ETHERNET);
        assert_eq!(of_hardware(libc::ARPHRD_NONE), RAW_IP);
        assert_eq!(of_hardware(libc::ARPHRD_SIT), RAW_IP);
        assert_eq!(of_hardware(libc::ARPHRD_INFINIBAND), UNKNOWN_LINK_TYPE);
    }

    #[test]
    fn every_link_type_of_live_frames_has_its_devices() {
        assert_eq!(hardware_of(ETHERNET), [libc::ARPHRD_ETHER, libc::ARPHRD_LOOPBACK]);
        assert!(hardware_of(RAW_IP).contains(&libc::ARPHRD_NONE));
        let known: Vec<u16> = LIVE.iter().flat_map(|link_type| hardware_of(*link_type)).collect();
        assert!((0..u16::MAX).all(|one| known.contains(&one) == (of_hardware(one) != UNKNOWN_LINK_TYPE)));
    }
}
