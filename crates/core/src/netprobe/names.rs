//! Names of targets, looked up in threads of their own: the system's resolver blocks, and may take long.
//!
//! Nobody waits for these threads, not even at the end: one that is at work then ends when the resolver lets it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::{MOST_TARGETS, Target};
use crate::Error;
use crate::capture::capabilities;

/// Lookups at a time: so many names whose servers are silent don't hold up the others.
const MOST_THREADS: usize = 16;

/// What a name stands for.
#[derive(Debug)]
pub struct Found {
    /// Number of the target.
    pub target: usize,
    /// None where the name was not found.
    pub addresses: Vec<SocketAddr>,
}

/// The question for a target's name.
type Question = (usize, String);

/// Looks names up; readable once it has found some.
#[derive(Debug)]
pub struct Names {
    questions: SyncSender<Question>,
    found: Receiver<Found>,
    /// A byte comes for each that was found.
    bell: UnixStream,
}

impl Names {
    /// Starts as many threads as so many names make use of.
    ///
    /// # Errors
    /// When the system has no room for them.
    pub fn start(names: usize) -> Result<Self, Error> {
        let refused = |cause: io::Error| Error::system("start a thread that looks up names", &cause);
        let (questions, asked) = sync_channel(MOST_TARGETS);
        let (answers, found) = channel();
        let asked = Arc::new(Mutex::new(asked));
        let (bell, ringer) = UnixStream::pair().map_err(refused)?;
        bell.set_nonblocking(true).map_err(refused)?;
        ringer.set_nonblocking(true).map_err(refused)?;
        for _ in 0..names.min(MOST_THREADS) {
            let (asked, answers) = (Arc::clone(&asked), answers.clone());
            let ringer = ringer.try_clone().map_err(refused)?;
            let thread = std::thread::Builder::new().name("netprobe-names".to_owned());
            thread.spawn(move || look_up(&asked, &answers, ringer)).map_err(refused)?;
        }
        Ok(Self { questions, found, bell })
    }

    /// Asks for the name of a target. Tells whether that was possible.
    pub fn ask(&self, target: usize, name: &str) -> bool {
        match self.questions.try_send((target, name.to_owned())) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// What was found since the last call.
    pub fn take(&mut self) -> Vec<Found> {
        let mut rings = [0; 64];
        while matches!(self.bell.read(&mut rings), Ok(1..)) {}
        self.found.try_iter().collect()
    }
}

impl AsFd for Names {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

fn look_up(asked: &Mutex<Receiver<Question>>, answers: &Sender<Found>, mut ringer: UnixStream) {
    let _ = capabilities::drop_all_but([]); // what a name server says is read here; who may not give up rights has none
    loop {
        let question = asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((target, name)) = question else { return };
        let addresses = (name.as_str(), 0).to_socket_addrs().map_or_else(|_| Vec::new(), Iterator::collect);
        if answers.send(Found { target, addresses }).is_err() {
            return;
        }
        let _ = ringer.write(&[1]); // where there is no room, it rings already
    }
}

/// How many targets have names.
pub fn count(targets: &[Target]) -> usize {
    targets.iter().filter(|target| matches!(target.host, super::Host::Name(_))).count()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::listen::readiness::Readiness;

    #[test]
    fn addresses_of_names_come_with_their_targets_and_names_that_are_none_have_no_addresses() {
        let mut names = Names::start(2).unwrap();
        let mut readiness = Readiness::new().unwrap();
        readiness.add(&names, 1).unwrap();
        // What is no name needs no server to be known as such.
        assert!(names.ask(7, "127.0.0.1") && names.ask(8, "no name.invalid"));
        let mut all = Vec::new();
        for _ in 0..600 {
            if readiness.wait(100).unwrap() == [1] {
                all.extend(names.take());
            }
            if all.len() == 2 {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        all.sort_by_key(|found| found.target);
        let found: Vec<_> = all.iter().map(|found| (found.target, found.addresses.len())).collect();
        assert_eq!(found, [(7, 1), (8, 0)]);
        assert_eq!(names.take().len(), 0);
    }

    #[test]
    fn where_nobody_looks_names_up_that_is_said() {
        assert!(!Names::start(0).unwrap().ask(0, "127.0.0.1"));
    }
}
