//! What accumulators hold at most, and what they left out for it.

/// What is held at most. Names, labels and groups come from agents: whatever they think of, no more than this is kept of it.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes, about. Beyond half of them no further metric is taken in; beyond all of them lists that grow are shortened.
    pub most_bytes: usize,
    /// Metrics of a key, in all of its handlers.
    pub most_metrics: usize,
    /// Names in the ledger of a handler.
    pub most_ledger_names: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { most_bytes: 1 << 30, most_metrics: 1 << 18, most_ledger_names: 256 }
    }
}

/// What tells a metric apart takes no more bytes.
pub const MOST_IDENTITY_BYTES: usize = 16 << 10;

/// Of what describes a metric to people, as many bytes of each text are kept.
pub const MOST_TOLD_BYTES: usize = 4 << 10;

/// What an image takes at most whose kind this release doesn't know.
pub const MOST_UNKNOWN_BYTES: usize = 64 << 10;

/// Items of a list that is shortened.
pub const SHORT_ITEMS: usize = 96;

/// What was left out since the beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Records of metrics that there was no room for.
    pub rows: u64,
    /// Counts of ledgers that had too many names.
    pub ledger_names: u64,
    /// How often a list was shortened, which makes its bounds wider.
    pub lists_shortened: u64,
}

/// A text with no more bytes than that.
pub fn shortened(text: &str, most_bytes: usize) -> &str {
    let end = (0..=most_bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or_default()]
}
