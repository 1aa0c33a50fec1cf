//! What a group keeps, as bytes: for a time when very many groups are kept ([`super::tight`]).
//!
//! First whether it has lists. Then its numbers, which are its counters and of each list by each weight the weight of all rows: many of
//! them are equal, so that each different one stands there once, and four bits a place say which it is; where there are too many, all
//! stand there in turn. Then the lists, where it has any: their number of items, their floors, and the items. Last its cardinalities,
//! each with its length.

use super::full::{Full, Kept, Layout};
use super::lists::List;
use crate::metric::MetricState;
use crate::sketch::Hll;
use crate::sketch::reader::{Reader, write_block, write_varint};

/// Says that all numbers follow in turn; less is how many different ones there are.
const IN_TURN: u8 = 16;

const PACKED: &str = "a group is what was packed";

impl Full {
    /// Writes everything; only where [`Layout::is_packable`].
    pub fn pack(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_listed));
        let weights = self.lists.iter().flat_map(List::stream_weights);
        write_numbers(out, &self.counts.iter().copied().chain(weights).collect::<Vec<_>>());
        if self.is_listed {
            self.lists.iter().for_each(|list| list.pack_items(out));
        }
        let mut block = Vec::new();
        for hll in self.others.iter().filter_map(MetricState::hll) {
            block.clear();
            if !hll.is_empty() {
                hll.pack(&mut block);
            }
            write_block(out, &block);
        }
    }

    /// Reads what [`Self::pack`] wrote.
    pub fn unpack(layout: &Layout, packed: &[u8]) -> Self {
        let mut reader = Reader::new("group", packed);
        let is_listed = is_listed(packed);
        reader.u8().expect(PACKED);
        let mut numbers = read_numbers(&mut reader, layout.numbers()).into_iter();
        let counts = numbers.by_ref().take(layout.count_places).collect();
        let mut lists: Box<[List]> = layout.lists.iter().map(|list| List::new(list.weights.len())).collect();
        for list in &mut lists {
            list.set_stream_weights(&mut numbers);
            if is_listed {
                list.unpack_items(&mut reader);
            } else {
                list.leave_items_out();
            }
        }
        let hll = |_: &_| MetricState::of_hll(read_hll(reader.block().expect(PACKED)));
        let others = layout.other_kinds.iter().map(hll).collect();
        Self { counts, lists, others, is_listed }
    }

    /// A metric of what was packed, without unpacking the others.
    pub fn unpack_metric(layout: &Layout, packed: &[u8], kept: Kept) -> Unpacked {
        let mut reader = Reader::new("group", packed);
        reader.u8().expect(PACKED);
        let numbers = read_numbers(&mut reader, layout.numbers());
        let lists = if is_listed(packed) { layout.lists.len() } else { 0 };
        let mut weights = numbers[layout.count_places..].iter().copied();
        match kept {
            Kept::Count(at) => Unpacked::Count(numbers[at]),
            Kept::List { list: wanted, .. } => {
                for (at, feed) in layout.lists.iter().enumerate() {
                    let mut list = List::new(feed.weights.len());
                    list.set_stream_weights(&mut weights);
                    match lists {
                        0 => list.leave_items_out(),
                        _ if at == wanted => list.unpack_items(&mut reader),
                        _ => List::skip_items(&mut reader, feed.weights.len()),
                    }
                    if at == wanted {
                        return Unpacked::List(list);
                    }
                }
                unreachable!("a list of the plan")
            }
            Kept::Other(at) => {
                layout.lists.iter().take(lists).for_each(|feed| List::skip_items(&mut reader, feed.weights.len()));
                for _ in 0..at {
                    reader.block().expect(PACKED);
                }
                Unpacked::Hll(read_hll(reader.block().expect(PACKED)))
            }
        }
    }
}

/// One metric of what was packed.
pub(super) enum Unpacked {
    Count(u64),
    List(List),
    Hll(Hll),
}

/// Whether a packed group has lists.
pub(super) fn is_listed(packed: &[u8]) -> bool {
    packed[0] != 0
}

fn read_hll(block: &[u8]) -> Hll {
    match block {
        [] => Hll::new(),
        block => Hll::unpack(&mut Reader::new("group", block)).expect(PACKED),
    }
}

fn write_numbers(out: &mut Vec<u8>, numbers: &[u64]) {
    let mut different: Vec<u64> = Vec::with_capacity(usize::from(IN_TURN));
    let mut places = Vec::with_capacity(numbers.len());
    for number in numbers {
        let at = different.iter().position(|known| known == number).unwrap_or_else(|| {
            different.push(*number);
            different.len() - 1
        });
        if at >= usize::from(IN_TURN) {
            out.push(IN_TURN);
            return numbers.iter().for_each(|number| write_varint(out, *number));
        }
        places.push(at as u8);
    }
    out.push(different.len() as u8 - u8::from(!different.is_empty()));
    different.iter().for_each(|number| write_varint(out, *number));
    out.extend(places.chunks(2).map(|two| two[0] | two.get(1).map_or(0, |second| second << 4)));
}

fn read_numbers(reader: &mut Reader, count: usize) -> Vec<u64> {
    let varint = |reader: &mut Reader| reader.varint().expect(PACKED);
    let last = reader.u8().expect(PACKED);
    if count == 0 {
        return Vec::new();
    }
    if last == IN_TURN {
        return (0..count).map(|_| varint(reader)).collect();
    }
    let different: Vec<u64> = (0..=last).map(|_| varint(reader)).collect();
    let places = reader.bytes(count.div_ceil(2)).expect(PACKED);
    (0..count).map(|at| different[usize::from(places[at / 2] >> (4 * (at % 2)) & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(numbers in prop_oneof![
            prop::collection::vec(0_u64..4, 0..80), prop::collection::vec(any::<u64>(), 0..40)
        ]) {
            let mut out = Vec::new();
            write_numbers(&mut out, &numbers);
            let mut reader = Reader::new("group", &out);
            prop_assert_eq!(read_numbers(&mut reader, numbers.len()), numbers);
            prop_assert_eq!(reader.remaining(), 0);
        }
    }

    #[test]
    fn equal_numbers_take_half_a_byte_each() {
        let mut out = Vec::new();
        write_numbers(&mut out, &[vec![1_000; 30], vec![0; 30]].concat());
        assert_eq!(out.len(), 1 + 2 + 1 + 30);
    }
}
