//! Why bytes could not be read. Each reason is declared in the file of its layer or protocol, with `malformed!`; here
//! they are counted through.

use std::fmt;
use std::num::NonZero;

/// A reason as its file declares it.
#[derive(Debug, Clone, Copy)]
pub struct Reason {
    /// Layer and reason as they are printed: `"udp.bad_length"`.
    pub name: &'static str,
    pub meaning: &'static str,
}

/// Why some bytes could not be read. A packet is counted under the first reason met. Never 0, so that none at all takes no
/// room of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Malformed(NonZero<u8>);

/// Declares the reasons of a file: a constant for each, its name as it is printed, and what it means. Without any, a
/// protocol that takes all bytes declares that, too.
macro_rules! malformed {
    ($($constant:ident $name:literal, $meaning:literal;)*) => {
        /// The names of the reasons that are declared here.
        #[cfg(test)]
        #[allow(dead_code, reason = "only those of protocols are looked at")]
        pub(crate) const REASONS: &[&str] = &[$($name),*];
        $(
            #[doc = $meaning]
            pub const $constant: $crate::malformed::Malformed = $crate::malformed::Malformed::named($name);
        )*
    };
}
pub(crate) use malformed;

/// All declarations in one, as `build.rs` joins them: from the link layer up.
macro_rules! all {
    ($($constant:ident $name:literal, $meaning:literal;)*) => {
        const ALL: &[Reason] = &[$(Reason { name: $name, meaning: $meaning }),*];
    };
}
include!(concat!(env!("OUT_DIR"), "/reasons.rs"));

const COUNT: usize = ALL.len();
const _: () = assert!(COUNT < u8::MAX as usize, "the number of a reason has to be a wider one");

impl Malformed {
    /// Every reason, from the link layer up.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..COUNT).map(Self::numbered)
    }

    const fn numbered(number: usize) -> Self {
        match NonZero::new(number as u8 + 1) {
            Some(number) => Self(number),
            None => unreachable!(),
        }
    }

    /// Its place among all.
    const fn number(self) -> usize {
        self.0.get() as usize - 1
    }

    /// The reason of a name. It is looked for when the program is compiled: a name that there is not ends that.
    pub(crate) const fn named(name: &str) -> Self {
        let mut number = 0;
        while number < COUNT {
            if are_equal(ALL[number].name.as_bytes(), name.as_bytes()) {
                return Self::numbered(number);
            }
            number += 1;
        }
        panic!("no file that is listed in build.rs, or found by it, declares a reason of this name")
    }

    /// Layer and reason as they are printed: `"udp.bad_length"`.
    pub const fn name(self) -> &'static str {
        ALL[self.number()].name
    }

    /// When it is counted.
    pub const fn meaning(self) -> &'static str {
        ALL[self.number()].meaning
    }
}

impl fmt::Debug for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

const fn are_equal(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// A count for each reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts([u64; COUNT]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; COUNT])
    }
}

impl Counts {
    #[inline]
    pub fn of(&self, reason: Malformed) -> u64 {
        self.0[reason.number()]
    }

    #[inline]
    pub fn of_mut(&mut self, reason: Malformed) -> &mut u64 {
        &mut self.0[reason.number()]
    }

    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_reason_has_a_name_and_a_meaning_of_its_own() {
        let names: HashSet<_> = Malformed::all().map(Malformed::name).collect();
        let meanings: HashSet<_> = Malformed::all().map(Malformed::meaning).collect();
        assert_eq!((names.len(), meanings.len()), (COUNT, COUNT), "two reasons are called the same, or mean the same");
        for reason in Malformed::all() {
            assert_eq!(Malformed::named(reason.name()), reason);
            assert!(reason.name().contains('.') && !reason.meaning().ends_with('.'), "{reason:?}");
        }
    }
}
