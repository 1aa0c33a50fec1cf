//! The sets of a datagram, one after the other: templates are noted, records become rows.

use super::draft::{Clock, Draft};
use super::exporters::{Exporter, Waiting};
use super::{Specifier, Template};
use crate::decode::flow::{BAD_SET, BAD_TEMPLATE, NO_TEMPLATE, Records, TOO_SHORT};
use crate::ledger::Malformed;
use crate::table::FlowRow;
use crate::wire::be16;

const SET_HEADER_BYTES: usize = 4;
/// Sets from this number on hold records, each by the template of its number.
const LEAST_TEMPLATE: u16 = 256;
/// The bit of an element that says: the number of an enterprise follows (RFC 7011, section 3.2).
const ENTERPRISE_BIT: u16 = 0x8000;
/// The kinds of scope that NetFlow 9 knows (RFC 3954, section 6.1): of an interface, its index is the element 10.
const INTERFACE_SCOPE: u16 = 2;
const INTERFACE_ELEMENT: u16 = 10;

/// What NetFlow 9 and IPFIX do each in its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Dialect {
    NetFlow9,
    Ipfix,
}

impl Dialect {
    /// The sets with templates, and with templates of options.
    const fn template_sets(self) -> (u16, u16) {
        match self {
            Self::NetFlow9 => (0, 1),
            Self::Ipfix => (2, 3),
        }
    }
}

/// A datagram: its sets, and what its header says.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Export<'a> {
    pub dialect: Dialect,
    pub sets: &'a [u8],
    /// What all its records share; the source ID or observation domain among it.
    pub common: FlowRow,
    pub clock: Clock,
}

/// Sets with their numbers, as far as they can be told apart.
struct Sets<'a> {
    rest: &'a [u8],
    /// A set is shorter than its header, or longer than what is there.
    fault: Option<Malformed>,
}

impl<'a> Iterator for Sets<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.len() < SET_HEADER_BYTES {
            return None; // padding
        }
        let (number, stated) = (be16(self.rest, 0)?, usize::from(be16(self.rest, 2)?));
        if stated < SET_HEADER_BYTES {
            // Some exporters fill their datagrams up with zeros.
            self.fault = self.rest.iter().any(|byte| *byte != 0).then_some(BAD_SET);
            self.rest = &[];
            return None;
        }
        if stated > self.rest.len() {
            self.fault = Some(TOO_SHORT);
        }
        let (set, rest) = self.rest.split_at(stated.min(self.rest.len()));
        self.rest = rest;
        Some((number, &set[SET_HEADER_BYTES..]))
    }
}

/// What a datagram came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Outcome {
    /// The first reason why something could not be read.
    pub fault: Option<Malformed>,
    /// How many records it holds, of options, too; `None` where a template is missing or a set is cut.
    pub records: Option<u32>,
}

/// Reads a datagram. A set that can't be read is stepped over. Records are counted by the templates that they are read by:
/// those may change within the datagram.
pub(in super::super) fn read(export: &Export<'_>, exporter: &mut Exporter, records: &mut Records<'_>) -> Outcome {
    let (templates, options) = export.dialect.template_sets();
    let mut sets = Sets { rest: export.sets, fault: None };
    let (mut fault, mut has_read, mut lacks_template, mut counted) = (None, false, false, Some(0));
    for (number, set) in sets.by_ref() {
        let found = match number {
            _ if number == templates || number == options => {
                let are_options = number == options;
                read_templates(number, export, set, are_options, exporter, records)
            }
            LEAST_TEMPLATE.. => {
                let read = read_records(number, set, export, exporter, records);
                has_read |= read.is_some();
                lacks_template |= read.is_none() && !wait(number, set, export, exporter, records);
                counted = counted.zip(read).map(|(counted, read)| counted + read.records);
                read.and_then(|read| read.fault)
            }
            _ => None, // reserved numbers are stepped over
        };
        has_read |= number < LEAST_TEMPLATE;
        fault = fault.or(found);
    }
    let missing = (lacks_template && !has_read).then_some(NO_TEMPLATE);
    Outcome { fault: fault.or(sets.fault).or(missing), records: counted.filter(|_| sets.fault.is_none()) }
}

/// Keeps a set until its template comes. Where there is no room it is given up, which is counted if its datagram is not.
fn wait(number: u16, set: &[u8], export: &Export<'_>, exporter: &mut Exporter, records: &mut Records<'_>) -> bool {
    let key = (export.common.source_id, number);
    let waiting = Waiting { key, common: export.common, clock: export.clock, records: set.into() };
    let has_room = exporter.keep(waiting);
    if !has_room {
        records.give_up(1);
    }
    has_room
}

/// What a set of records came to.
#[derive(Debug, Clone, Copy)]
struct Read {
    records: u32,
    /// The last one goes on beyond the set.
    fault: Option<Malformed>,
}

/// Reads a set of records and tells how many they are; `None` where its template is not known.
fn read_records(
    number: u16,
    set: &[u8],
    export: &Export<'_>,
    exporter: &mut Exporter,
    records: &mut Records<'_>,
) -> Option<Read> {
    let domain = export.common.source_id;
    let template = exporter.template((domain, number), export.common.time_ns)?;
    if template.is_options {
        let (drafts, fault) = drafts(template, set, export);
        drafts.iter().for_each(|draft| exporter.learn(domain, draft));
        if export.dialect == Dialect::Ipfix {
            drafts.iter().for_each(|draft| exporter.learn_start(domain, draft));
        }
        return Some(Read { records: drafts.len() as u32, fault });
    }
    let exporter = &*exporter;
    let template = exporter.peek((domain, number)).expect("it was found");
    if let Some(copies) = &template.copies {
        return Some(Read { records: copies.read(set, export, exporter, records) as u32, fault: None });
    }
    let clock = export.clock.or_started_at(exporter.start_ns(domain));
    let (mut rest, mut read) = (set, 0);
    while rest.len() >= template.least_bytes {
        let mut draft = Draft::new(&export.common, clock);
        let Some(behind) = template.read(rest, &mut draft) else {
            return Some(Read { records: read, fault: Some(TOO_SHORT) });
        };
        let macs = draft.macs;
        let known = |draft: &Draft| exporter.sampling(domain, draft.sampler, draft.in_interface);
        records.push_with_macs(draft.finish(known), &macs);
        (rest, read) = (behind, read + 1);
    }
    Some(Read { records: read, fault: None })
}

/// The records of options of a set: few, and seldom; and the reason why there are no more of them.
fn drafts(template: &Template, set: &[u8], export: &Export<'_>) -> (Vec<Draft>, Option<Malformed>) {
    let (mut rest, mut drafts) = (set, Vec::new());
    while rest.len() >= template.least_bytes {
        let mut draft = Draft::new(&export.common, export.clock);
        let Some(behind) = template.read(rest, &mut draft) else { return (drafts, Some(TOO_SHORT)) };
        drafts.push(draft);
        rest = behind;
    }
    (drafts, None)
}

/// Reads a set of templates, and the records that have waited for them.
fn read_templates(
    set_number: u16,
    export: &Export<'_>,
    set: &[u8],
    are_options: bool,
    exporter: &mut Exporter,
    records: &mut Records<'_>,
) -> Option<Malformed> {
    let (domain, now_ns) = (export.common.source_id, export.common.time_ns);
    let (mut rest, mut fault, mut are_all_withdrawn) = (set, None, false);
    while rest.len() >= SET_HEADER_BYTES {
        let (number, head) = (be16(rest, 0)?, be16(rest, 2)?);
        // A withdrawal: of one template, or of all that sets of this number tell (RFC 7011, section 8.1).
        if export.dialect == Dialect::Ipfix && head == 0 && (number >= LEAST_TEMPLATE || number == set_number) {
            if number >= LEAST_TEMPLATE {
                exporter.withdraw((domain, number));
            } else if !are_all_withdrawn {
                exporter.withdraw_all(domain, are_options);
                are_all_withdrawn = true;
            }
            rest = &rest[SET_HEADER_BYTES..];
            continue;
        }
        if number < LEAST_TEMPLATE {
            // Zeros are padding.
            return fault.or(rest.iter().any(|byte| *byte != 0).then_some(BAD_TEMPLATE));
        }
        let Some((specifiers, behind)) = specifiers(export.dialect, are_options, rest) else {
            return Some(BAD_TEMPLATE);
        };
        rest = behind;
        let Some(template) = Template::new(&specifiers, are_options, now_ns) else {
            exporter.withdraw((domain, number));
            fault = Some(BAD_TEMPLATE);
            continue;
        };
        exporter.define((domain, number), template);
        are_all_withdrawn = false;
        for waiting in exporter.take_waiting((domain, number), now_ns) {
            let Waiting { common, clock, records: bytes, .. } = waiting;
            let read = read_records(number, &bytes, &Export { common, clock, ..*export }, exporter, records);
            fault = fault.or(read.and_then(|read| read.fault));
        }
    }
    fault
}

/// The fields of the template that some bytes begin with, and what is behind it; `None` where it is cut.
fn specifiers(dialect: Dialect, are_options: bool, template: &[u8]) -> Option<(Vec<Specifier>, &[u8])> {
    let head = be16(template, 2)?;
    let (scopes, fields, mut rest) = match (dialect, are_options) {
        (_, false) => (0, head, &template[SET_HEADER_BYTES..]),
        // Lengths of both parts in bytes.
        (Dialect::NetFlow9, true) => {
            let (scopes, options) = (head / 4, be16(template, 4)? / 4);
            (scopes, scopes.checked_add(options)?, &template[SET_HEADER_BYTES + 2..])
        }
        // The number of all fields, and of those that are scopes.
        (Dialect::Ipfix, true) => (be16(template, 4)?, head, &template[SET_HEADER_BYTES + 2..]),
    };
    // A field takes at least four bytes, so that no count makes more room than there are bytes.
    let mut found = Vec::with_capacity(usize::from(fields).min(rest.len() / 4));
    for at in 0..fields {
        let (specifier, behind) = specifier(dialect, at < scopes, rest)?;
        found.push(specifier);
        rest = behind;
    }
    Some((found, rest))
}

fn specifier(dialect: Dialect, is_scope: bool, bytes: &[u8]) -> Option<(Specifier, &[u8])> {
    let (element, width, rest) = (be16(bytes, 0)?, be16(bytes, 2)?, &bytes[4..]);
    match dialect {
        // Some exporters have fields of variable width there, too: no datagram has room for 65,535 bytes.
        Dialect::NetFlow9 => {
            let element =
                if is_scope { (element == INTERFACE_SCOPE).then_some(INTERFACE_ELEMENT) } else { Some(element) };
            Some((Specifier { element, width }, rest))
        }
        Dialect::Ipfix if element & ENTERPRISE_BIT == 0 => Some((Specifier { element: Some(element), width }, rest)),
        Dialect::Ipfix => {
            let enterprise = rest.first_chunk::<4>()?;
            let element = (*enterprise == [0; 4]).then_some(element & !ENTERPRISE_BIT);
            Some((Specifier { element, width }, &rest[4..]))
        }
    }
}
