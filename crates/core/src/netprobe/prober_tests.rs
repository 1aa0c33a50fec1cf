use proptest::prelude::*;

use super::*;

const MS: i64 = 1_000_000;
const PING: Test = Test::Ping { payload_bytes: 48 };

fn timing(probes: u32) -> Timing {
    Timing { interval_ns: 5000 * MS, timeout_ns: 2000 * MS, probes, gap_ns: 25 * MS }
}

fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 0))
}

fn at_address(last: u8) -> Target {
    Target { name: format!("t{last}"), host: Host::Address(address(last).ip()), port: 0, family: None }
}

fn named(family: Option<Family>) -> Target {
    Target { name: "named".into(), host: Host::Name("www.example.com".into()), port: 443, family }
}

fn prober(test: Test, probes: u32, targets: Vec<Target>) -> Prober {
    Prober::new(test, timing(probes), targets, 7, 0)
}

/// All requests that are due by now, taken as sent now.
fn send(prober: &mut Prober, now_ns: i64) -> Vec<Request> {
    let mut sent = Vec::new();
    while let Some(order) = prober.order(now_ns) {
        if let Order::Send(request) = order {
            prober.sent(&request, now_ns);
            sent.push(request);
        }
    }
    sent
}

fn events(prober: &mut Prober) -> Vec<(EventKind, usize, u16)> {
    std::iter::from_fn(|| prober.event()).map(|event| (event.kind, event.target, event.sequence)).collect()
}

#[test]
fn tests_of_all_targets_begin_at_once_and_again_every_interval() {
    let mut prober = prober(PING, 1, vec![at_address(1), at_address(2)]);
    assert_eq!(prober.due_ns(), Some(0));
    let first: Vec<_> = send(&mut prober, 0).iter().map(|request| (request.target, request.address)).collect();
    assert_eq!(first, [(0, address(1)), (1, address(2))]);
    assert_eq!(send(&mut prober, 4999 * MS), []);
    assert_eq!(send(&mut prober, 5000 * MS).len(), 2);
}

#[test]
fn probes_of_a_test_follow_each_other_with_a_gap() {
    let mut prober = prober(PING, 3, vec![at_address(1)]);
    let mut at = Vec::new();
    for now_ms in 0..5000 {
        at.extend(send(&mut prober, now_ms * MS).iter().map(|request| (now_ms, request.sequence)));
    }
    assert_eq!(at, [(0, 0), (25, 1), (50, 2)]);
}

#[test]
fn a_test_begins_only_once_however_late_it_is() {
    let mut prober = prober(PING, 1, vec![at_address(1)]);
    send(&mut prober, 0);
    assert_eq!(send(&mut prober, 61_000 * MS).len(), 1, "the machine slept for a minute");
    assert_eq!(send(&mut prober, 65_999 * MS).len(), 0);
    assert_eq!(send(&mut prober, 66_000 * MS).len(), 1);
}

#[test]
fn an_answer_in_time_is_told_with_its_time_and_how_much_that_differs() {
    let mut prober = prober(PING, 1, vec![at_address(1)]);
    let mut told = Vec::new();
    for (number, response_ms) in [(0, 10), (1, 30), (2, 25)] {
        let [request] = send(&mut prober, number * 5000 * MS)[..] else { panic!("one request") };
        assert!(prober.is_awaited(request.token, request.sequence));
        assert!(!prober.is_awaited(request.token, request.sequence + 1), "an answer to another probe");
        assert!(prober.answered(request.token, (number * 5000 + response_ms) * MS));
        assert!(!prober.answered(request.token, (number * 5000 + response_ms) * MS), "the same answer again");
        told.extend(std::iter::from_fn(|| prober.event()).filter(|event| event.kind == EventKind::Answered));
    }
    let times: Vec<_> = told.iter().map(|event| (event.response_ns / MS, event.jitter_ns.map(|ns| ns / MS))).collect();
    assert_eq!(times, [(10, None), (30, Some(20)), (25, Some(5))]);
    assert_eq!(prober.open(), 0);
}

#[test]
fn a_probe_without_answer_times_out_once_and_is_given_up_later() {
    let mut prober = prober(PING, 1, vec![at_address(1)]);
    send(&mut prober, 0);
    events(&mut prober);
    assert_eq!(prober.due_ns(), Some(2000 * MS));
    prober.order(1999 * MS);
    assert_eq!(events(&mut prober), []);
    prober.order(2000 * MS);
    assert_eq!(events(&mut prober), [(EventKind::TimedOut, 0, 0)]);
    send(&mut prober, 9_999 * MS); // sends the second, which has not timed out yet
    assert_eq!(events(&mut prober), [(EventKind::Sent, 0, 1)]);
    send(&mut prober, 10_000 * MS);
    assert_eq!(events(&mut prober), [(EventKind::GivenUp, 0, 0), (EventKind::Sent, 0, 2)]);
}

#[test]
fn a_late_answer_counts_as_late_also_where_nobody_has_looked_at_the_time_before() {
    for has_looked in [true, false] {
        let mut prober = prober(PING, 1, vec![at_address(1)]);
        let [request] = send(&mut prober, 0)[..] else { panic!("one request") };
        if has_looked {
            prober.order(3000 * MS);
        }
        assert!(prober.answered(request.token, 3000 * MS));
        let kinds: Vec<_> = events(&mut prober).iter().map(|(kind, ..)| *kind).collect();
        assert_eq!(kinds, [EventKind::Sent, EventKind::TimedOut, EventKind::Late]);
    }
}

#[test]
fn a_name_is_looked_up_for_each_test_and_its_first_address_is_probed() {
    let mut prober = prober(Test::Connect, 9, vec![named(None)]);
    for (number, last) in [(0, 1), (1, 2)] {
        let now_ns = number * 5000 * MS;
        assert_eq!(prober.order(now_ns), Some(Order::LookUp { target: 0 }));
        assert_eq!(prober.order(now_ns), None);
        prober.found(0, &[address(last), address(9)], now_ns + MS);
        let sent = send(&mut prober, now_ns + MS);
        assert_eq!(sent.len(), 1, "of connections there is one a test");
        assert_eq!(sent[0].address, SocketAddr::from(([192, 0, 2, last], 443)));
        prober.answered(sent[0].token, now_ns + 2 * MS);
    }
}

#[test]
fn addresses_are_chosen_by_family() {
    let v6: SocketAddr = "[2001:db8::1]:0".parse().unwrap();
    let both = [v6, address(1)];
    assert_eq!(wanted(&both, PING, None), Some(&address(1)), "pings prefer IPv4");
    assert_eq!(wanted(&both, Test::Connect, None), Some(&v6));
    assert_eq!(wanted(&both, PING, Some(Family::V6)), Some(&v6));
    assert_eq!(wanted(&both[..1], PING, None), Some(&v6));
    assert_eq!(wanted(&both[..1], Test::Connect, Some(Family::V4)), None);
}

#[test]
fn a_name_that_is_not_found_or_has_no_fitting_address_is_told_and_nothing_is_sent() {
    for (test, addresses, kind) in [
        (PING, &[][..], EventKind::NameNotFound),
        (PING, &[address(1)], EventKind::NotSent),
        (Test::Connect, &[address(1)], EventKind::NameNotFound),
    ] {
        let mut prober = prober(test, 1, vec![named(Some(Family::V6))]);
        prober.order(0);
        prober.found(0, addresses, MS);
        assert_eq!(send(&mut prober, MS), []);
        assert_eq!(events(&mut prober), [(kind, 0, 0)]);
    }
}

#[test]
fn a_lookup_that_hangs_is_told_for_each_test_and_asked_only_once() {
    for (timeout_ms, failures_by_then) in [(2000, 3), (5000, 2)] {
        let timing = Timing { timeout_ns: timeout_ms * MS, ..timing(1) };
        let mut prober = Prober::new(PING, timing, vec![named(None)], 7, 0);
        assert_eq!(prober.order(0), Some(Order::LookUp { target: 0 }));
        let mut failures = 0;
        for now_ms in (0..15_000).step_by(100) {
            assert_eq!(prober.order(now_ms * MS), None, "the first lookup still goes on");
            failures += events(&mut prober).iter().filter(|(kind, ..)| *kind == EventKind::NameNotFound).count();
        }
        assert_eq!(failures, failures_by_then, "the third of the longer ones lasts until the fourth test");
        prober.order(15_000 * MS); // the fourth test begins
        prober.found(0, &[address(1)], 15_001 * MS);
        assert_eq!(send(&mut prober, 15_001 * MS).len(), 1, "what is found at last is for the test at hand");
    }
}

#[test]
fn what_can_not_be_sent_is_no_attempt_and_a_refused_connection_is_one() {
    let mut prober = prober(Test::Connect, 1, vec![at_address(1), at_address(2)]);
    let Some(Order::Send(first)) = prober.order(0) else { panic!("a request") };
    prober.not_sent(&first, "no socket");
    let Some(Order::Send(second)) = prober.order(0) else { panic!("a request") };
    prober.sent(&second, 0);
    prober.failed(second.token, "refused");
    let told: Vec<_> = std::iter::from_fn(|| prober.event()).map(|event| (event.kind, event.error)).collect();
    let expected = [(EventKind::NotSent, "no socket"), (EventKind::Sent, ""), (EventKind::Failed, "refused")];
    assert_eq!(told, expected.map(|(kind, error)| (kind, error.to_owned())));
    assert_eq!(prober.open(), 0);
}

#[test]
fn a_connection_that_hangs_is_forgotten_when_the_next_one_is_due() {
    let mut prober = prober(Test::Connect, 1, vec![at_address(1)]);
    let Some(Order::Send(request)) = prober.order(0) else { panic!("a request") };
    prober.sent(&request, 0);
    assert_eq!(prober.order(2000 * MS), None);
    assert_eq!(prober.order(5000 * MS), Some(Order::Forget { token: request.token }));
}

/// What may happen next.
#[derive(Debug, Clone)]
enum Next {
    /// So much time passes.
    Pass(i64),
    /// An answer to one of the newest requests, perhaps again.
    Answer(usize),
    /// One of the newest requests fails.
    Fail(usize),
    /// An answer to nobody's request.
    Stray(u64),
    /// The address of a target's name.
    Found(usize, bool),
}

fn next() -> impl Strategy<Value = Next> {
    prop_oneof![
        4 => (0..4000_i64).prop_map(|ms| Next::Pass(ms * MS)),
        4 => (0..6_usize).prop_map(Next::Answer),
        1 => (0..6_usize).prop_map(Next::Fail),
        1 => any::<u64>().prop_map(Next::Stray),
        2 => (0..3_usize, any::<bool>()).prop_map(|(target, is_found)| Next::Found(target, is_found)),
    ]
}

proptest! {
    #[test]
    fn whatever_comes_in_whatever_order_each_probe_is_accounted_for(
        steps in prop::collection::vec(next(), 0..120), probes in 1..5_u32, is_ping: bool, refuses: bool,
    ) {
        let test = if is_ping { PING } else { Test::Connect };
        let mut prober = prober(test, probes, vec![at_address(1), named(None), at_address(2)]);
        let (mut now_ns, mut requests, mut counts) = (0, Vec::new(), [0_usize; 8]);
        for step in steps {
            let newest = |back: usize| requests.iter().rev().nth(back).map(|request: &Request| request.token);
            match step {
                Next::Pass(ns) => now_ns += ns,
                Next::Answer(back) => {
                    let _is_awaited = newest(back).is_some_and(|token| prober.answered(token, now_ns));
                }
                Next::Fail(back) => newest(back).into_iter().for_each(|token| prober.failed(token, "refused")),
                Next::Stray(token) => prop_assert!(!prober.answered(token & !TOKEN_BIT, now_ns)),
                Next::Found(target, is_found) => prober.found(target, &[address(9)][..usize::from(is_found)], now_ns),
            }
            while let Some(order) = prober.order(now_ns) {
                match order {
                    Order::Send(request) if refuses && request.sequence % 3 == 1 => prober.not_sent(&request, "no"),
                    Order::Send(request) => { prober.sent(&request, now_ns); requests.push(request); }
                    Order::LookUp { .. } | Order::Forget { .. } => {}
                }
            }
            while let Some(event) = prober.event() {
                counts[event.kind as usize] += 1;
                prop_assert!(event.response_ns >= 0);
            }
            let [sent, answered, timed_out, late, given_up, failed, ..] = counts;
            prop_assert_eq!(sent, requests.len());
            let late_open = timed_out - late - given_up;
            prop_assert_eq!(sent, answered + timed_out + failed + prober.open() - late_open);
            prop_assert!(prober.due_ns().is_some_and(|due_ns| due_ns > now_ns), "all that is due is done");
        }
    }
}
