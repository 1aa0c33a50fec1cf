//! The fields of control frames.

use super::LENGTH_BYTES;
use super::violation::Violation;
use crate::wire::be32;

/// The fields of a control frame: type and value.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, &'a [u8]), Violation>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let start = 2 * LENGTH_BYTES;
        let field = || {
            let (kind, length) = (be32(self.0, 0)?, be32(self.0, LENGTH_BYTES)?);
            Some((kind, self.0.get(start..start.saturating_add(length as usize))?))
        };
        let Some((kind, value)) = field() else {
            self.0 = &[];
            return Some(Err(Violation::BadControl("ends within a field".to_owned())));
        };
        self.0 = &self.0[start + value.len()..];
        Some(Ok((kind, value)))
    }
}
