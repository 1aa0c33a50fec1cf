//! What the reading of capture files is told, by whoever starts it.

use std::path::PathBuf;
use std::sync::Arc;

use super::follow::Following;
use super::{FilterMaker, Policy};
use crate::decode::DecodeConfig;
use crate::read::Patience;

/// What is read, and what is made of it.
#[derive(Clone)]
pub struct FileConfig {
    /// Files and directories that are read as one capture; with patience FIFOs, too, and standard input where it is `-`.
    pub paths: Vec<PathBuf>,
    /// Says whether to go on waiting for what is no file. Without it only files are read.
    pub patience: Option<Patience>,
    /// The one path is read as it grows, by one worker.
    pub following: Option<Following>,
    pub decode: DecodeConfig,
    pub filter: Option<FilterMaker>,
    pub policies: Vec<Arc<Policy>>,
    /// Threads that share the packets out by flow; at least one.
    pub workers: usize,
}
