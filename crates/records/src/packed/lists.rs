//! Images of top lists: DataSketches keeps a counter in eight bytes, the length of an item in four, and an address as text.
//!
//! Here counters are the differences to the next lower one, addresses and numbers are bytes, and a text ends with a byte of 0.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use pktvisor_core::Error;
use pktvisor_core::sketch::frequent::{FrequentImage, write_image};
use pktvisor_core::sketch::reader::write_varint;

use super::allowance::Allowance;
use super::sections::{Sections, Split};

/// What all items of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Items {
    Ipv4,
    Ipv6,
    Number16,
    Number32,
    Text,
}

impl Items {
    /// The shortest ones first; every item is a text.
    pub const ALL: [Self; 5] = [Self::Ipv4, Self::Ipv6, Self::Number16, Self::Number32, Self::Text];

    /// Bytes of an item; texts have as many as they need.
    const fn width(self) -> usize {
        match self {
            Self::Text => 0,
            Self::Number16 => 2,
            Self::Ipv4 | Self::Number32 => 4,
            Self::Ipv6 => 16,
        }
    }

    /// The bytes of a text; none where others would be no shorter, or come back as another text.
    fn bytes(self, text: &str) -> Option<Vec<u8>> {
        let bytes = match self {
            Self::Text => return (!text.contains('\0')).then(|| text.as_bytes().to_vec()),
            Self::Ipv4 => parsed::<Ipv4Addr>(text)?.octets().to_vec(),
            Self::Ipv6 => parsed::<Ipv6Addr>(text)?.octets().to_vec(),
            Self::Number16 => parsed::<u16>(text)?.to_be_bytes().to_vec(),
            Self::Number32 => parsed::<u32>(text)?.to_be_bytes().to_vec(),
        };
        (self.text(&bytes)? == text).then_some(bytes)
    }

    /// The text of as many bytes as there are in an item.
    fn text(self, bytes: &[u8]) -> Option<String> {
        Some(match self {
            Self::Text => std::str::from_utf8(bytes).ok()?.to_string(),
            Self::Ipv4 => Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).to_string(),
            Self::Ipv6 => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string(),
            Self::Number16 => u16::from_be_bytes(bytes.try_into().ok()?).to_string(),
            Self::Number32 => u32::from_be_bytes(bytes.try_into().ok()?).to_string(),
        })
    }
}

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// What an image of a list holds, the heaviest item first.
#[derive(Debug)]
pub struct List {
    pub items: Items,
    lg_most_slots: u8,
    stream_weight: u64,
    offset: u64,
    counts: Vec<u64>,
    contents: Vec<Vec<u8>>,
}

impl List {
    /// None where the image is not of a list, or would not come back as it is.
    pub fn of_image(image: &[u8]) -> Option<Self> {
        let read = FrequentImage::read_texts(image).ok()?;
        let mut entries = Vec::new();
        for (text, count) in read.counters() {
            entries.push((count, std::str::from_utf8(text).ok()?.to_string()));
        }
        if entries.len() > MOST_ITEMS {
            return None;
        }
        let (lg_most_slots, stream_weight, offset) = (read.lg_max_slots(), read.stream_weight(), read.offset());
        if !entries.is_sorted_by(|a, b| a.0 >= b.0)
            || write_image(lg_most_slots, stream_weight, offset, &entries) != image
        {
            return None;
        }
        let contents = |items: &Items| entries.iter().map(|(_, text)| items.bytes(text)).collect::<Option<Vec<_>>>();
        let (items, contents) = Items::ALL.into_iter().find_map(|items| Some((items, contents(&items)?)))?;
        let counts = entries.iter().map(|(count, _)| *count).collect();
        Some(Self { items, lg_most_slots, stream_weight, offset, counts, contents })
    }

    pub fn write(&self, sections: &mut Sections) {
        sections.images.push(self.lg_most_slots);
        for number in [self.counts.len() as u64, self.stream_weight, self.offset] {
            write_varint(&mut sections.images, number);
        }
        let lower = self.counts.iter().skip(1).chain([&0]);
        self.counts.iter().zip(lower).for_each(|(count, lower)| write_varint(&mut sections.counts, count - lower));
        for place in 0..self.items.width() {
            sections.planes.extend(self.contents.iter().map(|item| item[place]));
        }
        if self.items == Items::Text {
            for text in &self.contents {
                sections.texts.extend(text);
                sections.texts.push(0);
            }
        }
    }
}

/// Binary logarithm of the most slots that an image can say, and the items of the longest list that is taken apart: reading
/// one takes some hundred bytes an item for the moment.
const MOST_LG_SLOTS: u8 = 31;
const MOST_ITEMS: usize = 1 << 16;

/// The image of a list of such items.
pub fn read_image(items: Items, split: &mut Split<'_>, allowance: &mut Allowance) -> Result<Vec<u8>, Error> {
    let (lg_most_slots, length) = (split.images.u8()?, split.images.varint()? as usize);
    let (stream_weight, offset) = (split.images.varint()?, split.images.varint()?);
    if lg_most_slots > MOST_LG_SLOTS || length > MOST_ITEMS {
        return Err(split.images.error(format_args!("a list of {length} items in 2^{lg_most_slots} slots")));
    }
    let texts = if items == Items::Text { texts(length, split)? } else { from_planes(items, length, split)? };
    let entries: Vec<(u64, String)> = counts(length, split)?.into_iter().zip(texts).collect();
    let image = write_image(lg_most_slots, stream_weight, offset, &entries);
    allowance.take(1, image.len())?;
    Ok(image)
}

/// Counters by the differences to the next one, of which the last is none.
fn counts(length: usize, split: &mut Split<'_>) -> Result<Vec<u64>, Error> {
    let mut counts = (0..length).map(|_| split.counts.varint()).collect::<Result<Vec<_>, _>>()?;
    let mut sum = 0_u64;
    for count in counts.iter_mut().rev() {
        sum = sum.checked_add(*count).ok_or_else(|| split.counts.error("a counter of more than 64 bits"))?;
        *count = sum;
    }
    Ok(counts)
}

fn texts(length: usize, split: &mut Split<'_>) -> Result<Vec<String>, Error> {
    let mut texts = Vec::new();
    for _ in 0..length {
        let text = split.texts.until(0)?;
        let text = Items::Text.text(text).ok_or_else(|| split.texts.error("a text that is not UTF-8"))?;
        texts.push(text);
    }
    Ok(texts)
}

fn from_planes(items: Items, length: usize, split: &mut Split<'_>) -> Result<Vec<String>, Error> {
    let width = items.width();
    let planes = split.planes.bytes(length.saturating_mul(width))?;
    let text = |at: usize| {
        let item: Vec<u8> = (0..width).map(|place| planes[place * length + at]).collect();
        items.text(&item).expect("as many bytes as an item has")
    };
    Ok((0..length).map(text).collect())
}
