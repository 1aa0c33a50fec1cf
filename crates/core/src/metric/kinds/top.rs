//! The values met most often, or with the largest sum of a weight: 16-bit numbers counted exactly, others by a sketch.

use super::{Feeding, ItemKind, Items, Kind, NO_PLACE, Shape, TopItems, address_key, is_specified};
use crate::Error;
use crate::expr::{BLOCK_ROWS, Bitmap};
use crate::hash::{hash_bytes, hash_word};
use crate::sketch::reader::Reader;
use crate::sketch::{Exact, Frequent};
use crate::table::{Address, Column, TextColumn};

pub const NAME: &str = "top";

/// Keys that a top list tracks at most: three quarters of 8,192, as the peer's.
const LG_MAP: u8 = 13;

/// Keys that a list tracks that is one of many: three quarters of 128.
const LG_MAP_OF_MANY: u8 = 7;

#[derive(Debug, Clone)]
pub enum State {
    Exact(Exact),
    Frequent(ItemKind, Frequent),
}

impl Kind for State {
    fn new(items: ItemKind, _start_second: i64) -> Self {
        match items {
            ItemKind::SmallNumber => Self::Exact(Exact::new()),
            _ => Self::Frequent(items, Frequent::new(LG_MAP)),
        }
    }

    fn feed(&mut self, feeding: &Feeding<'_>) {
        let Some(column) = feeding.column else { return };
        let rows = feeding.rows;
        // The weights are no column, so that the usual weight of 1 costs nothing.
        match (self, feeding.weight) {
            (Self::Exact(counts), None) => feed_exact(counts, rows, column, |_| 1),
            (Self::Exact(counts), Some(weight)) => feed_exact(counts, rows, column, |row| weight.number(row)),
            (Self::Frequent(_, top), None) => feed(top, feeding.seed, rows, column, |_| 1),
            (Self::Frequent(_, top), Some(weight)) => {
                feed(top, feeding.seed, rows, column, |row| weight.number(row));
            }
        }
    }

    fn merge(&mut self, other: &Self, _is_same_window: bool) {
        match (self, other) {
            (Self::Exact(mine), Self::Exact(theirs)) => mine.merge(theirs),
            (Self::Frequent(_, mine), Self::Frequent(_, theirs)) => mine.merge(theirs),
            _ => unreachable!("metrics that merge have items of one kind"),
        }
    }

    fn items(&self) -> ItemKind {
        match self {
            Self::Exact(_) => ItemKind::SmallNumber,
            Self::Frequent(items, _) => *items,
        }
    }

    fn shape(&self) -> Shape<'_> {
        match self {
            Self::Exact(counts) => Shape::Items(ItemKind::SmallNumber, TopItems::Exact(counts)),
            Self::Frequent(items, top) => Shape::Items(*items, TopItems::Frequent(top)),
        }
    }

    fn memory_bytes(&self) -> usize {
        match self {
            Self::Exact(counts) => counts.memory_bytes(),
            Self::Frequent(_, top) => top.memory_bytes(),
        }
    }

    fn save(&self, out: &mut Vec<u8>, items: Items<'_>) {
        match self {
            Self::Exact(counts) => counts.save(out),
            Self::Frequent(kind, top) => top.save(out, |item| items.written(*kind, item)),
        }
    }

    fn restore(reader: &mut Reader, kind: ItemKind, items: Items<'_>) -> Result<Self, Error> {
        Ok(match kind {
            ItemKind::SmallNumber => Self::Exact(Exact::restore(reader)?),
            _ => Self::Frequent(kind, Frequent::restore(reader, |reader| items.read(reader, kind))?),
        })
    }

    fn image(&self, items: Items<'_>) -> Vec<u8> {
        match self {
            Self::Exact(counts) => counts.to_bytes(|value| value.to_string()),
            Self::Frequent(kind, top) => top.to_bytes(|item| items.image_text(*kind, item)),
        }
    }

    fn from_image(bytes: &[u8], kind: ItemKind, items: Items<'_>) -> Result<Self, Error> {
        Ok(match kind {
            ItemKind::SmallNumber => Self::Exact(Exact::from_bytes(bytes)?),
            _ => Self::Frequent(kind, Frequent::from_image(bytes, |text| items.of_image_text(kind, text))?),
        })
    }

    fn keep_small(&mut self) {
        if let Self::Frequent(_, top) = self {
            *top = Frequent::new(LG_MAP_OF_MANY);
        }
    }

    fn make_small(&mut self) -> bool {
        match self {
            Self::Exact(_) => false,
            Self::Frequent(_, top) => top.reduce(LG_MAP_OF_MANY),
        }
    }

    fn shrink(&mut self) {
        if let Self::Frequent(_, top) = self {
            top.shrink_to_fit();
        }
    }
}

impl State {
    /// Exact counts of numbers as a list of numbers, which loses nothing of as many as a list tracks.
    pub(crate) fn one_of_many(self, seed: u64) -> Self {
        let Self::Exact(counts) = self else { return self };
        let mut list = Frequent::new(LG_MAP);
        for (value, count) in counts.top(usize::MAX) {
            let value = u64::from(value);
            list.update(hash_word(seed, value), &value.to_le_bytes(), count);
        }
        Self::Frequent(ItemKind::Number, list)
    }
}

#[inline(always)]
fn feed_exact(counts: &mut Exact, rows: &Bitmap, column: Column<'_>, weight: impl Fn(usize) -> u64) {
    match column {
        Column::U16(values) => rows.for_each(|row| counts.add(values[row], weight(row))),
        Column::U8(values) => rows.for_each(|row| counts.add(u16::from(values[row]), weight(row))),
        _ => {}
    }
}

fn feed(top: &mut Frequent, seed: u64, rows: &Bitmap, column: Column<'_>, weight: impl Fn(usize) -> u64) {
    match column {
        Column::Text(text) => feed_text(top, seed, rows, text, weight),
        Column::Address(addresses) => feed_addresses(top, seed, rows, addresses, weight),
        Column::U32(values) => rows.for_each(|row| {
            if values[row] != NO_PLACE {
                let key = hash_word(seed, u64::from(values[row]));
                top.update(key, &values[row].to_le_bytes(), weight(row));
            }
        }),
        other => rows.for_each(|row| {
            let value = other.number(row);
            top.update(hash_word(seed, value), &value.to_le_bytes(), weight(row));
        }),
    }
}

fn feed_text(top: &mut Frequent, seed: u64, rows: &Bitmap, text: TextColumn<'_>, weight: impl Fn(usize) -> u64) {
    let item = |row: usize| text.get(row).unwrap_or(&[]);
    feed_blocks(top, rows, |row| text.get(row).map(|item| hash_bytes(seed, item)), item, weight);
}

fn feed_addresses(top: &mut Frequent, seed: u64, rows: &Bitmap, addresses: &[Address], weight: impl Fn(usize) -> u64) {
    let key = |row: usize| {
        let address = &addresses[row];
        is_specified(address).then(|| address_key(seed, address))
    };
    feed_blocks(top, rows, key, |row| &addresses[row][..], weight);
}

/// Works out the keys of a block of rows, so that their slots are in the cache when they are counted.
#[inline(always)]
fn feed_blocks<'a>(
    top: &mut Frequent,
    rows: &Bitmap,
    key: impl Fn(usize) -> Option<u64>,
    item: impl Fn(usize) -> &'a [u8],
    weight: impl Fn(usize) -> u64,
) {
    let (mut keys, mut owners) = ([0_u64; BLOCK_ROWS], [0_u32; BLOCK_ROWS]);
    rows.for_each_block(|block| {
        let mut count = 0;
        for row in block {
            let Some(key) = key(*row as usize) else { continue };
            top.prefetch(key);
            (keys[count % BLOCK_ROWS], owners[count % BLOCK_ROWS]) = (key, *row);
            count += 1;
        }
        let row = |at: usize| owners[at % BLOCK_ROWS] as usize;
        top.update_all(&keys[..count], |at| item(row(at)), |at| weight(row(at)));
    });
}
