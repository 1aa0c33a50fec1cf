//! What settings say of ports.

use std::collections::{BTreeMap, BTreeSet};

/// Ports by the name of their protocol. A protocol that is not named has the ports that it is usually met on.
pub type PortSettings = BTreeMap<String, BTreeSet<u16>>;

/// Among ports: any other one, where the protocol is known by its content. Alone it stands beside the usual ports.
pub const ANY_PORT: u16 = 0;

/// A protocol whose ports may be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortOption {
    pub protocol: &'static str,
    /// The ports on which it is usually met.
    pub usual: BTreeSet<u16>,
    /// [`ANY_PORT`] may be among them.
    pub may_be_any: bool,
}
