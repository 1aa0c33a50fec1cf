//! Any bytes as window records, as they are, as messages behind the schema, and as what is packed: refused, or read to a table
//! that is merged with itself, and written and packed again.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pktvisor_core::enrich::geo::Places;
use pktvisor_core::metric::Items;
use pktvisor_records::{Accumulators, Column, Form, RecordTable, Values, Window};

const MOST_BYTES: usize = 1 << 20;

/// Shared: it is bounded, and to make one for each input would take longer than all the rest.
static PLACES: LazyLock<Places> = LazyLock::new(Places::default);

/// A stream of no records, without its end.
static HEAD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let column = |column: &Column| match column.form() {
        Form::Text => Values::Text(vec![]),
        Form::Texts => Values::Texts(vec![]),
        Form::Labels => Values::Labels(vec![]),
        Form::Counts => Values::Counts(vec![]),
        Form::Number => Values::Number(vec![]),
        Form::Fraction => Values::Fraction(vec![]),
        Form::Time => Values::Time(vec![]),
        Form::Flag => Values::Flag(vec![]),
        Form::Bytes => Values::Bytes(vec![]),
    };
    let empty = RecordTable::of_columns(Column::ALL.iter().map(column).collect(), Default::default()).unwrap();
    let mut stream = empty.write_plain().unwrap();
    stream.truncate(stream.len() - 8);
    stream
});

fuzz_target!(|bytes: &[u8]| {
    let packed = [&b"PKVW\x01\x01"[..], &zstd::bulk::compress(bytes, 1).unwrap()].concat();
    for body in [bytes, &[&HEAD[..], bytes].concat(), &packed] {
        if let Ok(table) = RecordTable::read(body, MOST_BYTES) {
            merge(&table);
            let again = RecordTable::read(&table.pack().unwrap(), usize::MAX).unwrap();
            assert_eq!(again.write_plain().unwrap(), table.write_plain().unwrap());
        }
    }
});

fn merge(table: &RecordTable) {
    let items = Items { places: &PLACES, seed: 1 };
    let mut whole = Accumulators::new();
    for run in table.windows() {
        if whole.add(1, table, run.first, run.count, &run.instance, items).is_ok() {
            whole.add(1, table, run.first, run.count, &run.instance, items).unwrap();
        }
    }
    let merged = whole.table(1, &Window::default(), usize::MAX, items).unwrap();
    let again = RecordTable::read(&merged.write().unwrap(), usize::MAX).unwrap();
    for run in again.windows() {
        whole.add(2, &again, run.first, run.count, &run.instance, items).unwrap();
    }
    whole.forget(1);
    whole.memory_bytes();
}
