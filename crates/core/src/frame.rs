//! What captures and capture files have in common: one frame as it was on the wire.

/// One captured frame, borrowed until the next is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Nanoseconds since 1970. What a file says beyond the range of `i64` is clamped to it.
    pub time_ns: i64,
    /// LINKTYPE_ number of the registry at <https://www.tcpdump.org/linktypes.html>: 1 is Ethernet.
    pub link_type: u16,
    /// Number of the interface in the file, counted from 0 over all sections of a pcapng file. 0 in a pcap file.
    pub interface: u32,
    /// Length of the frame on the wire; never less than `data.len()`.
    pub wire_bytes: u32,
    /// The bytes captured.
    pub data: &'a [u8],
}
