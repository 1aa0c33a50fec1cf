//! Decompression as a stream, told by magic bytes.
//!
//! Memory stays flat whatever the input: 32 KiB of window for gzip, 4 MiB for bzip2, at most 8 MiB blocks for lz4, and for
//! zstd and xz a window of up to 128 MiB if the file asks for it (the limit of the zstd tool itself; `xz -9` needs 65 MiB).
//! What a file may expand to is bounded by [`MAX_EXPANSION`].

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use liblzma::bufread::XzDecoder;
use lz4_flex::frame::FrameDecoder;

use crate::Error;
use crate::error::reason;

/// A compressed file may expand to this many times its size, beyond the first [`FREE_EXPANSION_BYTES`]: a file that
/// needs more is made to keep its reader busy, not to hold packets. Deflate itself ends at 1032.
pub const MAX_EXPANSION: u64 = 1000;

/// What a compressed file may expand to without a look at the ratio.
pub const FREE_EXPANSION_BYTES: u64 = 64 << 20;

/// What unpacking xz may take.
const XZ_MEMORY_BYTES: u64 = 129 << 20;

/// Bytes of the stored file that a decompressor is given at a time.
const INPUT_BYTES: usize = 128 << 10;

/// What a decompressor is asked for at a time: some forget what they have unpacked in a call that fails, so that at most
/// this much is missing before the damage.
const PIECE_BYTES: usize = 8 << 10;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
    Lz4,
    Xz,
    Bzip2,
}

impl Compression {
    const MAGIC_BYTES: u64 = 6;

    fn detect(first: &[u8]) -> Self {
        match first {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Lz4,
            [0xfd, b'7', b'z', b'X', b'Z', 0] => Self::Xz,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            _ => Self::None,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
        }
    }
}

/// The bytes of a file, decompressed.
pub(super) struct Stream {
    decoder: Decoder,
    expanded_bytes: u64,
    /// What ended unpacking, once there was something to give before that.
    failure: Option<io::Error>,
}

enum Decoder {
    Plain(Stored),
    Gzip(MultiGzDecoder<BufReader<Stored>>),
    Zstd(zstd::stream::read::Decoder<'static, BufReader<Stored>>),
    Lz4(Lz4Frames),
    Xz(XzDecoder<BufReader<Stored>>),
    Bzip2(MultiBzDecoder<BufReader<Stored>>),
}

/// The file as stored: the bytes looked at to tell its compression, and the rest.
type Stored = Chain<Cursor<Vec<u8>>, Counted>;

/// An input that counts what was read of it.
struct Counted {
    input: Box<dyn Read + Send>,
    bytes_read: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.bytes_read += count as u64;
        Ok(count)
    }
}

impl Stream {
    /// Looks at the first bytes of `input`, called `name` in errors.
    pub(super) fn open(input: Box<dyn Read + Send>, name: &str) -> Result<Self, Error> {
        let failed = |cause| Error::system(format_args!("read capture file {name}"), &cause);
        let mut input = Counted { input, bytes_read: 0 };
        let mut first = Vec::new();
        input.by_ref().take(Compression::MAGIC_BYTES).read_to_end(&mut first).map_err(failed)?;
        let compression = Compression::detect(&first);
        let stored = Cursor::new(first).chain(input);
        let buffered = |stored| BufReader::with_capacity(INPUT_BYTES, stored);
        let decoder = match compression {
            Compression::None => Decoder::Plain(stored),
            Compression::Gzip => Decoder::Gzip(MultiGzDecoder::new(buffered(stored))),
            Compression::Zstd => {
                Decoder::Zstd(zstd::stream::read::Decoder::with_buffer(buffered(stored)).map_err(failed)?)
            }
            Compression::Lz4 => Decoder::Lz4(Lz4Frames::new(buffered(stored))),
            Compression::Xz => Decoder::Xz(XzDecoder::new_stream(buffered(stored), xz_streams().map_err(failed)?)),
            Compression::Bzip2 => Decoder::Bzip2(MultiBzDecoder::new(buffered(stored))),
        };
        Ok(Self { decoder, expanded_bytes: 0, failure: None })
    }

    pub(super) fn compression(&self) -> Compression {
        match &self.decoder {
            Decoder::Plain(_) => Compression::None,
            Decoder::Gzip(_) => Compression::Gzip,
            Decoder::Zstd(_) => Compression::Zstd,
            Decoder::Lz4(_) => Compression::Lz4,
            Decoder::Xz(_) => Compression::Xz,
            Decoder::Bzip2(_) => Compression::Bzip2,
        }
    }

    pub(super) fn stored_bytes_read(&self) -> u64 {
        let stored = match &self.decoder {
            Decoder::Plain(stored) => stored,
            Decoder::Gzip(decoder) => decoder.get_ref().get_ref(),
            Decoder::Zstd(decoder) => decoder.get_ref().get_ref(),
            Decoder::Lz4(decoder) => decoder.stored(),
            Decoder::Xz(decoder) => decoder.get_ref().get_ref(),
            Decoder::Bzip2(decoder) => decoder.get_ref().get_ref(),
        };
        stored.get_ref().1.bytes_read
    }

    /// One clause on an error of [`Read::read`].
    pub(super) fn explain(&self, cause: &io::Error) -> String {
        match (self.compression(), cause.kind()) {
            (Compression::None, _) => format!("reading failed: {}", reason(cause)),
            (packed, io::ErrorKind::UnexpectedEof) => format!("the {} stream ends too early", packed.name()),
            (packed, _) => format!("the {} stream can't be unpacked: {cause}", packed.name()),
        }
    }

    fn check_expansion(&mut self, count: usize) -> io::Result<()> {
        self.expanded_bytes += count as u64;
        if self.expanded_bytes > FREE_EXPANSION_BYTES && self.expanded_bytes / MAX_EXPANSION > self.stored_bytes_read()
        {
            return Err(io::Error::other(format!("it expands to more than {MAX_EXPANSION} times its size")));
        }
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Decoder::Plain(stored) = &mut self.decoder {
            return stored.read(buffer);
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let mut filled = 0;
        for piece in buffer.chunks_mut(PIECE_BYTES) {
            let (count, result) = self.decoder.unpack(piece);
            filled += count;
            match result.and_then(|()| self.check_expansion(count)) {
                Err(failure) if filled == 0 => return Err(failure),
                Err(failure) => {
                    self.failure = Some(failure);
                    break;
                }
                Ok(()) if count < piece.len() => break,
                Ok(()) => {}
            }
        }
        Ok(filled)
    }
}

impl Decoder {
    /// How many bytes were unpacked, and what came behind them.
    fn unpack(&mut self, piece: &mut [u8]) -> (usize, io::Result<()>) {
        let read = match self {
            Self::Plain(stored) => stored.read(piece),
            Self::Gzip(decoder) => decoder.read(piece),
            Self::Zstd(decoder) => decoder.read(piece),
            Self::Lz4(decoder) => decoder.read(piece),
            Self::Xz(decoder) => return unpack_xz(decoder, piece),
            Self::Bzip2(decoder) => decoder.read(piece),
        };
        match read {
            Ok(count) => (count, Ok(())),
            Err(failure) => (0, Err(failure)),
        }
    }
}

/// The decoder of liblzma takes what follows a stream into the call that ends it, and gives the error alone.
fn unpack_xz(decoder: &mut XzDecoder<BufReader<Stored>>, piece: &mut [u8]) -> (usize, io::Result<()>) {
    let before = decoder.total_out();
    let read = decoder.read(piece);
    ((decoder.total_out() - before) as usize, read.map(drop))
}

/// A decoder of xz streams one after another, as `xz -d` reads them.
fn xz_streams() -> io::Result<liblzma::stream::Stream> {
    Ok(liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY_BYTES, liblzma::stream::CONCATENATED)?)
}

/// lz4 frames one after another, as `lz4 -d` reads them.
///
/// The decoder of lz4_flex takes an end of input between two blocks for the end of the frame, and stops after each
/// frame. Both are put right here: [`WholeFrames`] turns an end of input inside a frame into an error.
struct Lz4Frames {
    decoder: FrameDecoder<WholeFrames>,
}

struct WholeFrames {
    stored: BufReader<Stored>,
    /// No byte of the present frame has been read yet, so the input may end here.
    between_frames: bool,
}

impl Read for WholeFrames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stored.read(buffer)?;
        if count == 0 && !buffer.is_empty() && !self.between_frames {
            // Not UnexpectedEof, which the decoder would take for the end of the frame.
            return Err(io::Error::other("it ends within a frame"));
        }
        self.between_frames = false;
        Ok(count)
    }
}

impl Lz4Frames {
    fn new(stored: BufReader<Stored>) -> Self {
        Self { decoder: FrameDecoder::new(WholeFrames { stored, between_frames: true }) }
    }

    fn stored(&self) -> &Stored {
        self.decoder.get_ref().stored.get_ref()
    }
}

impl Read for Lz4Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.decoder.read(buffer)?;
            if count > 0 || self.decoder.get_mut().stored.fill_buf()?.is_empty() {
                return Ok(count);
            }
            self.decoder.get_mut().between_frames = true;
        }
    }
}
