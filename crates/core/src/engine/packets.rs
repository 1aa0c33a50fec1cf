//! Frames into rows: the input's filter, and the decoder.

use super::FilterMaker;
use super::intake::{Decode, Intake};
use crate::Error;
use crate::decode::Batch;
use crate::decode::{DecodeConfig, Decoder};
use crate::filter::FilterProgram;
use crate::frame::Frame;

/// What a worker does with frames, wherever they come from.
pub(super) struct Packets {
    pub decoder: Decoder,
    filters: Filters,
}

impl Packets {
    pub fn new(decode: DecodeConfig, filter: Option<FilterMaker>) -> Self {
        Self { decoder: Decoder::new(decode), filters: Filters::new(filter) }
    }

    /// Takes a frame in, or leaves it out: tells whether it passed the filter.
    ///
    /// # Errors
    /// When the filter can't be made for the link type of the frame.
    #[inline(always)]
    pub fn take(&mut self, frame: Frame<'_>, intake: &mut Intake) -> Result<bool, Error> {
        // A filter gets a copy: without one the frame itself needs no place in memory.
        let passes = self.filters.are_none() || self.filters.pass(&{ frame })?;
        if passes {
            intake.take(&mut self.decoder, frame.time_ns, &frame);
        } else {
            intake.leave_out(frame.time_ns);
        }
        Ok(passes)
    }

    /// Hands on what there is.
    pub fn hand_on(&mut self, intake: &mut Intake) {
        intake.hand_on::<Frame<'_>>(&mut self.decoder);
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

/// Filters by link type, compiled when first met.
pub(super) struct Filters {
    source: Option<FilterMaker>,
    programs: Vec<(u16, Option<FilterProgram>)>,
}

impl Filters {
    pub fn new(source: Option<FilterMaker>) -> Self {
        Self { source, programs: Vec::new() }
    }

    /// Whether everything passes.
    #[inline(always)]
    pub fn are_none(&self) -> bool {
        self.source.is_none()
    }

    /// Tells whether a frame passes.
    ///
    /// # Errors
    /// When the filter can't be made for the link type of the frame.
    pub fn pass(&mut self, frame: &Frame<'_>) -> Result<bool, Error> {
        let Some(source) = &self.source else { return Ok(true) };
        let known = self.programs.iter().position(|(link_type, _)| *link_type == frame.link_type);
        let at = match known {
            Some(at) => at,
            None => {
                self.programs.push((frame.link_type, source(frame.link_type)?));
                self.programs.len() - 1
            }
        };
        Ok(self.programs[at].1.as_ref().is_none_or(|program| program.matches(frame.data, frame.wire_bytes)))
    }
}
