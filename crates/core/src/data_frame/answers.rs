//! Answers with their questions: which rows of a batch answer a question, of this batch or of one before it.

use super::made::Made;
use crate::decode::app::dns;
use crate::table::{ColumnDefinition, ColumnType, Table};
use crate::track::{Exchanges, Messages, Outcome, Tracker, TrackerConfig};

/// A column that only exchanges have.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    QuestionTime,
    Time,
    Outcome,
    QuestionBytes,
    SizeRatio,
}

pub(super) const DEFINITIONS: [(ColumnDefinition, Field); 5] = [
    field(
        "xact.question_time_ns",
        ColumnType::I64,
        "nanoseconds",
        "When it was asked, since 1970, to the microsecond",
        Field::QuestionTime,
    ),
    field("xact.time_us", ColumnType::U64, "microseconds", "From question to answer", Field::Time),
    field("xact.outcome", ColumnType::U8, "", "1 an answer in time, 2 one after 5 s or more", Field::Outcome),
    field("xact.question_bytes", ColumnType::U32, "bytes", "Size of the question", Field::QuestionBytes),
    field(
        "xact.size_ratio",
        ColumnType::F64,
        "",
        "Size of the answer divided by that of its question",
        Field::SizeRatio,
    ),
];

const fn field(
    name: &'static str,
    kind: ColumnType,
    unit: &'static str,
    meaning: &'static str,
    field: Field,
) -> (ColumnDefinition, Field) {
    (ColumnDefinition { name, kind, unit, meaning }, field)
}

/// Matches the messages of batches that come in order. Within the bounds of [`Tracker`]: 5 s, half a million open
/// questions.
pub(super) struct Answers {
    tracker: Tracker,
    exchanges: Exchanges,
    rows: Vec<u32>,
    /// Of the rows chosen.
    times_ns: Vec<i64>,
    bytes: Vec<u32>,
}

impl Default for Answers {
    fn default() -> Self {
        let tracker = Tracker::new(TrackerConfig::default());
        let (rows, times_ns, bytes) = (Vec::new(), Vec::new(), Vec::new());
        Self { tracker, exchanges: Exchanges::default(), rows, times_ns, bytes }
    }
}

impl Answers {
    /// Takes in the messages of the next batch.
    pub fn observe(&mut self, messages: &dns::Messages) {
        let no_flags = vec![0; messages.len()];
        let columns = Messages {
            key: messages.exchange(),
            time_ns: messages.time_ns(),
            is_reply: messages.is_reply(),
            bytes: messages.bytes(),
            flags: &no_flags,
            note: None,
            pairing: Some(messages.pairing()),
            subject: Some(messages.question()),
        };
        self.tracker.observe(&columns, 0..messages.len(), &mut self.exchanges);
        let has_question = |row: &u32| {
            let outcome = self.exchanges.outcome[*row as usize];
            outcome == Outcome::Answered as u8 || outcome == Outcome::Late as u8
        };
        self.rows = (0..messages.len() as u32).filter(has_question).collect();
        self.times_ns = self.chosen(messages.time_ns());
        self.bytes = self.chosen(messages.bytes());
    }

    /// The rows of the batch that are answers to a question.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    pub fn column(&self, field: Field) -> Made {
        let times_us = self.chosen(&self.exchanges.elapsed_us);
        let question_bytes = self.chosen(&self.exchanges.question_bytes);
        match field {
            Field::QuestionTime => {
                let asked = |(answered, us): (&i64, &u64)| answered.saturating_sub((us * 1000) as i64);
                Made::I64(self.times_ns.iter().zip(&times_us).map(asked).collect())
            }
            Field::Time => Made::U64(times_us),
            Field::Outcome => Made::U8(self.chosen(&self.exchanges.outcome)),
            Field::SizeRatio => {
                let ratio = |(answer, question): (&u32, &u32)| f64::from(*answer) / f64::from((*question).max(1));
                Made::F64(self.bytes.iter().zip(&question_bytes).map(ratio).collect())
            }
            Field::QuestionBytes => Made::U32(question_bytes),
        }
    }

    fn chosen<T: Copy>(&self, values: &[T]) -> Vec<T> {
        self.rows.iter().map(|row| values[*row as usize]).collect()
    }
}
