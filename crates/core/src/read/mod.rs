//! Capture files: pcap and pcapng, plain or compressed with gzip, zstd, lz4, xz or bzip2; one, or several as one
//! ([`Capture`]).
//!
//! The first bytes decide what a file is, never its name. Files are read in blocks into one reused buffer, and packets
//! are handed out where they lie in it: no allocation and no second copy per packet. Plain read(2) rather than mmap,
//! since a mapped file that someone truncates kills the process that reads it.
//!
//! Where several threads share a file, frames are handed out by the buffer ([`ChunkReader`]).
//!
//! Whatever the bytes are, the reader gives every packet up to the first record that makes no sense, then stops and
//! tells where and why ([`CaptureReader::damage`]). What memory it may take is bounded by [`MAX_RECORD_BYTES`], and by
//! what the decompressors hold (at most a window of 128 MiB).

mod blocks;
mod chunks;
mod compression;
mod files;
mod follow;
#[cfg(test)]
mod follow_tests;
mod frame_stream;
mod merge;
pub(crate) mod opening;
mod order;
mod pcap;
mod pcapng;
mod time;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod pcapng_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::ops::Range;
use std::path::Path;

use crate::Error;
use crate::frame::Frame;
pub use chunks::{Chunk, ChunkReader, Deal, Mark, Piece};
pub use files::{Capture, NextFrame, TakeFrames};
pub use follow::Followed;
pub use frame_stream::{
    Control, FrameStream, FrameStreamReader, FrameStreamReceiver, MOST_FRAME_BYTES, Step, Violation,
};

use blocks::Blocks;
use compression::{Compression, Stream};
use opening::Input;
pub use opening::Patience;
use pcap::Pcap;
use pcapng::Pcapng;

/// The largest packet record that is read, in bytes; a larger one is damage. Far above any snap length in use.
pub const MAX_RECORD_BYTES: usize = 16 << 20;

/// Where a capture file stops making sense, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where the record that can't be read begins, in bytes of the uncompressed stream.
    pub offset: u64,
    /// One clause: `"the file ends within a packet record"`.
    pub reason: String,
}

/// Where one of the files stops making sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDamage {
    pub file: String,
    pub damage: Damage,
}

/// A capture file or stream, read packet by packet.
///
/// ```no_run
/// # fn main() -> Result<(), pktvisor_core::Error> {
/// let mut reader = pktvisor_core::read::CaptureReader::open("traffic.pcap.gz".as_ref())?;
/// while let Some(frame) = reader.next_frame() {
///     println!("{} ns: {} bytes", frame.time_ns, frame.data.len());
/// }
/// if let Some(damage) = reader.damage() {
///     println!("stopped at byte {}: {}", damage.offset, damage.reason);
/// }
/// # Ok(())
/// # }
/// ```
pub struct CaptureReader {
    blocks: Blocks,
    format: Format,
    compression: Compression,
    damage: Option<Damage>,
    total_bytes: Option<u64>,
}

enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

/// A packet as a format's parser found it; its bytes stay in [`Blocks`].
struct Record {
    time_ns: i64,
    link_type: u16,
    interface: u32,
    wire_bytes: u32,
    /// Where the bytes captured lie in the buffer.
    start: u32,
    captured_bytes: u32,
}

impl Record {
    /// The place of the bytes in the buffer, which is never much longer than the longest record.
    #[inline(always)]
    fn data(&self) -> Range<usize> {
        self.start as usize..self.start as usize + self.captured_bytes as usize
    }

    #[inline(always)]
    fn frame<'a>(&self, data: &'a [u8]) -> Frame<'a> {
        let Self { time_ns, link_type, interface, wire_bytes, .. } = *self;
        Frame { time_ns, link_type, interface, wire_bytes, data }
    }
}

/// The frames of a pcap file, the usual one: it is not asked for each packet what the file is.
struct PcapFrames<'a> {
    pcap: &'a Pcap,
    blocks: &'a mut Blocks,
    damage: &'a mut Option<Damage>,
}

impl NextFrame for PcapFrames<'_> {
    #[inline(always)]
    fn next_frame(&mut self) -> Option<Frame<'_>> {
        loop {
            if let Some(record) = self.pcap.pending_record(self.blocks) {
                return Some(record.frame(self.blocks.bytes(record.data())));
            }
            self.fill()?;
        }
    }
}

impl PcapFrames<'_> {
    /// Has the next record pending; `None` where there is none.
    #[cold]
    fn fill(&mut self) -> Option<()> {
        self.pcap.fill(self.blocks).map_err(|stop| stop.end(self.blocks, self.damage)).ok()
    }
}

/// Why there is no next packet.
enum Stop {
    /// The file ended where a record could have begun.
    End,
    /// The record is not there yet; it is to be asked for again.
    Later,
    Damage(Damage),
}

impl CaptureReader {
    /// Opens a capture file. Fails when it is no file or can't be read, or isn't a capture from its first bytes on.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::from_input(opening::input(path, None, "capture file")?)
    }

    /// Opens a capture file, a FIFO, or standard input where the path is `-`. Bytes of those are waited for as long as
    /// `patience` says so; then they end.
    pub fn open_stream(path: &Path, patience: &Patience) -> Result<Self, Error> {
        Self::from_input(opening::input(path, Some(patience), "capture file")?)
    }

    fn from_input(Input { read, name, total_bytes }: Input) -> Result<Self, Error> {
        Ok(Self { total_bytes, ..Self::from_read(read, &name)? })
    }

    /// Reads a capture from any stream, such as standard input; `name` is what error sentences call it.
    pub fn from_read(input: Box<dyn Read + Send>, name: &str) -> Result<Self, Error> {
        let stream = Stream::open(input, name)?;
        let compression = stream.compression();
        let mut blocks = Blocks::new(stream);
        let format = Format::detect(&mut blocks, name)?;
        Ok(Self { blocks, format, compression, damage: None, total_bytes: None })
    }

    /// The next packet; `None` at the end of the file or where it is damaged (then [`Self::damage`] tells), and ever
    /// after.
    #[inline(always)]
    pub fn next_frame(&mut self) -> Option<Frame<'_>> {
        let record = self.next_record()?;
        Some(record.frame(self.blocks.bytes(record.data())))
    }

    #[inline(always)]
    fn next_record(&mut self) -> Option<Record> {
        if let Format::Pcap(pcap) = &self.format
            && let Some(record) = pcap.pending_record(&mut self.blocks)
        {
            return Some(record);
        }
        self.read_record()
    }

    /// [`Self::next_record`] where there is more to do than to look at the buffer; apart, so that of what lies there
    /// nothing goes through memory again.
    #[inline(never)]
    fn read_record(&mut self) -> Option<Record> {
        let record = match &mut self.format {
            Format::Pcap(pcap) => pcap.next_record(&mut self.blocks),
            Format::Pcapng(pcapng) => pcapng.next_record(&mut self.blocks),
        };
        match record {
            Ok(record) => Some(record),
            Err(stop) => {
                stop.end(&mut self.blocks, &mut self.damage);
                None
            }
        }
    }

    /// Has frames taken, as [`Capture::give_to`].
    fn give_to(&mut self, taker: &mut impl TakeFrames) -> Result<bool, Error> {
        let Self { blocks, format, damage, .. } = self;
        match format {
            Format::Pcap(pcap) => taker.take_from(&mut PcapFrames { pcap, blocks, damage }),
            Format::Pcapng(_) => taker.take_from(self),
        }
    }

    /// What ended the reading before the end of the file, once it has.
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// Bytes read so far of the file as it is stored, before decompression; for showing progress.
    pub fn bytes_read(&self) -> u64 {
        self.blocks.stored_bytes_read()
    }

    /// Size of the file as it is stored; `None` for a stream.
    pub fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// What the file turned out to be: `"pcap"`, `"pcap, gzip"`, `"pcapng, zstd"`.
    pub fn format(&self) -> &'static str {
        match (&self.format, self.compression) {
            (Format::Pcap(_), Compression::None) => "pcap",
            (Format::Pcap(_), Compression::Gzip) => "pcap, gzip",
            (Format::Pcap(_), Compression::Zstd) => "pcap, zstd",
            (Format::Pcap(_), Compression::Lz4) => "pcap, lz4",
            (Format::Pcap(_), Compression::Xz) => "pcap, xz",
            (Format::Pcap(_), Compression::Bzip2) => "pcap, bzip2",
            (Format::Pcapng(_), Compression::None) => "pcapng",
            (Format::Pcapng(_), Compression::Gzip) => "pcapng, gzip",
            (Format::Pcapng(_), Compression::Zstd) => "pcapng, zstd",
            (Format::Pcapng(_), Compression::Lz4) => "pcapng, lz4",
            (Format::Pcapng(_), Compression::Xz) => "pcapng, xz",
            (Format::Pcapng(_), Compression::Bzip2) => "pcapng, bzip2",
        }
    }
}

impl Format {
    /// Looks at the first bytes and reads the file header.
    fn detect(blocks: &mut Blocks, name: &str) -> Result<Self, Error> {
        let unreadable = |cause| Error::format(format!("{name} can't be read: {cause}"));
        blocks.fill(pcap::FILE_HEADER_BYTES).map_err(unreadable)?;
        if let Some(pcap) = Pcap::start(blocks, name)? {
            return Ok(Self::Pcap(pcap));
        }
        match Pcapng::start(blocks) {
            Some(Ok(pcapng)) => Ok(Self::Pcapng(pcapng)),
            Some(Err(Stop::Damage(damage))) => Err(unreadable(damage.reason)),
            Some(Err(Stop::End | Stop::Later)) | None => Err(not_a_capture(blocks, name)),
        }
    }
}

impl Stop {
    /// Ends the reading here.
    #[cold]
    fn end(self, blocks: &mut Blocks, damage: &mut Option<Damage>) {
        match self {
            Self::Later => return,
            Self::End => {}
            Self::Damage(found) => *damage = Some(found),
        }
        blocks.close();
    }

    /// Damage in the record that is pending.
    #[cold]
    fn damage(blocks: &Blocks, reason: String) -> Self {
        Self::Damage(Damage { offset: blocks.position(), reason })
    }

    /// What it means that no whole record is pending, and the stream has ended.
    #[cold]
    fn at_end_of(blocks: &Blocks, record: &str) -> Self {
        match blocks.pending().len() {
            _ if blocks.is_waiting() => Self::Later,
            0 => Self::End,
            _ => Self::damage(blocks, format!("the file ends within {record}")),
        }
    }
}

/// Whether a file of these first bytes claims to be pcap or pcapng.
fn begins_as_a_capture(first: &[u8]) -> bool {
    first.first_chunk().is_some_and(|magic| pcap::is_magic(*magic) || pcapng::is_magic(*magic))
}

fn not_a_capture(blocks: &Blocks, name: &str) -> Error {
    const EXPECTED: &str = "expected pcap or pcapng, plain or compressed with gzip, zstd, lz4, xz or bzip2";
    if frame_stream::begins_as_one(blocks.pending()) {
        return Error::format(format!(
            "{name} is not a capture file: it is a frame stream, as of dnstap; read it with pktvisor-reader -i dnstap, or \
             by a tap with dnstap_file"
        ));
    }
    let first: Vec<_> = blocks.pending().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let unpacked = match blocks.compression() {
        Compression::None => String::new(),
        packed => format!("unpacked with {}, ", packed.name()),
    };
    Error::format(match first.is_empty() {
        true if unpacked.is_empty() => format!("{name} is empty; {EXPECTED}"),
        true => format!("{name} is not a capture file: {unpacked}it is empty; {EXPECTED}"),
        false => {
            format!("{name} is not a capture file: {unpacked}it starts with the bytes {}; {EXPECTED}", first.join(" "))
        }
    })
}
