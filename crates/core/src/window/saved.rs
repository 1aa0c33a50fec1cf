//! One window as bytes, so that it survives the process.
//!
//! | bytes | meaning |
//! |---|---|
//! | 4 | `PKVW` |
//! | 2 | version 2 |
//! | 8 | murmur3 of all that follows |
//! | 1 | 1 where the window was closed |
//! | 8, 8, 8 | number, start and end in nanoseconds since 1970; the newest row's time where it was open |
//! | | the state, see `plan::bytes` |
//!
//! Numbers are little-endian. Metrics stand there by what they are and what they count, so that a window fits every plan
//! that has some of them. Version 1 has a fingerprint of the plan (16 bytes) before the hash, and fits no other.
//!
//! Transactions under way, TCP streams and fragments are no part of a window and are not kept.

use std::sync::Arc;

use super::{FirstWindow, NANOSECONDS};
use crate::Error;
use crate::enrich::geo::Places;
use crate::metric::Items;
use crate::plan::{Plan, State};
use crate::sketch::murmur3::{DATASKETCHES_SEED, murmur3_128};
use crate::sketch::reader::Reader;

const SOMETHING_ELSE: &str = "the policy measured something else when it was saved";

const MAGIC: &[u8; 4] = b"PKVW";
const VERSION: u16 = 2;
const VERSION_OF_ONE_PLAN: u16 = 1;

/// Larger numbers would take some million years.
const GREATEST_NUMBER: u64 = 2 * GREATEST_RESTORED as u64;

/// Windows go on from no greater number than this, so that what follows can be restored, too.
pub(super) const GREATEST_RESTORED: usize = 1 << 40;

/// A window that was, or is to be, written down.
#[derive(Debug, Clone)]
pub struct SavedWindow {
    pub first: FirstWindow,
    /// End; the newest row's time where it was open.
    pub end_ns: i64,
    pub is_closed: bool,
    pub state: Arc<State>,
}

impl SavedWindow {
    /// The window as bytes. Equal windows give equal bytes.
    pub fn to_bytes(&self, plan: &Plan, places: &Places) -> Vec<u8> {
        let mut body = vec![u8::from(self.is_closed)];
        body.extend((self.first.number as u64).to_le_bytes());
        body.extend(self.first.start_ns.to_le_bytes());
        body.extend(self.end_ns.to_le_bytes());
        self.state.save(&mut body, plan, Items { places, seed: 0 });
        Self::sealed(&body)
    }

    /// Bytes behind the header that belongs to them.
    pub fn sealed(body: &[u8]) -> Vec<u8> {
        [MAGIC, &VERSION.to_le_bytes()[..], &checksum(body).to_le_bytes(), body].concat()
    }

    /// Bytes behind the header of version 1.
    pub fn sealed_for_one_plan(plan: &Plan, body: &[u8]) -> Vec<u8> {
        let (version, print) = (VERSION_OF_ONE_PLAN.to_le_bytes(), plan.fingerprint.to_le_bytes());
        [MAGIC, &version[..], &print, &checksum(body).to_le_bytes(), body].concat()
    }

    /// Reads what [`Self::to_bytes`] writes; `seed` keys the hash tables of this process. Takes memory in proportion to
    /// the bytes and the metrics of the plan, whatever the bytes say.
    ///
    /// # Errors
    /// When the bytes are damaged, of another version, or of a plan that measures nothing of the same.
    pub fn from_bytes(bytes: &[u8], plan: &Plan, places: &Places, seed: u64) -> Result<Self, Error> {
        let mut reader = Reader::new("window", bytes);
        if reader.bytes(MAGIC.len())? != MAGIC {
            return Err(reader.error("this is not a saved window"));
        }
        let version = u16::from(reader.u8()?) | u16::from(reader.u8()?) << 8;
        if ![VERSION, VERSION_OF_ONE_PLAN].contains(&version) {
            return Err(reader.error(format_args!("unknown version {version}")));
        }
        if version == VERSION_OF_ONE_PLAN && reader.u128()? != plan.fingerprint {
            return Err(reader.error(SOMETHING_ELSE));
        }
        if reader.u64()? != checksum(&bytes[bytes.len() - reader.remaining()..]) {
            return Err(reader.error("damaged: the checksum differs"));
        }
        Self::body(&mut reader, version, plan, Items { places, seed })
    }

    fn body(reader: &mut Reader, version: u16, plan: &Plan, items: Items<'_>) -> Result<Self, Error> {
        let is_closed = reader.u8()? != 0;
        let number = reader.u64()?;
        let (start_ns, end_ns) = (reader.i64()?, reader.i64()?);
        if number > GREATEST_NUMBER || start_ns > end_ns {
            return Err(reader.error(format_args!("window {number} from {start_ns} to {end_ns}")));
        }
        let start_second = start_ns.div_euclid(NANOSECONDS);
        let state = match version {
            VERSION_OF_ONE_PLAN => State::restore_v1(reader, plan, start_second, items)?,
            _ => match State::restore(reader, plan, start_second, items)? {
                (_, 0) if plan.measures() => return Err(reader.error(SOMETHING_ELSE)),
                (state, _) => state,
            },
        };
        match reader.remaining() {
            0 => {
                let first = FirstWindow { number: number as usize, start_ns };
                Ok(Self { first, end_ns, is_closed, state: Arc::new(state) })
            }
            more => Err(reader.error(format_args!("{more} bytes too many"))),
        }
    }
}

fn checksum(body: &[u8]) -> u64 {
    murmur3_128(body, DATASKETCHES_SEED).0
}
