//! Place and network of an address, from MaxMind DB files (<https://maxmind.github.io/MaxMind-DB/>).
//!
//! On the packet path a place is a small number: [`GeoTable::lookup`] gives the same number for the same text and
//! coordinates, in every worker of the process, and [`Places::get`] turns it into text when a view is written.
//!
//! | step of a lookup | answers | costs |
//! |---|---|---|
//! | cache of networks, per worker | addresses whose network was met lately | a hash and one cache line |
//! | walk of the database's tree | any address | one memory access per bit of the prefix |
//! | record table, per worker | records that were read lately | one cache line |
//! | decoding the record, interning its text | a record's first time | a microsecond, a lock |

mod database;
mod places;
mod records;
mod table;

pub use database::{GeoDatabase, GeoKind};
pub use places::{OTHER, Place, Places, UNKNOWN};
pub use table::GeoTable;

#[cfg(test)]
pub(crate) mod testing;
