//! Rows of a group as bytes, and how they are fed to metrics.
//!
//! A row is which conditions hold for it (a bit each), its time, eight bytes each, and the values of the columns that the
//! metrics read ([`super::values`]). Feeding unpacks the rows into columns again, so that kernels work over whole columns.

use super::GroupPlan;
use super::full::{Full, Rows, Work};
use super::values::{read_address, read_text, write_value};
use crate::metric::Seconds;
use crate::plan::columns::Values;
use crate::sketch::reader::Reader;
use crate::table::{Column, Span};

/// Some rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    bytes: Vec<u8>,
    rows: u32,
}

impl Log {
    pub fn rows(&self) -> u32 {
        self.rows
    }

    pub fn push(&mut self, holds: u64, time_ns: i64, sources: &[Column<'_>], row: usize) {
        let head = u128::from(holds) | u128::from(time_ns.cast_unsigned()) << 64;
        self.bytes.extend_from_slice(&head.to_le_bytes());
        sources.iter().for_each(|column| write_value(&mut self.bytes, column, row));
        self.rows += 1;
    }

    /// Bytes in use.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub fn append(&mut self, other: &Log) {
        self.bytes.extend(&other.bytes);
        self.rows += other.rows;
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.rows = 0;
    }

    pub fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    pub fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + usize::from(self.bytes.capacity() > 0) * super::ALLOCATION_BYTES
    }
}

/// Room for the rows of a log as columns; kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    times_ns: Vec<i64>,
    holds: Vec<u64>,
    columns: Vec<Values>,
    text: Vec<u8>,
    seconds: Seconds,
    work: Work,
}

impl Chunk {
    /// Feeds the rows of a log to what a group keeps.
    pub(super) fn feed(&mut self, plan: &GroupPlan, log: &Log, full: &mut Full, seed: u64) {
        if log.rows == 0 {
            return;
        }
        self.unpack(plan, log);
        self.seconds.read(&self.times_ns);
        let columns: Vec<Column<'_>> = self.columns.iter().map(|column| column.view(&self.text)).collect();
        let (holds, times_ns, seconds) = (&self.holds, &self.times_ns, &self.seconds);
        full.feed(plan, &Rows { holds, columns: &columns, times_ns, seconds, seed }, &mut self.work);
    }

    fn unpack(&mut self, plan: &GroupPlan, log: &Log) {
        self.times_ns.clear();
        self.holds.clear();
        self.text.clear();
        let kinds = plan.sources.iter().map(|(_, kind)| *kind);
        // The room goes from one plan to the next, which may read as many columns of other types.
        if !self.columns.iter().map(Values::kind).eq(kinds.clone()) {
            self.columns = kinds.map(Values::empty).collect();
        }
        self.columns.iter_mut().for_each(Values::clear);
        let mut reader = Reader::new("log", &log.bytes);
        for _ in 0..log.rows {
            let read = "a log holds what was pushed";
            self.holds.push(reader.u64().expect(read));
            self.times_ns.push(reader.i64().expect(read));
            for column in &mut self.columns {
                read_value(&mut reader, column, &mut self.text);
            }
        }
    }
}

fn read_value(reader: &mut Reader, column: &mut Values, bytes: &mut Vec<u8>) {
    let mut number = || reader.varint().expect("a log holds what was pushed");
    match column {
        Values::U8(values) => values.push(number() as u8),
        Values::U16(values) => values.push(number() as u16),
        Values::U32(values) => values.push(number() as u32),
        Values::U64(values) => values.push(number()),
        Values::I64(values) => values.push(number() as i64),
        Values::F64(values) => values.push(reader.f64().expect("a log holds what was pushed")),
        Values::Address(values) => values.push(read_address(reader).unwrap_or([0; 16])),
        Values::Spans(spans) | Values::Texts(spans, _) => spans.push(read_text(reader).map_or(Span::NONE, |text| {
            bytes.extend(text);
            Span { start: (bytes.len() - text.len()) as u32, length: text.len() as u32 }
        })),
    }
}
