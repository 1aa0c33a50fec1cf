//! What the items of lists are: values of rows, the keys that they are summed by, and how they are packed.

use super::super::values;
use crate::hash::{hash_bytes, hash_word};
use crate::metric::{NO_PLACE, address_key, is_specified};
use crate::sketch::reader::{Reader, write_varint};
use crate::table::{Address, Column, ColumnType};
use crate::texts;

/// Of longer texts, the front counts.
const LONGEST_TEXT: usize = 1020;

pub(super) const PACKED: &str = "a list holds what was packed";

/// What the items of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemType {
    /// Values of a column.
    Column(ColumnType),
    /// An address with a port. They are texts, which are written when the list is read and not before.
    Endpoint,
}

impl ItemType {
    pub(super) fn is_byte(self) -> bool {
        self == Self::Column(ColumnType::U8)
    }
}

/// The values of rows that are items of a list.
#[derive(Clone, Copy)]
pub enum Values<'a> {
    Column(Column<'a>),
    Endpoint(&'a [Address], &'a [u16]),
}

impl Values<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Column(column) => column.len(),
            Self::Endpoint(addresses, _) => addresses.len(),
        }
    }
}

/// The rows of a chunk that count for a list, the values that are its items with their keys, and its weights.
pub struct Counted<'a> {
    pub rows: &'a [u32],
    pub values: Values<'a>,
    /// For each row what [`write_keys`] has made of its value.
    pub keys: &'a [u64],
    pub weights: &'a [Option<Column<'a>>],
}

/// Writes the item of a row; rows of several parts are numbered one part after the other.
pub(super) fn write_item(out: &mut Vec<u8>, counted: &[Counted<'_>], row: u32) {
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

pub(super) fn write_endpoint(out: &mut Vec<u8>, (address, port): &(Address, u16)) {
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
pub(super) enum Item<'a> {
    Address(Address),
    Text(&'a [u8]),
    Endpoint(Address, u16),
    /// With the bytes that it takes.
    Number([u8; 8], usize),
}

impl Item<'_> {
    /// The key that it is summed by.
    pub(super) fn key(&self, seed: u64) -> u64 {
        match self {
            Self::Address(address) => address_key(seed, address),
            Self::Text(text) => hash_bytes(seed, text),
            Self::Endpoint(address, port) => endpoint_key(seed, address, *port),
            Self::Number(number, _) => hash_word(seed, u64::from_le_bytes(*number)),
        }
    }

    /// Gives the key that sketches know it by, and its bytes there.
    pub(super) fn show(&self, seed: u64, mut to: impl FnMut(u64, &[u8])) {
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
pub(super) fn read_item<'a>(reader: &mut Reader<'a>, kind: ItemType) -> Item<'a> {
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
pub(super) const NO_KEY: u64 = 0;

/// Writes the keys of values by which their items are summed, [`NO_KEY`] for those that are none. `addresses` are the keys of
/// the addresses of endpoints.
pub fn write_keys(values: Values<'_>, addresses: Option<&[u64]>, seed: u64, keys: &mut Vec<u64>) {
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
pub(super) fn some_key(hash: u64) -> u64 {
    hash.max(NO_KEY + 1)
}
