//! A live interface: one worker per ring, each with its own decoder and plan states, no lock on the packet path but
//! that of the worker's own windows.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::{BatchSink, Filling, FilterSource, Filters, Policy, PolicyWorker};
use crate::Error;
use crate::capture::{Ring, RingConfig};
use crate::decode::app::Needs;
use crate::decode::{DecodeConfig, Decoder};
use crate::ledger::Ledger;
use crate::read::Frame;

/// A worker looks at the clock, its policies and whether to stop at least this often.
const POLL_MS: i32 = 100;
const NANOSECONDS: i64 = 1_000_000_000;

/// Where packets come from and how they are decoded.
#[derive(Clone)]
pub struct LiveConfig {
    pub ring: RingConfig,
    pub decode: DecodeConfig,
    /// Rings that share the interface's packets by flow, each with its own worker.
    pub workers: usize,
    /// Filter that the workers run themselves, where frames of several link types come through one ring; the ring's
    /// own filter runs in the kernel.
    pub filter: Option<FilterSource>,
    /// Wall clock, nanoseconds since 1970: moves windows on where no packet does.
    pub now_ns: fn() -> i64,
}

/// What a running input tells of itself.
#[derive(Debug, Clone, Default)]
pub struct LiveStatus {
    pub ledger: Ledger,
    pub open_exchanges: usize,
    /// Why a worker has ended though nobody stopped it.
    pub fault: Option<Error>,
}

/// A running capture. Dropping it stops it.
pub struct LiveInput {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What workers and their owner share.
struct Shared {
    stop: AtomicBool,
    /// Counts changes of `policies`, so that workers look only when there is something to see.
    version: AtomicU64,
    policies: Mutex<Vec<Arc<Policy>>>,
    status: Mutex<LiveStatus>,
    open_exchanges: AtomicUsize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LiveInput {
    /// Opens the rings and starts their workers, each with sinks of its own.
    pub fn start(
        config: &LiveConfig,
        policies: Vec<Arc<Policy>>,
        sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    ) -> Result<Self, Error> {
        let rings = (0..config.workers.max(1)).map(|_| Ring::open(&config.ring)).collect::<Result<Vec<_>, _>>()?;
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            version: AtomicU64::new(0),
            policies: Mutex::new(policies),
            status: Mutex::default(),
            open_exchanges: AtomicUsize::new(0),
        });
        let mut threads = Vec::new();
        for (number, ring) in rings.into_iter().enumerate() {
            let worker = Worker::new(ring, config, shared.clone(), sinks());
            let thread = std::thread::Builder::new().name(format!("capture-{number}"));
            let started = thread.spawn(move || worker.run());
            threads.push(started.map_err(|cause| Error::system("start a capture thread", &cause))?);
        }
        Ok(Self { shared, threads })
    }

    /// Adds a policy; its first window starts when the workers see it, within a tenth of a second.
    pub fn add(&self, policy: Arc<Policy>) {
        lock(&self.shared.policies).push(policy);
        self.shared.version.fetch_add(1, Ordering::Release);
    }

    /// Takes a policy off.
    pub fn remove(&self, policy: &Arc<Policy>) {
        lock(&self.shared.policies).retain(|known| !Arc::ptr_eq(known, policy));
        self.shared.version.fetch_add(1, Ordering::Release);
    }

    pub fn status(&self) -> LiveStatus {
        let mut status = lock(&self.shared.status).clone();
        status.open_exchanges = self.shared.open_exchanges.load(Ordering::Relaxed);
        status
    }

    /// Whether any worker is still at work.
    pub fn is_running(&self) -> bool {
        self.threads.iter().any(|thread| !thread.is_finished())
    }

    /// Stops the workers and waits for them; what they hold is counted first.
    pub fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                lock(&self.shared.status).fault = Some(Error::invalid("a capture thread panicked"));
            }
        }
    }
}

impl Drop for LiveInput {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Worker {
    ring: Ring,
    part: Part,
    shared: Arc<Shared>,
    now_ns: fn() -> i64,
    seen_version: Option<u64>,
    dropped: u64,
    open_exchanges: usize,
}

/// What a worker does with frames; apart from the ring, which lends them out.
struct Part {
    decoder: Decoder,
    filters: Filters,
    filling: Filling,
    policies: Vec<(Arc<Policy>, PolicyWorker)>,
    sinks: Vec<Box<dyn BatchSink>>,
    ledger: Ledger,
    fault: Option<Error>,
}

impl Worker {
    fn new(ring: Ring, config: &LiveConfig, shared: Arc<Shared>, sinks: Vec<Box<dyn BatchSink>>) -> Self {
        let part = Part {
            decoder: Decoder::new(config.decode.clone()),
            filters: Filters::new(config.filter.clone()),
            filling: Filling::new(),
            policies: Vec::new(),
            sinks,
            ledger: Ledger::default(),
            fault: None,
        };
        Self { ring, part, shared, now_ns: config.now_ns, seen_version: None, dropped: 0, open_exchanges: 0 }
    }

    fn run(mut self) {
        let mut last_second = 0;
        while !self.shared.stop.load(Ordering::Acquire) {
            self.follow_policies();
            let Self { ring, part, .. } = &mut self;
            match ring.poll_block(POLL_MS, &mut |frame| part.take(&frame)) {
                Ok(frames) => {
                    self.part.flush();
                    self.count_time(frames, &mut last_second);
                }
                Err(fault) => self.part.fault = Some(fault),
            }
            if let Some(fault) = self.part.fault.take() {
                lock(&self.shared.status).fault = Some(fault);
                break;
            }
        }
        self.finish();
    }

    /// Once a second, and whenever nothing comes: drops, status, and the windows' ends.
    fn count_time(&mut self, frames: usize, last_second: &mut i64) {
        let now_ns = (self.now_ns)();
        let second = now_ns.div_euclid(NANOSECONDS);
        if frames == 0 {
            self.part.policies.iter_mut().for_each(|(_, policy)| policy.advance(now_ns));
        }
        if second != *last_second {
            *last_second = second;
            self.count_drops();
            self.publish();
        }
    }

    /// What the kernel dropped since the last look goes into the ledger, too.
    fn count_drops(&mut self) {
        let Ok(statistics) = self.ring.statistics() else { return };
        let dropped = statistics.dropped.saturating_sub(self.dropped);
        self.dropped += dropped;
        if dropped > 0 {
            let ledger = Ledger::of_kernel_drops(dropped);
            self.part.ledger += &ledger;
            self.part.policies.iter_mut().for_each(|(_, policy)| policy.account(&ledger));
        }
    }

    fn publish(&mut self) {
        let ledger = std::mem::take(&mut self.part.ledger);
        lock(&self.shared.status).ledger += &ledger;
        let open: usize = self.part.policies.iter().map(|(_, policy)| policy.open_exchanges()).sum();
        let before = std::mem::replace(&mut self.open_exchanges, open);
        self.shared.open_exchanges.fetch_add(open.wrapping_sub(before), Ordering::Relaxed);
    }

    /// Starts on policies that were added, lets go of those that were removed.
    fn follow_policies(&mut self) {
        let version = self.shared.version.load(Ordering::Acquire);
        if self.seen_version == Some(version) {
            return;
        }
        self.seen_version = Some(version);
        let wanted = lock(&self.shared.policies).clone();
        let now_ns = (self.now_ns)();
        let known = &mut self.part.policies;
        known.retain(|(policy, _)| wanted.iter().any(|wanted| Arc::ptr_eq(wanted, policy)));
        for policy in wanted {
            if !known.iter().any(|(known, _)| Arc::ptr_eq(known, &policy)) {
                let worker = policy.worker(now_ns, true);
                known.push((policy, worker));
            }
        }
        let mut needs = Needs::default();
        known.iter().for_each(|(policy, _)| needs.extend(&policy.plan().needs));
        if !self.part.sinks.is_empty() {
            needs.extend(&Needs::all());
        }
        self.part.decoder.set_needs(&needs);
    }

    fn finish(mut self) {
        self.part.flush();
        self.count_drops();
        let now_ns = (self.now_ns)();
        self.part.policies.iter_mut().for_each(|(_, policy)| policy.finish(now_ns));
        self.publish();
    }
}

impl Part {
    #[inline]
    fn take(&mut self, frame: &Frame<'_>) {
        let passes = match self.filters.passes(frame) {
            Ok(passes) => passes,
            Err(fault) => {
                self.fault = Some(fault);
                false
            }
        };
        let batch = &mut self.filling.batch;
        batch.ledger.seen += 1;
        if !passes {
            batch.ledger.filtered += 1;
            return;
        }
        self.decoder.decode(frame, batch);
        if batch.is_full() {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.ledger += &self.filling.batch.ledger;
        self.filling.flush(self.policies.iter_mut().map(|(_, policy)| policy), &mut self.sinks);
    }
}
