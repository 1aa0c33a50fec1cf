//! The filter that the kernel runs on each packet before it copies it into a ring.
//!
//! It is the user's filter with some changes: an accepted packet is always taken whole (the accept length that a filter
//! compiler writes is a snap length, which would cut packets), the loopback device's second copy is left out, and where
//! interfaces of several kinds are listened to, each kind has its own program.

use crate::filter::FilterProgram;
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
/// `raw_ip` is the filter for devices without an Ethernet header, where such are listened to as well. `sees_loopback`:
/// the socket listens on the loopback device, or on every device. That device shows each packet twice, as it leaves and
/// as it arrives; the arriving one is kept, as libpcap does.
pub(super) fn program(
    filter: Option<&FilterProgram>,
    raw_ip: Option<&FilterProgram>,
    sees_loopback: bool,
) -> Option<Vec<sock_filter>> {
    if filter.is_none() && raw_ip.is_none() && !sees_loopback {
        return None;
    }
    let mut program = if sees_loopback { skip_outgoing_loopback().to_vec() } else { Vec::new() };
    let ethernet = taking_whole_packets(filter);
    if let Some(raw_ip) = raw_ip {
        program.extend(skip_unless_ethernet(ethernet.len() as u32));
        program.extend(ethernet);
        program.extend(taking_whole_packets(Some(raw_ip)));
    } else {
        program.extend(ethernet);
    }
    Some(program)
}

/// The filter's instructions, returning "all of it" for what it accepts; no filter accepts everything.
fn taking_whole_packets(filter: Option<&FilterProgram>) -> Vec<sock_filter> {
    let instructions = filter.map(FilterProgram::instructions).unwrap_or_default();
    if instructions.is_empty() {
        return vec![returns(WHOLE_PACKET)];
    }
    let whole = |code, k| if code == RETURN_CONSTANT && k != 0 { WHOLE_PACKET } else { k };
    instructions
        .iter()
        .map(|one| sock_filter { code: one.code, jt: one.jump_true, jf: one.jump_false, k: whole(one.code, one.k) })
        .collect()
}

/// Jumps over the next `instructions` where the packet's device has no Ethernet header.
fn skip_unless_ethernet(instructions: u32) -> [sock_filter; 4] {
    [
        loads_about_packet(libc::SKF_AD_HATYPE),
        sock_filter { code: JUMP_IF_EQUAL, jt: 2, jf: 0, k: u32::from(libc::ARPHRD_ETHER) },
        sock_filter { code: JUMP_IF_EQUAL, jt: 1, jf: 0, k: u32::from(libc::ARPHRD_LOOPBACK) },
        sock_filter { code: JUMP, jt: 0, jf: 0, k: instructions },
    ]
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

    #[test]
    fn an_interface_without_a_filter_needs_no_program() {
        assert!(program(None, None, false).is_none());
    }

    #[test]
    fn accepted_packets_are_taken_whole_and_refused_ones_stay_refused() {
        let snapping = filter(&[(LOAD_WORD, 96), (RETURN_CONSTANT, 96), (RETURN_CONSTANT, 0)]);
        let lengths: Vec<u32> = program(Some(&snapping), None, false).unwrap().iter().map(|one| one.k).collect();
        assert_eq!(lengths, [96, WHOLE_PACKET, 0]);
    }

    #[test]
    fn what_is_not_an_outgoing_loopback_packet_reaches_the_users_filter() {
        let program = program(Some(&filter(&[(RETURN_CONSTANT, 0)])), None, true).unwrap();
        let after = |at: usize, jump: u8| at + 1 + usize::from(jump);
        assert_eq!(after(1, program[1].jf), 5);
        assert_eq!(after(3, program[3].jf), 5);
        assert_eq!((program[5].code, program[5].k), (RETURN_CONSTANT, 0));
    }

    #[test]
    fn each_kind_of_device_has_its_own_program() {
        let ethernet = filter(&[(LOAD_WORD, 1), (RETURN_CONSTANT, 1)]);
        let raw_ip = filter(&[(LOAD_WORD, 2), (RETURN_CONSTANT, 0)]);
        let program = program(Some(&ethernet), Some(&raw_ip), false).unwrap();
        let loaded_at = |at: usize| (program[at].code, program[at].k);
        assert_eq!(loaded_at(1 + 1 + usize::from(program[1].jt)), (LOAD_WORD, 1));
        assert_eq!(loaded_at(2 + 1 + usize::from(program[2].jt)), (LOAD_WORD, 1));
        assert_eq!(loaded_at(3 + 1 + program[3].k as usize), (LOAD_WORD, 2));
    }
}
