//! What one table knows of its rows, told of the rows of another: a message belongs to the packet that completed it, and
//! a packet to the messages that it completed.

use std::ops::Range;

use crate::expr::Bitmap;

/// Room for a bitmap over packets, where two tables of messages meet.
#[derive(Debug, Default)]
pub(crate) struct Linking {
    packets: Bitmap,
}

/// One table's rows, and for each the row of its packet, none where they have no packets; `None` where the rows are packets
/// themselves.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    pub bitmap: &'a Bitmap,
    pub packets: Option<&'a [u32]>,
}

impl Linking {
    /// Sets in `out`, which gets `len` rows that belong to the packets of `to`, those that are linked to rows set in
    /// `from`; `None` where that table has no rows at hand. `packets` are the packets at hand.
    pub fn link(
        &mut self,
        from: Option<Side<'_>>,
        to: Option<&[u32]>,
        len: usize,
        packets: &Range<usize>,
        out: &mut Bitmap,
    ) {
        out.fill(len, false);
        let Some(from) = from else { return };
        match (from.packets, to) {
            (None, None) => out.copy_from(from.bitmap),
            (None, Some(to)) => to_messages(from.bitmap, to, packets, out),
            (Some(owners), None) => to_packets(from.bitmap, owners, packets, out),
            (Some(owners), Some(to)) => {
                self.packets.fill(packets.len(), false);
                to_packets(from.bitmap, owners, packets, &mut self.packets);
                to_messages(&self.packets, to, packets, out);
            }
        }
    }
}

fn to_packets(messages: &Bitmap, owners: &[u32], packets: &Range<usize>, out: &mut Bitmap) {
    messages.for_each(|row| {
        let owner = owners.get(row).map_or(usize::MAX, |owner| *owner as usize);
        if packets.contains(&owner) {
            out.set(owner - packets.start);
        }
    });
}

fn to_messages(kept: &Bitmap, owners: &[u32], packets: &Range<usize>, out: &mut Bitmap) {
    for (row, owner) in owners.iter().enumerate() {
        let owner = *owner as usize;
        if packets.contains(&owner) && kept.get(owner - packets.start) {
            out.set(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bitmap(bits: &[u8]) -> Bitmap {
        let mut bitmap = Bitmap::default();
        bitmap.fill_from(bits, |bit| bit == 1);
        bitmap
    }

    fn linked(bits: &[u8], from: Option<&[u32]>, to: Option<&[u32]>, len: usize, packets: Range<usize>) -> Bitmap {
        let (mut out, from_bits) = (Bitmap::default(), bitmap(bits));
        let side = Side { bitmap: &from_bits, packets: from };
        Linking::default().link(Some(side), to, len, &packets, &mut out);
        out
    }

    #[test]
    fn messages_follow_their_packets_and_packets_their_messages() {
        // Packets 10 to 13 are at hand; packet 11 carried two messages.
        let owners: &[u32] = &[10, 11, 11, 13];
        assert_eq!(linked(&[0, 1, 0, 1], None, Some(owners), 4, 10..14), bitmap(&[0, 1, 1, 1]));
        assert_eq!(linked(&[1, 0, 1, 0], Some(owners), None, 4, 10..14), bitmap(&[1, 1, 0, 0]));
        assert_eq!(linked(&[0, 1, 0, 0], Some(owners), Some(&[10, 11]), 2, 10..14), bitmap(&[0, 1]));
    }

    #[test]
    fn what_has_no_packet_at_hand_is_linked_to_nothing() {
        assert_eq!(linked(&[1, 1], None, Some(&[9, 11]), 2, 10..12), bitmap(&[0, 1]));
        assert_eq!(linked(&[1, 1], Some(&[9, 11]), None, 2, 10..12), bitmap(&[0, 1]));
        assert_eq!(linked(&[1, 1], Some(&[]), None, 2, 10..12), bitmap(&[0, 0]), "rows without packets");
        assert_eq!(linked(&[1, 1], None, Some(&[]), 2, 10..12), bitmap(&[0, 0]));
        let mut out = bitmap(&[1, 1, 1]);
        Linking::default().link(None, None, 2, &(0..2), &mut out);
        assert_eq!(out, bitmap(&[0, 0]));
    }
}
