//! The texts of places and networks, each under a small number.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The number of an address that the database does not know, or whose record can't be read: text `Unknown`.
pub const UNKNOWN: u32 = 0;

/// The number of every place that came when the table was full.
pub const OTHER: u32 = 1;

const UNKNOWN_TEXT: &str = "Unknown";
const OTHER_TEXT: &str = "(other places)";

/// How many places one table holds at most; city databases name some hundred thousand.
const MAX_PLACES: usize = 1 << 20;

/// A place (`EU/Norway/18/Oslo`) with its coordinates, or a network (`64500/Example Telegraph`), as views show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub text: Arc<str>,
    /// Degrees north with six decimals (`-33.859900`); present exactly when `longitude` is.
    pub latitude: Option<String>,
    /// Degrees east with six decimals.
    pub longitude: Option<String>,
}

/// Latitude and longitude in millionths of a degree: what six decimals can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Coordinates {
    latitude: i32,
    longitude: i32,
}

impl Coordinates {
    /// `None` for what is no place on Earth.
    pub(super) fn from_degrees(latitude: f64, longitude: f64) -> Option<Self> {
        let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        let millionths = |degrees: f64| (degrees * 1e6).round() as i32;
        on_earth.then(|| Self { latitude: millionths(latitude), longitude: millionths(longitude) })
    }
}

fn degrees_text(millionths: i32) -> String {
    let sign = if millionths < 0 { "-" } else { "" };
    let size = millionths.unsigned_abs();
    format!("{sign}{}.{:06}", size / 1_000_000, size % 1_000_000)
}

type Content = (Arc<str>, Option<Coordinates>);

#[derive(Default)]
struct Interned {
    contents: Vec<Content>,
    indexes: HashMap<Content, u32>,
}

/// All places that one database's lookups met, numbered in the order they came. Shared by the workers of a process;
/// it only grows, so a number stays good for as long as the table lives.
pub struct Places {
    interned: RwLock<Interned>,
    capacity: usize,
    refused: AtomicU64,
}

impl Default for Places {
    fn default() -> Self {
        Self::with_capacity(MAX_PLACES)
    }
}

impl Places {
    /// A table that holds [`UNKNOWN`] and [`OTHER`] and takes no more than `capacity` places altogether.
    fn with_capacity(capacity: usize) -> Self {
        let places = Self { interned: RwLock::default(), capacity: capacity.max(2), refused: AtomicU64::new(0) };
        assert_eq!(places.intern(UNKNOWN_TEXT, None), UNKNOWN);
        assert_eq!(places.intern(OTHER_TEXT, None), OTHER);
        places
    }

    /// The place of a number that a lookup gave. A number that none gave reads as `Unknown`.
    pub fn get(&self, index: u32) -> Place {
        let interned = self.interned.read().unwrap_or_else(PoisonError::into_inner);
        let content = interned.contents.get(index as usize).or_else(|| interned.contents.first());
        let (text, coordinates) = content.cloned().unwrap_or_else(|| (UNKNOWN_TEXT.into(), None));
        Place {
            text,
            latitude: coordinates.map(|at| degrees_text(at.latitude)),
            longitude: coordinates.map(|at| degrees_text(at.longitude)),
        }
    }

    /// Text and coordinates (millionths of a degree, latitude first) of a number that a lookup gave: what a place is
    /// known by in every process.
    pub fn known_by(&self, index: u32) -> (Arc<str>, Option<(i32, i32)>) {
        let interned = self.interned.read().unwrap_or_else(PoisonError::into_inner);
        let (text, at) = interned.contents.get(index as usize).unwrap_or(&interned.contents[UNKNOWN as usize]).clone();
        (text, at.map(|at| (at.latitude, at.longitude)))
    }

    /// The number of a place by what [`Self::known_by`] gave, be it in another process.
    pub fn number(&self, text: &str, millionths: Option<(i32, i32)>) -> u32 {
        self.intern(text, millionths.map(|(latitude, longitude)| Coordinates { latitude, longitude }))
    }

    /// How often a place got the number [`OTHER`] because the table was full.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The number of a place, a new one where it was not met before.
    pub(super) fn intern(&self, text: &str, coordinates: Option<Coordinates>) -> u32 {
        let content = (Arc::from(text), coordinates);
        let known = |interned: &Interned| interned.indexes.get(&content).copied();
        if let Some(index) = known(&self.interned.read().unwrap_or_else(PoisonError::into_inner)) {
            return index;
        }
        let mut interned = self.interned.write().unwrap_or_else(PoisonError::into_inner);
        // Another worker may have added it between the two locks.
        if let Some(index) = known(&interned) {
            return index;
        }
        if interned.contents.len() >= self.capacity {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return OTHER;
        }
        let index = interned.contents.len() as u32;
        interned.contents.push(content.clone());
        interned.indexes.insert(content, index);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: f64, longitude: f64) -> Option<Coordinates> {
        Some(Coordinates::from_degrees(latitude, longitude).expect("a place on Earth"))
    }

    #[test]
    fn the_same_text_at_other_coordinates_is_another_place() {
        let places = Places::default();
        let here = places.intern("EU/Norway", at(60.0, 10.0));
        assert_eq!(places.intern("EU/Norway", at(60.0, 10.0)), here);
        assert_ne!(places.intern("EU/Norway", at(60.0, 10.000001)), here);
        assert_ne!(places.intern("EU/Norway", None), here);
        assert_ne!(places.intern("EU/Sweden", at(60.0, 10.0)), here);
    }

    #[test]
    fn coordinates_show_six_decimals() {
        let places = Places::default();
        let text = |latitude, longitude| {
            let place = places.get(places.intern("x", at(latitude, longitude)));
            (place.latitude.expect("a latitude"), place.longitude.expect("a longitude"))
        };
        assert_eq!(text(60.0, -0.5), ("60.000000".into(), "-0.500000".into()));
        assert_eq!(text(-89.999999, 180.0), ("-89.999999".into(), "180.000000".into()));
        assert_eq!(text(0.000_000_4, -0.000_000_4), ("0.000000".into(), "0.000000".into()));
    }

    #[test]
    fn what_is_no_place_on_earth_has_no_coordinates() {
        for (latitude, longitude) in [(f64::NAN, 0.0), (0.0, f64::INFINITY), (90.1, 0.0), (0.0, -180.1)] {
            assert_eq!(Coordinates::from_degrees(latitude, longitude), None);
        }
    }

    #[test]
    fn unknown_and_other_have_their_numbers_from_the_start() {
        let places = Places::default();
        assert_eq!(&*places.get(UNKNOWN).text, "Unknown");
        assert_eq!(&*places.get(OTHER).text, "(other places)");
        assert_eq!(places.intern("Unknown", None), UNKNOWN);
        assert_eq!(places.get(77), places.get(UNKNOWN));
    }

    #[test]
    fn a_place_is_known_by_its_text_and_coordinates_in_another_table() {
        let (here, there) = (Places::default(), Places::default());
        there.intern("AF", None);
        for number in [here.intern("EU/Norway", at(60.0, -10.5)), here.intern("EU/Norway", None), UNKNOWN, OTHER] {
            let (text, coordinates) = here.known_by(number);
            assert_eq!(there.get(there.number(&text, coordinates)), here.get(number));
        }
    }

    #[test]
    fn a_full_table_calls_new_places_other_and_counts_them() {
        let places = Places::with_capacity(3);
        let last = places.intern("EU", None);
        assert_eq!(last, 2);
        assert_eq!(places.intern("AF", None), OTHER);
        assert_eq!(places.intern("OC", None), OTHER);
        assert_eq!(places.intern("EU", None), last);
        assert_eq!(places.refused(), 2);
    }

    #[test]
    fn workers_that_race_agree_on_the_numbers() {
        let places = Places::default();
        let number_all = || (0..200).map(|n| places.intern(&format!("{n}"), None)).collect::<Vec<_>>();
        let numbers = std::thread::scope(|scope| {
            let workers = [scope.spawn(number_all), scope.spawn(number_all)];
            workers.map(|worker| worker.join().expect("a worker that ends"))
        });
        assert_eq!(numbers[0], numbers[1]);
        assert_eq!(numbers[0].iter().collect::<std::collections::HashSet<_>>().len(), 200);
    }
}
