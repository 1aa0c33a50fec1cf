//! Dictionaries: texts that most windows have, which agents and hubs know beforehand.
//!
//! A dictionary is what the records of declared metrics look like ([`super::columns`]), and nothing of anybody's traffic;
//! `crates/records/dictionaries/make.py` writes it. A file never changes once it was released: what is in a spool, a broker or
//! a journal names it by its number. Where too much has changed since, a new file becomes the next number.

use std::sync::OnceLock;

use pktvisor_core::Error;
use zstd::dict::{DecoderDictionary, EncoderDictionary};

use crate::refused;

/// The first is number 1.
const FILES: [&[u8]; 1] = [include_bytes!("../../dictionaries/1.bin")];

/// The one that is packed with.
pub const NEWEST: u8 = FILES.len() as u8;

/// Saves 2 % over level 9, for two milliseconds a window; level 19 saves nothing more.
pub const LEVEL: i32 = 12;

static DECODERS: [OnceLock<DecoderDictionary<'static>>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];

/// The newest one, for packing.
pub fn encoder() -> &'static EncoderDictionary<'static> {
    static ENCODER: OnceLock<EncoderDictionary<'static>> = OnceLock::new();
    ENCODER.get_or_init(|| EncoderDictionary::copy(FILES[FILES.len() - 1], LEVEL))
}

/// The one of a number, for unpacking.
pub fn decoder(number: u8) -> Result<&'static DecoderDictionary<'static>, Error> {
    let at = usize::from(number).wrapping_sub(1);
    let unknown =
        || refused(format_args!("they are packed with dictionary {number}; this release knows up to {NEWEST}"));
    let decoder = DECODERS.get(at).ok_or_else(unknown)?;
    Ok(decoder.get_or_init(|| DecoderDictionary::copy(FILES[at])))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By its first bytes, zstd would take it for one of its own trained ones.
    #[test]
    fn dictionaries_are_nothing_but_content() {
        for content in FILES {
            assert!(content.len() > 8 && !content.starts_with(&0xec30_a437_u32.to_le_bytes()));
        }
    }
}
