//! Servers that connect and tell of their messages.

use std::sync::Arc;

use super::client::Client;
use super::{Messages, SECOND_NS, Taking};
use crate::Error;
use crate::decode::app::Needs;
use crate::decode::dnstap;
use crate::engine::intake::Intake;
use crate::engine::stream_server::{Protocol, StreamServer};
use crate::engine::{BatchSink, LiveInput, Machine, Policy};
use crate::ledger::Malformed;
use crate::listen::streams::StreamAddress;
use crate::memory::Account;
use crate::read::Violation;
use crate::table::Address;

/// Where servers connect, and what of their messages counts.
#[derive(Debug, Clone)]
pub struct DnstapServerConfig {
    pub address: StreamAddress,
    pub taking: Taking,
    pub machine: Machine,
    /// What the input holds is part of it.
    pub memory: Arc<Account>,
}

/// Listens for servers that tell of their messages.
pub type DnstapServer = StreamServer<Messages>;

impl DnstapServer {
    /// Starts to listen.
    ///
    /// # Errors
    /// When the address can't be had.
    pub fn open(config: &DnstapServerConfig) -> Result<Self, Error> {
        Self::listen(&config.address, Messages::new(&config.taking), &config.machine, &config.memory)
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
        server.run(&config.machine, memory, policies, sinks)
    }
}

impl Protocol for Messages {
    const NAME: &'static str = "dnstap";
    const PATIENCE_NS: i64 = 10 * SECOND_NS;

    type Client = Client;

    fn welcome(&mut self, _peer: &Address) -> Client {
        Client::new()
    }

    fn take(
        &mut self,
        client: &mut Client,
        bytes: &[u8],
        now_ns: i64,
        intake: &mut Intake,
        answers: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        let Client { receiver, clock } = client;
        let mut each = |content: &[u8]| Messages::take(self, content, intake, |told_ns| clock.stamp(told_ns, now_ns));
        receiver.take(bytes, answers, &mut each).map_err(|violation| reason(&violation))
    }

    fn end(&self, client: &Client) -> Result<(), Malformed> {
        client.receiver.end().map_err(|violation| reason(&violation))
    }

    fn waiting_bytes(client: &Client) -> usize {
        client.receiver.waiting_bytes()
    }

    fn may_send(client: &Client) -> bool {
        client.receiver.is_running()
    }

    fn set_needs(&mut self, needs: &Needs, _clients: &mut dyn Iterator<Item = &mut Client>) {
        Messages::set_needs(self, needs);
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

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
