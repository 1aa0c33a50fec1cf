//! Top lists of several values that count as one item: names that fail with who asks for them, and how they end.

use std::sync::Arc;

use serde_json::{Value, json};

use super::compile;
use crate::decode::Batch;
use crate::decode::app::dns;
use crate::engine::{Policy, PolicyConfig};
use crate::metric::{Shape, TopItems};
use crate::table::{Address, PacketRow, Span};
use crate::window::NANOSECONDS;

const NXDOMAIN: u16 = 3;

/// A question, or an answer with this code.
#[derive(Clone, Copy)]
struct Said {
    second: i64,
    name: &'static str,
    rcode: Option<u16>,
    exchange: u64,
}

fn asked(second: i64, name: &'static str, exchange: u64) -> Said {
    Said { second, name, rcode: None, exchange }
}

fn answered(second: i64, name: &'static str, exchange: u64, rcode: u16) -> Said {
    Said { second, name, rcode: Some(rcode), exchange }
}

fn address(last: u8) -> Address {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, last]
}

/// Who asks has the number of the exchange in its address.
fn batch(said: &[Said]) -> Batch {
    let mut batch = Batch::default();
    for (row, one) in said.iter().enumerate() {
        let (time_ns, packet_row) = (one.second * NANOSECONDS, row as u32);
        batch.packets.push(&PacketRow { time_ns, ..PacketRow::EMPTY });
        let table = &mut batch.apps.dns;
        let qname = Span { start: table.text.len() as u32, length: one.name.len() as u32 };
        table.text.extend_from_slice(one.name.as_bytes());
        let (is_reply, rcode) = (u8::from(one.rcode.is_some()), one.rcode.unwrap_or(0));
        let exchange = one.exchange;
        table.push(&dns::Row { time_ns, packet_row, qname, is_reply, rcode, exchange, ..dns::Row::EMPTY });
        table.set_ends(row, address(one.exchange as u8), address(200));
    }
    batch
}

fn handler() -> Value {
    let parts = |of: &[&str]| json!({"label": "parts", "of": of});
    let in_time = json!(["eq", "xact.outcome", 1]);
    let failed = json!(["and", in_time, ["eq", "dns.rcode", NXDOMAIN]]);
    let known = json!(["and", in_time, ["listed", "dns.qname", 0, 10]]);
    let purged = |item: Value| json!({"mask": 0, "value": 0, "item": item});
    let list = |column: Value, rows: &Value, item: Value| json!({"kind": "top", "feeds": [{"where": rows, "column": column}], "purged": purged(item)});
    let question = ["dns.qname", "dns.client", "dns.server"];
    json!({
        "table": "dns",
        "exchanges": {"key": "dns.exchange", "is_reply": "dns.is_reply", "bytes": "dns.bytes", "ttl_ms": 5000, "text": question},
        "metrics": [
            list(parts(&["dns.qname", "dns.rcode"]), &failed, json!({"parts": [0], "word": "TIMEOUT"})),
            list(parts(&["dns.qname", "dns.rcode"]), &known, json!({"parts": [0], "word": "TIMEOUT"})),
            list(parts(&["dns.qname", "dns.client"]), &failed, json!({"parts": [0, 1]})),
            list(parts(&["dns.qname", "dns.server"]), &failed, json!({"parts": [0, 2]})),
        ],
    })
}

const FAILING: usize = 0;
const RESULTS: usize = 1;
const CLIENTS: usize = 2;
const SERVERS: usize = 3;

fn policy() -> Arc<Policy> {
    let plan = compile(&json!({"handlers": [handler()]}).to_string()).unwrap();
    Arc::new(Policy::new(plan, PolicyConfig { periods: 5, seed: 1, ..PolicyConfig::default() }))
}

/// The items of a list with their counts.
fn items(policy: &Policy, back: usize, metric: usize) -> Vec<(String, u64)> {
    let window = policy.read(back, back).unwrap();
    let Shape::Items(_, TopItems::Frequent(list)) = window.state.metrics[metric].shape() else { panic!("no list") };
    let text = |item: &[u8]| String::from_utf8(item.to_vec()).unwrap();
    list.top(100).iter().map(|entry| (text(entry.item), entry.estimate)).collect()
}

fn counted(items: &[(&str, u64)]) -> Vec<(String, u64)> {
    items.iter().map(|(item, count)| ((*item).to_owned(), *count)).collect()
}

#[test]
fn names_that_fail_are_listed_with_who_asks_and_who_says_so() {
    let policy = policy();
    let said = [asked(0, "a", 1), answered(0, "a", 1, NXDOMAIN), asked(1, "a", 2), answered(1, "a", 2, 0)];
    policy.worker(0, false).process(&batch(&said));
    assert_eq!(items(&policy, 0, FAILING), counted(&[("a 3", 1)]));
    assert_eq!(items(&policy, 0, CLIENTS), counted(&[("a 10.0.0.1", 1)]));
    assert_eq!(items(&policy, 0, SERVERS), counted(&[("a 10.0.0.200", 1)]));
}

#[test]
fn a_question_that_nobody_answers_counts_when_its_window_has_ended() {
    let policy = policy();
    policy.worker(0, false).process(&batch(&[asked(0, "a", 1), asked(59, "b", 2), asked(61, "c", 3)]));
    assert_eq!(items(&policy, 1, FAILING), []);
    assert_eq!(items(&policy, 0, FAILING), counted(&[("a TIMEOUT", 1)]), "the others wait still");
    assert_eq!(items(&policy, 0, CLIENTS), counted(&[("a 10.0.0.1", 1)]));
    assert_eq!(items(&policy, 0, SERVERS), counted(&[("a 10.0.0.200", 1)]));
}

#[test]
fn all_results_are_counted_of_the_names_that_failed_in_the_window_before() {
    let policy = policy();
    let mut said = vec![asked(0, "a", 1), answered(0, "a", 1, NXDOMAIN), asked(0, "lost", 2)];
    for second in [61, 62] {
        for name in ["a", "fine", "lost"] {
            said.extend([asked(second, name, 9), answered(second, name, 9, 0)]);
        }
    }
    said.extend([asked(121, "lost", 9), answered(121, "lost", 9, 0)]);
    policy.worker(0, false).process(&batch(&said));
    assert_eq!(items(&policy, 2, RESULTS), [], "no window was before it");
    assert_eq!(items(&policy, 1, RESULTS), counted(&[("a 0", 2), ("lost TIMEOUT", 1)]));
    assert_eq!(items(&policy, 0, RESULTS), counted(&[("lost 0", 1)]), "it timed out in the window before");
}

#[test]
fn questions_whose_text_had_to_go_are_counted() {
    let policy = policy();
    let mut worker = policy.worker(0, false);
    let many = 140_000;
    for first in (0..many).step_by(1_000) {
        let said: Vec<Said> = (first..first + 1_000).map(|exchange| asked(0, "a", exchange)).collect();
        worker.process(&batch(&said));
    }
    worker.process(&batch(&[asked(61, "b", many)]));
    let ((name, listed), evicted) =
        (items(&policy, 0, FAILING)[0].clone(), policy.read(0, 0).unwrap().state.ledger.evicted);
    assert_eq!((name.as_str(), listed + evicted.transactions), ("a TIMEOUT", many));
    assert!(evicted.transactions > 0, "131,072 texts are kept");
}

#[test]
fn what_makes_no_sense_of_a_list_is_said_in_a_sentence() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut handler = handler();
        change(&mut handler);
        compile(&json!({"handlers": [handler]}).to_string()).unwrap_err().message
    };
    let no_text = with(&|handler| handler["exchanges"]["text"] = Value::Null);
    assert!(no_text.contains("needs an item, and exchanges with its parts"), "{no_text}");
    let no_item = with(&|handler| handler["metrics"][0]["purged"]["item"] = Value::Null);
    assert!(no_item.contains("needs an item, and exchanges with its parts"), "{no_item}");
    let no_list = with(&|handler| {
        handler["metrics"][0] = json!({"kind": "top", "feeds": [{"column": "dns.rcode"}]});
    });
    assert!(no_list.contains("'listed' takes a column of texts, and a top list of texts"), "{no_list}");
    let number = with(&|handler| handler["exchanges"]["text"] = json!(["dns.rcode"]));
    assert!(number.contains("is of type u16, not text"), "{number}");
    let nothing = with(&|handler| handler["exchanges"]["text"] = json!([]));
    assert!(nothing.contains("a column of texts, and perhaps addresses"), "{nothing}");
    let missing = with(&|handler| handler["exchanges"]["text"] = json!(["dns.qname", "dns.client"]));
    assert!(missing.contains("exchanges with its parts"), "{missing}");
    let part = with(&|handler| handler["metrics"][1]["feeds"][0]["column"]["of"] = json!(["dns.qname", "dns.bytes"]));
    assert!(part.contains("column 'dns.bytes' of type u32 can't be part of a text"), "{part}");
}
