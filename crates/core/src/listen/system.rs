//! System calls that the standard library does not have, as safe functions.

use std::io;
use std::mem::size_of;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

pub(crate) fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Takes over a descriptor that a system call has just made.
pub(crate) fn owned(result: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: a result that is not negative is a descriptor that nobody else owns.
    check(result).map(|descriptor| unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// A UDP socket that waits for nothing.
pub(crate) fn datagram_socket(address: &SocketAddr) -> io::Result<OwnedFd> {
    socket(family(address), libc::SOCK_DGRAM, 0)
}

/// A TCP socket that waits for nothing.
pub(crate) fn stream_socket(address: &SocketAddr) -> io::Result<OwnedFd> {
    socket(family(address), libc::SOCK_STREAM, 0)
}

fn family(address: &SocketAddr) -> i32 {
    if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 }
}

/// A socket that waits for nothing.
pub(crate) fn socket(family: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
    // SAFETY: socket(2) takes no pointers.
    owned(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, protocol) })
}

pub(crate) fn set_option<T: Copy>(socket: BorrowedFd<'_>, level: i32, name: i32, value: &T) -> io::Result<()> {
    // SAFETY: the pointer and the length are those of `value`, which the kernel only reads.
    check(unsafe {
        let length = size_of::<T>() as libc::socklen_t;
        libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const *value).cast(), length)
    })?;
    Ok(())
}

/// Numbers that the kernel holds at an option; those that it does not know stay 0.
pub(crate) fn option<const N: usize>(socket: BorrowedFd<'_>, name: i32) -> io::Result<[u32; N]> {
    let mut numbers = [0_u32; N];
    let mut length = size_of::<[u32; N]>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, and any bytes are numbers.
    check(unsafe {
        let into = numbers.as_mut_ptr().cast();
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, name, into, &raw mut length)
    })?;
    Ok(numbers)
}

/// Hands each datagram that goes to a port shared by several sockets to the one whose number the program gives.
pub(crate) fn attach_steering(socket: BorrowedFd<'_>, program: &[libc::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_ptr().cast_mut() };
    set_option(socket, libc::SOL_SOCKET, libc::SO_ATTACH_REUSEPORT_CBPF, &program)
}

pub(crate) fn bind(socket: BorrowedFd<'_>, address: &SocketAddr) -> io::Result<()> {
    with_address(socket, address, libc::bind)
}

/// Begins to connect; a socket that waits for nothing answers `EINPROGRESS`.
pub(crate) fn connect(socket: BorrowedFd<'_>, address: &SocketAddr) -> io::Result<()> {
    with_address(socket, address, libc::connect)
}

/// A system call that takes a socket and an address.
type AddressCall = unsafe extern "C" fn(libc::c_int, *const libc::sockaddr, libc::socklen_t) -> libc::c_int;

fn with_address(socket: BorrowedFd<'_>, address: &SocketAddr, call: AddressCall) -> io::Result<()> {
    match address {
        SocketAddr::V4(address) => {
            let address = libc::sockaddr_in {
                sin_family: libc::AF_INET as u16,
                sin_port: address.port().to_be(),
                sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
                sin_zero: [0; 8],
            };
            call_with(socket, &address, call)
        }
        SocketAddr::V6(address) => {
            let address = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as u16,
                sin6_port: address.port().to_be(),
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr { s6_addr: address.ip().octets() },
                sin6_scope_id: address.scope_id(),
            };
            call_with(socket, &address, call)
        }
    }
}

fn call_with<T>(socket: BorrowedFd<'_>, address: &T, call: AddressCall) -> io::Result<()> {
    // SAFETY: the pointer and the length are those of an address that lives across the call.
    check(unsafe { call(socket.as_raw_fd(), (&raw const *address).cast(), size_of::<T>() as libc::socklen_t) })?;
    Ok(())
}

/// What a socket had no room for so far.
pub(crate) fn dropped(socket: BorrowedFd<'_>) -> u32 {
    const COUNTS: usize = libc::SK_MEMINFO_DROPS as usize + 1;
    option::<COUNTS>(socket, libc::SO_MEMINFO).map_or(0, |counts| counts[COUNTS - 1])
}

/// Waits until there is something to read; `false` at the timeout, and when a signal came.
pub(crate) fn wait(socket: BorrowedFd<'_>, timeout_ms: i32) -> io::Result<bool> {
    let mut wanted = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd, as said.
    match check(unsafe { libc::poll(&raw mut wanted, 1, timeout_ms.max(0)) }) {
        Ok(ready) => Ok(ready > 0),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(error) => Err(error),
    }
}
