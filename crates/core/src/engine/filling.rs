//! The batch that a worker fills, and the way it is handed on.

use std::sync::Arc;

use super::{BatchSink, PolicyWorker};
use crate::decode::{BATCH_ROWS, Batch};
use crate::ledger::Ledger;
use crate::table::Table;

/// Batches that sinks keep and that are filled again once nobody holds them.
const MOST_SPARES: usize = 4;

/// The batch that a worker fills, and those that it has filled before.
pub(super) struct Filling {
    pub batch: Batch,
    kept: Vec<Arc<Batch>>,
}

impl Filling {
    pub fn new() -> Self {
        Self { batch: Batch::with_room(BATCH_ROWS), kept: Vec::new() }
    }

    /// Runs the plans over the batch, shows it to the sinks, and empties it. Gives its ledger.
    pub fn flush<'a>(
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
            self.show(sinks);
        }
        self.batch.clear();
        ledger
    }

    /// Shows the batch to the sinks. Where one keeps it, the next rows go into another.
    fn show(&mut self, sinks: &mut [Box<dyn BatchSink>]) {
        let shared = Arc::new(std::mem::take(&mut self.batch));
        sinks.iter_mut().for_each(|sink| sink.take(&shared));
        self.batch = Arc::try_unwrap(shared).unwrap_or_else(|shared| {
            let spare = self.spare(shared.packets.len());
            if self.kept.len() < MOST_SPARES {
                self.kept.push(shared);
            }
            spare
        });
    }

    /// A batch that nobody holds any more, or a new one with room for so many packets: many that are kept and hold little
    /// must not take the memory of as many full ones.
    fn spare(&mut self, packets: usize) -> Batch {
        let free = self.kept.iter_mut().position(|batch| Arc::get_mut(batch).is_some());
        let spare = free.and_then(|at| Arc::into_inner(self.kept.swap_remove(at)));
        spare.unwrap_or_else(|| Batch::with_room(packets))
    }
}
