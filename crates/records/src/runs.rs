//! Windows in a table: the rows of one handler's window stand together.

use std::collections::BTreeMap;

use crate::columns::Column;
use crate::table::RecordTable;

/// The rows of a handler's window, and what they all say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowRun {
    pub agent: String,
    pub policy: String,
    pub tap: String,
    pub instance: String,
    pub schema: String,
    pub number: u64,
    pub start_ns: i64,
    pub end_ns: i64,
    pub length_s: u64,
    pub is_closed: bool,
    pub seen: u64,
    pub dropped: u64,
    pub ledger: BTreeMap<String, u64>,
    /// The first of its rows.
    pub first: usize,
    /// How many rows there are.
    pub count: usize,
}

/// What the rows of a run have in common, besides the ledger.
const TEXTS: [Column; 5] = [Column::Instance, Column::Agent, Column::Policy, Column::Tap, Column::Schema];
const NUMBERS: [Column; 4] = [Column::Number, Column::LengthS, Column::Seen, Column::Dropped];
const TIMES: [Column; 2] = [Column::Start, Column::End];

impl RecordTable {
    /// One for each run of rows that are of the same window of the same handler.
    pub fn windows(&self) -> Vec<WindowRun> {
        let mut runs = Vec::new();
        let mut first = 0;
        for row in 1..=self.len() {
            if row == self.len() || !self.is_same_window(row - 1, row) {
                runs.push(self.run(first, row - first));
                first = row;
            }
        }
        runs
    }

    fn is_same_window(&self, a: usize, b: usize) -> bool {
        NUMBERS.iter().all(|column| self.numbers(*column)[a] == self.numbers(*column)[b])
            && TIMES.iter().all(|column| self.times(*column)[a] == self.times(*column)[b])
            && TEXTS.iter().all(|column| self.text(*column, a) == self.text(*column, b))
            && self.flags(Column::IsClosed).value(a) == self.flags(Column::IsClosed).value(b)
    }

    fn run(&self, first: usize, count: usize) -> WindowRun {
        let text = |column| self.text(column, first).to_string();
        WindowRun {
            agent: text(Column::Agent),
            policy: text(Column::Policy),
            tap: text(Column::Tap),
            instance: text(Column::Instance),
            schema: text(Column::Schema),
            number: self.numbers(Column::Number)[first],
            start_ns: self.times(Column::Start)[first],
            end_ns: self.times(Column::End)[first],
            length_s: self.numbers(Column::LengthS)[first],
            is_closed: self.flags(Column::IsClosed).value(first),
            seen: self.numbers(Column::Seen)[first],
            dropped: self.numbers(Column::Dropped)[first],
            ledger: self.ledger(first),
            first,
            count,
        }
    }
}
