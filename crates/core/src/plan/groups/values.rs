//! Values of rows as bytes: numbers in LEB128, addresses with their length (0, 4 or 16) before them, text with its length plus
//! one. And the keys of groups, which are such values, with their hashes.

use crate::hash::{hash_bytes, hash_word};
use crate::metric::{ItemKind, Items, NO_PLACE, address_key};
use crate::sketch::reader::{Reader, write_varint};
use crate::table::{Address, Column, ColumnType};

/// Writes a row's value of a column; nothing of it depends on the batch.
#[inline]
pub(super) fn write_value(out: &mut Vec<u8>, column: &Column<'_>, row: usize) {
    match column {
        Column::Address(values) => write_address(out, &values[row]),
        Column::Text(text) => match text.get(row) {
            None => out.push(0),
            Some(text) => {
                write_varint(out, text.len() as u64 + 1);
                out.extend(text);
            }
        },
        Column::U64(values) => write_varint(out, values[row]),
        Column::U16(values) => write_varint(out, u64::from(values[row])),
        // A place that there is no database for.
        column if column.is_empty() => write_varint(out, u64::from(NO_PLACE)),
        column => write_varint(out, column.number(row)),
    }
}

/// The key of a row.
pub(super) fn key_of(columns: &[Column<'_>], row: usize) -> Vec<u8> {
    let mut key = Vec::new();
    columns.iter().for_each(|column| write_value(&mut key, column, row));
    key
}

/// Hashes the keys that some rows have by these columns; as [`hash_key`] does it.
pub(super) fn hash_rows(columns: &[Column<'_>], rows: &[u32], seed: u64, hashes: &mut Vec<u64>) {
    hashes.clear();
    hashes.resize(rows.len(), seed);
    let each = |hashes: &mut [u64], hash: &dyn Fn(u64, usize) -> u64| {
        hashes.iter_mut().zip(rows).for_each(|(known, row)| *known = hash(*known, *row as usize));
    };
    for column in columns {
        match column {
            Column::Address(values) => {
                hashes.iter_mut().zip(rows).for_each(|(hash, row)| *hash = address_key(*hash, &values[*row as usize]));
            }
            Column::U32(values) if !values.is_empty() => hashes
                .iter_mut()
                .zip(rows)
                .for_each(|(hash, row)| *hash = hash_word(*hash, u64::from(values[*row as usize]))),
            Column::Text(text) => each(hashes, &|hash, row| hash_text(hash, text.get(row))),
            column if column.is_empty() => each(hashes, &|hash, _| hash_word(hash, u64::from(NO_PLACE))),
            column => each(hashes, &|hash, row| hash_word(hash, column.number(row))),
        }
    }
}

fn hash_text(seed: u64, text: Option<&[u8]>) -> u64 {
    text.map_or(hash_word(seed, 0), |text| hash_bytes(seed, text))
}

/// Hashes a key; `None` where the bytes are none.
pub(super) fn hash_key(key: &[u8], kinds: &[ItemKind], seed: u64) -> Option<u64> {
    let mut reader = Reader::new("key", key);
    let mut hash = seed;
    for kind in kinds {
        hash = match kind {
            ItemKind::Address => address_key(hash, &read_address(&mut reader).unwrap_or_default()),
            ItemKind::Text => hash_text(hash, read_text(&mut reader)),
            _ => hash_word(hash, reader.varint().ok()?),
        };
    }
    (reader.remaining() == 0).then_some(hash)
}

const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

#[inline]
pub(super) fn write_address(out: &mut Vec<u8>, address: &Address) {
    if *address == [0; 16] {
        out.push(0);
    } else if address[..12] == MAPPED {
        out.extend_from_slice(&[4, address[12], address[13], address[14], address[15]]);
    } else {
        out.push(16);
        out.extend_from_slice(address);
    }
}

/// Writes an item of a sketch as [`write_value`] writes the value that it is of.
pub(super) fn write_item(out: &mut Vec<u8>, kind: ColumnType, item: &[u8]) {
    match (kind, item.first_chunk()) {
        (ColumnType::Address, address) => write_address(out, address.unwrap_or(&[0; 16])),
        (ColumnType::Text, _) => {
            write_varint(out, item.len() as u64 + 1);
            out.extend(item);
        }
        _ => write_varint(out, crate::metric::number(item)),
    }
}

/// An address as [`write_address`] wrote it; `None` where there was none.
#[inline]
pub(super) fn read_address(reader: &mut Reader) -> Option<Address> {
    let mut address = [0; 16];
    match reader.u8().ok()? {
        4 => {
            address[..12].copy_from_slice(&MAPPED);
            address[12..].copy_from_slice(reader.bytes(4).ok()?);
        }
        16 => address.copy_from_slice(reader.bytes(16).ok()?),
        _ => return None,
    }
    Some(address)
}

pub(super) fn read_text<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = reader.varint().ok()?.checked_sub(1)?;
    reader.bytes(usize::try_from(length).ok()?).ok()
}

/// A value of a key as the bytes of an item; `None` where the row had none.
pub(super) fn read_item(reader: &mut Reader, kind: ItemKind) -> Option<Vec<u8>> {
    match kind {
        ItemKind::Address => read_address(reader).map(|address| address.to_vec()),
        ItemKind::Text => read_text(reader).map(<[u8]>::to_vec),
        _ => Some(reader.varint().ok()?.to_le_bytes().to_vec()),
    }
}

/// A key as every process reads it: of each value whether there is one, and the item as it is saved.
pub(super) fn written_key(key: &[u8], kinds: &[ItemKind], items: Items<'_>) -> Vec<u8> {
    let (mut reader, mut out) = (Reader::new("key", key), Vec::new());
    for kind in kinds {
        let item = read_item(&mut reader, *kind).filter(|item| !is_no_place(*kind, item));
        out.push(u8::from(item.is_some()));
        if let Some(item) = item {
            out.extend(items.written(*kind, &item));
        }
    }
    out
}

/// The key that [`written_key`] wrote; `None` where the bytes are none.
pub(super) fn read_key(written: &[u8], kinds: &[ItemKind], items: Items<'_>) -> Option<Vec<u8>> {
    let (mut reader, mut key) = (Reader::new("key", written), Vec::new());
    for kind in kinds {
        let item = match reader.u8().ok()? {
            0 => None,
            _ => Some(items.read(&mut reader, *kind).ok()?.1),
        };
        match (kind, item) {
            (ItemKind::Address, item) => {
                let address = item.map_or(Some([0; 16]), |item| item.try_into().ok())?;
                write_address(&mut key, &address);
            }
            (ItemKind::Text, None) => key.push(0),
            (ItemKind::Text, Some(text)) => {
                write_varint(&mut key, text.len() as u64 + 1);
                key.extend(text);
            }
            (_, item) => {
                let number = item.map_or(u64::from(NO_PLACE), |item| crate::metric::number(&item));
                write_varint(&mut key, number);
            }
        }
    }
    (reader.remaining() == 0).then_some(key)
}

fn is_no_place(kind: ItemKind, item: &[u8]) -> bool {
    kind == ItemKind::Place && crate::metric::number(item) == u64::from(NO_PLACE)
}
