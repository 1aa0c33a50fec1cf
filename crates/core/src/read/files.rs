//! What people name, files and directories, as one capture.

use std::path::{Path, PathBuf};

use super::merge::{Merged, Named, open};
use super::{CaptureReader, FileDamage, Frame, Patience};
use crate::Error;

/// A capture in one file, or in several that are read as one, in the order of time.
pub struct Capture {
    pub(super) source: Opened,
    skipped: Vec<String>,
}

#[expect(clippy::large_enum_variant, reason = "there is one of it per capture, and the large one is the usual")]
pub(super) enum Opened {
    One { reader: CaptureReader, name: String },
    Several(Merged),
}

/// What gives frames one by one.
pub trait NextFrame {
    /// The next frame; `None` after the last, and ever after.
    fn next_frame(&mut self) -> Option<Frame<'_>>;
}

impl NextFrame for CaptureReader {
    #[inline(always)]
    fn next_frame(&mut self) -> Option<Frame<'_>> {
        Self::next_frame(self)
    }
}

impl NextFrame for Merged {
    #[inline(always)]
    fn next_frame(&mut self) -> Option<Frame<'_>> {
        Self::next_frame(self)
    }
}

/// What is done with a run of frames. It is compiled once for a single file and once for several, so that the loop over
/// one file asks for no packet which of the two it is.
pub trait TakeFrames {
    /// Takes as many as it wants; `false` where there are no more.
    ///
    /// # Errors
    /// When a frame can't be dealt with.
    fn take_from(&mut self, frames: &mut impl NextFrame) -> Result<bool, Error>;
}

impl Capture {
    /// Opens files and directories, whose files are read as far as they are captures.
    ///
    /// # Errors
    /// When a file that is named can't be opened or is no capture, or a directory holds none. An empty one among several
    /// is left out: `tcpdump -G` leaves some.
    pub fn open(paths: &[PathBuf]) -> Result<Self, Error> {
        Self::open_with(paths, None)
    }

    /// As [`Self::open`]; with patience also what may let wait: FIFOs, and standard input where a path is `-`.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(paths: &[PathBuf], patience: Option<&Patience>) -> Result<Self, Error> {
        let files = expand(paths)?;
        if let [Named { path, is_wanted: true }] = &files[..] {
            return Ok(Self::of(open(path, patience)?, &path.display().to_string()));
        }
        let (merged, skipped) = Merged::new(files, patience)?;
        if merged.is_empty() {
            let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
            return Err(Error::format(format!("there is no capture file in {}", names.join(", "))));
        }
        Ok(Self { source: Opened::Several(merged), skipped })
    }

    /// A capture of one file; `name` is what damage is told under.
    pub fn of(reader: CaptureReader, name: &str) -> Self {
        Self { source: Opened::One { reader, name: name.to_string() }, skipped: Vec::new() }
    }

    /// See [`CaptureReader::next_frame`].
    #[inline(always)]
    pub fn next_frame(&mut self) -> Option<Frame<'_>> {
        match &mut self.source {
            Opened::One { reader, .. } => reader.next_frame(),
            Opened::Several(merged) => merged.next_frame(),
        }
    }

    /// Has frames taken, as many as `taker` wants; `false` where there are no more.
    ///
    /// # Errors
    /// Those of `taker`.
    pub fn give_to(&mut self, taker: &mut impl TakeFrames) -> Result<bool, Error> {
        match &mut self.source {
            Opened::One { reader, .. } => reader.give_to(taker),
            Opened::Several(merged) => taker.take_from(merged),
        }
    }

    /// What ended the reading of each file before its end.
    pub fn damages(&self) -> Vec<FileDamage> {
        match &self.source {
            Opened::One { reader, name } => {
                let damage = reader.damage().cloned();
                damage.map(|damage| FileDamage { file: name.clone(), damage }).into_iter().collect()
            }
            Opened::Several(merged) => merged.damages().to_vec(),
        }
    }

    /// Files that were left out, in a clause each that begins with their names.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// Tells whether all packets were given once there are no more.
    ///
    /// # Errors
    /// When more files overlap than may be open.
    pub fn check(&self) -> Result<(), Error> {
        match &self.source {
            Opened::One { .. } => Ok(()),
            Opened::Several(merged) => merged.check(),
        }
    }

    /// See [`CaptureReader::bytes_read`].
    pub fn bytes_read(&self) -> u64 {
        match &self.source {
            Opened::One { reader, .. } => reader.bytes_read(),
            Opened::Several(merged) => merged.bytes_read(),
        }
    }

    /// Size of the files as they are stored; `None` where there is a stream among them.
    pub fn total_bytes(&self) -> Option<u64> {
        match &self.source {
            Opened::One { reader, .. } => reader.total_bytes(),
            Opened::Several(merged) => merged.total_bytes(),
        }
    }
}

/// The files that are meant, those of a directory by name.
fn expand(paths: &[PathBuf]) -> Result<Vec<Named>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let failed = |cause| Error::system(format_args!("open directory {}", path.display()), &cause);
            files.extend(files_in(path).map_err(failed)?.into_iter().map(|path| Named { path, is_wanted: false }));
        } else {
            files.push(Named { path: path.clone(), is_wanted: true });
        }
    }
    Ok(files)
}

/// The regular files in a directory, without hidden ones and without those in directories below.
pub(super) fn files_in(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !is_hidden && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
