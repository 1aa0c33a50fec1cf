//! Metrics: one kind, one file in `kinds/`; being there is all that it takes (see `build.rs`).
//!
//! A kind says in one place what it keeps of a stream, how rows feed it, how it merges, which [`Shape`] it shows and how it
//! is written down. The plan, the windows and the bindings know kinds only through this contract.
//!
//! Each file in `kinds/` declares `NAME`, what plans and records call the kind, and `State`, which implements [`Kind`].

mod items;
mod seconds;

use std::fmt::Debug;

pub use items::number;
use items::small_number_key;
pub use items::{ItemKind, Items};
pub(crate) use items::{NO_PLACE, address_key, is_specified};
pub(crate) use seconds::Seconds;

use crate::Error;
use crate::expr::Bitmap;
use crate::sketch::reader::{Reader, write_block};
use crate::sketch::{Distribution, Exact, Frequent, Hll};
use crate::table::Column;

include!(concat!(env!("OUT_DIR"), "/metric_kinds.rs"));

/// What a metric is: its kind, and what its items are where it keeps any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MetricKind {
    pub kind: KindName,
    pub items: ItemKind,
}

/// The rows that feed a metric.
pub(crate) struct Feeding<'a> {
    pub rows: &'a Bitmap,
    /// Values that count; without it rows are counted.
    pub column: Option<Column<'a>>,
    pub weight: Option<Column<'a>>,
    pub times_ns: &'a [i64],
    pub seconds: &'a Seconds,
    /// The hash seed of this process.
    pub seed: u64,
}

/// What a metric shows: outputs know these few shapes and no kind.
#[derive(Debug)]
pub enum Shape<'a> {
    /// A number.
    Count(u64),
    /// A number of distinct values, which is estimated.
    Estimate(f64),
    /// How values are spread; of a rate also its last complete second.
    Distribution { values: std::borrow::Cow<'a, Distribution>, live: Option<u64> },
    /// The heaviest items.
    Items(ItemKind, TopItems<'a>),
}

/// A top list as it is kept.
#[derive(Debug, Clone, Copy)]
pub enum TopItems<'a> {
    Exact(&'a Exact),
    Frequent(&'a Frequent),
}

/// The contract of a kind.
pub(crate) trait Kind: Clone + Debug + Sized {
    /// A metric of which nothing is known yet, of a window that begins within this second.
    fn new(items: ItemKind, start_second: i64) -> Self;

    /// Takes in the rows of a batch.
    fn feed(&mut self, feeding: &Feeding<'_>);

    /// Takes in the same metric of another worker (`is_same_window`) or of another window. Associative and commutative,
    /// with [`Self::new`] as its identity.
    fn merge(&mut self, other: &Self, is_same_window: bool);

    fn shape(&self) -> Shape<'_>;

    /// By how much, relative to itself, what it shows is off: of an estimate one standard deviation, of a quantile the
    /// most. `None` for what is no approximation, or has bounds with each item.
    fn relative_error(&self) -> Option<f64> {
        None
    }

    fn memory_bytes(&self) -> usize;

    /// Writes everything, so that the metric can go on where it is read, in any process.
    fn save(&self, out: &mut Vec<u8>, items: Items<'_>);

    /// Reads what [`Self::save`] wrote.
    fn restore(reader: &mut Reader, kind: ItemKind, items: Items<'_>) -> Result<Self, Error>;

    /// The sketch as other engines read it: Apache DataSketches' image where there is one, else the form of its own that
    /// its family documents.
    fn image(&self, items: Items<'_>) -> Vec<u8>;

    /// An image that was checked and is no metric yet, where merging needs none; else the metric.
    type Image<'a>;

    fn read_image<'a>(bytes: &'a [u8], kind: ItemKind, items: Items<'_>) -> Result<Self::Image<'a>, Error>;

    /// The metric of a closed window that an image is of.
    fn of_image(image: &Self::Image<'_>, kind: ItemKind) -> Self;

    /// Takes in the same metric of another source or another window, as [`Self::merge`] would when it was made.
    fn merge_image(&mut self, image: &Self::Image<'_>);

    /// What the items are; [`ItemKind::None`] where there are none.
    fn items(&self) -> ItemKind {
        ItemKind::None
    }

    /// Time has moved on to this second, though nothing may have happened.
    fn advance(&mut self, _second: i64) {}

    /// The window ends.
    fn close(&mut self, _end_second: i64) {}

    /// It is one of many, which together would need too much room: from the start it stays smaller than others.
    fn keep_small(&mut self) {}

    /// Memory is short: keeps what matters most, with wider bounds. Tells whether it had more.
    fn make_small(&mut self) -> bool {
        false
    }

    /// Of a list as many of the heaviest items are kept, with wider bounds.
    fn cut(&mut self, _most_items: usize) {}

    /// Gives room back that only a window that still grows needs.
    fn shrink(&mut self) {}

    /// The next window begins: takes over what holds until it is told anew.
    fn carry_over(&mut self, _closed: &Self) {}
}

impl MetricState {
    pub fn kind(&self) -> MetricKind {
        MetricKind { kind: self.name(), items: self.items() }
    }

    /// A number that was counted elsewhere.
    pub(crate) fn counted(count: u64) -> Self {
        Self::Counter(counter::State(count))
    }

    /// The same as groups keep it: exact counts of numbers as a list.
    pub(crate) fn one_of_many(self, seed: u64) -> Self {
        match self {
            Self::Top(list) => Self::Top(list.one_of_many(seed)),
            other => other,
        }
    }

    /// A cardinality that was counted elsewhere.
    pub(crate) fn of_hll(hll: Hll) -> Self {
        Self::Cardinality(cardinality::State(hll))
    }

    /// The sketch of a cardinality.
    pub(crate) fn hll(&self) -> Option<&Hll> {
        match self {
            Self::Cardinality(cardinality::State(hll)) => Some(hll),
            _ => None,
        }
    }

    /// Makes a top list show what was counted elsewhere.
    pub(crate) fn show(&mut self, counted: Frequent) {
        if let Self::Top(top::State::Frequent(_, list)) = self {
            *list = counted;
        }
    }

    /// The sketch of a top list, where it has one.
    pub(crate) fn frequent(&self) -> Option<&Frequent> {
        match self {
            Self::Top(top::State::Frequent(_, list)) => Some(list),
            _ => None,
        }
    }

    /// Saves it with its length; `block` is room for it.
    pub(crate) fn save_block(&self, block: &mut Vec<u8>, out: &mut Vec<u8>, items: Items<'_>) {
        block.clear();
        self.save(block, items);
        write_block(out, block);
    }

    /// Takes in a metric of another handler that saw the same time; false where it is of another kind.
    pub fn merge_alike(&mut self, other: &MetricState) -> bool {
        let is_alike = self.kind() == other.kind();
        if is_alike {
            self.merge(other, true);
        }
        is_alike
    }

    /// A number as it is kept; 0 for what is no number.
    pub fn count(&self) -> u64 {
        match self.shape() {
            Shape::Count(count) => count,
            _ => 0,
        }
    }

    /// A quantile of the values; `None` for what keeps none, and where there are none.
    pub fn quantile(&self, rank: f64) -> Option<f64> {
        match self.shape() {
            Shape::Distribution { values, .. } => values.quantile(rank),
            _ => None,
        }
    }
}
