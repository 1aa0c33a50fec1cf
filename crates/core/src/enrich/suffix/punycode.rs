//! A label in other letters than ASCII's, as it stands in DNS messages: `xn--` and its Punycode (RFC 3492).

const BASE: u32 = 36;
const LEAST_THRESHOLD: u32 = 1;
const MOST_THRESHOLD: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const FIRST_BIAS: u32 = 72;
const FIRST_CODE: u32 = 0x80;

/// The label in ASCII. It must be short, as labels are: `None` where a number gets too large.
pub(super) fn in_ascii(label: &str) -> Option<String> {
    if label.is_ascii() {
        return Some(label.to_owned());
    }
    let plain: String = label.chars().filter(char::is_ascii).collect();
    let separator = if plain.is_empty() { "" } else { "-" };
    Some(format!("xn--{plain}{separator}{}", digits(label, plain.len() as u32)?))
}

/// The digits that say which other letters there are, and where (section 6.3).
fn digits(label: &str, plain: u32) -> Option<String> {
    let (mut code, mut delta, mut bias, mut handled) = (FIRST_CODE, 0_u32, FIRST_BIAS, plain);
    let mut out = String::new();
    while let Some(next) = label.chars().map(u32::from).filter(|&one| one >= code).min() {
        delta = delta.checked_add((next - code).checked_mul(handled + 1)?)?;
        code = next;
        for one in label.chars().map(u32::from) {
            if one < code {
                delta = delta.checked_add(1)?;
            } else if one == code {
                push_number(delta, bias, &mut out);
                bias = adapted(delta, handled + 1, handled == plain);
                (delta, handled) = (0, handled + 1);
            }
        }
        (delta, code) = (delta.checked_add(1)?, code + 1);
    }
    Some(out)
}

/// Appends a number, its lowest digit first; each digit's base depends on its place.
fn push_number(number: u32, bias: u32, out: &mut String) {
    let mut rest = number;
    for place in (BASE..).step_by(BASE as usize) {
        let threshold = place.saturating_sub(bias).clamp(LEAST_THRESHOLD, MOST_THRESHOLD);
        if rest < threshold {
            break;
        }
        let base = BASE - threshold;
        out.push(digit(threshold + (rest - threshold) % base));
        rest = (rest - threshold) / base;
    }
    out.push(digit(rest));
}

fn digit(value: u32) -> char {
    char::from_digit((value + 10) % BASE, BASE).expect("less than the base")
}

/// The bias for the next number (section 6.1).
fn adapted(delta: u32, handled: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / DAMP } else { delta / 2 };
    delta += delta / handled;
    let mut bias = 0;
    while delta > (BASE - LEAST_THRESHOLD) * MOST_THRESHOLD / 2 {
        delta /= BASE - LEAST_THRESHOLD;
        bias += BASE;
    }
    bias + (BASE - LEAST_THRESHOLD + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_written_as_registries_write_them() {
        for (label, wanted) in [
            ("example", "example"),
            ("рф", "xn--p1ai"),
            ("公司", "xn--55qx5d"),
            ("bücher", "xn--bcher-kva"),
            ("中国", "xn--fiqs8s"),
            ("இலங்கை", "xn--xkc2al3hye2a"),
            ("香格里拉", "xn--5su34j936bgsg"),
            ("ålesund", "xn--lesund-hua"),
        ] {
            assert_eq!(in_ascii(label).as_deref(), Some(wanted), "{label}");
        }
    }
}
