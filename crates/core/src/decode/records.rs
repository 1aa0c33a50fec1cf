//! The records of DNS messages (RFC 1035 section 4.1.3), as far as they tell of the message itself.

use super::name;
use crate::table::Address;
use crate::wire::be16;

const TYPE_NS: u16 = 2;
const TYPE_SOA: u16 = 6;
const TYPE_OPT: u16 = 41;
const TYPE_RRSIG: u16 = 46;
const OPTION_CLIENT_SUBNET: u16 = 8;

/// What the records of a response say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ResponseRecords {
    /// They could be read to the end, or to the OPT record.
    pub is_whole: bool,
    pub has_signature: bool,
    /// The upper 8 of the 12 bits of the response code (RFC 6891 section 6.1.3).
    pub extended_rcode: u8,
    /// There is a record of the type that was asked for.
    has_answer: bool,
    has_soa: bool,
    has_ns: bool,
}

impl ResponseRecords {
    /// Walks the sections, with so many records each. Damage ends the walk: what was found before it holds.
    pub fn read(bytes: &[u8], start: usize, counts: [u16; 3], qtype: u16) -> Self {
        let mut found = Self::default();
        found.is_whole = found.walk(bytes, start, counts, qtype).is_some();
        found
    }

    fn walk(&mut self, bytes: &[u8], start: usize, counts: [u16; 3], qtype: u16) -> Option<()> {
        let [answers, authority, additional] = counts;
        let mut at = start;
        for _ in 0..answers {
            let record = Record::read(bytes, at)?;
            self.has_answer |= record.kind == qtype;
            self.has_signature |= record.kind == TYPE_RRSIG;
            at = record.end;
        }
        for _ in 0..authority {
            let record = Record::read(bytes, at)?;
            self.has_soa |= record.kind == TYPE_SOA;
            self.has_ns |= record.kind == TYPE_NS;
            at = record.end;
        }
        if let Some(opt) = find_opt(bytes, at, additional)? {
            self.extended_rcode = opt.time_to_live_high;
        }
        Some(())
    }

    /// RFC 2308 section 2.2: servers of another zone, without the start of this one, are a referral.
    pub fn lacks_data(&self) -> bool {
        !self.has_answer && (self.has_soa || !self.has_ns)
    }
}

/// The OPT record among some records: there is one at most, of the root (RFC 6891 section 6.1.1). `None` where the
/// records are damaged.
fn find_opt(bytes: &[u8], start: usize, count: u16) -> Option<Option<Record<'_>>> {
    let mut at = start;
    for _ in 0..count {
        let record = Record::read(bytes, at)?;
        if record.kind == TYPE_OPT && bytes[at] == 0 {
            return Some(Some(record));
        }
        at = record.end;
    }
    Some(None)
}

/// The OPT record of a message with so many records in its sections; `None` too where they are damaged before it.
#[inline(always)]
fn opt_of(bytes: &[u8], start: usize, counts: [u16; 3]) -> Option<Record<'_>> {
    let [answers, authority, additional] = counts;
    let at = end(bytes, start, u32::from(answers) + u32::from(authority))?;
    find_opt(bytes, at, additional).flatten()
}

/// Whether a query has a client subnet option, and its address; see [`subnet_of`].
pub fn client_subnet(bytes: &[u8], start: usize, counts: [u16; 3]) -> (u8, Address) {
    opt_of(bytes, start, counts).map_or((0, [0; 16]), |opt| subnet_of(opt.data))
}

/// What [`ResponseRecords::extended_rcode`] says, where nothing else is asked of the records.
#[inline(always)]
pub fn extended_rcode(bytes: &[u8], start: usize, counts: [u16; 3]) -> u8 {
    opt_of(bytes, start, counts).map_or(0, |opt| opt.time_to_live_high)
}

/// Where so many records end; `None` where they are damaged, or cut.
pub fn end(bytes: &[u8], start: usize, count: u32) -> Option<usize> {
    (0..count).try_fold(start, |at, _| Record::read(bytes, at).map(|record| record.end))
}

/// One resource record (RFC 1035 section 4.1.3).
struct Record<'a> {
    kind: u16,
    /// The first byte of the time to live.
    time_to_live_high: u8,
    data: &'a [u8],
    end: usize,
}

impl<'a> Record<'a> {
    #[inline]
    fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let start = name::skip(bytes, at)?;
        let fixed = bytes.get(start..)?.first_chunk::<10>()?;
        let kind = u16::from_be_bytes([fixed[0], fixed[1]]);
        let end = start + fixed.len() + usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
        let data = bytes.get(start + fixed.len()..end)?;
        Some(Self { kind, time_to_live_high: fixed[4], data, end })
    }
}

/// Whether there is a client subnet option among the options of an OPT record, wherever it stands (RFC 7871 section 6),
/// and its address: host bits as sent, zeros where it has none (a prefix length of 0), or one of another family.
fn subnet_of(options: &[u8]) -> (u8, Address) {
    let mut rest = options;
    while let (Some(code), Some(length)) = (be16(rest, 0), be16(rest, 2)) {
        let Some(option) = rest.get(4..4 + usize::from(length)) else { break };
        if code == OPTION_CLIENT_SUBNET {
            return (u8::from(option.len() >= 4), subnet_address(option).unwrap_or([0; 16]));
        }
        rest = &rest[4 + usize::from(length)..];
    }
    (0, [0; 16])
}

fn subnet_address(option: &[u8]) -> Option<Address> {
    let family = be16(option, 0)?;
    let sent = option.get(4..)?;
    let mut address = [0; 16];
    let (room, start) = match family {
        1 => (4, 12),
        2 => (16, 0),
        _ => return None,
    };
    if sent.is_empty() || sent.len() > room {
        return None;
    }
    if family == 1 {
        address[10..12].fill(0xff);
    }
    address[start..start + sent.len()].copy_from_slice(sent);
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: u16 = 1;
    const CNAME: u16 = 5;

    /// A record of the root, with a time to live of zeros and these data.
    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        let length = (data.len() as u16).to_be_bytes();
        [&[0], &kind.to_be_bytes()[..], &[0, 1, 0, 0, 0, 0], &length, data].concat()
    }

    fn opt(extended_rcode: u8, options: &[u8]) -> Vec<u8> {
        let mut opt = record(TYPE_OPT, options);
        opt[5] = extended_rcode;
        opt
    }

    /// The records of a response to a question for A, by section.
    fn read(sections: [&[Vec<u8>]; 3]) -> ResponseRecords {
        let counts = sections.map(|section| section.len() as u16);
        ResponseRecords::read(&sections.concat().concat(), 0, counts, A)
    }

    #[test]
    fn the_upper_bits_of_the_response_code_stand_in_the_opt_record_wherever_that_is() {
        let address = record(A, &[192, 0, 2, 1]);
        for additional in [vec![opt(1, &[])], vec![address.clone(), opt(1, &[0, 10, 0, 0]), address.clone()]] {
            let found = read([std::slice::from_ref(&address), &[], &additional]);
            assert_eq!((found.is_whole, found.extended_rcode), (true, 1));
            let bytes = [std::slice::from_ref(&address), &additional].concat().concat();
            let counts = [1, 0, additional.len() as u16];
            assert_eq!(extended_rcode(&bytes, 0, counts), 1, "alone");
            assert_eq!(extended_rcode(&bytes[1..], 0, counts), 0, "damaged");
        }
        assert_eq!(read([&[opt(1, &[])], &[], &[]]).extended_rcode, 0, "in another section");
        let mut named = opt(1, &[]);
        named.splice(0..1, [1, b'x', 0]);
        assert_eq!(read([&[], &[], &[named]]).extended_rcode, 0, "of another name");
    }

    #[test]
    fn an_alias_is_no_data_and_servers_of_a_zone_below_are_a_referral() {
        let owned = |section: &[&Vec<u8>]| section.iter().copied().cloned().collect::<Vec<_>>();
        let lacks_data =
            |answers: &[&Vec<u8>], authority: &[&Vec<u8>]| read([&owned(answers), &owned(authority), &[]]).lacks_data();
        let [address, alias, soa, ns] = [A, CNAME, TYPE_SOA, TYPE_NS].map(|kind| record(kind, &[0]));
        assert!(lacks_data(&[], &[]) && lacks_data(&[], &[&soa]) && lacks_data(&[], &[&soa, &ns]));
        assert!(lacks_data(&[&alias], &[&soa]), "an alias without what was asked for");
        assert!(!lacks_data(&[&alias, &address], &[]), "an alias with it");
        assert!(!lacks_data(&[], &[&ns]) && !lacks_data(&[&alias], &[&ns]), "a referral");
    }

    #[test]
    fn damage_ends_the_walk_and_what_was_found_before_holds() {
        let bytes = [record(TYPE_RRSIG, &[1]), record(A, &[1, 2, 3, 4])].concat();
        let found = ResponseRecords::read(&bytes[..bytes.len() - 1], 0, [2, 0, 1], A);
        assert_eq!((found.is_whole, found.has_signature), (false, true));
        assert!(!ResponseRecords::read(&bytes, 0, [3, 0, 0], A).is_whole, "fewer records than the header says");
    }

    #[test]
    fn the_client_subnet_is_found_behind_other_options_at_any_prefix_length() {
        let cookie = [0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
        let mut options = cookie.to_vec();
        options.extend([0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2]);
        let (has_subnet, address) = client_subnet(&opt(0, &options), 0, [0, 0, 1]);
        assert_eq!((has_subnet, &address[10..]), (1, &[0xff, 0xff, 192, 0, 2, 0][..]));
        let v6 = [0, 8, 0, 11, 0, 2, 56, 0, 0x20, 0x01, 0x0d, 0xb8, 1, 2, 3];
        assert_eq!(subnet_of(&v6).1[..8], [0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 0]);
        assert_eq!(subnet_of(&v6[..9]), (0, [0; 16]), "cut");
    }

    #[test]
    fn a_prefix_length_of_zero_is_a_client_subnet_without_an_address() {
        for family in 0..=3 {
            assert_eq!(subnet_of(&[0, 8, 0, 4, 0, family, 0, 0]), (1, [0; 16]), "family {family}");
        }
        assert_eq!(subnet_of(&[0, 8, 0, 5, 0, 3, 8, 0, 1]), (1, [0; 16]), "a family of the future");
        assert_eq!(subnet_of(&[0, 8, 0, 3, 0, 1, 0]), (0, [0; 16]), "too short for one");
    }
}
