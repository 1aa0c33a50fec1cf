//! The DataSketches image of a frequent items sketch of strings, little-endian; and a form of our own for windows that
//! are kept ([`Frequent::save`]), whose items may be anything.
//!
//! | byte | meaning |
//! |---|---|
//! | 0 | length of the preamble in 8-byte words: 1 (empty) or 4 |
//! | 1, 2 | serial version 1, family 10 |
//! | 3, 4 | binary logarithm of the most slots and of the present slots |
//! | 5 | flags: 5 empty (either bit) |
//! | 8 | number of items, u32 (from here on not when empty) |
//! | 16, 24 | stream weight, offset, u64 each |
//! | 32 | the counters, u64 each, then the items, each a length (u32) and so many bytes of UTF-8 |

use super::{Frequent, LG_FIRST_SLOTS, LG_MOST_SLOTS};
use crate::Error;
use crate::sketch::reader::{Reader, write_varint};

const EMPTY_WORDS: u8 = 1;
const WORDS: u8 = 4;
const SERIAL_VERSION: u8 = 1;
const FAMILY: u8 = 10;
const EMPTY: u8 = 5;

/// DataSketches' smallest and largest tables.
const LG_SLOTS: std::ops::RangeInclusive<u8> = 3..=31;

impl Frequent {
    /// The sketch as a DataSketches image of strings; `text` makes the text of an item. Equal contents give equal
    /// bytes.
    pub fn to_bytes(&self, text: impl Fn(&[u8]) -> String) -> Vec<u8> {
        let trimmed = self.trimmed();
        let entries: Vec<(u64, String)> =
            trimmed.top(trimmed.len()).iter().map(|entry| (entry.lower_bound, text(entry.item))).collect();
        write_image(self.lg_max_map, self.stream_weight, trimmed.offset, &entries)
    }

    /// Reads an image of strings; `key` makes the key of an item from its text.
    ///
    /// A sketch of more than 2^13 slots is brought down to that.
    ///
    /// # Errors
    /// When the bytes are no such image or contradict themselves.
    pub fn from_bytes(bytes: &[u8], key: impl Fn(&[u8]) -> u64) -> Result<Frequent, Error> {
        Self::from_image(bytes, |text| Some((key(text), ImageItem::Text(text))))
    }

    /// The same, for items that are kept otherwise than as their text: `item` makes an item and its key from its text.
    ///
    /// # Errors
    /// As [`Self::from_bytes`], and when a text is no such item.
    pub(crate) fn from_image<'a>(
        bytes: &'a [u8],
        item: impl Fn(&'a [u8]) -> Option<(u64, ImageItem<'a>)>,
    ) -> Result<Frequent, Error> {
        let image = FrequentImage::read(bytes, item)?;
        let mut sketch = Frequent::new(image.lg_max_slots);
        sketch.merge_image(&image);
        sketch.cut(sketch.most_items());
        Ok(sketch)
    }

    /// Writes everything: the logarithm of the most slots (1 byte), then in LEB128 the stream's weight, the offset, the
    /// number of items, and for each its counter and what `written` makes of it. The heaviest come first, equals by
    /// what is written of them, so that equal contents give equal bytes whatever the process calls its items.
    pub(crate) fn save(&self, out: &mut Vec<u8>, written: impl Fn(&[u8]) -> Vec<u8>) {
        let trimmed = self.trimmed();
        let mut items: Vec<(u64, Vec<u8>)> =
            trimmed.top(trimmed.len()).iter().map(|entry| (entry.lower_bound, written(entry.item))).collect();
        items.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        out.push(self.lg_max_map);
        write_varint(out, self.stream_weight);
        write_varint(out, trimmed.offset);
        write_varint(out, items.len() as u64);
        for (count, item) in items {
            write_varint(out, count);
            out.extend(item);
        }
    }

    /// Reads what [`Self::save`] writes; `read` gives the key and the bytes of an item.
    pub(crate) fn restore<'a, Item: AsRef<[u8]>>(
        reader: &mut Reader<'a>,
        mut read: impl FnMut(&mut Reader<'a>) -> Result<(u64, Item), Error>,
    ) -> Result<Self, Error> {
        let lg_max_slots = reader.u8()?;
        let (stream_weight, offset, items) = (reader.varint()?, reader.varint()?, reader.count()?);
        if !(LG_FIRST_SLOTS..=LG_MOST_SLOTS).contains(&lg_max_slots) || items > (1 << lg_max_slots) / 4 * 3 {
            return Err(reader.error(format_args!("{items} items in 2^{lg_max_slots} slots")));
        }
        let mut sketch = Frequent::new(lg_max_slots);
        for _ in 0..items {
            let count = reader.varint()?;
            let (key, item) = read(reader)?;
            sketch.update(key, item.as_ref(), count);
        }
        if sketch.stream_weight > stream_weight {
            return Err(reader.error(format_args!("counters exceed the stream's weight of {stream_weight}")));
        }
        sketch.stream_weight = stream_weight;
        sketch.offset = offset;
        Ok(sketch)
    }
}

/// An image that was read: its counters, and as little of it copied as can be.
#[derive(Debug)]
pub struct FrequentImage<'a> {
    pub(super) lg_max_slots: u8,
    pub(super) stream_weight: u64,
    pub(super) offset: u64,
    /// Key, item and count, which is above 0.
    pub(super) counters: Vec<(u64, ImageItem<'a>, u64)>,
}

/// An item as it is kept: its text itself, or what was made of the text.
#[derive(Debug)]
pub(crate) enum ImageItem<'a> {
    Text(&'a [u8]),
    Number([u8; 8]),
    Address([u8; 16]),
    Place([u8; 4]),
}

impl AsRef<[u8]> for ImageItem<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Text(text) => text,
            Self::Number(bytes) => bytes,
            Self::Address(bytes) => bytes,
            Self::Place(bytes) => bytes,
        }
    }
}

impl<'a> FrequentImage<'a> {
    /// Reads an image as [`Frequent::from_image`] does.
    ///
    /// # Errors
    /// As [`Frequent::from_image`].
    pub(crate) fn read(
        bytes: &'a [u8],
        item: impl Fn(&'a [u8]) -> Option<(u64, ImageItem<'a>)>,
    ) -> Result<Self, Error> {
        let mut reader = Reader::new("frequent items", bytes);
        let Some(Header { lg_max_slots, items, stream_weight, offset }) = Header::read(&mut reader)? else {
            return Ok(Self { lg_max_slots: LG_MOST_SLOTS, stream_weight: 0, offset: 0, counters: Vec::new() });
        };
        let counts = reader.bytes(8 * items as usize)?;
        let (mut counters, mut total) = (Vec::with_capacity(items as usize), 0_u64);
        for count in counts.chunks_exact(8) {
            let count = u64::from_le_bytes(count.try_into().expect("eight bytes"));
            let length = reader.u32()? as usize;
            let text = reader.bytes(length)?;
            let (key, item) = item(text).ok_or_else(|| reader.error("a text that is no such item"))?;
            total = total.saturating_add(count);
            if count > 0 {
                counters.push((key, item, count));
            }
        }
        if total > stream_weight {
            return Err(reader.error(format_args!("counters exceed the stream's weight of {stream_weight}")));
        }
        Ok(Self { lg_max_slots, stream_weight, offset, counters })
    }
}

impl<'a> FrequentImage<'a> {
    /// Reads an image to look at it: its items have no keys.
    ///
    /// # Errors
    /// When the bytes are no such image or contradict themselves.
    pub fn read_texts(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::read(bytes, |text| Some((0, ImageItem::Text(text))))
    }
}

impl FrequentImage<'_> {
    /// Binary logarithm of the most slots of the sketch.
    pub fn lg_max_slots(&self) -> u8 {
        self.lg_max_slots
    }

    /// The sum of all weights.
    pub fn stream_weight(&self) -> u64 {
        self.stream_weight
    }

    /// By how much a counter may be too low.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether all that was counted is here.
    pub(crate) fn is_exact(&self) -> bool {
        self.offset == 0
    }

    /// Each item with its count, which is above 0.
    pub fn counters(&self) -> impl Iterator<Item = (&[u8], u64)> {
        self.counters.iter().map(|(_, item, count)| (item.as_ref(), *count))
    }
}

struct Header {
    lg_max_slots: u8,
    items: u32,
    stream_weight: u64,
    offset: u64,
}

impl Header {
    /// Reads up to the counters; nothing when the sketch is empty.
    fn read(reader: &mut Reader) -> Result<Option<Self>, Error> {
        let (words, version, family) = (reader.u8()? & 0x3f, reader.u8()?, reader.u8()?);
        let (lg_max_slots, lg_slots, flags) = (reader.u8()?, reader.u8()?, reader.u8()?);
        reader.bytes(2)?;
        if version != SERIAL_VERSION || family != FAMILY {
            return Err(reader.error(format_args!("not such a sketch (serial version {version}, family {family})")));
        }
        if !LG_SLOTS.contains(&lg_max_slots) || lg_slots > lg_max_slots {
            return Err(reader.error(format_args!("2^{lg_slots} of 2^{lg_max_slots} slots")));
        }
        let is_empty = flags & EMPTY != 0;
        if words != if is_empty { EMPTY_WORDS } else { WORDS } {
            return Err(reader.error(format_args!("flags {flags} and a preamble of {words} words don't go together")));
        }
        if is_empty {
            return Ok(None);
        }
        let items = reader.u32()?;
        reader.bytes(4)?;
        Ok(Some(Self { lg_max_slots, items, stream_weight: reader.u64()?, offset: reader.u64()? }))
    }
}

/// Writes an image of these counters; `offset` is by how much each may be too low, `lg_max` at most 31.
pub fn write_image(lg_max: u8, stream_weight: u64, offset: u64, entries: &[(u64, String)]) -> Vec<u8> {
    // As many slots as keep a quarter of them vacant.
    let lg_slots = (LG_FIRST_SLOTS..lg_max).find(|lg| 4 * entries.len() <= 3 << lg).unwrap_or(lg_max);
    if stream_weight == 0 {
        return vec![EMPTY_WORDS, SERIAL_VERSION, FAMILY, lg_max, lg_slots, EMPTY, 0, 0];
    }
    let mut out = vec![WORDS, SERIAL_VERSION, FAMILY, lg_max, lg_slots, 0, 0, 0];
    out.extend((entries.len() as u32).to_le_bytes());
    out.extend([0; 4]);
    out.extend(stream_weight.to_le_bytes());
    out.extend(offset.to_le_bytes());
    for (count, _) in entries {
        out.extend(count.to_le_bytes());
    }
    for (_, text) in entries {
        out.extend((text.len() as u32).to_le_bytes());
        out.extend(text.as_bytes());
    }
    out
}
