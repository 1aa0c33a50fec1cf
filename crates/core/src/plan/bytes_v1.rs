//! A state as version 1 of saved windows has it: the metrics of one plan in its order, each a byte that says its kind and
//! its sketch; then its groups, and the ledger. It fits no other plan.

use super::bytes::restore_ledger;
use super::{Plan, State};
use crate::Error;
use crate::metric::{ItemKind, Items, MetricKind, MetricState};
use crate::sketch::reader::Reader;

impl State {
    pub(crate) fn restore_v1(
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
            let kinds: Vec<_> = groups.plan().former.iter().map(|(_, kind)| *kind).collect();
            let read = |reader: &mut Reader, metrics: &mut [MetricState]| {
                metrics.iter_mut().zip(&kinds).try_for_each(|(metric, kind)| {
                    *metric = MetricState::restore(reader, *kind, items)?.one_of_many(items.seed);
                    Ok(())
                })
            };
            groups.restore(reader, items, &read)?;
        }
        state.ledger = restore_ledger(reader)?;
        Ok(state)
    }
}

/// The byte that says a metric's kind; none for kinds that came later.
fn tag(kind: MetricKind) -> Option<u8> {
    match (kind.kind.name(), kind.items) {
        ("counter", _) => Some(0),
        ("rate", _) => Some(1),
        ("distribution", _) => Some(2),
        ("cardinality", _) => Some(3),
        ("top", ItemKind::SmallNumber) => Some(4),
        ("top", ItemKind::Text) => Some(5),
        ("top", ItemKind::Address) => Some(6),
        ("top", ItemKind::Place) => Some(8),
        ("top", _) => Some(7),
        ("last", _) => Some(9),
        _ => None,
    }
}

fn restore_metric(reader: &mut Reader, kind: MetricKind, items: Items<'_>) -> Result<MetricState, Error> {
    let found = reader.u8()?;
    if Some(found) != tag(kind) {
        return Err(reader.error(format_args!("a metric of kind {found} in place of a {}", kind.kind.name())));
    }
    MetricState::restore(reader, kind, items)
}
