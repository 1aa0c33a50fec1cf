//! From a specification to a plan: names become indexes, equal conditions and metrics become one.

mod columns;
mod conditions;
mod groups;
mod tables;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use self::tables::TableCompiler;
use super::exchange::{ExchangePlan, TextPlan};
use super::groups::GroupPlan;
use super::keys::{self, MetricKey};
use super::spec::{ExchangesSpec, FeedSpec, HandlerSpec, LEDGER_KIND, MetricSpec, PlanSpec, PurgedSpec};
use super::{
    BitmapIndex, ColumnIndex, EVERY_ROW, Feed, ItemOfQuestion, Link, ListRegister, Plan, Purge, Register, Slot, Stage,
    Step,
};
use crate::Error;
use crate::decode::app::Needs;
use crate::decode::{Batch, table_names};
use crate::expr::{ColumnName, Comparison, Condition};
use crate::ledger::Entry;
use crate::metric::{ItemKind, KindName, MetricKind};
use crate::table::{ColumnType, ENDPOINTS};

/// Turns JSON into a plan, or says what in it makes no sense.
pub fn compile(json: &str) -> Result<Plan, Error> {
    let no_plan = |fault: serde_json::Error| Error::invalid(format!("this is not a plan: {fault}"));
    let value: Value = serde_json::from_str(json).map_err(no_plan)?;
    let fingerprint = keys::fingerprint(&value);
    let spec: PlanSpec = serde_json::from_value(value).map_err(no_plan)?;
    let mut compiler = Compiler { fingerprint, ..Compiler::default() };
    for (handler, spec) in spec.handlers.iter().enumerate() {
        compiler.handler(handler, spec)?;
    }
    Ok(compiler.plan())
}

#[derive(Default)]
struct Compiler {
    tables: Vec<TableCompiler>,
    stages: Vec<Stage>,
    /// Table and rows that each handler keeps.
    kept: Vec<(usize, BitmapIndex)>,
    metrics: Vec<MetricKind>,
    keys: Vec<Vec<MetricKey>>,
    known_metrics: HashMap<String, usize>,
    slots: Vec<Vec<Slot>>,
    groups: Vec<GroupPlan>,
    exchanges: Vec<ExchangePlan>,
    samplers: Vec<u8>,
    registers: Vec<Register>,
    lists: Vec<ListRegister>,
    purges: Vec<Purge>,
    ledger: Vec<(usize, Entry)>,
    needs: Needs,
    fingerprint: u128,
}

/// A handler while it is compiled: what its verdicts and exchanges are.
#[derive(Clone, Copy)]
struct Scope {
    handler: usize,
    table: usize,
    verdicts: Verdicts,
    exchange: Option<usize>,
}

#[derive(Clone, Copy)]
struct Verdicts {
    event: BitmapIndex,
    passed: BitmapIndex,
    filtered: BitmapIndex,
    sampled: BitmapIndex,
    deep: BitmapIndex,
}

impl Compiler {
    fn plan(mut self) -> Plan {
        (0..self.tables.len()).for_each(|table| self.stage(table));
        Plan {
            stages: self.stages,
            tables: self.tables.into_iter().map(|table| table.plan).collect(),
            metrics: self.metrics,
            keys: self.keys,
            slots: self.slots,
            groups: self.groups.into_iter().map(Arc::new).collect(),
            exchanges: self.exchanges,
            samplers: self.samplers,
            registers: self.registers,
            lists: self.lists,
            purges: self.purges,
            ledger: self.ledger,
            needs: self.needs,
            fingerprint: self.fingerprint,
        }
    }

    fn handler(&mut self, handler: usize, spec: &HandlerSpec) -> Result<(), Error> {
        let table = self.table(&spec.table)?;
        for (protocol, ports) in &spec.ports {
            self.needs.add_ports(protocol, ports.iter().copied());
        }
        let nothing = Verdicts { event: 0, passed: 0, filtered: 0, sampled: 0, deep: 0 };
        let mut scope = Scope { handler, table, verdicts: nothing, exchange: None };
        let reached = self.reached(&scope, spec.behind)?;
        scope.verdicts = self.verdicts(&scope, spec, reached)?;
        self.kept.push((table, scope.verdicts.passed));
        if let Some(exchanges) = &spec.exchanges {
            scope.exchange = Some(self.exchange(&scope, exchanges)?);
        }
        // Conditions may name metrics that stand later in the list, so all metrics get their place first.
        let first = self.metrics.len();
        let groups = spec.groups.iter().map(|groups| self.groups(&scope, groups)).collect::<Result<Vec<_>, _>>()?;
        let mut slots = Vec::new();
        for (at, metric) in spec.metrics.iter().enumerate() {
            let kind = self.kind(&scope, metric)?;
            let fingerprint = self.fingerprint;
            let key = |kind| MetricKey::of(metric, kind, (fingerprint, handler, at));
            slots.push(match metric.group {
                Some(group) => self.grouped_slot(metric, kind, &key, groups.get(group).copied())?,
                None => Slot::Metric(self.slot(&scope, metric, kind, key(kind))),
            });
        }
        self.slots.push(slots);
        for (at, metric) in spec.metrics.iter().enumerate() {
            match self.slots[handler][at] {
                // A metric equal to one before it shares its place and is fed once.
                Slot::Metric(place) if place < first || self.slots[handler][..at].contains(&Slot::Metric(place)) => {}
                Slot::Metric(place) => self.feed(&scope, metric, place)?,
                Slot::Grouped { groups, metric: place } => self.grouped_feed(&scope, metric, groups, place)?,
            }
        }
        Ok(())
    }

    fn table(&mut self, name: &str) -> Result<usize, Error> {
        if let Some(at) = self.tables.iter().position(|table| table.plan.table == name) {
            return Ok(at);
        }
        let known = table_names().find(|known| *known == name).ok_or_else(|| {
            let names: Vec<_> = table_names().collect();
            Error::invalid(format!("no table '{name}'; there are {}", names.join(", ")))
        })?;
        let definitions = Batch::default().table(known).expect("every name has its table").definitions();
        self.needs.add_table(known);
        self.tables.push(TableCompiler::new(known, definitions));
        Ok(self.tables.len() - 1)
    }

    /// The rows that get to a handler: all of its table, or what the one before it keeps.
    fn reached(&mut self, scope: &Scope, behind: Option<usize>) -> Result<BitmapIndex, Error> {
        let Some(behind) = behind else { return Ok(EVERY_ROW) };
        let (from_table, from) = *self.kept.get(behind).ok_or_else(|| {
            Error::invalid(format!(
                "handler {} can't stand behind handler {behind}, which is not before it",
                scope.handler
            ))
        })?;
        if from_table == scope.table {
            return Ok(from);
        }
        self.stage(from_table);
        self.stage(scope.table);
        let table = &mut self.tables[scope.table];
        let out = table.bitmap();
        table.link = Some(Link { from_table, from, out });
        Ok(out)
    }

    /// What was compiled of a table so far is done before what is compiled later.
    fn stage(&mut self, table: usize) {
        let compiler = &mut self.tables[table];
        let steps = compiler.staged..compiler.plan.steps.len();
        let link = compiler.link.take();
        if link.is_some() || !steps.is_empty() {
            compiler.staged = steps.end;
            self.stages.push(Stage { table, link, steps });
        }
    }

    fn verdicts(&mut self, scope: &Scope, spec: &HandlerSpec, reached: BitmapIndex) -> Result<Verdicts, Error> {
        let select = self.condition(scope, &Condition::parse(&spec.select)?)?;
        let event = self.all_of(scope, vec![reached, select]);
        let keep = self.condition(scope, &Condition::parse(&spec.keep)?)?;
        let passed = self.all_of(scope, vec![event, keep]);
        let dropped = self.tables[scope.table].not(keep);
        let filtered = self.all_of(scope, vec![event, dropped]);
        if spec.deep_sample_percent >= 100 {
            return Ok(Verdicts { event, passed, filtered, sampled: event, deep: passed });
        }
        self.samplers.push(spec.deep_sample_percent);
        let sampler = self.samplers.len() - 1;
        let table = &mut self.tables[scope.table];
        let sampled = table.bitmap();
        table.plan.steps.push(Step::Sample { out: sampled, sampler, events: event, passed });
        let deep = self.all_of(scope, vec![passed, sampled]);
        Ok(Verdicts { event, passed, filtered, sampled, deep })
    }

    fn exchange(&mut self, scope: &Scope, spec: &ExchangesSpec) -> Result<usize, Error> {
        let column = |compiler: &mut Self, name: &str, kind| compiler.typed_column(scope, name, kind);
        let rows = self.parsed_condition(scope, &spec.observe)?;
        let plan = ExchangePlan {
            table: self.tables[scope.table].plan.table,
            key: column(self, &spec.key, ColumnType::U64)?,
            apart_by: spec.apart_by.as_ref().map(|name| column(self, name, ColumnType::U8)).transpose()?,
            is_reply: column(self, &spec.is_reply, ColumnType::U8)?,
            bytes: column(self, &spec.bytes, ColumnType::U32)?,
            address: spec.address.as_ref().map(|name| column(self, name, ColumnType::Address)).transpose()?,
            text: spec.text.as_ref().map(|text| self.question_text(scope, text, &spec.is_reply, rows)).transpose()?,
            pairing: spec.pairing.as_ref().map(|name| column(self, name, ColumnType::U8)).transpose()?,
            question: spec.question.as_ref().map(|name| column(self, name, ColumnType::U32)).transpose()?,
            rows,
            flags: spec.flags.iter().map(|flag| self.parsed_condition(scope, flag)).collect::<Result<_, _>>()?,
            ttl_ms: spec.ttl_ms,
        };
        if plan.flags.len() > 8 {
            return Err(Error::invalid("exchanges keep at most eight flags"));
        }
        if let Some(same) = self.exchanges.iter().position(|known| *known == plan) {
            return Ok(same);
        }
        self.exchanges.push(plan);
        let exchange = self.exchanges.len() - 1;
        self.tables[scope.table].plan.steps.push(Step::Observe(exchange));
        Ok(exchange)
    }

    /// What is kept of questions that are observed, and sampled as all that goes into top lists.
    fn question_text(
        &mut self,
        scope: &Scope,
        columns: &[String],
        is_reply: &str,
        observed: BitmapIndex,
    ) -> Result<TextPlan, Error> {
        let Some((name, addresses)) = columns.split_first() else {
            return Err(Error::invalid("the text of questions is a column of texts, and perhaps addresses"));
        };
        let column = ColumnName::Plain(is_reply.to_owned());
        let question = Condition::Compare { column, comparison: Comparison::Equal, value: 0 };
        let questions = self.condition(scope, &question)?;
        let address = |name: &String| self.typed_column(scope, name, ColumnType::Address);
        let addresses = addresses.iter().map(address).collect::<Result<_, _>>()?;
        let name = self.typed_column(scope, name, ColumnType::Text)?;
        Ok(TextPlan { name, addresses, rows: self.all_of(scope, vec![observed, questions, scope.verdicts.sampled]) })
    }

    /// A place in the state for a metric; equal metrics get the same.
    fn slot(&mut self, scope: &Scope, spec: &MetricSpec, kind: MetricKind, key: MetricKey) -> usize {
        let MetricSpec { kind: name, feeds, purged, entry, group: _, identity: _, meaning: _ } = spec;
        let shape = format!("{} {name} {feeds:?} {purged:?} {entry:?}", scope.handler);
        let place = *self.known_metrics.entry(shape).or_insert_with(|| {
            self.metrics.push(kind);
            self.keys.push(Vec::new());
            self.metrics.len() - 1
        });
        place_in(&mut self.keys[place], key);
        place
    }

    fn kind(&mut self, scope: &Scope, spec: &MetricSpec) -> Result<MetricKind, Error> {
        if spec.kind == LEDGER_KIND {
            return Ok(MetricKind { kind: KindName::Counter, items: ItemKind::None });
        }
        let kind = KindName::by_name(&spec.kind).ok_or_else(|| {
            let names: Vec<_> = KindName::ALL.iter().map(|kind| kind.name()).collect();
            Error::invalid(format!("no kind of metric '{}'; there are {}", spec.kind, names.join(", ")))
        })?;
        let items = if kind == KindName::Top { self.items(scope, &spec.feeds)? } else { ItemKind::None };
        Ok(MetricKind { kind, items })
    }

    /// What the items of a top list are.
    fn items(&mut self, scope: &Scope, feeds: &[FeedSpec]) -> Result<ItemKind, Error> {
        let Some(FeedSpec { column: Some(column), .. }) = feeds.first() else {
            return Err(Error::invalid("a top list needs a column"));
        };
        let name = ColumnName::parse(column)?;
        if matches!(&name, ColumnName::Plain(name) if ENDPOINTS.iter().any(|[text, ..]| text == name)) {
            return Ok(ItemKind::Text);
        }
        let index = if let ColumnName::Plain(name) = &name { self.plain_column(scope, name)? } else { 0 };
        Ok(self.items_of(scope, &name, index))
    }

    /// What the values of a column are as items.
    fn items_of(&self, scope: &Scope, name: &ColumnName, column: ColumnIndex) -> ItemKind {
        match name {
            ColumnName::Place(_) | ColumnName::Network(_) => ItemKind::Place,
            ColumnName::Tail { .. } | ColumnName::Label(_) => ItemKind::Text,
            ColumnName::Plain(_) => ItemKind::of_column(self.tables[scope.table].types[column]),
        }
    }

    fn feed(&mut self, scope: &Scope, spec: &MetricSpec, metric: usize) -> Result<(), Error> {
        if let Some(entry) = &spec.entry {
            self.ledger.push((metric, ledger_entry(entry)?));
            // What is lost and malformed is told of all protocols, whichever handlers stand beside.
            self.needs.add_all_tables();
        }
        if let Some(purged) = &spec.purged {
            self.purge(scope, purged, metric)?;
        }
        spec.feeds.iter().try_for_each(|feed| self.one_feed(scope, feed, metric))
    }

    fn purge(&mut self, scope: &Scope, spec: &PurgedSpec, metric: usize) -> Result<(), Error> {
        let exchange = scope.exchange.ok_or_else(|| Error::invalid("'purged' needs exchanges"))?;
        let PurgedSpec { mask, value, item } = spec.clone();
        let is_list = self.metrics[metric] == MetricKind { kind: KindName::Top, items: ItemKind::Text };
        let addresses = self.exchanges[exchange].text.as_ref().map(|text| text.addresses.len());
        let item = match (item, addresses) {
            (None, _) if !is_list => None,
            (Some(of), Some(addresses)) if is_list && of.parts.iter().all(|part| *part <= addresses) => {
                Some(ItemOfQuestion { of, addresses })
            }
            _ => return Err(Error::invalid("'purged' of a list of texts needs an item, and exchanges with its parts")),
        };
        self.purges.push(Purge { metric, exchange, mask, value, item });
        Ok(())
    }

    fn one_feed(&mut self, scope: &Scope, spec: &FeedSpec, metric: usize) -> Result<(), Error> {
        let feed = self.compiled_feed(scope, spec, metric)?;
        self.tables[scope.table].plan.feeds.push(feed);
        Ok(())
    }

    fn compiled_feed(&mut self, scope: &Scope, spec: &FeedSpec, metric: usize) -> Result<Feed, Error> {
        let rows = self.parsed_condition(scope, &spec.rows)?;
        let mut column = |json: &Option<Value>| -> Result<Option<ColumnIndex>, Error> {
            let Some(json) = json else { return Ok(None) };
            Ok(Some(self.column(scope, &ColumnName::parse(json)?, rows)?))
        };
        let (column, weight) = (column(&spec.column)?, column(&spec.weight)?);
        Ok(Feed { metric, rows, column, weight })
    }

    fn all_of(&mut self, scope: &Scope, parts: Vec<BitmapIndex>) -> BitmapIndex {
        self.tables[scope.table].all_of(parts)
    }
}

fn ledger_entry(name: &str) -> Result<Entry, Error> {
    Entry::named(name).ok_or_else(|| {
        let names: Vec<_> = Entry::names().collect();
        Error::invalid(format!("the ledger has no entry '{name}'; there are {}", names.join(", ")))
    })
}

/// The place of a value among some, at their end where it is new.
fn place_in<T: PartialEq>(values: &mut Vec<T>, value: T) -> usize {
    values.iter().position(|known| *known == value).unwrap_or_else(|| {
        values.push(value);
        values.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn compile_metric(metric: serde_json::Value) -> Result<Plan, Error> {
        compile(&json!({"handlers": [{"table": "dns", "metrics": [metric]}]}).to_string())
    }

    #[test]
    fn equal_conditions_and_equal_metrics_are_one() {
        let nxdomain = json!(["and", ["passed"], ["eq", "dns.rcode", 3]]);
        let counter = json!({"kind": "counter", "feeds": [{"where": nxdomain}]});
        let top = json!({"kind": "top", "feeds": [{"where": nxdomain, "column": "dns.qname"}]});
        let plan =
            compile(&json!({"handlers": [{"table": "dns", "metrics": [counter, top, counter]}]}).to_string()).unwrap();
        assert_eq!(plan.slots, [[0, 1, 0].map(Slot::Metric)]);
        let tests = plan.tables[0].steps.iter().filter(|step| matches!(step, Step::Test { .. })).count();
        assert_eq!(tests, 1);
        assert!(plan.needs.has("dns.qname") && !plan.needs.has("dns.ecs"));
    }

    #[test]
    fn only_protocols_whose_tables_are_looked_at_are_needed_but_the_ledger_is_of_all() {
        let plan_of = |table: &str, metrics: serde_json::Value| {
            compile(&json!({"handlers": [{"table": table, "metrics": metrics}]}).to_string()).unwrap()
        };
        let needs = |plan: Plan| ["dhcp", "dns"].map(|protocol| plan.needs.has_table(protocol));
        assert_eq!(needs(plan_of("packet", json!([]))), [false, false]);
        assert_eq!(needs(plan_of("dns", json!([]))), [false, true]);
        let lost = json!([{"kind": "ledger", "feeds": [], "entry": "evicted.tcp_segments"}]);
        assert_eq!(needs(plan_of("packet", lost)), [true, true]);
    }

    #[test]
    fn a_handler_stands_behind_one_before_it() {
        let handler = |behind| json!({"table": "dns", "behind": behind, "metrics": []});
        assert!(compile(&json!({"handlers": [handler(None), handler(Some(0))]}).to_string()).is_ok());
        for handlers in [json!([handler(Some(0))]), json!([handler(Some(1)), handler(None)])] {
            let message = compile(&json!({"handlers": handlers}).to_string()).unwrap_err().message;
            assert!(message.contains("which is not before it"), "{message}");
        }
    }

    #[test]
    fn a_fingerprint_is_of_what_is_counted_and_not_of_how_it_is_written() {
        let print = |text: &str| compile(text).unwrap().fingerprint;
        let plan = r#"{"handlers": [{"table": "dns", "keep": ["eq", "dns.rcode", 3], "metrics": []}]}"#;
        let spelled = r#"{"handlers":[{"metrics":[],"keep":["eq","dns.rcode",3],"table":"dns"}]}"#;
        assert_eq!(print(plan), print(spelled));
        assert_ne!(print(plan), print(&plan.replace('3', "2")));
    }

    #[test]
    fn what_makes_no_sense_is_said_in_a_sentence() {
        let feed = |feed| json!({"kind": "counter", "feeds": [feed]});
        for (metric, sentence) in [
            (feed(json!({"where": ["eq", "dns.rkode", 3]})), "table 'dns' has no column 'dns.rkode'"),
            (feed(json!({"where": ["cidr", "dns.rcode", ["10.0.0.0/8"]]})), "a column of type u16 can't be tested so"),
            (feed(json!({"where": ["eq", "xact.outcome", 1]})), "no column 'xact.outcome'"),
            (json!({"kind": "counter", "feeds": [], "purged": {"mask": 0, "value": 0}}), "'purged' needs exchanges"),
            (json!({"kind": "ledger", "entry": "dropped_by_nobody"}), "the ledger has no entry 'dropped_by_nobody'"),
            (json!({"kind": "gauge"}), "no kind of metric 'gauge'; there are cardinality, counter"),
        ] {
            let message = compile_metric(metric).unwrap_err().message;
            assert!(message.contains(sentence), "{message}");
        }
    }
}
