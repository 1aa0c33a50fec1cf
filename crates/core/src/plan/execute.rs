//! A plan at work: one worker's bitmaps, worked-out columns and exchange tables.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::columns::{Lookups, Values, tails};
use super::exchange::{Matching, Rows, TextRows};
use super::groups::Chunk;
use super::labels::Labels;
use super::link::{Linking, Side};
use super::sampler::Sampler;
use super::{ColumnIndex, ColumnOrigin, EVERY_ROW, Enrichment, Plan, State, Step, TablePlan};
use crate::decode::Batch;
use crate::expr::{Bitmap, ColumnName};
use crate::hash::hash_bytes;
use crate::metric::{Feeding, MetricKind, MetricState, NO_PLACE, Seconds};
use crate::table::{Address, Column, Table, TextColumn};

/// Runs one plan for one worker.
pub struct Executor {
    plan: Arc<Plan>,
    tables: Vec<Work>,
    shared: Shared,
    linking: Linking,
    seed: u64,
    chunk: Chunk,
}

/// What a worker keeps between batches, whatever the table.
struct Shared {
    exchanges: Vec<Matching>,
    samplers: Vec<Sampler>,
    seed: u64,
    registers: Vec<f64>,
    /// Of each list the keys of its texts.
    lists: Vec<HashSet<u64>>,
    lookups: Lookups,
    enrichment: Enrichment,
    counted_evicted: u64,
}

/// The packet's row of a row that has none.
const NO_PACKET: u32 = u32::MAX;

/// Room for the bitmaps and worked-out columns of one table.
#[derive(Default)]
struct Work {
    bitmaps: Vec<Bitmap>,
    columns: Vec<Option<Values>>,
    seconds: Seconds,
    /// The rows that are at hand.
    rows: Range<usize>,
}

/// The rows of a table that are at hand.
#[derive(Clone, Copy)]
struct View<'a> {
    batch: &'a Batch,
    table: &'a dyn Table,
    from: usize,
    to: usize,
}

impl<'a> View<'a> {
    /// For each row the row of its packet, none where rows have no packet; `None` for packets themselves.
    fn packets(&self) -> Option<&'a [u32]> {
        let is_packet = std::ptr::addr_eq(self.table, &raw const self.batch.packets);
        (!is_packet).then(|| self.table.packet_rows().get(self.from..self.to).unwrap_or(&[]))
    }

    fn column(&self, index: usize) -> Column<'a> {
        self.table.column(index).slice(self.from, self.to)
    }

    /// The bytes that the table's text columns point into.
    fn text(&self) -> &'a [u8] {
        let text = (0..self.table.definitions().len()).find_map(|at| match self.table.column(at) {
            Column::Text(text) => Some(text.bytes),
            _ => None,
        });
        text.unwrap_or(&[])
    }
}

impl Executor {
    /// `seed` keys the hash tables: random per process.
    pub fn new(plan: Arc<Plan>, enrichment: Enrichment, seed: u64) -> Self {
        let work = |table: &TablePlan| Work {
            bitmaps: vec![Bitmap::default(); table.bitmaps],
            columns: table.columns.iter().map(|_| None).collect(),
            seconds: Seconds::default(),
            rows: 0..0,
        };
        Self {
            tables: plan.tables.iter().map(work).collect(),
            shared: Shared {
                exchanges: plan.exchanges.iter().map(|exchange| Matching::new(exchange, seed)).collect(),
                samplers: plan.samplers.iter().map(|percent| Sampler::new(*percent)).collect(),
                seed,
                registers: vec![0.0; plan.registers.len()],
                lists: vec![HashSet::new(); plan.lists.len()],
                lookups: Lookups::new(&enrichment),
                enrichment,
                counted_evicted: 0,
            },
            linking: Linking::default(),
            seed,
            chunk: Chunk::default(),
            plan,
        }
    }

    /// Feeds some rows of a batch to the metrics of a state: for each table of the plan the range that `rows` gives.
    pub fn run(&mut self, batch: &Batch, rows: impl Fn(&dyn Table) -> Range<usize>, state: &mut State) {
        for (plan, work) in self.plan.tables.iter().zip(&mut self.tables) {
            let range = batch.table(plan.table).map_or(0..0, &rows);
            if let (Some(table), false) = (batch.table(plan.table), range.is_empty()) {
                work.bitmaps[EVERY_ROW].fill(range.len(), true);
                work.seconds.read(&table.times_ns()[range.clone()]);
            }
            work.rows = range;
        }
        let packets = rows(&batch.packets);
        self.take_steps(batch, &packets);
        self.feed(batch, state);
        self.count_evicted(state);
    }

    fn take_steps(&mut self, batch: &Batch, packets: &Range<usize>) {
        for stage in &self.plan.stages {
            let plan = &self.plan.tables[stage.table];
            let Some(view) = self.tables[stage.table].view(plan, batch) else { continue };
            if let Some(link) = &stage.link {
                let mut out = std::mem::take(&mut self.tables[stage.table].bitmaps[link.out]);
                let from = self.tables[link.from_table].view(&self.plan.tables[link.from_table], batch);
                let kept = from.as_ref().map(|view| Side {
                    bitmap: &self.tables[link.from_table].bitmaps[link.from],
                    packets: view.packets(),
                });
                self.linking.link(kept, view.packets(), view.to - view.from, packets, &mut out);
                self.tables[stage.table].bitmaps[link.out] = out;
            }
            for step in &plan.steps[stage.steps.clone()] {
                self.tables[stage.table].step(step, plan, &view, &mut self.shared, &self.plan);
            }
        }
    }

    fn feed(&mut self, batch: &Batch, state: &mut State) {
        for (plan, work) in self.plan.tables.iter().zip(&self.tables) {
            let Some(view) = work.view(plan, batch) else { continue };
            let times_ns = &view.table.times_ns()[view.from..view.to];
            for feed in &plan.feeds {
                let column = feed.column.map(|column| work.column(plan, column, &view, &self.shared));
                let weight = feed.weight.map(|column| work.column(plan, column, &view, &self.shared));
                if column.is_some_and(|column| column.is_empty()) {
                    continue; // a place, and no database to look it up in
                }
                let rows = &work.bitmaps[feed.rows];
                let feeding = Feeding { rows, column, weight, times_ns, seconds: &work.seconds, seed: self.seed };
                state.metrics[feed.metric].feed(&feeding);
            }
            for groups in &plan.groups {
                let column = |index| work.column(plan, index, &view, &self.shared);
                let gave_up = state.groups[*groups].feed(&work.bitmaps, column, times_ns, &mut self.chunk);
                state.ledger.evicted.groups += gave_up.groups;
                state.ledger.evicted.group_lists += gave_up.lists;
            }
        }
    }

    /// Adds to the counters that mirror the ledger, and the ledger itself.
    pub fn account(&mut self, ledger: &crate::ledger::Ledger, state: &mut State) {
        state.ledger += ledger;
        for (metric, entry) in &self.plan.ledger {
            if let MetricState::Counter(count) = &mut state.metrics[*metric] {
                count.0 += ledger.count(*entry);
            }
        }
    }

    fn count_evicted(&mut self, state: &mut State) {
        let evicted: u64 = self.shared.exchanges.iter().map(Matching::evicted).sum();
        state.ledger.evicted.transactions += evicted - self.shared.counted_evicted;
        self.shared.counted_evicted = evicted;
    }

    /// One window has closed and the next begins: remembers quantiles of the old, carries its newest values over, and
    /// counts what has waited too long in the new.
    pub fn shift(&mut self, closed: &State, now_ns: i64, next: &mut State) {
        self.remember(closed);
        next.carry_over(closed);
        self.purge(now_ns, next);
    }

    /// Keeps the quantiles and the heaviest items of a window that has closed which later rows are compared with.
    pub fn remember(&mut self, closed: &State) {
        for (value, register) in self.shared.registers.iter_mut().zip(&self.plan.registers) {
            let quantile = closed.metrics[register.metric].quantile(f64::from(register.quantile_percent) / 100.0);
            *value = quantile.unwrap_or(*value);
        }
        for (texts, list) in self.shared.lists.iter_mut().zip(&self.plan.lists) {
            texts.clear();
            if let MetricState::Top(top) = &closed.metrics[list.metric] {
                texts.extend(top.first_parts(list.most).map(|text| hash_bytes(self.seed, text)));
            }
        }
    }

    fn purge(&mut self, now_ns: i64, next: &mut State) {
        for (at, exchange) in self.shared.exchanges.iter_mut().enumerate() {
            let purges = || self.plan.purges.iter().filter(move |purge| purge.exchange == at);
            let mut item = Vec::new();
            let purged = exchange.purge(now_ns, |flags, text| {
                for purge in purges().filter(|purge| purge.meets(flags)) {
                    let is_there = purge.item.as_ref().is_some_and(|parts| parts.write(text, &mut item));
                    if let (MetricState::Top(top), true) = (&mut next.metrics[purge.metric], is_there) {
                        top.add(self.seed, &item);
                    }
                }
            });
            next.ledger.evicted.transactions += purged.forgotten;
            for purge in purges() {
                let of_flags = purged.by_flags.iter().zip(0..=u8::MAX);
                let count: u64 = of_flags.filter(|(_, flags)| purge.meets(*flags)).map(|(count, _)| count).sum();
                if let MetricState::Counter(counter) = &mut next.metrics[purge.metric] {
                    counter.0 += count;
                }
            }
        }
    }

    /// Looks addresses and names up in other databases from now on, with empty caches.
    pub fn look_up_in(&mut self, enrichment: Enrichment) {
        self.shared.lookups = Lookups::new(&enrichment);
        self.shared.enrichment = enrichment;
    }

    /// Questions that wait for their answer.
    pub fn open_exchanges(&self) -> usize {
        self.shared.exchanges.iter().map(Matching::open).sum()
    }

    /// What questions take that wait for their answer.
    pub fn exchange_bytes(&self) -> usize {
        self.shared.exchanges.iter().map(Matching::memory_bytes).sum()
    }

    /// A state for a window that starts now.
    pub fn state(&self, start_second: i64) -> State {
        State::new(&self.plan, start_second, self.seed)
    }

    pub fn kinds(&self) -> &[MetricKind] {
        &self.plan.metrics
    }
}

impl Work {
    /// The rows at hand; `None` where there are none.
    fn view<'a>(&self, plan: &TablePlan, batch: &'a Batch) -> Option<View<'a>> {
        let table = batch.table(plan.table).filter(|_| !self.rows.is_empty())?;
        Some(View { batch, table, from: self.rows.start, to: self.rows.end })
    }

    fn step(&mut self, step: &Step, plan: &TablePlan, view: &View<'_>, shared: &mut Shared, whole: &Plan) {
        match step {
            Step::Gather(column) => self.gather(*column, plan, view),
            Step::Derive(column) => self.derive(*column, plan, view, shared),
            Step::Test { out, column, test } => {
                let mut bitmap = std::mem::take(&mut self.bitmaps[*out]);
                test.evaluate(self.column(plan, *column, view, shared), &mut bitmap);
                self.bitmaps[*out] = bitmap;
            }
            Step::PlaceTest { out, column, test } => {
                let mut bitmap = std::mem::take(&mut self.bitmaps[*out]);
                if let Column::U32(places) = self.column(plan, *column, view, shared) {
                    test.evaluate(places, view.to - view.from, &shared.enrichment.places, &mut bitmap);
                }
                self.bitmaps[*out] = bitmap;
            }
            Step::Slow { out, column, register } => {
                let threshold = shared.registers[*register];
                let mut bitmap = std::mem::take(&mut self.bitmaps[*out]);
                match self.column(plan, *column, view, shared) {
                    Column::U64(values) if threshold > 0.0 => {
                        bitmap.fill_from(values, |value| value as f64 >= threshold);
                    }
                    other => bitmap.fill(other.len(), false),
                }
                self.bitmaps[*out] = bitmap;
            }
            Step::Listed { out, column, list } => {
                let (keys, seed) = (&shared.lists[*list], shared.seed);
                let mut bitmap = std::mem::take(&mut self.bitmaps[*out]);
                bitmap.fill(view.to - view.from, false);
                if let (Column::Text(texts), false) = (self.column(plan, *column, view, shared), keys.is_empty()) {
                    let is_listed = |text: &[u8]| keys.contains(&hash_bytes(seed, text));
                    let rows = (0..texts.spans.len()).filter(|row| texts.get(*row).is_some_and(is_listed));
                    rows.for_each(|row| bitmap.set(row));
                }
                self.bitmaps[*out] = bitmap;
            }
            Step::Not { out, of } => self.combine(*out, &[*of], |bitmap, _| bitmap.not()),
            Step::And { out, parts } => self.combine(*out, parts, Bitmap::and),
            Step::Or { out, parts } => self.combine(*out, parts, Bitmap::or),
            Step::Sample { out, sampler, events, passed } => {
                let mut bitmap = std::mem::take(&mut self.bitmaps[*out]);
                shared.samplers[*sampler].sample(&self.bitmaps[*events], &self.bitmaps[*passed], &mut bitmap);
                self.bitmaps[*out] = bitmap;
            }
            Step::Observe(exchange) => self.observe(*exchange, plan, view, shared, whole),
        }
    }

    /// Starts with the first part and lets each other part change it; with a single part it changes itself.
    fn combine(&mut self, out: usize, parts: &[usize], operation: impl Fn(&mut Bitmap, &Bitmap)) {
        let mut bitmap = std::mem::take(&mut self.bitmaps[out]);
        let (first, others) = parts.split_first().expect("a combination has parts");
        bitmap.copy_from(&self.bitmaps[*first]);
        if others.is_empty() {
            operation(&mut bitmap, &self.bitmaps[*first]);
        }
        for other in others {
            operation(&mut bitmap, &self.bitmaps[*other]);
        }
        self.bitmaps[out] = bitmap;
    }

    fn column<'a>(&'a self, plan: &TablePlan, index: ColumnIndex, view: &View<'a>, shared: &'a Shared) -> Column<'a> {
        match &plan.columns[index] {
            ColumnOrigin::Exchange(exchange, field) => shared.exchanges[*exchange].column(*field),
            _ => self.own_column(plan, index, view),
        }
    }

    /// A column that no exchange table fills.
    fn own_column<'a>(&'a self, plan: &TablePlan, index: ColumnIndex, view: &View<'a>) -> Column<'a> {
        match &plan.columns[index] {
            ColumnOrigin::Table(at) => view.column(*at),
            _ => self.columns[index].as_ref().map_or(Column::U8(&[]), |values| values.view(view.text())),
        }
    }

    fn gather(&mut self, column: ColumnIndex, plan: &TablePlan, view: &View<'_>) {
        if let ColumnOrigin::Packet(at) = &plan.columns[column] {
            let (packets, earlier) = (view.batch.packets.column(*at), view.batch.earlier.column(*at));
            let values = match view.packets() {
                Some([]) => Values::gather(packets, earlier, &vec![NO_PACKET; view.to - view.from]),
                rows => Values::gather(packets, earlier, rows.unwrap_or(&[])),
            };
            self.columns[column] = Some(values);
        }
    }

    fn derive(&mut self, column: ColumnIndex, plan: &TablePlan, view: &View<'_>, shared: &mut Shared) {
        let ColumnOrigin::Derived { name, from, rows } = &plan.columns[column] else { return };
        let mut lookups = std::mem::take(&mut shared.lookups);
        let rows = &self.bitmaps[*rows];
        let columns: Vec<Column<'_>> = from.iter().map(|index| self.column(plan, *index, view, shared)).collect();
        let values = match (name, &columns[..]) {
            (ColumnName::Place(_), [Column::Address(addresses)]) => lookups.places(addresses, rows, false),
            (ColumnName::Network(_), [Column::Address(addresses)]) => lookups.places(addresses, rows, true),
            (ColumnName::Tail { labels, suffixes, .. }, [Column::Text(names)]) => {
                tails(*names, rows, *labels, suffixes, shared.enrichment.suffixes.as_deref())
            }
            (ColumnName::Label(label), columns) => {
                let enrichment = &shared.enrichment;
                Labels { label, lookups: &mut lookups, enrichment }.write(columns, rows)
            }
            _ => Values::U32(vec![NO_PLACE; view.to - view.from]),
        };
        shared.lookups = lookups;
        self.columns[column] = Some(values);
    }

    fn observe(&mut self, exchange: usize, plan: &TablePlan, view: &View<'_>, shared: &mut Shared, whole: &Plan) {
        let wanted = &whole.exchanges[exchange];
        let column = |index| self.own_column(plan, index, view);
        let rows = Rows {
            key: words(column(wanted.key)),
            apart_by: wanted.apart_by.map(|index| bytes(column(index))),
            is_reply: bytes(column(wanted.is_reply)),
            bytes: numbers(column(wanted.bytes)),
            address: wanted.address.map(|index| addresses(column(index))),
            text: wanted.text.as_ref().map(|text| TextRows {
                name: texts(column(text.name)),
                addresses: text.addresses.iter().map(|index| addresses(column(*index))).collect(),
                rows: &self.bitmaps[text.rows],
            }),
            pairing: wanted.pairing.map(|index| bytes(column(index))),
            question: wanted.question.map(|index| numbers(column(index))),
            time_ns: &view.table.times_ns()[view.from..view.to],
        };
        let flags: Vec<&Bitmap> = wanted.flags.iter().map(|flag| &self.bitmaps[*flag]).collect();
        shared.exchanges[exchange].observe(&rows, &self.bitmaps[wanted.rows], &flags);
    }
}

// The compiler has checked these types (`typed_column`); a mismatch would be its fault.

fn words(column: Column<'_>) -> &[u64] {
    match column {
        Column::U64(values) => values,
        _ => unreachable!("checked when the plan was compiled"),
    }
}

fn bytes(column: Column<'_>) -> &[u8] {
    match column {
        Column::U8(values) => values,
        _ => unreachable!("checked when the plan was compiled"),
    }
}

fn numbers(column: Column<'_>) -> &[u32] {
    match column {
        Column::U32(values) => values,
        _ => unreachable!("checked when the plan was compiled"),
    }
}

fn texts(column: Column<'_>) -> TextColumn<'_> {
    match column {
        Column::Text(texts) => texts,
        _ => unreachable!("checked when the plan was compiled"),
    }
}

fn addresses(column: Column<'_>) -> &[Address] {
    match column {
        Column::Address(values) => values,
        _ => unreachable!("checked when the plan was compiled"),
    }
}
