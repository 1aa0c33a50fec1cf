//! One metric as it was merged.

use std::cmp::Ordering;

use pktvisor_core::Error;
use pktvisor_core::metric::{ItemKind, Items, KindName, MetricImage, MetricKind, MetricState, Shape};

use super::bounds::{MOST_TOLD_BYTES, SHORT_ITEMS, shortened};
use crate::columns::Column;
use crate::table::RecordTable;
use arrow_array::cast::AsArray;

/// A row whose image was checked.
pub struct Row<'a> {
    pub table: &'a RecordTable,
    pub at: usize,
    /// Where it stands among the rows of its window.
    pub position: usize,
    /// None for a kind that this release doesn't know.
    image: Option<(ItemKind, MetricImage<'a>)>,
}

impl<'a> Row<'a> {
    /// Reads the image of a row. An error names the metric.
    pub fn read(table: &'a RecordTable, at: usize, position: usize, items: Items<'_>) -> Result<Self, Error> {
        let text = |column| table.text(column, at);
        let place = || format!("{} {}", text(Column::Schema), text(Column::Path));
        let (kind, shape) = (text(Column::Kind), text(Column::Shape));
        let known = KindName::by_name(kind).zip(ItemKind::by_name(text(Column::Items)));
        let image = match known {
            Some((kind, _)) if !is_shown_as(kind, shape) => {
                return Err(Error::format(format!("{}: a {} has no shape {shape}", place(), kind.name())));
            }
            Some((kind, item_kind)) => {
                let image = MetricImage::read(image(table, at), MetricKind { kind, items: item_kind }, items);
                let damaged = |error: Error| format!("the image of {} can't be read: {}", place(), error.message);
                Some((item_kind, image.map_err(|error| Error::format(damaged(error)))?))
            }
            None => None,
        };
        Ok(Self { table, at, position, image })
    }

    pub fn is_unknown(&self) -> bool {
        self.image.is_none()
    }

    /// Whether it is of a kind that this release doesn't know, and larger than that.
    pub fn is_unknown_of(&self, bytes: usize) -> bool {
        self.is_unknown() && image(self.table, self.at).len() > bytes
    }
}

/// Whether a kind has a shape; one that this release doesn't know is left to readers that do.
fn is_shown_as(kind: KindName, shape: &str) -> bool {
    match shape {
        "count" => matches!(kind, KindName::Counter | KindName::Last),
        "estimate" => kind == KindName::Cardinality,
        "rate" | "quantiles" | "histogram" | "minimum" | "maximum" => {
            matches!(kind, KindName::Rate | KindName::Distribution)
        }
        "top" => kind == KindName::Top,
        _ => true,
    }
}

fn image(table: &RecordTable, row: usize) -> &[u8] {
    table.array(Column::Image).as_binary::<i32>().value(row)
}

/// A metric, and what its newest record says of it.
pub struct Merged {
    pub kept: Kept,
    pub sample_percent: u64,
    /// Where it stands among the metrics of its handler.
    pub position: usize,
    pub newest: Newest,
}

pub enum Kept {
    State(Box<MetricState>),
    /// The newest image of a kind that this release doesn't know, with what it showed.
    Image {
        image: Vec<u8>,
        value: Option<u64>,
        relative_error: Option<f64>,
    },
}

/// What the newest record of several says for people: its order is that of time, then of who told it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Newest {
    start_ns: i64,
    end_ns: i64,
    number: u64,
    source: [String; 2],
    pub told: [String; TOLD.len()],
}

/// The columns that only describe a metric.
pub const TOLD: [Column; 4] = [Column::Family, Column::Help, Column::ItemLabel, Column::Words];

const SOURCE: [Column; 2] = [Column::Agent, Column::Policy];

impl Newest {
    fn of_row(table: &RecordTable, row: usize) -> Self {
        let text = |column: Column| shortened(table.text(column, row), MOST_TOLD_BYTES).to_string();
        Self {
            start_ns: table.times(Column::Start)[row],
            end_ns: table.times(Column::End)[row],
            number: table.numbers(Column::Number)[row],
            source: SOURCE.map(text),
            told: TOLD.map(text),
        }
    }

    /// How a row stands to it, without a copy of the row.
    fn order_of(&self, table: &RecordTable, row: usize) -> Ordering {
        let numbers =
            (table.times(Column::Start)[row], table.times(Column::End)[row], table.numbers(Column::Number)[row]);
        let texts = |columns: &[Column], known: &[String]| {
            columns
                .iter()
                .map(|column| shortened(table.text(*column, row), MOST_TOLD_BYTES))
                .cmp(known.iter().map(String::as_str))
        };
        numbers
            .cmp(&(self.start_ns, self.end_ns, self.number))
            .then_with(|| texts(&SOURCE, &self.source))
            .then_with(|| texts(&TOLD, &self.told))
    }

    fn memory_bytes(&self) -> usize {
        self.source.iter().chain(&self.told).map(String::len).sum()
    }
}

impl Merged {
    pub fn new(row: &Row<'_>) -> Self {
        let kept = match &row.image {
            Some((items, image)) => Kept::State(Box::new(MetricState::of_image(image, *items))),
            None => Kept::image(row.table, row.at),
        };
        let sample_percent = row.table.numbers(Column::SamplePercent)[row.at];
        Self { kept, sample_percent, position: row.position, newest: Newest::of_row(row.table, row.at) }
    }

    /// Takes in another record of the same identity.
    pub fn add(&mut self, row: &Row<'_>) {
        let is_newer = self.newest.order_of(row.table, row.at).is_gt();
        match (&mut self.kept, &row.image) {
            (Kept::State(state), Some((_, image))) => {
                state.merge_image(image);
            }
            (kept, _) if is_newer => *kept = Kept::image(row.table, row.at),
            _ => {}
        }
        if is_newer {
            self.newest = Newest::of_row(row.table, row.at);
        }
        self.sample_percent = self.sample_percent.min(row.table.numbers(Column::SamplePercent)[row.at]);
        self.position = self.position.min(row.position);
    }

    /// Has a list keep its heaviest items alone; tells whether it had more.
    pub fn shorten(&mut self) -> bool {
        match &mut self.kept {
            Kept::State(state) => {
                if matches!(state.shape(), Shape::Items(..)) {
                    state.cut(SHORT_ITEMS);
                }
                state.make_small()
            }
            Kept::Image { .. } => false,
        }
    }

    pub fn memory_bytes(&self) -> usize {
        let kept = match &self.kept {
            Kept::State(state) => state.memory_bytes(),
            Kept::Image { image, .. } => image.capacity(),
        };
        size_of::<Self>() + kept + self.newest.memory_bytes()
    }
}

impl Kept {
    fn image(table: &RecordTable, row: usize) -> Self {
        Self::Image {
            image: image(table, row).to_vec(),
            value: table.optional_number(Column::Value, row),
            relative_error: table.optional_fraction(Column::RelativeError, row),
        }
    }
}
