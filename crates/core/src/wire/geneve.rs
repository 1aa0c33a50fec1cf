//! Geneve (RFC 8926 section 3.4): version and length of the options in words (0), EtherType (2..4), network identifier
//! (4..7), options.

use super::{Enclosed, TooShort, be16, be32};

const HEADER_BYTES: usize = 8;
const WORD_BYTES: usize = 4;

/// What a packet carries for which network; `None` where its version is not 0.
pub fn read(bytes: &[u8]) -> Result<Option<Enclosed<'_>>, TooShort> {
    let (Some(first), Some(next), Some(identifier)) = (bytes.first(), be16(bytes, 2), be32(bytes, 4)) else {
        return Err(TooShort);
    };
    if first >> 6 != 0 {
        return Ok(None);
    }
    let options_bytes = usize::from(first & 0x3f) * WORD_BYTES;
    let payload = bytes.get(HEADER_BYTES + options_bytes..).ok_or(TooShort)?;
    Ok(Some(Enclosed { identifier: identifier >> 8, next, payload }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_move_the_payload() {
        let found = Ok(Some(Enclosed { identifier: 0x01_02_03, next: 0x6558, payload: &[7][..] }));
        assert_eq!(read(&[0, 0, 0x65, 0x58, 1, 2, 3, 0, 7]), found);
        assert_eq!(read(&[1, 0x40, 0x65, 0x58, 1, 2, 3, 0, 9, 9, 9, 9, 7]), found);
        assert_eq!(read(&[2, 0, 0x65, 0x58, 1, 2, 3, 0, 9, 9, 9, 9, 7]), Err(TooShort));
        assert_eq!(read(&[0, 0, 0x65, 0x58, 1, 2, 3]), Err(TooShort));
        assert_eq!(read(&[0x40, 0, 0x65, 0x58, 1, 2, 3, 0, 7]), Ok(None), "a version to come");
    }
}
