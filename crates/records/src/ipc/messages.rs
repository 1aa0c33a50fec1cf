//! The messages of an IPC stream (<https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format>): a marker, the
//! length of the metadata, the metadata (a flatbuffer), then the body whose length the metadata tells.
//!
//! The metadata is verified before anything is read of it, and the places of buffers are checked against the body: they lie
//! within it, are aligned and don't overlap, so that what is made of a body is no larger than the body.

use arrow_ipc::{Message, MessageHeader, RecordBatch, root_as_message_with_opts};
use flatbuffers::VerifierOptions;
use pktvisor_core::Error;

use crate::refused;

const MARKER: [u8; 4] = [0xff; 4];

/// Tables in a message's metadata, which may be referred to many times: a schema has some for each column and entry of
/// metadata.
const MOST_TABLES: usize = 10_000;

/// Bytes of metadata, those counted again that are referred to again.
const MOST_METADATA_BYTES: usize = 1 << 22;

/// Buffers begin at multiples of this; so numbers can be read where they are.
pub const ALIGNMENT: usize = 8;

/// The messages that are left of a stream.
pub struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    pub fn new(stream: &'a [u8]) -> Self {
        Self { rest: stream }
    }

    /// The next message and its body; none at the end of the stream, which has to say so.
    pub fn next(&mut self) -> Result<Option<(Message<'a>, &'a [u8])>, Error> {
        let length = self.length()?;
        if length == 0 {
            return match self.rest.len() {
                0 => Ok(None),
                more => Err(refused(format_args!("{more} bytes follow the end of the stream"))),
            };
        }
        let options =
            VerifierOptions { max_tables: MOST_TABLES, max_apparent_size: MOST_METADATA_BYTES, ..Default::default() };
        let message = root_as_message_with_opts(&options, self.bytes(length as usize)?)
            .map_err(|_| refused("the metadata of a message is damaged"))?;
        let body_bytes =
            usize::try_from(message.bodyLength()).map_err(|_| refused("the body of a message is damaged"))?;
        Ok(Some((message, self.bytes(body_bytes)?)))
    }

    /// The length of the next message's metadata; streams before version 0.15 had no marker.
    fn length(&mut self) -> Result<u32, Error> {
        let word = self.bytes(4)?;
        let word = if word == MARKER { self.bytes(4)? } else { word };
        Ok(u32::from_le_bytes(word.try_into().expect("four bytes")))
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) =
            self.rest.split_at_checked(count).ok_or_else(|| refused("the stream ends in the middle"))?;
        self.rest = rest;
        Ok(taken)
    }
}

/// The records of a message; none where it holds what we don't need (the values of dictionaries, as none of our columns
/// has any).
pub fn record_batch<'a>(message: &Message<'a>, body: &[u8]) -> Result<Option<RecordBatch<'a>>, Error> {
    match message.header_type() {
        MessageHeader::RecordBatch => {}
        MessageHeader::DictionaryBatch => return Ok(None),
        other => return Err(refused(format_args!("a message of type {}", other.0))),
    }
    let damaged = || refused("the records of a message are damaged");
    let batch = message.header_as_record_batch().ok_or_else(damaged)?;
    if batch.compression().is_some() {
        return Err(refused("buffers are compressed one by one; compress the whole stream"));
    }
    let (Some(nodes), Some(buffers)) = (batch.nodes(), batch.buffers()) else { return Err(damaged()) };
    let is_count = |count: i64| usize::try_from(count).is_ok_and(|count| count <= body.len() * 8);
    if !is_count(batch.length()) || !nodes.iter().all(|node| is_count(node.length()) && is_count(node.null_count())) {
        return Err(damaged());
    }
    let mut total_bytes = 0_usize;
    for buffer in buffers {
        let start = usize::try_from(buffer.offset()).map_err(|_| damaged())?;
        let length = usize::try_from(buffer.length()).map_err(|_| damaged())?;
        total_bytes = total_bytes.saturating_add(length);
        let is_within = start.checked_add(length).is_some_and(|end| end <= body.len());
        if !is_within || total_bytes > body.len() || !start.is_multiple_of(ALIGNMENT) {
            return Err(damaged());
        }
    }
    Ok(Some(batch))
}
