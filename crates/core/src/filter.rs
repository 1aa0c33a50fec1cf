//! Capture filters: classic BPF programs, as `tcpdump -ddd` prints them, run over one frame.
//!
//! Programs are checked as the kernel checks them, so that what runs here can be attached to a socket too. They run as
//! libpcap runs them over a file (S. McCanne, V. Jacobson: The BSD Packet Filter, 1993): a load outside of the captured
//! bytes or a division by zero ends the program without a match. That is also how the loads end which only a live
//! Linux socket can answer (SKF_AD_OFF and beyond, the kernel's notes on a packet): they lie outside of every frame.

use crate::Error;

/// The most instructions of a program, as in the kernel (BPF_MAXINSNS).
pub const MAX_INSTRUCTIONS: usize = 4096;

/// Words of scratch memory (BPF_MEMWORDS).
const MEMORY_WORDS: usize = 16;

/// The program of an expression for frames of one link type.
pub type LinkFilter = (u16, FilterProgram);

/// One instruction, in the layout of the kernel's `struct sock_filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    pub code: u16,
    /// Instructions to pass over where a comparison holds.
    pub jump_true: u8,
    /// Instructions to pass over where it does not.
    pub jump_false: u8,
    /// The constant, the offset or the scratch word.
    pub k: u32,
}

/// A program that has been checked: it ends on every frame, and reads nothing outside of it.
#[derive(Clone, Debug)]
pub struct FilterProgram {
    instructions: Vec<Instruction>,
    steps: Vec<Step>,
}

/// An instruction, decoded; targets count from the program's start.
#[derive(Clone, Copy, Debug)]
enum Step {
    Act(Action),
    Jump(usize),
    /// Where to go if the accumulator compares so with the operand, and where if not.
    Branch(Comparison, Operand, usize, usize),
    /// The end: whether the constant matched.
    Return(bool),
    ReturnAccumulator,
}

/// A step that the next one follows. `A` is the accumulator, `X` the index register.
#[derive(Clone, Copy, Debug)]
enum Action {
    /// A = the bytes at an offset, read as a big-endian number.
    Load(Width, u32),
    /// As [`Action::Load`], with X added to the offset.
    LoadIndexed(Width, u32),
    /// A = the length on the wire.
    LoadLength,
    LoadConstant(u32),
    LoadMemory(usize),
    /// X = the same.
    IndexLength,
    IndexConstant(u32),
    IndexMemory(usize),
    /// X = 4 times the low half of a byte: the length of an IPv4 header.
    IndexHeaderLength(u32),
    Store(usize),
    StoreIndex(usize),
    /// A = A op operand.
    Compute(Arithmetic, Operand),
    Negate,
    CopyToIndex,
    CopyFromIndex,
}

#[derive(Clone, Copy, Debug)]
enum Width {
    Word,
    Half,
    Byte,
}

#[derive(Clone, Copy, Debug)]
enum Operand {
    Constant(u32),
    Index,
}

#[derive(Clone, Copy, Debug)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Equal,
    Greater,
    GreaterOrEqual,
    /// The two have a bit in common.
    AnyBit,
}

impl FilterProgram {
    /// Checks a program. Fails when an instruction is unknown, a jump leads out of the program, a constant makes no
    /// sense (a division by 0, a shift by 32, a scratch word that isn't there or may not be written yet), or the last instruction is no return.
    pub fn new(instructions: Vec<Instruction>) -> Result<Self, Error> {
        let count = instructions.len();
        if count == 0 || count > MAX_INSTRUCTIONS {
            return Err(Error::invalid(format!(
                "a filter program of {count} instructions can't run; it must have 1 to {MAX_INSTRUCTIONS}"
            )));
        }
        let steps = instructions.iter().enumerate().map(|(at, instruction)| Step::decode(instruction, at, count));
        let steps: Vec<_> = steps.collect::<Result<_, _>>()?;
        if !matches!(steps[count - 1], Step::Return(_) | Step::ReturnAccumulator) {
            return Err(Error::invalid("a filter program must end with a return instruction"));
        }
        check_memory(&steps)?;
        Ok(Self { instructions, steps })
    }

    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// Whether a frame passes the filter. `data` is what was captured of it, `wire_bytes` its length on the wire.
    #[inline]
    pub fn matches(&self, data: &[u8], wire_bytes: u32) -> bool {
        Machine { data, wire_bytes, accumulator: 0, index: 0, memory: [0; MEMORY_WORDS] }.run(&self.steps)
    }
}

impl Step {
    /// Decodes the instruction at place `at` of a program of `count` instructions.
    fn decode(instruction: &Instruction, at: usize, count: usize) -> Result<Self, Error> {
        let Instruction { code, jump_true, jump_false, k } = *instruction;
        let wrong = |what: &str| Error::invalid(format!("instruction {at} of the filter program {what}"));
        let target = |jump: u32| match at + 1 + jump as usize {
            target if target < count => Ok(target),
            _ => Err(wrong("jumps out of the program")),
        };
        let word = || match k as usize {
            word if word < MEMORY_WORDS => Ok(word),
            _ => Err(wrong(&format!("uses scratch word {k}; there are 0 to {}", MEMORY_WORDS - 1))),
        };
        let unknown = || wrong(&format!("has the unknown code {code:#06x}"));
        // Codes as in linux/filter.h and linux/bpf_common.h: the low three bits are the class; in arithmetic and jumps
        // bit 3 picks the operand.
        let operand = if code & 0x08 == 0 { Operand::Constant(k) } else { Operand::Index };
        Ok(match code {
            0x20 => Self::Act(Action::Load(Width::Word, k)),
            0x28 => Self::Act(Action::Load(Width::Half, k)),
            0x30 => Self::Act(Action::Load(Width::Byte, k)),
            0x40 => Self::Act(Action::LoadIndexed(Width::Word, k)),
            0x48 => Self::Act(Action::LoadIndexed(Width::Half, k)),
            0x50 => Self::Act(Action::LoadIndexed(Width::Byte, k)),
            0x80 => Self::Act(Action::LoadLength),
            0x00 => Self::Act(Action::LoadConstant(k)),
            0x60 => Self::Act(Action::LoadMemory(word()?)),
            0x81 => Self::Act(Action::IndexLength),
            0x01 => Self::Act(Action::IndexConstant(k)),
            0x61 => Self::Act(Action::IndexMemory(word()?)),
            0xb1 => Self::Act(Action::IndexHeaderLength(k)),
            0x02 => Self::Act(Action::Store(word()?)),
            0x03 => Self::Act(Action::StoreIndex(word()?)),
            0x84 => Self::Act(Action::Negate),
            0x05 => Self::Jump(target(k)?),
            0x06 => Self::Return(k != 0),
            0x16 => Self::ReturnAccumulator,
            0x07 => Self::Act(Action::CopyToIndex),
            0x87 => Self::Act(Action::CopyFromIndex),
            _ if code & 0x07 == 0x04 => {
                let arithmetic = Arithmetic::decode(code & !0x08).ok_or_else(unknown)?;
                match (arithmetic, operand) {
                    (Arithmetic::Divide | Arithmetic::Modulo, Operand::Constant(0)) => {
                        return Err(wrong("divides by 0"));
                    }
                    (Arithmetic::ShiftLeft | Arithmetic::ShiftRight, Operand::Constant(32..)) => {
                        return Err(wrong("shifts by more than 31 bits"));
                    }
                    _ => Self::Act(Action::Compute(arithmetic, operand)),
                }
            }
            _ if code & 0x07 == 0x05 => {
                let comparison = Comparison::decode(code & !0x08).ok_or_else(unknown)?;
                Self::Branch(comparison, operand, target(jump_true.into())?, target(jump_false.into())?)
            }
            _ => return Err(unknown()),
        })
    }
}

/// Fails when a step may load a scratch word that no step before it has written, on whatever way it was reached.
fn check_memory(steps: &[Step]) -> Result<(), Error> {
    /// Every word: a step that nothing has led to so far sets no bound.
    const ALL: u16 = u16::MAX;
    // For each step the words that are written on every jump that leads to it.
    let mut written_at = vec![ALL; steps.len()];
    let mut written = 0;
    for (at, step) in steps.iter().enumerate() {
        written &= written_at[at];
        match *step {
            Step::Act(Action::Store(word) | Action::StoreIndex(word)) => written |= 1 << word,
            Step::Act(Action::LoadMemory(word) | Action::IndexMemory(word)) if written & 1 << word == 0 => {
                return Err(Error::invalid(format!(
                    "instruction {at} of the filter program loads scratch word {word}, which may not be written yet"
                )));
            }
            Step::Jump(target) => {
                written_at[target] &= written;
                written = ALL;
            }
            Step::Branch(_, _, when_true, when_false) => {
                written_at[when_true] &= written;
                written_at[when_false] &= written;
                written = ALL;
            }
            _ => (),
        }
    }
    Ok(())
}

impl Arithmetic {
    const fn decode(code: u16) -> Option<Self> {
        Some(match code {
            0x04 => Self::Add,
            0x14 => Self::Subtract,
            0x24 => Self::Multiply,
            0x34 => Self::Divide,
            0x44 => Self::Or,
            0x54 => Self::And,
            0x64 => Self::ShiftLeft,
            0x74 => Self::ShiftRight,
            0x94 => Self::Modulo,
            0xa4 => Self::Xor,
            _ => return None,
        })
    }

    /// `None` for a division by zero.
    #[inline]
    fn apply(self, left: u32, right: u32) -> Option<u32> {
        Some(match self {
            Self::Add => left.wrapping_add(right),
            Self::Subtract => left.wrapping_sub(right),
            Self::Multiply => left.wrapping_mul(right),
            Self::Divide => return left.checked_div(right),
            Self::Modulo => return left.checked_rem(right),
            Self::And => left & right,
            Self::Or => left | right,
            Self::Xor => left ^ right,
            Self::ShiftLeft => left.checked_shl(right).unwrap_or(0),
            Self::ShiftRight => left.checked_shr(right).unwrap_or(0),
        })
    }
}

impl Comparison {
    const fn decode(code: u16) -> Option<Self> {
        Some(match code {
            0x15 => Self::Equal,
            0x25 => Self::Greater,
            0x35 => Self::GreaterOrEqual,
            0x45 => Self::AnyBit,
            _ => return None,
        })
    }

    #[inline]
    const fn holds(self, left: u32, right: u32) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::AnyBit => left & right != 0,
        }
    }
}

/// The registers of a program that runs over a frame.
struct Machine<'a> {
    data: &'a [u8],
    wire_bytes: u32,
    accumulator: u32,
    index: u32,
    memory: [u32; MEMORY_WORDS],
}

impl Machine<'_> {
    /// Ends, since every step but a return goes forward and the last one is a return.
    fn run(&mut self, steps: &[Step]) -> bool {
        let mut at = 0;
        while let Some(step) = steps.get(at) {
            at += 1;
            match *step {
                Step::Branch(comparison, operand, when_true, when_false) => {
                    at = if comparison.holds(self.accumulator, self.value(operand)) { when_true } else { when_false };
                }
                Step::Jump(target) => at = target,
                Step::Return(matched) => return matched,
                Step::ReturnAccumulator => return self.accumulator != 0,
                Step::Act(action) => {
                    if self.act(action).is_none() {
                        return false;
                    }
                }
            }
        }
        false
    }

    /// `None` where the action can't be done on this frame.
    #[inline]
    fn act(&mut self, action: Action) -> Option<()> {
        match action {
            Action::Load(width, offset) => self.accumulator = self.load(width, offset as usize)?,
            Action::LoadIndexed(width, offset) => {
                self.accumulator = self.load(width, (self.index as usize).checked_add(offset as usize)?)?;
            }
            Action::LoadLength => self.accumulator = self.wire_bytes,
            Action::LoadConstant(constant) => self.accumulator = constant,
            Action::LoadMemory(word) => self.accumulator = *self.memory.get(word)?,
            Action::IndexLength => self.index = self.wire_bytes,
            Action::IndexConstant(constant) => self.index = constant,
            Action::IndexMemory(word) => self.index = *self.memory.get(word)?,
            Action::IndexHeaderLength(offset) => self.index = (self.load(Width::Byte, offset as usize)? & 0x0f) * 4,
            Action::Store(word) => *self.memory.get_mut(word)? = self.accumulator,
            Action::StoreIndex(word) => *self.memory.get_mut(word)? = self.index,
            Action::Compute(arithmetic, operand) => {
                self.accumulator = arithmetic.apply(self.accumulator, self.value(operand))?;
            }
            Action::Negate => self.accumulator = self.accumulator.wrapping_neg(),
            Action::CopyToIndex => self.index = self.accumulator,
            Action::CopyFromIndex => self.accumulator = self.index,
        }
        Some(())
    }

    #[inline]
    fn value(&self, operand: Operand) -> u32 {
        match operand {
            Operand::Constant(constant) => constant,
            Operand::Index => self.index,
        }
    }

    #[inline]
    fn load(&self, width: Width, offset: usize) -> Option<u32> {
        let bytes = self.data.get(offset..)?;
        Some(match width {
            Width::Word => u32::from_be_bytes(*bytes.first_chunk()?),
            Width::Half => u16::from_be_bytes(*bytes.first_chunk()?).into(),
            Width::Byte => (*bytes.first()?).into(),
        })
    }
}

#[cfg(test)]
mod tests;
