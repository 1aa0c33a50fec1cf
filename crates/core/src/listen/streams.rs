//! Listening for streams, on a Unix socket or a TCP port. Nothing here waits.

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::refusals;
use crate::Error;
use crate::table::Address;
use crate::wire::ipv4::mapped;

/// Where clients find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamAddress {
    /// A path; a socket that lies there already is replaced, any other file is not.
    Unix(PathBuf),
    /// A host (a name or an address) and a port.
    Tcp(String, u16),
}

/// A socket that clients connect to.
#[derive(Debug)]
pub enum StreamListener {
    Unix(UnixListener, SocketFile),
    Tcp(TcpListener),
}

/// The file of a Unix socket; removed with its listener, unless it is another's by then.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl StreamListener {
    /// # Errors
    /// When the address can't be had.
    pub fn open(address: &StreamAddress) -> Result<Self, Error> {
        match address {
            StreamAddress::Unix(path) => Self::open_unix(path).map_err(|cause| refusals::of_path(path, &cause)),
            StreamAddress::Tcp(host, port) => Self::open_tcp(host, *port)
                .map_err(|cause| refusals::of_port(format_args!("{host}, TCP port {port}"), &cause)),
        }
    }

    fn open_unix(path: &Path) -> io::Result<Self> {
        match std::fs::symlink_metadata(path) {
            Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path)?,
            Ok(_) => return Err(io::Error::other("a file that is no socket is there; name another path")),
            Err(_) => {}
        }
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        Ok(Self::Unix(listener, SocketFile { path: path.to_owned(), identity: identity(path) }))
    }

    fn open_tcp(host: &str, port: u16) -> io::Result<Self> {
        let addresses: Vec<_> = (host, port).to_socket_addrs()?.collect();
        let listener = TcpListener::bind(addresses.as_slice())?;
        listener.set_nonblocking(true)?;
        Ok(Self::Tcp(listener))
    }

    /// The TCP port that it has; where 0 was asked for, the one that the system chose.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Unix(..) => None,
            Self::Tcp(listener) => listener.local_addr().ok().map(|address| address.port()),
        }
    }

    /// The next client that waits.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] where none does; others where it could not be had.
    pub fn accept(&self) -> io::Result<Stream> {
        let stream = match self {
            Self::Unix(listener, _) => Stream::Unix(listener.accept()?.0),
            Self::Tcp(listener) => Stream::Tcp(listener.accept()?.0),
        };
        match &stream {
            Stream::Unix(stream) => stream.set_nonblocking(true)?,
            Stream::Tcp(stream) => stream.set_nonblocking(true)?,
        }
        Ok(stream)
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && self.identity == identity(&self.path) {
            let _ = std::fs::remove_file(&self.path); // who may not any more leaves it to be replaced
        }
    }
}

impl AsFd for StreamListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unix(listener, _) => listener.as_fd(),
            Self::Tcp(listener) => listener.as_fd(),
        }
    }
}

/// A client's connection.
#[derive(Debug)]
pub enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    /// The address that it comes from, IPv4 mapped; all zeros where it has none.
    pub fn peer(&self) -> Address {
        let Self::Tcp(stream) = self else { return [0; 16] };
        stream.peer_addr().map_or([0; 16], |peer| match peer.ip() {
            IpAddr::V4(address) => mapped(address.octets()),
            IpAddr::V6(address) => address.octets(),
        })
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(buffer),
            Self::Tcp(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.write(bytes),
            Self::Tcp(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unix(stream) => stream.as_fd(),
            Self::Tcp(stream) => stream.as_fd(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("pktvisor-{name}-{}", std::process::id()))
    }

    #[test]
    fn a_socket_that_was_left_behind_is_replaced_and_another_file_is_not() {
        let path = path("streams");
        drop(UnixListener::bind(&path).unwrap()); // the standard library leaves the file
        let listener = StreamListener::open(&StreamAddress::Unix(path.clone())).unwrap();
        UnixStream::connect(&path).unwrap();
        assert!(listener.accept().is_ok());
        assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(listener);
        assert!(!path.exists(), "it goes with its listener");
        std::fs::write(&path, "kept").unwrap();
        let fault = StreamListener::open(&StreamAddress::Unix(path.clone())).unwrap_err();
        assert!(fault.message.contains("no socket"), "{}", fault.message);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "kept");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_socket_that_another_has_put_in_its_place_stays() {
        let path = path("replaced");
        let first = StreamListener::open(&StreamAddress::Unix(path.clone())).unwrap();
        let second = StreamListener::open(&StreamAddress::Unix(path.clone())).unwrap();
        drop(first);
        assert!(path.exists());
        drop(second);
        assert!(!path.exists());
    }

    #[test]
    fn both_families_can_be_listened_on_by_tcp() {
        for host in ["127.0.0.1", "::1"] {
            let Ok(listener) = StreamListener::open(&StreamAddress::Tcp(host.into(), 0)) else {
                assert_eq!(host, "::1", "there may be no IPv6");
                continue;
            };
            let mut client = TcpStream::connect((host, listener.port().unwrap())).unwrap();
            client.write_all(b"x").unwrap();
            let mut stream = listener.accept().unwrap();
            let mut byte = [0];
            while stream.read(&mut byte).is_err() {}
            assert_eq!(&byte, b"x");
        }
    }
}
