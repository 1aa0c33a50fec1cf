//! Reads the serialised forms of sketches, of windows and of records: little-endian numbers from bytes that may be short or hostile.

use crate::Error;

/// A place in some bytes; every read past the end is an [`Error`] that names the sketch.
#[derive(Clone)]
pub struct Reader<'a> {
    sketch: &'static str,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// `sketch` is what errors call these bytes: `"HLL"`, `"window"`.
    pub fn new(sketch: &'static str, bytes: &'a [u8]) -> Self {
        Self { sketch, rest: bytes }
    }

    /// What `read` makes of bytes that hold nothing else.
    pub fn whole<T>(
        sketch: &'static str,
        bytes: &'a [u8],
        read: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut reader = Self::new(sketch, bytes);
        let value = read(&mut reader)?;
        match reader.remaining() {
            0 => Ok(value),
            more => Err(reader.error(format_args!("{more} bytes too many"))),
        }
    }

    /// An error about these bytes: `"HLL bytes: unknown version 3"`.
    pub fn error(&self, problem: impl std::fmt::Display) -> Error {
        Error::format(format!("{} bytes: {problem}", self.sketch))
    }

    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], Error> {
        match self.rest.split_at_checked(length) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.error(format_args!("{} bytes are missing at the end", length - self.rest.len()))),
        }
    }

    #[inline]
    pub fn u8(&mut self) -> Result<u8, Error> {
        Ok(self.array::<1>()?[0])
    }

    pub fn u32(&mut self) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    #[inline]
    pub fn u64(&mut self) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    #[inline]
    pub fn i64(&mut self) -> Result<i64, Error> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    pub fn u128(&mut self) -> Result<u128, Error> {
        Ok(u128::from_le_bytes(self.array()?))
    }

    pub fn f64(&mut self) -> Result<f64, Error> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    /// An unsigned LEB128 number: seven bits a byte, the lowest first, the top bit set on all but the last.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, Error> {
        match self.rest {
            [first, rest @ ..] if *first < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*first))
            }
            [first, second, rest @ ..] if *second < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*first & 0x7f) | u64::from(*second) << 7)
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Error> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(self.error("a number has more than 64 bits"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.error("a number has more than 64 bits"))
    }

    /// Bytes that [`write_block`] wrote.
    pub fn block(&mut self) -> Result<&'a [u8], Error> {
        let length = self.varint()?;
        match usize::try_from(length) {
            Ok(length) if length <= self.rest.len() => self.bytes(length),
            _ => Err(self.error(format_args!("a part of {length} bytes, of {} that are left", self.rest.len()))),
        }
    }

    /// Bytes up to the next one that is `end`, which is passed over.
    pub fn until(&mut self, end: u8) -> Result<&'a [u8], Error> {
        match self.rest.iter().position(|byte| *byte == end) {
            Some(length) => {
                let taken = self.bytes(length)?;
                self.bytes(1)?;
                Ok(taken)
            }
            None => Err(self.error("a text has no end")),
        }
    }

    /// A number that says how many parts follow, each of a byte at least.
    pub fn count(&mut self) -> Result<usize, Error> {
        let count = self.varint()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.rest.len() => Ok(count),
            _ => Err(self.error(format_args!("{count} parts in {} bytes", self.rest.len()))),
        }
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        Ok(self.bytes(N)?.try_into().expect("as many bytes as asked for"))
    }
}

/// Writes what [`Reader::varint`] reads.
#[inline]
pub fn write_varint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        out.push(value as u8);
    } else {
        let mut bytes = [0; MOST_VARINT_BYTES];
        let length = put_varint(&mut bytes, value);
        out.extend_from_slice(&bytes[..length]);
    }
}

/// Bytes that the largest number takes.
pub(crate) const MOST_VARINT_BYTES: usize = 10;

/// The same into some bytes; tells how many it took.
#[inline]
pub(crate) fn put_varint(bytes: &mut [u8; MOST_VARINT_BYTES], mut value: u64) -> usize {
    let mut at = 0;
    while value >= 0x80 {
        bytes[at] = value as u8 | 0x80;
        value >>= 7;
        at += 1;
    }
    bytes[at] = value as u8;
    at + 1
}

/// Writes bytes with their length before them.
pub fn write_block(out: &mut Vec<u8>, bytes: &[u8]) {
    write_varint(out, bytes.len() as u64);
    out.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back_and_too_long_ones_are_refused() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            write_varint(&mut out, value);
            let mut reader = Reader::new("test", &out);
            assert_eq!((reader.varint(), reader.remaining()), (Ok(value), 0));
        }
        assert!(Reader::new("test", &[0xff; 9]).varint().is_err());
        let past_64_bits = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert!(Reader::new("test", &past_64_bits).varint().is_err());
    }

    #[test]
    fn blocks_come_back_and_lengths_that_lie_are_refused() {
        let mut out = Vec::new();
        write_block(&mut out, b"four");
        assert_eq!(Reader::new("test", &out).block(), Ok(&b"four"[..]));
        assert!(Reader::new("test", &out[..4]).block().is_err());
        assert!(Reader::new("test", &[200, 1, 0]).count().is_err());
    }

    #[test]
    fn a_short_read_names_the_sketch() {
        let error = Reader::new("HLL", &[1, 2]).u32().unwrap_err();
        assert_eq!(error.message, "HLL bytes: 2 bytes are missing at the end");
    }
}
