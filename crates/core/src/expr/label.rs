//! Texts made of other columns: which columns they are made of, and how these are named.

use serde::Deserialize;
use serde_json::Value;

use super::network::parse_network;
use crate::Error;
use crate::table::{Address, ColumnType};

/// What a label tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelKind {
    /// Of an address column.
    Address,
    /// Of a port and a protocol.
    Port,
    /// `ADDRESS:PORT`, of an address, a port and a protocol.
    Endpoint,
    /// Both endpoints in the order of their text, of an address, a port, another address and port, and a protocol.
    Conversation,
    /// The texts of any texts, addresses and small numbers, with spaces between, and perhaps a word behind them: several
    /// values that count as one item.
    Parts,
}

/// A column of texts: `{"label": "endpoint", "of": ["flow.src", "flow.src_port", "flow.protocol"]}`, perhaps with
/// `"services": true`: ports are called by the names of the registry at hand, and `"summary"`. Parts may have a `"word"`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Label {
    pub kind: LabelKind,
    pub of: Vec<String>,
    pub names_services: bool,
    pub summary: Option<Summary>,
    /// Stands behind all parts.
    pub word: Option<String>,
}

/// What stands for addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Summary {
    /// Addresses that stand for themselves.
    pub except: Vec<Network>,
    pub networks: Option<NetworkNames>,
    /// The first of these that holds an address stands for it.
    pub subnets: Vec<Network>,
    /// Addresses that nothing else stands for become the network of this length that they are in, of each family.
    pub prefixes: Vec<Network>,
}

/// Autonomous systems stand for their addresses, but for some.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkNames {
    /// Numbers of those that don't.
    #[serde(default)]
    pub except: Vec<u32>,
    /// Whether an address that the database does not know is called `Unknown`.
    pub names_unknown: bool,
}

/// A network as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Network {
    pub address: Address,
    /// Bits of 128 that addresses share with it.
    pub length: u8,
    pub is_ipv4: bool,
    pub text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelSpec {
    label: LabelKind,
    of: Vec<String>,
    #[serde(default)]
    services: bool,
    summary: Option<SummarySpec>,
    word: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SummarySpec {
    #[serde(default)]
    except: Vec<String>,
    networks: Option<NetworkNames>,
    #[serde(default)]
    subnets: Vec<String>,
    #[serde(default)]
    prefixes: Vec<String>,
}

impl Label {
    pub fn parse(json: &Value) -> Result<Self, Error> {
        let no_label = |fault: &dyn std::fmt::Display| Error::invalid(format!("{json} is not a label: {fault}"));
        let spec = LabelSpec::deserialize(json).map_err(|fault| no_label(&fault))?;
        let summary = spec.summary.map(Summary::of).transpose()?;
        let label = Self { kind: spec.label, of: spec.of, names_services: spec.services, summary, word: spec.word };
        match label.types() {
            Some(types) if types.len() != label.of.len() => {
                Err(no_label(&format_args!("it is made of {} columns", types.len())))
            }
            None if label.of.is_empty() => Err(no_label(&"it is made of one column at least")),
            _ => Ok(label),
        }
    }

    /// The types of the columns that it is made of; `None` where they may be any of [`Self::PARTS`].
    pub fn types(&self) -> Option<&'static [ColumnType]> {
        const END: [ColumnType; 3] = [ColumnType::Address, ColumnType::U16, ColumnType::U8];
        const ENDS: [ColumnType; 5] =
            [ColumnType::Address, ColumnType::U16, ColumnType::Address, ColumnType::U16, ColumnType::U8];
        match self.kind {
            LabelKind::Address => Some(&END[..1]),
            LabelKind::Port => Some(&END[1..]),
            LabelKind::Endpoint => Some(&END),
            LabelKind::Conversation => Some(&ENDS),
            LabelKind::Parts => None,
        }
    }

    /// The types that parts can have.
    pub const PARTS: [ColumnType; 3] = [ColumnType::Text, ColumnType::Address, ColumnType::U16];
}

impl Summary {
    fn of(spec: SummarySpec) -> Result<Self, Error> {
        let networks = |texts: Vec<String>| texts.into_iter().map(Network::parse).collect::<Result<Vec<_>, _>>();
        Ok(Self {
            except: networks(spec.except)?,
            networks: spec.networks,
            subnets: networks(spec.subnets)?,
            prefixes: networks(spec.prefixes)?,
        })
    }
}

impl Network {
    fn parse(text: String) -> Result<Self, Error> {
        let (address, length) = parse_network(&text)?;
        Ok(Self { address, length, is_ipv4: crate::texts::is_ipv4(&address), text })
    }

    /// Whether an address lies in it; one of IPv4 lies in no network of IPv6.
    pub fn holds(&self, address: &Address) -> bool {
        crate::texts::is_ipv4(address) == self.is_ipv4 && self.masked(address) == self.masked(&self.address)
    }

    /// An address with nothing but the bits that this length leaves.
    pub fn masked(&self, address: &Address) -> Address {
        let mask = u128::MAX.checked_shl(128 - u32::from(self.length)).unwrap_or(0);
        (u128::from_be_bytes(*address) & mask).to_be_bytes()
    }
}
