//! DHCP for IPv4 (RFC 2131): the fixed fields, and the options (RFC 2132) wherever they stand.

use std::borrow::Cow;

use super::be32;

const HARDWARE: usize = 28;
const MOST_HARDWARE_BYTES: usize = 16;
const SERVER_NAME: std::ops::Range<usize> = 44..108;
const FILE: std::ops::Range<usize> = 108..COOKIE_START;
const COOKIE_START: usize = 236;
const COOKIE: u32 = 0x6382_5363;

const PAD: u8 = 0;
const HOST_NAME: u8 = 12;
const OVERLOAD: u8 = 52;
const MESSAGE_TYPE: u8 = 53;
const SERVER_IDENTIFIER: u8 = 54;
const CLIENT_IDENTIFIER: u8 = 61;
const RAPID_COMMIT: u8 = 80;
const END: u8 = 255;

/// Bits of the option Overload: which fields hold options, too.
const OVERLOADED_FILE: u8 = 1;
const OVERLOADED_SERVER_NAME: u8 = 2;

/// A message.
#[derive(Debug)]
pub struct Dhcpv4<'a> {
    pub identifier: u32,
    pub hops: u8,
    /// The address that the client has already (`ciaddr`).
    pub client_address: [u8; 4],
    /// The address that it is given (`yiaddr`).
    pub given_address: [u8; 4],
    /// The relay that brought it (`giaddr`).
    pub relay_address: [u8; 4],
    /// The client's hardware address, of 0 to 16 bytes.
    pub hardware: &'a [u8],
    /// `None` for BOOTP (RFC 951), which has none.
    pub options: Option<Options<'a>>,
}

impl<'a> Dhcpv4<'a> {
    /// `None` where the fixed fields are not all there.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let cookie = be32(bytes, COOKIE_START)?;
        let address = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let hardware_bytes = usize::from(bytes[2]).min(MOST_HARDWARE_BYTES);
        Some(Self {
            identifier: be32(bytes, 4)?,
            hops: bytes[3],
            client_address: address(12),
            given_address: address(16),
            relay_address: address(24),
            hardware: &bytes[HARDWARE..HARDWARE + hardware_bytes],
            options: (cookie == COOKIE).then(|| Options::read(bytes)),
        })
    }
}

/// The options that pktvisor reads; empty where one is missing. Parts of one option are joined in the order in which
/// they stand (RFC 3396 7).
#[derive(Debug, Default)]
pub struct Options<'a> {
    /// 0 where there is none.
    pub message_type: u8,
    pub client_identifier: Cow<'a, [u8]>,
    pub is_rapid_commit: bool,
    /// An option runs past the end of its field; those before it are there.
    pub is_bad: bool,
    host_name: Cow<'a, [u8]>,
    server_identifier: Cow<'a, [u8]>,
    overload: u8,
}

impl<'a> Options<'a> {
    /// Reads the options at the end, then those in the fields that Overload names (RFC 2131 4.1).
    fn read(message: &'a [u8]) -> Self {
        let mut found = Self::default();
        found.read_field(&message[COOKIE_START + 4..]);
        let overload = found.overload;
        if overload & OVERLOADED_FILE != 0 {
            found.read_field(&message[FILE]);
        }
        if overload & OVERLOADED_SERVER_NAME != 0 {
            found.read_field(&message[SERVER_NAME]);
        }
        found
    }

    /// Reads up to the option End, or to the end of the field where it has none.
    fn read_field(&mut self, field: &'a [u8]) {
        let mut rest = field;
        while let Some((&code, after)) = rest.split_first() {
            match code {
                PAD => rest = after,
                END => return,
                _ => {
                    let Some((data, after)) = option(after) else {
                        self.is_bad = true;
                        return;
                    };
                    self.take(code, data);
                    rest = after;
                }
            }
        }
    }

    fn take(&mut self, code: u8, data: &'a [u8]) {
        match code {
            MESSAGE_TYPE if self.message_type == 0 => self.message_type = data.first().copied().unwrap_or(0),
            OVERLOAD => self.overload |= data.first().copied().unwrap_or(0),
            RAPID_COMMIT => self.is_rapid_commit = true,
            HOST_NAME => join(&mut self.host_name, data),
            SERVER_IDENTIFIER => join(&mut self.server_identifier, data),
            CLIENT_IDENTIFIER => join(&mut self.client_identifier, data),
            _ => {}
        }
    }

    /// Without the NULs that some put behind it (RFC 2132 2).
    pub fn host_name(&self) -> &[u8] {
        let end = self.host_name.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        &self.host_name[..end]
    }

    pub fn server_identifier(&self) -> Option<[u8; 4]> {
        self.server_identifier.first_chunk().copied()
    }
}

/// The data of an option whose code is read, and what follows.
fn option(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, after) = bytes.split_first()?;
    after.split_at_checked(usize::from(length))
}

fn join<'a>(option: &mut Cow<'a, [u8]>, data: &'a [u8]) {
    if option.is_empty() {
        *option = Cow::Borrowed(data);
    } else {
        option.to_mut().extend_from_slice(data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message with these options, and with these bytes at the begin of `file` and `sname`.
    fn message(options: &[u8], file: &[u8], server_name: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; COOKIE_START];
        bytes[2..4].copy_from_slice(&[6, 3]);
        bytes[4..8].copy_from_slice(&[1, 2, 3, 4]);
        for (at, byte) in [(12, 12), (16, 16), (24, 24), (HARDWARE, 28)] {
            bytes[at] = byte;
        }
        bytes[FILE.start..FILE.start + file.len()].copy_from_slice(file);
        bytes[SERVER_NAME.start..SERVER_NAME.start + server_name.len()].copy_from_slice(server_name);
        bytes.extend(COOKIE.to_be_bytes());
        bytes.extend(options);
        bytes
    }

    fn options(bytes: &[u8]) -> Options<'_> {
        Dhcpv4::read(bytes).unwrap().options.unwrap()
    }

    #[test]
    fn the_fixed_fields_are_where_the_standard_has_them() {
        let bytes = message(&[], &[], &[]);
        let read = Dhcpv4::read(&bytes).unwrap();
        assert_eq!((read.identifier, read.hops, read.hardware), (0x0102_0304, 3, &[28, 0, 0, 0, 0, 0][..]));
        assert_eq!((read.client_address[0], read.given_address[0], read.relay_address[0]), (12, 16, 24));
        assert!(Dhcpv4::read(&bytes[..COOKIE_START + 3]).is_none());
    }

    #[test]
    fn bootp_has_no_options() {
        let mut bytes = message(&[], &[], &[]);
        bytes[COOKIE_START] = 0;
        assert!(Dhcpv4::read(&bytes).unwrap().options.is_none());
    }

    #[test]
    fn overloaded_fields_are_read_where_the_option_says_so() {
        let file = [HOST_NAME, 2, b'f', b'i', END, MESSAGE_TYPE, 1, 9];
        let server_name = [PAD, SERVER_IDENTIFIER, 4, 192, 0, 2, 1];
        for (overload, name, server) in [
            (0, "", None),
            (OVERLOADED_FILE, "fi", None),
            (OVERLOADED_SERVER_NAME, "", Some([192, 0, 2, 1])),
            (OVERLOADED_FILE | OVERLOADED_SERVER_NAME, "fi", Some([192, 0, 2, 1])),
        ] {
            let bytes = message(&[OVERLOAD, 1, overload, END, HOST_NAME, 1, b'x'], &file, &server_name);
            let read = options(&bytes);
            assert_eq!((read.host_name(), read.server_identifier()), (name.as_bytes(), server), "{overload}");
            assert_eq!((read.message_type, read.is_bad), (0, false), "nothing counts behind an end");
        }
    }

    #[test]
    fn parts_of_an_option_are_joined_in_their_order_over_all_fields() {
        let bytes = message(
            &[HOST_NAME, 2, b'a', b'b', OVERLOAD, 1, 3, HOST_NAME, 1, b'c', END],
            &[HOST_NAME, 1, b'd', SERVER_IDENTIFIER, 2, 10, 0, END],
            &[SERVER_IDENTIFIER, 2, 0, 1, HOST_NAME, 1, b'e', END],
        );
        let read = options(&bytes);
        assert_eq!((read.host_name(), read.server_identifier()), (&b"abcde"[..], Some([10, 0, 0, 1])));
    }

    #[test]
    fn nuls_behind_a_name_are_no_part_of_it() {
        let bytes = message(&[HOST_NAME, 4, b'p', 0, b'c', 0, HOST_NAME, 1, 0], &[], &[]);
        assert_eq!(options(&bytes).host_name(), b"p\0c");
        assert_eq!(options(&message(&[HOST_NAME, 2, 0, 0], &[], &[])).host_name(), b"");
    }

    #[test]
    fn an_option_without_its_end_is_told_and_those_before_it_count() {
        for cut in [&[RAPID_COMMIT][..], &[HOST_NAME, 5, b'x']] {
            let bytes =
                message(&[&[MESSAGE_TYPE, 1, 5, SERVER_IDENTIFIER, 4, 10, 0, 0, 1][..], cut].concat(), &[], &[]);
            let read = options(&bytes);
            assert_eq!((read.message_type, read.server_identifier(), read.is_bad), (5, Some([10, 0, 0, 1]), true));
        }
        let without_end = message(&[MESSAGE_TYPE, 1, 5], &[], &[]);
        assert_eq!((options(&without_end).message_type, options(&without_end).is_bad), (5, false));
    }
}
