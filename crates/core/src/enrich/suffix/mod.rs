//! The public suffix of a domain name: the part under which anybody may register names (`com`, `co.uk`, `github.io`),
//! by the Public Suffix List (<https://publicsuffix.org/list/>): as crate `psl` holds it, or as a file has it.

mod list;
mod punycode;

use psl::Psl;

pub use list::SuffixList;

/// The length of the public suffix of a name, without the dot before it: 5 for `www.example.co.uk`.
///
/// The name is in lower case, labels are joined by dots, without a dot at the end; a dot that is part of a label is
/// written `\.`. The longest rule of the list wins, with its wildcards (`*.ck`) and exceptions (`!www.ck`). Rules of both
/// sections count, ICANN and private, so that the customers of a hoster (`alice.github.io`) are told apart as the
/// customers of a registry are. A name may be a public suffix as a whole.
///
/// `None` for a name of one label, and for one that no rule fits: the list's default rule `*` is not applied, so that
/// what is not in the list is not said to be a suffix. Without a list, the one that is compiled in is asked.
pub fn public_suffix_bytes(name: &[u8], list: Option<&SuffixList>) -> Option<usize> {
    let (_, last_label) = split_at_last_dot(name)?;
    if last_label.is_empty() {
        return None;
    }
    list.map_or_else(|| compiled(name), |list| list.find(name))
}

fn compiled(name: &[u8]) -> Option<usize> {
    let mut rest = Some(name);
    let labels_from_last = std::iter::from_fn(|| match split_at_last_dot(rest?) {
        Some((before, label)) => {
            rest = Some(before);
            Some(label)
        }
        None => rest.take(),
    });
    let info = psl::List.find(labels_from_last);
    (info.typ.is_some() && info.len <= name.len()).then_some(info.len)
}

/// What stands before and after the last dot that separates labels.
fn split_at_last_dot(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut end = name.len();
    while let Some(dot) = name.get(..end)?.iter().rposition(|byte| *byte == b'.') {
        let before = name.get(..dot)?;
        let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 0 {
            return Some((before, name.get(dot + 1..)?));
        }
        end = dot;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn suffix(name: &str) -> Option<&str> {
        public_suffix_bytes(name.as_bytes(), None).map(|length| &name[name.len() - length..])
    }

    #[test]
    fn the_longest_rule_wins() {
        assert_eq!(suffix("www.example.com"), Some("com"));
        assert_eq!(suffix("www.example.co.uk"), Some("co.uk"));
        assert_eq!(suffix("example.uk"), Some("uk"));
        assert_eq!(suffix("4.3.2.1.in-addr.arpa"), Some("in-addr.arpa"));
    }

    #[test]
    fn a_suffix_is_made_of_whole_labels() {
        assert_eq!(suffix("examplecom.org"), Some("org"));
        assert_eq!(suffix("xco.uk"), Some("uk"));
    }

    #[test]
    fn a_name_may_be_a_suffix_itself() {
        assert_eq!(suffix("co.uk"), Some("co.uk"));
    }

    #[test]
    fn wildcards_take_one_more_label_and_exceptions_take_one_less() {
        assert_eq!(suffix("www.example.foo.ck"), Some("foo.ck"));
        assert_eq!(suffix("foo.ck"), Some("foo.ck"));
        assert_eq!(suffix("shop.www.ck"), Some("ck"));
        assert_eq!(suffix("www.ck"), Some("ck"));
    }

    #[test]
    fn private_rules_count() {
        assert_eq!(suffix("alice.github.io"), Some("github.io"));
    }

    #[test]
    fn internationalized_suffixes_are_known_in_their_ascii_form() {
        assert_eq!(suffix("example.xn--p1ai"), Some("xn--p1ai"));
        assert_eq!(suffix("www.xn--85x722f.com.cn"), Some("com.cn"));
    }

    #[test]
    fn what_the_list_does_not_know_has_no_suffix() {
        for name in ["server.corp.internal-zone", "printer.lan", "com", "localhost", "", "WWW.EXAMPLE.COM"] {
            assert_eq!(suffix(name), None, "{name}");
        }
    }

    #[test]
    fn names_that_are_no_names_have_none_or_end_in_a_real_one() {
        for name in [".", "..", "example.com.", "com.", "\\.", "a\\.com"] {
            assert_eq!(suffix(name), None, "{name}");
        }
        assert_eq!(suffix(".com"), Some("com"));
        assert_eq!(suffix("a..com"), Some("com"));
        assert_eq!(public_suffix_bytes(b"\xff\xfe.\x00.com", None), Some(3));
        assert_eq!(public_suffix_bytes(b"a.\xffcom", None), None);
    }

    #[test]
    fn a_dot_within_a_label_separates_nothing() {
        assert_eq!(suffix("www.example\\.co.uk"), Some("uk"));
        assert_eq!(suffix("www.example\\\\.co.uk"), Some("co.uk"));
        assert_eq!(suffix("x.a\\.b.ck"), Some("a\\.b.ck"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn any_bytes_have_a_suffix_that_starts_at_a_label_or_none(
            name in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                "([a-c.\\\\]|uk|co|ck|www|com|jp){0,12}(\\.(uk|ck|com|jp|kawasaki\\.jp))?".prop_map(String::into_bytes),
            ]
        ) {
            if let Some(length) = public_suffix_bytes(&name, None) {
                prop_assert!(0 < length && length <= name.len());
                let start = name.len() - length;
                prop_assert!(start == 0 || name[start - 1] == b'.');
            }
        }
    }
}
