//! A capture file that grows, or a directory of such, through policies: in packet time, as any recording, until somebody
//! has enough of it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::FilterMaker;
use super::intake::{Intake, Polled, Source};
use super::packets::Packets;
use super::recorded::{FileReport, Progress, Recorded};
use crate::Error;
use crate::decode::DecodeConfig;
use crate::decode::app::Needs;
use crate::ledger::Ledger;
use crate::read::{Followed, Patience};

/// Frames of a poll.
const FRAMES_PER_POLL: usize = 1 << 12;
/// Between two looks whether there is more.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What is told of the reading while it goes on, and whether it is to.
#[derive(Clone)]
pub struct Following {
    pub patience: Patience,
    told: Arc<Mutex<Told>>,
}

#[derive(Default)]
struct Told {
    ledger: Ledger,
    news: Vec<String>,
}

impl Following {
    /// Goes on as long as `patience` says so.
    pub fn new(patience: Patience) -> Self {
        Self { patience, told: Arc::default() }
    }

    /// What became of the packets so far.
    pub fn ledger(&self) -> Ledger {
        self.told().ledger.clone()
    }

    /// What happened since the last call: files that were replaced, cut, or left out, in a clause each.
    pub fn take_news(&self) -> Vec<String> {
        std::mem::take(&mut self.told().news)
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The frames of it, decoded by one worker.
pub(super) struct FollowedFrames {
    followed: Followed,
    packets: Packets,
    following: Following,
}

impl FollowedFrames {
    /// # Errors
    /// See [`Followed::open`].
    pub fn open(
        path: &Path,
        following: Following,
        decode: DecodeConfig,
        filter: Option<FilterMaker>,
    ) -> Result<Self, Error> {
        Ok(Self { followed: Followed::open(path)?, packets: Packets::new(decode, filter), following })
    }

    fn publish(&mut self, intake: &mut Intake) {
        let news = self.followed.take_news();
        let mut told = self.following.told();
        told.ledger += &intake.take_ledger();
        told.news.extend(news);
    }
}

impl Source for FollowedFrames {
    fn poll(&mut self, _wait_ms: i32, intake: &mut Intake) -> Result<Polled, Error> {
        let Self { followed, packets, .. } = self;
        let given = followed.give(FRAMES_PER_POLL, &mut |frame| packets.take(frame, intake).map(drop))?;
        let is_behind = given == FRAMES_PER_POLL;
        if !is_behind {
            packets.hand_on(intake);
        }
        self.publish(intake);
        if !(self.following.patience)() {
            return Ok(Polled::Ended);
        }
        if !is_behind {
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(Polled::Items(given))
    }

    fn set_needs(&mut self, needs: &Needs) {
        self.packets.decoder.set_needs(needs);
    }

    fn finish(&mut self, intake: &mut Intake) {
        self.packets.decoder.finish(intake.batch());
    }
}

impl Recorded for FollowedFrames {
    fn progress(&self) -> Progress {
        Progress { packets: 0, bytes_read: self.followed.bytes_read(), total_bytes: None }
    }

    fn tell(&self, report: &mut FileReport) {
        report.ledger += &self.following.ledger();
        report.damages = self.followed.damages();
        report.unread_links.extend(self.packets.decoder.unread_links());
    }
}
