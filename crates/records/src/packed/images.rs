//! Images: what can be said shorter is, and comes back byte for byte; all others stay as they are.

use pktvisor_core::Error;
use pktvisor_core::sketch::reader::{write_block, write_varint};

use super::allowance::Allowance;
use super::lists::{self, List};
use super::sections::{Sections, Split};

/// As it is.
const PLAIN: u8 = 0;
/// The value of the record, as eight bytes.
const VALUE: u8 = 1;
/// As it is, among its like.
const REGISTERS: u8 = 2;
/// From here on lists, by what their items are.
const LIST: u8 = 3;

/// Shorter ones are lists of coupons, which are like nothing else.
const LEAST_REGISTER_BYTES: usize = 1024;

pub fn write(image: &[u8], kind: &str, value: Option<u64>, sections: &mut Sections) {
    if value.is_some_and(|value| value.to_le_bytes() == image) {
        sections.images.push(VALUE);
    } else if kind == "cardinality" && image.len() >= LEAST_REGISTER_BYTES {
        sections.images.push(REGISTERS);
        write_varint(&mut sections.images, image.len() as u64);
        sections.registers.push(image.to_vec());
    } else if let Some(list) = List::of_image(image) {
        sections.images.push(LIST + list.items as u8);
        list.write(sections);
    } else {
        sections.images.push(PLAIN);
        write_block(&mut sections.images, image);
    }
}

/// The image of a record of this value.
pub fn read(value: Option<u64>, split: &mut Split<'_>, allowance: &mut Allowance) -> Result<Vec<u8>, Error> {
    let image = match split.images.u8()? {
        PLAIN => split.images.block()?.to_vec(),
        VALUE => value.ok_or_else(|| split.images.error("a value that is missing"))?.to_le_bytes().to_vec(),
        REGISTERS => {
            let bytes = split.images.varint()? as usize;
            split.registers.bytes(bytes)?.to_vec()
        }
        form => {
            let items = lists::Items::ALL.get(usize::from(form - LIST));
            let items = items.ok_or_else(|| split.images.error(format_args!("an image of form {form}")))?;
            return lists::read_image(*items, split, allowance);
        }
    };
    allowance.take(1, image.len())?;
    Ok(image)
}
