//! What is due, and what became of each probe. Time comes in as an argument, of a clock that nobody sets.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::net::SocketAddr;

use super::open::{OpenProbes, Passed, Sent};
use super::{Family, Host, NANOSECONDS, Target, Test, Timing};
use crate::hash::hash_word;

/// So long at least a late answer to a ping is waited for.
const PATIENCE_NS: i64 = 10 * NANOSECONDS;

/// Tokens have this bit, so that they are none of the small numbers that stand for sockets.
const TOKEN_BIT: u64 = 1 << 63;

/// What the edges are to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// To look up the name of a target, and to tell by [`Prober::found`].
    LookUp { target: usize },
    /// To send a probe, and to tell by one of [`Prober::sent`], [`Prober::not_sent`], [`Prober::failed`].
    Send(Request),
    /// To forget a probe: nobody waits for its answer any more.
    Forget { token: u64 },
}

/// A probe to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    pub target: usize,
    pub address: SocketAddr,
    pub sequence: u16,
    /// Stands in the probe, and tells the answer to it from all others.
    pub token: u64,
}

/// What became of a probe, or of an attempt to send one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub kind: EventKind,
    pub target: usize,
    pub address: Option<SocketAddr>,
    pub sequence: u16,
    /// Of answers, the time from the request on.
    pub response_ns: i64,
    /// Of answers, by how much that is longer or shorter than the time of the target's answer before.
    pub jitter_ns: Option<i64>,
    pub error: String,
}

/// The numbers stand in the column `probe.event`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EventKind {
    Sent = 0,
    Answered = 1,
    TimedOut = 2,
    Late = 3,
    GivenUp = 4,
    Failed = 5,
    NotSent = 6,
    NameNotFound = 7,
}

/// What is to happen to a target at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// A test begins.
    Test,
    /// The name should have been looked up by now, for the test of that number.
    LookupOver { test: u32 },
    /// The next of so many probes that are left of a test.
    Probe { left: u32 },
}

/// What is known of a target while it is probed.
#[derive(Debug)]
struct Probed {
    target: Target,
    /// The number of its newest test.
    test: u32,
    /// That test waits for the name.
    waits_for_name: bool,
    /// The edges are looking the name up.
    is_looked_up: bool,
    /// Where the newest test goes to whose name was found.
    address: Option<SocketAddr>,
    next_sequence: u16,
    last_response_ns: Option<i64>,
}

/// Probes the targets of one input.
#[derive(Debug)]
pub struct Prober {
    test: Test,
    timing: Timing,
    targets: Vec<Probed>,
    /// What comes first stands first.
    agenda: BinaryHeap<Reverse<(i64, usize, Step)>>,
    open: OpenProbes,
    orders: VecDeque<Order>,
    events: VecDeque<Event>,
    seed: u64,
    probes: u64,
}

impl Prober {
    /// The first tests are due now. The seed is one that nobody outside can guess.
    pub fn new(test: Test, timing: Timing, targets: Vec<Target>, seed: u64, now_ns: i64) -> Self {
        let patience_ns = match test {
            Test::Ping { .. } => timing.timeout_ns.max(PATIENCE_NS),
            Test::Connect => timing.timeout_ns.max(timing.interval_ns), // so that connections that hang are few
        };
        let agenda = (0..targets.len()).map(|target| Reverse((now_ns, target, Step::Test))).collect();
        Self {
            test,
            timing,
            targets: targets.into_iter().map(Probed::new).collect(),
            agenda,
            open: OpenProbes::new(seed, timing.timeout_ns, patience_ns),
            orders: VecDeque::new(),
            events: VecDeque::new(),
            seed,
            probes: 0,
        }
    }

    /// How targets are probed.
    pub fn test(&self) -> Test {
        self.test
    }

    /// When answers are late.
    pub fn timeout_ns(&self) -> i64 {
        self.timing.timeout_ns
    }

    /// A target by its number.
    pub fn target(&self, number: usize) -> &Target {
        &self.targets[number].target
    }

    /// When there is something to do next.
    pub fn due_ns(&self) -> Option<i64> {
        let next = self.agenda.peek().map(|Reverse((due_ns, ..))| *due_ns);
        next.into_iter().chain(self.open.due_ns()).min()
    }

    /// The next order that is due; to be asked again until there is none.
    pub fn order(&mut self, now_ns: i64) -> Option<Order> {
        self.pass(now_ns);
        while self.orders.is_empty() {
            let Reverse((due_ns, ..)) = self.agenda.peek()?;
            if *due_ns > now_ns {
                return None;
            }
            let Reverse((due_ns, target, step)) = self.agenda.pop()?;
            self.step(target, step, due_ns, now_ns);
        }
        self.orders.pop_front()
    }

    /// What has happened since the last call, one by one.
    pub fn event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Probes that wait for an answer.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Roughly what is held.
    pub fn memory_bytes(&self) -> usize {
        self.open.memory_bytes()
    }

    fn step(&mut self, target: usize, step: Step, due_ns: i64, now_ns: i64) {
        let probed = &mut self.targets[target];
        match step {
            Step::Test => {
                // Tests that could not be in their time, as while the machine slept, are left out.
                let next_ns = due_ns.saturating_add(self.timing.interval_ns);
                let next_ns = if next_ns > now_ns { next_ns } else { now_ns.saturating_add(self.timing.interval_ns) };
                self.agenda.push(Reverse((next_ns, target, Step::Test)));
                probed.test = probed.test.wrapping_add(1);
                if std::mem::take(&mut probed.waits_for_name) {
                    self.lookup_failed(target); // of the test before, whose time ends now
                }
                self.begin(target, now_ns);
            }
            Step::LookupOver { test } => {
                if probed.test == test && std::mem::take(&mut probed.waits_for_name) {
                    self.lookup_failed(target);
                }
            }
            Step::Probe { left } => self.probe(target, left, due_ns),
        }
    }

    fn begin(&mut self, target: usize, now_ns: i64) {
        let probed = &mut self.targets[target];
        match probed.target.host {
            Host::Address(address) => {
                probed.address = Some(SocketAddr::new(address, probed.target.port));
                self.probe(target, self.probes_of_a_test(), now_ns);
            }
            Host::Name(_) => {
                probed.waits_for_name = true;
                let over_ns = now_ns.saturating_add(self.timing.timeout_ns);
                self.agenda.push(Reverse((over_ns, target, Step::LookupOver { test: probed.test })));
                if !std::mem::replace(&mut probed.is_looked_up, true) {
                    self.orders.push_back(Order::LookUp { target });
                }
            }
        }
    }

    fn probes_of_a_test(&self) -> u32 {
        if self.test == Test::Connect { 1 } else { self.timing.probes }
    }

    /// Orders the next of so many probes, which was due at this time.
    fn probe(&mut self, target: usize, left: u32, due_ns: i64) {
        let probed = &mut self.targets[target];
        let (Some(address), Some(left)) = (probed.address, left.checked_sub(1)) else { return };
        let sequence = probed.next_sequence;
        probed.next_sequence = sequence.wrapping_add(1);
        if left > 0 {
            let next_ns = due_ns.saturating_add(self.timing.gap_ns);
            self.agenda.push(Reverse((next_ns, target, Step::Probe { left })));
        }
        self.probes += 1;
        let token = hash_word(self.seed, self.probes) | TOKEN_BIT;
        self.orders.push_back(Order::Send(Request { target, address, sequence, token }));
    }

    /// The addresses of a target's name, in the order of preference; none where it was not found.
    pub fn found(&mut self, target: usize, addresses: &[SocketAddr], now_ns: i64) {
        let Some(probed) = self.targets.get_mut(target) else { return };
        probed.is_looked_up = false;
        if !std::mem::take(&mut probed.waits_for_name) {
            return; // too late for its test; the next one asks again
        }
        if let Some(address) = wanted(addresses, self.test, probed.target.family) {
            let mut address = *address;
            address.set_port(probed.target.port);
            probed.address = Some(address);
            self.probe(target, self.probes_of_a_test(), now_ns);
        } else if addresses.is_empty() || self.test == Test::Connect {
            self.no_probe(EventKind::NameNotFound, target, None, "the name was not found");
        } else {
            self.no_probe(EventKind::NotSent, target, None, "the name has no address of the wanted IP version");
        }
    }

    /// A probe is on its way since then.
    pub fn sent(&mut self, request: &Request, at_ns: i64) {
        let Request { target, address, sequence, token } = *request;
        let sent = Sent { target, sequence, address, at_ns };
        self.open.push(token, sent);
        self.note(EventKind::Sent, &sent);
    }

    /// A probe could not be sent.
    pub fn not_sent(&mut self, request: &Request, error: &str) {
        self.no_probe(EventKind::NotSent, request.target, Some((request.address, request.sequence)), error);
    }

    /// What was sent has failed, so that nobody waits for its answer: a connection that was refused.
    pub fn failed(&mut self, token: u64, error: &str) {
        let Some(answer) = self.open.answer(token) else { return };
        // Of one that has timed out it is known now that no answer will come.
        let kind = if answer.is_late { EventKind::GivenUp } else { EventKind::Failed };
        self.events.push_back(Event { error: error.to_owned(), ..of_sent(kind, &answer.sent) });
    }

    /// Whether an answer is that to a probe with this number, which waits for it.
    pub fn is_awaited(&self, token: u64, sequence: u16) -> bool {
        self.open.sent(token).is_some_and(|sent| sent.sequence == sequence)
    }

    /// An answer has come. Tells whether it was waited for.
    pub fn answered(&mut self, token: u64, now_ns: i64) -> bool {
        self.pass(now_ns); // it may be late before anybody has looked
        let Some(answer) = self.open.answer(token) else { return false };
        let response_ns = now_ns.saturating_sub(answer.sent.at_ns).max(0);
        let probed = &mut self.targets[answer.sent.target];
        let before_ns = probed.last_response_ns.replace(response_ns);
        let kind = if answer.is_late { EventKind::Late } else { EventKind::Answered };
        let jitter_ns = before_ns.map(|before_ns| (response_ns - before_ns).abs());
        self.events.push_back(Event { response_ns, jitter_ns, ..of_sent(kind, &answer.sent) });
        true
    }

    /// Time has come to this point.
    fn pass(&mut self, now_ns: i64) {
        while let Some((token, passed)) = self.open.pass(now_ns) {
            match passed {
                Passed::TimedOut(sent) => self.note(EventKind::TimedOut, &sent),
                Passed::GivenUp(sent) => {
                    self.orders.push_back(Order::Forget { token });
                    self.note(EventKind::GivenUp, &sent);
                }
            }
        }
    }

    fn lookup_failed(&mut self, target: usize) {
        self.no_probe(EventKind::NameNotFound, target, None, "looking up the name takes too long");
    }

    fn note(&mut self, kind: EventKind, sent: &Sent) {
        self.events.push_back(of_sent(kind, sent));
    }

    fn no_probe(&mut self, kind: EventKind, target: usize, sent: Option<(SocketAddr, u16)>, error: &str) {
        let (address, sequence) = sent.map_or((None, 0), |(address, sequence)| (Some(address), sequence));
        let error = error.to_owned();
        self.events.push_back(Event { kind, target, address, sequence, response_ns: 0, jitter_ns: None, error });
    }
}

impl Probed {
    fn new(target: Target) -> Self {
        Self {
            target,
            test: 0,
            waits_for_name: false,
            is_looked_up: false,
            address: None,
            next_sequence: 0,
            last_response_ns: None,
        }
    }
}

fn of_sent(kind: EventKind, sent: &Sent) -> Event {
    let Sent { target, sequence, address, .. } = *sent;
    Event { kind, target, address: Some(address), sequence, response_ns: 0, jitter_ns: None, error: String::new() }
}

/// The address of a name that is probed: the first of the wanted family. Where none is said, that is IPv4 for pings if
/// there is any, and of connections that of the first address.
fn wanted(addresses: &[SocketAddr], test: Test, family: Option<Family>) -> Option<&SocketAddr> {
    let of = |wanted: Family| addresses.iter().find(|address| Family::of(&address.ip()) == wanted);
    match (family, test) {
        (Some(family), _) => of(family),
        (None, Test::Ping { .. }) => of(Family::V4).or(addresses.first()),
        (None, Test::Connect) => addresses.first(),
    }
}

#[cfg(test)]
#[path = "prober_tests.rs"]
mod tests;
