//! A sketch in as few bytes as it needs, for what is kept of very many of them: registers alone, without the upper bits of coupons.
//!
//! First the history in sixteenths plus one, 0 for none; then how many registers are in use, and these: each the number of registers
//! since the one before times four plus its value less one, 3 for greater ones, whose value follows. Where most registers are in use,
//! all stand there with four bits above the least of them; 15 says that the value follows behind.

use super::registers::Registers;
use super::sparse::{MOST_USED, Sparse};
use super::{ADDRESS_BITS, Hll, K, State, estimate};
use crate::Error;
use crate::sketch::reader::{Reader, write_varint};

/// Parts that the history is rounded to.
const PARTS: f64 = 16.0;

/// From so many registers in use on all are written.
const MOST_SINGLE: usize = K / 2;

/// Values that stand in the same number as the gap.
const INLINE_VALUES: u64 = 4;

/// Says that a value follows behind.
const FOLLOWS: u8 = 15;

impl Hll {
    /// Writes the sketch; equal contents give equal bytes.
    pub fn pack(&self, out: &mut Vec<u8>) {
        match &self.state {
            State::Coupons(coupons) => {
                let mut used: Vec<(u16, u8)> = coupons
                    .iter()
                    .map(|coupon| ((coupon as usize % K) as u16, (coupon >> ADDRESS_BITS) as u8))
                    .collect();
                used.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
                used.dedup_by_key(|one| one.0);
                write_history(out, Some(estimate::of_coupons(coupons.len())));
                write_used(out, used.len(), used.iter().copied());
            }
            State::Sparse(sparse) => {
                write_history(out, sparse.history());
                write_used(out, sparse.used().len(), sparse.used().iter().copied());
            }
            State::Registers(registers) => {
                write_history(out, registers.history());
                write_registers(out, registers);
            }
        }
    }

    /// Reads what [`Self::pack`] wrote.
    ///
    /// # Errors
    /// When it did not.
    pub(crate) fn unpack(reader: &mut Reader) -> Result<Self, Error> {
        let history = reader.varint()?.checked_sub(1).map(|parts| parts as f64 / PARTS);
        let used = reader.varint()? as usize;
        if used == 0 {
            return Ok(Self::new());
        }
        if used > MOST_SINGLE {
            return Ok(Self { state: State::Registers(Box::new(Registers::from_values(read_all(reader)?, history))) });
        }
        let sparse = Sparse::new(read_used(reader, used)?, history);
        let is_small = used <= MOST_USED;
        let large = || State::Registers(Box::new(sparse.to_registers()));
        Ok(Self { state: if is_small { State::Sparse(sparse) } else { large() } })
    }
}

fn write_history(out: &mut Vec<u8>, history: Option<f64>) {
    write_varint(out, history.map_or(0, |estimate| (estimate * PARTS).round() as u64 + 1));
}

fn write_used(out: &mut Vec<u8>, count: usize, used: impl Iterator<Item = (u16, u8)>) {
    write_varint(out, count as u64);
    let mut next = 0;
    for (register, value) in used {
        let inline = u64::from(value - 1).min(INLINE_VALUES - 1);
        write_varint(out, u64::from(register - next) * INLINE_VALUES + inline);
        if inline == INLINE_VALUES - 1 {
            out.push(value);
        }
        next = register + 1;
    }
}

fn read_used(reader: &mut Reader, count: usize) -> Result<Vec<(u16, u8)>, Error> {
    let (mut used, mut next) = (Vec::with_capacity(count), 0);
    for _ in 0..count {
        let number = reader.varint()?;
        let value = match number % INLINE_VALUES {
            inline if inline == INLINE_VALUES - 1 => reader.u8()?,
            inline => inline as u8 + 1,
        };
        let register = next + number / INLINE_VALUES;
        if register >= K as u64 || !(1..=63).contains(&value) {
            return Err(reader.error(format_args!("register {register} of {value}")));
        }
        used.push((register as u16, value));
        next = register + 1;
    }
    Ok(used)
}

fn write_registers(out: &mut Vec<u8>, registers: &Registers) {
    let (values, used) = (registers.values(), registers.used());
    if used <= MOST_SINGLE {
        let pairs = (0_u16..).zip(values).filter(|(_, value)| **value > 0);
        return write_used(out, used, pairs.map(|(register, value)| (register, *value)));
    }
    write_varint(out, used as u64);
    let least = values.iter().copied().min().unwrap_or(0);
    out.push(least);
    let above = |value: u8| (value - least).min(FOLLOWS);
    out.extend(values.chunks_exact(2).map(|two| above(two[0]) | above(two[1]) << 4));
    out.extend(values.iter().filter(|value| above(**value) == FOLLOWS));
}

fn read_all(reader: &mut Reader) -> Result<[u8; K], Error> {
    let least = reader.u8()?;
    let halves = reader.bytes(K / 2)?;
    let mut values = [0; K];
    for (two, byte) in values.chunks_exact_mut(2).zip(halves) {
        two.copy_from_slice(&[byte & 15, byte >> 4]);
    }
    for value in &mut values {
        *value = if *value == FOLLOWS { reader.u8()? } else { value.saturating_add(least) };
        if *value > 63 {
            return Err(reader.error(format_args!("a register of {value}")));
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch(values: std::ops::Range<u32>) -> Hll {
        let mut sketch = Hll::new();
        values.for_each(|value| sketch.update_bytes(&value.to_le_bytes()));
        sketch
    }

    fn packed(sketch: &Hll) -> Vec<u8> {
        let mut out = Vec::new();
        sketch.pack(&mut out);
        out
    }

    fn repacked(sketch: &Hll) -> Hll {
        let out = packed(sketch);
        let mut reader = Reader::new("HLL", &out);
        let back = Hll::unpack(&mut reader).expect("what was packed");
        assert_eq!(reader.remaining(), 0);
        back
    }

    /// The registers that an image of registers ends with, whatever the form.
    fn registers(sketch: &Hll) -> Vec<u8> {
        let mut whole = sketch.clone();
        whole.merge(&self::sketch(0..3_000));
        let image = whole.to_bytes();
        image[image.len() - K..].to_vec()
    }

    proptest! {
        #[test]
        fn a_sketch_goes_on_where_it_was_packed(first in 0_u32..6_000, second in 0_u32..6_000, rounds in 1_u32..6) {
            let mut whole = sketch(0..first);
            let mut parted = whole.clone();
            for _ in 0..rounds {
                let before = parted.estimate();
                parted = repacked(&parted);
                prop_assert!((parted.estimate() - before).abs() <= 0.5 / PARTS + 1e-9);
                for value in first..first + second / rounds {
                    parted.update_bytes(&value.to_le_bytes());
                    whole.update_bytes(&value.to_le_bytes());
                }
            }
            prop_assert_eq!(registers(&parted), registers(&whole));
            let true_count = f64::from(first + second / rounds);
            prop_assert!((parted.estimate() - true_count).abs() <= 1.0 + 0.065 * true_count, "{}", parted.estimate());
        }

        #[test]
        fn packing_again_changes_nothing(values in 0_u32..6_000) {
            let once = packed(&sketch(0..values));
            prop_assert_eq!(packed(&repacked(&sketch(0..values))), once);
        }

        #[test]
        fn foreign_bytes_are_an_error_or_a_sketch(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(sketch) = Hll::unpack(&mut Reader::new("HLL", &bytes)) {
                sketch.estimate();
            }
        }
    }

    #[test]
    fn few_values_take_two_bytes_each_and_merged_sketches_stay_merged() {
        assert!(packed(&sketch(0..10)).len() <= 30);
        assert!(packed(&sketch(0..500)).len() <= 700);
        assert!(packed(&sketch(0..1_000_000)).len() <= K / 2 + 200);
        let mut merged = sketch(0..500);
        merged.merge(&sketch(300..900));
        assert_eq!(repacked(&merged).estimate(), merged.estimate());
        assert_eq!(repacked(&merged).to_bytes(), merged.to_bytes());
    }

    #[test]
    fn images_of_few_values_are_small_and_others_read_them() {
        for values in [1, 7, 60, 64, 70, 300] {
            let sketch = repacked(&sketch(0..values));
            let back = Hll::from_bytes(&sketch.to_bytes()).expect("an image");
            assert!((back.estimate() - f64::from(values)).abs() <= 1.0 + 0.02 * f64::from(values), "{values}");
            assert!(values > 64 || sketch.to_bytes().len() < 300);
        }
    }
}
