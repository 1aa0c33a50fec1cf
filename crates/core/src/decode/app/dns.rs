//! DNS messages (RFC 1035) over UDP and TCP: header and first question, and on demand what the records say: the upper
//! bits of the response code (RFC 6891), client subnet (RFC 7871), signatures, and whether there is no data (RFC 2308).

use crate::decode::app::{Declaration, Message, Needs};
use crate::decode::content::{Finding, Probed, Sender};
use crate::decode::records::{self, ResponseRecords};
use crate::decode::{PROTOCOL_UDP, name, streams};
use crate::hash::{fold, hash_bytes, hash_word};
use crate::ledger::Ledger;
use crate::malformed::{Malformed, malformed};
use crate::table::{Address, Direction, Span, table};
use crate::track::{ALONE, MANY_ANSWERS, MULTICAST, OPTIONAL};
use crate::wire::be16;

/// Multicast DNS (RFC 6762) and link-local multicast name resolution (RFC 4795).
pub const MDNS_PORT: u16 = 5353;
pub const LLMNR_PORT: u16 = 5355;

/// DNS, its two multicast forms, and a port that some resolvers answer on.
const DNS_PORTS: &[u16] = &[53, MDNS_PORT, LLMNR_PORT, 53000];

pub const PROTOCOL: Declaration = Declaration {
    udp: DNS_PORTS,
    tcp: DNS_PORTS,
    framing: Some(streams::DNS_FRAMING),
    probe: Some(probe),
    ..Declaration::named("dns")
};

malformed! {
    BAD_PORT "dns.bad_port", "The client's port is 0, which nobody has: not taken for DNS";
    TOO_SHORT "dns.too_short", "The message is shorter than a header";
    BAD_QUESTION "dns.bad_question", "The first question can't be read";
}

const HEADER_BYTES: usize = 12;
/// No more questions of a message than this are walked over; the first one stands before them all.
const MOST_QUESTIONS: u16 = 100;
const TYPE_IXFR: u16 = 251;
const TYPE_AXFR: u16 = 252;
/// Types that only a question can have: transfers, mailboxes, and any type.
const QUESTION_TYPES: std::ops::RangeInclusive<u16> = TYPE_IXFR..=255;

table! {
    /// One row per DNS message.
    pub struct Messages, row Row {
        time_ns: i64 => "dns.time_ns", "nanoseconds", "When the message was complete, since 1970";
        packet_row: u32 => "dns.packet_row", "", "Row of its packet in the packet table of the same batch; 2147483648 or more if the packet was in an earlier batch";
        bytes: u32 => "dns.bytes", "bytes", "Size of the message on the wire, without the length prefix that TCP adds";
        direction: u8 => "dns.direction", "", "0 unknown, 1 in (to this host), 2 out (from it)";
        xact_direction: u8 => "dns.xact_direction", "", "Direction of the exchange: 1 in (this host is asked), 2 out (it asks), 0 unknown";
        ip_version: u8 => "dns.ip_version", "", "4 or 6";
        transport: u8 => "dns.transport", "", "6 TCP, 17 UDP; from dnstap also 1 TLS, 2 HTTPS, 3 DNSCrypt over UDP, 4 DNSCrypt over TCP, 5 QUIC";
        port: u16 => "dns.port", "", "The client's port: the one that is not the DNS port";
        server_port: u16 => "dns.server_port", "", "The DNS port by which the message was recognised";
        exchange: u64 => "dns.exchange", "", "Hash of both addresses and both ports (of multicast protocols: of the client's end) and identifier, equal for a query and its response";
        pairing: u8 => "dns.pairing", "", "How question and answer are paired, as bits: 1 several messages may answer, 2 the other may be missing, 4 they are not paired, 8 the protocol is multicast";
        question: u32 => "dns.question", "", "Hash of the first question of a query, equal if it is asked again; 0 for a response";
        id: u16 => "dns.id", "", "Identifier";
        flags: u16 => "dns.flags", "", "Second word of the header: QR, opcode, AA, TC, RD, RA, AD, CD, rcode";
        is_reply: u8 => "dns.is_reply", "", "1 for a response, 0 for a query";
        rcode: u16 => "dns.rcode", "", "Response code: the 4 bits of the header and, above them, the 8 of an OPT record if there is one; 65535 if dnstap reports the message without its content";
        answers: u16 => "dns.answers", "", "Number of answer records that the header announces";
        parsed: u8 => "dns.parsed", "", "1 if header and question could be read";
        qtype: u16 => "dns.qtype", "", "Type of the first question";
        qname: Span => "dns.qname", "", "Name of the first question, lower case, without the final dot";
        qname2: Span => "dns.qname2", "", "Its last two labels, with the dot before them";
        qname3: Span => "dns.qname3", "", "Its last three labels, with the dot before them";
    }
    rare {
        ecs: Address => "dns.ecs", "", "Address in the EDNS client subnet option; zeros if there is none";
        has_ecs: u8 => "dns.has_ecs", "", "1 if a query has an EDNS client subnet option, even without an address (prefix length 0)";
        signatures: u8 => "dns.signatures", "", "1 if the answer section holds an RRSIG record";
        nodata: u8 => "dns.nodata", "", "1 for a response without data by RFC 2308: NOERROR, not truncated, no record of the type asked for (aliases may be there), and not a referral";
        dnstap_type: u8 => "dnstap.type", "", "For dnstap the type of the message (even numbers are the responses to the type before): 1 auth, 3 resolver, 5 client, 7 forwarder, 9 stub, 11 tool, 13 update; 0 for packets";
        dnstap_identity: Span => "dnstap.identity", "", "For dnstap the name that the server gives itself; of this and the other texts at most 255 bytes, and none where it says none";
        dnstap_version: Span => "dnstap.version", "", "Its software and version, in its own words";
        dnstap_zone: Span => "dnstap.zone", "", "The zone or bailiwick of the query, where the server tells it: lower case, without the final dot";
        dnstap_policy: Span => "dnstap.policy", "", "The kind of the policy that the server applied, such as RPZ";
        dnstap_policy_rule: Span => "dnstap.policy_rule", "", "The rule of it that matched";
        dnstap_policy_action: Span => "dnstap.policy_action", "", "What the rule did: NXDOMAIN, NODATA, PASS, DROP, TRUNCATE, LOCAL_DATA; an unknown action as its number";
        dnstap_policy_match: Span => "dnstap.policy_match", "", "What the rule looked at: QNAME, CLIENT_IP, RESPONSE_IP, NS_NAME, NS_IP; likewise";
        dnstap_policy_value: Span => "dnstap.policy_value", "", "The value that it matched, such as a name";
        client: Address => "dns.client", "", "Address that asks";
        server: Address => "dns.server", "", "Address that is asked";
    }
    time time_ns; packet_rows |table| table.packet_row();
}

impl Messages {
    /// Says who asks and who is asked.
    pub(crate) fn set_ends(&mut self, row: usize, client: Address, server: Address) {
        (self.client[row], self.server[row]) = (client, server);
    }
}

/// What dnstap tells of a message beside its content.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    pub kind: u8,
    pub transport: u8,
    pub client_port: u16,
    pub texts: ToldTexts,
}

/// Texts of dnstap, which lie in the table's text already; none where nothing is told or nobody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldTexts {
    pub identity: Span,
    pub version: Span,
    pub zone: Span,
    pub policy: Span,
    pub policy_rule: Span,
    pub policy_action: Span,
    pub policy_match: Span,
    pub policy_value: Span,
}

impl ToldTexts {
    pub const NONE: Self = Self {
        identity: Span::NONE,
        version: Span::NONE,
        zone: Span::NONE,
        policy: Span::NONE,
        policy_rule: Span::NONE,
        policy_action: Span::NONE,
        policy_match: Span::NONE,
        policy_value: Span::NONE,
    };

    fn write(&self, row: usize, table: &mut Messages) {
        table.dnstap_identity[row] = self.identity;
        table.dnstap_version[row] = self.version;
        table.dnstap_zone[row] = self.zone;
        table.dnstap_policy[row] = self.policy;
        table.dnstap_policy_rule[row] = self.policy_rule;
        table.dnstap_policy_action[row] = self.policy_action;
        table.dnstap_policy_match[row] = self.policy_match;
        table.dnstap_policy_value[row] = self.policy_value;
    }
}

/// The response code of a message that is not there.
const NO_RCODE: u16 = u16::MAX;

#[derive(Debug, Default)]
pub struct Decoder {
    needs_ends: bool,
    needs_ecs: bool,
    needs_question: bool,
    needs_rcode: bool,
    needs_signatures: bool,
    needs_nodata: bool,
}

/// What the header and the first question say.
struct Question {
    qtype: u16,
    name: name::Parts,
    /// Where the question section ends.
    end: usize,
}

impl Decoder {
    pub fn set_needs(&mut self, needs: &Needs) {
        self.needs_ends = needs.has("dns.client") || needs.has("dns.server");
        self.needs_ecs = needs.has("dns.ecs") || needs.has("dns.has_ecs");
        self.needs_question = needs.has("dns.question");
        self.needs_rcode = needs.has("dns.rcode");
        self.needs_signatures = needs.has("dns.signatures");
        self.needs_nodata = needs.has("dns.nodata");
    }

    /// Writes one row; what can't be read of a message leaves `parsed` at 0 and its columns empty.
    #[inline]
    pub fn decode(&mut self, message: &Message<'_>, table: &mut Messages, _ledger: &mut Ledger) -> Option<Malformed> {
        let (_, port) = message.client();
        if port == 0 {
            return Some(BAD_PORT); // nobody's port: not taken for DNS
        }
        self.read(message, port, table)
    }

    /// The same for a message of dnstap, whose ports may not be told, and of which there may be nothing but what is told.
    pub fn decode_told(
        &mut self,
        message: &Message<'_>,
        told: Told,
        is_there: bool,
        table: &mut Messages,
    ) -> Option<Malformed> {
        let fault = self.read(message, told.client_port, table);
        let row = table.last_row();
        (table.transport[row], table.dnstap_type[row]) = (told.transport, told.kind);
        if self.needs_ends {
            let (source, destination) = message.addresses();
            table.set_ends(row, *source, *destination);
        }
        if told.texts != ToldTexts::NONE {
            told.texts.write(row, table);
        }
        if message.payload.len() < HEADER_BYTES {
            let is_reply = told.kind.is_multiple_of(2);
            table.is_reply[row] = u8::from(is_reply);
            table.xact_direction[row] = exchange_direction(message.packet.direction, is_reply);
            table.rcode[row] = NO_RCODE;
        }
        fault.filter(|_| is_there)
    }

    #[inline(always)]
    fn read(&mut self, message: &Message<'_>, port: u16, table: &mut Messages) -> Option<Malformed> {
        let Some(header) = read_header(message.payload) else {
            self.write_row(message, [0; 6], port, None, table);
            return Some(TOO_SHORT);
        };
        let question = read_question(message.payload, header[2], &mut table.text);
        self.write_row(message, header, port, question.as_ref(), table);
        let Some(question) = question else { return Some(BAD_QUESTION) };
        if header[1] & FLAG_RESPONSE == 0 {
            if self.needs_ecs && header[3] | header[4] | header[5] != 0 {
                let row = table.last_row();
                let subnet = records::client_subnet(message.payload, question.end, counts_of(header));
                (table.has_ecs[row], table.ecs[row]) = subnet;
            }
        } else if self.needs_rcode && header[5] != 0 || self.needs_sections(header) {
            self.read_response_records(message.payload, (question.qtype, question.end), table);
        }
        None
    }

    /// Whether the records of a response, other than OPT, tell anything that is asked for.
    #[inline(always)]
    fn needs_sections(&self, header: [u16; 6]) -> bool {
        let [_, flags, _, answers, ..] = header;
        self.needs_signatures && answers != 0 || self.needs_nodata && flags & FLAGS_NODATA == FLAG_RESPONSE
    }

    /// Reads of the records of a response what is asked for: most often the response code of the OPT record alone.
    #[inline(never)] // of questions none of this is needed, not even the header in memory
    fn read_response_records(&self, bytes: &[u8], (qtype, end): (u16, usize), table: &mut Messages) {
        let Some(header) = read_header(bytes) else { return };
        if self.needs_sections(header) {
            return read_sections(bytes, header, (qtype, end), table);
        }
        let extended = records::extended_rcode(bytes, end, counts_of(header));
        let row = table.last_row();
        table.rcode[row] |= u16::from(extended) << 4;
    }

    #[inline(always)]
    fn write_row(
        &self,
        message: &Message<'_>,
        header: [u16; 6],
        port: u16,
        question: Option<&Question>,
        table: &mut Messages,
    ) {
        let [id, flags, _, answers, ..] = header;
        let name = question.map_or(name::Parts::NONE, |question| question.name);
        let qtype = question.map_or(0, |question| question.qtype);
        let is_reply = flags & FLAG_RESPONSE != 0;
        let (exchange, pairing) = exchange_of(message, id, qtype, is_reply);
        let asked =
            if self.needs_question && !is_reply { asked(message.seed, qtype, name.whole, &table.text) } else { 0 };
        table.push(&Row {
            time_ns: message.packet.time_ns,
            packet_row: message.packet_row,
            bytes: message.wire_bytes,
            direction: message.packet.direction,
            xact_direction: exchange_direction(message.packet.direction, is_reply),
            ip_version: message.packet.ip_version,
            transport: message.packet.transport,
            port,
            server_port: message.server_port,
            exchange,
            pairing,
            question: asked,
            id,
            flags,
            is_reply: u8::from(is_reply),
            rcode: flags & 0x0f,
            answers,
            parsed: u8::from(question.is_some()),
            qtype,
            qname: name.whole,
            qname2: name.last_two,
            qname3: name.last_three,
        });
        if self.needs_ends {
            let (source, destination) = message.addresses();
            let (client, server) = if is_reply { (destination, source) } else { (source, destination) };
            table.set_ends(table.last_row(), *client, *server);
        }
    }
}

const FLAG_RESPONSE: u16 = 0x8000;
/// QR, operation, TC and response code: set as in a plain response, there may be no data in it.
const FLAGS_NODATA: u16 = 0xfa0f;

/// The bit of the header that must be zero (RFC 6895 section 2).
const FLAG_RESERVED: u16 = 0x0040;
const OPERATION_QUERY: u16 = 0;

/// Whether a payload is a DNS message, by its content: one question, as everybody asks, and records to its very end.
fn probe(probed: &Probed<'_>) -> Finding {
    let (bytes, length) = if probed.is_stream {
        let Some((prefix, bytes)) = probed.bytes.split_at_checked(2) else { return Finding::NotMine };
        let length = usize::from(u16::from_be_bytes([prefix[0], prefix[1]]));
        (&bytes[..length.min(bytes.len())], length)
    } else {
        (probed.bytes, probed.wire_bytes as usize)
    };
    probe_message(bytes, length).unwrap_or(Finding::NotMine)
}

fn probe_message(bytes: &[u8], length: usize) -> Option<Finding> {
    let word = |number: usize| be16(bytes, 2 * number);
    let (flags, answers, authority, additional) = (word(1)?, word(3)?, word(4)?, word(5)?);
    let is_reply = flags & FLAG_RESPONSE != 0;
    let operation = flags >> 11 & 0x0f;
    // IQUERY is obsolete (RFC 3425), the others are not assigned.
    if word(2)? != 1 || !matches!(operation, 0 | 2 | 4 | 5 | 6) || flags & FLAG_RESERVED != 0 {
        return None;
    }
    if !is_reply && (flags & 0x0f != 0 || operation == OPERATION_QUERY && answers != 0) {
        return None;
    }
    let end = name::skip(bytes, HEADER_BYTES)?;
    let (qtype, class) = (be16(bytes, end)?, be16(bytes, end + 2)?);
    if qtype == 0 || !matches!(class, 1 | 3 | 4 | 254 | 255) || is_netbios(&bytes[HEADER_BYTES..]) {
        return None;
    }
    let sender = if is_reply { Sender::Server } else { Sender::Client };
    let records = u32::from(answers) + u32::from(authority) + u32::from(additional);
    match records::end(bytes, end + 4, records) {
        Some(end) if end == length => Some(Finding::Certain(sender)),
        None if bytes.len() < length => Some(Finding::Perhaps(sender)),
        _ => None,
    }
}

/// Names of NetBIOS (RFC 1001 section 14.1), whose messages look like those of DNS: 32 letters from A to P.
fn is_netbios(name: &[u8]) -> bool {
    name.first() == Some(&32)
        && name.get(1..33).is_some_and(|letters| letters.iter().all(|byte| (b'A'..=b'P').contains(byte)))
}

/// The hash that a query has in common with its response, and how they belong together.
#[inline(always)]
fn exchange_of(message: &Message<'_>, id: u16, qtype: u16, is_reply: bool) -> (u64, u8) {
    if message.packet.transport == PROTOCOL_UDP && matches!(message.server_port, MDNS_PORT | LLMNR_PORT) {
        return multicast_exchange(message, id, is_reply);
    }
    let is_transfer = matches!(qtype, TYPE_IXFR | TYPE_AXFR) && message.packet.transport != PROTOCOL_UDP;
    let pairing = if is_transfer { MANY_ANSWERS } else { 0 };
    (message.exchange(id), pairing)
}

/// A question to a group is answered to the socket that asked, by whoever can (RFC 4795 section 2.3, RFC 6762 section
/// 6.7); between mDNS ports identifiers are 0 and answers go to the group (RFC 6762 section 18.1).
#[cold]
fn multicast_exchange(message: &Message<'_>, id: u16, is_reply: bool) -> (u64, u8) {
    let packet = message.packet;
    let exchange = hash_word(message.client_flow(), u64::from(id));
    let pairing = if packet.source_port == MDNS_PORT && packet.destination_port == MDNS_PORT {
        ALONE
    } else if is_reply {
        OPTIONAL
    } else if is_group(message.addresses().1) {
        MANY_ANSWERS | OPTIONAL
    } else {
        0
    };
    (exchange, pairing | MULTICAST)
}

/// 224.0.0.0/4 or ff00::/8.
fn is_group(address: &Address) -> bool {
    match std::net::Ipv6Addr::from(*address).to_canonical() {
        std::net::IpAddr::V4(address) => address.is_multicast(),
        std::net::IpAddr::V6(address) => address.is_multicast(),
    }
}

/// A hash of what is asked. It only has to tell questions under one key and identifier apart, so that of a long name both
/// ends and the length are enough.
#[inline(always)]
fn asked(seed: u64, qtype: u16, name: Span, text: &[u8]) -> u32 {
    let start = name.start as usize;
    let name = if name.is_none() { &[] } else { &text[start..start + name.length as usize] };
    let seed = seed ^ u64::from(qtype);
    match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => {
            let ends = fold(u64::from_le_bytes(*first) ^ seed, u64::from_le_bytes(*last) ^ seed.rotate_left(32));
            (ends ^ name.len() as u64) as u32
        }
        _ => hash_bytes(seed, name) as u32,
    }
}

/// A query to a host and the response from it belong to one exchange, whose direction is in.
#[inline(always)]
fn exchange_direction(packet: u8, is_reply: bool) -> u8 {
    const IN: u8 = Direction::In as u8;
    const OUT: u8 = Direction::Out as u8;
    match (packet, is_reply) {
        (IN, true) => OUT,
        (OUT, true) => IN,
        (same, _) => same,
    }
}

/// What all sections of a response say. Damage ends the walk: what was found before it holds, and nothing is said of
/// data.
#[inline(never)] // seldom asked for
fn read_sections(bytes: &[u8], header: [u16; 6], (qtype, end): (u16, usize), table: &mut Messages) {
    let [_, flags, questions, ..] = header;
    let row = table.last_row();
    let found = ResponseRecords::read(bytes, end, counts_of(header), qtype);
    table.rcode[row] |= u16::from(found.extended_rcode) << 4;
    table.signatures[row] = u8::from(found.has_signature);
    let may_lack_data = found.is_whole && questions == 1 && !QUESTION_TYPES.contains(&qtype);
    let is_noerror_query = flags & FLAGS_NODATA == FLAG_RESPONSE && found.extended_rcode == 0;
    table.nodata[row] = u8::from(may_lack_data && is_noerror_query && found.lacks_data());
}

#[inline(always)]
fn read_header(bytes: &[u8]) -> Option<[u16; 6]> {
    let bytes = bytes.first_chunk::<HEADER_BYTES>()?;
    let word = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    Some([word(0), word(2), word(4), word(6), word(8), word(10)])
}

/// How many records the header announces: answers, authority, additional.
#[inline(always)]
fn counts_of(header: [u16; 6]) -> [u16; 3] {
    [header[3], header[4], header[5]]
}

#[inline(always)]
fn read_question(bytes: &[u8], questions: u16, text: &mut Vec<u8>) -> Option<Question> {
    if questions == 0 {
        return Some(Question { qtype: 0, name: name::Parts::NONE, end: HEADER_BYTES });
    }
    let (name, name_end) = name::read(bytes, HEADER_BYTES, text)?;
    let [high, low, ..] = *bytes.get(name_end..)?.first_chunk::<4>()?;
    let end = name_end + 4;
    let end = if questions == 1 { end } else { behind_questions(bytes, end, questions - 1)? };
    Some(Question { qtype: u16::from_be_bytes([high, low]), name, end })
}

/// Where further questions end.
#[cold]
fn behind_questions(bytes: &[u8], start: usize, count: u16) -> Option<usize> {
    let mut end = start;
    for _ in 0..count.min(MOST_QUESTIONS - 1) {
        end = name::skip(bytes, end)? + 4;
        if end > bytes.len() {
            return None;
        }
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;
    use crate::table::PacketRow;

    const CLIENT: &str = "192.0.2.10";
    const SERVER: &str = "192.0.2.53";

    fn address(text: &str) -> Address {
        match text.parse().expect("an address") {
            std::net::IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            std::net::IpAddr::V6(address) => address.octets(),
        }
    }

    /// Exchange, pairing and what is asked of a message for `www.example.com` between two ends.
    fn row_of(source: (&str, u16), destination: (&str, u16), flags: u16, server_port: u16) -> (u64, u8, u32) {
        let packet = PacketRow {
            transport: PROTOCOL_UDP,
            source: address(source.0),
            destination: address(destination.0),
            source_port: source.1,
            destination_port: destination.1,
            ..PacketRow::EMPTY
        };
        let frame = Frame { time_ns: 0, link_type: 1, interface: 0, wire_bytes: 0, data: &[] };
        let payload = [&[0, 7], &flags.to_be_bytes()[..], b"\0\x01\0\0\0\0\0\0\x03WwW\x03com\0\0\x01\0\x01"].concat();
        let message = Message {
            payload: &payload,
            packet: &packet,
            packet_row: 0,
            wire_bytes: 0,
            frame: &frame,
            ends: None,
            seed: 1,
            server_port,
        };
        let (mut table, mut decoder) = (Messages::default(), Decoder::default());
        decoder.set_needs(&Needs::all());
        assert_eq!(decoder.decode(&message, &mut table, &mut Ledger::default()), None);
        let ends = if flags & FLAG_RESPONSE == 0 { [source.0, destination.0] } else { [destination.0, source.0] };
        assert_eq!([table.client()[0], table.server()[0]], ends.map(address), "who asks, who is asked");
        (table.exchange()[0], table.pairing()[0], table.question()[0])
    }

    #[test]
    fn a_response_has_the_exchange_of_its_query_and_asks_nothing() {
        let (exchange, pairing, question) = row_of((CLIENT, 4000), (SERVER, 53), 0x0100, 53);
        assert_eq!((pairing, question == 0), (0, false));
        assert_eq!(row_of((SERVER, 53), (CLIENT, 4000), 0x8180, 53), (exchange, 0, 0));
        assert_ne!(row_of((SERVER, 53), (CLIENT, 4001), 0x8180, 53).0, exchange);
    }

    #[test]
    fn an_exchange_is_of_two_addresses_and_two_ports_whichever_goes_with_which() {
        let exchange_of = |source, destination| row_of(source, destination, 0x8180, 53).0;
        let asked = row_of((CLIENT, 4000), (SERVER, 53), 0x0100, 53).0;
        assert_eq!(exchange_of((CLIENT, 53), (SERVER, 4000)), asked, "the ports alone were swapped");
        let others = [
            exchange_of((SERVER, 53), (SERVER, 4000)),
            exchange_of((CLIENT, 53), (CLIENT, 4000)),
            exchange_of((SERVER, 53), (CLIENT, 53)),
            exchange_of(("192.0.2.11", 53), ("192.0.2.52", 4000)),
        ];
        assert!(others.iter().all(|other| *other != asked));
    }

    #[test]
    fn whoever_is_of_a_group_answers_the_socket_that_asked() {
        for (group, port) in [("224.0.0.252", LLMNR_PORT), ("ff02::1:3", LLMNR_PORT), ("224.0.0.251", MDNS_PORT)] {
            let (asked, pairing, _) = row_of((CLIENT, 4000), (group, port), 0, port);
            assert_eq!(pairing, MANY_ANSWERS | OPTIONAL | MULTICAST);
            let (answered, pairing, _) = row_of((SERVER, port), (CLIENT, 4000), 0x8000, port);
            assert_eq!((answered, pairing), (asked, OPTIONAL | MULTICAST), "{group}");
        }
    }

    #[test]
    fn between_multicast_ports_nothing_is_paired_and_a_server_there_is_like_any_other() {
        assert_eq!(row_of((CLIENT, MDNS_PORT), ("224.0.0.251", MDNS_PORT), 0, MDNS_PORT).1, ALONE | MULTICAST);
        assert_eq!(row_of((CLIENT, 4000), (SERVER, MDNS_PORT), 0, MDNS_PORT).1, MULTICAST);
    }

    #[test]
    fn the_port_of_the_server_is_the_one_that_names_the_protocol() {
        let port = |source, destination, server_port| {
            let packet = PacketRow { source_port: source, destination_port: destination, ..PacketRow::EMPTY };
            let frame = Frame { time_ns: 0, link_type: 1, interface: 0, wire_bytes: 0, data: &[] };
            let message = Message {
                payload: &[],
                packet: &packet,
                packet_row: 0,
                wire_bytes: 0,
                frame: &frame,
                ends: None,
                seed: 1,
                server_port,
            };
            message.client().1
        };
        assert_eq!(port(40_000, 53, 53), 40_000);
        assert_eq!(port(53, 40_000, 53), 40_000);
        assert_eq!(port(5353, 5353, 5353), 5353);
    }
}
