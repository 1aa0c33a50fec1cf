//! Probes as a source: sends what a prober orders, reads answers, and gives the intake what became of each probe.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::intake::{Decode, Intake, Polled, Source};
use super::{BatchSink, Live, LiveInput, Machine, Policy};
use crate::Error;
use crate::decode::app::Needs;
use crate::decode::{Batch, ICMP_SHORT_REPLY};
use crate::error::{ErrorKind, reason};
use crate::hash::hash_word;
use crate::ledger::Ledger;
use crate::listen::readiness::Readiness;
use crate::memory::{Account, Held, Holder};
use crate::netprobe::connections::{Connections, Refusal};
use crate::netprobe::echo::EchoSocket;
use crate::netprobe::names::{self, Names};
use crate::netprobe::{Event, EventKind, Family, Host, Order, Prober, Request, Target, Test, Timing};
use crate::table::{ProbeRow, Span};
use crate::wire::icmp_echo::Received;
use crate::wire::ipv4::mapped;

/// Orders that are followed before it is looked whether to stop.
const MOST_ORDERS: usize = 1024;

/// Replies that are read of a socket before probes that are due have their turn.
const MOST_REPLIES: usize = 256;

const MILLISECOND_NS: i64 = 1_000_000;

/// Inputs so far: each has tokens of its own, as a raw socket gets the replies to all of them.
static INPUTS: AtomicU64 = AtomicU64::new(0);

/// The numbers that stand for what is not a connection; those have their tokens.
const NAMES: u64 = 0;
const ECHO_V4: u64 = 1;
const ECHO_V6: u64 = 2;

/// What is probed, and how.
#[derive(Debug, Clone)]
pub struct NetprobeConfig {
    pub test: Test,
    pub timing: Timing,
    pub targets: Vec<Target>,
    /// Random per process.
    pub seed: u64,
    pub machine: Machine,
    /// What the input holds is part of it.
    pub memory: Arc<Account>,
}

/// The prober of one input, with its sockets.
pub struct Netprobe {
    prober: Prober,
    names: Option<Names>,
    pings: Pings,
    connections: Connections,
    readiness: Readiness,
    rows: Rows,
    /// Probes that wait for answers.
    held: Held,
    machine: Machine,
}

/// The sockets for pings, of each family that there is.
#[derive(Default)]
struct Pings {
    v4: Option<EchoSocket>,
    v6: Option<EchoSocket>,
}

impl Netprobe {
    /// Opens what is needed, and feeds policies with what becomes of probes; the first are sent at once. Gives the number of
    /// sockets for pings, too.
    ///
    /// # Errors
    /// When the right to ping is missing, or the process may have no more descriptors or threads.
    pub fn start(
        config: &NetprobeConfig,
        policies: Vec<Arc<Policy>>,
        sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    ) -> Result<(LiveInput, usize), Error> {
        let memory = Account::part_of(&config.memory);
        let netprobe = Self::open(config, &memory)?;
        let ping_sockets = netprobe.pings.count();
        Ok((LiveInput::start(vec![netprobe], &config.machine, memory, policies, sinks)?, ping_sockets))
    }

    fn open(config: &NetprobeConfig, memory: &Arc<Account>) -> Result<Self, Error> {
        let NetprobeConfig { test, timing, targets, seed, machine, .. } = config;
        let seed = hash_word(*seed, INPUTS.fetch_add(1, Ordering::Relaxed));
        let refused = |cause| Error::system("wait for answers to probes", &cause);
        let readiness = Readiness::new().map_err(refused)?;
        let pings = match test {
            Test::Ping { .. } => Pings::open(targets, seed as u16)?,
            Test::Connect => Pings::default(),
        };
        for (socket, number) in [(&pings.v4, ECHO_V4), (&pings.v6, ECHO_V6)] {
            socket.iter().try_for_each(|socket| readiness.add(socket, number)).map_err(refused)?;
        }
        let names = match names::count(targets) {
            0 => None,
            count => Some(Names::start(count)?),
        };
        names.iter().try_for_each(|names| readiness.add(names, NAMES)).map_err(refused)?;
        Ok(Self {
            prober: Prober::new(*test, *timing, targets.clone(), seed, (machine.steady_ns)()),
            names,
            pings,
            connections: Connections::default(),
            readiness,
            rows: Rows,
            held: Held::new(memory, Holder::Transactions),
            machine: *machine,
        })
    }

    fn now_ns(&self) -> i64 {
        (self.machine.steady_ns)()
    }

    /// Waits up to so many milliseconds for what comes, and takes it in. Tells how much has happened.
    fn receive(&mut self, wait_ms: i32, intake: &mut Intake) -> Result<usize, Error> {
        let ready =
            self.readiness.wait(wait_ms).map_err(|cause| Error::system("wait for answers to probes", &cause))?;
        for number in ready {
            self.take(number, intake)?;
        }
        Ok(self.tell(intake))
    }

    fn follow(&mut self, order: &Order) {
        match order {
            Order::LookUp { target } => self.look_up(*target),
            Order::Send(request) => self.send(request),
            Order::Forget { token } => self.connections.forget(*token),
        }
    }

    fn look_up(&mut self, target: usize) {
        let Host::Name(name) = &self.prober.target(target).host else { return };
        if !self.names.as_ref().is_some_and(|names| names.ask(target, name)) {
            self.prober.found(target, &[], self.now_ns());
        }
    }

    fn send(&mut self, request: &Request) {
        let at_ns = self.now_ns();
        let Request { address, sequence, token, .. } = request;
        match self.prober.test() {
            Test::Ping { payload_bytes } => {
                let Some(socket) = self.pings.of(Family::of(&address.ip())) else {
                    return self.prober.not_sent(request, "there is no socket for pings of this IP version");
                };
                match socket.send(address, *sequence, *token, payload_bytes) {
                    Ok(()) => self.prober.sent(request, at_ns),
                    Err(error) => self.prober.not_sent(request, &reason(&error)),
                }
            }
            Test::Connect => match self.connections.begin(address, *token, &self.readiness) {
                Ok(()) => self.prober.sent(request, at_ns),
                Err(Refusal::NoSocket(error)) => self.prober.not_sent(request, &reason(&error)),
                Err(Refusal::Failed(error)) => {
                    self.prober.sent(request, at_ns);
                    self.prober.failed(*token, &reason(&error));
                }
            },
        }
    }

    /// Takes in what a socket has that is ready.
    fn take(&mut self, number: u64, intake: &mut Intake) -> Result<(), Error> {
        match number {
            NAMES => self.take_names(),
            ECHO_V4 => self.take_replies(Family::V4, intake)?,
            ECHO_V6 => self.take_replies(Family::V6, intake)?,
            token => match self.connections.finish(token) {
                Some(Ok(())) => {
                    self.prober.answered(token, self.now_ns());
                }
                Some(Err(error)) => self.prober.failed(token, &reason(&error)),
                None => {}
            },
        }
        Ok(())
    }

    fn take_names(&mut self) {
        for found in self.names.iter_mut().flat_map(Names::take) {
            self.prober.found(found.target, &found.addresses, (self.machine.steady_ns)());
        }
    }

    fn take_replies(&mut self, family: Family, intake: &mut Intake) -> Result<(), Error> {
        for _ in 0..MOST_REPLIES {
            let Some(socket) = self.pings.of(family) else { break };
            let received = socket.receive().map_err(|cause| Error::system("read answers to pings", &cause))?;
            match received {
                None => break,
                Some(Received::Reply(echo))
                    if socket.is_own(&echo) && self.prober.is_awaited(echo.token, echo.sequence) =>
                {
                    self.prober.answered(echo.token, (self.machine.steady_ns)());
                }
                Some(Received::Short) => intake.count_malformed(ICMP_SHORT_REPLY),
                // Replies to others' pings, and more than one to one of ours.
                Some(Received::Reply(_) | Received::Other) => intake.leave_out((self.machine.now_ns)()),
            }
        }
        Ok(())
    }

    /// Gives the intake what has happened; tells how much that is.
    fn tell(&mut self, intake: &mut Intake) -> usize {
        let mut events = 0;
        while let Some(event) = self.prober.event() {
            events += 1;
            intake.take(&mut self.rows, (self.machine.now_ns)(), &Told { event: &event, prober: &self.prober });
        }
        events
    }
}

impl Pings {
    /// Opens what targets certainly need, and what they may need as far as there is some.
    fn open(targets: &[Target], identifier: u16) -> Result<Self, Error> {
        let family_of = |target: &Target| match &target.host {
            Host::Address(address) => Some(Family::of(address)),
            Host::Name(_) => target.family,
        };
        let wanted = |family| targets.iter().map(family_of).any(|known| known.is_none_or(|known| known == family));
        let open = |family| wanted(family).then(|| EchoSocket::open(family, identifier));
        let (v4, v6) = (open(Family::V4), open(Family::V6));
        let refused = |socket: &Option<Result<EchoSocket, Error>>| match socket {
            Some(Err(error)) if error.kind == ErrorKind::Permission => Some(error.clone()),
            _ => None,
        };
        // Rights are the same for both families; other reasons, as a system without IPv6, are told with each probe.
        if let Some(error) = refused(&v4).or_else(|| refused(&v6)) {
            return Err(error);
        }
        Ok(Self { v4: v4.and_then(Result::ok), v6: v6.and_then(Result::ok) })
    }

    fn of(&mut self, family: Family) -> Option<&mut EchoSocket> {
        match family {
            Family::V4 => self.v4.as_mut(),
            Family::V6 => self.v6.as_mut(),
        }
    }

    fn count(&self) -> usize {
        self.v4.iter().chain(&self.v6).count()
    }
}

impl Source for Netprobe {
    fn poll(&mut self, wait_ms: i32, intake: &mut Intake) -> Result<Polled, Error> {
        let wait_ms = wait_until(self.prober.due_ns(), self.now_ns(), wait_ms);
        let mut events = self.receive(wait_ms, intake)?;
        for _ in 0..MOST_ORDERS {
            let Some(order) = self.prober.order(self.now_ns()) else { break };
            self.follow(&order);
            // Answers are looked for between any two probes: one that waits meanwhile would seem slow.
            events += self.receive(0, intake)?;
        }
        Ok(Polled::Items(events + self.tell(intake)))
    }

    fn set_needs(&mut self, _needs: &Needs) {}

    fn settle(&mut self, _now_ns: i64, _batch: &mut Batch) {
        self.held.tell(self.prober.memory_bytes());
    }

    fn finish(&mut self, intake: &mut Intake) {
        let _ = self.receive(0, intake); // one that fails has told so before
    }
}

/// Milliseconds until something is due: not too few, or it would be looked for again and again.
fn wait_until(due_ns: Option<i64>, now_ns: i64, most_ms: i32) -> i32 {
    let left_ns = due_ns.map_or(i64::MAX, |due_ns| due_ns.saturating_sub(now_ns)).max(0);
    let left_ms = left_ns / MILLISECOND_NS + i64::from(left_ns % MILLISECOND_NS > 0);
    i32::try_from(left_ms).map_or(most_ms, |left_ms| left_ms.min(most_ms))
}

impl Live for Netprobe {
    const NAME: &'static str = "netprobe";

    fn take_lost(&mut self) -> Ledger {
        let dropped = |socket: &mut Option<EchoSocket>| socket.as_mut().map_or(0, EchoSocket::take_dropped);
        Ledger::of_kernel_drops(dropped(&mut self.pings.v4) + dropped(&mut self.pings.v6))
    }
}

/// An event with the prober that knows its target.
struct Told<'a> {
    event: &'a Event,
    prober: &'a Prober,
}

/// Writes a row for each event.
struct Rows;

impl Decode<Told<'_>> for Rows {
    fn decode(&mut self, told: &Told<'_>, time_ns: i64, batch: &mut Batch) {
        let Told { event, prober } = told;
        let target = text(&prober.target(event.target).name, &mut batch.probes.text);
        let error = match event.error.as_str() {
            "" => Span::NONE,
            error => text(error, &mut batch.probes.text),
        };
        let microseconds = |ns: i64| ns.max(0).cast_unsigned() / 1000;
        batch.probes.push(&ProbeRow {
            time_ns,
            event: event.kind as u8,
            target,
            test: if prober.test() == Test::Connect { 2 } else { 1 },
            destination: event.address.map_or([0; 16], |address| match address.ip() {
                IpAddr::V4(ip) => mapped(ip.octets()),
                IpAddr::V6(ip) => ip.octets(),
            }),
            destination_port: event.address.map_or(0, |address| address.port()),
            sequence: event.sequence,
            response_us: microseconds(event.response_ns),
            has_jitter: u8::from(event.jitter_ns.is_some()),
            jitter_us: event.jitter_ns.map_or(0, microseconds),
            timeout_us: microseconds(prober.timeout_ns()),
            error,
        });
        batch.ledger.decoded += 1;
        if let Some(count) = count_of(event.kind, &mut batch.ledger) {
            *count += 1;
        }
    }
}

/// Where the ledger counts a kind of event. Those that are given up were counted when they timed out.
fn count_of(kind: EventKind, ledger: &mut Ledger) -> Option<&mut u64> {
    match kind {
        EventKind::Sent => Some(&mut ledger.probes.sent),
        EventKind::Answered => Some(&mut ledger.probes.answered),
        EventKind::TimedOut => Some(&mut ledger.probes.unanswered),
        EventKind::Late => Some(&mut ledger.probes.late),
        EventKind::Failed => Some(&mut ledger.probes.failed),
        EventKind::NotSent | EventKind::NameNotFound => Some(&mut ledger.probes.not_sent),
        EventKind::GivenUp => None,
    }
}

fn text(text: &str, into: &mut Vec<u8>) -> Span {
    let span = Span { start: into.len() as u32, length: text.len() as u32 };
    into.extend(text.as_bytes());
    span
}

#[cfg(test)]
#[path = "netprobe_tests.rs"]
mod tests;
