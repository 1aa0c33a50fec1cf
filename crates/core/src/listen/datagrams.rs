//! Datagrams by UDP, read many at a time (recvmmsg(2)), by one socket or by several that share a port.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use super::{refusals, system};
use crate::Error;
use crate::table::Address;

/// Datagrams of one system call.
const MOST_AT_ONCE: usize = 64;
/// A datagram is no longer.
const MOST_BYTES: usize = 1 << 16;

/// What is listened on, and how.
#[derive(Debug, Clone)]
pub struct DatagramConfig {
    pub address: SocketAddr,
    /// Sockets that share the port. What one host sends goes to one of them, whatever its ports.
    pub sockets: usize,
    /// Room in the kernel, of each socket, for what waits to be read; 0 for what the system gives.
    pub receive_buffer_bytes: u32,
}

/// A socket that is read by one thread.
pub struct DatagramSocket {
    socket: OwnedFd,
    buffer: Vec<u8>,
    senders: Vec<libc::sockaddr_in6>,
    dropped: u32,
}

/// Opens the sockets.
///
/// # Errors
/// When the address can't be had, be it that another has it.
pub fn open(config: &DatagramConfig) -> Result<Vec<DatagramSocket>, Error> {
    let open = || -> io::Result<Vec<DatagramSocket>> {
        let mut address = config.address;
        if config.sockets > 1 {
            // Sockets that share a port would share another's, too: whether there is one shows by this.
            let alone = bound(&address, config, false)?;
            address.set_port(port_of(&alone)?);
        }
        let sockets = (0..config.sockets.max(1)).map(|_| bound(&address, config, config.sockets > 1));
        let sockets = sockets.collect::<io::Result<Vec<_>>>()?;
        if config.sockets > 1 {
            system::attach_steering(sockets[0].as_fd(), &steering(config.sockets as u32))?;
        }
        Ok(sockets.into_iter().map(DatagramSocket::new).collect())
    };
    let said = || format!("{}, UDP port {}", config.address.ip(), config.address.port());
    open().map_err(|cause| refusals::of_port(said(), &cause))
}

fn bound(address: &SocketAddr, config: &DatagramConfig, is_shared: bool) -> io::Result<OwnedFd> {
    let socket = system::datagram_socket(address)?;
    if is_shared {
        system::set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_REUSEPORT, &1_i32)?;
    }
    if matches!(address, SocketAddr::V6(address) if address.ip().is_unspecified()) {
        system::set_option(socket.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, &0_i32)?;
    }
    if config.receive_buffer_bytes > 0 {
        make_room(&socket, config.receive_buffer_bytes)?;
    }
    system::bind(socket.as_fd(), address)?;
    Ok(socket)
}

/// More than the system's limit (net.core.rmem_max) is for those with CAP_NET_ADMIN; others get as much as it allows.
fn make_room(socket: &OwnedFd, bytes: u32) -> io::Result<()> {
    let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
    let set = |name| system::set_option(socket.as_fd(), libc::SOL_SOCKET, name, &bytes);
    set(libc::SO_RCVBUFFORCE).or_else(|_| set(libc::SO_RCVBUF))
}

fn port_of(socket: &OwnedFd) -> io::Result<u16> {
    let socket = std::net::UdpSocket::from(socket.try_clone()?);
    Ok(socket.local_addr()?.port())
}

/// Gives the number of the socket for a datagram, by the address that it comes from. It may begin with an IPv4 or an IPv6
/// header, which lies at a place of its own in such programs (Linux `Documentation/networking/filter.rst`).
fn steering(sockets: u32) -> Vec<libc::sock_filter> {
    const NETWORK: u32 = libc::SKF_NET_OFF as u32;
    const MIX: u32 = 0x9e37_79b1; // a prime near the golden section: neighbours part
    let statement = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let word = |at: u32| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, NETWORK.wrapping_add(at));
    let keep = statement(libc::BPF_MISC | libc::BPF_TAX, 0);
    let join = statement(libc::BPF_ALU | libc::BPF_XOR | libc::BPF_X, 0);
    let is_ipv4 = libc::sock_filter { jf: 2, ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 4) };
    vec![
        statement(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, NETWORK),
        statement(libc::BPF_ALU | libc::BPF_RSH | libc::BPF_K, 4),
        is_ipv4,
        word(12),
        statement(libc::BPF_JMP | libc::BPF_JA, 10),
        word(8),
        keep,
        word(12),
        join,
        keep,
        word(16),
        join,
        keep,
        word(20),
        join,
        statement(libc::BPF_ALU | libc::BPF_MUL | libc::BPF_K, MIX),
        statement(libc::BPF_ALU | libc::BPF_RSH | libc::BPF_K, 16),
        statement(libc::BPF_ALU | libc::BPF_MOD | libc::BPF_K, sockets),
        statement(libc::BPF_RET | libc::BPF_A, 0),
    ]
}

impl DatagramSocket {
    fn new(socket: OwnedFd) -> Self {
        // SAFETY: all zeros are a valid address.
        let nobody: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
        Self { socket, buffer: vec![0; MOST_AT_ONCE * MOST_BYTES], senders: vec![nobody; MOST_AT_ONCE], dropped: 0 }
    }

    /// Waits up to so many milliseconds for datagrams, and hands each to `each` with its sender, as many as one system call
    /// gives. Tells how many.
    ///
    /// # Errors
    /// When the socket can't be read any more.
    pub fn receive(&mut self, timeout_ms: i32, mut each: impl FnMut(&Address, &[u8])) -> io::Result<usize> {
        if timeout_ms > 0 && !system::wait(self.socket.as_fd(), timeout_ms)? {
            return Ok(0);
        }
        let lengths = self.fill()?;
        for ((length, payload), sender) in lengths.iter().zip(self.buffer.chunks(MOST_BYTES)).zip(&self.senders) {
            each(&address_of(sender), &payload[..*length]);
        }
        Ok(lengths.len())
    }

    /// Reads what waits into the buffer; gives the lengths.
    fn fill(&mut self) -> io::Result<Vec<usize>> {
        let mut parts: Vec<libc::iovec> = self
            .buffer
            .chunks_mut(MOST_BYTES)
            .map(|part| libc::iovec { iov_base: part.as_mut_ptr().cast(), iov_len: part.len() })
            .collect();
        // SAFETY: all zeros are a valid header.
        let empty: libc::mmsghdr = unsafe { std::mem::zeroed() };
        let mut headers = vec![empty; MOST_AT_ONCE];
        for ((header, part), sender) in headers.iter_mut().zip(&mut parts).zip(&mut self.senders) {
            header.msg_hdr.msg_name = (&raw mut *sender).cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
            header.msg_hdr.msg_iov = &raw mut *part;
            header.msg_hdr.msg_iovlen = 1;
        }
        // SAFETY: every header points to a part of the buffer and an address, which live across the call.
        let received = system::check(unsafe {
            let (descriptor, most) = (self.socket.as_raw_fd(), MOST_AT_ONCE as u32);
            // The type of the flags is another with musl.
            libc::recvmmsg(descriptor, headers.as_mut_ptr(), most, libc::MSG_DONTWAIT as _, std::ptr::null_mut())
        });
        match received {
            Ok(received) => Ok(headers[..received as usize].iter().map(|header| header.msg_len as usize).collect()),
            Err(error) if is_transient(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Datagrams that there was no room for, since this was asked last.
    pub fn take_dropped(&mut self) -> u64 {
        let dropped = system::dropped(self.socket.as_fd());
        u64::from(dropped.wrapping_sub(std::mem::replace(&mut self.dropped, dropped)))
    }

    /// Room in the kernel that it was given.
    pub fn receive_buffer_bytes(&self) -> u32 {
        let doubled = system::option::<1>(self.socket.as_fd(), libc::SO_RCVBUF).map_or(0, |[bytes]| bytes);
        doubled / 2 // the kernel counts what it needs itself, and says so
    }

    pub fn port(&self) -> u16 {
        port_of(&self.socket).unwrap_or(0)
    }
}

/// An answer of a host that nobody listens there (to what another program sent by this port) is no fault.
fn is_transient(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, Interrupted, WouldBlock};
    matches!(error.kind(), WouldBlock | Interrupted | ConnectionRefused)
}

/// The sender's address; IPv4 mapped.
fn address_of(sender: &libc::sockaddr_in6) -> Address {
    if i32::from(sender.sin6_family) == libc::AF_INET6 {
        return sender.sin6_addr.s6_addr;
    }
    // The address of a sockaddr_in lies where sockaddr_in6 has its flow information.
    let [a, b, c, d] = sender.sin6_flowinfo.to_ne_bytes();
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ipv4::mapped;
    use std::net::UdpSocket;

    fn config(host: &str, sockets: usize) -> DatagramConfig {
        DatagramConfig { address: SocketAddr::new(host.parse().unwrap(), 0), sockets, receive_buffer_bytes: 0 }
    }

    fn received(socket: &mut DatagramSocket, wait_ms: i32) -> Vec<(Address, Vec<u8>)> {
        let mut all = Vec::new();
        socket.receive(wait_ms, |from, payload| all.push((*from, payload.to_vec()))).unwrap();
        all
    }

    #[test]
    fn datagrams_come_with_their_senders_also_where_both_families_share_a_socket() {
        for host in ["127.0.0.1", "::"] {
            let Ok(mut sockets) = open(&config(host, 1)) else {
                assert_eq!(host, "::", "there may be no IPv6");
                continue;
            };
            let sender = UdpSocket::bind("127.0.0.2:0").unwrap();
            sender.send_to(b"one", ("127.0.0.1", sockets[0].port())).unwrap();
            sender.send_to(b"", ("127.0.0.1", sockets[0].port())).unwrap();
            let expected = vec![(mapped([127, 0, 0, 2]), b"one".to_vec()), (mapped([127, 0, 0, 2]), Vec::new())];
            assert_eq!(received(&mut sockets[0], 10_000), expected);
            assert_eq!(received(&mut sockets[0], 0), []);
        }
    }

    #[test]
    fn what_one_host_sends_goes_to_one_socket_and_hosts_are_shared_out() {
        let mut sockets = open(&config("127.0.0.1", 3)).unwrap();
        let port = sockets[0].port();
        for host in 1..=40 {
            for _ in 0..5 {
                let sender = UdpSocket::bind((format!("127.0.0.{host}"), 0)).unwrap();
                sender.send_to(b"x", ("127.0.0.1", port)).unwrap();
            }
        }
        let mut seen = std::collections::BTreeMap::new();
        for (number, socket) in sockets.iter_mut().enumerate() {
            loop {
                let some = received(socket, 0);
                some.iter().for_each(|(from, _)| seen.entry(*from).or_insert_with(Vec::new).push(number));
                if some.is_empty() {
                    break;
                }
            }
        }
        assert_eq!(seen.len(), 40);
        assert!(seen.values().all(|at| at.len() == 5 && at.iter().all(|socket| *socket == at[0])), "{seen:?}");
        let used: std::collections::BTreeSet<_> = seen.values().map(|at| at[0]).collect();
        assert_eq!(used.len(), 3, "{seen:?}");
    }

    #[test]
    fn what_there_is_no_room_for_is_counted() {
        let mut sockets = open(&DatagramConfig { receive_buffer_bytes: 4096, ..config("127.0.0.1", 1) }).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..200 {
            sender.send_to(&[0; 1000], ("127.0.0.1", sockets[0].port())).unwrap();
        }
        let mut kept = 0;
        while let some @ 1.. = received(&mut sockets[0], 0).len() {
            kept += some as u64;
        }
        assert_eq!(kept + sockets[0].take_dropped(), 200);
        assert_eq!(sockets[0].take_dropped(), 0, "told once");
    }

    #[test]
    fn a_port_that_another_has_is_refused_also_to_several_sockets() {
        let taken = open(&config("127.0.0.1", 2)).unwrap();
        let address = SocketAddr::new("127.0.0.1".parse().unwrap(), taken[0].port());
        for sockets in [1, 2] {
            let Err(fault) = open(&DatagramConfig { address, ..config("127.0.0.1", sockets) }) else {
                panic!("it was shared")
            };
            assert!(fault.message.contains("UDP port"), "{}", fault.message);
        }
    }
}
