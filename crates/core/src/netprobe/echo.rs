//! Sockets for echo requests of ICMP: datagram sockets where the system lets everybody have them, raw sockets elsewhere.
//!
//! The kernel gives a datagram socket replies to what it has sent, and nothing else; a raw socket gets those of all processes.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::Family;
use crate::Error;
use crate::error::ErrorKind as Kind;
use crate::listen::system;
use crate::wire::icmp_echo::{self, Echo, Received, Version};

/// What is read of a reply: the largest IP header and what requests begin with.
const MOST_READ_BYTES: usize = 128;

/// Only replies pass to a raw socket: `ICMP_FILTER` of raw(7), `ICMPV6_FILTER` of RFC 3542, section 3.2.
const ICMP_FILTER: i32 = 1;
const SOL_RAW: i32 = 255;

/// A socket for the requests of one family.
#[derive(Debug)]
pub struct EchoSocket {
    /// The standard library's type for any socket that sends to addresses.
    socket: UdpSocket,
    version: Version,
    is_raw: bool,
    /// Of raw sockets; that of datagram sockets is the kernel's.
    identifier: u16,
    request: Vec<u8>,
    dropped: u32,
}

impl EchoSocket {
    /// # Errors
    /// When the system gives no such socket; the sentence says what to do about missing rights.
    pub fn open(family: Family, identifier: u16) -> Result<Self, Error> {
        let (domain, protocol, version) = match family {
            Family::V4 => (libc::AF_INET, libc::IPPROTO_ICMP, Version::V4),
            Family::V6 => (libc::AF_INET6, libc::IPPROTO_ICMPV6, Version::V6),
        };
        let (socket, is_raw) = match system::socket(domain, libc::SOCK_DGRAM, protocol) {
            Ok(socket) => (socket, false),
            Err(_) => (raw(domain, protocol, version).map_err(|cause| refusal(&cause))?, true),
        };
        let socket = UdpSocket::from(socket);
        Ok(Self { socket, version, is_raw, identifier, request: Vec::new(), dropped: 0 })
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When the system does not, as where there is no route.
    pub fn send(&mut self, address: &SocketAddr, sequence: u16, token: u64, payload_bytes: usize) -> io::Result<()> {
        let echo = Echo { identifier: self.identifier, sequence, token };
        icmp_echo::write_request(self.version, &echo, payload_bytes, &mut self.request);
        self.socket.send_to(&self.request, address)?;
        Ok(())
    }

    /// What has come; none where nothing more has.
    ///
    /// # Errors
    /// When the socket can't be read any more.
    pub fn receive(&mut self) -> io::Result<Option<Received>> {
        let mut buffer = [0; MOST_READ_BYTES];
        match self.socket.recv_from(&mut buffer) {
            Ok((length, _)) => {
                Ok(Some(icmp_echo::read(self.version, self.is_raw && self.version == Version::V4, &buffer[..length])))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            // What a host says of an earlier request.
            Err(error) if is_about_a_request(&error) => Ok(Some(Received::Other)),
            Err(error) => Err(error),
        }
    }

    /// Whether a reply has the identifier of this socket's requests; the kernel sees to that of datagram sockets.
    pub fn is_own(&self, echo: &Echo) -> bool {
        !self.is_raw || echo.identifier == self.identifier
    }

    /// Replies that there was no room for, since this was asked last.
    pub fn take_dropped(&mut self) -> u64 {
        let dropped = system::dropped(self.socket.as_fd());
        u64::from(dropped.wrapping_sub(std::mem::replace(&mut self.dropped, dropped)))
    }
}

impl AsFd for EchoSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn raw(domain: i32, protocol: i32, version: Version) -> io::Result<OwnedFd> {
    let socket = system::socket(domain, libc::SOCK_RAW, protocol)?;
    let mut blocked = [u32::MAX; 8]; // a bit for each type
    blocked[usize::from(version.reply_type() / 32)] &= !(1 << (version.reply_type() % 32));
    match version {
        Version::V4 => system::set_option(socket.as_fd(), SOL_RAW, ICMP_FILTER, &blocked[0])?,
        Version::V6 => system::set_option(socket.as_fd(), libc::IPPROTO_ICMPV6, ICMP_FILTER, &blocked)?,
    }
    Ok(socket)
}

fn is_about_a_request(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionRefused, HostUnreachable, Interrupted, NetworkUnreachable};
    matches!(error.kind(), ConnectionRefused | HostUnreachable | Interrupted | NetworkUnreachable)
}

fn refusal(cause: &io::Error) -> Error {
    let fault = Error::system("open a socket for pings", cause);
    match fault.kind {
        Kind::Permission => Error::new(
            fault.kind,
            format!(
                "{}; let its group have such sockets (sysctl -w net.ipv4.ping_group_range='0 2147483647'), \
                 or give it CAP_NET_RAW",
                fault.message
            ),
        ),
        _ => fault,
    }
}
