//! A live interface: one worker per ring, each with its own decoder and plan states, no lock on the packet path but
//! that of the worker's own windows.
//!
//! Where a lookback is asked for, each worker keeps its newest frames (see [`crate::capture::lookback`]). A policy can
//! then be added as if it had been there for a window's length ([`LiveInput::add_with_lookback`]), and the frames can be
//! had as a pcap ([`LiveInput::recent`]).

mod catch_up;
mod meter;
mod worker;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::timeline::Timeline;
use super::{BatchSink, Filling, FilterSource, Filters, Policy, PolicyWorker};
use crate::Error;
use crate::capture::lookback::{Kept, Lookback, complete_from_ns};
use crate::capture::{FrameSource, Mock, Ring, RingConfig, mock, recent};
use crate::decode::DecodeConfig;
use crate::decode::hosts::Hosts;
use crate::ledger::Ledger;
use crate::memory::Account;
use crate::window::SharedShifts;
pub use meter::Usage;
use worker::Worker;

const NANOSECONDS: i64 = 1_000_000_000;

/// Changes of policies that wait to become rows; of more at once only the newest count.
const MOST_NOTES: usize = 1024;

/// What gives the packets.
#[derive(Debug, Clone)]
pub enum LiveSource {
    /// Receive rings on an interface, one per worker.
    Ring(RingConfig),
    /// Made-up packets, the same from the same seed; one worker, whose only host is that of the packets.
    Mock { seed: u64 },
}

/// Where packets come from and how they are decoded.
#[derive(Clone)]
pub struct LiveConfig {
    pub source: LiveSource,
    pub decode: DecodeConfig,
    /// Rings that share the interface's packets by flow, each with its own worker.
    pub workers: usize,
    /// Filter that the workers run themselves, where frames of several link types come through one ring; the ring's
    /// own filter runs in the kernel.
    pub filter: Option<FilterSource>,
    /// Memory for the newest frames, of all workers; 0 keeps none.
    pub lookback_bytes: usize,
    /// What the process and the calling thread have used so far; measured by the first worker for the table
    /// `resources`.
    pub usage: fn() -> Usage,
    /// Wall clock, nanoseconds since 1970, which time stamps are of: moves windows on where no packet does.
    pub now_ns: fn() -> i64,
    /// The wall clock as it would be if nobody had set it since the process began: tells when somebody has.
    pub steady_ns: fn() -> i64,
    /// What the input holds is part of it.
    pub memory: Arc<Account>,
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

/// A running capture. Dropping it stops it.
pub struct LiveInput {
    shared: Arc<Shared>,
    recent: Recent,
    memory: Arc<Account>,
    now_ns: fn() -> i64,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// How long an input that is to stop is waited for: a worker looks ten times a second whether to stop, and then goes through
/// what it holds.
const LONGEST_STOP: Duration = Duration::from_secs(5);
/// Between two looks whether it has stopped.
const STOP_INTERVAL: Duration = Duration::from_millis(2);

/// The newest frames of an input; also after it has stopped.
#[derive(Clone)]
pub struct Recent {
    /// One per worker; none where no frames are kept.
    kept: Vec<Arc<Kept>>,
    /// One reader at a time: frames that were forgotten meanwhile stay in memory until it is done.
    turn: Arc<Mutex<()>>,
}

impl Recent {
    /// The frames since a time that a filter lets through, of all workers, by time: the newest ones that fit into so
    /// many bytes, as a pcapng file.
    ///
    /// # Errors
    /// When no frames are kept, the filter can't be made, or not even the file's header fits.
    pub fn pcapng(&self, since_ns: i64, filter: Option<FilterSource>, most_bytes: usize) -> Result<Vec<u8>, Error> {
        if self.kept.is_empty() {
            return Err(Error::invalid("this input keeps no packets: it was started without lookback"));
        }
        let _turn = lock(&self.turn);
        let mut filters = Filters::new(filter);
        recent::pcapng(&self.kept, since_ns, most_bytes, |frame| filters.passes(frame))
    }
}

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
    /// The agent's own hosts, once they have changed.
    hosts: Mutex<Option<Hosts>>,
    /// Totals of policies and handlers that were noted and have not become rows yet.
    notes: Mutex<Vec<(u32, u32)>>,
    status: Mutex<LiveStatus>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LiveInput {
    /// Opens the source and starts its workers, each with sinks of its own.
    ///
    /// # Errors
    /// Where the source can't be opened, see [`Ring::open`].
    pub fn start(
        config: &LiveConfig,
        policies: Vec<Arc<Policy>>,
        sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    ) -> Result<Self, Error> {
        match &config.source {
            LiveSource::Ring(ring) => {
                let rings = (0..config.workers.max(1)).map(|_| Ring::open(ring)).collect::<Result<Vec<_>, _>>()?;
                Self::start_on(rings, config, policies, sinks)
            }
            LiveSource::Mock { seed } => {
                let [a, b, c, d] = mock::HOST;
                let host = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d];
                let decode = DecodeConfig { hosts: Hosts::new([(host, 128)]), ..config.decode.clone() };
                let mock = Mock::new(*seed, config.now_ns);
                Self::start_on(vec![mock], &LiveConfig { decode, ..config.clone() }, policies, sinks)
            }
        }
    }

    fn start_on<S: FrameSource>(
        sources: Vec<S>,
        config: &LiveConfig,
        policies: Vec<Arc<Policy>>,
        sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    ) -> Result<Self, Error> {
        let attached = policies.into_iter().map(|policy| Attached::new(policy, None)).collect();
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            version: AtomicU64::new(0),
            policies: Mutex::new(attached),
            hosts: Mutex::default(),
            notes: Mutex::default(),
            status: Mutex::default(),
        });
        let share = config.lookback_bytes / sources.len();
        let memory = Account::part_of(&config.memory);
        let config =
            &LiveConfig { decode: DecodeConfig { memory: memory.clone(), ..config.decode.clone() }, ..config.clone() };
        let mut kept = Vec::new();
        let mut threads = Vec::new();
        for (number, source) in sources.into_iter().enumerate() {
            let lookback = (config.lookback_bytes > 0).then(|| Lookback::accounted(share, &memory));
            kept.extend(lookback.as_ref().map(Lookback::kept));
            let worker = Worker::new(number, source, config, shared.clone(), sinks(), lookback);
            let thread = std::thread::Builder::new().name(format!("capture-{number}"));
            let started = thread.spawn(move || worker.run());
            threads.push(started.map_err(|cause| Error::system("start a capture thread", &cause))?);
        }
        let recent = Recent { kept, turn: Arc::default() };
        Ok(Self { shared, recent, memory, now_ns: config.now_ns, threads: Mutex::new(threads) })
    }

    /// Adds a policy; its first window starts when the workers see it, within a tenth of a second.
    pub fn add(&self, policy: Arc<Policy>) {
        self.attach(Attached::new(policy, None));
    }

    /// Adds a policy whose first window starts with the oldest frame that is kept, but at most a window's length ago.
    /// Where none is kept it is added like any other.
    pub fn add_with_lookback(&self, policy: Arc<Policy>) {
        let least_ns = (self.now_ns)().saturating_sub(policy.length_ns());
        let since_ns = complete_from_ns(&self.recent.kept).map(|oldest_ns| oldest_ns.max(least_ns));
        self.attach(Attached::new(policy, since_ns));
    }

    fn attach(&self, attached: Attached) {
        lock(&self.shared.policies).push(attached);
        self.shared.version.fetch_add(1, Ordering::Release);
    }

    /// Takes a policy off.
    pub fn remove(&self, policy: &Arc<Policy>) {
        lock(&self.shared.policies).retain(|known| !Arc::ptr_eq(&known.policy, policy));
        self.shared.version.fetch_add(1, Ordering::Release);
    }

    /// Says anew which addresses are the agent's own hosts: those of an interface come and go.
    pub fn set_hosts(&self, hosts: Hosts) {
        *lock(&self.shared.hosts) = Some(hosts);
        self.shared.version.fetch_add(1, Ordering::Release);
    }

    /// Notes how many policies the input has now and how many handlers they have together: a row of the table
    /// `resources`, seen by the policies that were added before.
    pub fn note_policies(&self, policies: u32, handlers: u32) {
        let mut notes = lock(&self.shared.notes);
        notes.truncate(MOST_NOTES - 1); // nobody takes them once the input has stopped
        notes.push((policies, handlers));
        self.shared.version.fetch_add(1, Ordering::Release);
    }

    pub fn status(&self) -> LiveStatus {
        lock(&self.shared.status).clone()
    }

    /// What its workers hold beside the policies.
    pub fn memory(&self) -> &Arc<Account> {
        &self.memory
    }

    /// The newest frames.
    pub fn recent(&self) -> Recent {
        self.recent.clone()
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
                true => "a capture thread panicked".to_owned(),
                false => format!("a capture thread does not end; it is left behind after {} s", LONGEST_STOP.as_secs()),
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
