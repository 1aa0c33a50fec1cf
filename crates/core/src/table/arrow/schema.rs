//! The type of a table: a struct of its columns.

use std::ffi::{CStr, CString};
use std::ptr;

use super::{ArrowSchema, Children, ColumnDefinition, handed_over, taken_back};
use crate::table::ColumnType;

const NULLABLE: i64 = 2;
const STRUCT: &CStr = c"+s";
const TIME: &CStr = c"tsn:UTC";

/// What a schema points to.
struct Owned {
    name: CString,
    metadata: Vec<u8>,
    children: Children<ArrowSchema>,
}

/// The type of a table with these columns.
pub fn schema(columns: &[ColumnDefinition]) -> ArrowSchema {
    let owned =
        Owned { name: CString::default(), metadata: Vec::new(), children: Children::new(columns.iter().map(column)) };
    with_owned(STRUCT, 0, owned)
}

/// Whether a column holds moments, which data frames know by a type of their own.
pub fn is_time(definition: &ColumnDefinition) -> bool {
    definition.kind == ColumnType::I64 && definition.name.ends_with("time_ns")
}

fn column(definition: &ColumnDefinition) -> ArrowSchema {
    let owned = Owned {
        name: CString::new(definition.name).unwrap_or_default(),
        metadata: metadata(&[("unit", definition.unit), ("meaning", definition.meaning)]),
        children: Children::new(std::iter::empty()),
    };
    let flags = if definition.kind == ColumnType::Text { NULLABLE } else { 0 };
    with_owned(if is_time(definition) { TIME } else { format(definition.kind) }, flags, owned)
}

fn with_owned(format: &'static CStr, flags: i64, owned: Owned) -> ArrowSchema {
    let mut schema = ArrowSchema {
        format: format.as_ptr(),
        name: owned.name.as_ptr(),
        metadata: if owned.metadata.is_empty() { ptr::null() } else { owned.metadata.as_ptr().cast() },
        flags,
        n_children: owned.children.0.len() as i64,
        children: owned.children.0.as_ptr().cast_mut(),
        dictionary: ptr::null_mut(),
        release: Some(release),
        private_data: ptr::null_mut(),
    };
    schema.private_data = handed_over(owned); // vectors and strings keep their place on the heap
    schema
}

/// The format string of a column's values.
const fn format(kind: ColumnType) -> &'static CStr {
    match kind {
        ColumnType::U8 => c"C",
        ColumnType::U16 => c"S",
        ColumnType::U32 => c"I",
        ColumnType::U64 => c"L",
        ColumnType::I64 => c"l",
        ColumnType::F64 => c"g",
        ColumnType::Address => c"w:16",
        ColumnType::Text => c"vu",
    }
}

/// Number of pairs, then each key and value with its length before it, all lengths as the machine's own `i32`. Pairs
/// without value are left out.
fn metadata(pairs: &[(&str, &str)]) -> Vec<u8> {
    let told: Vec<_> = pairs.iter().filter(|(_, value)| !value.is_empty()).collect();
    let mut bytes = (told.len() as i32).to_ne_bytes().to_vec();
    for text in told.iter().flat_map(|(key, value)| [key, value]) {
        bytes.extend((text.len() as i32).to_ne_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// # Safety
/// As the C data interface says: called once, with a schema made here that may have been moved.
unsafe extern "C" fn release(schema: *mut ArrowSchema) {
    // SAFETY: the reader hands back a schema made by `with_owned`, whose private data is an `Owned`.
    unsafe {
        drop(taken_back::<Owned>((*schema).private_data));
        (*schema).private_data = ptr::null_mut();
        (*schema).release = None;
    }
}
