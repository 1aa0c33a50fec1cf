//! On which interface packets were seen.

use super::app::Needs;
use super::{Batch, DecodeConfig, Decoder};
use crate::frame::Frame;
use crate::table::{Column, INTERFACE_COLUMN, Table as _};

fn frame(interface: u32) -> Frame<'static> {
    Frame { time_ns: 1, link_type: 101, interface, wire_bytes: 4, data: &[0x45, 0, 0, 4] }
}

/// The names in the batch, row by row.
fn names(batch: &Batch) -> Vec<Option<&[u8]>> {
    let definitions = batch.packets.definitions();
    let at = definitions.iter().position(|column| column.name == INTERFACE_COLUMN).unwrap();
    let Column::Text(texts) = batch.packets.column(at) else { panic!("it is text") };
    (0..batch.packets.len()).map(|row| texts.get(row)).collect()
}

#[test]
fn each_row_names_its_interface_in_every_batch_and_neighbours_share_the_text() {
    let interface_names = Some((|number| (number < 9).then(|| format!("eth{number}"))) as super::NameOf);
    let mut decoder = Decoder::new(DecodeConfig { needs: Needs::all(), interface_names, ..DecodeConfig::default() });
    let mut batch = Batch::default();
    for _ in 0..2 {
        [0, 0, 1, 1, 1, 12].into_iter().for_each(|interface| decoder.decode(&frame(interface), &mut batch));
        let expected: [&[u8]; 6] = [b"eth0", b"eth0", b"eth1", b"eth1", b"eth1", b"12"];
        assert_eq!(names(&batch), expected.map(Some));
        assert_eq!(batch.packets.text, b"eth0eth112");
        batch.clear();
    }
}

#[test]
fn nobody_pays_for_names_that_nobody_needs() {
    let (mut decoder, mut batch) = (Decoder::new(DecodeConfig::default()), Batch::default());
    decoder.decode(&frame(3), &mut batch);
    assert_eq!((names(&batch), batch.packets.text.len()), (vec![None], 0));
    let mut needs = Needs::default();
    needs.add(INTERFACE_COLUMN);
    decoder.set_needs(&needs);
    decoder.decode(&frame(3), &mut batch);
    assert_eq!(names(&batch), [None, Some(&b"3"[..])]);
}
