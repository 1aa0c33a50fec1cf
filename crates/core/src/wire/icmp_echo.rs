//! Echo requests and replies of ICMP (RFC 792) and ICMPv6 (RFC 4443, section 4): type (0), code (1), checksum (2..4),
//! identifier (4..6), sequence number (6..8), data. Ours begin their data with a token that only we know (8..16).

use super::be16;
use super::ipv4::Ipv4;

const HEADER_BYTES: usize = 8;
const TOKEN_BYTES: usize = 8;
/// What the data go on with behind the token: who looks at the traffic sees whose it is.
const SIGNATURE: &[u8] = b"pktvisor";
/// Data of the largest request that fits into an IPv4 packet with a header of 20 bytes.
const MOST_DATA_BYTES: usize = 65_535 - 20 - HEADER_BYTES;

/// The version of IP that carries them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V4,
    V6,
}

impl Version {
    const fn request_type(self) -> u8 {
        if matches!(self, Self::V4) { 8 } else { 128 }
    }

    /// The type of replies.
    pub const fn reply_type(self) -> u8 {
        if matches!(self, Self::V4) { 0 } else { 129 }
    }
}

/// What tells a reply to be that to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo {
    pub identifier: u16,
    pub sequence: u16,
    pub token: u64,
}

/// What a socket of ICMP gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    Reply(Echo),
    /// A reply with less data than any request of ours has.
    Short,
    /// A message of another type, or bytes that are none.
    Other,
}

/// Writes a request. Behind the token come so many bytes, at least the signature; what would not fit into a packet is left out.
/// Of ICMPv6 the kernel fills in the checksum.
pub fn write_request(version: Version, echo: &Echo, payload_bytes: usize, into: &mut Vec<u8>) {
    into.clear();
    into.extend([version.request_type(), 0, 0, 0]);
    into.extend(echo.identifier.to_be_bytes());
    into.extend(echo.sequence.to_be_bytes());
    into.extend(echo.token.to_be_bytes());
    into.extend(SIGNATURE);
    let data_bytes = (TOKEN_BYTES + payload_bytes.max(SIGNATURE.len())).min(MOST_DATA_BYTES);
    into.resize(HEADER_BYTES + data_bytes, 0);
    if version == Version::V4 {
        let checksum = checksum(into).to_be_bytes();
        into[2..4].copy_from_slice(&checksum);
    }
}

/// Reads what a socket gave: raw sockets of IPv4 give the IP header, too.
pub fn read(version: Version, has_ip_header: bool, bytes: &[u8]) -> Received {
    let message = match has_ip_header {
        true => match Ipv4::read(bytes, 0) {
            Ok(packet) => packet.payload,
            Err(_) => return Received::Other,
        },
        false => bytes,
    };
    if message.first() != Some(&version.reply_type()) || message.get(1) != Some(&0) {
        return Received::Other;
    }
    let (Some(identifier), Some(sequence), Some(token)) =
        (be16(message, 4), be16(message, 6), message.get(HEADER_BYTES..).and_then(|data| data.first_chunk()))
    else {
        return Received::Short;
    };
    Received::Reply(Echo { identifier, sequence, token: u64::from_be_bytes(*token) })
}

/// The checksum of the Internet (RFC 1071) over a message whose own is 0.
fn checksum(message: &[u8]) -> u16 {
    let word = |pair: &[u8]| u32::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]));
    let sum: u32 = message.chunks(2).map(word).sum(); // 32 Ki words of 16 bits fit
    let folded = (sum & 0xffff) + (sum >> 16);
    !(((folded & 0xffff) + (folded >> 16)) as u16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::read::testing::write_fuzz_seed;

    const ECHO: Echo = Echo { identifier: 0x1234, sequence: 7, token: 0x0102_0304_0506_0708 };

    fn request(version: Version, payload_bytes: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_request(version, &ECHO, payload_bytes, &mut bytes);
        bytes
    }

    /// As the peer makes it of a request.
    fn reply(version: Version, payload_bytes: usize) -> Vec<u8> {
        let mut bytes = request(version, payload_bytes);
        bytes[0] = version.reply_type();
        bytes
    }

    fn behind_ipv4(message: &[u8]) -> Vec<u8> {
        let total = (24 + message.len()) as u16;
        let header =
            [&[0x46, 0][..], &total.to_be_bytes(), &[0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]].concat();
        [&header, &[1, 1, 1, 1][..], message].concat() // a header with options
    }

    #[test]
    fn a_request_has_its_token_the_signature_and_the_size_of_usual_pings() {
        let bytes = request(Version::V4, 48);
        assert_eq!((bytes.len(), &bytes[..2], &bytes[4..8]), (64, &[8, 0][..], &[0x12, 0x34, 0, 7][..]));
        assert_eq!((&bytes[8..16], &bytes[16..24]), (&[1, 2, 3, 4, 5, 6, 7, 8][..], &b"pktvisor"[..]));
        assert_eq!(checksum(&bytes), 0, "over a message with its checksum");
        assert_eq!(request(Version::V6, 48)[..4], [128, 0, 0, 0], "the kernel fills it in");
    }

    #[test]
    fn small_payloads_are_raised_and_large_ones_fit_into_a_packet() {
        assert_eq!(request(Version::V4, 0).len(), 24);
        assert_eq!(request(Version::V4, 9).len(), 25);
        assert_eq!(request(Version::V4, 65_500).len(), 65_515);
        assert_eq!(checksum(&request(Version::V4, 65_500)), 0);
    }

    #[test]
    fn replies_are_read_with_and_without_ip_headers() {
        for (version, has_header) in [(Version::V4, false), (Version::V4, true), (Version::V6, false)] {
            let message = reply(version, 48);
            let bytes = if has_header { behind_ipv4(&message) } else { message };
            assert_eq!(read(version, has_header, &bytes), Received::Reply(ECHO));
        }
    }

    #[test]
    fn requests_errors_and_short_replies_are_no_replies() {
        assert_eq!(read(Version::V4, true, &behind_ipv4(&request(Version::V4, 48))), Received::Other);
        assert_eq!(read(Version::V6, false, &reply(Version::V4, 48)), Received::Other);
        assert_eq!(read(Version::V4, false, &[3, 1, 0, 0]), Received::Other);
        assert_eq!(read(Version::V4, true, &[0x45; 12]), Received::Other);
        assert_eq!(read(Version::V4, false, &reply(Version::V4, 48)[..15]), Received::Short);
        assert_eq!(read(Version::V4, false, &[0, 0]), Received::Short);
        assert_eq!(read(Version::V4, false, &[]), Received::Other);
    }

    #[test]
    #[ignore = "writes files for fuzzing; fuzz/run calls it"]
    fn fuzz_seeds() {
        for (form, version) in [(0, Version::V4), (1, Version::V6), (2, Version::V4)] {
            let message = reply(version, 48);
            let bytes = if form == 2 { behind_ipv4(&message) } else { message };
            write_fuzz_seed("echo_reply", &format!("form_{form}"), &[&[form], &bytes[..]].concat());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..96), has_header: bool, is_v4: bool) {
            let version = if is_v4 { Version::V4 } else { Version::V6 };
            if let Received::Reply(_) = read(version, has_header, &bytes) {
                prop_assert!(bytes.len() >= HEADER_BYTES + TOKEN_BYTES);
            }
        }
    }
}
