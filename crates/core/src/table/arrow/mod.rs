//! Tables of a batch for data frame libraries: the Arrow C data and C stream interfaces
//! (<https://arrow.apache.org/docs/format/CDataInterface.html>), written out here because they are three structs.
//!
//! A table becomes a struct array, which readers take as a record batch: one child per column, named as in the schema
//! (`dns.qname`), with the column's unit and meaning as metadata. Nothing is copied: the buffers are the vectors of
//! whoever lends the column (a batch, mostly), and every array holds its [`Lender`] until it is released.
//!
//! | column | Arrow type | format |
//! |---|---|---|
//! | numbers | the same | `C`, `S`, `I`, `L`, `l`, `g` |
//! | times (`*_time_ns`, `*.time_ns`) | timestamp in nanoseconds, UTC | `tsn:UTC` |
//! | [`Address`](super::Address) | fixed-size binary of 16 bytes | `w:16` |
//! | text | UTF-8 views; null where a row has no text | `vu` |
//!
//! Views are the one thing made for the purpose, 16 bytes a row: a [`Span`](super::Span) may lie anywhere in the
//! table's text, several columns share its bytes, and that is just what a view can say.

mod array;
mod schema;
mod stream;
#[cfg(test)]
mod tests;

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use super::{Column, ColumnDefinition};
use crate::Error;

pub use array::array;
pub use schema::{is_time, schema};
pub use stream::stream;

/// Who has the values of a column. They stay as they are, and where they are, as long as somebody holds the lender.
pub trait Lender: Send + Sync {
    fn column(&self) -> Column<'_>;
}

/// Some rows of a table, column by column; all columns are of this length.
pub struct Rows {
    pub length: usize,
    pub columns: Vec<Arc<dyn Lender>>,
}

/// Makes the next rows of a table; `None` after the last.
pub type NextRows = Box<dyn FnMut() -> Result<Option<Rows>, Error> + Send>;

/// `struct ArrowSchema`: the type of an array, and for a struct the types of its children.
#[repr(C)]
#[derive(Debug)]
pub struct ArrowSchema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut ArrowSchema,
    dictionary: *mut ArrowSchema,
    release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    private_data: *mut c_void,
}

/// `struct ArrowArray`: the buffers of an array, and for a struct its children.
#[repr(C)]
#[derive(Debug)]
pub struct ArrowArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const c_void,
    children: *mut *mut ArrowArray,
    dictionary: *mut ArrowArray,
    release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    private_data: *mut c_void,
}

/// `struct ArrowArrayStream`: arrays of one type, made when they are asked for.
#[repr(C)]
#[derive(Debug)]
pub struct ArrowArrayStream {
    get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    private_data: *mut c_void,
}

impl ArrowArray {
    /// The released array, which also stands for the end of a stream.
    const RELEASED: ArrowArray = ArrowArray {
        length: 0,
        null_count: 0,
        offset: 0,
        n_buffers: 0,
        n_children: 0,
        buffers: ptr::null_mut(),
        children: ptr::null_mut(),
        dictionary: ptr::null_mut(),
        release: None,
        private_data: ptr::null_mut(),
    };

    pub fn is_released(&self) -> bool {
        self.release.is_none()
    }
}

/// What these structs point to is theirs alone, or lies in a batch that nobody can change while they hold it; readers
/// may move them between threads, and the private data that a release drops is itself `Send`.
macro_rules! owned_by_release {
    ($($name:ident),+) => {
        $(
            // SAFETY: see above; each `private_data` is made from a type that is checked to be `Send` where it is made.
            unsafe impl Send for $name {}

            impl Drop for $name {
                /// Releases what nobody has taken over: who moves the struct away leaves `release` empty behind.
                fn drop(&mut self) {
                    if let Some(release) = self.release {
                        // SAFETY: `release` is set, so it was not called yet; it is called with its own struct.
                        unsafe { release(self) };
                    }
                }
            }
        )+
    };
}

owned_by_release!(ArrowSchema, ArrowArray, ArrowArrayStream);

/// Hands a value over to C as private data; [`taken_back`] ends that.
fn handed_over<T: Send>(value: T) -> *mut c_void {
    Box::into_raw(Box::new(value)).cast()
}

/// # Safety
/// `data` comes from [`handed_over`] of the same type, and is not used afterwards.
unsafe fn taken_back<T: Send>(data: *mut c_void) -> Box<T> {
    debug_assert!(!data.is_null(), "released twice");
    // SAFETY: as the caller promises.
    unsafe { Box::from_raw(data.cast()) }
}

/// The children of a struct, boxed one by one since readers may move any of them away.
#[derive(Debug)]
struct Children<T>(Vec<*mut T>);

// SAFETY: the pointers are boxes of this value alone.
unsafe impl<T: Send> Send for Children<T> {}

impl<T> Children<T> {
    fn new(children: impl Iterator<Item = T>) -> Self {
        Self(children.map(|child| Box::into_raw(Box::new(child))).collect())
    }
}

impl<T> Drop for Children<T> {
    /// Drops, and so releases, the children that nobody has moved away.
    fn drop(&mut self) {
        for child in self.0.drain(..) {
            // SAFETY: made by `Box::into_raw` in `new`, and dropped only here. A child moved away is an empty shell.
            drop(unsafe { Box::from_raw(child) });
        }
    }
}
