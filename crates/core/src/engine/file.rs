//! A capture file from its first packet to its last, by one worker or by several.

use super::file_config::FileConfig;
use super::follow::FollowedFrames;
use super::intake::{Intake, Polled, Source};
use super::packets::Packets;
use super::recorded::{FileReport, Progress, Recorded, run_recorded};
use super::shares::run_shared;
use super::{BatchSink, FilterMaker};
use crate::Error;
use crate::decode::DecodeConfig;
use crate::decode::app::Needs;
use crate::read::{Capture, NextFrame, TakeFrames};

/// Frames of a poll: about a batch of them.
const FRAMES_PER_POLL: usize = 1 << 12;

/// Reads a file through the policies, and each worker's batches to sinks of its own. `progress` is called now and then
/// from the calling thread; `false` stops.
pub fn run_file(
    config: &FileConfig,
    sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<FileReport, Error> {
    if let (Some(following), [path]) = (&config.following, &config.paths[..]) {
        let (decode, filter) = (config.decode.clone(), config.filter.clone());
        let frames = FollowedFrames::open(path, following.clone(), decode, filter)?;
        return run_recorded(frames, &config.policies, sinks(), progress);
    }
    let capture = Capture::open_with(&config.paths, config.patience.as_ref())?;
    if config.workers > 1 {
        run_shared(capture, config, sinks, progress)
    } else {
        let frames = Frames::new(capture, config.decode.clone(), config.filter.clone());
        run_recorded(frames, &config.policies, sinks(), progress)
    }
}

/// A capture, read and decoded frame by frame by one worker.
pub(super) struct Frames {
    capture: Capture,
    packets: Packets,
}

impl Frames {
    pub fn new(capture: Capture, decode: DecodeConfig, filter: Option<FilterMaker>) -> Self {
        Self { capture, packets: Packets::new(decode, filter) }
    }
}

impl Source for Frames {
    fn poll(&mut self, _wait_ms: i32, intake: &mut Intake) -> Result<Polled, Error> {
        let Self { capture, packets } = self;
        if !capture.give_to(&mut Taking { packets, intake })? {
            capture.check()?;
            return Ok(Polled::Ended);
        }
        Ok(Polled::Items(FRAMES_PER_POLL))
    }

    fn set_needs(&mut self, needs: &Needs) {
        self.packets.decoder.set_needs(needs);
    }

    fn finish(&mut self, intake: &mut Intake) {
        self.packets.decoder.finish(intake.batch());
    }
}

/// What a poll does with frames.
struct Taking<'a> {
    packets: &'a mut Packets,
    intake: &'a mut Intake,
}

impl TakeFrames for Taking<'_> {
    #[inline(never)] // a loop of its own, with all registers for it
    fn take_from(&mut self, frames: &mut impl NextFrame) -> Result<bool, Error> {
        for _ in 0..FRAMES_PER_POLL {
            let Some(frame) = frames.next_frame() else { return Ok(false) };
            self.packets.take(frame, self.intake)?;
        }
        Ok(true)
    }
}

impl Recorded for Frames {
    fn progress(&self) -> Progress {
        Progress::of(&self.capture, 0)
    }

    fn tell(&self, report: &mut FileReport) {
        report.damages = self.capture.damages();
        report.skipped = self.capture.skipped().to_vec();
        report.unread_links.extend(self.packets.decoder.unread_links());
    }
}
