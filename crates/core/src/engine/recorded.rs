//! Recordings: sources with an end, read from their first item to their last.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::intake::{Intake, Polled, Source};
use super::{BatchSink, Policy};
use crate::Error;
use crate::ledger::Ledger;
use crate::read::{Capture, FileDamage};

/// Items between two calls of the progress function: some tens of milliseconds, also where a filter lets nothing pass.
pub(super) const ITEMS_PER_REPORT: u64 = 1 << 17;

/// A source that plays something back.
pub trait Recorded: Source {
    /// How far it has come; items are counted by the intake.
    fn progress(&self) -> Progress;

    /// Adds what it has to say at the end: damage, files that were left out.
    fn tell(&self, report: &mut FileReport);
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

impl Progress {
    pub(super) fn of(capture: &Capture, packets: u64) -> Self {
        Self { packets, bytes_read: capture.bytes_read(), total_bytes: capture.total_bytes() }
    }
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

impl FileReport {
    /// What the reading alone tells.
    pub(super) fn of(capture: &Capture) -> Self {
        Self { damages: capture.damages(), skipped: capture.skipped().to_vec(), ..Self::default() }
    }
}

/// Reads a recording through policies from its first item to its last. `progress` is called now and then; `false` stops.
///
/// # Errors
/// When the source says that it can't go on.
pub fn run_recorded(
    mut source: impl Recorded,
    policies: &[Arc<Policy>],
    sinks: Vec<Box<dyn BatchSink>>,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<FileReport, Error> {
    let mut intake = Intake::recorded(policies, sinks);
    source.set_needs(&intake.needs());
    let mut report = FileReport::default();
    let mut due = ITEMS_PER_REPORT;
    while source.poll(0, &mut intake)? != Polled::Ended {
        if intake.items() < due {
            continue;
        }
        due = intake.items() + ITEMS_PER_REPORT;
        if !progress(Progress { packets: intake.items(), ..source.progress() }) {
            report.was_stopped = true;
            break;
        }
    }
    progress(Progress { packets: intake.items(), ..source.progress() });
    source.finish(&mut intake);
    (report.first_ns, report.last_ns) = intake.span_ns();
    intake.finish(report.last_ns.unwrap_or(0));
    report.ledger += &intake.take_ledger();
    source.tell(&mut report);
    drop(intake); // whose windows are open as long as it is there
    policies.iter().for_each(|policy| policy.end());
    Ok(report)
}
