//! The way of rows into policies, whatever they come from: a source polls, its decoder writes rows, the intake counts
//! them, ends windows and hands batches on.

use std::sync::Arc;

use super::timeline::Timeline;
use super::{BatchSink, FileReport, Filling, Policy, PolicyWorker, Progress};
use crate::Error;
use crate::batch::Batch;
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

    /// Nothing more comes: reads what can be read of all that waits.
    fn finish(&mut self, batch: &mut Batch) {
        let _ = batch;
    }

    /// How far it has come; items are counted by the intake.
    fn progress(&self) -> Progress {
        Progress::default()
    }

    /// Adds what it has to say at the end: damage, files that were left out.
    fn tell(&self, report: &mut FileReport) {
        let _ = report;
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

/// One worker's batch, and the policies and sinks that get it. Windows start with the first item.
pub struct Intake {
    filling: Filling,
    wanted: Vec<Arc<Policy>>,
    policies: Vec<PolicyWorker>,
    sinks: Vec<Box<dyn BatchSink>>,
    timeline: Timeline,
    /// The last moment of the windows that end first; none before the first item.
    last_ns: Option<i64>,
    newest_ns: i64,
    first_ns: Option<i64>,
    ledger: Ledger,
}

impl Intake {
    pub fn new(policies: &[Arc<Policy>], sinks: Vec<Box<dyn BatchSink>>) -> Self {
        Self {
            filling: Filling::new(),
            wanted: policies.to_vec(),
            policies: Vec::new(),
            sinks,
            timeline: Timeline::serving(policies),
            last_ns: None,
            newest_ns: i64::MIN,
            first_ns: None,
            ledger: Ledger::default(),
        }
    }

    /// What its policies and sinks ask for.
    pub fn needs(&self) -> Needs {
        let mut needs = if self.sinks.is_empty() { Needs::default() } else { Needs::all() };
        self.wanted.iter().for_each(|policy| needs.extend(&policy.plan().needs));
        needs
    }

    /// Takes in an item with this time stamp: ends the windows that are over by then, counts it and has its rows written.
    #[inline(always)]
    pub fn take<Item: ?Sized>(&mut self, decoder: &mut impl Decode<Item>, stamp_ns: i64, item: &Item) {
        let time_ns = self.timeline.place(stamp_ns);
        if self.last_ns.is_none_or(|last_ns| time_ns > last_ns) {
            decoder.settle(self.newest_ns.max(time_ns), &mut self.filling.batch);
            self.end_windows(time_ns);
        }
        self.newest_ns = self.newest_ns.max(time_ns);
        self.filling.batch.ledger.seen += 1;
        decoder.decode(item, time_ns, &mut self.filling.batch);
        if self.filling.batch.is_full() {
            decoder.settle(self.newest_ns, &mut self.filling.batch);
            self.flush();
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

    #[cold]
    fn end_windows(&mut self, time_ns: i64) {
        self.filling.batch.ledger.time_steps += self.timeline.take_steps();
        let correction_ns = self.timeline.correction_ns();
        if self.first_ns.is_none() {
            self.first_ns = Some(time_ns);
            self.start(time_ns);
            self.policies.iter_mut().for_each(|policy| policy.correct_open(correction_ns));
        }
        self.flush();
        for policy in &mut self.policies {
            policy.correct(correction_ns);
            policy.advance(time_ns);
        }
        self.last_ns = Some(self.policies.iter().map(PolicyWorker::last_ns).min().unwrap_or(i64::MAX));
    }

    fn start(&mut self, time_ns: i64) {
        self.policies = self.wanted.iter().map(|policy| policy.worker_of(None, time_ns)).collect();
    }

    /// Hands on what there is.
    fn flush(&mut self) {
        self.ledger += &self.filling.flush(self.policies.iter_mut(), &mut self.sinks);
    }

    /// Ends the last window with the newest item, after the source had its last word.
    fn finish(mut self, source: &mut impl Source, report: &mut FileReport) {
        if self.policies.is_empty() {
            self.start(0); // without items there still is an (empty) window
        }
        self.filling.batch.ledger.time_steps += self.timeline.take_steps();
        source.finish(&mut self.filling.batch);
        self.flush();
        report.first_ns = self.first_ns;
        report.last_ns = self.first_ns.map(|_| self.newest_ns);
        self.policies.iter_mut().for_each(|policy| policy.finish(report.last_ns.unwrap_or(0)));
        report.ledger += &self.ledger;
    }

    /// Items so far.
    fn items(&self) -> u64 {
        self.ledger.seen + self.filling.batch.ledger.seen
    }
}

/// Reads a recording through policies from its first item to its last. `progress` is called now and then; `false` stops.
///
/// # Errors
/// When the source says that it can't go on.
pub fn run_recorded(
    mut source: impl Source,
    policies: &[Arc<Policy>],
    sinks: Vec<Box<dyn BatchSink>>,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<FileReport, Error> {
    let mut intake = Intake::new(policies, sinks);
    source.set_needs(&intake.needs());
    let mut report = FileReport::default();
    while source.poll(0, &mut intake)? != Polled::Ended {
        if !progress(Progress { packets: intake.items(), ..source.progress() }) {
            report.was_stopped = true;
            break;
        }
    }
    progress(Progress { packets: intake.items(), ..source.progress() });
    intake.finish(&mut source, &mut report);
    source.tell(&mut report);
    policies.iter().for_each(|policy| policy.end());
    Ok(report)
}
