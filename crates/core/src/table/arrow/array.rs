//! The rows of a table: a struct array whose children borrow from their lenders.

use std::ffi::c_void;
use std::ptr;

use super::{Arc, ArrowArray, Children, Lender, Rows, handed_over, taken_back};
use crate::Error;
use crate::table::{Column, Span, TextColumn};

/// Text of up to this many bytes stands in its view itself.
const MOST_INLINE_BYTES: usize = 12;

/// One element of a view array: length, then the text itself or its first four bytes, buffer and offset.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(16))]
struct View([u8; 16]);

/// What an array points to.
struct Owned {
    /// Whose values the buffers are; the struct itself has none.
    _lender: Option<Arc<dyn Lender>>,
    /// Addresses of the buffers, in the order of the format.
    buffers: Vec<*const c_void>,
    views: TextViews,
    children: Children<ArrowArray>,
}

// SAFETY: the buffers lie in the lender or in the vectors of this value, and nobody writes to either.
unsafe impl Send for Owned {}

/// What a column of text needs beside the text bytes.
#[derive(Default)]
struct TextViews {
    views: Vec<View>,
    /// One bit per row, set where it has text; empty where all have.
    validity: Vec<u8>,
    null_count: usize,
    /// Lengths of the buffers that views may point into.
    text_lengths: Vec<i64>,
}

/// The rows as one array; each lender stays as it is until the array is released.
///
/// # Errors
/// When the text of a column is larger than views can point into (2 GiB; a batch never is).
pub fn array(rows: &Rows) -> Result<ArrowArray, Error> {
    for lender in &rows.columns {
        let column = lender.column();
        debug_assert_eq!(column.len(), rows.length, "all columns of a table are equally long");
        if let Column::Text(text) = column
            && i32::try_from(text.bytes.len()).is_err()
        {
            return Err(Error::invalid("a column holds more than 2 GiB of text"));
        }
    }
    let owned = Owned {
        _lender: None,
        buffers: vec![ptr::null()],
        views: TextViews::default(),
        children: Children::new(rows.columns.iter().map(child)),
    };
    Ok(with_owned(rows.length, owned))
}

/// One column. Every child holds its lender itself, since a reader may keep it longer than its parent.
fn child(lender: &Arc<dyn Lender>) -> ArrowArray {
    let column = lender.column();
    let mut views = TextViews::default();
    let buffers = match column {
        Column::U8(values) => numbers(values),
        Column::U16(values) => numbers(values),
        Column::U32(values) => numbers(values),
        Column::U64(values) => numbers(values),
        Column::I64(values) => numbers(values),
        Column::F64(values) => numbers(values),
        Column::Address(values) => numbers(values),
        Column::Text(text) => {
            views = TextViews::new(text);
            views.buffers(text.bytes)
        }
    };
    let children = Children::new(std::iter::empty());
    with_owned(column.len(), Owned { _lender: Some(Arc::clone(lender)), buffers, views, children })
}

/// No validity bitmap: every row has a value.
fn numbers<T>(values: &[T]) -> Vec<*const c_void> {
    vec![ptr::null(), values.as_ptr().cast()]
}

fn with_owned(length: usize, mut owned: Owned) -> ArrowArray {
    let mut array = ArrowArray {
        length: length as i64,
        null_count: owned.views.null_count as i64,
        n_buffers: owned.buffers.len() as i64,
        buffers: owned.buffers.as_mut_ptr(),
        n_children: owned.children.0.len() as i64,
        children: owned.children.0.as_mut_ptr(),
        release: Some(release),
        ..ArrowArray::RELEASED
    };
    array.private_data = handed_over(owned); // vectors keep their place on the heap
    array
}

impl TextViews {
    fn new(text: TextColumn<'_>) -> Self {
        // Readers trust what they are given to be UTF-8. Names are ASCII; where something else is in the table, each
        // text is looked at by itself.
        let is_ascii = text.bytes.is_ascii();
        let mut made = Self {
            views: Vec::with_capacity(text.spans.len()),
            text_lengths: vec![text.bytes.len() as i64],
            ..Self::default()
        };
        for span in text.spans {
            let view = view(*span, text.bytes, is_ascii);
            if view.is_none() {
                made.note_null(text.spans.len());
            }
            made.views.push(view.unwrap_or(View([0; 16])));
        }
        made
    }

    /// The row that comes next has no text.
    fn note_null(&mut self, rows: usize) {
        if self.validity.is_empty() {
            self.validity = vec![0xff; rows.div_ceil(8)];
        }
        let row = self.views.len();
        self.validity[row / 8] &= !(1 << (row % 8));
        self.null_count += 1;
    }

    /// Validity, views, the text, and the lengths of the buffers that views point into.
    fn buffers(&self, text: &[u8]) -> Vec<*const c_void> {
        let validity = if self.null_count == 0 { ptr::null() } else { self.validity.as_ptr().cast() };
        vec![validity, self.views.as_ptr().cast(), text.as_ptr().cast(), self.text_lengths.as_ptr().cast()]
    }
}

/// `None` where the row has no text, or none that a reader could take.
#[inline]
fn view(span: Span, text: &[u8], is_ascii: bool) -> Option<View> {
    if span.is_none() {
        return None;
    }
    let start = span.start as usize;
    let value = text.get(start..start + span.length as usize);
    debug_assert!(value.is_some(), "text lies within its table's bytes");
    let value = value.filter(|value| is_ascii || std::str::from_utf8(value).is_ok())?;
    let mut view = [0; 16];
    view[..4].copy_from_slice(&span.length.to_ne_bytes());
    if value.len() <= MOST_INLINE_BYTES {
        view[4..4 + value.len()].copy_from_slice(value);
    } else {
        view[4..8].copy_from_slice(&value[..4]);
        view[12..].copy_from_slice(&span.start.to_ne_bytes()); // bytes 8 to 12: the first and only buffer
    }
    Some(View(view))
}

/// # Safety
/// As the C data interface says: called once, with an array made here that may have been moved.
unsafe extern "C" fn release(array: *mut ArrowArray) {
    // SAFETY: the reader hands back an array made by `with_owned`, whose private data is an `Owned`.
    unsafe {
        drop(taken_back::<Owned>((*array).private_data));
        (*array).private_data = ptr::null_mut();
        (*array).release = None;
    }
}
