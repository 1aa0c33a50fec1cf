//! The part of a plan that matches questions with answers, and the columns that come of it.

use super::notes::{NO_NOTE, Notes};
use super::{BitmapIndex, ColumnIndex};
use crate::expr::Bitmap;
use crate::hash::hash_word;
use crate::table::{Address, Column, ColumnDefinition, ColumnType, TextColumn};
use crate::track::{Exchanges, MULTICAST, Messages, Tracker, TrackerConfig};

/// A column of exchanges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    Outcome,
    TimeUs,
    QuestionBytes,
    QuestionFlags,
    SizeRatio,
    QuestionAddress,
}

impl Field {
    pub const ALL: [Field; 6] =
        [Self::Outcome, Self::TimeUs, Self::QuestionBytes, Self::QuestionFlags, Self::SizeRatio, Self::QuestionAddress];
}

/// The columns that a handler with exchanges has beside those of its table; in the order of [`Field::ALL`].
pub const DEFINITIONS: [ColumnDefinition; 6] = [
    column(
        "xact.outcome",
        ColumnType::U8,
        "",
        "0 a question (or neither), 1 an answer in time, 2 a late answer, 3 an answer without a question, 4 a further message of an answer, 5 a question asked again",
    ),
    column("xact.time_us", ColumnType::U64, "microseconds", "From question to answer"),
    column("xact.question_bytes", ColumnType::U32, "bytes", "Size of the question that this row answers"),
    column("xact.question_flags", ColumnType::U8, "", "Which conditions of the handler the question met, one bit each"),
    column("xact.size_ratio", ColumnType::F64, "", "Size of the answer divided by that of its question"),
    column("xact.question_address", ColumnType::Address, "", "Address in the question's EDNS client subnet option"),
];

const fn column(name: &'static str, kind: ColumnType, unit: &'static str, meaning: &'static str) -> ColumnDefinition {
    ColumnDefinition { name, kind, unit, meaning }
}

/// Which rows and columns an exchange table reads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ExchangePlan {
    pub table: &'static str,
    pub key: ColumnIndex,
    pub apart_by: Option<ColumnIndex>,
    pub is_reply: ColumnIndex,
    pub bytes: ColumnIndex,
    pub address: Option<ColumnIndex>,
    pub text: Option<TextPlan>,
    pub pairing: Option<ColumnIndex>,
    pub question: Option<ColumnIndex>,
    pub rows: BitmapIndex,
    pub flags: Vec<BitmapIndex>,
    pub ttl_ms: u64,
}

/// What is kept of a question for what counts it when nothing has answered it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TextPlan {
    pub name: ColumnIndex,
    pub addresses: Vec<ColumnIndex>,
    /// Questions of which it is kept.
    pub rows: BitmapIndex,
}

/// One worker's exchange table with the columns of the batch at hand.
pub(crate) struct Matching {
    tracker: Tracker,
    columns: Exchanges,
    size_ratios: Vec<f64>,
    question_addresses: Vec<Address>,
    keys: Vec<u64>,
    flags: Vec<u8>,
    row_notes: Vec<u32>,
    notes: Notes,
    keeps_texts: bool,
}

/// The columns that one batch gives to an exchange table.
pub(crate) struct Rows<'a> {
    pub key: &'a [u64],
    pub apart_by: Option<&'a [u8]>,
    pub is_reply: &'a [u8],
    pub bytes: &'a [u32],
    pub address: Option<&'a [Address]>,
    pub text: Option<TextRows<'a>>,
    pub pairing: Option<&'a [u8]>,
    pub question: Option<&'a [u32]>,
    pub time_ns: &'a [i64],
}

/// The columns of a [`TextPlan`].
pub(crate) struct TextRows<'a> {
    pub name: TextColumn<'a>,
    pub addresses: Vec<&'a [Address]>,
    pub rows: &'a Bitmap,
}

/// Exchanges that a window's end found unanswered.
pub(crate) struct Purged {
    /// By the flags of their questions.
    pub by_flags: [u64; 256],
    /// Those whose text was kept and is forgotten.
    pub forgotten: u64,
}

impl Rows<'_> {
    /// Whether anything is to be remembered of questions.
    fn has_notes(&self) -> bool {
        self.address.is_some() || self.text.is_some()
    }
}

impl Matching {
    pub fn new(plan: &ExchangePlan, seed: u64) -> Self {
        Self {
            tracker: Tracker::new(TrackerConfig { ttl_ms: plan.ttl_ms, seed, ..TrackerConfig::default() }),
            columns: Exchanges::default(),
            size_ratios: Vec::new(),
            question_addresses: Vec::new(),
            keys: Vec::new(),
            flags: Vec::new(),
            row_notes: Vec::new(),
            notes: Notes::default(),
            keeps_texts: plan.text.is_some(),
        }
    }

    /// Matches the rows of a bitmap and fills the columns.
    pub fn observe(&mut self, rows: &Rows<'_>, observed: &Bitmap, flag_bits: &[&Bitmap]) {
        self.set_keys(rows);
        self.set_flags(rows.key.len(), flag_bits);
        self.set_notes(rows);
        let messages = Messages {
            key: if rows.apart_by.is_some() { &self.keys } else { rows.key },
            time_ns: rows.time_ns,
            is_reply: rows.is_reply,
            bytes: rows.bytes,
            flags: &self.flags,
            note: rows.has_notes().then_some(self.row_notes.as_slice()),
            pairing: rows.pairing,
            subject: rows.question,
        };
        self.tracker.observe(&messages, observed.rows(), &mut self.columns);
        self.set_ratios(rows.bytes);
        self.set_addresses(rows);
    }

    fn set_keys(&mut self, rows: &Rows<'_>) {
        let Some(apart_by) = rows.apart_by else { return };
        self.keys.clear();
        self.keys.extend(rows.key.iter().zip(apart_by).map(|(key, part)| hash_word(*key, u64::from(*part))));
        for (row, pairing) in rows.pairing.unwrap_or_default().iter().enumerate() {
            if pairing & MULTICAST != 0 {
                self.keys[row] = rows.key[row];
            }
        }
    }

    fn set_flags(&mut self, rows: usize, flag_bits: &[&Bitmap]) {
        self.flags.clear();
        self.flags.resize(rows, 0);
        for (bit, bitmap) in flag_bits.iter().enumerate() {
            bitmap.for_each(|row| self.flags[row] |= 1 << bit);
        }
    }

    /// Keeps what is to be remembered of questions.
    fn set_notes(&mut self, rows: &Rows<'_>) {
        if !rows.has_notes() {
            return;
        }
        self.row_notes.clear();
        self.row_notes.resize(rows.key.len(), NO_NOTE);
        for (row, address) in rows.address.unwrap_or_default().iter().enumerate() {
            if rows.is_reply[row] == 0 && *address != [0; 16] {
                self.row_notes[row] = self.notes.next();
                self.notes.add_address(self.row_notes[row], address);
            }
        }
        let Some(text) = &rows.text else { return };
        let (tracker, keys) = (&self.tracker, if self.keys.is_empty() { rows.key } else { &self.keys[..] });
        text.rows.for_each(|row| {
            let Some(name) = text.name.get(row) else { return };
            let note = &mut self.row_notes[row];
            if *note == NO_NOTE {
                *note = self.notes.next();
            }
            let noted = text.addresses.iter().map(|addresses| &addresses[row][..]).chain([name]);
            self.notes.add_text(*note, keys[row], noted, |key, note| tracker.is_open(key, note));
        });
    }

    fn set_ratios(&mut self, bytes: &[u32]) {
        let ratio = |(answer, question): (&u32, &u32)| f64::from(*answer) / f64::from((*question).max(1));
        self.size_ratios.clear();
        self.size_ratios.extend(bytes.iter().zip(&self.columns.question_bytes).map(ratio));
    }

    fn set_addresses(&mut self, rows: &Rows<'_>) {
        self.question_addresses.clear();
        if rows.address.is_none() {
            self.question_addresses.resize(rows.key.len(), [0; 16]);
            return;
        }
        self.question_addresses.extend(self.columns.question_note.iter().map(|note| self.notes.address(*note)));
    }

    pub fn column(&self, field: Field) -> Column<'_> {
        match field {
            Field::Outcome => Column::U8(&self.columns.outcome),
            Field::TimeUs => Column::U64(&self.columns.elapsed_us),
            Field::QuestionBytes => Column::U32(&self.columns.question_bytes),
            Field::QuestionFlags => Column::U8(&self.columns.question_flags),
            Field::SizeRatio => Column::F64(&self.size_ratios),
            Field::QuestionAddress => Column::Address(&self.question_addresses),
        }
    }

    /// Takes out what has waited too long, as a window closes; `each` gets the flags and the text of each question whose
    /// text is remembered.
    pub fn purge(&mut self, now_ns: i64, mut each: impl FnMut(u8, &[u8])) -> Purged {
        let (mut by_flags, mut forgotten) = ([0; 256], 0);
        let (notes, keeps_texts) = (&self.notes, self.keeps_texts);
        self.tracker.purge(now_ns, |flags, note| {
            by_flags[usize::from(flags)] += 1;
            match note.and_then(|note| notes.text(note)) {
                Some(text) => each(flags, text),
                None => forgotten += u64::from(keeps_texts && note != Some(NO_NOTE)),
            }
        });
        if keeps_texts {
            let tracker = &self.tracker;
            self.notes.forget_closed(|key, note| tracker.is_open(key, note));
        }
        Purged { by_flags, forgotten }
    }

    pub fn open(&self) -> usize {
        self.tracker.open()
    }

    pub fn evicted(&self) -> u64 {
        self.tracker.evicted()
    }

    /// What the questions take that wait; not the columns, which are as long as a batch.
    pub fn memory_bytes(&self) -> usize {
        self.tracker.memory_bytes() + self.notes.memory_bytes()
    }
}
