//! A capture file that somebody still writes: it is read as it grows, and what takes its place is read from there on.
//!
//! A directory is followed, too: file after file, in the order in which they were last written, as `tcpdump -C`, `-G` and
//! `-W` write them. The end of a file is where to wait, and so is a packet of which a part is there.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::files::files_in;
use super::opening::{self, Kinds};
use super::{CaptureReader, Compression, Damage, FileDamage, Frame};
use crate::Error;

/// A file is not begun before it has so many bytes: the shorter of both formats' headers.
const LEAST_BYTES: usize = 24;
/// The byte order mark of a pcapng file of little-endian machines.
const PCAPNG_LITTLE_ENDIAN: [u8; 4] = [0x4d, 0x3c, 0x2b, 0x1a];
/// A header of pcapng that says it is longer is none that is waited for.
const LONGEST_HEADER_BYTES: u64 = 1 << 20;
/// By so many of its first bytes a file is known again: headers, and the time of its first packet.
const MARK_BYTES: usize = 64;
/// What happened and nobody has asked for yet: older news give way.
const MOST_NEWS: usize = 100;

/// A file, or a directory, that is read as it grows.
pub struct Followed {
    path: PathBuf,
    is_directory: bool,
    open: Option<Open>,
    /// The one that is read after it.
    next: Option<Open>,
    /// Files that were read to their ends, as they were then, and those that are no captures.
    done: Vec<Mark>,
    bytes_done: u64,
    news: Vec<String>,
    damages: Vec<FileDamage>,
}

/// The file that is read.
struct Open {
    path: PathBuf,
    reader: CaptureReader,
    handle: File,
    mark: Mark,
    /// Another one has come: what is there by now is read, and no more waited for.
    leaves: Option<Leaves>,
}

/// Why a file is read no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaves {
    ForTheNext,
    Replaced,
    Cut,
}

/// What a file is known again by, whatever it is called by then.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    device: u64,
    inode: u64,
    first: Vec<u8>,
}

/// Bytes of a file of which more may come: its end is no end.
struct Growing(File);

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 if !buffer.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Mark {
    fn of(file: &File, metadata: &Metadata) -> io::Result<Self> {
        let mut first = vec![0; MARK_BYTES];
        let count = file.read_at(&mut first, 0)?;
        first.truncate(count);
        Ok(Self { device: metadata.dev(), inode: metadata.ino(), first })
    }

    /// Whether it is the same file, of which there may be more by now.
    fn is_still(&self, now: &Self) -> bool {
        (self.device, self.inode) == (now.device, now.inode) && now.first.starts_with(&self.first)
    }
}

impl Open {
    /// A file that has just been begun is known better once there is more of it.
    fn learn(&mut self) {
        if self.mark.first.len() < MARK_BYTES
            && let Ok(metadata) = self.handle.metadata()
            && let Ok(now) = Mark::of(&self.handle, &metadata)
            && self.mark.is_still(&now)
        {
            self.mark = now;
        }
    }
}

impl Followed {
    /// Begins with what is there.
    ///
    /// # Errors
    /// When there is no such file, or it is none that can be followed.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let is_directory = path.is_dir();
        let mut followed = Self {
            path: path.to_path_buf(),
            is_directory,
            open: None,
            next: None,
            done: Vec::new(),
            bytes_done: 0,
            news: Vec::new(),
            damages: Vec::new(),
        };
        if is_directory {
            followed.look_for_next();
        } else {
            followed.open = begin(path)?;
        }
        Ok(followed)
    }

    /// Gives the frames that are there, at most so many; returns how many those were.
    ///
    /// # Errors
    /// Those of `each`.
    pub fn give(&mut self, most: usize, each: &mut impl FnMut(Frame<'_>) -> Result<(), Error>) -> Result<usize, Error> {
        self.leave_if_cut();
        let mut given = 0;
        while given < most {
            let Some(open) = &mut self.open else {
                if self.look_for_next() {
                    continue;
                }
                break;
            };
            if let Some(record) = open.reader.next_record() {
                each(record.frame(open.reader.blocks.bytes(record.data())))?;
                given += 1;
            } else if !self.look_further() {
                break;
            }
        }
        Ok(given)
    }

    /// Of a file that was written over, nothing is read from where it was left.
    fn leave_if_cut(&mut self) {
        if let Some(open) = &mut self.open
            && successor(open) == Some(Leaves::Cut)
        {
            open.leaves = Some(Leaves::Cut);
            self.leave();
        }
    }

    /// Opens what comes next, where there is any.
    fn look_for_next(&mut self) -> bool {
        if self.next.is_none() {
            self.find_next();
        }
        self.open = self.next.take();
        self.open.is_some()
    }

    /// Has the next file open, where there is one. Those that are no captures are told and passed over.
    fn find_next(&mut self) {
        while let Some(path) = if self.is_directory { self.next_in_directory() } else { self.again() } {
            match begin(&path) {
                Ok(next) => {
                    self.next = next;
                    return;
                }
                Err(error) => {
                    self.tell(error.message);
                    let Some((_, mark)) = look_at(&path) else { return };
                    self.done.push(mark);
                }
            }
        }
    }

    /// The one file, where there is another one of that name by now.
    fn again(&self) -> Option<PathBuf> {
        let (_, now) = look_at(&self.path)?;
        (!self.done.contains(&now)).then(|| self.path.clone())
    }

    /// At the end of what is there: leaves a file that has been replaced, or that another one follows. `false` where
    /// there is nothing but to wait.
    fn look_further(&mut self) -> bool {
        let Some(open) = &mut self.open else { return false };
        open.learn();
        let has_left = open.leaves.is_some();
        let leaves = successor(open).or_else(|| self.is_followed().then_some(Leaves::ForTheNext));
        let Some(open) = &mut self.open else { return false };
        if has_left || (open.reader.damage().is_some() && leaves.is_some()) {
            open.leaves = open.leaves.or(leaves);
            self.leave();
            return true;
        }
        open.leaves = leaves;
        open.leaves.is_some() // it may have grown between its end and that look
    }

    /// Whether the directory has another file to read.
    fn is_followed(&mut self) -> bool {
        if self.is_directory && self.next.is_none() {
            self.find_next();
        }
        self.next.is_some()
    }

    fn leave(&mut self) {
        let Some(open) = self.open.take() else { return };
        let name = open.path.display().to_string();
        match (open.reader.damage().cloned(), open.reader.pending_part()) {
            (Some(damage), _) | (None, Some(damage)) => self.damages.push(FileDamage { file: name.clone(), damage }),
            (None, None) => {}
        }
        match open.leaves {
            Some(Leaves::Replaced) => self.tell(format!("{name} was replaced: the new file is read")),
            Some(Leaves::Cut) => self.tell(format!("{name} was cut: it is read from its beginning again")),
            Some(Leaves::ForTheNext) | None => {}
        }
        self.bytes_done += open.reader.bytes_read();
        if self.is_directory {
            self.done.push(open.mark);
        } else {
            self.done.clear();
        }
    }

    /// The file of the directory that was written first of those that were not read yet.
    fn next_in_directory(&mut self) -> Option<PathBuf> {
        let listed = files_in(&self.path).ok()?;
        let mut files: Vec<_> = listed.into_iter().filter_map(|path| Some((look_at(&path)?, path))).collect();
        self.done.retain(|mark| files.iter().any(|((_, now), _)| mark.is_still(now)));
        let known = self.done.iter().chain(self.open.iter().map(|open| &open.mark));
        let known: Vec<_> = known.cloned().collect();
        files.retain(|((_, mark), _)| {
            mark.first.len() >= LEAST_BYTES && !known.iter().any(|known| known.is_still(mark))
        });
        files.into_iter().min().map(|(_, path)| path)
    }

    fn tell(&mut self, news: String) {
        self.news.truncate(MOST_NEWS - 1);
        if self.news.last() != Some(&news) {
            self.news.push(news);
        }
    }

    /// What happened since the last call, in a clause each that begins with the name of a file.
    pub fn take_news(&mut self) -> Vec<String> {
        std::mem::take(&mut self.news)
    }

    /// What ended the reading of files before their ends.
    pub fn damages(&self) -> Vec<FileDamage> {
        let open = self.open.iter().filter_map(|open| {
            let damage = open.reader.damage().cloned()?;
            Some(FileDamage { file: open.path.display().to_string(), damage })
        });
        self.damages.iter().cloned().chain(open).collect()
    }

    pub fn bytes_read(&self) -> u64 {
        self.bytes_done + self.open.as_ref().map_or(0, |open| open.reader.bytes_read())
    }
}

impl CaptureReader {
    /// What it means of a part of a record that no more will come.
    fn pending_part(&self) -> Option<Damage> {
        let is_part = !self.blocks.pending().is_empty();
        let reason = "the file ends within a packet record".to_owned();
        is_part.then(|| Damage { offset: self.blocks.position(), reason })
    }
}

impl PartialOrd for Mark {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Mark {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.device, self.inode, &self.first).cmp(&(other.device, other.inode, &other.first))
    }
}

/// When a file was written last, and what it is known again by.
fn look_at(path: &Path) -> Option<(SystemTime, Mark)> {
    let file = opening::open(path, Kinds::Files, "capture file").ok()?;
    let metadata = file.metadata().ok()?;
    Some((metadata.modified().ok()?, Mark::of(&file, &metadata).ok()?))
}

/// Opens a file at its beginning; `None` where its header is not there yet.
fn begin(path: &Path) -> Result<Option<Open>, Error> {
    let name = path.display().to_string();
    let failed = |cause| Error::system(format_args!("read capture file {name}"), &cause);
    let handle = opening::open(path, Kinds::Files, &format!("capture file {name}"))?;
    let mark = Mark::of(&handle, &handle.metadata().map_err(failed)?).map_err(failed)?;
    if handle.metadata().map_err(failed)?.len() < header_bytes(&mark.first) {
        return Ok(None);
    }
    let growing = Growing(handle.try_clone().map_err(failed)?);
    let mut reader = CaptureReader::from_read(Box::new(growing), &name)?;
    reader.blocks.expect_growth();
    if reader.compression != Compression::None {
        let what = reader.compression.name();
        return Err(Error::format(format!(
            "{name} is compressed with {what}: only plain capture files can be followed"
        )));
    }
    Ok(Some(Open { path: path.to_path_buf(), reader, handle, mark, leaves: None }))
}

/// How many bytes a file has at least before its first packet, as far as these bytes tell.
fn header_bytes(first: &[u8]) -> u64 {
    let [0x0a, 0x0d, 0x0d, 0x0a, length @ .., _] = first else { return LEAST_BYTES as u64 };
    let (Some(length), Some(mark)) = (length.first_chunk::<4>(), first.get(8..12)) else { return LEAST_BYTES as u64 };
    let is_little = mark == PCAPNG_LITTLE_ENDIAN;
    let length = if is_little { u32::from_le_bytes(*length) } else { u32::from_be_bytes(*length) };
    u64::from(length).clamp(LEAST_BYTES as u64, LONGEST_HEADER_BYTES)
}

/// What has become of a file, where it is no more the one that was opened under its name.
fn successor(open: &Open) -> Option<Leaves> {
    let metadata = fs::metadata(&open.path).ok()?;
    if (metadata.dev(), metadata.ino()) != (open.mark.device, open.mark.inode) {
        return Some(Leaves::Replaced);
    }
    let is_shorter = metadata.len() < open.reader.bytes_read();
    let now = Mark::of(&open.handle, &metadata).ok()?;
    (is_shorter || !open.mark.is_still(&now)).then_some(Leaves::Cut)
}
