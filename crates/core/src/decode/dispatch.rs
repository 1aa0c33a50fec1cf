//! Who decodes a payload: the protocol that its ports name, else the one that its content tells, of those that anybody
//! needs.

use super::app::{AppDecoders, AppTables, Message, Needs, PROTOCOLS};
use super::ports::{PortSettings, PortTable, Service};
use super::probe::Prober;
use super::streams;
use crate::ledger::Ledger;
use crate::malformed::Malformed;

/// The application protocols of one worker.
pub struct Dispatch {
    ports: PortTable,
    /// There while any protocol is looked for by content.
    prober: Option<Box<Prober>>,
    decoders: AppDecoders,
}

impl Dispatch {
    pub fn new(settings: PortSettings, needs: &Needs) -> Self {
        let ports = PortTable::new(settings, &Needs::default());
        let mut dispatch = Self { ports, prober: None, decoders: AppDecoders::default() };
        dispatch.set_needs(needs);
        dispatch
    }

    /// Takes in of which protocols messages are needed, which of their columns, and on which ports to look further.
    pub fn set_needs(&mut self, needs: &Needs) {
        self.ports.set_needs(needs);
        self.decoders.set_needs(needs);
        match (self.ports.probed(), &mut self.prober) {
            ([], prober) => *prober = None,
            (probed, Some(prober)) => prober.set_protocols(probed),
            (probed, prober) => *prober = Some(Box::new(Prober::new(probed))),
        }
    }

    /// Decodes the payload of a datagram, if it is of any protocol.
    #[inline(always)]
    pub fn datagram(
        &mut self,
        mut message: Message<'_>,
        tables: &mut AppTables,
        ledger: &mut Ledger,
    ) -> Option<Malformed> {
        let service = match self.ports.udp(message.packet.source_port, message.packet.destination_port) {
            Some(service) => service,
            None if self.prober.is_some() => self.probe(&message, false, ledger)?,
            None => return None,
        };
        message.server_port = service.port;
        self.decoders.message(service.protocol, &message, tables, ledger)
    }

    /// By which ports things are known.
    pub fn ports(&self) -> &PortTable {
        &self.ports
    }

    /// The protocol of a TCP connection by its ports.
    #[inline(always)]
    pub fn stream(&self, source_port: u16, destination_port: u16) -> Option<streams::Protocol> {
        framed(self.ports.tcp(source_port, destination_port)?)
    }

    /// Whether protocols are looked for by content.
    #[inline(always)]
    pub fn is_probing(&self) -> bool {
        self.prober.is_some()
    }

    /// The protocol of a TCP connection by the content of a segment, or of those before it.
    #[inline(never)]
    pub fn probe_stream(
        &mut self,
        segment: &Message<'_>,
        starts: bool,
        ledger: &mut Ledger,
    ) -> Option<streams::Protocol> {
        if starts {
            self.prober.as_mut()?.forget(segment);
            return None;
        }
        self.probe(segment, true, ledger).and_then(framed)
    }

    #[inline(never)]
    fn probe(&mut self, message: &Message<'_>, is_stream: bool, ledger: &mut Ledger) -> Option<Service> {
        self.prober.as_mut()?.find(message, is_stream, ledger)
    }

    /// Decodes a message of a TCP connection, whose protocol has this number.
    pub fn stream_message(
        &mut self,
        protocol: u8,
        message: &Message<'_>,
        tables: &mut AppTables,
        ledger: &mut Ledger,
    ) -> Option<Malformed> {
        let by_port = self.ports.tcp(message.packet.source_port, message.packet.destination_port);
        let service = by_port.or_else(|| self.prober.as_mut()?.known(message));
        let server_port = service.map_or(0, |service| service.port);
        self.decoders.message(protocol, &Message { server_port, ..*message }, tables, ledger)
    }

    pub fn memory_bytes(&self) -> usize {
        self.prober.as_ref().map_or(0, |prober| prober.memory_bytes())
    }
}

fn framed(service: Service) -> Option<streams::Protocol> {
    let framing = PROTOCOLS[usize::from(service.protocol)].framing?;
    Some(streams::Protocol { number: service.protocol, framing })
}
