//! Opening what is read, without waiting for anybody to come: a FIFO that nobody writes to, a device, or a terminal must
//! not hold up who only names it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use crate::Error;

/// Says whether to go on waiting for bytes; asked ten times a second.
pub type Patience = Arc<dyn Fn() -> bool + Send + Sync>;

const POLL_MS: i32 = 100;

/// What may be opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kinds {
    /// Files, which never let anybody wait.
    Files,
    /// FIFOs as well.
    FilesAndFifos,
}

/// Opens a file for reading; `called` is what errors call it, as `capture file x.pcap`.
pub(crate) fn open(path: &Path, kinds: Kinds, called: &str) -> Result<File, Error> {
    let failed = |cause| Error::system(format_args!("open {called}"), &cause);
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(failed)?;
    let kind = file.metadata().map_err(failed)?.file_type();
    if kind.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    let what = match (kind.is_file(), kind.is_fifo()) {
        (true, _) => return Ok(file),
        (_, true) if kinds == Kinds::FilesAndFifos => return Ok(file),
        (_, true) => "a FIFO",
        _ if kind.is_socket() => "a socket",
        _ => "a device",
    };
    Err(Error::format(format!("open {called}: is {what}, not a regular file")))
}

/// Bytes to be read, and what is known of them.
pub(super) struct Input {
    pub read: Box<dyn Read + Send>,
    /// What error sentences call it.
    pub name: String,
    /// Its size, where it is a file.
    pub total_bytes: Option<u64>,
}

/// Opens a file; with patience also a FIFO, and standard input where the path is `-`: their bytes are waited for as long
/// as patience says so, then they end. `what` it is to be stands in errors.
pub(super) fn input(path: &Path, patience: Option<&Patience>, what: &str) -> Result<Input, Error> {
    if let (Some(patience), "-") = (patience, path.to_str().unwrap_or_default()) {
        let failed = |cause| Error::system("read standard input", &cause);
        let read = Box::new(Patient::standard_input(patience).map_err(failed)?);
        return Ok(Input { read, name: "standard input".to_owned(), total_bytes: None });
    }
    let name = path.display().to_string();
    let kinds = if patience.is_some() { Kinds::FilesAndFifos } else { Kinds::Files };
    let file = open(path, kinds, &format!("{what} {name}"))?;
    let metadata = file.metadata().ok();
    let total_bytes = metadata.as_ref().map(std::fs::Metadata::len);
    match patience {
        Some(patience) if metadata.is_none_or(|metadata| !metadata.is_file()) => {
            Ok(Input { read: Box::new(Patient::new(file, patience)), name, total_bytes: None })
        }
        _ => Ok(Input { read: Box::new(file), name, total_bytes }),
    }
}

/// A stream that may let wait, read as long as somebody is patient: then it ends.
pub(super) struct Patient {
    file: File,
    patience: Patience,
}

impl Patient {
    pub(super) fn new(file: File, patience: &Patience) -> Self {
        Self { file, patience: patience.clone() }
    }

    /// Standard input.
    pub(super) fn standard_input(patience: &Patience) -> io::Result<Self> {
        let input: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self::new(input.into(), patience))
    }

    /// Waits for bytes, or for the end of the stream. `false` where patience came to its end first.
    fn wait(&self) -> io::Result<bool> {
        let mut poll = libc::pollfd { fd: self.file.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        while (self.patience)() {
            // SAFETY: one pollfd, which lives as long as the call.
            match unsafe { libc::poll(&raw mut poll, 1, POLL_MS) } {
                0 => {}
                1.. => return Ok(true),
                _ => match io::Error::last_os_error() {
                    interrupted if interrupted.kind() == io::ErrorKind::Interrupted => {}
                    fault => return Err(fault),
                },
            }
        }
        Ok(false)
    }
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.wait()? {
            match self.file.read(buffer) {
                Err(nothing_yet) if nothing_yet.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::CaptureReader;
    use super::super::testing::{Packet, PcapFile};
    use super::*;

    /// A FIFO that is gone with its test.
    struct Fifo(PathBuf);

    impl Fifo {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("pktvisor-{name}-{}", std::process::id()));
            let text = CString::new(path.as_os_str().as_bytes()).unwrap();
            // SAFETY: a text that ends with a zero byte.
            assert_eq!(unsafe { libc::mkfifo(text.as_ptr(), 0o600) }, 0);
            Self(path)
        }
    }

    impl Drop for Fifo {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn where_a_file_is_meant_nobody_waits_for_anything_else() {
        let fifo = Fifo::new("no-file");
        for (path, what) in [(fifo.0.as_path(), "a FIFO"), (Path::new("/dev/zero"), "a device")] {
            let message = CaptureReader::open(path).err().unwrap().message;
            assert_eq!(message, format!("open capture file {}: is {what}, not a regular file", path.display()));
        }
    }

    #[test]
    fn a_fifo_is_waited_for_and_read_to_its_end() {
        let fifo = Fifo::new("read");
        let bytes = PcapFile::MICROSECONDS.write(&vec![Packet::new(1000, &[7; 1000]); 1000]);
        std::thread::scope(|scope| {
            scope.spawn(|| std::fs::write(&fifo.0, &bytes).unwrap());
            let forever: Patience = Arc::new(|| true);
            let mut reader = CaptureReader::open_stream(&fifo.0, &forever).unwrap();
            let mut frames = 0;
            while reader.next_frame().is_some() {
                frames += 1;
            }
            assert_eq!((frames, reader.damage()), (1000, None));
        });
    }

    #[test]
    fn a_fifo_that_nobody_writes_to_is_left_when_patience_is_over() {
        let fifo = Fifo::new("left");
        let looks = AtomicUsize::new(0);
        let looks: &'static AtomicUsize = Box::leak(Box::new(looks));
        let patience: Patience = Arc::new(|| looks.fetch_add(1, Ordering::Relaxed) < 2);
        let message = CaptureReader::open_stream(&fifo.0, &patience).err().unwrap().message;
        assert!(message.contains("is empty"), "{message}");
    }
}
