//! What unpacking may take: a few bytes can stand for many.

use pktvisor_core::Error;

use crate::compression::too_large;

/// Bytes that are left.
pub struct Allowance {
    most_bytes: usize,
    left: usize,
}

/// Arrow's offsets are of 32 bits.
const MOST_BYTES: usize = i32::MAX as usize;

impl Allowance {
    pub fn new(most_bytes: usize) -> Self {
        Self { most_bytes, left: most_bytes.min(MOST_BYTES) }
    }

    /// Takes `count` times `bytes`, before there is memory for them.
    pub fn take(&mut self, count: usize, bytes: usize) -> Result<(), Error> {
        let left = count.checked_mul(bytes).and_then(|all| self.left.checked_sub(all));
        self.left = left.ok_or_else(|| too_large(self.most_bytes))?;
        Ok(())
    }
}
