//! A table as bytes.

use arrow_ipc::MetadataVersion;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use pktvisor_core::Error;

use super::messages::ALIGNMENT;
use crate::compression::compressed;
use crate::refused;
use crate::table::RecordTable;

impl RecordTable {
    /// Writes an IPC stream in one zstd frame.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        compressed(&self.write_plain()?)
    }

    /// Writes an IPC stream as it is.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_plain(&self) -> Result<Vec<u8>, Error> {
        let mut stream = Vec::new();
        // A record has some eighty buffers, most of them small: the library's usual 64 bytes would be padding mostly.
        let options = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5).map_err(refused)?;
        let writer = StreamWriter::try_new_with_options(&mut stream, self.batch().schema_ref(), options);
        let mut writer = writer.map_err(refused)?;
        writer.write(self.batch()).map_err(refused)?;
        writer.finish().map_err(refused)?;
        drop(writer);
        Ok(stream)
    }
}
