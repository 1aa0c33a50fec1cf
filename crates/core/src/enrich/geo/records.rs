//! What the records of databases say of a place or a network, as their makers lay it out: in maps with codes and names
//! (MaxMind, DB-IP), or flat, in texts (IPinfo).

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::places::Coordinates;

/// The parts of a record that make a place's text; all may be missing.
#[derive(Deserialize, Default, PartialEq)]
#[serde(default)]
pub struct PlaceRecord<'a> {
    #[serde(borrow)]
    continent: Coded<'a>,
    #[serde(borrow)]
    country: Coded<'a>,
    #[serde(borrow)]
    subdivisions: Vec<Coded<'a>>,
    #[serde(borrow)]
    city: Coded<'a>,
    location: Location,
    #[serde(borrow)]
    continent_code: Loose<'a>,
    #[serde(borrow)]
    country_name: Loose<'a>,
    #[serde(borrow)]
    country_code: Loose<'a>,
    #[serde(borrow)]
    region: Loose<'a>,
    #[serde(borrow)]
    region_code: Loose<'a>,
    #[serde(borrow)]
    lat: Loose<'a>,
    #[serde(borrow)]
    lng: Loose<'a>,
    #[serde(borrow)]
    latitude: Loose<'a>,
    #[serde(borrow)]
    longitude: Loose<'a>,
}

/// Something with a code, names by language, or both; in flat records just a text.
#[derive(Default, PartialEq)]
struct Coded<'a> {
    code: Option<&'a str>,
    name: Option<&'a str>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Coded<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CodedVisitor;

        impl<'de> Visitor<'de> for CodedVisitor {
            type Value = Coded<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a map with a code and names")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Coded<'de>, E> {
                Ok(Coded { code: None, name: filled(text) })
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Coded<'de>, M::Error> {
                let CodeAndNames { code, iso_code, names } = <_>::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Coded { code: code.or(iso_code), name: names.en })
            }
        }

        deserializer.deserialize_any(CodedVisitor)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CodeAndNames<'a> {
    code: Option<&'a str>,
    iso_code: Option<&'a str>,
    #[serde(borrow)]
    names: Names<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Names<'a> {
    en: Option<&'a str>,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(default)]
struct Location {
    latitude: Option<Number>,
    longitude: Option<Number>,
}

impl PlaceRecord<'_> {
    /// `EU/Norway/18/Oslo`: continent code, country name (or its code), code of the first subdivision (or its name),
    /// city name. A missing part is left out together with the slash before it; so without a continent the text begins
    /// with one.
    pub fn text(&self) -> String {
        let continent = self.continent.code.or(self.continent_code.text()).or(self.continent.name);
        let country = self.country_name.text().or(self.country.name);
        let country = country.or(self.country.code).or(self.country_code.text());
        let subdivision = self.subdivisions.first().and_then(|first| first.code.or(first.name));
        let subdivision = subdivision.or(self.region_code.text()).or(self.region.text());
        let mut text = continent.unwrap_or_default().to_owned();
        for part in [country, subdivision, self.city.name].into_iter().flatten() {
            text.push('/');
            text.push_str(part);
        }
        text
    }

    pub fn coordinates(&self) -> Option<Coordinates> {
        let degrees = |of_map: Option<Number>, flat: Loose<'_>, short: Loose<'_>| {
            of_map.map(|Number(number)| number).or(flat.number()).or(short.number())
        };
        let latitude = degrees(self.location.latitude, self.latitude, self.lat)?;
        Coordinates::from_degrees(latitude, degrees(self.location.longitude, self.longitude, self.lng)?)
    }
}

/// The parts of a record that make a network's text.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct NetworkRecord<'a> {
    autonomous_system_number: Option<Number>,
    autonomous_system_organization: Option<&'a str>,
    #[serde(borrow)]
    asn: Loose<'a>,
    #[serde(borrow)]
    as_name: Loose<'a>,
    #[serde(borrow)]
    name: Loose<'a>,
}

impl NetworkRecord<'_> {
    /// The number of the autonomous system; flat records write it `AS64500`.
    pub fn number(&self) -> Option<u32> {
        if let Some(Number(number)) = self.autonomous_system_number {
            return Some(number as u32);
        }
        match self.asn.text() {
            Some(text) => text.trim_start_matches("AS").parse().ok(),
            None => self.asn.number().map(|number| number as u32),
        }
    }

    /// `64500/Example Telegraph`, the bare number where no organization is named, nothing without a number.
    pub fn text(&self) -> String {
        let Some(number) = self.number() else { return String::new() };
        let flat = self.as_name.text().or(self.name.text()).filter(|_| self.asn != Loose::default());
        match self.autonomous_system_organization.or(flat) {
            Some(organization) => format!("{number}/{organization}"),
            None => number.to_string(),
        }
    }
}

fn filled(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// A field of a flat record: a text or a number, and nothing where something else stands there.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Loose<'a> {
    #[default]
    Nothing,
    Text(&'a str),
    Number(f64),
}

impl<'a> Loose<'a> {
    fn text(self) -> Option<&'a str> {
        if let Self::Text(text) = self { filled(text) } else { None }
    }

    fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Text(text) => text.parse().ok(),
            Self::Nothing => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LooseVisitor;

        impl<'de> Visitor<'de> for LooseVisitor {
            type Value = Loose<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Loose<'de>, E> {
                Ok(Loose::Text(text))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Loose<'de>, E> {
                Ok(Loose::Number(number as f64))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Loose<'de>, E> {
                Ok(Loose::Number(number as f64))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Loose<'de>, E> {
                Ok(Loose::Number(number))
            }

            fn visit_u128<E: de::Error>(self, _: u128) -> Result<Loose<'de>, E> {
                Ok(Loose::Nothing)
            }

            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Loose<'de>, E> {
                Ok(Loose::Nothing)
            }

            fn visit_bytes<E: de::Error>(self, _: &[u8]) -> Result<Loose<'de>, E> {
                Ok(Loose::Nothing)
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Loose<'de>, M::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Loose::Nothing)
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Loose<'de>, S::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Loose::Nothing)
            }
        }

        deserializer.deserialize_any(LooseVisitor)
    }
}

/// A number of any of the format's types: writers of databases choose 16 or 32 bits, float or double. Doubles hold
/// every AS number, which have 32 bits (RFC 6793), exactly.
#[derive(Clone, Copy, PartialEq)]
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyNumber;

        impl Visitor<'_> for AnyNumber {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Number, E> {
                Ok(Number(number))
            }
        }

        deserializer.deserialize_any(AnyNumber)
    }
}
