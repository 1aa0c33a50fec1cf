//! dnstap as a source: frame streams of messages, from files and from servers that connect.

mod client;
mod files;
mod server;

pub(super) use files::DnstapFiles;
pub use files::{DnstapConfig, check_dnstap, run_dnstap};
pub use server::{DnstapServer, DnstapServerConfig};

use super::intake::{Decode, Intake};
use crate::decode::Batch;
use crate::decode::app::Needs;
use crate::decode::dnstap::{Decoder, Tap};
use crate::hosts::Hosts;
use crate::window::NANOSECONDS as SECOND_NS;

/// How messages are taken, wherever they come from.
#[derive(Debug, Clone, Default)]
pub struct Taking {
    /// Only messages with an end in these networks count; all where there is nothing.
    pub only_hosts: Option<Hosts>,
    /// Random per process.
    pub seed: u64,
}

/// Takes messages in, whatever they come from.
pub struct Messages {
    decoder: Decoder,
    only_hosts: Option<Hosts>,
}

impl Messages {
    fn new(taking: &Taking) -> Self {
        Self { decoder: Decoder::new(taking.seed), only_hosts: taking.only_hosts.clone() }
    }

    /// Takes in the content of one data frame. `stamp` gives its time, by what the message itself tells.
    fn take(&mut self, content: &[u8], intake: &mut Intake, stamp: impl FnOnce(Option<i64>) -> i64) {
        let tap = match Tap::read(content) {
            Ok(tap) => tap,
            Err(reason) => return intake.count_malformed(reason),
        };
        let time_ns = stamp(tap.time_ns());
        match &self.only_hosts {
            Some(networks) if !tap.is_of(networks) => intake.leave_out(time_ns),
            _ => intake.take(&mut self.decoder, time_ns, &tap),
        }
    }

    fn set_needs(&mut self, needs: &Needs) {
        self.decoder.set_needs(needs);
    }
}

impl Decode<Tap<'_>> for Decoder {
    fn decode(&mut self, tap: &Tap<'_>, time_ns: i64, batch: &mut Batch) {
        Decoder::decode(self, tap, time_ns, batch);
    }
}
