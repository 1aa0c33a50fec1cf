//! Time windows: when one ends and the next begins, and what closed ones hold.
//!
//! All handlers of a policy share one row of windows. The first starts with the input; a packet (or the idle clock) that
//! is a window's length or more later ends the window, and the next starts at that packet. Late packets count into the window
//! that is open. There is at most one shift per packet, however long the gap: silence makes one long window.
//!
//! Windows can be written down and taken in by another process of the same plan ([`SavedWindow`]). One that was open goes
//! on there if its period is not over; the seconds between count as seconds without traffic.
//!
//! Beside the windows, steps of ten seconds or so say how counters went within them ([`Steps`]).

mod clock;
mod layout;
mod saved;
mod series;
mod steps;
mod store;
mod totals;

pub use clock::{Clock, FirstWindow, SharedShifts};
pub use layout::{MOST_STEPPED, MOST_STEPPED_HISTOGRAMS};
pub use saved::SavedWindow;
pub use series::{Buckets, Series};
pub use steps::{DEFAULT_STEP_S, MOST_STEPS, Stepping, Steps};
pub use store::{LiveWindow, Merged, Store};
pub use totals::Totals;

/// Seconds that a window lasts at least, where the policy does not say.
pub const DEFAULT_LENGTH_S: u32 = 60;
/// The longest that a policy may say.
pub const MOST_LENGTH_S: u32 = 3600;
pub const NANOSECONDS: i64 = 1_000_000_000;

#[cfg(test)]
mod tests;
