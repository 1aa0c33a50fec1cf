//! A public suffix list that was read from a file, in the format of <https://publicsuffix.org/list/>.
//!
//! The rules are nodes of a tree, found by their text: `co.uk` stands below `uk`. A lookup asks for the last label, the
//! last two, and so on, and ends with the first that is no node: two or three questions for most names.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::path::Path;

use super::punycode::in_ascii;
use super::split_at_last_dot;
use crate::Error;
use crate::hash::SeededState;
use crate::read::opening::{self, Kinds};

/// The list of today has 320 kB, 10,000 rules, and rules of up to 5 labels.
const MOST_BYTES: u64 = 4 << 20;
const MOST_NODES: usize = 100_000;
const MOST_LABELS: usize = 16;
/// RFC 1035, section 2.3.4.
const MOST_LABEL_BYTES: usize = 63;
const MOST_NAME_BYTES: usize = 253;

/// Characters of a wrong rule that an error shows.
const MOST_SHOWN: usize = 60;

/// Rules that say which names are public suffixes.
pub struct SuffixList {
    nodes: HashMap<Box<[u8]>, Node, SeededState>,
}

/// What rules say of a name. One without any of it only has rules below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Node {
    /// `co.uk`
    is_rule: bool,
    /// `*.ck`, said of `ck`
    has_wildcard: bool,
    /// `!www.ck`
    is_exception: bool,
}

impl SuffixList {
    /// Reads a list.
    ///
    /// # Errors
    /// A file that can't be read or is too large, a line that is no rule, no rule at all.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let shown = path.display();
        let called = format!("the suffix list {shown}");
        let file = opening::open(path, Kinds::Files, &called)?;
        let mut text = Vec::new();
        let read = file.take(MOST_BYTES + 1).read_to_end(&mut text);
        read.map_err(|cause| Error::system(format_args!("read {called}"), &cause))?;
        if text.len() as u64 > MOST_BYTES {
            return Err(Error::format(format!("{shown} is larger than a suffix list may be: {} MB", MOST_BYTES >> 20)));
        }
        Self::parse(&text).map_err(|(line, why)| Error::format(format!("{shown}:{line}: {why}")))
    }

    /// Reads the text of a list; an error has the line's number and says what is wrong.
    fn parse(text: &[u8]) -> Result<Self, (usize, String)> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut list = Self { nodes: HashMap::with_hasher(SeededState(RandomState::new().hash_one("suffixes"))) };
        let mut last = 1;
        for (line, number) in text.split(|byte| *byte == b'\n').zip(1..) {
            last = number;
            let Some(rule) = rule_of(line) else { continue };
            let shown = || String::from_utf8_lossy(rule).chars().take(MOST_SHOWN).collect::<String>();
            let taken = std::str::from_utf8(rule).map_err(|_| "it is not UTF-8").and_then(|rule| list.take(rule));
            taken.map_err(|why| (number, format!("'{}' is no rule of a suffix list: {why}", shown())))?;
            if list.nodes.len() > MOST_NODES {
                return Err((number, format!("a suffix list may have at most {MOST_NODES} rules")));
            }
        }
        if list.nodes.is_empty() {
            return Err((last, "there is no rule; it must be a list such as public_suffix_list.dat".to_owned()));
        }
        Ok(list)
    }

    fn take(&mut self, rule: &str) -> Result<(), &'static str> {
        let (is_exception, rule) = rule.strip_prefix('!').map_or((false, rule), |rest| (true, rest));
        let (has_wildcard, rule) = match rule.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None if rule == "*" => return Err("a wildcard needs a name behind it, as *.ck"),
            None => (false, rule),
        };
        if is_exception && (has_wildcard || !rule.contains('.')) {
            return Err("an exception must be a name of two labels or more, as !www.ck");
        }
        let name = name_of(rule)?;
        let node = self.node(&name);
        node.is_rule |= !has_wildcard && !is_exception;
        node.has_wildcard |= has_wildcard;
        node.is_exception |= is_exception;
        for (dot, _) in name.match_indices('.') {
            self.node(&name[dot + 1..]);
        }
        Ok(())
    }

    fn node(&mut self, name: &str) -> &mut Node {
        self.nodes.entry(name.as_bytes().into()).or_default()
    }

    /// The length of the longest suffix of a name that a rule fits; see [`super::public_suffix_bytes`].
    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        let mut found = None;
        let (mut below, mut below_bytes) = (Node::default(), 0);
        let mut unread = Some(name);
        while let Some(labels) = unread {
            let before = split_at_last_dot(labels).map(|(before, _)| before);
            let start = before.map_or(0, |before| before.len() + 1);
            let node = self.nodes.get(&name[start..]).copied();
            if node.is_some_and(|node| node.is_exception) {
                return Some(below_bytes);
            }
            if below.has_wildcard || node.is_some_and(|node| node.is_rule) {
                found = Some(name.len() - start);
            }
            let Some(node) = node else { break };
            (below, below_bytes, unread) = (node, name.len() - start, before);
        }
        found
    }
}

/// The rule that a line has: all up to the first blank. None for an empty line and a comment.
fn rule_of(line: &[u8]) -> Option<&[u8]> {
    let word = line.trim_ascii_start().split(u8::is_ascii_whitespace).next()?;
    (!word.is_empty() && !word.starts_with(b"//")).then_some(word)
}

/// A rule's name as it stands in messages: in lower case, in ASCII.
fn name_of(rule: &str) -> Result<String, &'static str> {
    if rule.len() > 4 * MOST_NAME_BYTES {
        return Err("it is too long for a name");
    }
    let labels: Vec<String> = rule.split('.').map(label_of).collect::<Result<_, _>>()?;
    let name = labels.join(".");
    if labels.len() > MOST_LABELS {
        return Err("it has more than 16 labels");
    }
    if name.len() > MOST_NAME_BYTES { Err("it is too long for a name") } else { Ok(name) }
}

fn label_of(label: &str) -> Result<String, &'static str> {
    let fits = |letter: char| !letter.is_ascii() || letter.is_ascii_alphanumeric() || "-_".contains(letter);
    if label.is_empty() {
        return Err("a label is empty");
    }
    if label.contains('*') {
        return Err("a wildcard can only be the first label");
    }
    if !label.chars().all(fits) {
        return Err("a label may have letters, digits, - and _");
    }
    let label = in_ascii(&label.to_lowercase()).filter(|label| label.len() <= MOST_LABEL_BYTES);
    label.ok_or("a label has more than 63 bytes")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::public_suffix_bytes;
    use super::*;

    /// All that the compiled list says of these top-level domains.
    const RULES: &str = "// ===BEGIN ICANN DOMAINS===\r\n\r\n*.ck\r\n!www.ck\n\
        *.er   what stands behind a blank is no part of a rule\n  *.fk\n*.mm\n\
        xn--p1ai // in ASCII\n// ===BEGIN PRIVATE DOMAINS===\n";

    fn list(text: &str) -> SuffixList {
        SuffixList::parse(text.as_bytes()).expect("a list")
    }

    fn refused(text: &[u8]) -> (usize, String) {
        SuffixList::parse(text).err().expect("no list")
    }

    fn suffix<'a>(list: &SuffixList, name: &'a str) -> Option<&'a str> {
        public_suffix_bytes(name.as_bytes(), Some(list)).map(|length| &name[name.len() - length..])
    }

    #[test]
    fn the_longest_rule_wins_and_both_sections_count() {
        let list = list("com\nuk\nco.uk\n// ===BEGIN PRIVATE DOMAINS===\ngithub.io\n*.sch.uk\n!tate.sch.uk");
        for (name, wanted) in [
            ("www.example.com", Some("com")),
            ("www.example.co.uk", Some("co.uk")),
            ("co.uk", Some("co.uk")),
            ("xco.uk", Some("uk")),
            ("alice.github.io", Some("github.io")),
            ("example.io", None),
            ("a.b.sch.uk", Some("b.sch.uk")),
            ("sch.uk", Some("uk")),
            ("www.tate.sch.uk", Some("sch.uk")),
            ("example.test", None),
            ("com", None),
            ("www.example\\.co.uk", Some("uk")),
            (".com", Some("com")),
        ] {
            assert_eq!(suffix(&list, name), wanted, "{name}");
        }
    }

    #[test]
    fn rules_in_any_script_and_case_fit_names_as_messages_have_them() {
        let list = list("\u{feff}РФ\n公司.cn\nCO.Example\n");
        assert_eq!(suffix(&list, "example.xn--p1ai"), Some("xn--p1ai"));
        assert_eq!(suffix(&list, "a.b.xn--55qx5d.cn"), Some("xn--55qx5d.cn"));
        assert_eq!(suffix(&list, "a.b.co.example"), Some("co.example"));
    }

    #[test]
    fn what_is_no_rule_is_refused_with_its_line_and_what_is_wrong() {
        let long = format!("com\n{}", "a".repeat(64));
        let deep = format!("{}com", "a.".repeat(16));
        let longer = format!("{}.com", vec!["a".repeat(60); 5].join("."));
        for (text, line, why) in [
            ("com\n\n<!DOCTYPE html>", 3, "'<!DOCTYPE' is no rule of a suffix list: a label may have letters"),
            ("com\na..b", 2, "a label is empty"),
            ("com\nb.", 2, "a label is empty"),
            ("a.*.com", 1, "a wildcard can only be the first label"),
            ("*", 1, "a wildcard needs a name behind it"),
            ("!com", 1, "an exception must be a name of two labels"),
            ("!*.com", 1, "an exception must be a name of two labels"),
            (&long, 2, "a label has more than 63 bytes"),
            (&deep, 1, "it has more than 16 labels"),
            (&longer, 1, "it is too long for a name"),
            ("// nothing\n", 2, "there is no rule"),
            ("", 1, "there is no rule"),
        ] {
            let (at, told) = refused(text.as_bytes());
            assert!(at == line && told.contains(why), "{text:?}: {at}: {told}");
        }
        assert_eq!(refused(b"com\n\xff.com").0, 2);
    }

    #[test]
    fn more_rules_than_any_list_has_are_refused() {
        let text: String = (0..=MOST_NODES).map(|number| format!("n{number}\n")).collect();
        assert_eq!(
            refused(text.as_bytes()),
            (MOST_NODES + 1, "a suffix list may have at most 100000 rules".to_owned())
        );
    }

    #[test]
    fn a_file_is_refused_with_its_name() {
        let path = std::env::temp_dir().join(format!("pktvisor-suffixes-{}", std::process::id()));
        let told = |content: &[u8]| {
            std::fs::write(&path, content).expect("a writable temporary folder");
            SuffixList::open(&path).err().map(|error| error.message.replace(&path.display().to_string(), "FILE"))
        };
        let (good, wrong) = (told(b"com\n"), told(b"com\n.\n"));
        let large = told(&vec![b'\n'; MOST_BYTES as usize + 1]);
        std::fs::remove_file(&path).expect("our own file");
        assert_eq!(good, None);
        assert_eq!(wrong.as_deref(), Some("FILE:2: '.' is no rule of a suffix list: a label is empty"));
        assert_eq!(large.as_deref(), Some("FILE is larger than a suffix list may be: 4 MB"));
        let missing = SuffixList::open(&path).err().expect("no file");
        assert!(missing.message.starts_with("open the suffix list "), "{missing}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn it_says_what_the_compiled_list_says(name in "((www|a|b|c\\\\|)\\.){0,4}(ck|er|fk|mm|xn--p1ai|x|)") {
            let list = list(RULES);
            let compiled = public_suffix_bytes(name.as_bytes(), None);
            prop_assert_eq!(public_suffix_bytes(name.as_bytes(), Some(&list)), compiled, "{}", name);
        }

        #[test]
        fn any_file_is_read_or_refused_and_then_answers_something(
            text in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..200),
                "([!*.a-cé \\n/-]|\\*\\.|com\\n){0,60}".prop_map(String::into_bytes),
            ],
            name in "[a-c.\\\\]{0,12}(\\.com)?",
        ) {
            if let Some(length) = SuffixList::parse(&text).ok().and_then(|list| list.find(name.as_bytes())) {
                prop_assert!(0 < length && length <= name.len());
            }
        }
    }
}
