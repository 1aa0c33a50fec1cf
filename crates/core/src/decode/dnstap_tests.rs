use proptest::prelude::*;

use super::*;
use crate::table::Table;

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

fn fixed32(field: u64, value: u32) -> Vec<u8> {
    [varint(field << 3 | 5), value.to_le_bytes().to_vec()].concat()
}

fn framed(message: &[Vec<u8>]) -> Vec<u8> {
    [bytes(1, b"server"), bytes(14, &message.concat()), number(15, 1)].concat()
}

/// A message for `www.com` of type A, as a query or as a response.
fn dns_message(flags: u16) -> Vec<u8> {
    [&[0, 7], &flags.to_be_bytes()[..], b"\0\x01\0\0\0\0\0\0\x03WwW\x03com\0\0\x01\0\x01"].concat()
}

/// All that a server can tell of a message.
fn whole(kind: u64, protocol: u64) -> Vec<Vec<u8>> {
    vec![
        number(1, kind),
        number(2, 1),
        number(3, protocol),
        bytes(4, &[192, 0, 2, 1]),
        bytes(5, &[192, 0, 2, 53]),
        number(6, 40_000),
        number(7, 53),
        number(8, 100),
        fixed32(9, 7),
        bytes(10, &dns_message(0)),
        number(12, 101),
        fixed32(13, 8),
        bytes(14, &dns_message(0x8003)),
    ]
}

fn decode(content: &[u8]) -> Batch {
    let mut batch = Batch::default();
    let mut decoder = Decoder::new(1);
    decoder.set_needs(&Needs::all());
    batch.ledger.seen += 1;
    match Tap::read(content) {
        Ok(tap) => decoder.decode(&tap, tap.time_ns().unwrap_or(0), &mut batch),
        Err(reason) => batch.ledger.count_malformed(reason),
    }
    assert!(batch.ledger.balances());
    batch
}

#[test]
fn the_type_says_which_message_counts_when_and_which_way_it_goes() {
    // Asked: auth, client, update. Asking: resolver, forwarder, stub, tool.
    let asked = [1, 5, 13];
    for kind in 1..=14_u64 {
        let batch = decode(&framed(&whole(kind, 1)));
        let is_reply = kind % 2 == 0;
        let is_asked = asked.contains(&(kind - u64::from(is_reply)));
        let (packets, messages) = (&batch.packets, &batch.apps.dns);
        assert_eq!(packets.direction()[0], if is_asked == is_reply { 2 } else { 1 }, "type {kind}");
        assert_eq!(messages.xact_direction()[0], if is_asked { 1 } else { 2 });
        assert_eq!((messages.is_reply()[0], messages.dnstap_type()[0]), (u8::from(is_reply), kind as u8));
        assert_eq!(messages.rcode()[0], if is_reply { 3 } else { 0 });
        let time_ns = if is_reply { 101_000_000_008 } else { 100_000_000_007 };
        assert_eq!((packets.time_ns()[0], messages.time_ns()[0]), (time_ns, time_ns));
        assert_eq!(batch.ledger.decoded, 1);
    }
}

#[test]
fn every_transport_has_its_number() {
    let found: Vec<_> = (0..=8)
        .map(|protocol| decode(&framed(&whole(5, protocol))))
        .map(|batch| (batch.apps.dns.transport()[0], batch.packets.transport()[0]))
        .collect();
    assert_eq!(found, [(0, 0), (17, 17), (6, 6), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (0, 0)]);
}

#[test]
fn a_query_and_its_response_are_one_exchange_and_the_source_is_who_asks() {
    let [query, response] = [5, 6].map(|kind| decode(&framed(&whole(kind, 1))));
    assert_eq!(query.apps.dns.exchange(), response.apps.dns.exchange());
    for batch in [query, response] {
        assert_eq!(batch.packets.source()[0][12..], [192, 0, 2, 1]);
        assert_eq!(batch.packets.destination()[0][12..], [192, 0, 2, 53]);
        assert_eq!((batch.apps.dns.port()[0], batch.packets.source_port()[0]), (40_000, 40_000));
        assert_eq!((batch.apps.dns.packet_row(), batch.apps.dns.ip_version()[0]), (&[0][..], 4));
        assert_eq!((batch.apps.dns.parsed()[0], batch.apps.dns.bytes()[0]), (1, 25));
    }
}

#[test]
fn what_is_missing_stays_empty() {
    let batch = decode(&framed(&[number(1, 6), bytes(14, &dns_message(0x8000))]));
    assert_eq!((batch.packets.ip_version()[0], batch.packets.source()[0]), (0, [0; 16]));
    assert_eq!((batch.apps.dns.port()[0], batch.apps.dns.transport()[0], batch.apps.dns.parsed()[0]), (0, 0, 1));
    assert_eq!(batch.ledger.decoded, 1);
    let only_query_time = framed(&[number(1, 6), number(8, 5), bytes(4, &[0x20; 16])]);
    let tap = Tap::read(&only_query_time).unwrap();
    assert_eq!((tap.time_ns(), tap.ip_version()), (Some(5_000_000_000), 6));
    assert_eq!(Tap::read(&framed(&[number(1, 6)])).unwrap().time_ns(), None);
}

#[test]
fn a_message_without_content_counts_by_its_type_alone() {
    for kind in [5, 6] {
        let batch = decode(&framed(&[number(1, kind), number(2, 1), number(3, 1)]));
        let messages = &batch.apps.dns;
        assert_eq!((messages.is_reply()[0], messages.parsed()[0], messages.bytes()[0]), ((kind % 2 == 0).into(), 0, 0));
        assert_eq!((messages.rcode()[0], messages.qname()[0].is_none()), (u16::MAX, true), "no code, no name");
        assert_eq!(batch.ledger.decoded, 1);
    }
    let wrong_side = decode(&framed(&[number(1, 6), bytes(10, &dns_message(0))]));
    assert_eq!((wrong_side.apps.dns.bytes()[0], wrong_side.apps.dns.is_reply()[0]), (0, 1));
}

#[test]
fn what_makes_no_sense_is_counted_with_its_reason() {
    let reason = |content: &[u8]| {
        let batch = decode(content);
        let reasons = Malformed::all().filter(|reason| batch.ledger.malformed(*reason) > 0);
        (reasons.map(Malformed::name).collect::<Vec<_>>().join(" "), batch.packets.len(), batch.apps.dns.len())
    };
    let expected = |reason: &str, rows| (reason.to_owned(), rows, rows);
    assert_eq!(reason(b""), expected("dnstap.no_message", 0));
    assert_eq!(reason(&[0xff; 20]), expected("dnstap.bad_protobuf", 0));
    assert_eq!(reason(&framed(&whole(5, 1))[..40]), expected("dnstap.bad_protobuf", 0));
    assert_eq!(reason(&bytes(14, &whole(5, 1).concat())), expected("dnstap.no_message", 0), "without its type");
    assert_eq!(reason(&framed(&whole(15, 1))), expected("dnstap.no_message", 0), "of an unknown type");
    let bad_address = [number(1, 5), bytes(4, &[1, 2, 3]), bytes(10, &dns_message(0))];
    assert_eq!(reason(&framed(&bad_address)), expected("dnstap.bad_address", 1));
    assert_eq!(reason(&framed(&[number(1, 5), bytes(10, &[0; 11])])), expected("dns.too_short", 1));
    assert_eq!(reason(&framed(&[number(1, 5), bytes(10, &dns_message(0)[..14])])), expected("dns.bad_question", 1));
}

/// A message of a server that tells all texts, with one of them as said.
fn with_texts(identity: &[u8], zone: &[u8], action: u64) -> Vec<u8> {
    let policy = [bytes(1, b"RPZ"), bytes(2, b"*.bad"), number(3, action), number(4, 1), bytes(5, b"www.bad")];
    let message = [whole(6, 1), vec![bytes(11, zone), bytes(15, &policy.concat())]].concat();
    [bytes(1, identity), bytes(2, b"1.2"), bytes(14, &message.concat()), number(15, 1)].concat()
}

/// The texts of the first message, by the names of their columns behind `dnstap.`.
fn texts(batch: &Batch) -> Vec<(&'static str, Option<String>)> {
    let table = &batch.apps.dns;
    let of = |(at, column): (usize, &crate::table::ColumnDefinition)| {
        let crate::table::Column::Text(text) = table.column(at) else { return None };
        let name = column.name.strip_prefix("dnstap.")?;
        Some((name, text.get(0).map(|text| String::from_utf8(text.to_vec()).unwrap())))
    };
    table.definitions().iter().enumerate().filter_map(of).collect()
}

#[test]
fn a_server_tells_of_itself_of_the_zone_and_of_its_policy() {
    let batch = decode(&with_texts(b"ns1", b"\x03LaB\x04test\0", 6));
    let told = [
        ("identity", "ns1"),
        ("version", "1.2"),
        ("zone", "lab.test"),
        ("policy", "RPZ"),
        ("policy_rule", "*.bad"),
        ("policy_action", "LOCAL_DATA"),
        ("policy_match", "QNAME"),
        ("policy_value", "www.bad"),
    ];
    assert_eq!(texts(&batch), told.map(|(name, text)| (name, Some(text.to_owned()))));
    assert_eq!(batch.ledger.decoded, 1);
    let unknown = decode(&with_texts(b"ns1", b"\0", 99));
    assert!(texts(&unknown).contains(&("policy_action", Some("99".to_owned()))));
    assert!(texts(&unknown).contains(&("zone", Some(String::new()))), "the root has an empty name");
}

#[test]
fn texts_that_are_not_told_are_none_and_empty_ones_are_empty() {
    let batch = decode(&framed(&[number(1, 5), bytes(10, &dns_message(0))]));
    assert!(texts(&batch).iter().all(|(name, text)| text.is_none() == (*name != "identity")));
    let empty = [bytes(1, b""), bytes(14, &number(1, 5)), number(15, 1)].concat();
    assert!(texts(&decode(&empty)).contains(&("identity", Some(String::new()))));
}

#[test]
fn a_text_is_bounded_and_valid_and_a_zone_that_is_none_is_counted() {
    let reasons = |content: &[u8]| {
        let batch = decode(content);
        assert_eq!((batch.ledger.malformed_total(), batch.apps.dns.len()), (1, 1), "the message counts");
        (Malformed::all().find(|reason| batch.ledger.malformed(*reason) > 0).unwrap(), texts(&batch))
    };
    let (reason, long) = reasons(&with_texts(&[b'x'; 300], b"\0", 1));
    assert_eq!((reason, long[0].1.as_ref().unwrap().len()), (LONG_TEXT, 255));
    let letters = "\u{e4}".repeat(200);
    let (_, long) = reasons(&with_texts(letters.as_bytes(), b"\0", 1));
    assert_eq!(long[0].1.as_ref().unwrap(), &"\u{e4}".repeat(127), "no half letter");
    let (reason, none) = reasons(&with_texts(b"ns1", b"\x09short", 1));
    assert_eq!((reason, &none[2].1), (BAD_ZONE, &None));
    let wild = decode(&with_texts(b"a\xff\x1b[1m\n", b"\0", 1));
    assert_eq!(texts(&wild)[0].1.as_deref(), Some("a\\255\\027[1m\\010"));
}

#[test]
fn the_text_that_many_messages_have_lies_there_once_and_only_where_somebody_asks() {
    let (mut batch, mut decoder) = (Batch::default(), Decoder::new(1));
    let mut needs = Needs::default();
    let content = with_texts(b"a.long.name.of.a.server", b"\0", 1);
    let tap = Tap::read(&content).unwrap();
    decoder.set_needs(&needs);
    (0..100).for_each(|_| decoder.decode(&tap, 0, &mut batch));
    let without = batch.apps.dns.text.len();
    assert!(batch.apps.dns.dnstap_identity().iter().all(|span| span.is_none()));
    needs.add("dnstap.identity");
    decoder.set_needs(&needs);
    (0..100).for_each(|_| decoder.decode(&tap, 0, &mut batch));
    assert_eq!(batch.apps.dns.text.len(), 2 * without + 23);
    batch.clear();
    decoder.decode(&tap, 0, &mut batch);
    assert_eq!(texts(&batch)[0].1.as_deref(), Some("a.long.name.of.a.server"));
}

#[test]
fn messages_are_of_networks_that_hold_either_end() {
    let networks = Hosts::new([(super::super::mapped([192, 0, 2, 53]), 128)]);
    let of = |message: &[Vec<u8>]| Tap::read(&framed(message)).unwrap().is_of(&networks);
    assert!(of(&whole(5, 1)));
    assert!(of(&[number(1, 5), bytes(5, &[192, 0, 2, 53])]), "the only end that is told");
    assert!(!of(&[number(1, 5), bytes(4, &[192, 0, 2, 1])]));
    assert!(!of(&[number(1, 5)]), "no end is told");
}

/// Starting points for the fuzz target `dnstap`.
#[test]
#[ignore = "writes files for fuzzing; fuzz/run calls it"]
fn fuzz_seeds() {
    let captures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures");
    for name in ["dnstap_resolver", "dnstap_authoritative"] {
        let bytes = std::fs::read(captures.join(format!("{name}.fstrm"))).unwrap();
        crate::read::testing::write_fuzz_seed("dnstap", name, &bytes[..bytes.len().min(4000)]);
    }
}

proptest! {
    #[test]
    fn no_bytes_are_too_much(content in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        decode(&content);
        let mut damaged = framed(&whole(6, 1));
        let at = at.index(damaged.len());
        damaged[at] = byte;
        decode(&damaged);
        decode(&damaged[..at]);
    }
}

#[test]
fn who_asks_is_told_of_queries_and_responses_alike() {
    for kind in [5, 6] {
        let batch = decode(&framed(&whole(kind, 1)));
        let (client, server) = (batch.apps.dns.client()[0], batch.apps.dns.server()[0]);
        assert_eq!((&client[12..], &server[12..]), (&[192, 0, 2, 1][..], &[192, 0, 2, 53][..]), "kind {kind}");
    }
}
