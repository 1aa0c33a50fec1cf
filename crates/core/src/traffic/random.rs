//! Random numbers that follow from a seed, and the distributions that traffic has.

/// SplitMix64.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below this one.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }

    /// At least 0, less than 1.
    pub fn fraction(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn happens(&mut self, chance: f64) -> bool {
        self.fraction() < chance
    }

    pub fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }

    /// One of these by their weights, which add up to 1.
    pub fn weighted<T: Copy>(&mut self, items: &[(T, f64)]) -> T {
        let mut left = self.fraction();
        for (item, weight) in items {
            left -= weight;
            if left < 0.0 {
                return *item;
            }
        }
        items[items.len() - 1].0
    }

    /// Waiting times of what happens at random.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.fraction()).ln()
    }

    /// Times and sizes, most of which are small; `spread` is of the logarithm.
    pub fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        let (radius, angle) = ((-2.0 * (1.0 - self.fraction()).ln()).sqrt(), self.fraction() * std::f64::consts::TAU);
        median * (spread * radius * angle.cos()).exp()
    }
}

/// Ranks by how popular they are, as Zipf has it: the second is asked for half as often as the first.
#[derive(Debug)]
pub struct Ranks {
    /// For each rank the weights up to it, its own included.
    sums: Vec<f64>,
}

impl Ranks {
    pub fn new(count: usize) -> Self {
        let mut sum = 0.0;
        let mut add = |rank: usize| {
            sum += 1.0 / rank as f64;
            sum
        };
        Self { sums: (1..=count).map(&mut add).collect() }
    }

    /// A rank, from 0 on.
    pub fn draw(&self, random: &mut Random) -> usize {
        let wanted = random.fraction() * self.sums.last().copied().unwrap_or_default();
        self.sums.partition_point(|sum| *sum <= wanted)
    }
}
