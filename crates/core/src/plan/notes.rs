//! What handlers want to know of a question when it is over: its address, a text. Kept in a ring, by serial numbers.

use std::collections::HashMap;

use crate::table::Address;

/// Questions that are remembered at once.
const MOST: usize = 1 << 16;

/// The note of a question of which nothing is remembered.
pub(super) const NO_NOTE: u32 = u32::MAX;

/// A text with the key of its question, by which it is known whether that is still open.
#[derive(Debug, Default)]
struct Noted {
    note: u32,
    key: u64,
    text: Vec<u8>,
}

/// The address of the question that has a note, and its text; a handler asks for one of them, or both.
#[derive(Debug, Default)]
pub(super) struct Notes {
    next: u32,
    addresses: Vec<(u32, Address)>,
    texts: Vec<Noted>,
    /// Texts whose place in the ring was wanted while their question was open.
    waiting: HashMap<u32, Noted>,
    /// What the texts take.
    text_bytes: usize,
}

impl Notes {
    /// Remembers the address of a question, or that it has none.
    pub fn add_address(&mut self, note: u32, address: &Address) {
        put(&mut self.addresses, note, (note, *address));
    }

    /// Remembers the text of a question, in pieces; one that has to make room stays where its question `is_open`.
    pub fn add_text<'a>(
        &mut self,
        note: u32,
        key: u64,
        text: impl Iterator<Item = &'a [u8]>,
        is_open: impl Fn(u64, u32) -> bool,
    ) {
        let slot = note as usize % MOST;
        if slot >= self.texts.len() {
            self.texts.resize_with(slot + 1, || Noted { note: NO_NOTE, ..Noted::default() });
        }
        let place = &mut self.texts[slot];
        if place.note != NO_NOTE && self.waiting.len() < MOST && is_open(place.key, place.note) {
            self.waiting.insert(place.note, std::mem::take(place));
        }
        let before = place.text.capacity();
        place.text.clear();
        text.for_each(|piece| place.text.extend_from_slice(piece));
        (place.note, place.key) = (note, key);
        self.text_bytes = self.text_bytes + place.text.capacity() - before;
    }

    /// The note of the next question.
    pub fn next(&mut self) -> u32 {
        let note = self.next;
        // The number that means "none" is never given out, and slots stay in step.
        self.next = if note >= NO_NOTE - MOST as u32 { 0 } else { note + 1 };
        note
    }

    /// The address of a question; zeros where it has none, or it was forgotten.
    pub fn address(&self, note: u32) -> Address {
        let kept = self.addresses.get(note as usize % MOST).filter(|(kept, _)| *kept == note);
        kept.map_or([0; 16], |(_, address)| *address)
    }

    /// The text of a question; `None` where it has none, or it was forgotten.
    pub fn text(&self, note: u32) -> Option<&[u8]> {
        let in_ring = self.texts.get(note as usize % MOST).filter(|kept| kept.note == note);
        in_ring.or_else(|| self.waiting.get(&note)).map(|kept| &kept.text[..])
    }

    /// Forgets texts that waited for an answer that has come, or will not.
    pub fn forget_closed(&mut self, is_open: impl Fn(u64, u32) -> bool) {
        self.waiting.retain(|note, kept| is_open(kept.key, *note));
        let texts = self.texts.iter().chain(self.waiting.values());
        self.text_bytes = texts.map(|kept| kept.text.capacity()).sum();
    }

    pub fn memory_bytes(&self) -> usize {
        self.addresses.capacity() * size_of::<(u32, Address)>()
            + self.texts.capacity() * size_of::<Noted>()
            + self.waiting.capacity() * size_of::<(u32, Noted)>()
            + self.text_bytes
    }
}

/// Puts a value into the slot of a note.
fn put(ring: &mut Vec<(u32, Address)>, note: u32, value: (u32, Address)) {
    let slot = note as usize % MOST;
    if slot >= ring.len() {
        ring.resize(slot + 1, (NO_NOTE, [0; 16]));
    }
    ring[slot] = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_while_its_question_is_open_however_many_come_after_it() {
        let mut notes = Notes::default();
        let is_open = |key: u64, _: u32| key == 1;
        for key in 0..3 * MOST as u64 {
            let note = notes.next();
            notes.add_text(note, key, [key.to_string().as_bytes()].into_iter(), is_open);
        }
        assert_eq!(notes.text(1), Some(&b"1"[..]), "it is open still");
        assert_eq!(notes.text(2), None, "its place was wanted");
        let newest = 3 * MOST as u32 - 1;
        assert_eq!(notes.text(newest), Some(newest.to_string().as_bytes()));
        notes.forget_closed(|_, _| false);
        assert_eq!(notes.text(1), None);
    }

    #[test]
    fn what_is_remembered_has_a_bound_though_no_question_is_ever_answered() {
        let mut notes = Notes::default();
        for key in 0..4 * MOST as u64 {
            let note = notes.next();
            notes.add_text(note, key, [&b"na"[..], b"me"].into_iter(), |_, _| true);
        }
        assert_eq!((notes.texts.len(), notes.waiting.len()), (MOST, MOST));
        assert!(notes.memory_bytes() < 200 * MOST, "{}", notes.memory_bytes());
    }

    #[test]
    fn addresses_and_texts_of_questions_do_not_get_in_each_others_way() {
        let mut notes = Notes::default();
        let (first, second, third) = (notes.next(), notes.next(), notes.next());
        notes.add_address(second, &[7; 16]);
        notes.add_text(third, 5, [&b"c"[..]].into_iter(), |_, _| true);
        assert_eq!((notes.address(second), notes.text(second)), ([7; 16], None));
        assert_eq!((notes.address(third), notes.text(third)), ([0; 16], Some(&b"c"[..])));
        assert_eq!((notes.address(first), notes.text(NO_NOTE)), ([0; 16], None));
    }
}
