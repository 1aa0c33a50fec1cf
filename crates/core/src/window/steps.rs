//! Steps: what a policy counted in each ten seconds, or so, of the last hour, whatever its windows are.
//!
//! A step is a place on the clock, as 12:00:10 to 12:00:20, so that those of all policies and workers are the same. At a step's
//! end each worker adds what its open window has counted more than at the end of the step before; a window that ends
//! within a step leaves its rest there. So the steps of a window add up to what the window counted. Late packets count into the
//! step that is open, as they count into the window that is open.
//!
//! A step that nobody worked in is not there; one in which nothing came is there with zeros. Since most counts are zeros, a
//! step is kept as the others alone ([`packed`]).

use std::collections::{BTreeMap, btree_map};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::NANOSECONDS;
use super::layout::{Layout, packed, unpacked};
use super::series::Series;
use crate::memory::{Account, Held, Holder, Step};
use crate::plan::{Plan, State};

/// Seconds that a step lasts, where nobody says.
pub const DEFAULT_STEP_S: u32 = 10;

/// Steps that are kept: an hour of the usual ones.
pub const MOST_STEPS: usize = 360;

/// What the steps of a policy may take; the oldest are forgotten beyond it.
const MOST_BYTES: usize = 4 << 20;

/// What a step takes beside its counts.
const STEP_BYTES: usize = size_of::<(i64, Box<[u8]>)>();

/// One worker's place among the steps.
#[derive(Debug)]
pub struct Stepping {
    /// When the worker began.
    began_ns: i64,
    number: i64,
    last_ns: i64,
    /// What the open window had counted when the step began.
    counted: Vec<u64>,
}

impl Stepping {
    /// The open step's last moment.
    #[inline]
    pub fn last_ns(&self) -> i64 {
        self.last_ns
    }
}

/// The steps of one policy. Workers write, readers take copies.
#[derive(Debug)]
pub struct Steps {
    /// Nanoseconds that a step lasts; `None` where there are none.
    length_ns: Option<i64>,
    layout: Arc<Layout>,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    /// By number, each packed.
    steps: BTreeMap<i64, Box<[u8]>>,
    /// How many workers are in a step.
    workers: BTreeMap<i64, usize>,
    /// That of the newest step, see [`super::LiveWindow`].
    correction_ns: i64,
    held: Held,
}

impl Steps {
    /// Steps of so many seconds (0: none), of these metrics by where they stand in the state.
    pub fn new(length_s: u32, plan: &Plan, metrics: impl Iterator<Item = usize>, memory: &Arc<Account>) -> Self {
        let length_ns = (length_s > 0).then(|| i64::from(length_s) * NANOSECONDS);
        let held = Held::new(memory, Holder::Steps);
        let kept = Kept { steps: BTreeMap::new(), workers: BTreeMap::new(), correction_ns: 0, held };
        Self { length_ns, layout: Arc::new(Layout::new(plan, metrics)), kept: Mutex::new(kept) }
    }

    /// Metrics for which there was no room.
    pub fn left_out(&self) -> usize {
        self.layout.left_out()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker begins at this time, in a window that has counted nothing.
    pub fn begin(&self, time_ns: i64, correction_ns: i64) -> Stepping {
        let mut stepping = Stepping { began_ns: time_ns, number: i64::MIN, last_ns: i64::MAX, counted: Vec::new() };
        if let Some(length_ns) = self.length_ns {
            stepping.enter(Grid { length_ns, correction_ns }, time_ns);
            self.kept().come(stepping.number, correction_ns);
        }
        stepping
    }

    /// The worker's times have so much more than the clock shows, from its beginning.
    pub fn correct(&self, stepping: &mut Stepping, correction_ns: i64) {
        if self.length_ns.is_some() {
            self.kept().leave(stepping.number);
            *stepping = self.begin(stepping.began_ns, correction_ns);
        }
    }

    /// Time has come to this point: ends the worker's step if it is over.
    pub fn advance(&self, stepping: &mut Stepping, state: &State, now_ns: i64, correction_ns: i64) {
        let Some(length_ns) = self.length_ns.filter(|_| now_ns > stepping.last_ns) else { return };
        let counts = stepping.count(self.layout.read(state));
        let ended = stepping.number;
        stepping.enter(Grid { length_ns, correction_ns }, now_ns);
        let mut kept = self.kept();
        kept.add(ended, &counts);
        kept.leave(ended);
        kept.cover(ended, stepping.number);
        kept.come(stepping.number, correction_ns);
        kept.bound();
    }

    /// The worker's window ends, within its step.
    pub fn end_window(&self, stepping: &mut Stepping, state: &State) {
        if self.length_ns.is_some() {
            let counts = stepping.count(self.layout.read(state));
            stepping.counted.clear();
            self.kept().add(stepping.number, &counts);
        }
    }

    /// The worker goes, with what it counted.
    pub fn end(&self, stepping: &mut Stepping, state: &State) {
        if self.length_ns.is_some() {
            self.end_window(stepping, state);
            let mut kept = self.kept();
            kept.leave(stepping.number);
            kept.bound();
        }
    }

    /// What is kept of the steps that all workers have ended.
    pub fn series(&self) -> Series {
        let kept = self.kept();
        let whole = kept.whole().map(|(number, packed)| (*number, packed.clone())).collect();
        let grid = self.shown(&kept);
        drop(kept);
        Series::new(grid.length_ns / NANOSECONDS, grid.shift(), whole, self.layout.clone())
    }

    /// When the newest step began that all workers have ended, seconds since 1970; `None` before there is one.
    pub fn newest_s(&self) -> Option<i64> {
        let kept = self.kept();
        let (newest, _) = kept.whole().next_back()?;
        let grid = self.shown(&kept);
        Some((newest - grid.shift()) * (grid.length_ns / NANOSECONDS))
    }

    /// The steps as readers are told of them.
    fn shown(&self, kept: &Kept) -> Grid {
        Grid { length_ns: self.length_ns.unwrap_or(NANOSECONDS), correction_ns: kept.correction_ns }
    }
}

/// Where steps begin and end for times that have so much more than the clock shows.
#[derive(Debug, Clone, Copy)]
struct Grid {
    length_ns: i64,
    correction_ns: i64,
}

impl Grid {
    /// By how much numbers are greater than what the clock shows says: so they go on where it is set.
    fn shift(self) -> i64 {
        let length_ns = i128::from(self.length_ns);
        (2 * i128::from(self.correction_ns) + length_ns).div_euclid(2 * length_ns) as i64
    }

    fn number(self, time_ns: i64) -> i64 {
        let shown_ns = i128::from(time_ns) - i128::from(self.correction_ns);
        shown_ns.div_euclid(i128::from(self.length_ns)) as i64 + self.shift()
    }

    fn last_ns(self, number: i64) -> i64 {
        let end_ns = i128::from(number - self.shift() + 1) * i128::from(self.length_ns);
        (end_ns + i128::from(self.correction_ns) - 1).clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }
}

impl Stepping {
    /// Goes on to the step of a time, but never back.
    fn enter(&mut self, grid: Grid, time_ns: i64) {
        self.number = self.number.max(grid.number(time_ns));
        self.last_ns = grid.last_ns(self.number);
    }

    /// What was counted since the last look, where so much was by now.
    fn count(&mut self, counts: Vec<u64>) -> Vec<u64> {
        let before = std::mem::replace(&mut self.counted, counts);
        let before = before.into_iter().chain(std::iter::repeat(0));
        self.counted.iter().zip(before).map(|(now, before)| now.saturating_sub(before)).collect()
    }
}

impl Kept {
    /// The steps that all workers have ended.
    fn whole(&self) -> btree_map::Range<'_, i64, Box<[u8]>> {
        self.steps.range(..self.workers.keys().next().copied().unwrap_or(i64::MAX))
    }

    /// Adds what a worker counted in a step.
    fn add(&mut self, number: i64, counts: &[u64]) {
        let step = self.steps.entry(number).or_default();
        let mut sums = unpacked(step, counts.len());
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum = sum.saturating_add(*count));
        *step = packed(&sums);
    }

    /// A worker comes to a step.
    fn come(&mut self, number: i64, correction_ns: i64) {
        *self.workers.entry(number).or_default() += 1;
        if self.workers.keys().next_back() == Some(&number) {
            self.correction_ns = correction_ns;
        }
    }

    /// A worker has gone from one step to a later one: it was at work in those between, too.
    fn cover(&mut self, ended: i64, next: i64) {
        for number in ended.saturating_add(1).max(next.saturating_sub(MOST_STEPS as i64))..next {
            self.steps.entry(number).or_default();
        }
    }

    fn leave(&mut self, number: i64) {
        if let Some(workers) = self.workers.get_mut(&number) {
            *workers -= 1;
            if *workers == 0 {
                self.workers.remove(&number);
            }
        }
    }

    /// Forgets the oldest steps where they are too many, or memory is short.
    fn bound(&mut self) {
        let Some(newest) = self.steps.keys().next_back() else { return };
        self.steps = self.steps.split_off(&newest.saturating_sub(MOST_STEPS as i64 - 1));
        let mut bytes = self.bytes();
        if self.held.is_due(Step::Steps, bytes) {
            let forgotten = self.steps.len() / 2;
            (0..forgotten).for_each(|_| drop(self.steps.pop_first()));
            self.held.count_given(Step::Steps, forgotten as u64);
            bytes = self.bytes();
        }
        while bytes > MOST_BYTES
            && let Some((_, step)) = self.steps.pop_first()
        {
            bytes -= step.len() + STEP_BYTES;
        }
        self.held.tell(bytes);
    }

    fn bytes(&self) -> usize {
        self.steps.values().map(|step| step.len() + STEP_BYTES).sum()
    }
}

#[cfg(test)]
mod tests;
