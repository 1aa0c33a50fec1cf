//! Time stamps of pcapng interfaces: ticks of a declared resolution to nanoseconds since 1970.

/// How an interface counts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    tick: Tick,
    offset_ns: i64,
}

/// Length of a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tick {
    /// So many nanoseconds.
    Nanoseconds(u64),
    /// The so-manieth part of a nanosecond.
    PartOfNanosecond(u64),
    /// 2 to the minus so-manieth of a second.
    BinaryFraction(u32),
}

impl Clock {
    /// What holds for an interface that says nothing.
    pub(super) const MICROSECONDS: Self = Self { tick: Tick::Nanoseconds(1000), offset_ns: 0 };

    /// Option if_tsresol: a negative power of 10, or with the highest bit set, of 2.
    pub(super) fn set_resolution(&mut self, option: u8) {
        let power = u32::from(option & 0x7f);
        self.tick = match option {
            0x80.. => Tick::BinaryFraction(power),
            0..=9 => Tick::Nanoseconds(10_u64.pow(9 - power)),
            // Ticks below 10^-28 s: 64 bits of them are less than two nanoseconds.
            _ => Tick::PartOfNanosecond(10_u64.checked_pow(power - 9).unwrap_or(u64::MAX)),
        };
    }

    /// Option if_tsoffset: seconds to add to every time.
    pub(super) fn set_offset_seconds(&mut self, seconds: i64) {
        self.offset_ns = seconds.saturating_mul(1_000_000_000);
    }

    /// Nanoseconds since 1970, clamped to what `i64` holds.
    #[inline]
    pub(super) fn time_ns(&self, ticks: u64) -> i64 {
        let since_offset_ns = match self.tick {
            Tick::Nanoseconds(length) => ticks.saturating_mul(length),
            Tick::PartOfNanosecond(part) => ticks / part,
            Tick::BinaryFraction(power) => {
                u64::try_from((u128::from(ticks) * 1_000_000_000) >> power).unwrap_or(u64::MAX)
            }
        };
        self.offset_ns.saturating_add_unsigned(since_offset_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(resolution: u8, offset_seconds: i64) -> Clock {
        let mut clock = Clock::MICROSECONDS;
        clock.set_resolution(resolution);
        clock.set_offset_seconds(offset_seconds);
        clock
    }

    #[test]
    fn powers_of_ten_and_of_two_count_the_same_second() {
        assert_eq!(clock(0, 0).time_ns(3), 3_000_000_000);
        assert_eq!(clock(3, 0).time_ns(3001), 3_001_000_000);
        assert_eq!(clock(6, 0).time_ns(3_000_001), 3_000_001_000);
        assert_eq!(clock(9, 0).time_ns(3_000_000_001), 3_000_000_001);
        assert_eq!(clock(12, 0).time_ns(3_000_000_001_999), 3_000_000_001);
        assert_eq!(clock(0x80 | 1, 0).time_ns(7), 3_500_000_000);
        assert_eq!(clock(0x80 | 32, 0).time_ns((3 << 32) + (1 << 31)), 3_500_000_000);
    }

    #[test]
    fn an_offset_moves_times_to_either_side() {
        assert_eq!(clock(6, 1_600_000_000).time_ns(5), 1_600_000_000_000_005_000);
        assert_eq!(clock(0, -5).time_ns(2), -3_000_000_000);
    }

    #[test]
    fn times_out_of_range_are_clamped() {
        for resolution in 0..=u8::MAX {
            for offset in [i64::MIN, -1, 0, 1, i64::MAX] {
                clock(resolution, offset).time_ns(u64::MAX);
                clock(resolution, offset).time_ns(0);
            }
        }
        assert_eq!(clock(0, 0).time_ns(u64::MAX), i64::MAX);
        assert_eq!(clock(0x80, 0).time_ns(u64::MAX), i64::MAX);
        assert_eq!(clock(0, i64::MIN).time_ns(0), i64::MIN);
        assert!(clock(127, 0).time_ns(u64::MAX) < 2);
        assert_eq!(clock(0xff, 0).time_ns(u64::MAX), 0);
    }
}
