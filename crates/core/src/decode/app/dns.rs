//! DNS messages (RFC 1035) over UDP and TCP: header, first question, and on demand EDNS client subnet (RFC 7871) and
//! the presence of signatures.

use crate::batch::{Address, Direction, Span, table};
use crate::decode::app::{Message, Needs, Ports};
use crate::decode::{name, streams};
use crate::hash::hash_word;
use crate::ledger::{Ledger, Malformed};
use crate::wire::be16;

pub const NAME: &str = "dns";

/// DNS, multicast DNS, link-local name resolution, and a port that some resolvers answer on.
const DNS_PORTS: &[u16] = &[53, 5353, 5355, 53000];

pub const PORTS: Ports = Ports { udp: DNS_PORTS, tcp: DNS_PORTS, framing: Some(streams::DNS_FRAMING) };

const HEADER_BYTES: usize = 12;
/// No more records of a message than this are walked over; the first question stands before them all.
const MOST_RECORDS: u16 = 100;
const TYPE_OPT: u16 = 41;
const TYPE_RRSIG: u16 = 46;
const OPTION_CLIENT_SUBNET: u16 = 8;

table! {
    /// One row per DNS message.
    pub struct Messages, row Row {
        time_ns: i64 => "dns.time_ns", "nanoseconds", "When the message was complete, since 1970";
        packet_row: u32 => "dns.packet_row", "", "Row of its packet in the packet table of the same batch; 2147483648 and more where the packet came in a batch before";
        bytes: u32 => "dns.bytes", "bytes", "Size of the message on the wire, without the length prefix that TCP adds";
        direction: u8 => "dns.direction", "", "0 unknown, 1 in (to a host of ours), 2 out (from one)";
        xact_direction: u8 => "dns.xact_direction", "", "Direction of the exchange: 1 in (a host of ours is asked), 2 out (it asks), 0 unknown";
        ip_version: u8 => "dns.ip_version", "", "4 or 6";
        transport: u8 => "dns.transport", "", "6 TCP, 17 UDP; from dnstap also 1 TLS, 2 HTTPS, 3 DNSCrypt over UDP, 4 DNSCrypt over TCP, 5 QUIC";
        port: u16 => "dns.port", "", "The port that is not the DNS port: the client's";
        exchange: u64 => "dns.exchange", "", "Hash of flow and identifier, equal for a query and its response";
        id: u16 => "dns.id", "", "Identifier";
        flags: u16 => "dns.flags", "", "Second word of the header: QR, opcode, AA, TC, RD, RA, AD, CD, rcode";
        is_reply: u8 => "dns.is_reply", "", "1 for a response, 0 for a query";
        rcode: u8 => "dns.rcode", "", "Response code of the header (4 bits)";
        answers: u16 => "dns.answers", "", "Number of answer records that the header announces";
        parsed: u8 => "dns.parsed", "", "1 where header and question could be read";
        qtype: u16 => "dns.qtype", "", "Type of the first question";
        qname: Span => "dns.qname", "", "Name of the first question, lower case, without the final dot";
        qname2: Span => "dns.qname2", "", "Its last two labels, with the dot before them";
        qname3: Span => "dns.qname3", "", "Its last three labels, with the dot before them";
        ecs: Address => "dns.ecs", "", "Address of the EDNS client subnet option; zeros where there is none";
        signatures: u8 => "dns.signatures", "", "1 where the answer section holds an RRSIG record";
    }
    time time_ns; packet_rows |table| table.packet_row();
}

#[derive(Debug, Default)]
pub struct Decoder {
    needs_ecs: bool,
    needs_signatures: bool,
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
        self.needs_ecs = needs.has("dns.ecs");
        self.needs_signatures = needs.has("dns.signatures");
    }

    /// Writes one row; what can't be read of a message leaves `parsed` at 0 and its columns empty.
    #[inline]
    pub fn decode(
        &mut self,
        message: &Message<'_>,
        table: &mut Messages,
        _ledger: &mut Ledger,
    ) -> Option<Malformed> {
        let port = client_port(message.packet.source_port, message.packet.destination_port);
        if port == 0 {
            return Some(Malformed::DnsBadPort); // nobody's port: not taken for DNS
        }
        let mut header = [0_u16; 6];
        let Some(bytes) = message.payload.first_chunk::<HEADER_BYTES>() else {
            write_row(message, &header, port, None, table);
            return Some(Malformed::DnsTooShort);
        };
        for (word, pair) in header.iter_mut().zip(bytes.chunks_exact(2)) {
            *word = u16::from_be_bytes([pair[0], pair[1]]);
        }
        let question = read_question(message.payload, &header, &mut table.text);
        write_row(message, &header, port, question.as_ref(), table);
        let Some(question) = question else { return Some(Malformed::DnsBadQuestion) };
        if self.needs_ecs || self.needs_signatures {
            self.read_records(message.payload, &header, question.end, table);
        }
        None
    }

    /// Walks answers, authority and additional records for signatures and the client subnet. Damage there ends the
    /// walk and does no harm.
    fn read_records(&self, bytes: &[u8], header: &[u16; 6], start: usize, table: &mut Messages) {
        let [_, flags, questions, answers, authority, additional] = *header;
        let is_reply = flags & 0x8000 != 0;
        let counts = [answers, authority, additional];
        if counts == [0; 3] || (is_reply && !self.needs_signatures) || (!is_reply && !self.needs_ecs) {
            return;
        }
        let mut at = start;
        let mut left = MOST_RECORDS.saturating_sub(questions);
        for (section, count) in counts.into_iter().enumerate() {
            for _ in 0..count {
                if left == 0 {
                    return;
                }
                left -= 1;
                let Some(record) = Record::read(bytes, at) else { return };
                at = record.end;
                if section == 0 && record.kind == TYPE_RRSIG {
                    let row = table.last_row();
                    table.signatures[row] = 1;
                    return;
                }
                if section == 2 && record.kind == TYPE_OPT && !is_reply {
                    let row = table.last_row();
                    table.ecs[row] = client_subnet(record.data);
                    return;
                }
            }
        }
    }
}

/// The DNS port is looked for at the destination first; the other port is the client's.
#[inline(always)]
fn client_port(source: u16, destination: u16) -> u16 {
    if DNS_PORTS.contains(&destination) { source } else { destination }
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

#[inline(always)]
fn read_question(bytes: &[u8], header: &[u16; 6], text: &mut Vec<u8>) -> Option<Question> {
    let questions = header[2];
    if questions == 0 {
        return Some(Question { qtype: 0, name: name::Parts::NONE, end: HEADER_BYTES });
    }
    let (name, name_end) = name::read(bytes, HEADER_BYTES, text)?;
    let qtype = be16(bytes, name_end)?;
    be16(bytes, name_end + 2)?;
    let mut end = name_end + 4;
    for _ in 1..questions.min(MOST_RECORDS) {
        end = name::skip(bytes, end)? + 4;
        if end > bytes.len() {
            return None;
        }
    }
    Some(Question { qtype, name, end })
}

#[inline(always)]
fn write_row(message: &Message<'_>, header: &[u16; 6], port: u16, question: Option<&Question>, table: &mut Messages) {
    let [id, flags, _, answers, ..] = *header;
    let name = question.map_or(name::Parts::NONE, |question| question.name);
    let is_reply = flags >> 15 == 1;
    table.push(&Row {
        time_ns: message.packet.time_ns,
        packet_row: message.packet_row,
        bytes: message.wire_bytes,
        direction: message.packet.direction,
        xact_direction: exchange_direction(message.packet.direction, is_reply),
        ip_version: message.packet.ip_version,
        transport: message.packet.transport,
        port,
        exchange: hash_word(message.flow(), u64::from(id)),
        id,
        flags,
        is_reply: u8::from(is_reply),
        rcode: (flags & 0x0f) as u8,
        answers,
        parsed: u8::from(question.is_some()),
        qtype: question.map_or(0, |question| question.qtype),
        qname: name.whole,
        qname2: name.last_two,
        qname3: name.last_three,
        ..Row::EMPTY
    });
}

/// One resource record (RFC 1035 section 4.1.3).
struct Record<'a> {
    kind: u16,
    data: &'a [u8],
    end: usize,
}

impl<'a> Record<'a> {
    fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let fixed = name::skip(bytes, at)?;
        let kind = be16(bytes, fixed)?;
        let length = usize::from(be16(bytes, fixed + 8)?);
        let start = fixed + 10;
        let data = bytes.get(start..start + length)?;
        Some(Self { kind, data, end: start + length })
    }
}

/// The address of the client subnet option among the options of an OPT record, wherever it stands (RFC 7871 section
/// 6); host bits as sent, zeros where the option is missing, cut or of another family.
fn client_subnet(options: &[u8]) -> Address {
    let mut rest = options;
    while let (Some(code), Some(length)) = (be16(rest, 0), be16(rest, 2)) {
        let Some(option) = rest.get(4..4 + usize::from(length)) else { break };
        if code == OPTION_CLIENT_SUBNET {
            return subnet_address(option).unwrap_or([0; 16]);
        }
        rest = &rest[4 + usize::from(length)..];
    }
    [0; 16]
}

fn subnet_address(option: &[u8]) -> Option<Address> {
    let family = be16(option, 0)?;
    let sent = option.get(4..)?;
    let mut address = [0; 16];
    let (room, start) = match family {
        1 => (4, 12),
        2 => (16, 0),
        _ => return None,
    };
    if sent.is_empty() || sent.len() > room {
        return None;
    }
    if family == 1 {
        address[10..12].fill(0xff);
    }
    address[start..start + sent.len()].copy_from_slice(sent);
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_subnet_is_found_behind_other_options_at_any_prefix_length() {
        let cookie = [0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
        let mut options = cookie.to_vec();
        options.extend([0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2]);
        assert_eq!(client_subnet(&options)[10..], [0xff, 0xff, 192, 0, 2, 0]);
        let v6 = [0, 8, 0, 11, 0, 2, 56, 0, 0x20, 0x01, 0x0d, 0xb8, 1, 2, 3];
        assert_eq!(client_subnet(&v6)[..8], [0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 0]);
        assert_eq!(client_subnet(&v6[..9]), [0; 16], "cut");
        assert_eq!(client_subnet(&[0, 8, 0, 5, 0, 3, 8, 0, 1]), [0; 16], "a family of the future");
    }

    #[test]
    fn the_port_of_the_client_is_the_one_that_is_not_dns() {
        assert_eq!(client_port(40_000, 53), 40_000);
        assert_eq!(client_port(53, 40_000), 40_000);
        assert_eq!(client_port(5353, 5353), 5353);
    }
}
