//! A small reader of what is exported, which checks what a real reader would trust.

use std::ffi::{CStr, c_char};
use std::slice;

use proptest::prelude::*;

use super::*;
use crate::data_frame::{DataFrame, Form};
use crate::decode::Batch;
use crate::decode::app::dhcp;
use crate::table::{ColumnType, Span, Table};

fn frame(name: &str) -> Result<DataFrame, Error> {
    DataFrame::new(name, Form::default())
}

fn array(batch: &Arc<Batch>, name: &str) -> ArrowArray {
    super::array(&frame(name).unwrap().rows(batch)).unwrap()
}

fn stream(mut source: impl FnMut() -> Result<Option<Arc<Batch>>, Error> + Send + 'static) -> ArrowArrayStream {
    let mut frame = frame("dhcp").unwrap();
    let columns = frame.definitions();
    super::stream(columns, Box::new(move || Ok(source()?.map(|batch| frame.rows(&batch)))))
}

/// Takes a struct over as readers do: the bits move, the old place is marked released.
fn moved<T>(from: &mut T, mark: impl FnOnce(&mut T)) -> T {
    // SAFETY: the original is marked as released before it is dropped, so the copy is the only owner.
    let copy = unsafe { ptr::read(from) };
    mark(from);
    copy
}

fn moved_array(from: &mut ArrowArray) -> ArrowArray {
    moved(from, |shell| shell.release = None)
}

fn child(array: &ArrowArray, index: usize) -> &ArrowArray {
    // SAFETY: a child that is there.
    unsafe { &*child_address(array, index) }
}

fn child_address(array: &ArrowArray, index: usize) -> *mut ArrowArray {
    assert!((index as i64) < array.n_children);
    // SAFETY: within `n_children`.
    unsafe { *array.children.add(index) }
}

fn buffers(array: &ArrowArray) -> &[*const c_void] {
    // SAFETY: `n_buffers` addresses, as the interface says.
    unsafe { slice::from_raw_parts(array.buffers, array.n_buffers as usize) }
}

fn values<T>(array: &ArrowArray) -> &[T] {
    assert_eq!((array.n_buffers, array.null_count, array.offset), (2, 0, 0));
    assert!(buffers(array)[0].is_null());
    // SAFETY: as many values as the array is long.
    unsafe { slice::from_raw_parts(buffers(array)[1].cast(), array.length as usize) }
}

/// Reads a column of views as the format says.
fn texts(array: &ArrowArray) -> Vec<Option<String>> {
    let [validity, views, text, lengths] = *buffers(array) else { panic!("a view array of one buffer") };
    let rows = array.length as usize;
    // SAFETY: as many bits, views and bytes as the interface says.
    let (views, text) = unsafe {
        let length = *lengths.cast::<i64>() as usize;
        (slice::from_raw_parts(views.cast::<[u8; 16]>(), rows), slice::from_raw_parts(text.cast::<u8>(), length))
    };
    // SAFETY: a bitmap of as many bits, where there is one.
    let is_valid =
        |row: usize| validity.is_null() || unsafe { *validity.cast::<u8>().add(row / 8) } >> (row % 8) & 1 == 1;
    let word = |view: &[u8; 16], at: usize| i32::from_ne_bytes(view[at..at + 4].try_into().unwrap());
    let read = |view: &[u8; 16]| {
        let length = word(view, 0) as usize;
        if length <= 12 {
            assert!(view[4 + length..].iter().all(|byte| *byte == 0), "padding is zero");
            return String::from_utf8(view[4..4 + length].to_vec()).unwrap();
        }
        let start = word(view, 12) as usize;
        assert_eq!(word(view, 8), 0);
        assert_eq!(view[4..8], text[start..start + 4]);
        String::from_utf8(text[start..start + length].to_vec()).unwrap()
    };
    let found: Vec<_> = (0..rows).map(|row| is_valid(row).then(|| read(&views[row]))).collect();
    assert_eq!(found.iter().filter(|text| text.is_none()).count(), array.null_count as usize);
    found
}

fn text(pointer: *const c_char) -> &'static str {
    // SAFETY: a C string that the tests use only while its schema lives.
    unsafe { CStr::from_ptr(pointer) }.to_str().unwrap()
}

/// A batch of DHCP messages with these texts as clients and servers.
fn batch_with(text: &str, spans: &[(Span, Span)]) -> Arc<Batch> {
    let mut batch = Batch::default();
    let table = &mut batch.apps.dhcp;
    table.text = text.into();
    for (row, (client, server)) in spans.iter().enumerate() {
        table.push(&dhcp::Row { time_ns: row as i64 + 1, client: *client, server: *server, ..dhcp::Row::EMPTY });
    }
    Arc::new(batch)
}

/// A batch whose DHCP servers are these texts, stored one after the other.
fn batch_of(servers: &[Option<&str>]) -> Arc<Batch> {
    let mut text = String::new();
    let mut spans = Vec::new();
    for server in servers {
        let start = text.len() as u32;
        text += server.unwrap_or_default();
        let span = server.map_or(Span::NONE, |server| Span { start, length: server.len() as u32 });
        spans.push((Span::NONE, span));
    }
    batch_with(&text, &spans)
}

fn column_of(table: &str, column: &str) -> usize {
    let batch = Batch::default();
    batch.table(table).unwrap().definitions().iter().position(|found| found.name == column).unwrap()
}

const LONG: &str = "00:11:22:33:44:55/server.lab.test";

#[test]
fn columns_are_the_vectors_of_the_batch_and_rows_without_text_are_null() {
    let batch = batch_of(&[Some(LONG), None, Some(""), Some("short"), Some("exactly 12 b")]);
    let array = array(&batch, "dhcp");
    assert_eq!((array.length, array.n_children), (5, batch.apps.dhcp.definitions().len() as i64));
    let times = values::<i64>(child(&array, column_of("dhcp", "dhcp.time_ns")));
    assert_eq!(times, [1, 2, 3, 4, 5]);
    assert_eq!(times.as_ptr(), batch.apps.dhcp.time_ns().as_ptr(), "not a copy");
    let servers = child(&array, column_of("dhcp", "dhcp.server"));
    assert_eq!(buffers(servers)[2], batch.apps.dhcp.text.as_ptr().cast(), "not a copy");
    let expected = [Some(LONG), None, Some(""), Some("short"), Some("exactly 12 b")];
    assert_eq!(texts(servers), expected.map(|text| text.map(str::to_owned)));
    let clients = child(&array, column_of("dhcp", "dhcp.client"));
    assert_eq!(texts(clients), [const { None }; 5]);
}

#[test]
fn spans_may_lie_anywhere_and_share_bytes() {
    let span = |start, length| Span { start, length };
    let spans = [(span(20, 0), span(0, 20)), (span(25, 1), span(3, 17)), (Span::NONE, span(25, 5))];
    let batch = batch_with("www.example.lab.test and \u{e9}t\u{e9}", &spans);
    let array = array(&batch, "dhcp");
    let shown = texts(child(&array, column_of("dhcp", "dhcp.server")));
    let expected = ["www.example.lab.test", ".example.lab.test", "\u{e9}t\u{e9}"];
    assert_eq!(shown, expected.map(|text| Some(text.to_owned())));
    let cut = texts(child(&array, column_of("dhcp", "dhcp.client")));
    assert_eq!(cut, [Some(String::new()), None, None], "half a character is no text");
}

#[test]
fn every_table_exports_its_schema_in_the_order_of_its_columns() {
    for name in crate::decode::table_names() {
        let batch = Arc::new(Batch::default());
        let definitions = frame(name).unwrap().definitions();
        let (schema, array) = (schema(&definitions), array(&batch, name));
        assert_eq!((text(schema.format), schema.n_children), ("+s", definitions.len() as i64));
        assert_eq!(array.n_children, schema.n_children);
        for (index, definition) in definitions.iter().enumerate() {
            // SAFETY: within `n_children`.
            let column = unsafe { &**schema.children.add(index) };
            assert_eq!(text(column.name), definition.name);
            assert_eq!(column.flags == 2, definition.kind == ColumnType::Text);
            assert_eq!(text(column.format) == "w:16", definition.kind == ColumnType::Address);
            assert_eq!(text(column.format) == "tsn:UTC", definition.name.ends_with("time_ns"));
            assert_eq!(pairs(column.metadata).last().unwrap().1, definition.meaning);
        }
    }
    let Err(fault) = frame("quic") else { panic!("there is no such table") };
    let names: Vec<_> = crate::decode::table_names().collect();
    assert_eq!(fault.message, format!("there is no table \"quic\"; the tables are {}, xact", names.join(", ")));
}

/// Keys and values of metadata as the format says.
fn pairs(metadata: *const c_char) -> Vec<(String, String)> {
    let mut at = metadata.cast::<u8>();
    // SAFETY: the cursor goes from number to text to number, as the format puts them.
    let number = |at: &mut *const u8| unsafe {
        let number = at.cast::<i32>().read_unaligned();
        *at = at.add(4);
        number as usize
    };
    let text = |at: &mut *const u8| {
        let length = number(at);
        // SAFETY: as above.
        unsafe {
            let bytes = slice::from_raw_parts(*at, length);
            *at = at.add(length);
            String::from_utf8(bytes.to_vec()).unwrap()
        }
    };
    (0..number(&mut at)).map(|_| (text(&mut at), text(&mut at))).collect()
}

#[test]
fn units_and_meanings_are_metadata() {
    let schema = schema(&frame("packet").unwrap().definitions());
    // SAFETY: there is a first column.
    let time = unsafe { &**schema.children };
    let told = pairs(time.metadata);
    assert_eq!(told[0], ("unit".to_owned(), "nanoseconds".to_owned()));
    assert_eq!(told[1], ("meaning".to_owned(), "When the packet was seen, since 1970".to_owned()));
}

#[test]
fn the_batch_lives_until_the_last_array_is_released_and_no_longer() {
    let batch = batch_of(&[Some(LONG)]);
    let watch = Arc::downgrade(&batch);
    let mut exported = array(&batch, "dhcp");
    let second = array(&batch, "dhcp");
    drop(batch);
    let taken = moved_array(&mut exported);
    drop(exported);
    assert!(watch.upgrade().is_some());
    drop(second);
    assert_eq!(texts(child(&taken, column_of("dhcp", "dhcp.server"))), [Some(LONG.to_owned())]);
    drop(taken);
    assert!(watch.upgrade().is_none());
}

#[test]
fn a_child_may_be_taken_and_outlive_its_parent() {
    let batch = batch_of(&[None, Some(LONG)]);
    let watch = Arc::downgrade(&batch);
    let parent = array(&batch, "dhcp");
    drop(batch);
    // SAFETY: nobody else looks at the child meanwhile.
    let servers = moved_array(unsafe { &mut *child_address(&parent, column_of("dhcp", "dhcp.server")) });
    drop(parent);
    assert_eq!(texts(&servers), [None, Some(LONG.to_owned())]);
    drop(servers);
    assert!(watch.upgrade().is_none());
}

#[test]
fn release_marks_the_struct_so_that_dropping_it_again_does_nothing() {
    let batch = batch_of(&[Some(LONG)]);
    let mut array = array(&batch, "dhcp");
    assert_eq!(Arc::strong_count(&batch), 1 + array.n_children as usize);
    // SAFETY: not released yet.
    unsafe { array.release.unwrap()(&mut array) };
    assert!(array.is_released() && array.private_data.is_null());
    drop(array);
    assert_eq!(Arc::strong_count(&batch), 1);
}

fn next(stream: &mut ArrowArrayStream) -> Result<Option<ArrowArray>, String> {
    let mut array = ArrowArray::RELEASED;
    // SAFETY: a stream that is not released, and a place to write to.
    unsafe {
        match stream.get_next.unwrap()(stream, &mut array) {
            0 => Ok((!array.is_released()).then_some(array)),
            _ => Err(text(stream.get_last_error.unwrap()(stream)).to_owned()),
        }
    }
}

#[test]
fn a_stream_gives_the_batches_that_have_rows_then_ends_or_tells_what_went_wrong() {
    let mut answers = vec![
        Err(Error::invalid("the filter makes no sense")),
        Ok(None),
        Ok(Some(batch_of(&[None, None]))),
        Ok(Some(Arc::default())),
        Ok(Some(batch_of(&[Some(LONG)]))),
    ];
    let mut stream = stream(move || answers.pop().unwrap());
    assert_eq!(next(&mut stream).unwrap().unwrap().length, 1);
    assert_eq!(next(&mut stream).unwrap().unwrap().length, 2, "the batch without rows is passed over");
    assert!(next(&mut stream).unwrap().is_none());
    assert_eq!(next(&mut stream).unwrap_err(), "the filter makes no sense");
}

#[test]
fn a_panic_of_the_source_is_an_error_of_the_stream() {
    let mut stream = stream(|| panic!("as a test"));
    assert_eq!(next(&mut stream).unwrap_err(), "reading packets failed for a reason of its own");
}

#[test]
fn releasing_a_stream_drops_its_source_once() {
    let batch = batch_of(&[None]);
    let held = Arc::clone(&batch);
    let mut exported = stream(move || Ok(Some(Arc::clone(&held))));
    let taken = moved(&mut exported, |shell| shell.release = None);
    drop(exported);
    assert_eq!(Arc::strong_count(&batch), 2);
    drop(taken);
    assert_eq!(Arc::strong_count(&batch), 1);
}

#[test]
fn many_threads_read_and_release_arrays_of_one_batch() {
    let batch = batch_of(&[Some(LONG), None, Some("short")]);
    let servers = column_of("dhcp", "dhcp.server");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let exported: Vec<_> = (0..50).map(|_| array(&batch, "dhcp")).collect();
            scope.spawn(move || {
                for array in exported {
                    assert_eq!(texts(child(&array, servers)).len(), 3);
                }
            });
        }
    });
    assert_eq!(Arc::strong_count(&batch), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn texts_come_out_as_they_went_in(servers in proptest::collection::vec(proptest::option::of(".{0,40}"), 0..40)) {
        let given: Vec<Option<&str>> = servers.iter().map(Option::as_deref).collect();
        let array = array(&batch_of(&given), "dhcp");
        prop_assert_eq!(texts(child(&array, column_of("dhcp", "dhcp.server"))), servers);
    }
}
