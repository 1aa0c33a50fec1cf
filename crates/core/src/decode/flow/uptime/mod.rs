//! Moments that exporters tell as milliseconds since they started. These are 32 bits, which begin at 0 again after 49.7 days.

/// The time after which they begin again.
const ROUND_NS: i64 = (1 << 32) * 1_000_000;

/// The moment so long after the start of an exporter whose datagram left at `exported_ns`. What would lie weeks ahead was
/// before the milliseconds began again.
#[inline]
pub(super) fn moment_ns(started_ns: i64, after_ns: i64, exported_ns: i64) -> i64 {
    let moment_ns = started_ns.saturating_add(after_ns);
    if moment_ns.saturating_sub(exported_ns) > ROUND_NS / 2 { moment_ns - ROUND_NS } else { moment_ns }
}
