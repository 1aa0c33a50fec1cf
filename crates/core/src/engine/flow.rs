//! Flow records as exporters send them: datagrams by UDP.

use std::sync::Arc;

use super::intake::{Decode, Intake, Polled, Source};
use super::{BatchSink, Live, LiveInput, Machine, Policy};
use crate::Error;
use crate::decode::Batch;
use crate::decode::app::Needs;
use crate::decode::flow::{Datagram, FlowDecoder};
use crate::ledger::Ledger;
use crate::listen::datagrams::{self, DatagramConfig, DatagramSocket};
use crate::memory::{Account, Held, Holder};

/// System calls of a poll, each for some ten datagrams of some ten records.
const READS_PER_POLL: usize = 16;

/// Where exporters send to.
#[derive(Debug, Clone)]
pub struct FlowServerConfig {
    /// Its sockets are the workers' own. What an exporter sends goes to one of them, who knows its templates.
    pub datagrams: DatagramConfig,
    /// Random per process.
    pub seed: u64,
    pub machine: Machine,
    /// What the input holds is part of it.
    pub memory: Arc<Account>,
}

/// One worker's socket and what it knows of the exporters that send to it.
pub struct FlowServer {
    socket: DatagramSocket,
    decoder: FlowDecoder,
    now_ns: fn() -> i64,
    /// Templates, and records that wait for theirs.
    held: Held,
}

/// What was given to the sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowListening {
    pub port: u16,
    /// Room in the kernel for what waits, of each socket.
    pub receive_buffer_bytes: u32,
}

impl FlowServer {
    /// Listens, and feeds policies with the records that come.
    ///
    /// # Errors
    /// When the address can't be had.
    pub fn start(
        config: &FlowServerConfig,
        policies: Vec<Arc<Policy>>,
        sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    ) -> Result<(LiveInput, FlowListening), Error> {
        let sockets = datagrams::open(&config.datagrams)?;
        let first = &sockets[0];
        let listening = FlowListening { port: first.port(), receive_buffer_bytes: first.receive_buffer_bytes() };
        let memory = Account::part_of(&config.memory);
        let server = |socket| Self {
            socket,
            decoder: FlowDecoder::new(&Needs::default(), config.seed),
            now_ns: config.machine.now_ns,
            held: Held::new(&memory, Holder::Exporters),
        };
        let servers = sockets.into_iter().map(server).collect();
        Ok((LiveInput::start(servers, &config.machine, memory, policies, sinks)?, listening))
    }
}

impl Source for FlowServer {
    fn poll(&mut self, wait_ms: i32, intake: &mut Intake) -> Result<Polled, Error> {
        let Self { socket, decoder, now_ns, .. } = self;
        let (mut wait_ms, mut all) = (wait_ms, 0);
        for _ in 0..READS_PER_POLL {
            let received = socket.receive(wait_ms, |exporter, payload| {
                let time_ns = now_ns();
                intake.take(decoder, time_ns, &Datagram { payload, exporter: *exporter, time_ns });
            });
            let received = received.map_err(|cause| Error::system("read flow datagrams", &cause))?;
            if received == 0 {
                break;
            }
            (wait_ms, all) = (0, all + received);
        }
        Ok(Polled::Items(all))
    }

    fn set_needs(&mut self, needs: &Needs) {
        self.decoder.set_needs(needs);
    }

    fn settle(&mut self, now_ns: i64, batch: &mut Batch) {
        self.decoder.settle(now_ns, &mut batch.ledger);
        self.held.tell(self.decoder.memory_bytes());
    }

    fn finish(&mut self, intake: &mut Intake) {
        let _ = self.poll(0, intake); // one that fails has told so before
        self.settle(i64::MAX, intake.batch());
    }
}

impl Live for FlowServer {
    const NAME: &'static str = "flow";

    fn take_lost(&mut self) -> Ledger {
        Ledger::of_kernel_drops(self.socket.take_dropped())
    }
}

impl Decode<Datagram<'_>> for FlowDecoder {
    fn decode(&mut self, datagram: &Datagram<'_>, time_ns: i64, batch: &mut Batch) {
        let datagram = Datagram { time_ns, ..*datagram };
        match FlowDecoder::decode(self, &datagram, &mut batch.flows, &mut batch.ledger) {
            None => batch.ledger.decoded += 1,
            Some(reason) => batch.ledger.count_malformed(reason),
        }
    }
}

#[cfg(test)]
#[path = "flow_tests.rs"]
mod tests;
