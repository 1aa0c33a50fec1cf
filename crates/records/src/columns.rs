//! The columns of the record, in their order: `python/pktvisor/windows/record.py` says what each means.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, TimeUnit};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Text,
    Texts,
    /// Texts by name.
    Labels,
    /// Numbers by name.
    Counts,
    Number,
    Fraction,
    /// Nanoseconds since 1970.
    Time,
    Flag,
    Bytes,
}

macro_rules! columns {
    ($($column:ident: $name:literal, $form:ident $($optional:ident)?;)+) => {
        /// A column of the record.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Column { $($column),+ }

        impl Column {
            pub const ALL: &'static [Self] = &[$(Self::$column),+];

            /// Its name in Arrow.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$column => $name),+ }
            }

            pub const fn form(self) -> Form {
                match self { $(Self::$column => Form::$form),+ }
            }

            /// Whether rows may be without a value.
            pub const fn is_optional(self) -> bool {
                match self { $(Self::$column => columns!(@ $($optional)?)),+ }
            }
        }
    };
    (@ optional) => { true };
    (@) => { false };
}

columns! {
    RecordVersion: "record_version", Number;
    Agent: "agent", Text;
    Policy: "policy", Text;
    Tap: "tap", Text;
    Instance: "instance", Text;
    Schema: "schema", Text;
    HandlerVersion: "handler_version", Text;
    Path: "path", Text;
    Labels: "labels", Labels;
    Group: "group", Texts;
    Family: "family", Text;
    Help: "help", Text;
    Kind: "kind", Text;
    Shape: "shape", Text;
    Items: "items", Text;
    ItemLabel: "item_label", Text;
    Words: "words", Text;
    Meaning: "meaning", Text;
    Number: "number", Number;
    Start: "start", Time;
    End: "end", Time;
    LengthS: "length_s", Number;
    IsClosed: "is_closed", Flag;
    SamplePercent: "sample_percent", Number;
    Value: "value", Number optional;
    RelativeError: "relative_error", Fraction optional;
    Image: "image", Bytes;
    Seen: "seen", Number;
    Dropped: "dropped", Number;
    Ledger: "ledger", Counts;
}

impl Column {
    /// Its name where the unit of a time is no part of a type: `start_ns`.
    pub fn field_name(self) -> String {
        match self.form() {
            Form::Time => format!("{}_ns", self.name()),
            _ => self.name().to_string(),
        }
    }

    pub fn by_field_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|column| column.field_name() == name)
    }

    pub(crate) fn data_type(self) -> DataType {
        match self.form() {
            Form::Text => DataType::Utf8,
            Form::Texts => DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))),
            Form::Labels => map_to(DataType::Utf8),
            Form::Counts => map_to(DataType::UInt64),
            Form::Number => DataType::UInt64,
            Form::Fraction => DataType::Float64,
            Form::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            Form::Flag => DataType::Boolean,
            Form::Bytes => DataType::Binary,
        }
    }

    pub(crate) fn field(self) -> Field {
        Field::new(self.name(), self.data_type(), self.is_optional())
    }
}

/// Texts to values, as pyarrow names the parts of a map.
fn map_to(values: DataType) -> DataType {
    let entries = Fields::from(vec![Field::new("key", DataType::Utf8, false), Field::new("value", values, true)]);
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
}

/// Whether two types lay values out alike, whatever their parts are called and whether they may be null.
pub(crate) fn are_laid_out_alike(a: &DataType, b: &DataType) -> bool {
    match (a, b) {
        (DataType::List(a), DataType::List(b)) => are_laid_out_alike(a.data_type(), b.data_type()),
        (DataType::Map(a, _), DataType::Map(b, _)) => are_laid_out_alike(a.data_type(), b.data_type()),
        (DataType::Struct(a), DataType::Struct(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| are_laid_out_alike(a.data_type(), b.data_type()))
        }
        (DataType::Timestamp(a, Some(_)), DataType::Timestamp(b, Some(_))) => a == b,
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_at_their_number_and_are_found_by_name() {
        for (at, column) in Column::ALL.iter().enumerate() {
            assert_eq!(*column as usize, at);
            assert_eq!(Column::by_field_name(&column.field_name()), Some(*column));
        }
        assert_eq!((Column::Start.name(), Column::Start.field_name().as_str()), ("start", "start_ns"));
        assert_eq!(Column::by_field_name("start"), None);
    }

    #[test]
    fn parts_of_a_type_may_have_other_names_but_no_other_types() {
        let entries =
            |value| Fields::from(vec![Field::new("keys", DataType::Utf8, false), Field::new("values", value, false)]);
        let map = |value| DataType::Map(Arc::new(Field::new("pairs", DataType::Struct(entries(value)), false)), false);
        assert!(are_laid_out_alike(&map(DataType::UInt64), &Column::Ledger.data_type()));
        assert!(!are_laid_out_alike(&map(DataType::Int64), &Column::Ledger.data_type()));
        assert!(!are_laid_out_alike(&DataType::LargeUtf8, &DataType::Utf8));
    }
}
