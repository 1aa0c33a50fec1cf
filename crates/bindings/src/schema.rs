//! The columns that there are.

use std::collections::BTreeMap;

use pktvisor_core::decode::ports::{self, PortOption};
use pktvisor_core::decode::{Batch, table_names};
use pktvisor_core::decode::{app, tunnel};
use pktvisor_core::malformed::Malformed;
use pktvisor_core::plan::EXCHANGE_DEFINITIONS;
use pyo3::prelude::*;

type ColumnRow = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// Table, name, type, unit and meaning of every column; those of exchanges under the table `xact`.
#[pyfunction]
pub fn columns() -> Vec<ColumnRow> {
    let batch = Batch::default();
    let mut rows = Vec::new();
    for table in table_names() {
        let definitions = batch.table(table).map(|table| table.definitions()).unwrap_or_default();
        rows.extend(
            definitions.iter().map(|column| (table, column.name, column.kind.name(), column.unit, column.meaning)),
        );
    }
    let exchange = |column: &pktvisor_core::table::ColumnDefinition| {
        ("xact", column.name, column.kind.name(), column.unit, column.meaning)
    };
    rows.extend(EXCHANGE_DEFINITIONS.iter().map(exchange));
    rows
}

/// The protocols whose ports may be set, by name: the ports by which each is known where nobody says otherwise, and
/// whether it is known by its content, too.
#[pyfunction]
pub fn port_options() -> PortOptions {
    rows(ports::port_options())
}

/// The same of tunnels over UDP, which have no tables of their own.
#[pyfunction]
pub fn tunnel_options() -> PortOptions {
    rows(tunnel::port_options())
}

type PortOptions = BTreeMap<&'static str, (Vec<u16>, bool)>;

fn rows(options: impl Iterator<Item = PortOption>) -> PortOptions {
    options.map(|option| (option.protocol, (option.usual.into_iter().collect(), option.may_be_any))).collect()
}

/// The application protocols that there are, by name, which is that of their table: the ports by which each is known
/// where nobody says otherwise.
#[pyfunction]
pub fn usual_ports() -> BTreeMap<&'static str, Vec<u16>> {
    app::PROTOCOLS.iter().map(|protocol| (protocol.name, protocol.usual_ports().into_iter().collect())).collect()
}

/// Why bytes may be malformed, from the link layer up: the name in the ledger, and the meaning.
#[pyfunction]
pub fn malformed_reasons() -> Vec<(&'static str, &'static str)> {
    Malformed::all().map(|reason| (reason.name(), reason.meaning())).collect()
}
