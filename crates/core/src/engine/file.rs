//! A capture file from its first packet to its last.
//!
//! Each worker reads the whole file and takes the packets of its own flows: walking past a packet costs a tenth of
//! decoding it, and every worker sees the time go by, so that all end their windows at the same packets.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{BatchSink, Filling, FilterSource, Filters, Policy, PolicyWorker};
use crate::Error;
use crate::decode::app::Needs;
use crate::decode::{DecodeConfig, Decoder, flow_of};
use crate::ledger::Ledger;
use crate::read::{CaptureReader, Damage, Frame};

/// Batches between two calls of the progress function: some tens of milliseconds.
const BATCHES_PER_REPORT: u32 = 64;

/// What is read, and what is made of it.
#[derive(Clone)]
pub struct FileConfig {
    /// The file; standard input where it is `-`.
    pub path: PathBuf,
    pub decode: DecodeConfig,
    pub filter: Option<FilterSource>,
    pub policies: Vec<Arc<Policy>>,
    /// Threads that share the packets out by flow; standard input is read by one.
    pub workers: usize,
}

/// How far the first worker has come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// Packets passed, of all workers' shares.
    pub packets: u64,
    /// Bytes of the file as it is stored.
    pub bytes_read: u64,
    pub total_bytes: Option<u64>,
}

/// What became of the file.
#[derive(Debug, Clone, Default)]
pub struct FileReport {
    pub ledger: Ledger,
    pub damage: Option<Damage>,
    pub first_ns: Option<i64>,
    pub last_ns: Option<i64>,
    /// Somebody said stop before the end.
    pub was_stopped: bool,
}

/// Reads a file through the policies, and each worker's batches to sinks of its own. `progress` is called now and then
/// from the first worker; `false` stops.
pub fn run_file(
    config: &FileConfig,
    sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    progress: &mut (dyn FnMut(Progress) -> bool + Send),
) -> Result<FileReport, Error> {
    let workers = if config.path.as_os_str() == "-" { 1 } else { config.workers.max(1) };
    let reports = std::thread::scope(|scope| {
        let others: Vec<_> = (1..workers)
            .map(|number| (number, sinks()))
            .map(|(number, sinks)| {
                scope.spawn(move || Worker::open(config, number, workers, sinks)?.run(&mut |_| true))
            })
            .collect();
        let mut reports = vec![Worker::open(config, 0, workers, sinks()).and_then(|worker| worker.run(progress))];
        let joined =
            others.into_iter().map(|thread| thread.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault)));
        reports.extend(joined);
        reports
    });
    for policy in &config.policies {
        policy.store().end();
    }
    let mut whole = FileReport::default();
    for report in reports {
        let report = report?;
        whole.ledger += &report.ledger;
        whole.damage = whole.damage.or(report.damage);
        whole.first_ns = whole.first_ns.or(report.first_ns);
        whole.last_ns = whole.last_ns.max(report.last_ns);
        whole.was_stopped |= report.was_stopped;
    }
    Ok(whole)
}

/// Opens a capture file; standard input where the path is `-`.
pub(super) fn open(path: &Path) -> Result<CaptureReader, Error> {
    if path.as_os_str() == "-" {
        CaptureReader::from_read(Box::new(std::io::stdin()), "standard input")
    } else {
        CaptureReader::open(path)
    }
}

/// One worker's way through the file.
struct Worker<'a> {
    config: &'a FileConfig,
    number: usize,
    workers: usize,
    reader: CaptureReader,
    part: Part,
}

/// What a worker does with the frames that it takes; apart from the reader, which lends the frames out.
struct Part {
    decoder: Decoder,
    filters: Filters,
    filling: Filling,
    policies: Vec<PolicyWorker>,
    sinks: Vec<Box<dyn BatchSink>>,
    /// From this time on some policy's window is over.
    next_ns: i64,
    report: FileReport,
}

impl<'a> Worker<'a> {
    fn open(
        config: &'a FileConfig,
        number: usize,
        workers: usize,
        sinks: Vec<Box<dyn BatchSink>>,
    ) -> Result<Self, Error> {
        let mut decode = config.decode.clone();
        let mut needs = Needs::default();
        config.policies.iter().for_each(|policy| needs.extend(&policy.plan().needs));
        if !sinks.is_empty() {
            needs.extend(&Needs::all());
        }
        decode.needs.extend(&needs);
        let part = Part {
            decoder: Decoder::new(decode),
            filters: Filters::new(config.filter.clone()),
            filling: Filling::new(),
            policies: Vec::new(),
            sinks,
            next_ns: i64::MAX,
            report: FileReport::default(),
        };
        Ok(Self { config, number, workers, reader: open(&config.path)?, part })
    }

    fn run(mut self, progress: &mut (dyn FnMut(Progress) -> bool + Send)) -> Result<FileReport, Error> {
        let (mut packets, mut batches) = (0_u64, 0_u32);
        let seed = self.config.decode.seed;
        while let Some(frame) = self.reader.next_frame() {
            packets += 1;
            let is_mine = self.workers == 1 || flow_of(&frame, seed) % self.workers as u64 == self.number as u64;
            if !self.part.take(&frame, is_mine, self.config)? {
                continue;
            }
            batches += 1;
            if batches % BATCHES_PER_REPORT == 0 {
                let (bytes_read, total_bytes) = (self.reader.bytes_read(), self.reader.total_bytes());
                if !progress(Progress { packets, bytes_read, total_bytes }) {
                    self.part.report.was_stopped = true;
                    break;
                }
            }
        }
        let (bytes_read, total_bytes) = (self.reader.bytes_read(), self.reader.total_bytes());
        progress(Progress { packets, bytes_read, total_bytes });
        self.part.report.damage = self.reader.damage().cloned();
        Ok(self.part.finish(self.config))
    }
}

impl Part {
    /// Takes a frame; tells whether a batch went through the plans.
    #[inline]
    fn take(&mut self, frame: &Frame<'_>, is_mine: bool, config: &FileConfig) -> Result<bool, Error> {
        if !is_mine && !self.filters.passes(frame)? {
            return Ok(false);
        }
        if is_mine && !self.decode_filtered(frame, config)? {
            return Ok(false);
        }
        if !is_mine {
            self.see_time(frame.time_ns, config);
            if frame.time_ns >= self.next_ns {
                self.flush();
                self.policies.iter_mut().for_each(|policy| policy.advance(frame.time_ns));
                self.next_ns = self.policies.iter().map(PolicyWorker::next_ns).min().unwrap_or(i64::MAX);
            }
            return Ok(false);
        }
        let is_full = self.filling.batch.is_full();
        if is_full {
            self.flush();
        }
        Ok(is_full)
    }

    /// `false` where the filter drops the frame.
    #[inline]
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
    #[inline]
    fn see_time(&mut self, time_ns: i64, config: &FileConfig) {
        if self.report.first_ns.is_none() {
            self.report.first_ns = Some(time_ns);
            self.start(time_ns, config);
        }
        self.report.last_ns = Some(time_ns);
    }

    fn start(&mut self, time_ns: i64, config: &FileConfig) {
        self.policies = config.policies.iter().map(|policy| policy.worker(time_ns, false)).collect();
        self.next_ns = self.policies.iter().map(PolicyWorker::next_ns).min().unwrap_or(i64::MAX);
    }

    fn flush(&mut self) {
        self.report.ledger += &self.filling.batch.ledger;
        self.filling.flush(self.policies.iter_mut(), &mut self.sinks);
        self.next_ns = self.policies.iter().map(PolicyWorker::next_ns).min().unwrap_or(i64::MAX);
    }

    fn finish(mut self, config: &FileConfig) -> FileReport {
        if self.policies.is_empty() {
            self.start(0, config); // an empty file still has its (empty) window
        }
        self.flush();
        let end_ns = self.report.last_ns.unwrap_or(0);
        self.policies.iter_mut().for_each(|policy| policy.finish(end_ns));
        self.report
    }
}
