//! A plan as Python's declarations write it (JSON).

use std::net::Ipv6Addr;

use serde::Deserialize;
use serde_json::Value;

use crate::decode::ports::PortSettings;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanSpec {
    pub handlers: Vec<HandlerSpec>,
}

/// One handler: its rows, what it keeps of them, and its metrics.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandlerSpec {
    /// The table whose rows are its events.
    pub table: String,
    /// Ports of protocols, by name, that must be looked at for it beside those of its input.
    #[serde(default)]
    pub ports: PortSettings,
    /// A handler before this one in the list: only what that one keeps gets here.
    pub behind: Option<usize>,
    /// Rows that are events at all; all where missing.
    #[serde(default = "always")]
    pub select: Value,
    /// Events that are kept; the others are counted as filtered.
    #[serde(default = "always")]
    pub keep: Value,
    /// Percentage of events that are sampled deeply, 1 to 100.
    #[serde(default = "all_percent")]
    pub deep_sample_percent: u8,
    pub exchanges: Option<ExchangesSpec>,
    pub metrics: Vec<MetricSpec>,
}

fn always() -> Value {
    serde_json::json!(["true"])
}

fn all_percent() -> u8 {
    100
}

/// Questions matched with answers among the handler's rows; gives the columns `xact.*`.
#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ExchangesSpec {
    /// Column that is equal for a question and its answer.
    pub key: String,
    /// Column that must also be equal, where exchanges of each direction are kept apart.
    pub apart_by: Option<String>,
    /// Column that is 1 for an answer.
    pub is_reply: String,
    /// Column with the size of the message.
    pub bytes: String,
    /// Address column of the question, handed back with the answer.
    pub address: Option<String>,
    /// Column that says how questions and answers belong together, see [`crate::track::MANY_ANSWERS`].
    pub pairing: Option<String>,
    /// Column with a hash of what is asked: by it a question asked again is known.
    pub question: Option<String>,
    pub ttl_ms: u64,
    /// Rows that take part.
    #[serde(default = "always")]
    pub observe: Value,
    /// Conditions of the question, handed back with the answer as the bits of `xact.question_flags`.
    #[serde(default)]
    pub flags: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum MetricSpec {
    /// Number of rows, or sum of a column's values; every list entry adds.
    Counter { feeds: Vec<FeedSpec>, purged: Option<PurgedSpec> },
    /// The same per second.
    Rate { feeds: Vec<FeedSpec> },
    /// Quantiles and histogram of a column's values.
    Distribution { feeds: Vec<FeedSpec> },
    /// Number of distinct values.
    Cardinality { feeds: Vec<FeedSpec> },
    /// Heaviest values.
    Top { feeds: Vec<FeedSpec> },
    /// Newest value of a column.
    Last { feeds: Vec<FeedSpec> },
    /// An entry of the loss ledger.
    Ledger { entry: String },
}

#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FeedSpec {
    #[serde(rename = "where", default = "always")]
    pub rows: Value,
    pub column: Option<Value>,
    pub weight: Option<Value>,
}

/// Exchanges purged unanswered whose question flags, masked, have this value.
#[derive(Debug, Clone, Copy, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PurgedSpec {
    pub mask: u8,
    pub value: u8,
}

/// What a metric keeps; decides the sketch in its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricKind {
    Counter,
    Rate,
    Distribution,
    Cardinality,
    Last,
    /// Heaviest of few possible values (16 bits): counted exactly.
    TopExact,
    /// Heaviest of any values.
    Top(ItemKind),
}

/// What the items of a top list are, so that they can be written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemKind {
    Text,
    Address,
    Number,
    Place,
}

impl ItemKind {
    /// An item of text or addresses as text; numbers and places have no text of their own.
    pub fn text(self, item: &[u8]) -> String {
        match (self, item.first_chunk::<16>()) {
            (Self::Address, Some(address)) if item.len() == 16 => Ipv6Addr::from(*address).to_canonical().to_string(),
            _ => String::from_utf8_lossy(item).into_owned(),
        }
    }
}
