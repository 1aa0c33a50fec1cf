//! Domain names on the wire (RFC 1035 section 4.1.4), written as lower-case text into a table's text bytes.
//!
//! Text is as in zone files: labels joined by dots, no final dot, and every byte of a label that is not printable
//! ASCII, or is a dot or a backslash, as `\DDD`. So a name is always valid ASCII, and its dots always part labels.

use crate::table::Span;

/// RFC 1035 section 2.3.4.
const MOST_NAME_BYTES: usize = 255;
const MOST_POINTERS: usize = 20;
const MESSAGE_HEADER_BYTES: usize = 12;
/// Names shorter than this are their own last two labels.
const SHORT_NAME: usize = 5;

/// A name and its tails as they lie in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    pub whole: Span,
    /// The last two labels with the dot before them; the whole name where it has no more labels.
    pub last_two: Span,
    /// The last three labels likewise; none where the name has only two.
    pub last_three: Span,
}

impl Parts {
    pub const NONE: Parts = Parts { whole: Span::NONE, last_two: Span::NONE, last_three: Span::NONE };
}

/// Reads a name at an offset of a message: its parts, written at the end of `text`, and the offset behind it.
#[inline(always)]
pub fn read(message: &[u8], at: usize, text: &mut Vec<u8>) -> Option<(Parts, usize)> {
    let start = text.len();
    let mut here = at;
    let mut dots = [0_usize; 3]; // the last three, newest first, as offsets from the start, plus one
    let mut label = *message.get(here)? as usize;
    if label == 0 {
        let whole = Span { start: start as u32, length: 0 };
        return Some((Parts { whole, last_two: whole, last_three: Span::NONE }, at + 1));
    }
    let mut labels = 0;
    loop {
        if label > 63 {
            return read_compressed(message, at, text);
        }
        labels += 1;
        here += label + 1;
        label = *message.get(here)? as usize;
        if label == 0 {
            break;
        }
        dots = [here - at, dots[0], dots[1]];
    }
    let wire = &message[at + 1..here];
    if wire.len() + 2 > MOST_NAME_BYTES {
        return None;
    }
    if append_lower(&message[at..here], text) != labels - 1 {
        text.truncate(start);
        return Some((write_escaped(message, at, text)?, here + 1));
    }
    Some((parts(start, wire.len(), dots), here + 1))
}

/// Bytes taken at once.
const LANES: usize = 16;
/// What [`append_lower`] gives where a byte must be escaped: more dots than a name can have.
const NEEDS_ESCAPES: usize = MOST_NAME_BYTES;

/// Appends the labels of a name, which `wire` holds from the first label's length on, in lower case with dots between
/// them; the number of dots then in the text.
#[inline(always)]
fn append_lower(wire: &[u8], text: &mut Vec<u8>) -> usize {
    let (start, length) = (text.len(), wire.len() - 1);
    text.reserve(MOST_NAME_BYTES + LANES);
    // SAFETY: `length` bytes and one more lane fit behind the text: a name has at most 255 bytes. They are initialised
    // here before anything reads them, and the length of the text grows only over bytes that were.
    unsafe {
        let name = text.as_mut_ptr().add(start);
        copy_short(wire.as_ptr().add(1), name, length);
        // The last lane is filled up with a letter that neither counts nor changes.
        name.add(length).cast::<[u8; LANES]>().write([b'a'; LANES]);
        let mut here = usize::from(wire[0]);
        while here < length {
            let next = here + 1 + usize::from(*name.add(here));
            *name.add(here) = b'.';
            here = next;
        }
        let dots = lower_lanes(name, length.div_ceil(LANES));
        text.set_len(start + length);
        dots
    }
}

/// Copies as many bytes, by moves that overlap instead of a call for the usual lengths of names.
///
/// # Safety
/// So many bytes from `from` on may be read, and from `to` on written, and they are not the same.
#[inline(always)]
unsafe fn copy_short(from: *const u8, to: *mut u8, length: usize) {
    // SAFETY: every move lies within the `length` bytes that the caller vouches for.
    unsafe {
        let copy = |at: usize, bytes: usize| std::ptr::copy_nonoverlapping(from.add(at), to.add(at), bytes);
        if length > 4 * LANES {
            copy(0, length);
        } else if length > 2 * LANES {
            copy(0, 2 * LANES);
            copy(length - 2 * LANES, 2 * LANES);
        } else if length >= LANES {
            copy(0, LANES);
            copy(length - LANES, LANES);
        } else if length >= 8 {
            copy(0, 8);
            copy(length - 8, 8);
        } else {
            copy(0, length);
        }
    }
}

/// Lower-cases some lanes of sixteen bytes; the number of dots in them, or [`NEEDS_ESCAPES`].
///
/// # Safety
/// `lanes` times sixteen bytes from `name` on are initialised and may be written.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn lower_lanes(name: *mut u8, lanes: usize) -> usize {
    use std::arch::x86_64::{
        __m128i, _mm_add_epi64, _mm_and_si128, _mm_cmpeq_epi8, _mm_cmpgt_epi8, _mm_cvtsi128_si64, _mm_loadu_si128,
        _mm_movemask_epi8, _mm_or_si128, _mm_sad_epu8, _mm_set1_epi8, _mm_setzero_si128, _mm_storeu_si128,
        _mm_sub_epi8, _mm_unpackhi_epi64,
    };
    // SAFETY: SSE2 is part of every x86-64 processor; the caller vouches for the bytes.
    unsafe {
        let all = |byte: u8| _mm_set1_epi8(byte as i8);
        let (mut dots, mut special) = (_mm_setzero_si128(), _mm_setzero_si128());
        for lane in 0..lanes {
            let place = name.add(lane * LANES).cast::<__m128i>();
            let bytes = _mm_loadu_si128(place);
            let upper = _mm_and_si128(_mm_cmpgt_epi8(bytes, all(b'A' - 1)), _mm_cmpgt_epi8(all(b'Z' + 1), bytes));
            _mm_storeu_si128(place, _mm_or_si128(bytes, _mm_and_si128(upper, all(0x20))));
            // Each lane takes one off where there is a dot: at most sixteen times, which a byte holds.
            dots = _mm_sub_epi8(dots, _mm_cmpeq_epi8(bytes, all(b'.')));
            // As signed numbers, bytes from 128 up are below zero and so below `!`, too.
            let unprintable = _mm_or_si128(_mm_cmpgt_epi8(all(b'!'), bytes), _mm_cmpeq_epi8(bytes, all(0x7f)));
            special = _mm_or_si128(special, _mm_or_si128(unprintable, _mm_cmpeq_epi8(bytes, all(b'\\'))));
        }
        if _mm_movemask_epi8(special) != 0 {
            return NEEDS_ESCAPES;
        }
        let halves = _mm_sad_epu8(dots, _mm_setzero_si128());
        _mm_cvtsi128_si64(_mm_add_epi64(halves, _mm_unpackhi_epi64(halves, halves))) as usize
    }
}

/// As above, byte by byte.
///
/// # Safety
/// `lanes` times sixteen bytes from `name` on are initialised and may be written.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn lower_lanes(name: *mut u8, lanes: usize) -> usize {
    // SAFETY: the caller vouches for the bytes.
    let name = unsafe { std::slice::from_raw_parts_mut(name, lanes * LANES) };
    let (mut dots, mut special) = (0, false);
    for byte in name {
        dots += usize::from(*byte == b'.');
        special |= *byte <= b' ' || *byte >= 0x7f || *byte == b'\\';
        *byte = byte.to_ascii_lowercase();
    }
    if special { NEEDS_ESCAPES } else { dots }
}

/// The slow way: labels with bytes that need escaping.
fn write_escaped(message: &[u8], at: usize, text: &mut Vec<u8>) -> Option<Parts> {
    let start = text.len();
    let mut dots = [0; 3];
    let mut here = at;
    while let Some(&length) = message.get(here).filter(|length| **length != 0) {
        if here != at {
            text.push(b'.');
            dots = [text.len() - start, dots[0], dots[1]];
        }
        for byte in message.get(here + 1..here + 1 + usize::from(length))? {
            push_escaped(*byte, text);
        }
        here += usize::from(length) + 1;
    }
    Some(parts(start, text.len() - start, dots))
}

fn push_escaped(byte: u8, text: &mut Vec<u8>) {
    if byte <= b' ' || byte >= 0x7f || byte == b'.' || byte == b'\\' {
        text.extend([b'\\', b'0' + byte / 100, b'0' + byte / 10 % 10, b'0' + byte % 10]);
    } else {
        text.push(byte.to_ascii_lowercase());
    }
}

/// A name with pointers: gathered without them first, then written like any other.
#[cold]
fn read_compressed(message: &[u8], at: usize, text: &mut Vec<u8>) -> Option<(Parts, usize)> {
    let mut wire = [0_u8; MOST_NAME_BYTES];
    let (mut used, mut here, mut end) = (0, at, None);
    for _ in 0..=MOST_POINTERS {
        loop {
            let length = usize::from(*message.get(here)?);
            if length > 63 {
                break;
            }
            let label = message.get(here..here + length + 1)?;
            wire.get_mut(used..used + label.len())?.copy_from_slice(label);
            used += label.len();
            here += label.len();
            if length == 0 {
                let whole = read(&wire[..used], 0, text)?.0;
                return Some((whole, end.unwrap_or(here)));
            }
        }
        let pointer = u16::from_be_bytes([*message.get(here)?, *message.get(here + 1)?]);
        let target = usize::from(pointer & 0x3fff);
        if pointer < 0xc000 || target < MESSAGE_HEADER_BYTES {
            return None;
        }
        end.get_or_insert(here + 2);
        here = target;
    }
    None
}

/// The offset behind a name, without reading it.
#[inline]
pub fn skip(message: &[u8], at: usize) -> Option<usize> {
    let mut here = at;
    loop {
        match *message.get(here)? {
            0 => return Some(here + 1),
            length @ 1..=63 => here += usize::from(length) + 1,
            0xc0.. => return Some(here + 2),
            _ => return None,
        }
    }
}

/// Cuts a name at its last dots, given as offsets of the byte after each dot from the name's start, newest first.
#[inline(always)]
fn parts(start: usize, length: usize, dots: [usize; 3]) -> Parts {
    let from = |dot: usize| Span { start: (start + dot - 1) as u32, length: (length + 1 - dot) as u32 };
    let whole = Span { start: start as u32, length: length as u32 };
    if length < SHORT_NAME {
        return Parts { whole, last_two: whole, last_three: Span::NONE };
    }
    match dots {
        [0, ..] => Parts { whole, last_two: whole, last_three: whole },
        [_, 0, _] => Parts { whole, last_two: whole, last_three: Span::NONE },
        [_, second, 0] => Parts { whole, last_two: from(second), last_three: whole },
        [_, second, third] => Parts { whole, last_two: from(second), last_three: from(third) },
    }
}

/// Cuts a name so that its last `suffix_bytes` (a public suffix, say) count as its last label. A name that is a suffix
/// itself stays whole.
pub fn cut(name: &[u8], start: u32, suffix_bytes: usize) -> Parts {
    if suffix_bytes >= name.len() && suffix_bytes > 0 {
        let whole = Span { start, length: name.len() as u32 };
        let last_three = if name.iter().filter(|byte| **byte == b'.').count() == 1 { Span::NONE } else { whole };
        return Parts { whole, last_two: whole, last_three };
    }
    let from_end = name.len() - suffix_bytes;
    let mut dots = [0; 3];
    let mut end = (from_end + 1).min(name.len());
    for dot in &mut dots {
        let Some(position) = name[..end].iter().rposition(|byte| *byte == b'.') else { break };
        if position == 0 {
            break;
        }
        *dot = position + 1;
        end = position;
    }
    parts(start as usize, name.len(), dots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(labels: &[&[u8]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for label in labels {
            bytes.push(label.len() as u8);
            bytes.extend(*label);
        }
        bytes.push(0);
        bytes
    }

    fn texts(text: &[u8], parts: Parts) -> [Option<String>; 3] {
        [parts.whole, parts.last_two, parts.last_three].map(|span| {
            (!span.is_none()).then(|| {
                let start = span.start as usize;
                String::from_utf8(text[start..start + span.length as usize].to_vec()).unwrap()
            })
        })
    }

    fn read_texts(labels: &[&[u8]]) -> [Option<String>; 3] {
        let mut text = b"before".to_vec();
        let bytes = wire(labels);
        let (parts, end) = read(&bytes, 0, &mut text).unwrap();
        assert_eq!(end, bytes.len());
        texts(&text, parts)
    }

    fn some(texts: [&str; 3]) -> [Option<String>; 3] {
        texts.map(|text| (text != "-").then(|| text.to_owned()))
    }

    #[test]
    fn names_are_cut_at_their_last_labels() {
        assert_eq!(
            read_texts(&[b"www", b"Foo", b"bar", b"COM"]),
            some(["www.foo.bar.com", ".bar.com", ".foo.bar.com"])
        );
        assert_eq!(read_texts(&[b"foo", b"bar", b"com"]), some(["foo.bar.com", ".bar.com", "foo.bar.com"]));
        assert_eq!(read_texts(&[b"bar", b"com"]), some(["bar.com", "bar.com", "-"]));
        assert_eq!(read_texts(&[b"localhost"]), some(["localhost", "localhost", "localhost"]));
        assert_eq!(read_texts(&[b"a", b"b"]), some(["a.b", "a.b", "-"]));
        assert_eq!(read_texts(&[]), some(["", "", "-"]));
    }

    #[test]
    fn bytes_that_are_no_plain_text_are_escaped_as_in_zone_files() {
        assert_eq!(
            read_texts(&[b"a.b", b"c\\d", b"\x00\xff", b"Com"]),
            some(["a\\046b.c\\092d.\\000\\255.com", ".\\000\\255.com", ".c\\092d.\\000\\255.com"])
        );
    }

    #[test]
    fn every_byte_of_a_label_is_lowered_or_escaped_wherever_it_stands() {
        for byte in 0..=255_u8 {
            for length in [1, 15, 16, 17, 40] {
                let mut label = vec![b'Q'; length];
                label[length - 1] = byte;
                let mut wanted = vec![b'q'; length - 1];
                push_escaped(byte, &mut wanted);
                let [whole, ..] = read_texts(&[&label]);
                assert_eq!(whole.unwrap().into_bytes(), wanted, "byte {byte} of {length}");
            }
        }
    }

    #[test]
    fn pointers_are_followed_backwards_and_forwards_but_not_forever() {
        let mut message = vec![0; 12];
        message.extend(wire(&[b"example", b"com"])); // at 12
        message.extend([3, b'w', b'w', b'w', 0xc0, 12]); // at 25
        message.extend([0xc0, 31]); // at 31, points at itself
        let mut text = Vec::new();
        let (parts, end) = read(&message, 25, &mut text).unwrap();
        assert_eq!(texts(&text, parts)[0].as_deref(), Some("www.example.com"));
        assert_eq!(end, 31);
        assert_eq!(read(&message, 31, &mut text), None);
        message[30] = 3;
        assert_eq!(read(&message, 25, &mut text), None, "a pointer into the header");
    }

    #[test]
    fn a_name_that_ends_nowhere_or_is_too_long_is_refused() {
        let mut text = Vec::new();
        assert_eq!(read(&[3, b'a'], 0, &mut text), None);
        let long = wire(&[&[b'a'; 63][..]; 4]);
        assert_eq!(read(&long, 0, &mut text), None);
        let longest = wire(&[&[b'a'; 63], &[b'a'; 63], &[b'a'; 63], &[b'a'; 61]]);
        assert_eq!(longest.len(), 255);
        assert!(read(&longest, 0, &mut text).is_some());
    }

    #[test]
    fn a_suffix_counts_as_one_label() {
        let cut_texts = |name: &str, suffix: usize| texts(name.as_bytes(), cut(name.as_bytes(), 0, suffix));
        assert_eq!(cut_texts("www.shop.co.uk", 5), some(["www.shop.co.uk", ".shop.co.uk", "www.shop.co.uk"]));
        assert_eq!(cut_texts("a.www.shop.co.uk", 0), some(["a.www.shop.co.uk", ".co.uk", ".shop.co.uk"]));
        assert_eq!(cut_texts("shop.co.uk", 5), some(["shop.co.uk", "shop.co.uk", "-"]));
        assert_eq!(cut_texts("s3.amazonaws.com", 16), some(["s3.amazonaws.com"; 3]), "a suffix itself");
        assert_eq!(cut_texts("co.uk", 5), some(["co.uk", "co.uk", "-"]));
        assert_eq!(cut_texts("x.s3.amazonaws.com", 16), some(["x.s3.amazonaws.com", "x.s3.amazonaws.com", "-"]));
    }

    #[test]
    fn cutting_text_agrees_with_cutting_labels() {
        for labels in [&[&b"www"[..], b"foo", b"bar", b"com"][..], &[b"foo", b"bar", b"com"], &[b"ab", b"com"]] {
            let mut text = Vec::new();
            let (parts, _) = read(&wire(labels), 0, &mut text).unwrap();
            assert_eq!(cut(&text, 0, 0), parts);
        }
    }
}
