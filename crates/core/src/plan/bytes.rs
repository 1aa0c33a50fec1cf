//! A state as bytes, at full fidelity: what is read goes on as if nothing had happened.
//!
//! Each metric is its keys (see [`super::keys`]) and a block: its sketch in the form that its family keeps it in. A reader
//! takes the metrics that its plan has and leaves the others out; what its plan has besides begins with nothing. Groups
//! follow in the same way, then the ledger, each entry by its name.

use std::collections::HashMap;

use super::keys::MetricKey;
use super::{Plan, State};
use crate::Error;
use crate::ledger::Ledger;
use crate::metric::{Items, MetricKind, MetricState};
use crate::sketch::reader::{Reader, write_block, write_varint};

/// What all groups of a window take at most: it is written each minute, and read at once.
pub(super) const MOST_GROUPS_BYTES: usize = 48 << 20;

impl State {
    /// Groups that are left out, because they are not shown or take too much, count as given up.
    pub(crate) fn save(&self, out: &mut Vec<u8>, plan: &Plan, items: Items<'_>) {
        let mut block = Vec::new();
        write_varint(out, self.metrics.len() as u64);
        for (metric, keys) in self.metrics.iter().zip(&plan.keys) {
            MetricKey::write_all(keys, out);
            metric.save_block(&mut block, out, items);
        }
        write_varint(out, self.groups.len() as u64);
        let (mut room, mut ledger) = (MOST_GROUPS_BYTES, self.ledger.clone());
        for groups in &self.groups {
            MetricKey::write_all(&groups.plan().keys, out);
            block.clear();
            ledger.evicted.groups += groups.save(&mut block, items, room) as u64;
            room = room.saturating_sub(block.len());
            write_block(out, &block);
        }
        save_ledger(&ledger, out);
    }

    /// Reads what [`Self::save`] wrote, be it of another plan; and how many of the plan's metrics were found.
    pub(crate) fn restore(
        reader: &mut Reader,
        plan: &Plan,
        start_second: i64,
        items: Items<'_>,
    ) -> Result<(Self, usize), Error> {
        let mut state = Self::new(plan, start_second, items.seed);
        let found = state.restore_metrics(reader, plan, items)? + state.restore_groups(reader, items)?;
        state.ledger = restore_ledger(reader)?;
        Ok((state, found))
    }

    fn restore_metrics(&mut self, reader: &mut Reader, plan: &Plan, items: Items<'_>) -> Result<usize, Error> {
        let mut places: HashMap<MetricKey, Vec<usize>> = HashMap::new();
        for (place, keys) in plan.keys.iter().enumerate() {
            keys.iter().for_each(|key| places.entry(*key).or_default().push(place));
        }
        let mut found = vec![false; plan.metrics.len()];
        for _ in 0..reader.count()? {
            let keys = MetricKey::read_all(reader)?;
            let block = reader.block()?;
            for place in keys.iter().filter_map(|key| places.get(key)).flatten() {
                if !std::mem::replace(&mut found[*place], true) {
                    let read = |reader: &mut Reader| MetricState::restore(reader, plan.metrics[*place], items);
                    self.metrics[*place] = Reader::whole("metric", block, read)?;
                }
            }
        }
        Ok(found.into_iter().filter(|found| *found).count())
    }

    fn restore_groups(&mut self, reader: &mut Reader, items: Items<'_>) -> Result<usize, Error> {
        let mut found = vec![0; self.groups.len()];
        for _ in 0..reader.count()? {
            let keys = MetricKey::read_all(reader)?;
            let block = reader.block()?;
            for (groups, found) in self.groups.iter_mut().zip(&mut found) {
                let plan = groups.plan();
                let places: Vec<_> = keys.iter().map(|key| plan.saved(key)).collect();
                let here = places.iter().flatten().count();
                if here > 0 && *found == 0 {
                    *found = here;
                    let read = |reader: &mut Reader, metrics: &mut [MetricState]| {
                        restore_blocks(reader, &places, metrics, items)
                    };
                    Reader::whole("groups", block, |reader| groups.restore(reader, items, &read))?;
                }
            }
        }
        Ok(found.into_iter().sum())
    }
}

/// Reads the metrics of a group, each as what it was kept into the place that it has in the plan, if any.
fn restore_blocks(
    reader: &mut Reader,
    places: &[Option<(usize, MetricKind)>],
    metrics: &mut [MetricState],
    items: Items<'_>,
) -> Result<(), Error> {
    for place in places {
        let block = reader.block()?;
        if let Some((at, kind)) = *place
            && let Some(metric) = metrics.get_mut(at)
        {
            let read = Reader::whole("metric", block, |reader| MetricState::restore(reader, kind, items))?;
            *metric = read.one_of_many(items.seed);
        }
    }
    Ok(())
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

/// Reads a ledger; entries that this release has not are left out.
pub(super) fn restore_ledger(reader: &mut Reader) -> Result<Ledger, Error> {
    let mut ledger = Ledger::default();
    for _ in 0..reader.count()? {
        let name = reader.block()?;
        let count = reader.varint()?;
        if let Some(entry) = std::str::from_utf8(name).ok().and_then(|name| ledger.entry_mut(name)) {
            *entry = count;
        }
    }
    Ok(ledger)
}
