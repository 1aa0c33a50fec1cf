//! Groups of a handler, and the metrics that each of them has.

use serde_json::Value;

use super::super::groups::{GroupFeed, GroupPlan, MOST_GROUPS, Reads};
use super::super::keys::MetricKey;
use super::super::spec::{FeedSpec, GroupsSpec, MetricSpec};
use super::super::{ColumnIndex, Feed, Slot};
use super::{Compiler, Scope, place_in};
use crate::Error;
use crate::expr::ColumnName;
use crate::metric::{ItemKind, KindName, MetricKind};
use crate::table::ENDPOINTS;

impl Compiler {
    /// A place for the groups of a handler.
    pub(super) fn groups(&mut self, scope: &Scope, spec: &GroupsSpec) -> Result<usize, Error> {
        if !(1..=MOST_GROUPS).contains(&spec.most) {
            return Err(Error::invalid(format!("a handler keeps 1 to {MOST_GROUPS} groups, not {}", spec.most)));
        }
        let mut by = Vec::new();
        let mut by_items = Vec::new();
        for key in std::iter::once(&spec.by).chain(&spec.also_by) {
            let (columns, items) = self.by(scope, key)?;
            if !by.is_empty() && items != by_items {
                return Err(Error::invalid("the keys of groups have as many columns, and of the same types"));
            }
            by_items = items;
            by.push(columns);
        }
        self.groups.push(GroupPlan::new(by, by_items, spec.most));
        let at = self.groups.len() - 1;
        self.tables[scope.table].plan.groups.push(at);
        Ok(at)
    }

    /// The columns of one key, and what their values are.
    pub(super) fn by(&mut self, scope: &Scope, columns: &[Value]) -> Result<(Vec<ColumnIndex>, Vec<ItemKind>), Error> {
        let mut key = (Vec::new(), Vec::new());
        for column in columns {
            let name = ColumnName::parse(column)?;
            let column = self.column(scope, &name, scope.verdicts.passed)?;
            key.1.push(self.items_of(scope, &name, column));
            key.0.push(column);
        }
        Ok(key)
    }

    pub(super) fn grouped_slot(
        &mut self,
        spec: &MetricSpec,
        kind: MetricKind,
        key: &dyn Fn(MetricKind) -> MetricKey,
        groups: Option<usize>,
    ) -> Result<Slot, Error> {
        let groups = groups.ok_or_else(|| Error::invalid("a metric names groups that the handler has not"))?;
        if spec.entry.is_some() || spec.purged.is_some() {
            return Err(Error::invalid("the ledger, and what is purged, can't be grouped"));
        }
        let plan = &mut self.groups[groups];
        // Exact counts of small numbers would take some hundred kilobytes a group.
        let items = if kind.items == ItemKind::SmallNumber { ItemKind::Number } else { kind.items };
        let kept = MetricKind { items, ..kind };
        plan.metrics.push(kept);
        plan.keys.push(key(kept));
        plan.former.push((key(kind), kind));
        Ok(Slot::Grouped { groups, metric: plan.metrics.len() - 1 })
    }

    pub(super) fn grouped_feed(
        &mut self,
        scope: &Scope,
        spec: &MetricSpec,
        groups: usize,
        metric: usize,
    ) -> Result<(), Error> {
        for feed in &spec.feeds {
            let endpoint = self.endpoint(scope, spec, feed)?;
            let column = feed.column.clone().filter(|_| endpoint.is_none());
            let Feed { rows, column, weight, .. } =
                self.compiled_feed(scope, &FeedSpec { column, ..feed.clone() }, metric)?;
            let types = &self.tables[scope.table].types;
            let plan = &mut self.groups[groups];
            if feed.key >= plan.by.len() {
                return Err(Error::invalid(format!("no key {} of groups; there are {}", feed.key, plan.by.len())));
            }
            let rows = place_in(&mut plan.conditions, (feed.key, rows));
            if rows >= u64::BITS as usize {
                return Err(Error::invalid("the grouped metrics of a handler have more than 64 different conditions"));
            }
            let mut source = |index: ColumnIndex| place_in(&mut plan.sources, (index, types[index]));
            let reads = match endpoint {
                Some([address, port]) => Some(Reads::Endpoint { address: source(address), port: source(port) }),
                None => column.map(|column| Reads::Column(source(column))),
            };
            plan.feeds.push(GroupFeed { metric, rows, reads, weight: weight.map(&mut source) });
        }
        Ok(())
    }

    /// The address and the port of which a list shows the text: many groups would have to keep very many of these.
    pub(super) fn endpoint(
        &mut self,
        scope: &Scope,
        spec: &MetricSpec,
        feed: &FeedSpec,
    ) -> Result<Option<[ColumnIndex; 2]>, Error> {
        let Some(Value::String(column)) = feed.column.as_ref().filter(|_| spec.feeds.len() == 1) else {
            return Ok(None);
        };
        let Some([_, address, port]) = ENDPOINTS.iter().find(|[text, ..]| text == column) else { return Ok(None) };
        if spec.kind != KindName::Top.name() {
            return Ok(None);
        }
        Ok(Some([self.plain_column(scope, address)?, self.plain_column(scope, port)?]))
    }
}
