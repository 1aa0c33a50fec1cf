//! A policy at work: one plan, its windows, and a worker's share of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::cut::Cut;
use super::lookups::{Databases, Lookups};
use crate::Error;
use crate::decode::Batch;
use crate::enrich::geo::Places;
use crate::ledger::Ledger;
use crate::memory::{Account, Held, Holder, Step};
use crate::plan::{Enrichment, Executor, Plan, State};
use crate::window::{
    Clock, DEFAULT_LENGTH_S, DEFAULT_STEP_S, FirstWindow, LiveWindow, Merged, NANOSECONDS, SavedWindow, Series,
    SharedShifts, Stepping, Steps, Store,
};

/// How a policy keeps its windows.
#[derive(Clone)]
pub struct PolicyConfig {
    /// Windows kept, the open one included; with 1 the window never ends.
    pub periods: usize,
    /// Seconds that a window lasts.
    pub length_s: u32,
    /// Seconds that a step lasts; 0 for no steps.
    pub step_s: u32,
    /// Counters and histograms that steps are kept of, by handler and metric as in the plan.
    pub stepped: Vec<(usize, usize)>,
    pub enrichment: Enrichment,
    /// Keys hash tables: random per process.
    pub seed: u64,
    /// What the policy holds is part of it.
    pub memory: Arc<Account>,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            periods: 1,
            length_s: DEFAULT_LENGTH_S,
            step_s: DEFAULT_STEP_S,
            stepped: Vec::new(),
            enrichment: Enrichment::default(),
            seed: 0,
            memory: Arc::default(),
        }
    }
}

/// A plan with its windows, shared by the workers that feed it and the readers that ask.
pub struct Policy {
    plan: Arc<Plan>,
    length_s: u32,
    seed: u64,
    memory: Arc<Account>,
    lookups: Lookups,
    store: Store,
    steps: Steps,
    /// Agreed on by the workers of the live input that came last; those of a file see the same packets and need not.
    shifts: Mutex<SharedShifts>,
    /// Questions that wait for their answer, of all workers.
    open_exchanges: AtomicUsize,
    taker: Mutex<Option<Taker>>,
}

/// Takes windows that have closed, once nobody else needs them.
pub type Taker = Arc<dyn Fn(Merged) + Send + Sync>;

impl Policy {
    pub fn new(plan: Plan, config: PolicyConfig) -> Self {
        let PolicyConfig { periods, length_s, step_s, stepped, enrichment, seed, memory } = config;
        let memory = Account::part_of(&memory);
        let stepped = stepped.iter().filter_map(|(handler, metric)| plan.metric(*handler, *metric));
        let steps = Steps::new(step_s, &plan, stepped, &memory);
        Self {
            plan: Arc::new(plan),
            length_s,
            seed,
            memory,
            lookups: Lookups::new(enrichment),
            store: Store::new(periods, length_s),
            steps,
            shifts: Mutex::default(),
            open_exchanges: AtomicUsize::new(0),
            taker: Mutex::default(),
        }
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The numbers that places and networks have in this policy's windows.
    pub fn places(&self) -> &Arc<Places> {
        self.lookups.places()
    }

    /// Puts other databases in the place of those that there are. Windows that have begun are counted by the old ones to
    /// their end, unless it never comes.
    pub fn replace_databases(&self, databases: Databases) {
        let from = if self.store.length_s().is_some() { self.store.newest() + 1 } else { 0 };
        self.lookups.replace(databases, from);
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What its windows, its workers and their readers hold.
    pub fn memory(&self) -> &Arc<Account> {
        &self.memory
    }

    /// Bytes that a window takes in which nothing has happened.
    pub fn least_bytes(&self) -> usize {
        State::new(&self.plan, 0, self.seed).memory_bytes()
    }

    /// From now on windows are handed over when they have closed, and kept no longer; by the worker that ended them last.
    pub fn hand_to(&self, taker: Option<Taker>) {
        *self.taker.lock().unwrap_or_else(PoisonError::into_inner) = taker;
    }

    fn hand_over(&self) {
        let taker = self.taker.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(taker) = taker {
            self.store.take_closed().into_iter().for_each(|window| taker(window));
        }
    }

    /// No more rows will come: what is open counts as closed from now on.
    pub fn end(&self) {
        self.store.end();
        self.hand_over();
    }

    /// Nanoseconds that a window lasts.
    pub(super) fn length_ns(&self) -> i64 {
        i64::from(self.length_s) * NANOSECONDS
    }

    /// Questions that wait for their answer, as of the workers' newest batches.
    pub fn open_exchanges(&self) -> usize {
        self.open_exchanges.load(Ordering::Relaxed)
    }

    /// A window that begins at this time and in which nothing has happened: what there is before a worker feeds it.
    pub fn empty(&self, now_ns: i64) -> Merged {
        Merged {
            number: 0,
            start_ns: now_ns,
            end_ns: now_ns,
            correction_ns: 0,
            length_seconds: 0,
            is_closed: false,
            state: Arc::new(State::new(&self.plan, now_ns.div_euclid(NANOSECONDS), self.seed)),
        }
    }

    /// What was counted since the policy began, at this time: as one window that goes on, with nothing but counters in it.
    pub fn totals(&self, now_ns: i64) -> Merged {
        let state = self.store.totals().state(&self.plan, now_ns.div_euclid(NANOSECONDS), self.seed);
        Merged { state: Arc::new(state), ..self.empty(now_ns) }
    }

    /// Metrics for which there was no room in steps.
    pub fn left_out_of_steps(&self) -> usize {
        self.steps.left_out()
    }

    /// What was counted in each step that is over, of the last hour.
    pub fn series(&self) -> Series {
        self.steps.series()
    }

    /// When the newest of these steps began, seconds since 1970.
    pub fn newest_step_s(&self) -> Option<i64> {
        self.steps.newest_s()
    }

    /// Merges windows `first..=last`, 0 being the open one.
    pub fn read(&self, first: usize, last: usize) -> Option<Merged> {
        self.store.read(first, last)
    }

    /// A window by its number, written down; `None` where there is no such window. Workers wait only while their open
    /// windows are copied.
    pub fn save_window(&self, number: usize) -> Option<Vec<u8>> {
        let Merged { start_ns, end_ns, is_closed, state, .. } = self.store.shown_window(number)?;
        let saved = SavedWindow { first: FirstWindow { number, start_ns }, end_ns, is_closed, state };
        Some(saved.to_bytes(&self.plan, self.places()))
    }

    /// Takes in windows that [`Self::save_window`] wrote, be it in another process, before an input starts. Tells how many
    /// were taken: those that are damaged or of another plan, and the oldest where they are too many, are not.
    ///
    /// # Errors
    /// When an input has started, or windows were restored, already.
    pub fn restore<'a>(&self, saved: impl IntoIterator<Item = &'a [u8]>) -> Result<usize, Error> {
        let read = |bytes| SavedWindow::from_bytes(bytes, &self.plan, self.places(), self.seed).ok();
        let mut windows: Vec<SavedWindow> = saved.into_iter().filter_map(read).collect();
        windows.iter_mut().for_each(|window| Arc::make_mut(&mut window.state).belong_to(&self.memory));
        self.store.restore(windows)
    }

    /// What the workers of one more live input agree on. Beside inputs at work it has windows of its own clock, from the
    /// newest on; otherwise it goes on where the last one was.
    pub fn begin_input(&self) -> SharedShifts {
        let mut latest = self.shifts.lock().unwrap_or_else(PoisonError::into_inner);
        if !latest.take() {
            *latest = SharedShifts::default();
            latest.take();
        }
        latest.clone()
    }

    /// When the windows of a worker end, whose first starts at this time.
    pub(super) fn clock(&self, start_ns: i64, shared: Option<&SharedShifts>) -> Clock {
        let first = match shared {
            Some(_) => self.store.newest_window(start_ns),
            None => self.store.first_window(start_ns),
        };
        Clock::new(first, self.store.length_s(), shared.cloned())
    }

    /// A worker of this policy; its first window starts at this time. `agrees` where other workers of the input that came
    /// last see other packets and so must agree on the ends of windows.
    pub fn worker(self: &Arc<Self>, start_ns: i64, agrees: bool) -> PolicyWorker {
        let shared = agrees.then(|| self.shifts.lock().unwrap_or_else(PoisonError::into_inner).clone());
        self.worker_of(shared.as_ref(), start_ns)
    }

    /// A worker of an input, see [`Self::begin_input`]; of one whose workers see the same packets where there is none.
    pub fn worker_of(self: &Arc<Self>, input: Option<&SharedShifts>, start_ns: i64) -> PolicyWorker {
        let clock = self.clock(start_ns, input);
        let (enrichment, seen_lookups) = self.lookups.of_window(clock.number());
        let executor = Executor::new(self.plan.clone(), enrichment, self.seed);
        let stepping = self.steps.begin(start_ns, 0);
        let start_ns = clock.start_ns();
        let mut state = executor.state(start_ns.div_euclid(NANOSECONDS));
        state.belong_to(&self.memory);
        let number = clock.number();
        let live = LiveWindow { number, start_ns, last_ns: start_ns, correction_ns: 0, state };
        let mut worker = PolicyWorker {
            policy: self.clone(),
            live: self.store.add_worker(live),
            clock,
            stepping,
            executor,
            seen_lookups,
            correction_ns: 0,
            told_open: 0,
            held_exchanges: Held::new(&self.memory, Holder::Transactions),
        };
        worker.remember_whole();
        worker
    }
}

/// One worker's share of a policy: its own plan state, no lock but that of its own open window.
pub struct PolicyWorker {
    policy: Arc<Policy>,
    live: Arc<Mutex<LiveWindow>>,
    clock: Clock,
    stepping: Stepping,
    executor: Executor,
    /// Which of the policy's databases it has.
    seen_lookups: u64,
    /// What times have more than the clock shows; windows that begin note it.
    correction_ns: i64,
    /// How many of the policy's open exchanges are this worker's.
    told_open: usize,
    held_exchanges: Held,
}

impl PolicyWorker {
    /// The open window's last moment: a later packet ends it.
    pub fn last_ns(&self) -> i64 {
        self.clock.last_ns()
    }

    /// The last moment of the open step or window, whichever is over before: a later packet ends something.
    pub fn quiet_until_ns(&self) -> i64 {
        self.last_ns().min(self.stepping.last_ns())
    }

    /// The open step's last moment.
    pub fn step_last_ns(&self) -> i64 {
        self.stepping.last_ns()
    }

    /// Times that come have so much more than the clock shows, see [`super::timeline`]. Windows that begin show what the
    /// clock shows; the open one goes on as it began.
    pub fn correct(&mut self, correction_ns: i64) {
        self.correction_ns = correction_ns;
    }

    /// As [`Self::correct`], for the open window, too: it has only begun.
    pub fn correct_open(&mut self, correction_ns: i64) {
        self.correct(correction_ns);
        self.live.lock().unwrap_or_else(PoisonError::into_inner).correction_ns = correction_ns;
        self.policy.steps.correct(&mut self.stepping, correction_ns);
    }

    /// Counts a batch, parted where steps and windows end. A row ends at most one of its worker's windows, and those that other
    /// workers have ended meanwhile.
    pub fn process(&mut self, batch: &Batch) {
        self.follow_lookups();
        let mut cut = Cut::new(batch);
        while let Some(time_ns) = cut.next(self.quiet_until_ns()) {
            self.run(batch, &cut);
            self.advance_step(time_ns);
            if time_ns > self.clock.last_ns() {
                self.shift(time_ns);
            }
        }
        self.run(batch, &cut);
        self.account(&batch.ledger);
        self.tell_open(self.executor.open_exchanges());
        self.held_exchanges.tell(self.executor.exchange_bytes());
        self.give_way();
    }

    /// Takes other databases where the open window is to be counted by them.
    #[inline]
    fn follow_lookups(&mut self) {
        if let Some((enrichment, seen)) = self.policy.lookups.newer(self.seen_lookups, self.clock.number()) {
            self.executor.look_up_in(enrichment);
            self.seen_lookups = seen;
        }
    }

    fn tell_open(&mut self, open: usize) {
        let before = std::mem::replace(&mut self.told_open, open);
        self.policy.open_exchanges.fetch_add(open.wrapping_sub(before), Ordering::Relaxed);
    }

    /// Runs the plan over the rows that are at hand.
    fn run(&mut self, batch: &Batch, cut: &Cut<'_>) {
        let live = &mut *self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let newest_ns = cut.newest_ns().unwrap_or(live.last_ns);
        let has_new_second = newest_ns.div_euclid(NANOSECONDS) > live.last_ns.div_euclid(NANOSECONDS);
        live.last_ns = live.last_ns.max(newest_ns);
        self.executor.run(batch, |table| cut.rows(table), &mut live.state);
        if has_new_second {
            // The time passes for protocols of which there was no message, too.
            live.state.advance(newest_ns.div_euclid(NANOSECONDS));
        }
        if has_new_second || self.policy.memory.is_due(Step::Answers) {
            live.state.tell_memory();
        }
    }

    /// Time has come to this point though no row of this worker's says so: ends the window if it is over, and those that
    /// other workers have ended meanwhile.
    pub fn advance(&mut self, now_ns: i64) {
        self.advance_step(now_ns);
        while now_ns > self.clock.last_ns() {
            self.shift(now_ns);
        }
        {
            let live = &mut *self.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.last_ns = live.last_ns.max(now_ns);
            live.state.advance(now_ns.div_euclid(NANOSECONDS));
        }
        self.give_way();
    }

    /// Ends the open step if it is over at this time.
    #[inline]
    pub fn advance_step(&mut self, now_ns: i64) {
        if now_ns > self.stepping.last_ns() {
            let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            self.policy.steps.advance(&mut self.stepping, &live.state, now_ns, self.correction_ns);
        }
    }

    /// Gives way where memory is short: first in windows that have ended, then in the open one.
    #[inline]
    fn give_way(&self) {
        if self.policy.memory.is_due(Step::TopLists) {
            self.give_way_by_steps();
        }
    }

    #[cold]
    fn give_way_by_steps(&self) {
        let (store, memory) = (&self.policy.store, &self.policy.memory);
        for step in [Step::TopLists, Step::LightGroups] {
            store.give_way(step, memory);
            self.live.lock().unwrap_or_else(PoisonError::into_inner).state.give_way(step);
        }
        store.forget_oldest(memory);
    }

    #[cfg(test)]
    pub(crate) fn change_state(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.live.lock().unwrap_or_else(PoisonError::into_inner).state);
    }

    /// Counts packets that make no rows.
    pub fn account(&mut self, ledger: &Ledger) {
        let live = &mut *self.live.lock().unwrap_or_else(PoisonError::into_inner);
        self.executor.account(ledger, &mut live.state);
    }

    /// Compares what comes with the window before as all workers saw it, as far as they have ended it.
    pub fn remember_whole(&mut self) {
        let before = self.clock.number().checked_sub(1).and_then(|before| self.policy.store.window(before));
        if let Some(before) = before {
            self.executor.remember(&before.state);
        }
    }

    fn shift(&mut self, now_ns: i64) {
        self.clock.shift(now_ns);
        self.follow_lookups();
        let (number, start_ns, correction_ns) = (self.clock.number(), self.clock.start_ns(), self.correction_ns);
        let mut next = self.executor.state(start_ns.div_euclid(NANOSECONDS));
        next.belong_to(&self.policy.memory);
        self.policy.store.shift(&self.live, |live| {
            self.policy.steps.end_window(&mut self.stepping, &live.state);
            live.state.close(start_ns.div_euclid(NANOSECONDS));
            self.executor.shift(&live.state, start_ns, &mut next);
            LiveWindow { number, start_ns, last_ns: start_ns, correction_ns, state: next }
        });
        self.policy.hand_over();
    }

    /// The input has ended at this time.
    pub fn finish(&mut self, end_ns: i64) {
        self.advance_step(end_ns);
        let live = &mut *self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.last_ns = live.last_ns.max(end_ns);
        live.state.close(live.last_ns.div_euclid(NANOSECONDS));
        live.state.tell_memory();
    }
}

impl Drop for PolicyWorker {
    fn drop(&mut self) {
        {
            let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            self.policy.steps.end(&mut self.stepping, &live.state);
        }
        self.policy.store.remove_worker(&self.live);
        self.tell_open(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::app::dns;
    use crate::metric::MetricState;
    use crate::plan::compile;
    use crate::table::{PacketRow, ResourceRow};
    use serde_json::json;

    const SECOND: i64 = NANOSECONDS;

    fn policy(periods: usize) -> Arc<Policy> {
        let metrics = json!([{"kind": "counter", "feeds": [{}]}, {"kind": "rate", "feeds": [{}]}]);
        let plan = json!({"handlers": [{"table": "packet", "metrics": metrics}, {"table": "dns", "metrics": metrics}]});
        let config = PolicyConfig { periods, seed: 1, ..PolicyConfig::default() };
        Arc::new(Policy::new(compile(&plan.to_string()).unwrap(), config))
    }

    /// One packet per time; those marked carry a DNS message.
    fn batch(packets: &[(i64, bool)]) -> Batch {
        let mut batch = Batch::default();
        for (row, (second, has_message)) in packets.iter().enumerate() {
            let time_ns = second * SECOND;
            batch.packets.push(&PacketRow { time_ns, ..PacketRow::EMPTY });
            if *has_message {
                batch.apps.dns.push(&dns::Row { time_ns, packet_row: row as u32, ..dns::Row::EMPTY });
            }
        }
        batch
    }

    fn count(window: &Merged, metric: usize) -> u64 {
        match &window.state.metrics[metric] {
            MetricState::Counter(count) => count.0,
            other => panic!("{other:?} is no counter"),
        }
    }

    fn live(window: &Merged, metric: usize) -> u64 {
        match &window.state.metrics[metric] {
            MetricState::Rate(rate) => rate.0.live(),
            other => panic!("{other:?} is no rate"),
        }
    }

    #[test]
    fn a_batch_is_parted_where_windows_end_and_messages_follow_their_packets() {
        let policy = policy(5);
        let mut worker = policy.worker(10 * SECOND, false);
        worker.process(&batch(&[(10, true), (69, false), (70, true), (71, true), (69, true), (200, false)]));
        let windows: Vec<_> = (0..3).map(|back| policy.read(back, back).unwrap()).collect();
        let counts: Vec<_> = windows.iter().map(|window| (count(window, 0), count(window, 2))).collect();
        assert_eq!(counts, [(1, 0), (3, 3), (2, 1)], "the late packet counts into the open window");
        let starts: Vec<_> = windows.iter().map(|window| window.start_ns / SECOND).collect();
        assert_eq!(starts, [200, 70, 10]);
        assert!(policy.read(3, 3).is_none());
        let all = policy.read(0, 4).unwrap();
        assert_eq!((count(&all, 0), count(&all, 2), all.start_ns), (6, 4, 10 * SECOND));
    }

    #[test]
    fn whatever_the_times_every_batch_comes_to_its_end() {
        const EXTREMES: [i64; 7] =
            [i64::MAX, i64::MIN, 0, i64::MAX - 1, i64::MAX - 61 * SECOND, i64::MIN + 1, i64::MAX];
        for periods in [1, 3] {
            for start_ns in EXTREMES {
                let policy = policy(periods);
                let (mut alone, mut other) = (policy.worker(start_ns, true), policy.worker(start_ns, true));
                let mut batch = Batch::default();
                for time_ns in EXTREMES.into_iter().cycle().take(100) {
                    batch.packets.push(&PacketRow { time_ns, ..PacketRow::EMPTY });
                    alone.advance(time_ns);
                }
                alone.process(&batch);
                other.process(&batch);
                alone.finish(i64::MAX);
                other.finish(i64::MIN);
                assert!(count(&policy.read(0, 9).unwrap(), 0) > 0);
            }
        }
    }

    #[test]
    fn no_more_windows_are_kept_than_asked_for() {
        let policy = policy(2);
        let mut worker = policy.worker(0, false);
        worker.process(&batch(&[(0, false), (60, false), (120, false), (180, false)]));
        assert_eq!(policy.store().available(), 2);
        assert_eq!(count(&policy.read(0, 9).unwrap(), 0), 2);
    }

    #[test]
    fn a_rate_falls_to_zero_while_other_packets_go_on() {
        let policy = policy(1);
        let mut worker = policy.worker(0, false);
        worker.process(&batch(&[(0, true), (0, true), (1, false)]));
        assert_eq!(live(&policy.read(0, 0).unwrap(), 3), 2);
        worker.process(&batch(&[(2, false)]));
        assert_eq!((live(&policy.read(0, 0).unwrap(), 3), live(&policy.read(0, 0).unwrap(), 1)), (0, 1));
    }

    #[test]
    fn the_newest_value_goes_on_from_window_to_window() {
        let metrics = json!([{"kind": "last", "feeds": [{"column": "resources.policies"}]}]);
        let plan = json!({"handlers": [{"table": "resources", "metrics": metrics}]}).to_string();
        let config = PolicyConfig { periods: 3, seed: 1, ..PolicyConfig::default() };
        let policy = Arc::new(Policy::new(compile(&plan).unwrap(), config));
        let mut worker = policy.worker(0, false);
        let note = |second: i64, policies: u32| {
            let mut batch = batch(&[(second, false)]);
            batch.resources.push(&ResourceRow { time_ns: second * SECOND, policies, ..ResourceRow::EMPTY });
            batch
        };
        let last = |window: usize| match &policy.read(window, window).unwrap().state.metrics[0] {
            MetricState::Last(last) => last.value(),
            other => panic!("{other:?} is no newest value"),
        };
        worker.process(&note(1, 4));
        worker.process(&note(2, 3));
        worker.process(&batch(&[(61, false), (122, false)]));
        assert_eq!((last(0), last(1), last(2)), (3, 3, 3));
        worker.process(&note(123, 5));
        assert_eq!((last(0), last(1)), (5, 3));
        let merged = policy.read(0, 2).unwrap();
        assert!(matches!(&merged.state.metrics[0], MetricState::Last(last) if last.value() == 5));
    }

    #[test]
    fn rows_without_a_packet_are_counted_and_have_no_columns_of_packets() {
        let metrics = json!([
            {"kind": "counter", "feeds": [{}]},
            {"kind": "counter", "feeds": [{"column": "packet.bytes"}]},
        ]);
        let plan = json!({"handlers": [{"table": "resources", "metrics": metrics}]}).to_string();
        let config = PolicyConfig { periods: 3, seed: 1, ..PolicyConfig::default() };
        let policy = Arc::new(Policy::new(compile(&plan).unwrap(), config));
        let mut alone = Batch::default();
        alone.resources.push(&ResourceRow { time_ns: SECOND, ..ResourceRow::EMPTY });
        policy.worker(0, false).process(&alone);
        let window = policy.read(0, 0).unwrap();
        assert_eq!((count(&window, 0), count(&window, 1)), (1, 0));
    }

    #[test]
    fn inputs_with_other_clocks_end_no_windows_of_each_other() {
        const AHEAD: i64 = 600;
        let policy = policy(5);
        let (here, ahead) = (policy.begin_input(), policy.begin_input());
        let mut first = policy.worker_of(Some(&here), 0);
        let mut second = policy.worker_of(Some(&ahead), AHEAD * SECOND);
        for minute in 0..3 {
            second.process(&batch(&[(AHEAD + minute * 60 + 1, false)]));
            first.process(&batch(&[(minute * 60 + 2, false), (minute * 60 + 59, false)]));
        }
        assert_eq!([0, 1, 2].map(|back| count(&policy.read(back, back).unwrap(), 0)), [3, 3, 3]);
        assert_eq!((first.last_ns(), second.last_ns()), (182 * SECOND - 1, (AHEAD + 181) * SECOND - 1));
    }

    #[test]
    fn an_input_goes_on_where_the_one_before_it_was() {
        let policy = policy(5);
        policy.worker_of(Some(&policy.begin_input()), 0).process(&batch(&[(0, false), (61, false)]));
        let mut next = policy.worker_of(Some(&policy.begin_input()), 300 * SECOND);
        next.process(&batch(&[(300, false)]));
        let starts = [0, 1, 2].map(|back| policy.read(back, back).unwrap().start_ns / SECOND);
        assert_eq!(starts, [300, 61, 0]);
    }

    #[test]
    fn an_input_that_comes_later_begins_with_the_newest_window() {
        let policy = policy(5);
        let mut first = policy.worker_of(Some(&policy.begin_input()), 0);
        first.process(&batch(&[(0, false), (61, false), (122, false)]));
        let mut second = policy.worker_of(Some(&policy.begin_input()), 7 * SECOND);
        second.process(&batch(&[(7, false), (8, false)]));
        assert_eq!(count(&policy.read(0, 0).unwrap(), 0), 3);
    }

    #[test]
    fn workers_that_see_other_packets_end_their_windows_together() {
        let policy = policy(5);
        let (mut first, mut second) = (policy.worker(0, true), policy.worker(3, true));
        first.process(&batch(&[(1, false), (61, false)]));
        second.process(&batch(&[(2, false)]));
        assert_eq!(count(&policy.read(0, 0).unwrap(), 0), 1);
        second.advance(62 * SECOND);
        second.process(&batch(&[(62, false)]));
        let (open, closed) = (policy.read(0, 0).unwrap(), policy.read(1, 1).unwrap());
        assert_eq!((count(&open, 0), count(&closed, 0)), (2, 2));
        assert_eq!(open.start_ns, 61 * SECOND);
    }
}
