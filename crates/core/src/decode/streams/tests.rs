use super::*;
use proptest::prelude::*;

const SECOND: i64 = 1_000_000_000;
const PROTOCOL: Protocol = Protocol { number: 4, framing: DNS_FRAMING };

/// A DNS query header (one question) and a body, with its length prefix: `mark` tells messages apart.
fn message(mark: u16, length: usize) -> Vec<u8> {
    let mut bytes = vec![0xff; length + 2];
    bytes[..2].copy_from_slice(&(length as u16).to_be_bytes());
    bytes[2..4].copy_from_slice(&mark.to_be_bytes());
    bytes[4..14].copy_from_slice(&[1, 0, 0, u8::from(length >= 17), 0, 0, 0, 0, 0, 0]);
    bytes
}

fn messages(lengths: &[usize]) -> Vec<Vec<u8>> {
    lengths.iter().enumerate().map(|(mark, length)| message(mark as u16, *length)).collect()
}

/// A table and what came out of it.
struct Story {
    table: StreamTable,
    ledger: Ledger,
    got: Vec<Vec<u8>>,
    time_ns: i64,
}

impl Story {
    fn new() -> Self {
        Self::with(StreamLimits::default())
    }

    fn with(limits: StreamLimits) -> Self {
        Self { table: StreamTable::new(limits, 7), ledger: Ledger::default(), got: Vec::new(), time_ns: SECOND }
    }

    fn segment(&self, sequence: u32, payload: &'static [u8]) -> Segment<'static> {
        Segment { payload, payload_wire_bytes: payload.len() as u32, ..self.bare(sequence) }
    }

    fn bare(&self, sequence: u32) -> Segment<'static> {
        Segment {
            flow: 1,
            side: 0,
            sequence,
            syn: false,
            fin: false,
            rst: false,
            payload: &[],
            payload_wire_bytes: 0,
            time_ns: self.time_ns,
            packet: &PacketRow::EMPTY,
        }
    }

    fn push(&mut self, segment: Segment<'_>) {
        let got = &mut self.got;
        self.table.push(&segment, PROTOCOL, &mut |cut| got.push(cut.bytes.to_vec()), &mut self.ledger);
    }

    /// Time passes without segments.
    fn wait(&mut self, seconds: i64) {
        self.time_ns += seconds * SECOND;
        let got = &mut self.got;
        self.table.expire(self.time_ns, &mut |cut| got.push(cut.bytes.to_vec()), &mut self.ledger);
    }

    /// The capture ends.
    fn end(&mut self) {
        let got = &mut self.got;
        self.table.expire(i64::MAX, &mut |cut| got.push(cut.bytes.to_vec()), &mut self.ledger);
    }

    fn syn(&mut self, sequence: u32) {
        self.push(Segment { syn: true, ..self.bare(sequence) });
    }

    fn data(&mut self, sequence: u32, payload: &[u8]) {
        let bare = self.bare(sequence);
        self.push(Segment { payload, payload_wire_bytes: payload.len() as u32, ..bare });
    }

    /// The marks of the messages delivered since the last call.
    fn marks(&mut self) -> Vec<u16> {
        self.got.drain(..).map(|message| u16::from_be_bytes([message[0], message[1]])).collect()
    }
}

#[test]
fn several_messages_in_one_segment_come_out_whole() {
    let mut story = Story::new();
    let sent = messages(&[12, 40, 17]);
    story.data(100, &sent.concat());
    let expected: Vec<_> = sent.iter().map(|message| message[2..].to_vec()).collect();
    assert_eq!(story.got, expected);
}

#[test]
fn a_message_may_be_cut_anywhere_even_inside_its_prefix() {
    for size in 1..20 {
        let mut story = Story::new();
        story.syn(99);
        let sent = messages(&[30, 12, 50]).concat();
        let mut sequence = 100;
        for piece in sent.chunks(size) {
            story.data(sequence, piece);
            sequence += piece.len() as u32;
        }
        assert_eq!(story.marks(), [0, 1, 2], "pieces of {size}");
        assert_eq!(story.ledger, Ledger::default());
    }
}

#[test]
fn the_longest_message_that_dns_allows_is_put_together() {
    let mut story = Story::new();
    let sent = message(3, 65_535);
    for (at, piece) in sent.chunks(1448).enumerate() {
        story.data(at as u32 * 1448, piece);
    }
    assert_eq!(story.got, [&sent[2..]]);
}

#[test]
fn segments_out_of_order_are_put_in_order() {
    let mut story = Story::new();
    let sent = messages(&[20, 20, 20]);
    story.syn(99);
    story.data(100 + 44, &sent[2]);
    story.data(100 + 22, &sent[1]);
    assert_eq!(story.got.len(), 0);
    story.data(100, &sent[0]);
    assert_eq!(story.marks(), [0, 1, 2]);
}

#[test]
fn a_retransmission_counts_once_and_its_new_tail_is_read() {
    let mut story = Story::new();
    let sent = messages(&[20, 20]);
    story.data(100, &sent[0]);
    story.data(100, &sent[0]);
    story.data(100, &sent.concat());
    story.data(121, &[sent[0][21]]);
    assert_eq!(story.marks(), [0, 1]);
}

#[test]
fn of_two_versions_of_a_byte_the_first_seen_wins() {
    let mut story = Story::new();
    let sent = messages(&[20, 20]);
    story.syn(99);
    story.data(100 + 22, &sent[1]);
    let mut forged = sent.concat();
    forged[24..].fill(9);
    story.data(100, &forged);
    assert_eq!(story.got, [&sent[0][2..], &sent[1][2..]]);
}

#[test]
fn sequence_numbers_wrap_around() {
    let mut story = Story::new();
    let sent = messages(&[20, 20, 20]).concat();
    let start = u32::MAX - 30;
    story.syn(start.wrapping_sub(1));
    story.data(start.wrapping_add(40), &sent[40..]);
    story.data(start, &sent[..40]);
    assert_eq!(story.marks(), [0, 1, 2]);
}

#[test]
fn keep_alives_change_nothing() {
    let mut story = Story::new();
    let sent = messages(&[20, 20]);
    story.data(99, &[0]);
    assert_eq!(story.table.connections(), 0);
    story.data(100, &sent[0]);
    story.data(121, &[0]);
    story.data(122, &sent[1]);
    assert_eq!(story.marks(), [0, 1]);
}

#[test]
fn a_stream_seen_from_its_middle_on_starts_at_the_next_message() {
    let mut story = Story::new();
    story.data(500, b"the rest of a message that began before the capture did");
    assert_eq!((story.table.connections(), story.ledger.evicted.tcp_segments), (0, 1));
    story.data(555, &message(4, 20));
    assert_eq!(story.marks(), [4]);
}

#[test]
fn a_syn_may_carry_data() {
    let mut story = Story::new();
    let sent = message(1, 20);
    let syn = Segment { syn: true, payload: &sent, payload_wire_bytes: sent.len() as u32, ..story.bare(99) };
    story.push(syn);
    story.push(syn);
    story.data(122, &message(2, 20));
    let reply = message(3, 30);
    story.push(Segment { side: 1, payload: &reply, payload_wire_bytes: 32, ..story.bare(9_000) });
    assert_eq!(story.marks(), [1, 2, 3]);
}

#[test]
fn a_syn_shows_that_the_first_segment_is_missing() {
    let mut story = Story::new();
    let sent = messages(&[20, 20]);
    story.syn(99);
    story.data(122, &sent[1]);
    assert_eq!(story.got.len(), 0);
    story.data(100, &sent[0]);
    assert_eq!(story.marks(), [0, 1]);
}

#[test]
fn a_syn_that_was_overtaken_by_data_begins_no_other_connection() {
    let sent = messages(&[20, 20, 20]);
    for (syn_at, name) in [(0, "in its place"), (1, "behind the first"), (2, "in a message"), (3, "sent again")] {
        let mut story = Story::new();
        let stream = sent.concat();
        let pieces = [(100, &stream[..22]), (122, &stream[22..30]), (130, &stream[30..])];
        for (at, (sequence, piece)) in pieces.into_iter().enumerate() {
            if at == syn_at || syn_at == 3 {
                story.syn(99);
            }
            story.data(sequence, piece);
        }
        assert_eq!((story.marks(), story.ledger.evicted.tcp_segments), (vec![0, 1, 2], 0), "{name}");
        story.end();
        story.data(166, &message(5, 20));
        assert_eq!(story.marks(), [5], "{name}: its start is not taken for that of what comes later");
    }
}

#[test]
fn a_syn_holds_for_its_side_whatever_the_other_side_has_sent_before() {
    let mut story = Story::new();
    let (sent, reply) = (messages(&[20, 20]), message(7, 20));
    let answer = Segment { side: 1, payload: &reply, payload_wire_bytes: 22, ..story.bare(501) };
    story.push(answer);
    story.push(Segment { side: 1, syn: true, ..story.bare(500) });
    story.push(answer);
    story.syn(99);
    story.push(answer);
    story.data(122, &sent[1]);
    story.data(100, &sent[0]);
    assert_eq!((story.marks(), story.ledger), (vec![7, 0, 1], Ledger::default()));
}

#[test]
fn a_syn_that_was_overtaken_by_the_end_of_its_connection_begins_no_other_one() {
    let mut story = Story::new();
    let sent = messages(&[20, 20]);
    story.data(100, &sent[0]);
    story.push(Segment { side: 1, fin: true, ..story.bare(500) });
    story.push(Segment { fin: true, ..story.bare(144) });
    story.syn(99);
    story.data(100, &sent[0]);
    story.data(122, &sent[1]);
    assert_eq!((story.marks(), story.ledger), (vec![0, 1], Ledger::default()));
}

#[test]
fn the_sides_do_not_influence_each_other() {
    let mut story = Story::new();
    let sent = messages(&[20, 20]);
    story.syn(99);
    story.data(122, &sent[1]);
    let reply = message(7, 100);
    story.push(Segment { side: 1, payload: &reply, payload_wire_bytes: 102, ..story.bare(77) });
    story.push(Segment { side: 1, payload: &[0, 1], payload_wire_bytes: 2, ..story.bare(179) });
    story.data(100, &sent[0]);
    assert_eq!(story.marks(), [7, 0, 1]);
}

#[test]
fn a_gap_is_waited_for_and_then_given_up() {
    let mut story = Story::new();
    let sent = messages(&[20; 60]);
    story.syn(99);
    story.data(100, &sent[0][..10]);
    for (at, message) in sent.iter().enumerate().skip(1) {
        story.data(100 + 22 * at as u32, message);
    }
    assert_eq!(story.marks(), (1..60).collect::<Vec<_>>());
    assert_eq!(story.ledger.evicted.tcp_segments, 1);
    story.data(110, &sent[0][10..]);
    assert_eq!(story.got.len(), 0, "what comes too late is old");
}

#[test]
fn a_gap_is_not_waited_for_longer_than_a_second() {
    let mut story = Story::new();
    story.syn(99);
    story.data(122, &message(1, 20));
    story.time_ns += 2 * SECOND;
    story.data(144, &message(2, 20));
    assert_eq!(story.marks(), [1, 2]);
}

#[test]
fn bytes_out_of_frame_are_skipped_up_to_the_next_message() {
    let mut story = Story::new();
    story.data(100, &message(1, 20));
    story.data(122, &[0, 5, 1, 2, 3]);
    story.data(127, &[0xff; 30]);
    story.data(157, &message(2, 20));
    story.data(100, &message(1, 20));
    assert_eq!(story.marks(), [1, 2]);
    assert_eq!(story.ledger.evicted.tcp_segments, 2);
}

#[test]
fn bytes_cut_off_by_the_capture_are_a_gap() {
    let mut story = Story::new();
    let sent = messages(&[20, 600]).concat();
    let cut = Segment { payload: &sent[..100], payload_wire_bytes: sent.len() as u32, ..story.bare(0) };
    story.push(cut);
    story.data(sent.len() as u32, &message(5, 20));
    assert_eq!(story.marks(), [0, 5]);
}

/// The middle of message 0 is lost; its end shares a segment with message 1, and 2 follows.
fn with_a_gap_inside(story: &mut Story, end: usize) {
    let stream = messages(&[600, 20, 20]).concat();
    story.syn(99);
    story.data(100, &stream[..200]);
    for (from, to) in [(300, 400), (400, end), (end, end + 2), (end + 2, 646)] {
        story.data(100 + from as u32, &stream[from..to]);
    }
}

#[test]
fn a_gap_inside_a_message_costs_that_message_alone_wherever_the_next_one_begins() {
    for (end, name) in [(602, "in a segment of its own"), (630, "behind the end of the lost one"), (603, "in two")] {
        for (ending_name, ending) in ENDINGS {
            let mut story = Story::new();
            with_a_gap_inside(&mut story, end);
            ending(&mut story);
            story.end();
            assert_eq!((story.marks(), story.ledger.evicted.tcp_segments), (vec![1, 2], 1), "{name}, {ending_name}");
        }
    }
}

#[test]
fn what_comes_later_of_a_message_that_was_given_up_is_counted_with_it() {
    let mut story = Story::new();
    let stream = messages(&[600, 20]).concat();
    story.syn(99);
    story.data(100, &stream[..200]);
    story.data(400, &stream[300..400]);
    story.time_ns += 2 * SECOND;
    story.data(500, &stream[400..500]);
    assert_eq!((story.marks(), story.ledger.evicted.tcp_segments), (vec![], 1));
    story.data(300, &stream[200..300]);
    story.data(600, &stream[500..]);
    assert_eq!((story.marks(), story.ledger.evicted.tcp_segments), (vec![1], 1));
    assert_eq!(story.table.waiting(), 0);
}

#[test]
fn a_message_that_the_capture_cut_costs_itself_alone() {
    let mut story = Story::new();
    let stream = messages(&[600, 20, 20]).concat();
    let cut = Segment { payload: &stream[..100], payload_wire_bytes: 500, ..story.bare(0) };
    story.push(cut);
    story.data(500, &stream[500..]);
    assert_eq!((story.marks(), story.ledger.evicted.tcp_segments), (vec![1, 2], 1));
}

#[test]
fn a_five_tuple_may_be_used_again_after_fin_or_rst() {
    for rst in [false, true] {
        let mut story = Story::new();
        for round in 0..3_u32 {
            let start = 5_000_000 * round;
            story.syn(start);
            story.push(Segment { side: 1, syn: true, ..story.bare(start + 7) });
            story.data(start + 1, &message(1, 20));
            let reply = message(2, 20);
            story.push(Segment { side: 1, payload: &reply, payload_wire_bytes: 22, ..story.bare(start + 8) });
            story.push(Segment { fin: !rst, rst, ..story.bare(start + 23) });
            story.push(Segment { side: 1, fin: true, ..story.bare(start + 30) });
            assert_eq!(story.marks(), [1, 2], "round {round}");
        }
        assert_eq!(story.table.connections(), 1);
    }
}

#[test]
fn a_closed_connection_lingers_for_a_second_of_packet_time() {
    let mut story = Story::new();
    let sent = message(1, 20);
    story.data(100, &sent);
    story.push(Segment { rst: true, ..story.bare(122) });
    story.data(100, &sent);
    assert_eq!(story.marks(), [1], "sent again right after the end");
    story.time_ns += 2 * SECOND;
    story.data(100, &sent);
    assert_eq!(story.marks(), [1], "another connection, of which the start was missed");
}

#[test]
fn what_is_held_when_the_sides_close_is_read() {
    let mut story = Story::new();
    story.syn(99);
    story.push(Segment { side: 1, fin: true, payload: &message(1, 20), payload_wire_bytes: 22, ..story.bare(500) });
    story.data(122, &message(2, 20));
    story.push(Segment { fin: true, ..story.bare(144) });
    assert_eq!(story.marks(), [1], "what is missing may still be sent again");
    story.wait(2);
    assert_eq!(story.marks(), [2]);
}

#[test]
fn what_is_sent_again_after_both_sides_have_closed_fills_its_gap() {
    let mut story = Story::new();
    let sent = messages(&[20, 20]);
    story.syn(99);
    story.push(Segment { side: 1, fin: true, ..story.bare(500) });
    story.push(Segment { fin: true, payload: &sent[1], payload_wire_bytes: 22, ..story.bare(122) });
    story.data(100, &sent[0]);
    assert_eq!(story.marks(), [0, 1]);
    assert_eq!(story.ledger, Ledger::default());
}

/// What ends a connection after the gap.
type Ending = fn(&mut Story);

const ENDINGS: [(&str, Ending); 6] = [
    ("FIN of that side", |story| {
        story.push(Segment { fin: true, ..story.bare(144) });
        story.wait(2);
    }),
    ("FIN of both, that side first", |story| {
        story.push(Segment { fin: true, ..story.bare(144) });
        story.push(Segment { side: 1, fin: true, ..story.bare(500) });
        story.wait(2);
    }),
    ("FIN of both, that side last", |story| {
        story.push(Segment { side: 1, fin: true, ..story.bare(500) });
        story.push(Segment { fin: true, ..story.bare(144) });
        story.wait(2);
    }),
    ("RST of the other side", |story| story.push(Segment { side: 1, rst: true, ..story.bare(500) })),
    ("silence", |story| story.wait(40)),
    ("end of the capture", Story::end),
];

#[test]
fn however_a_connection_ends_the_whole_messages_behind_its_gap_are_read() {
    for (name, ending) in ENDINGS {
        let mut story = Story::new();
        let sent = messages(&[20, 20, 20]);
        story.syn(99);
        story.data(100, &sent[0][..10]);
        story.data(122, &sent[1]);
        ending(&mut story);
        assert_eq!(story.marks(), [1], "{name}");
        assert_eq!(story.ledger.evicted.tcp_segments, 1, "{name}: the begun message");
        story.end();
        assert_eq!((story.table.waiting(), story.got.len()), (0, 0), "{name}");
    }
}

#[test]
fn a_message_from_behind_a_gap_belongs_to_the_packet_that_brought_it() {
    let mut story = Story::new();
    let (first, last) = (message(1, 20), message(2, 20));
    let packet = |time_ns| PacketRow { time_ns, source_port: 53, ..PacketRow::EMPTY };
    story.syn(99);
    for (sequence, sent, time_ns) in [(122, &first, 7), (144, &last, 9)] {
        let segment = story.bare(sequence);
        story.push(Segment { payload: sent, payload_wire_bytes: 22, packet: &packet(time_ns), ..segment });
    }
    let mut late = Vec::new();
    let mut each = |cut: Cut<'_>| late.push(cut.late.map(|packet| (cut.protocol, packet.source_port, packet.time_ns)));
    story.table.expire(i64::MAX, &mut each, &mut story.ledger);
    assert_eq!(late, [Some((4, 53, 7)), Some((4, 53, 9))]);
}

#[test]
fn what_comes_too_late_to_be_of_use_is_counted() {
    let mut story = Story::new();
    let sent = messages(&[20, 20, 20]);
    story.data(122, &sent[1]);
    story.data(100, &sent[0]);
    assert_eq!((story.marks(), story.ledger.evicted.tcp_segments), (vec![1], 1), "older than the first byte seen");
    story.data(122, &sent[1]);
    assert_eq!(story.ledger.evicted.tcp_segments, 1, "seen before");
    story.data(166, &sent[2]);
    story.time_ns += 2 * SECOND;
    story.data(188, &message(3, 20));
    assert_eq!(story.marks(), [2, 3]);
    story.data(144, &message(4, 20));
    assert_eq!((story.marks(), story.ledger.evicted.tcp_segments), (vec![], 2), "of a gap that was given up");
    story.data(122, &sent[1]);
    assert_eq!(story.ledger.evicted.tcp_segments, 2);
}

#[test]
fn data_of_which_nothing_was_captured_is_counted() {
    let mut story = Story::new();
    story.push(Segment { payload_wire_bytes: 22, ..story.bare(100) });
    assert_eq!((story.table.connections(), story.ledger.evicted.tcp_segments), (0, 1));
    story.data(122, &message(1, 20));
    story.push(Segment { payload_wire_bytes: 22, ..story.bare(144) });
    story.push(Segment { payload_wire_bytes: 22, ..story.bare(400) });
    assert_eq!((story.marks(), story.ledger.evicted.tcp_segments), (vec![1], 3));
}

#[test]
fn what_is_held_is_read_before_its_room_is_given_to_others() {
    let limits = StreamLimits { buffered_bytes_total: 2_000, ..StreamLimits::default() };
    let mut story = Story::with(limits);
    let sent = message(1, 400);
    for flow in 0..20 {
        story.push(Segment { flow, syn: true, ..story.bare(99) });
        story.push(Segment { flow, payload: &sent, payload_wire_bytes: 402, ..story.bare(122) });
    }
    story.end();
    assert_eq!((story.got.len(), story.ledger.evicted.tcp_segments), (20, 0));
}

#[test]
fn a_connection_that_was_silent_for_long_goes_on() {
    let mut story = Story::new();
    story.syn(99);
    story.data(100, &message(1, 20));
    story.time_ns += 40 * SECOND;
    story.data(122, &message(2, 20));
    assert_eq!(story.marks(), [1, 2]);
    assert_eq!(story.ledger, Ledger::default());
}

#[test]
fn connections_are_bounded_and_those_in_use_stay() {
    let mut story = Story::with(StreamLimits { connections: 64, ..StreamLimits::default() });
    let sent = message(1, 20);
    story.syn(u32::MAX);
    let mut sequence = 0;
    for flow in 2..2_000_u64 {
        story.push(Segment { flow, payload: &sent, payload_wire_bytes: 22, ..story.bare(0) });
        story.data(sequence, &sent[..11]);
        story.data(sequence + 11, &sent[11..]);
        sequence += 22;
    }
    assert_eq!(story.table.connections(), 64);
    assert_eq!(story.got.len(), 2 * 1_998);
    assert_eq!(story.ledger.evicted.tcp_streams, 1_999 - 64);
    assert_eq!(story.ledger.evicted.tcp_segments, 0);
}

#[test]
fn connections_that_are_over_make_room_uncounted() {
    let mut story = Story::with(StreamLimits { connections: 64, ..StreamLimits::default() });
    let sent = message(1, 20);
    for flow in 0..1_000_u64 {
        story.time_ns += SECOND;
        story.push(Segment { flow, payload: &sent, payload_wire_bytes: 22, ..story.bare(0) });
    }
    assert!(story.table.connections() < 64);
    assert_eq!(story.ledger.evicted.tcp_streams, 0);
}

#[test]
fn a_flood_of_syns_takes_no_memory() {
    let mut story = Story::new();
    let before = story.table.memory_bytes();
    for flow in 0..300_000_u64 {
        story.push(Segment { flow, syn: true, ..story.bare(flow as u32) });
    }
    assert_eq!((story.table.connections(), story.table.memory_bytes()), (0, before));
}

#[test]
fn a_flood_of_gaps_stays_within_the_total() {
    let limits = StreamLimits { connections: 4_096, buffered_bytes_total: 1 << 20, ..StreamLimits::default() };
    let mut story = Story::with(limits.clone());
    let body = vec![0xff; 1_400];
    for at in 0..20_000_u64 {
        let flow = at % 2_000;
        if at < 2_000 {
            story.push(Segment { flow, syn: true, ..story.bare(0) });
        }
        let sequence = 10_000 + 1_400 * (at / 2_000) as u32;
        story.push(Segment { flow, payload: &body, payload_wire_bytes: 1_400, ..story.bare(sequence) });
        assert!(story.table.buffers.memory_bytes() <= limits.buffered_bytes_total + 256 * 1024);
    }
    assert!(story.ledger.evicted.tcp_segments > 0);
    let buffered = story.table.buffers.memory_bytes();
    let again = story.segment(0, &[0xff; 100]);
    story.push(Segment { flow: 1_999, ..again });
    assert!(story.table.buffers.memory_bytes() <= buffered + 4_096);
}

#[test]
fn a_length_too_short_for_a_header_is_no_dns() {
    assert_eq!(dns_framing(&[0]), Boundary::NeedMore);
    assert_eq!(dns_framing(&[0, 11, 0]), Boundary::Invalid);
    assert_eq!(dns_framing(&[0, 12]), Boundary::Message { skip: 2, length: 12 });
    assert_eq!((DNS_FRAMING.start)(b"GET / HTTP/1.1\r\nHost: example.com\r\n", true), None);
    assert_eq!((DNS_FRAMING.start)(&[0, 29], true), Some(0));
    assert_eq!((DNS_FRAMING.start)(&[0, 29], false), None, "after bytes out of frame it may be anything");
}

/// Cuts `stream` at the given places (in thousandths) into (offset, bytes).
fn pieces<'a>(stream: &'a [u8], cuts: &[usize]) -> Vec<(usize, &'a [u8])> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut * stream.len() / 1000).chain([0, stream.len()]).collect();
    at.sort_unstable();
    at.dedup();
    at.windows(2).map(|pair| (pair[0], &stream[pair[0]..pair[1]])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn in_whatever_order_and_overlap_segments_come_each_message_comes_once(
        lengths in prop::collection::vec(12_usize..400, 1..12),
        cuts in prop::collection::vec(0_usize..1000, 0..20),
        extra in prop::collection::vec((0_usize..1000, 0_usize..1000), 0..12),
        order in prop::collection::vec(any::<u32>(), 34),
        start in prop_oneof![any::<u32>(), (u32::MAX - 2_000)..=u32::MAX],
    ) {
        let sent = messages(&lengths);
        let stream = sent.concat();
        let mut segments = pieces(&stream, &cuts);
        for (from, to) in extra {
            let (from, to) = (from.min(to) * stream.len() / 1000, from.max(to) * stream.len() / 1000);
            segments.push((from, &stream[from..to]));
        }
        let mut keyed: Vec<_> = segments.into_iter().zip(order).collect();
        keyed.sort_by_key(|(_, key)| *key);
        let mut story = Story::new();
        story.syn(start.wrapping_sub(1));
        for ((offset, bytes), _) in keyed {
            story.data(start.wrapping_add(offset as u32), bytes);
        }
        let expected: Vec<_> = sent.iter().map(|message| message[2..].to_vec()).collect();
        prop_assert_eq!(&story.got, &expected);
        prop_assert_eq!(story.ledger.evicted.tcp_segments, 0);
        prop_assert!(story.table.connections.get(0).sides[0].buffer.is_none(), "nothing is left waiting");
    }

    #[test]
    fn what_is_lost_never_makes_up_messages(
        lengths in prop::collection::vec(12_usize..300, 1..60),
        cuts in prop::collection::vec(0_usize..1000, 0..60),
        lost in prop::collection::vec(prop::bool::weighted(0.2), 61),
        swaps in prop::collection::vec(prop::bool::weighted(0.2), 61),
        syn: bool,
    ) {
        let sent = messages(&lengths);
        let stream = sent.concat();
        let mut segments = pieces(&stream, &cuts);
        for (at, swap) in (1..segments.len()).zip(swaps) {
            if swap {
                segments.swap(at - 1, at);
            }
        }
        let mut story = Story::with(StreamLimits { buffered_segments_per_side: 5, ..StreamLimits::default() });
        if syn {
            story.syn(u32::MAX);
        }
        // Two bytes out of nowhere can't be told from a length prefix sent alone, and what begins within the prefix of a
        // message without questions looks like one that is longer.
        let starts = lengths.iter().scan(0, |next, length| Some(std::mem::replace(next, *next + length + 2)));
        let within: Vec<_> = starts.map(|start| start + 1).collect();
        segments.retain(|(offset, bytes)| bytes.len() != 2 && !within.contains(offset));
        for ((offset, bytes), _) in segments.into_iter().zip(&lost).filter(|(_, lost)| !**lost) {
            story.data(offset as u32, bytes);
        }
        let got = story.got.clone();
        let marks = story.marks();
        prop_assert!(marks.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", marks);
        for (mark, bytes) in marks.iter().zip(&got) {
            prop_assert_eq!(bytes, &sent[usize::from(*mark)][2..]);
        }
    }

    #[test]
    fn each_message_sent_whole_is_read_or_something_is_counted(
        lengths in prop::collection::vec(12_usize..300, 1..40),
        lost in prop::collection::vec(prop::bool::weighted(0.2), 40),
        order in prop::collection::vec(0_u32..6, 40),
        syn: bool,
        ending in 0_usize..6,
    ) {
        let sent = messages(&lengths);
        let starts = lengths.iter().scan(100, |next, length| {
            let start = *next;
            *next += *length as u32 + 2;
            Some(start)
        });
        let mut segments: Vec<_> = starts.zip(&sent).zip(lost).filter(|(_, lost)| !*lost).enumerate().collect();
        segments.sort_by_key(|(at, _)| *at as u32 + order[*at]);
        let mut story = Story::new();
        if syn {
            story.syn(99);
        }
        for (_, ((sequence, bytes), _)) in &segments {
            story.data(*sequence, bytes);
        }
        ENDINGS[ending].1(&mut story);
        story.end();
        prop_assert_eq!(story.table.waiting(), 0);
        prop_assert_eq!(story.got.len() as u64 + story.ledger.evicted.tcp_segments, segments.len() as u64);
        prop_assert!(!syn || story.ledger.evicted.tcp_segments == 0);
    }

    #[test]
    fn whatever_is_pushed_bounds_hold(
        segments in prop::collection::vec(
            (0_u64..6, 0_u8..2, prop_oneof![0_u32..400, any::<u32>()], 0_u8..64, 0_usize..300, 0_u32..4_000, 0_i64..3),
            0..200,
        ),
    ) {
        let limits = StreamLimits {
            connections: 4,
            buffered_bytes_per_side: 500,
            buffered_segments_per_side: 3,
            buffered_bytes_total: 4_000,
            ..StreamLimits::default()
        };
        let mut story = Story::with(limits);
        let stream = messages(&[20, 30, 100, 12, 300, 40]).concat();
        for (flow, side, sequence, flags, length, missing, pause) in segments {
            story.time_ns += pause * SECOND * 10;
            let from = sequence as usize % stream.len();
            let payload = &stream[from..stream.len().min(from + length)];
            story.push(Segment {
                flow,
                side,
                sequence,
                syn: flags & 7 == 1,
                fin: flags & 15 == 2,
                rst: flags & 31 == 3,
                payload,
                payload_wire_bytes: payload.len() as u32 + if flags & 32 == 0 { 0 } else { missing },
                time_ns: story.time_ns,
                packet: &PacketRow::EMPTY,
            });
            prop_assert!(story.table.connections() <= 4);
            for slot in 0..story.table.connections() as u32 {
                for side in 0..2 {
                    if let Some(id) = story.table.connections.get(slot).sides[side].buffer {
                        let buffer = story.table.buffers.get(id);
                        prop_assert!(buffer.held.len() <= 3 && buffer.held_bytes <= 500);
                        prop_assert!(buffer.message.len() <= 500);
                    }
                }
            }
        }
    }
}
