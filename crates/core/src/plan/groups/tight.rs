//! What happens once the groups of a window take much: they are kept *tight*, and make room where that is not enough.
//!
//! Tight groups are packed ([`super::packed`]), and only few of their rows wait in logs. Those of few rows keep counters and
//! cardinalities, and leave their top lists out: the weight of all that they have seen is the bound of what any item may weigh, and the
//! ledger tells how many they are. A group that turns out to be heavy gets lists from then on.
//!
//! Where that is not enough, lists stay with the heaviest groups alone; then the lightest groups join the other one. Where
//! metrics can't be packed, since they are neither counters, lists nor cardinalities, only the last is left.

use super::group::{MOST_LOGGED_SMALL, Tight};
use super::log::Chunk;
use super::{Groups, LEAST_GROUP_BYTES, MOST_BYTES, refuse};
use crate::memory::Step;

/// From so many bytes on groups are kept tight.
const TIGHT_BYTES: usize = MOST_BYTES / 8 * 5;

/// Groups that keep their lists though others have to leave theirs out.
const MOST_LISTED: usize = 10_000;

/// Groups that are made tight with each batch: more than it can add.
const TIGHTENED_A_BATCH: usize = 2_048;

/// What had to go for want of memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct GaveUp {
    /// Groups that joined the other one.
    pub groups: u64,
    /// Groups that go on without their top lists.
    pub lists: u64,
}

impl Groups {
    /// Makes room once the groups have grown beyond the bound: what loses least comes first.
    pub(super) fn keep_bound(&mut self, most_bytes: usize, work: &mut Chunk) -> u64 {
        self.tighten_some(work);
        if self.own_bytes() <= most_bytes + most_bytes / 16 {
            return 0;
        }
        self.make_room(work, |groups| groups.own_bytes() > most_bytes)
    }

    /// Makes room where its account asks for it. Tells what had to go.
    pub(crate) fn give_way(&mut self) -> GaveUp {
        let is_due = |groups: &Self| groups.held.is_due(Step::LightGroups, groups.own_bytes());
        if self.groups.is_empty() || !is_due(self) {
            return GaveUp::default();
        }
        let mut work = Chunk::default();
        let groups = self.make_room(&mut work, is_due);
        self.held.count_given(Step::LightGroups, groups);
        GaveUp { groups, lists: work.left_out }
    }

    fn make_room(&mut self, work: &mut Chunk, is_short: impl Fn(&Self) -> bool) -> u64 {
        if self.plan.layout().is_packable() {
            self.tighten(usize::MAX, work);
            if is_short(self) {
                self.keep_heaviest_lists(MOST_LISTED, work);
            }
        } else {
            self.shrink();
        }
        if is_short(self) { self.join_lightest(work) } else { 0 }
    }

    /// Begins to keep groups tight where they take much, and goes on with it.
    fn tighten_some(&mut self, work: &mut Chunk) {
        let is_due = self.own_bytes() > TIGHT_BYTES && self.plan.layout().is_packable();
        if is_due || self.tight.is_some() {
            self.tighten(TIGHTENED_A_BATCH, work);
        }
    }

    /// Makes so many more groups tight.
    fn tighten(&mut self, most: usize, work: &mut Chunk) {
        let mut tight = self.tight.unwrap_or(Tight { listed_from: u64::from(MOST_LOGGED_SMALL), done: 0 });
        let (plan, span, seed) = (self.plan.clone(), self.span, self.seed);
        let begin = tight.done.min(self.groups.len());
        let end = begin.saturating_add(most).min(self.groups.len());
        let mut grown = 0;
        for group in &mut self.groups[begin..end] {
            grown += group.tighten(&plan, span, work, seed, tight);
        }
        if end == self.groups.len() {
            grown += self.other.tighten(&plan, span, work, seed, tight);
        }
        self.content_bytes = self.content_bytes.wrapping_add_signed(grown);
        tight.done = end;
        self.tight = Some(tight);
        self.tell_memory();
    }

    /// Lists stay with the heaviest groups; others get theirs again once they are twice as heavy as the lightest of these.
    fn keep_heaviest_lists(&mut self, most: usize, work: &mut Chunk) {
        let mut listed: Vec<u64> =
            self.groups.iter().filter(|group| group.is_listed()).map(|group| group.rows).collect();
        if listed.len() <= most {
            return;
        }
        let least = *listed.select_nth_unstable_by(most - 1, |a, b| b.cmp(a)).1;
        let (plan, span, seed) = (self.plan.clone(), self.span, self.seed);
        let mut grown = 0;
        // Of those that are as light as the lightest, none stays: else it would matter in which order they came.
        for group in self.groups.iter_mut().filter(|group| group.rows <= least && group.is_listed()) {
            grown += group.leave_lists_out(&plan, span, work, seed);
            work.left_out += 1;
        }
        self.content_bytes = self.content_bytes.wrapping_add_signed(grown);
        if let Some(tight) = &mut self.tight {
            tight.listed_from = 2 * least;
        }
        self.tell_memory();
    }

    /// The lightest groups, half of all by their bytes, join the other one. Tells how many did.
    fn join_lightest(&mut self, work: &mut Chunk) -> u64 {
        let (plan, span, seed) = (self.plan.clone(), self.span, self.seed);
        let (mut groups, keys) = (std::mem::take(&mut self.groups), std::mem::take(&mut self.keys));
        let mut numbers: Vec<usize> = (0..groups.len()).collect();
        numbers.sort_unstable_by(|a, b| {
            groups[*a].rows.cmp(&groups[*b].rows).then_with(|| keys.key(*a).cmp(keys.key(*b)))
        });
        let mut left = groups.iter().map(|group| group.content_bytes() + LEAST_GROUP_BYTES).sum::<usize>() / 2;
        let mut joined = 0;
        for number in numbers {
            let (group, key) = (std::mem::take(&mut groups[number]), keys.key(number));
            if left > 0 {
                left = left.saturating_sub(group.content_bytes() + LEAST_GROUP_BYTES);
                refuse(&mut self.refused_keys, key);
                self.other.take_in(&plan, &group, span, work, seed);
                joined += 1;
            } else {
                self.keys.add(keys.hash(number), key);
                self.groups.push(group);
            }
        }
        self.is_full = true;
        self.shrink();
        joined
    }

    /// A copy to be read, of the heaviest groups alone where there are more than so many; the others are told by their number.
    pub(crate) fn heaviest(&self, most: usize) -> Self {
        if self.groups.len() <= most || !self.earlier.is_empty() {
            return self.clone();
        }
        let mut numbers: Vec<usize> = (0..self.groups.len()).collect();
        numbers.select_nth_unstable_by(most, |a, b| {
            let (a_rows, b_rows) = (self.groups[*a].rows, self.groups[*b].rows);
            b_rows.cmp(&a_rows).then_with(|| self.keys.key(*a).cmp(self.keys.key(*b)))
        });
        let mut copy = Self {
            other: self.other.clone(),
            refused_keys: self.refused_keys.clone(),
            held: self.held.clone(),
            span: self.span,
            unread: self.groups.len() - most,
            ..Self::new(self.plan.clone(), self.span.start, self.seed)
        };
        for number in &numbers[..most] {
            copy.keys.add(self.keys.hash(*number), self.keys.key(*number));
            copy.groups.push(self.groups[*number].clone());
        }
        copy.content_bytes = copy.measured_bytes();
        copy.tell_memory();
        copy
    }
}

#[cfg(test)]
mod tests;
