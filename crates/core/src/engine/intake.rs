//! The way of rows into policies, whatever they come from: a source polls, its decoder writes rows, the intake counts
//! them, ends steps and windows and hands batches on.

use std::sync::Arc;

use super::live::Meter;
use super::timeline::Timeline;
use super::{BatchSink, Filling, Policy, PolicyWorker};
use crate::Error;
use crate::decode::Batch;
use crate::decode::app::Needs;
use crate::ledger::{Ledger, Malformed};

/// What an input takes its rows from: a recording, a socket, a timer.
pub trait Source {
    /// Gives what there is to the intake: some thousand items, or what comes within so many milliseconds.
    ///
    /// # Errors
    /// When nothing more can come though nobody has ended it.
    fn poll(&mut self, wait_ms: i32, intake: &mut Intake) -> Result<Polled, Error>;

    /// Hears which columns anybody asks for; the others may stay empty.
    fn set_needs(&mut self, needs: &Needs);

    /// Gives up what has waited too long by now.
    fn settle(&mut self, now_ns: i64, batch: &mut Batch) {
        let _ = (now_ns, batch);
    }

    /// Nothing more comes: reads what can be read of all that waits.
    fn finish(&mut self, intake: &mut Intake) {
        let _ = intake;
    }
}

/// How a poll ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polled {
    /// So many items came; with none the source is idle.
    Items(usize),
    /// Nothing more will come.
    Ended,
}

/// Turns items of a source, as frames or messages, into rows.
pub trait Decode<Item: ?Sized> {
    /// Writes the rows of one item, which is counted as seen already, and counts it as decoded or malformed.
    fn decode(&mut self, item: &Item, time_ns: i64, batch: &mut Batch);

    /// Gives up what has waited too long by now, before a batch is handed on.
    fn settle(&mut self, now_ns: i64, batch: &mut Batch) {
        let _ = (now_ns, batch);
    }
}

/// A policy, and what a worker has of it.
pub struct Fed {
    pub policy: Arc<Policy>,
    pub worker: PolicyWorker,
}

/// What happens besides, when time has come to some point.
enum Pace {
    /// Windows start and end with items.
    Recorded,
    /// Windows end as rows say, or with the clock; now and then it is measured what the input takes.
    Live(Meter),
    /// Somebody else says when windows end, and what times had more than the clock showed when the last one did.
    Led { correction_ns: i64 },
}

/// One worker's batch, and the policies and sinks that get it.
pub struct Intake {
    filling: Filling,
    fed: Vec<Fed>,
    sinks: Vec<Box<dyn BatchSink>>,
    timeline: Timeline,
    pace: Pace,
    /// An item of a later time is the occasion for something else first.
    quiet_until_ns: i64,
    newest_ns: i64,
    /// Policies whose windows start with the first item, and the time of that.
    waiting: Vec<Arc<Policy>>,
    first_ns: Option<i64>,
    /// Rows were handed on since somebody asked.
    has_rows: bool,
    ledger: Ledger,
}

impl Intake {
    fn new(pace: Pace, timeline: Timeline, sinks: Vec<Box<dyn BatchSink>>) -> Self {
        Self {
            filling: Filling::new(),
            fed: Vec::new(),
            sinks,
            timeline,
            quiet_until_ns: match &pace {
                Pace::Recorded | Pace::Led { .. } => i64::MIN,
                Pace::Live(meter) => meter.quiet_until_ns(),
            },
            pace,
            newest_ns: i64::MIN,
            waiting: Vec::new(),
            first_ns: None,
            has_rows: false,
            ledger: Ledger::default(),
        }
    }

    /// Of a recording: windows start with its first item and end where a later one says so.
    pub fn recorded(policies: &[Arc<Policy>], sinks: Vec<Box<dyn BatchSink>>) -> Self {
        let timeline = Timeline::serving(policies);
        Self { waiting: policies.to_vec(), ..Self::new(Pace::Recorded, timeline, sinks) }
    }

    /// Of a worker who hears from others when windows start and end; items come with times of the line.
    pub(super) fn led(policies: &[Arc<Policy>], sinks: Vec<Box<dyn BatchSink>>) -> Self {
        Self { waiting: policies.to_vec(), ..Self::new(Pace::Led { correction_ns: 0 }, Timeline::as_stamped(), sinks) }
    }

    /// Of a worker of a live input.
    pub(super) fn live(meter: Meter, timeline: Timeline, sinks: Vec<Box<dyn BatchSink>>) -> Self {
        Self::new(Pace::Live(meter), timeline, sinks)
    }

    /// Of policies that go through what a live input has kept, on its line of time.
    pub(super) fn beside(fed: Vec<Fed>, timeline: &Timeline) -> Self {
        let pace = Pace::Led { correction_ns: timeline.correction_ns() };
        Self { fed, ..Self::new(pace, timeline.clone(), Vec::new()) }
    }

    /// What its policies and sinks ask for.
    pub fn needs(&self) -> Needs {
        let fed = self.fed.iter().map(|fed| &fed.policy);
        self.needs_with(self.waiting.iter().chain(fed))
    }

    /// What these policies and its sinks ask for.
    pub(super) fn needs_with<'a>(&self, policies: impl Iterator<Item = &'a Arc<Policy>>) -> Needs {
        let mut needs = if self.sinks.is_empty() { Needs::default() } else { Needs::all() };
        policies.for_each(|policy| needs.extend(&policy.plan().needs));
        needs
    }

    /// Takes in an item with this time stamp: ends the windows that are over by then, counts it and has its rows written.
    #[inline(always)]
    pub fn take<Item: ?Sized>(&mut self, decoder: &mut impl Decode<Item>, stamp_ns: i64, item: &Item) {
        let time_ns = self.timeline.place(stamp_ns);
        if time_ns > self.quiet_until_ns {
            self.pause(decoder, time_ns);
        }
        self.newest_ns = self.newest_ns.max(time_ns);
        self.filling.batch.ledger.seen += 1;
        decoder.decode(item, time_ns, &mut self.filling.batch);
        if self.filling.batch.is_full() {
            self.hand_on(decoder);
        }
    }

    /// Counts an item that a filter drops; its time stamp counts still.
    #[inline(always)]
    pub fn leave_out(&mut self, stamp_ns: i64) {
        self.timeline.place(stamp_ns);
        self.filling.batch.ledger.seen += 1;
        self.filling.batch.ledger.filtered += 1;
    }

    /// Counts an item of which not even the time can be read.
    #[inline]
    pub fn count_malformed(&mut self, reason: Malformed) {
        self.filling.batch.ledger.seen += 1;
        self.filling.batch.ledger.count_malformed(reason);
    }

    /// Counts what came to nothing before it was an item.
    pub fn count(&mut self, ledger: &Ledger) {
        self.filling.batch.ledger += ledger;
    }

    /// What comes to pass before an item of this time is taken in.
    #[cold]
    fn pause<Item: ?Sized>(&mut self, decoder: &mut impl Decode<Item>, time_ns: i64) {
        match &mut self.pace {
            Pace::Recorded => {
                let correction_ns = self.timeline.correction_ns();
                self.come_to(time_ns, correction_ns, decoder);
                self.advance(time_ns);
                self.quiet_until_ns = self.fed.iter().map(|fed| fed.worker.quiet_until_ns()).min().unwrap_or(i64::MAX);
            }
            Pace::Live(meter) => {
                meter.measure(time_ns, &mut self.filling.batch);
                self.quiet_until_ns = meter.quiet_until_ns();
            }
            Pace::Led { .. } => {
                self.first_ns.get_or_insert(time_ns);
                self.hand_on(decoder);
                self.fed.iter_mut().for_each(|fed| fed.worker.advance_step(time_ns));
                self.quiet_until_ns = self.fed.iter().map(|fed| fed.worker.step_last_ns()).min().unwrap_or(i64::MAX);
            }
        }
    }

    /// Starts the windows where none have, and gives those that may end by this time what belongs to them.
    pub(super) fn come_to<Item: ?Sized>(&mut self, time_ns: i64, correction_ns: i64, decoder: &mut impl Decode<Item>) {
        if self.first_ns.is_none() {
            self.first_ns = Some(time_ns);
            self.start(time_ns);
            self.fed.iter_mut().for_each(|fed| fed.worker.correct_open(correction_ns));
        }
        if let Pace::Led { correction_ns: known_ns } = &mut self.pace {
            *known_ns = correction_ns;
        }
        self.newest_ns = self.newest_ns.max(time_ns);
        decoder.settle(self.newest_ns, &mut self.filling.batch);
        self.hand_over(correction_ns);
    }

    fn start(&mut self, time_ns: i64) {
        let start = |policy: Arc<Policy>| Fed { worker: policy.worker_of(None, time_ns), policy };
        self.fed.extend(self.waiting.drain(..).map(start));
    }

    /// Ends the windows that are over by now.
    pub(super) fn advance(&mut self, now_ns: i64) {
        self.fed.iter_mut().for_each(|fed| fed.worker.advance(now_ns));
    }

    /// What comes is compared with the windows before as all workers saw them.
    pub(super) fn remember_whole(&mut self) {
        self.fed.iter_mut().for_each(|fed| fed.worker.remember_whole());
    }

    /// Hands on what there is, once nothing waits that has waited too long.
    #[inline(never)]
    pub(super) fn hand_on<Item: ?Sized>(&mut self, decoder: &mut impl Decode<Item>) {
        decoder.settle(self.newest_ns, &mut self.filling.batch);
        self.flush();
    }

    /// Hands on what there is.
    pub(super) fn flush(&mut self) {
        self.hand_over(match self.pace {
            Pace::Recorded | Pace::Live(_) => self.timeline.correction_ns(),
            Pace::Led { correction_ns } => correction_ns,
        });
    }

    fn hand_over(&mut self, correction_ns: i64) {
        self.filling.batch.ledger.time_steps += self.timeline.take_steps();
        self.fed.iter_mut().for_each(|fed| fed.worker.correct(correction_ns));
        self.has_rows |= self.filling.batch.has_rows();
        let workers = self.fed.iter_mut().map(|fed| &mut fed.worker);
        self.ledger += &self.filling.flush(workers, &mut self.sinks);
    }

    /// Feeds these, too, from the next batch on; this one must be empty.
    pub(super) fn adopt(&mut self, fed: impl IntoIterator<Item = Fed>) {
        self.fed.extend(fed);
    }

    /// Lets go of policies that nobody wants.
    pub(super) fn retain(&mut self, is_wanted: &dyn Fn(&Arc<Policy>) -> bool) {
        self.fed.retain(|fed| is_wanted(&fed.policy));
    }

    /// Whether nobody gets the batches.
    pub(super) fn is_idle(&self) -> bool {
        self.fed.is_empty()
    }

    /// Those that it fed, once it is not needed any more.
    pub(super) fn into_fed(self) -> Vec<Fed> {
        self.fed
    }

    /// Counts, in the open windows, what was lost outside of batches.
    pub(super) fn account(&mut self, ledger: &Ledger) {
        self.ledger += ledger;
        self.fed.iter_mut().for_each(|fed| fed.worker.account(ledger));
    }

    /// Writes a row of what the input has for policies and handlers now.
    pub(super) fn note(&mut self, totals: (u32, u32)) {
        if let Pace::Live(meter) = &mut self.pace {
            meter.note(totals, &mut self.filling.batch);
        }
    }

    /// The rows that have not been handed on.
    pub(super) fn batch(&mut self) -> &mut Batch {
        &mut self.filling.batch
    }

    /// The line that items' times are on.
    pub(super) fn timeline(&mut self) -> &mut Timeline {
        &mut self.timeline
    }

    /// What became of the items since the last call, as far as they were handed on.
    pub(super) fn take_ledger(&mut self) -> Ledger {
        std::mem::take(&mut self.ledger)
    }

    /// Whether rows that have times were handed on since the last call.
    pub(super) fn take_has_rows(&mut self) -> bool {
        std::mem::take(&mut self.has_rows)
    }

    /// The times of its first item and of its newest.
    pub(super) fn span_ns(&self) -> (Option<i64>, Option<i64>) {
        (self.first_ns, (self.newest_ns != i64::MIN).then_some(self.newest_ns))
    }

    /// Ends the open windows at a time.
    pub(super) fn finish(&mut self, end_ns: i64) {
        if !self.waiting.is_empty() {
            self.start(0); // without items there still is an (empty) window
        }
        self.flush();
        self.fed.iter_mut().for_each(|fed| fed.worker.finish(end_ns));
    }

    /// Items so far.
    pub(super) fn items(&self) -> u64 {
        self.ledger.seen + self.filling.batch.ledger.seen
    }
}
