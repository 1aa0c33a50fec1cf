use proptest::prelude::*;

use super::super::GroupPlan;
use super::*;
use crate::metric::{ItemKind, KindName, MetricKind};
use crate::table::{Address, Column, TextColumn};
use crate::wire::ipv4::mapped;

/// Address, number, port, text; time and conditions.
type Row = (Address, u64, u16, Option<String>, i64, u64);

fn layout(conditions: usize, has_texts: bool, has_times: bool) -> RowLayout {
    let mut plan = GroupPlan::new(Vec::new(), Vec::new(), 1);
    let kinds = [ColumnType::Address, ColumnType::U64, ColumnType::U16, ColumnType::Text];
    plan.sources = (0..).zip(kinds).take(if has_texts { 4 } else { 3 }).collect();
    plan.conditions = (0..conditions).map(|at| (0, at)).collect();
    let kind = if has_times { KindName::Rate } else { KindName::Counter };
    plan.metrics = vec![MetricKind { kind, items: ItemKind::None }];
    RowLayout::new(&plan)
}

fn any_row() -> impl Strategy<Value = Row> {
    let address = prop_oneof![
        8 => any::<[u8; 4]>().prop_map(mapped),
        1 => any::<Address>(),
        1 => Just([0; 16]),
    ];
    let number = prop_oneof![8 => 0..1_u64 << 32, 1 => any::<u64>()];
    (address, number, any::<u16>(), prop::option::of("[a-c]{0,9}"), any::<i64>(), 1_u64..)
}

/// Puts rows into a log, in batches of this size.
fn logged(layout: &RowLayout, rows: &[Row], size: usize) -> Log {
    let (mut log, mut images) = (Log::default(), Images::default());
    for batch in rows.chunks(size) {
        let (mut bytes, mut spans) = (Vec::new(), Vec::new());
        for row in batch {
            spans.push(row.3.as_ref().map_or(Span::NONE, |text| {
                bytes.extend(text.as_bytes());
                Span { start: (bytes.len() - text.len()) as u32, length: text.len() as u32 }
            }));
        }
        let addresses: Vec<_> = batch.iter().map(|row| row.0).collect();
        let numbers: Vec<_> = batch.iter().map(|row| row.1).collect();
        let ports: Vec<_> = batch.iter().map(|row| row.2).collect();
        let times: Vec<_> = batch.iter().map(|row| row.4).collect();
        let text = Column::Text(TextColumn { spans: &spans, bytes: &bytes });
        let sources = [Column::Address(&addresses), Column::U64(&numbers), Column::U16(&ports), text];
        let picked: Vec<u32> = (0..batch.len() as u32).collect();
        images.make(layout, &picked, &times, &sources[..layout.kinds.len()]);
        for (at, row) in batch.iter().enumerate() {
            let before = log.memory_bytes() as isize;
            let grown = log.push(layout, &mut images, at, row.5);
            assert_eq!(before + grown, log.memory_bytes() as isize);
        }
    }
    log
}

fn unpacked(layout: &RowLayout, log: &Log) -> Vec<Row> {
    let mut chunk = Chunk::default();
    chunk.unpack(layout, log);
    let texts = log.texts.as_ref().map_or(&[][..], |texts| &texts.bytes);
    let columns: Vec<Column<'_>> = chunk.columns.iter().map(|column| column.view(texts)).collect();
    let row = |at: usize| {
        let (Column::Address(addresses), Column::U64(numbers), Column::U16(ports)) =
            (columns[0], columns[1], columns[2])
        else {
            panic!("other columns")
        };
        let text = columns.get(3).and_then(|column| match column {
            Column::Text(text) => text.get(at).map(|text| String::from_utf8_lossy(text).into_owned()),
            other => panic!("{other:?}"),
        });
        let time_ns = chunk.times_ns.get(at).copied().unwrap_or(0);
        (addresses[at], numbers[at], ports[at], text, time_ns, chunk.holds[at])
    };
    (0..log.rows() as usize).map(row).collect()
}

proptest! {
    #[test]
    fn rows_come_back_as_they_were_whatever_their_width(
        rows in prop::collection::vec(any_row(), 1..60), size in 1_usize..20, at in 0_usize..60,
        conditions in 1_usize..=64, has_texts: bool, has_times: bool
    ) {
        let layout = layout(conditions, has_texts, has_times);
        let kept = |row: &Row| {
            let text = row.3.clone().filter(|_| has_texts);
            (row.0, row.1, row.2, text, if has_times { row.4 } else { 0 }, row.5 & (u64::MAX >> (64 - 8 * conditions.div_ceil(8))))
        };
        let rows: Vec<Row> = rows.iter().map(kept).collect();
        let log = logged(&layout, &rows, size);
        prop_assert_eq!(&unpacked(&layout, &log), &rows);
        let (front, back) = rows.split_at(at.min(rows.len()));
        let mut joined = logged(&layout, front, size);
        joined.append(&layout, &logged(&layout, back, size));
        prop_assert_eq!(&unpacked(&layout, &joined), &rows);
    }
}

#[test]
fn a_usual_row_is_small_and_a_log_is_narrow_again_once_it_was_emptied() {
    let layout = layout(16, false, false);
    let usual = |last| (mapped([10, 0, 0, last]), 1_000, 443, None, 0, 1);
    let mut log = logged(&layout, &[usual(1), usual(2)], 2);
    assert_eq!(log.bytes(), 2 * (2 + 4 + 4 + 2));
    log = logged(&layout, &[usual(1), ([9; 16], 1, 2, None, 0, 1)], 1);
    assert_eq!(log.bytes(), 2 * (2 + 16 + 8 + 2));
    log.clear();
    assert!(!log.is_wide && log.rows() == 0);
}
