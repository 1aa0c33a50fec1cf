//! The body of a BGP UPDATE (RFC 4271 4.3): how many routes it announces and withdraws, of all families (RFC 4760), and by
//! which way. Whether a session has AS numbers of four octets (RFC 6793) and path identifiers (RFC 7911) was said in its
//! OPENs, which may not have been seen: it is told by what the bytes can be read as.

use super::be16;
use super::ipv4::mapped;

const AS_PATH: u8 = 2;
const NEXT_HOP: u8 = 3;
const MP_REACH: u8 = 14;
const MP_UNREACH: u8 = 15;
const AS4_PATH: u8 = 17;

/// The flag of an attribute whose length has two bytes.
const EXTENDED_LENGTH: u8 = 0x10;

const AFI_IPV4: u16 = 1;
const AFI_IPV6: u16 = 2;
const AFI_L2VPN: u16 = 25;
const AFI_LINK_STATE: u16 = 16388;

const AS_SET: u8 = 1;
const AS_SEQUENCE: u8 = 2;
const CONFEDERATION: std::ops::RangeInclusive<u8> = 3..=4;

/// An IPv4 (as `::ffff:a.b.c.d`) or IPv6 address.
type Address = [u8; 16];

/// What an UPDATE says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Update {
    /// IPv4 prefixes outside of attributes.
    pub announced: u32,
    pub withdrawn: u32,
    /// Routes of the family in the attributes MP_REACH_NLRI and MP_UNREACH_NLRI.
    pub mp_announced: u32,
    pub mp_withdrawn: u32,
    /// That family: of MP_REACH_NLRI if there is one. Zeros without both.
    pub family: (u16, u8),
    pub path: Path,
    /// That of the IPv4 prefixes, else of MP_REACH_NLRI.
    pub next_hop: Option<Address>,
    /// It has path attributes other than MP_UNREACH_NLRI.
    pub has_attributes: bool,
    /// A field or an attribute ends beyond what it is in, or is not of its form: what stands before it is read.
    pub is_bad: bool,
}

/// An AS_PATH.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Path {
    /// Autonomous systems, of which a set counts as one (RFC 4271 9.1.2.2) and confederations don't count (RFC 5065 5.3).
    pub length: u16,
    /// The one that announces the route (RFC 6811 2): the last one; 0 where that is a set, or there is none.
    pub origin: u32,
}

/// Something that ends beyond what it is in, or is not of its form.
struct Damage;

impl Update {
    pub fn read(body: &[u8]) -> Self {
        let mut update = Self::default();
        update.is_bad = update.read_body(body).is_err();
        update
    }

    /// It has no routes, and says of a family that all of them were sent (RFC 4724 2).
    pub fn is_end_of_rib(&self) -> bool {
        let routes = [self.announced, self.withdrawn, self.mp_announced, self.mp_withdrawn];
        !self.is_bad && !self.has_attributes && routes == [0; 4]
    }

    fn read_body(&mut self, body: &[u8]) -> Result<(), Damage> {
        let (withdrawn, rest) = sized(body).ok_or(Damage)?;
        self.withdrawn = prefixes(withdrawn, 32).ok_or(Damage)?;
        let (attributes, announced) = sized(rest).ok_or(Damage)?;
        self.read_attributes(attributes)?;
        self.announced = prefixes(announced, 32).ok_or(Damage)?;
        Ok(())
    }

    fn read_attributes(&mut self, mut rest: &[u8]) -> Result<(), Damage> {
        let (mut path, mut four_octets, mut mp_next_hop) = (None, None, None);
        while !rest.is_empty() {
            let (kind, value, after) = attribute(rest).ok_or(Damage)?;
            rest = after;
            self.has_attributes |= kind != MP_UNREACH;
            match kind {
                AS_PATH => path = Some(value),
                AS4_PATH => four_octets = Some(value),
                NEXT_HOP => self.next_hop = Some(mapped(value.try_into().map_err(|_| Damage)?)),
                MP_REACH => mp_next_hop = self.read_reach(value).ok_or(Damage)?,
                MP_UNREACH => self.read_unreach(value).ok_or(Damage)?,
                _ => {}
            }
        }
        self.next_hop = self.next_hop.or(mp_next_hop);
        self.path = Path::of(path, four_octets).ok_or(Damage)?;
        Ok(())
    }

    /// RFC 4760 3: family, next hop, a reserved byte, routes. Gives the next hop.
    fn read_reach(&mut self, value: &[u8]) -> Option<Option<Address>> {
        let (family, rest) = read_family(value)?;
        let (length, rest) = rest.split_first()?;
        let (next_hop, rest) = rest.split_at_checked(usize::from(*length))?;
        self.family = family;
        self.mp_announced = routes(family, rest.get(1..)?)?;
        Some(address(next_hop))
    }

    /// RFC 4760 4: family, routes.
    fn read_unreach(&mut self, value: &[u8]) -> Option<()> {
        let (family, rest) = read_family(value)?;
        if self.family == (0, 0) {
            self.family = family;
        }
        self.mp_withdrawn = routes(family, rest)?;
        Some(())
    }
}

impl Path {
    /// The path of both attributes. Only a speaker that has AS numbers of two octets sends the second (RFC 6793 4.2.2).
    fn of(path: Option<&[u8]>, four_octets: Option<&[u8]>) -> Option<Self> {
        let Some(bytes) = path else { return Some(Self::default()) };
        let Some(four_octets) = four_octets else { return Self::read(bytes, 4).or_else(|| Self::read(bytes, 2)) };
        let path = Self::read(bytes, 2).or_else(|| Self::read(bytes, 4))?;
        let longer = Self::read(four_octets, 4)?;
        Some(if longer.length <= path.length { Self { origin: longer.origin, ..path } } else { path })
    }

    /// Reads segments whose AS numbers have so many bytes.
    fn read(bytes: &[u8], width: usize) -> Option<Self> {
        let (mut path, mut rest) = (Self::default(), bytes);
        while !rest.is_empty() {
            let [kind, count, after @ ..] = rest else { return None };
            let (systems, after) = after.split_at_checked(usize::from(*count) * width)?;
            let last = systems.len().checked_sub(width)?; // no segment is empty
            match *kind {
                AS_SET => path = Self { length: path.length.saturating_add(1), origin: 0 },
                AS_SEQUENCE => {
                    path.length = path.length.saturating_add(u16::from(*count));
                    path.origin = systems[last..].iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
                }
                kind if CONFEDERATION.contains(&kind) => {}
                _ => return None,
            }
            rest = after;
        }
        Some(path)
    }
}

/// Bytes behind their length of two bytes; then what follows.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    bytes.get(2..)?.split_at_checked(usize::from(be16(bytes, 0)?))
}

/// Type and value of a path attribute; then what follows.
fn attribute(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [flags, kind, rest @ ..] = bytes else { return None };
    let (value, after) = if flags & EXTENDED_LENGTH != 0 {
        sized(rest)?
    } else {
        let (length, rest) = rest.split_first()?;
        rest.split_at_checked(usize::from(*length))?
    };
    Some((*kind, value, after))
}

fn read_family(value: &[u8]) -> Option<((u16, u8), &[u8])> {
    Some(((be16(value, 0)?, *value.get(2)?), &value[3..]))
}

/// A next hop, without the route distinguisher before it, and without the link-local address after it (RFC 2545 3).
fn address(next_hop: &[u8]) -> Option<Address> {
    match next_hop.len() {
        4 => next_hop.try_into().ok().map(mapped),
        12 => next_hop[8..].try_into().ok().map(mapped),
        16 | 32 => next_hop.first_chunk().copied(),
        24 | 48 => next_hop[8..].first_chunk().copied(),
        _ => None,
    }
}

/// Routes of a family; none of those whose form is not known here. `None` where they are not of their form.
fn routes(family: (u16, u8), bytes: &[u8]) -> Option<u32> {
    match family {
        (AFI_IPV4, 1 | 2) => prefixes(bytes, 32),
        (AFI_IPV6, 1 | 2) => prefixes(bytes, 128),
        // With labels (RFC 8277), with labels and route distinguisher (RFC 4364, RFC 6514), route targets (RFC 4684).
        (AFI_IPV4 | AFI_IPV6, 4 | 128 | 129 | 132) => prefixes(bytes, u8::MAX),
        // Type and length: multicast VPN (RFC 6514), EVPN (RFC 7432).
        (AFI_IPV4 | AFI_IPV6, 5) | (AFI_L2VPN, 70) => count(bytes, |rest| Some(2 + usize::from(*rest.get(1)?))),
        // Length: VPLS (RFC 4761).
        (AFI_L2VPN, 65) => count(bytes, |rest| Some(2 + usize::from(be16(rest, 0)?))),
        // Type and length: link state (RFC 9552).
        (AFI_LINK_STATE, 71 | 72) => count(bytes, |rest| Some(4 + usize::from(be16(rest, 2)?))),
        (_, 133 | 134) => count(bytes, flow_specification_bytes),
        _ => Some(0),
    }
}

/// RFC 8955 4.1: the length has two bytes where the first one's upper half is 0xf.
fn flow_specification_bytes(bytes: &[u8]) -> Option<usize> {
    match *bytes.first()? {
        length @ 0..0xf0 => Some(1 + usize::from(length)),
        _ => Some(2 + usize::from(be16(bytes, 0)? & 0x0fff)),
    }
}

/// Prefixes of at most so many bits, each behind its length in bits. Two default routes make no sense: what looks so has
/// path identifiers (RFC 7911 3), if it can be read with them.
fn prefixes(bytes: &[u8], most_bits: u8) -> Option<u32> {
    let mut default_routes = 0;
    let prefix_bytes = |bits: u8| (bits <= most_bits).then(|| 1 + usize::from(bits.div_ceil(8)));
    let plain = count(bytes, |rest| {
        default_routes += u32::from(rest.first() == Some(&0));
        prefix_bytes(*rest.first()?)
    });
    let identified = || count(bytes, |rest| Some(4 + prefix_bytes(*rest.get(4)?)?));
    match plain {
        Some(_) if default_routes < 2 => plain,
        _ => identified().or(plain),
    }
}

/// How many items there are, each of as many bytes as `item_bytes` finds, which is more than none.
fn count(bytes: &[u8], mut item_bytes: impl FnMut(&[u8]) -> Option<usize>) -> Option<u32> {
    let (mut items, mut rest) = (0, bytes);
    while !rest.is_empty() {
        rest = rest.get(item_bytes(rest)?..)?;
        items += 1;
    }
    Some(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] = &[24, 192, 0, 2, 25, 10, 1, 2, 128];

    fn with_length(bytes: &[u8]) -> Vec<u8> {
        [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
    }

    fn attribute_of(kind: u8, value: &[u8]) -> Vec<u8> {
        [&[0x50, kind][..], &with_length(value)].concat()
    }

    fn update(withdrawn: &[u8], attributes: &[Vec<u8>], announced: &[u8]) -> Update {
        Update::read(&[with_length(withdrawn), with_length(&attributes.concat()), announced.to_vec()].concat())
    }

    fn path(path: &[u8], four_octets: Option<&[u8]>) -> Option<(u16, u32)> {
        Path::of(Some(path), four_octets).map(|path| (path.length, path.origin))
    }

    #[test]
    fn prefixes_are_counted_inside_and_outside_of_attributes() {
        let reach = [&[0, 2, 1, 16][..], &[0x20; 16], &[0, 32, 0x20, 1, 0xd, 0xb8, 0]].concat();
        let unreach = [0, 2, 1, 128, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 8, 0xfc];
        let attributes = [
            attribute_of(NEXT_HOP, &[10, 0, 0, 1]),
            attribute_of(MP_REACH, &reach),
            attribute_of(MP_UNREACH, &unreach),
        ];
        let found = update(&[8, 10], &attributes, PLAIN);
        assert_eq!((found.withdrawn, found.announced, found.mp_announced, found.mp_withdrawn), (1, 2, 2, 2));
        assert_eq!((found.family, found.next_hop, found.is_bad), ((2, 1), Some(mapped([10, 0, 0, 1])), false));
        let found = update(&[], &attributes[1..], &[]);
        assert_eq!((found.next_hop, found.is_end_of_rib()), (Some([0x20; 16]), false));
    }

    #[test]
    fn path_identifiers_are_told_by_what_the_bytes_can_be_read_as() {
        let identified = [0, 0, 0, 1, 24, 192, 0, 2, 0, 0, 0, 2, 24, 192, 0, 2];
        assert_eq!((prefixes(&identified, 32), prefixes(&identified, 128)), (Some(2), Some(2)));
        assert_eq!(prefixes(&[0, 8, 10], 32), Some(2), "one default route");
        assert_eq!(prefixes(&[33, 1, 2, 3, 4], 32), None);
        assert_eq!(prefixes(&[24, 1, 2], 32), None, "cut");
    }

    #[test]
    fn other_families_are_counted_by_their_form() {
        let label = [88, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1];
        for (family, bytes, expected) in [
            ((1, 128), &label[..], Some(1)),
            ((25, 70), &[3, 1, 9, 2, 0], Some(2)),
            ((25, 65), &[0, 1, 9], Some(1)),
            ((1, 133), &[3, 1, 8, 10, 0xf0, 1, 9], Some(2)),
            ((16388, 71), &[0, 1, 0, 2, 9, 9], Some(1)),
            ((16388, 71), &[0, 1, 0, 2, 9], None),
            ((25, 70), &[3], None),
            ((1, 66), &[1, 2, 3], Some(0)),
        ] {
            assert_eq!(routes(family, bytes), expected, "{family:?}");
        }
        let next_hop = [0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1];
        assert_eq!(address(&next_hop), Some(mapped([10, 0, 0, 1])), "behind a route distinguisher");
        assert_eq!((address(&[7; 32]), address(&[7; 48]), address(&[7; 5])), (Some([7; 16]), Some([7; 16]), None));
    }

    #[test]
    fn a_path_is_read_with_numbers_of_four_or_two_octets() {
        assert_eq!(path(&[2, 2, 0, 0, 0xfd, 0xe9, 0, 6, 0x1a, 0x80], None), Some((2, 400_000)));
        assert_eq!(path(&[2, 2, 0xfd, 0xe9, 0x5b, 0xa0], None), Some((2, 23_456)));
        assert_eq!(path(&[2, 2, 0xfd, 0xe9, 0x5b, 0xa0], Some(&[2, 1, 0, 6, 0x1a, 0x80])), Some((2, 400_000)));
        assert_eq!(path(&[2, 1, 0xfd, 0xe9], Some(&[2, 2, 0, 0, 0, 1, 0, 0, 0, 2])), Some((1, 65_001)), "ignored");
        assert_eq!(path(&[], None), Some((0, 0)));
        assert_eq!(path(&[2, 1, 0, 0, 0, 9, 1, 2, 0, 0, 0, 1, 0, 0, 0, 2], None), Some((2, 0)), "a set has no origin");
        assert_eq!(path(&[3, 1, 0, 0, 0, 7, 2, 1, 0, 0, 0, 9], None), Some((1, 9)), "a confederation");
        for damaged in [&[2][..], &[2, 0], &[2, 1, 0], &[9, 1, 0, 0, 0, 1], &[2, 1, 0, 0, 0, 1, 2]] {
            assert_eq!(path(damaged, None), None, "{damaged:?}");
        }
    }

    #[test]
    fn the_end_of_a_family_has_nothing_but_its_name() {
        assert!(update(&[], &[], &[]).is_end_of_rib());
        let of_ipv6 = update(&[], &[attribute_of(MP_UNREACH, &[0, 2, 1])], &[]);
        assert_eq!((of_ipv6.is_end_of_rib(), of_ipv6.family), (true, (2, 1)));
        assert!(!update(&[8, 10], &[], &[]).is_end_of_rib());
        assert!(!Update::read(&[]).is_end_of_rib());
    }

    #[test]
    fn what_stands_before_the_damage_is_read() {
        for (damaged, withdrawn) in [
            (&[0, 2, 8, 10, 0, 9, 0x40, 2][..], 1),
            (&[0, 2, 8, 10, 0, 2, 0x40, 2], 1),
            (&[0, 2, 8, 10, 0, 5, 0x40, 3, 2, 1, 1], 1),
            (&[0, 2, 8, 10, 0, 5, 0x80, 14, 2, 0, 1], 1),
            (&[0, 2, 8, 10, 0], 1),
            (&[0, 2, 8, 10, 0, 0, 24, 1], 1),
            (&[0, 9, 8, 10], 0),
            (&[0], 0),
        ] {
            let found = Update::read(damaged);
            assert_eq!((found.is_bad, found.withdrawn), (true, withdrawn), "{damaged:?}");
        }
    }
}
