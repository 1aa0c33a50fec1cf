//! Columns that no table has: gathered from the packets of rows, or worked out from other columns.

use std::collections::HashMap;
use std::sync::Arc;

use super::Enrichment;
use crate::decode::EARLIER;
use crate::decode::name;
use crate::enrich::geo::{GeoDatabase, GeoTable, Places};
use crate::enrich::suffix::{SuffixList, public_suffix_bytes};
use crate::expr::{Bitmap, TextMatch};
use crate::metric::{NO_PLACE, is_specified};
use crate::table::{Address, Column, ColumnType, Span, TextColumn};

/// Values of one such column for the batch at hand.
#[derive(Debug)]
pub(crate) enum Values {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    F64(Vec<f64>),
    Address(Vec<Address>),
    /// Texts of the table.
    Spans(Vec<Span>),
    /// Texts of its own.
    Texts(Vec<Span>, Vec<u8>),
}

impl Values {
    /// A column of this type without rows.
    pub fn empty(kind: ColumnType) -> Self {
        match kind {
            ColumnType::U8 => Self::U8(Vec::new()),
            ColumnType::U16 => Self::U16(Vec::new()),
            ColumnType::U32 => Self::U32(Vec::new()),
            ColumnType::U64 => Self::U64(Vec::new()),
            ColumnType::I64 => Self::I64(Vec::new()),
            ColumnType::F64 => Self::F64(Vec::new()),
            ColumnType::Address => Self::Address(Vec::new()),
            ColumnType::Text => Self::Spans(Vec::new()),
        }
    }

    pub fn kind(&self) -> ColumnType {
        match self {
            Self::U8(_) => ColumnType::U8,
            Self::U16(_) => ColumnType::U16,
            Self::U32(_) => ColumnType::U32,
            Self::U64(_) => ColumnType::U64,
            Self::I64(_) => ColumnType::I64,
            Self::F64(_) => ColumnType::F64,
            Self::Address(_) => ColumnType::Address,
            Self::Spans(_) | Self::Texts(..) => ColumnType::Text,
        }
    }

    pub fn clear(&mut self) {
        match self {
            Self::U8(values) => values.clear(),
            Self::U16(values) => values.clear(),
            Self::U32(values) => values.clear(),
            Self::U64(values) => values.clear(),
            Self::I64(values) => values.clear(),
            Self::F64(values) => values.clear(),
            Self::Address(values) => values.clear(),
            Self::Spans(spans) => spans.clear(),
            Self::Texts(spans, text) => {
                spans.clear();
                text.clear();
            }
        }
    }

    /// `text` are the bytes of the table that the column belongs to.
    pub fn view<'a>(&'a self, text: &'a [u8]) -> Column<'a> {
        match self {
            Self::U8(values) => Column::U8(values),
            Self::U16(values) => Column::U16(values),
            Self::U32(values) => Column::U32(values),
            Self::U64(values) => Column::U64(values),
            Self::I64(values) => Column::I64(values),
            Self::F64(values) => Column::F64(values),
            Self::Address(values) => Column::Address(values),
            Self::Spans(spans) => Column::Text(TextColumn { spans, bytes: text }),
            Self::Texts(spans, own) => Column::Text(TextColumn { spans, bytes: own }),
        }
    }

    /// The packet column's values at the packets of some rows, those of earlier batches included; none where a row came
    /// without a packet. The packet table holds no text.
    pub fn gather(packets: Column<'_>, earlier: Column<'_>, rows: &[u32]) -> Self {
        fn at<T: Copy + Default>(values: &[T], earlier: &[T], rows: &[u32]) -> Vec<T> {
            let find = |row: &u32| {
                let row = *row;
                if row < EARLIER { values.get(row as usize) } else { earlier.get((row - EARLIER) as usize) }
            };
            rows.iter().map(|row| find(row).copied().unwrap_or_default()).collect()
        }
        match (packets, earlier) {
            (Column::U8(values), Column::U8(earlier)) => Self::U8(at(values, earlier, rows)),
            (Column::U16(values), Column::U16(earlier)) => Self::U16(at(values, earlier, rows)),
            (Column::U32(values), Column::U32(earlier)) => Self::U32(at(values, earlier, rows)),
            (Column::U64(values), Column::U64(earlier)) => Self::U64(at(values, earlier, rows)),
            (Column::I64(values), Column::I64(earlier)) => Self::I64(at(values, earlier, rows)),
            (Column::F64(values), Column::F64(earlier)) => Self::F64(at(values, earlier, rows)),
            (Column::Address(values), Column::Address(earlier)) => Self::Address(at(values, earlier, rows)),
            _ => Self::Spans(vec![Span::NONE; rows.len()]),
        }
    }
}

/// One worker's way to places and networks.
#[derive(Default)]
pub(crate) struct Lookups {
    city: Option<GeoTable>,
    network: Option<GeoTable>,
}

impl Lookups {
    pub fn new(enrichment: &Enrichment) -> Self {
        let table = |database: &Option<Arc<GeoDatabase>>| {
            database.clone().map(|db| GeoTable::new(db, enrichment.cache_entries, enrichment.places.clone()))
        };
        Self { city: table(&enrichment.city), network: table(&enrichment.network) }
    }

    /// Places or networks of addresses; no values at all where there is no database to ask.
    pub fn places(&mut self, addresses: &[Address], rows: &Bitmap, is_network: bool) -> Values {
        let table = if is_network { &mut self.network } else { &mut self.city };
        let Some(table) = table else { return Values::U32(Vec::new()) };
        let mut values = vec![NO_PLACE; addresses.len()];
        rows.for_each(|row| {
            if is_specified(&addresses[row]) {
                values[row] = table.lookup(&addresses[row]);
            }
        });
        Values::U32(values)
    }

    /// The number of an address' network; `None` where there is no database to ask.
    pub fn network(&mut self, address: &Address) -> Option<u32> {
        self.network.as_mut().map(|table| table.lookup(address))
    }
}

/// The last two or three labels of names, with a suffix counted as one label: the longest of `suffixes`, or where there
/// are none, the public one by the list.
pub(crate) fn tails(
    names: TextColumn<'_>,
    rows: &Bitmap,
    labels: u8,
    suffixes: &[String],
    list: Option<&SuffixList>,
) -> Values {
    let mut spans = vec![Span::NONE; names.spans.len()];
    rows.for_each(|row| {
        let Some(name) = names.get(row) else { return };
        let suffix = if suffixes.is_empty() {
            public_suffix_bytes(name, list)
        } else {
            let fitting = suffixes.iter().filter(|suffix| ends_with_labels(name, suffix.as_bytes()));
            fitting.map(String::len).max()
        };
        let parts = name::cut(name, names.spans[row].start, suffix.unwrap_or(0));
        spans[row] = if labels == 2 { parts.last_two } else { parts.last_three };
    });
    Values::Spans(spans)
}

/// Whether a name ends with a suffix of whole labels.
fn ends_with_labels(name: &[u8], suffix: &[u8]) -> bool {
    let before = name.strip_suffix(suffix);
    before.is_some_and(|before| before.is_empty() || before.ends_with(b".") || suffix.starts_with(b"."))
}

/// A condition on the text of places; each distinct place is judged once.
#[derive(Debug, Clone)]
pub(crate) struct PlaceTest {
    how: TextMatch,
    texts: Vec<String>,
}

impl PlaceTest {
    pub fn new(how: TextMatch, texts: Vec<String>) -> Self {
        Self { how, texts }
    }

    fn matches(&self, place: &str) -> bool {
        self.texts.iter().any(|text| match self.how {
            TextMatch::Is | TextMatch::Domain => place == text,
            TextMatch::Starts => place.starts_with(text.as_str()),
            TextMatch::Ends => place.ends_with(text.as_str()),
        })
    }

    /// `column` is empty where nothing is known of the places of the `len` rows.
    pub fn evaluate(&self, column: &[u32], len: usize, places: &Places, out: &mut Bitmap) {
        let mut verdicts: HashMap<u32, bool> = HashMap::new();
        let mut rows = Bitmap::default();
        rows.fill(len, false);
        for (row, place) in column.iter().enumerate().filter(|(_, place)| **place != NO_PLACE) {
            if *verdicts.entry(*place).or_insert_with(|| self.matches(&places.get(*place).text)) {
                rows.set(row);
            }
        }
        *out = rows;
    }
}
