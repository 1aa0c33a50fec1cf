//! A capture as batches, for those who want the packets themselves.

use std::path::PathBuf;
use std::sync::Arc;

use super::{FileReport, FilterSource, Filters};
use crate::Error;
use crate::batch::{Batch, Table};
use crate::decode::app::Needs;
use crate::decode::{DecodeConfig, Decoder};
use crate::read::{Capture, Frame, Patience};

/// Batches that were handed out and are filled again once nobody else holds them.
const MOST_SPARES: usize = 4;

/// Frames between two looks whether to go on: some milliseconds, also where a filter lets nothing pass.
const FRAMES_PER_LOOK: u64 = 1 << 14;

/// Reads a capture batch by batch, when asked to, with every column filled.
pub struct BatchReader {
    capture: Capture,
    part: Part,
    spares: Vec<Arc<Batch>>,
    has_ended: bool,
}

/// What is done with frames; apart from the reader, which lends them out.
struct Part {
    decoder: Decoder,
    filters: Filters,
    report: FileReport,
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
        filter: Option<FilterSource>,
    ) -> Result<Self, Error> {
        let decoder = Decoder::new(DecodeConfig { needs: Needs::all(), ..decode });
        let capture = Capture::open_with(paths, patience)?;
        let part = Part { decoder, filters: Filters::new(filter), report: FileReport::of(&capture) };
        Ok(Self { capture, part, spares: Vec::new(), has_ended: false })
    }

    /// The next batch; `None` at the end of the file, where [`Self::report`] tells of damage, or once `go_on` said
    /// `false`.
    ///
    /// # Errors
    /// When the filter can't be made for the link type of a frame, or more files overlap than may be open. Nothing more is
    /// read then.
    pub fn next_batch(&mut self, go_on: &mut dyn FnMut() -> bool) -> Result<Option<Arc<Batch>>, Error> {
        let mut batch = self.spare();
        let filling = Arc::get_mut(&mut batch).expect("nobody else holds it");
        let filled = self.fill(filling, go_on);
        self.part.report.ledger += filling.complete_ledger();
        self.has_ended |= filled.is_err();
        filled?;
        if batch.packets.is_empty() && batch.apps.longest() == 0 && batch.flows.is_empty() {
            return Ok(None);
        }
        if self.spares.len() < MOST_SPARES {
            self.spares.push(Arc::clone(&batch));
        }
        Ok(Some(batch))
    }

    fn fill(&mut self, batch: &mut Batch, go_on: &mut dyn FnMut() -> bool) -> Result<(), Error> {
        while !self.has_ended && !batch.is_full() {
            let Some(frame) = self.capture.next_frame() else {
                self.has_ended = true;
                self.part.report.damages = self.capture.damages();
                self.part.decoder.finish(batch);
                self.part.report.unread_links = self.part.decoder.unread_links().clone();
                return self.capture.check();
            };
            self.part.take(&frame, batch)?;
            if batch.ledger.seen.is_multiple_of(FRAMES_PER_LOOK) && !go_on() {
                self.has_ended = true;
                self.part.report.was_stopped = true;
            }
        }
        if let Some(last_ns) = self.part.report.last_ns {
            self.part.decoder.settle(last_ns, batch);
        }
        Ok(())
    }

    /// An empty batch that nobody else holds.
    fn spare(&mut self) -> Arc<Batch> {
        let free = self.spares.iter_mut().position(|batch| Arc::get_mut(batch).is_some());
        let Some(at) = free else { return Arc::new(Batch::with_room()) };
        let mut batch = self.spares.swap_remove(at);
        Arc::get_mut(&mut batch).expect("nobody else holds it").clear();
        batch
    }

    /// What became of the file so far.
    pub fn report(&self) -> &FileReport {
        &self.part.report
    }
}

impl Part {
    fn take(&mut self, frame: &Frame<'_>, batch: &mut Batch) -> Result<(), Error> {
        let passes = self.filters.passes(frame)?;
        batch.ledger.seen += 1;
        if !passes {
            batch.ledger.filtered += 1;
            return Ok(());
        }
        self.report.first_ns.get_or_insert(frame.time_ns);
        self.report.last_ns = Some(frame.time_ns);
        self.decoder.decode(frame, batch);
        Ok(())
    }
}
