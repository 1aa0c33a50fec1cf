//! NetFlow 9 and IPFIX: templates that come, change and go, and records of any layout.

mod hostile;
mod life;
mod records;
mod sampling;

use super::*;

/// Fields of a template as it is sent: element and width, or element, width and enterprise.
pub(super) fn field(element: u16, width: u16) -> Vec<u8> {
    [element.to_be_bytes(), width.to_be_bytes()].concat()
}

fn foreign(element: u16, width: u16, enterprise: u32) -> Vec<u8> {
    [field(element | 0x8000, width), enterprise.to_be_bytes().to_vec()].concat()
}

pub(super) fn set(number: u16, content: &[u8]) -> Vec<u8> {
    let length = content.len() as u16 + 4;
    [&number.to_be_bytes()[..], &length.to_be_bytes()[..], content].concat()
}

pub(super) fn template(number: u16, fields: &[Vec<u8>]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &(fields.len() as u16).to_be_bytes()[..], &fields.concat()].concat()
}

/// NetFlow 9, up for 10 s at 1,700,000,000 s.
pub(super) fn netflow9(sequence: u32, source_id: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = [9_u16.to_be_bytes(), [0, 77]].concat(); // nobody relies on the count
    for word in [10_000, 1_700_000_000, sequence, source_id] {
        bytes.extend(u32::to_be_bytes(word));
    }
    [bytes, sets.concat()].concat()
}

pub(super) fn ipfix(sequence: u32, domain: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let body = sets.concat();
    let mut bytes = [10_u16.to_be_bytes(), (16 + body.len() as u16).to_be_bytes()].concat();
    for word in [1_700_000_000, sequence, domain] {
        bytes.extend(u32::to_be_bytes(word));
    }
    [bytes, body].concat()
}

/// Source, destination, ports, protocol, bytes of three bytes, interface of one.
pub(super) fn usual() -> Vec<Vec<u8>> {
    vec![field(8, 4), field(12, 4), field(7, 2), field(11, 2), field(4, 1), field(1, 3), field(10, 1)]
}

pub(super) fn usual_record(last_octet: u8) -> Vec<u8> {
    vec![10, 1, 2, last_octet, 192, 0, 2, 1, 0x9c, 0x40, 1, 187, 6, 1, 0, 0, 9]
}

pub(super) fn write_seeds() {
    let options = [[257_u16, 4, 8].map(u16::to_be_bytes).concat(), field(1, 4), field(34, 4), field(35, 1)].concat();
    let define = [set(0, &template(256, &usual())), set(1, &options), set(257, &[0, 0, 0, 1, 0, 0, 0, 50, 2, 0])];
    let records = set(256, &[usual_record(1), usual_record(2)].concat());
    write_seed("netflow9", &[netflow9(1, 7, &define), netflow9(2, 7, std::slice::from_ref(&records))]);
    let fields = [usual(), vec![foreign(96, u16::MAX, 9)]].concat();
    let record = [usual_record(1), vec![255, 0, 3, b'a', b'b', b'c']].concat();
    let define = set(2, &[template(256, &fields), vec![1, 1, 0, 0]].concat());
    write_seed("ipfix", &[ipfix(0, 7, &[define]), ipfix(0, 7, &[set(256, &record)])]);
}

impl Bench {
    fn rows(&self) -> Vec<u8> {
        self.table.source().iter().map(|source| source[15]).collect()
    }
}
