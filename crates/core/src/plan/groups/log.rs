//! Rows of a group as bytes, and how they are fed to metrics.
//!
//! A row is which conditions hold for it (a bit each), its time and the values of the columns that the metrics read:
//! numbers in LEB128, addresses with their length (0, 4 or 16) before them, text with its length plus one. Feeding
//! unpacks the rows into columns again, so that the kinds' own kernels do the work, over whole columns.

use super::GroupPlan;
use crate::expr::Bitmap;
use crate::metric::{Feeding, ItemKind, Items, MetricState, NO_PLACE, Seconds};
use crate::plan::columns::Values;
use crate::sketch::reader::{Reader, write_varint};
use crate::table::{Address, Column, Span};

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
        write_varint(&mut self.bytes, holds);
        self.bytes.extend(time_ns.to_le_bytes());
        sources.iter().for_each(|column| write_value(&mut self.bytes, column, row));
        self.rows += 1;
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

/// Writes a row's value of a column; nothing of it depends on the batch.
#[inline]
pub(super) fn write_value(out: &mut Vec<u8>, column: &Column<'_>, row: usize) {
    match column {
        Column::Address(values) => write_address(out, &values[row]),
        Column::Text(text) => match text.get(row) {
            None => out.push(0),
            Some(text) => {
                write_varint(out, text.len() as u64 + 1);
                out.extend(text);
            }
        },
        Column::F64(values) => out.extend(values[row].to_le_bytes()),
        // A place that there is no database for.
        column if column.is_empty() => write_varint(out, u64::from(NO_PLACE)),
        column => write_varint(out, column.number(row)),
    }
}

const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

fn write_address(out: &mut Vec<u8>, address: &Address) {
    if *address == [0; 16] {
        out.push(0);
    } else if address[..12] == MAPPED {
        out.push(4);
        out.extend(&address[12..]);
    } else {
        out.push(16);
        out.extend(address);
    }
}

/// An address as [`write_address`] wrote it; `None` where there was none.
fn read_address(reader: &mut Reader) -> Option<Address> {
    let mut address = [0; 16];
    match reader.u8().ok()? {
        4 => {
            address[..12].copy_from_slice(&MAPPED);
            address[12..].copy_from_slice(reader.bytes(4).ok()?);
        }
        16 => address.copy_from_slice(reader.bytes(16).ok()?),
        _ => return None,
    }
    Some(address)
}

fn read_text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = reader.varint().ok()?.checked_sub(1)?;
    reader.bytes(usize::try_from(length).ok()?).ok()
}

/// A value of a key as the bytes of an item; `None` where the row had none.
pub(super) fn read_item(reader: &mut Reader, kind: ItemKind) -> Option<Vec<u8>> {
    match kind {
        ItemKind::Address => read_address(reader).map(|address| address.to_vec()),
        ItemKind::Text => read_text(reader).map(<[u8]>::to_vec),
        _ => Some(reader.varint().ok()?.to_le_bytes().to_vec()),
    }
}

/// A key as every process reads it: of each value whether there is one, and the item as it is saved.
pub(super) fn written_key(key: &[u8], kinds: &[ItemKind], items: Items<'_>) -> Vec<u8> {
    let (mut reader, mut out) = (Reader::new("key", key), Vec::new());
    for kind in kinds {
        let item = read_item(&mut reader, *kind).filter(|item| !is_no_place(*kind, item));
        out.push(u8::from(item.is_some()));
        if let Some(item) = item {
            out.extend(items.written(*kind, &item));
        }
    }
    out
}

/// The key that [`written_key`] wrote; `None` where the bytes are none.
pub(super) fn read_key(written: &[u8], kinds: &[ItemKind], items: Items<'_>) -> Option<Vec<u8>> {
    let (mut reader, mut key) = (Reader::new("key", written), Vec::new());
    for kind in kinds {
        let item = match reader.u8().ok()? {
            0 => None,
            _ => Some(items.read(&mut reader, *kind).ok()?.1),
        };
        match (kind, item) {
            (ItemKind::Address, item) => {
                let address = item.map_or(Some([0; 16]), |item| item.try_into().ok())?;
                write_address(&mut key, &address);
            }
            (ItemKind::Text, None) => key.push(0),
            (ItemKind::Text, Some(text)) => {
                write_varint(&mut key, text.len() as u64 + 1);
                key.extend(text);
            }
            (_, item) => {
                let number = item.map_or(u64::from(NO_PLACE), |item| crate::metric::number(&item));
                write_varint(&mut key, number);
            }
        }
    }
    (reader.remaining() == 0).then_some(key)
}

fn is_no_place(kind: ItemKind, item: &[u8]) -> bool {
    kind == ItemKind::Place && crate::metric::number(item) == u64::from(NO_PLACE)
}

/// Room for the rows of a log as columns; kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    times_ns: Vec<i64>,
    holds: Vec<u64>,
    columns: Vec<Values>,
    text: Vec<u8>,
    seconds: Seconds,
    rows: Bitmap,
}

impl Chunk {
    /// Feeds the rows of a log to a group's metrics.
    pub fn feed(&mut self, plan: &GroupPlan, log: &Log, metrics: &mut [MetricState], seed: u64) {
        if log.rows == 0 {
            return;
        }
        self.unpack(plan, log);
        self.seconds.read(&self.times_ns);
        let mut condition = usize::MAX;
        for feed in &plan.feeds {
            if feed.rows != condition {
                condition = feed.rows;
                self.rows.fill_from(&self.holds, |holds| holds >> condition & 1 == 1);
            }
            let view = |at: usize| self.columns[at].view(&self.text);
            metrics[feed.metric].feed(&Feeding {
                rows: &self.rows,
                column: feed.column.map(view),
                weight: feed.weight.map(view),
                times_ns: &self.times_ns,
                seconds: &self.seconds,
                seed,
            });
        }
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
            self.holds.push(reader.varint().expect(read));
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
