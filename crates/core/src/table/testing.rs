//! A table for tests that stands for every stream without packets.

use super::table;

table! {
    /// One row per event, which no packet brought.
    pub struct ProbeTable, row ProbeRow {
        time_ns: i64 => "probe.time_ns", "nanoseconds", "When it was seen, since 1970";
        bytes: u32 => "probe.bytes", "bytes", "Its size";
        exchange: u64 => "probe.exchange", "", "Equal for a question and its answer";
        is_reply: u8 => "probe.is_reply", "", "1 for an answer";
    }
    time time_ns; packet_rows |_| &[];
}
