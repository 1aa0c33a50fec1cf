//! Files that grow, are cut, replaced and followed by others, step by step.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use super::Followed;
use super::testing::{self, Order, Packet, PcapFile, PcapngFile};

const FORMAT: PcapFile = PcapFile::MICROSECONDS;

/// A directory that is gone with its test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pktvisor-follow-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.file(name), bytes).unwrap();
    }

    fn append(&self, name: &str, bytes: &[u8]) {
        OpenOptions::new().append(true).open(self.file(name)).unwrap().write_all(bytes).unwrap();
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn packet(second: i64) -> Packet {
    Packet::new(second * 1_000_000_000, &[second as u8; 60])
}

/// A whole file with packets of these seconds.
fn capture(seconds: &[i64]) -> Vec<u8> {
    FORMAT.write(&seconds.iter().map(|second| packet(*second)).collect::<Vec<_>>())
}

fn record(second: i64) -> Vec<u8> {
    FORMAT.record(&packet(second))
}

/// The seconds of the packets that are there now.
fn seconds(followed: &mut Followed) -> Vec<i64> {
    let mut seconds = Vec::new();
    followed
        .give(1_000, &mut |frame| {
            assert_eq!(frame.data, [(frame.time_ns / 1_000_000_000) as u8; 60]);
            seconds.push(frame.time_ns / 1_000_000_000);
            Ok(())
        })
        .unwrap();
    seconds
}

#[test]
fn what_is_there_is_read_and_what_comes_once_it_is_whole() {
    let directory = Directory::new("grows");
    directory.write("a.pcap", &capture(&[1, 2]));
    let mut followed = Followed::open(&directory.file("a.pcap")).unwrap();
    assert_eq!(seconds(&mut followed), [1, 2]);
    assert_eq!(seconds(&mut followed), [0_i64; 0]);
    let next = record(3);
    for (at, byte) in next.iter().enumerate() {
        assert_eq!(seconds(&mut followed), [0_i64; 0], "{at} bytes of a packet are none");
        directory.append("a.pcap", &[*byte]);
    }
    directory.append("a.pcap", &record(4));
    assert_eq!(seconds(&mut followed), [3, 4]);
    assert!(followed.damages().is_empty() && followed.take_news().is_empty());
    assert_eq!(followed.bytes_read(), fs::metadata(directory.file("a.pcap")).unwrap().len());
}

#[test]
fn a_file_is_begun_once_its_header_is_there() {
    let directory = Directory::new("header");
    directory.write("a.pcap", b"");
    let mut followed = Followed::open(&directory.file("a.pcap")).unwrap();
    for byte in capture(&[5]) {
        assert_eq!(seconds(&mut followed), [0_i64; 0]);
        directory.append("a.pcap", &[byte]);
    }
    assert_eq!(seconds(&mut followed), [5]);
}

#[test]
fn as_many_are_given_as_were_asked_for() {
    let directory = Directory::new("many");
    directory.write("a.pcap", &capture(&[1, 2, 3]));
    let mut followed = Followed::open(&directory.file("a.pcap")).unwrap();
    let mut given = 0;
    assert_eq!(
        followed
            .give(2, &mut |_| {
                given += 1;
                Ok(())
            })
            .unwrap(),
        2
    );
    assert_eq!(seconds(&mut followed), [3]);
    assert_eq!(given, 2);
}

#[test]
fn blocks_of_pcapng_are_waited_for_those_that_are_passed_over_too() {
    let mut file = PcapngFile::new(Order::Little);
    file.interface(1, 0, &[]);
    for second in [1, 2] {
        file.block(0x0bad, &[7; 50]);
        file.packet(0, second as u64 * 1_000_000, 60, &packet(second).data);
    }
    let whole = file.bytes;
    let directory = Directory::new("pcapng");
    directory.write("a.pcapng", b"");
    let mut followed = Followed::open(&directory.file("a.pcapng")).unwrap();
    let mut found = Vec::new();
    for byte in &whole {
        found.extend(seconds(&mut followed));
        directory.append("a.pcapng", &[*byte]);
    }
    found.extend(seconds(&mut followed));
    assert_eq!(found, [1, 2]);
    assert!(followed.damages().is_empty(), "{:?}", followed.damages());
}

#[test]
fn a_file_that_is_replaced_is_read_to_its_end_and_then_the_new_one() {
    let directory = Directory::new("replaced");
    directory.write("a.pcap", &capture(&[1]));
    let mut followed = Followed::open(&directory.file("a.pcap")).unwrap();
    assert_eq!(seconds(&mut followed), [1]);
    fs::rename(directory.file("a.pcap"), directory.file("a.pcap.1")).unwrap();
    assert_eq!(seconds(&mut followed), [0_i64; 0], "there is no other one yet");
    directory.append("a.pcap.1", &record(2));
    directory.write("a.pcap", &capture(&[3]));
    assert_eq!(seconds(&mut followed), [2, 3]);
    let news = followed.take_news();
    assert!(news.len() == 1 && news[0].ends_with("a.pcap was replaced: the new file is read"), "{news:?}");
    assert!(followed.take_news().is_empty() && followed.damages().is_empty());
}

#[test]
fn a_part_of_a_packet_that_stays_one_is_damage_of_the_file_that_was_left() {
    let directory = Directory::new("part");
    directory.write("a.pcap", &[capture(&[1]), record(2)[..30].to_vec()].concat());
    let mut followed = Followed::open(&directory.file("a.pcap")).unwrap();
    assert_eq!(seconds(&mut followed), [1]);
    assert!(followed.damages().is_empty(), "it may still come");
    fs::remove_file(directory.file("a.pcap")).unwrap();
    directory.write("a.pcap", &capture(&[3]));
    assert_eq!(seconds(&mut followed), [3]);
    let damages = followed.damages();
    assert_eq!((damages.len(), damages[0].damage.offset), (1, capture(&[1]).len() as u64));
    assert_eq!(damages[0].damage.reason, "the file ends within a packet record");
}

#[test]
fn a_file_that_is_cut_or_written_over_is_read_from_its_beginning() {
    let directory = Directory::new("cut");
    directory.write("a.pcap", &capture(&[1, 2, 3]));
    let mut followed = Followed::open(&directory.file("a.pcap")).unwrap();
    assert_eq!(seconds(&mut followed), [1, 2, 3]);
    let over = |bytes: &[u8]| {
        let mut file = OpenOptions::new().write(true).truncate(true).open(directory.file("a.pcap")).unwrap();
        file.write_all(bytes).unwrap();
    };
    over(&capture(&[4]));
    assert_eq!(seconds(&mut followed), [4]);
    over(&capture(&[5, 6, 7, 8]));
    assert_eq!(seconds(&mut followed), [5, 6, 7, 8], "it is longer than before by now");
    let news = followed.take_news();
    assert!(news.iter().all(|one| one.ends_with("a.pcap was cut: it is read from its beginning again")), "{news:?}");
}

#[test]
fn damage_ends_a_file_until_another_one_takes_its_place() {
    let directory = Directory::new("damage");
    directory.write("a.pcap", &[capture(&[1]), vec![0xff; 40]].concat());
    let mut followed = Followed::open(&directory.file("a.pcap")).unwrap();
    assert_eq!(seconds(&mut followed), [1]);
    directory.append("a.pcap", &record(2));
    assert_eq!((seconds(&mut followed), followed.damages().len()), (vec![], 1));
    fs::remove_file(directory.file("a.pcap")).unwrap();
    directory.write("a.pcap", &capture(&[3]));
    assert_eq!((seconds(&mut followed), followed.damages().len()), (vec![3], 1));
}

#[test]
fn what_is_no_capture_is_told_once_and_waited_for_to_become_one() {
    let directory = Directory::new("garbage");
    directory.write("a.pcap", &[b'x'; 80]);
    let message = Followed::open(&directory.file("a.pcap")).err().unwrap().message;
    assert!(message.contains("is not a capture file"), "{message}");
    directory.write("a.pcap", &capture(&[1]));
    let mut followed = Followed::open(&directory.file("a.pcap")).unwrap();
    assert_eq!(seconds(&mut followed), [1]);
    fs::remove_file(directory.file("a.pcap")).unwrap();
    directory.write("a.pcap", &[b'x'; 80]);
    for _ in 0..3 {
        assert_eq!(seconds(&mut followed), [0_i64; 0]);
    }
    assert_eq!(followed.take_news().len(), 2, "that it was replaced, and by what");
    fs::remove_file(directory.file("a.pcap")).unwrap();
    directory.write("a.pcap", &capture(&[2]));
    assert_eq!(seconds(&mut followed), [2]);
}

#[test]
fn what_can_not_be_followed_is_told() {
    let directory = Directory::new("refused");
    let message = Followed::open(&directory.file("a.pcap")).err().unwrap().message;
    assert!(message.contains("a.pcap"), "{message}");
    directory.write("a.pcap.gz", &testing::gzip(&capture(&[1, 2, 3])));
    let message = Followed::open(&directory.file("a.pcap.gz")).err().unwrap().message;
    assert!(message.ends_with("is compressed with gzip: only plain capture files can be followed"), "{message}");
}

#[test]
fn files_of_a_directory_are_read_one_after_the_other_as_they_come() {
    let directory = Directory::new("rotates");
    let mut followed = Followed::open(&directory.0).unwrap();
    assert_eq!(seconds(&mut followed), [0_i64; 0], "it is empty");
    directory.write("x", &capture(&[1]));
    assert_eq!(seconds(&mut followed), [1]);
    directory.append("x", &record(2));
    directory.write("x1", &capture(&[3]));
    assert_eq!(seconds(&mut followed), [2, 3]);
    directory.write("notes.txt", b"these are notes, and they are longer than any header of a capture file is");
    directory.write("x2", b"");
    directory.append("x1", &record(4));
    assert_eq!(seconds(&mut followed), [4], "of the file that nothing has followed yet");
    directory.append("x1", &record(4));
    assert_eq!(seconds(&mut followed), [4]);
    directory.append("x2", &capture(&[5]));
    assert_eq!(seconds(&mut followed), [5]);
    assert_eq!(followed.take_news().len(), 1, "the notes");
    assert!(followed.damages().is_empty());
}

/// As `tcpdump -W` does.
#[test]
fn files_that_are_written_over_in_turn_are_new_each_time() {
    let directory = Directory::new("ring");
    let mut followed = Followed::open(&directory.0).unwrap();
    for turn in 0..3 {
        for name in ["x0", "x1"] {
            let second = turn * 10 + i64::from(name == "x1");
            directory.write(name, &capture(&[second, second]));
            assert_eq!(seconds(&mut followed), [second, second], "{name}, turn {turn}");
        }
    }
    assert!(followed.damages().is_empty());
}
