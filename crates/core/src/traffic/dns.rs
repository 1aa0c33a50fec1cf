//! Exchanges of DNS: what clients ask resolvers, and what resolvers of others ask the site's name server.

use super::frames::{Path, Script, words};
use super::random::Random;
use super::site::Site;
use super::tcp::{Connection, Side};

const MICROSECOND_NS: f64 = 1e3;
const RETRY_NS: u64 = 1_000_000_000;
const CLASS_IN: u16 = 1;
/// To the name in the question (RFC 1035 section 4.1.4).
const QUESTION_NAME: u16 = 0xc000 | HEADER_BYTES;
const HEADER_BYTES: u16 = 12;

const FLAG_RESPONSE: u16 = 0x8000;
const FLAG_AUTHORITATIVE: u16 = 0x0400;
const FLAG_TRUNCATED: u16 = 0x0200;
const FLAG_RECURSION_DESIRED: u16 = 0x0100;
const FLAG_RECURSION_AVAILABLE: u16 = 0x0080;

const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const PTR: u16 = 12;
const MX: u16 = 15;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const OPT: u16 = 41;
const HTTPS: u16 = 65;
const TYPES: [(u16, f64); 8] =
    [(A, 0.52), (AAAA, 0.24), (HTTPS, 0.11), (PTR, 0.05), (TXT, 0.03), (MX, 0.02), (NS, 0.02), (SOA, 0.01)];

const TEXTS: [&str; 2] = ["v=spf1 -all", "site-verification=00000000000000000000000000000000"];
const SERVERS: [&str; 3] = ["ns1", "ns2", "host"];

/// How an exchange ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Found,
    NoData,
    NoName,
    Failed,
    Refused,
    /// Nobody answers; the question is asked once more.
    Silent,
}

const OUTCOMES: [(Outcome, f64); 6] = [
    (Outcome::Found, 0.855),
    (Outcome::NoData, 0.05),
    (Outcome::NoName, 0.07),
    (Outcome::Failed, 0.012),
    (Outcome::Refused, 0.003),
    (Outcome::Silent, 0.01),
];

impl Outcome {
    const fn code(self) -> u16 {
        match self {
            Self::Failed => 2,
            Self::NoName => 3,
            Self::Refused => 5,
            Self::Found | Self::NoData | Self::Silent => 0,
        }
    }
}

/// What is asked.
struct Question {
    id: u16,
    flags: u16,
    kind: u16,
    /// Name, type and class on the wire.
    wire: Vec<u8>,
    /// Where the last two labels of the name stand in the message: its zone, as far as we know.
    zone_at: u16,
}

/// Writes an exchange.
pub fn exchange(site: &Site, random: &mut Random, script: &mut Script) {
    let kind = random.weighted(&TYPES);
    let outcome = random.weighted(&OUTCOMES);
    if random.happens(0.2) {
        let path = site.to_name_server(random);
        let label = random.one_of(&["www", "shop", "mail", "api", "ns1"]);
        let name = if outcome == Outcome::NoName {
            unheard_of(random, "site.example")
        } else {
            format!("{label}.site.example")
        };
        let question = Question::new(random, &name, kind, 0);
        let elapsed_ns = random.log_normal(180.0, 0.5) * MICROSECOND_NS;
        return over_udp(&question, path, outcome, FLAG_AUTHORITATIVE, elapsed_ns as u64, random, script);
    }
    let rank = site.name_ranks.draw(random);
    let name = match (outcome, kind) {
        (_, PTR) => format!("{}.0.20.10.in-addr.arpa", random.below(250)),
        (Outcome::NoName, _) => unheard_of(random, &site.names[rank]),
        _ => site.names[rank].clone(),
    };
    let (path, resolver) = site.to_resolver(random);
    let question = Question::new(random, &name, kind, FLAG_RECURSION_DESIRED);
    let elapsed_ns = resolver_us(random, resolver) * MICROSECOND_NS;
    if random.happens(0.02) {
        return over_tcp(&question, path, elapsed_ns as u64, random, script);
    }
    over_udp(&question, path, outcome, FLAG_RECURSION_AVAILABLE, elapsed_ns as u64, random, script);
}

/// Below a name that there is, one that there is not.
fn unheard_of(random: &mut Random, name: &str) -> String {
    let zone = name.split_once('.').map(|(_, zone)| zone).filter(|zone| zone.contains('.')).unwrap_or(name);
    let digits = random.below(14);
    format!("{}-{:x}.{zone}", random.one_of(&["wpad", "old", "printer", "tmp"]), random.below(1 << digits))
}

/// Most answers come from a resolver's cache. Resolvers with higher numbers are farther away.
fn resolver_us(random: &mut Random, resolver: u64) -> f64 {
    let way_us = random.log_normal(900.0 * (resolver * resolver + 1) as f64, 0.2);
    let is_known = random.happens(0.72);
    way_us + if is_known { random.log_normal(60.0, 0.4) } else { random.log_normal(24_000.0, 0.8) }
}

fn over_udp(
    question: &Question,
    path: Path,
    outcome: Outcome,
    flags: u16,
    elapsed_ns: u64,
    random: &mut Random,
    script: &mut Script,
) {
    let asked = path.udp(&question.query());
    script.push((0, asked.clone()));
    let mut begin_ns = 0;
    if outcome == Outcome::Silent {
        script.push((RETRY_NS, asked));
        if random.happens(0.5) {
            return;
        }
        begin_ns = RETRY_NS;
    }
    let answer = question.response(flags, outcome, 1 + random.below(3) as u16, random);
    script.push((begin_ns + elapsed_ns, path.back().udp(&answer)));
}

/// The answer does not fit, and is asked for again over TCP.
fn over_tcp(question: &Question, path: Path, elapsed_ns: u64, random: &mut Random, script: &mut Script) {
    script.push((0, path.udp(&question.query())));
    let flags = FLAG_RECURSION_AVAILABLE | FLAG_TRUNCATED;
    script.push((elapsed_ns, path.back().udp(&question.response(flags, Outcome::NoData, 0, random))));
    let prefixed = |message: Vec<u8>| [&(message.len() as u16).to_be_bytes()[..], &message].concat();
    let answer = question.response(FLAG_RECURSION_AVAILABLE, Outcome::Found, 30 + random.below(40) as u16, random);
    let mut connection = Connection::open(script, path, elapsed_ns, elapsed_ns + 50_000, random);
    connection.send(Side::Client, &prefixed(question.query()));
    connection.send(Side::Server, &prefixed(answer));
    connection.close(false);
}

impl Question {
    fn new(random: &mut Random, name: &str, kind: u16, flags: u16) -> Self {
        let labels: Vec<_> = name.split('.').collect();
        let mut wire: Vec<u8> = labels.iter().flat_map(|label| encoded(label)).collect();
        wire.push(0);
        let zone_bytes: usize = 1 + labels.iter().rev().take(2).map(|label| label.len() + 1).sum::<usize>();
        let zone_at = HEADER_BYTES + (wire.len() - zone_bytes) as u16;
        wire.extend(words(&[kind, CLASS_IN]));
        Self { id: random.number() as u16, flags, kind, wire, zone_at }
    }

    fn query(&self) -> Vec<u8> {
        [words(&[self.id, self.flags, 1, 0, 0, 1]), self.wire.clone(), options()].concat()
    }

    fn response(&self, flags: u16, outcome: Outcome, records: u16, random: &mut Random) -> Vec<u8> {
        let is_found = matches!(outcome, Outcome::Found | Outcome::Silent);
        let is_alias = is_found && matches!(self.kind, A | AAAA) && random.happens(0.25);
        let answers = if is_found { records + u16::from(is_alias) } else { 0 };
        let has_authority = matches!(outcome, Outcome::NoData | Outcome::NoName) && flags & FLAG_TRUNCATED == 0;
        let flags = FLAG_RESPONSE | self.flags | flags | outcome.code();
        let mut message = words(&[self.id, flags, 1, answers, u16::from(has_authority), 1]);
        message.extend(&self.wire);
        let mut owner = QUESTION_NAME;
        if is_alias {
            let alias = [encoded(&format!("edge{}", random.below(9))), words(&[QUESTION_NAME])].concat();
            append(&mut message, owner, CNAME, &alias);
            owner = 0xc000 | (message.len() - alias.len()) as u16;
        }
        for _ in 0..if is_found { records } else { 0 } {
            let data = self.data(self.kind, random);
            append(&mut message, owner, self.kind, &data);
        }
        if has_authority {
            let data = self.data(SOA, random);
            append(&mut message, 0xc000 | self.zone_at, SOA, &data);
        }
        message.extend(options());
        message
    }

    /// What a record of a type says.
    fn data(&self, kind: u16, random: &mut Random) -> Vec<u8> {
        let zone = words(&[0xc000 | self.zone_at]);
        let below_zone = |label: &str| [encoded(label), zone.clone()].concat();
        match kind {
            A => vec![198, 51, 100, random.below(80) as u8],
            AAAA => [&words(&[0x2001, 0xdb8, 0xf0c6, 0, 0, 0, 0])[..], &[0, random.below(80) as u8]].concat(),
            HTTPS => [&words(&[1])[..], &[0], &words(&[1, 3]), b"\x02h2"].concat(),
            MX => [words(&[10]), below_zone("mail")].concat(),
            TXT => encoded(random.one_of(&TEXTS)),
            SOA => {
                let times = [2_026_010_100_u32, 7200, 3600, 1_209_600, 300].map(u32::to_be_bytes);
                [below_zone("ns1"), below_zone("hostmaster"), times.concat()].concat()
            }
            _ => below_zone(random.one_of(&SERVERS)),
        }
    }
}

/// A label, or a text, with its length before it.
fn encoded(label: &str) -> Vec<u8> {
    [&[label.len() as u8], label.as_bytes()].concat()
}

fn append(message: &mut Vec<u8>, owner: u16, kind: u16, data: &[u8]) {
    message.extend(words(&[owner, kind, CLASS_IN, 0, 300, data.len() as u16]));
    message.extend(data);
}

/// An OPT record (RFC 6891) for answers of up to 1,232 bytes.
fn options() -> Vec<u8> {
    [&[0][..], &words(&[OPT, 1232, 0, 0, 0])].concat()
}
