//! The fields of one object of a JSON file, laid flat: `a.b` is the field `b` of the object `a`.

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::grid::MAX_COLUMNS;

/// What a list in a row begins with, which is no cell; what is in it follows, so that two lists differ.
pub(super) const LIST: &str = "[…]";

/// In place of an object where other rows have a cell.
pub(super) const OBJECT: &str = "{…}";

/// Fields of one row, the objects among them included.
pub(super) const MAX_FIELDS: usize = 2 * MAX_COLUMNS;

/// More of a list is not shown.
const MAX_SHOWN: usize = 200;

/// One field of a row, laid flat.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A number with a fraction, which is written with a point.
    Fraction,
    /// Anything else that is written without quotes.
    Bare,
    /// An object, which is no column: a cell is one only where other rows have something else under its name.
    Object,
}

impl Field {
    /// As a person would have typed it.
    pub(super) fn shown(&self, decimal: char) -> String {
        match self.kind {
            Kind::Fraction => self.text.replace('.', &decimal.to_string()),
            _ => self.text.clone(),
        }
    }

    pub(super) fn raw(&self) -> String {
        let value = match self.kind {
            Kind::Text => quoted(&self.text),
            _ if self.text.is_empty() => "null".to_owned(),
            _ => self.text.clone(),
        };
        format!("{}:{value}", quoted(&self.name))
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// One element of the array.
pub(super) struct Row;

impl<'de> DeserializeSeed<'de> for Row {
    type Value = Option<Vec<Field>>;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        let mut fields = Vec::new();
        let object = Flat { name: String::new(), fields: &mut fields }.deserialize(reader)?;
        Ok(object.then_some(fields))
    }
}

/// Lays a value flat under a name; returns whether it was an object.
pub(super) struct Flat<'f> {
    pub(super) name: String,
    pub(super) fields: &'f mut Vec<Field>,
}

impl Flat<'_> {
    fn put(self, text: impl Into<String>, kind: Kind) -> bool {
        // One more than may be, so that the row is seen to have too many.
        if self.fields.len() <= MAX_FIELDS {
            self.fields.push(Field { name: self.name, text: text.into(), kind });
        }
        false
    }
}

impl<'de> DeserializeSeed<'de> for Flat<'_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Flat<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(self.put("", Kind::Bare))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        Ok(self.put(value.to_string(), Kind::Bare))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<bool, E> {
        Ok(self.put(value.to_string(), Kind::Bare))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<bool, E> {
        Ok(self.put(value.to_string(), Kind::Bare))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<bool, E> {
        Ok(self.put(value.to_string(), Kind::Fraction))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        Ok(self.put(text, Kind::Text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<bool, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = array.next_element::<serde_json::Value>()? {
            items.push(item);
        }
        let list = serde_json::Value::from(items).to_string();
        let mut shown: String = list.chars().take(MAX_SHOWN).collect();
        // A list may be as long as the file: what is not shown of it tells rows apart by its hash.
        if shown.len() < list.len() {
            let mut hasher = DefaultHasher::new();
            list.hash(&mut hasher);
            shown += &format!("… {:x}", hasher.finish());
        }
        Ok(self.put(format!("{LIST}{shown}"), Kind::Bare))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        // Beside it, what is in it is laid flat.
        if !self.name.is_empty() {
            let name = self.name.clone();
            Flat { name, fields: &mut *self.fields }.put(OBJECT, Kind::Object);
        }
        while let Some(field) = map.next_key::<String>()? {
            let name = if self.name.is_empty() { field } else { format!("{}.{field}", self.name) };
            map.next_value_seed(Flat { name, fields: &mut *self.fields })?;
        }
        Ok(true)
    }
}
