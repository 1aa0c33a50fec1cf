//! Number of distinct values.

use super::items::{MAPPED, halves};
use super::{Feeding, ItemKind, Items, Kind, NO_PLACE, Shape};
use crate::Error;
use crate::expr::Bitmap;
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
        Column::Text(text) => rows.for_each(|row| {
            if let Some(item @ [_, ..]) = text.get(row) {
                count_different(hll, item);
            }
        }),
        Column::Address(addresses) => rows.for_each(|row| {
            let (first, second) = halves(&addresses[row]);
            if first == 0 && second & 0xffff_ffff == MAPPED {
                if second != MAPPED {
                    count_different(hll, &((second >> 32) as u32).to_le_bytes());
                }
            } else if first | second != 0 {
                count_different_v6(hll, &addresses[row]);
            }
        }),
        Column::U32(values) => rows.for_each(|row| {
            if values[row] != NO_PLACE {
                count_different(hll, &u64::from(values[row]).to_le_bytes());
            }
        }),
        other => rows.for_each(|row| count_different(hll, &other.number(row).to_le_bytes())),
    }
}

/// Inlined, so that hashing knows how many bytes there are.
#[inline(always)]
fn count_different(hll: &mut Hll, bytes: &[u8]) {
    let (first, second) = murmur3_128(bytes, DATASKETCHES_SEED);
    hll.update(first, second);
}

#[inline(never)]
fn count_different_v6(hll: &mut Hll, address: &Address) {
    count_different(hll, address);
}
