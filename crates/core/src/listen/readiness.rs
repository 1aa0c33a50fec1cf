//! Which of many sockets have something to read, or have connected (epoll(7)).

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use super::system::{check, owned};

/// Sockets that are served between two waits; those that are left come first the next time.
const MOST_EVENTS: usize = 64;

/// Sockets that are waited for, each by a number that stands for it.
pub struct Readiness {
    epoll: OwnedFd,
    events: Vec<libc::epoll_event>,
}

impl Readiness {
    /// # Errors
    /// When the process may have no more descriptors.
    pub fn new() -> io::Result<Self> {
        // SAFETY: epoll_create1(2) takes no pointers.
        let epoll = owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        Ok(Self { epoll, events: vec![libc::epoll_event { events: 0, u64: 0 }; MOST_EVENTS] })
    }

    /// Waits for a socket, too.
    ///
    /// # Errors
    /// When the system has no room for more.
    pub fn add(&self, socket: &impl AsFd, number: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, socket.as_fd(), libc::EPOLLIN, number)
    }

    /// Waits for a socket that is about to connect, until it has, or has failed to.
    ///
    /// # Errors
    /// When the system has no room for more.
    pub fn add_connecting(&self, socket: &impl AsFd, number: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, socket.as_fd(), libc::EPOLLOUT | libc::EPOLLONESHOT, number)
    }

    /// Waits for a socket no more. Closing it does the same.
    pub fn remove(&self, socket: &impl AsFd) {
        let _ = self.control(libc::EPOLL_CTL_DEL, socket.as_fd(), 0, 0);
    }

    fn control(&self, operation: i32, socket: BorrowedFd<'_>, events: i32, number: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: events as u32, u64: number };
        // SAFETY: the event lives across the call; the kernel copies it.
        check(unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), operation, socket.as_raw_fd(), &raw mut event) })?;
        Ok(())
    }

    /// Waits up to so many milliseconds. Gives the numbers of sockets that can be read or have come to their end; none at
    /// the timeout, and when a signal came.
    ///
    /// # Errors
    /// When the kernel refuses, which it has no reason to.
    pub fn wait(&mut self, timeout_ms: i32) -> io::Result<Vec<u64>> {
        // SAFETY: the kernel writes at most as many events as there is room for.
        let ready = check(unsafe {
            let room = self.events.len() as i32;
            libc::epoll_wait(self.epoll.as_raw_fd(), self.events.as_mut_ptr(), room, timeout_ms.max(0))
        });
        match ready {
            Ok(ready) => Ok(self.events[..ready.unsigned_abs() as usize].iter().map(|event| event.u64).collect()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}
