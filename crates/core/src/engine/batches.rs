//! A recording as batches, for those who want the rows themselves.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::dnstap::{DnstapConfig, DnstapFiles};
use super::file::Frames;
use super::intake::{Intake, Polled};
use super::recorded::Recorded;
use super::{BatchSink, FileReport, FilterMaker};
use crate::Error;
use crate::decode::Batch;
use crate::decode::DecodeConfig;
use crate::read::{Capture, Patience};

/// Reads a recording batch by batch, when asked to, with every column filled and time stamps as they are.
pub struct BatchReader {
    source: Box<dyn Recorded + Send>,
    intake: Intake,
    ready: Ready,
    report: FileReport,
    has_ended: bool,
    /// It ends soon after so many packets.
    most_packets: u64,
}

/// Batches that nobody has asked for yet: those of one poll.
#[derive(Clone, Default)]
struct Ready(Arc<Mutex<VecDeque<Arc<Batch>>>>);

impl Ready {
    fn pop(&self) -> Option<Arc<Batch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl BatchSink for Ready {
    fn take(&mut self, batch: &Arc<Batch>) {
        if batch.has_rows() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(Arc::clone(batch));
        }
    }
}

impl BatchReader {
    /// Opens files and directories as one capture; with patience also what may let wait, see [`Capture::open_with`].
    ///
    /// # Errors
    /// When one can't be opened or is no capture file.
    pub fn open(
        paths: &[PathBuf],
        patience: Option<&Patience>,
        decode: DecodeConfig,
        filter: Option<FilterMaker>,
    ) -> Result<Self, Error> {
        let capture = Capture::open_with(paths, patience)?;
        let report = FileReport::of(&capture);
        Ok(Self { report, ..Self::of(Box::new(Frames::new(capture, decode, filter))) })
    }

    /// Opens files of dnstap messages, one after the other.
    ///
    /// # Errors
    /// When one can't be opened or is no frame stream of dnstap.
    pub fn open_dnstap(config: &DnstapConfig) -> Result<Self, Error> {
        Ok(Self::of(Box::new(DnstapFiles::open(config)?)))
    }

    fn of(mut source: Box<dyn Recorded + Send>) -> Self {
        let ready = Ready::default();
        let intake = Intake::led(&[], vec![Box::new(ready.clone())]);
        source.set_needs(&intake.needs());
        Self { source, intake, ready, report: FileReport::default(), has_ended: false, most_packets: u64::MAX }
    }

    /// Lets it end soon after so many packets, whether they made rows or not.
    pub fn end_after(&mut self, packets: u64) {
        self.most_packets = packets;
    }

    /// The next batch; `None` at the end of the file, where [`Self::report`] tells of damage, or once `go_on` said
    /// `false`.
    ///
    /// # Errors
    /// When the filter can't be made for the link type of a frame, or more files overlap than may be open. Nothing more is
    /// read then.
    pub fn next_batch(&mut self, go_on: &mut dyn FnMut() -> bool) -> Result<Option<Arc<Batch>>, Error> {
        loop {
            let next = self.ready.pop();
            if next.is_some() || self.has_ended {
                return Ok(next);
            }
            match self.source.poll(0, &mut self.intake) {
                Ok(Polled::Items(_)) if self.seen() < self.most_packets && go_on() => {}
                Ok(Polled::Items(_)) => {
                    self.report.was_stopped = true;
                    self.end();
                }
                Ok(Polled::Ended) => {
                    self.source.finish(&mut self.intake);
                    self.end();
                    self.source.tell(&mut self.report);
                }
                Err(fault) => {
                    self.end();
                    self.ready.clear();
                    return Err(fault);
                }
            }
            self.report.ledger += &self.intake.take_ledger();
        }
    }

    /// Packets so far, also those that made no rows and so no batch.
    fn seen(&mut self) -> u64 {
        self.report.ledger.seen + self.intake.batch().ledger.seen
    }

    /// Nothing more is read; what was is handed on.
    fn end(&mut self) {
        self.has_ended = true;
        self.intake.flush();
        self.report.ledger += &self.intake.take_ledger();
        (self.report.first_ns, self.report.last_ns) = self.intake.span_ns();
    }

    /// What became of the file so far.
    pub fn report(&self) -> &FileReport {
        &self.report
    }
}
