//! One worker of a live input: its source, its decoder, its share of the policies.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::catch_up::{self, CatchUp};
use super::meter::Meter;
use super::{
    Attached, BatchSink, Filling, Filters, LiveConfig, NANOSECONDS, Policy, PolicyWorker, Shared, Timeline, lock,
};
use crate::Error;
use crate::capture::lookback::Lookback;
use crate::capture::{FrameSource, capabilities};
use crate::decode::app::Needs;
use crate::decode::{DecodeConfig, Decoder};
use crate::ledger::Ledger;
use crate::read::Frame;

/// A worker looks at the clock, its policies and whether to stop at least this often.
const POLL_MS: i32 = 100;

pub(super) struct Worker<S> {
    /// The first worker tells what the input takes.
    is_first: bool,
    source: S,
    part: Part,
    shared: Arc<Shared>,
    decode: DecodeConfig,
    /// Policies that still read what is kept; one after the other.
    catching_up: Vec<CatchUp>,
    now_ns: fn() -> i64,
    steady_ns: fn() -> i64,
    seen_version: Option<u64>,
    dropped: u64,
    dropped_by_interface: u64,
}

/// What a worker does with frames; apart from the source, which lends them out.
struct Part {
    decoder: Decoder,
    filters: Filters,
    filling: Filling,
    policies: Vec<(Arc<Policy>, PolicyWorker)>,
    sinks: Vec<Box<dyn BatchSink>>,
    lookback: Option<Lookback>,
    meter: Meter,
    timeline: Timeline,
    /// Bytes of frames since the last look at those who catch up.
    live_bytes: usize,
    ledger: Ledger,
    fault: Option<Error>,
}

impl<S: FrameSource> Worker<S> {
    pub fn new(
        number: usize,
        source: S,
        config: &LiveConfig,
        shared: Arc<Shared>,
        sinks: Vec<Box<dyn BatchSink>>,
        lookback: Option<Lookback>,
    ) -> Self {
        let part = Part {
            decoder: Decoder::new(config.decode.clone()),
            filters: Filters::new(config.filter.clone()),
            filling: Filling::new(),
            policies: Vec::new(),
            sinks,
            lookback,
            meter: Meter::new(config.usage, config.now_ns, number == 0),
            timeline: Timeline::corrected(correction_ns(config.now_ns, config.steady_ns)),
            live_bytes: 0,
            ledger: Ledger::default(),
            fault: None,
        };
        Self {
            is_first: number == 0,
            source,
            part,
            shared,
            decode: config.decode.clone(),
            catching_up: Vec::new(),
            now_ns: config.now_ns,
            steady_ns: config.steady_ns,
            seen_version: None,
            dropped: 0,
            dropped_by_interface: 0,
        }
    }

    pub fn run(mut self) {
        // The source is open; nothing that a packet could do to this thread shall have rights.
        if let Err(refused) = capabilities::drop_all_but([]) {
            lock(&self.shared.status).warning = Some(refused);
        }
        let mut last_second = 0;
        while !self.shared.stop.load(Ordering::Acquire) {
            self.follow_clock();
            self.follow_changes();
            let timeout_ms = if self.catching_up.is_empty() { POLL_MS } else { 0 };
            let Self { source, part, .. } = &mut self;
            match source.poll_block(timeout_ms, &mut |frame| part.take(&frame)) {
                Ok(frames) => {
                    self.part.flush();
                    self.catch_up();
                    self.count_time(frames, &mut last_second);
                }
                Err(fault) => self.part.fault = Some(fault),
            }
            if let Some(fault) = self.part.fault.take() {
                lock(&self.shared.status).fault = Some(fault);
                break;
            }
        }
        self.finish();
    }

    /// Where the wall clock was set, times go on as if it had not been; windows that begin from now on show it.
    fn follow_clock(&mut self) {
        if self.part.timeline.follow(correction_ns(self.now_ns, self.steady_ns)) {
            self.part.flush();
        }
    }

    /// The time now, on the line that frames' times are on.
    fn line_now_ns(&self) -> i64 {
        self.part.timeline.at((self.now_ns)())
    }

    /// Once a second, and whenever nothing comes: drops, status, and the windows' ends.
    fn count_time(&mut self, frames: usize, last_second: &mut i64) {
        let now_ns = self.line_now_ns();
        let second = now_ns.div_euclid(NANOSECONDS);
        if frames == 0 {
            self.part.policies.iter_mut().for_each(|(_, policy)| policy.advance(now_ns));
        }
        if second != *last_second {
            *last_second = second;
            self.count_drops();
            self.part.decoder.settle(now_ns, &mut self.part.filling.batch);
            self.publish();
            if let Some(lookback) = &mut self.part.lookback {
                lookback.advance((self.now_ns)());
            }
        }
    }

    /// Lets the first of those who catch up read on: twice as much as came meanwhile, so that it does.
    fn catch_up(&mut self) {
        let live_bytes = std::mem::take(&mut self.part.live_bytes);
        if let Some(first) = self.catching_up.first_mut()
            && first.step(catch_up::LEAST_BYTES + 2 * live_bytes)
        {
            let caught_up = self.catching_up.remove(0);
            self.part.policies.extend(caught_up.policies);
        }
    }

    /// What kernel and interface dropped since the last look goes into the ledger, too.
    fn count_drops(&mut self) {
        let by_kernel = newly(self.source.dropped(), &mut self.dropped);
        let by_interface = if self.is_first { self.source.dropped_by_interface() } else { None };
        let by_interface = newly(by_interface, &mut self.dropped_by_interface);
        if by_kernel + by_interface > 0 {
            let mut ledger = Ledger::of_kernel_drops(by_kernel);
            ledger += &Ledger::of_interface_drops(by_interface);
            self.part.ledger += &ledger;
            self.part.policies.iter_mut().for_each(|(_, policy)| policy.account(&ledger));
        }
    }

    fn publish(&mut self) {
        let ledger = std::mem::take(&mut self.part.ledger);
        lock(&self.shared.status).ledger += &ledger;
    }

    /// Starts on policies that were added, lets go of those that were removed; takes hosts that have changed.
    fn follow_changes(&mut self) {
        let version = self.shared.version.load(Ordering::Acquire);
        if self.seen_version == Some(version) {
            return;
        }
        self.seen_version = Some(version);
        if let Some(hosts) = lock(&self.shared.hosts).clone() {
            self.decode.hosts = hosts.clone();
            self.part.decoder.set_hosts(hosts);
        }
        // Taken before the policies are looked at: those that were added before a note get its row.
        let notes = if self.is_first { std::mem::take(&mut *lock(&self.shared.notes)) } else { Vec::new() };
        let wanted = lock(&self.shared.policies).clone();
        let is_wanted = |known: &Arc<Policy>| wanted.iter().any(|wanted| Arc::ptr_eq(&wanted.policy, known));
        self.part.policies.retain(|(policy, _)| is_wanted(policy));
        self.catching_up.iter_mut().for_each(|group| group.policies.retain(|(policy, _)| is_wanted(policy)));
        self.catching_up.retain(|group| !group.policies.is_empty());
        let is_new = |wanted: &Attached| !self.policies().any(|known| Arc::ptr_eq(known, &wanted.policy));
        let new: Vec<Attached> = wanted.iter().filter(|wanted| is_new(wanted)).cloned().collect();
        self.start(new);
        let mut needs = Needs::default();
        self.policies().for_each(|policy| needs.extend(&policy.plan().needs));
        if !self.part.sinks.is_empty() {
            needs.extend(&Needs::all());
        }
        self.part.decoder.set_needs(&needs);
        self.part.timeline.serve(wanted.iter().map(|attached| &attached.policy));
        notes.into_iter().for_each(|note| self.part.meter.note(note, &mut self.part.filling.batch));
    }

    /// All policies, those that catch up included.
    fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        let catching_up = self.catching_up.iter().flat_map(|group| &group.policies);
        self.part.policies.iter().chain(catching_up).map(|(policy, _)| policy)
    }

    fn start(&mut self, new: Vec<Attached>) {
        let now_ns = (self.now_ns)();
        let timeline = &self.part.timeline;
        let mut late = Vec::new();
        let mut since_ns = i64::MAX;
        for Attached { policy, since_ns: wanted_ns, shifts } in new {
            let mut worker = policy.worker_of(Some(&shifts), timeline.at(wanted_ns.unwrap_or(now_ns)));
            worker.correct_open(timeline.correction_ns());
            match wanted_ns {
                Some(wanted_ns) => {
                    since_ns = since_ns.min(wanted_ns);
                    late.push((policy, worker));
                }
                None => self.part.policies.push((policy, worker)),
            }
        }
        match &self.part.lookback {
            Some(lookback) if !late.is_empty() => {
                self.catching_up.push(CatchUp::new(late, since_ns, lookback.kept(), &self.decode, timeline));
            }
            _ => self.part.policies.extend(late),
        }
    }

    fn finish(mut self) {
        self.part.decoder.finish(&mut self.part.filling.batch);
        self.part.flush();
        while !self.catching_up.is_empty() {
            self.catch_up();
        }
        self.count_drops();
        let now_ns = self.line_now_ns();
        self.part.policies.iter_mut().for_each(|(_, policy)| policy.finish(now_ns));
        self.publish();
    }
}

/// How much a count has grown since the last look, which is noted.
fn newly(so_far: Option<u64>, noted: &mut u64) -> u64 {
    let new = so_far.map_or(0, |so_far| so_far.saturating_sub(*noted));
    *noted += new;
    new
}

impl Part {
    #[inline]
    fn take(&mut self, frame: &Frame<'_>) {
        let passes = match self.filters.passes(frame) {
            Ok(passes) => passes,
            Err(fault) => {
                self.fault = Some(fault);
                false
            }
        };
        let batch = &mut self.filling.batch;
        batch.ledger.seen += 1;
        if !passes {
            batch.ledger.filtered += 1;
            return;
        }
        if let Some(lookback) = &mut self.lookback {
            lookback.push(frame);
            self.live_bytes += frame.data.len();
        }
        let frame = Frame { time_ns: self.timeline.place(frame.time_ns), ..*frame };
        self.decoder.decode(&frame, batch);
        if frame.time_ns >= self.meter.due_ns {
            self.meter.measure(frame.time_ns, batch);
        }
        if batch.is_full() {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.filling.batch.ledger.time_steps += self.timeline.take_steps();
        let correction_ns = self.timeline.correction_ns();
        self.policies.iter_mut().for_each(|(_, policy)| policy.correct(correction_ns));
        let policies = self.policies.iter_mut().map(|(_, policy)| policy);
        self.ledger += &self.filling.flush(policies, &mut self.sinks);
    }
}

/// What the steady clock has more than the wall clock.
fn correction_ns(now_ns: fn() -> i64, steady_ns: fn() -> i64) -> i64 {
    steady_ns().saturating_sub(now_ns())
}
