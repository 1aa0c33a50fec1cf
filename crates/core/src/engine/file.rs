//! A capture file from its first packet to its last, by one worker or by several.
//!
//! Several workers share one reading of the file ([`Sharing`]): each gets the packets of its own flows, and all see the
//! same times at the same packets, so that together they hold what one worker would.

use std::path::PathBuf;
use std::sync::Arc;

use super::sharing::{Leaving, Sharing};
use super::{BatchSink, Filling, FilterSource, Filters, Policy, PolicyWorker};
use crate::Error;
use crate::decode::app::Needs;
use crate::decode::{DecodeConfig, Decoder};
use crate::ledger::Ledger;
use crate::read::{Capture, Chunk, FileDamage, Frame, Piece};

/// Batches between two calls of the progress function: some tens of milliseconds.
const BATCHES_PER_REPORT: u32 = 64;

/// What is read, and what is made of it.
#[derive(Clone)]
pub struct FileConfig {
    /// Files and directories that are read as one capture; standard input where it is `-`.
    pub paths: Vec<PathBuf>,
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
}

/// Reads a file through the policies, and each worker's batches to sinks of its own. `progress` is called now and then
/// from the calling thread; `false` stops.
pub fn run_file(
    config: &FileConfig,
    sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<FileReport, Error> {
    let capture = Capture::open(&config.paths)?;
    let (capture, parts) = if config.workers > 1 {
        run_shared(capture, config, sinks, progress)
    } else {
        run_alone(capture, config, sinks(), progress)
    }?;
    capture.check()?;
    let mut whole = FileReport::of(&capture);
    for part in &parts {
        whole.add(part);
    }
    let end_ns = whole.last_ns.unwrap_or(0);
    for part in parts {
        whole.ledger += &part.finish(config, end_ns);
    }
    for policy in &config.policies {
        policy.store().end();
    }
    Ok(whole)
}

/// The capture when there is no more to be read of it, and what the workers made of it.
type Outcome = Result<(Capture, Vec<Part>), Error>;

/// One worker reads and decodes, frame by frame.
fn run_alone(
    mut capture: Capture,
    config: &FileConfig,
    sinks: Vec<Box<dyn BatchSink>>,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Outcome {
    let mut part = Part::new(config, sinks);
    let (mut packets, mut batches) = (0_u64, 0_u32);
    while let Some(frame) = capture.next_frame() {
        packets += 1;
        if !part.take(&frame, config)? {
            continue;
        }
        batches += 1;
        if batches % BATCHES_PER_REPORT == 0 && !progress(Progress::of(&capture, packets)) {
            part.report.was_stopped = true;
            break;
        }
    }
    progress(Progress::of(&capture, packets));
    Ok((capture, vec![part]))
}

/// Several workers share the file; this thread is one of them, and tells the progress.
fn run_shared(
    capture: Capture,
    config: &FileConfig,
    sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Outcome {
    let sharing = Sharing::new(capture, config);
    let shared = &sharing;
    let parts = std::thread::scope(|scope| {
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
    progress(sharing.progress());
    Ok((sharing.into_capture(), parts))
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
    }
}

/// What a worker does with the frames that it takes; apart from the reader, which lends the frames out.
struct Part {
    decoder: Decoder,
    filters: Filters,
    filling: Filling,
    policies: Vec<PolicyWorker>,
    sinks: Vec<Box<dyn BatchSink>>,
    batches: u32,
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
            batches: 0,
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
        let mut done = None;
        while let Some(chunk) = sharing.next(worker, done.take()) {
            let had_batches = self.batches;
            self.take_share(&chunk, worker, sharing, config)?;
            let is_due = self.batches / BATCHES_PER_REPORT > had_batches / BATCHES_PER_REPORT;
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
                    self.take(&frame, config)?;
                }
                Piece::Mark(time_ns) => self.pass_mark(time_ns, worker, sharing, config),
            }
        }
        Ok(())
    }

    /// A packet of this time, perhaps another worker's, starts or ends a window. The workers end it together: what
    /// comes later is compared with the whole window, and not with a worker's share of it.
    #[cold]
    fn pass_mark(&mut self, time_ns: i64, worker: usize, sharing: &Sharing, config: &FileConfig) {
        self.see_time(time_ns, config);
        self.flush();
        sharing.meet(worker);
        self.policies.iter_mut().for_each(|policy| policy.advance(time_ns));
        sharing.meet(worker);
        self.policies.iter_mut().for_each(PolicyWorker::remember_whole);
    }

    /// Takes a frame; tells whether a batch went through the plans.
    #[inline(always)]
    fn take(&mut self, frame: &Frame<'_>, config: &FileConfig) -> Result<bool, Error> {
        let is_decoded = self.decode_filtered(frame, config)?;
        let is_full = is_decoded && self.filling.batch.is_full();
        if is_full {
            self.batches = self.batches.wrapping_add(1);
            self.flush();
        }
        Ok(is_full)
    }

    /// `false` where the filter drops the frame.
    #[inline(always)]
    fn decode_filtered(&mut self, frame: &Frame<'_>, config: &FileConfig) -> Result<bool, Error> {
        if !self.filters.passes(frame)? {
            self.count_filtered();
            return Ok(false);
        }
        self.see_time(frame.time_ns, config);
        let batch = &mut self.filling.batch;
        batch.ledger.seen += 1;
        self.decoder.decode(frame, batch);
        Ok(true)
    }

    fn count_filtered(&mut self) {
        let ledger = &mut self.filling.batch.ledger;
        ledger.seen += 1;
        ledger.filtered += 1;
    }

    /// The first packet starts the windows.
    #[inline(always)]
    fn see_time(&mut self, time_ns: i64, config: &FileConfig) {
        if self.report.first_ns.is_none() {
            self.report.first_ns = Some(time_ns);
            self.start(time_ns, config);
        }
        self.newest_ns = self.newest_ns.max(time_ns);
    }

    fn start(&mut self, time_ns: i64, config: &FileConfig) {
        self.policies = config.policies.iter().map(|policy| policy.worker(time_ns, false)).collect();
    }

    fn flush(&mut self) {
        self.decoder.settle(self.newest_ns, &mut self.filling.batch);
        self.report.ledger += &self.filling.batch.ledger;
        self.filling.flush(self.policies.iter_mut(), &mut self.sinks);
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
