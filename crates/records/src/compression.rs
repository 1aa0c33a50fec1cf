//! zstd frames around a stream, and no more memory than was allowed.

use std::borrow::Cow;
use std::io::{BufRead, Read};

use pktvisor_core::Error;
use zstd::stream::read::Decoder;

use crate::refused;

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Bodies are 3 to 7 % smaller than by the library's default of 3, for a millisecond a window; level 19 saves as much again for
/// 8 to 40 ms.
const LEVEL: i32 = 9;

/// A window that every level up to 19 makes do with, and the largest that is ever granted.
const LG_WINDOWS: std::ops::RangeInclusive<u32> = 23..=27;

pub fn compressed(stream: &[u8]) -> Result<Vec<u8>, Error> {
    zstd::bulk::compress(stream, LEVEL).map_err(refused)
}

/// A stream as it was before it was compressed, if it was.
pub fn decompressed(body: &[u8], most_bytes: usize) -> Result<Cow<'_, [u8]>, Error> {
    if !body.starts_with(&MAGIC) {
        return if body.len() > most_bytes { Err(too_large(most_bytes)) } else { Ok(Cow::Borrowed(body)) };
    }
    let decoder = Decoder::with_buffer(body).map_err(refused)?;
    inflated(decoder, most_bytes).map(Cow::Owned)
}

/// All that the frames hold.
pub fn inflated(mut decoder: Decoder<'_, impl BufRead>, most_bytes: usize) -> Result<Vec<u8>, Error> {
    let lg_needed = most_bytes.checked_next_power_of_two().map_or(u32::MAX, usize::trailing_zeros);
    let lg_window = lg_needed.clamp(*LG_WINDOWS.start(), *LG_WINDOWS.end());
    decoder.window_log_max(lg_window).map_err(refused)?;
    let mut stream = Vec::new();
    let most = (most_bytes as u64).saturating_add(1);
    decoder.take(most).read_to_end(&mut stream).map_err(refused)?;
    if stream.len() > most_bytes { Err(too_large(most_bytes)) } else { Ok(stream) }
}

pub fn too_large(most_bytes: usize) -> Error {
    refused(format_args!("they take more than {most_bytes} bytes"))
}
