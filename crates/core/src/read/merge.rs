//! Several capture files as one, in the order of time.
//!
//! At first only the time of each file's first packet is looked at. A file is open from the moment when that packet is
//! due until its last packet was given: thousands that follow each other, as `tcpdump -C` and `-G` write them, take one
//! descriptor and one buffer at a time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

use super::{CaptureReader, Damage, FileDamage, Frame, Patience, Record};
use crate::Error;

/// Files that may be open at the same time: fewer than the descriptors that a process usually may have. What each holds
/// in memory is bounded, too.
pub(super) const MOST_OPEN: usize = 256;

/// When a file's next packet is due; of two at the same time, the one of the file that was named first goes first.
type Turn = Reverse<(i64, usize)>;

pub(super) struct Merged {
    files: Vec<MergedFile>,
    /// One for every file with packets left, but for `current`.
    turns: BinaryHeap<Turn>,
    /// The file whose packet was given last.
    current: Option<usize>,
    /// With what is waited for files that are none.
    patience: Option<Patience>,
    /// Numbers of the files that are open.
    open: Vec<usize>,
    /// Bytes of the files that were read to their ends.
    bytes_done: u64,
    total_bytes: Option<u64>,
    damages: Vec<FileDamage>,
    fault: Option<Error>,
}

/// A file to be read.
pub(super) struct Named {
    pub path: PathBuf,
    /// Somebody named it, rather than the directory that it is in: it has to be a capture.
    pub is_wanted: bool,
}

/// One of the files.
struct MergedFile {
    path: PathBuf,
    ahead: Option<Box<Ahead>>,
}

/// An open file with the packet that is its next.
struct Ahead {
    reader: CaptureReader,
    record: Record,
}

impl Merged {
    /// Looks at the beginning of each file; gives those that were left out, too, with the reason.
    pub(super) fn new(files: Vec<Named>, patience: Option<&Patience>) -> Result<(Self, Vec<String>), Error> {
        let mut merged = Self {
            files: Vec::with_capacity(files.len()),
            turns: BinaryHeap::new(),
            current: None,
            patience: patience.cloned(),
            open: Vec::new(),
            bytes_done: 0,
            total_bytes: Some(0),
            damages: Vec::new(),
            fault: None,
        };
        let mut skipped = Vec::new();
        for Named { path, is_wanted } in files {
            if path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0) {
                skipped.push(format!("{} is empty", path.display()));
                continue;
            }
            match open(&path, patience) {
                Ok(reader) => merged.add(path, reader),
                Err(error) if is_wanted => return Err(error),
                Err(error) => skipped.push(error.message),
            }
        }
        Ok((merged, skipped))
    }

    /// Takes in a file that was just opened. What can be opened again is closed until its turn comes.
    fn add(&mut self, path: PathBuf, mut reader: CaptureReader) {
        let number = self.files.len();
        self.total_bytes = self.total_bytes.zip(reader.total_bytes()).map(|(sum, bytes)| sum + bytes);
        self.files.push(MergedFile { path, ahead: None });
        match reader.next_record() {
            None => self.finish(number, &reader),
            Some(record) => {
                self.turns.push(Reverse((record.time_ns, number)));
                if reader.total_bytes().is_none() {
                    self.open.push(number);
                    self.files[number].ahead = Some(Box::new(Ahead { reader, record }));
                }
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The packet that is next in time; `None` after the last, or where [`Self::check`] fails.
    #[inline(never)] // the loop of who reads a single file stays small
    pub(super) fn next_frame(&mut self) -> Option<Frame<'_>> {
        let number = self.next_file()?;
        let Ahead { reader, record } = self.files[number].ahead.as_deref()?;
        Some(record.frame(reader.blocks.bytes(record.data())))
    }

    /// The file whose turn it is, with its packet read.
    fn next_file(&mut self) -> Option<usize> {
        if let Some(number) = self.current.take()
            && let Some(time_ns) = self.advance(number)
        {
            if self.turns.peek().is_none_or(|Reverse(first)| (time_ns, number) < *first) {
                self.current = Some(number);
                return self.current;
            }
            self.turns.push(Reverse((time_ns, number)));
        }
        while self.fault.is_none() {
            let Reverse((_, number)) = self.turns.pop()?;
            if self.files[number].ahead.is_some() || self.reopen(number) {
                self.current = Some(number);
                return self.current;
            }
        }
        None
    }

    /// Reads a file's next packet and gives its time; at the end the file is closed.
    fn advance(&mut self, number: usize) -> Option<i64> {
        let ahead = self.files[number].ahead.as_deref_mut()?;
        if let Some(record) = ahead.reader.next_record() {
            ahead.record = record;
            return Some(ahead.record.time_ns);
        }
        self.open.retain(|other| *other != number);
        if let Some(ahead) = self.files[number].ahead.take() {
            self.finish(number, &ahead.reader);
        }
        None
    }

    /// Opens a file whose first packet is due. `false` where that can't be.
    fn reopen(&mut self, number: usize) -> bool {
        if self.open.len() >= MOST_OPEN {
            self.fault = Some(Error::invalid(format!(
                "more than {MOST_OPEN} of the files overlap in time at the start of {}: read fewer at a time",
                self.files[number].path.display()
            )));
            return false;
        }
        match open(&self.files[number].path, self.patience.as_ref()) {
            Err(error) => self.lament(number, Damage { offset: 0, reason: error.message }),
            Ok(mut reader) => match reader.next_record() {
                None => self.finish(number, &reader),
                Some(record) => {
                    self.open.push(number);
                    self.files[number].ahead = Some(Box::new(Ahead { reader, record }));
                    return true;
                }
            },
        }
        false
    }

    /// Takes note of how a file ended.
    fn finish(&mut self, number: usize, reader: &CaptureReader) {
        self.bytes_done += reader.bytes_read();
        if let Some(damage) = reader.damage() {
            self.lament(number, damage.clone());
        }
    }

    fn lament(&mut self, number: usize, damage: Damage) {
        let file = self.files[number].path.display().to_string();
        self.damages.push(FileDamage { file, damage });
    }

    pub(super) fn damages(&self) -> &[FileDamage] {
        &self.damages
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        self.fault.clone().map_or(Ok(()), Err)
    }

    pub(super) fn bytes_read(&self) -> u64 {
        let open = self.open.iter().filter_map(|number| self.files[*number].ahead.as_deref());
        self.bytes_done + open.map(|ahead| ahead.reader.bytes_read()).sum::<u64>()
    }

    pub(super) fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }
}

/// Opens a capture file; with patience also what may let wait.
pub(super) fn open(path: &Path, patience: Option<&Patience>) -> Result<CaptureReader, Error> {
    patience.map_or_else(|| CaptureReader::open(path), |patience| CaptureReader::open_stream(path, patience))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::testing::{self, Packet, PcapFile};
    use super::super::{Capture, Chunk, ChunkReader, Deal, Piece};
    use super::*;

    /// A directory that is gone with its test.
    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("pktvisor-merge-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
            let path = self.0.join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        }

        /// A file with packets at these microseconds, each of which holds the file's name.
        fn capture(&self, name: &str, times_us: impl IntoIterator<Item = i64>) -> PathBuf {
            let packets: Vec<_> =
                times_us.into_iter().map(|time_us| Packet::new(time_us * 1000, name.as_bytes())).collect();
            self.write(name, &PcapFile::MICROSECONDS.write(&packets))
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn told(frame: &Frame<'_>) -> (String, i64) {
        (String::from_utf8_lossy(frame.data).into_owned(), frame.time_ns / 1000)
    }

    fn drain(capture: &mut Capture) -> Vec<(String, i64)> {
        std::iter::from_fn(|| capture.next_frame().map(|frame| told(&frame))).collect()
    }

    fn merged(files: &[PathBuf]) -> Merged {
        let named = |path: &PathBuf| Named { path: path.clone(), is_wanted: true };
        Merged::new(files.iter().map(named).collect(), None).unwrap().0
    }

    fn refused(paths: &[&Path]) -> String {
        Capture::open(&paths.iter().map(PathBuf::from).collect::<Vec<_>>()).err().unwrap().message
    }

    #[test]
    fn packets_of_files_that_overlap_come_in_the_order_of_time() {
        let folder = Directory::new("overlap");
        let files =
            [folder.capture("a", [10, 30, 30, 90]), folder.capture("b", [5, 30, 40]), folder.capture("c", [35])];
        let found = drain(&mut Capture::open(&files).unwrap());
        let expected = [("b", 5), ("a", 10), ("a", 30), ("a", 30), ("b", 30), ("c", 35), ("b", 40), ("a", 90)]
            .map(|(name, time)| (name.to_string(), time));
        assert_eq!(found, expected);
    }

    #[test]
    fn chunks_of_several_files_hold_what_comes_one_by_one() {
        let folder = Directory::new("chunks");
        let times = |start: i64, step: i64| (0..20_000).map(move |at| start + at * step);
        let files =
            [folder.capture("aaaaaaaaaaaaaaaaaaaaaaaa", times(0, 3)), folder.capture("bbbbbbbb", times(1000, 5))];
        let mut reader = ChunkReader::new(Capture::open(&files).unwrap());
        let (mut found, mut chunk, mut chunks) = (Vec::new(), Chunk::new(1), 0);
        while reader.next_chunk(&mut chunk, |frame| Deal { share: 0, time_ns: frame.time_ns, mark: None }) {
            let frames = chunk.share(0).map(|piece| match piece {
                Piece::Frame(frame) => told(&frame),
                Piece::Mark(_) => panic!("there are no marks"),
            });
            found.extend(frames);
            chunk.clear();
            chunks += 1;
        }
        assert_eq!(found, drain(&mut Capture::open(&files).unwrap()));
        assert!(chunks > 1 && found.len() == 40_000);
    }

    #[test]
    fn files_that_follow_each_other_are_open_one_at_a_time_however_many() {
        let folder = Directory::new("follow");
        let count = 3 * MOST_OPEN as i64;
        let files: Vec<_> =
            (0..count).rev().map(|at| folder.capture(&format!("{at:04}"), [at * 10, at * 10 + 9])).collect();
        let mut merged = merged(&files);
        let mut times = Vec::new();
        while let Some(frame) = merged.next_frame() {
            times.push(frame.time_ns / 1000);
            assert_eq!(merged.open.len(), 1);
        }
        assert_eq!(times, (0..count).flat_map(|at| [at * 10, at * 10 + 9]).collect::<Vec<_>>());
        assert_eq!((merged.check(), Some(merged.bytes_read())), (Ok(()), merged.total_bytes()));
    }

    #[test]
    fn more_files_that_overlap_than_may_be_open_are_refused_by_the_name_of_the_first_too_many() {
        let folder = Directory::new("many");
        let count = MOST_OPEN as i64 + 1;
        let files: Vec<_> = (0..count).map(|at| folder.capture(&format!("{at:04}"), [at, 1_000_000])).collect();
        let mut merged = merged(&files);
        while merged.next_frame().is_some() {}
        let sentence = merged.check().unwrap_err().message;
        assert!(
            sentence.contains("more than 256 of the files overlap") && sentence.contains("0256: read"),
            "{sentence}"
        );
    }

    #[test]
    fn of_a_directory_what_is_a_capture_is_read_and_the_rest_told() {
        let folder = Directory::new("directory");
        folder.capture("2.pcap", [20]);
        folder.write("1.pcap.gz", &testing::gzip(&PcapFile::MICROSECONDS.write(&[Packet::new(10_000, b"1")])));
        folder.write("notes.txt", b"what I captured");
        folder.write("3.pcap", b"");
        folder.write(".hidden", b"what nobody sees");
        std::fs::create_dir(folder.0.join("below")).unwrap();
        let mut capture = Capture::open(std::slice::from_ref(&folder.0)).unwrap();
        assert_eq!(drain(&mut capture), [("1".to_string(), 10), ("2.pcap".to_string(), 20)]);
        let [empty, notes] = capture.skipped() else { panic!("{:?}", capture.skipped()) };
        assert!(empty.ends_with("3.pcap is empty") && notes.contains("notes.txt is not a capture file"), "{notes}");
    }

    #[test]
    fn what_is_named_has_to_be_a_capture_unless_it_is_empty() {
        let folder = Directory::new("named");
        let capture = folder.capture("a", [10]);
        let (empty, notes) = (folder.write("empty", b""), folder.write("notes", b"what I captured"));
        assert_eq!(drain(&mut Capture::open(&[empty.clone(), capture.clone()]).unwrap()).len(), 1);
        assert!(refused(&[&capture, &notes]).contains("notes is not a capture file"));
        assert!(refused(&[&capture, &folder.0.join("gone")]).contains("gone"));
        assert!(refused(&[&empty, &empty]).starts_with("there is no capture file in "));
    }

    #[test]
    fn damage_ends_its_own_file_alone() {
        let folder = Directory::new("damage");
        let whole = folder.capture("whole", [10, 30]);
        let mut bytes = std::fs::read(folder.capture("cut", [20, 25])).unwrap();
        bytes.pop();
        let files = [whole, folder.write("cut", &bytes)];
        let mut capture = Capture::open(&files).unwrap();
        assert_eq!(drain(&mut capture).iter().map(|(_, time)| *time).collect::<Vec<_>>(), [10, 20, 30]);
        let [FileDamage { file, damage }] = &capture.damages()[..] else { panic!("{:?}", capture.damages()) };
        assert!(file.ends_with("cut") && damage.reason.contains("ends within a packet record"));
    }
}
