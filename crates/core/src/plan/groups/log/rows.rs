//! Where a row holds what.

use super::super::GroupPlan;
use crate::metric::KindName;
use crate::table::{Address, ColumnType, Span};

/// Bytes of a time.
const TIME_BYTES: usize = size_of::<i64>();

/// Where a row holds what.
#[derive(Debug, Default)]
pub struct RowLayout {
    pub(super) holds_bytes: usize,
    pub(super) has_times: bool,
    pub(super) has_texts: bool,
    pub(super) kinds: Vec<ColumnType>,
    /// Bytes of a row: of narrow ones, and of wide ones.
    pub(super) row_bytes: [usize; 2],
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
    pub(super) fn values_start(&self) -> usize {
        self.holds_bytes + if self.has_times { TIME_BYTES } else { 0 }
    }

    /// Each column with where its values stand.
    pub(super) fn places(&self, is_wide: bool) -> impl Iterator<Item = (ColumnType, usize)> {
        let mut next = self.values_start();
        self.kinds.iter().map(move |kind| {
            let start = next;
            next += width(*kind, is_wide);
            (*kind, start)
        })
    }

    /// Writes a narrow row as a wide one.
    pub(super) fn widen(&self, narrow: &[u8], out: &mut Vec<u8>) {
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
pub(super) const fn width(kind: ColumnType, is_wide: bool) -> usize {
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

pub(super) const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

pub(super) fn address_of(narrow: &[u8]) -> Address {
    let mut address = [0; 16];
    address[..12].copy_from_slice(&MAPPED);
    address[12..].copy_from_slice(narrow);
    address
}

#[inline(always)]
pub(super) fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

pub(super) fn span_bytes(span: Span) -> [u8; 8] {
    (u64::from(span.start) | u64::from(span.length) << 32).to_le_bytes()
}

pub(super) fn read_span(bytes: &[u8]) -> Span {
    Span { start: word(&bytes[..4]), length: word(&bytes[4..]) }
}
