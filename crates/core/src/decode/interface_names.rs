//! Names of the interfaces that frames come from, for the column `packet.interface`.

use std::collections::HashMap;

/// Names that are kept: a machine has seldom more interfaces.
const MOST_NAMES: usize = 1024;

/// Gives the name of an interface by its number.
pub type NameOf = fn(u32) -> Option<String>;

/// Names by number, each asked for once. An interface without one is called by its number.
#[derive(Debug, Default)]
pub(super) struct InterfaceNames {
    name_of: Option<NameOf>,
    known: HashMap<u32, Box<str>>,
}

impl InterfaceNames {
    pub fn new(name_of: Option<NameOf>) -> Self {
        Self { name_of, known: HashMap::new() }
    }

    pub fn of(&mut self, number: u32) -> &str {
        if self.known.len() >= MOST_NAMES && !self.known.contains_key(&number) {
            self.known.clear();
        }
        let name_of = self.name_of;
        self.known.entry(number).or_insert_with(|| {
            let name = name_of.and_then(|name_of| name_of(number));
            name.unwrap_or_else(|| number.to_string()).into_boxed_str()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_called_by_its_name_or_else_its_number() {
        let mut names = InterfaceNames::new(Some(|number| (number == 2).then(|| "eth0".to_owned())));
        assert_eq!((names.of(2).to_owned(), names.of(7)), ("eth0".to_owned(), "7"));
        assert_eq!(InterfaceNames::new(None).of(2), "2");
        (0..5_000).for_each(|number| assert!(!names.of(number).is_empty()));
        assert!(names.known.len() <= MOST_NAMES);
    }
}
