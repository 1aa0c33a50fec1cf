//! A state as bytes, at full fidelity: what is read goes on as if nothing had happened.
//!
//! Each metric is a byte that says its kind, then its sketch in the form that its family keeps it in. The ledger follows,
//! each entry by its name.

use super::{Plan, State};
use crate::Error;
use crate::ledger::Ledger;
use crate::metric::{ItemKind, Items, KindName, MetricKind, MetricState};
use crate::sketch::reader::{Reader, write_block, write_varint};

impl State {
    pub(crate) fn save(&self, out: &mut Vec<u8>, items: Items<'_>) {
        for metric in &self.metrics {
            out.push(tag(metric.kind()));
            metric.save(out, items);
        }
        self.groups.iter().for_each(|groups| groups.save(out, items));
        save_ledger(&self.ledger, out);
    }

    /// Reads what [`Self::save`] wrote of a state of the same plan.
    pub(crate) fn restore(
        reader: &mut Reader,
        plan: &Plan,
        start_second: i64,
        items: Items<'_>,
    ) -> Result<Self, Error> {
        let mut state = Self::new(plan, start_second, items.seed);
        for (metric, kind) in state.metrics.iter_mut().zip(&plan.metrics) {
            *metric = restore_metric(reader, *kind, items)?;
        }
        for groups in &mut state.groups {
            groups.restore(reader, items)?;
        }
        state.ledger = restore_ledger(reader)?;
        Ok(state)
    }
}

/// The byte that says a metric's kind.
fn tag(kind: MetricKind) -> u8 {
    match (kind.kind, kind.items) {
        (KindName::Counter, _) => 0,
        (KindName::Rate, _) => 1,
        (KindName::Distribution, _) => 2,
        (KindName::Cardinality, _) => 3,
        (KindName::Top, ItemKind::SmallNumber) => 4,
        (KindName::Top, ItemKind::Text) => 5,
        (KindName::Top, ItemKind::Address) => 6,
        (KindName::Top, ItemKind::Place) => 8,
        (KindName::Top, _) => 7,
        (KindName::Last, _) => 9,
    }
}

fn restore_metric(reader: &mut Reader, kind: MetricKind, items: Items<'_>) -> Result<MetricState, Error> {
    let found = reader.u8()?;
    if found != tag(kind) {
        return Err(reader.error(format_args!("a metric of kind {found} in place of {}", tag(kind))));
    }
    MetricState::restore(reader, kind, items)
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
