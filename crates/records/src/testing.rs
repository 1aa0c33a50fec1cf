//! Records for tests, built from images of real sketches.

use pktvisor_core::hash::hash_bytes;
use pktvisor_core::sketch::murmur3::{DATASKETCHES_SEED, murmur3_128};
use pktvisor_core::sketch::{Distribution, Frequent, Hll};

use crate::{Column, Form, RecordTable, Values};

/// A record; what is not here is the same in all.
#[derive(Debug, Clone)]
pub struct Sample {
    pub agent: &'static str,
    pub path: &'static str,
    pub meaning: &'static str,
    pub kind: &'static str,
    pub items: &'static str,
    pub number: u64,
    pub image: Vec<u8>,
}

impl Sample {
    fn of(path: &'static str, kind: &'static str, items: &'static str, image: Vec<u8>) -> Self {
        Self { agent: "here", path, meaning: "all", kind, items, number: 0, image }
    }

    pub fn counter(count: u64) -> Self {
        Self::of("total", "counter", "", count.to_le_bytes().to_vec())
    }

    pub fn cardinality(values: impl IntoIterator<Item = u32>) -> Self {
        let mut sketch = Hll::new();
        for value in values {
            let (first, second) = murmur3_128(&value.to_le_bytes(), DATASKETCHES_SEED);
            sketch.update(first, second);
        }
        Self::of("different", "cardinality", "", sketch.to_bytes())
    }

    pub fn top(counts: impl IntoIterator<Item = (u32, u64)>) -> Self {
        let mut list = Frequent::new(13);
        for (name, count) in counts {
            let name = format!("host{name}.example.com");
            list.update(hash_bytes(9, name.as_bytes()), name.as_bytes(), count);
        }
        Self::of("names", "top", "text", list.to_bytes(|item| String::from_utf8_lossy(item).into_owned()))
    }

    pub fn distribution(values: impl IntoIterator<Item = u64>) -> Self {
        let mut spread = Distribution::new();
        values.into_iter().for_each(|value| spread.record(value));
        Self::of("sizes", "distribution", "", spread.to_bytes())
    }

    fn text(&self, column: Column) -> &str {
        match column {
            Column::Agent => self.agent,
            Column::Path => self.path,
            Column::Meaning => self.meaning,
            Column::Kind => self.kind,
            Column::Items => self.items,
            Column::Shape => match self.kind {
                "counter" => "count",
                "cardinality" => "estimate",
                "distribution" => "quantiles",
                kind => kind,
            },
            _ => column.name(),
        }
    }

    fn number(&self, column: Column) -> Option<u64> {
        match column {
            Column::Number => Some(self.number),
            Column::Value => None,
            _ => Some(1),
        }
    }
}

/// Records as a table.
pub fn table(samples: &[Sample]) -> RecordTable {
    let rows = samples.len();
    let column = |column: &Column| match column.form() {
        Form::Text => Values::Text(samples.iter().map(|one| one.text(*column).to_string()).collect()),
        Form::Texts => Values::Texts(vec![vec!["outer".into(), "inner".into()]; rows]),
        Form::Labels => Values::Labels(vec![vec![("direction".into(), "in".into())]; rows]),
        Form::Counts => Values::Counts(vec![vec![("seen".into(), 7)]; rows]),
        Form::Number => Values::Number(samples.iter().map(|one| one.number(*column)).collect()),
        Form::Fraction => Values::Fraction(vec![None; rows]),
        Form::Time => Values::Time(samples.iter().map(|one| one.number as i64).collect()),
        Form::Flag => Values::Flag(vec![true; rows]),
        Form::Bytes => Values::Bytes(samples.iter().map(|one| one.image.clone()).collect()),
    };
    let metadata = [("pktvisor.agent".to_string(), "here".to_string())].into();
    RecordTable::of_columns(Column::ALL.iter().map(column).collect(), metadata).unwrap()
}
