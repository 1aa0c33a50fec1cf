//! A form of our own, little-endian; numbers without a size are LEB128.
//!
//! | bytes | meaning |
//! |---|---|
//! | 1 | version 1 |
//! | 1 | form: 0 whole numbers as they are, 1 any values as they are, 2 buckets of whole numbers, 3 buckets |
//!
//! Values as they are go on with their number and the values ascending: whole numbers as the differences from one to
//! the next, others as f64. Buckets go on with the sum (16 bytes, in units of 2^-32), least and greatest value (f64
//! each), the number of zeros, index of the first bucket (i32), number of buckets, and their counts.

use super::buckets::{Buckets, MOST_SLOTS};
use super::{Distribution, GREATEST, MOST_EXACT};
use crate::Error;
use crate::sketch::reader::{Reader, write_varint};

const VERSION: u8 = 1;

const WHOLE_VALUES: u8 = 0;
const VALUES: u8 = 1;
const WHOLE_BUCKETS: u8 = 2;
const BUCKETS: u8 = 3;

impl Distribution {
    /// The distribution as bytes. Equal contents give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        if self.spilled { self.bucket_bytes() } else { self.value_bytes() }
    }

    /// Reads what [`Self::to_bytes`] writes.
    ///
    /// # Errors
    /// When the bytes are of another version, too short, or contradict themselves.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new("distribution", bytes);
        let (version, form) = (reader.u8()?, reader.u8()?);
        if version != VERSION {
            return Err(reader.error(format_args!("unknown version {version}")));
        }
        let distribution = match form {
            WHOLE_VALUES | VALUES => read_values(&mut reader, form)?,
            WHOLE_BUCKETS | BUCKETS => read_buckets(&mut reader, form)?,
            _ => return Err(reader.error(format_args!("unknown form {form}"))),
        };
        match reader.remaining() {
            0 => Ok(distribution),
            more => Err(reader.error(format_args!("{more} bytes too many"))),
        }
    }

    fn value_bytes(&self) -> Vec<u8> {
        let mut values = self.exact.clone();
        values.sort_unstable_by(f64::total_cmp);
        let as_integers = self.whole && self.max < GREATEST;
        let mut out = vec![VERSION, if as_integers { WHOLE_VALUES } else { VALUES }];
        write_varint(&mut out, self.count);
        let mut before = 0;
        for value in values {
            if as_integers {
                write_varint(&mut out, value as u64 - before);
                before = value as u64;
            } else {
                out.extend(value.to_le_bytes());
            }
        }
        out
    }

    fn bucket_bytes(&self) -> Vec<u8> {
        let (index, counts) = self.buckets.used();
        let mut out = vec![VERSION, if self.whole { WHOLE_BUCKETS } else { BUCKETS }];
        out.extend(self.sum.to_le_bytes());
        out.extend(self.min.to_le_bytes());
        out.extend(self.max.to_le_bytes());
        write_varint(&mut out, self.buckets.zeros());
        out.extend(index.to_le_bytes());
        write_varint(&mut out, counts.len() as u64);
        counts.iter().for_each(|&count| write_varint(&mut out, count));
        out
    }
}

fn read_values(reader: &mut Reader, form: u8) -> Result<Distribution, Error> {
    let count = reader.varint()?;
    if count > MOST_EXACT {
        return Err(reader.error(format_args!("{count} values, more than {MOST_EXACT}")));
    }
    let mut distribution = Distribution::new();
    let mut before = 0_u64;
    for _ in 0..count {
        if form == WHOLE_VALUES {
            let step = reader.varint()?;
            before = before.checked_add(step).ok_or_else(|| reader.error("a value has more than 64 bits"))?;
            distribution.record(before);
        } else {
            let value = read_value(reader)?;
            distribution.record_f64(value);
        }
    }
    Ok(distribution)
}

fn read_buckets(reader: &mut Reader, form: u8) -> Result<Distribution, Error> {
    let sum = reader.u128()?;
    let (min, max) = (read_value(reader)?, read_value(reader)?);
    let zeros = reader.varint()?;
    let index = reader.u32()? as i32;
    let length = reader.varint()?;
    if length > MOST_SLOTS as u64 {
        return Err(reader.error(format_args!("{length} buckets, more than {MOST_SLOTS}")));
    }
    let counts = (0..length).map(|_| reader.varint()).collect::<Result<Vec<u64>, Error>>()?;
    // Counts that are too many stop at the largest number, as they do where sketches merge.
    let count = counts.iter().fold(zeros, |sum, &count| sum.saturating_add(count));
    let buckets = Buckets::from_used(zeros, index, &counts);
    match buckets {
        Some(buckets) if count > 0 && min <= max => {
            let whole = form == WHOLE_BUCKETS;
            Ok(Distribution { spilled: true, buckets, count, sum, min, max, whole, ..Distribution::new() })
        }
        _ => Err(reader.error(format_args!("{length} buckets from index {index} on, of values from {min} to {max}"))),
    }
}

fn read_value(reader: &mut Reader) -> Result<f64, Error> {
    let value = reader.f64()?;
    if (0.0..=GREATEST).contains(&value) && value.is_sign_positive() {
        Ok(value)
    } else {
        Err(reader.error(format_args!("a value of {value}")))
    }
}
