//! One generation of open questions: a hash table that grows up to a bound and is emptied at once.

use crate::hash::{hash_word, prefetch};
use crate::lanes;

/// A question that waits for its answer.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
pub(super) struct Question {
    pub key: u64,
    pub time_ns: i64,
    pub bytes: u32,
    /// The caller's index; the next free place while this one is free.
    pub note: u32,
    /// What is asked, hashed.
    pub subject: u32,
    pub flags: u8,
    /// See [`super::MANY_ANSWERS`].
    pub pairing: u8,
    open: bool,
}

impl Question {
    pub fn new(key: u64, time_ns: i64, bytes: u32, flags: u8, note: u32) -> Self {
        Self { key, time_ns, bytes, note, subject: 0, flags, pairing: 0, open: true }
    }

    /// Whether it is a loss if nothing answers it any more.
    pub fn is_missed_without_answer(&self) -> bool {
        self.pairing & (super::OPTIONAL | super::HAS_ANSWER) == 0
    }
}

/// What became of a question that was put into a table.
pub(super) enum Put {
    New,
    /// It stands where another one with its key stood.
    Instead(Question),
    /// Its key is new, and there is no room: nothing was done.
    Full,
}

/// Questions that one bucket of the index has room for.
const LANES: usize = 12;

/// The tag of a lane without a question.
const EMPTY: u8 = 0;

/// The bits of all lanes.
const ALL_LANES: u32 = (1 << LANES) - 1;

/// One cache line of the index. Each lane has a tag, which is 0 when it is empty and else some bits of the key's hash
/// below a set bit, and the place of the question.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(64))]
struct Bucket {
    /// A tag for each lane, and in what is left of the bytes that are compared at once, the count of questions that passed.
    tags: [u8; lanes::LANES],
    /// Places, below more bits of the hash ([`Table::second_tag`]).
    places: [u32; LANES],
}

impl Bucket {
    /// Lanes with this tag, a bit for each.
    #[inline(always)]
    fn matches(&self, tag: u8) -> u32 {
        lanes::equal_to(&self.tags, tag) & ALL_LANES
    }

    /// How many questions had their turn here, and stand in a later bucket because this one was full.
    #[inline(always)]
    fn passed(&self) -> u32 {
        let [.., a, b, c, d] = self.tags;
        u32::from_le_bytes([a, b, c, d])
    }

    #[inline(always)]
    fn add_passed(&mut self, change: i32) {
        let passed = self.passed().wrapping_add_signed(change);
        self.tags[LANES..].copy_from_slice(&passed.to_le_bytes());
    }
}

/// Questions by key. They stand in a row, and the places of those answered are used again first, so that ordinary
/// traffic touches few of them. The index beside them is a quarter of their size: of each message of a flood only
/// one bucket of it lies at random, and [`Table::prefetch`] fetches that in time.
pub(super) struct Table {
    /// A power of two, or none before the first question.
    buckets: Vec<Bucket>,
    questions: Vec<Question>,
    /// The first free place among the questions, or their number.
    free: u32,
    len: usize,
    capacity: usize,
    /// The low bits of an entry of the index that hold the place.
    place_mask: u32,
    /// No question in the table is older.
    oldest_ns: i64,
    seed: u64,
}

/// The most questions that a table can be asked to keep.
const MOST_QUESTIONS: usize = 1 << 30;
/// Buckets that a table starts with, and questions per bucket (on average) from which on it grows.
const FEWEST_BUCKETS: usize = 16;
const QUESTIONS_PER_BUCKET: usize = 8;
/// By how much: the index is small, and made anew each time.
const GROWTH: usize = 4;

impl Table {
    /// A table for up to `capacity` questions, which takes no memory before the first.
    pub fn new(capacity: usize, seed: u64) -> Self {
        let capacity = capacity.clamp(1, MOST_QUESTIONS);
        Self {
            buckets: Vec::new(),
            questions: Vec::new(),
            free: 0,
            len: 0,
            capacity,
            place_mask: capacity.next_power_of_two() as u32 - 1,
            oldest_ns: i64::MAX,
            seed,
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn oldest_ns(&self) -> i64 {
        self.oldest_ns
    }

    /// The hash that the other calls want beside a key.
    #[inline(always)]
    pub fn hash(seed: u64, key: u64) -> u64 {
        hash_word(seed, key)
    }

    /// Fetches the bucket that a hash leads to into the cache.
    #[inline(always)]
    pub fn prefetch(&self, hash: u64) {
        if let Some(bucket) = self.buckets.get(self.home(hash)) {
            prefetch(bucket);
        }
    }

    /// Fetches the place where questions will be put some calls from now.
    #[inline(always)]
    pub fn prefetch_place(&self, ahead: usize) {
        prefetch(self.questions.as_ptr().wrapping_add(self.free as usize + ahead));
    }

    #[inline(always)]
    fn home(&self, hash: u64) -> usize {
        hash as usize & self.buckets.len().wrapping_sub(1)
    }

    #[inline(always)]
    fn after(&self, bucket: usize) -> usize {
        (bucket + 1) & (self.buckets.len() - 1)
    }

    /// The tag of a hash: bits that do not choose the bucket, below a set bit.
    #[inline(always)]
    fn tag(hash: u64) -> u8 {
        (hash >> 56) as u8 | 0x80
    }

    /// More bits of a hash, which stand above the place: they nearly always spare a look at a wrong question, which
    /// would have to come from far away.
    #[inline(always)]
    fn second_tag(&self, hash: u64) -> u32 {
        (hash >> 24) as u32 & !self.place_mask
    }

    /// Bucket, lane and place of a key.
    #[inline(always)]
    fn find(&self, hash: u64, key: u64) -> Option<(usize, usize, usize)> {
        let mut at = self.home(hash);
        loop {
            let bucket = &self.buckets[at];
            let mut matches = bucket.matches(Self::tag(hash));
            while matches != 0 {
                let lane = matches.trailing_zeros() as usize;
                let entry = bucket.places[lane];
                if entry & !self.place_mask == self.second_tag(hash) {
                    let place = (entry & self.place_mask) as usize;
                    if self.questions[place].key == key {
                        return Some((at, lane, place));
                    }
                }
                matches &= matches - 1;
            }
            if bucket.passed() == 0 {
                return None;
            }
            at = self.after(at);
        }
    }

    /// The question with this key.
    #[inline]
    pub fn get(&self, hash: u64, key: u64) -> Option<&Question> {
        if self.len == 0 {
            return None;
        }
        let (_, _, place) = self.find(hash, key)?;
        self.questions.get(place)
    }

    /// Puts a question in, in place of an older one with its key.
    // Inlined, so that the question is built where it will stand: by way of the stack it costs a stalled load.
    #[inline(always)]
    pub fn put(&mut self, hash: u64, question: Question) -> Put {
        if self.len >= self.buckets.len() * QUESTIONS_PER_BUCKET && self.len < self.capacity {
            self.grow();
        }
        let found = self.find(hash, question.key);
        if found.is_none() && self.len >= self.capacity {
            return Put::Full;
        }
        self.oldest_ns = self.oldest_ns.min(question.time_ns);
        if let Some((_, _, place)) = found {
            return Put::Instead(std::mem::replace(&mut self.questions[place], question));
        }
        let place = self.store(question);
        self.enter(hash, place);
        Put::New
    }

    /// Puts a question into the place that was freed last, or at the end.
    #[inline(always)]
    fn store(&mut self, question: Question) -> u32 {
        let place = self.free;
        self.len += 1;
        if let Some(free) = self.questions.get_mut(place as usize) {
            self.free = free.note;
            *free = question;
        } else {
            self.questions.push(question);
            self.free = place + 1;
        }
        place
    }

    /// Enters a question that the index does not have.
    #[inline(always)]
    fn enter(&mut self, hash: u64, place: u32) {
        let second_tag = self.second_tag(hash);
        let mut at = self.home(hash);
        loop {
            let bucket = &mut self.buckets[at];
            let empty = bucket.matches(EMPTY);
            if empty != 0 {
                let lane = empty.trailing_zeros() as usize;
                bucket.tags[lane] = Self::tag(hash);
                bucket.places[lane] = place | second_tag;
                return;
            }
            bucket.add_passed(1);
            at = self.after(at);
        }
    }

    /// Takes a question out.
    #[inline]
    pub fn take(&mut self, hash: u64, key: u64) -> Option<Question> {
        if self.len == 0 {
            return None;
        }
        let (bucket, lane, place) = self.find(hash, key)?;
        self.buckets[bucket].tags[lane] = EMPTY;
        let mut at = self.home(hash);
        while at != bucket {
            self.buckets[at].add_passed(-1);
            at = self.after(at);
        }
        let closed = &mut self.questions[place];
        let question = *closed;
        (closed.open, closed.note) = (false, self.free);
        self.free = place as u32;
        self.len -= 1;
        Some(question)
    }

    /// Takes out all questions that `select` picks.
    pub fn remove_if(&mut self, mut select: impl FnMut(&Question) -> bool) {
        self.questions.retain(|question| question.open && !select(question));
        self.buckets.fill(Bucket::default());
        self.index();
        self.oldest_ns = self.questions.iter().map(|question| question.time_ns).min().unwrap_or(i64::MAX);
    }

    /// Enters all questions, none of which is closed, into an empty index.
    fn index(&mut self) {
        self.len = self.questions.len();
        self.free = self.len as u32;
        for place in 0..self.questions.len() {
            self.enter(Self::hash(self.seed, self.questions[place].key), place as u32);
        }
    }

    /// Throws out everything and keeps the memory.
    pub fn clear(&mut self) {
        self.questions.clear();
        self.buckets.fill(Bucket::default());
        self.free = 0;
        self.len = 0;
        self.oldest_ns = i64::MAX;
    }

    /// Gives half of the memory back if little of it was used at the peak, all of it if none was.
    pub fn shrink(&mut self, peak: usize) {
        if peak == 0 {
            *self = Self::new(self.capacity, self.seed);
        } else if self.buckets.len() > FEWEST_BUCKETS && peak * 4 <= self.buckets.len() * QUESTIONS_PER_BUCKET {
            self.resize(self.buckets.len() / 2);
            self.questions.shrink_to(self.buckets.len() * QUESTIONS_PER_BUCKET);
        }
    }

    /// Makes room for the full capacity at once.
    pub fn reserve_all(&mut self) {
        let buckets = self.capacity.div_ceil(QUESTIONS_PER_BUCKET).next_power_of_two();
        if self.buckets.len() < buckets {
            self.resize(buckets);
        }
        self.questions.reserve_exact(self.capacity - self.questions.len());
    }

    #[cold]
    fn grow(&mut self) {
        let most = self.capacity.div_ceil(QUESTIONS_PER_BUCKET).next_power_of_two();
        self.resize((self.buckets.len() * GROWTH).min(most).max(FEWEST_BUCKETS));
        self.questions.reserve(self.buckets.len() * QUESTIONS_PER_BUCKET - self.questions.len());
    }

    fn resize(&mut self, buckets: usize) {
        self.buckets = vec![Bucket::default(); buckets];
        self.questions.retain(|question| question.open);
        self.index();
    }

    pub fn memory_bytes(&self) -> usize {
        self.buckets.capacity() * size_of::<Bucket>() + self.questions.capacity() * size_of::<Question>()
    }
}
