//! A state as bytes, at full fidelity: what is read goes on as if nothing had happened.
//!
//! Each metric is a byte that says its kind, then its sketch in the form that its family keeps it in. Keys of top lists
//! are hashed under a seed of the process and places are numbered per process, so items are written by what they are:
//! text and addresses as their bytes, places by text and coordinates. The ledger follows, each entry by its name.

use super::kernels::address_key;
use super::spec::{ItemKind, MetricKind};
use super::{Last, MetricState, Plan, State};
use crate::Error;
use crate::enrich::geo::Places;
use crate::hash::{hash_bytes, hash_word};
use crate::ledger::Ledger;
use crate::sketch::exact::Exact;
use crate::sketch::frequent::Frequent;
use crate::sketch::reader::{Reader, write_block, write_varint};
use crate::sketch::{Distribution, Hll, Rate};

/// What a process knows items by.
#[derive(Clone, Copy)]
pub(crate) struct Items<'a> {
    pub places: &'a Places,
    /// Keys of the hash tables.
    pub seed: u64,
}

impl State {
    pub(crate) fn save(&self, out: &mut Vec<u8>, items: Items<'_>) {
        for metric in &self.metrics {
            metric.save(out, items);
        }
        save_ledger(&self.ledger, out);
    }

    /// Reads what [`Self::save`] wrote of a state of the same plan.
    pub(crate) fn restore(reader: &mut Reader, plan: &Plan, items: Items<'_>) -> Result<Self, Error> {
        let metrics = plan.metrics.iter().map(|kind| MetricState::restore(reader, *kind, items));
        Ok(Self { metrics: metrics.collect::<Result<_, _>>()?, ledger: restore_ledger(reader)? })
    }
}

/// The byte that says a metric's kind.
fn tag(kind: MetricKind) -> u8 {
    match kind {
        MetricKind::Counter => 0,
        MetricKind::Rate => 1,
        MetricKind::Distribution => 2,
        MetricKind::Cardinality => 3,
        MetricKind::TopExact => 4,
        MetricKind::Top(ItemKind::Text) => 5,
        MetricKind::Top(ItemKind::Address) => 6,
        MetricKind::Top(ItemKind::Number) => 7,
        MetricKind::Top(ItemKind::Place) => 8,
        MetricKind::Last => 9,
    }
}

impl MetricState {
    pub(super) fn kind(&self) -> MetricKind {
        match self {
            Self::Counter(_) => MetricKind::Counter,
            Self::Rate(_) => MetricKind::Rate,
            Self::Distribution(_) => MetricKind::Distribution,
            Self::Cardinality(_) => MetricKind::Cardinality,
            Self::Exact(_) => MetricKind::TopExact,
            Self::Top(items, _) => MetricKind::Top(*items),
            Self::Last(_) => MetricKind::Last,
        }
    }

    fn save(&self, out: &mut Vec<u8>, items: Items<'_>) {
        out.push(tag(self.kind()));
        match self {
            Self::Counter(count) => write_varint(out, *count),
            Self::Rate(rate) => rate.save(out),
            Self::Distribution(distribution) => write_block(out, &distribution.to_bytes()),
            Self::Cardinality(hll) => write_block(out, &hll.to_bytes()),
            Self::Exact(counts) => counts.save(out),
            Self::Last(last) => last.save(out),
            Self::Top(ItemKind::Place, top) => top.save(out, |item| items.written_place(item)),
            Self::Top(_, top) => top.save(out, written),
        }
    }

    fn restore(reader: &mut Reader, kind: MetricKind, items: Items<'_>) -> Result<Self, Error> {
        let found = reader.u8()?;
        if found != tag(kind) {
            return Err(reader.error(format_args!("a metric of kind {found} in place of {}", tag(kind))));
        }
        Ok(match kind {
            MetricKind::Counter => Self::Counter(reader.varint()?),
            MetricKind::Rate => Self::Rate(Rate::restore(reader)?),
            MetricKind::Distribution => Self::Distribution(Distribution::from_bytes(reader.block()?)?),
            MetricKind::Cardinality => Self::Cardinality(Hll::from_bytes(reader.block()?)?),
            MetricKind::TopExact => Self::Exact(Exact::restore(reader)?),
            MetricKind::Last => Self::Last(Last::restore(reader)?),
            MetricKind::Top(ItemKind::Place) => {
                Self::Top(ItemKind::Place, Frequent::restore(reader, |reader| items.place(reader))?)
            }
            MetricKind::Top(kind) => Self::Top(kind, Frequent::restore(reader, |reader| items.plain(reader, kind))?),
        })
    }
}

impl Items<'_> {
    fn written_place(self, item: &[u8]) -> Vec<u8> {
        let (text, coordinates) = self.places.known_by(number(item) as u32);
        let mut out = written(text.as_bytes());
        out.push(u8::from(coordinates.is_some()));
        if let Some((latitude, longitude)) = coordinates {
            out.extend(latitude.to_le_bytes());
            out.extend(longitude.to_le_bytes());
        }
        out
    }

    fn place(self, reader: &mut Reader) -> Result<(u64, [u8; 4]), Error> {
        let text = std::str::from_utf8(reader.block()?).map_err(|_| reader.error("a place that is no text"))?;
        let coordinates = match reader.u8()? {
            0 => None,
            _ => Some((reader.u32()? as i32, reader.u32()? as i32)),
        };
        let number = self.places.number(text, coordinates);
        Ok((hash_word(self.seed, u64::from(number)), number.to_le_bytes()))
    }

    /// Key and bytes of an item that is the same in every process; the key as the kernels make it.
    fn plain<'a>(self, reader: &mut Reader<'a>, kind: ItemKind) -> Result<(u64, &'a [u8]), Error> {
        let item = reader.block()?;
        let key = match kind {
            ItemKind::Text => Some(hash_bytes(self.seed, item)),
            ItemKind::Address => item.try_into().ok().map(|address| address_key(self.seed, address)),
            _ => (item.len() <= 8).then(|| hash_word(self.seed, number(item))),
        };
        let key = key.ok_or_else(|| reader.error(format_args!("an item of {} bytes", item.len())))?;
        Ok((key, item))
    }
}

/// An item that is the same in every process.
fn written(item: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(item.len() + 2);
    write_block(&mut out, item);
    out
}

fn number(item: &[u8]) -> u64 {
    item.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn save_ledger(ledger: &Ledger, out: &mut Vec<u8>) {
    let mut settable = ledger.clone();
    let entries: Vec<_> =
        ledger.entries().filter(|(name, count)| *count > 0 && settable.entry_mut(name).is_some()).collect();
    write_varint(out, entries.len() as u64);
    for (name, count) in entries {
        write_block(out, name.as_bytes());
        write_varint(out, count);
    }
}

fn restore_ledger(reader: &mut Reader) -> Result<Ledger, Error> {
    let mut ledger = Ledger::default();
    for _ in 0..reader.count()? {
        let name = reader.block()?;
        let count = reader.varint()?;
        let entry = std::str::from_utf8(name).ok().and_then(|name| ledger.entry_mut(name));
        *entry.ok_or_else(|| reader.error("a count under a name that the ledger has not"))? = count;
    }
    Ok(ledger)
}
