//! Attempts to connect by TCP, many at once. Nothing here waits.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;

use crate::listen::readiness::Readiness;
use crate::listen::system;

/// Connections that are not made yet, by the tokens of their probes.
#[derive(Debug, Default)]
pub struct Connections {
    connecting: HashMap<u64, TcpStream>,
}

/// An attempt that did not begin, or has failed at once.
#[derive(Debug)]
pub enum Refusal {
    /// There is no socket.
    NoSocket(io::Error),
    Failed(io::Error),
}

impl Connections {
    /// Begins to connect: once it has, or has failed to, `readiness` gives its token.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn begin(&mut self, address: &SocketAddr, token: u64, readiness: &Readiness) -> Result<(), Refusal> {
        let socket = system::stream_socket(address).map_err(Refusal::NoSocket)?;
        match system::connect(socket.as_fd(), address) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(Refusal::Failed(error)),
            _ => readiness.add_connecting(&socket, token).map_err(Refusal::NoSocket)?,
        }
        self.connecting.insert(token, TcpStream::from(socket));
        Ok(())
    }

    /// How an attempt that is ready has ended; it is closed. None where it was forgotten before.
    pub fn finish(&mut self, token: u64) -> Option<io::Result<()>> {
        let stream = self.connecting.remove(&token)?;
        Some(match stream.take_error() {
            Ok(None) => Ok(()),
            Ok(Some(error)) | Err(error) => Err(error),
        })
    }

    /// Closes an attempt that nobody waits for.
    pub fn forget(&mut self, token: u64) {
        self.connecting.remove(&token);
    }
}
