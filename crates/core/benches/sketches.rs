//! Nanoseconds per update of each sketch: `cargo bench -p pktvisor-core --bench sketches`, and with `-- hll` those whose
//! name has "hll" in it.
//!
//! Every figure is the best of seven runs over the same stream, in one thread, with a fresh sketch each time unless
//! said otherwise. Streams are made of fixed seeds. Items of top-N are fetched 16 ahead, as the engine does.

use pktvisor_core::hash::{hash_bytes, hash_word};
use pktvisor_core::sketch::murmur3::{DATASKETCHES_SEED, murmur3_128};
use pktvisor_core::sketch::{Distribution, Exact, Frequent, Hll, Rate};
use std::hint::black_box;
use std::time::Instant;

const UPDATES: usize = 1_000_000;
const RUNS: usize = 7;
const AHEAD: usize = 16;

fn main() {
    let zipf = zipf_ranks(200_000);
    let distinct: Vec<u64> = (0..UPDATES as u64).collect();
    frequent("frequent, Zipf of 200,000 names", &names(&zipf));
    frequent("frequent, all names distinct", &names(&distinct));
    frequent("frequent, Zipf of 200,000 addresses", &addresses(&zipf));
    frequent("frequent, all addresses distinct", &addresses(&distinct));
    frequent("frequent, Zipf of 5,000 names (no purge)", &names(&zipf_ranks(5_000)));
    frequent_merge(&names(&zipf));
    hll("hll, Zipf of 200,000", &zipf);
    hll("hll, all distinct", &distinct);
    let few: Vec<u64> = zipf.iter().map(|rank| rank % 300).collect();
    hll("hll, 300 values over and over", &few);
    murmur3(&names(&zipf));
    let sizes: Vec<u64> = distinct.iter().map(|&at| 40 + hash_word(3, at) % 1460).collect();
    distribution("distribution, payload sizes", &sizes);
    let times: Vec<u64> = distinct.iter().map(|&at| hash_word(4, at) >> (40 + at % 20)).collect();
    distribution("distribution, times of all magnitudes", &times);
    rate();
    let ports: Vec<u16> = zipf.iter().map(|&rank| rank.min(65_535) as u16).collect();
    exact("exact, ports by Zipf", &ports);
    let random_ports: Vec<u16> = distinct.iter().map(|&at| hash_word(5, at) as u16).collect();
    exact("exact, random ports", &random_ports);
}

/// Runs `work` on a fresh state and prints its best time per update.
fn measure<S>(name: &str, updates: usize, fresh: impl Fn() -> S, work: impl Fn(&mut S)) {
    let mut parts = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).peekable();
    if parts.peek().is_some() && !parts.any(|part| name.contains(&part)) {
        return;
    }
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let mut state = fresh();
        let start = Instant::now();
        work(&mut state);
        best = best.min(start.elapsed().as_secs_f64());
        black_box(&state);
    }
    println!("{name:<45} {:>8.2} ns", best * 1e9 / updates as f64);
}

/// A stream of ranks from 0, each by a chance of 1 / (rank + 1).
fn zipf_ranks(items: usize) -> Vec<u64> {
    let mut sum = 0.0;
    let cumulative: Vec<f64> = (1..=items)
        .map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        })
        .collect();
    let uniform = |at: usize| hash_word(7, at as u64) as f64 / u64::MAX as f64 * sum;
    (0..UPDATES).map(|at| cumulative.partition_point(|&below| below < uniform(at)) as u64).collect()
}

/// Items in one buffer with their keys, as a column of a batch has them.
struct Column {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    keys: Vec<u64>,
}

impl Column {
    fn of(items: impl Iterator<Item = Vec<u8>>) -> Self {
        let mut column = Self { bytes: Vec::new(), ends: vec![0], keys: Vec::new() };
        for item in items {
            column.bytes.extend(&item);
            column.ends.push(column.bytes.len());
            column.keys.push(hash_bytes(1, &item));
        }
        column
    }

    #[inline]
    fn item(&self, at: usize) -> &[u8] {
        &self.bytes[self.ends[at]..self.ends[at + 1]]
    }
}

fn names(ranks: &[u64]) -> Column {
    Column::of(ranks.iter().map(|rank| format!("host{}.example{}.com", rank, rank % 7).into_bytes()))
}

fn addresses(ranks: &[u64]) -> Column {
    Column::of(ranks.iter().map(|&rank| u128::from(hash_word(9, rank)).to_be_bytes().to_vec()))
}

fn fill(sketch: &mut Frequent, column: &Column) {
    for at in 0..column.keys.len() {
        if let Some(&key) = column.keys.get(at + AHEAD) {
            sketch.prefetch(key);
        }
        sketch.update(column.keys[at], column.item(at), 1);
    }
}

fn frequent(name: &str, column: &Column) {
    measure(name, UPDATES, || Frequent::new(13), |sketch| fill(sketch, column));
}

fn frequent_merge(column: &Column) {
    let mut one = Frequent::new(13);
    fill(&mut one, column);
    measure("frequent, merge of two (per merge)", 1, || one.clone(), |sketch| sketch.merge(&one));
    measure("frequent, top 10 (per call)", 1, || (), |()| drop(black_box(one.top(10))));
}

fn hll(name: &str, values: &[u64]) {
    let hashes: Vec<(u64, u64)> =
        values.iter().map(|value| murmur3_128(&value.to_le_bytes(), DATASKETCHES_SEED)).collect();
    let fill = |sketch: &mut Hll| hashes.iter().for_each(|&(h1, h2)| sketch.update(h1, h2));
    measure(name, UPDATES, Hll::new, fill);
}

fn murmur3(column: &Column) {
    let hash_all = |sum: &mut u64| {
        for at in 0..column.keys.len() {
            *sum ^= murmur3_128(column.item(at), DATASKETCHES_SEED).1;
        }
    };
    measure("murmur3 of names", UPDATES, || 0, hash_all);
}

fn distribution(name: &str, values: &[u64]) {
    measure(name, UPDATES, Distribution::new, |sketch| values.iter().for_each(|&value| sketch.record(value)));
}

fn rate() {
    let fill = |rate: &mut Rate| (0..UPDATES as i64).for_each(|at| rate.add(black_box(at / 10_000), 1));
    measure("rate, 10,000 events a second", UPDATES, || Rate::new(0), fill);
}

fn exact(name: &str, values: &[u16]) {
    measure(name, UPDATES, Exact::new, |exact| values.iter().for_each(|&value| exact.add(value, 1)));
}
