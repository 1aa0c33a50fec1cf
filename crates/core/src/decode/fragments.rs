//! IP fragments put together again, within bounds (RFC 791 section 3.2, RFC 8200 section 4.5).
//!
//! A datagram whose fragments overlap is refused as a whole (RFC 5722), because only an attacker sends such; exact
//! repetitions are ignored. Fragments wait where they came, in order of arrival, so that one with a high offset costs
//! no more memory than its own bytes. Whatever is thrown away counts in `evicted.fragments`.

use std::collections::HashMap;

use crate::hash::SeededState;
use crate::ledger::Ledger;

/// What the fragments of one datagram have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FragmentKey {
    /// IPv6, or IPv4 mapped into it.
    pub source: [u8; 16],
    pub destination: [u8; 16],
    pub identification: u32,
    /// Of IPv4 alone; in IPv6 it is the first fragment's to tell.
    pub protocol: u8,
}

/// A fragment as it comes in.
#[derive(Debug, Clone, Copy)]
pub struct Fragment<'a> {
    /// Where it starts in the payload of its datagram.
    pub offset_bytes: u32,
    /// It is not the last.
    pub more: bool,
    /// What its header says that follows. That of the first fragment is the datagram's (RFC 8200 section 4.5).
    pub protocol: u8,
    /// As far as it was captured.
    pub payload: &'a [u8],
    pub payload_wire_bytes: u32,
}

/// The payload of a datagram of which all fragments were seen.
#[derive(Debug, PartialEq, Eq)]
pub struct Whole {
    pub protocol: u8,
    /// As far as it was captured.
    pub payload: Vec<u8>,
    pub payload_wire_bytes: u32,
}

/// Bounds on what a [`FragmentTable`] keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FragmentLimits {
    /// Datagrams that wait for fragments at the same time.
    pub datagrams: usize,
    pub fragments_per_datagram: usize,
    /// Memory for the bytes of all that wait.
    pub buffered_bytes_total: usize,
    /// How long a datagram waits from its first fragment on (packet time).
    pub age_ns: i64,
}

impl Default for FragmentLimits {
    fn default() -> Self {
        Self {
            datagrams: 1_024,
            fragments_per_datagram: 128,
            buffered_bytes_total: 8 * 1024 * 1024,
            age_ns: 30_000_000_000,
        }
    }
}

/// No IP payload is longer (jumbograms are never fragmented).
const LONGEST_PAYLOAD_BYTES: usize = 65_535;

/// A fragment: where it belongs in the datagram, and where its bytes stand in [`Datagram::bytes`].
#[derive(Debug, Clone, Copy)]
struct Piece {
    offset: usize,
    start: usize,
    length: usize,
}

impl Piece {
    fn end(&self) -> usize {
        self.offset + self.length
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.offset < other.end() && other.offset < self.end()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Gathering,
    /// It had fragments that contradict each other; those still to come are thrown away too.
    Refused,
}

/// A datagram that waits for fragments.
struct Datagram {
    key: FragmentKey,
    state: State,
    expires_ns: i64,
    /// By offset; they do not overlap.
    pieces: Vec<Piece>,
    /// The bytes of the pieces, in order of arrival.
    bytes: Vec<u8>,
    /// As the first fragment has it, once that is there.
    protocol: u8,
    /// Length of the payload as captured, once the last fragment has told it.
    length: Option<usize>,
    /// What the capture cut off the last fragment.
    missing_bytes: u32,
}

/// What became of a fragment within its datagram.
enum Added {
    Waiting,
    Complete,
    /// It contradicts those before it, or is one too many.
    Refused,
}

impl Datagram {
    fn new(key: FragmentKey) -> Self {
        Self {
            key,
            state: State::Free,
            expires_ns: 0,
            pieces: Vec::new(),
            bytes: Vec::new(),
            protocol: 0,
            length: None,
            missing_bytes: 0,
        }
    }

    /// Takes in a fragment, whose own bounds are known to be sound.
    fn add(&mut self, offset: usize, more: bool, payload: &[u8], most: usize) -> Added {
        let piece = Piece { offset, start: self.bytes.len(), length: payload.len() };
        let at = self.pieces.partition_point(|earlier| earlier.offset < offset);
        if let Some(same) = self.pieces.get(at)
            && (same.offset, same.length) == (offset, payload.len())
            && self.bytes[same.start..][..same.length] == *payload
            && more == (self.length != Some(same.end()))
        {
            return Added::Waiting;
        }
        let mut neighbours = self.pieces[at.saturating_sub(1)..].iter().take(2);
        if neighbours.any(|other| other.overlaps(&piece)) || self.pieces.len() >= most || !self.fits(&piece, more) {
            return Added::Refused;
        }
        if !more {
            self.length = Some(piece.end());
        }
        self.pieces.insert(at, piece);
        self.bytes.extend_from_slice(payload);
        if self.length == Some(self.bytes.len()) { Added::Complete } else { Added::Waiting }
    }

    /// True when a fragment agrees with what is known of the datagram's length.
    fn fits(&self, piece: &Piece, more: bool) -> bool {
        let farthest = self.pieces.last().map_or(0, Piece::end);
        match self.length {
            Some(length) => more && piece.end() <= length,
            None => more || farthest <= piece.end(),
        }
    }

    /// Makes it a free place; returns how many fragments were lost with it.
    fn clear(&mut self, state: State) -> u64 {
        let lost = self.pieces.len() as u64;
        self.state = state;
        (self.length, self.missing_bytes) = (None, 0);
        self.pieces.clear();
        self.bytes.clear();
        lost
    }
}

/// Datagrams of which some fragments were seen.
pub struct FragmentTable {
    limits: FragmentLimits,
    by_key: HashMap<FragmentKey, usize, SeededState>,
    datagrams: Vec<Datagram>,
    free: Vec<usize>,
    /// Where the search for one to throw away goes on. Places are taken in turn, so it meets the older ones first.
    hand: usize,
    /// Capacity of all buffers of bytes.
    buffered_bytes: usize,
    /// The last payload put together.
    whole: Vec<u8>,
}

impl FragmentTable {
    /// An empty table; `seed` keeps outsiders from choosing keys that collide.
    pub fn new(limits: FragmentLimits, seed: u64) -> Self {
        Self {
            by_key: HashMap::with_hasher(SeededState(seed)),
            datagrams: Vec::new(),
            free: Vec::new(),
            hand: 0,
            buffered_bytes: 0,
            whole: Vec::new(),
            limits: FragmentLimits { datagrams: limits.datagrams.max(1), ..limits },
        }
    }

    /// Takes in a fragment; returns the whole payload when this one completes it. Its memory is to be given back.
    pub fn push(
        &mut self,
        key: &FragmentKey,
        fragment: &Fragment<'_>,
        time_ns: i64,
        ledger: &mut Ledger,
    ) -> Option<Whole> {
        let Fragment { offset_bytes, more, protocol, payload, payload_wire_bytes } = *fragment;
        let too_long = payload.len() > LONGEST_PAYLOAD_BYTES.saturating_sub(offset_bytes as usize);
        let missing_bytes = payload_wire_bytes.saturating_sub(payload.len() as u32);
        // Only the last fragment may end anywhere, or be cut short by the capture.
        if payload.is_empty() || too_long || more && (missing_bytes > 0 || !payload.len().is_multiple_of(8)) {
            ledger.evicted.fragments += 1;
            return None;
        }
        let at = self.datagram(key, time_ns, ledger);
        let datagram = &mut self.datagrams[at];
        if datagram.state == State::Refused {
            ledger.evicted.fragments += 1;
            return None;
        }
        let before = datagram.bytes.capacity();
        let added = datagram.add(offset_bytes as usize, more, payload, self.limits.fragments_per_datagram);
        if !more {
            datagram.missing_bytes = missing_bytes;
        }
        if offset_bytes == 0 {
            datagram.protocol = protocol;
        }
        self.buffered_bytes = self.buffered_bytes - before + datagram.bytes.capacity();
        match added {
            Added::Waiting => {
                self.keep_total(ledger);
                None
            }
            Added::Refused => {
                ledger.evicted.fragments += 1 + self.clear(at, State::Refused);
                None
            }
            Added::Complete => Some(self.complete(at)),
        }
    }

    fn complete(&mut self, at: usize) -> Whole {
        self.join(at);
        let payload = std::mem::take(&mut self.whole);
        let Datagram { protocol, missing_bytes, .. } = self.datagrams[at];
        let payload_wire_bytes = payload.len() as u32 + missing_bytes;
        self.forget(at);
        Whole { protocol, payload, payload_wire_bytes }
    }

    /// Takes back the memory of a whole payload, to use it again.
    pub fn give_back(&mut self, whole: Whole) {
        self.whole = whole.payload;
    }

    /// Gives up the datagrams that have waited too long by now; [`i64::MAX`] is the end of the input.
    pub fn expire(&mut self, now_ns: i64, ledger: &mut Ledger) {
        for at in 0..self.datagrams.len() {
            let datagram = &self.datagrams[at];
            if datagram.state != State::Free && (datagram.expires_ns < now_ns || now_ns == i64::MAX) {
                ledger.evicted.fragments += self.forget(at);
            }
        }
    }

    /// The place of a datagram, which is taken if there is none yet.
    fn datagram(&mut self, key: &FragmentKey, time_ns: i64, ledger: &mut Ledger) -> usize {
        if let Some(&at) = self.by_key.get(key) {
            if self.datagrams[at].expires_ns >= time_ns {
                return at;
            }
            ledger.evicted.fragments += self.forget(at);
        }
        // Two others are looked at for each that is added, so that those too old do not pile up.
        for _ in 0..2 {
            if let Some(at) = self.next_in_use()
                && self.datagrams[at].expires_ns < time_ns
            {
                ledger.evicted.fragments += self.forget(at);
            }
        }
        if self.by_key.len() >= self.limits.datagrams
            && let Some(at) = self.next_in_use()
        {
            ledger.evicted.fragments += self.forget(at);
        }
        let at = self.free.pop().unwrap_or_else(|| {
            self.datagrams.push(Datagram::new(*key));
            self.datagrams.len() - 1
        });
        let datagram = &mut self.datagrams[at];
        (datagram.key, datagram.state) = (*key, State::Gathering);
        datagram.expires_ns = time_ns.saturating_add(self.limits.age_ns);
        self.by_key.insert(*key, at);
        at
    }

    fn next_in_use(&mut self) -> Option<usize> {
        for _ in 0..self.datagrams.len() {
            self.hand = (self.hand + 1) % self.datagrams.len();
            if self.datagrams[self.hand].state != State::Free {
                return Some(self.hand);
            }
        }
        None
    }

    /// Copies the pieces of a complete datagram together.
    fn join(&mut self, at: usize) {
        let datagram = &self.datagrams[at];
        self.whole.clear();
        for piece in &datagram.pieces {
            self.whole.extend_from_slice(&datagram.bytes[piece.start..piece.start + piece.length]);
        }
    }

    /// Forgets a datagram; returns how many fragments of it waited.
    fn forget(&mut self, at: usize) -> u64 {
        self.by_key.remove(&self.datagrams[at].key);
        self.free.push(at);
        self.clear(at, State::Free)
    }

    /// Empties a datagram. Its memory is kept for the next one within an eighth of the bound.
    fn clear(&mut self, at: usize, state: State) -> u64 {
        let datagram = &mut self.datagrams[at];
        if self.buffered_bytes > self.limits.buffered_bytes_total / 8 {
            self.buffered_bytes -= std::mem::take(&mut datagram.bytes).capacity();
        }
        datagram.clear(state)
    }

    /// Throws datagrams away until the bytes of those left are within their bound.
    fn keep_total(&mut self, ledger: &mut Ledger) {
        while self.buffered_bytes > self.limits.buffered_bytes_total {
            let Some(at) = self.next_in_use() else { break };
            ledger.evicted.fragments += self.forget(at);
        }
    }

    /// Datagrams that wait for fragments, or were refused a short while ago.
    pub fn datagrams(&self) -> usize {
        self.by_key.len()
    }

    /// Memory that the table holds at present, used or not.
    pub fn memory_bytes(&self) -> usize {
        let pieces: usize = self.datagrams.iter().map(|datagram| datagram.pieces.capacity()).sum();
        self.buffered_bytes
            + self.whole.capacity()
            + pieces * size_of::<Piece>()
            + self.datagrams.capacity() * size_of::<Datagram>()
            + self.free.capacity() * size_of::<usize>()
            // One control byte each, and a load of at most seven eighths.
            + self.by_key.capacity() * 8 / 7 * (size_of::<(FragmentKey, usize)>() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000_000;

    struct Story {
        table: FragmentTable,
        ledger: Ledger,
        time_ns: i64,
    }

    impl Story {
        fn new() -> Self {
            Self::with(FragmentLimits::default())
        }

        fn with(limits: FragmentLimits) -> Self {
            Self { table: FragmentTable::new(limits, 7), ledger: Ledger::default(), time_ns: SECOND }
        }

        fn push(&mut self, identification: u32, offset: u32, more: bool, payload: &[u8]) -> Option<Vec<u8>> {
            let key = FragmentKey { identification, protocol: 17, ..FragmentKey::default() };
            let payload_wire_bytes = payload.len() as u32;
            let fragment = Fragment { offset_bytes: offset, more, protocol: 17, payload, payload_wire_bytes };
            self.table.push(&key, &fragment, self.time_ns, &mut self.ledger).map(|whole| whole.payload)
        }

        fn lost(&self) -> u64 {
            self.ledger.evicted.fragments
        }
    }

    fn payload(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at % 251) as u8).collect()
    }

    #[test]
    fn fragments_make_the_payload_in_any_order() {
        let sent = payload(100);
        let cuts = [(0, 48), (48, 80), (80, 100)];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut story = Story::new();
            let mut whole = None;
            for (from, to) in order.map(|at| cuts[at]) {
                assert_eq!(whole, None);
                whole = story.push(1, from as u32, to < 100, &sent[from..to]);
            }
            assert_eq!(whole.as_ref(), Some(&sent));
            assert_eq!((story.table.datagrams(), story.lost()), (0, 0));
        }
    }

    #[test]
    fn datagrams_do_not_mix() {
        let mut story = Story::new();
        assert_eq!(story.push(1, 0, true, &[1; 8]), None);
        assert_eq!(story.push(2, 8, false, &[2; 4]), None);
        assert_eq!(story.push(2, 0, true, &[2; 8]), Some(vec![2; 12]));
        assert_eq!(story.push(1, 8, false, &[1; 4]), Some(vec![1; 12]));
    }

    #[test]
    fn repetitions_are_ignored() {
        let mut story = Story::new();
        for _ in 0..3 {
            assert_eq!(story.push(1, 8, false, &[7; 3]), None);
        }
        assert_eq!(story.push(1, 0, true, &[7; 8]), Some(vec![7; 11]));
        assert_eq!(story.lost(), 0);
    }

    #[test]
    fn overlaps_refuse_the_datagram_and_what_comes_after() {
        // Teardrop, a rewrite of seen bytes, a second end, an end before what was seen.
        let attacks: [&[(u32, bool, &[u8])]; 5] = [
            &[(0, true, &[1; 40]), (24, false, &[2; 4])],
            &[(0, true, &[1; 16]), (0, true, &[2; 16])],
            &[(16, false, &[1; 8]), (24, false, &[2; 8])],
            &[(32, true, &[1; 8]), (16, false, &[2; 8])],
            &[(16, false, &[1; 8]), (24, true, &[2; 8])],
        ];
        for attack in attacks {
            let mut story = Story::new();
            for (offset, more, bytes) in attack {
                assert_eq!(story.push(1, *offset, *more, bytes), None);
            }
            assert_eq!(story.lost(), 2, "{attack:?}");
            assert_eq!(story.push(1, 0, false, &[3; 8]), None, "refused for good");
            story.time_ns += 31 * SECOND;
            assert_eq!(story.push(1, 0, false, &[3; 8]), Some(vec![3; 8]), "until it is too old");
        }
    }

    #[test]
    fn lengths_that_cannot_be_are_thrown_away() {
        let mut story = Story::new();
        assert_eq!(story.push(1, 0, true, &[0; 9]), None);
        assert_eq!(story.push(1, 0, true, &[]), None);
        assert_eq!(story.push(1, 65_528, false, &[0; 8]), None);
        assert_eq!(story.push(1, u32::MAX, false, &[0; 8]), None);
        assert_eq!((story.lost(), story.table.datagrams()), (4, 0));
    }

    #[test]
    fn a_datagram_waits_for_thirty_seconds() {
        let mut story = Story::new();
        story.push(1, 0, true, &[1; 8]);
        story.time_ns += 29 * SECOND;
        assert_eq!(story.push(1, 8, false, &[1; 1]), Some(vec![1; 9]));
        story.push(1, 0, true, &[1; 8]);
        story.time_ns += 31 * SECOND;
        assert_eq!(story.push(1, 8, false, &[1; 1]), None);
        assert_eq!(story.lost(), 1);
    }

    #[test]
    fn what_waits_too_long_or_for_ever_is_counted() {
        let mut story = Story::new();
        story.push(1, 0, true, &[1; 8]);
        story.time_ns += 20 * SECOND;
        story.push(2, 0, true, &[1; 8]);
        story.table.expire(story.time_ns + 11 * SECOND, &mut story.ledger);
        assert_eq!((story.lost(), story.table.datagrams()), (1, 1));
        story.table.expire(i64::MAX, &mut story.ledger);
        assert_eq!((story.lost(), story.table.datagrams()), (2, 0));
    }

    #[test]
    fn a_last_fragment_that_the_capture_cut_tells_the_length_on_the_wire() {
        let mut story = Story::new();
        let key = FragmentKey { identification: 1, protocol: 17, ..FragmentKey::default() };
        let mut push = |offset_bytes, more, payload, payload_wire_bytes| {
            let fragment = Fragment { offset_bytes, more, protocol: 17, payload, payload_wire_bytes };
            story.table.push(&key, &fragment, SECOND, &mut story.ledger)
        };
        assert_eq!(push(8, false, &[2; 4], 100), None);
        assert_eq!(push(0, true, &[1; 8], 16), None, "one in the middle must be whole");
        let whole = push(0, true, &[1; 8], 8).unwrap();
        assert_eq!((whole.payload.len(), whole.payload_wire_bytes), (12, 108));
        assert_eq!(story.lost(), 1);
    }

    #[test]
    fn those_too_old_make_room() {
        let mut story = Story::new();
        for identification in 0..1_000 {
            story.time_ns += SECOND;
            story.push(identification, 0, true, &[1; 8]);
        }
        assert!(story.table.datagrams() < 64, "{}", story.table.datagrams());
    }

    #[test]
    fn a_flood_stays_within_the_bounds() {
        let limits = FragmentLimits { datagrams: 64, buffered_bytes_total: 64 * 1024, ..FragmentLimits::default() };
        let mut story = Story::with(limits);
        for identification in 0..20_000_u32 {
            story.push(identification, 65_528 & !7, true, &[]);
            story.push(identification, 8 * (identification % 1_000), true, &[9; 1_400]);
            assert!(story.table.datagrams() <= 64);
            assert!(story.table.memory_bytes() < 128 * 1024);
        }
        let kept = story.table.datagrams() as u64;
        assert_eq!(story.lost(), 20_000 * 2 - kept);
    }

    #[test]
    fn a_datagram_of_crumbs_is_refused() {
        let mut story = Story::new();
        for at in 0..200 {
            story.push(1, at * 16, true, &[0; 8]);
        }
        assert_eq!(story.lost(), 200);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn fragments_in_any_order_make_the_payload_once(
            length in 1_usize..3_000,
            cuts in prop::collection::btree_set(1_usize..375, 0..20),
            repeated in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
            order in prop::collection::vec(any::<u32>(), 30),
        ) {
            let sent = payload(length);
            let mut edges: Vec<_> = cuts.into_iter().map(|cut| cut * 8).filter(|cut| *cut < length).collect();
            edges.insert(0, 0);
            edges.push(length);
            let mut pieces: Vec<_> = edges.windows(2).map(|pair| (pair[0], pair[1])).collect();
            for index in repeated {
                pieces.push(*index.get(&pieces));
            }
            let mut ordered: Vec<_> = pieces.into_iter().zip(order).collect();
            ordered.sort_by_key(|(_, key)| *key);
            let mut story = Story::new();
            let mut wholes = Vec::new();
            for ((from, to), _) in ordered {
                wholes.extend(story.push(1, from as u32, to < length, &sent[from..to]));
            }
            prop_assert!(!wholes.is_empty());
            prop_assert!(wholes.iter().all(|whole| *whole == sent));
            prop_assert_eq!(story.lost(), 0);
        }

        #[test]
        fn whatever_is_pushed_bounds_hold(
            fragments in prop::collection::vec((0_u32..6, 0_u32..200, any::<bool>(), 0_usize..20, 0_i64..20), 0..200),
        ) {
            let limits = FragmentLimits { datagrams: 4, buffered_bytes_total: 1_000, ..FragmentLimits::default() };
            let mut story = Story::with(limits);
            for (identification, offset, more, length, pause) in fragments {
                story.time_ns += pause * SECOND;
                if let Some(whole) = story.push(identification, offset * 8, more, &vec![5; length * 8]) {
                    prop_assert!(whole.len() <= 65_535);
                }
                prop_assert!(story.table.datagrams() <= 4);
                prop_assert!(story.table.buffered_bytes <= 1_000);
                let bytes: usize = story.table.datagrams.iter().map(|datagram| datagram.bytes.capacity()).sum();
                prop_assert_eq!(bytes, story.table.buffered_bytes);
            }
        }
    }
}
