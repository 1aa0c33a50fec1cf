//! Where the messages of a protocol begin and end in its byte stream.

/// What stands at the start of some stream bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// Too few bytes to say where the message ends.
    NeedMore,
    /// A message of `length` bytes after a prefix of `skip` bytes; not all of it need be there yet.
    Message { skip: usize, length: usize },
    /// No message of this protocol starts here.
    Invalid,
}

/// How a protocol cuts its stream into messages.
#[derive(Debug, Clone, Copy)]
pub struct Framing {
    /// Reads the message boundary at the start of the bytes. Must find `NeedMore` for no bytes, and must not change
    /// its mind about a message when more bytes follow.
    pub frame: fn(&[u8]) -> Boundary,
    /// Finds the first place at which a message may start in bytes from an unknown place of a stream. With `true` they
    /// are those of a segment that begins a stream seen only from its middle on, or that follows a gap, where many
    /// protocols start a message; with `false` they follow bytes that are out of frame, where only a protocol whose
    /// messages are marked can tell. What may be the start of a mark counts, too.
    pub start: fn(&[u8], bool) -> Option<usize>,
}

/// DNS over TCP (RFC 1035 section 4.2.2, RFC 7766).
pub const DNS_FRAMING: Framing = Framing { frame: dns_framing, start: dns_start };

/// Bytes of a DNS header, and so of the shortest message.
const DNS_HEADER_BYTES: usize = 12;
/// The shortest question: root name, type and class.
const DNS_QUESTION_BYTES: usize = 5;
/// The shortest resource record: root name, type, class, time to live, data length.
const DNS_RECORD_BYTES: usize = 11;

/// Two bytes of length, big-endian, before each message. A length that can't hold a DNS header is invalid.
pub fn dns_framing(bytes: &[u8]) -> Boundary {
    let [high, low, ..] = bytes else { return Boundary::NeedMore };
    match usize::from(u16::from_be_bytes([*high, *low])) {
        length if length < DNS_HEADER_BYTES => Boundary::Invalid,
        length => Boundary::Message { skip: 2, length },
    }
}

/// Nothing marks a message: it can be told only where a segment may start with one.
fn dns_start(bytes: &[u8], begins_segment: bool) -> Option<usize> {
    (begins_segment && dns_plausible(bytes)).then_some(0)
}

/// True when the bytes look like a length prefix and a DNS header: an assigned operation code, at most one question,
/// and no more records than the length has room for. A prefix alone will do, because some programs send it in a
/// segment of its own; otherwise less than a header says too little (one byte is most likely a keep-alive probe).
fn dns_plausible(bytes: &[u8]) -> bool {
    let Boundary::Message { skip, length } = dns_framing(bytes) else { return false };
    let Some(header) = bytes.get(skip..skip + DNS_HEADER_BYTES) else { return bytes.len() == skip };
    let count = |at: usize| usize::from(u16::from_be_bytes([header[at], header[at + 1]]));
    let operation = header[2] >> 3 & 0x0f;
    let (questions, records) = (count(4), count(6) + count(8) + count(10));
    let least = DNS_HEADER_BYTES + questions * DNS_QUESTION_BYTES + records * DNS_RECORD_BYTES;
    matches!(operation, 0..=2 | 4..=6) && questions <= 1 && least <= length
}

/// Bytes that do not follow the framing, and no message starts after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfFrame;

/// Cuts consecutive stream bytes into messages, and hands each to `each`.
pub(super) struct Cutter<'a, F> {
    pub framing: Framing,
    /// Bytes of the longest message, prefix included, that will be put together.
    pub longest: usize,
    pub each: &'a mut F,
    /// Bytes were out of frame, whether or not a message was found after them.
    pub has_skipped: bool,
}

impl<F: FnMut(&[u8])> Cutter<'_, F> {
    /// Takes the next bytes of the stream; `partial` is the message begun in earlier bytes, and in the end the one
    /// that these bytes begin. Messages that lie whole in `bytes` are not copied.
    pub fn take(&mut self, partial: &mut Vec<u8>, bytes: &[u8]) -> Result<(), OutOfFrame> {
        let bytes = self.complete(partial, bytes)?;
        let rest = self.cut(bytes)?;
        partial.extend_from_slice(rest);
        Ok(())
    }

    /// Adds to a message begun earlier just the bytes that it lacks; returns the bytes after it.
    fn complete<'b>(&mut self, partial: &mut Vec<u8>, mut bytes: &'b [u8]) -> Result<&'b [u8], OutOfFrame> {
        while !partial.is_empty() {
            let lacking = match self.frame(partial) {
                // A prefix is a few bytes at most, so that adding them one by one costs little.
                Ok(None) => 1,
                Ok(Some((skip, end))) if end <= partial.len() => {
                    (self.each)(&partial[skip..end]);
                    partial.clear();
                    break;
                }
                Ok(Some((_, end))) => end - partial.len(),
                Err(OutOfFrame) => match self.start_after(partial) {
                    Some(start) => {
                        partial.drain(..start);
                        continue;
                    }
                    None => {
                        partial.clear();
                        return (self.framing.start)(bytes, false).map(|start| &bytes[start..]).ok_or(OutOfFrame);
                    }
                },
            };
            if bytes.is_empty() {
                break;
            }
            let (now, later) = bytes.split_at(lacking.min(bytes.len()));
            partial.extend_from_slice(now);
            bytes = later;
        }
        Ok(bytes)
    }

    /// Hands over the messages that lie whole in `bytes`; returns the begun one after them.
    fn cut<'b>(&mut self, mut bytes: &'b [u8]) -> Result<&'b [u8], OutOfFrame> {
        loop {
            match self.frame(bytes) {
                Ok(Some((skip, end))) if end <= bytes.len() => {
                    (self.each)(&bytes[skip..end]);
                    bytes = &bytes[end..];
                }
                Ok(_) => return Ok(bytes),
                Err(OutOfFrame) => bytes = &bytes[self.start_after(bytes).ok_or(OutOfFrame)?..],
            }
        }
    }

    /// Where a message may start behind the first of these bytes, which are out of frame.
    #[cold]
    fn start_after(&mut self, bytes: &[u8]) -> Option<usize> {
        self.has_skipped = true;
        (self.framing.start)(bytes.get(1..)?, false).map(|start| start + 1)
    }

    /// Where the message at the start of `bytes` starts and ends, or `None` when that is not known yet.
    fn frame(&self, bytes: &[u8]) -> Result<Option<(usize, usize)>, OutOfFrame> {
        match (self.framing.frame)(bytes) {
            Boundary::NeedMore => Ok(None),
            Boundary::Message { skip, length } => match skip.checked_add(length) {
                Some(end) if end > 0 && end <= self.longest => Ok(Some((skip, end))),
                _ => Err(OutOfFrame),
            },
            Boundary::Invalid => Err(OutOfFrame),
        }
    }
}
