//! From coupons or registers to a number.

use super::{K, LG_K};

/// Standard error of an estimate from coupons, relative: as DataSketches states it for the largest set.
pub(super) const COUPON_ERROR: f64 = 0.409 / 8192.0;

/// Standard error of an estimate from registers, relative: with or without their history.
pub(super) fn error(has_history: bool) -> f64 {
    if has_history { HIP_ERROR } else { REGISTER_ERROR }
}

/// Standard error of HIP: sqrt(ln 2) / sqrt(k).
const HIP_ERROR: f64 = 0.832_554_6 / 64.0;

/// Standard error without history: sqrt(3 ln 2 - 1) / sqrt(k).
const REGISTER_ERROR: f64 = 1.038_96 / 64.0;

const _: () = assert!(LG_K == 12, "the errors above are for sqrt(k) = 64");

/// The run length (plus one) that stands for itself and all longer ones.
const LONGEST: usize = 63;

/// The number of values behind so many different coupons.
///
/// Two values share a coupon by a chance of 2^-26 (address) times 1/3 (the sum of 4^-run over all runs), so that n
/// values are expected to hide n (n - 1) / 2 times that.
pub(super) fn of_coupons(coupons: usize) -> f64 {
    let n = coupons as f64;
    n + n * (n - 1.0).max(0.0) / 2.0 / (3.0 * f64::from(1 << 26))
}

/// The number of values behind these registers.
///
/// Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (arXiv:1702.01284), section 3.1: the
/// raw estimate corrected at both ends, without bias over the whole range and without tables of measured corrections.
/// DataSketches corrects by such tables; the two agree to a fraction of the standard error.
pub(super) fn of_registers(registers: &[u8; K]) -> f64 {
    let mut counts = [0_u32; LONGEST + 1];
    for &register in registers {
        counts[usize::from(register).min(LONGEST)] += 1;
    }
    let k = K as f64;
    let mut sum = k * tau(1.0 - f64::from(counts[LONGEST]) / k);
    for &count in counts[1..LONGEST].iter().rev() {
        sum = 0.5 * (sum + f64::from(count));
    }
    sum += k * sigma(f64::from(counts[0]) / k);
    k * k / (2.0 * std::f64::consts::LN_2 * sum)
}

/// Corrects for registers that were never used, given their share: x + the sum of x^(2^i) 2^(i-1) over i from 1.
fn sigma(share: f64) -> f64 {
    if share >= 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut factor, mut sum) = (share, 1.0, share);
    loop {
        power *= power;
        let before = sum;
        sum += power * factor;
        factor += factor;
        if sum == before {
            return sum;
        }
    }
}

/// Corrects for registers that are full, given the share of the others:
/// (1 - x - the sum of (1 - x^(2^-i))^2 2^-i over i from 1) / 3.
fn tau(share: f64) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        return 0.0;
    }
    let (mut root, mut factor, mut sum) = (share, 1.0, 1.0 - share);
    loop {
        root = root.sqrt();
        let before = sum;
        factor *= 0.5;
        sum -= (1.0 - root) * (1.0 - root) * factor;
        if sum == before {
            return sum / 3.0;
        }
    }
}
