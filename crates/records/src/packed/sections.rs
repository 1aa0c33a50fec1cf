//! What is packed, by what it is like.

use pktvisor_core::Error;
use pktvisor_core::sketch::reader::Reader;

use crate::refused;

/// The sections of a table, to be compressed.
#[derive(Debug, Default)]
pub struct Sections {
    /// Metadata and columns.
    pub records: Vec<u8>,
    /// The forms of images, and those that are kept as they are.
    pub images: Vec<u8>,
    /// Weights of lists.
    pub counts: Vec<u8>,
    /// Addresses and numbers of lists: the first bytes of all items, then the second bytes, and so on.
    pub planes: Vec<u8>,
    /// Texts of lists.
    pub texts: Vec<u8>,
    /// HLL images.
    pub registers: Vec<Vec<u8>>,
}

/// A section by its name: what it holds, and how many bytes that takes when it is packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub name: &'static str,
    pub content: Vec<u8>,
    pub packed_bytes: usize,
}

/// What errors call the stream.
const NAME: &str = "packed records";

const NAMES: [&str; 6] = ["records", "images", "counts", "planes", "texts", "registers"];

impl Sections {
    /// Those whose lengths are said.
    pub fn dense(&self) -> [&[u8]; 5] {
        [&self.records, &self.images, &self.counts, &self.planes, &self.texts]
    }

    pub fn parts(&self, sizes: &[usize]) -> Vec<Part> {
        let contents = self.dense().map(<[u8]>::to_vec).into_iter().chain([self.registers.concat()]);
        let part =
            |((name, content), size): ((&'static str, Vec<u8>), &usize)| Part { name, content, packed_bytes: *size };
        NAMES.into_iter().zip(contents).zip(sizes).map(part).collect()
    }
}

/// The sections of a stream, to be read.
pub struct Split<'a> {
    pub records: Reader<'a>,
    pub images: Reader<'a>,
    pub counts: Reader<'a>,
    pub planes: Reader<'a>,
    pub texts: Reader<'a>,
    pub registers: Reader<'a>,
}

impl<'a> Split<'a> {
    pub fn of(stream: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(NAME, stream);
        let mut lengths = [0_usize; 5];
        for length in &mut lengths {
            *length = reader.count()?;
        }
        let [records, images, counts, planes, texts] = lengths.map(|length| reader.bytes(length).map(section));
        let registers = section(reader.bytes(reader.remaining())?);
        let (records, images, counts, planes, texts) = (records?, images?, counts?, planes?, texts?);
        Ok(Self { records, images, counts, planes, texts, registers })
    }

    /// An error where there is more than was needed.
    pub fn check_end(&self) -> Result<(), Error> {
        let all = [&self.records, &self.images, &self.counts, &self.planes, &self.texts, &self.registers];
        match all.iter().map(|section| section.remaining()).sum() {
            0_usize => Ok(()),
            more => Err(refused(format_args!("{more} packed bytes too many"))),
        }
    }
}

fn section(bytes: &[u8]) -> Reader<'_> {
    Reader::new(NAME, bytes)
}
