//! The rows of a log as columns again, and how they are fed.

use super::super::GroupPlan;
use super::super::full::{Full, Rows, Work};
use super::Log;
use super::images::Images;
use super::rows::{RowLayout, address_of, read_span};
use crate::metric::Seconds;
use crate::plan::columns::Values;
use crate::table::Column;

/// Room for the rows of a log as columns; kept from one to the next.
#[derive(Debug, Default)]
pub struct Chunk {
    pub(in crate::plan::groups) images: Images,
    pub(in crate::plan::groups) picked: Vec<u32>,
    pub(in crate::plan::groups) holding: Vec<Vec<u64>>,
    pub(in crate::plan::groups) hashes: Vec<u64>,
    pub(in crate::plan::groups) numbers: Vec<u32>,
    /// Groups whose lists were left out.
    pub(in crate::plan::groups) left_out: u64,
    pub(super) times_ns: Vec<i64>,
    pub(super) holds: Vec<u64>,
    pub(super) columns: Vec<Values>,
    seconds: Seconds,
    work: Work,
}

impl Chunk {
    /// Feeds the rows of a log to what a group keeps.
    pub(in crate::plan::groups) fn feed(&mut self, plan: &GroupPlan, log: &Log, full: &mut Full, seed: u64) {
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

    pub(super) fn unpack(&mut self, layout: &RowLayout, log: &Log) {
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
