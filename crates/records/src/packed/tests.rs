use proptest::prelude::*;
use std::io::Write;

use super::dictionaries;
use crate::testing::{Sample, table};
use crate::{Column, RecordTable};

const MOST_BYTES: usize = 1 << 20;

fn columns(table: &RecordTable) -> Vec<crate::Values> {
    Column::ALL.iter().map(|column| table.column(*column)).collect()
}

fn refused(body: &[u8]) -> String {
    RecordTable::read(body, MOST_BYTES).unwrap_err().message
}

/// A top list's image as DataSketches lays it out.
fn list_of(items: &[(&str, u64)]) -> Vec<u8> {
    let entries: Vec<(u64, String)> = items.iter().map(|(item, count)| (*count, item.to_string())).collect();
    pktvisor_core::sketch::frequent::write_image(13, 1000, 3, &entries)
}

fn with_image(kind: &'static str, image: Vec<u8>) -> RecordTable {
    table(&[Sample { image, kind, ..Sample::counter(1) }])
}

fn size_of(table: &RecordTable, part: &str) -> usize {
    table.packed_parts().unwrap().iter().find(|one| one.name == part).unwrap().content.len()
}

/// A body of this content, which is whole in all but what it says.
fn body_of(content: &[u8]) -> Vec<u8> {
    let head = [&b"PKVW\x01"[..], &[dictionaries::NEWEST]].concat();
    let mut encoder = zstd::stream::write::Encoder::with_prepared_dictionary(head, dictionaries::encoder()).unwrap();
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// What the frames of a body hold.
fn content_of(body: &[u8]) -> Vec<u8> {
    super::frames::decompressed(body, MOST_BYTES).unwrap()
}

fn sample() -> RecordTable {
    let mut other = Sample::top([(1, 5), (2, 3)]);
    other.number = 1;
    table(&[Sample::counter(7), Sample::cardinality(0..20), other, Sample::distribution([1, 2, 3])])
}

#[test]
fn packed_records_come_back_as_they_were() {
    let large = table(&[Sample::cardinality(0..5000), Sample::top((0..300).map(|n| (n, 400 - u64::from(n))))]);
    for table in [sample(), large, table(&[])] {
        let again = RecordTable::read(&table.pack().unwrap(), MOST_BYTES).unwrap();
        assert_eq!(columns(&again), columns(&table));
        assert_eq!(again.metadata(), table.metadata());
        assert_eq!(again.write_plain().unwrap(), table.write_plain().unwrap());
    }
}

/// Items of a list, the section that these come to, and the bytes that they take there.
type Expected = (&'static [(&'static str, u64)], &'static str, usize);

#[test]
fn lists_are_taken_apart_by_what_their_items_are() {
    let lists: [Expected; 5] = [
        (&[("10.0.0.1", 9), ("192.0.2.7", 9)], "planes", 8),
        (&[("2001:db8::1", 9), ("::1", 2)], "planes", 32),
        (&[("53", 9), ("65535", 2)], "planes", 4),
        (&[("53", 9), ("4200000000", 2)], "planes", 8),
        (&[("a.example", 9), ("10.0.0.1", 2)], "texts", 19),
    ];
    for (items, part, bytes) in lists {
        let table = with_image("top", list_of(items));
        assert_eq!((size_of(&table, part), size_of(&table, "counts")), (bytes, items.len()), "{items:?}");
        assert_eq!(columns(&RecordTable::read(&table.pack().unwrap(), MOST_BYTES).unwrap()), columns(&table));
    }
}

#[test]
fn texts_that_only_look_like_numbers_or_addresses_come_back() {
    for item in ["010", "+5", "1.2.3.04", "2001:DB8::1", "::ffff:1.2.3.4", "18446744073709551616", "", "a\0b", "é"] {
        let table = with_image("top", list_of(&[(item, 5)]));
        let again = RecordTable::read(&table.pack().unwrap(), MOST_BYTES).unwrap();
        assert_eq!(columns(&again), columns(&table), "{item:?}");
    }
}

#[test]
fn images_that_would_come_back_otherwise_stay_as_they_are() {
    let mut with_a_flag = list_of(&[("a", 5)]);
    with_a_flag[6] = 1;
    let odd =
        [list_of(&[("a", 5), ("b", 6)]), list_of(&[("a", 5), ("b", 0)]), with_a_flag, vec![], b"neither".to_vec()];
    for image in odd {
        let table = with_image("top", image);
        assert_eq!(size_of(&table, "counts"), 0);
        let again = RecordTable::read(&table.pack().unwrap(), MOST_BYTES).unwrap();
        assert_eq!(columns(&again), columns(&table));
    }
}

#[test]
fn what_cant_be_unpacked_says_why() {
    let body = sample().pack().unwrap();
    let with = |at: usize, byte: u8| [&body[..at], &[byte], &body[at + 1..]].concat();
    assert_eq!(refused(&with(4, 2)), "window records: they are packed in form 2; this release reads form 1");
    let newest = dictionaries::NEWEST;
    let unknown =
        |number| format!("window records: they are packed with dictionary {number}; this release knows up to {newest}");
    assert_eq!(refused(&with(5, newest + 1)), unknown(newest + 1));
    assert_eq!(refused(&with(5, 0)), unknown(0));
    let forms =
        [(body.clone(), true), (with(4, 2), false), (with(5, newest + 1), false), (b"PKVW\x01".to_vec(), false)];
    for (body, is_known) in forms {
        assert_eq!(super::can_unpack(&body), is_known);
    }
    assert!(super::can_unpack(&sample().write().unwrap()));
    assert_eq!(refused(b"PKVW"), "window records: the body ends in its head");
    let content = content_of(&body);
    assert_eq!(columns(&RecordTable::read(&body_of(&content), MOST_BYTES).unwrap()), columns(&sample()));
    assert_eq!(refused(&body_of(&[&content[..], b"more"].concat())), "window records: 4 packed bytes too many");
}

#[test]
fn bodies_that_were_cut_anywhere_are_refused() {
    let whole = sample().pack().unwrap();
    for length in 4..whole.len() {
        assert!(RecordTable::read(&whole[..length], MOST_BYTES).is_err(), "{length}");
    }
    let content = content_of(&whole);
    for length in 0..content.len() {
        assert!(RecordTable::read(&body_of(&content[..length]), MOST_BYTES).is_err(), "{length}");
    }
}

#[test]
fn few_bytes_that_stand_for_many_are_refused() {
    let too_large = format!("window records: they take more than {MOST_BYTES} bytes");
    assert_eq!(refused(&body_of(&vec![0; 32 << 20])), too_large);
    // A text that all of many rows have: a kilobyte that is a gigabyte in the end.
    let many = vec![Sample { meaning: Box::leak("m".repeat(1000).into_boxed_str()), ..Sample::counter(7) }; 2000];
    let body = table(&many).pack().unwrap();
    assert!(body.len() < 2000);
    assert_eq!(refused(&body), too_large);
    assert_eq!(RecordTable::read(&body, 16 << 20).unwrap().len(), 2000);
}

/// What is packed: the target puts a head before these.
#[test]
#[ignore = "writes seeds for fuzzing"]
fn fuzz_seeds() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/record_stream");
    std::fs::create_dir_all(&corpus).unwrap();
    for sample in [Sample::counter(7), Sample::cardinality(0..5000), Sample::top([(1, 5)])] {
        let content = content_of(&table(std::slice::from_ref(&sample)).pack().unwrap());
        std::fs::write(corpus.join(format!("seed-packed-{}", sample.kind)), content).unwrap();
    }
}

/// Texts of which many look like addresses and numbers.
fn item() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<u16>().prop_map(|number| number.to_string()),
        any::<u32>().prop_map(|number| number.to_string()),
        any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|address| address.to_string()),
        "\\PC{0,12}",
    ]
}

fn lists() -> impl Strategy<Value = Vec<u8>> {
    let of = |items: BoxedStrategy<String>| prop::collection::vec((0_u64..200, items), 0..8);
    let lists = prop_oneof![
        of(item().boxed()),
        of(any::<u16>().prop_map(|number| number.to_string()).boxed()),
        of(any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()).boxed()),
        of(any::<std::net::Ipv6Addr>().prop_map(|address| address.to_string()).boxed()),
    ];
    (lists, 3_u8..31, any::<u64>(), any::<u64>(), any::<bool>()).prop_map(
        |(mut items, lg, weight, offset, is_sorted)| {
            if is_sorted {
                items.sort_by_key(|item| std::cmp::Reverse(item.0));
            }
            pktvisor_core::sketch::frequent::write_image(lg, weight, offset, &items)
        },
    )
}

proptest! {
    #[test]
    fn images_of_any_kind_come_back(
        images in prop::collection::vec(
            prop_oneof![lists(), prop::collection::vec(any::<u8>(), 0..40), prop::collection::vec(any::<u8>(), 1100..1200)],
            0..6,
        ),
        kinds in prop::collection::vec(prop::sample::select(vec!["counter", "top", "cardinality"]), 6),
        damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let sample = |(mut image, kind): (Vec<u8>, &&'static str)| {
            if let (Some((at, byte)), false) = (damage, image.is_empty()) {
                let at = at.index(image.len());
                image[at] = byte;
            }
            Sample { image, kind, ..Sample::counter(1) }
        };
        let samples: Vec<Sample> = images.into_iter().zip(&kinds).map(sample).collect();
        let table = table(&samples);
        let again = RecordTable::read(&table.pack().unwrap(), MOST_BYTES).unwrap();
        prop_assert_eq!(columns(&again), columns(&table));
    }

    #[test]
    fn no_content_makes_it_panic(content in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = RecordTable::read(&body_of(&content), MOST_BYTES);
    }

    #[test]
    fn no_damaged_content_makes_it_panic(
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let whole = sample().pack().unwrap();
        let (mut body, mut content) = (whole.clone(), content_of(&whole));
        for (at, byte) in damages {
            let (of_body, of_content) = (at.index(body.len()), at.index(content.len()));
            (body[of_body], content[of_content]) = (byte, byte);
        }
        let _ = RecordTable::read(&body, MOST_BYTES);
        let _ = RecordTable::read(&body_of(&content), MOST_BYTES);
    }
}
