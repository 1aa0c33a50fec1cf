//! What data frames see beside the columns of the batch.

use super::*;
use crate::decode::app::dns;
use crate::table::PacketRow;

const MILLISECOND_NS: i64 = 1_000_000;

/// A message of a client at port 4711.
fn push(batch: &mut Batch, exchange: u64, time_ns: i64, is_reply: bool) {
    let packet_row = batch.packets.len() as u32;
    batch.packets.push(&PacketRow::EMPTY);
    let bytes = if is_reply { 300 } else { 100 };
    let message = dns::Row { time_ns, packet_row, bytes, exchange, port: 4711, ..dns::Row::EMPTY };
    batch.apps.dns.push(&dns::Row { is_reply: u8::from(is_reply), rcode: 3 * u16::from(is_reply), ..message });
}

fn frame(name: &str, words: Option<Words>, column: &str) -> DataFrame {
    DataFrame::new(name, Form { words: words.map(Arc::new), columns: Some(vec![column.to_owned()]) }).unwrap()
}

fn texts(rows: &Rows) -> Vec<Option<String>> {
    let Column::Text(text) = rows.columns[0].column() else { panic!("no text") };
    (0..rows.length).map(|row| text.get(row).map(|text| String::from_utf8(text.to_vec()).unwrap())).collect()
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

#[test]
fn both_messages_of_an_exchange_have_the_same_client_port() {
    let mut batch = Batch::default();
    push(&mut batch, 1, 0, false);
    push(&mut batch, 1, 1, true);
    let batch = Arc::new(batch);
    let as_text = |column| texts(&frame("dns", Some(Words::new()), column).rows(&batch));
    assert_eq!(as_text("dns.ecs"), [None, None], "no address is no text");
    let rows = frame("dns", None, "dns.client_port").rows(&batch);
    assert!(matches!(rows.columns[0].column(), Column::U16(ports) if ports == [4711; 2]));
}

#[test]
fn numbers_become_words_where_there_are_some() {
    let mut batch = Batch::default();
    push(&mut batch, 1, 0, false);
    push(&mut batch, 1, 1, true);
    let words = Words::from([("dns.rcode".to_owned(), HashMap::from([(3, "NXDOMAIN".to_owned())]))]);
    assert_eq!(texts(&frame("dns", Some(words), "dns.rcode").rows(&Arc::new(batch))), some(&["0", "NXDOMAIN"]));
}

#[test]
fn an_exchange_is_the_row_of_its_answer_also_where_the_question_was_in_the_batch_before() {
    let (mut first, mut second) = (Batch::default(), Batch::default());
    push(&mut first, 1, 0, false);
    push(&mut first, 2, MILLISECOND_NS, false);
    push(&mut first, 3, 2 * MILLISECOND_NS, true);
    push(&mut second, 2, 5 * MILLISECOND_NS, true);
    push(&mut second, 1, 6_000 * MILLISECOND_NS, true);
    let mut times = frame("xact", None, "xact.time_us");
    assert_eq!(times.rows(&Arc::new(first)).length, 0, "an answer without question is none");
    let second = Arc::new(second);
    let rows = times.rows(&second);
    assert!(matches!(rows.columns[0].column(), Column::U64(us) if us == [4_000, 6_000_000]));
    let answers = times.answers.as_ref().unwrap();
    assert!(matches!(answers.column(Field::Outcome), Made::U8(outcomes) if outcomes == [1, 2]));
    assert!(matches!(answers.column(Field::QuestionTime), Made::I64(asked) if asked == [MILLISECOND_NS, 0]));
    assert!(matches!(answers.column(Field::SizeRatio), Made::F64(ratios) if ratios == [3.0, 3.0]));
}

/// Every value of the rows, column by column.
fn values(rows: &Rows) -> Vec<String> {
    let value = |column: Column<'_>, row| match column {
        Column::Text(text) => format!("{:?}", text.get(row)),
        Column::Address(addresses) => format!("{:?}", addresses[row]),
        Column::I64(times) => times[row].to_string(),
        Column::F64(shares) => shares[row].to_string(),
        numbers => numbers.number(row).to_string(),
    };
    let lenders = rows.columns.iter();
    lenders.flat_map(|lender| (0..rows.length).map(move |row| value(lender.column(), row))).collect()
}

/// A batch of one question of that exchange and the answer to that before it, and such a batch that is without rows.
fn some_batches() -> Vec<Arc<Batch>> {
    let batch = |exchange: u64| {
        let mut batch = Batch::default();
        if exchange != 2 {
            push(&mut batch, exchange, exchange as i64 * MILLISECOND_NS, false);
            push(&mut batch, exchange.saturating_sub(1), exchange as i64 * MILLISECOND_NS + 5, true);
        }
        Arc::new(batch)
    };
    (1..5).map(batch).collect()
}

#[test]
fn rows_collected_from_batches_are_those_of_each_of_them_in_order() {
    let names = HashMap::from([(3, "NXDOMAIN".to_owned())]);
    for (table, words) in [("dns", None), ("dns", Some(Words::from([("dns.rcode".to_owned(), names)]))), ("xact", None)]
    {
        let form = || Form { words: words.clone().map(Arc::new), columns: None };
        let (mut one_by_one, mut collected) =
            (DataFrame::new(table, form()).unwrap(), Collected::new(DataFrame::new(table, form()).unwrap()));
        let mut wanted = vec![Vec::new(); collected.definitions().len()];
        for batch in some_batches() {
            let rows = one_by_one.rows(&batch);
            let found = values(&rows);
            wanted.iter_mut().enumerate().for_each(|(at, column)| {
                column.extend_from_slice(&found[at * rows.length..(at + 1) * rows.length]);
            });
            collected.add(&batch);
        }
        assert!(!collected.is_empty());
        assert_eq!(values(&collected.take()), wanted.concat());
        assert_eq!((collected.len(), values(&collected.take())), (0, Vec::new()), "they were handed over");
    }
}

#[test]
fn a_batch_whose_rows_are_collected_is_free_again() {
    let mut collected = Collected::new(DataFrame::new("dns", Form::default()).unwrap());
    let batch = some_batches().remove(0);
    collected.add(&batch);
    assert_eq!((Arc::strong_count(&batch), collected.len()), (1, 2));
}

#[test]
fn what_is_collected_tells_its_bytes() {
    let mut collected = Collected::new(DataFrame::new("dns", Form::default()).unwrap());
    assert_eq!(collected.memory_bytes(), 0);
    let batch = some_batches().remove(0);
    collected.add(&batch);
    let once = collected.memory_bytes();
    assert!(once > 2 * collected.definitions().len(), "{once}");
    collected.add(&batch);
    assert_eq!(collected.memory_bytes(), 2 * once);
    collected.take();
    assert_eq!(collected.memory_bytes(), 0);
}

#[test]
fn a_column_that_is_not_there_is_named() {
    let form = Form { words: None, columns: Some(vec!["dns.qnam".to_owned()]) };
    let Err(fault) = DataFrame::new("dns", form) else { panic!("there is no such column") };
    assert_eq!(fault.message, "the table has no column \"dns.qnam\"");
}
