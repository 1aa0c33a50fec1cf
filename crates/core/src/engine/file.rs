//! A capture file from its first packet to its last, by one worker or by several.
//!
//! Several workers share one reading of the file ([`Sharing`]): each gets the packets of its own flows, and all see the
//! same times at the same packets, so that together they hold what one worker would.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::intake::{Decode, Intake, Polled, Source, run_recorded};
use super::sharing::{Leaving, Sharing};
use super::{BatchSink, Filling, FilterSource, Filters, Policy, PolicyWorker};
use crate::Error;
use crate::batch::Batch;
use crate::decode::app::Needs;
use crate::decode::{DecodeConfig, Decoder};
use crate::ledger::Ledger;
use crate::read::{Capture, Chunk, FileDamage, Frame, Mark, Patience, Piece};

/// Packets between two calls of the progress function: some tens of milliseconds, also where a filter lets nothing pass.
const PACKETS_PER_REPORT: u64 = 1 << 17;

/// What is read, and what is made of it.
#[derive(Clone)]
pub struct FileConfig {
    /// Files and directories that are read as one capture; with patience FIFOs, too, and standard input where it is `-`.
    pub paths: Vec<PathBuf>,
    /// Says whether to go on waiting for what is no file. Without it only files are read.
    pub patience: Option<Patience>,
    pub decode: DecodeConfig,
    pub filter: Option<FilterSource>,
    pub policies: Vec<Arc<Policy>>,
    /// Threads that share the packets out by flow; at least one.
    pub workers: usize,
}

/// How far reading has come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// Packets read, of all workers' shares.
    pub packets: u64,
    /// Bytes of the file as it is stored.
    pub bytes_read: u64,
    pub total_bytes: Option<u64>,
}

/// What became of the file.
#[derive(Debug, Clone, Default)]
pub struct FileReport {
    pub ledger: Ledger,
    /// Where files could be read no further.
    pub damages: Vec<FileDamage>,
    /// Files of directories that were left out, in a clause each.
    pub skipped: Vec<String>,
    /// Time of the first packet.
    pub first_ns: Option<i64>,
    /// Time of the newest packet.
    pub last_ns: Option<i64>,
    /// Somebody said stop before the end.
    pub was_stopped: bool,
    /// Link types of packets that were not read for it, as far as they are few.
    pub unread_links: BTreeSet<u16>,
}

/// Reads a file through the policies, and each worker's batches to sinks of its own. `progress` is called now and then
/// from the calling thread; `false` stops.
pub fn run_file(
    config: &FileConfig,
    sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<FileReport, Error> {
    let capture = Capture::open_with(&config.paths, config.patience.as_ref())?;
    if config.workers > 1 {
        run_shared(capture, config, sinks, progress)
    } else {
        run_recorded(Frames::new(capture, config), &config.policies, sinks(), progress)
    }
}

/// A capture, read and decoded frame by frame by one worker.
struct Frames {
    capture: Capture,
    decoder: Decoder,
    filters: Filters,
}

impl Frames {
    fn new(capture: Capture, config: &FileConfig) -> Self {
        let (decoder, filters) = (Decoder::new(config.decode.clone()), Filters::new(config.filter.clone()));
        Self { capture, decoder, filters }
    }
}

impl Source for Frames {
    fn poll(&mut self, _wait_ms: i32, intake: &mut Intake) -> Result<Polled, Error> {
        for _ in 0..PACKETS_PER_REPORT {
            let Some(frame) = self.capture.next_frame() else {
                self.capture.check()?;
                return Ok(Polled::Ended);
            };
            if self.filters.passes(&frame)? {
                intake.take(&mut self.decoder, frame.time_ns, &frame);
            } else {
                intake.leave_out(frame.time_ns);
            }
        }
        Ok(Polled::Items(PACKETS_PER_REPORT as usize))
    }

    fn set_needs(&mut self, needs: &Needs) {
        self.decoder.set_needs(needs);
    }

    fn finish(&mut self, batch: &mut Batch) {
        self.decoder.finish(batch);
    }

    fn progress(&self) -> Progress {
        Progress::of(&self.capture, 0)
    }

    fn tell(&self, report: &mut FileReport) {
        report.damages = self.capture.damages();
        report.skipped = self.capture.skipped().to_vec();
        report.unread_links.extend(self.decoder.unread_links());
    }
}

impl Decode<Frame<'_>> for Decoder {
    #[inline(always)]
    fn decode(&mut self, frame: &Frame<'_>, time_ns: i64, batch: &mut Batch) {
        Decoder::decode(self, &Frame { time_ns, ..*frame }, batch);
    }

    #[inline(always)]
    fn settle(&mut self, now_ns: i64, batch: &mut Batch) {
        Decoder::settle(self, now_ns, batch);
    }
}

/// Several workers share the file; this thread is one of them, and tells the progress.
fn run_shared(
    capture: Capture,
    config: &FileConfig,
    sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<FileReport, Error> {
    let sharing = Sharing::new(capture, config);
    let shared = &sharing;
    let mut parts = std::thread::scope(|scope| {
        let others: Vec<_> = (1..config.workers)
            .map(|number| (number, sinks()))
            .map(|(number, sinks)| {
                scope.spawn(move || Part::new(config, sinks).run(number, shared, config, &mut |_| true))
            })
            .collect();
        let mut parts = vec![Part::new(config, sinks()).run(0, shared, config, progress)];
        let joined =
            others.into_iter().map(|thread| thread.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault)));
        parts.extend(joined);
        parts.into_iter().collect::<Result<Vec<_>, _>>()
    })?;
    parts[0].count_steps(sharing.take_steps());
    progress(sharing.progress());
    let capture = sharing.into_capture();
    capture.check()?;
    Ok(finish_shared(&capture, parts, config))
}

/// Ends the windows of all workers with the newest packet of any.
fn finish_shared(capture: &Capture, parts: Vec<Part>, config: &FileConfig) -> FileReport {
    let mut whole = FileReport::of(capture);
    for part in &parts {
        whole.add(part);
    }
    let end_ns = whole.last_ns.unwrap_or(0);
    for part in parts {
        whole.ledger += &part.finish(config, end_ns);
    }
    config.policies.iter().for_each(|policy| policy.end());
    whole
}

impl Progress {
    pub(super) fn of(capture: &Capture, packets: u64) -> Self {
        Self { packets, bytes_read: capture.bytes_read(), total_bytes: capture.total_bytes() }
    }
}

impl FileReport {
    /// What the reading alone tells.
    pub(super) fn of(capture: &Capture) -> Self {
        Self { damages: capture.damages(), skipped: capture.skipped().to_vec(), ..Self::default() }
    }

    /// Adds a worker's share, but for its ledger, which is complete only when it has finished.
    fn add(&mut self, part: &Part) {
        self.first_ns = self.first_ns.or(part.report.first_ns);
        self.last_ns = self.last_ns.max(part.report.first_ns.map(|_| part.newest_ns));
        self.was_stopped |= part.report.was_stopped;
        self.unread_links.extend(part.decoder.unread_links());
    }
}

/// What a worker does with the frames that it takes; apart from the reader, which lends the frames out.
struct Part {
    decoder: Decoder,
    filters: Filters,
    filling: Filling,
    policies: Vec<PolicyWorker>,
    sinks: Vec<Box<dyn BatchSink>>,
    /// Time of the newest packet.
    newest_ns: i64,
    report: FileReport,
}

impl Part {
    fn new(config: &FileConfig, sinks: Vec<Box<dyn BatchSink>>) -> Self {
        let mut decode = config.decode.clone();
        config.policies.iter().for_each(|policy| decode.needs.extend(&policy.plan().needs));
        if !sinks.is_empty() {
            decode.needs.extend(&Needs::all());
        }
        Self {
            decoder: Decoder::new(decode),
            filters: Filters::new(config.filter.clone()),
            filling: Filling::new(),
            policies: Vec::new(),
            sinks,
            newest_ns: i64::MIN,
            report: FileReport::default(),
        }
    }

    /// Takes one worker's share of a file. Said to stop, it has no more read, and takes what was.
    fn run(
        mut self,
        worker: usize,
        sharing: &Sharing,
        config: &FileConfig,
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Self, Error> {
        let _leaving = Leaving { sharing, worker };
        let (mut done, mut packets) = (None, 0_u64);
        while let Some(chunk) = sharing.next(worker, done.take()) {
            self.take_share(&chunk, worker, sharing, config)?;
            let reports = packets / PACKETS_PER_REPORT;
            packets += chunk.frames();
            let is_due = packets / PACKETS_PER_REPORT > reports;
            if is_due && !self.report.was_stopped && !progress(sharing.progress()) {
                self.report.was_stopped = true;
                sharing.end();
            }
            done = Some(chunk);
        }
        if !self.policies.is_empty() {
            self.flush(); // here, where the others do theirs at the same time
        }
        Ok(self)
    }

    #[inline(never)] // a loop of its own, with all registers for it
    fn take_share(
        &mut self,
        chunk: &Chunk,
        worker: usize,
        sharing: &Sharing,
        config: &FileConfig,
    ) -> Result<(), Error> {
        for piece in chunk.share(worker) {
            match piece {
                Piece::Frame(frame) => {
                    if self.passes(&frame)? {
                        self.newest_ns = self.newest_ns.max(frame.time_ns);
                        self.decode(&frame);
                    }
                }
                Piece::Mark(mark) => self.pass_mark(mark, worker, sharing, config),
            }
        }
        Ok(())
    }

    /// A packet of this time, perhaps another worker's, starts or ends a window. The workers end it together: what
    /// comes later is compared with the whole window, and not with a worker's share of it.
    #[cold]
    fn pass_mark(&mut self, mark: Mark, worker: usize, sharing: &Sharing, config: &FileConfig) {
        self.come_to(mark, config);
        sharing.meet(worker);
        self.policies.iter_mut().for_each(|policy| policy.advance(mark.time_ns));
        sharing.meet(worker);
        self.policies.iter_mut().for_each(PolicyWorker::remember_whole);
    }

    /// Starts the windows, or gives those that may end what belongs to them.
    fn come_to(&mut self, mark: Mark, config: &FileConfig) {
        if self.report.first_ns.is_none() {
            self.report.first_ns = Some(mark.time_ns);
            self.start(mark.time_ns, config);
            self.policies.iter_mut().for_each(|policy| policy.correct_open(mark.correction_ns));
        }
        self.newest_ns = self.newest_ns.max(mark.time_ns);
        self.flush();
        self.policies.iter_mut().for_each(|policy| policy.correct(mark.correction_ns));
    }

    /// `false` where the filter drops the frame, which is counted.
    #[inline(always)]
    fn passes(&mut self, frame: &Frame<'_>) -> Result<bool, Error> {
        let passes = self.filters.passes(frame)?;
        if !passes {
            let ledger = &mut self.filling.batch.ledger;
            ledger.seen += 1;
            ledger.filtered += 1;
        }
        Ok(passes)
    }

    #[inline(always)]
    fn decode(&mut self, frame: &Frame<'_>) {
        self.filling.batch.ledger.seen += 1;
        self.decoder.decode(frame, &mut self.filling.batch);
        if self.filling.batch.is_full() {
            self.flush();
        }
    }

    fn count_steps(&mut self, steps: u64) {
        self.filling.batch.ledger.time_steps += steps;
    }

    fn start(&mut self, time_ns: i64, config: &FileConfig) {
        self.policies = config.policies.iter().map(|policy| policy.worker(time_ns, false)).collect();
    }

    fn flush(&mut self) {
        self.decoder.settle(self.newest_ns, &mut self.filling.batch);
        self.report.ledger += &self.filling.flush(self.policies.iter_mut(), &mut self.sinks);
    }

    /// Ends the last window at the time of the input's newest packet.
    fn finish(mut self, config: &FileConfig, end_ns: i64) -> Ledger {
        if self.policies.is_empty() {
            self.start(0, config); // an empty file still has its (empty) window
        }
        self.decoder.finish(&mut self.filling.batch);
        self.flush();
        self.policies.iter_mut().for_each(|policy| policy.finish(end_ns));
        self.report.ledger
    }
}
