//! A table for tests that stands for every stream without packets.

use super::table;

table! {
    /// One row per event, which no packet brought.
    pub struct SignalTable, row SignalRow {
        time_ns: i64 => "signal.time_ns", "nanoseconds", "When it was seen, since 1970";
        bytes: u32 => "signal.bytes", "bytes", "Its size";
        exchange: u64 => "signal.exchange", "", "Equal for a question and its answer";
        is_reply: u8 => "signal.is_reply", "", "1 for an answer";
    }
    time time_ns; packet_rows |_| &[];
}
