//! The table of what a live input itself takes: a row now and then, and one whenever its policies change.

use super::table;

/// What a row tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ResourceEvent {
    Measurement = 0,
    PolicyChange = 1,
}

table! {
    /// One row per measurement or change of policies. A row belongs to the packet that was the occasion, or to the next.
    pub struct ResourceTable, row ResourceRow {
        time_ns: i64 => "resources.time_ns", "nanoseconds", "When it was measured, since 1970";
        packet_row: u32 => "resources.packet_row", "", "Row of the packet that triggered it; after a change of policies, of the next packet";
        event: u8 => "resources.event", "", "0 a measurement, 1 a change of the input's policies";
        cpu_percent: f64 => "resources.cpu_percent", "percent", "Share of one core that the capturing thread used since the previous measurement; 0 on a change";
        memory_bytes: u64 => "resources.memory_bytes", "bytes", "Resident memory of the process; 0 on a change";
        policies: u32 => "resources.policies", "", "Policies that the input has";
        handlers: u32 => "resources.handlers", "", "Handlers of those policies";
    }
    time time_ns; packet_rows |table| table.packet_row();
}
