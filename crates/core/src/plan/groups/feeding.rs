//! How rows of a batch find their groups: by the hash of their key, then by its number. Groups that are new are made, within the
//! bounds; what these turn away counts into the other one.

use super::group::{Feeding, Group};
use super::log::{Chunk, MOST_LOG_BYTES, RowLayout};
use super::{GaveUp, Groups, MOST_BYTES, refuse, values};
use crate::expr::Bitmap;
use crate::hash::prefetch;
use crate::memory::Step;
use crate::plan::ColumnIndex;
use crate::table::Column;

/// What each log may take, however many there are.
const LEAST_LOG_BYTES: usize = 4 << 10;

/// Numbers that are none of a group: that of the other one, and that of rows which count nowhere.
const OTHER: u32 = u32::MAX;
const NOBODY: u32 = u32::MAX - 1;

/// So many rows ahead their groups are asked for.
const AHEAD: usize = 16;

impl Groups {
    /// Takes in the rows of a batch that any condition holds for. Tells what had to go for want of room.
    pub(crate) fn feed<'a>(
        &mut self,
        bitmaps: &[Bitmap],
        column: impl Fn(ColumnIndex) -> Column<'a>,
        times_ns: &[i64],
        work: &mut Chunk,
    ) -> GaveUp {
        let (plan, span, seed) = (self.plan.clone(), self.span, self.seed);
        let sources: Vec<Column<'_>> = plan.sources.iter().map(|(index, _)| column(*index)).collect();
        let (mut images, mut picked) = (std::mem::take(&mut work.images), std::mem::take(&mut work.picked));
        let (mut holding, mut hashes) = (std::mem::take(&mut work.holding), std::mem::take(&mut work.hashes));
        let mut numbers = std::mem::take(&mut work.numbers);
        plan.holding(bitmaps, times_ns.len(), &mut holding);
        picked.clear();
        picked.extend((0..times_ns.len() as u32).filter(|row| holding.iter().any(|holds| holds[*row as usize] != 0)));
        let layout = plan.row_layout();
        if !picked.is_empty() {
            images.make(layout, &picked, times_ns, &sources);
        }
        let mut turned_away = 0;
        work.left_out = 0;
        let feeding = Feeding { most_log_bytes: self.most_log_bytes(), tight: self.tight };
        for (columns, holding) in plan.by.iter().zip(&holding) {
            let by: Vec<Column<'_>> = columns.iter().map(|index| column(*index)).collect();
            values::hash_rows(&by, &picked, seed, &mut hashes);
            turned_away += self.find_groups(&by, &picked, holding, &hashes, &mut numbers);
            for (at, row) in picked.iter().enumerate() {
                self.fetch_ahead(layout, &numbers[at..]);
                let (holds, number) = (holding[*row as usize], numbers[at]);
                let group = match number {
                    NOBODY => continue,
                    OTHER => &mut self.other,
                    number => &mut self.groups[number as usize],
                };
                group.rows += 1;
                let grown = group.log.push(layout, &mut images, at, holds);
                let grown = grown + group.settle(&plan, span, work, seed, feeding);
                self.content_bytes = self.content_bytes.wrapping_add_signed(grown);
            }
        }
        (work.images, work.picked, work.holding, work.hashes) = (images, picked, holding, hashes);
        work.numbers = numbers;
        self.held.count_given(Step::NewGroups, turned_away);
        let groups = self.keep_bound(MOST_BYTES, work);
        self.tell_memory();
        GaveUp { groups, lists: work.left_out }
    }

    /// Tells for each row that was picked which group it counts into; how many were turned away for want of memory.
    fn find_groups(
        &mut self,
        by: &[Column<'_>],
        picked: &[u32],
        holding: &[u64],
        hashes: &[u64],
        numbers: &mut Vec<u32>,
    ) -> u64 {
        let mut turned_away = 0;
        numbers.clear();
        for (row, hash) in picked.iter().zip(hashes) {
            let number = match self.keys.find(*hash) {
                _ if holding[*row as usize] == 0 => NOBODY,
                Some(number) => number as u32,
                None => {
                    let key = values::key_of(by, *row as usize);
                    let number = self.unknown_within_budget(*hash, &key);
                    turned_away += u64::from(number == OTHER && self.is_full);
                    number
                }
            };
            numbers.push(number);
        }
        turned_away
    }

    /// Asks for what rows to come will need: first the group, then the end of its log. Groups are too many for the cache.
    #[inline(always)]
    fn fetch_ahead(&self, layout: &RowLayout, numbers: &[u32]) {
        if let Some(group) = numbers.get(2 * AHEAD).and_then(|number| self.groups.get(*number as usize)) {
            prefetch(group);
        }
        if let Some(group) = numbers.get(AHEAD).and_then(|number| self.groups.get(*number as usize)) {
            group.log.fetch_end(layout);
        }
    }

    /// Bytes that each log may take: the memory of all together is bounded.
    fn most_log_bytes(&self) -> usize {
        (MOST_LOG_BYTES / self.groups.len().max(1)).max(LEAST_LOG_BYTES)
    }

    /// The number of a group for a key that is not known.
    #[cold]
    fn unknown_within_budget(&mut self, hash: u64, key: &[u8]) -> u32 {
        self.is_full |= self.held.is_due(Step::NewGroups, self.own_bytes());
        self.unknown(hash, key)
    }

    /// The number of a group for a key that is not known; [`OTHER`] where there is no room for it.
    fn unknown(&mut self, hash: u64, key: &[u8]) -> u32 {
        if self.is_full || self.groups.len() >= self.plan.most || self.own_bytes() >= MOST_BYTES {
            refuse(&mut self.refused_keys, key);
            return OTHER;
        }
        self.keys.add(hash, key);
        self.groups.push(Group::default());
        self.groups.len() as u32 - 1
    }

    /// The group of a key; the other one where there is no room for it.
    pub(super) fn at(&mut self, key: &[u8]) -> &mut Group {
        let hash = values::hash_key(key, &self.plan.by_items, self.seed).expect("keys are what their columns are");
        match self.keys.find(hash) {
            Some(number) => &mut self.groups[number],
            None => match self.unknown(hash, key) {
                OTHER => &mut self.other,
                number => &mut self.groups[number as usize],
            },
        }
    }
}
