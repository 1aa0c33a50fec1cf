//! From JSON to a condition, with sentences about what does not fit.

use serde_json::Value;

use super::label::Label;
use super::network::parse_network;
use crate::Error;
use crate::table::Address;

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Where in a text another is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextMatch {
    Is,
    Starts,
    Ends,
    /// Equal, or ending at a label boundary.
    Domain,
}

/// A column by name, or one that is worked out from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ColumnName {
    /// `layer.field` of the schema, or `xact.field` of the handler's exchanges.
    Plain(String),
    /// Place of an address column: `{"place": "ip.src"}`.
    Place(String),
    /// Autonomous system of an address column: `{"network": "ip.src"}`.
    Network(String),
    /// Tail of a name that counts a suffix as one label: `{"tail": 2, "of": "dns.qname", "suffixes": ["..."]}`, or by
    /// the public suffix list where no suffixes are given.
    Tail { labels: u8, of: String, suffixes: Vec<String> },
    /// Text made of addresses and ports, see [`Label`].
    Label(Label),
}

/// A condition over the rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Condition {
    True,
    Not(Box<Condition>),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Compare {
        column: ColumnName,
        comparison: Comparison,
        value: i64,
    },
    In {
        column: ColumnName,
        values: Vec<u64>,
    },
    Bits {
        column: ColumnName,
        mask: u64,
    },
    Cidr {
        column: ColumnName,
        networks: Vec<(Address, u8)>,
    },
    Text {
        column: ColumnName,
        how: TextMatch,
        texts: Vec<String>,
    },
    Present {
        column: ColumnName,
    },
    Place {
        column: ColumnName,
        how: TextMatch,
        texts: Vec<String>,
    },
    /// What the handler decides of a row: `event`, `passed`, `filtered`, `sampled` or `deep`.
    Verdict(String),
    Slow {
        column: ColumnName,
        metric: usize,
        quantile_percent: u8,
    },
    Listed {
        column: ColumnName,
        metric: usize,
        most: usize,
    },
}

/// Items of a top list that are remembered for the next window.
const MOST_LISTED: u64 = 10_000;

const VERDICTS: [&str; 5] = ["event", "passed", "filtered", "sampled", "deep"];

impl Condition {
    pub fn parse(json: &Value) -> Result<Self, Error> {
        let list = json.as_array().filter(|list| !list.is_empty());
        let Some((operator, operands)) = list.and_then(|list| list.split_first()) else {
            return Err(Error::invalid(format!("a condition is a list of an operator and its operands, not {json}")));
        };
        let operator = operator.as_str().unwrap_or_default();
        let wrong = |wanted: &str| Error::invalid(format!("'{operator}' takes {wanted}, not {json}"));
        match (operator, operands) {
            ("true", []) => Ok(Self::True),
            ("not", [inner]) => Ok(Self::Not(Box::new(Self::parse(inner)?))),
            ("and", parts) => Ok(Self::And(parts.iter().map(Self::parse).collect::<Result<_, _>>()?)),
            ("or", parts) => Ok(Self::Or(parts.iter().map(Self::parse).collect::<Result<_, _>>()?)),
            ("in", [column, values]) => {
                let values = numbers(values).ok_or_else(|| wrong("a column and a list of numbers"))?;
                Ok(Self::In { column: ColumnName::parse(column)?, values })
            }
            ("bits", [column, mask]) => {
                let mask = mask.as_u64().ok_or_else(|| wrong("a column and a mask"))?;
                Ok(Self::Bits { column: ColumnName::parse(column)?, mask })
            }
            ("cidr", [column, networks]) => {
                let networks = texts(networks).ok_or_else(|| wrong("a column and a list of networks"))?;
                let networks = networks.iter().map(|text| parse_network(text)).collect::<Result<_, _>>()?;
                Ok(Self::Cidr { column: ColumnName::parse(column)?, networks })
            }
            ("text" | "place", [column, how, list]) => {
                let how = text_match(how).ok_or_else(|| wrong("a column, 'is', 'starts' or 'ends', and texts"))?;
                let texts = texts(list).ok_or_else(|| wrong("a column, how to match, and a list of texts"))?;
                let column = ColumnName::parse(column)?;
                Ok(if operator == "text" {
                    Self::Text { column, how, texts }
                } else {
                    Self::Place { column, how, texts }
                })
            }
            ("domain", [column, list]) => {
                let texts = texts(list).ok_or_else(|| wrong("a column and a list of names"))?;
                Ok(Self::Text { column: ColumnName::parse(column)?, how: TextMatch::Domain, texts })
            }
            ("present", [column]) => Ok(Self::Present { column: ColumnName::parse(column)? }),
            ("slow", [column, metric, percent]) => match (metric.as_u64(), percent.as_u64()) {
                (Some(metric), Some(percent @ 0..=100)) => Ok(Self::Slow {
                    column: ColumnName::parse(column)?,
                    metric: metric as usize,
                    quantile_percent: percent as u8,
                }),
                _ => Err(wrong("a column, the index of a metric and a quantile in percent")),
            },
            ("listed", [column, metric, most]) => match (metric.as_u64(), most.as_u64()) {
                (Some(metric), Some(most @ 1..=MOST_LISTED)) => Ok(Self::Listed {
                    column: ColumnName::parse(column)?,
                    metric: metric as usize,
                    most: most as usize,
                }),
                _ => {
                    Err(wrong(&format!("a column, the index of a top list and a number of items up to {MOST_LISTED}")))
                }
            },
            (verdict, []) if VERDICTS.contains(&verdict) => Ok(Self::Verdict(verdict.to_owned())),
            (_, [column, value]) => {
                let comparison = comparison(operator)
                    .ok_or_else(|| Error::invalid(format!("no operator '{operator}' takes two operands: {json}")))?;
                let value = value.as_i64().ok_or_else(|| wrong("a column and a whole number"))?;
                Ok(Self::Compare { column: ColumnName::parse(column)?, comparison, value })
            }
            _ => Err(Error::invalid(format!("no operator '{operator}' with these operands: {json}"))),
        }
    }

    /// Both conditions; what is always true disappears.
    pub fn and(self, other: Condition) -> Condition {
        match (self, other) {
            (Self::True, only) | (only, Self::True) => only,
            (first, second) => Self::And(vec![first, second]),
        }
    }
}

impl ColumnName {
    pub fn parse(json: &Value) -> Result<Self, Error> {
        if let Some(name) = json.as_str() {
            return Ok(Self::Plain(name.to_owned()));
        }
        if json.get("label").is_some() {
            return Ok(Self::Label(Label::parse(json)?));
        }
        let field = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(column) = field("place") {
            return Ok(Self::Place(column));
        }
        if let Some(column) = field("network") {
            return Ok(Self::Network(column));
        }
        match (json.get("tail").and_then(Value::as_u64), field("of")) {
            (Some(labels @ 2..=3), Some(of)) => {
                let suffixes = json.get("suffixes").and_then(texts).unwrap_or_default();
                Ok(Self::Tail { labels: labels as u8, of, suffixes })
            }
            _ => Err(Error::invalid(format!(
                "{json} is not a column: use a name, or a place, network, tail or label of one"
            ))),
        }
    }
}

fn comparison(operator: &str) -> Option<Comparison> {
    Some(match operator {
        "eq" => Comparison::Equal,
        "ne" => Comparison::NotEqual,
        "lt" => Comparison::Less,
        "le" => Comparison::LessOrEqual,
        "gt" => Comparison::Greater,
        "ge" => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn text_match(json: &Value) -> Option<TextMatch> {
    Some(match json.as_str()? {
        "is" => TextMatch::Is,
        "starts" => TextMatch::Starts,
        "ends" => TextMatch::Ends,
        _ => return None,
    })
}

fn numbers(json: &Value) -> Option<Vec<u64>> {
    let mut values = json.as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<_>>>()?;
    values.sort_unstable();
    values.dedup();
    Some(values)
}

fn texts(json: &Value) -> Option<Vec<String>> {
    json.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_are_lists_of_an_operator_and_operands() {
        let parsed = Condition::parse(&json!(["and", ["eq", "dns.rcode", 3], ["in", "dns.qtype", [28, 1, 28]]]));
        let plain = |name: &str| ColumnName::Plain(name.to_owned());
        assert_eq!(
            parsed.unwrap(),
            Condition::And(vec![
                Condition::Compare { column: plain("dns.rcode"), comparison: Comparison::Equal, value: 3 },
                Condition::In { column: plain("dns.qtype"), values: vec![1, 28] },
            ])
        );
    }

    #[test]
    fn what_does_not_fit_is_said_in_a_sentence() {
        for (json, sentence) in [
            (json!("dns"), "a condition is a list of an operator and its operands, not \"dns\""),
            (json!(["eq", "dns.rcode", "x"]), "'eq' takes a column and a whole number, not"),
            (json!(["cidr", "ip.src", ["10.0.0.0/33"]]), "'10.0.0.0/33' is not a network"),
            (json!(["like", "dns.qname", "x"]), "no operator 'like'"),
            (json!(["present", {"town": "ip.src"}]), "is not a column"),
        ] {
            let message = Condition::parse(&json).unwrap_err().message;
            assert!(message.contains(sentence), "{message}");
        }
    }
}
