//! dnstap as a source: frame streams of messages, from files.

use std::path::PathBuf;
use std::sync::Arc;

use super::intake::{Decode, Intake, Polled, Source, run_recorded};
use super::{BatchSink, FileReport, Policy, Progress};
use crate::Error;
use crate::batch::Batch;
use crate::decode::app::Needs;
use crate::decode::dnstap::{CONTENT_TYPE, Decoder, Tap};
use crate::decode::hosts::Hosts;
use crate::read::{FileDamage, FrameStreamReader, Patience};

/// Messages between two calls of the progress function: some tens of milliseconds.
const MESSAGES_PER_POLL: usize = 1 << 16;

/// What is read, and which of it counts.
#[derive(Clone)]
pub struct DnstapConfig {
    /// Files that are read one after the other; with patience FIFOs, too, and standard input where it is `-`.
    pub paths: Vec<PathBuf>,
    /// Says whether to go on waiting for what is no file. Without it only files are read.
    pub patience: Option<Patience>,
    pub taking: Taking,
}

/// How messages are taken, wherever they come from.
#[derive(Debug, Clone, Default)]
pub struct Taking {
    /// Only messages with an end in these networks count; all where there is nothing.
    pub only_hosts: Option<Hosts>,
    /// Random per process.
    pub seed: u64,
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

/// Takes messages in, whatever they come from.
struct Messages {
    decoder: Decoder,
    only_hosts: Option<Hosts>,
    /// The time of the newest message, which one without a time counts as of.
    newest_ns: i64,
}

impl Messages {
    fn new(taking: &Taking) -> Self {
        Self { decoder: Decoder::new(taking.seed), only_hosts: taking.only_hosts.clone(), newest_ns: 0 }
    }

    /// Takes in the content of one data frame.
    fn take(&mut self, content: &[u8], intake: &mut Intake) {
        let tap = match Tap::read(content) {
            Ok(tap) => tap,
            Err(reason) => return intake.count_malformed(reason),
        };
        let time_ns = tap.time_ns().unwrap_or(self.newest_ns);
        self.newest_ns = self.newest_ns.max(time_ns);
        match &self.only_hosts {
            Some(networks) if !tap.is_of(networks) => intake.leave_out(time_ns),
            _ => intake.take(&mut self.decoder, time_ns, &tap),
        }
    }
}

impl Decode<Tap<'_>> for Decoder {
    fn decode(&mut self, tap: &Tap<'_>, time_ns: i64, batch: &mut Batch) {
        Decoder::decode(self, tap, time_ns, batch);
    }
}

/// Files, one after the other.
struct DnstapFiles {
    readers: Vec<FrameStreamReader>,
    /// The one that is being read.
    at: usize,
    messages: Messages,
}

impl DnstapFiles {
    fn open(config: &DnstapConfig) -> Result<Self, Error> {
        let open = |path: &PathBuf| FrameStreamReader::open(path, config.patience.as_ref(), CONTENT_TYPE);
        let readers = config.paths.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { readers, at: 0, messages: Messages::new(&config.taking) })
    }
}

impl Source for DnstapFiles {
    fn poll(&mut self, _wait_ms: i32, intake: &mut Intake) -> Result<Polled, Error> {
        let mut messages = 0;
        while let Some(reader) = self.readers.get_mut(self.at) {
            match reader.next_frame() {
                Some(content) => self.messages.take(content, intake),
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
        self.messages.decoder.set_needs(needs);
    }

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
