//! Rows of a group as bytes, and how they are fed to metrics.
//!
//! A row is which conditions hold for it (a bit each), its time where a metric asks for times, and the values of the columns
//! that the metrics read, each at a place of its own ([`RowLayout`]). Feeding unpacks the rows into columns again, so that
//! kernels work over whole columns. Rows are *narrow* as long as they may be: addresses are of IPv4, and numbers have 32 bits.
//! A log becomes wide with the first row that is not.

use super::full::{Full, Rows, Work};
use super::{ALLOCATION_BYTES, GroupPlan};
use crate::metric::{KindName, NO_PLACE, Seconds};
use crate::plan::columns::Values;
use crate::table::{Address, Column, ColumnType, Span, TextColumn};

/// Rows that a log has room for from the first one on.
const FEW_ROWS: usize = 4;

/// Bytes of a time.
const TIME_BYTES: usize = size_of::<i64>();

/// Where a row holds what.
#[derive(Debug, Default)]
pub(super) struct RowLayout {
    holds_bytes: usize,
    has_times: bool,
    has_texts: bool,
    kinds: Vec<ColumnType>,
    /// Bytes of a row: of narrow ones, and of wide ones.
    row_bytes: [usize; 2],
}

impl RowLayout {
    pub fn new(plan: &GroupPlan) -> Self {
        let is_timeless = |kind: KindName| matches!(kind, KindName::Counter | KindName::Top | KindName::Cardinality);
        let kinds: Vec<ColumnType> = plan.sources.iter().map(|(_, kind)| *kind).collect();
        let mut layout = Self {
            holds_bytes: plan.conditions.len().div_ceil(8),
            has_times: !plan.metrics.iter().all(|metric| is_timeless(metric.kind)),
            has_texts: kinds.contains(&ColumnType::Text),
            kinds,
            row_bytes: [0; 2],
        };
        layout.row_bytes = [false, true].map(|is_wide| {
            let values: usize = layout.kinds.iter().map(|kind| width(*kind, is_wide)).sum();
            layout.values_start() + values
        });
        layout
    }

    /// Where the values begin.
    fn values_start(&self) -> usize {
        self.holds_bytes + if self.has_times { TIME_BYTES } else { 0 }
    }

    /// Each column with where its values stand.
    fn places(&self, is_wide: bool) -> impl Iterator<Item = (ColumnType, usize)> {
        let mut next = self.values_start();
        self.kinds.iter().map(move |kind| {
            let start = next;
            next += width(*kind, is_wide);
            (*kind, start)
        })
    }

    /// Writes a narrow row as a wide one.
    fn widen(&self, narrow: &[u8], out: &mut Vec<u8>) {
        let start = self.values_start();
        out.extend_from_slice(&narrow[..start]);
        for (kind, at) in self.places(false) {
            let value = &narrow[at..at + width(kind, false)];
            match kind {
                ColumnType::Address => out.extend_from_slice(&address_of(value)),
                ColumnType::U64 => out.extend_from_slice(&u64::from(word(value)).to_le_bytes()),
                _ => out.extend_from_slice(value),
            }
        }
    }
}

/// Bytes of a value; a text is where it stands and its length.
const fn width(kind: ColumnType, is_wide: bool) -> usize {
    match kind {
        ColumnType::U8 => 1,
        ColumnType::U16 => 2,
        ColumnType::U32 => 4,
        ColumnType::I64 | ColumnType::F64 | ColumnType::Text => 8,
        ColumnType::U64 if is_wide => 8,
        ColumnType::Address if is_wide => 16,
        ColumnType::U64 | ColumnType::Address => 4,
    }
}

const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

fn address_of(narrow: &[u8]) -> Address {
    let mut address = [0; 16];
    address[..12].copy_from_slice(&MAPPED);
    address[12..].copy_from_slice(narrow);
    address
}

#[inline(always)]
fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

/// What the texts of rows stand in.
#[derive(Debug, Clone, Default)]
struct Texts {
    bytes: Vec<u8>,
}

/// Some rows. Before them may stand what was packed of those before them, so that one allocation holds both.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    bytes: Vec<u8>,
    front: u32,
    /// None where rows have no texts, as most.
    texts: Option<Box<Texts>>,
    rows: u16,
    is_wide: bool,
}

impl Log {
    pub fn rows(&self) -> u32 {
        u32::from(self.rows)
    }

    /// What stands before the rows.
    pub fn packed(&self) -> &[u8] {
        &self.bytes[..self.front as usize]
    }

    /// Begins anew behind what was packed, with room for so many bytes of rows.
    pub fn restart(&mut self, packed: &[u8], room: usize) {
        let mut bytes = Vec::with_capacity(packed.len() + room);
        bytes.extend_from_slice(packed);
        *self = Self { bytes, front: packed.len() as u32, ..Self::default() };
    }

    fn row_images(&self) -> &[u8] {
        &self.bytes[self.front as usize..]
    }

    /// Takes in a row of a batch; tells by how many bytes the log has grown.
    #[inline]
    pub fn push(&mut self, layout: &RowLayout, images: &mut Images, at: usize, holds: u64) -> isize {
        let is_usual = !self.is_wide && !images.is_wide(at) && !layout.has_texts;
        let row = images.row(layout, at, holds);
        if is_usual && self.bytes.capacity() - self.bytes.len() >= row.len() {
            self.bytes.extend_from_slice(row);
            self.rows += 1;
            return 0;
        }
        let before = self.memory_bytes() as isize;
        self.push_slowly(layout, images, at, holds);
        self.memory_bytes() as isize - before
    }

    /// Where there is no room, or rows are not as they usually are.
    #[inline(never)]
    fn push_slowly(&mut self, layout: &RowLayout, images: &mut Images, at: usize, holds: u64) {
        if images.is_wide(at) {
            self.become_wide(layout);
        }
        self.make_room(layout, 1);
        let start = self.bytes.len();
        match (self.is_wide, images.is_wide(at)) {
            (true, false) => layout.widen(images.row(layout, at, holds), &mut self.bytes),
            _ => self.bytes.extend_from_slice(images.row(layout, at, holds)),
        }
        self.rows += 1;
        if layout.has_texts {
            let texts = std::mem::take(&mut images.texts);
            self.take_texts(layout, start, &texts);
            images.texts = texts;
        }
    }

    /// Room for so many rows more: a half more than there are, since most logs are short, and a few at least.
    fn make_room(&mut self, layout: &RowLayout, rows: usize) {
        let row_bytes = layout.row_bytes[usize::from(self.is_wide)];
        if self.bytes.capacity() - self.bytes.len() < rows * row_bytes {
            let more = (usize::from(self.rows) / 2).max(rows).max(self.least_room()) * row_bytes;
            self.bytes.reserve_exact(more);
        }
    }

    /// Rows that there is room for at least. Behind what was packed it was made to measure.
    fn least_room(&self) -> usize {
        if self.front == 0 { FEW_ROWS } else { 1 }
    }

    fn become_wide(&mut self, layout: &RowLayout) {
        if self.is_wide {
            return;
        }
        let [narrow, wide] = layout.row_bytes;
        let mut bytes = Vec::with_capacity(self.front as usize + (self.rows as usize + 1) * wide);
        bytes.extend_from_slice(self.packed());
        self.row_images().chunks_exact(narrow.max(1)).for_each(|row| layout.widen(row, &mut bytes));
        (self.bytes, self.is_wide) = (bytes, true);
    }

    /// Copies the texts of the rows from some byte on, which stand in `source`.
    fn take_texts(&mut self, layout: &RowLayout, start: usize, source: &[u8]) {
        let Self { bytes, texts, is_wide, .. } = self;
        let texts = &mut texts.get_or_insert_default().bytes;
        for row in bytes[start..].chunks_exact_mut(layout.row_bytes[usize::from(*is_wide)]) {
            for (_, at) in layout.places(*is_wide).filter(|(kind, _)| *kind == ColumnType::Text) {
                let span = read_span(&row[at..at + 8]);
                if !span.is_none() {
                    let kept = Span { start: texts.len() as u32, length: span.length };
                    texts.extend_from_slice(&source[span.start as usize..][..span.length as usize]);
                    row[at..at + 8].copy_from_slice(&span_bytes(kept));
                }
            }
        }
    }

    /// Bytes of rows in use.
    pub fn bytes(&self) -> usize {
        self.bytes.len() - self.front as usize + self.texts.as_ref().map_or(0, |texts| texts.bytes.len())
    }

    pub fn append(&mut self, layout: &RowLayout, other: &Log) {
        if other.is_wide {
            self.become_wide(layout);
        }
        self.make_room(layout, other.rows as usize);
        let start = self.bytes.len();
        if self.is_wide && !other.is_wide {
            other
                .row_images()
                .chunks_exact(layout.row_bytes[0].max(1))
                .for_each(|row| layout.widen(row, &mut self.bytes));
        } else {
            self.bytes.extend_from_slice(other.row_images());
        }
        if let Some(texts) = &other.texts {
            self.take_texts(layout, start, &texts.bytes);
        }
        self.rows += other.rows;
    }

    /// Forgets all, what stands before the rows, too.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.texts = None;
        (self.rows, self.front, self.is_wide) = (0, 0, false);
    }

    pub fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.texts.iter_mut().for_each(|texts| texts.bytes.shrink_to_fit());
    }

    pub fn memory_bytes(&self) -> usize {
        let of = |bytes: &Vec<u8>| bytes.capacity() + usize::from(bytes.capacity() > 0) * ALLOCATION_BYTES;
        let texts = self.texts.as_ref().map_or(0, |texts| size_of::<Texts>() + ALLOCATION_BYTES + of(&texts.bytes));
        of(&self.bytes) + texts
    }
}

fn span_bytes(span: Span) -> [u8; 8] {
    (u64::from(span.start) | u64::from(span.length) << 32).to_le_bytes()
}

fn read_span(bytes: &[u8]) -> Span {
    Span { start: word(&bytes[..4]), length: word(&bytes[4..]) }
}

/// Rows of a batch as logs hold them: made column by column for all of them, then copied row by row.
#[derive(Debug, Default)]
pub(crate) struct Images {
    narrow: Vec<u8>,
    /// Empty where all rows are narrow.
    wide: Vec<u8>,
    /// Which rows are not narrow.
    are_wide: Vec<bool>,
    texts: Vec<u8>,
}

impl Images {
    /// Makes those of some rows.
    pub fn make(&mut self, layout: &RowLayout, rows: &[u32], times_ns: &[i64], sources: &[Column<'_>]) {
        self.are_wide.clear();
        self.are_wide.resize(rows.len(), false);
        self.texts.clear();
        for column in sources {
            self.find_wide(rows, column);
        }
        let has_wide = self.are_wide.contains(&true);
        write_rows(&mut self.narrow, layout, false, rows, times_ns, sources, &mut self.texts);
        self.wide.clear();
        if has_wide {
            self.texts.clear();
            write_rows(&mut self.wide, layout, true, rows, times_ns, sources, &mut self.texts);
        }
    }

    fn find_wide(&mut self, rows: &[u32], column: &Column<'_>) {
        let rows = self.are_wide.iter_mut().zip(rows);
        match column {
            Column::Address(values) => {
                rows.for_each(|(is_wide, row)| *is_wide |= values[*row as usize][..12] != MAPPED)
            }
            Column::U64(values) => {
                rows.for_each(|(is_wide, row)| *is_wide |= values[*row as usize] > u64::from(u32::MAX))
            }
            _ => {}
        }
    }

    #[inline(always)]
    fn is_wide(&self, at: usize) -> bool {
        self.are_wide[at]
    }

    /// The image of a row for which these conditions hold.
    #[inline(always)]
    fn row(&mut self, layout: &RowLayout, at: usize, holds: u64) -> &[u8] {
        let is_wide = self.are_wide[at];
        let bytes = layout.row_bytes[usize::from(is_wide)];
        let rows = if is_wide { &mut self.wide } else { &mut self.narrow };
        let row = &mut rows[at * bytes..][..bytes];
        match layout.holds_bytes {
            2 => row[..2].copy_from_slice(&(holds as u16).to_le_bytes()),
            1 => row[0] = holds as u8,
            some => row[..some].copy_from_slice(&holds.to_le_bytes()[..some]),
        }
        row
    }
}

/// Writes rows but for what holds of them.
fn write_rows(
    out: &mut Vec<u8>,
    layout: &RowLayout,
    is_wide: bool,
    rows: &[u32],
    times_ns: &[i64],
    sources: &[Column<'_>],
    texts: &mut Vec<u8>,
) {
    let row_bytes = layout.row_bytes[usize::from(is_wide)];
    out.resize(rows.len() * row_bytes, 0);
    let mut values = Strided { out, row_bytes, rows, at: layout.holds_bytes };
    if layout.has_times {
        values.write(|row| times_ns[row].to_le_bytes());
    }
    for ((kind, at), column) in layout.places(is_wide).zip(sources) {
        values.at = at;
        match column {
            Column::Text(text) => values.write(|row| span_bytes(copy_text(text, row, texts))),
            Column::Address(addresses) if is_wide => values.write(|row| addresses[row]),
            Column::Address(addresses) => values.write(|row| *addresses[row].last_chunk::<4>().expect("of sixteen")),
            Column::U64(numbers) if is_wide => values.write(|row| numbers[row].to_le_bytes()),
            Column::U64(numbers) => values.write(|row| (numbers[row] as u32).to_le_bytes()),
            Column::I64(numbers) => values.write(|row| numbers[row].to_le_bytes()),
            Column::F64(numbers) => values.write(|row| numbers[row].to_le_bytes()),
            Column::U32(numbers) if !numbers.is_empty() => values.write(|row| numbers[row].to_le_bytes()),
            Column::U16(numbers) => values.write(|row| numbers[row].to_le_bytes()),
            Column::U8(numbers) if kind == ColumnType::U8 => values.write(|row| [numbers[row]]),
            _ if kind == ColumnType::Text => values.write(|_| span_bytes(Span::NONE)),
            // A place that there is no database for.
            _ => values.write(|_| NO_PLACE.to_le_bytes()),
        }
    }
}

fn copy_text(text: &TextColumn<'_>, row: usize, texts: &mut Vec<u8>) -> Span {
    text.get(row).map_or(Span::NONE, |text| {
        let start = texts.len() as u32;
        texts.extend_from_slice(text);
        Span { start, length: text.len() as u32 }
    })
}

/// The values of one column among rows of bytes.
struct Strided<'a> {
    out: &'a mut [u8],
    row_bytes: usize,
    rows: &'a [u32],
    at: usize,
}

impl Strided<'_> {
    #[inline(always)]
    fn write<const N: usize>(&mut self, mut value: impl FnMut(usize) -> [u8; N]) {
        let at = self.at;
        for (out, row) in self.out.chunks_exact_mut(self.row_bytes).zip(self.rows) {
            out[at..at + N].copy_from_slice(&value(*row as usize));
        }
    }
}

/// Room for the rows of a log as columns; kept from one to the next.
#[derive(Debug, Default)]
pub struct Chunk {
    pub(super) images: Images,
    pub(super) picked: Vec<u32>,
    pub(super) holding: Vec<Vec<u64>>,
    pub(super) hashes: Vec<u64>,
    /// Groups whose lists were left out.
    pub(super) left_out: u64,
    times_ns: Vec<i64>,
    holds: Vec<u64>,
    columns: Vec<Values>,
    seconds: Seconds,
    work: Work,
}

impl Chunk {
    /// Feeds the rows of a log to what a group keeps.
    pub(super) fn feed(&mut self, plan: &GroupPlan, log: &Log, full: &mut Full, seed: u64) {
        if log.rows == 0 {
            return;
        }
        self.unpack(plan.row_layout(), log);
        self.seconds.read(&self.times_ns);
        let texts = log.texts.as_ref().map_or(&[][..], |texts| &texts.bytes);
        let columns: Vec<Column<'_>> = self.columns.iter().map(|column| column.view(texts)).collect();
        let (holds, times_ns, seconds) = (&self.holds, &self.times_ns, &self.seconds);
        full.feed(plan, &Rows { holds, columns: &columns, times_ns, seconds, seed }, &mut self.work);
    }

    fn unpack(&mut self, layout: &RowLayout, log: &Log) {
        // The room goes from one plan to the next, which may read as many columns of other types.
        if !self.columns.iter().map(Values::kind).eq(layout.kinds.iter().copied()) {
            self.columns = layout.kinds.iter().copied().map(Values::empty).collect();
        }
        let row_bytes = layout.row_bytes[usize::from(log.is_wide)];
        let rows = || log.row_images().chunks_exact(row_bytes);
        self.holds.clear();
        match layout.holds_bytes {
            2 => self.holds.extend(rows().map(|row| u64::from(u16::from_le_bytes([row[0], row[1]])))),
            some => self.holds.extend(rows().map(|row| {
                let mut holds = [0; 8];
                holds[..some].copy_from_slice(&row[..some]);
                u64::from_le_bytes(holds)
            })),
        }
        self.times_ns.clear();
        if layout.has_times {
            let start = layout.holds_bytes;
            let time = |row: &[u8]| i64::from_le_bytes(*row[start..].first_chunk().expect("a time"));
            self.times_ns.extend(rows().map(time));
        }
        for ((_, at), column) in layout.places(log.is_wide).zip(&mut self.columns) {
            column.clear();
            match column {
                Values::U8(values) => values.extend(rows().map(|row| row[at])),
                Values::U16(values) => read(values, rows(), at, u16::from_le_bytes),
                Values::U32(values) => read(values, rows(), at, u32::from_le_bytes),
                Values::I64(values) => read(values, rows(), at, i64::from_le_bytes),
                Values::F64(values) => read(values, rows(), at, f64::from_le_bytes),
                Values::U64(values) if log.is_wide => read(values, rows(), at, u64::from_le_bytes),
                Values::U64(values) => read(values, rows(), at, |bytes| u64::from(u32::from_le_bytes(bytes))),
                Values::Address(values) if log.is_wide => read(values, rows(), at, |bytes: [u8; 16]| bytes),
                Values::Address(values) => read(values, rows(), at, |bytes: [u8; 4]| address_of(&bytes)),
                Values::Spans(spans) | Values::Texts(spans, _) => {
                    read(spans, rows(), at, |bytes: [u8; 8]| read_span(&bytes));
                }
            }
        }
    }
}

#[inline(always)]
fn read<'a, T, const N: usize>(
    values: &mut Vec<T>,
    rows: impl Iterator<Item = &'a [u8]>,
    at: usize,
    value: impl Fn([u8; N]) -> T,
) {
    values.extend(rows.map(|row| value(*row[at..].first_chunk().expect("rows are whole"))));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metric::{ItemKind, MetricKind};
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
}
