//! Questions matched with their answers, within bounds.
//!
//! A question is kept under its key until its answer comes, or until [`Tracker::purge`] finds it too old. Questions
//! live in two generations of a table. New ones go into the young generation; when that is full, it becomes the old
//! one, and what was left in the old one is thrown away: counted as expired if it was past its time to live anyway,
//! as evicted if not. So an ordinary load never loses a question, and a flood of questions without answers pushes
//! out the oldest of them at a constant price.
//!
//! [`Tracker`] takes columns of messages, [`Pending`] one request after the other.

mod pending;
mod sequences;
mod table;
#[cfg(test)]
mod tests;

pub use pending::Pending;
pub use sequences::Sequences;
use table::{Put, Question, Table};

// How a question and its answers belong together: bits of [`Messages::pairing`].

/// Of a question: several messages may answer it (a zone transfer, whoever is in a group).
pub const MANY_ANSWERS: u8 = 1;
/// Of a question: it need not be answered. Of an answer: its question need not have been seen.
pub const OPTIONAL: u8 = 2;
/// The message has no counterpart.
pub const ALONE: u8 = 4;
/// The message is of a protocol that asks groups: the directions of question and answer don't tell whether they belong
/// together.
pub const MULTICAST: u8 = 8;
/// A kept question that has an answer already, and may get more.
const HAS_ANSWER: u8 = 128;

/// Bounds and times of a [`Tracker`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackerConfig {
    /// An answer that comes this late, or later, does not count as one.
    pub ttl_ms: u64,
    /// Questions kept in each of the two generations.
    pub capacity: usize,
    /// Keeps outsiders from choosing keys that collide.
    pub seed: u64,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self { ttl_ms: 5_000, capacity: 262_144, seed: 0 }
    }
}

/// One batch of messages, column by column; all slices are equally long.
#[derive(Debug, Clone, Copy)]
pub struct Messages<'a> {
    /// What a question and its answer have in common, hashed: flow, identifier, and whatever else must agree.
    pub key: &'a [u64],
    pub time_ns: &'a [i64],
    /// Not 0 for an answer.
    pub is_reply: &'a [u8],
    pub bytes: &'a [u32],
    /// Kept with the question, handed back with the answer.
    pub flags: &'a [u8],
    /// An index that the caller keeps with the question; handed back with the answer.
    pub note: Option<&'a [u32]>,
    /// Bits as [`MANY_ANSWERS`]; without them each question has one answer.
    pub pairing: Option<&'a [u8]>,
    /// What is asked, hashed: a question that asks the same under the same key as an open one is that one again.
    pub subject: Option<&'a [u32]>,
}

impl Messages<'_> {
    #[inline(always)]
    fn pairing(&self, row: usize) -> u8 {
        self.pairing.map_or(0, |pairing| pairing[row])
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    /// A question, a row that was not selected, or a message that need not have a counterpart and has none.
    None = 0,
    /// An answer in time.
    Answered = 1,
    /// An answer after the time to live: its question timed out.
    Late = 2,
    /// An answer to which no question is open.
    Orphan = 3,
    /// A further message of an answer.
    Continued = 4,
    /// A question that is open already, asked again; its time goes on from the first.
    Repeated = 5,
}

/// What became of each message of a batch; as long as the batch. But for `outcome`, rows other than the first answers to
/// questions hold 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchanges {
    /// [`Outcome`] as a number.
    pub outcome: Vec<u8>,
    /// From question to answer, in whole microseconds.
    pub elapsed_us: Vec<u64>,
    pub question_bytes: Vec<u32>,
    pub question_flags: Vec<u8>,
    /// Empty if the messages have no notes.
    pub question_note: Vec<u32>,
    /// The rows that may not hold 0 everywhere: answers, and questions asked again.
    answers: Vec<u32>,
}

impl Exchanges {
    /// Clears the rows of the last batch's answers, and no others: of a flood of questions there are none.
    fn reset(&mut self, rows: usize, notes: bool) {
        let mut answers = std::mem::take(&mut self.answers);
        for row in answers.drain(..) {
            let row = row as usize;
            self.outcome[row] = Outcome::None as u8;
            self.elapsed_us[row] = 0;
            self.question_bytes[row] = 0;
            self.question_flags[row] = 0;
            if let Some(note) = self.question_note.get_mut(row) {
                *note = 0;
            }
        }
        self.answers = answers;
        self.outcome.resize(rows, 0);
        self.elapsed_us.resize(rows, 0);
        self.question_bytes.resize(rows, 0);
        self.question_flags.resize(rows, 0);
        self.question_note.resize(if notes { rows } else { 0 }, 0);
    }
}

/// Rows whose hashes are computed in one go.
const CHUNK: usize = 256;
/// How many rows before its turn a slot is fetched into the cache.
const AHEAD: usize = 16;

const SECOND_NS: i64 = 1_000_000_000;
const MILLISECOND_NS: u64 = 1_000_000;

/// Open questions, and the counts of those that could not be kept.
pub struct Tracker {
    ttl_ms: u64,
    young: Table,
    old: Table,
    evicted: u64,
    expired: u64,
    /// Expired at a change of generations and not yet handed to a purge, by flags.
    expired_by_flags: Box<[u64; 256]>,
    seed: u64,
}

impl Tracker {
    pub fn new(config: TrackerConfig) -> Self {
        Self {
            ttl_ms: config.ttl_ms,
            young: Table::new(config.capacity, config.seed),
            old: Table::new(config.capacity, config.seed),
            evicted: 0,
            expired: 0,
            expired_by_flags: Box::new([0; 256]),
            seed: config.seed,
        }
    }

    /// Takes in the selected rows of a batch, in the order given, and says in `out` what became of each.
    pub fn observe(&mut self, messages: &Messages<'_>, rows: impl IntoIterator<Item = usize>, out: &mut Exchanges) {
        out.reset(messages.key.len(), messages.note.is_some());
        let mut rows = rows.into_iter();
        let mut chunk = [(0_usize, 0_u64); CHUNK];
        loop {
            let mut count = 0;
            for (place, row) in chunk.iter_mut().zip(&mut rows) {
                *place = (row, Table::hash(self.seed, messages.key[row]));
                count += 1;
            }
            self.observe_chunk(messages, &chunk[..count], out);
            if count < CHUNK {
                return;
            }
        }
    }

    fn observe_chunk(&mut self, messages: &Messages<'_>, chunk: &[(usize, u64)], out: &mut Exchanges) {
        for (_, hash) in chunk.iter().take(AHEAD) {
            self.prefetch(*hash);
        }
        for (at, (row, hash)) in chunk.iter().enumerate() {
            if let Some((_, later)) = chunk.get(at + AHEAD) {
                self.prefetch(*later);
            }
            if messages.pairing(*row) & ALONE != 0 {
                continue;
            }
            if messages.is_reply[*row] == 0 {
                self.ask(messages, *row, *hash, out);
            } else {
                self.answer(messages, *row, *hash, out);
            }
        }
    }

    #[inline(always)]
    fn prefetch(&self, hash: u64) {
        self.young.prefetch(hash);
        self.young.prefetch_place(AHEAD);
        self.old.prefetch(hash);
    }

    /// Opens a question.
    #[inline]
    fn ask(&mut self, messages: &Messages<'_>, row: usize, hash: u64, out: &mut Exchanges) {
        let note = messages.note.map_or(0, |note| note[row]);
        let time_ns = messages.time_ns[row];
        let mut question = Question::new(messages.key[row], time_ns, messages.bytes[row], messages.flags[row], note);
        question.subject = messages.subject.map_or(0, |subject| subject[row]);
        question.pairing = messages.pairing(row);
        let mut before = self.old.take(hash, question.key);
        match self.young.put(hash, question) {
            Put::New => {}
            Put::Instead(other) => before = Some(other),
            Put::Full => {
                self.change_generation(time_ns);
                self.young.put(hash, question);
            }
        }
        if let Some(before) = before
            && messages.subject.is_some()
        {
            self.ask_again(before, question, (row, hash), out);
        }
    }

    /// A question is open under the same key: the same, which goes on, or another, which nobody will answer any more.
    #[cold]
    fn ask_again(&mut self, before: Question, question: Question, (row, hash): (usize, u64), out: &mut Exchanges) {
        if before.pairing & HAS_ANSWER != 0 {
            return;
        }
        if before.subject == question.subject && !self.is_late(age_ns(question.time_ns, before.time_ns)) {
            out.outcome[row] = Outcome::Repeated as u8;
            out.answers.push(row as u32);
            self.young.put(hash, before);
        } else if before.is_missed_without_answer() {
            self.expired += 1;
            self.expired_by_flags[usize::from(before.flags)] += 1;
        }
    }

    /// Closes a question, in time or not.
    #[inline]
    fn answer(&mut self, messages: &Messages<'_>, row: usize, hash: u64, out: &mut Exchanges) {
        let key = messages.key[row];
        out.answers.push(row as u32);
        let Some(question) = self.young.take(hash, key).or_else(|| self.old.take(hash, key)) else {
            let may_come_unasked = messages.pairing(row) & OPTIONAL != 0;
            out.outcome[row] = if may_come_unasked { Outcome::None } else { Outcome::Orphan } as u8;
            return;
        };
        let elapsed_ns = messages.time_ns[row].abs_diff(question.time_ns);
        let is_late = self.is_late(elapsed_ns);
        if question.pairing & MANY_ANSWERS != 0 {
            let had_answer = question.pairing & HAS_ANSWER != 0;
            let mut kept = question;
            kept.time_ns = messages.time_ns[row];
            kept.pairing |= HAS_ANSWER;
            self.keep_open(hash, kept);
            if had_answer {
                out.outcome[row] = Outcome::Continued as u8;
                return;
            }
        }
        if is_late && question.pairing & OPTIONAL != 0 {
            return;
        }
        out.outcome[row] = if is_late { Outcome::Late } else { Outcome::Answered } as u8;
        out.elapsed_us[row] = elapsed_ns / 1_000;
        out.question_bytes[row] = question.bytes;
        out.question_flags[row] = question.flags;
        if messages.note.is_some() {
            out.question_note[row] = question.note;
        }
    }

    /// Keeps a question for further answers; it is forgotten when none has come for the time to live.
    #[cold]
    fn keep_open(&mut self, hash: u64, question: Question) {
        if matches!(self.young.put(hash, question), Put::Full) {
            self.change_generation(question.time_ns);
            self.young.put(hash, question);
        }
    }

    /// Whole milliseconds are compared: exactly the time to live is too late.
    #[inline]
    fn is_late(&self, elapsed_ns: u64) -> bool {
        elapsed_ns / MILLISECOND_NS >= self.ttl_ms
    }

    /// Throws the old generation away, and makes the young one the old.
    #[cold]
    fn change_generation(&mut self, now_ns: i64) {
        let everything = self.old.len() as u64;
        let mut expired = 0;
        if self.old.len() > 0 && self.is_late(age_ns(now_ns, self.old.oldest_ns())) {
            let (ttl_ms, by_flags) = (self.ttl_ms, &mut self.expired_by_flags);
            self.old.remove_if(|question| {
                let late = age_ns(now_ns, question.time_ns) / MILLISECOND_NS >= ttl_ms;
                by_flags[usize::from(question.flags)] += u64::from(late && question.is_missed_without_answer());
                expired += u64::from(late);
                late
            });
        }
        self.expired += expired;
        self.evicted += everything - expired;
        self.old.clear();
        std::mem::swap(&mut self.old, &mut self.young);
        self.young.reserve_all();
    }

    /// Removes the questions that are past their time to live, in whole seconds of both the time and the time to
    /// live; a time to live of a second or less leaves none. Calls `each` with the flags of every question that went
    /// unanswered but should not have, and with its note; those included that expired since the last purge, whose notes are
    /// gone. Returns their number. Meant for the moment when a window closes.
    pub fn purge(&mut self, now_ns: i64, mut each: impl FnMut(u8, Option<u32>)) -> u64 {
        let mut count = 0;
        for (flags, expired) in (0..=u8::MAX).zip(self.expired_by_flags.iter_mut()) {
            count += *expired;
            (0..std::mem::take(expired)).for_each(|_| each(flags, None));
        }
        let last_start_ns = self.last_start_ns(now_ns);
        for table in [&mut self.young, &mut self.old] {
            let before = table.len();
            if table.oldest_ns() <= last_start_ns {
                table.remove_if(|question| {
                    let over = question.time_ns <= last_start_ns;
                    if over && question.is_missed_without_answer() {
                        each(question.flags, Some(question.note));
                        count += 1;
                    }
                    over
                });
            }
            table.shrink(before);
        }
        count
    }

    /// Questions asked up to this moment are past their time to live at a purge.
    fn last_start_ns(&self, now_ns: i64) -> i64 {
        if self.ttl_ms <= 1_000 {
            return i64::MAX;
        }
        let ttl_seconds = i64::try_from(self.ttl_ms / 1_000).unwrap_or(i64::MAX);
        let second = now_ns.div_euclid(SECOND_NS).saturating_sub(ttl_seconds);
        second.saturating_add(1).saturating_mul(SECOND_NS).saturating_sub(1)
    }

    /// Whether the question with this key and this note is open.
    pub fn is_open(&self, key: u64, note: u32) -> bool {
        let hash = Table::hash(self.seed, key);
        let question = self.young.get(hash, key).or_else(|| self.old.get(hash, key));
        question.is_some_and(|question| question.note == note)
    }

    /// Questions now open.
    pub fn open(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Questions thrown away before their time to live was over, to keep the bound.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Questions that were over before a purge found them: thrown away to keep the bound when their time to live was
    /// over, or replaced by another under their key. The next purge counts those that should have had an answer.
    pub fn expired(&self) -> u64 {
        self.expired
    }

    pub fn memory_bytes(&self) -> usize {
        self.young.memory_bytes() + self.old.memory_bytes()
    }
}

/// How long before `now_ns` something was; 0 for what is not in the past.
fn age_ns(now_ns: i64, time_ns: i64) -> u64 {
    if time_ns < now_ns { now_ns.abs_diff(time_ns) } else { 0 }
}
