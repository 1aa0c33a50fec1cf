//! A table from bytes that anybody may have made, in whichever form.

use pktvisor_core::Error;

use crate::packed;
use crate::table::RecordTable;

impl RecordTable {
    /// Reads what [`Self::pack`], [`Self::write`] or [`Self::write_plain`] makes: packed records, or an IPC stream, as it is or
    /// in a zstd frame. Columns that the record doesn't have are passed over.
    ///
    /// # Errors
    /// When the bytes are none of these, contradict themselves, take more than `most_bytes`, or hold no window records.
    pub fn read(body: &[u8], most_bytes: usize) -> Result<Self, Error> {
        if packed::is_packed(body) { packed::read(body, most_bytes) } else { Self::read_stream(body, most_bytes) }
    }
}
