//! What the windows of a policy hold: the open one of each worker, and the closed ones, merged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clock;
use super::saved::GREATEST_RESTORED;
use super::totals::Totals;
use super::{FirstWindow, NANOSECONDS, SavedWindow};
use crate::Error;
use crate::memory::{Account, Step};
use crate::plan::State;
use crate::plan::groups::MOST_SHOWN;

/// One worker's open window.
#[derive(Debug, Clone)]
pub struct LiveWindow {
    pub number: usize,
    pub start_ns: i64,
    /// Time of the newest row seen.
    pub last_ns: i64,
    /// What these times have more than the clock showed when the window began; see `engine::timeline`. Readers are told what
    /// the clock showed.
    pub correction_ns: i64,
    pub state: State,
}

impl LiveWindow {
    /// A time as the clock would have shown it.
    fn shown_ns(&self, time_ns: i64) -> i64 {
        time_ns.saturating_sub(self.correction_ns)
    }
}

/// What all workers that have ended a window saw of it. Shared with readers, so that these copy nothing.
#[derive(Debug, Clone)]
struct Ended {
    start_ns: i64,
    end_ns: i64,
    /// That of the open window, which is taken off these times already.
    correction_ns: i64,
    state: Arc<State>,
}

/// Some windows merged.
#[derive(Debug, Clone)]
pub struct Merged {
    /// Number of the newest of them.
    pub number: usize,
    pub start_ns: i64,
    /// End of the newest window; for an open one the time of the newest row.
    pub end_ns: i64,
    /// What was taken off these times: what they had more than the clock of the newest window showed.
    pub correction_ns: i64,
    /// Sum of the windows' own lengths, which gaps between inputs do not count into: from the second that each begins in
    /// to the second that it ends in.
    pub length_seconds: i64,
    pub is_closed: bool,
    pub state: Arc<State>,
}

impl Merged {
    /// When it began by a clock that had this correction; its own is that of another clock where one was set meanwhile.
    fn start_by(&self, correction_ns: i64) -> i64 {
        self.start_ns.saturating_add(self.correction_ns).saturating_sub(correction_ns)
    }

    /// This window with metrics of another merged into its own, each from the place that stands second into the first.
    /// Metrics that share their places are merged once. `None` where two are not of one kind. Ledgers are added where
    /// the inputs are others.
    pub fn with(&self, other: &Merged, places: &[(usize, usize)], adds_ledgers: bool) -> Option<Merged> {
        let mut merged = self.clone();
        let state = Arc::make_mut(&mut merged.state);
        let places: BTreeSet<_> = places.iter().collect();
        let is_alike =
            places.into_iter().all(|(mine, theirs)| state.metrics[*mine].merge_alike(&other.state.metrics[*theirs]));
        if adds_ledgers {
            state.ledger += &other.state.ledger;
        }
        merged.start_ns = self.start_ns.min(other.start_ns);
        merged.end_ns = self.end_ns.max(other.end_ns);
        merged.length_seconds = self.length_seconds.max(other.length_seconds);
        merged.is_closed = self.is_closed && other.is_closed;
        is_alike.then_some(merged)
    }
}

/// The windows of one policy. Workers write, readers merge.
///
/// Windows have numbers that only ever grow, also over a restart that restores them; the newest has the greatest.
#[derive(Debug)]
pub struct Store {
    periods: usize,
    /// Seconds that a window lasts; `None` where there is only one, which never ends.
    length_s: Option<u32>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    lives: Vec<Arc<Mutex<LiveWindow>>>,
    ended: BTreeMap<usize, Ended>,
    /// Of all that workers have ended, kept or forgotten; not of what was restored.
    totals: Totals,
    /// Number of the window that the first workers begin with.
    first: usize,
    /// Start of that window, where it was restored and goes on.
    first_start_ns: Option<i64>,
    /// Number of the newest window that there is or was; before any, of the first.
    newest: usize,
    /// Window `newest` was restored open; the first worker decides whether it goes on.
    is_undecided: bool,
    /// The input has ended: the open windows are closed, too.
    has_ended: bool,
}

impl Inner {
    /// Takes in what one worker saw of a window that it has ended; forgets windows that are too old.
    fn take(&mut self, number: usize, ended: Ended, periods: usize) {
        self.totals.add(&ended.state);
        match self.ended.get_mut(&number) {
            Some(known) => {
                // Merging into a copy where a reader still holds it.
                let state = Arc::make_mut(&mut known.state);
                state.merge_worker(&ended.state);
                state.keep();
                known.start_ns = known.start_ns.min(ended.start_ns);
                known.end_ns = known.end_ns.max(ended.end_ns);
            }
            None => {
                self.ended.insert(number, ended);
            }
        }
        let newest = self.newest;
        self.ended.retain(|number, _| number + periods > newest);
    }

    /// All workers have ended a window, or no more rows will come.
    fn is_closed(&self, number: usize) -> bool {
        let is_open = number == self.newest || self.lives.iter().any(|live| lock(live).number == number);
        self.has_ended || !is_open
    }

    /// What there is of a window: of those that have ended it, and copies of what others still have open.
    fn parts(&self, number: usize) -> Option<Parts> {
        self.parts_of(number, State::clone)
    }

    /// The same to be read, if only one worker has it open and nobody has ended it: of its groups the heaviest, all that are shown.
    fn shown_part(&self, number: usize) -> Option<Parts> {
        let lives = self.lives.iter().filter(|live| lock(live).number == number).count();
        let is_one = lives == 1 && !self.ended.contains_key(&number);
        if is_one { self.parts_of(number, |state| state.heaviest(MOST_SHOWN)) } else { self.parts(number) }
    }

    fn parts_of(&self, number: usize, copied: impl Fn(&State) -> State) -> Option<Parts> {
        let mut parts: Vec<Ended> = self.ended.get(&number).cloned().into_iter().collect();
        for live in &self.lives {
            let live = lock(live);
            if live.number == number {
                parts.push(Ended {
                    start_ns: live.shown_ns(live.start_ns),
                    end_ns: live.shown_ns(live.last_ns),
                    correction_ns: live.correction_ns,
                    state: Arc::new(copied(&live.state)),
                });
            }
        }
        (!parts.is_empty()).then(|| Parts { number, is_closed: self.is_closed(number), parts })
    }
}

/// The parts of one window, taken under the lock and merged without it.
struct Parts {
    number: usize,
    is_closed: bool,
    parts: Vec<Ended>,
}

impl Parts {
    fn merged(self) -> Merged {
        let mut parts = self.parts.into_iter();
        let mut whole = parts.next().expect("a window has parts");
        for part in parts {
            Arc::make_mut(&mut whole.state).merge_worker(&part.state);
            whole.start_ns = whole.start_ns.min(part.start_ns);
            whole.end_ns = whole.end_ns.max(part.end_ns);
        }
        let length = whole.end_ns.div_euclid(NANOSECONDS) - whole.start_ns.div_euclid(NANOSECONDS);
        let Ended { start_ns, end_ns, correction_ns, state } = whole;
        let (number, is_closed, length_seconds) = (self.number, self.is_closed, length.max(0));
        Merged { number, start_ns, end_ns, correction_ns, length_seconds, is_closed, state }
    }
}

impl Store {
    /// Keeps this many windows of this length, the open one included.
    pub fn new(periods: usize, length_s: u32) -> Self {
        let periods = periods.max(1);
        Self { periods, length_s: (periods > 1).then_some(length_s), inner: Mutex::default() }
    }

    pub fn periods(&self) -> usize {
        self.periods
    }

    /// Seconds that a window lasts; `None` where there is only one, which never ends.
    pub fn length_s(&self) -> Option<u32> {
        self.length_s
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The window that a worker begins with which starts at this time: a restored one that was open goes on unless its
    /// time is over, or lies ahead.
    pub fn first_window(&self, now_ns: i64) -> FirstWindow {
        let mut inner = self.inner();
        let newest = inner.newest;
        if std::mem::take(&mut inner.is_undecided)
            && let Some(open) = inner.ended.get_mut(&newest)
        {
            let is_over = self
                .length_s
                .is_some_and(|length_s| !(open.start_ns..=clock::last_ns(open.start_ns, length_s)).contains(&now_ns));
            if is_over {
                close(open);
                inner.newest += 1;
                inner.first = inner.newest;
            } else {
                inner.first_start_ns = Some(open.start_ns);
            }
        }
        FirstWindow { number: inner.first, start_ns: inner.first_start_ns.unwrap_or(now_ns) }
    }

    /// As [`Self::first_window`], for an input with a clock of its own: others may have come further already.
    pub fn newest_window(&self, now_ns: i64) -> FirstWindow {
        let first = self.first_window(now_ns);
        let newest = self.inner().newest;
        if newest > first.number { FirstWindow { number: newest, start_ns: now_ns } } else { first }
    }

    /// A place for a new worker's open window.
    pub fn add_worker(&self, live: LiveWindow) -> Arc<Mutex<LiveWindow>> {
        let mut inner = self.inner();
        inner.newest = inner.newest.max(live.number);
        let live = Arc::new(Mutex::new(live));
        inner.lives.push(live.clone());
        live
    }

    /// A worker is done: what it saw of its open window stays.
    pub fn remove_worker(&self, live: &Arc<Mutex<LiveWindow>>) {
        let mut inner = self.inner();
        inner.lives.retain(|known| !Arc::ptr_eq(known, live));
        let live = {
            let mut live = lock(live);
            let state = std::mem::replace(&mut live.state, State::empty());
            LiveWindow { state, ..*live }
        };
        let (start_ns, end_ns) = (live.shown_ns(live.start_ns), live.shown_ns(live.last_ns));
        let correction_ns = live.correction_ns;
        inner.take(live.number, Ended { start_ns, end_ns, correction_ns, state: Arc::new(live.state) }, self.periods);
    }

    /// Ends a worker's open window: it joins the ended ones and the window that `next` gives takes its place. Readers
    /// see the one or the other, never neither.
    pub fn shift(&self, live: &Mutex<LiveWindow>, next: impl FnOnce(&mut LiveWindow) -> LiveWindow) {
        let mut inner = self.inner();
        let mut ended = {
            let mut live = lock(live);
            let next = next(&mut live);
            std::mem::replace(&mut *live, next)
        };
        ended.state.shrink();
        let (number, end_ns) = {
            let live = lock(live);
            (live.number, live.start_ns)
        };
        inner.newest = inner.newest.max(number);
        let (start_ns, end_ns) = (ended.shown_ns(ended.start_ns), ended.shown_ns(end_ns));
        let part = Ended { start_ns, end_ns, correction_ns: ended.correction_ns, state: Arc::new(ended.state) };
        inner.take(ended.number, part, self.periods);
    }

    /// Memory is short: windows that workers have ended make themselves smaller where the step is due, the oldest first.
    /// Those that a reader is at wait for the next time.
    pub fn give_way(&self, step: Step, memory: &Account) {
        for ended in self.inner().ended.values_mut() {
            if !memory.is_due(step) {
                break;
            }
            if let Some(state) = Arc::get_mut(&mut ended.state) {
                state.give_way(step);
            }
        }
    }

    /// Memory is short: forgets the oldest closed windows as long as that is due, but for the newest of them.
    pub fn forget_oldest(&self, memory: &Account) {
        let mut inner = self.inner();
        while memory.is_due(Step::Windows)
            && let Some(oldest) = inner.ended.keys().next().copied()
            && oldest + 1 < inner.newest
            && inner.is_closed(oldest)
        {
            inner.ended.remove(&oldest);
            memory.count_given(Step::Windows, 1);
        }
    }

    /// No more rows will come: what is open counts as closed from now on.
    pub fn end(&self) {
        self.inner().has_ended = true;
    }

    /// Windows that are closed, and that no worker compares with any more; the oldest first. They are kept no longer.
    pub fn take_closed(&self) -> Vec<Merged> {
        let taken: Vec<Parts> = {
            let mut inner = self.inner();
            let oldest = inner.lives.iter().map(|live| lock(live).number).min().unwrap_or(inner.newest);
            let is_needed = |number: usize| number + 1 >= oldest && !inner.has_ended;
            let numbers: Vec<usize> = inner.ended.keys().copied().filter(|number| !is_needed(*number)).collect();
            let taken = numbers.iter().filter_map(|number| inner.parts(*number)).collect();
            inner.ended.retain(|number, _| !numbers.contains(number));
            taken
        };
        taken.into_iter().map(Parts::merged).collect()
    }

    /// Number of the newest window that has begun.
    pub fn newest(&self) -> usize {
        self.inner().newest
    }

    /// How many windows there are, the open one included.
    pub fn available(&self) -> usize {
        let inner = self.inner();
        if inner.lives.is_empty() && inner.ended.is_empty() {
            return 0;
        }
        1 + inner.ended.range(..inner.newest).rev().take(self.periods - 1).count()
    }

    /// Merges windows `first..=last`, counted from the open one (0) backwards. Windows that do not exist are left out;
    /// `None` where none of them does. Of a clock that was set between them, the start is by the clock of the newest, so
    /// that one bad stamp makes no period of years.
    pub fn read(&self, first: usize, last: usize) -> Option<Merged> {
        let windows: Vec<Parts> = {
            let inner = self.inner();
            let numbers = (first..=last.min(self.periods - 1)).filter_map(|back| inner.newest.checked_sub(back));
            match first == last {
                true => numbers.filter_map(|number| inner.shown_part(number)).collect(),
                false => numbers.filter_map(|number| inner.parts(number)).collect(),
            }
        };
        let mut windows = windows.into_iter().map(Parts::merged);
        let mut merged = windows.next()?;
        for window in windows {
            Arc::make_mut(&mut merged.state).merge_window(&window.state);
            merged.start_ns = merged.start_ns.min(window.start_by(merged.correction_ns));
            merged.length_seconds += window.length_seconds;
        }
        Some(merged)
    }

    /// What was counted since the first worker began, open windows included.
    pub fn totals(&self) -> Totals {
        let inner = self.inner();
        let mut totals = inner.totals.clone();
        inner.lives.iter().for_each(|live| totals.add(&lock(live).state));
        totals
    }

    /// The windows that can be read: number and whether it is closed, the oldest first.
    pub fn windows(&self) -> Vec<(usize, bool)> {
        let inner = self.inner();
        let live = inner.lives.iter().any(|live| lock(live).number == inner.newest);
        let numbers = inner.ended.keys().copied().filter(|number| *number != inner.newest);
        let newest = (live || inner.ended.contains_key(&inner.newest)).then_some(inner.newest);
        numbers.chain(newest).map(|number| (number, inner.is_closed(number))).collect()
    }

    /// One window by its number.
    pub fn window(&self, number: usize) -> Option<Merged> {
        let parts = self.inner().parts(number);
        parts.map(Parts::merged)
    }

    /// The same to be written down, with its groups that are shown.
    pub fn shown_window(&self, number: usize) -> Option<Merged> {
        let parts = self.inner().shown_part(number);
        parts.map(Parts::merged)
    }

    /// Takes in windows of an earlier process; of those that are too many, the newest. The newest may still be open,
    /// others that were are closed now. Tells how many were taken. Numbers stay, unless some are missing between them.
    ///
    /// # Errors
    /// When a worker has begun already.
    pub fn restore(&self, mut saved: Vec<SavedWindow>) -> Result<usize, Error> {
        let mut inner = self.inner();
        if !inner.lives.is_empty() || !inner.ended.is_empty() {
            return Err(Error::invalid("windows can be restored before an input starts, and once, but not later"));
        }
        // Of copies of one window the closed one, or the one that went on longest.
        saved.sort_by_key(|window| (window.first.start_ns, !window.is_closed, -i128::from(window.end_ns)));
        saved.dedup_by_key(|window| window.first.start_ns);
        // Where the newest is closed, a new one opens beside those that are kept.
        let most = self.periods - usize::from(saved.last().is_some_and(|newest| newest.is_closed));
        let kept = saved.split_off(saved.len().saturating_sub(most));
        let Some(newest) = kept.last() else { return Ok(0) };
        let newest_number = newest.first.number.clamp(kept.len() - 1, GREATEST_RESTORED);
        inner.is_undecided = !newest.is_closed;
        inner.newest = newest_number + usize::from(newest.is_closed);
        inner.first = inner.newest;
        let count = kept.len();
        for (at, window) in kept.into_iter().enumerate() {
            let is_open = at + 1 == count && !window.is_closed;
            let mut ended =
                Ended { start_ns: window.first.start_ns, end_ns: window.end_ns, correction_ns: 0, state: window.state };
            if !is_open {
                close(&mut ended);
            }
            inner.ended.insert(newest_number + 1 + at - count, ended);
        }
        Ok(count)
    }
}

/// A window ends with what was seen of it.
fn close(window: &mut Ended) {
    let state = Arc::make_mut(&mut window.state);
    state.close(window.end_ns.div_euclid(NANOSECONDS));
    state.keep();
}

fn lock(live: &Mutex<LiveWindow>) -> MutexGuard<'_, LiveWindow> {
    live.lock().unwrap_or_else(PoisonError::into_inner)
}
