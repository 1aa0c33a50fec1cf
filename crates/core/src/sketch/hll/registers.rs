//! The large form of a sketch: 4096 registers of one byte.

use super::coupons::Coupons;
use super::{ADDRESS_BITS, Coupon, K, coupon, estimate};

#[derive(Debug, Clone)]
pub(super) struct Registers {
    values: [u8; K],
    /// None once the history of changes is lost by a merge.
    history: Option<History>,
}

/// What HIP keeps while the history of changes is whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct History {
    /// What was added up.
    pub estimate: f64,
    /// The sum of 2^-register over all registers: k times the chance that the next new value changes something.
    inverse_power_sum: f64,
}

impl History {
    /// Of so many registers that are not in use, and of others with these values.
    pub fn new(estimate: f64, unused: usize, used: impl Iterator<Item = u8>) -> Self {
        Self { estimate, inverse_power_sum: unused as f64 + used.map(inverse_power).sum::<f64>() }
    }

    /// A register is raised.
    pub fn raise(&mut self, before: u8, value: u8) {
        self.estimate += K as f64 / self.inverse_power_sum;
        self.inverse_power_sum += inverse_power(value) - inverse_power(before);
    }
}

impl Registers {
    /// Goes on from a set of coupons, whose estimate is better than what HIP would have made of them.
    pub fn from_coupons(coupons: &Coupons) -> Self {
        let mut registers = Self::from_values([0; K], None);
        for coupon in coupons.iter() {
            registers.update(coupon);
        }
        Self::from_values(registers.values, Some(estimate::of_coupons(coupons.len())))
    }

    /// Registers as they were written down, with what HIP had added up if the history was whole.
    pub fn from_values(values: [u8; K], history: Option<f64>) -> Self {
        let history = history.map(|estimate| History::new(estimate, 0, values.iter().copied()));
        Self { values, history }
    }

    #[inline]
    pub fn update(&mut self, coupon: Coupon) {
        let at = coupon as usize % K;
        let value = (coupon >> ADDRESS_BITS) as u8;
        if value > self.values[at] {
            self.raise(at, value);
        }
    }

    /// The same by the hash that the coupon follows from: few values raise a register, and whether this one may is told without
    /// counting its zeros.
    #[inline(always)]
    pub fn update_hash(&mut self, h1: u64, h2: u64) {
        let zeros = self.values[h1 as usize % K];
        if h2 >> 1 >> (63 - zeros) == 0 {
            self.update(coupon(h1, h2));
        }
    }

    #[cold]
    #[inline(never)]
    fn raise(&mut self, at: usize, value: u8) {
        if let Some(history) = &mut self.history {
            history.raise(self.values[at], value);
        }
        self.values[at] = value;
    }

    pub fn merge(&mut self, other: &Registers) {
        self.merge_values(&other.values);
    }

    /// Takes in the registers of another sketch, as they were written down.
    pub fn merge_values(&mut self, theirs: &[u8; K]) {
        for (mine, theirs) in self.values.iter_mut().zip(theirs) {
            *mine = (*mine).max(*theirs);
        }
        self.forget_history();
    }

    pub fn merge_coupons(&mut self, coupons: &Coupons) {
        for coupon in coupons.iter() {
            self.update(coupon);
        }
        self.forget_history();
    }

    /// From here on the estimate follows from the registers alone.
    pub fn forget_history(&mut self) {
        self.history = None;
    }

    pub fn history(&self) -> Option<f64> {
        self.history.map(|history| history.estimate)
    }

    pub fn values(&self) -> &[u8; K] {
        &self.values
    }

    pub fn estimate(&self) -> f64 {
        self.history().unwrap_or_else(|| estimate::of_registers(&self.values))
    }

    /// How many registers have seen a value.
    pub fn used(&self) -> usize {
        self.values.iter().filter(|&&value| value > 0).count()
    }
}

/// 2^-value, by writing the exponent of a float.
pub(super) fn inverse_power(value: u8) -> f64 {
    f64::from_bits((1023 - u64::from(value)) << 52)
}
