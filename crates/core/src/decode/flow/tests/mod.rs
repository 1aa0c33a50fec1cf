//! Flow records out of datagrams, whole, cut and made up.

use proptest::prelude::*;

use super::*;
use crate::table::Table as _;

mod sflow;
mod sflow4;
mod templates;
mod vendors;

const ROUTER: Address = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 254];
const SECOND: i64 = 1_000_000_000;

/// A header of NetFlow 5: up for 10 s, at 1,700,000,000 s by its clock, engine 2 of type 1, one of 100 packets sampled.
fn header(count: u16, sequence: u32) -> Vec<u8> {
    let mut bytes = [5_u16.to_be_bytes(), count.to_be_bytes()].concat();
    for word in [10_000, 1_700_000_000, 500_000_000, sequence] {
        bytes.extend(u32::to_be_bytes(word));
    }
    bytes.extend([1, 2, 0x40, 100]);
    bytes
}

fn record(last_octet: u8) -> Vec<u8> {
    let mut bytes = vec![10, 1, 2, last_octet, 192, 0, 2, 1, 10, 0, 0, 1, 0, 3, 0, 4];
    for word in [7_u32, 700, 1_000, 2_500] {
        bytes.extend(word.to_be_bytes());
    }
    bytes.extend([0x9c, 0x40, 1, 187, 0, 0x1b, 6, 0xb8, 0xfd, 0xe9, 0, 64, 24, 16, 0, 0]);
    bytes
}

fn datagram(records: u16, sequence: u32) -> Vec<u8> {
    let records = (0..records).flat_map(|at| record(at as u8));
    header(records.clone().count() as u16 / 48, sequence).into_iter().chain(records).collect()
}

struct Bench {
    decoder: FlowDecoder,
    table: FlowTable,
    ledger: Ledger,
    now_s: i64,
}

impl Bench {
    fn new(needs: &Needs) -> Self {
        Self { decoder: FlowDecoder::new(needs, 7), table: FlowTable::default(), ledger: Ledger::default(), now_s: 42 }
    }

    fn read(&mut self, payload: &[u8]) -> Option<Malformed> {
        let datagram = Datagram { payload, exporter: ROUTER, time_ns: self.now_s * SECOND };
        self.decoder.decode(&datagram, &mut self.table, &mut self.ledger)
    }

    fn text(&self, span: &[crate::table::Span], row: usize) -> Option<String> {
        let column = crate::table::TextColumn { spans: span, bytes: &self.table.text };
        column.get(row).map(|text| String::from_utf8_lossy(text).into_owned())
    }
}

#[test]
fn a_record_of_netflow_5_is_a_row_with_all_its_fields() {
    let mut bench = Bench::new(&Needs::all());
    assert_eq!(bench.read(&datagram(2, 1)), None);
    let table = &bench.table;
    assert_eq!(table.len(), 2);
    assert_eq!((table.time_ns()[1], table.version()[1], table.exporter()[1]), (42 * SECOND, 5, ROUTER));
    assert_eq!((table.source()[1][15], table.destination()[1][12..].to_vec()), (1, vec![192, 0, 2, 1]));
    assert_eq!((table.source_port()[1], table.destination_port()[1]), (40_000, 443));
    assert_eq!((table.protocol()[1], table.tos()[1], table.tcp_flags()[1]), (6, 0xb8, 0x1b));
    assert_eq!((table.packets()[1], table.bytes()[1]), (7, 700));
    assert_eq!((table.in_interface()[1], table.out_interface()[1]), (3, 4));
    assert_eq!((table.source_as()[1], table.destination_as()[1]), (65_001, 64));
    assert_eq!((table.source_mask()[1], table.destination_mask()[1]), (24, 16));
    assert_eq!((table.sampling_mode()[1], table.sampling_interval()[1], table.source_id()[1]), (1, 100, 0x0102));
    let started_ns = 1_700_000_000 * SECOND + SECOND / 2 - 10 * SECOND;
    assert_eq!(table.start_time_ns()[1], started_ns + SECOND);
    assert_eq!(table.end_time_ns()[1], started_ns + 5 * SECOND / 2);
    assert_eq!(bench.text(table.source_endpoint(), 1).as_deref(), Some("10.1.2.1:40000"));
    assert_eq!(bench.text(table.destination_endpoint(), 1).as_deref(), Some("192.0.2.1:443"));
    assert_eq!(bench.text(table.conversation(), 1).as_deref(), Some("10.1.2.1:40000/192.0.2.1:443"));
}

#[test]
fn a_flow_that_began_before_the_milliseconds_of_the_exporter_began_again_lies_in_the_past() {
    let exported_ns = 1_700_000_000 * SECOND + SECOND / 2;
    let mut bench = Bench::new(&Needs::default());
    let mut whole = datagram(1, 1);
    whole[24 + 24..24 + 32].copy_from_slice(&[(u32::MAX - 999).to_be_bytes(), 11_000_u32.to_be_bytes()].concat());
    assert_eq!(bench.read(&whole), None);
    assert_eq!(bench.table.start_time_ns()[0], exported_ns - 11 * SECOND, "a second before, and up for 10 s since");
    assert_eq!(bench.table.end_time_ns()[0], exported_ns + SECOND, "an end a little later than the header is one");
}

#[test]
fn texts_that_nobody_asks_for_are_not_made() {
    let mut bench = Bench::new(&Needs::default());
    bench.read(&datagram(1, 1));
    assert_eq!((bench.table.len(), bench.table.text.len()), (1, 0));
}

#[test]
fn what_lies_behind_the_counted_records_is_a_reason_and_takes_none_of_them() {
    let mut bench = Bench::new(&Needs::default());
    let whole = datagram(2, 1);
    assert_eq!(bench.read(&[&whole[..], &[0; 5]].concat()), Some(super::TRAILING_BYTES));
    assert_eq!(bench.table.len(), 2);
}

#[test]
fn of_a_count_larger_than_the_data_the_records_that_are_there_are_taken() {
    let mut bench = Bench::new(&Needs::default());
    let cut = datagram(3, 1);
    assert_eq!(bench.read(&cut[..24 + 48 + 47]), Some(super::TOO_SHORT));
    assert_eq!(bench.table.len(), 1);
    assert_eq!(bench.read(&cut[..23]), Some(super::TOO_SHORT));
    assert_eq!(bench.read(&[0, 99, 0, 0]), Some(super::UNKNOWN));
    assert_eq!(bench.read(&[]), Some(super::UNKNOWN));
    assert_eq!(bench.read(&header(0, 4)), None, "a header alone is no fault");
}

#[test]
fn versions_1_and_7_have_the_records_of_version_5_with_other_ends() {
    let mut bench = Bench::new(&Needs::default());
    let head = |version: u16| [version.to_be_bytes().to_vec(), header(1, 9)[2..].to_vec()].concat();
    let mut first = record(1);
    first[40] = 0x1b; // its flags
    assert_eq!(bench.read(&[&head(1)[..16], &first].concat()), None);
    assert_eq!(bench.read(&[head(7), record(2), vec![0; 4]].concat()), None);
    assert_eq!((bench.table.version(), bench.table.tcp_flags()), (&[1, 7][..], &[0x1b, 0x1b][..]));
    assert_eq!((bench.table.source_as(), bench.table.source_mask()), (&[0, 65_001][..], &[0, 24][..]));
    assert_eq!((bench.table.protocol(), bench.table.bytes()), (&[6, 6][..], &[700, 700][..]));
}

#[test]
fn gaps_of_the_sequence_numbers_are_told_by_the_record_behind_them_and_in_the_ledger() {
    let mut bench = Bench::new(&Needs::default());
    for sequence in [100, 102, 110] {
        assert_eq!(bench.read(&datagram(2, sequence)), None);
    }
    assert_eq!(bench.table.lost(), [0, 0, 0, 0, 6, 0]);
    assert_eq!(bench.ledger.flow_records_lost, 6);
}

proptest! {
    #[test]
    fn any_bytes_are_records_or_a_reason(
        count in any::<u16>(), mut bytes in prop::collection::vec(any::<u8>(), 0..1600)
    ) {
        let mut bench = Bench::new(&Needs::all());
        if let Some(head) = bytes.first_chunk_mut::<4>() {
            *head = [0, 5, (count >> 8) as u8, count as u8];
        }
        let fault = bench.read(&bytes);
        let there = bytes.len().saturating_sub(24) / 48;
        prop_assert_eq!(bench.table.len(), there.min(usize::from(count)));
        let is_whole = bytes.len() == 24 + 48 * usize::from(count);
        prop_assert_eq!(fault.is_none(), is_whole);
    }
}

/// A starting point for the fuzz target `flow_datagram`: datagrams, each behind its length.
fn write_seed(name: &str, datagrams: &[Vec<u8>]) {
    let with_length = |datagram: &Vec<u8>| [&(datagram.len() as u16).to_le_bytes()[..], datagram].concat();
    let bytes: Vec<u8> = datagrams.iter().flat_map(with_length).collect();
    crate::read::testing::write_fuzz_seed("flow_datagram", name, &bytes);
}

#[test]
#[ignore = "writes files for fuzzing; fuzz/run calls it"]
fn fuzz_seeds() {
    write_seed("netflow5", &[datagram(2, 1), datagram(1, 9)]);
    templates::write_seeds();
    sflow::write_seeds();
    sflow4::write_seeds();
}
