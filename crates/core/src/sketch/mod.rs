//! Mergeable summaries of streams.
//!
//! A sketch reads a stream once, keeps little, and answers one kind of question about it:
//!
//! | family | question | state | error |
//! |---|---|---|---|
//! | [`hll`] | how many different values? | 4096 registers | 1.3 % (merged: 1.6 %), nearly exact below 385 |
//! | [`frequent`] | which values are most frequent? | 6144 counters | bounds come with each answer |
//! | [`exact`] | the same, over a small known domain | one counter a value | none |
//! | [`distribution`] | how are the values spread? | base-2 exponential histogram | 0.55 %, exact up to 512 values |
//! | [`rate`] | how are events per second spread? | counts of recent seconds | as `distribution` |
//!
//! Every family *merges*: the sketch of two streams is made from the sketches of each. That is what lets every worker
//! keep its own state without locks, every window be closed for good, and every agent be summed up by a hub. Merging is
//! commutative and associative and has the new sketch as its identity; the property tests of each family say exactly
//! what that covers.
//!
//! Two families are hashed and laid out as Apache DataSketches does (murmur3 with its default seed, see [`murmur3`]),
//! so that other engines read and merge their bytes. Updates run once per packet and metric, so each family separates a
//! hot path of a few nanoseconds from everything that happens seldom.

pub mod distribution;
pub mod exact;
pub mod frequent;
pub mod hll;
pub mod murmur3;
pub mod rate;
pub mod reader;

mod ranking;

pub use distribution::{Distribution, Exponential, LEAST_OCTAVE, OCTAVES};
pub use exact::Exact;
pub use frequent::{Frequent, FrequentEntry, FrequentImage};
pub use hll::{Hll, HllImage};
pub use rate::Rate;
