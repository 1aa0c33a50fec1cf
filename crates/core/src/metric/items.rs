//! What the items of top lists are, and how they are written so that every process reads the same.
//!
//! Keys of top lists are hashed under a seed of the process and places are numbered per process, so items are written by
//! what they are: text and addresses as their bytes, places by text and coordinates. In images for other engines every
//! item is text.

use std::net::{IpAddr, Ipv6Addr};

use crate::Error;
use crate::enrich::geo::Places;
use crate::hash::{fold, hash_bytes, hash_word};
use crate::sketch::frequent::ImageItem;
use crate::sketch::reader::{Reader, write_block};
use crate::table::{Address, ColumnType};

/// A place index for a row that has none, so that metrics pass over it.
pub(crate) const NO_PLACE: u32 = u32::MAX;

/// What the items of a metric are, so that they can be written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// It keeps no items.
    None,
    Text,
    Address,
    Number,
    /// Numbers of 16 bits, few enough to be counted exactly.
    SmallNumber,
    Place,
}

impl ItemKind {
    pub const ALL: [Self; 6] = [Self::None, Self::Text, Self::Address, Self::Number, Self::SmallNumber, Self::Place];

    /// What records call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Text => "text",
            Self::Address => "address",
            Self::Number => "number",
            Self::SmallNumber => "small_number",
            Self::Place => "place",
        }
    }

    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The items that values of a column type are.
    pub(crate) const fn of_column(kind: ColumnType) -> Self {
        match kind {
            ColumnType::U8 | ColumnType::U16 => Self::SmallNumber,
            ColumnType::Text => Self::Text,
            ColumnType::Address => Self::Address,
            _ => Self::Number,
        }
    }

    /// An item of text or addresses as text; numbers and places have no text of their own.
    pub fn text(self, item: &[u8]) -> String {
        match (self, item.first_chunk::<16>()) {
            (Self::Address, Some(address)) if item.len() == 16 => Ipv6Addr::from(*address).to_canonical().to_string(),
            _ => String::from_utf8_lossy(item).into_owned(),
        }
    }
}

/// What a process knows items by.
#[derive(Clone, Copy)]
pub struct Items<'a> {
    pub places: &'a Places,
    /// Keys of the hash tables.
    pub seed: u64,
}

/// Stands between a place's text and its coordinates in images; no place has it in its name.
const UNIT_SEPARATOR: char = '\u{1f}';

impl Items<'_> {
    /// An item as it is saved.
    pub(crate) fn written(self, kind: ItemKind, item: &[u8]) -> Vec<u8> {
        match kind {
            ItemKind::Place => self.written_place(item),
            _ => block(item),
        }
    }

    fn written_place(self, item: &[u8]) -> Vec<u8> {
        let (text, coordinates) = self.places.known_by(number(item) as u32);
        let mut out = block(text.as_bytes());
        out.push(u8::from(coordinates.is_some()));
        if let Some((latitude, longitude)) = coordinates {
            out.extend(latitude.to_le_bytes());
            out.extend(longitude.to_le_bytes());
        }
        out
    }

    /// Key and bytes of an item that [`Self::written`] wrote; the key as the kernels make it.
    pub(crate) fn read(self, reader: &mut Reader, kind: ItemKind) -> Result<(u64, Vec<u8>), Error> {
        if kind == ItemKind::Place {
            return self.place(reader);
        }
        let item = reader.block()?;
        let key = self.key(kind, item).ok_or_else(|| reader.error(format_args!("an item of {} bytes", item.len())))?;
        Ok((key, item.to_vec()))
    }

    fn place(self, reader: &mut Reader) -> Result<(u64, Vec<u8>), Error> {
        let text = std::str::from_utf8(reader.block()?).map_err(|_| reader.error("a place that is not text"))?;
        let coordinates = match reader.u8()? {
            0 => None,
            _ => Some((reader.u32()? as i32, reader.u32()? as i32)),
        };
        let (key, number) = self.numbered_place(text, coordinates);
        Ok((key, number.to_vec()))
    }

    fn numbered_place(self, text: &str, coordinates: Option<(i32, i32)>) -> (u64, [u8; 4]) {
        let number = self.places.number(text, coordinates);
        (hash_word(self.seed, u64::from(number)), number.to_le_bytes())
    }

    fn key(self, kind: ItemKind, item: &[u8]) -> Option<u64> {
        match kind {
            ItemKind::Text => Some(hash_bytes(self.seed, item)),
            ItemKind::Address => item.try_into().ok().map(|address| address_key(self.seed, address)),
            _ => (item.len() <= 8).then(|| hash_word(self.seed, number(item))),
        }
    }

    /// An item as the text that images of other engines have: a place with its coordinates in millionths of a degree
    /// behind a unit separator, if it has any.
    pub(crate) fn image_text(self, kind: ItemKind, item: &[u8]) -> String {
        match kind {
            ItemKind::Place => match self.places.known_by(number(item) as u32) {
                (text, None) => text.to_string(),
                (text, Some((latitude, longitude))) => {
                    format!("{text}{UNIT_SEPARATOR}{latitude}{UNIT_SEPARATOR}{longitude}")
                }
            },
            ItemKind::Number | ItemKind::SmallNumber => number(item).to_string(),
            _ => kind.text(item),
        }
    }

    /// Key and bytes of an item from the text that [`Self::image_text`] gave it; `None` where the text is no such item.
    pub(crate) fn of_image_text<'a>(self, kind: ItemKind, text: &'a [u8]) -> Option<(u64, ImageItem<'a>)> {
        let item = match kind {
            ItemKind::Text => ImageItem::Text(text),
            ItemKind::Address => ImageItem::Address(match std::str::from_utf8(text).ok()?.parse().ok()? {
                IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
                IpAddr::V6(address) => address.octets(),
            }),
            ItemKind::Place => {
                let (key, number) = self.place_of_text(std::str::from_utf8(text).ok()?)?;
                return Some((key, ImageItem::Place(number)));
            }
            ItemKind::SmallNumber => {
                let number = u64::from(std::str::from_utf8(text).ok()?.parse::<u16>().ok()?);
                return Some((small_number_key(number), ImageItem::Number(number.to_le_bytes())));
            }
            _ => ImageItem::Number(std::str::from_utf8(text).ok()?.parse::<u64>().ok()?.to_le_bytes()),
        };
        Some((self.key(kind, item.as_ref())?, item))
    }

    fn place_of_text(self, text: &str) -> Option<(u64, [u8; 4])> {
        let mut parts = text.split(UNIT_SEPARATOR);
        let name = parts.next()?;
        let coordinates = match (parts.next(), parts.next()) {
            (None, _) => None,
            (Some(latitude), Some(longitude)) => Some((latitude.parse().ok()?, longitude.parse().ok()?)),
            _ => return None,
        };
        Some(self.numbered_place(name, coordinates))
    }
}

/// The key of a number of 16 bits. It is the same in every process: there are too few for anybody to choose ones that
/// collide, and exact counts become a list where no seed is known.
pub(super) fn small_number_key(number: u64) -> u64 {
    hash_word(0, number)
}

fn block(item: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(item.len() + 2);
    write_block(&mut out, item);
    out
}

/// The number that an item of up to eight little-endian bytes is.
pub fn number(item: &[u8]) -> u64 {
    item.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// `0.0.0.0` and `::` are nobody, and are never recorded.
#[inline(always)]
pub(crate) fn is_specified(address: &Address) -> bool {
    let (first, second) = halves(address);
    first != 0 || (second != 0 && second != MAPPED)
}

/// The second half of `::ffff:0.0.0.0`, read as a little-endian number.
pub(crate) const MAPPED: u64 = 0xffff_0000;

/// An address as two little-endian numbers.
#[inline(always)]
pub(crate) fn halves(address: &Address) -> (u64, u64) {
    let both = u128::from_le_bytes(*address);
    (both as u64, (both >> 64) as u64)
}

#[inline(always)]
pub(crate) fn address_key(seed: u64, address: &Address) -> u64 {
    let number = u128::from_be_bytes(*address);
    fold(number as u64 ^ seed, (number >> 64) as u64 ^ seed.rotate_left(32) ^ 0x9e37_79b9_7f4a_7c15)
}
