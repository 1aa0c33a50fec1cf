//! Servers that connect and tell of their messages: many at once, and none that stops the others.
//!
//! A client is read when it has something, a bounded part at a time. What it sends that makes no sense closes its
//! connection, and is counted as malformed with its reason. Bounds on clients, on the memory that their frames wait in and on the time
//! that one may say nothing close connections, too, and are counted as evicted.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::Arc;

use super::client::{Client, Closing};
use super::{Messages, SECOND_NS, Taking};
use crate::Error;
use crate::decode::app::Needs;
use crate::decode::dnstap;
use crate::engine::intake::{Intake, Polled, Source};
use crate::engine::{BatchSink, Live, LiveInput, Machine, Policy};
use crate::ledger::{Ledger, Malformed};
use crate::listen::readiness::Readiness;
use crate::listen::streams::{Stream, StreamAddress, StreamListener};
use crate::memory::{Account, Held, Holder};
use crate::read::Violation;

/// Connections at once; more are closed at once.
const MOST_CLIENTS: usize = 1000;
/// Bytes of frames that are not whole, of all clients. Beyond them the one that holds most has to go.
const MOST_WAITING_BYTES: usize = 64 << 20;
/// What is read of a client before it is the others' turn.
const READ_BYTES: usize = 256 << 10;
/// Connections that are taken in a row.
const MOST_ACCEPTED: usize = 64;
/// A client that may not send data must say so, or go, in this time.
const PATIENCE_NS: i64 = 10 * SECOND_NS;
/// Where no more connections can be had for want of descriptors, they are looked at again after this.
const PAUSE_NS: i64 = SECOND_NS;

/// The number that stands for the listener; clients have higher ones.
const LISTENER: u64 = 0;

/// Where servers connect, and what of their messages counts.
#[derive(Debug, Clone)]
pub struct DnstapServerConfig {
    pub address: StreamAddress,
    pub taking: Taking,
    pub machine: Machine,
    /// What the input holds is part of it.
    pub memory: Arc<Account>,
}

/// The clients of one listener, read by one worker.
pub struct DnstapServer {
    listener: StreamListener,
    readiness: Readiness,
    clients: HashMap<u64, Client>,
    newest_client: u64,
    messages: Messages,
    buffer: Box<[u8]>,
    evicted_clients: u64,
    /// Frames that are not whole.
    held: Held,
    /// The listener is left alone until then.
    paused_until_ns: Option<i64>,
    /// When silent clients are looked for again.
    look_again_ns: i64,
    now_ns: fn() -> i64,
}

impl DnstapServer {
    /// Starts to listen.
    ///
    /// # Errors
    /// When the address can't be had.
    pub fn open(config: &DnstapServerConfig) -> Result<Self, Error> {
        let listener = StreamListener::open(&config.address)?;
        let refused = |cause| Error::system("wait for connections", &cause);
        let readiness = Readiness::new().map_err(refused)?;
        readiness.add(&listener, LISTENER).map_err(refused)?;
        Ok(Self {
            listener,
            readiness,
            clients: HashMap::new(),
            newest_client: LISTENER,
            messages: Messages::new(&config.taking),
            buffer: vec![0; READ_BYTES].into(),
            evicted_clients: 0,
            held: Held::new(&config.memory, Holder::Streams),
            paused_until_ns: None,
            look_again_ns: i64::MIN,
            now_ns: config.machine.now_ns,
        })
    }

    /// Listens, and feeds policies with what comes.
    ///
    /// # Errors
    /// When the address can't be had.
    pub fn start(
        config: &DnstapServerConfig,
        policies: Vec<Arc<Policy>>,
        sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    ) -> Result<LiveInput, Error> {
        let memory = Account::part_of(&config.memory);
        let server = Self::open(&DnstapServerConfig { memory: memory.clone(), ..config.clone() })?;
        LiveInput::start(vec![server], &config.machine, memory, policies, sinks)
    }

    /// The TCP port that it listens on.
    pub fn port(&self) -> Option<u16> {
        self.listener.port()
    }

    /// Takes the connections that wait.
    fn accept(&mut self, now_ns: i64) {
        for _ in 0..MOST_ACCEPTED {
            match self.listener.accept() {
                Ok(stream) => self.welcome(stream, now_ns),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
                Err(_) => {
                    // No descriptor is left: the connection keeps waiting, which must not keep us busy.
                    self.readiness.remove(&self.listener);
                    self.paused_until_ns = Some(now_ns.saturating_add(PAUSE_NS));
                    return;
                }
            }
        }
    }

    fn welcome(&mut self, stream: Stream, now_ns: i64) {
        let number = self.newest_client + 1;
        if self.clients.len() >= MOST_CLIENTS || self.readiness.add(&stream, number).is_err() {
            self.evicted_clients += 1;
            return;
        }
        self.newest_client = number;
        self.clients.insert(number, Client::new(stream, now_ns));
    }

    /// Reads a part of what a client has sent; tells how many messages came.
    fn serve(&mut self, number: u64, now_ns: i64, intake: &mut Intake) -> usize {
        let Some(client) = self.clients.get_mut(&number) else { return 0 };
        let mut messages = 0;
        let outcome = client.read(&mut self.buffer, now_ns, &mut |content, clock| {
            messages += 1;
            self.messages.take(content, intake, |told_ns| clock.stamp(told_ns, now_ns));
        });
        if let Err(closing) = outcome {
            self.clients.remove(&number);
            match closing {
                Closing::End => {}
                Closing::Violation(violation) => intake.count_malformed(reason(&violation)),
                Closing::Deaf => self.evicted_clients += 1,
            }
        }
        messages
    }

    /// Closes the connections that hold most until the others have room.
    fn keep_bound(&mut self) {
        let bytes = |client: &Client| client.waiting_bytes();
        let mut waiting: usize = self.clients.values().map(bytes).sum();
        while waiting > MOST_WAITING_BYTES {
            let Some(number) = self.clients.iter().max_by_key(|(_, client)| bytes(client)).map(|(number, _)| *number)
            else {
                break;
            };
            waiting -= self.clients.remove(&number).map_or(0, |client| bytes(&client));
            self.evicted_clients += 1;
        }
        self.held.tell(waiting);
    }

    /// Now and then: closes the connections that have said nothing for too long, and goes on to take new ones.
    fn look_after(&mut self, now_ns: i64) {
        if self.paused_until_ns.is_some_and(|until_ns| now_ns >= until_ns || now_ns < until_ns - PAUSE_NS)
            && self.readiness.add(&self.listener, LISTENER).is_ok()
        {
            self.paused_until_ns = None;
        }
        if (self.look_again_ns.saturating_sub(SECOND_NS)..self.look_again_ns).contains(&now_ns) {
            return;
        }
        self.look_again_ns = now_ns.saturating_add(SECOND_NS);
        let before = self.clients.len();
        self.clients.retain(|_, client| client.silence_ns(now_ns) <= PATIENCE_NS);
        self.evicted_clients += (before - self.clients.len()) as u64;
    }
}

/// What a violation counts as.
fn reason(violation: &Violation) -> Malformed {
    match violation {
        Violation::BadControl(_) => dnstap::BAD_CONTROL,
        Violation::BeforeStart | Violation::OutOfOrder(_) => dnstap::OUT_OF_ORDER,
        Violation::ContentType { .. } => dnstap::OTHER_CONTENT,
        Violation::FrameTooLong(_) => dnstap::FRAME_TOO_LONG,
        Violation::Cut => dnstap::CUT_FRAME,
    }
}

impl Source for DnstapServer {
    fn poll(&mut self, wait_ms: i32, intake: &mut Intake) -> Result<Polled, Error> {
        let ready = self.readiness.wait(wait_ms).map_err(|cause| Error::system("wait for dnstap", &cause))?;
        let now_ns = (self.now_ns)();
        let mut messages = 0;
        for number in ready {
            match number {
                LISTENER => self.accept(now_ns),
                number => messages += self.serve(number, now_ns, intake),
            }
        }
        self.keep_bound();
        self.look_after(now_ns);
        Ok(Polled::Items(messages))
    }

    fn set_needs(&mut self, needs: &Needs) {
        self.messages.set_needs(needs);
    }

    fn finish(&mut self, intake: &mut Intake) {
        let _ = self.poll(0, intake); // one that fails has told so before
    }
}

impl Live for DnstapServer {
    const NAME: &'static str = "dnstap";

    fn take_lost(&mut self) -> Ledger {
        Ledger::of_evicted_clients(std::mem::take(&mut self.evicted_clients))
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
