//! Rows of many batches in columns of their own.

use std::sync::Arc;

use super::DataFrame;
use super::made::Made;
use crate::decode::Batch;
use crate::table::ColumnDefinition;
use crate::table::arrow::{Lender, Rows};

/// Rows of one table, copied from batch after batch: where batches are small, a data frame of each costs far more than
/// its rows, and a batch that is not held is filled again.
pub struct Collected {
    frame: DataFrame,
    columns: Vec<Made>,
    length: usize,
}

impl Collected {
    pub fn new(frame: DataFrame) -> Self {
        Self { columns: empty(&frame), frame, length: 0 }
    }

    pub fn definitions(&self) -> Vec<ColumnDefinition> {
        self.frame.definitions()
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// What its rows take.
    pub fn memory_bytes(&self) -> usize {
        self.columns.iter().map(Made::memory_bytes).sum()
    }

    /// Copies the rows of a batch behind those that are there.
    pub fn add(&mut self, batch: &Arc<Batch>) {
        let rows = self.frame.rows(batch);
        for (column, lender) in self.columns.iter_mut().zip(&rows.columns) {
            column.append(&lender.column());
        }
        self.length += rows.length;
    }

    /// The rows so far, in the order in which they came. It is empty then.
    pub fn take(&mut self) -> Rows {
        let columns = std::mem::replace(&mut self.columns, empty(&self.frame));
        let columns = columns.into_iter().map(|column| Arc::new(column) as Arc<dyn Lender>).collect();
        Rows { length: std::mem::take(&mut self.length), columns }
    }
}

fn empty(frame: &DataFrame) -> Vec<Made> {
    frame.columns.iter().map(|column| Made::empty(column.definition.kind)).collect()
}
