//! Live capture from network interfaces (Linux): AF_PACKET sockets with TPACKET_V3 receive rings.
//!
//! One [`Ring`] is one socket and one piece of memory shared with the kernel, cut into blocks. The kernel fills a block
//! with packets and hands it over when it is full or has waited long enough; [`Ring::poll_block`] walks it in place and
//! hands it back. Nothing is copied. Several rings may share one interface (fanout), each read by its own thread.
//!
//! Source: Linux `Documentation/networking/packet_mmap.rst`, packet(7).
//!
//! - [`ring`]: the socket's life, from the rights it needs to the blocks it yields
//! - [`block`]: the walk over one block's bytes; safe code, whatever those bytes are
//! - [`admission`]: the filter that the kernel runs before it copies anything
//! - [`link_type`]: which decoder a device's frames need
//! - [`lookback`]: the newest frames, kept for a while
//! - [`recent`]: a pcapng file of them
//! - [`interfaces`]: which interfaces there are, and which one a user means
//! - [`interface_drops`]: what an interface lost before the kernel had it
//! - [`source`] and [`mock`]: what a worker takes frames from, and one that makes them up
//! - [`capabilities`], [`filesystem`] and [`system_calls`]: rights that are given up once they are not needed
//! - [`identity`]: the user that the process becomes
//! - [`netlink`] and [`socket`]: the system calls

mod admission;
mod block;
pub mod capabilities;
pub mod filesystem;
pub mod identity;
mod interface_drops;
pub mod interfaces;
mod link_type;
pub mod lookback;
pub mod mock;
mod netlink;
pub mod recent;
pub mod ring;
mod socket;
pub mod source;
pub mod system_calls;

use interface_drops::InterfaceDrops;
pub use interfaces::{Interface, interfaces, resolve};
pub use link_type::{LIVE as LIVE_LINK_TYPES, UNKNOWN_LINK_TYPE};
pub use mock::{MadeUp, Mock};
pub use ring::{Ring, RingConfig, RingStatistics};
pub use source::FrameSource;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Every interface of the network namespace at once; a packet that crosses several of them is several frames.
    Any,
    /// One interface, by name.
    Interface(String),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Interface(name) => f.write_str(name),
        }
    }
}
