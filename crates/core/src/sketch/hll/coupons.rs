//! The small form of a sketch: a set of coupons.

use super::{ADDRESS_BITS, Coupon};

/// The most coupons that a sketch keeps as they are: three quarters of 512, where DataSketches turns to registers.
pub(super) const MOST_COUPONS: usize = 384;

const VACANT: Coupon = 0;
const FIRST_SLOTS: usize = 16;

/// So many slots are looked at together by [`Coupons::has_near_home`].
const NEAR: usize = 8;

/// An open-addressing hash set of up to [`MOST_COUPONS`] coupons and the one that is too many.
#[derive(Debug, Clone)]
pub(super) struct Coupons {
    /// A power of two of slots, a quarter of them vacant; none before the first coupon.
    slots: Vec<Coupon>,
    len: usize,
}

impl Coupons {
    pub fn new() -> Self {
        Self { slots: Vec::new(), len: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// True when there is one coupon more than this form is for.
    pub fn is_over_full(&self) -> bool {
        self.len > MOST_COUPONS
    }

    /// True when the coupon is here and as near to its home as most are. The comparisons become a few vector instructions
    /// and a single branch, where probing slot by slot would end after a number of steps that nobody can predict.
    #[inline]
    pub fn has_near_home(&self, coupon: Coupon) -> bool {
        let Some(last_window) = self.slots.len().checked_sub(NEAR) else { return false };
        let begin = (home(coupon) & (self.slots.len() - 1)).min(last_window);
        self.slots[begin..begin + NEAR].iter().fold(false, |found, &slot| found | (slot == coupon))
    }

    pub fn insert(&mut self, coupon: Coupon) {
        if 4 * (self.len + 1) > 3 * self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut at = home(coupon) & mask;
        loop {
            let slot = &mut self.slots[at];
            if *slot == coupon {
                return;
            }
            if *slot == VACANT {
                *slot = coupon;
                self.len += 1;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let doubled = (2 * self.slots.len()).max(FIRST_SLOTS);
        let old = std::mem::replace(&mut self.slots, vec![VACANT; doubled]);
        self.len = 0;
        old.into_iter().filter(|&coupon| coupon != VACANT).for_each(|coupon| self.insert(coupon));
    }

    pub fn iter(&self) -> impl Iterator<Item = Coupon> + '_ {
        self.slots.iter().copied().filter(|&coupon| coupon != VACANT)
    }

    pub fn memory_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Coupon>()
    }
}

/// Where a coupon would like to be: its address bits, and the run length folded in.
fn home(coupon: Coupon) -> usize {
    (coupon ^ coupon >> ADDRESS_BITS) as usize
}
