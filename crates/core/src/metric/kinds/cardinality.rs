//! Number of distinct values.

use super::items::{MAPPED, halves};
use super::{Feeding, ItemKind, Items, Kind, NO_PLACE, Shape};
use crate::Error;
use crate::expr::{BLOCK_ROWS, Bitmap};
use crate::sketch::murmur3::{DATASKETCHES_SEED, murmur3_128};
use crate::sketch::reader::{Reader, write_block};
use crate::sketch::{Hll, HllImage};
use crate::table::{Address, Column};

pub const NAME: &str = "cardinality";

#[derive(Debug, Clone)]
pub struct State(pub Hll);

impl Kind for State {
    fn new(_items: ItemKind, _start_second: i64) -> Self {
        Self(Hll::new())
    }

    fn feed(&mut self, feeding: &Feeding<'_>) {
        if let Some(column) = feeding.column {
            feed(&mut self.0, feeding.rows, column);
        }
    }

    fn merge(&mut self, other: &Self, _is_same_window: bool) {
        self.0.merge(&other.0);
    }

    fn shape(&self) -> Shape<'_> {
        Shape::Estimate(self.0.estimate())
    }

    fn relative_error(&self) -> Option<f64> {
        Some(self.0.relative_error())
    }

    fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    fn save(&self, out: &mut Vec<u8>, _items: Items<'_>) {
        write_block(out, &self.0.to_bytes());
    }

    fn restore(reader: &mut Reader, _kind: ItemKind, _items: Items<'_>) -> Result<Self, Error> {
        Ok(Self(Hll::from_bytes(reader.block()?)?))
    }

    fn image(&self, _items: Items<'_>) -> Vec<u8> {
        self.0.to_bytes()
    }

    type Image<'a> = HllImage<'a>;

    fn read_image<'a>(bytes: &'a [u8], _kind: ItemKind, _items: Items<'_>) -> Result<HllImage<'a>, Error> {
        HllImage::read(bytes)
    }

    fn of_image(image: &HllImage<'_>, _kind: ItemKind) -> Self {
        let mut state = Self(Hll::new());
        state.merge_image(image);
        state
    }

    fn merge_image(&mut self, image: &HllImage<'_>) {
        self.0.merge_image(image);
    }
}

/// Hashes as Apache DataSketches does: text and addresses by their bytes (4 for IPv4, 16 for IPv6), numbers as 8
/// little-endian bytes. Empty text is not counted.
fn feed(hll: &mut Hll, rows: &Bitmap, column: Column<'_>) {
    match column {
        Column::Text(text) => count_different(hll, rows, |row| text.get(row).filter(|item| !item.is_empty()).map(hash)),
        Column::Address(addresses) => count_different(hll, rows, |row| {
            let (first, second) = halves(&addresses[row]);
            if first == 0 && second & 0xffff_ffff == MAPPED {
                (second != MAPPED).then(|| hash(&((second >> 32) as u32).to_le_bytes()))
            } else {
                (first | second != 0).then(|| hash_v6(&addresses[row]))
            }
        }),
        Column::U16(values) => count_different(hll, rows, |row| Some(hash(&u64::from(values[row]).to_le_bytes()))),
        Column::U32(values) => count_different(hll, rows, |row| {
            (values[row] != NO_PLACE).then(|| hash(&u64::from(values[row]).to_le_bytes()))
        }),
        other => count_different(hll, rows, |row| Some(hash(&other.number(row).to_le_bytes()))),
    }
}

/// Counts rows by the hashes of their values; some rows at a time, so that one hash does not wait for what became of another.
#[inline(always)]
fn count_different(hll: &mut Hll, rows: &Bitmap, hash: impl Fn(usize) -> Option<(u64, u64)>) {
    let mut hashes = [(0, 0); BLOCK_ROWS];
    rows.for_each_block(|rows| {
        let mut count = 0;
        for row in rows {
            if let Some(hash) = hash(*row as usize) {
                hashes[count] = hash;
                count += 1;
            }
        }
        hll.update_all(&hashes[..count]);
    });
}

/// Inlined, so that it knows how many bytes there are.
#[inline(always)]
fn hash(bytes: &[u8]) -> (u64, u64) {
    murmur3_128(bytes, DATASKETCHES_SEED)
}

#[inline(never)]
fn hash_v6(address: &Address) -> (u64, u64) {
    hash(address)
}
