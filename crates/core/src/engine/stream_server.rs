//! Clients that connect and send: many at once, and none that stops the others.
//!
//! A client is read when it has something, a bounded part at a time. What it sends that makes no sense closes its
//! connection, and is counted as malformed with its reason. Bounds on clients, on the memory that they hold and on the time
//! that one may say nothing close connections, too, and are counted as evicted. What clients say is known to a [`Protocol`]
//! alone.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;

use super::intake::{Intake, Polled, Source};
use super::{BatchSink, Live, LiveInput, Machine, Policy};
use crate::Error;
use crate::decode::Batch;
use crate::decode::app::Needs;
use crate::ledger::{Ledger, Malformed};
use crate::listen::readiness::Readiness;
use crate::listen::streams::{Stream, StreamAddress, StreamListener};
use crate::memory::{Account, Held, Holder};
use crate::table::Address;
use crate::window::NANOSECONDS as SECOND_NS;

/// Connections at once; more are closed at once.
pub(super) const MOST_CLIENTS: usize = 1000;
/// Bytes that all clients hold, of what is not whole. Beyond them the one that holds most has to go.
pub(super) const MOST_WAITING_BYTES: usize = 64 << 20;
/// Bytes that one client may add before it is looked again: a frame, beside which it may stand a second time while it moves.
const MOST_ADDED_BYTES: usize = 2 << 20;
/// What is read of a client before it is the others' turn.
const READ_BYTES: usize = 256 << 10;
/// Connections that are taken in a row.
const MOST_ACCEPTED: usize = 64;
/// Where no more connections can be had for want of descriptors, they are looked at again after this.
const PAUSE_NS: i64 = SECOND_NS;

/// The number that stands for the listener; clients have higher ones.
pub(super) const LISTENER: u64 = 0;

/// What clients say, and how it becomes rows.
pub trait Protocol: Send + 'static {
    /// What its thread is called.
    const NAME: &'static str;
    /// A client that may not send data yet must get there, or go, in this time.
    const PATIENCE_NS: i64;

    /// What is known of one client.
    type Client: Send;

    /// One that has just connected, from this address.
    fn welcome(&mut self, peer: &Address) -> Self::Client;

    /// Takes in what a client has sent, message by message; `answers` is sent back.
    ///
    /// # Errors
    /// The reason why it makes no sense any more, behind the messages before.
    fn take(
        &mut self,
        client: &mut Self::Client,
        bytes: &[u8],
        now_ns: i64,
        intake: &mut Intake,
        answers: &mut Vec<u8>,
    ) -> Result<(), Malformed>;

    /// The stream of a client has come to its end.
    ///
    /// # Errors
    /// The reason why it may not end here.
    fn end(&self, client: &Self::Client) -> Result<(), Malformed>;

    /// A client is gone, for whatever reason.
    fn leave(&mut self, client: Self::Client, intake: &mut Intake) {
        let _ = (client, intake);
    }

    /// Memory that it holds.
    fn waiting_bytes(client: &Self::Client) -> usize;

    /// Whether it has said what must come before data.
    fn may_send(client: &Self::Client) -> bool;

    fn set_needs(&mut self, needs: &Needs, clients: &mut dyn Iterator<Item = &mut Self::Client>);

    /// Gives up what has waited too long by now.
    fn settle(&mut self, now_ns: i64, ledger: &mut Ledger, clients: &mut dyn Iterator<Item = &mut Self::Client>) {
        let _ = (now_ns, ledger, clients);
    }
}

/// One connection.
pub(super) struct Connection<Client> {
    stream: Stream,
    pub client: Client,
    /// Since when it may not send data, where it may not.
    silent_since_ns: Option<i64>,
}

/// The clients of one listener, read by one worker.
pub struct StreamServer<P: Protocol> {
    listener: StreamListener,
    pub(super) readiness: Readiness,
    pub(super) clients: HashMap<u64, Connection<P::Client>>,
    pub(super) newest_client: u64,
    protocol: P,
    buffer: Box<[u8]>,
    evicted_clients: u64,
    #[cfg(test)]
    pub(super) most_waiting_bytes: usize,
    /// What is not whole, and what clients are known by.
    held: Held,
    /// The listener is left alone until then.
    pub(super) paused_until_ns: Option<i64>,
    /// When silent clients are looked for again.
    look_again_ns: i64,
    now_ns: fn() -> i64,
}

/// Why a connection is closed.
enum Closing {
    /// It has come to its end.
    End,
    /// It makes no sense any more.
    Violation(Malformed),
    /// It does not take what it is answered.
    Deaf,
}

impl<P: Protocol> StreamServer<P> {
    /// Starts to listen.
    ///
    /// # Errors
    /// When the address can't be had.
    pub(super) fn listen(
        address: &StreamAddress,
        protocol: P,
        machine: &Machine,
        memory: &Arc<Account>,
    ) -> Result<Self, Error> {
        let listener = StreamListener::open(address)?;
        let refused = |cause| Error::system("wait for connections", &cause);
        let readiness = Readiness::new().map_err(refused)?;
        readiness.add(&listener, LISTENER).map_err(refused)?;
        Ok(Self {
            listener,
            readiness,
            clients: HashMap::new(),
            newest_client: LISTENER,
            protocol,
            buffer: vec![0; READ_BYTES].into(),
            evicted_clients: 0,
            #[cfg(test)]
            most_waiting_bytes: 0,
            held: Held::new(memory, Holder::Streams),
            paused_until_ns: None,
            look_again_ns: i64::MIN,
            now_ns: machine.now_ns,
        })
    }

    /// Feeds policies with what comes.
    ///
    /// # Errors
    /// Where there can't be another thread.
    pub(super) fn run(
        self,
        machine: &Machine,
        memory: Arc<Account>,
        policies: Vec<Arc<Policy>>,
        sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    ) -> Result<LiveInput, Error> {
        LiveInput::start(vec![self], machine, memory, policies, sinks)
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
        let client = self.protocol.welcome(&stream.peer());
        self.clients.insert(number, Connection { stream, client, silent_since_ns: Some(now_ns) });
    }

    /// Reads a part of what a client has sent; tells how many messages came. `waiting` is what all clients hold.
    fn serve(&mut self, number: u64, now_ns: i64, intake: &mut Intake, waiting: &mut usize) -> usize {
        let Some(connection) = self.clients.get_mut(&number) else { return 0 };
        let before = intake.items();
        *waiting -= P::waiting_bytes(&connection.client);
        if let Err(closing) = connection.read(&mut self.protocol, &mut self.buffer, now_ns, intake) {
            match closing {
                Closing::End => {}
                Closing::Violation(reason) => intake.count_malformed(reason),
                Closing::Deaf => self.evicted_clients += 1,
            }
            self.close(number, intake);
        } else {
            *waiting += P::waiting_bytes(&connection.client);
            self.keep_bound(intake, waiting);
        }
        (intake.items() - before) as usize
    }

    /// Gives the memory that the client has held.
    fn close(&mut self, number: u64, intake: &mut Intake) -> usize {
        let Some(Connection { client, .. }) = self.clients.remove(&number) else { return 0 };
        let bytes = P::waiting_bytes(&client);
        self.protocol.leave(client, intake);
        bytes
    }

    /// What all clients hold of what is not whole.
    fn waiting_bytes(&self) -> usize {
        self.clients.values().map(|connection| P::waiting_bytes(&connection.client)).sum()
    }

    /// Closes the connections that hold most until there is room for what the next one may add.
    fn keep_bound(&mut self, intake: &mut Intake, waiting: &mut usize) {
        #[cfg(test)]
        {
            self.most_waiting_bytes = self.most_waiting_bytes.max(*waiting);
        }
        let bytes = |connection: &Connection<P::Client>| P::waiting_bytes(&connection.client);
        while *waiting > MOST_WAITING_BYTES - MOST_ADDED_BYTES {
            let Some(number) = self.clients.iter().max_by_key(|(_, one)| bytes(one)).map(|(number, _)| *number) else {
                break;
            };
            *waiting -= self.close(number, intake);
            self.evicted_clients += 1;
        }
    }

    /// Now and then: closes the connections that have said nothing for too long, and goes on to take new ones.
    fn look_after(&mut self, now_ns: i64, intake: &mut Intake) {
        if self.paused_until_ns.is_some_and(|until_ns| now_ns >= until_ns || now_ns < until_ns - PAUSE_NS)
            && self.readiness.add(&self.listener, LISTENER).is_ok()
        {
            self.paused_until_ns = None;
        }
        if (self.look_again_ns.saturating_sub(SECOND_NS)..self.look_again_ns).contains(&now_ns) {
            return;
        }
        self.look_again_ns = now_ns.saturating_add(SECOND_NS);
        let is_silent = |connection: &Connection<P::Client>| connection.silence_ns(now_ns) > P::PATIENCE_NS;
        let silent: Vec<u64> =
            self.clients.iter().filter(|(_, one)| is_silent(one)).map(|(number, _)| *number).collect();
        for number in silent {
            self.close(number, intake);
            self.evicted_clients += 1;
        }
    }
}

impl<Client> Connection<Client> {
    /// For how long it has not been one that sends data.
    fn silence_ns(&self, now_ns: i64) -> i64 {
        self.silent_since_ns.map_or(0, |since_ns| now_ns.saturating_sub(since_ns))
    }

    /// Reads once.
    fn read<P: Protocol<Client = Client>>(
        &mut self,
        protocol: &mut P,
        buffer: &mut [u8],
        now_ns: i64,
        intake: &mut Intake,
    ) -> Result<(), Closing> {
        let ended = |client: &Client| protocol.end(client).map_or_else(Closing::Violation, |()| Closing::End);
        let bytes = match self.stream.read(buffer) {
            Ok(0) => return Err(ended(&self.client)),
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(()),
            Err(_) => return Err(ended(&self.client)),
        };
        let mut answers = Vec::new();
        protocol.take(&mut self.client, &buffer[..bytes], now_ns, intake, &mut answers).map_err(Closing::Violation)?;
        self.silent_since_ns = match P::may_send(&self.client) {
            true => None,
            false => self.silent_since_ns.or(Some(now_ns)),
        };
        self.answer(&answers)
    }

    /// The little that there is to answer fits into what the kernel keeps, unless the client does not read.
    fn answer(&mut self, answers: &[u8]) -> Result<(), Closing> {
        if answers.is_empty() {
            return Ok(());
        }
        match self.stream.write(answers) {
            Ok(written) if written == answers.len() => Ok(()),
            Ok(_) => Err(Closing::Deaf),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(Closing::Deaf),
            Err(_) => Err(Closing::End), // it is gone, and needs no answer
        }
    }
}

impl<P: Protocol> Source for StreamServer<P> {
    fn poll(&mut self, wait_ms: i32, intake: &mut Intake) -> Result<Polled, Error> {
        let ready =
            self.readiness.wait(wait_ms).map_err(|cause| Error::system(format!("wait for {}", P::NAME), &cause))?;
        let now_ns = (self.now_ns)();
        let (mut messages, mut waiting) = (0, self.waiting_bytes());
        for number in ready {
            match number {
                LISTENER => self.accept(now_ns),
                number => messages += self.serve(number, now_ns, intake, &mut waiting),
            }
        }
        self.held.tell(waiting);
        self.look_after(now_ns, intake);
        Ok(Polled::Items(messages))
    }

    fn set_needs(&mut self, needs: &Needs) {
        self.protocol.set_needs(needs, &mut self.clients.values_mut().map(|one| &mut one.client));
    }

    fn settle(&mut self, now_ns: i64, batch: &mut Batch) {
        let mut clients = self.clients.values_mut().map(|one| &mut one.client);
        self.protocol.settle(now_ns, &mut batch.ledger, &mut clients);
    }

    fn finish(&mut self, intake: &mut Intake) {
        let _ = self.poll(0, intake); // one that fails has told so before
        let numbers: Vec<u64> = self.clients.keys().copied().collect();
        numbers.into_iter().for_each(|number| {
            self.close(number, intake);
        });
    }
}

impl<P: Protocol> Live for StreamServer<P> {
    const NAME: &'static str = P::NAME;

    fn take_lost(&mut self) -> Ledger {
        Ledger::of_evicted_clients(std::mem::take(&mut self.evicted_clients))
    }
}
