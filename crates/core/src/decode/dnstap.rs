//! dnstap: DNS messages as a server saw them, in protobuf (<https://dnstap.info>, schema `dnstap.proto`).
//!
//! A message makes a row of the packet table, with what is known of its ends, and one of the table `dns`, which the
//! decoder of DNS fills. What the server did not say stays empty.

mod texts;

use super::app::{Message, Needs, dns};
use super::{PROTOCOL_TCP, PROTOCOL_UDP};
use crate::decode::Batch;
use crate::frame::Frame;
use crate::hosts::Hosts;
use crate::malformed::{Malformed, malformed};
use crate::table::{Address, Direction, PacketRow};
use texts::Texts;

malformed! {
    BAD_PROTOBUF "dnstap.bad_protobuf", "The content of a data frame does not follow protobuf";
    NO_MESSAGE "dnstap.no_message", "A data frame holds no message, or one of an unknown type";
    BAD_ADDRESS "dnstap.bad_address", "An address is neither of 4 nor of 16 bytes; the message counts without it";
    LONG_TEXT "dnstap.long_text", "A text, such as the server's name for itself, has more than 255 bytes; the message counts with the first of them";
    BAD_ZONE "dnstap.bad_zone", "The zone is no name as DNS writes them; the message counts without it";
    BAD_CONTROL "dnstap.bad_control", "A control frame can't be read, or is of an unknown type";
    OUT_OF_ORDER "dnstap.out_of_order", "A control frame comes where the handshake has no place for it";
    OTHER_CONTENT "dnstap.content_type", "The stream offers other content than dnstap";
    FRAME_TOO_LONG "dnstap.frame_too_long", "A frame is longer than any that is taken";
    CUT_FRAME "dnstap.cut_frame", "The stream ends within a frame";
}

/// What frame streams call it.
pub const CONTENT_TYPE: &str = "protobuf:dnstap.Dnstap";

const NANOSECONDS: u64 = 1_000_000_000;

/// Who asked whom. With a query's number, or that of its response, one more: the types of `dnstap.proto`.
const LAST_TYPE: u64 = 14;
const AUTH_QUERY: u8 = 1;
const CLIENT_QUERY: u8 = 5;
const UPDATE_QUERY: u8 = 13;
/// A `Dnstap` that holds a message; there is no other type.
const TYPE_MESSAGE: u64 = 1;

/// One message as its server told of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tap<'a> {
    /// `Message.Type`, 1 to 14: queries are odd, and each is followed by its response.
    pub kind: u8,
    family: u64,
    protocol: u64,
    query_address: Option<Address>,
    response_address: Option<Address>,
    query_port: u16,
    response_port: u16,
    query_time_ns: Option<i64>,
    response_time_ns: Option<i64>,
    query: Option<&'a [u8]>,
    response: Option<&'a [u8]>,
    identity: Option<&'a [u8]>,
    version: Option<&'a [u8]>,
    zone: Option<&'a [u8]>,
    policy: Option<Policy<'a>>,
    has_bad_address: bool,
    /// Size of all that told of it.
    bytes: u32,
}

impl<'a> Tap<'a> {
    /// Reads the content of a data frame.
    ///
    /// # Errors
    /// The reason why it holds no message that could be counted.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (mut kind, mut message, mut identity, mut version) = (None, None, None, None);
        for field in Fields(bytes) {
            match field? {
                (1, Value::Bytes(bytes)) => identity = Some(bytes),
                (2, Value::Bytes(bytes)) => version = Some(bytes),
                (14, Value::Bytes(bytes)) => message = Some(bytes),
                (15, Value::Number(number)) => kind = Some(number),
                _ => {}
            }
        }
        let message = message.filter(|_| kind == Some(TYPE_MESSAGE)).ok_or(NO_MESSAGE)?;
        Ok(Self { identity, version, ..Self::of(message, bytes.len())? })
    }

    fn of(message: &'a [u8], bytes: usize) -> Result<Self, Malformed> {
        let mut tap = Self { bytes: bytes as u32, ..Self::default() };
        let (mut kind, mut query_time, mut response_time) = (0, Time::default(), Time::default());
        for field in Fields(message) {
            match field? {
                (1, Value::Number(number)) => kind = number,
                (2, Value::Number(number)) => tap.family = number,
                (3, Value::Number(number)) => tap.protocol = number,
                (4, Value::Bytes(bytes)) => tap.query_address = tap.address(bytes),
                (5, Value::Bytes(bytes)) => tap.response_address = tap.address(bytes),
                (6, Value::Number(number)) => tap.query_port = number as u16,
                (7, Value::Number(number)) => tap.response_port = number as u16,
                (8, Value::Number(number)) => query_time.seconds = Some(number),
                (9, Value::Fixed32(number)) => query_time.nanoseconds = number,
                (10, Value::Bytes(bytes)) => tap.query = Some(bytes),
                (11, Value::Bytes(bytes)) => tap.zone = Some(bytes),
                (12, Value::Number(number)) => response_time.seconds = Some(number),
                (13, Value::Fixed32(number)) => response_time.nanoseconds = number,
                (14, Value::Bytes(bytes)) => tap.response = Some(bytes),
                (15, Value::Bytes(bytes)) => tap.policy = Some(Policy::read(bytes)?),
                _ => {}
            }
        }
        if !(1..=LAST_TYPE).contains(&kind) {
            return Err(NO_MESSAGE);
        }
        tap.kind = kind as u8;
        (tap.query_time_ns, tap.response_time_ns) = (query_time.ns(), response_time.ns());
        Ok(tap)
    }

    fn address(&mut self, bytes: &[u8]) -> Option<Address> {
        match *bytes {
            [a, b, c, d] => Some(super::mapped([a, b, c, d])),
            _ => {
                let address = bytes.try_into().ok();
                self.has_bad_address |= address.is_none();
                address
            }
        }
    }

    pub fn is_reply(&self) -> bool {
        self.kind.is_multiple_of(2)
    }

    /// When the message was seen; the other time where only that is told.
    pub fn time_ns(&self) -> Option<i64> {
        if self.is_reply() {
            self.response_time_ns.or(self.query_time_ns)
        } else {
            self.query_time_ns.or(self.response_time_ns)
        }
    }

    /// Whether one of its ends is in these networks.
    pub fn is_of(&self, networks: &Hosts) -> bool {
        [self.query_address, self.response_address].into_iter().flatten().any(|address| networks.contains(&address))
    }

    /// Queries to the server that tells, and the responses to what it asked itself, come in.
    fn direction(&self) -> Direction {
        let question = self.kind - u8::from(self.is_reply());
        let is_asked = matches!(question, AUTH_QUERY | CLIENT_QUERY | UPDATE_QUERY);
        if is_asked == self.is_reply() { Direction::Out } else { Direction::In }
    }

    fn ip_version(&self) -> u8 {
        let of_address = |address: Address| if address.starts_with(&super::mapped([0; 4])[..12]) { 4 } else { 6 };
        match self.family {
            1 => 4,
            2 => 6,
            _ => self.query_address.or(self.response_address).map_or(0, of_address),
        }
    }

    /// As `dns.transport` has it.
    fn transport(&self) -> u8 {
        match self.protocol {
            1 => PROTOCOL_UDP,
            2 => PROTOCOL_TCP,
            number @ 3..=7 => number as u8 - 2,
            _ => 0,
        }
    }

    /// The end that asks is the source, whichever way the message goes.
    fn packet(&self, time_ns: i64) -> PacketRow {
        let transport = self.transport();
        PacketRow {
            time_ns,
            bytes: self.bytes,
            wire_bytes: self.bytes,
            direction: self.direction() as u8,
            ip_version: self.ip_version(),
            source: self.query_address.unwrap_or_default(),
            destination: self.response_address.unwrap_or_default(),
            transport: if matches!(transport, PROTOCOL_UDP | PROTOCOL_TCP) { transport } else { 0 },
            source_port: self.query_port,
            destination_port: self.response_port,
            ..PacketRow::EMPTY
        }
    }
}

/// The policy that a server applied to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Policy<'a> {
    kind: Option<&'a [u8]>,
    rule: Option<&'a [u8]>,
    action: Option<u64>,
    /// What the rule looked at.
    matched: Option<u64>,
    value: Option<&'a [u8]>,
}

impl<'a> Policy<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut policy = Self::default();
        for field in Fields(bytes) {
            match field? {
                (1, Value::Bytes(bytes)) => policy.kind = Some(bytes),
                (2, Value::Bytes(bytes)) => policy.rule = Some(bytes),
                (3, Value::Number(number)) => policy.action = Some(number),
                (4, Value::Number(number)) => policy.matched = Some(number),
                (5, Value::Bytes(bytes)) => policy.value = Some(bytes),
                _ => {}
            }
        }
        Ok(policy)
    }
}

#[derive(Default)]
struct Time {
    seconds: Option<u64>,
    nanoseconds: u32,
}

impl Time {
    fn ns(&self) -> Option<i64> {
        let seconds_ns = self.seconds?.saturating_mul(NANOSECONDS);
        Some(i64::try_from(seconds_ns.saturating_add(u64::from(self.nanoseconds))).unwrap_or(i64::MAX))
    }
}

/// Writes the rows of dnstap messages. One per worker.
#[derive(Debug, Default)]
pub struct Decoder {
    dns: dns::Decoder,
    texts: Texts,
    seed: u64,
}

impl Decoder {
    /// `seed` keys hashes: random per process.
    pub fn new(seed: u64) -> Self {
        Self { dns: dns::Decoder::default(), texts: Texts::default(), seed }
    }

    pub fn set_needs(&mut self, needs: &Needs) {
        self.dns.set_needs(needs);
        self.texts = Texts::of(needs);
    }

    /// Writes the rows of a message and counts it as decoded or malformed.
    pub fn decode(&mut self, tap: &Tap<'_>, time_ns: i64, batch: &mut Batch) {
        let packet = tap.packet(time_ns);
        batch.packets.push(&packet);
        let payload = if tap.is_reply() { tap.response } else { tap.query };
        let frame = Frame { time_ns, link_type: 0, interface: 0, wire_bytes: tap.bytes, data: &[] };
        let message = Message {
            payload: payload.unwrap_or(&[]),
            wire_bytes: payload.map_or(0, <[u8]>::len) as u32,
            packet: &packet,
            packet_row: batch.packets.last_row() as u32,
            frame: &frame,
            ends: None,
            seed: self.seed,
            server_port: tap.response_port,
        };
        let (texts, bad_text) = self.texts.write(tap, &mut batch.apps.dns);
        let told = dns::Told { kind: tap.kind, transport: tap.transport(), client_port: tap.query_port, texts };
        let fault = self.dns.decode_told(&message, told, payload.is_some(), &mut batch.apps.dns);
        let bad_address = tap.has_bad_address.then_some(BAD_ADDRESS);
        match bad_address.or(bad_text).or(fault) {
            None => batch.ledger.decoded += 1,
            Some(reason) => batch.ledger.count_malformed(reason),
        }
    }
}

/// What a protobuf field holds; a number may be of any width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value<'a> {
    Number(u64),
    Fixed32(u32),
    Fixed64,
    Bytes(&'a [u8]),
}

/// The fields of a protobuf message, in their order; the first that can't be read is the last.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for (at, byte) in self.0.iter().enumerate().take(10) {
            number |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                self.0 = &self.0[at + 1..];
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, count: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(count).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed64)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().ok()?)),
            _ => return None,
        };
        (tag >> 3 != 0).then_some((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field().ok_or(BAD_PROTOBUF);
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
#[path = "dnstap_tests.rs"]
mod tests;
