use std::collections::HashMap;

use super::*;
use proptest::prelude::*;

const MS: i64 = 1_000_000;

/// One message: key, time, whether it answers, bytes, flags.
type Message = (u64, i64, bool, u32, u8);

/// A tracker, fed message by message or batch by batch.
struct Story {
    tracker: Tracker,
    out: Exchanges,
    /// Of the messages to come.
    pairing: u8,
    subject: Option<u32>,
}

impl Story {
    fn new(ttl_ms: u64) -> Self {
        Self::with(TrackerConfig { ttl_ms, ..TrackerConfig::default() })
    }

    fn with(config: TrackerConfig) -> Self {
        Self { tracker: Tracker::new(config), out: Exchanges::default(), pairing: 0, subject: None }
    }

    fn batch(&mut self, messages: &[Message]) -> &Exchanges {
        let key: Vec<_> = messages.iter().map(|message| message.0).collect();
        let time_ns: Vec<_> = messages.iter().map(|message| message.1).collect();
        let is_reply: Vec<_> = messages.iter().map(|message| u8::from(message.2)).collect();
        let bytes: Vec<_> = messages.iter().map(|message| message.3).collect();
        let flags: Vec<_> = messages.iter().map(|message| message.4).collect();
        let note: Vec<_> = bytes.iter().map(|bytes| bytes * 2).collect();
        let pairing = vec![self.pairing; messages.len()];
        let subject = self.subject.map(|subject| vec![subject; messages.len()]);
        let columns = Messages {
            key: &key,
            time_ns: &time_ns,
            is_reply: &is_reply,
            bytes: &bytes,
            flags: &flags,
            note: Some(&note),
            pairing: Some(&pairing),
            subject: subject.as_deref(),
        };
        self.tracker.observe(&columns, 0..messages.len(), &mut self.out);
        &self.out
    }

    fn ask(&mut self, key: u64, time_ns: i64) {
        self.batch(&[(key, time_ns, false, 40, 3)]);
    }

    /// Outcome and elapsed time of an answer.
    fn answer(&mut self, key: u64, time_ns: i64) -> (u8, u64) {
        let out = self.batch(&[(key, time_ns, true, 80, 0)]);
        (out.outcome[0], out.elapsed_us[0])
    }
}

const ANSWERED: u8 = Outcome::Answered as u8;
const LATE: u8 = Outcome::Late as u8;
const ORPHAN: u8 = Outcome::Orphan as u8;

#[test]
fn an_answer_finds_its_question_and_what_was_kept_with_it() {
    let mut story = Story::new(5_000);
    let out = story.batch(&[(1, 0, false, 40, 3), (2, 0, false, 50, 4), (2, 1_999, true, 80, 9), (3, 0, true, 9, 9)]);
    assert_eq!(out.outcome, [0, 0, ANSWERED, ORPHAN]);
    assert_eq!(out.elapsed_us, [0, 0, 1, 0]);
    assert_eq!(out.question_bytes, [0, 0, 50, 0]);
    assert_eq!(out.question_flags, [0, 0, 4, 0]);
    assert_eq!(out.question_note, [0, 0, 100, 0]);
    assert_eq!(story.tracker.open(), 1);
}

#[test]
fn an_answer_counts_once() {
    let mut story = Story::new(5_000);
    story.ask(1, 0);
    assert_eq!(story.answer(1, MS), (ANSWERED, 1_000));
    assert_eq!(story.answer(1, MS), (ORPHAN, 0));
}

const NOTHING: u8 = Outcome::None as u8;
const CONTINUED: u8 = Outcome::Continued as u8;
const REPEATED: u8 = Outcome::Repeated as u8;

#[test]
fn a_question_asked_again_is_the_first_one_still() {
    let mut story = Story { subject: Some(7), ..Story::new(5_000) };
    let again: Vec<Message> = [0, 1_000, 2_000].map(|ms| (1, ms * MS, false, 40 + ms as u32, 3)).to_vec();
    assert_eq!(story.batch(&again).outcome, [0, REPEATED, REPEATED]);
    let out = story.batch(&[(1, 2_030 * MS, true, 80, 0)]);
    assert_eq!((out.outcome[0], out.elapsed_us[0], out.question_bytes[0]), (ANSWERED, 2_030_000, 40));
    assert_eq!(story.batch(&[(2, 0, false, 40, 0)]).outcome, [NOTHING], "rows are cleared");
}

#[test]
fn another_question_under_the_same_key_is_new_and_the_first_one_has_no_answer() {
    let mut story = Story { subject: Some(7), ..Story::new(5_000) };
    story.ask(1, 0);
    story.subject = Some(8);
    story.ask(1, 1_000 * MS);
    assert_eq!(story.out.outcome, [NOTHING]);
    assert_eq!(story.answer(1, 1_500 * MS), (ANSWERED, 500_000));
    let mut flags = Vec::new();
    assert_eq!((story.tracker.purge(1_500 * MS, |flag, _| flags.push(flag)), flags), (1, vec![3]));
}

#[test]
fn a_question_asked_again_too_late_is_new_and_the_first_one_has_timed_out() {
    let mut story = Story { subject: Some(7), ..Story::new(5_000) };
    story.ask(1, 0);
    story.ask(1, 5_000 * MS);
    assert_eq!(story.answer(1, 5_010 * MS), (ANSWERED, 10_000));
    assert_eq!(story.tracker.purge(5_010 * MS, |_, _| {}), 1);
}

#[test]
fn a_repetition_is_known_among_those_asked_long_before() {
    let mut story =
        Story { subject: Some(7), ..Story::with(TrackerConfig { capacity: 2, ..TrackerConfig::default() }) };
    (1..=3).for_each(|key| story.ask(key, key as i64 * MS));
    story.ask(1, 10 * MS);
    assert_eq!(story.out.outcome, [REPEATED], "it was of the old generation");
    assert_eq!(story.answer(1, 21 * MS), (ANSWERED, 20_000));
}

#[test]
fn an_answer_of_several_messages_counts_once_and_goes_on_while_it_comes() {
    let mut story = Story { pairing: MANY_ANSWERS, ..Story::new(5_000) };
    story.ask(1, 0);
    story.pairing = 0;
    assert_eq!(story.answer(1, 1_000 * MS), (ANSWERED, 1_000_000));
    for second in [4, 8, 12] {
        assert_eq!(story.answer(1, second * 1_000 * MS), (CONTINUED, 0), "{second}");
        assert_eq!(story.tracker.purge(second * 1_000 * MS, |_, _| {}), 0);
    }
    assert_eq!((story.tracker.purge(30_000 * MS, |_, _| {}), story.tracker.open()), (0, 0), "it was answered");
    assert_eq!(story.answer(1, 30_000 * MS).0, ORPHAN);
}

#[test]
fn a_question_to_whoever_is_there_need_not_be_answered_and_may_be_by_several() {
    let mut story = Story { pairing: MANY_ANSWERS | OPTIONAL, ..Story::new(5_000) };
    story.ask(1, 0);
    story.ask(2, 0);
    story.pairing = OPTIONAL;
    assert_eq!(story.answer(1, MS), (ANSWERED, 1_000));
    assert_eq!(story.answer(1, 2 * MS).0, CONTINUED);
    assert_eq!(story.answer(2, 6_000 * MS).0, NOTHING, "too late for an answer, but nobody waited");
    assert_eq!(story.answer(3, MS).0, NOTHING, "nobody was seen to ask");
    assert_eq!((story.tracker.purge(60_000 * MS, |_, _| {}), story.tracker.open()), (0, 0));
}

#[test]
fn what_has_no_counterpart_is_left_alone() {
    let mut story = Story { pairing: ALONE, ..Story::new(5_000) };
    story.ask(1, 0);
    assert_eq!((story.answer(1, MS).0, story.tracker.open()), (NOTHING, 0));
}

#[test]
fn without_knowing_what_is_asked_a_question_asked_again_starts_again() {
    let mut story = Story::new(5_000);
    story.ask(1, 0);
    story.ask(1, 4_000 * MS);
    assert_eq!(story.answer(1, 6_000 * MS), (ANSWERED, 2_000_000));
    assert_eq!(story.tracker.open(), 0);
}

#[test]
fn an_answer_before_its_question_is_taken_as_if_after() {
    let mut story = Story::new(5_000);
    story.ask(1, 10 * MS);
    assert_eq!(story.answer(1, 3 * MS), (ANSWERED, 7_000));
}

#[test]
fn the_time_to_live_is_counted_in_whole_milliseconds() {
    for ttl_ms in [400, 1_000, 1_500, 5_000] {
        let ttl_ns = ttl_ms as i64 * MS;
        let mut story = Story::new(ttl_ms);
        story.ask(1, 77);
        story.ask(2, 77);
        assert_eq!(story.answer(1, 77 + ttl_ns - 1).0, ANSWERED, "{ttl_ms}");
        assert_eq!(story.answer(2, 77 + ttl_ns).0, LATE, "{ttl_ms}");
        assert_eq!(story.answer(2, 77 + ttl_ns).0, ORPHAN, "{ttl_ms}");
    }
}

#[test]
fn a_purge_counts_whole_seconds_and_tells_the_flags() {
    let mut story = Story::new(5_900);
    story.batch(&[(1, 999 * MS, false, 40, 1), (2, 1_000 * MS, false, 40, 2), (3, 3_000 * MS, false, 40, 3)]);
    let mut flags = Vec::new();
    assert_eq!(story.tracker.purge(6_500 * MS, |flag, _| flags.push(flag)), 2);
    flags.sort_unstable();
    assert_eq!(flags, [1, 2]);
    assert_eq!(story.answer(1, 6_501 * MS).0, ORPHAN);
    assert_eq!(story.answer(3, 6_501 * MS).0, ANSWERED);
}

#[test]
fn a_purge_leaves_nothing_when_the_time_to_live_is_a_second_or_less() {
    let mut story = Story::new(1_000);
    story.ask(1, 10_000 * MS);
    assert_eq!(story.tracker.purge(10_000 * MS, |_, _| {}), 1);
}

#[test]
fn rows_that_are_not_selected_are_passed_over() {
    let mut tracker = Tracker::new(TrackerConfig::default());
    let mut out = Exchanges::default();
    let messages = Messages {
        key: &[1, 1, 2],
        time_ns: &[0, MS, MS],
        is_reply: &[0, 1, 1],
        bytes: &[1, 2, 3],
        flags: &[0, 0, 0],
        note: None,
        pairing: None,
        subject: None,
    };
    tracker.observe(&messages, [0, 2], &mut out);
    assert_eq!(out.outcome, [0, 0, ORPHAN]);
    assert_eq!((out.question_note.len(), tracker.open()), (0, 1));
}

#[test]
fn an_idle_tracker_is_tiny_and_one_after_a_flood_gets_small_again() {
    let mut story = Story::with(TrackerConfig { capacity: 50_000, ..TrackerConfig::default() });
    assert_eq!(story.tracker.memory_bytes(), 0);
    story.ask(1, 0);
    assert!(story.tracker.memory_bytes() <= 32 * 1024);
    let flood: Vec<Message> = (0..200_000).map(|key| (key, key as i64, false, 40, 0)).collect();
    story.batch(&flood);
    assert_eq!(story.tracker.evicted(), 100_000);
    assert!(story.tracker.memory_bytes() <= 2 * 4 * 1024 * 1024);
    for minute in 1..12 {
        story.tracker.purge(minute * 60_000 * MS, |_, _| {});
        story.ask(1, minute * 60_000 * MS);
    }
    assert!(story.tracker.memory_bytes() <= 128 * 1024, "{}", story.tracker.memory_bytes());
}

#[test]
fn under_a_flood_recent_questions_still_find_their_answers() {
    let mut story = Story::with(TrackerConfig { capacity: 1_000, ..TrackerConfig::default() });
    for at in 0..20_000_u64 {
        story.ask(at, at as i64);
        if at >= 450 {
            assert_eq!(story.answer(at - 450, at as i64).0, ANSWERED);
            story.ask(at - 450, at as i64);
        }
    }
    assert!(story.tracker.open() <= 2_000);
}

#[test]
fn what_is_pushed_out_past_its_time_counts_at_the_next_purge() {
    let mut story = Story::with(TrackerConfig { capacity: 10, ..TrackerConfig::default() });
    let ask = |key: u64| (key, key as i64 * 1_000 * MS, false, 40, key as u8);
    story.batch(&(0..30).map(ask).collect::<Vec<_>>());
    assert_eq!((story.tracker.evicted(), story.tracker.expired(), story.tracker.open()), (0, 10, 20));
    let mut flags = Vec::new();
    assert_eq!(story.tracker.purge(30_000 * MS, |flag, _| flags.push(flag)), 26);
    flags.sort_unstable();
    assert_eq!(flags, (0..26).collect::<Vec<u8>>());
}

/// The rules once more, with a plain map and without bounds.
#[derive(Default)]
struct Model {
    open: HashMap<u64, Message>,
}

impl Model {
    fn observe(&mut self, message: &Message, ttl_ms: u64) -> (u8, u64, u32, u8) {
        if !message.2 {
            self.open.insert(message.0, *message);
            return (0, 0, 0, 0);
        }
        let Some(question) = self.open.remove(&message.0) else { return (ORPHAN, 0, 0, 0) };
        let elapsed_ns = (message.1 - question.1).unsigned_abs();
        let (seconds, milliseconds) = (elapsed_ns / 1_000_000_000, elapsed_ns / 1_000_000 % 1_000);
        let (ttl_seconds, ttl_rest) = if ttl_ms > 1_000 { (ttl_ms / 1_000, ttl_ms % 1_000) } else { (0, ttl_ms) };
        let late = seconds > ttl_seconds || seconds == ttl_seconds && milliseconds >= ttl_rest;
        (if late { LATE } else { ANSWERED }, elapsed_ns / 1_000, question.3, question.4)
    }

    fn purge(&mut self, now_ns: i64, ttl_ms: u64) -> Vec<u8> {
        let ttl_seconds = if ttl_ms > 1_000 { ttl_ms as i64 / 1_000 } else { i64::MIN / 2 };
        let over = |question: &Message| now_ns / 1_000_000_000 >= question.1 / 1_000_000_000 + ttl_seconds;
        let mut flags: Vec<_> = self.open.values().filter(|question| over(question)).map(|it| it.4).collect();
        self.open.retain(|_, question| !over(question));
        flags.sort_unstable();
        flags
    }
}

fn any_message(keys: u64) -> impl Strategy<Value = (u64, i64, bool, u32, u8)> {
    (0..keys, 0_i64..400, any::<bool>(), 1_u32..1_000, any::<u8>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_tracker_does_what_a_plain_map_does(
        batches in prop::collection::vec(prop::collection::vec(any_message(60), 0..80), 1..12),
        ttl_ms in prop_oneof![Just(500_u64), Just(1_000), Just(2_500), Just(5_000)],
        seed: u64,
    ) {
        let mut story = Story::with(TrackerConfig { ttl_ms, seed, ..TrackerConfig::default() });
        let mut model = Model::default();
        let mut now_ns = 0;
        for mut batch in batches {
            for message in &mut batch {
                now_ns += message.1 * MS;
                message.1 = now_ns;
            }
            let expected: Vec<_> = batch.iter().map(|message| model.observe(message, ttl_ms)).collect();
            let out = story.batch(&batch);
            for (row, expected) in expected.iter().enumerate() {
                let got = (out.outcome[row], out.elapsed_us[row], out.question_bytes[row], out.question_flags[row]);
                prop_assert_eq!(&got, expected);
                prop_assert_eq!(out.question_note[row], 2 * expected.2);
            }
            let mut flags = Vec::new();
            let count = story.tracker.purge(now_ns, |flag, _| flags.push(flag));
            flags.sort_unstable();
            prop_assert_eq!(count, flags.len() as u64);
            prop_assert_eq!(flags, model.purge(now_ns, ttl_ms));
            prop_assert_eq!(story.tracker.open(), model.open.len());
        }
    }

    #[test]
    fn with_little_room_every_question_is_still_accounted_for(
        messages in prop::collection::vec(any_message(500), 0..600),
        capacity in 1_usize..100,
        seed: u64,
    ) {
        let mut story = Story::with(TrackerConfig { capacity, seed, ..TrackerConfig::default() });
        let mut now_ns = 0;
        let (mut closed, mut asked) = (0, 0);
        // Every key is asked once only, so that nothing is overwritten.
        for (at, (key, pause, reply, ..)) in messages.into_iter().enumerate() {
            now_ns += pause * MS;
            if reply {
                closed += usize::from(story.answer(key, now_ns).0 != ORPHAN);
            } else {
                story.ask(at as u64, now_ns);
                asked += 1;
            }
            prop_assert!(story.tracker.open() <= 2 * capacity);
        }
        let lost = (story.tracker.evicted() + story.tracker.expired()) as usize;
        prop_assert_eq!(asked, closed + lost + story.tracker.open());
        let expired = story.tracker.expired() as usize;
        let open = story.tracker.open();
        prop_assert_eq!(story.tracker.purge(now_ns + 60_000 * MS, |_, _| {}) as usize, open + expired);
        prop_assert_eq!(story.tracker.purge(now_ns + 60_000 * MS, |_, _| {}), 0);
    }

    /// A table of few slots and many removals, where clusters wrap around its end.
    #[test]
    fn removal_never_hides_another_question(
        steps in prop::collection::vec((0_u64..40, any::<bool>()), 0..400),
        seed: u64,
    ) {
        let mut table = Table::new(40, seed);
        table.reserve_all();
        let mut model = HashMap::new();
        for (at, (key, put)) in steps.into_iter().enumerate() {
            let hash = Table::hash(seed, key);
            if put {
                let put = table.put(hash, Question::new(key, at as i64, 0, 0, 0));
                prop_assert!(!matches!(put, Put::Full));
                model.insert(key, at as i64);
            } else {
                prop_assert_eq!(table.take(hash, key).map(|it| it.time_ns), model.remove(&key));
            }
            prop_assert_eq!(table.len(), model.len());
        }
        let mut visited = 0;
        let before = table.len();
        table.remove_if(|question| {
            visited += usize::from(question.key % 2 == 1);
            question.key % 2 == 1
        });
        prop_assert_eq!(before - table.len(), visited);
        model.retain(|key, _| key % 2 == 0);
        for (key, time_ns) in model {
            prop_assert_eq!(table.take(Table::hash(seed, key), key).map(|it| it.time_ns), Some(time_ns));
        }
        prop_assert_eq!(table.len(), 0);
    }
}
