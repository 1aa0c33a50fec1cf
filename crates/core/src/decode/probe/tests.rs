use super::*;
use crate::frame::Frame;

const FRAME: Frame<'_> = Frame { time_ns: 0, link_type: 1, interface: 0, wire_bytes: 0, data: &[] };
const QUERY: &[u8] = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x03www\x07example\0\0\x01\0\x01";
const CLIENT_PORT: u16 = 40_000;
const SERVER_PORT: u16 = 8600;

fn dns() -> u8 {
    PROTOCOLS.iter().position(|protocol| protocol.name == "dns").expect("there is DNS") as u8
}

fn found() -> Option<Service> {
    Some(Service { protocol: dns(), port: SERVER_PORT })
}

/// A prober, and packets of which each has its second and its client.
struct Story {
    prober: Prober,
    ledger: Ledger,
    second: i64,
    client: u8,
}

impl Story {
    fn new() -> Self {
        Self { prober: Prober::with_room(&[dns()], 64), ledger: Ledger::default(), second: 100, client: 1 }
    }

    fn packet(&self, is_answer: bool) -> PacketRow {
        let mut client = [9; 16];
        client[15] = self.client;
        let (ends, ports) = ([client, [8; 16]], [CLIENT_PORT, SERVER_PORT]);
        let (from, to) = if is_answer { (1, 0) } else { (0, 1) };
        PacketRow {
            time_ns: self.second * 1_000_000_000,
            source: ends[from],
            destination: ends[to],
            source_port: ports[from],
            destination_port: ports[to],
            ..PacketRow::EMPTY
        }
    }

    fn find(&mut self, payload: &[u8], is_answer: bool, is_stream: bool) -> Option<Service> {
        let packet = self.packet(is_answer);
        let message = message(payload, &packet);
        self.prober.find(&message, is_stream, &mut self.ledger)
    }

    fn datagram(&mut self, payload: &[u8]) -> Option<Service> {
        self.find(payload, false, false)
    }
}

fn message<'a>(payload: &'a [u8], packet: &'a PacketRow) -> Message<'a> {
    let wire_bytes = payload.len() as u32;
    Message { payload, wire_bytes, packet, packet_row: 0, frame: &FRAME, ends: None, seed: 7, server_port: 0 }
}

fn answer() -> Vec<u8> {
    let mut bytes = QUERY.to_vec();
    (bytes[2], bytes[3], bytes[7]) = (0x81, 0x80, 1);
    bytes.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01");
    bytes
}

fn probe_of(bytes: &[u8], wire_bytes: usize, is_stream: bool) -> Finding {
    let probe = PROTOCOLS[usize::from(dns())].probe.expect("DNS is known by its content");
    probe(&Probed { bytes, wire_bytes: wire_bytes as u32, is_stream })
}

#[test]
fn a_message_tells_its_protocol_and_who_is_the_server_whichever_end_sends_first() {
    assert_eq!(Story::new().datagram(QUERY), found());
    assert_eq!(Story::new().find(&answer(), true, false), found());
    let framed = [&(QUERY.len() as u16).to_be_bytes()[..], QUERY].concat();
    assert_eq!(Story::new().find(&framed, false, true), found());
    assert_eq!(Story::new().find(QUERY, false, true), None, "over TCP a length comes first");
}

#[test]
fn what_is_found_holds_for_the_rest_of_the_flow() {
    let mut story = Story::new();
    assert_eq!(story.datagram(QUERY), found());
    assert_eq!((story.datagram(b"broken"), story.find(b"", true, false)), (found(), found()));
    story.second += i64::from(IDLE_S) + 1;
    assert_eq!(story.datagram(b"broken"), None, "its ports may be others' by now");
}

#[test]
fn a_flow_that_begins_anew_is_looked_at_anew() {
    let mut story = Story::new();
    assert_eq!(story.datagram(QUERY), found());
    let packet = story.packet(false);
    story.prober.forget(&message(b"", &packet));
    assert_eq!(story.datagram(b""), None);
    assert_eq!(story.datagram(b"GET / HTTP/1.1"), None);
}

#[test]
fn only_the_first_payloads_of_a_flow_are_looked_at() {
    let mut story = Story::new();
    (0..MOST_TRIES).for_each(|_| assert_eq!(story.datagram(b"something else"), None));
    assert_eq!(story.datagram(QUERY), None);
    story.client = 2;
    (1..MOST_TRIES).for_each(|_| assert_eq!(story.datagram(b"something else"), None));
    (0..9).for_each(|_| assert_eq!(story.datagram(b""), None, "there is nothing to look at"));
    assert_eq!(story.datagram(QUERY), found());
}

#[test]
fn what_could_not_be_seen_to_its_end_is_believed_the_second_time() {
    let whole = answer();
    let cut = |story: &mut Story| {
        let packet = story.packet(true);
        let cut = Message { wire_bytes: whole.len() as u32, ..message(&whole[..40], &packet) };
        story.prober.find(&cut, false, &mut story.ledger)
    };
    let mut story = Story::new();
    assert_eq!((cut(&mut story), cut(&mut story)), (None, found()));
    let mut story = Story::new();
    assert_eq!((cut(&mut story), story.datagram(b"something else"), cut(&mut story)), (None, None, None));
}

#[test]
fn a_table_that_is_full_forgets_the_flow_that_was_silent_for_longest_and_counts_it() {
    let mut story = Story { prober: Prober::with_room(&[dns()], WAYS), ..Story::new() };
    for client in 1..=WAYS as u8 + 1 {
        (story.client, story.second) = (client, 100 + i64::from(client));
        assert_eq!(story.datagram(QUERY), found());
    }
    assert_eq!(story.ledger.evicted.probed_flows, 1);
    story.client = 1;
    assert_eq!(story.datagram(b""), None);
    story.client = 2;
    assert_eq!(story.datagram(b""), found());
    let before = story.prober.memory_bytes();
    story.second += i64::from(IDLE_S) + 1;
    for client in 0..=u8::MAX {
        story.client = client;
        story.datagram(b"something else");
        story.second += i64::from(IDLE_S) + 1;
    }
    assert_eq!(
        (story.ledger.evicted.probed_flows, story.prober.memory_bytes()),
        (1, before),
        "who was over is no loss"
    );
}

#[test]
fn dns_is_what_has_one_question_and_records_to_its_very_end() {
    let whole = answer();
    assert_eq!(probe_of(QUERY, QUERY.len(), false), Finding::Certain(Sender::Client));
    assert_eq!(probe_of(&whole, whole.len(), false), Finding::Certain(Sender::Server));
    assert_eq!(probe_of(&whole[..40], whole.len(), false), Finding::Perhaps(Sender::Server));
    let changed = |at: usize, byte: u8| {
        let mut bytes = QUERY.to_vec();
        bytes[at] = byte;
        probe_of(&bytes, bytes.len(), false)
    };
    for (at, byte, why) in [
        (2, 0x19, "an operation that is not assigned"),
        (3, 0x40, "the reserved bit"),
        (3, 0x03, "a question with a response code"),
        (5, 2, "two questions"),
        (7, 1, "a question with an answer"),
        (11, 1, "a record that is not there"),
        (12, 0x40, "a label of no form"),
        (28, 9, "a class that is not assigned"),
    ] {
        assert_eq!(changed(at, byte), Finding::NotMine, "{why}");
    }
    let longer = [QUERY, b"x"].concat();
    assert_eq!(probe_of(&longer, longer.len(), false), Finding::NotMine, "bytes behind it");
}

#[test]
fn what_resembles_dns_is_not_taken_for_it() {
    let netbios = [&b"\x12\x34\x01\x10\0\x01\0\0\0\0\0\0\x20"[..], &[b'C'; 32], b"\0\0\x20\0\x01"].concat();
    let ntp = [&[0x23, 2, 6, 0xe9][..], &[0; 44]].concat();
    let rtp = [&[0x80, 0, 0, 1][..], &[0x55; 168]].concat();
    for bytes in [&netbios, &ntp, &rtp, &vec![0; 512], &b"GET / HTTP/1.1\r\nHost: example\r\n\r\n".to_vec()] {
        assert_eq!(probe_of(bytes, bytes.len(), false), Finding::NotMine);
        assert_eq!(probe_of(bytes, bytes.len(), true), Finding::NotMine);
    }
}

mod captures {
    use std::path::{Path, PathBuf};

    use super::super::super::app::{Needs, dns};
    use super::super::super::ports::{ANY_PORT, PortSettings};
    use super::super::super::{DecodeConfig, Decoder, PROTOCOL_TCP};
    use crate::decode::Batch;
    use crate::read::CaptureReader;
    use crate::table::Table as _;

    /// Nothing speaks DNS there: with it beside [`ANY_PORT`], content alone tells.
    const NOBODYS_PORT: u16 = 1;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures")
    }

    /// Readable DNS messages of a capture: the server's port, and whether it came over TCP.
    fn messages(path: &Path, ports: &[u16]) -> Vec<(u16, bool)> {
        let Ok(mut reader) = CaptureReader::open(path) else { return Vec::new() };
        let ports = PortSettings::from([("dns".to_owned(), ports.iter().copied().collect())]);
        let mut decoder = Decoder::new(DecodeConfig { needs: Needs::all(), ports, seed: 7, ..DecodeConfig::default() });
        let mut batch = Batch::default();
        while let Some(frame) = reader.next_frame() {
            decoder.decode(&frame, &mut batch);
        }
        decoder.finish(&mut batch);
        let dns = &batch.apps.dns;
        let readable = (0..dns.len()).filter(|row| dns.parsed()[*row] == 1);
        readable.map(|row| (dns.server_port()[row], dns.transport()[row] == PROTOCOL_TCP)).collect()
    }

    #[test]
    fn no_capture_has_dns_where_nobody_speaks_it() {
        for entry in std::fs::read_dir(folder()).unwrap() {
            let path = entry.unwrap().path();
            for (port, _) in messages(&path, &[ANY_PORT, NOBODYS_PORT]) {
                assert!(dns::PROTOCOL.udp.contains(&port), "{} on port {port}", path.display());
            }
        }
    }

    #[test]
    fn content_finds_nearly_all_that_ports_find() {
        let (mut by_port, mut by_content) = ([0, 0], [0, 0]);
        for name in ["dns_authoritative", "dns_dnssec", "dns_ecs", "dns_resolver", "dns_tcp", "dns_truncated"] {
            let path = folder().join(format!("{name}.pcap"));
            messages(&path, dns::PROTOCOL.udp).iter().for_each(|(_, tcp)| by_port[usize::from(*tcp)] += 1);
            let found = messages(&path, &[ANY_PORT, NOBODYS_PORT]);
            found.iter().for_each(|(_, tcp)| by_content[usize::from(*tcp)] += 1);
        }
        for (found, all) in by_content.iter().zip(by_port) {
            assert!(all > 50 && *found <= all && found * 100 >= all * 95, "{by_content:?} of {by_port:?}");
        }
    }
}
