//! Names become columns: of the table, of packets, of exchanges, or worked out from these.

use std::slice::from_ref;

use super::super::exchange::{self, Field};
use super::super::{BitmapIndex, ColumnIndex, ColumnOrigin, Step};
use super::{Compiler, Scope};
use crate::Error;
use crate::decode::Batch;
use crate::expr::{ColumnName, Label};
use crate::table::{ColumnDefinition, ColumnType, Table};

impl Compiler {
    pub(super) fn typed_column(&mut self, scope: &Scope, name: &str, kind: ColumnType) -> Result<ColumnIndex, Error> {
        let column = self.plain_column(scope, name)?;
        let found = self.tables[scope.table].types[column];
        if found != kind {
            return Err(Error::invalid(format!("column '{name}' is of type {}, not {}", found.name(), kind.name())));
        }
        Ok(column)
    }

    /// A column whose values can be parts of a text.
    pub(super) fn part(&mut self, scope: &Scope, name: &str) -> Result<ColumnIndex, Error> {
        let column = self.plain_column(scope, name)?;
        let kind = self.tables[scope.table].types[column];
        if !Label::PARTS.contains(&kind) {
            return Err(Error::invalid(format!("column '{name}' of type {} can't be part of a text", kind.name())));
        }
        Ok(column)
    }

    /// The index of a column; `rows` are those for which it is worked out where it must be.
    pub(super) fn column(&mut self, scope: &Scope, name: &ColumnName, rows: BitmapIndex) -> Result<ColumnIndex, Error> {
        let (of, wanted, kind) = match name {
            ColumnName::Plain(name) => return self.plain_column(scope, name),
            ColumnName::Place(of) | ColumnName::Network(of) => {
                (from_ref(of), Some(&[ColumnType::Address][..]), ColumnType::U32)
            }
            ColumnName::Tail { of, .. } => (from_ref(of), Some(&[ColumnType::Text][..]), ColumnType::Text),
            ColumnName::Label(label) => (&label.of[..], label.types(), ColumnType::Text),
        };
        let column = |(at, name): (usize, &String)| match wanted {
            Some(types) => self.typed_column(scope, name, types[at]),
            None => self.part(scope, name),
        };
        let from = of.iter().enumerate().map(column).collect::<Result<_, _>>()?;
        let source = ColumnOrigin::Derived { name: name.clone(), from, rows };
        let table = &mut self.tables[scope.table];
        Ok(table.column(source, kind, Step::Derive))
    }

    pub(super) fn plain_column(&mut self, scope: &Scope, name: &str) -> Result<ColumnIndex, Error> {
        let find = |definitions: &[ColumnDefinition]| definitions.iter().position(|column| column.name == name);
        let table = &mut self.tables[scope.table];
        if let Some(at) = find(table.definitions) {
            self.needs.add(name);
            let kind = table.definitions[at].kind;
            return Ok(table.plain_column(ColumnOrigin::Table(at), kind));
        }
        if let (Some(at), Some(exchange)) = (find(&exchange::DEFINITIONS), scope.exchange) {
            let source = ColumnOrigin::Exchange(exchange, Field::ALL[at]);
            return Ok(table.plain_column(source, exchange::DEFINITIONS[at].kind));
        }
        let batch = Batch::default();
        if let Some(at) = find(batch.packets.definitions()) {
            self.needs.add(name);
            return Ok(table.column(ColumnOrigin::Packet(at), batch.packets.definitions()[at].kind, Step::Gather));
        }
        Err(Error::invalid(format!("table '{}' has no column '{name}'", table.plan.table)))
    }
}
