//! DHCP for IPv6 (RFC 8415): the message, behind the headers of the relays that have passed it on.

use super::be16;

const RELAY_FORWARD: u8 = 12;
const RELAY_REPLY: u8 = 13;
const SERVER_IDENTIFIER: u16 = 2;
const RELAY_MESSAGE: u16 = 9;

/// Type and transaction identifier.
const HEADER_BYTES: usize = 4;
/// Type, hop count, link address, peer address.
const RELAY_HEADER_BYTES: usize = 34;
/// Relays pass no message on that has been through so many (RFC 3315 5.5; 8 since RFC 8415 7.6).
const MOST_RELAYS: u8 = 32;

/// A message.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Dhcpv6 {
    /// Type of the message that the relays have passed on; of a relay's header where that can't be read.
    pub message_type: u8,
    /// Relay headers around it.
    pub relays: u8,
    /// It has the option Server Identifier.
    pub has_server: bool,
    pub fault: Option<Fault>,
}

/// Why a message could not be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    TooShort,
    /// An option runs past the end, or the one with the relayed message is missing.
    BadOptions,
}

impl Dhcpv6 {
    pub fn read(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        found.fault = found.read_message(bytes).err();
        found
    }

    fn read_message(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let mut message = bytes;
        loop {
            self.message_type = *message.first().ok_or(Fault::TooShort)?;
            if !matches!(self.message_type, RELAY_FORWARD | RELAY_REPLY) {
                break;
            }
            let options = message.get(RELAY_HEADER_BYTES..).ok_or(Fault::TooShort)?;
            let relayed = option(options, RELAY_MESSAGE)?.filter(|_| self.relays < MOST_RELAYS);
            message = relayed.ok_or(Fault::BadOptions)?;
            self.relays += 1;
        }
        let options = message.get(HEADER_BYTES..).ok_or(Fault::TooShort)?;
        self.has_server = option(options, SERVER_IDENTIFIER)?.is_some();
        Ok(())
    }
}

/// The data of an option; all options have to be whole.
fn option(options: &[u8], wanted: u16) -> Result<Option<&[u8]>, Fault> {
    let mut found = None;
    let mut rest = options;
    while !rest.is_empty() {
        let (code, length) = be16(rest, 0).zip(be16(rest, 2)).ok_or(Fault::BadOptions)?;
        let (data, after) = rest[4..].split_at_checked(usize::from(length)).ok_or(Fault::BadOptions)?;
        if code == wanted {
            found.get_or_insert(data);
        }
        rest = after;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADVERTISE: [u8; 14] = [2, 0, 0, 1, 0, 1, 0, 1, 9, 0, 2, 0, 1, 8];

    fn relayed(kind: u8, message: &[u8]) -> Vec<u8> {
        let mut bytes = vec![kind];
        bytes.resize(RELAY_HEADER_BYTES, 0);
        bytes.extend([0, 18, 0, 1, b'i']); // Interface-Id stands before it
        bytes.extend(RELAY_MESSAGE.to_be_bytes());
        bytes.extend((message.len() as u16).to_be_bytes());
        bytes.extend(message);
        bytes
    }

    fn read(message_type: u8, relays: u8, has_server: bool, fault: Option<Fault>) -> Dhcpv6 {
        Dhcpv6 { message_type, relays, has_server, fault }
    }

    #[test]
    fn the_message_is_found_behind_its_relays() {
        assert_eq!(Dhcpv6::read(&ADVERTISE), read(2, 0, true, None));
        let once = relayed(RELAY_REPLY, &ADVERTISE);
        assert_eq!(Dhcpv6::read(&once), read(2, 1, true, None));
        assert_eq!(Dhcpv6::read(&relayed(RELAY_FORWARD, &once)), read(2, 2, true, None));
    }

    #[test]
    fn relays_without_end_are_followed_to_a_bound() {
        let nested = |times: u8| (0..times).fold(ADVERTISE.to_vec(), |inner, _| relayed(RELAY_FORWARD, &inner));
        assert_eq!(Dhcpv6::read(&nested(MOST_RELAYS)), read(2, MOST_RELAYS, true, None));
        let too_deep = read(RELAY_FORWARD, MOST_RELAYS, false, Some(Fault::BadOptions));
        assert_eq!(Dhcpv6::read(&nested(MOST_RELAYS + 1)), too_deep);
    }

    #[test]
    fn what_is_cut_is_told_with_the_type_that_could_be_read() {
        assert_eq!(Dhcpv6::read(&[]), read(0, 0, false, Some(Fault::TooShort)));
        assert_eq!(Dhcpv6::read(&ADVERTISE[..3]), read(2, 0, false, Some(Fault::TooShort)));
        assert_eq!(Dhcpv6::read(&ADVERTISE[..13]), read(2, 0, false, Some(Fault::BadOptions)));
        let relay = relayed(RELAY_FORWARD, &ADVERTISE);
        assert_eq!(Dhcpv6::read(&relay[..20]), read(RELAY_FORWARD, 0, false, Some(Fault::TooShort)));
        assert_eq!(Dhcpv6::read(&relay[..45]), read(RELAY_FORWARD, 0, false, Some(Fault::BadOptions)));
        assert_eq!(Dhcpv6::read(&relay[..34]), read(RELAY_FORWARD, 0, false, Some(Fault::BadOptions)), "no option 9");
        assert_eq!(Dhcpv6::read(&relayed(RELAY_REPLY, &[])), read(RELAY_REPLY, 1, false, Some(Fault::TooShort)));
    }
}
