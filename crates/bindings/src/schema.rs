//! The columns that there are.

use pktvisor_core::batch::{Batch, table_names};
use pktvisor_core::decode::ports;
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
    let exchange = |column: &pktvisor_core::batch::ColumnDefinition| {
        ("xact", column.name, column.kind.name(), column.unit, column.meaning)
    };
    rows.extend(EXCHANGE_DEFINITIONS.iter().map(exchange));
    rows
}

/// The ports by which protocols are known where nobody says otherwise, by name of protocol.
#[pyfunction]
pub fn usual_ports() -> std::collections::BTreeMap<&'static str, Vec<u16>> {
    ports::usual_ports().map(|(name, ports)| (name, ports.into_iter().collect())).collect()
}
