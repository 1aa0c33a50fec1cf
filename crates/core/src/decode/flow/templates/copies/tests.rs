//! Records taken in together are those taken in one by one.

use proptest::prelude::*;

use super::super::super::records::{Sender, Texts};
use super::super::draft::Clock;
use super::super::{Dialect, Specifier, Template, read};
use super::*;
use crate::decode::app::Needs;
use crate::table::{Column, FlowTable, Table as _};
use crate::track::Sequences;

const NUMBER: u16 = 300;

/// The rows of a set, whose records are taken in together or one by one.
fn rows(template: &Template, options: Option<&Template>, set: &[u8], are_together: bool) -> FlowTable {
    let (mut table, mut sequences, mut exporter) = (FlowTable::default(), Sequences::new(16), Exporter::default());
    let copies = template.copies.clone().filter(|_| are_together);
    exporter.define((1, NUMBER), Template { copies, ..template.clone() });
    options.into_iter().for_each(|options| exporter.define((1, NUMBER + 1), options.clone()));
    let told = [&(NUMBER + 1).to_be_bytes()[..], &[0, 12, 0, 0, 0, 2, 0, 7, 0, 5]].concat();
    let header = |number: u16, length: usize| [number.to_be_bytes(), ((length + 4) as u16).to_be_bytes()].concat();
    let sets = [if options.is_some() { told } else { Vec::new() }, header(NUMBER, set.len()), set.to_vec()].concat();
    let common = FlowRow { time_ns: 1, source_id: 1, ..FlowRow::EMPTY };
    let export = Export { dialect: Dialect::NetFlow9, sets: &sets, common, clock: Clock::since_start(50_000, 1_000) };
    let sender = Sender { sequences: &mut sequences, exporter: 7, time_ns: 1 };
    let mut records = Records::new(&mut table, Texts::of(&Needs::all()), sender);
    assert_eq!(read(&export, &mut exporter, &mut records).fault, None);
    records.finish();
    table
}

fn shown(table: &FlowTable) -> Vec<String> {
    let text = |column: Column<'_>| match column {
        Column::Text(text) => format!("{:?}", (0..table.len()).map(|row| text.get(row)).collect::<Vec<_>>()),
        other => format!("{other:?}"),
    };
    (0..table.definitions().len()).map(|at| text(table.column(at))).collect()
}

/// Mostly fields whose values stand alone, of the widths that they usually have; and others.
fn any_field() -> impl Strategy<Value = Specifier> {
    let usual = prop::sample::select(vec![
        (1, 8),
        (2, 4),
        (4, 1),
        (5, 1),
        (6, 1),
        (7, 2),
        (8, 4),
        (9, 1),
        (10, 2),
        (10, 4),
        (11, 2),
        (12, 4),
        (13, 1),
        (14, 4),
        (15, 4),
        (16, 4),
        (17, 2),
        (18, 4),
        (21, 4),
        (22, 4),
        (32, 2),
        (56, 6),
        (58, 2),
        (60, 1),
        (61, 1),
        (62, 16),
        (70, 3),
        (80, 6),
        (89, 1),
        (95, 4),
        (136, 1),
        (150, 4),
        (152, 8),
        (153, 8),
        (156, 8),
        (158, 4),
        (225, 4),
        (227, 2),
        (233, 1),
        (234, 4),
        (281, 16),
        (312, 2),
        (313, 20),
        (323, 8),
    ]);
    let usual = usual.prop_map(|(element, width)| Specifier { element: Some(element), width });
    let any = (0_u16..360, 0_u16..18).prop_map(|(element, width)| Specifier { element: Some(element), width });
    prop_oneof![12 => usual, 1 => any]
}

proptest! {
    #[test]
    fn records_taken_in_together_are_those_taken_in_one_by_one(
        fields in prop::collection::vec(any_field(), 1..16), is_ipv6: bool, samples: bool, bytes in prop::collection::vec(any::<u8>(), 0..600)
    ) {
        let addresses = if is_ipv6 { [(27, 16), (28, 16)] } else { [(8, 4), (12, 4)] };
        let addresses = addresses.map(|(element, width)| Specifier { element: Some(element), width });
        let template = Template::new(&[&addresses[..], &fields].concat(), false, 0).unwrap();
        let told = [(10, 2), (34, 2)].map(|(element, width)| Specifier { element: Some(element), width });
        let options = Template::new(&told, true, 0).unwrap();
        let options = samples.then_some(&options);
        let (together, alone) = (rows(&template, options, &bytes, true), rows(&template, options, &bytes, false));
        prop_assert_eq!(shown(&together), shown(&alone));
    }
}

#[test]
fn templates_as_routers_have_them_are_taken_in_together() {
    let of = |fields: &[(u16, u16)]| {
        let specifiers: Vec<_> =
            fields.iter().map(|(element, width)| Specifier { element: Some(*element), width: *width }).collect();
        Template::new(&specifiers, false, 0).unwrap().copies.is_some()
    };
    assert!(of(&[
        (8, 4),
        (12, 4),
        (15, 4),
        (10, 4),
        (14, 4),
        (2, 4),
        (1, 4),
        (22, 4),
        (21, 4),
        (7, 2),
        (11, 2),
        (4, 1)
    ]));
    assert!(of(&[(27, 16), (28, 16), (62, 16), (60, 1), (1, 8), (2, 8), (152, 8), (153, 8), (56, 6), (95, 4)]));
    assert!(!of(&[(8, 4), (27, 16), (1, 4)]), "both families");
    assert!(!of(&[(8, 4), (1, 4), (34, 4)]), "says how it is sampled");
    assert!(!of(&[(8, 4), (22, 4), (161, 4)]), "an end that follows from the duration");
    assert!(!of(&[(8, 4), (1, 4), (323, 8)]), "a moment that is start and end");
    assert!(!of(&[(8, 4), (1, 4), (313, 40)]), "the beginning of a packet");
    assert!(!of(&[(8, 4), (225, 4), (281, 16)]), "translations of both families");
}
