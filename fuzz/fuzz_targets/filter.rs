//! Any filter program over any frame. The input is a count, so many instructions of eight bytes (code, jumps and
//! constant, little-endian), and the frame.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pktvisor_core::filter::{FilterProgram, Instruction};

fuzz_target!(|bytes: &[u8]| {
    let Some((&count, rest)) = bytes.split_first() else { return };
    let (program, frame) = rest.split_at(rest.len().min(8 * usize::from(count)));
    let instructions = program.as_chunks::<8>().0.iter().map(|&[low, high, jump_true, jump_false, k @ ..]| {
        Instruction { code: u16::from_le_bytes([low, high]), jump_true, jump_false, k: u32::from_le_bytes(k) }
    });
    if let Ok(program) = FilterProgram::new(instructions.collect()) {
        program.matches(frame, frame.len() as u32);
    }
});
