//! Deep sampling: which events the costly metrics look at.

use crate::expr::Bitmap;

/// The peer's generator and start value: the same decisions for the same events on every run.
const START: u64 = 0x9e37_79b9_7f4a_7c15;

/// Decides event by event. A filtered event keeps the decision of the event before it and draws no number.
#[derive(Debug)]
pub(crate) struct Sampler {
    state: u64,
    percent: u64,
    is_deep: bool,
}

impl Sampler {
    pub fn new(percent: u8) -> Self {
        Self { state: START, percent: u64::from(percent.clamp(1, 100)), is_deep: percent >= 100 }
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(START);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Sets in `out` the events that are sampled, filtered ones included.
    pub fn sample(&mut self, events: &Bitmap, passed: &Bitmap, out: &mut Bitmap) {
        out.fill(events.len(), false);
        events.for_each(|row| {
            if passed.get(row) {
                self.is_deep = self.next() % 100 < self.percent;
            }
            if self.is_deep {
                out.set(row);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_met_and_filtered_events_follow_the_one_before() {
        let (mut events, mut passed, mut out) = (Bitmap::default(), Bitmap::default(), Bitmap::default());
        events.fill(10_000, true);
        passed.fill_from(&(0..10_000).collect::<Vec<u32>>(), |row| row % 2 == 0);
        Sampler::new(25).sample(&events, &passed, &mut out);
        assert!((2_300..2_700).contains(&out.count()), "{}", out.count());
        assert!((0..5_000).all(|pair| out.get(2 * pair) == out.get(2 * pair + 1)));
    }
}
