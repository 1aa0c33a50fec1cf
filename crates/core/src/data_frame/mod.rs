//! Tables as data frames get them: the columns of a batch, columns made from them, and words for numbers on request.
//!
//! What is made here is made when a table is handed out, so that it costs the packet path nothing. Columns that nobody
//! changes are lent as they are ([`crate::table::arrow`]).

mod answers;
mod collected;
mod made;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use crate::Error;
use crate::decode::{Batch, table_names};
use crate::table::arrow::{Lender, Rows};
use crate::table::{Column, ColumnDefinition, ColumnType, Table};

use answers::{Answers, Field};
use made::Made;

pub use collected::Collected;

/// The table of answers with their questions; it lies in no batch, and needs all batches of a file in order.
pub const EXCHANGES: &str = "xact";
const MESSAGES: &str = "dns";

/// Words for numbers, by column: `NXDOMAIN` for 3 in `dns.rcode`.
pub type Words = HashMap<String, HashMap<u64, String>>;

/// How a table is wanted.
#[derive(Debug, Clone, Default)]
pub struct Form {
    /// Addresses as text, and numbers as these words; `None` for both as they are.
    pub words: Option<Arc<Words>>,
    /// The columns wanted, in this order; `None` for all.
    pub columns: Option<Vec<String>>,
}

/// Where a column's values come from.
#[derive(Debug, Clone, Copy)]
enum Origin {
    /// The table's own column of that index.
    Own(usize),
    ClientPort,
    Answer(Field),
}

/// What data frames see of messages beside their own columns: the port beside the address.
const CLIENT_PORT: ColumnDefinition =
    ColumnDefinition { name: "dns.client_port", kind: ColumnType::U16, unit: "", meaning: "Port that asks" };

struct DataFrameColumn {
    definition: ColumnDefinition,
    origin: Origin,
    /// What its values become, where text is wanted.
    text: Option<Text>,
}

/// How values become text.
#[derive(Debug, Clone)]
enum Text {
    Addresses,
    Words(Arc<Words>),
}

/// One table, as it is wanted.
pub struct DataFrame {
    /// The table of the batch whose rows these are.
    table: &'static str,
    columns: Vec<DataFrameColumn>,
    /// Finds the rows that are answers to a question, where only those are wanted.
    answers: Option<Answers>,
}

impl DataFrame {
    /// # Errors
    /// When there is no such table or column.
    pub fn new(name: &str, form: Form) -> Result<Self, Error> {
        let is_exchanges = name == EXCHANGES;
        let wanted = if is_exchanges { MESSAGES } else { name };
        let table = table_names().find(|known| *known == wanted).ok_or_else(|| no_table(name))?;
        let all = columns_of(table, is_exchanges);
        let chosen = match &form.columns {
            None => all,
            Some(names) => names.iter().map(|name| named(&all, name)).collect::<Result<_, _>>()?,
        };
        let columns = chosen.into_iter().map(|(definition, origin)| DataFrameColumn::new(definition, origin, &form));
        Ok(Self { table, columns: columns.collect(), answers: is_exchanges.then(Answers::default) })
    }

    pub fn definitions(&self) -> Vec<ColumnDefinition> {
        self.columns.iter().map(|column| column.definition).collect()
    }

    /// The rows of a batch. Those of exchanges hang on the batches before it.
    pub fn rows(&mut self, batch: &Arc<Batch>) -> Rows {
        if let Some(answers) = &mut self.answers {
            answers.observe(&batch.apps.dns);
        }
        let length = match &self.answers {
            Some(answers) => answers.rows().len(),
            None => batch.table(self.table).map_or(0, Table::len),
        };
        let columns = self.columns.iter().map(|column| self.values(batch, column)).collect();
        Rows { length, columns }
    }

    fn values(&self, batch: &Arc<Batch>, column: &DataFrameColumn) -> Arc<dyn Lender> {
        let mut values: Arc<dyn Lender> = match (column.origin, &self.answers) {
            (Origin::Answer(field), Some(answers)) => Arc::new(answers.column(field)),
            (Origin::ClientPort, _) => Arc::new(Made::U16(batch.apps.dns.port().to_vec())),
            (Origin::Own(index), _) => Arc::new(BatchColumn { batch: Arc::clone(batch), table: self.table, index }),
            (Origin::Answer(_), None) => unreachable!("only exchanges have such columns"),
        };
        if let (Some(answers), Origin::Own(_) | Origin::ClientPort) = (&self.answers, column.origin) {
            values = Arc::new(Made::taken(&values.column(), answers.rows()));
        }
        match &column.text {
            None => values,
            Some(Text::Addresses) => Arc::new(Made::addresses(&values.column())),
            Some(Text::Words(words)) => Arc::new(Made::words(&values.column(), &words[column.definition.name])),
        }
    }
}

impl DataFrameColumn {
    fn new(definition: ColumnDefinition, origin: Origin, form: &Form) -> Self {
        let text = form.words.as_ref().and_then(|words| match definition.kind {
            ColumnType::Address => Some(Text::Addresses),
            _ => words.contains_key(definition.name).then(|| Text::Words(Arc::clone(words))),
        });
        let kind = if text.is_some() { ColumnType::Text } else { definition.kind };
        Self { definition: ColumnDefinition { kind, ..definition }, origin, text }
    }
}

/// All columns of a table, with where their values come from.
fn columns_of(table: &'static str, is_exchanges: bool) -> Vec<(ColumnDefinition, Origin)> {
    let batch = Batch::default();
    let own = batch.table(table).map_or(&[][..], Table::definitions);
    let mut all: Vec<_> = own.iter().enumerate().map(|(index, column)| (*column, Origin::Own(index))).collect();
    if table == MESSAGES {
        all.push((CLIENT_PORT, Origin::ClientPort));
    }
    if is_exchanges {
        all.extend(answers::DEFINITIONS.map(|(definition, field)| (definition, Origin::Answer(field))));
        // It points into a batch, and in a stream of many batches nobody knows which.
        all.retain(|(column, _)| column.name != "dns.packet_row");
    }
    all
}

fn named(all: &[(ColumnDefinition, Origin)], name: &str) -> Result<(ColumnDefinition, Origin), Error> {
    let found = all.iter().find(|(column, _)| column.name == name).copied();
    found.ok_or_else(|| Error::invalid(format!("the table has no column {name:?}")))
}

fn no_table(name: &str) -> Error {
    let names: Vec<_> = table_names().chain([EXCHANGES]).collect();
    Error::invalid(format!("there is no table {name:?}; the tables are {}", names.join(", ")))
}

/// A column that lies in a batch.
struct BatchColumn {
    batch: Arc<Batch>,
    table: &'static str,
    index: usize,
}

impl Lender for BatchColumn {
    fn column(&self) -> Column<'_> {
        self.batch.table(self.table).expect("checked when the data frame was made").column(self.index)
    }
}
