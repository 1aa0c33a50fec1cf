//! A MaxMind DB file, and what its records say.

use std::io::Read;
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use maxminddb::{LookupResult, Mmap, Reader, WithinOptions};

use super::places::Coordinates;
use super::records::{NetworkRecord, PlaceRecord};
use crate::Error;
use crate::read::opening::{self, Kinds};

/// Files up to this size are read into memory: whatever happens to the file later, lookups go on. Bigger ones are
/// mapped, so that only the pages in use take memory, which is shared with other processes.
const MAX_BYTES_IN_MEMORY: u64 = 16 << 20;

/// How many records are looked at to see what kind of database a file is.
const RECORDS_TO_JUDGE_BY: usize = 1000;

/// What a database is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeoKind {
    /// Continent, country, subdivision and city: City, Enterprise and Country databases.
    City,
    /// Autonomous system number and its organization: ASN and ISP databases.
    Network,
}

impl GeoKind {
    const fn what_would_do(self) -> &'static str {
        match self {
            Self::City => "a City database, such as GeoLite2-City.mmdb",
            Self::Network => "an ASN or ISP database, such as GeoLite2-ASN.mmdb",
        }
    }
}

enum Contents {
    Read(Vec<u8>),
    Mapped(Mmap),
}

impl AsRef<[u8]> for Contents {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

/// An open database.
///
/// A file of more than 16 MiB is mapped into memory: replace it by renaming a new file over it, as geoipupdate does,
/// and an open database keeps reading the old one. Writing into the file, or cutting it short, while it is open may end
/// the process (SIGBUS); smaller files may be treated in any way.
pub struct GeoDatabase {
    reader: Reader<Contents>,
    kind: GeoKind,
}

impl GeoDatabase {
    /// Opens a file and sees whether its records say what `kind` asks for.
    ///
    /// # Errors
    /// A file that can't be read, that is no MaxMind DB, or that is of another kind.
    pub fn open(path: &Path, kind: GeoKind) -> Result<Self, Error> {
        Self::from_contents(read_or_map(path)?, path, kind)
    }

    fn from_contents(contents: Contents, path: &Path, kind: GeoKind) -> Result<Self, Error> {
        let shown = path.display();
        let reader = Reader::from_source(contents).map_err(|cause| {
            Error::format(format!("{shown} is not a MaxMind DB file ({cause}); it must be {}", kind.what_would_do()))
        })?;
        let database = Self { reader, kind };
        if !database.is_of_its_kind() {
            return Err(Error::format(format!(
                "{shown} is a database of type {} without the needed fields; it must be {}",
                database.reader.metadata().database_type,
                kind.what_would_do()
            )));
        }
        Ok(database)
    }

    /// What the records say decides, not the name of the type, which every maker chooses freely.
    fn is_of_its_kind(&self) -> bool {
        let Ok(networks) = self.reader.networks(WithinOptions::default()) else { return false };
        networks.take(RECORDS_TO_JUDGE_BY).flatten().any(|found| match self.kind {
            GeoKind::City => matches!(found.decode::<PlaceRecord>(), Ok(Some(record)) if record != <_>::default()),
            GeoKind::Network => {
                matches!(found.decode::<NetworkRecord>(), Ok(Some(record)) if record.number().is_some())
            }
        })
    }

    /// Walks the tree to an address (IPv4 as ::ffff:a.b.c.d).
    pub(super) fn find(&self, address: Ipv6Addr) -> Found<'_> {
        let address = address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4);
        // The one error is an IPv6 address in a database for IPv4 only, or a tree that points outside of the file.
        let Ok(result) = self.reader.lookup(address) else { return Found { result: None, prefix: 128 } };
        let prefix = match (address, result.network()) {
            (IpAddr::V4(_), Ok(network)) if network.is_ipv4() => 96 + network.prefix(),
            // A network wider than the whole of IPv4 holds every IPv4 address.
            (IpAddr::V4(_), Ok(_)) => 96,
            (IpAddr::V6(_), Ok(network)) => network.prefix(),
            (_, Err(_)) => 128,
        };
        Found { result: Some(result), prefix }
    }

    /// Reads a record: the text, and for a place its coordinates. `None` where there is none or it makes no sense.
    pub(super) fn describe(&self, found: &Found<'_>) -> Option<(String, Option<Coordinates>)> {
        let result = found.result.as_ref()?;
        match self.kind {
            GeoKind::City => {
                let record: PlaceRecord = result.decode().ok()??;
                Some((record.text(), record.coordinates()))
            }
            GeoKind::Network => Some((result.decode::<NetworkRecord>().ok()??.text(), None)),
        }
    }
}

/// Where the walk of the tree for one address ended.
pub(super) struct Found<'a> {
    result: Option<LookupResult<'a, Contents>>,
    /// How many leading bits of the 128-bit address the answer goes by: all that share them have the same answer.
    pub(super) prefix: u8,
}

impl Found<'_> {
    /// The number of the record within the file; `None` where the database knows nothing of the address.
    pub(super) fn record(&self) -> Option<usize> {
        self.result.as_ref()?.offset()
    }
}

fn read_or_map(path: &Path) -> Result<Contents, Error> {
    let system = |cause: std::io::Error| Error::system(format!("open the geo database {}", path.display()), &cause);
    let mut file = opening::open(path, Kinds::Files, &format!("the geo database {}", path.display()))?;
    let metadata = file.metadata().map_err(system)?;
    if metadata.len() <= MAX_BYTES_IN_MEMORY {
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        // A file that grows meanwhile is cut off: the metadata at its end is then missing, which is an error.
        file.by_ref().take(MAX_BYTES_IN_MEMORY).read_to_end(&mut bytes).map_err(system)?;
        return Ok(Contents::Read(bytes));
    }
    // SAFETY: the bytes are only ever read, each access is checked against the length, and the reader holds nothing
    // decoded for longer than one call; see `GeoDatabase` for what its user must not do to the file meanwhile.
    unsafe { Mmap::map(&file) }.map(Contents::Mapped).map_err(system)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{fixture, open};
    use super::*;
    use crate::error::ErrorKind;

    fn described(database: &GeoDatabase, address: &str) -> Option<(String, Option<Coordinates>)> {
        let address = match address.parse().expect("an address") {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        database.describe(&database.find(address))
    }

    fn text(database: &GeoDatabase, address: &str) -> Option<String> {
        described(database, address).map(|(text, _)| text)
    }

    #[test]
    fn a_place_is_continent_country_first_subdivision_and_city() {
        let city = open("city.mmdb", GeoKind::City);
        let expected = ("EU/Norway/18/Fjærvik".to_owned(), Coordinates::from_degrees(67.25, 14.5));
        assert_eq!(described(&city, "192.0.2.1"), Some(expected.clone()));
        assert_eq!(described(&city, "2001:db8:1::1"), Some(expected));
    }

    #[test]
    fn missing_parts_go_with_their_slash() {
        let city = open("city.mmdb", GeoKind::City);
        for (address, expected) in [
            ("192.0.2.128", "NA/Canada/QC/Rivière-Essai"),
            ("198.51.100.1", "SA/BR"),
            ("198.51.100.129", "AS/Japan/Minatogawa"),
            ("203.0.113.1", "/United States/WA"),
            ("203.0.113.65", ""),
            ("203.0.113.129", "AN"),
        ] {
            assert_eq!(described(&city, address), Some((expected.to_owned(), None)), "{address}");
        }
    }

    #[test]
    fn what_the_database_does_not_know_or_garbles_has_no_description() {
        let city = open("city.mmdb", GeoKind::City);
        for address in ["192.0.3.1", "203.0.113.193", "2001:db9::", "::", "255.255.255.255"] {
            assert_eq!(described(&city, address), None, "{address}");
        }
    }

    #[test]
    fn a_network_is_number_and_organization() {
        let asn = open("asn.mmdb", GeoKind::Network);
        for (address, expected) in [
            ("192.0.2.1", Some("64500/Example Telegraph/Télégraphe")),
            ("2001:db8::1", Some("64500/Example Telegraph/Télégraphe")),
            ("198.51.100.1", Some("64501")),
            ("203.0.113.1", Some("")),
            ("10.255.255.255", Some("4200000000/Big Number")),
            ("11.0.0.0", None),
        ] {
            assert_eq!(text(&asn, address).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn an_isp_database_tells_networks_too_and_one_for_ipv4_knows_no_ipv6() {
        let isp = open("isp.mmdb", GeoKind::Network);
        assert_eq!(text(&isp, "192.0.2.1").as_deref(), Some("64500/Example Telegraph/Télégraphe"));
        assert_eq!(text(&isp, "198.51.100.1").as_deref(), Some(""));
        assert_eq!(text(&isp, "2001:db8::1"), None);
    }

    #[test]
    fn a_subdivision_without_a_code_is_called_by_its_name() {
        let city = open("city.mmdb", GeoKind::City);
        assert_eq!(text(&city, "198.18.0.1").as_deref(), Some("EU/Norway/Nordland/Labvik"));
    }

    #[test]
    fn flat_records_tell_places_and_networks_too() {
        let city = open("flat.mmdb", GeoKind::City);
        for (address, expected, coordinates) in [
            ("192.0.2.1", "EU/Norway", None),
            ("192.0.2.129", "/CA/Quebec/Rivière-Essai", Coordinates::from_degrees(46.5, -71.25)),
            ("198.51.100.1", "EU/Norway", None),
            ("203.0.113.1", "", None),
            ("203.0.113.129", "/JP", None),
        ] {
            assert_eq!(described(&city, address), Some((expected.to_owned(), coordinates)), "{address}");
        }
        let asn = open("flat.mmdb", GeoKind::Network);
        for (address, expected) in [
            ("192.0.2.1", ""),
            ("198.51.100.1", "64500/Example Telegraph"),
            ("203.0.113.1", "64501/Example Customer"),
            ("203.0.113.129", ""),
        ] {
            assert_eq!(text(&asn, address).as_deref(), Some(expected), "{address}");
        }
    }

    #[test]
    fn the_answer_holds_for_the_whole_network() {
        let city = open("city.mmdb", GeoKind::City);
        let prefix = |address: &str| city.find(address.parse().expect("an address")).prefix;
        assert_eq!(prefix("::ffff:192.0.2.1"), 96 + 25);
        assert_eq!(prefix("::ffff:10.3.0.4"), 96 + 32);
        assert_eq!(prefix("2001:db8:1::1"), 48);
        assert_eq!(prefix("8000::"), 1);
        let isp = open("isp.mmdb", GeoKind::Network);
        assert_eq!(isp.find("::ffff:192.0.2.1".parse().expect("an address")).prefix, 96 + 24);
    }

    #[test]
    fn a_database_of_another_kind_is_refused_with_what_would_do() {
        let refused = |file, kind| GeoDatabase::open(&fixture(file), kind).err().expect("refused");
        let error = refused("asn.mmdb", GeoKind::City);
        assert_eq!(error.kind, ErrorKind::Format);
        assert!(error.message.contains("asn.mmdb is a database of type Example-ASN"), "{error}");
        assert!(error.message.ends_with("it must be a City database, such as GeoLite2-City.mmdb"), "{error}");
        let error = refused("city.mmdb", GeoKind::Network);
        assert!(error.message.ends_with("it must be an ASN or ISP database, such as GeoLite2-ASN.mmdb"), "{error}");
        for kind in [GeoKind::City, GeoKind::Network] {
            let error = refused("unlike.mmdb", kind);
            assert!(error.message.contains("a database of type Example Proxies without the needed fields"), "{error}");
        }
    }

    /// A database as big as those of whole countries: the records of the fixture, then zeros that nothing points at.
    fn write_big(path: &Path) {
        let bytes = std::fs::read(fixture("city.mmdb")).expect("the fixture");
        let marker = b"\xab\xcd\xefMaxMind.com";
        let end = bytes.windows(marker.len()).rposition(|window| window == marker).expect("metadata");
        let padding = vec![0; MAX_BYTES_IN_MEMORY as usize];
        std::fs::write(path, [&bytes[..end], &padding, &bytes[end..]].concat()).expect("a writable temporary folder");
    }

    #[test]
    fn a_big_file_is_mapped_and_may_be_replaced_by_renaming() {
        let path = std::env::temp_dir().join(format!("big-{}.mmdb", std::process::id()));
        let next = path.with_extension("next");
        write_big(&path);
        let city = GeoDatabase::open(&path, GeoKind::City).expect("a City database");
        assert!(matches!(read_or_map(&path), Ok(Contents::Mapped(_))));
        std::fs::write(&next, b"short").expect("a writable temporary folder");
        std::fs::rename(&next, &path).expect("a writable temporary folder");
        assert_eq!(text(&city, "192.0.2.1").as_deref(), Some("EU/Norway/18/Fjærvik"));
        std::fs::remove_file(&path).expect("our own file");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_damaged_file_is_refused_or_answers_something(
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            kept in 0_usize..3,
            addresses in prop::collection::vec(any::<u128>(), 1..8),
        ) {
            let (file, kind) =
                [("city.mmdb", GeoKind::City), ("asn.mmdb", GeoKind::Network), ("isp.mmdb", GeoKind::Network)][kept];
            let mut bytes = std::fs::read(fixture(file)).expect("the fixture");
            for (at, byte) in damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(database) = GeoDatabase::from_contents(Contents::Read(bytes), Path::new(file), kind) {
                for address in addresses {
                    for address in [address, address >> 96 | 0xffff_0000_0000, (0x2001_0db8 << 96) | address >> 32] {
                        let _ = database.describe(&database.find(Ipv6Addr::from_bits(address)));
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_database_is_refused_with_its_path() {
        let refused = |file| GeoDatabase::open(&fixture(file), GeoKind::City).err().expect("refused");
        assert!(refused("make.py").message.contains("make.py is not a MaxMind DB file"));
        let missing = refused("missing.mmdb");
        assert_eq!(missing.kind, ErrorKind::System);
        assert!(missing.message.starts_with("open the geo database "), "{missing}");
        assert!(missing.message.contains("missing.mmdb: No such file"), "{missing}");
        assert!(refused("").message.ends_with(": is a directory"));
    }

    #[test]
    fn a_fifo_that_nobody_writes_to_is_refused() {
        let path = std::env::temp_dir().join(format!("pktvisor-geo-fifo-{}", std::process::id()));
        let text = std::ffi::CString::new(path.to_str().expect("a text")).expect("no zero byte");
        // SAFETY: a text that ends with a zero byte.
        assert_eq!(unsafe { libc::mkfifo(text.as_ptr(), 0o600) }, 0);
        let fault = GeoDatabase::open(&path, GeoKind::City).err().expect("an error");
        std::fs::remove_file(&path).expect("the FIFO");
        assert!(fault.message.ends_with("is a FIFO, not a regular file"), "{fault}");
    }
}
