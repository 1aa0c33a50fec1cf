//! A table as bytes.

use arrow_ipc::writer::StreamWriter;
use pktvisor_core::Error;

use super::compression::compressed;
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
        let mut writer = StreamWriter::try_new(&mut stream, self.batch().schema_ref()).map_err(refused)?;
        writer.write(self.batch()).map_err(refused)?;
        writer.finish().map_err(refused)?;
        drop(writer);
        Ok(stream)
    }
}
