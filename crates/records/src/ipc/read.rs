//! A table from bytes that anybody may have made.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, new_empty_array};
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::RecordBatchDecoder;
use arrow_ipc::{Message, MetadataVersion};
use arrow_schema::{Schema, SchemaRef};
use arrow_select::concat::concat;
use pktvisor_core::Error;

use super::layout;
use super::messages::{Messages, record_batch};
use crate::columns::Column;
use crate::compression::decompressed;
use crate::conform::{conformed, places};
use crate::table::RecordTable;
use crate::{VERSION, VERSION_KEY, refused};

impl RecordTable {
    /// Reads an IPC stream, as it is or in a zstd frame. Columns that the record doesn't have are passed over.
    ///
    /// # Errors
    /// When the bytes are no such stream, contradict themselves, take more than `most_bytes`, or hold no window records.
    pub fn read_stream(body: &[u8], most_bytes: usize) -> Result<Self, Error> {
        let stream = decompressed(body, most_bytes)?;
        let mut messages = Messages::new(&stream);
        let (message, _) = messages.next()?.ok_or_else(|| refused("the stream is empty"))?;
        let schema = Arc::new(schema_of(&message)?);
        let places = places(&schema)?;
        let mut parts = Vec::new();
        while let Some((message, body)) = messages.next()? {
            if let Some(batch) = record_batch(&message, body)? {
                layout::check(&batch, &schema)?;
                parts.push(decoded(batch, body, &schema, &places)?);
            }
        }
        let mut metadata = schema.metadata().clone();
        metadata.remove(VERSION_KEY);
        Self::of_arrays(joined(&parts)?, metadata.into_iter().collect())
    }
}

fn schema_of(message: &Message<'_>) -> Result<Schema, Error> {
    let schema = message.header_as_schema().ok_or_else(|| refused("the stream begins without a schema"))?;
    if !schema.endianness().equals_to_target_endianness() {
        return Err(refused("numbers are in another order of bytes"));
    }
    let schema = try_fb_to_schema(schema).map_err(refused)?;
    match schema.metadata().get(VERSION_KEY).map(String::as_str) {
        Some(VERSION) => Ok(schema),
        Some(other) => {
            let other: String = other.chars().take(20).collect();
            Err(refused(format_args!("this is version {other}; this release reads version {VERSION}")))
        }
        None => Err(refused(format_args!("the metadata {VERSION_KEY} is missing"))),
    }
}

/// The columns of the record, as the record has them.
fn decoded(
    batch: arrow_ipc::RecordBatch<'_>,
    body: &[u8],
    schema: &SchemaRef,
    places: &[usize],
) -> Result<Vec<ArrayRef>, Error> {
    // A copy, which is aligned wherever the body stands: no column needs a copy of its own.
    let (body, dictionaries) = (Buffer::from(body), HashMap::new());
    let decoder = RecordBatchDecoder::try_new(&body, batch, schema.clone(), &dictionaries, &MetadataVersion::V5);
    let decoder = decoder.map_err(refused)?.with_projection(Some(places)).with_require_alignment(true);
    let batch: RecordBatch = decoder.read_record_batch().map_err(refused)?;
    Column::ALL.iter().zip(batch.columns()).map(|(column, array)| conformed(*column, array)).collect()
}

/// The rows of all parts.
fn joined(parts: &[Vec<ArrayRef>]) -> Result<Vec<ArrayRef>, Error> {
    let column = |column: &Column| {
        let arrays: Vec<&dyn arrow_array::Array> = parts.iter().map(|part| part[*column as usize].as_ref()).collect();
        match arrays[..] {
            [] => Ok(new_empty_array(&column.data_type())),
            [_] => Ok(parts[0][*column as usize].clone()),
            _ => concat(&arrays).map_err(refused),
        }
    };
    Column::ALL.iter().map(column).collect()
}
