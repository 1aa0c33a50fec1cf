//! What is made is what it claims to be, and the same from the same seed.

use super::*;

fn config(kinds: &[Kind], packets_per_second: u32) -> TrafficConfig {
    TrafficConfig { seed: 7, packets_per_second, kinds: kinds.to_vec() }
}

fn frames(config: &TrafficConfig, seconds: u64) -> Vec<Made> {
    Traffic::new(config, |_| true).take_while(|made| made.at_ns < seconds * 1_000_000_000).collect()
}

#[test]
fn the_same_seed_gives_the_same_frames_and_another_others() {
    let config = config(&Kind::ALL, 400);
    let first = frames(&config, 3);
    assert_eq!(first, frames(&config, 3));
    assert_ne!(first, frames(&TrafficConfig { seed: 8, ..config }, 3));
    assert!(first.is_sorted_by_key(|made| made.at_ns));
}

#[test]
fn packets_come_at_the_rate_that_is_asked_for_and_no_frame_is_too_long() {
    for kinds in [&Kind::ALL[..], &[Kind::Dns], &[Kind::Web, Kind::Dhcp]] {
        let made = frames(&config(kinds, 300), 60);
        assert!((13_000..23_000).contains(&made.len()), "{kinds:?}: {}", made.len());
        assert!(made.iter().all(|made| made.data.len() <= 1518));
    }
}

#[test]
fn what_waits_for_its_time_stays_within_some_seconds_of_traffic() {
    let mut traffic = Traffic::new(&config(&Kind::ALL, 1000), |_| true);
    let most = (0..30_000).map(|_| traffic.next().map(|_| traffic.ahead.len())).max().flatten();
    assert!(most.is_some_and(|most| most < 3_000), "{most:?}");
}

#[test]
fn a_kind_comes_as_often_alone_as_among_the_others() {
    let config = config(&Kind::ALL, 300);
    let is_dns = |kind| kind == Kind::Dns;
    let alone = Traffic::new(&config, is_dns).take_while(|made| made.at_ns < 60_000_000_000).count();
    assert!((4_500..8_500).contains(&alone), "{alone}");
}

#[test]
fn kinds_are_known_by_their_names() {
    for kind in Kind::ALL {
        assert_eq!(Kind::named(kind.name()), Some(kind));
    }
    assert_eq!(Kind::named("radio"), None);
}

#[test]
fn checksums_are_right() {
    for made in frames(&config(&Kind::ALL, 500), 2) {
        let at = if made.data[12..14] == [0x81, 0] { 18 } else { 14 };
        let packet = &made.data[at..];
        let (protocol, addresses, body) = match packet[0] >> 4 {
            4 => (packet[9], &packet[12..20], &packet[20..]),
            _ => (packet[6], &packet[8..40], &packet[40..]),
        };
        let pseudo = frames::words(&[u16::from(protocol), body.len() as u16]);
        assert_eq!(frames::checksum(&[addresses, &pseudo, body]), 0);
        assert!(packet[0] >> 4 == 6 || frames::checksum(&[&packet[..20]]) == 0);
    }
}

#[test]
fn popular_names_are_asked_for_most() {
    let (ranks, mut random) = (random::Ranks::new(100), Random::new(1));
    let mut counts = [0_u32; 100];
    (0..100_000).for_each(|_| counts[ranks.draw(&mut random)] += 1);
    assert!(counts[0] > counts[1] && counts[1] > counts[9] && counts[9] > counts[99] && counts[99] > 0);
}
