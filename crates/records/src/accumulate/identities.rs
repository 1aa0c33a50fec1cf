//! What a record measures, each kept once however many keys have it.

use std::collections::HashMap;
use std::sync::Arc;

use super::bounds::MOST_IDENTITY_BYTES;
use crate::columns::{Column, Form};
use crate::table::RecordTable;
use crate::values::{labels_of, texts_of};
use arrow_array::cast::AsArray;

/// The columns that must be equal for records to be merged: what is measured, and how it is defined.
pub const MEASURED: [Column; 9] = [
    Column::Schema,
    Column::Path,
    Column::Labels,
    Column::Group,
    Column::HandlerVersion,
    Column::Kind,
    Column::Shape,
    Column::Items,
    Column::Meaning,
];

/// Identities by number. One that nobody holds any more is forgotten, and its number given anew.
#[derive(Default)]
pub struct Identities {
    by_bytes: HashMap<Arc<[u8]>, u32>,
    entries: Vec<Entry>,
    vacant: Vec<u32>,
    /// Room for the bytes of a row.
    bytes: Vec<u8>,
    /// Bytes of all entries.
    held: usize,
}

#[derive(Default)]
struct Entry {
    identity: Identity,
    bytes: Arc<[u8]>,
    holders: usize,
}

/// What a record measures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Texts in the order of [`MEASURED`], without the two that are none.
    texts: [String; 7],
    pub labels: Vec<(String, String)>,
    pub group: Vec<String>,
}

impl Identity {
    fn of_row(table: &RecordTable, row: usize) -> Self {
        let mut texts = MEASURED.iter().filter(|column| column.form() == Form::Text);
        let owned = |(name, value): (&str, &str)| (name.to_string(), value.to_string());
        Self {
            texts: std::array::from_fn(|_| {
                texts.next().map_or_else(String::new, |column| table.text(*column, row).into())
            }),
            labels: labels_of(table.array(Column::Labels).as_map(), row).map(owned).collect(),
            group: texts_of(table.array(Column::Group), row).map(str::to_string).collect(),
        }
    }

    /// One of the texts.
    pub fn text(&self, column: Column) -> &str {
        let mut texts = MEASURED.iter().filter(|column| column.form() == Form::Text);
        texts.position(|one| *one == column).map_or("", |at| &self.texts[at])
    }

    fn memory_bytes(&self) -> usize {
        let labels = self.labels.iter().map(|(name, value)| name.len() + value.len() + 2 * size_of::<String>());
        let texts = self.texts.iter().map(String::len);
        let group = self.group.iter().map(|part| part.len() + size_of::<String>());
        size_of::<Self>() + labels.chain(texts).chain(group).sum::<usize>()
    }
}

impl Entry {
    fn memory_bytes(&self) -> usize {
        self.identity.memory_bytes() + self.bytes.len()
    }
}

impl Identities {
    /// The number of what a row measures; none where that is too long. Who asks holds it or forgets it where nobody does.
    pub fn number(&mut self, table: &RecordTable, row: usize) -> Option<u32> {
        self.bytes.clear();
        write(&mut self.bytes, table, row);
        if self.bytes.len() > MOST_IDENTITY_BYTES {
            self.bytes = Vec::new();
            return None;
        }
        if let Some(number) = self.by_bytes.get(&self.bytes[..]) {
            return Some(*number);
        }
        let bytes: Arc<[u8]> = self.bytes[..].into();
        let entry = Entry { identity: Identity::of_row(table, row), bytes: bytes.clone(), holders: 0 };
        self.held += entry.memory_bytes();
        let number = match self.vacant.pop() {
            Some(number) => {
                self.entries[number as usize] = entry;
                number
            }
            None => {
                self.entries.push(entry);
                (self.entries.len() - 1) as u32
            }
        };
        self.by_bytes.insert(bytes, number);
        Some(number)
    }

    pub fn get(&self, number: u32) -> &Identity {
        &self.entries[number as usize].identity
    }

    /// The bytes that tell an identity apart, which also give an order to identities.
    pub fn bytes(&self, number: u32) -> &[u8] {
        &self.entries[number as usize].bytes
    }

    pub fn hold(&mut self, number: u32) {
        self.entries[number as usize].holders += 1;
    }

    pub fn let_go(&mut self, number: u32) {
        self.entries[number as usize].holders -= 1;
        self.forget_unheld(number);
    }

    /// Forgets a number that nobody holds.
    pub fn forget_unheld(&mut self, number: u32) {
        let entry = &mut self.entries[number as usize];
        if entry.holders == 0 {
            self.held -= entry.memory_bytes();
            self.by_bytes.remove(&std::mem::take(entry).bytes);
            self.vacant.push(number);
        }
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.by_bytes.is_empty() && self.held == 0
    }

    pub fn memory_bytes(&self) -> usize {
        self.held + self.entries.capacity() * size_of::<Entry>() + self.bytes.capacity()
    }
}

/// Each part with its length before it, so that no two rows of different parts are written alike.
fn write(out: &mut Vec<u8>, table: &RecordTable, row: usize) {
    for column in MEASURED {
        match column.form() {
            Form::Labels => {
                for (name, value) in labels_of(table.array(column).as_map(), row) {
                    write_text(out, name);
                    write_text(out, value);
                }
            }
            Form::Texts => texts_of(table.array(column), row).for_each(|text| write_text(out, text)),
            _ => write_text(out, table.text(column, row)),
        }
        // No length has its upper bit set.
        out.push(END);
    }
}

const END: u8 = 0xff;

fn write_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u32).to_be_bytes());
    out.extend(text.as_bytes());
}
