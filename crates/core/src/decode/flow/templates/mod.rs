//! What NetFlow 9 (RFC 3954) and IPFIX (RFC 7011) have in common: templates say how the records of a set are laid out.
//!
//! `elements` says which field of a row an information element is, `copies` takes the records of a set in field by field where
//! their layout allows it, `draft` the values of one record; `exporters` keeps what each device has told, `samplings` how it
//! samples, and `sets` walks through a datagram.

mod copies;
mod draft;
mod elements;
mod exporters;
mod samplings;
mod sets;

use copies::Copies;
pub(super) use draft::Clock;
use draft::Draft;
use elements::{Target, target};
use exporters::Exporter;
pub(super) use exporters::Exporters;
pub(super) use sets::{Dialect, Export, read};

/// The width of a field whose records say how long it is.
const VARIABLE: u16 = u16::MAX;

/// A field as a template states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Specifier {
    /// The information element, where it is one of IANA's; others are stepped over.
    element: Option<u16>,
    width: u16,
}

/// A field as records are read by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    target: Target,
    /// Bytes, or [`VARIABLE`]. Neighbours that nobody reads are joined into one.
    width: u16,
}

/// How records are laid out.
#[derive(Debug, Clone)]
pub(super) struct Template {
    fields: Box<[Field]>,
    /// How its records are taken in together, where they can be.
    copies: Option<Copies>,
    /// Bytes of a record without the contents of variable fields; at least 1.
    least_bytes: usize,
    /// Its records describe the exporter, not traffic.
    is_options: bool,
    /// When it was told or needed last.
    used_ns: i64,
}

impl Template {
    /// `None` where records of it would be empty.
    fn new(specifiers: &[Specifier], is_options: bool, now_ns: i64) -> Option<Self> {
        let least_bytes = specifiers.iter().map(|specifier| least_bytes(specifier.width)).sum();
        let is_fixed = specifiers.iter().all(|specifier| specifier.width != VARIABLE);
        let fields = join(&choose(specifiers)).into_boxed_slice();
        let copies = if is_fixed && !is_options { Copies::of(&fields, least_bytes) } else { None };
        (least_bytes > 0).then_some(Self { fields, copies, least_bytes, is_options, used_ns: now_ns })
    }

    fn memory_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.fields) + self.copies.as_ref().map_or(0, Copies::memory_bytes)
    }

    /// Reads the record that some bytes begin with; gives those behind it. `None` where it is cut.
    #[inline]
    fn read<'a>(&self, mut bytes: &'a [u8], draft: &mut Draft) -> Option<&'a [u8]> {
        for field in &self.fields {
            let (value, rest) = split(field.width, bytes)?;
            if field.target != Target::Nowhere {
                draft.put(field.target, value);
            }
            bytes = rest;
        }
        Some(bytes)
    }
}

const fn least_bytes(width: u16) -> usize {
    if width == VARIABLE { 1 } else { width as usize }
}

/// The value of a field at the front of some bytes, and what is behind it. A variable field says its length in one byte,
/// or in two behind a byte of 255 (RFC 7011, section 7).
#[inline(always)]
fn split(width: u16, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if width != VARIABLE {
        return bytes.split_at_checked(usize::from(width));
    }
    let (length, bytes) = bytes.split_first()?;
    if *length != u8::MAX {
        return bytes.split_at_checked(usize::from(*length));
    }
    let (length, bytes) = bytes.split_first_chunk::<2>()?;
    bytes.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// The target of each field: of several elements that tell the same, the best alone has it, the first of equals.
fn choose(specifiers: &[Specifier]) -> Vec<Field> {
    let mut fields = Vec::with_capacity(specifiers.len());
    let mut chosen: Vec<(Target, u8, usize)> = Vec::new();
    for (at, specifier) in specifiers.iter().enumerate() {
        // A field without width says nothing: some exporters have templates with such.
        let told = specifier.element.filter(|_| specifier.width > 0);
        let (wanted, rank) = told.map_or((Target::Nowhere, 0), target);
        fields.push(Field { target: wanted, width: specifier.width });
        if wanted == Target::Nowhere {
            continue;
        }
        match chosen.iter_mut().find(|(known, ..)| known.tells_as(wanted)) {
            None => chosen.push((wanted, rank, at)),
            Some((_, best, _)) if *best <= rank => fields[at].target = Target::Nowhere,
            Some(known) => {
                fields[known.2].target = Target::Nowhere;
                *known = (wanted, rank, at);
            }
        }
    }
    let all: Vec<Target> = fields.iter().map(|field| field.target).collect();
    fields.iter_mut().for_each(|field| field.target = field.target.among(&all));
    fields
}

/// Joins neighbours that nobody reads.
fn join(fields: &[Field]) -> Vec<Field> {
    let is_skipped = |field: &Field| field.target == Target::Nowhere && field.width != VARIABLE;
    let mut joined: Vec<Field> = Vec::with_capacity(fields.len());
    for field in fields {
        match joined.last_mut() {
            Some(last) if is_skipped(last) && is_skipped(field) && field.width < VARIABLE - last.width => {
                last.width += field.width;
            }
            _ => joined.push(*field),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(element: u16, width: u16) -> Specifier {
        Specifier { element: Some(element), width }
    }

    fn targets(specifiers: &[Specifier]) -> Vec<Target> {
        choose(specifiers).iter().map(|field| field.target).collect()
    }

    #[test]
    fn of_elements_that_tell_the_same_the_best_counts_wherever_it_stands() {
        let ports = [known(182, 2), known(7, 2), known(180, 2)];
        assert_eq!(targets(&ports), [Target::Nowhere, Target::SourcePort, Target::Nowhere]);
        assert_eq!(targets(&ports[..1]), [Target::SourcePort]);
        let of_icmp = [known(139, 2), known(32, 2)];
        assert_eq!(targets(&of_icmp), [Target::Icmpv6TypeCode, Target::IcmpTypeCode]);
        assert_eq!(targets(&of_icmp[..1]), [Target::IcmpTypeCode]);
        let twice = [known(8, 4), known(8, 4)];
        assert_eq!(targets(&twice), [Target::Source4, Target::Nowhere]);
        let times = [known(22, 4), known(152, 8)];
        assert_eq!(targets(&times)[0], Target::Nowhere);
    }

    #[test]
    fn what_nobody_reads_is_one_step() {
        let foreign = |width| Specifier { element: None, width };
        let specifiers = [foreign(3), foreign(500), known(4, 1), foreign(VARIABLE), foreign(u16::MAX - 1), foreign(2)];
        let widths: Vec<_> = join(&choose(&specifiers)).iter().map(|field| field.width).collect();
        assert_eq!(widths, [503, 1, VARIABLE, u16::MAX - 1, 2]);
        assert!(Template::new(&[foreign(0), foreign(0)], false, 0).is_none());
        assert!(Template::new(&[], false, 0).is_none());
    }

    #[test]
    fn variable_fields_have_both_forms_of_length() {
        assert_eq!(split(VARIABLE, &[2, 7, 8, 9]), Some((&[7, 8][..], &[9][..])));
        assert_eq!(split(VARIABLE, &[0, 9]), Some((&[][..], &[9][..])));
        assert_eq!(split(VARIABLE, &[255, 0, 1, 7, 9]), Some((&[7][..], &[9][..])));
        assert_eq!((split(VARIABLE, &[255, 0]), split(VARIABLE, &[3, 1]), split(VARIABLE, &[])), (None, None, None));
    }
}
