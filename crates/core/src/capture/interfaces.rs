//! Which interfaces there are, and which one a user means.

use super::{Target, link_type, netlink};
use crate::error::{Error, ErrorKind};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One network interface of this network namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    pub name: String,
    /// The kernel's number for it, which [`crate::frame::Frame::interface`] repeats.
    pub index: u32,
    pub up: bool,
    pub loopback: bool,
    /// The link type of its frames; see [`super::UNKNOWN_LINK_TYPE`].
    pub link_type: u16,
    /// Its own addresses, each with the length of its network's prefix in bits.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Received and sent since the interface was made.
    pub packets: u64,
}

/// All interfaces, in the order of their indexes.
///
/// # Errors
/// The kernel's refusal to tell.
pub fn interfaces() -> Result<Vec<Interface>, Error> {
    read_tables().map_err(|cause| Error::system("list the network interfaces", &cause))
}

/// What a user's word for an interface means: its name, one of its addresses, `any`, or `auto` (the busiest).
///
/// # Errors
/// [`ErrorKind::Invalid`] with the interfaces that there are.
pub fn resolve(target: &str) -> Result<Target, Error> {
    if target == "any" {
        return Ok(Target::Any);
    }
    let all = interfaces()?;
    let found = if target == "auto" {
        busiest(&all).ok_or_else(|| {
            unusable("iface was set to 'auto' but no interface was found that is up, apart from loopback", &all)
        })?
    } else if let Ok(address) = target.parse::<IpAddr>() {
        owner_of(address, &all)
            .ok_or_else(|| unusable(&format!("Couldn't find interface by provided IP: {address}"), &all))?
    } else {
        all.iter().find(|one| one.name == target).ok_or_else(|| no_such_name(target, &all))?
    };
    Ok(Target::Interface(found.name.clone()))
}

/// The name of the interface that has this number now.
pub fn name_of(index: u32) -> Option<String> {
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: there is room for the longest name and its zero byte.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr()) };
    if found.is_null() {
        return None;
    }
    // SAFETY: the call has written a text that ends with a zero byte.
    let name = unsafe { std::ffi::CStr::from_ptr(found) };
    Some(name.to_string_lossy().into_owned())
}

/// The interface with this name.
pub(super) fn named(name: &str) -> Result<Interface, Error> {
    let all = interfaces()?;
    all.iter().find(|one| one.name == name).cloned().ok_or_else(|| no_such_name(name, &all))
}

/// The one with the most packets; of those with equally many, the first.
fn busiest(all: &[Interface]) -> Option<&Interface> {
    all.iter().filter(|one| one.up && !one.loopback).rev().max_by_key(|one| one.packets)
}

fn owner_of(address: IpAddr, all: &[Interface]) -> Option<&Interface> {
    all.iter().find(|one| one.addresses.iter().any(|(own, _)| *own == address))
}

fn no_such_name(name: &str, all: &[Interface]) -> Error {
    unusable(&format!("Couldn't find interface by provided name: {name:?}"), all)
}

fn unusable(reason: &str, all: &[Interface]) -> Error {
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let available = if names.is_empty() { "none".to_owned() } else { names.join(",") };
    Error::new(
        ErrorKind::Invalid,
        format!("{reason}. Available interfaces: {available}; or any, auto, an interface's address"),
    )
}

fn read_tables() -> io::Result<Vec<Interface>> {
    let mut all: Vec<Interface> =
        netlink::table(libc::RTM_GETLINK)?.iter().filter_map(|row| interface_in(row)).collect();
    all.sort_by_key(|one| one.index);
    for (index, address) in netlink::table(libc::RTM_GETADDR)?.iter().filter_map(|row| address_in(row)) {
        if let Some(owner) = all.iter_mut().find(|one| one.index == index) {
            owner.addresses.push(address);
        }
    }
    Ok(all)
}

/// A row of the link table: `struct ifinfomsg` (family, type, index, flags, change), then attributes.
fn interface_in(row: &[u8]) -> Option<Interface> {
    const FIXED_BYTES: usize = 16;
    let fixed: &[u8; FIXED_BYTES] = row.first_chunk()?;
    let flags = i32::from_ne_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]);
    let mut interface = Interface {
        name: String::new(),
        index: u32::from_ne_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
        up: flags & libc::IFF_UP != 0,
        loopback: flags & libc::IFF_LOOPBACK != 0,
        link_type: link_type::of_hardware(u16::from_ne_bytes([fixed[2], fixed[3]])),
        addresses: Vec::new(),
        packets: 0,
    };
    for (kind, value) in netlink::attributes(row, FIXED_BYTES) {
        match kind {
            libc::IFLA_IFNAME => {
                let name = value.split(|byte| *byte == 0).next().unwrap_or_default();
                interface.name = String::from_utf8_lossy(name).into_owned();
            }
            libc::IFLA_STATS64 => interface.packets = packets_in(value).unwrap_or(0),
            _ => (),
        }
    }
    (!interface.name.is_empty()).then_some(interface)
}

/// `struct rtnl_link_stats64` begins with the packets received and sent.
fn packets_in(statistics: &[u8]) -> Option<u64> {
    let received = statistics.first_chunk().copied().map(u64::from_ne_bytes)?;
    let sent = statistics.get(8..)?.first_chunk().copied().map(u64::from_ne_bytes)?;
    Some(received.saturating_add(sent))
}

/// A row of the address table: `struct ifaddrmsg` (family, prefix length, flags, scope, index), then attributes.
fn address_in(row: &[u8]) -> Option<(u32, (IpAddr, u8))> {
    const FIXED_BYTES: usize = 8;
    let fixed: &[u8; FIXED_BYTES] = row.first_chunk()?;
    let prefix_length = fixed[1];
    let index = u32::from_ne_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]);
    let find = |wanted| netlink::attributes(row, FIXED_BYTES).find(|(kind, _)| *kind == wanted).map(|(_, value)| value);
    // On a point-to-point link IFA_ADDRESS is the other end's, and IFA_LOCAL our own.
    let bytes = find(libc::IFA_LOCAL).or_else(|| find(libc::IFA_ADDRESS))?;
    let address = match bytes.len() {
        4 => IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        _ => return None,
    };
    Some((index, (address, prefix_length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, up: bool, packets: u64) -> Interface {
        let address = IpAddr::from(Ipv4Addr::new(192, 0, 2, packets as u8));
        Interface {
            name: name.into(),
            index: 1,
            up,
            loopback: name == "lo",
            link_type: 1,
            addresses: vec![(address, 24)],
            packets,
        }
    }

    #[test]
    fn the_busiest_is_up_and_not_loopback() {
        let all =
            [interface("lo", true, 90), interface("a", true, 5), interface("b", true, 7), interface("c", false, 9)];
        assert_eq!(busiest(&all).unwrap().name, "b");
        assert!(busiest(&all[..1]).is_none());
    }

    #[test]
    fn of_equally_busy_ones_the_first_is_taken() {
        assert_eq!(busiest(&[interface("a", true, 0), interface("b", true, 0)]).unwrap().name, "a");
    }

    #[test]
    fn an_address_names_its_owner() {
        let all = [interface("a", true, 5), interface("b", true, 7)];
        assert_eq!(owner_of("192.0.2.7".parse().unwrap(), &all).unwrap().name, "b");
        assert!(owner_of("192.0.2.9".parse().unwrap(), &all).is_none());
    }

    #[test]
    fn loopback_is_there_with_its_address() {
        let all = interfaces().unwrap();
        let loopback = all.iter().find(|one| one.loopback).unwrap();
        assert_eq!(loopback.link_type, 1);
        if loopback.up {
            assert!(loopback.addresses.contains(&("127.0.0.1".parse().unwrap(), 8)), "{loopback:?}");
            assert_eq!(resolve("127.0.0.1").unwrap(), Target::Interface(loopback.name.clone()));
        }
    }

    #[test]
    fn a_name_that_is_not_there_is_answered_with_those_that_are() {
        let error = resolve("no-such-interface").unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(error.message.contains("no-such-interface") && error.message.contains("lo"), "{error}");
    }

    #[test]
    fn any_needs_no_look() {
        assert_eq!(resolve("any").unwrap(), Target::Any);
    }
}
