//! Receive rings on real interfaces: each test has a network namespace of its own, in which it sends and captures.
//! They need root (or CAP_SYS_ADMIN and CAP_NET_RAW) and the `ip` command, and say so where they skip.

#[path = "live/network.rs"]
mod network;

use network::{Sender, command, in_namespace, veth_pair};
use pktvisor_core::capture::{Interface, Ring, RingConfig, Target, interfaces, resolve};
use pktvisor_core::error::ErrorKind;
use pktvisor_core::filter::{FilterProgram, Instruction};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A frame as a test keeps it.
#[derive(Debug, Clone)]
struct Seen {
    time_ns: i64,
    link_type: u16,
    interface: u32,
    wire_bytes: u32,
    data: Vec<u8>,
}

fn any() -> RingConfig {
    RingConfig { retire_ms: 10, ..RingConfig::default() }
}

fn on(name: &str) -> RingConfig {
    RingConfig { target: Target::Interface(name.into()), ..any() }
}

/// Everything that comes until nothing has come for a while.
fn drain(ring: &mut Ring) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut keep = |frame: pktvisor_core::frame::Frame<'_>| {
        seen.push(Seen {
            time_ns: frame.time_ns,
            link_type: frame.link_type,
            interface: frame.interface,
            wire_bytes: frame.wire_bytes,
            data: frame.data.to_vec(),
        });
    };
    while ring.poll_block(100, &mut keep).unwrap() > 0 {}
    seen
}

fn find(name: &str) -> Interface {
    interfaces().unwrap().into_iter().find(|one| one.name == name).unwrap()
}

/// An Ethernet frame from one made-up station to another: EtherType, then the payload.
fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload);
    frame.resize(frame.len().max(60), 0);
    frame
}

/// A UDP datagram over IPv4 between two of 250 hosts each; checksums are left out, as no host reads it.
fn udp(source: u8, destination: u8, source_port: u16, destination_port: u16) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, source, 10, 0, 1, destination];
    packet.extend(source_port.to_be_bytes());
    packet.extend(destination_port.to_be_bytes());
    packet.extend([0, 26, 0, 0]);
    packet.resize(46, 0xaa);
    ethernet(0x0800, &packet)
}

/// The same datagram with source and destination exchanged: hosts and ports.
fn answer_to(question: &[u8]) -> Vec<u8> {
    let mut answer = question.to_vec();
    answer[26..34].rotate_left(4);
    answer[34..38].rotate_left(2);
    answer
}

fn filter<const LINES: usize>(lines: [(u16, u8, u8, u32); LINES]) -> FilterProgram {
    let instruction = |(code, jump_true, jump_false, k)| Instruction { code, jump_true, jump_false, k };
    FilterProgram::new(lines.map(instruction).to_vec()).unwrap()
}

/// What `tcpdump -ddd udp port 53` would say, if it knew only Ethernet, IPv4 without options, and the destination.
fn to_port_53() -> FilterProgram {
    filter([
        (0x28, 0, 0, 12),
        (0x15, 0, 5, 0x0800),
        (0x30, 0, 0, 23),
        (0x15, 0, 3, 17),
        (0x28, 0, 0, 36),
        (0x15, 0, 1, 53),
        (0x06, 0, 0, 40),
        (0x06, 0, 0, 0),
    ])
}

/// What `tcpdump -i IF -ddd vlan 100` says: the tag is looked for beside the packet first.
fn vlan_100() -> FilterProgram {
    filter([
        (48, 0, 0, 0xffff_f030),
        (21, 4, 0, 1),
        (40, 0, 0, 12),
        (21, 2, 0, 0x8100),
        (21, 1, 0, 0x88a8),
        (21, 0, 8, 0x9100),
        (48, 0, 0, 0xffff_f030),
        (21, 0, 2, 1),
        (48, 0, 0, 0xffff_f02c),
        (5, 0, 0, 1),
        (40, 0, 0, 14),
        (84, 0, 0, 4095),
        (21, 0, 1, 100),
        (6, 0, 0, 262_144),
        (6, 0, 0, 0),
    ])
}

#[test]
fn every_frame_comes_once_whole_and_with_the_time_of_its_arrival() {
    in_namespace(|| {
        veth_pair("left", "right");
        let mut ring = Ring::open(&on("right")).unwrap();
        assert_eq!(ring.link_type(), Some(1));
        let now_ns = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64;
        let sender = Sender::new("left");
        let before_ns = now_ns();
        for number in 0..2000u16 {
            let mut payload = number.to_be_bytes().to_vec();
            payload.resize(46 + usize::from(number % 1400), 7);
            sender.send(&ethernet(0x88b5, &payload));
        }
        let after_ns = now_ns();

        let seen = drain(&mut ring);
        assert_eq!(seen.len(), 2000);
        for (number, frame) in seen.iter().enumerate() {
            assert_eq!(frame.data[14..16], (number as u16).to_be_bytes());
            assert_eq!(frame.data.len(), 60 + number % 1400);
            assert_eq!(frame.wire_bytes as usize, frame.data.len());
            assert_eq!((frame.link_type, frame.interface), (1, find("right").index));
            assert!((before_ns..=after_ns).contains(&frame.time_ns));
        }
        assert!(seen.is_sorted_by_key(|frame| frame.time_ns));
        assert!(seen[1999].time_ns > seen[0].time_ns);
        let statistics = ring.statistics().unwrap();
        assert_eq!((statistics.received, statistics.dropped), (2000, 0));
        assert_eq!(ring.statistics().unwrap(), statistics, "totals stay when asked twice");
    });
}

#[test]
fn vlan_tags_are_where_they_were_on_the_wire() {
    in_namespace(|| {
        veth_pair("left", "right");
        let mut ring = Ring::open(&on("right")).unwrap();
        let sender = Sender::new("left");
        let mut tagged = udp(1, 2, 1000, 53);
        tagged.splice(12..12, [0x81, 0x00, 0x60, 0x65]);
        let mut twice = tagged.clone();
        twice.splice(12..12, [0x88, 0xa8, 0x00, 0x07]);
        sender.send(&tagged);
        sender.send(&twice);

        let seen = drain(&mut ring);
        assert_eq!(seen.len(), 2);
        assert_eq!((&seen[0].data, seen[0].wire_bytes), (&tagged, 64));
        assert_eq!((&seen[1].data, seen[1].wire_bytes), (&twice, 68));
    });
}

#[test]
fn the_filter_refuses_in_the_kernel_and_does_not_cut() {
    in_namespace(|| {
        veth_pair("left", "right");
        let sender = Sender::new("left");
        let mut ring = Ring::open(&RingConfig { filters: Some(vec![(1, to_port_53())]), ..on("right") }).unwrap();
        for number in 0..300u16 {
            sender.send(&udp(1, 2, 1000 + number, if number % 3 == 0 { 53 } else { 80 }));
        }
        let seen = drain(&mut ring);
        assert_eq!(seen.len(), 100);
        assert!(seen.iter().all(|frame| frame.data.len() == 60), "accept length 40 must not cut");
        assert_eq!(ring.statistics().unwrap().received, 100);
    });
}

#[test]
fn a_filter_for_live_interfaces_finds_the_tag_that_the_kernel_took_off() {
    in_namespace(|| {
        veth_pair("left", "right");
        let sender = Sender::new("left");
        let mut ring = Ring::open(&RingConfig { filters: Some(vec![(1, vlan_100())]), ..on("right") }).unwrap();
        for tag in [100u8, 101] {
            let mut tagged = udp(1, 2, 1000, 53);
            tagged.splice(12..12, [0x81, 0x00, 0x60, tag]);
            sender.send(&tagged);
        }
        sender.send(&udp(1, 2, 1000, 53));
        let [tagged] = &drain(&mut ring)[..] else { panic!("not one frame") };
        assert_eq!(tagged.data[12..16], [0x81, 0x00, 0x60, 100]);
    });
}

#[test]
fn two_rings_of_a_group_share_the_packets_and_keep_conversations_whole() {
    in_namespace(|| {
        veth_pair("left", "right");
        let config = RingConfig { fanout: Some(4711), ..on("right") };
        let mut rings = [Ring::open(&config).unwrap(), Ring::open(&config).unwrap()];
        let sender = Sender::new("left");
        for _ in 0..5 {
            for host in 0..100u8 {
                let question = udp(host, 250, 2000, 53);
                sender.send(&answer_to(&question));
                sender.send(&question);
            }
        }
        let [first, second] = rings.each_mut().map(drain);
        assert_eq!(first.len() + second.len(), 1000);
        assert!(first.len() > 100 && second.len() > 100, "{} and {}", first.len(), second.len());
        let flows = |seen: &[Seen]| -> HashSet<Vec<u8>> { seen.iter().map(|one| one.data[26..38].to_vec()).collect() };
        let answers: Vec<Seen> = first.iter().map(|one| Seen { data: answer_to(&one.data), ..one.clone() }).collect();
        assert!(flows(&first).is_disjoint(&flows(&second)));
        assert_eq!(flows(&first), flows(&answers));
        let received: u64 = rings.iter_mut().map(|ring| ring.statistics().unwrap().received).sum();
        assert_eq!(received, 1000);
    });
}

#[test]
fn what_an_unread_ring_has_no_room_for_is_counted() {
    in_namespace(|| {
        veth_pair("left", "right");
        let mut ring = Ring::open(&RingConfig { block_bytes: 4096, blocks: 2, ..on("right") }).unwrap();
        let sender = Sender::new("left");
        for number in 0..2000 {
            sender.send(&udp(1, 2, number, 53));
        }
        let statistics = ring.statistics().unwrap();
        assert_eq!(statistics.received, 2000);
        assert!(statistics.dropped > 1900 && statistics.freezes >= 1, "{statistics:?}");
        assert_eq!(drain(&mut ring).len() as u64, 2000 - statistics.dropped);
        sender.send(&udp(1, 2, 3, 53));
        assert_eq!(drain(&mut ring).len(), 1, "the ring goes on after it was full");
    });
}

#[test]
fn promiscuous_mode_is_asked_for_only_on_request_and_given_back() {
    in_namespace(|| {
        veth_pair("left", "right");
        let promiscuous = || command("ip", &["-d", "link", "show", "right"]).contains("promiscuity 1");
        let quiet = Ring::open(&on("right")).unwrap();
        assert!(!promiscuous());
        let asking = Ring::open(&RingConfig { promiscuous: true, ..on("right") }).unwrap();
        assert!(promiscuous());
        drop(asking);
        assert!(!promiscuous());
        drop(quiet);
    });
}

#[test]
fn any_sees_each_interface_once_and_decodes_each_by_its_own_type() {
    in_namespace(|| {
        veth_pair("left", "right");
        let tunnel = network::Tunnel::new("tunnel");
        let mut ring = Ring::open(&any()).unwrap();
        assert_eq!(ring.link_type(), None);
        Sender::new("left").send(&udp(1, 2, 1000, 53));
        tunnel.receive(&udp(3, 4, 1000, 53)[14..]);
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(b"loopback", socket.local_addr().unwrap()).unwrap();

        let mut by_interface: HashMap<u32, Vec<Seen>> = HashMap::new();
        for frame in drain(&mut ring) {
            by_interface.entry(frame.interface).or_default().push(frame);
        }
        let on_interface = |name: &str| by_interface.get(&find(name).index).cloned().unwrap_or_default();
        assert_eq!(on_interface("left").len(), 1);
        assert_eq!(on_interface("right").len(), 1);
        assert_eq!(on_interface("right")[0].link_type, 1);
        let [raw] = &on_interface("tunnel")[..] else { panic!("not one frame: {:?}", on_interface("tunnel")) };
        assert_eq!((raw.link_type, raw.data[0]), (101, 0x45));
        let loopback = on_interface("lo");
        assert_eq!(loopback.iter().filter(|one| one.data.ends_with(b"loopback")).count(), 1, "{loopback:?}");
    });
}

#[test]
fn a_filter_on_any_reads_tunnels_by_its_raw_ip_form() {
    in_namespace(|| {
        veth_pair("left", "right");
        let tunnel = network::Tunnel::new("tunnel");
        // IPv4's protocol field is UDP: in a packet without any link header.
        let raw_ip = filter([(0x30, 0, 0, 9), (0x15, 0, 1, 17), (0x06, 0, 0, 1), (0x06, 0, 0, 0)]);
        let filters = Some(vec![(1, to_port_53()), (101, raw_ip)]);
        let mut ring = Ring::open(&RingConfig { filters, ..any() }).unwrap();
        let sender = Sender::new("left");
        sender.send(&udp(1, 2, 1000, 53));
        sender.send(&udp(1, 2, 1000, 80));
        let datagram = udp(3, 4, 1000, 80).split_off(14);
        let mut not_udp = datagram.clone();
        not_udp[9] = 1;
        tunnel.receive(&datagram);
        tunnel.receive(&not_udp);

        let link_types = |seen: &[Seen]| seen.iter().map(|one| one.link_type).collect::<Vec<_>>();
        assert_eq!(link_types(&drain(&mut ring)), [1, 1, 101]);
    });
}

#[test]
fn a_filter_on_a_tunnel_is_that_for_raw_ip_and_without_one_nothing_passes() {
    in_namespace(|| {
        let tunnel = network::Tunnel::new("tunnel");
        let raw_ip = filter([(0x30, 0, 0, 9), (0x15, 0, 1, 17), (0x06, 0, 0, 1), (0x06, 0, 0, 0)]);
        let with = Some(vec![(1, to_port_53()), (101, raw_ip)]);
        let without = Some(vec![(1, to_port_53())]);
        let [mut reads, mut misses] =
            [with, without].map(|filters| Ring::open(&RingConfig { filters, ..on("tunnel") }).unwrap());
        tunnel.receive(&udp(3, 4, 1000, 53).split_off(14));

        assert_eq!((drain(&mut reads).len(), drain(&mut misses).len()), (1, 0));
    });
}

#[test]
fn a_packet_of_64_kilobytes_fits_into_a_block() {
    in_namespace(|| {
        command("ip", &["link", "set", "lo", "up"]);
        let mut ring = Ring::open(&on("lo")).unwrap();
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..20 {
            socket.send_to(&vec![9; 65_400], socket.local_addr().unwrap()).unwrap();
        }
        let seen = drain(&mut ring);
        assert_eq!(seen.len(), 20);
        assert!(seen.iter().all(|one| one.data.len() == 65_442 && one.wire_bytes == 65_442));
    });
}

#[test]
fn a_packet_longer_than_a_block_is_cut_and_keeps_its_length_on_the_wire() {
    in_namespace(|| {
        command("ip", &["link", "set", "lo", "up"]);
        let mut ring = Ring::open(&RingConfig { block_bytes: 8192, ..on("lo") }).unwrap();
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(&vec![9; 20_000], socket.local_addr().unwrap()).unwrap();
        let [cut] = &drain(&mut ring)[..] else { panic!("not one frame") };
        assert_eq!(cut.wire_bytes, 20_042);
        assert!((7000..8192).contains(&cut.data.len()), "{}", cut.data.len());
    });
}

#[test]
fn waiting_ends_at_the_timeout() {
    in_namespace(|| {
        veth_pair("left", "right");
        let mut ring = Ring::open(&on("right")).unwrap();
        let begun = Instant::now();
        assert_eq!(ring.poll_block(50, &mut |_| panic!("nothing was sent")).unwrap(), 0);
        assert!((Duration::from_millis(45)..Duration::from_secs(5)).contains(&begun.elapsed()));
    });
}

#[test]
fn an_interface_that_goes_down_is_waited_for() {
    in_namespace(|| {
        veth_pair("left", "right");
        let mut ring = Ring::open(&on("right")).unwrap();
        command("ip", &["link", "set", "right", "down"]);
        assert_eq!(drain(&mut ring).len(), 0);
        command("ip", &["link", "set", "right", "up"]);
        network::wait_until_up("left");
        network::wait_until_up("right");
        Sender::new("left").send(&udp(1, 2, 3, 53));
        assert_eq!(drain(&mut ring).len(), 1);
    });
}

#[test]
fn an_interface_that_is_removed_ends_the_capture_after_its_last_packet() {
    in_namespace(|| {
        veth_pair("left", "right");
        let mut ring = Ring::open(&on("right")).unwrap();
        Sender::new("left").send(&udp(1, 2, 3, 53));
        command("ip", &["link", "del", "right"]);
        let mut frames = 0;
        let error = loop {
            match ring.poll_block(1000, &mut |_| frames += 1) {
                Ok(0) => panic!("nobody noticed"),
                Ok(_) => (),
                Err(error) => break error,
            }
        };
        assert_eq!(frames, 1);
        assert!(error.message.contains("right") && error.message.contains("removed"), "{error}");
    });
}

#[test]
fn an_interface_that_goes_down_first_and_is_removed_later_is_noticed() {
    in_namespace(|| {
        veth_pair("left", "right");
        let mut ring = Ring::open(&on("right")).unwrap();
        command("ip", &["link", "set", "right", "down"]);
        assert_eq!(drain(&mut ring).len(), 0);
        command("ip", &["link", "del", "right"]);
        assert!(ring.poll_block(50, &mut |_| ()).is_err());
    });
}

#[test]
fn without_the_capability_the_sentence_says_what_would_do() {
    in_namespace(|| {
        veth_pair("left", "right");
        network::drop_capabilities();
        let Err(error) = Ring::open(&on("right")) else { panic!("opened without any right") };
        assert_eq!(error.kind, ErrorKind::Permission);
        assert!(error.message.contains("--ambient-caps=+net_raw"), "{error}");
    });
}

#[test]
fn net_raw_alone_is_enough() {
    in_namespace(|| {
        veth_pair("left", "right");
        let sender = Sender::new("left");
        network::keep_only_net_raw();
        let config =
            RingConfig { promiscuous: true, fanout: Some(1), filters: Some(vec![(1, to_port_53())]), ..on("right") };
        let mut ring = Ring::open(&config).unwrap();
        sender.send(&udp(1, 2, 3, 53));
        assert_eq!(drain(&mut ring).len(), 1);
    });
}

#[test]
fn an_interface_that_is_not_there_is_answered_with_those_that_are() {
    in_namespace(|| {
        veth_pair("left", "right");
        let Err(error) = Ring::open(&on("middle")) else { panic!("there is no such interface") };
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(["middle", "lo", "left", "right"].iter().all(|name| error.message.contains(name)), "{error}");
    });
}

#[test]
fn auto_is_the_busiest_and_an_address_is_its_owner() {
    in_namespace(|| {
        assert!(resolve("auto").is_err(), "loopback alone does not count");
        veth_pair("left", "right");
        veth_pair("near", "far");
        command("ip", &["addr", "add", "10.9.0.1/24", "dev", "near"]);
        let sender = Sender::new("left");
        (0..10).for_each(|_| sender.send(&udp(1, 2, 3, 53)));
        let before = find("left").packets;
        sender.send(&udp(1, 2, 3, 53));
        assert_eq!(find("left").packets, before + 1);
        assert_eq!(resolve("auto").unwrap(), Target::Interface(find_busiest()));
        assert_eq!(resolve("10.9.0.1").unwrap(), Target::Interface("near".into()));
        assert!(find("near").addresses.contains(&("10.9.0.1".parse().unwrap(), 24)));
        assert!(find("near").up);
    });
}

fn find_busiest() -> String {
    let mut all = interfaces().unwrap();
    all.retain(|one| one.name == "left" || one.name == "right");
    if all[0].packets >= all[1].packets { all.swap_remove(0).name } else { all.swap_remove(1).name }
}
