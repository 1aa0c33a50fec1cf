//! The filter that the kernel runs on each packet before it copies it into a ring.
//!
//! It is the user's filter with some changes: an accepted packet is always taken whole (the accept length that a filter
//! compiler writes is a snap length, which would cut packets), the loopback device's second copy is left out, and where
//! interfaces of several kinds are listened to, each link type has its own program.

use super::link_type;
use crate::filter::{FilterProgram, LinkFilter};
use libc::sock_filter;

/// Classic BPF opcodes (bpf(4)): load a word at an absolute offset, jump if equal, jump, return a constant.
const LOAD_WORD: u16 = 0x20;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP: u16 = 0x05;
const RETURN_CONSTANT: u16 = 0x06;

const WHOLE_PACKET: u32 = u32::MAX;

/// Takes nothing: for the moment between a socket's start and its place in a fanout group, in which it would see what
/// the other members see too.
pub(super) const NOTHING: [sock_filter; 1] = [returns(0)];

/// The program for a socket, or `None` where all packets are wanted.
///
/// `filters` has the program of each link type, `only` is the link type of the one interface that is listened to. A
/// packet of a link type without a program does not pass. `sees_loopback`: the socket listens on the loopback device, or
/// on every device. That device shows each packet twice, as it leaves and as it arrives; the arriving one is kept, as
/// libpcap does.
pub(super) fn program(
    filters: Option<&[LinkFilter]>,
    only: Option<u16>,
    sees_loopback: bool,
) -> Option<Vec<sock_filter>> {
    let mut program = if sees_loopback { skip_outgoing_loopback().to_vec() } else { Vec::new() };
    match (filters, only) {
        (None, _) if !sees_loopback => return None,
        (None, _) => program.push(returns(WHOLE_PACKET)),
        (Some(filters), Some(only)) => {
            let wanted = filters.iter().find(|(link_type, _)| *link_type == only);
            program.extend(wanted.map_or(NOTHING.to_vec(), |(_, filter)| taking_whole_packets(filter)));
        }
        (Some(filters), None) => program.extend(by_link_type(filters)),
    }
    Some(program)
}

/// One program after the other, each for the packets of its link type; what is left does not pass.
fn by_link_type(filters: &[LinkFilter]) -> Vec<sock_filter> {
    let mut program = vec![loads_about_packet(libc::SKF_AD_HATYPE)];
    for (link_type, filter) in filters {
        let filter = taking_whole_packets(filter);
        let hardware_types = link_type::hardware_of(*link_type);
        for (at, hardware_type) in hardware_types.iter().enumerate() {
            let to_filter = (hardware_types.len() - at) as u8;
            program.push(sock_filter { code: JUMP_IF_EQUAL, jt: to_filter, jf: 0, k: u32::from(*hardware_type) });
        }
        program.push(sock_filter { code: JUMP, jt: 0, jf: 0, k: filter.len() as u32 });
        program.extend(filter);
    }
    program.extend(NOTHING);
    program
}

/// The filter's instructions, returning "all of it" for what it accepts.
fn taking_whole_packets(filter: &FilterProgram) -> Vec<sock_filter> {
    let whole = |code, k| if code == RETURN_CONSTANT && k != 0 { WHOLE_PACKET } else { k };
    let instructions = filter.instructions().iter();
    instructions
        .map(|one| sock_filter { code: one.code, jt: one.jump_true, jf: one.jump_false, k: whole(one.code, one.k) })
        .collect()
}

/// Drops a packet that leaves by a loopback device; falls through to the next instruction for any other.
fn skip_outgoing_loopback() -> [sock_filter; 5] {
    [
        loads_about_packet(libc::SKF_AD_PKTTYPE),
        sock_filter { code: JUMP_IF_EQUAL, jt: 0, jf: 3, k: u32::from(libc::PACKET_OUTGOING) },
        loads_about_packet(libc::SKF_AD_HATYPE),
        sock_filter { code: JUMP_IF_EQUAL, jt: 0, jf: 1, k: u32::from(libc::ARPHRD_LOOPBACK) },
        returns(0),
    ]
}

/// Loads what the kernel knows of the packet beside its bytes: offsets from SKF_AD_OFF on mean that (linux/filter.h).
fn loads_about_packet(what: libc::c_int) -> sock_filter {
    sock_filter { code: LOAD_WORD, jt: 0, jf: 0, k: (libc::SKF_AD_OFF + what).cast_unsigned() }
}

const fn returns(bytes: u32) -> sock_filter {
    sock_filter { code: RETURN_CONSTANT, jt: 0, jf: 0, k: bytes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Instruction;

    fn filter(codes: &[(u16, u32)]) -> FilterProgram {
        let one = |&(code, k)| Instruction { code, jump_true: 0, jump_false: 0, k };
        FilterProgram::new(codes.iter().map(one).collect()).expect("a program that ends with a return")
    }

    const ETHERNET: u16 = 1;
    const RAW_IP: u16 = 101;

    #[test]
    fn an_interface_without_a_filter_needs_no_program() {
        assert!(program(None, Some(ETHERNET), false).is_none());
    }

    #[test]
    fn accepted_packets_are_taken_whole_and_refused_ones_stay_refused() {
        let snapping = filter(&[(LOAD_WORD, 96), (RETURN_CONSTANT, 96), (RETURN_CONSTANT, 0)]);
        let program = program(Some(&[(ETHERNET, snapping)]), Some(ETHERNET), false).unwrap();
        assert_eq!(program.iter().map(|one| one.k).collect::<Vec<_>>(), [96, WHOLE_PACKET, 0]);
    }

    #[test]
    fn what_is_not_an_outgoing_loopback_packet_reaches_the_users_filter() {
        let refusing = [(ETHERNET, filter(&[(RETURN_CONSTANT, 0)]))];
        let program = program(Some(&refusing), Some(ETHERNET), true).unwrap();
        let after = |at: usize, jump: u8| at + 1 + usize::from(jump);
        assert_eq!(after(1, program[1].jf), 5);
        assert_eq!(after(3, program[3].jf), 5);
        assert_eq!((program[5].code, program[5].k), (RETURN_CONSTANT, 0));
    }

    #[test]
    fn an_interface_has_the_program_of_its_link_type_or_lets_nothing_pass() {
        let filters =
            [(ETHERNET, filter(&[(RETURN_CONSTANT, 1)])), (RAW_IP, filter(&[(LOAD_WORD, 2), (RETURN_CONSTANT, 1)]))];
        assert_eq!(program(Some(&filters), Some(RAW_IP), false).unwrap()[0].k, 2);
        let [only] = program(Some(&filters), Some(105), false).unwrap()[..] else {
            panic!("more than one instruction")
        };
        assert_eq!((only.code, only.k), (RETURN_CONSTANT, 0));
    }

    /// Where the packet of a device ends up: the constant of the first instruction of its filter.
    fn first_constant(program: &[sock_filter], hardware_type: u16) -> u32 {
        let mut at = 1;
        loop {
            let one = program[at];
            match one.code {
                JUMP_IF_EQUAL if one.k == u32::from(hardware_type) => at += 1 + usize::from(one.jt),
                JUMP_IF_EQUAL => at += 1 + usize::from(one.jf),
                JUMP => at += 1 + one.k as usize,
                _ => return one.k,
            }
        }
    }

    #[test]
    fn each_kind_of_device_has_its_own_program() {
        let ethernet = filter(&[(LOAD_WORD, 1), (RETURN_CONSTANT, 1)]);
        let raw_ip = filter(&[(LOAD_WORD, 2), (RETURN_CONSTANT, 0)]);
        let program = program(Some(&[(ETHERNET, ethernet), (RAW_IP, raw_ip)]), None, false).unwrap();
        let constants =
            [libc::ARPHRD_ETHER, libc::ARPHRD_LOOPBACK, libc::ARPHRD_NONE, libc::ARPHRD_SIT, libc::ARPHRD_PPP]
                .map(|hardware_type| first_constant(&program, hardware_type));
        assert_eq!(constants, [1, 1, 2, 2, 2]);
        assert_eq!(first_constant(&program, libc::ARPHRD_INFINIBAND), 0, "lets nothing pass");
    }
}
