//! Merged records as a table.

use pktvisor_core::Error;
use pktvisor_core::metric::{Items, Shape};

use super::merged::{Kept, Merged, TOLD};
use super::{Accumulators, Handler};
use crate::columns::{Column, Form};
use crate::table::{Metadata, RecordTable};
use crate::values::Values;

/// The window that merged records make, and whose it is.
#[derive(Debug, Clone, Default)]
pub struct Window {
    pub agent: String,
    pub policy: String,
    pub tap: String,
    pub number: u64,
    pub start_ns: i64,
    pub end_ns: i64,
    pub length_s: u64,
    pub is_closed: bool,
}

/// A merged metric with what it belongs to.
struct Row<'a> {
    instance: &'a str,
    handler: &'a Handler,
    identity: u32,
    merged: &'a Merged,
    /// What it shows, and by how much that is off.
    value: Option<u64>,
    relative_error: Option<f64>,
}

impl Accumulators {
    /// What was merged under a key, as records of a window: handlers by name, their metrics in the order that they came in.
    /// Top lists have their `most_items` heaviest items.
    ///
    /// # Errors
    /// When there is more than a table can hold.
    pub fn table(&self, key: i64, window: &Window, most_items: usize, items: Items<'_>) -> Result<RecordTable, Error> {
        let mut rows = Vec::new();
        for (instance, handler) in self.keys.get(&key).into_iter().flat_map(|handlers| &handlers.by_name) {
            rows.extend(handler.metrics.iter().map(|(identity, merged)| {
                let (value, relative_error) = shown(merged, self.identities.get(*identity).text(Column::Shape));
                Row { instance, handler, identity: *identity, merged, value, relative_error }
            }));
        }
        rows.sort_by_key(|row| (row.instance, row.merged.position, self.identities.bytes(row.identity)));
        let columns = Column::ALL.iter().map(|column| match column {
            Column::Image => Values::Bytes(rows.iter().map(|row| row.image(most_items, items)).collect()),
            _ => self.column(*column, &rows, window),
        });
        let columns = columns.collect();
        RecordTable::of_columns(columns, Metadata::new())
    }

    fn column(&self, column: Column, rows: &[Row<'_>], window: &Window) -> Values {
        match column.form() {
            Form::Text => Values::Text(rows.iter().map(|row| self.text(column, row, window).to_string()).collect()),
            Form::Texts => {
                Values::Texts(rows.iter().map(|row| self.identities.get(row.identity).group.clone()).collect())
            }
            Form::Labels => {
                Values::Labels(rows.iter().map(|row| self.identities.get(row.identity).labels.clone()).collect())
            }
            Form::Counts => {
                Values::Counts(rows.iter().map(|row| row.handler.ledger.clone().into_iter().collect()).collect())
            }
            Form::Number => Values::Number(rows.iter().map(|row| row.number(column, window)).collect()),
            Form::Fraction => Values::Fraction(rows.iter().map(|row| row.relative_error).collect()),
            Form::Time => {
                let time_ns = if column == Column::Start { window.start_ns } else { window.end_ns };
                Values::Time(vec![time_ns; rows.len()])
            }
            Form::Flag => Values::Flag(vec![window.is_closed; rows.len()]),
            Form::Bytes => unreachable!("only images are bytes"),
        }
    }

    fn text<'a>(&'a self, column: Column, row: &Row<'a>, window: &'a Window) -> &'a str {
        match column {
            Column::Agent => &window.agent,
            Column::Policy => &window.policy,
            Column::Tap => &window.tap,
            Column::Instance => row.instance,
            _ => match TOLD.iter().position(|told| *told == column) {
                Some(at) => &row.merged.newest.told[at],
                None => self.identities.get(row.identity).text(column),
            },
        }
    }
}

/// What a metric of this shape shows as a number, and by how much that is off.
fn shown(merged: &Merged, shape: &str) -> (Option<u64>, Option<f64>) {
    let state = match &merged.kept {
        Kept::Image { value, relative_error, .. } => return (*value, *relative_error),
        Kept::State(state) => state,
    };
    let whole = |value: f64| value.round_ties_even() as u64;
    match (shape, state.shape()) {
        (_, Shape::Count(count)) => (Some(count), state.relative_error()),
        (_, Shape::Estimate(estimate)) => (Some(whole(estimate)), state.relative_error()),
        // The smallest and the largest value are exact.
        ("minimum", Shape::Distribution { values, .. }) => (values.min().map(whole), None),
        ("maximum", Shape::Distribution { values, .. }) => (values.max().map(whole), None),
        _ => (None, state.relative_error()),
    }
}

impl Row<'_> {
    fn number(&self, column: Column, window: &Window) -> Option<u64> {
        match column {
            Column::RecordVersion => crate::VERSION.parse().ok(),
            Column::Number => Some(window.number),
            Column::LengthS => Some(window.length_s),
            Column::SamplePercent => Some(self.merged.sample_percent),
            Column::Seen => Some(self.handler.seen),
            Column::Dropped => Some(self.handler.dropped),
            _ => self.value,
        }
    }

    fn image(&self, most_items: usize, items: Items<'_>) -> Vec<u8> {
        match &self.merged.kept {
            Kept::State(state) if matches!(state.shape(), Shape::Items(..)) => {
                let mut state = state.clone();
                state.cut(most_items);
                state.image(items)
            }
            Kept::State(state) => state.image(items),
            Kept::Image { image, .. } => image.clone(),
        }
    }
}
