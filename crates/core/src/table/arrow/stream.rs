//! A table in parts, each made when it is asked for.

use std::ffi::{CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{mem, ptr};

use super::{
    ArrowArray, ArrowArrayStream, ArrowSchema, ColumnDefinition, NextRows, array, handed_over, schema, taken_back,
};
use crate::Error;

/// What a stream points to.
struct Owned {
    columns: Vec<ColumnDefinition>,
    source: NextRows,
    /// Kept for the reader to ask for.
    last_error: CString,
}

/// The rows of a table with these columns, part by part; parts without rows are passed over.
pub fn stream(columns: Vec<ColumnDefinition>, source: NextRows) -> ArrowArrayStream {
    let owned = Owned { columns, source, last_error: CString::default() };
    ArrowArrayStream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        get_last_error: Some(get_last_error),
        release: Some(release),
        private_data: handed_over(owned),
    }
}

impl Owned {
    fn next(&mut self) -> Result<ArrowArray, Error> {
        while let Some(rows) = (self.source)()? {
            if rows.length > 0 {
                return array(&rows);
            }
        }
        Ok(ArrowArray::RELEASED)
    }

    /// Runs a step whose result goes to `out`, and gives 0 or an error number.
    ///
    /// # Safety
    /// `out` may be written; what is there is not dropped.
    unsafe fn answer<T>(&mut self, out: *mut T, step: impl FnOnce(&mut Self) -> Result<T, Error>) -> c_int {
        // A panic must not cross over into the reader's code.
        let answer = catch_unwind(AssertUnwindSafe(|| step(self)));
        match answer.unwrap_or_else(|_| Err(Error::invalid("reading packets failed for a reason of its own"))) {
            Ok(value) => {
                // SAFETY: as the caller promises.
                unsafe { ptr::write(out, value) };
                0
            }
            Err(fault) => {
                self.last_error = CString::new(fault.message.replace('\0', " ")).unwrap_or_default();
                libc::EIO
            }
        }
    }
}

/// # Safety
/// `stream` is a stream made here and not released, which nobody else uses meanwhile.
unsafe fn owned<'a>(stream: *mut ArrowArrayStream) -> &'a mut Owned {
    // SAFETY: the private data of such a stream is an `Owned`.
    unsafe { &mut *(*stream).private_data.cast() }
}

/// # Safety
/// As the C stream interface says: a stream made here, not released, used by one thread at a time; `out` may be written.
unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { owned(stream).answer(out, |owned| Ok(schema(&owned.columns))) }
}

/// # Safety
/// As [`get_schema`].
unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { owned(stream).answer(out, Owned::next) }
}

/// # Safety
/// As [`get_schema`]. The text lives until the next call.
unsafe extern "C" fn get_last_error(stream: *mut ArrowArrayStream) -> *const c_char {
    // SAFETY: as the caller promises.
    let text = unsafe { &owned(stream).last_error };
    if text.is_empty() { ptr::null() } else { text.as_ptr() }
}

/// # Safety
/// As the C stream interface says: called once, with a stream made here that may have been moved.
unsafe extern "C" fn release(stream: *mut ArrowArrayStream) {
    // SAFETY: the private data of such a stream is an `Owned`.
    unsafe {
        drop(taken_back::<Owned>(mem::replace(&mut (*stream).private_data, ptr::null_mut())));
        (*stream).release = None;
    }
}
