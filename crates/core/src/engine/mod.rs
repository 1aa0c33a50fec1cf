//! Inputs at work: read or capture, decode, run the plans, keep the ledger.

mod batches;
mod budget;
mod cut;
mod dnstap;
mod file;
mod intake;
mod live;
mod lookups;
mod policy;
mod sharing;
mod timeline;

use std::sync::Arc;

pub use batches::BatchReader;
pub use budget::Budget;
pub use dnstap::{DnstapConfig, Taking, check_dnstap, run_dnstap};
pub use file::{FileConfig, FileReport, Progress, run_file};
pub use intake::{Decode, Intake, Polled, Source, run_recorded};
pub use live::{LiveConfig, LiveInput, LiveSource, LiveStatus, Recent, Usage};
pub use policy::{Policy, PolicyConfig, PolicyWorker, Taker};

use crate::Error;
use crate::batch::Batch;
use crate::filter::FilterProgram;
use crate::ledger::Ledger;

/// Takes batches as they are made, beside the plans: a handler written in Python, a data frame.
pub trait BatchSink: Send {
    fn take(&mut self, batch: &Arc<Batch>);
}

/// Compiles the input's capture filter for a link type when its first frame is met; `None` lets everything pass.
pub type FilterSource = Arc<dyn Fn(u16) -> Result<Option<FilterProgram>, Error> + Send + Sync>;

/// The batch that a worker fills, and the way it is handed on.
struct Filling {
    batch: Batch,
}

impl Filling {
    fn new() -> Self {
        Self { batch: Batch::with_room() }
    }

    /// Runs the plans over the batch, shows it to the sinks, and empties it. Gives its ledger.
    fn flush<'a>(
        &mut self,
        policies: impl Iterator<Item = &'a mut PolicyWorker>,
        sinks: &mut [Box<dyn BatchSink>],
    ) -> Ledger {
        let ledger = self.batch.complete_ledger().clone();
        if self.batch.is_empty() {
            return ledger;
        }
        for policy in policies {
            policy.process(&self.batch);
        }
        if !sinks.is_empty() {
            let shared = Arc::new(std::mem::take(&mut self.batch));
            sinks.iter_mut().for_each(|sink| sink.take(&shared));
            // Where a sink keeps the batch, the next rows go into a new one.
            self.batch = Arc::try_unwrap(shared).unwrap_or_else(|_| Batch::with_room());
        }
        self.batch.clear();
        ledger
    }
}

/// Filters by link type, compiled when first met.
struct Filters {
    source: Option<FilterSource>,
    programs: Vec<(u16, Option<FilterProgram>)>,
}

impl Filters {
    fn new(source: Option<FilterSource>) -> Self {
        Self { source, programs: Vec::new() }
    }

    #[inline(always)]
    fn passes(&mut self, frame: &crate::read::Frame<'_>) -> Result<bool, Error> {
        if self.source.is_none() { Ok(true) } else { self.run(frame) }
    }

    fn run(&mut self, frame: &crate::read::Frame<'_>) -> Result<bool, Error> {
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
