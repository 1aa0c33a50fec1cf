//! The middle form of a sketch: those of its registers that are in use. Sketches that were packed have it, since their coupons are gone.

use super::coupons::Coupons;
use super::registers::{History, Registers};
use super::{ADDRESS_BITS, Coupon, K};

/// So many registers in use, with their places, take less than all of them.
pub(super) const MOST_USED: usize = 256;

/// Of so few the coupons without the upper bits of their addresses say as much as registers do: 0.8 % of them share a register.
pub(super) const MOST_AS_COUPONS: usize = 64;

#[derive(Debug, Clone)]
pub(super) struct Sparse {
    /// Register and value, by register.
    used: Vec<(u16, u8)>,
    history: Option<History>,
}

impl Sparse {
    /// Registers and their values in the order of the registers, with what HIP had added up if the history was whole.
    pub fn new(used: Vec<(u16, u8)>, history: Option<f64>) -> Self {
        let history = history.map(|estimate| History::new(estimate, K - used.len(), used.iter().map(|one| one.1)));
        Self { used, history }
    }

    pub fn update(&mut self, coupon: Coupon) {
        let (register, value) = (coupon as usize % K, (coupon >> ADDRESS_BITS) as u8);
        let place = self.used.binary_search_by_key(&(register as u16), |one| one.0);
        let before = place.map_or(0, |at| self.used[at].1);
        if value <= before {
            return;
        }
        if let Some(history) = &mut self.history {
            history.raise(before, value);
        }
        match place {
            Ok(at) => self.used[at].1 = value,
            Err(at) => self.used.insert(at, (register as u16, value)),
        }
    }

    pub fn used(&self) -> &[(u16, u8)] {
        &self.used
    }

    pub fn history(&self) -> Option<f64> {
        self.history.map(|history| history.estimate)
    }

    pub fn to_registers(&self) -> Registers {
        let mut values = [0; K];
        self.used.iter().for_each(|(register, value)| values[usize::from(*register)] = *value);
        Registers::from_values(values, self.history())
    }

    /// As coupons whose addresses are the registers.
    pub fn to_coupons(&self) -> Coupons {
        let mut coupons = Coupons::new();
        let coupon = |(register, value): &(u16, u8)| Coupon::from(*value) << ADDRESS_BITS | Coupon::from(*register);
        self.used.iter().for_each(|one| coupons.insert(coupon(one)));
        coupons
    }

    pub fn memory_bytes(&self) -> usize {
        self.used.capacity() * size_of::<(u16, u8)>()
    }
}
