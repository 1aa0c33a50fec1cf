//! The table of probes: requests to targets, and what became of each.

use super::{Address, Span, table};

table! {
    /// One row whenever something becomes of a probe, or of an attempt to send one. Rows have no packets.
    pub struct ProbeTable, row ProbeRow {
        time_ns: i64 => "probe.time_ns", "nanoseconds", "When it happened, since 1970";
        event: u8 => "probe.event", "", "0 sent, 1 answered in time, 2 timed out, 3 answered late, 4 never answered (known some time after 2), 5 connection refused or failed, 6 not sent, 7 the target's name was not found";
        target: Span => "probe.target", "", "Name of the target in the configuration";
        test: u8 => "probe.test", "", "How the target is probed: 1 ping, 2 TCP connection";
        destination: Address => "probe.dst", "", "Address that is probed; none if the target's name was not found";
        destination_port: u16 => "probe.dst_port", "", "TCP port; 0 for ping";
        sequence: u16 => "probe.sequence", "", "Number of the probe among those of its target";
        response_us: u64 => "probe.response_us", "microseconds", "Time from the request to the answer; 0 without one";
        has_jitter: u8 => "probe.has_jitter", "", "1 if it was answered and the target had answered before";
        jitter_us: u64 => "probe.jitter_us", "microseconds", "Difference between this response time and that of the target's answer before";
        timeout_us: u64 => "probe.timeout_us", "microseconds", "Time after which a probe has timed out";
        error: Span => "probe.error", "", "Why it was not sent, or the connection failed";
    }
    time time_ns; packet_rows |_| &[];
}
