//! A TPACKET_V3 receive ring on a packet socket: from the rights it needs to the blocks it yields.

use super::interfaces::{self, Interface};
use super::socket::{self, SharedMemory};
use super::{InterfaceDrops, Target, admission, block};
use crate::error::{Error, ErrorKind};
use crate::filter::LinkFilter;
use crate::frame::Frame;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The most memory that one ring may ask for: the kernel takes it from everybody, and gives it back only at the end.
const MOST_RING_BYTES: u64 = 64 << 20;
/// The kernel checks this size and then, in version 3, ignores it: packets lie in a block one behind the other.
const FRAME_BYTES: u32 = 2048;
/// The index that binds a socket to all interfaces.
const EVERY_INTERFACE: u32 = 0;
const ON: i32 = 1;
/// How much longer than asked for the kernel may take to hand over a last block.
const RETIRE_SLACK: Duration = Duration::from_millis(20);

/// How to listen.
#[derive(Debug, Clone)]
pub struct RingConfig {
    pub target: Target,
    /// Run by the kernel on each packet: the program of each link type, as packets of the others do not pass. They see
    /// what an interface's frames begin with, without their outer VLAN tag (which a filter compiled for a live interface
    /// looks for beside the packet). Without it every packet passes.
    pub filters: Option<Vec<LinkFilter>>,
    /// Ask the interface for frames addressed to others, too. Has no meaning for [`Target::Any`].
    pub promiscuous: bool,
    /// Rings with the same group share an interface's packets, each flow (both directions) going to one of them. The
    /// kernel puts IPv4 fragments together before it shares them out, so they come as one frame. The number must not be
    /// that of another process's group in the same network namespace.
    pub fanout: Option<u16>,
    /// A whole number of memory pages. A packet that is longer than a block is cut to fit.
    pub block_bytes: u32,
    pub blocks: u32,
    /// After how long the kernel hands over a block that is not full, in milliseconds; 0 leaves it to the kernel.
    pub retire_ms: u32,
}

impl Default for RingConfig {
    /// All interfaces, all packets, and 8 MiB: enough for 180,000 packets of 1,500 bytes a second on a machine whose
    /// processors are all busy (4 MiB dropped some of them), and every byte counts as this process's resident memory.
    fn default() -> Self {
        Self {
            target: Target::Any,
            filters: None,
            promiscuous: false,
            fanout: None,
            block_bytes: 256 << 10,
            blocks: 32,
            retire_ms: 50,
        }
    }
}

/// What became of the packets that passed the filter, since the ring was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RingStatistics {
    /// All of them: delivered, waiting in the ring, and dropped.
    pub received: u64,
    /// Found no room in the ring.
    pub dropped: u64,
    /// How often the ring became full.
    pub freezes: u64,
}

/// An open ring. Dropping it ends the capture, the promiscuous mode that it asked for and its place in the fanout group.
pub struct Ring {
    // Declared before the socket: unmapped first, then closed.
    memory: SharedMemory,
    socket: OwnedFd,
    target: Target,
    link_type: Option<u16>,
    block_bytes: usize,
    blocks: usize,
    next_block: usize,
    retire: Duration,
    totals: RingStatistics,
    interface_drops: InterfaceDrops,
    interface_state: InterfaceState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InterfaceState {
    Up,
    /// Went down. Its packets come again if it comes up, but nobody would say if it was removed meanwhile.
    Down,
    Gone,
}

impl Ring {
    /// Opens a ring and starts to listen. Not a single packet gets in that the filter refuses.
    ///
    /// # Errors
    /// [`ErrorKind::Permission`] without the capability CAP_NET_RAW, [`ErrorKind::Invalid`] for a size that can't be or
    /// an interface that is not there, [`ErrorKind::System`] otherwise. An interface that is down is no error.
    pub fn open(config: &RingConfig) -> Result<Self, Error> {
        let ring_bytes = check_size(config)?;
        let interface = match &config.target {
            Target::Any => None,
            Target::Interface(name) => Some(interfaces::named(name)?),
        };
        let socket = socket::open().map_err(|cause| refused(&config.target, &cause))?;
        let failed = |doing: &'static str| {
            let target = config.target.clone();
            move |cause: io::Error| Error::system(format!("capture on {target}: {doing}"), &cause)
        };
        request_memory(&socket, config).map_err(failed("ask for a receive ring"))?;
        let memory = SharedMemory::map(socket.as_fd(), ring_bytes).map_err(failed("map the receive ring"))?;
        start(&socket, config, interface.as_ref()).map_err(failed("start to listen"))?;
        Ok(Self {
            memory,
            socket,
            target: config.target.clone(),
            interface_drops: InterfaceDrops::since_now(interface.as_ref().map(|one| one.index)),
            link_type: interface.map(|one| one.link_type),
            block_bytes: config.block_bytes as usize,
            blocks: config.blocks as usize,
            next_block: 0,
            retire: Duration::from_millis(config.retire_ms.into()),
            totals: RingStatistics::default(),
            interface_state: InterfaceState::Up,
        })
    }

    /// The link type of every frame, or `None` when the ring listens on all interfaces and each frame has its own.
    pub fn link_type(&self) -> Option<u16> {
        self.link_type
    }

    /// Waits up to `timeout_ms` for a block, hands each of its frames to `each`, gives the block back to the kernel, and
    /// returns how many frames there were. 0 at the timeout; earlier when a signal or a change of the interface came.
    ///
    /// # Errors
    /// The interface was removed, and all that it had received before was delivered. One that only goes down is no
    /// error: frames come again when it is up again.
    pub fn poll_block(&mut self, timeout_ms: i32, each: &mut impl FnMut(Frame<'_>)) -> Result<usize, Error> {
        // A block without packets comes where a long packet did not fit into it: the packet is in the next one.
        let mut delivered = 0;
        while delivered == 0 {
            if !self.block_is_ready() {
                self.wait(timeout_ms)?;
                if !self.block_is_ready() {
                    break;
                }
            }
            delivered = self.walk_ready_block(each);
        }
        Ok(delivered)
    }

    fn walk_ready_block(&mut self, each: &mut impl FnMut(Frame<'_>)) -> usize {
        let start = self.block_start();
        // SAFETY: the block lies within the mapping (`next_block` < `blocks`), the kernel wrote all of it before it
        // handed it over, and leaves it alone until it is handed back below. The slice ends before that.
        let delivered = block::walk(unsafe { std::slice::from_raw_parts_mut(start, self.block_bytes) }, each);
        self.status().store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.next_block = (self.next_block + 1) % self.blocks;
        delivered
    }

    /// Totals since the ring was opened.
    pub fn statistics(&mut self) -> Result<RingStatistics, Error> {
        // The kernel starts again from 0 each time it is asked.
        let new = socket::take_statistics(self.socket.as_fd())
            .map_err(|cause| Error::system(format!("capture on {}: ask for statistics", self.target), &cause))?;
        self.totals.received += u64::from(new.tp_packets);
        self.totals.dropped += u64::from(new.tp_drops);
        self.totals.freezes += u64::from(new.tp_freeze_q_cnt);
        Ok(self.totals)
    }

    /// Packets that the interface (or all of them together) lost since the ring was opened.
    pub fn interface_drops(&mut self) -> Result<u64, Error> {
        let target = &self.target;
        self.interface_drops
            .look()
            .map_err(|cause| Error::system(format!("capture on {target}: ask for the interface's drops"), &cause))
    }

    fn block_start(&self) -> *mut u8 {
        let offset = self.next_block * self.block_bytes;
        debug_assert!(offset + self.block_bytes <= self.memory.bytes());
        // SAFETY: `next_block` < `blocks`, and the mapping has `blocks` blocks.
        unsafe { self.memory.start().add(offset) }
    }

    /// Who owns the next block. The kernel writes it last (and reads it first), hence the orderings where it is used.
    fn status(&self) -> &AtomicU32 {
        // SAFETY: the word lies in the mapping, is aligned (blocks are whole pages), and is only used atomically.
        unsafe { AtomicU32::from_ptr(self.block_start().add(block::STATUS_OFFSET).cast()) }
    }

    fn block_is_ready(&self) -> bool {
        self.status().load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
    }

    fn wait(&mut self, timeout_ms: i32) -> Result<(), Error> {
        if self.interface_state == InterfaceState::Gone {
            return Err(self.interface_gone());
        }
        let failed = |cause: io::Error| Error::system(format!("capture on {}: wait", self.target), &cause);
        let events = socket::wait(self.socket.as_fd(), timeout_ms).map_err(failed)?;
        if events.is_some_and(|events| events & libc::POLLERR != 0) {
            match socket::take_error(self.socket.as_fd()).map_err(failed)? {
                0 => (),
                libc::ENETDOWN | libc::ENXIO | libc::ENODEV => self.interface_state = InterfaceState::Down,
                other => return Err(failed(io::Error::from_raw_os_error(other))),
            }
        }
        if self.interface_state == InterfaceState::Down {
            self.look_after_interface()?;
        }
        Ok(())
    }

    /// Finds out whether an interface that went down was removed. If so, waits for the block that was being filled.
    fn look_after_interface(&mut self) -> Result<(), Error> {
        if socket::bound_index(self.socket.as_fd()).is_ok_and(|index| index >= 0) {
            return Ok(());
        }
        self.interface_state = InterfaceState::Gone;
        std::thread::sleep(self.retire * 2 + RETIRE_SLACK);
        if self.block_is_ready() { Ok(()) } else { Err(self.interface_gone()) }
    }

    fn interface_gone(&self) -> Error {
        Error::new(ErrorKind::System, format!("capture on {0}: the interface {0} was removed", self.target))
    }
}

/// The size of the whole ring in bytes, if it makes sense.
fn check_size(config: &RingConfig) -> Result<usize, Error> {
    let page_bytes = socket::page_bytes();
    let bytes = u64::from(config.block_bytes) * u64::from(config.blocks);
    if bytes == 0 || bytes > MOST_RING_BYTES || !u64::from(config.block_bytes).is_multiple_of(page_bytes) {
        return Err(Error::invalid(format!(
            "a receive ring of {} blocks of {} bytes can't be: blocks are whole pages of {page_bytes} bytes, and all \
             together at most {MOST_RING_BYTES} bytes",
            config.blocks, config.block_bytes
        )));
    }
    Ok(bytes as usize)
}

fn request_memory(socket: &OwnedFd, config: &RingConfig) -> io::Result<()> {
    let set = |name, value: i32| socket::set_option(socket.as_fd(), libc::SOL_PACKET, name, &value);
    set(libc::PACKET_VERSION, libc::tpacket_versions::TPACKET_V3 as i32)?;
    set(libc::PACKET_RESERVE, block::VLAN_TAG_BYTES as i32)?;
    let request = libc::tpacket_req3 {
        tp_block_size: config.block_bytes,
        tp_block_nr: config.blocks,
        tp_frame_size: FRAME_BYTES,
        tp_frame_nr: config.block_bytes / FRAME_BYTES * config.blocks,
        tp_retire_blk_tov: config.retire_ms,
        tp_sizeof_priv: 0,
        tp_feature_req_word: 0,
    };
    socket::set_option(socket.as_fd(), libc::SOL_PACKET, libc::PACKET_RX_RING, &request)
}

/// Filter first, then listen: the socket has received nothing so far, as it was opened for no protocol.
fn start(socket: &OwnedFd, config: &RingConfig, interface: Option<&Interface>) -> io::Result<()> {
    let socket = socket.as_fd();
    let index = interface.map_or(EVERY_INTERFACE, |one| one.index);
    let sees_loopback = interface.is_none_or(|one| one.loopback);
    let only = interface.map(|one| one.link_type);
    let program = admission::program(config.filters.as_deref(), only, sees_loopback);
    if let Some(group) = config.fanout {
        socket::attach_filter(socket, &admission::NOTHING)?;
        socket::bind(socket, index)?;
        let how = libc::PACKET_FANOUT_HASH | libc::PACKET_FANOUT_FLAG_DEFRAG;
        socket::set_option(socket, libc::SOL_PACKET, libc::PACKET_FANOUT, &(u32::from(group) | how << 16))?;
        match &program {
            Some(program) => socket::attach_filter(socket, program)?,
            None => socket::detach_filter(socket)?,
        }
    } else {
        if let Some(program) = &program {
            socket::attach_filter(socket, program)?;
        }
        socket::bind(socket, index)?;
    }
    // Nobody may widen the filter later, not even this process after it gave up its rights.
    socket::set_option(socket, libc::SOL_SOCKET, libc::SO_LOCK_FILTER, &ON)?;
    if config.promiscuous && index != EVERY_INTERFACE {
        let membership = libc::packet_mreq {
            mr_ifindex: index.cast_signed(),
            mr_type: libc::PACKET_MR_PROMISC as u16,
            mr_alen: 0,
            mr_address: [0; 8],
        };
        socket::set_option(socket, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &membership)?;
    }
    Ok(())
}

/// The sentence for a packet socket that could not be opened.
fn refused(target: &Target, cause: &io::Error) -> Error {
    if cause.kind() != io::ErrorKind::PermissionDenied {
        return Error::system(format!("capture on {target}: open a packet socket"), cause);
    }
    Error::new(
        ErrorKind::Permission,
        format!(
            "capture on {target} needs the right to see packets (CAP_NET_RAW): run it as root, or as a user that is \
             given the right alone: setpriv --reuid USER --regid GROUP --init-groups --inh-caps=+net_raw \
             --ambient-caps=+net_raw COMMAND, or AmbientCapabilities=CAP_NET_RAW in a unit of systemd"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_right_is_told_with_the_ways_out() {
        let error = refused(&Target::Interface("eth0".into()), &io::Error::from_raw_os_error(libc::EPERM));
        assert_eq!(error.kind, ErrorKind::Permission);
        assert!(error.message.contains("root") && error.message.contains("--ambient-caps=+net_raw"), "{error}");
    }

    #[test]
    fn rings_of_half_pages_or_of_too_much_memory_are_refused() {
        for (block_bytes, blocks) in [(6000, 4), (0, 4), (4096, 0), (1 << 20, 65), (u32::MAX, u32::MAX)] {
            let config = RingConfig { block_bytes, blocks, ..RingConfig::default() };
            assert_eq!(check_size(&config).unwrap_err().kind, ErrorKind::Invalid, "{block_bytes} x {blocks}");
        }
        assert!(check_size(&RingConfig::default()).is_ok());
    }
}
