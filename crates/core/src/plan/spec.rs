//! A plan as Python's declarations write it (JSON).

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
    /// By which columns metrics are kept apart that say so.
    #[serde(default)]
    pub groups: Vec<GroupsSpec>,
    pub metrics: Vec<MetricSpec>,
}

fn always() -> Value {
    serde_json::json!(["true"])
}

fn all_percent() -> u8 {
    100
}

/// Metrics kept apart by the values of columns, see `plan::groups`.
#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct GroupsSpec {
    pub by: Vec<Value>,
    /// Further keys, by each of which a row counts, too: an interface that traffic leaves by besides that it came in by.
    #[serde(default)]
    pub also_by: Vec<Vec<Value>>,
    /// Groups that are kept at most; the rows of others go into one.
    pub most: usize,
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
    /// A text of the question and addresses, for what counts it when nothing has answered it.
    pub text: Option<Vec<String>>,
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

/// One metric: its kind, a name of `metric::kinds` or `ledger`, and what goes into it. Every entry of `feeds` adds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricSpec {
    pub kind: String,
    #[serde(default)]
    pub feeds: Vec<FeedSpec>,
    /// Of a counter or a top list: exchanges that count when they are purged.
    pub purged: Option<PurgedSpec>,
    /// By which of the handler's `groups` it is kept apart.
    pub group: Option<usize>,
    /// Of a ledger metric: the entry that it mirrors.
    pub entry: Option<String>,
    /// What names it in every release: schema, version, path, labels, columns that it is kept apart by.
    pub identity: Option<Value>,
    /// A hash of what it counts: equal wherever, and whenever, the same is counted.
    pub meaning: Option<String>,
}

/// A counter that mirrors an entry of the loss ledger.
pub const LEDGER_KIND: &str = "ledger";

#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FeedSpec {
    #[serde(rename = "where", default = "always")]
    pub rows: Value,
    pub column: Option<Value>,
    pub weight: Option<Value>,
    /// Of a grouped metric with several keys: by which of them these rows count; 0 for `by`.
    #[serde(default)]
    pub key: usize,
}

/// Exchanges purged unanswered whose question flags, masked, have this value.
#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PurgedSpec {
    pub mask: u8,
    pub value: u8,
    /// Of a top list: the item that counts, made of the question's text.
    pub item: Option<PurgedItem>,
}

/// Of a question's text (0) and addresses (from 1) these, by their numbers, and perhaps a word behind them.
#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct PurgedItem {
    pub parts: Vec<usize>,
    pub word: Option<String>,
}
