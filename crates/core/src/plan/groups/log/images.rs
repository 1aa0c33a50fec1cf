//! Rows of a batch as logs hold them.

use super::rows::{MAPPED, RowLayout, span_bytes};
use crate::metric::NO_PLACE;
use crate::table::{Column, ColumnType, Span, TextColumn};

/// Rows of a batch as logs hold them: made column by column for all of them, then copied row by row.
#[derive(Debug, Default)]
pub struct Images {
    narrow: Vec<u8>,
    /// Empty where all rows are narrow.
    wide: Vec<u8>,
    /// Which rows are not narrow.
    are_wide: Vec<bool>,
    pub(super) texts: Vec<u8>,
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
    pub(super) fn is_wide(&self, at: usize) -> bool {
        self.are_wide[at]
    }

    /// The image of a row for which these conditions hold.
    #[inline(always)]
    pub(super) fn row(&mut self, layout: &RowLayout, at: usize, holds: u64) -> &[u8] {
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
