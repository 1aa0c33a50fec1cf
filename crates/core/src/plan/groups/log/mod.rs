//! Rows of a group as bytes, and how they are fed to metrics.
//!
//! A row is which conditions hold for it (a bit each), its time where a metric asks for times, and the values of the columns
//! that the metrics read, each at a place of its own ([`RowLayout`]). Feeding unpacks the rows into columns again, so that
//! kernels work over whole columns. Rows are *narrow* as long as they may be: addresses are of IPv4, and numbers have 32 bits.
//! A log becomes wide with the first row that is not.

mod chunk;
mod images;
mod rows;

pub use chunk::Chunk;
pub(super) use images::Images;
pub(super) use rows::RowLayout;
use rows::{read_span, span_bytes};

use super::ALLOCATION_BYTES;
use crate::hash::prefetch;
use crate::table::{ColumnType, Span};

/// Bytes that the logs of all groups may take together.
pub const MOST_LOG_BYTES: usize = 48 << 20;

/// Rows that a log has room for from the first one on.
const FEW_ROWS: usize = 4;

/// Rows from which on a log grows by as many as there are: its group is not one of the many small ones.
const MANY_ROWS: usize = 64;

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

    /// Asks for where the next row will end; where it begins, the last one has ended.
    #[inline(always)]
    pub fn fetch_end(&self, layout: &RowLayout) {
        let row_bytes = layout.row_bytes[usize::from(self.is_wide)];
        prefetch(self.bytes.as_ptr().wrapping_add(self.bytes.len() + row_bytes - 1));
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

    /// Room for so many rows more: a half more than there are, since most logs are short, and a few at least; as many as
    /// there are where these are many.
    fn make_room(&mut self, layout: &RowLayout, rows: usize) {
        let row_bytes = layout.row_bytes[usize::from(self.is_wide)];
        if self.bytes.capacity() - self.bytes.len() < rows * row_bytes {
            let there = usize::from(self.rows);
            let more = if there < MANY_ROWS { there / 2 } else { there };
            self.bytes.reserve_exact(more.max(rows).max(self.least_room()) * row_bytes);
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

#[cfg(test)]
mod tests;
