//! Cardinality: how many different values a stream has. HyperLogLog, hashed and laid out as Apache DataSketches.
//!
//! A value is hashed. Some bits choose one of 4096 registers, others are read as coin flips: how many zeros lead. A
//! register keeps the longest run that it has seen, and long runs only turn up when there were many different values.
//! Seeing a value again changes nothing, and two sketches merge by taking the greater of each pair of registers.
//!
//! What is kept of a value is its *coupon*: 26 address bits and the run length. Up to 384 different coupons are kept as
//! they are ([`coupons`]), so that small sets are counted all but exactly; beyond that come the registers
//! ([`registers`]). Where very many sketches are kept, each is packed ([`packed`]), and goes on as registers, of which
//! those in use are kept as long as they are few ([`sparse`]).
//!
//! While a sketch is only updated, it estimates by HIP, which adds up the inverse probability of every change as it
//! happens (1.3 % standard error). A merge loses that history; what is estimated then follows from the registers alone
//! (1.6 %), and so can't depend on the order of merging.

mod bytes;
mod coupons;
mod estimate;
mod packed;
mod registers;
mod sparse;

pub use bytes::HllImage;

use super::murmur3::{DATASKETCHES_SEED, murmur3_128};
use coupons::Coupons;
use registers::Registers;
use sparse::Sparse;

/// Binary logarithm of the number of registers.
const LG_K: u8 = 12;
const K: usize = 1 << LG_K;

/// A value as the sketch sees it: its run length plus one (1 to 63) in the upper 6 bits, 26 address bits below. Not 0.
type Coupon = u32;

const ADDRESS_BITS: u32 = 26;
const ADDRESS_MASK: u32 = (1 << ADDRESS_BITS) - 1;

#[inline(always)]
fn coupon(h1: u64, h2: u64) -> Coupon {
    let run = h2.leading_zeros().min(62) + 1;
    run << ADDRESS_BITS | (h1 as u32 & ADDRESS_MASK)
}

/// A HyperLogLog sketch of 4096 registers.
#[derive(Debug, Clone)]
pub struct Hll {
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    Coupons(Coupons),
    Sparse(Sparse),
    Registers(Box<Registers>),
}

impl Default for Hll {
    fn default() -> Self {
        Self::new()
    }
}

impl Hll {
    /// An empty sketch; it takes no memory beyond itself until the first update.
    pub fn new() -> Self {
        Self { state: State::Coupons(Coupons::new()) }
    }

    /// Counts a value by its hash: both halves of [`murmur3_128`] under [`DATASKETCHES_SEED`].
    #[inline]
    pub fn update(&mut self, h1: u64, h2: u64) {
        self.update_coupon(coupon(h1, h2));
    }

    /// Counts some values by their hashes.
    #[inline]
    pub fn update_all(&mut self, hashes: &[(u64, u64)]) {
        let mut hashes = hashes.iter();
        while !matches!(self.state, State::Registers(_)) {
            let Some((h1, h2)) = hashes.next() else { return };
            self.update(*h1, *h2);
        }
        if let State::Registers(registers) = &mut self.state {
            hashes.for_each(|(h1, h2)| registers.update_hash(*h1, *h2));
        }
    }

    #[inline]
    fn update_coupon(&mut self, coupon: Coupon) {
        match &mut self.state {
            State::Registers(registers) => registers.update(coupon),
            State::Coupons(coupons) if coupons.has_near_home(coupon) => {}
            State::Coupons(_) | State::Sparse(_) => self.update_small(coupon),
        }
    }

    /// Hashes and counts a value. Empty bytes are not counted, as DataSketches doesn't count empty text.
    pub fn update_bytes(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            let (h1, h2) = murmur3_128(bytes, DATASKETCHES_SEED);
            self.update(h1, h2);
        }
    }

    #[inline(never)]
    fn update_small(&mut self, coupon: Coupon) {
        match &mut self.state {
            State::Coupons(coupons) => {
                coupons.insert(coupon);
                if coupons.is_over_full() {
                    self.state = State::Registers(Box::new(Registers::from_coupons(coupons)));
                }
            }
            State::Sparse(sparse) => {
                sparse.update(coupon);
                if sparse.used().len() > sparse::MOST_USED {
                    self.state = State::Registers(Box::new(sparse.to_registers()));
                }
            }
            State::Registers(registers) => registers.update(coupon),
        }
    }

    /// Makes this the sketch of both streams.
    pub fn merge(&mut self, other: &Hll) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            self.clone_from(other);
            return;
        }
        if let State::Sparse(mine) = &self.state {
            self.state = State::Registers(Box::new(mine.to_registers()));
        }
        match (&mut self.state, &other.state) {
            (_, State::Sparse(theirs)) => {
                self.merge(&Self { state: State::Registers(Box::new(theirs.to_registers())) })
            }
            (State::Sparse(_), _) => unreachable!("made whole above"),
            (State::Registers(mine), State::Registers(theirs)) => mine.merge(theirs),
            (State::Registers(mine), State::Coupons(theirs)) => mine.merge_coupons(theirs),
            (State::Coupons(mine), State::Registers(theirs)) => {
                let mut merged = theirs.clone();
                merged.merge_coupons(mine);
                self.state = State::Registers(merged);
            }
            (State::Coupons(_), State::Coupons(theirs)) => self.merge_small(theirs),
        }
    }

    fn merge_small(&mut self, theirs: &Coupons) {
        for coupon in theirs.iter() {
            self.update_coupon(coupon);
        }
        if let State::Registers(registers) = &mut self.state {
            registers.forget_history();
        }
    }

    /// The number of different values, 0 for none.
    pub fn estimate(&self) -> f64 {
        match &self.state {
            State::Coupons(coupons) => estimate::of_coupons(coupons.len()),
            State::Sparse(sparse) => sparse.history().unwrap_or_else(|| sparse.to_registers().estimate()),
            State::Registers(registers) => registers.estimate(),
        }
    }

    /// What the number of different values is at least, at one, two or three standard deviations (68, 95, 99.7 %).
    pub fn lower_bound(&self, std_devs: u8) -> f64 {
        let bound = self.estimate() / (1.0 + f64::from(std_devs) * self.relative_error());
        bound.max(self.different_seen() as f64)
    }

    /// What the number of different values is at most, at one, two or three standard deviations (68, 95, 99.7 %).
    pub fn upper_bound(&self, std_devs: u8) -> f64 {
        let bound = self.estimate() / (1.0 - f64::from(std_devs) * self.relative_error());
        bound.max(self.different_seen() as f64)
    }

    /// One standard deviation of the estimate, relative to it.
    pub fn relative_error(&self) -> f64 {
        match &self.state {
            State::Coupons(_) => estimate::COUPON_ERROR,
            State::Sparse(sparse) => estimate::error(sparse.history().is_some()),
            State::Registers(registers) => estimate::error(registers.history().is_some()),
        }
    }

    /// So many different values there are for certain: each coupon, and each register in use, had its own.
    fn different_seen(&self) -> usize {
        match &self.state {
            State::Coupons(coupons) => coupons.len(),
            State::Sparse(sparse) => sparse.used().len(),
            State::Registers(registers) => registers.used(),
        }
    }

    pub fn is_empty(&self) -> bool {
        matches!(&self.state, State::Coupons(coupons) if coupons.len() == 0)
    }

    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + match &self.state {
                State::Coupons(coupons) => coupons.memory_bytes(),
                State::Sparse(sparse) => sparse.memory_bytes(),
                State::Registers(_) => size_of::<Registers>(),
            }
    }
}

#[cfg(test)]
mod tests;
