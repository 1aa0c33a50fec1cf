//! Mergeable summaries of streams.
