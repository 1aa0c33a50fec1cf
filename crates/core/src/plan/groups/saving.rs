//! Groups as they are saved, and read again.

use super::group::Group;
use super::{Groups, MOST_SHOWN, ReadMetrics, values};
use crate::Error;
use crate::metric::Items;
use crate::sketch::Hll;
use crate::sketch::reader::{Reader, write_block, write_varint};

impl Groups {
    /// Writes the groups of this window alone that are shown, as far as so many bytes reach, the heaviest first; keys by what
    /// their values are. Tells how many groups it leaves out.
    pub(crate) fn save(&self, out: &mut Vec<u8>, items: Items<'_>, most_bytes: usize) -> usize {
        let groups = self.heaviest_first();
        let start = out.len();
        let mut saved = 0;
        for (key, group) in groups.iter().take(MOST_SHOWN) {
            let end = out.len();
            write_block(out, &values::written_key(key, &self.plan.by_items, items));
            group.save(out, &self.plan, self.span, self.seed, items);
            if out.len() - start > most_bytes {
                out.truncate(end);
                break;
            }
            saved += 1;
        }
        let mut count = Vec::new();
        write_varint(&mut count, saved as u64);
        out.splice(start..start, count);
        self.other.save(out, &self.plan, self.span, self.seed, items);
        write_block(out, &self.refused_keys.to_bytes());
        groups.len() - saved + self.unread
    }

    /// Reads what [`Self::save`] wrote of the same columns; `read` reads the metrics of one group into fresh ones.
    pub(crate) fn restore(
        &mut self,
        reader: &mut Reader,
        items: Items<'_>,
        read: ReadMetrics<'_>,
    ) -> Result<(), Error> {
        let (plan, start) = (self.plan.clone(), self.span.start);
        for _ in 0..reader.count()? {
            let key = values::read_key(reader.block()?, &plan.by_items, items)
                .ok_or_else(|| reader.error("a key that is none"))?;
            let group = Group::restore(reader, &plan, start, self.seed, read)?;
            let bytes = group.full_bytes();
            let place = self.at(&key);
            if place.rows == 0 {
                *place = group;
                self.content_bytes += bytes;
            }
        }
        self.other = Group::restore(reader, &plan, start, self.seed, read)?;
        self.refused_keys = Hll::from_bytes(reader.block()?)?;
        self.content_bytes = self.measured_bytes();
        self.tell_memory();
        Ok(())
    }
}
