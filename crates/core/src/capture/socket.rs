//! The system calls of a packet socket, as safe functions.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Every protocol; in network byte order, as bind(2) wants it.
const EVERY_PROTOCOL: u16 = (libc::ETH_P_ALL as u16).to_be();

/// A raw packet socket that is not yet told what to listen for, and so receives nothing.
pub(super) fn open() -> io::Result<OwnedFd> {
    // SAFETY: socket(2) takes no pointers; a result that is not negative is a descriptor that nobody else owns.
    unsafe {
        let descriptor = libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0);
        if descriptor < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(descriptor)) }
    }
}

/// Starts to receive, on one interface or (index 0) on all.
pub(super) fn bind(socket: BorrowedFd<'_>, interface: u32) -> io::Result<()> {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: EVERY_PROTOCOL,
        sll_ifindex: interface.cast_signed(),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    // SAFETY: the pointer and the length are those of a sockaddr_ll that lives across the call.
    let result = unsafe {
        libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size_of::<libc::sockaddr_ll>() as libc::socklen_t)
    };
    check(result)
}

/// The index of the interface that a bound socket listens on; -1 once that is gone.
pub(super) fn bound_index(socket: BorrowedFd<'_>) -> io::Result<i32> {
    // SAFETY: all zeros are a valid sockaddr_ll, and the kernel writes at most `length` bytes into it.
    unsafe {
        let mut address: libc::sockaddr_ll = std::mem::zeroed();
        let mut length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        check(libc::getsockname(socket.as_raw_fd(), (&raw mut address).cast(), &raw mut length))?;
        Ok(address.sll_ifindex)
    }
}

pub(super) fn set_option<T: Copy>(socket: BorrowedFd<'_>, level: i32, name: i32, value: &T) -> io::Result<()> {
    // SAFETY: the pointer and the length are those of `value`, which the kernel only reads.
    let result = unsafe {
        let length = size_of::<T>() as libc::socklen_t;
        libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const *value).cast(), length)
    };
    check(result)
}

/// Replaces the socket's filter in one step.
pub(super) fn attach_filter(socket: BorrowedFd<'_>, program: &[libc::sock_filter]) -> io::Result<()> {
    let length = program.len().try_into().map_err(|_| io::Error::from_raw_os_error(libc::E2BIG))?;
    let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    set_option(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}

pub(super) fn detach_filter(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_option(socket, libc::SOL_SOCKET, libc::SO_DETACH_FILTER, &0i32)
}

/// Takes the error that the socket holds since it was last asked (`SO_ERROR`); 0 for none.
pub(super) fn take_error(socket: BorrowedFd<'_>) -> io::Result<i32> {
    let mut error = 0i32;
    // SAFETY: the kernel writes one int.
    unsafe { get_option(socket, libc::SOL_SOCKET, libc::SO_ERROR, &raw mut error)? };
    Ok(error)
}

/// What the kernel counted since it was last asked: packets (with those dropped), drops, times that the ring was full.
pub(super) fn take_statistics(socket: BorrowedFd<'_>) -> io::Result<libc::tpacket_stats_v3> {
    let mut counted = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
    // SAFETY: the kernel writes this structure for a socket of version TPACKET_V3.
    unsafe { get_option(socket, libc::SOL_PACKET, libc::PACKET_STATISTICS, &raw mut counted)? };
    Ok(counted)
}

/// # Safety
/// Any bytes that the kernel writes for this option are a valid `T`.
unsafe fn get_option<T>(socket: BorrowedFd<'_>, level: i32, name: i32, value: *mut T) -> io::Result<()> {
    let mut length = size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, and the caller vouches for the rest.
    check(unsafe { libc::getsockopt(socket.as_raw_fd(), level, name, value.cast(), &raw mut length) })
}

/// Waits until a block is ready or something went wrong; `None` at the timeout, and when a signal came.
pub(super) fn wait(socket: BorrowedFd<'_>, timeout_ms: i32) -> io::Result<Option<i16>> {
    let mut wanted = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN | libc::POLLERR, revents: 0 };
    // SAFETY: one pollfd, as said.
    match unsafe { libc::poll(&raw mut wanted, 1, timeout_ms.max(0)) } {
        0 => Ok(None),
        1 => Ok(Some(wanted.revents)),
        _ => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            error => Err(error),
        },
    }
}

/// The size of a memory page.
pub(super) fn page_bytes() -> u64 {
    // SAFETY: sysconf(3) takes no pointers.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.max(4096).cast_unsigned()
}

/// The memory that a socket's ring shares with the kernel. It stays the kernel's until this is dropped.
pub(super) struct SharedMemory {
    start: std::ptr::NonNull<u8>,
    bytes: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread, and this value is its only owner.
unsafe impl Send for SharedMemory {}

impl SharedMemory {
    /// Maps a ring of this size, which the socket must have been given before. Pages are not touched and not locked.
    pub(super) fn map(socket: BorrowedFd<'_>, bytes: usize) -> io::Result<Self> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice; nothing else refers to it.
        let start =
            unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, libc::MAP_SHARED, socket.as_raw_fd(), 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        std::ptr::NonNull::new(start.cast()).map(|start| Self { start, bytes }).ok_or(io::ErrorKind::OutOfMemory.into())
    }

    pub(super) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `map`, and no slice of it outlives its owner.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
