//! IPFIX over TCP (RFC 7011 section 10.4): messages one behind the other, each of the length that its header says. What an
//! exporter tells of its templates holds for its connection.

use std::sync::Arc;

use super::intake::Intake;
use super::stream_server::{Protocol, StreamServer};
use super::{BatchSink, LiveInput, Machine, Policy};
use crate::Error;
use crate::decode::app::Needs;
use crate::decode::flow::{Datagram, FlowDecoder, IPFIX_HEADER_BYTES, ipfix_length};
use crate::ledger::{Ledger, Malformed};
use crate::listen::streams::StreamAddress;
use crate::memory::Account;
use crate::table::Address;
use crate::window::NANOSECONDS as SECOND_NS;

/// Where exporters connect.
#[derive(Debug, Clone)]
pub struct FlowStreamServerConfig {
    pub address: StreamAddress,
    /// Random per process.
    pub seed: u64,
    pub machine: Machine,
    /// What the input holds is part of it.
    pub memory: Arc<Account>,
}

/// Listens for exporters of IPFIX.
pub type FlowStreamServer = StreamServer<FlowStreams>;

impl FlowStreamServer {
    /// Starts to listen.
    ///
    /// # Errors
    /// When the address can't be had.
    pub fn open(config: &FlowStreamServerConfig) -> Result<Self, Error> {
        let protocol = FlowStreams { needs: Needs::default(), seed: config.seed };
        Self::listen(&config.address, protocol, &config.machine, &config.memory)
    }

    /// Listens, and feeds policies with the records that come; gives the port, too.
    ///
    /// # Errors
    /// When the address can't be had.
    pub fn start(
        config: &FlowStreamServerConfig,
        policies: Vec<Arc<Policy>>,
        sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    ) -> Result<(LiveInput, u16), Error> {
        let memory = Account::part_of(&config.memory);
        let server = Self::open(&FlowStreamServerConfig { memory: memory.clone(), ..config.clone() })?;
        let port = server.port().unwrap_or(0);
        Ok((server.run(&config.machine, memory, policies, sinks)?, port))
    }
}

/// Takes messages in.
pub struct FlowStreams {
    needs: Needs,
    seed: u64,
}

/// What is known of one exporter as long as it is connected.
pub struct Exporter {
    address: Address,
    decoder: FlowDecoder,
    /// The front of a message that is not whole.
    partial: Vec<u8>,
    has_sent: bool,
}

impl Exporter {
    /// Takes in the messages that some bytes begin with; gives what is behind them.
    fn take_whole<'a>(&mut self, mut bytes: &'a [u8], now_ns: i64, intake: &mut Intake) -> Result<&'a [u8], Malformed> {
        while bytes.len() >= IPFIX_HEADER_BYTES {
            let length = ipfix_length(bytes)?;
            let Some((message, behind)) = bytes.split_at_checked(length) else { break };
            let datagram = Datagram { payload: message, exporter: self.address, time_ns: now_ns };
            intake.take(&mut self.decoder, now_ns, &datagram);
            self.has_sent = true;
            bytes = behind;
        }
        Ok(bytes)
    }
}

impl Protocol for FlowStreams {
    const NAME: &'static str = "ipfix";
    /// Exporters tell their templates when they connect.
    const PATIENCE_NS: i64 = 120 * SECOND_NS;

    type Client = Exporter;

    fn welcome(&mut self, peer: &Address) -> Exporter {
        let decoder = FlowDecoder::new(&self.needs, self.seed);
        Exporter { address: *peer, decoder, partial: Vec::new(), has_sent: false }
    }

    fn take(
        &mut self,
        client: &mut Exporter,
        bytes: &[u8],
        now_ns: i64,
        intake: &mut Intake,
        _answers: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        if client.partial.is_empty() {
            let rest = client.take_whole(bytes, now_ns, intake)?;
            client.partial = rest.to_vec();
            return Ok(());
        }
        let mut joined = std::mem::take(&mut client.partial);
        joined.extend_from_slice(bytes);
        let rest = client.take_whole(&joined, now_ns, intake)?;
        client.partial = rest.to_vec();
        Ok(())
    }

    fn end(&self, client: &Exporter) -> Result<(), Malformed> {
        if client.partial.is_empty() { Ok(()) } else { Err(crate::decode::flow::TOO_SHORT) }
    }

    fn leave(&mut self, mut client: Exporter, intake: &mut Intake) {
        client.decoder.settle(i64::MAX, &mut intake.batch().ledger);
    }

    fn waiting_bytes(client: &Exporter) -> usize {
        client.partial.capacity() + client.decoder.memory_bytes()
    }

    fn may_send(client: &Exporter) -> bool {
        client.has_sent
    }

    fn set_needs(&mut self, needs: &Needs, clients: &mut dyn Iterator<Item = &mut Exporter>) {
        self.needs = needs.clone();
        clients.for_each(|client| client.decoder.set_needs(needs));
    }

    fn settle(&mut self, now_ns: i64, ledger: &mut Ledger, clients: &mut dyn Iterator<Item = &mut Exporter>) {
        clients.for_each(|client| client.decoder.settle(now_ns, ledger));
    }
}

#[cfg(test)]
#[path = "flow_streams_tests.rs"]
mod tests;
