//! DHCP for IPv4 (RFC 2131, RFC 2132) and IPv6 (RFC 8415): message types, and who got which address from whom.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::batch::{Span, table};
use crate::decode::app::{Message, Needs, Ports};
use crate::ledger::{Ledger, Malformed};
use crate::wire::be32;

pub const NAME: &str = "dhcp";

const V4_PORTS: &[u16] = &[67, 68];
pub const PORTS: Ports = Ports { udp: &[67, 68, 546, 547], tcp: &[], framing: None };

const V4_OPTIONS_START: usize = 236;
const V4_COOKIE: u32 = 0x6382_5363;
const V4_HOST_NAME: u8 = 12;
const V4_MESSAGE_TYPE: u8 = 53;
const V4_SERVER_IDENTIFIER: u8 = 54;
const V4_OFFER: u8 = 2;
const V4_REQUEST: u8 = 3;
const V4_ACK: u8 = 5;
const V6_ADVERTISE: u8 = 2;
const V6_REPLY: u8 = 7;
const V6_SERVER_IDENTIFIER: u16 = 2;
/// Requests that wait for their answer; more than this at once is an attack, and the oldest make room.
const MOST_REQUESTS: usize = 4096;
const MOST_HARDWARE_BYTES: usize = 16;

table! {
    /// One row per DHCP message.
    pub struct Messages, row Row {
        time_ns: i64 => "dhcp.time_ns", "nanoseconds", "When the message was seen, since 1970";
        packet_row: u32 => "dhcp.packet_row", "", "Row of its packet in the packet table of the same batch";
        direction: u8 => "dhcp.direction", "", "0 unknown, 1 in (to a host of ours), 2 out (from one)";
        version: u8 => "dhcp.version", "", "4 or 6, told by the ports";
        kind: u8 => "dhcp.message_type", "", "Message type: option 53 for IPv4, the first byte for IPv6; 0 unknown";
        client: Span => "dhcp.client", "", "On an ACK that answers a request seen before: hardware address/host name/address given";
        answer_us: u64 => "dhcp.answer_us", "microseconds", "On such an ACK: time since its request";
        server: Span => "dhcp.server", "", "On an offer, advertisement or reply: hardware address/address of the server";
    }
    time time_ns; packet_rows |table| table.packet_row();
}

/// A request that waits for its answer.
#[derive(Debug)]
struct Request {
    time_ns: i64,
    hardware: String,
    host_name: String,
}

#[derive(Debug, Default)]
pub struct Decoder {
    requests: HashMap<u32, Request>,
}

impl Decoder {
    /// Messages are few: every column is always filled.
    pub fn set_needs(&mut self, _needs: &Needs) {}

    pub fn decode(&mut self, message: &Message<'_>, table: &mut Messages, ledger: &mut Ledger) -> Option<Malformed> {
        let is_v4 = V4_PORTS.contains(&message.packet.source_port) || V4_PORTS.contains(&message.packet.destination_port);
        table.push(&Row {
            time_ns: message.packet.time_ns,
            packet_row: message.packet_row,
            direction: message.packet.direction,
            version: if is_v4 { 4 } else { 6 },
            ..Row::EMPTY
        });
        if is_v4 { self.decode_v4(message, table, ledger) } else { decode_v6(message, table) }
    }

    fn decode_v4(&mut self, message: &Message<'_>, table: &mut Messages, ledger: &mut Ledger) -> Option<Malformed> {
        let bytes = message.payload;
        let (Some(identifier), Some(V4_COOKIE)) = (be32(bytes, 4), be32(bytes, V4_OPTIONS_START)) else {
            return Some(Malformed::DhcpTooShort);
        };
        let Some(options) = V4Options::read(&bytes[V4_OPTIONS_START + 4..]) else {
            return Some(Malformed::DhcpBadOptions);
        };
        let row = table.last_row();
        table.kind[row] = options.message_type;
        match options.message_type {
            V4_REQUEST => self.remember(identifier, message.packet.time_ns, bytes, &options, ledger),
            V4_ACK => self.answer(identifier, message, table),
            V4_OFFER => {
                if let (Some(hardware), Some(server)) = (message.source_mac(), options.server_identifier) {
                    table.server[row] = write_text(&mut table.text, &format!("{}/{server}", hardware_text(&hardware)));
                }
            }
            _ => {}
        }
        None
    }

    fn remember(&mut self, identifier: u32, time_ns: i64, bytes: &[u8], options: &V4Options, ledger: &mut Ledger) {
        if self.requests.len() >= MOST_REQUESTS && !self.requests.contains_key(&identifier) {
            let oldest = self.requests.iter().min_by_key(|(_, request)| request.time_ns).map(|(id, _)| *id);
            oldest.and_then(|id| self.requests.remove(&id));
            ledger.evicted.transactions += 1;
        }
        let hardware_bytes = usize::from(bytes[2]).min(MOST_HARDWARE_BYTES);
        let hardware = hardware_text(&bytes[28..28 + hardware_bytes]);
        let host_name = options.host_name.clone().unwrap_or_else(|| "Unknown".to_owned());
        self.requests.insert(identifier, Request { time_ns, hardware, host_name });
    }

    fn answer(&mut self, identifier: u32, message: &Message<'_>, table: &mut Messages) {
        let Some(request) = self.requests.remove(&identifier) else { return };
        let given: [u8; 4] = *message.payload[16..].first_chunk().expect("the options lie behind it");
        if given == [0; 4] {
            return;
        }
        let text = format!("{}/{}/{}", request.hardware, request.host_name, Ipv4Addr::from(given));
        let row = table.last_row();
        table.client[row] = write_text(&mut table.text, &text);
        table.answer_us[row] = message.packet.time_ns.abs_diff(request.time_ns) / 1000;
    }
}

fn decode_v6(message: &Message<'_>, table: &mut Messages) -> Option<Malformed> {
    let Some(&kind) = message.payload.first() else { return Some(Malformed::DhcpTooShort) };
    let row = table.last_row();
    table.kind[row] = kind;
    let is_from_server = matches!(kind, V6_ADVERTISE | V6_REPLY);
    if !is_from_server || message.packet.ip_version != 6 || message.packet.source == [0; 16] {
        return None;
    }
    let Some(options) = message.payload.get(4..) else { return Some(Malformed::DhcpTooShort) };
    if let (true, Some(hardware)) = (v6_has_server(options), message.source_mac()) {
        let text = format!("{}/{}", hardware_text(&hardware), Ipv6Addr::from(message.packet.source));
        table.server[row] = write_text(&mut table.text, &text);
    }
    None
}

fn v6_has_server(options: &[u8]) -> bool {
    let mut rest = options;
    while let Some(&[code_high, code_low, length_high, length_low]) = rest.first_chunk::<4>() {
        if u16::from_be_bytes([code_high, code_low]) == V6_SERVER_IDENTIFIER {
            return true;
        }
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        rest = rest.get(4 + length..).unwrap_or(&[]);
    }
    false
}

/// The options of RFC 2132 that pktvisor reads.
#[derive(Default)]
struct V4Options {
    message_type: u8,
    host_name: Option<String>,
    server_identifier: Option<Ipv4Addr>,
}

impl V4Options {
    /// `None` where an option runs past the end.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut found = Self::default();
        let mut rest = bytes;
        while let Some((&code, after)) = rest.split_first() {
            match code {
                0 => rest = after,
                255 => break,
                _ => {
                    let (&length, after) = after.split_first()?;
                    let data = after.get(..usize::from(length))?;
                    found.take(code, data);
                    rest = &after[data.len()..];
                }
            }
        }
        Some(found)
    }

    fn take(&mut self, code: u8, data: &[u8]) {
        match code {
            V4_MESSAGE_TYPE => self.message_type = data.first().copied().unwrap_or(0),
            V4_HOST_NAME => self.host_name = Some(printable(data)),
            V4_SERVER_IDENTIFIER => {
                self.server_identifier = data.first_chunk::<4>().map(|address| Ipv4Addr::from(*address));
            }
            _ => {}
        }
    }
}

/// A name that a client chose: bytes that are not printable ASCII are written as `\DDD`.
fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b' '..=b'~' if *byte != b'\\' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\{byte:03}")),
        }
    }
    text
}

fn hardware_text(address: &[u8]) -> String {
    address.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// Writes text at the end of a table's text.
fn write_text(text: &mut Vec<u8>, value: &str) -> Span {
    let span = Span { start: text.len() as u32, length: value.len() as u32 };
    text.extend_from_slice(value.as_bytes());
    span
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{PacketRow, Table as _};
    use crate::read::Frame;

    const FRAME_BYTES: [u8; 14] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 0x08, 0];
    const FRAME: Frame<'_> = Frame { time_ns: 0, link_type: 1, interface: 0, wire_bytes: 14, data: &FRAME_BYTES };

    fn packet(port: u16, time_ns: i64) -> PacketRow {
        let mut source = [0; 16];
        source[..2].copy_from_slice(&[0xfe, 0x80]);
        let ip_version = if port < 100 { 4 } else { 6 };
        PacketRow { time_ns, source, source_port: port, destination_port: port, ip_version, ..PacketRow::EMPTY }
    }

    fn message<'a>(payload: &'a [u8], packet: &'a PacketRow) -> Message<'a> {
        Message { payload, wire_bytes: payload.len() as u32, packet, packet_row: 0, frame: &FRAME, ends: None, seed: 0, server_port: 0 }
    }

    fn v4(kind: u8, given: [u8; 4], options: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 240];
        bytes[2] = 6;
        bytes[4..8].copy_from_slice(&[1, 2, 3, 4]);
        bytes[16..20].copy_from_slice(&given);
        bytes[28..34].copy_from_slice(&[2, 0, 0, 0, 0, 5]);
        bytes[236..].copy_from_slice(&V4_COOKIE.to_be_bytes());
        bytes.extend([0, V4_MESSAGE_TYPE, 1, kind]);
        bytes.extend(options);
        bytes.push(255);
        bytes
    }

    fn text(table: &Messages, span: Span) -> &str {
        let start = span.start as usize;
        std::str::from_utf8(&table.text[start..start + span.length as usize]).unwrap()
    }

    #[test]
    fn an_ack_tells_who_got_which_address_and_an_offer_who_gave_it() {
        let (mut decoder, mut table, mut ledger) = (Decoder::default(), Messages::default(), Ledger::default());
        let offer = v4(V4_OFFER, [0; 4], &[V4_SERVER_IDENTIFIER, 4, 192, 0, 2, 1]);
        let request = v4(V4_REQUEST, [0; 4], &[V4_HOST_NAME, 3, b'p', b'c', 7]);
        let ack = v4(V4_ACK, [192, 0, 2, 9], &[]);
        for (at, bytes) in [&offer, &request, &ack, &ack].into_iter().enumerate() {
            assert_eq!(decoder.decode(&message(bytes, &packet(67, at as i64 * 1_000_000)), &mut table, &mut ledger), None);
        }
        assert_eq!(table.kind(), [V4_OFFER, V4_REQUEST, V4_ACK, V4_ACK]);
        assert_eq!(text(&table, table.server[0]), "02:00:00:00:00:09/192.0.2.1");
        assert_eq!(text(&table, table.client[2]), "02:00:00:00:00:05/pc\\007/192.0.2.9");
        assert_eq!(table.answer_us[2], 1000);
        assert!(table.client[3].is_none(), "answered already");
    }

    #[test]
    fn an_advertisement_with_a_server_identifier_names_the_server() {
        let (mut decoder, mut table, mut ledger) = (Decoder::default(), Messages::default(), Ledger::default());
        let bytes = [V6_ADVERTISE, 0, 0, 1, 0, 1, 0, 1, 9, 0, V6_SERVER_IDENTIFIER as u8, 0, 2, 8, 8];
        assert_eq!(decoder.decode(&message(&bytes, &packet(547, 0)), &mut table, &mut ledger), None);
        assert_eq!(text(&table, table.server[0]), "02:00:00:00:00:09/fe80::");
        assert_eq!((table.version[0], table.kind[0]), (6, V6_ADVERTISE));
    }

    #[test]
    fn what_cannot_be_read_is_told_and_still_makes_a_row() {
        let (mut decoder, mut table, mut ledger) = (Decoder::default(), Messages::default(), Ledger::default());
        let cut = v4(V4_OFFER, [0; 4], &[]);
        assert_eq!(decoder.decode(&message(&cut[..100], &packet(67, 0)), &mut table, &mut ledger), Some(Malformed::DhcpTooShort));
        let overrun = v4(V4_OFFER, [0; 4], &[V4_HOST_NAME, 200]);
        assert_eq!(decoder.decode(&message(&overrun, &packet(67, 0)), &mut table, &mut ledger), Some(Malformed::DhcpBadOptions));
        assert_eq!(decoder.decode(&message(&[], &packet(546, 0)), &mut table, &mut ledger), Some(Malformed::DhcpTooShort));
        assert_eq!(table.len(), 3);
    }

    #[test]
    fn requests_without_answer_are_bounded() {
        let (mut decoder, mut table, mut ledger) = (Decoder::default(), Messages::default(), Ledger::default());
        let mut request = v4(V4_REQUEST, [0; 4], &[]);
        for identifier in 0..(MOST_REQUESTS as u32 + 5) {
            request[4..8].copy_from_slice(&identifier.to_be_bytes());
            decoder.decode(&message(&request, &packet(68, i64::from(identifier))), &mut table, &mut ledger);
        }
        assert_eq!((decoder.requests.len(), ledger.evicted.transactions), (MOST_REQUESTS, 5));
    }
}
