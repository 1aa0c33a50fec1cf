//! Programs that tcpdump compiled, against frames made by hand; then the corners that tcpdump never compiles.

use proptest::prelude::*;

use super::*;

/// A program as `tcpdump -ddd` prints it, with commas for line ends and without the count before it.
fn instructions(text: &str) -> Vec<Instruction> {
    let numbers = |line: &str| -> Vec<u32> { line.split_whitespace().map(|word| word.parse().unwrap()).collect() };
    text.split(',')
        .map(|line| match numbers(line)[..] {
            [code, jump_true, jump_false, k] => {
                Instruction { code: code as u16, jump_true: jump_true as u8, jump_false: jump_false as u8, k }
            }
            _ => panic!("{line} is no instruction"),
        })
        .collect()
}

fn program(text: &str) -> FilterProgram {
    FilterProgram::new(instructions(text)).unwrap()
}

fn refusal(text: &str) -> String {
    FilterProgram::new(instructions(text)).unwrap_err().message
}

fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], &ether_type.to_be_bytes(), payload].concat()
}

fn ipv4(protocol: u8, fragment_offset: u16, from: [u8; 4], to: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut header = vec![0x45, 0, 0, 20 + payload.len() as u8, 0, 1, 0, 0, 64, protocol, 0, 0];
    header[6..8].copy_from_slice(&fragment_offset.to_be_bytes());
    [&header[..], &from, &to, payload].concat()
}

fn ports(from: u16, to: u16, rest: &[u8]) -> Vec<u8> {
    [&from.to_be_bytes()[..], &to.to_be_bytes(), rest].concat()
}

/// A UDP header to the DNS port, and a payload that begins with the numbers 9 and 3.
fn question() -> Vec<u8> {
    ports(40_000, 53, &[0, 28, 0, 0, 0, 9, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0])
}

const DNS: &str = "dns";
const DNS_IPV6: &str = "dns over ipv6";
const DNS_TAGGED: &str = "dns in vlan 77";
const FRAGMENT: &str = "later fragment";
const SYN: &str = "tcp syn to ssh";
const ECHO: &str = "icmp echo";
const ARP: &str = "arp";
const RUNT: &str = "cut within ipv4";

fn frames() -> Vec<(&'static str, Vec<u8>)> {
    let (here, there) = ([10, 0, 0, 1], [10, 1, 2, 3]);
    let dns = ipv4(17, 0, here, there, &question());
    let ipv6 = [&[0x60, 0, 0, 0, 0, 20, 17, 64][..], &[0x20; 16], &[0x30; 16], &question()].concat();
    let syn = ports(1500, 22, &[0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0]);
    let arp = [&[0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 2][..], &here, &[0; 6], &there].concat();
    let mut broadcast = ethernet(0x0806, &arp);
    broadcast[..6].fill(0xff);
    vec![
        (DNS, ethernet(0x0800, &dns)),
        (DNS_IPV6, ethernet(0x86dd, &ipv6)),
        (DNS_TAGGED, ethernet(0x8100, &[&[0x20, 77, 8, 0], &dns[..]].concat())),
        (FRAGMENT, ethernet(0x0800, &ipv4(17, 3, there, here, &ports(53, 53, &[0; 80])))),
        (SYN, ethernet(0x0800, &ipv4(6, 0, [192, 168, 1, 1], here, &syn))),
        (ECHO, ethernet(0x0800, &ipv4(1, 0, there, [10, 2, 0, 1], &[8, 0, 0, 0, 0, 1, 0, 1]))),
        (ARP, broadcast),
        (RUNT, ethernet(0x0800, &dns[..5])),
    ]
}

/// Expression, program, and the frames that `tcpdump -r` finds with it among those above.
const COMPILED: &[(&str, &str, &[&str])] = &[
    (
        "udp port 53",
        "40 0 0 12, 21 0 6 34525, 48 0 0 20, 21 0 15 17, 40 0 0 54, 21 12 0 53, 40 0 0 56, 21 10 11 53, \
         21 0 10 2048, 48 0 0 23, 21 0 8 17, 40 0 0 20, 69 6 0 8191, 177 0 0 14, 72 0 0 14, 21 2 0 53, \
         72 0 0 16, 21 0 1 53, 6 0 0 262144, 6 0 0 0",
        &[DNS, DNS_IPV6],
    ),
    (
        "tcp",
        "40 0 0 12, 21 0 2 2048, 48 0 0 23, 21 6 7 6, 21 0 6 34525, 48 0 0 20, 21 3 0 6, 21 0 3 44, \
         48 0 0 54, 21 0 1 6, 6 0 0 262144, 6 0 0 0",
        &[SYN],
    ),
    (
        "host 10.0.0.1",
        "40 0 0 12, 21 0 4 2048, 32 0 0 26, 21 8 0 167772161, 32 0 0 30, 21 6 7 167772161, 21 1 0 2054, \
         21 0 5 32821, 32 0 0 28, 21 2 0 167772161, 32 0 0 38, 21 0 1 167772161, 6 0 0 262144, 6 0 0 0",
        &[DNS, FRAGMENT, SYN, ARP],
    ),
    (
        "net 10.1.0.0/16",
        "40 0 0 12, 21 0 6 2048, 32 0 0 26, 84 0 0 4294901760, 21 11 0 167837696, 32 0 0 30, \
         84 0 0 4294901760, 21 8 9 167837696, 21 1 0 2054, 21 0 7 32821, 32 0 0 28, 84 0 0 4294901760, \
         21 3 0 167837696, 32 0 0 38, 84 0 0 4294901760, 21 0 1 167837696, 6 0 0 262144, 6 0 0 0",
        &[DNS, FRAGMENT, ECHO, ARP],
    ),
    (
        "vlan 77",
        "40 0 0 12, 21 2 0 33024, 21 1 0 34984, 21 0 4 37120, 40 0 0 14, 84 0 0 4095, 21 0 1 77, \
         6 0 0 262144, 6 0 0 0",
        &[DNS_TAGGED],
    ),
    (
        "vlan and udp port 53",
        "40 0 0 12, 21 2 0 33024, 21 1 0 34984, 21 0 19 37120, 40 0 0 16, 21 0 6 34525, 48 0 0 24, \
         21 0 15 17, 40 0 0 58, 21 12 0 53, 40 0 0 60, 21 10 11 53, 21 0 10 2048, 48 0 0 27, 21 0 8 17, \
         40 0 0 24, 69 6 0 8191, 177 0 0 18, 72 0 0 18, 21 2 0 53, 72 0 0 20, 21 0 1 53, 6 0 0 262144, \
         6 0 0 0",
        &[DNS_TAGGED],
    ),
    (
        "ip6 and udp",
        "40 0 0 12, 21 0 6 34525, 48 0 0 20, 21 3 0 17, 21 0 3 44, 48 0 0 54, 21 0 1 17, 6 0 0 262144, \
         6 0 0 0",
        &[DNS_IPV6],
    ),
    ("len > 100", "128 0 0 0, 37 0 1 100, 6 0 0 262144, 6 0 0 0", &[FRAGMENT]),
    (
        "tcp[tcpflags] & tcp-syn != 0",
        "40 0 0 12, 21 0 8 2048, 48 0 0 23, 21 0 6 6, 40 0 0 20, 69 4 0 8191, 177 0 0 14, 80 0 0 27, \
         69 0 1 2, 6 0 0 262144, 6 0 0 0",
        &[SYN],
    ),
    (
        "ether host 02:00:00:00:00:01",
        "32 0 0 8, 21 0 2 1, 40 0 0 6, 21 4 0 512, 32 0 0 2, 21 0 3 1, 40 0 0 0, 21 0 1 512, 6 0 0 262144, \
         6 0 0 0",
        &[DNS, DNS_IPV6, DNS_TAGGED, FRAGMENT, SYN, ECHO, RUNT],
    ),
    (
        "portrange 1000-2000",
        "40 0 0 12, 21 0 9 34525, 48 0 0 20, 21 2 0 132, 21 1 0 6, 21 0 20 17, 40 0 0 54, 53 0 1 1000, \
         37 0 16 2000, 40 0 0 56, 53 13 15 1000, 21 0 14 2048, 48 0 0 23, 21 2 0 132, 21 1 0 6, 21 0 10 17, \
         40 0 0 20, 69 8 0 8191, 177 0 0 14, 72 0 0 14, 53 0 1 1000, 37 0 3 2000, 72 0 0 16, 53 0 2 1000, \
         37 1 0 2000, 6 0 0 262144, 6 0 0 0",
        &[SYN],
    ),
    ("ether multicast", "48 0 0 0, 69 0 1 1, 6 0 0 262144, 6 0 0 0", &[ARP]),
    ("arp or icmp", "40 0 0 12, 21 3 0 2054, 21 0 3 2048, 48 0 0 23, 21 0 1 1, 6 0 0 262144, 6 0 0 0", &[ECHO, ARP]),
    (
        "ip[0:4] % 7 = 4",
        "40 0 0 12, 21 0 4 2048, 32 0 0 14, 148 0 0 7, 21 0 1 4, 6 0 0 262144, 6 0 0 0",
        &[DNS, SYN, RUNT],
    ),
    (
        "udp[8:2] / (ip[8] - 60) = 2",
        "40 0 0 12, 21 0 14 2048, 48 0 0 23, 21 0 12 17, 40 0 0 20, 69 10 0 8191, 177 0 0 14, 72 0 0 22, \
         2 0 0 1, 48 0 0 22, 20 0 0 60, 7 0 0 4, 96 0 0 1, 60 0 0 0, 21 0 1 2, 6 0 0 262144, 6 0 0 0",
        &[DNS],
    ),
    (
        "not (tcp port 22 or udp dst port 123)",
        "40 0 0 12, 21 0 9 34525, 48 0 0 20, 21 0 4 6, 40 0 0 54, 21 21 0 22, 40 0 0 56, 21 19 20 22, \
         21 0 19 17, 40 0 0 56, 21 16 17 123, 21 0 16 2048, 48 0 0 23, 21 0 7 6, 40 0 0 20, 69 12 0 8191, \
         177 0 0 14, 72 0 0 14, 21 8 0 22, 72 0 0 16, 21 6 7 22, 21 0 6 17, 40 0 0 20, 69 4 0 8191, \
         177 0 0 14, 72 0 0 16, 21 0 1 123, 6 0 0 0, 6 0 0 262144",
        &[DNS, DNS_IPV6, DNS_TAGGED, FRAGMENT, ECHO, ARP],
    ),
    (
        "len - ip[2:2] = 14",
        "128 0 0 0, 2 0 0 0, 40 0 0 16, 7 0 0 2, 96 0 0 0, 28 0 0 0, 21 0 1 14, 6 0 0 262144, 6 0 0 0",
        &[DNS, FRAGMENT, SYN, ECHO],
    ),
];

/// `tcpdump -i lo -ddd 'vlan 77'`: what is compiled for a live socket asks the kernel for the tag it took off.
const LIVE_VLAN: &str = "48 0 0 4294963248, 21 4 0 1, 40 0 0 12, 21 2 0 33024, 21 1 0 34984, 21 0 8 37120, \
    48 0 0 4294963248, 21 0 2 1, 48 0 0 4294963244, 5 0 0 1, 40 0 0 14, 84 0 0 4095, 21 0 1 77, 6 0 0 262144, 6 0 0 0";

#[test]
fn programs_of_tcpdump_find_the_frames_that_tcpdump_finds() {
    for (expression, text, expected) in COMPILED {
        let program = program(text);
        let matched = frames().into_iter().filter(|(_, frame)| program.matches(frame, frame.len() as u32));
        assert_eq!(matched.map(|(name, _)| name).collect::<Vec<_>>(), *expected, "{expression}");
    }
}

#[test]
fn what_only_the_kernel_knows_of_a_packet_is_outside_of_every_frame() {
    let program = program(LIVE_VLAN);
    assert!(frames().iter().all(|(_, frame)| !program.matches(frame, frame.len() as u32)));
}

#[test]
fn the_length_is_that_on_the_wire_and_not_what_was_captured() {
    let long = program("128 0 0 0, 37 0 1 100, 6 0 0 1, 6 0 0 0");
    assert!(long.matches(&[0; 20], 101));
    assert!(!long.matches(&[0; 200], 100));
    let long_in_x = program("129 0 0 0, 135 0 0 0, 22 0 0 0");
    assert!(long_in_x.matches(&[], 1));
    assert!(!long_in_x.matches(&[], 0));
}

/// What a program returns in its accumulator, told by comparing it.
fn accumulator(text: &str, frame: &[u8]) -> Option<u32> {
    let bit = |bit: u32| program(&format!("{text}, 69 0 1 {}, 6 0 0 1, 6 0 0 0", 1_u64 << bit));
    let ended_well = program(&format!("{text}, 6 0 0 1")).matches(frame, 0);
    ended_well.then(|| (0..32).filter(|&at| bit(at).matches(frame, 0)).map(|at| 1 << at).sum())
}

#[test]
fn loads_are_big_endian_and_end_with_the_frame() {
    let frame = [0x81, 2, 3, 4, 5];
    assert_eq!(accumulator("32 0 0 0", &frame), Some(0x8102_0304));
    assert_eq!(accumulator("32 0 0 1", &frame), Some(0x0203_0405));
    assert_eq!(accumulator("32 0 0 2", &frame), None);
    assert_eq!(accumulator("40 0 0 3", &frame), Some(0x0405));
    assert_eq!(accumulator("40 0 0 4", &frame), None);
    assert_eq!(accumulator("48 0 0 4", &frame), Some(5));
    assert_eq!(accumulator("48 0 0 5", &frame), None);
    assert_eq!(accumulator("48 0 0 4294967295", &frame), None);
    assert_eq!(accumulator("177 0 0 4, 135 0 0 0", &frame), Some(20));
    assert_eq!(accumulator("177 0 0 5", &frame), None);
}

#[test]
fn an_offset_with_the_index_added_does_not_wrap_around() {
    let frame = [9; 8];
    assert_eq!(accumulator("1 0 0 3, 80 0 0 4", &frame), Some(9));
    assert_eq!(accumulator("1 0 0 3, 80 0 0 5", &frame), None);
    assert_eq!(accumulator("1 0 0 3, 64 0 0 4294967295", &frame), None);
    assert_eq!(accumulator("1 0 0 4294967295, 72 0 0 4294967295", &frame), None);
}

#[test]
fn arithmetic_wraps_and_a_division_by_zero_ends_the_program() {
    let of = |operation: &str| accumulator(&format!("1 0 0 3, 0 0 0 4294967290, {operation}"), &[]);
    assert_eq!(of("4 0 0 10"), Some(4));
    assert_eq!(of("20 0 0 4294967295"), Some(4_294_967_291));
    assert_eq!(of("36 0 0 2"), Some(4_294_967_284));
    assert_eq!(of("60 0 0 0"), Some(1_431_655_763));
    assert_eq!(of("156 0 0 0"), Some(1));
    assert_eq!(of("84 0 0 15"), Some(10));
    assert_eq!(of("68 0 0 5"), Some(4_294_967_295));
    assert_eq!(of("164 0 0 4294967295"), Some(5));
    assert_eq!(of("100 0 0 4"), Some(4_294_967_200));
    assert_eq!(of("124 0 0 0"), Some(536_870_911));
    assert_eq!(of("132 0 0 0"), Some(6));
    assert_eq!(of("1 0 0 0, 60 0 0 0"), None);
    assert_eq!(of("1 0 0 0, 156 0 0 0"), None);
    assert_eq!(of("1 0 0 32, 108 0 0 0"), Some(0));
    assert_eq!(of("1 0 0 4294967295, 124 0 0 0"), Some(0));
}

#[test]
fn scratch_words_keep_what_was_stored() {
    assert_eq!(accumulator("0 0 0 7, 2 0 0 15, 0 0 0 1, 96 0 0 15", &[]), Some(7));
    assert_eq!(accumulator("1 0 0 8, 3 0 0 0, 97 0 0 0, 135 0 0 0", &[]), Some(8));
    assert_eq!(accumulator("0 0 0 5, 7 0 0 0, 0 0 0 1, 12 0 0 0", &[]), Some(6));
}

#[test]
fn comparisons_are_unsigned_and_take_a_constant_or_the_index() {
    let holds = |comparison: u16, right: u32| {
        let constant = program(&format!("0 0 0 4294967295, {comparison} 0 1 {right}, 6 0 0 1, 6 0 0 0"));
        let index = program(&format!("1 0 0 {right}, 0 0 0 4294967295, {} 0 1 0, 6 0 0 1, 6 0 0 0", comparison + 8));
        assert_eq!(constant.matches(&[], 0), index.matches(&[], 0));
        constant.matches(&[], 0)
    };
    assert!(holds(21, u32::MAX) && !holds(21, 1));
    assert!(holds(37, 1) && !holds(37, u32::MAX));
    assert!(holds(53, 1) && holds(53, u32::MAX));
    assert!(holds(69, 1) && !holds(69, 0));
}

#[test]
fn programs_that_can_not_run_are_refused_with_the_reason() {
    let many = vec!["6 0 0 0"; MAX_INSTRUCTIONS + 1].join(", ");
    assert!(FilterProgram::new(instructions(&many[9..])).is_ok());
    assert_eq!(refusal(&many), "a filter program of 4097 instructions can't run; it must have 1 to 4096");
    assert_eq!(
        FilterProgram::new(Vec::new()).unwrap_err().message,
        "a filter program of 0 instructions can't run; it must have 1 to 4096"
    );
    assert_eq!(refusal("48 0 0 0"), "a filter program must end with a return instruction");
    assert_eq!(refusal("6 0 0 1, 5 0 0 0"), "instruction 1 of the filter program jumps out of the program");
    assert_eq!(refusal("5 0 0 4294967295, 6 0 0 1"), "instruction 0 of the filter program jumps out of the program");
    assert_eq!(refusal("21 0 1 0, 6 0 0 1"), "instruction 0 of the filter program jumps out of the program");
    assert_eq!(refusal("255 0 0 0, 6 0 0 1"), "instruction 0 of the filter program has the unknown code 0x00ff");
    assert_eq!(refusal("52 0 0 0, 6 0 0 1"), "instruction 0 of the filter program divides by 0");
    assert_eq!(refusal("148 0 0 0, 6 0 0 1"), "instruction 0 of the filter program divides by 0");
    assert_eq!(refusal("100 0 0 32, 6 0 0 1"), "instruction 0 of the filter program shifts by more than 31 bits");
    assert_eq!(
        refusal("2 0 0 16, 6 0 0 1"),
        "instruction 0 of the filter program uses scratch word 16; there are 0 to 15"
    );
}

#[test]
fn a_scratch_word_must_be_written_on_every_way_to_where_it_is_loaded() {
    let unwritten = "instruction 3 of the filter program loads scratch word 2, which may not be written yet";
    assert_eq!(refusal("0 0 0 0, 21 0 1 0, 2 0 0 2, 96 0 0 2, 22 0 0 0"), unwritten);
    assert_eq!(refusal("0 0 0 0, 5 0 0 1, 2 0 0 2, 97 0 0 2, 22 0 0 0"), unwritten);
    program("0 0 0 0, 2 0 0 2, 21 0 1 0, 3 0 0 1, 96 0 0 2, 22 0 0 0");
}

/// Programs of known instructions with jumps that mostly stay inside.
fn any_program() -> impl Strategy<Value = Vec<Instruction>> {
    let codes = (0..=0xff_u16).filter(|&code| code & 0x07 != 0x06).collect::<Vec<_>>();
    let k = prop_oneof![0..40_u32, any::<u32>()];
    let instruction = (prop::sample::select(codes), 0..3_u8, 0..3_u8, k)
        .prop_map(|(code, jump_true, jump_false, k)| Instruction { code, jump_true, jump_false, k });
    prop::collection::vec(instruction, 0..8).prop_map(|mut instructions| {
        let end = Instruction { code: 0x16, jump_true: 0, jump_false: 0, k: 0 };
        instructions.retain(|instruction| {
            FilterProgram::new(vec![Instruction { code: 0x02, ..end }, *instruction, end, end, end, end]).is_ok()
        });
        instructions.extend([end; 4]);
        instructions
    })
}

proptest! {
    #[test]
    fn whatever_is_accepted_ends_without_a_panic(
        instructions in any_program(),
        frame in prop::collection::vec(any::<u8>(), 0..60),
        wire_bytes in any::<u32>(),
    ) {
        if let Ok(program) = FilterProgram::new(instructions.clone()) {
            prop_assert_eq!(program.instructions(), &instructions);
            prop_assert_eq!(program.matches(&frame, wire_bytes), program.matches(&frame, wire_bytes));
        }
    }
}

/// As the fuzz target reads it: a count, the instructions, and the frame.
#[test]
#[ignore = "writes files for fuzzing; fuzz/run calls it"]
fn fuzz_seeds() {
    for (number, (_, text, _)) in COMPILED.iter().enumerate() {
        let instructions = instructions(text);
        let mut seed = vec![instructions.len() as u8];
        for Instruction { code, jump_true, jump_false, k } in instructions {
            seed.extend(code.to_le_bytes());
            seed.extend([jump_true, jump_false]);
            seed.extend(k.to_le_bytes());
        }
        let frames = frames();
        let (_, frame) = &frames[number % frames.len()];
        seed.extend(frame);
        crate::read::testing::write_fuzz_seed("filter", &number.to_string(), &seed);
    }
}
