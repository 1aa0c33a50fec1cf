//! Packets as they pass: of an interface, by a ring for each worker, or made up.
//!
//! Where a lookback is asked for, each worker keeps its newest frames (see [`crate::capture::lookback`]). A policy can
//! then be added as if it had been there for a window's length ([`Capture::add_with_lookback`]), and the frames can be
//! had as a pcap ([`Capture::recent`]).

use std::ops::Deref;
use std::sync::{Arc, Mutex};

use super::catch_up::{self, CatchUp};
use super::{Fed, Intake, Live, LiveInput, Machine, Source, lock};
use crate::Error;
use crate::capture::lookback::{Kept, Lookback, complete_from_ns};
use crate::capture::{FrameSource, MadeUp, Mock, Ring, RingConfig, interfaces, mock, recent};
use crate::decode::Batch;
use crate::decode::DecodeConfig;
use crate::decode::app::Needs;
use crate::engine::intake::Polled;
use crate::engine::packets::{Filters, Packets};
use crate::engine::{BatchSink, FilterMaker, Policy};
use crate::hosts::Hosts;
use crate::ledger::Ledger;
use crate::memory::Account;
use crate::traffic::{Kind, Traffic, TrafficConfig};

/// What gives the packets.
#[derive(Debug, Clone)]
pub enum CaptureOrigin {
    /// Receive rings on an interface, one per worker.
    Ring(RingConfig),
    /// Made-up packets, the same from the same seed; one worker, whose only host is that of the packets.
    Mock { seed: u64 },
    /// The made-up traffic of a site; a worker for its packets, and one for what its routers export of flows.
    Traffic(TrafficConfig),
}

/// Where packets come from and how they are decoded.
#[derive(Clone)]
pub struct CaptureConfig {
    pub source: CaptureOrigin,
    pub decode: DecodeConfig,
    /// Rings that share the interface's packets by flow, each with its own worker.
    pub workers: usize,
    /// Filter that the workers run themselves, where frames of several link types come through one ring; the ring's
    /// own filter runs in the kernel.
    pub filter: Option<FilterMaker>,
    /// Memory for the newest frames, of all workers; 0 keeps none.
    pub lookback_bytes: usize,
    pub machine: Machine,
    /// What the input holds is part of it.
    pub memory: Arc<Account>,
}

/// A running capture. Dropping it stops it.
pub struct Capture {
    input: LiveInput,
    recent: Recent,
    hosts: NewHosts,
    now_ns: fn() -> i64,
}

/// The agent's own hosts, once they have changed.
type NewHosts = Arc<Mutex<Option<Hosts>>>;

impl Deref for Capture {
    type Target = LiveInput;

    fn deref(&self) -> &LiveInput {
        &self.input
    }
}

impl Capture {
    /// Opens the source and starts its workers, each with sinks of its own.
    ///
    /// # Errors
    /// Where the source can't be opened, see [`Ring::open`].
    pub fn start(
        config: &CaptureConfig,
        policies: Vec<Arc<Policy>>,
        sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    ) -> Result<Self, Error> {
        match &config.source {
            CaptureOrigin::Ring(ring) => {
                let decode = DecodeConfig { interface_names: Some(interfaces::name_of), ..config.decode.clone() };
                let rings = (0..config.workers.max(1)).map(|_| Ok((Ring::open(ring)?, decode.clone())));
                Self::start_on(rings.collect::<Result<_, Error>>()?, config, policies, sinks)
            }
            CaptureOrigin::Mock { seed } => {
                let [a, b, c, d] = mock::HOST;
                let host = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d];
                let decode = DecodeConfig { hosts: Hosts::new([(host, 128)]), ..config.decode.clone() };
                let mock = Mock::new(*seed, config.machine.now_ns);
                Self::start_on(vec![(mock, decode)], config, policies, sinks)
            }
            CaptureOrigin::Traffic(traffic) => Self::start_on(made_up(traffic, config), config, policies, sinks),
        }
    }

    /// Starts a worker on each source, with how its frames are decoded.
    fn start_on<S: FrameSource>(
        sources: Vec<(S, DecodeConfig)>,
        config: &CaptureConfig,
        policies: Vec<Arc<Policy>>,
        sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    ) -> Result<Self, Error> {
        let hosts = NewHosts::default();
        let memory = Account::part_of(&config.memory);
        let share = config.lookback_bytes / sources.len();
        let frames: Vec<_> = sources
            .into_iter()
            .enumerate()
            .map(|(number, (source, decode))| {
                let decode = DecodeConfig { memory: memory.clone(), ..decode };
                let config = CaptureConfig { decode, memory: memory.clone(), ..config.clone() };
                LiveFrames::new(source, number == 0, share, &config, Arc::clone(&hosts))
            })
            .collect();
        let kept = frames.iter().filter_map(LiveFrames::kept).collect();
        let input = LiveInput::start(frames, &config.machine, memory, policies, sinks)?;
        Ok(Self { input, recent: Recent { kept, turn: Arc::default() }, hosts, now_ns: config.machine.now_ns })
    }

    /// Adds a policy whose first window starts with the oldest frame that is kept, but at most a window's length ago.
    /// Where none is kept it is added like any other.
    pub fn add_with_lookback(&self, policy: Arc<Policy>) {
        let least_ns = (self.now_ns)().saturating_sub(policy.length_ns());
        let since_ns = complete_from_ns(&self.recent.kept).map(|oldest_ns| oldest_ns.max(least_ns));
        self.input.add_since(policy, since_ns);
    }

    /// Says anew which addresses are the agent's own hosts: those of an interface come and go.
    pub fn set_hosts(&self, hosts: Hosts) {
        *lock(&self.hosts) = Some(hosts);
        self.input.touch();
    }

    /// The newest frames.
    pub fn recent(&self) -> Recent {
        self.recent.clone()
    }
}

/// The sources of a site's traffic: flow records are decoded otherwise than packets, and so come apart from them.
fn made_up(traffic: &TrafficConfig, config: &CaptureConfig) -> Vec<(MadeUp, DecodeConfig)> {
    let is_wanted = |reads_flows| traffic.kinds.iter().any(|kind| (*kind == Kind::Flow) == reads_flows);
    let source = |reads_flows| {
        let frames = Traffic::new(traffic, |kind| (kind == Kind::Flow) == reads_flows);
        let source = MadeUp::new(frames, config.machine.now_ns, config.machine.steady_ns);
        (source, DecodeConfig { reads_flows, ..config.decode.clone() })
    };
    [false, true].into_iter().filter(|reads_flows| is_wanted(*reads_flows)).map(source).collect()
}

/// The newest frames of an input; also after it has stopped.
#[derive(Clone)]
pub struct Recent {
    /// One per worker; none where no frames are kept.
    kept: Vec<Arc<Kept>>,
    /// One reader at a time: frames that were forgotten meanwhile stay in memory until it is done.
    turn: Arc<Mutex<()>>,
}

impl Recent {
    /// The newest frames of another input beside these.
    #[must_use]
    pub fn beside(mut self, other: &Self) -> Self {
        self.kept.extend(other.kept.iter().cloned());
        self
    }

    /// The frames since a time that a filter lets through, of all workers, by time: the newest ones that fit into so
    /// many bytes, as a pcapng file.
    ///
    /// # Errors
    /// When no frames are kept, the filter can't be made, or not even the file's header fits.
    pub fn pcapng(&self, since_ns: i64, filter: Option<FilterMaker>, most_bytes: usize) -> Result<Vec<u8>, Error> {
        if self.kept.is_empty() {
            return Err(Error::invalid("this input keeps no packets: it was started without lookback"));
        }
        let _turn = lock(&self.turn);
        let mut filters = Filters::new(filter);
        recent::pcapng(&self.kept, since_ns, most_bytes, |frame| filters.pass(frame))
    }
}

/// The frames of one worker.
struct LiveFrames<S> {
    source: S,
    packets: Packets,
    /// As its decoder, for those of policies that catch up.
    decode: DecodeConfig,
    new_hosts: NewHosts,
    lookback: Option<Lookback>,
    /// Policies that still read what is kept; one after the other.
    catching_up: Vec<CatchUp>,
    /// The drops of the interface count for the first worker alone.
    is_first: bool,
    dropped: u64,
    dropped_by_interface: u64,
    now_ns: fn() -> i64,
}

impl<S: FrameSource> LiveFrames<S> {
    fn new(source: S, is_first: bool, lookback_bytes: usize, config: &CaptureConfig, new_hosts: NewHosts) -> Self {
        Self {
            source,
            packets: Packets::new(config.decode.clone(), config.filter.clone()),
            decode: config.decode.clone(),
            new_hosts,
            lookback: (lookback_bytes > 0).then(|| Lookback::accounted(lookback_bytes, &config.memory)),
            catching_up: Vec::new(),
            is_first,
            dropped: 0,
            dropped_by_interface: 0,
            now_ns: config.machine.now_ns,
        }
    }

    fn kept(&self) -> Option<Arc<Kept>> {
        self.lookback.as_ref().map(Lookback::kept)
    }

    /// Lets the first of those who catch up read on: twice as much as came meanwhile, so that it does.
    fn read_on(&mut self, live_bytes: usize, intake: &mut Intake) {
        if let Some(first) = self.catching_up.first_mut()
            && first.step(catch_up::LEAST_BYTES + 2 * live_bytes)
        {
            intake.adopt(self.catching_up.remove(0).into_fed());
        }
    }
}

impl<S: FrameSource> Source for LiveFrames<S> {
    fn poll(&mut self, wait_ms: i32, intake: &mut Intake) -> Result<Polled, Error> {
        let wait_ms = if self.catching_up.is_empty() { wait_ms } else { 0 };
        let Self { source, packets, lookback, .. } = self;
        let (mut live_bytes, mut fault) = (0, None);
        let frames = source.poll_block(wait_ms, &mut |frame| match packets.take(frame, intake) {
            Ok(passes) => {
                if let Some(lookback) = lookback
                    && passes
                {
                    lookback.push(&frame);
                    live_bytes += frame.data.len();
                }
            }
            Err(error) => fault = Some(error),
        })?;
        if !self.catching_up.is_empty() {
            intake.flush();
            self.read_on(live_bytes, intake);
        }
        fault.map_or(Ok(Polled::Items(frames)), Err)
    }

    fn set_needs(&mut self, needs: &Needs) {
        self.packets.decoder.set_needs(needs);
    }

    fn settle(&mut self, now_ns: i64, batch: &mut Batch) {
        self.packets.decoder.settle(now_ns, batch);
        if let Some(lookback) = &mut self.lookback {
            lookback.advance((self.now_ns)());
        }
    }

    fn finish(&mut self, intake: &mut Intake) {
        self.packets.decoder.finish(intake.batch());
        intake.flush();
        while !self.catching_up.is_empty() {
            self.read_on(0, intake);
        }
    }
}

impl<S: FrameSource> Live for LiveFrames<S> {
    const NAME: &'static str = "capture";

    fn take_lost(&mut self) -> Ledger {
        let mut lost = Ledger::of_kernel_drops(newly(self.source.dropped(), &mut self.dropped));
        let by_interface = if self.is_first { self.source.dropped_by_interface() } else { None };
        lost += &Ledger::of_interface_drops(newly(by_interface, &mut self.dropped_by_interface));
        lost
    }

    fn follow(&mut self) {
        if let Some(hosts) = lock(&self.new_hosts).clone() {
            self.decode.hosts = hosts.clone();
            self.packets.decoder.set_hosts(hosts);
        }
    }

    fn catch_up(&mut self, late: Vec<Fed>, since_ns: i64, intake: &mut Intake) {
        match &self.lookback {
            Some(lookback) => {
                let late = CatchUp::new(late, since_ns, lookback.kept(), &self.decode, intake.timeline());
                self.catching_up.push(late);
            }
            None => intake.adopt(late),
        }
    }

    fn retain(&mut self, is_wanted: &dyn Fn(&Arc<Policy>) -> bool) {
        self.catching_up.retain_mut(|late| late.retain(is_wanted));
    }
}

/// How much a count has grown since the last look, which is noted.
fn newly(so_far: Option<u64>, noted: &mut u64) -> u64 {
    let new = so_far.map_or(0, |so_far| so_far.saturating_sub(*noted));
    *noted += new;
    new
}
