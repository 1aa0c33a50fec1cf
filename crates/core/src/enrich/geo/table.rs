//! From an address to the number of its place, once per packet.

use std::net::Ipv6Addr;
use std::sync::Arc;

use super::database::{Found, GeoDatabase};
use super::places::{Places, UNKNOWN};
use crate::hash::hash_word;

/// Caches of more networks than this would not be faster than the database (24 MiB per worker).
const MAX_CACHE_ENTRIES: usize = 1 << 20;

/// A number that no place has: nothing is known yet.
const VACANT: u32 = u32::MAX;

/// Addresses are spread over the cache by a fixed hash: who aims at one set only makes their own addresses slower.
const SEED: u64 = 0x6765_6f20_7461_626c;

/// The part of an address that networks are told apart by in the cache: the lower half of a mapped IPv4 address
/// (`0000ffff` and 32 bits), the upper half of any other. These never meet: addresses of `::/8`, which nobody is
/// assigned, have no key, and are looked up in the database each time.
#[inline(always)]
fn key(address: u128) -> Option<u64> {
    let (high, low) = ((address >> 64) as u64, address as u64);
    if high == 0 { (low >> 32 == 0xffff).then_some(low) } else { (high >> 56 != 0).then_some(high) }
}

/// How many last bits of a key its block leaves free. A block is what shares a set, an IPv4 /24 or an IPv6 /48: most
/// networks of databases are at least as wide, and what comes from one block mostly has one answer.
#[inline(always)]
fn block_bits(key: u64) -> u32 {
    if key >> 48 == 0 { 8 } else { 16 }
}

/// A network, as the key of an address in it, and its place.
#[derive(Clone, Copy)]
struct Line {
    key: u64,
    place: u32,
    /// Ones where the keys of the network differ: some number of last bits.
    host_mask: u16,
}

impl Line {
    /// Holds no key, as no key is 0.
    const FREE: Self = Self { key: 0, place: VACANT, host_mask: 0 };

    /// The network of an address with an answer for the leading `prefix` bits of 128, as far as it lies in the address's
    /// block. `None` for what keys can't tell: addresses without one, and IPv6 networks smaller than a /64.
    fn new(address: u128, prefix: u8, place: u32) -> Option<Self> {
        let key = key(address)?;
        let bits_after_key = if key >> 48 == 0 { 0 } else { 64 };
        let host_bits = (128 - u32::from(prefix.min(128))).checked_sub(bits_after_key)?;
        let host_mask = (1_u32 << host_bits.min(block_bits(key))) - 1;
        Some(Self { key, place, host_mask: host_mask as u16 })
    }
}

/// Four networks in one cache line of the processor, the newest in front.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Set([Line; 4]);

impl Set {
    /// The place of the network that holds a key, else [`VACANT`]. Looks at each line in turn without a jump: which one
    /// it is can't be foreseen.
    #[inline(always)]
    fn place(&self, key: u64) -> u32 {
        let mut place = VACANT;
        for line in &self.0 {
            // No bit differs above the mask.
            if line.key ^ key <= u64::from(line.host_mask) {
                place = line.place;
            }
        }
        place
    }

    fn insert(&mut self, line: Line) {
        self.0.rotate_right(1);
        self.0[0] = line;
    }
}

/// The place of a record that was read before.
#[derive(Clone, Copy)]
struct Record {
    offset: u32,
    place: u32,
}

/// One worker's view of one database: a bounded cache before the database, and the process's numbers of places.
pub struct GeoTable {
    database: Arc<GeoDatabase>,
    places: Arc<Places>,
    /// A power of two of sets, or none.
    sets: Vec<Set>,
    /// As many records as the sets hold networks: a power of two, or none.
    records: Vec<Record>,
}

impl GeoTable {
    /// A table with a cache of at least `cache_entries` networks, 24 bytes each, rounded up to a power of two and never
    /// more than a million; 0 asks the database every time.
    pub fn new(database: Arc<GeoDatabase>, cache_entries: usize, places: Arc<Places>) -> Self {
        let entries = match cache_entries {
            0 => 0,
            some => some.min(MAX_CACHE_ENTRIES).next_power_of_two().max(4),
        };
        Self {
            database,
            places,
            sets: vec![Set([Line::FREE; 4]); entries / 4],
            records: vec![Record { offset: 0, place: VACANT }; entries],
        }
    }

    /// The number of the place of an address (IPv4 as ::ffff:a.b.c.d); [`UNKNOWN`] where the database has none.
    #[inline]
    pub fn lookup(&mut self, address: &[u8; 16]) -> u32 {
        let address = u128::from_be_bytes(*address);
        if let Some(key) = key(address)
            && let Some(set) = self.sets.get(slot(key >> block_bits(key), self.sets.len()))
        {
            let place = set.place(key);
            if place != VACANT {
                return place;
            }
        }
        self.look_further(address)
    }

    /// Asks the database and remembers its answer in the cache.
    #[inline(never)]
    fn look_further(&mut self, address: u128) -> u32 {
        let database = Arc::clone(&self.database);
        let found = database.find(Ipv6Addr::from_bits(address));
        let place = self.place_of(&database, &found);
        if let Some(line) = Line::new(address, found.prefix, place) {
            let at = slot(line.key >> block_bits(line.key), self.sets.len());
            if let Some(set) = self.sets.get_mut(at) {
                set.insert(line);
            }
        }
        place
    }

    fn place_of(&mut self, database: &GeoDatabase, found: &Found<'_>) -> u32 {
        let Some(offset) = found.record() else { return UNKNOWN };
        // Records are pointed at with 32 bits at most, so the cut loses nothing.
        let offset = offset as u32;
        let at = slot(u64::from(offset), self.records.len());
        match self.records.get(at) {
            Some(record) if record.offset == offset && record.place != VACANT => return record.place,
            _ => {}
        }
        let place = match database.describe(found) {
            Some((text, coordinates)) => self.places.intern(&text, coordinates),
            None => UNKNOWN,
        };
        if let Some(record) = self.records.get_mut(at) {
            *record = Record { offset, place };
        }
        place
    }
}

/// A slot of a table of `length`, which is a power of two or 0 (any number is then outside of the table).
#[inline(always)]
fn slot(word: u64, length: usize) -> usize {
    hash_word(SEED, word) as usize & length.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{address, open};
    use super::super::{GeoKind, OTHER};
    use super::*;

    fn table(file: &str, kind: GeoKind, cache_entries: usize) -> (GeoTable, Arc<Places>) {
        let places = Arc::new(Places::default());
        (GeoTable::new(Arc::new(open(file, kind)), cache_entries, Arc::clone(&places)), places)
    }

    fn city(cache_entries: usize) -> (GeoTable, Arc<Places>) {
        table("city.mmdb", GeoKind::City, cache_entries)
    }

    #[test]
    fn an_address_leads_to_a_text_with_coordinates() {
        let (mut table, places) = city(16);
        for _ in 0..2 {
            let place = places.get(table.lookup(&address("192.0.2.1")));
            assert_eq!(&*place.text, "EU/Norway/18/Fjærvik");
            assert_eq!(place.latitude.as_deref(), Some("67.250000"));
            assert_eq!(place.longitude.as_deref(), Some("14.500000"));
        }
    }

    #[test]
    fn the_same_place_in_another_record_has_the_same_number_and_other_coordinates_another() {
        let (mut table, places) = city(16);
        let first = table.lookup(&address("192.0.2.1"));
        assert_eq!(table.lookup(&address("10.2.0.1")), first);
        assert_eq!(table.lookup(&address("2001:db8:1::")), first);
        let moved = table.lookup(&address("10.1.0.1"));
        assert_ne!(moved, first);
        assert_eq!(places.get(moved).text, places.get(first).text);
        assert_eq!(places.get(moved).latitude.as_deref(), Some("-0.000004"));
        assert_eq!(places.get(moved).longitude.as_deref(), Some("-179.999999"));
    }

    #[test]
    fn unknown_is_not_the_same_as_a_record_that_says_nothing() {
        let (mut table, places) = city(16);
        assert_eq!(table.lookup(&address("8.8.8.8")), UNKNOWN);
        let nothing = table.lookup(&address("203.0.113.70"));
        assert!(nothing != UNKNOWN && nothing != OTHER);
        assert_eq!(&*places.get(nothing).text, "");
    }

    #[test]
    fn a_record_that_makes_no_sense_is_unknown() {
        let (mut table, _) = city(16);
        assert_eq!(table.lookup(&address("203.0.113.200")), UNKNOWN);
        assert_eq!(table.lookup(&address("203.0.113.200")), UNKNOWN);
    }

    #[test]
    fn networks_of_one_block_push_each_other_out_and_keep_their_answers() {
        let (mut table, places) = city(4);
        assert_eq!(table.sets.len(), 1);
        let cases = [("10.3.0.0", "AF"), ("10.3.0.3", "OC"), ("10.3.0.4", "EU"), ("10.3.0.5", "Unknown")];
        let others = [("10.3.0.7", "Unknown"), ("2001:db8:2::1", "AF"), ("2001:db8:2:1::1", "OC")];
        for (text, expected) in cases.iter().chain(&others).cycle().take(30) {
            assert_eq!(&*places.get(table.lookup(&address(text))).text, *expected, "{text}");
        }
    }

    #[test]
    fn the_second_look_at_a_network_does_not_ask_the_database() {
        let (mut table, places) = city(16);
        table.lookup(&address("192.0.2.1"));
        table.lookup(&address("2001:db8:4000::1"));
        table.database = Arc::new(open("asn.mmdb", GeoKind::Network));
        table.records.fill(Record { offset: 0, place: VACANT });
        assert_eq!(&*places.get(table.lookup(&address("192.0.2.127"))).text, "EU/Norway/18/Fjærvik");
        assert_eq!(&*places.get(table.lookup(&address("2001:db8:4000:1::"))).text, "EU/Norway");
        assert_eq!(&*places.get(table.lookup(&address("192.0.2.128"))).text, "64500/Example Telegraph/Télégraphe");
    }

    #[test]
    fn an_address_made_to_look_like_the_key_of_another_gets_its_own_answer() {
        let (mut table, _) = city(4);
        let norway = table.lookup(&address("192.0.2.1"));
        assert_ne!(norway, UNKNOWN);
        assert_eq!(table.lookup(&address("0:ffff:c000:201::")), UNKNOWN);
        assert_eq!(table.lookup(&address("2001:db8:9::192.0.2.1")), UNKNOWN);
    }

    #[test]
    fn ipv6_networks_that_are_smaller_than_keys_are_not_remembered() {
        let host_mask =
            |text, prefix| Line::new(u128::from_be_bytes(address(text)), prefix, 7).map(|line| line.host_mask);
        assert_eq!(host_mask("2001:db8::1", 65), None);
        assert_eq!(host_mask("2001:db8::1", 64), Some(0));
        assert_eq!(host_mask("2001:db8::1", 62), Some(0b11));
        assert_eq!(host_mask("2001:db8::1", 3), Some(0xffff));
        assert_eq!(host_mask("192.0.2.1", 128), Some(0));
        assert_eq!(host_mask("192.0.2.1", 96), Some(0xff));
        assert_eq!(host_mask("::1", 128), None);
    }

    #[test]
    fn a_free_slot_is_not_taken_for_the_network_of_zeros() {
        let (mut city, _) = city(16);
        assert_eq!(city.lookup(&[0; 16]), UNKNOWN);
    }

    #[test]
    fn a_network_has_no_coordinates() {
        let (mut isp, places) = table("isp.mmdb", GeoKind::Network, 16);
        let place = places.get(isp.lookup(&address("192.0.2.9")));
        assert_eq!(&*place.text, "64500/Example Telegraph/Télégraphe");
        assert_eq!((place.latitude, place.longitude), (None, None));
    }

    /// Addresses in and around the networks of the fixture, so that neighbours meet in the cache.
    fn any_address() -> impl Strategy<Value = [u8; 16]> {
        let near = |base: &str, bits: u32| {
            let base = u128::from_be_bytes(address(base));
            any::<u128>().prop_map(move |noise| (base ^ (noise & ((1 << bits) - 1))).to_be_bytes())
        };
        prop_oneof![
            near("192.0.2.0", 8),
            near("203.0.113.0", 9),
            near("10.0.0.0", 19),
            near("10.3.0.0", 3),
            near("2001:db8:2::", 66),
            near("2001:db8::", 96),
            any::<[u8; 16]>(),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn the_cache_changes_no_answer(addresses in prop::collection::vec(any_address(), 1..100)) {
            let places = Arc::new(Places::default());
            let database = Arc::new(open("city.mmdb", GeoKind::City));
            let mut tables = [0, 1, 8, 1024].map(|n| GeoTable::new(Arc::clone(&database), n, Arc::clone(&places)));
            for address in addresses.iter().chain(&addresses) {
                let [direct, cached @ ..] = tables.each_mut().map(|table| table.lookup(address));
                prop_assert_eq!(cached, [direct; 3]);
            }
        }
    }
}
