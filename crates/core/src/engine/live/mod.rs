//! Live inputs: one worker for each source, with plan states of its own, no lock on the way of an item but that of the
//! worker's own windows.

mod capture;
mod catch_up;
mod meter;
mod worker;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::intake::{Fed, Intake, Source};
use super::timeline::Timeline;
use super::{BatchSink, Policy};
use crate::Error;
use crate::ledger::Ledger;
use crate::memory::Account;
use crate::window::SharedShifts;
pub use capture::{Capture, CaptureConfig, CaptureOrigin, Recent};
pub use meter::{Meter, Usage};
use worker::Worker;

const NANOSECONDS: i64 = 1_000_000_000;

/// Changes of policies that wait to become rows; of more at once only the newest count.
const MOST_NOTES: usize = 1024;

/// A source of what happens now, read by one thread.
pub trait Live: Source + Send + 'static {
    /// What its threads are called.
    const NAME: &'static str;

    /// What was lost since the last call before it came to the intake.
    fn take_lost(&mut self) -> Ledger {
        Ledger::default()
    }

    /// Looks at what its owner may have changed.
    fn follow(&mut self) {}

    /// Feeds policies that were added late with what it has kept since a time, and then hands them to the intake. One that
    /// keeps nothing does so at once.
    fn catch_up(&mut self, late: Vec<Fed>, since_ns: i64, intake: &mut Intake) {
        let _ = since_ns;
        intake.adopt(late);
    }

    /// Lets go of policies that nobody wants, of those that it has not handed to the intake.
    fn retain(&mut self, is_wanted: &dyn Fn(&Arc<Policy>) -> bool) {
        let _ = is_wanted;
    }
}

/// How long reading both clocks may take, and how often they are read until it takes no longer.
const LONGEST_READING_NS: i64 = 10_000_000;
const MOST_READINGS: usize = 10;

/// What the machine tells.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// What the process and the calling thread have used so far; measured by the first worker for the table
    /// `resources`.
    pub usage: fn() -> Usage,
    /// Wall clock, nanoseconds since 1970, which time stamps are of: moves windows on where nothing else does.
    pub now_ns: fn() -> i64,
    /// The wall clock as it would be if nobody had set it since the process began: tells when somebody has.
    pub steady_ns: fn() -> i64,
}

impl Machine {
    /// What the steady clock has more than the wall clock. Both are read again where the thread was held up between them:
    /// that would be taken for a step of the clock.
    fn correction_ns(&self) -> i64 {
        let mut correction_ns = 0;
        for _ in 0..MOST_READINGS {
            let before_ns = (self.steady_ns)();
            correction_ns = before_ns.saturating_sub((self.now_ns)());
            if (self.steady_ns)().saturating_sub(before_ns) < LONGEST_READING_NS {
                break;
            }
        }
        correction_ns
    }
}

/// What a running input tells of itself.
#[derive(Debug, Clone, Default)]
pub struct LiveStatus {
    pub ledger: Ledger,
    /// Why a worker has kept its rights to the network although it does not need them.
    pub warning: Option<Error>,
    /// Why a worker has ended though nobody stopped it.
    pub fault: Option<Error>,
}

/// A running input. Dropping it stops it.
pub struct LiveInput {
    shared: Arc<Shared>,
    memory: Arc<Account>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// How long an input that is to stop is waited for: a worker looks ten times a second whether to stop, and then goes through
/// what it holds.
const LONGEST_STOP: Duration = Duration::from_secs(5);
/// Between two looks whether it has stopped.
const STOP_INTERVAL: Duration = Duration::from_millis(2);

/// A policy of the input, and since when it counts where that is before it was added.
#[derive(Clone)]
struct Attached {
    policy: Arc<Policy>,
    since_ns: Option<i64>,
    /// What the workers agree on.
    shifts: SharedShifts,
}

impl Attached {
    fn new(policy: Arc<Policy>, since_ns: Option<i64>) -> Self {
        let shifts = policy.begin_input();
        Self { policy, since_ns, shifts }
    }
}

/// What workers and their owner share.
struct Shared {
    stop: AtomicBool,
    /// Counts changes of what follows, so that workers look only when there is something to see.
    version: AtomicU64,
    policies: Mutex<Vec<Attached>>,
    /// Totals of policies and handlers that were noted and have not become rows yet.
    notes: Mutex<Vec<(u32, u32)>>,
    status: Mutex<LiveStatus>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LiveInput {
    /// Starts a worker for each of these sources, with sinks of its own. `memory` is the account of what the sources hold.
    ///
    /// # Errors
    /// Where there can't be so many threads.
    pub fn start<S: Live>(
        sources: Vec<S>,
        machine: &Machine,
        memory: Arc<Account>,
        policies: Vec<Arc<Policy>>,
        sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    ) -> Result<Self, Error> {
        let attached = policies.into_iter().map(|policy| Attached::new(policy, None)).collect();
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            version: AtomicU64::new(0),
            policies: Mutex::new(attached),
            notes: Mutex::default(),
            status: Mutex::default(),
        });
        let input = Self { shared: Arc::clone(&shared), memory, threads: Mutex::default() };
        for (number, source) in sources.into_iter().enumerate() {
            let worker = Worker::new(number, source, *machine, Arc::clone(&shared), sinks());
            let thread = std::thread::Builder::new().name(format!("{}-{number}", S::NAME));
            let started = thread.spawn(move || worker.run());
            lock(&input.threads).push(started.map_err(|cause| Error::system("start a thread for an input", &cause))?);
        }
        Ok(input)
    }

    /// Adds a policy; its first window starts when the workers see it, within a tenth of a second.
    pub fn add(&self, policy: Arc<Policy>) {
        self.attach(Attached::new(policy, None));
    }

    /// Adds a policy whose first window starts at a time in the past, from which on the source has kept what came.
    pub(super) fn add_since(&self, policy: Arc<Policy>, since_ns: Option<i64>) {
        self.attach(Attached::new(policy, since_ns));
    }

    fn attach(&self, attached: Attached) {
        lock(&self.shared.policies).push(attached);
        self.touch();
    }

    /// Takes a policy off.
    pub fn remove(&self, policy: &Arc<Policy>) {
        lock(&self.shared.policies).retain(|known| !Arc::ptr_eq(&known.policy, policy));
        self.touch();
    }

    /// Has the sources look at what their owner has changed.
    pub(super) fn touch(&self) {
        self.shared.version.fetch_add(1, Ordering::Release);
    }

    /// Notes how many policies the input has now and how many handlers they have together: a row of the table
    /// `resources`, seen by the policies that were added before.
    pub fn note_policies(&self, policies: u32, handlers: u32) {
        let mut notes = lock(&self.shared.notes);
        notes.truncate(MOST_NOTES - 1); // nobody takes them once the input has stopped
        notes.push((policies, handlers));
        drop(notes);
        self.touch();
    }

    pub fn status(&self) -> LiveStatus {
        lock(&self.shared.status).clone()
    }

    /// What its workers hold beside the policies.
    pub fn memory(&self) -> &Arc<Account> {
        &self.memory
    }

    /// Whether any worker is still at work.
    pub fn is_running(&self) -> bool {
        lock(&self.threads).iter().any(|thread| !thread.is_finished())
    }

    /// Stops the workers and waits for them; what they hold is counted first. One that does not end in time is left
    /// behind, and told as a fault: nobody waits for ever.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
        let threads = std::mem::take(&mut *lock(&self.threads));
        let deadline = Instant::now() + LONGEST_STOP;
        for thread in threads {
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(STOP_INTERVAL);
            }
            let fault = match thread.is_finished() {
                true if thread.join().is_ok() => continue,
                true => "a thread of the input panicked".to_owned(),
                false => {
                    format!("a thread of the input does not end; it is left behind after {} s", LONGEST_STOP.as_secs())
                }
            };
            lock(&self.shared.status).fault = Some(Error::invalid(fault));
        }
    }
}

impl Drop for LiveInput {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const HELD_UP_NS: i64 = 60_000_000_000;

    thread_local! {
        /// Times that the clocks were read, and the one behind which the thread is held up.
        static READINGS: Cell<usize> = const { Cell::new(0) };
        static HELD_UP_BEHIND: Cell<usize> = const { Cell::new(0) };
    }

    fn steady_ns() -> i64 {
        let readings = READINGS.get() + 1;
        READINGS.set(readings);
        if readings > HELD_UP_BEHIND.get() { 1000 + HELD_UP_NS } else { 1000 }
    }

    fn now_ns() -> i64 {
        steady_ns() - 300
    }

    #[test]
    fn a_thread_that_is_held_up_between_the_clocks_takes_that_for_no_step() {
        let machine = Machine { usage: || Usage { thread_cpu_ns: 0, memory_bytes: 0 }, now_ns, steady_ns };
        for behind in 0..8 {
            READINGS.set(0);
            HELD_UP_BEHIND.set(behind);
            assert_eq!(machine.correction_ns(), 300, "behind reading {behind}");
        }
    }
}
