//! A table as bytes: an Arrow IPC stream, the whole of it in one zstd frame.

mod layout;
mod messages;
mod read;
mod write;

#[cfg(test)]
mod tests;
