//! From an address to the number of its place, once per packet.

use std::net::Ipv6Addr;
use std::sync::Arc;

use super::database::{Found, GeoDatabase};
use super::places::{Places, UNKNOWN};
use crate::hash::hash_word;

/// Caches of more networks than this would not be faster than the database (32 MiB per worker).
const MAX_CACHE_ENTRIES: usize = 1 << 20;

/// A number that no place has: the slot is free.
const VACANT: u32 = u32::MAX;

/// Addresses are spread over the cache by a fixed hash: who aims at one set only makes their own addresses slower.
const SEED: u64 = 0x6765_6f20_7461_626c;

/// A network, as the leading `128 - host_bits` bits of `network`, and its place.
#[derive(Clone, Copy)]
struct Line {
    network: u128,
    host_bits: u8,
    place: u32,
}

impl Line {
    const FREE: Self = Self { network: 0, host_bits: 0, place: VACANT };

    #[inline(always)]
    fn holds(&self, address: u128) -> bool {
        (self.network ^ address) >> self.host_bits == 0
    }
}

/// Two networks in one cache line, the one used last in front.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Set([Line; 2]);

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
    /// A table with a cache of at least `cache_entries` networks, 48 bytes each, rounded up to a power of two and never
    /// more than a million; 0 asks the database every time.
    pub fn new(database: Arc<GeoDatabase>, cache_entries: usize, places: Arc<Places>) -> Self {
        let entries = match cache_entries {
            0 => 0,
            some => some.min(MAX_CACHE_ENTRIES).next_power_of_two().max(2),
        };
        Self {
            database,
            places,
            sets: vec![Set([Line::FREE; 2]); entries / 2],
            records: vec![Record { offset: 0, place: VACANT }; entries],
        }
    }

    /// The number of the place of an address (IPv4 as ::ffff:a.b.c.d); [`UNKNOWN`] where the database has none.
    #[inline]
    pub fn lookup(&mut self, address: &[u8; 16]) -> u32 {
        let address = u128::from_be_bytes(*address);
        let at = slot(block(address).0, self.sets.len());
        if let Some(Set([first, second])) = self.sets.get_mut(at) {
            if first.holds(address) && first.place != VACANT {
                return first.place;
            }
            if second.holds(address) && second.place != VACANT {
                std::mem::swap(first, second);
                return first.place;
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
        let (block, block_prefix) = block(address);
        let at = slot(block, self.sets.len());
        if let Some(Set([first, second])) = self.sets.get_mut(at) {
            // A set stands for the addresses of one block, so a wider network is remembered block by block.
            let prefix = found.prefix.clamp(block_prefix, 128);
            *second = *first;
            *first = Line { network: address, host_bits: 128 - prefix, place };
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

/// The block of addresses that share a set, and how many leading bits it goes by: an IPv4 /24 or an IPv6 /48. Most
/// networks of databases are at least as wide, and what comes from one block mostly has one answer.
#[inline(always)]
fn block(address: u128) -> (u64, u8) {
    if address >> 32 == 0xffff { ((address >> 8) as u64, 120) } else { ((address >> 80) as u64, 48) }
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
    fn three_networks_that_share_a_set_of_two_keep_their_answers() {
        let (mut table, places) = city(2);
        for _ in 0..3 {
            for (text, expected) in
                [("10.3.0.0", "AF"), ("10.3.0.3", "OC"), ("10.3.0.4", "EU"), ("10.3.0.5", "Unknown")]
            {
                assert_eq!(&*places.get(table.lookup(&address(text))).text, expected, "{text}");
            }
        }
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
