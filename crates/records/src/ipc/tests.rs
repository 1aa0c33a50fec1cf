use proptest::prelude::*;

use crate::testing::{Sample, table};
use crate::{Column, RecordTable};

const MOST_BYTES: usize = 1 << 20;

fn sample() -> RecordTable {
    let mut other = Sample::top([(1, 5), (2, 3)]);
    other.number = 1;
    table(&[Sample::counter(7), Sample::cardinality(0..20), other, Sample::distribution([1, 2, 3])])
}

fn columns(table: &RecordTable) -> Vec<crate::Values> {
    Column::ALL.iter().map(|column| table.column(*column)).collect()
}

fn refused(body: &[u8]) -> String {
    RecordTable::read(body, MOST_BYTES).unwrap_err().message
}

#[test]
fn bytes_give_back_what_was_written() {
    let table = sample();
    for body in [table.write().unwrap(), table.write_plain().unwrap()] {
        let again = RecordTable::read(&body, MOST_BYTES).unwrap();
        assert_eq!(columns(&again), columns(&table));
        assert_eq!(again.metadata(), table.metadata());
    }
}

#[test]
fn several_messages_are_one_table() {
    let (first, second) = (sample().write_plain().unwrap(), sample().write_plain().unwrap());
    let schema_bytes = 8 + u32::from_le_bytes(first[4..8].try_into().unwrap()) as usize;
    let body = [&first[..first.len() - 8], &second[schema_bytes..]].concat();
    let both = RecordTable::read(&body, MOST_BYTES).unwrap();
    assert_eq!((both.len(), both.windows().len()), (2 * sample().len(), 5));
}

#[test]
fn a_stream_that_was_cut_anywhere_is_refused() {
    let whole = sample().write_plain().unwrap();
    for length in (0..whole.len()).step_by(5) {
        assert!(RecordTable::read(&whole[..length], MOST_BYTES).is_err(), "{length}");
    }
    let whole = sample().write().unwrap();
    for length in 0..whole.len() {
        assert!(RecordTable::read(&whole[..length], MOST_BYTES).is_err(), "{length}");
    }
}

#[test]
fn bytes_that_ask_for_memory_get_none() {
    let message_of = |length: u32| [&[0xff; 4][..], &length.to_le_bytes()].concat();
    assert_eq!(refused(&message_of(u32::MAX)), "window records: the stream ends in the middle");
    assert_eq!(refused(&message_of(0)), "window records: the stream is empty");
    let bomb = zstd::bulk::compress(&vec![0; 32 << 20], 3).unwrap();
    assert_eq!(refused(&bomb), format!("window records: they take more than {MOST_BYTES} bytes"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = RecordTable::read(&body, MOST_BYTES);
    }

    #[test]
    fn no_damaged_stream_makes_it_panic(
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut body = sample().write_plain().unwrap();
        for (place, value) in damages {
            let at = place.index(body.len());
            body[at] = value;
        }
        if let Ok(table) = RecordTable::read(&body, MOST_BYTES) {
            columns(&table);
            table.windows();
            table.write().unwrap();
        }
    }
}

/// Bodies, and the messages of records alone: the target puts a schema before these.
#[test]
#[ignore = "writes seeds for fuzzing"]
fn fuzz_seeds() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/record_stream");
    std::fs::create_dir_all(&corpus).unwrap();
    std::fs::write(corpus.join("seed-body"), sample().write().unwrap()).unwrap();
    for sample in [Sample::counter(7), Sample::cardinality(0..20), Sample::top([(1, 5)]), Sample::distribution([1, 2])]
    {
        let body = table(std::slice::from_ref(&sample)).write_plain().unwrap();
        let schema_bytes = 8 + u32::from_le_bytes(body[4..8].try_into().unwrap()) as usize;
        std::fs::write(corpus.join(format!("seed-{}", sample.kind)), &body[schema_bytes..]).unwrap();
    }
}
