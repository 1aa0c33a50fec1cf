//! Microseconds per record that is merged: `cargo bench -p pktvisor-records --bench accumulate`.
//!
//! Every figure is the best of seven runs in one thread: windows of 100 metrics of one kind of 100 agents, that go into the
//! accumulators one after the other. Streams are made of fixed seeds.

use std::hint::black_box;
use std::time::Instant;

use pktvisor_core::enrich::geo::Places;
use pktvisor_core::hash::{hash_bytes, hash_word};
use pktvisor_core::metric::Items;
use pktvisor_core::sketch::murmur3::{DATASKETCHES_SEED, murmur3_128};
use pktvisor_core::sketch::{Distribution, Frequent, Hll};
use pktvisor_records::{Accumulators, Column, Form, RecordTable, Values};

const METRICS: usize = 100;
const AGENTS: u64 = 100;
const RUNS: usize = 7;

fn main() {
    bench("counter", "counter", "", |agent| agent.to_le_bytes().to_vec());
    bench("cardinality, registers", "cardinality", "", |agent| cardinality(agent, 20_000));
    bench("cardinality, 100 coupons", "cardinality", "", |agent| cardinality(agent, 100));
    bench("distribution", "distribution", "", distribution);
    bench("top, 384 names", "top", "text", |agent| top(agent, 384));
    bench("top, 6,144 names", "top", "text", |agent| top(agent, 6_144));
}

fn cardinality(agent: u64, count: u64) -> Vec<u8> {
    let mut sketch = Hll::new();
    for value in 0..count {
        let (first, second) = murmur3_128(&hash_word(agent, value).to_le_bytes(), DATASKETCHES_SEED);
        sketch.update(first, second);
    }
    sketch.to_bytes()
}

fn distribution(agent: u64) -> Vec<u8> {
    let mut spread = Distribution::new();
    (0..5_000).for_each(|at| spread.record(hash_word(agent, at) % 100_000));
    spread.to_bytes()
}

/// Half of the names are those of all agents.
fn top(agent: u64, count: u64) -> Vec<u8> {
    let mut list = Frequent::new(13);
    for number in 0..count {
        let name =
            if number % 2 == 0 { format!("host{number}.example.com") } else { format!("{agent}.{number}.example.com") };
        list.update(hash_bytes(1, name.as_bytes()), name.as_bytes(), 1 + hash_word(agent, number) % 1000);
    }
    list.to_bytes(|item| String::from_utf8_lossy(item).into_owned())
}

fn bench(name: &str, kind: &str, items: &str, image: impl Fn(u64) -> Vec<u8>) {
    let tables: Vec<RecordTable> = (0..AGENTS).map(|agent| table(kind, items, &image(agent))).collect();
    let places = Places::default();
    let run = || {
        let (begin, mut whole) = (Instant::now(), Accumulators::new());
        for table in &tables {
            whole.add(1, table, 0, METRICS, "all", Items { places: &places, seed: 1 }).expect("sound images");
        }
        let microseconds = begin.elapsed().as_nanos() as f64 / 1e3;
        black_box(whole);
        microseconds / (AGENTS as usize * METRICS) as f64
    };
    let best = (0..RUNS).map(|_| run()).fold(f64::INFINITY, f64::min);
    println!("{name:<28}{best:>9.3} us per record");
}

/// A window of as many metrics, which differ in their path.
fn table(kind: &str, items: &str, image: &[u8]) -> RecordTable {
    let text = |column: Column, row: usize| match column {
        Column::Path => format!("metric.{row}"),
        Column::Kind => kind.to_string(),
        Column::Items => items.to_string(),
        Column::Shape => "of_the_bench".to_string(),
        other => other.name().to_string(),
    };
    let column = |column: &Column| match column.form() {
        Form::Text => Values::Text((0..METRICS).map(|row| text(*column, row)).collect()),
        Form::Texts => Values::Texts(vec![vec![]; METRICS]),
        Form::Labels => Values::Labels(vec![vec![]; METRICS]),
        Form::Counts => Values::Counts(vec![vec![("seen".to_string(), 7)]; METRICS]),
        Form::Number => Values::Number(vec![Some(1); METRICS]),
        Form::Fraction => Values::Fraction(vec![None; METRICS]),
        Form::Time => Values::Time(vec![0; METRICS]),
        Form::Flag => Values::Flag(vec![true; METRICS]),
        Form::Bytes => Values::Bytes(vec![image.to_vec(); METRICS]),
    };
    RecordTable::of_columns(Column::ALL.iter().map(column).collect(), Default::default()).expect("whole columns")
}
