//! A condition on one column, made ready to run over a batch.

use std::collections::HashSet;

use super::{Bitmap, Comparison, TextMatch};
use crate::hosts::Hosts;
use crate::table::{Address, Column, ColumnType};

/// One column compared with constants.
#[derive(Debug, Clone)]
pub enum Test {
    Compare(Comparison, i64),
    In(Vec<u64>),
    Bits(u64),
    Cidr(Hosts),
    Text(TextTest),
    Present,
}

/// Texts to find; all matching is by bytes, on names in lower case.
#[derive(Debug, Clone)]
pub struct TextTest {
    how: TextMatch,
    whole: HashSet<Vec<u8>>,
    texts: Vec<Vec<u8>>,
}

impl TextTest {
    pub fn new(how: TextMatch, texts: &[String]) -> Self {
        let texts: Vec<Vec<u8>> = texts.iter().map(|text| text.clone().into_bytes()).collect();
        Self { how, whole: texts.iter().cloned().collect(), texts }
    }

    #[inline]
    pub fn matches(&self, text: &[u8]) -> bool {
        match self.how {
            TextMatch::Is => self.whole.contains(text),
            TextMatch::Starts => self.texts.iter().any(|start| text.starts_with(start)),
            TextMatch::Ends => self.texts.iter().any(|end| text.ends_with(end)),
            TextMatch::Domain => self.texts.iter().any(|domain| is_within(text, domain)),
        }
    }
}

/// Whether a name is a domain or lies below it.
fn is_within(name: &[u8], domain: &[u8]) -> bool {
    domain.is_empty() || name.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with(b"."))
}

impl Test {
    pub fn text(how: TextMatch, texts: &[String]) -> Self {
        Self::Text(TextTest::new(how, texts))
    }

    /// Whether the test can hold for values of this type at all.
    pub fn fits(&self, kind: ColumnType) -> bool {
        match (self, kind) {
            (Self::Cidr(_), kind) => kind == ColumnType::Address,
            (Self::Text(_), kind) => kind == ColumnType::Text,
            (Self::Present, _) => true,
            (_, kind) => !matches!(kind, ColumnType::Address | ColumnType::Text),
        }
    }

    /// Evaluates the test for every row of a column. A test that does not fit the column's type holds nowhere.
    pub fn evaluate(&self, column: Column<'_>, out: &mut Bitmap) {
        match (self, column) {
            (Self::Compare(comparison, value), column) => compare(*comparison, *value, column, out),
            (Self::In(values), column) => one_of(values, column, out),
            (Self::Bits(mask), column) => bits(*mask, column, out),
            (Self::Cidr(networks), Column::Address(addresses)) => {
                out.fill_from_refs(addresses, |a| networks.contains(a))
            }
            (Self::Text(test), Column::Text(text)) => {
                out.fill(text.spans.len(), false);
                for row in 0..text.spans.len() {
                    if text.get(row).is_some_and(|text| test.matches(text)) {
                        out.set(row);
                    }
                }
            }
            (Self::Present, Column::Text(text)) => out.fill_from(text.spans, |span| !span.is_none()),
            (Self::Present, Column::Address(addresses)) => {
                out.fill_from_refs(addresses, |address: &Address| *address != [0; 16]);
            }
            (Self::Present, column) => out.fill(column.len(), true),
            (_, column) => out.fill(column.len(), false),
        }
    }
}

impl Bitmap {
    fn fill_from_refs<T>(&mut self, values: &[T], predicate: impl Fn(&T) -> bool) {
        self.fill(values.len(), false);
        for (row, value) in values.iter().enumerate() {
            if predicate(value) {
                self.set(row);
            }
        }
    }
}

/// Runs a generic body with the column's values as a slice of numbers.
macro_rules! with_numbers {
    ($column:expr, $out:expr, |$values:ident, $type:ident| $body:expr) => {
        match $column {
            Column::U8($values) => {
                type $type = u8;
                $body
            }
            Column::U16($values) => {
                type $type = u16;
                $body
            }
            Column::U32($values) => {
                type $type = u32;
                $body
            }
            Column::U64($values) => {
                type $type = u64;
                $body
            }
            Column::I64($values) => {
                type $type = i64;
                $body
            }
            Column::F64($values) => {
                type $type = f64;
                $body
            }
            other => $out.fill(other.len(), false),
        }
    };
}

fn compare(comparison: Comparison, value: i64, column: Column<'_>, out: &mut Bitmap) {
    with_numbers!(column, out, |values, Number| {
        let wanted = value as Number;
        // A constant that the column's type can't hold: compare as the widest type instead.
        if wanted as i64 != value {
            #[allow(clippy::unnecessary_cast, reason = "one of the types is f64 already")]
            let wide = |number: Number| number as f64;
            return ordered(comparison, value as f64, values, wide, out);
        }
        match comparison {
            Comparison::Equal => out.fill_from(values, |number| number == wanted),
            Comparison::NotEqual => out.fill_from(values, |number| number != wanted),
            Comparison::Less => out.fill_from(values, |number| number < wanted),
            Comparison::LessOrEqual => out.fill_from(values, |number| number <= wanted),
            Comparison::Greater => out.fill_from(values, |number| number > wanted),
            Comparison::GreaterOrEqual => out.fill_from(values, |number| number >= wanted),
        }
    });
}

fn ordered<T: Copy>(comparison: Comparison, value: f64, values: &[T], wide: impl Fn(T) -> f64, out: &mut Bitmap) {
    out.fill_from(values, |number| match comparison {
        Comparison::Equal => wide(number) == value,
        Comparison::NotEqual => wide(number) != value,
        Comparison::Less => wide(number) < value,
        Comparison::LessOrEqual => wide(number) <= value,
        Comparison::Greater => wide(number) > value,
        Comparison::GreaterOrEqual => wide(number) >= value,
    });
}

fn one_of(wanted: &[u64], column: Column<'_>, out: &mut Bitmap) {
    let is_wanted = |number: u64| match wanted {
        [only] => number == *only,
        few if few.len() <= 8 => few.contains(&number),
        many => many.binary_search(&number).is_ok(),
    };
    match column {
        Column::U8(values) => out.fill_from(values, |number| is_wanted(number.into())),
        Column::U16(values) => out.fill_from(values, |number| is_wanted(number.into())),
        Column::U32(values) => out.fill_from(values, |number| is_wanted(number.into())),
        Column::U64(values) => out.fill_from(values, is_wanted),
        other => out.fill(other.len(), false),
    }
}

fn bits(mask: u64, column: Column<'_>, out: &mut Bitmap) {
    match column {
        Column::U8(values) => out.fill_from(values, |number| number & mask as u8 != 0),
        Column::U16(values) => out.fill_from(values, |number| number & mask as u16 != 0),
        Column::U32(values) => out.fill_from(values, |number| number & mask as u32 != 0),
        Column::U64(values) => out.fill_from(values, |number| number & mask != 0),
        other => out.fill(other.len(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Span, TextColumn};

    fn rows(test: &Test, column: Column<'_>) -> Vec<usize> {
        let (mut bitmap, mut rows) = (Bitmap::default(), Vec::new());
        test.evaluate(column, &mut bitmap);
        bitmap.for_each(|row| rows.push(row));
        rows
    }

    #[test]
    fn numbers_are_compared_even_with_constants_they_cannot_hold() {
        let values = [0_u8, 3, 200];
        let compare = |comparison, value| rows(&Test::Compare(comparison, value), Column::U8(&values));
        assert_eq!(compare(Comparison::Equal, 3), [1]);
        assert_eq!(compare(Comparison::GreaterOrEqual, 3), [1, 2]);
        assert_eq!(compare(Comparison::Equal, 256 + 3), [0_usize; 0]);
        assert_eq!(compare(Comparison::Less, 300), [0, 1, 2]);
        assert_eq!(compare(Comparison::Greater, -1), [0, 1, 2]);
        assert_eq!(rows(&Test::In(vec![0, 200]), Column::U8(&values)), [0, 2]);
        assert_eq!(rows(&Test::Bits(2), Column::U8(&values)), [1]);
    }

    #[test]
    fn a_domain_ends_at_a_dot_and_text_anywhere() {
        let bytes = b"example.com badexample.com www.example.com";
        let spans = [(0, 11), (12, 14), (27, 15)].map(|(start, length)| Span { start, length });
        let with_none = [spans[0], spans[1], spans[2], Span::NONE];
        let column = Column::Text(TextColumn { spans: &with_none, bytes });
        let test = |how| Test::Text(TextTest::new(how, &["example.com".to_owned()]));
        assert_eq!(rows(&test(TextMatch::Domain), column), [0, 2]);
        assert_eq!(rows(&test(TextMatch::Ends), column), [0, 1, 2]);
        assert_eq!(rows(&test(TextMatch::Is), column), [0]);
        assert_eq!(rows(&Test::Present, column), [0, 1, 2]);
    }

    #[test]
    fn a_test_that_does_not_fit_the_column_holds_nowhere() {
        assert_eq!(rows(&Test::Cidr(Hosts::default()), Column::U8(&[1, 2])), [0_usize; 0]);
        assert_eq!(rows(&Test::Compare(Comparison::Equal, 0), Column::Address(&[[0; 16]])), [0_usize; 0]);
    }
}
