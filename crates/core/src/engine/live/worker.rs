//! One worker of a live input: its source, and its share of the policies.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Attached, BatchSink, Fed, Intake, Live, Machine, Meter, NANOSECONDS, Policy, Shared, Timeline, lock};
use crate::capture::capabilities;
use crate::engine::intake::Polled;

/// A worker looks at the clock, its policies and whether to stop at least this often.
const POLL_MS: i32 = 100;

pub(super) struct Worker<S> {
    /// The first worker tells what the input takes.
    is_first: bool,
    source: S,
    intake: Intake,
    shared: Arc<Shared>,
    machine: Machine,
    /// All policies, those that the source still feeds with what it has kept included.
    policies: Vec<Arc<Policy>>,
    seen_version: Option<u64>,
    last_second: i64,
}

impl<S: Live> Worker<S> {
    pub fn new(
        number: usize,
        source: S,
        machine: Machine,
        shared: Arc<Shared>,
        sinks: Vec<Box<dyn BatchSink>>,
    ) -> Self {
        let is_first = number == 0;
        let meter = Meter::new(machine.usage, machine.now_ns, is_first);
        let intake = Intake::live(meter, Timeline::corrected(machine.correction_ns()), sinks);
        Self { is_first, source, intake, shared, machine, policies: Vec::new(), seen_version: None, last_second: 0 }
    }

    pub fn run(mut self) {
        // The source is open; nothing that comes from it to this thread shall have rights.
        if let Err(refused) = capabilities::drop_all_but([]) {
            lock(&self.shared.status).warning = Some(refused);
        }
        while !self.shared.stop.load(Ordering::Acquire) {
            self.follow_clock();
            self.follow_changes();
            match self.source.poll(POLL_MS, &mut self.intake) {
                Ok(Polled::Items(items)) => {
                    self.intake.flush();
                    self.count_time(items);
                }
                Ok(Polled::Ended) => break,
                Err(fault) => {
                    lock(&self.shared.status).fault = Some(fault);
                    break;
                }
            }
        }
        self.finish();
    }

    /// Where the wall clock was set, times go on as if it had not been; windows that begin from now on show it.
    fn follow_clock(&mut self) {
        if self.intake.timeline().follow(self.machine.correction_ns()) {
            self.intake.flush();
        }
    }

    /// The time now, on the line that items' times are on.
    fn line_now_ns(&mut self) -> i64 {
        self.intake.timeline().at((self.machine.now_ns)())
    }

    /// Once a second, and whenever nothing comes: drops, status, and the windows' ends.
    fn count_time(&mut self, items: usize) {
        let now_ns = self.line_now_ns();
        let second = now_ns.div_euclid(NANOSECONDS);
        let is_new_second = second != self.last_second;
        // Where what comes makes no rows, nothing else ends the windows.
        if items == 0 || is_new_second && !self.intake.take_has_rows() {
            self.intake.advance(now_ns);
        }
        if is_new_second {
            self.last_second = second;
            self.count_losses();
            self.source.settle(now_ns, self.intake.batch());
            self.publish();
        }
    }

    /// What was lost since the last look goes into the ledger, too.
    fn count_losses(&mut self) {
        let lost = self.source.take_lost();
        if lost != crate::ledger::Ledger::default() {
            self.intake.account(&lost);
        }
    }

    fn publish(&mut self) {
        let ledger = self.intake.take_ledger();
        lock(&self.shared.status).ledger += &ledger;
    }

    /// Starts on policies that were added, lets go of those that were removed.
    fn follow_changes(&mut self) {
        let version = self.shared.version.load(Ordering::Acquire);
        if self.seen_version == Some(version) {
            return;
        }
        self.seen_version = Some(version);
        self.source.follow();
        // Taken before the policies are looked at: those that were added before a note get its row.
        let notes = if self.is_first { std::mem::take(&mut *lock(&self.shared.notes)) } else { Vec::new() };
        let wanted = lock(&self.shared.policies).clone();
        let is_wanted = |known: &Arc<Policy>| wanted.iter().any(|wanted| Arc::ptr_eq(&wanted.policy, known));
        self.intake.retain(&is_wanted);
        self.source.retain(&is_wanted);
        let is_new = |wanted: &Attached| !self.policies.iter().any(|known| Arc::ptr_eq(known, &wanted.policy));
        let new: Vec<Attached> = wanted.iter().filter(|wanted| is_new(wanted)).cloned().collect();
        self.policies = wanted.iter().map(|attached| Arc::clone(&attached.policy)).collect();
        self.start(new);
        self.source.set_needs(&self.intake.needs_with(self.policies.iter()));
        self.intake.timeline().serve(&self.policies);
        notes.into_iter().for_each(|note| self.intake.note(note));
    }

    fn start(&mut self, new: Vec<Attached>) {
        let now_ns = (self.machine.now_ns)();
        let timeline = self.intake.timeline();
        let (mut late, mut since_ns) = (Vec::new(), i64::MAX);
        let mut fresh = Vec::new();
        for Attached { policy, since_ns: wanted_ns, shifts } in new {
            let mut worker = policy.worker_of(Some(&shifts), timeline.at(wanted_ns.unwrap_or(now_ns)));
            worker.correct_open(timeline.correction_ns());
            let fed = Fed { policy, worker };
            match wanted_ns {
                Some(wanted_ns) => {
                    since_ns = since_ns.min(wanted_ns);
                    late.push(fed);
                }
                None => fresh.push(fed),
            }
        }
        self.intake.adopt(fresh);
        if !late.is_empty() {
            self.source.catch_up(late, since_ns, &mut self.intake);
        }
    }

    fn finish(mut self) {
        self.source.finish(&mut self.intake);
        self.intake.flush();
        self.count_losses();
        let now_ns = self.line_now_ns();
        self.intake.finish(now_ns);
        self.publish();
    }
}
