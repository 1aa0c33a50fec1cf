//! What servers say of themselves, of zones and of policies, as text: bounded, and valid whatever the bytes are.

use std::io::Write as _;

use super::{BAD_ZONE, LONG_TEXT, Policy, Tap};
use crate::decode::app::{Needs, dns};
use crate::decode::name;
use crate::malformed::Malformed;
use crate::table::Span;
use crate::texts::span_from;

/// Bytes of a text that are kept: as long as a name may be.
const MOST_TEXT_BYTES: usize = 255;

/// Numbered from 1, as `dnstap.proto` has them.
const ACTIONS: [&str; 6] = ["NXDOMAIN", "NODATA", "PASS", "DROP", "TRUNCATE", "LOCAL_DATA"];
const MATCHES: [&str; 5] = ["QNAME", "CLIENT_IP", "RESPONSE_IP", "NS_NAME", "NS_IP"];

/// Which texts anybody asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Texts {
    identity: bool,
    version: bool,
    zone: bool,
    policy: bool,
}

impl Texts {
    pub fn of(needs: &Needs) -> Self {
        let policy = ["", "_rule", "_action", "_match", "_value"];
        Self {
            identity: needs.has("dnstap.identity"),
            version: needs.has("dnstap.version"),
            zone: needs.has("dnstap.zone"),
            policy: policy.iter().any(|part| needs.has(&format!("dnstap.policy{part}"))),
        }
    }

    /// Writes the texts of a message that are asked for; with them what was wrong with one.
    #[inline]
    pub fn write(self, tap: &Tap<'_>, table: &mut dns::Messages) -> (dns::ToldTexts, Option<Malformed>) {
        let (mut told, mut fault) = (dns::ToldTexts::NONE, None);
        if self.identity {
            let before = table.dnstap_identity().last().copied();
            told.identity = write_again(&mut table.text, tap.identity, before, &mut fault);
        }
        if self.version {
            let before = table.dnstap_version().last().copied();
            told.version = write_again(&mut table.text, tap.version, before, &mut fault);
        }
        if let Some(zone) = tap.zone
            && self.zone
        {
            match name::read(zone, 0, &mut table.text) {
                Some((name, _)) => told.zone = name.whole,
                None => fault = fault.or(Some(BAD_ZONE)),
            }
        }
        if let Some(policy) = &tap.policy
            && self.policy
        {
            write_policy(policy, &mut table.text, &mut told, &mut fault);
        }
        (told, fault)
    }
}

#[inline(never)]
fn write_policy(policy: &Policy<'_>, text: &mut Vec<u8>, told: &mut dns::ToldTexts, fault: &mut Option<Malformed>) {
    told.policy = write(text, policy.kind, fault);
    told.policy_rule = write(text, policy.rule, fault);
    told.policy_action = write_word(text, policy.action, &ACTIONS);
    told.policy_match = write_word(text, policy.matched, &MATCHES);
    told.policy_value = write(text, policy.value, fault);
}

/// Writes a text that mostly is that of the row before, and then lies there already.
#[inline]
fn write_again(text: &mut Vec<u8>, bytes: Option<&[u8]>, before: Option<Span>, fault: &mut Option<Malformed>) -> Span {
    if let (Some(bytes), Some(span)) = (bytes, before.filter(|span| !span.is_none()))
        && text[span.start as usize..][..span.length as usize] == *bytes
    {
        return span;
    }
    write(text, bytes, fault)
}

/// Writes a text; what is no UTF-8 and what controls terminals stands there as `\DDD`, as in names.
fn write(text: &mut Vec<u8>, bytes: Option<&[u8]>, fault: &mut Option<Malformed>) -> Span {
    let Some(bytes) = bytes else { return Span::NONE };
    if bytes.len() > MOST_TEXT_BYTES {
        *fault = fault.or(Some(LONG_TEXT));
    }
    let start = text.len();
    for chunk in first(bytes).utf8_chunks() {
        for letter in chunk.valid().chars() {
            let mut encoded = [0; 4];
            let encoded = letter.encode_utf8(&mut encoded).as_bytes();
            if letter.is_control() { escape(text, encoded) } else { text.extend_from_slice(encoded) }
        }
        escape(text, chunk.invalid());
    }
    span_from(text, start)
}

/// As many bytes as are kept, and no letter in parts.
fn first(bytes: &[u8]) -> &[u8] {
    let Some((kept, _)) = bytes.split_at_checked(MOST_TEXT_BYTES) else { return bytes };
    match std::str::from_utf8(kept) {
        Err(fault) if fault.error_len().is_none() => &kept[..fault.valid_up_to()],
        _ => kept,
    }
}

fn escape(text: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(text, "\\{byte:03}");
    }
}

/// Writes the word for a number, counted from 1; the number itself where there is none.
fn write_word(text: &mut Vec<u8>, number: Option<u64>, words: &[&str]) -> Span {
    let Some(number) = number else { return Span::NONE };
    let start = text.len();
    let word = usize::try_from(number).ok().and_then(|number| words.get(number.checked_sub(1)?));
    let _ = match word {
        Some(word) => write!(text, "{word}"),
        None => write!(text, "{number}"),
    };
    span_from(text, start)
}
