//! Files of dnstap messages.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Messages, Taking};
use crate::Error;
use crate::decode::app::Needs;
use crate::decode::dnstap::CONTENT_TYPE;
use crate::engine::intake::{Intake, Polled, Source};
use crate::engine::{BatchSink, FileReport, Policy, Progress, Recorded, run_recorded};
use crate::read::{FileDamage, FrameStreamReader, Patience};

/// Messages of a poll: about a batch of them.
const MESSAGES_PER_POLL: usize = 1 << 12;

/// What is read, and which of it counts.
#[derive(Clone)]
pub struct DnstapConfig {
    /// Files that are read one after the other; with patience FIFOs, too, and standard input where it is `-`.
    pub paths: Vec<PathBuf>,
    /// Says whether to go on waiting for what is no file. Without it only files are read.
    pub patience: Option<Patience>,
    pub taking: Taking,
}

/// Reads dnstap files through policies, see [`run_recorded`].
///
/// # Errors
/// When a file can't be opened or is no frame stream of dnstap.
pub fn run_dnstap(
    config: &DnstapConfig,
    policies: &[Arc<Policy>],
    sinks: Vec<Box<dyn BatchSink>>,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<FileReport, Error> {
    run_recorded(DnstapFiles::open(config)?, policies, sinks, progress)
}

/// Tells whether the files can be opened, and are frame streams of dnstap.
///
/// # Errors
/// As [`run_dnstap`].
pub fn check_dnstap(config: &DnstapConfig) -> Result<(), Error> {
    DnstapFiles::open(config).map(|_| ())
}

/// Files, one after the other.
pub(in crate::engine) struct DnstapFiles {
    readers: Vec<FrameStreamReader>,
    /// The one that is being read.
    at: usize,
    messages: Messages,
    /// The time of the newest message, which one without a time counts as of.
    newest_ns: i64,
}

impl DnstapFiles {
    pub fn open(config: &DnstapConfig) -> Result<Self, Error> {
        let open = |path: &PathBuf| FrameStreamReader::open(path, config.patience.as_ref(), CONTENT_TYPE);
        let readers = config.paths.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { readers, at: 0, messages: Messages::new(&config.taking), newest_ns: 0 })
    }
}

impl Source for DnstapFiles {
    fn poll(&mut self, _wait_ms: i32, intake: &mut Intake) -> Result<Polled, Error> {
        let mut messages = 0;
        while let Some(reader) = self.readers.get_mut(self.at) {
            match reader.next_frame() {
                Some(content) => self.messages.take(content, intake, |told| {
                    let time_ns = told.unwrap_or(self.newest_ns);
                    self.newest_ns = self.newest_ns.max(time_ns);
                    time_ns
                }),
                None => self.at += 1,
            }
            messages += 1;
            if messages == MESSAGES_PER_POLL {
                return Ok(Polled::Items(messages));
            }
        }
        Ok(Polled::Ended)
    }

    fn set_needs(&mut self, needs: &Needs) {
        self.messages.set_needs(needs);
    }
}

impl Recorded for DnstapFiles {
    fn progress(&self) -> Progress {
        Progress {
            packets: 0,
            bytes_read: self.readers.iter().map(FrameStreamReader::bytes_read).sum(),
            total_bytes: self.readers.iter().map(FrameStreamReader::total_bytes).sum(),
        }
    }

    fn tell(&self, report: &mut FileReport) {
        let damage = |reader: &FrameStreamReader| {
            Some(FileDamage { file: reader.name().to_owned(), damage: reader.damage()?.clone() })
        };
        report.damages.extend(self.readers.iter().filter_map(damage));
    }
}
