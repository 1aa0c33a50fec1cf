//! What an interface lost before the kernel had it, by its own statistics.

use super::netlink;
use std::collections::HashMap;
use std::io;

/// `struct ifinfomsg`, with the index at 4..8.
const FIXED_BYTES: usize = 16;
/// Fields of `struct rtnl_link_stats64`, each of eight bytes: dropped, lost in the card's queue (FIFO), missed for want of
/// buffers. The first holds also frames of protocols that nobody listens to.
const LOST: [usize; 3] = [6, 14, 15];

/// The drops of one interface, or of all together, since a moment.
#[derive(Debug)]
pub(super) struct InterfaceDrops {
    /// The only interface that counts.
    index: Option<u32>,
    /// By interface, as told last.
    told: HashMap<u32, u64>,
    total: u64,
}

impl InterfaceDrops {
    /// Drops of the interface of this index, or of all of them where there is none, from now on.
    pub fn since_now(index: Option<u32>) -> Self {
        let mut drops = Self { index, told: HashMap::new(), total: 0 };
        drops.told = read(index).unwrap_or_default();
        drops
    }

    /// All drops so far.
    ///
    /// # Errors
    /// The kernel's refusal to tell.
    pub fn look(&mut self) -> io::Result<u64> {
        let now = read(self.index)?;
        self.take(now);
        Ok(self.total)
    }

    /// Takes in what all interfaces tell now. One that is new has lost all of it since; one that was made anew counts
    /// from 0 again.
    fn take(&mut self, now: HashMap<u32, u64>) {
        for (index, count) in &now {
            let before = self.told.get(index).copied().unwrap_or(0);
            self.total += count.checked_sub(before).unwrap_or(*count);
        }
        self.told = now;
    }
}

fn read(index: Option<u32>) -> io::Result<HashMap<u32, u64>> {
    let rows = match index {
        Some(index) => netlink::link(index)?,
        None => netlink::table(libc::RTM_GETLINK)?,
    };
    Ok(rows.iter().filter_map(|row| lost_in(row)).collect())
}

/// Index and drops in a row of the link table.
fn lost_in(row: &[u8]) -> Option<(u32, u64)> {
    let index = row.get(4..8)?.first_chunk().copied().map(u32::from_ne_bytes)?;
    let (_, statistics) = netlink::attributes(row, FIXED_BYTES).find(|(kind, _)| *kind == libc::IFLA_STATS64)?;
    let field = |at: usize| statistics.get(8 * at..)?.first_chunk().copied().map(u64::from_ne_bytes);
    Some((index, LOST.iter().filter_map(|at| field(*at)).fold(0, u64::saturating_add)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_lost_from_now_on_counts() {
        let mut drops = InterfaceDrops { index: None, told: HashMap::from([(1, 100), (2, 7)]), total: 0 };
        drops.take(HashMap::from([(1, 103), (2, 7)]));
        assert_eq!(drops.total, 3);
        drops.take(HashMap::from([(1, 2), (3, 5)]));
        assert_eq!(drops.total, 3 + 2 + 5, "one made anew, one gone, one new");
    }

    #[test]
    fn three_fields_of_the_statistics_are_added() {
        let mut row = vec![0; FIXED_BYTES];
        row[4] = 9;
        let fields: Vec<u8> = (0..24_u64).flat_map(|field| (1_u64 << field).to_ne_bytes()).collect();
        row.extend((4 + fields.len() as u16).to_ne_bytes());
        row.extend(libc::IFLA_STATS64.to_ne_bytes());
        row.extend(fields);
        assert_eq!(lost_in(&row), Some((9, 1 << 6 | 1 << 14 | 1 << 15)));
        assert_eq!(lost_in(&row[..20]), None);
    }

    #[test]
    fn loopback_tells_its_drops() {
        let all = read(None).unwrap();
        let index = *all.keys().min().expect("there is an interface");
        assert_eq!(read(Some(index)).unwrap().keys().collect::<Vec<_>>(), [&index]);
        InterfaceDrops::since_now(Some(index)).look().unwrap();
    }
}
