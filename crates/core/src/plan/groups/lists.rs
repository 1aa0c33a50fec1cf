//! Top lists of a group. Lists of the same items that differ in their weight alone are kept as one, each item once, with a
//! sum for each weight.
//!
//! Rows are not counted one by one: a chunk of them is summed by item first ([`Sums`]), in room that all groups share, and
//! what is kept of a list is summed with them. When there are more items than places, each weight takes the greatest sum
//! that has no place in its share off all of its sums; what comes to nothing for every weight is given up, and what was taken
//! off is the weight's *floor*. So an item weighs what is kept of it at least, and at most that plus the floor, as in
//! [`crate::sketch::Frequent`], which such a list becomes when it is read.
//!
//! What is kept is packed: the values as [`super::values`] writes them, each with its sums in LEB128.

use super::values;
use crate::expr::Bitmap;
use crate::hash::{hash_bytes, hash_word};
use crate::metric::{NO_PLACE, address_key, is_specified};
use crate::sketch::Frequent;
use crate::sketch::reader::{Reader, write_block, write_varint};
use crate::table::{Address, Column, ColumnType};
use crate::texts;

/// Items of a list, of all its weights together; and of bytes, all that there are.
const MOST_ITEMS: usize = 96;
const MOST_BYTE_ITEMS: usize = 256;

/// Binary logarithm of the slots of the sketch that has room for them.
const LG_SLOTS: u8 = 7;
const LG_BYTE_SLOTS: u8 = 9;

/// Of longer texts, the front counts.
const LONGEST_TEXT: usize = 1020;

/// Slots of the sums to begin with.
const FIRST_SLOTS: usize = 1 << 6;

/// Says that an item has not been packed before: it is one of a row.
const OF_ROW: u32 = 1 << 31;

/// What is kept for one weight beside its sums.
#[derive(Debug, Clone, Copy, Default)]
struct Total {
    floor: u64,
    stream_weight: u64,
}

/// Top lists of the same items, by one or several weights.
#[derive(Debug, Clone)]
pub(super) struct List {
    packed: Vec<u8>,
    items: u32,
    totals: Box<[Total]>,
}

/// What the items of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemType {
    /// Values of a column.
    Column(ColumnType),
    /// An address with a port. They are texts, which are written when the list is read and not before.
    Endpoint,
}

impl ItemType {
    fn is_byte(self) -> bool {
        self == Self::Column(ColumnType::U8)
    }
}

/// The values of rows that are items of a list.
#[derive(Clone, Copy)]
pub(super) enum Values<'a> {
    Column(Column<'a>),
    Endpoint(&'a [Address], &'a [u16]),
}

impl Values<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Column(column) => column.len(),
            Self::Endpoint(addresses, _) => addresses.len(),
        }
    }
}

/// The rows of a chunk that count for a list, the values that are its items with their keys, and its weights.
pub(super) struct Counted<'a> {
    pub rows: &'a Bitmap,
    pub values: Values<'a>,
    /// For each row what [`write_keys`] has made of its value.
    pub keys: &'a [u64],
    pub weights: &'a [Option<Column<'a>>],
}

impl List {
    pub fn new(weights: usize) -> Self {
        Self { packed: Vec::new(), items: 0, totals: vec![Total::default(); weights].into() }
    }

    /// Takes in the rows of a chunk; what of them counts may be said in several parts.
    pub fn fold(&mut self, kind: ItemType, counted: &[Counted<'_>], sums: &mut Sums, seed: u64) {
        let rows: u64 = counted.iter().map(|one| one.rows.count()).sum();
        if rows == 0 {
            return;
        }
        sums.begin(self.totals.len(), self.items as usize + rows as usize);
        sums.add_packed(kind, &self.packed, self.items, seed);
        let packed = sums.keys.len();
        for one in counted {
            sums.add_rows(one, &mut self.totals);
        }
        if sums.has_rows {
            let most = if kind.is_byte() { MOST_BYTE_ITEMS } else { MOST_ITEMS };
            sums.cut(most, packed, &mut self.totals);
            self.pack(sums, counted);
        }
    }

    fn pack(&mut self, sums: &mut Sums, counted: &[Counted<'_>]) {
        let Sums { out, counts, origins, places, least, .. } = sums;
        out.clear();
        self.items = 0;
        for (origin, counts) in origins.iter().zip(counts.chunks_exact(least.len())) {
            if counts.iter().zip(&*least).all(|(count, least)| count <= least) {
                continue;
            }
            match *origin {
                kept if kept & OF_ROW == 0 => {
                    let (start, end) = places[kept as usize];
                    out.extend_from_slice(&self.packed[start as usize..end as usize]);
                }
                row => write_item(out, counted, row & !OF_ROW),
            }
            counts.iter().zip(&*least).for_each(|(count, least)| write_varint(out, count.saturating_sub(*least)));
            self.items += 1;
        }
        self.packed.clear();
        self.packed.reserve_exact(out.len());
        self.packed.extend_from_slice(out);
    }

    /// The list by one of its weights, as a sketch.
    pub fn frequent(&self, kind: ItemType, weight: usize, seed: u64) -> Frequent {
        let mut frequent = Frequent::new(if kind.is_byte() { LG_BYTE_SLOTS } else { LG_SLOTS });
        let mut reader = Reader::new("list", &self.packed);
        for _ in 0..self.items {
            let item = read_item(&mut reader, kind);
            for at in 0..self.totals.len() {
                let count = reader.varint().expect(PACKED);
                if at == weight && count > 0 {
                    item.show(seed, |key, bytes| frequent.update(key, bytes, count));
                }
            }
        }
        let Total { floor, stream_weight } = self.totals[weight];
        frequent.widen(floor, stream_weight);
        frequent
    }

    /// The list of which these are the sketches, one for each weight.
    pub fn of(kind: ItemType, sketches: &[&Frequent]) -> Self {
        let mut items: std::collections::BTreeMap<&[u8], Vec<u64>> = std::collections::BTreeMap::new();
        let tops: Vec<_> = sketches.iter().map(|sketch| sketch.top(sketch.len())).collect();
        for (weight, top) in tops.iter().enumerate() {
            for entry in top {
                items.entry(entry.item).or_insert_with(|| vec![0; sketches.len()])[weight] = entry.lower_bound;
            }
        }
        let mut packed = Vec::new();
        for (item, counts) in &items {
            match kind {
                ItemType::Column(kind) => values::write_item(&mut packed, kind, item),
                ItemType::Endpoint => write_endpoint(&mut packed, &texts::read_endpoint(item)),
            }
            counts.iter().for_each(|count| write_varint(&mut packed, *count));
        }
        let total = |sketch: &&Frequent| Total { floor: sketch.maximum_error(), stream_weight: sketch.stream_weight() };
        Self { packed, items: items.len() as u32, totals: sketches.iter().map(total).collect() }
    }

    /// Counts the rows of a chunk without their items.
    pub fn count(&mut self, counted: &[Counted<'_>]) {
        for one in counted {
            for (total, weight) in self.totals.iter_mut().zip(one.weights) {
                let mut sum = 0_u64;
                one.rows.for_each(|row| {
                    if one.keys[row] != NO_KEY {
                        sum = sum.saturating_add(weight.as_ref().map_or(1, |weight| weight.number(row)));
                    }
                });
                total.stream_weight = total.stream_weight.saturating_add(sum);
                total.floor = total.stream_weight;
            }
        }
    }

    /// Gives up all items: any may have weighed as much as all rows together.
    pub fn leave_items_out(&mut self) {
        (self.packed, self.items) = (Vec::new(), 0);
        self.totals.iter_mut().for_each(|total| total.floor = total.stream_weight);
    }

    /// Takes in the same list of other rows.
    pub fn merge(&mut self, kind: ItemType, other: &Self, seed: u64) {
        if self.items == 0 || other.items == 0 {
            if self.items == 0 {
                (self.packed, self.items) = (other.packed.clone(), other.items);
            }
            for (mine, theirs) in self.totals.iter_mut().zip(&other.totals) {
                mine.floor = mine.floor.saturating_add(theirs.floor);
                mine.stream_weight = mine.stream_weight.saturating_add(theirs.stream_weight);
            }
            return;
        }
        let merged = |at| {
            let mut mine = self.frequent(kind, at, seed);
            mine.merge(&other.frequent(kind, at, seed));
            mine
        };
        let sketches: Vec<Frequent> = (0..self.totals.len()).map(merged).collect();
        *self = Self::of(kind, &sketches.iter().collect::<Vec<_>>());
    }

    /// What all rows weigh, by each weight.
    pub fn stream_weights(&self) -> impl Iterator<Item = u64> {
        self.totals.iter().map(|total| total.stream_weight)
    }

    pub fn set_stream_weights(&mut self, weights: &mut impl Iterator<Item = u64>) {
        self.totals.iter_mut().zip(weights).for_each(|(total, weight)| total.stream_weight = weight);
    }

    /// Writes everything but what all rows weigh.
    pub fn pack_items(&self, out: &mut Vec<u8>) {
        write_varint(out, u64::from(self.items));
        self.totals.iter().for_each(|total| write_varint(out, total.floor));
        write_block(out, &self.packed);
    }

    /// Reads what [`Self::pack_items`] wrote.
    pub fn unpack_items(&mut self, reader: &mut Reader) {
        self.items = reader.varint().expect(PACKED) as u32;
        self.totals.iter_mut().for_each(|total| total.floor = reader.varint().expect(PACKED));
        self.packed = reader.block().expect(PACKED).to_vec();
    }

    /// Passes what [`Self::pack_items`] wrote of a list of so many weights.
    pub fn skip_items(reader: &mut Reader, weights: usize) {
        for _ in 0..=weights {
            reader.varint().expect(PACKED);
        }
        reader.block().expect(PACKED);
    }

    pub fn shrink(&mut self) {
        self.packed.shrink_to_fit();
    }

    pub fn memory_bytes(&self) -> usize {
        self.packed.capacity() + size_of_val(&*self.totals) + 2 * super::ALLOCATION_BYTES
    }
}

const PACKED: &str = "a list holds what was packed";

/// Writes the item of a row; rows of several parts are numbered one part after the other.
fn write_item(out: &mut Vec<u8>, counted: &[Counted<'_>], row: u32) {
    let mut row = row as usize;
    for one in counted {
        match one.values {
            values if row >= values.len() => row -= values.len(),
            Values::Endpoint(addresses, ports) => return write_endpoint(out, &(addresses[row], ports[row])),
            Values::Column(Column::Text(text)) => {
                let text = text.get(row).map_or(&[][..], cut);
                write_varint(out, text.len() as u64 + 1);
                return out.extend_from_slice(text);
            }
            Values::Column(column) => return values::write_value(out, &column, row),
        }
    }
}

fn write_endpoint(out: &mut Vec<u8>, (address, port): &(Address, u16)) {
    values::write_address(out, address);
    write_varint(out, u64::from(*port));
}

/// The key of an endpoint while it is summed; as a text it has another one.
#[inline(always)]
fn endpoint_key(seed: u64, address: &Address, port: u16) -> u64 {
    hash_word(address_key(seed, address), u64::from(port))
}

fn cut(text: &[u8]) -> &[u8] {
    &text[..text.len().min(LONGEST_TEXT)]
}

/// An item that was packed.
enum Item<'a> {
    Address(Address),
    Text(&'a [u8]),
    Endpoint(Address, u16),
    /// With the bytes that it takes.
    Number([u8; 8], usize),
}

impl Item<'_> {
    /// The key that it is summed by.
    fn key(&self, seed: u64) -> u64 {
        match self {
            Self::Address(address) => address_key(seed, address),
            Self::Text(text) => hash_bytes(seed, text),
            Self::Endpoint(address, port) => endpoint_key(seed, address, *port),
            Self::Number(number, _) => hash_word(seed, u64::from_le_bytes(*number)),
        }
    }

    /// Gives the key that sketches know it by, and its bytes there.
    fn show(&self, seed: u64, mut to: impl FnMut(u64, &[u8])) {
        match self {
            Self::Address(address) => to(self.key(seed), address),
            Self::Text(text) => to(self.key(seed), text),
            Self::Number(number, bytes) => to(self.key(seed), &number[..*bytes]),
            Self::Endpoint(address, port) => {
                let mut text = Vec::new();
                texts::write_endpoint(&mut text, address, *port);
                to(hash_bytes(seed, &text), &text);
            }
        }
    }
}

#[inline]
fn read_item<'a>(reader: &mut Reader<'a>, kind: ItemType) -> Item<'a> {
    let ItemType::Column(kind) = kind else {
        let address = values::read_address(reader).unwrap_or_default();
        return Item::Endpoint(address, reader.varint().expect(PACKED) as u16);
    };
    match kind {
        ColumnType::Address => Item::Address(values::read_address(reader).unwrap_or_default()),
        ColumnType::Text => Item::Text(values::read_text(reader).unwrap_or_default()),
        ColumnType::U32 => Item::Number(reader.varint().expect(PACKED).to_le_bytes(), 4),
        _ => Item::Number(reader.varint().expect(PACKED).to_le_bytes(), 8),
    }
}

/// No item: the value of a row is none, or of nobody.
const NO_KEY: u64 = 0;

/// Writes the keys of values by which their items are summed, [`NO_KEY`] for those that are none. `addresses` are the keys of
/// the addresses of endpoints.
pub(super) fn write_keys(values: Values<'_>, addresses: Option<&[u64]>, seed: u64, keys: &mut Vec<u64>) {
    keys.clear();
    let column = match (values, addresses) {
        (Values::Column(column), _) => column,
        (Values::Endpoint(_, ports), Some(addresses)) => {
            let key = |(address, port): (&u64, &u16)| match (*address, *port) {
                (NO_KEY, _) | (_, 0) => NO_KEY,
                (address, port) => some_key(hash_word(address, u64::from(port))),
            };
            return keys.extend(addresses.iter().zip(ports).map(key));
        }
        (Values::Endpoint(addresses, ports), None) => {
            let key = |(address, port): (&Address, &u16)| match (is_specified(address), *port) {
                (false, _) | (_, 0) => NO_KEY,
                (true, port) => some_key(endpoint_key(seed, address, port)),
            };
            return keys.extend(addresses.iter().zip(ports).map(key));
        }
    };
    match column {
        Column::Address(addresses) => keys.extend(addresses.iter().map(|address| match is_specified(address) {
            true => some_key(address_key(seed, address)),
            false => NO_KEY,
        })),
        Column::Text(text) => {
            let key = |row| text.get(row).map_or(NO_KEY, |text| some_key(hash_bytes(seed, cut(text))));
            keys.extend((0..text.spans.len()).map(key));
        }
        Column::U16(numbers) => {
            keys.extend(numbers.iter().map(|number| some_key(hash_word(seed, u64::from(*number)))));
        }
        Column::U32(places) => keys.extend(places.iter().map(|place| match *place {
            NO_PLACE => NO_KEY,
            place => some_key(hash_word(seed, u64::from(place))),
        })),
        column => keys.extend((0..column.len()).map(|row| some_key(hash_word(seed, column.number(row))))),
    }
}

#[inline(always)]
fn some_key(hash: u64) -> u64 {
    hash.max(NO_KEY + 1)
}

/// Room to sum a chunk by items; kept from one list to the next.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// Numbers of items plus one, by their keys; 0 for a place that nobody has.
    slots: Vec<u32>,
    keys: Vec<u64>,
    /// Of each item its number among those packed before, or the row that it was seen in first, marked [`OF_ROW`].
    origins: Vec<u32>,
    /// For each item a sum by each weight; there is room for more.
    counts: Vec<u64>,
    /// Where the packed items stand.
    places: Vec<(u32, u32)>,
    weights: usize,
    /// What is taken off the sums, by weight.
    least: Vec<u64>,
    /// Rows of the parts before this one.
    earlier_rows: u32,
    has_rows: bool,
    out: Vec<u8>,
    ranked: Vec<u64>,
}

impl Sums {
    /// Makes room for so many items, each with so many weights.
    fn begin(&mut self, weights: usize, most_items: usize) {
        self.slots.clear();
        self.slots.resize((2 * most_items).next_power_of_two().max(FIRST_SLOTS), 0);
        self.keys.clear();
        self.keys.reserve(most_items);
        self.origins.clear();
        self.origins.reserve(most_items);
        self.counts.clear();
        self.counts.resize(most_items * weights, 0);
        self.least.clear();
        self.least.resize(weights, 0);
        self.places.clear();
        (self.weights, self.earlier_rows, self.has_rows) = (weights, 0, false);
    }

    fn add_packed(&mut self, kind: ItemType, packed: &[u8], items: u32, seed: u64) {
        let mut reader = Reader::new("list", packed);
        for number in 0..items {
            let start = packed.len() - reader.remaining();
            let item = read_item(&mut reader, kind);
            self.places.push((start as u32, (packed.len() - reader.remaining()) as u32));
            let at = self.place(some_key(item.key(seed)), number);
            for weight in 0..self.weights {
                self.counts[at * self.weights + weight] = reader.varint().expect(PACKED);
            }
        }
    }

    /// The number of the item of a key; of a new one, where it comes from is noted.
    #[inline(always)]
    fn place(&mut self, key: u64, origin: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = key as usize & mask;
        loop {
            match self.slots[slot & mask] as usize {
                0 => break,
                number if self.keys[number - 1] == key => return number - 1,
                _ => slot += 1,
            }
        }
        self.slots[slot & mask] = self.keys.len() as u32 + 1;
        self.keys.push(key);
        self.origins.push(origin);
        self.keys.len() - 1
    }

    fn add_rows(&mut self, counted: &Counted<'_>, totals: &mut [Total]) {
        match counted.weights {
            [Some(Column::U64(first)), Some(Column::U64(second))] => {
                self.add_weighted(counted, totals, |row| [first[row], second[row]]);
            }
            [Some(Column::U64(weights))] => self.add_weighted(counted, totals, |row| [weights[row]]),
            [Some(weight)] => self.add_weighted(counted, totals, |row| [weight.number(row)]),
            [None] => self.add_weighted(counted, totals, |_| [1]),
            weights => {
                for (at, weight) in weights.iter().enumerate() {
                    let weight = |row: usize| weight.as_ref().map_or(1, |weight| weight.number(row));
                    self.add_one_of(counted, totals, at, weight);
                }
            }
        }
        self.earlier_rows += counted.values.len() as u32;
    }

    #[inline(always)]
    fn add_weighted<const N: usize>(
        &mut self,
        counted: &Counted<'_>,
        totals: &mut [Total],
        weights: impl Fn(usize) -> [u64; N],
    ) {
        let mut sums = [0_u64; N];
        let earlier_rows = self.earlier_rows;
        counted.rows.for_each(|row| {
            let (key, weights) = (counted.keys[row], weights(row));
            if key == NO_KEY || weights == [0; N] {
                return;
            }
            let at = self.place(key, (earlier_rows + row as u32) | OF_ROW);
            let counts = &mut self.counts[at * N..][..N];
            for ((count, sum), weight) in counts.iter_mut().zip(&mut sums).zip(weights) {
                *count = count.saturating_add(weight);
                *sum = sum.saturating_add(weight);
            }
            self.has_rows = true;
        });
        for (total, sum) in totals.iter_mut().zip(sums) {
            total.stream_weight = total.stream_weight.saturating_add(sum);
        }
    }

    /// One weight of many.
    fn add_one_of(
        &mut self,
        counted: &Counted<'_>,
        totals: &mut [Total],
        weight: usize,
        weights: impl Fn(usize) -> u64,
    ) {
        let keys = counted.keys;
        for row in counted.rows.rows().filter(|row| keys[*row] != NO_KEY && weights(*row) > 0) {
            let at = self.place(keys[row], (self.earlier_rows + row as u32) | OF_ROW);
            let count = &mut self.counts[at * self.weights + weight];
            *count = count.saturating_add(weights(row));
            totals[weight].stream_weight = totals[weight].stream_weight.saturating_add(weights(row));
            self.has_rows = true;
        }
    }

    /// Makes room: of more items than there are places, or than were kept before, those stay that are among the heaviest of a
    /// weight. Tells by [`Self::least`] what is to be taken off the sums.
    fn cut(&mut self, most: usize, before: usize, totals: &mut [Total]) {
        let items = self.keys.len();
        if items <= most.max(before) {
            return;
        }
        for (weight, total) in totals.iter_mut().enumerate() {
            let least = self.nth_heaviest(weight, most / self.weights, before);
            total.floor = total.floor.saturating_add(least);
            self.least[weight] = least;
        }
    }

    /// The sum that so many items exceed or equal, by one weight. Those kept before are mostly among the heaviest: what is lighter
    /// than enough of them need not be ranked.
    fn nth_heaviest(&mut self, weight: usize, nth: usize, before: usize) -> u64 {
        let Self { counts, weights, ranked, keys, .. } = self;
        let sums = |items: usize| counts[..items * *weights].iter().skip(weight).step_by(*weights).copied();
        let nth_of = |ranked: &mut Vec<u64>| *ranked.select_nth_unstable_by(nth, |a, b| b.cmp(a)).1;
        let mut bound = 0;
        if before > nth {
            ranked.clear();
            ranked.extend(sums(before));
            bound = nth_of(ranked);
        }
        ranked.clear();
        ranked.extend(sums(keys.len()).filter(|sum| *sum >= bound));
        nth_of(ranked)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::wire::ipv4::mapped;

    const SEED: u64 = 7;
    const ADDRESS: ItemType = ItemType::Column(ColumnType::Address);

    /// A list of rows (last octets, and both weights), folded in chunks of this size.
    fn list_of(rows: &[(u16, u64, u64)], size: usize) -> List {
        let (mut list, mut sums) = (List::new(2), Sums::default());
        for chunk in rows.chunks(size) {
            let addresses: Vec<Address> = chunk.iter().map(|row| address(row.0)).collect();
            let (first, second): (Vec<u64>, Vec<u64>) = chunk.iter().map(|row| (row.1, row.2)).unzip();
            let mut all = Bitmap::default();
            all.fill(chunk.len(), true);
            let weights = [Some(Column::U64(&first)), Some(Column::U64(&second))];
            let (values, mut keys) = (Values::Column(Column::Address(&addresses)), Vec::new());
            write_keys(values, None, SEED, &mut keys);
            let counted = Counted { rows: &all, values, keys: &keys, weights: &weights };
            list.fold(ADDRESS, &[counted], &mut sums, SEED);
        }
        list
    }

    fn address(item: u16) -> Address {
        mapped([10, 0, (item >> 8) as u8, item as u8])
    }

    fn true_sums(rows: &[(u16, u64, u64)], weight: usize) -> HashMap<Vec<u8>, u64> {
        let mut sums = HashMap::new();
        for (item, first, second) in rows {
            *sums.entry(address(*item).to_vec()).or_default() += [first, second][weight];
        }
        sums
    }

    proptest! {
        #[test]
        fn bounds_hold_for_each_weight_and_few_items_are_exact(
            rows in prop::collection::vec((1_u16..400, 0_u64..50, 0_u64..2000), 1..600), size in 1_usize..200, of in 1_u16..400
        ) {
            let rows: Vec<_> = rows.into_iter().map(|(item, first, second)| (1 + item % of, first, second)).collect();
            let list = list_of(&rows, size);
            for weight in 0..2 {
                let sketch = list.frequent(ADDRESS, weight, SEED);
                let sums = true_sums(&rows, weight);
                prop_assert_eq!(sketch.stream_weight(), sums.values().sum::<u64>());
                prop_assert!(of as usize > MOST_ITEMS || sketch.maximum_error() == 0, "{of} items are exact");
                prop_assert!(sketch.maximum_error() <= sketch.stream_weight() / (MOST_ITEMS as u64 / 2));
                let shown: HashMap<Vec<u8>, _> =
                    sketch.top(usize::MAX).iter().map(|entry| (entry.item.to_vec(), (entry.lower_bound, entry.upper_bound))).collect();
                for (item, sum) in sums {
                    let (lower, upper) = shown.get(&item).copied().unwrap_or((0, sketch.maximum_error()));
                    prop_assert!(lower <= sum && sum <= upper, "{item:?}: {lower} <= {sum} <= {upper}");
                }
            }
        }

        #[test]
        fn a_list_comes_back_from_its_sketches(
            rows in prop::collection::vec((1_u16..400, 0_u64..50, 0_u64..2000), 1..600)
        ) {
            let list = list_of(&rows, 100);
            let sketches: Vec<_> = (0..2).map(|weight| list.frequent(ADDRESS, weight, SEED)).collect();
            let back = List::of(ADDRESS, &sketches.iter().collect::<Vec<_>>());
            for (weight, sketch) in sketches.iter().enumerate() {
                let again = back.frequent(ADDRESS, weight, SEED);
                prop_assert_eq!(again.top(usize::MAX), sketch.top(usize::MAX));
                prop_assert_eq!((again.maximum_error(), again.stream_weight()), (sketch.maximum_error(), sketch.stream_weight()));
            }
        }
    }

    #[test]
    fn endpoints_become_texts_when_they_are_read() {
        let (addresses, ports) = ([address(1), address(1), [0; 16], address(2)], [443, 53, 443, 0]);
        let mut all = Bitmap::default();
        all.fill(4, true);
        let (mut list, mut sums) = (List::new(1), Sums::default());
        let (values, mut keys) = (Values::Endpoint(&addresses, &ports), Vec::new());
        write_keys(values, None, SEED, &mut keys);
        for _ in 0..2 {
            let counted = Counted { rows: &all, values, keys: &keys, weights: &[None] };
            list.fold(ItemType::Endpoint, &[counted], &mut sums, SEED);
        }
        let sketch = list.frequent(ItemType::Endpoint, 0, SEED);
        let texts: Vec<_> = sketch
            .top(10)
            .iter()
            .map(|entry| (String::from_utf8_lossy(entry.item).into_owned(), entry.estimate))
            .collect();
        assert_eq!(texts, [("10.0.0.1:443".to_owned(), 2), ("10.0.0.1:53".to_owned(), 2)]);
        let back = List::of(ItemType::Endpoint, &[&sketch]);
        assert_eq!(back.frequent(ItemType::Endpoint, 0, SEED).top(10), sketch.top(10));
    }
}
