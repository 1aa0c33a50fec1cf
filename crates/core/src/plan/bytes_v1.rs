//! A state as version 1 of saved windows has it: the metrics of one plan in its order, each a byte that says its kind and
//! its sketch; then its groups, and the ledger. It fits no other plan.

use super::bytes::restore_ledger;
use super::{Plan, State};
use crate::Error;
use crate::metric::{ItemKind, Items, KindName, MetricKind, MetricState};
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
        let read = |reader: &mut Reader, metrics: &mut [MetricState]| {
            metrics.iter_mut().try_for_each(|metric| {
                *metric = MetricState::restore(reader, metric.kind(), items)?;
                Ok(())
            })
        };
        state.groups.iter_mut().try_for_each(|groups| groups.restore(reader, items, &read))?;
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
