//! The sections as a body: behind a head that names the dictionary, in zstd frames.

use std::io::Write;

use pktvisor_core::Error;
use pktvisor_core::sketch::reader::write_varint;
use zstd::dict::DecoderDictionary;
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

use super::dictionaries::{self, LEVEL, NEWEST};
use super::sections::Sections;
use crate::compression::inflated;
use crate::refused;

const MAGIC: [u8; 4] = *b"PKVW";
const VERSION: u8 = 1;
const HEAD_BYTES: usize = MAGIC.len() + 2;

/// Whether a body says that it is packed records.
pub fn is_packed(body: &[u8]) -> bool {
    body.starts_with(&MAGIC)
}

/// Whether this release knows how a body is packed, where it says that it is. If not, its sender may say it otherwise.
pub fn can_unpack(body: &[u8]) -> bool {
    !is_packed(body) || dictionary_of(body).is_ok()
}

/// The body, and how many bytes each section takes of it.
pub fn compressed(sections: &Sections) -> Result<(Vec<u8>, Vec<usize>), Error> {
    let body = [&MAGIC[..], &[VERSION, NEWEST]].concat();
    let mut encoder = Encoder::with_prepared_dictionary(body, dictionaries::encoder()).map_err(refused)?;
    let mut lengths = Vec::new();
    sections.dense().iter().for_each(|section| write_varint(&mut lengths, section.len() as u64));
    encoder.write_all(&lengths).map_err(refused)?;
    let (mut sizes, mut before) = (Vec::new(), 0);
    for section in sections.dense() {
        encoder.write_all(section).map_err(refused)?;
        // A block of its own.
        encoder.flush().map_err(refused)?;
        sizes.push(encoder.get_ref().len() - before);
        before = encoder.get_ref().len();
    }
    let mut body = encoder.finish().map_err(refused)?;
    // Registers are all but random: what looks like something before only leads astray, so that each has a frame.
    for registers in &sections.registers {
        body.extend(zstd::bulk::compress(registers, LEVEL).map_err(refused)?);
    }
    sizes.push(body.len() - before);
    Ok((body, sizes))
}

/// The stream of a body.
pub fn decompressed(body: &[u8], most_bytes: usize) -> Result<Vec<u8>, Error> {
    let dictionary = dictionary_of(body)?;
    inflated(Decoder::with_prepared_dictionary(&body[HEAD_BYTES..], dictionary).map_err(refused)?, most_bytes)
}

/// The dictionary that the head of a body names.
fn dictionary_of(body: &[u8]) -> Result<&'static DecoderDictionary<'static>, Error> {
    let head = body.get(MAGIC.len()..HEAD_BYTES).ok_or_else(|| refused("the body ends in its head"))?;
    match *head {
        [VERSION, number] => dictionaries::decoder(number),
        _ => Err(refused(format_args!("they are packed in form {}; this release reads form {VERSION}", head[0]))),
    }
}
