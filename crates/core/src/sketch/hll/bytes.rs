//! The DataSketches HLL image, little-endian.
//!
//! | byte | meaning |
//! |---|---|
//! | 0 | length of the preamble in 4-byte words: 2 (list), 3 (set), 10 (registers) |
//! | 1, 2 | serial version 1, family 7 |
//! | 3 | lg k |
//! | 4 | binary logarithm of the coupon array's (HLL_4: the exceptions') slots |
//! | 5 | flags: 4 empty, 8 compact (vacant slots are left out), 16 out of order (merged) |
//! | 6 | list: number of coupons; registers of HLL_4: the least register |
//! | 7 | mode (0 list, 1 set, 2 registers) and, in bits 2 and 3, type (0 HLL_4, 1 HLL_6, 2 HLL_8) |
//!
//! A list goes on with its coupons; a set with their number (u32) and the coupons. Registers go on with the HIP
//! estimate, the sums of 2^-register over registers below 32 and from 32 up (f64 each), how many registers are at the
//! least, the number of exceptions (u32 each), the registers, and with HLL_4 the exceptions as coupons.

use super::coupons::{Coupons, MOST_COUPONS};
use super::registers::{Registers, inverse_power};
use super::sparse::MOST_AS_COUPONS;
use super::{ADDRESS_BITS, Coupon, Hll, K, LG_K, State};
use crate::Error;
use crate::sketch::reader::Reader;

const SERIAL_VERSION: u8 = 1;
const FAMILY: u8 = 7;

const LIST_WORDS: u8 = 2;
const SET_WORDS: u8 = 3;
const REGISTER_WORDS: u8 = 10;

const EMPTY: u8 = 4;
const COMPACT: u8 = 8;
const OUT_OF_ORDER: u8 = 16;

const LIST: u8 = 0;
const SET: u8 = 1;
const REGISTERS: u8 = 2;

const HLL_4: u8 = 0;
const HLL_6: u8 = 1;
const HLL_8: u8 = 2;

/// A list has 8 slots and becomes a set when they are full.
const LG_LIST_SLOTS: u8 = 3;
const LG_FIRST_SET_SLOTS: u8 = 5;

/// The value of an HLL_4 register that stands among the exceptions.
const EXCEPTION: u8 = 15;

impl Hll {
    /// The sketch as a DataSketches HLL_8 image. Equal contents give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.state {
            State::Coupons(coupons) => coupon_image(coupons),
            State::Sparse(sparse) if sparse.used().len() <= MOST_AS_COUPONS => coupon_image(&sparse.to_coupons()),
            State::Sparse(sparse) => register_image(&sparse.to_registers()),
            State::Registers(registers) => register_image(registers),
        }
    }

    /// Reads an image of any type (HLL_4, HLL_6, HLL_8) that a DataSketches library wrote.
    ///
    /// A sketch of more than 4096 registers is folded to 4096.
    ///
    /// # Errors
    /// When the bytes are no such image, contradict themselves, or have fewer than 4096 registers.
    pub fn from_bytes(bytes: &[u8]) -> Result<Hll, Error> {
        let mut sketch = Hll::new();
        sketch.merge_image(&HllImage::read(bytes)?);
        Ok(sketch)
    }

    /// Makes this the sketch of both streams, straight from an image.
    pub fn merge_image(&mut self, image: &HllImage<'_>) {
        match (&image.0, &mut self.state) {
            (ImageState::Sketch(sketch), _) => self.merge(sketch),
            (ImageState::Registers { values, .. }, State::Registers(mine)) => mine.merge_values(values),
            (ImageState::Registers { values, history }, State::Coupons(mine)) => {
                let is_first = mine.len() == 0;
                let mut registers = Registers::from_values(**values, history.filter(|_| is_first));
                if !is_first {
                    registers.merge_coupons(mine);
                }
                self.state = State::Registers(Box::new(registers));
            }
            (ImageState::Registers { values, .. }, State::Sparse(mine)) => {
                let mut registers = mine.to_registers();
                registers.merge_values(values);
                self.state = State::Registers(Box::new(registers));
            }
        }
    }
}

/// An image that was read, of which nothing was copied where its registers are as ours.
#[derive(Debug)]
pub struct HllImage<'a>(ImageState<'a>);

#[derive(Debug)]
enum ImageState<'a> {
    Registers { values: &'a [u8; K], history: Option<f64> },
    Sketch(Hll),
}

impl<'a> HllImage<'a> {
    /// Reads an image as [`Hll::from_bytes`] does.
    ///
    /// # Errors
    /// As [`Hll::from_bytes`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new("HLL", bytes);
        let header = Header::read(&mut reader)?;
        let sketch = |state| ImageState::Sketch(Hll { state });
        Ok(Self(match header.mode {
            LIST | SET => sketch(read_coupons(&mut reader, &header)?),
            REGISTERS if header.kind == HLL_8 && header.lg_k == LG_K => read_plain_registers(&mut reader, &header)?,
            REGISTERS => sketch(State::Registers(Box::new(read_registers(&mut reader, &header)?))),
            other => return Err(reader.error(format_args!("unknown mode {other}"))),
        }))
    }
}

fn coupon_image(coupons: &Coupons) -> Vec<u8> {
    let mut sorted: Vec<Coupon> = coupons.iter().collect();
    sorted.sort_unstable();
    let count = sorted.len();
    let kind = HLL_8 << 2;
    let mut out = Vec::with_capacity(12 + 4 * count);
    if count < 1 << LG_LIST_SLOTS {
        let flags = if count == 0 { COMPACT | EMPTY } else { COMPACT };
        out.extend([LIST_WORDS, SERIAL_VERSION, FAMILY, LG_K, LG_LIST_SLOTS, flags, count as u8, kind | LIST]);
    } else {
        let lg_slots = (LG_FIRST_SET_SLOTS..).find(|lg| 4 * count <= 3 << lg).expect("a power of two that is enough");
        out.extend([SET_WORDS, SERIAL_VERSION, FAMILY, LG_K, lg_slots, COMPACT, 0, kind | SET]);
        out.extend((count as u32).to_le_bytes());
    }
    out.extend(sorted.iter().flat_map(|coupon| coupon.to_le_bytes()));
    out
}

fn register_image(registers: &Registers) -> Vec<u8> {
    let values = registers.values();
    let flags = if registers.history().is_none() { OUT_OF_ORDER } else { 0 };
    let sum_where = |wanted: fn(u8) -> bool| -> f64 {
        values.iter().filter(|&&value| wanted(value)).map(|&value| inverse_power(value)).sum()
    };
    let unused = (K - registers.used()) as u32;

    let mut out = Vec::with_capacity(4 * usize::from(REGISTER_WORDS) + K);
    out.extend([REGISTER_WORDS, SERIAL_VERSION, FAMILY, LG_K, 0, flags, 0, HLL_8 << 2 | REGISTERS]);
    out.extend(registers.history().unwrap_or(0.0).to_le_bytes());
    out.extend(sum_where(|value| value < 32).to_le_bytes());
    out.extend(sum_where(|value| value >= 32).to_le_bytes());
    out.extend(unused.to_le_bytes());
    out.extend(0_u32.to_le_bytes());
    out.extend(values);
    out
}

/// The first eight bytes of an image.
struct Header {
    lg_k: u8,
    lg_slots: u8,
    flags: u8,
    /// List: number of coupons. HLL_4: the least register.
    state: u8,
    mode: u8,
    kind: u8,
}

impl Header {
    fn read(reader: &mut Reader) -> Result<Self, Error> {
        let (words, version, family) = (reader.u8()?, reader.u8()?, reader.u8()?);
        let (lg_k, lg_slots, flags, state, mode_byte) =
            (reader.u8()?, reader.u8()?, reader.u8()?, reader.u8()?, reader.u8()?);
        let header = Self { lg_k, lg_slots, flags, state, mode: mode_byte & 3, kind: mode_byte >> 2 & 3 };
        if version != SERIAL_VERSION || family != FAMILY {
            return Err(reader.error(format_args!("not an HLL sketch (serial version {version}, family {family})")));
        }
        let expected = [LIST_WORDS, SET_WORDS, REGISTER_WORDS].get(usize::from(header.mode));
        if expected != Some(&words) || header.kind > HLL_8 {
            return Err(
                reader.error(format_args!("mode byte {mode_byte} and a preamble of {words} words don't go together"))
            );
        }
        if !(4..=21).contains(&lg_k) {
            return Err(reader.error(format_args!("lg k is {lg_k}, not between 4 and 21")));
        }
        Ok(header)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

fn read_coupons(reader: &mut Reader, header: &Header) -> Result<State, Error> {
    let count = if header.mode == LIST { u32::from(header.state) } else { reader.u32()? };
    let slots = if header.has(COMPACT) {
        count
    } else if header.has(EMPTY) {
        0
    } else if header.lg_slots <= header.lg_k.max(LG_LIST_SLOTS) {
        1 << header.lg_slots
    } else {
        return Err(reader.error(format_args!("a coupon array of 2^{} slots", header.lg_slots)));
    };
    let mut sketch = Hll::new();
    let mut filled = 0;
    for coupon in reader.bytes(4 * slots as usize)?.chunks_exact(4) {
        let coupon = Coupon::from_le_bytes(coupon.try_into().expect("four bytes"));
        if coupon >> ADDRESS_BITS > 0 {
            filled += 1;
            sketch.update_coupon(coupon);
        } else if coupon != 0 {
            return Err(reader.error("a coupon without a run length"));
        }
    }
    if filled != count {
        return Err(reader.error(format_args!("{filled} coupons instead of {count}")));
    }
    Ok(sketch.state)
}

/// Registers that are as ours, and have to be looked at only.
fn read_plain_registers<'a>(reader: &mut Reader<'a>, header: &Header) -> Result<ImageState<'a>, Error> {
    let (history, _) = read_history(reader, header)?;
    let values: &[u8; K] = reader.bytes(K)?.try_into().expect("as many bytes as registers");
    let greatest = values.iter().fold(0, |greatest, value| value.max(&greatest).to_owned());
    check_register(reader, greatest)?;
    Ok(ImageState::Registers { values, history })
}

/// What HIP had added up, if the history was whole; and the number of exceptions.
fn read_history(reader: &mut Reader, header: &Header) -> Result<(Option<f64>, u32), Error> {
    let hip = reader.f64()?;
    // The sums of inverse powers and the number of least registers follow from the registers; what was written isn't
    // trusted.
    reader.bytes(8 + 8 + 4)?;
    let exceptions = reader.u32()?;
    let keeps_history = !header.has(OUT_OF_ORDER) && header.lg_k == LG_K;
    if keeps_history && !(hip.is_finite() && hip >= 0.0) {
        return Err(reader.error(format_args!("an estimate of {hip}")));
    }
    Ok((keeps_history.then_some(hip), exceptions))
}

fn check_register(reader: &Reader, value: u8) -> Result<(), Error> {
    if value > 63 {
        return Err(reader.error(format_args!("a register of {value}, more than 63")));
    }
    Ok(())
}

fn read_registers(reader: &mut Reader, header: &Header) -> Result<Registers, Error> {
    if header.lg_k < LG_K {
        return Err(reader.error(format_args!("lg k is {}, but merging needs {LG_K} or more", header.lg_k)));
    }
    let (history, exceptions) = read_history(reader, header)?;
    let mut fold = Fold { values: [0; K] };
    match header.kind {
        HLL_4 => read_4_bit(reader, header, exceptions, &mut fold)?,
        HLL_6 => read_6_bit(reader, header, &mut fold)?,
        _ => read_8_bit(reader, header, &mut fold)?,
    }
    Ok(Registers::from_values(fold.values, history))
}

/// Collects registers, of which there may be more than 4096: a value's register is given by the low bits of its
/// address, so those of a larger sketch fall together.
struct Fold {
    values: [u8; K],
}

impl Fold {
    fn put(&mut self, reader: &Reader, at: usize, value: u8) -> Result<(), Error> {
        check_register(reader, value)?;
        let register = &mut self.values[at % K];
        *register = (*register).max(value);
        Ok(())
    }
}

fn read_8_bit(reader: &mut Reader, header: &Header, fold: &mut Fold) -> Result<(), Error> {
    for (at, &value) in reader.bytes(1 << header.lg_k)?.iter().enumerate() {
        fold.put(reader, at, value)?;
    }
    Ok(())
}

/// Registers of 6 bits, packed from the lowest bit of the first byte up: four in three bytes, and one byte of padding.
fn read_6_bit(reader: &mut Reader, header: &Header, fold: &mut Fold) -> Result<(), Error> {
    let packed = reader.bytes((3 << header.lg_k) / 4 + 1)?;
    for (at, three) in packed.chunks_exact(3).take(1 << (header.lg_k - 2)).enumerate() {
        let bits = u32::from_le_bytes([three[0], three[1], three[2], 0]);
        for part in 0..4 {
            fold.put(reader, 4 * at + part, (bits >> (6 * part) & 63) as u8)?;
        }
    }
    Ok(())
}

/// Registers of 4 bits above the least register, two a byte, the lower half first; what doesn't fit is an exception.
fn read_4_bit(reader: &mut Reader, header: &Header, exceptions: u32, fold: &mut Fold) -> Result<(), Error> {
    let packed = reader.bytes(1 << (header.lg_k - 1))?;
    let excepted = read_exceptions(reader, header, exceptions)?;
    let mut marked = 0;
    for (at, byte) in packed.iter().enumerate() {
        for (part, value) in [byte & 15, byte >> 4].into_iter().enumerate() {
            if value == EXCEPTION {
                marked += 1;
            } else {
                fold.put(reader, 2 * at + part, value.saturating_add(header.state))?;
            }
        }
    }
    if marked != excepted.len() {
        return Err(
            reader.error(format_args!("{marked} registers are marked as exceptions, {} are given", excepted.len()))
        );
    }
    for coupon in excepted {
        let at = coupon as usize & ((1 << header.lg_k) - 1);
        fold.put(reader, at, (coupon >> ADDRESS_BITS) as u8)?;
    }
    Ok(())
}

fn read_exceptions(reader: &mut Reader, header: &Header, count: u32) -> Result<Vec<Coupon>, Error> {
    let slots = match count {
        0 => 0,
        _ if header.has(COMPACT) => count as usize,
        _ if header.lg_slots <= header.lg_k => 1 << header.lg_slots,
        _ => return Err(reader.error(format_args!("an array of 2^{} exceptions", header.lg_slots))),
    };
    if slots > 1 << header.lg_k {
        return Err(reader.error(format_args!("{slots} exceptions, more than there are registers")));
    }
    let read = reader.bytes(4 * slots)?.chunks_exact(4);
    Ok(read.map(|coupon| Coupon::from_le_bytes(coupon.try_into().expect("four bytes"))).filter(|&c| c != 0).collect())
}

const _: () =
    assert!(MOST_COUPONS == 3 * (1 << (LG_K - 3)) / 4, "as many coupons as a set of 2^(lg k - 3) slots takes");
