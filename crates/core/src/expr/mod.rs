//! Conditions over columns, evaluated a batch at a time into bitmaps.
//!
//! A condition arrives as JSON ([`Condition::parse`]): a list of an operator and its operands, as Python's expressions
//! write it. The plan turns it into [`Test`]s on column slots, each evaluated once per batch however many metrics
//! share it.
//!
//! | operator | operands | true for a row where |
//! |---|---|---|
//! | `true` | | always |
//! | `and`, `or`, `not` | conditions | |
//! | `eq`, `ne`, `lt`, `le`, `gt`, `ge` | column, number | the column compares so |
//! | `in` | column, list of numbers | the column is one of them |
//! | `bits` | column, mask | any bit of the mask is set |
//! | `cidr` | address column, list of `ADDRESS/LENGTH` | the address lies in one of the networks |
//! | `text` | text column, `is`, `starts` or `ends`, list of texts | the text is, starts or ends so |
//! | `domain` | text column, list of names | the name is one of them or below one |
//! | `present` | column | the row has a value: text, or an address that is not all zeros |
//! | `place` | place or network column, `is` or `starts`, list of texts | the place is called so |
//! | `event`, `passed`, `filtered`, `sampled`, `deep` | | as its handler says of the row |
//! | `slow` | column, metric, quantile | the value reaches that quantile of the metric's last closed window |
//! | `listed` | column, metric, number | the text was one of so many heaviest items of the top list in the last closed window, or the first part of one |

mod bitmap;
mod label;
mod network;
mod parse;
mod test;

pub use bitmap::{BLOCK_ROWS, Bitmap};
pub use label::{Label, LabelKind, Network, NetworkNames, Summary};
pub use parse::{ColumnName, Comparison, Condition, TextMatch};
pub use test::Test;
