//! Inputs at work: read or capture, decode, run the plans, keep the ledger.

mod batches;
mod budget;
mod cut;
mod dnstap;
mod file;
mod file_config;
mod filling;
mod flow;
mod flow_streams;
mod follow;
mod intake;
mod live;
mod lookups;
mod netprobe;
mod packets;
mod policy;
mod recorded;
mod shares;
mod sharing;
mod stream_server;
mod timeline;

use std::sync::Arc;

pub use batches::BatchReader;
pub use budget::Budget;
pub use dnstap::{DnstapConfig, DnstapServer, DnstapServerConfig, Taking, check_dnstap, run_dnstap};
pub use file::run_file;
pub use file_config::FileConfig;
pub use flow::{FlowListening, FlowServer, FlowServerConfig};
pub use flow_streams::{FlowStreamServer, FlowStreamServerConfig};
pub use follow::Following;
pub use intake::{Decode, Fed, Intake, Polled, Source};
pub use live::{Capture, CaptureConfig, CaptureOrigin, Live, LiveInput, LiveStatus, Machine, Recent, Usage};
pub use lookups::Databases;
pub use netprobe::{Netprobe, NetprobeConfig};
pub use policy::{Policy, PolicyConfig, PolicyWorker, Taker};
pub use recorded::{FileReport, Progress, Recorded, run_recorded};
pub use stream_server::StreamServer;

use filling::Filling;

use crate::Error;
use crate::decode::Batch;
use crate::filter::FilterProgram;

/// Takes batches as they are made, beside the plans: a handler written in Python, a data frame.
pub trait BatchSink: Send {
    fn take(&mut self, batch: &Arc<Batch>);
}

/// Compiles the input's capture filter for a link type when its first frame is met; `None` lets everything pass.
pub type FilterMaker = Arc<dyn Fn(u16) -> Result<Option<FilterProgram>, Error> + Send + Sync>;
