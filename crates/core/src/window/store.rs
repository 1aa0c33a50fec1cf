//! What the windows of a policy hold: the open one of each worker, and the closed ones, merged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::NANOSECONDS;
use crate::plan::State;

/// One worker's open window.
#[derive(Debug)]
pub struct LiveWindow {
    pub number: usize,
    pub start_ns: i64,
    /// Time of the newest row seen.
    pub last_ns: i64,
    pub state: State,
}

/// A closed window: what all workers that have closed it saw.
#[derive(Debug)]
struct Closed {
    start_ns: i64,
    end_ns: i64,
    state: State,
}

/// Some windows merged.
#[derive(Debug, Clone)]
pub struct Merged {
    pub start_ns: i64,
    /// End of the newest window; for an open one the time of the newest row.
    pub end_ns: i64,
    /// Sum of the windows' own lengths, which gaps between inputs do not count into: from the second that each begins in
    /// to the second that it ends in.
    pub length_seconds: i64,
    pub is_closed: bool,
    pub state: State,
}

/// The windows of one policy. Workers write, readers merge.
#[derive(Debug)]
pub struct Store {
    periods: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    lives: Vec<Arc<Mutex<LiveWindow>>>,
    closed: BTreeMap<usize, Closed>,
    /// The input has ended: the open windows are closed, too.
    has_ended: bool,
}

impl Store {
    /// Keeps this many windows, the open one included.
    pub fn new(periods: usize) -> Self {
        Self { periods: periods.max(1), inner: Mutex::default() }
    }

    pub fn periods(&self) -> usize {
        self.periods
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a new worker's open window.
    pub fn add_worker(&self, live: LiveWindow) -> Arc<Mutex<LiveWindow>> {
        let live = Arc::new(Mutex::new(live));
        self.inner().lives.push(live.clone());
        live
    }

    /// Ends a worker's open window: it joins the closed ones and the window that `next` gives takes its place. Readers
    /// see the one or the other, never neither.
    pub fn shift(&self, live: &Mutex<LiveWindow>, next: impl FnOnce(&mut LiveWindow) -> LiveWindow) {
        let mut inner = self.inner();
        let mut ended = {
            let mut live = lock(live);
            let next = next(&mut live);
            std::mem::replace(&mut *live, next)
        };
        ended.state.shrink();
        let end_ns = lock(live).start_ns;
        match inner.closed.get_mut(&ended.number) {
            Some(closed) => {
                closed.state.merge_worker(&ended.state);
                closed.start_ns = closed.start_ns.min(ended.start_ns);
                closed.end_ns = closed.end_ns.max(end_ns);
            }
            None => {
                let closed = Closed { start_ns: ended.start_ns, end_ns, state: ended.state };
                inner.closed.insert(ended.number, closed);
            }
        }
        while inner.closed.len() > self.periods {
            inner.closed.pop_first();
        }
    }

    /// No more rows will come: what is open counts as closed from now on.
    pub fn end(&self) {
        self.inner().has_ended = true;
    }

    /// How many windows there are, the open one included.
    pub fn available(&self) -> usize {
        let inner = self.inner();
        let newest = newest(&inner);
        let closed = inner.closed.range(..newest).rev().take(self.periods - 1).count();
        if inner.lives.is_empty() { 0 } else { 1 + closed }
    }

    /// Merges windows `first..=last`, counted from the open one (0) backwards. Windows that do not exist are left out;
    /// `None` where none of them does.
    pub fn read(&self, first: usize, last: usize) -> Option<Merged> {
        let inner = self.inner();
        let newest = newest(&inner);
        let mut merged: Option<Merged> = None;
        for back in first..=last.min(self.periods - 1) {
            let Some(window) = newest.checked_sub(back).and_then(|number| one_window(&inner, number, newest)) else {
                continue;
            };
            match &mut merged {
                None => merged = Some(window),
                Some(merged) => {
                    merged.state.merge_window(&window.state);
                    merged.start_ns = merged.start_ns.min(window.start_ns);
                    merged.length_seconds += window.length_seconds;
                }
            }
        }
        merged
    }
}

/// The number of the newest window that any worker has open.
fn newest(inner: &Inner) -> usize {
    inner.lives.iter().map(|live| lock(live).number).max().unwrap_or(0)
}

fn lock(live: &Mutex<LiveWindow>) -> MutexGuard<'_, LiveWindow> {
    live.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A window as all workers together saw it: those that have closed it and those that still have it open.
fn one_window(inner: &Inner, number: usize, newest: usize) -> Option<Merged> {
    let is_closed = number < newest || inner.has_ended;
    let mut merged = inner.closed.get(&number).map(|closed| Merged {
        start_ns: closed.start_ns,
        end_ns: closed.end_ns,
        length_seconds: 0,
        is_closed,
        state: closed.state.clone(),
    });
    for live in &inner.lives {
        let live = lock(live);
        if live.number != number {
            continue;
        }
        match &mut merged {
            None => {
                merged = Some(Merged {
                    start_ns: live.start_ns,
                    end_ns: live.last_ns,
                    length_seconds: 0,
                    is_closed,
                    state: live.state.clone(),
                });
            }
            Some(merged) => {
                merged.state.merge_worker(&live.state);
                merged.start_ns = merged.start_ns.min(live.start_ns);
                merged.end_ns = merged.end_ns.max(live.last_ns);
            }
        }
    }
    merged.map(|merged| {
        let length = merged.end_ns.div_euclid(NANOSECONDS) - merged.start_ns.div_euclid(NANOSECONDS);
        Merged { length_seconds: length.max(0), ..merged }
    })
}
