//! A rate is written down as the distribution of its complete seconds (see [`crate::sketch::distribution`]).

use super::Rate;
use crate::Error;
use crate::sketch::Distribution;

impl Rate {
    pub fn to_bytes(&self) -> Vec<u8> {
        self.distribution().to_bytes()
    }

    /// Reads what [`Self::to_bytes`] writes, as a closed window whose seconds are known by their spread only.
    ///
    /// # Errors
    /// When the bytes are no distribution.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self { folded: Distribution::from_bytes(bytes)?, closed: true, ..Self::new(i64::MIN) })
    }
}
