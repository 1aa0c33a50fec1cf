//! DHCP for IPv4 (RFC 2131, RFC 2132) and IPv6 (RFC 8415): message types, and who got which address from whom.

use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::decode::app::{Declaration, Message, Needs};
use crate::hash::{hash_bytes, hash_word};
use crate::ledger::Ledger;
use crate::malformed::{Malformed, malformed};
use crate::table::{Span, table};
use crate::track::Pending;
use crate::wire::dhcpv4::{Dhcpv4, Options};
use crate::wire::dhcpv6::{Dhcpv6, Fault};

/// Its ports can't be set: clients have no addresses yet, so that packets are shared among workers by these ports.
pub const PROTOCOL: Declaration =
    Declaration { udp: &[67, 68, 546, 547], has_port_option: false, ..Declaration::named("dhcp") };

malformed! {
    TOO_SHORT "dhcp.too_short", "The message ends within its header, or has no magic cookie";
    BAD_OPTIONS "dhcp.bad_options", "An option ends beyond the message; the options before it are read";
}

const V4_PORTS: &[u16] = &[67, 68];

const V4_DISCOVER: u8 = 1;
const V4_OFFER: u8 = 2;
const V4_REQUEST: u8 = 3;
const V4_ACK: u8 = 5;
const V4_NAK: u8 = 6;
const V6_ADVERTISE: u8 = 2;
const V6_REPLY: u8 = 7;

const RENEWAL: u8 = 1;
const REBINDING: u8 = 2;

/// Requests that wait for their answer, in each of two generations; more than this at once is an attack.
const MOST_REQUESTS: usize = 4096;
/// Clients ask again after 64 seconds at most (RFC 2131 4.1).
const PATIENCE_MS: u64 = 64_000;
/// The longest domain name (RFC 1035 3.1): what clients call themselves is cut there.
const MOST_NAME_BYTES: usize = 255;

table! {
    /// One row per DHCP message.
    pub struct Messages, row Row {
        time_ns: i64 => "dhcp.time_ns", "nanoseconds", "When the message was seen, since 1970";
        packet_row: u32 => "dhcp.packet_row", "", "Row of its packet in the packet table of the same batch";
        direction: u8 => "dhcp.direction", "", "0 unknown, 1 in (to this host), 2 out (from it)";
        version: u8 => "dhcp.version", "", "4 or 6, told by the ports";
        kind: u8 => "dhcp.message_type", "", "Message type: option 53 for IPv4; for IPv6 the first byte after any relay headers; 0 unknown";
        renewal: u8 => "dhcp.renewal", "", "IPv4: 1 a request to keep an address, to the server that gave it; 2 one to any server; 0 anything else";
        relays: u8 => "dhcp.relays", "", "IPv4: the hops that relays counted; IPv6: relay headers around the message";
        client: Span => "dhcp.client", "", "On an ACK that answers a request seen before: hardware address/host name/address given";
        answer_us: u64 => "dhcp.answer_us", "microseconds", "On such an ACK: time since its request";
        server: Span => "dhcp.server", "", "On an offer, advertisement or reply, and on an ACK that is the first answer: hardware address/address of the server";
    }
    time time_ns; packet_rows |table| table.packet_row();
}

/// A request that waits for its answer.
#[derive(Debug)]
struct Request {
    /// Hash of its client identifier; 0 without one.
    client: u64,
    /// A DISCOVER that a server may answer with an ACK at once (RFC 4039).
    is_discover: bool,
    host_name: Box<[u8]>,
}

impl Request {
    /// Whether a message may belong to it, by its client identifier: servers need not give it back.
    fn is_of(&self, client: u64) -> bool {
        self.client == client || self.client == 0 || client == 0
    }
}

#[derive(Debug)]
pub struct Decoder {
    requests: Pending<Request>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { requests: Pending::new(MOST_REQUESTS, PATIENCE_MS) }
    }
}

impl Decoder {
    /// Messages are few: every column is always filled.
    pub fn set_needs(&mut self, _needs: &Needs) {}

    pub fn decode(&mut self, message: &Message<'_>, table: &mut Messages, ledger: &mut Ledger) -> Option<Malformed> {
        let is_v4 =
            V4_PORTS.contains(&message.packet.source_port) || V4_PORTS.contains(&message.packet.destination_port);
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
        let Some(dhcp) = Dhcpv4::read(message.payload) else { return Some(TOO_SHORT) };
        let row = table.last_row();
        table.relays[row] = dhcp.hops;
        let options = dhcp.options.as_ref()?;
        table.kind[row] = options.message_type;
        match options.message_type {
            V4_DISCOVER if options.is_rapid_commit => self.remember(message, &dhcp, options, ledger),
            V4_REQUEST => {
                table.renewal[row] = renewal(message, &dhcp);
                self.remember(message, &dhcp, options, ledger);
            }
            V4_ACK => self.answer(message, &dhcp, options, table),
            V4_NAK => drop(self.close(message, &dhcp, options)),
            V4_OFFER => name_v4_server(message, options, table),
            _ => {}
        }
        options.is_bad.then_some(BAD_OPTIONS)
    }

    fn remember(&mut self, message: &Message<'_>, dhcp: &Dhcpv4<'_>, options: &Options<'_>, ledger: &mut Ledger) {
        let client = client_hash(options, message.seed);
        let key = key(dhcp, message.seed);
        let is_anothers = self.requests.get(key).is_some_and(|request| !request.is_of(client));
        let name = options.host_name();
        let request = Request {
            client,
            is_discover: options.message_type == V4_DISCOVER,
            host_name: name[..name.len().min(MOST_NAME_BYTES)].into(),
        };
        self.requests.open(if is_anothers { hash_word(key, client) } else { key }, message.packet.time_ns, request);
        ledger.evicted.transactions += self.requests.take_evicted();
    }

    fn close(&mut self, message: &Message<'_>, dhcp: &Dhcpv4<'_>, options: &Options<'_>) -> Option<(i64, Request)> {
        let client = client_hash(options, message.seed);
        let key = key(dhcp, message.seed);
        let is_its_own = self.requests.get(key).is_some_and(|request| request.is_of(client));
        self.requests.close(if is_its_own { key } else { hash_word(key, client) })
    }

    fn answer(&mut self, message: &Message<'_>, dhcp: &Dhcpv4<'_>, options: &Options<'_>, table: &mut Messages) {
        if options.is_rapid_commit {
            name_v4_server(message, options, table);
        }
        let Some((asked_ns, request)) = self.close(message, dhcp, options) else { return };
        if dhcp.given_address == [0; 4] || request.is_discover && !options.is_rapid_commit {
            return;
        }
        let row = table.last_row();
        table.answer_us[row] = message.packet.time_ns.abs_diff(asked_ns) / 1000;
        table.client[row] = write_text(&mut table.text, |text| {
            write_hardware(text, dhcp.hardware);
            text.push(b'/');
            let name: &[u8] = if request.host_name.is_empty() { b"Unknown" } else { &request.host_name };
            write_printable(text, name);
            let _ = write!(text, "/{}", Ipv4Addr::from(dhcp.given_address));
        });
    }
}

/// A client that has its address asks the server that gave it, and later, by broadcast, any (RFC 2131 4.3.2). Relays
/// bring only the latter.
fn renewal(message: &Message<'_>, dhcp: &Dhcpv4<'_>) -> u8 {
    let is_broadcast = message.packet.destination.ends_with(&[0xff; 4]);
    match dhcp.client_address {
        [0, 0, 0, 0] => 0,
        _ if is_broadcast || dhcp.relay_address != [0; 4] => REBINDING,
        _ => RENEWAL,
    }
}

/// What a request and its answer have in common: the transaction's identifier and the hardware address. Where another
/// client has an open request with both, the client identifier comes to it.
fn key(dhcp: &Dhcpv4<'_>, seed: u64) -> u64 {
    hash_bytes(hash_word(seed, u64::from(dhcp.identifier)), dhcp.hardware)
}

fn client_hash(options: &Options<'_>, seed: u64) -> u64 {
    if options.client_identifier.is_empty() { 0 } else { hash_bytes(seed, &options.client_identifier) | 1 }
}

fn name_v4_server(message: &Message<'_>, options: &Options<'_>, table: &mut Messages) {
    if let (Some(hardware), Some(server)) = (message.source_mac(), options.server_identifier()) {
        let row = table.last_row();
        table.server[row] = write_text(&mut table.text, |text| {
            write_hardware(text, &hardware);
            let _ = write!(text, "/{}", Ipv4Addr::from(server));
        });
    }
}

fn decode_v6(message: &Message<'_>, table: &mut Messages) -> Option<Malformed> {
    let dhcp = Dhcpv6::read(message.payload);
    let row = table.last_row();
    (table.kind[row], table.relays[row]) = (dhcp.message_type, dhcp.relays);
    let is_from_server = matches!(dhcp.message_type, V6_ADVERTISE | V6_REPLY) && dhcp.has_server;
    if is_from_server && message.packet.ip_version == 6 && message.packet.source != [0; 16] {
        name_v6_server(message, table);
    }
    dhcp.fault.map(|fault| match fault {
        Fault::TooShort => TOO_SHORT,
        Fault::BadOptions => BAD_OPTIONS,
    })
}

fn name_v6_server(message: &Message<'_>, table: &mut Messages) {
    let Some(hardware) = message.source_mac() else { return };
    let row = table.last_row();
    table.server[row] = write_text(&mut table.text, |text| {
        write_hardware(text, &hardware);
        let _ = write!(text, "/{}", Ipv6Addr::from(message.packet.source));
    });
}

/// A name that a client chose: bytes that are not printable ASCII are written as `\DDD`.
fn write_printable(text: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b' '..=b'~' if *byte != b'\\' => text.push(*byte),
            _ => drop(write!(text, "\\{byte:03}")),
        }
    }
}

fn write_hardware(text: &mut Vec<u8>, address: &[u8]) {
    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
    for (at, byte) in address.iter().enumerate() {
        if at > 0 {
            text.push(b':');
        }
        text.extend([digit(byte >> 4), digit(byte & 15)]);
    }
}

/// Writes text at the end of a table's text.
fn write_text(text: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> Span {
    let start = text.len();
    write(text);
    Span { start: start as u32, length: (text.len() - start) as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;
    use crate::table::{PacketRow, Table as _};

    const FRAME_BYTES: [u8; 14] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 0x08, 0];
    const FRAME: Frame<'_> = Frame { time_ns: 0, link_type: 1, interface: 0, wire_bytes: 14, data: &FRAME_BYTES };

    fn packet(port: u16, time_ns: i64) -> PacketRow {
        let mut source = [0; 16];
        source[..2].copy_from_slice(&[0xfe, 0x80]);
        let ip_version = if port < 100 { 4 } else { 6 };
        PacketRow { time_ns, source, source_port: port, destination_port: port, ip_version, ..PacketRow::EMPTY }
    }

    fn message<'a>(payload: &'a [u8], packet: &'a PacketRow) -> Message<'a> {
        Message {
            payload,
            wire_bytes: payload.len() as u32,
            packet,
            packet_row: 0,
            frame: &FRAME,
            ends: None,
            seed: 0,
            server_port: 0,
        }
    }

    const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
    const HOST_NAME: u8 = 12;
    const MESSAGE_TYPE: u8 = 53;
    const SERVER_IDENTIFIER: u8 = 54;
    const CLIENT_IDENTIFIER: u8 = 61;
    const RAPID_COMMIT: u8 = 80;

    fn v4(kind: u8, given: [u8; 4], options: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 240];
        bytes[2] = 6;
        bytes[4..8].copy_from_slice(&[1, 2, 3, 4]);
        bytes[16..20].copy_from_slice(&given);
        bytes[28..34].copy_from_slice(&[2, 0, 0, 0, 0, 5]);
        bytes[236..].copy_from_slice(&COOKIE);
        bytes.extend([0, MESSAGE_TYPE, 1, kind]);
        bytes.extend(options);
        bytes.push(255);
        bytes
    }

    fn text(table: &Messages, span: Span) -> &str {
        if span.is_none() {
            return "";
        }
        let start = span.start as usize;
        std::str::from_utf8(&table.text[start..start + span.length as usize]).unwrap()
    }

    /// Decodes messages one millisecond apart.
    #[derive(Default)]
    struct Wire {
        decoder: Decoder,
        table: Messages,
        ledger: Ledger,
    }

    impl Wire {
        fn of(messages: &[Vec<u8>]) -> Self {
            let mut wire = Self::default();
            messages.iter().for_each(|bytes| assert_eq!(wire.decode(bytes, 67), None));
            wire
        }

        fn decode(&mut self, bytes: &[u8], port: u16) -> Option<Malformed> {
            let packet = packet(port, self.table.len() as i64 * 1_000_000);
            self.decoder.decode(&message(bytes, &packet), &mut self.table, &mut self.ledger)
        }

        fn clients(&self) -> Vec<&str> {
            self.table.client().iter().map(|span| text(&self.table, *span)).collect()
        }

        fn servers(&self) -> Vec<&str> {
            self.table.server().iter().map(|span| text(&self.table, *span)).collect()
        }
    }

    /// The same message of another client: of another hardware address.
    fn of_another(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes[33] = 6;
        bytes
    }

    #[test]
    fn an_ack_tells_who_got_which_address_and_an_offer_who_gave_it() {
        let offer = v4(V4_OFFER, [0; 4], &[SERVER_IDENTIFIER, 4, 192, 0, 2, 1]);
        let request = v4(V4_REQUEST, [0; 4], &[HOST_NAME, 3, b'p', b'c', 7]);
        let ack = v4(V4_ACK, [192, 0, 2, 9], &[SERVER_IDENTIFIER, 4, 192, 0, 2, 1]);
        let wire = Wire::of(&[offer, request, ack.clone(), ack]);
        assert_eq!(wire.table.kind(), [V4_OFFER, V4_REQUEST, V4_ACK, V4_ACK]);
        assert_eq!(wire.servers(), ["02:00:00:00:00:09/192.0.2.1", "", "", ""]);
        assert_eq!(wire.clients(), ["", "", "02:00:00:00:00:05/pc\\007/192.0.2.9", ""], "the second answers nothing");
        assert_eq!(wire.table.answer_us[2], 1000);
    }

    #[test]
    fn an_ack_answers_a_discover_at_once_where_both_say_so() {
        let discover = |options: &[u8]| v4(V4_DISCOVER, [0; 4], options);
        let ack = |options: &[u8]| v4(V4_ACK, [192, 0, 2, 9], options);
        let server = [SERVER_IDENTIFIER, 4, 192, 0, 2, 1];
        let rapid = [&[RAPID_COMMIT, 0][..], &server].concat();
        let wire = Wire::of(&[discover(&[RAPID_COMMIT, 0, HOST_NAME, 1, b'p']), ack(&rapid)]);
        assert_eq!(wire.clients(), ["", "02:00:00:00:00:05/p/192.0.2.9"]);
        assert_eq!(wire.servers(), ["", "02:00:00:00:00:09/192.0.2.1"], "it is the offer, too");
        for (asked, answered) in [(&[RAPID_COMMIT, 0][..], &server[..]), (&[], &rapid)] {
            assert_eq!(Wire::of(&[discover(asked), ack(answered)]).clients(), ["", ""]);
        }
    }

    #[test]
    fn clients_that_share_an_identifier_get_their_own_answers() {
        let request = |name: u8| v4(V4_REQUEST, [0; 4], &[HOST_NAME, 1, name]);
        let ack = |last: u8| v4(V4_ACK, [192, 0, 2, last], &[]);
        let wire = Wire::of(&[request(b'a'), of_another(request(b'b')), of_another(ack(2)), ack(1)]);
        assert_eq!(wire.clients()[2..], ["02:00:00:00:00:06/b/192.0.2.2", "02:00:00:00:00:05/a/192.0.2.1"]);
    }

    #[test]
    fn clients_that_share_a_hardware_address_as_well_are_told_apart_by_what_they_call_themselves() {
        let request = |name: u8| v4(V4_REQUEST, [0; 4], &[CLIENT_IDENTIFIER, 2, 0, name, HOST_NAME, 1, name]);
        let ack = |name: u8| v4(V4_ACK, [192, 0, 2, name], &[CLIENT_IDENTIFIER, 2, 0, name]);
        let (first, second) = ("02:00:00:00:00:05/a/192.0.2.97", "02:00:00:00:00:05/b/192.0.2.98");
        assert_eq!(Wire::of(&[request(b'a'), request(b'b'), ack(b'a'), ack(b'b')]).clients()[2..], [first, second]);
        assert_eq!(Wire::of(&[request(b'a'), request(b'b'), ack(b'b'), ack(b'a')]).clients()[2..], [second, first]);
        let silent = v4(V4_ACK, [192, 0, 2, 97], &[]);
        assert_eq!(Wire::of(&[request(b'a'), silent]).clients()[1..], [first], "servers need not give it back");
    }

    #[test]
    fn a_refusal_closes_a_request_and_nothing_else_does() {
        let request = v4(V4_REQUEST, [0; 4], &[]);
        let ack = v4(V4_ACK, [192, 0, 2, 9], &[]);
        for (kind, answered) in
            [(V4_NAK, ""), (4, "02:00:00:00:00:05/Unknown/192.0.2.9"), (7, "02:00:00:00:00:05/Unknown/192.0.2.9")]
        {
            let wire = Wire::of(&[request.clone(), v4(kind, [0; 4], &[]), ack.clone()]);
            assert_eq!(wire.clients()[2], answered, "{kind}");
        }
        assert_eq!(
            Wire::of(&[v4(8, [0; 4], &[]), v4(V4_ACK, [0; 4], &[])]).clients(),
            ["", ""],
            "INFORM gives no address"
        );
    }

    #[test]
    fn a_client_that_has_its_address_renews_it_or_rebinds() {
        let mut wire = Wire::default();
        let mut request = v4(V4_REQUEST, [0; 4], &[]);
        let unicast = PacketRow { destination: [1; 16], ..packet(67, 0) };
        let broadcast = PacketRow { destination: [0xff; 16], ..unicast };
        let mut decode = |bytes: &[u8], packet: &PacketRow| {
            wire.decoder.decode(&message(bytes, packet), &mut wire.table, &mut wire.ledger);
        };
        decode(&request, &broadcast);
        request[12..16].copy_from_slice(&[192, 0, 2, 9]);
        decode(&request, &unicast);
        decode(&request, &broadcast);
        request[3] = 1;
        request[24..28].copy_from_slice(&[192, 0, 2, 254]);
        decode(&request, &unicast);
        assert_eq!(wire.table.renewal(), [0, RENEWAL, REBINDING, REBINDING], "relays bring only what was broadcast");
        assert_eq!(wire.table.relays(), [0, 0, 0, 1]);
    }

    #[test]
    fn an_advertisement_with_a_server_identifier_names_the_server() {
        let mut wire = Wire::default();
        let advertise = [V6_ADVERTISE, 0, 0, 1, 0, 1, 0, 1, 9, 0, 2, 0, 2, 8, 8];
        let mut relayed = [[13].as_slice(), &[0; 33], &[0, 9, 0, 15]].concat();
        relayed.extend(advertise);
        for bytes in [&advertise[..], &relayed] {
            assert_eq!(wire.decode(bytes, 547), None);
        }
        assert_eq!(wire.servers(), ["02:00:00:00:00:09/fe80::"; 2]);
        assert_eq!((wire.table.version(), wire.table.kind()), (&[6, 6][..], &[V6_ADVERTISE; 2][..]));
        assert_eq!(wire.table.relays(), [0, 1]);
    }

    #[test]
    fn what_cannot_be_read_is_told_and_still_makes_a_row() {
        let mut wire = Wire::default();
        let offer = v4(V4_OFFER, [0; 4], &[]);
        assert_eq!(wire.decode(&offer[..100], 67), Some(TOO_SHORT));
        assert_eq!(wire.decode(&v4(V4_OFFER, [0; 4], &[HOST_NAME, 200]), 67), Some(BAD_OPTIONS));
        assert_eq!(wire.decode(&[], 546), Some(TOO_SHORT));
        assert_eq!(wire.decode(&[7, 0, 0, 1, 0, 1, 0, 9], 546), Some(BAD_OPTIONS));
        assert_eq!(wire.table.kind(), [0, V4_OFFER, 0, V6_REPLY]);
    }

    #[test]
    fn what_a_client_calls_itself_has_a_bound() {
        let long: Vec<u8> = [[HOST_NAME, 200].as_slice(), &[b'x'; 200]].concat();
        let wire = Wire::of(&[v4(V4_REQUEST, [0; 4], &long.repeat(2)), v4(V4_ACK, [10, 0, 0, 1], &[])]);
        assert_eq!(wire.clients()[1].matches('x').count(), MOST_NAME_BYTES);
    }

    #[test]
    fn requests_without_answer_are_bounded() {
        let mut wire = Wire::default();
        let mut request = v4(V4_REQUEST, [0; 4], &[]);
        let asked = 3 * MOST_REQUESTS as u32;
        for identifier in 0..asked {
            request[4..8].copy_from_slice(&identifier.to_be_bytes());
            wire.decode(&request, 68);
        }
        let kept = wire.decoder.requests.len();
        assert!(kept <= 2 * MOST_REQUESTS);
        assert_eq!(kept as u64 + wire.ledger.evicted.transactions, u64::from(asked));
    }
}
