//! Kartverket's list of municipalities as they are now: the code, the name in all its languages, and the Norwegian
//! part, which no other register singles out.

use serde_json::Value;
use utbredt_model::{MunicipalityCode, Reason, ReasonCode, Rejection};

use crate::klass::Name;
use crate::reference::{self, Read};

/// A municipality of today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its code.
    pub code: MunicipalityCode,
    /// Its name in all its languages.
    pub name: Name,
    /// Its Norwegian name.
    pub norwegian: String,
}

/// Reads `[{"kommunenavn", "kommunenavnNorsk", "kommunenummer"}]`. The second entry with the same code is rejected.
#[must_use]
pub fn municipalities(bytes: &[u8]) -> Read<Place> {
    let mut read = Read::<Place>::default();
    let places = match serde_json::from_slice::<Vec<Value>>(bytes) {
        Ok(places) => places,
        Err(error) => {
            let reason = reference::syntax("not a whole list of municipalities", &error);
            read.rejections.push(Rejection::new(1, reason, ""));
            return read;
        }
    };
    if places.is_empty() {
        let text = "the list is empty, and a country without municipalities is none";
        read.rejections.push(Rejection::new(1, Reason::new(ReasonCode::Empty, text), ""));
    }
    let mut seen = std::collections::BTreeSet::new();
    // Row numbers are places in the list.
    for (row, place) in (1..).zip(&places) {
        let outcome = read_place(place).and_then(|place| {
            if seen.insert(place.code.clone()) {
                return Ok(place);
            }
            Err(Reason::new(ReasonCode::Duplicate, format!("code `{}` occurs twice", place.code)))
        });
        read.take(row, &place.to_string(), outcome);
    }
    read
}

fn read_place(place: &Value) -> Result<Place, Reason> {
    Ok(Place {
        code: MunicipalityCode::parse(text(place, "kommunenummer")?)?,
        name: Name::new(text(place, "kommunenavn")?),
        norwegian: text(place, "kommunenavnNorsk")?.to_owned(),
    })
}

fn text<'p>(place: &'p Value, key: &str) -> Result<&'p str, Reason> {
    let text = place.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    text.ok_or_else(|| Reason::new(ReasonCode::MissingField, format!("`{key}` is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::conformance;

    const SAMPLE: &[u8] = include_bytes!("../../../datasets/samples/kartverket-municipalities.json");

    #[test]
    fn it_keeps_its_promises() {
        conformance(municipalities, &[SAMPLE], false);
    }

    #[test]
    fn the_norwegian_part_is_read() {
        let read = municipalities(SAMPLE);
        let shown: Vec<_> = read.rows.iter().map(|p| (p.code.as_str(), p.norwegian.as_str())).collect();
        assert_eq!(shown, [("0301", "Oslo"), ("5636", "Nesseby"), ("5540", "Kåfjord")]);
        assert_eq!(read.rows[2].name.parts().collect::<Vec<_>>(), ["Gáivuotna", "Kåfjord", "Kaivuono"]);
        assert!(read.rows.iter().all(|p| p.name.parts().any(|part| part == p.norwegian)));
        assert!(read.rejections.is_empty());
    }

    #[test]
    fn what_is_no_municipality_is_refused() {
        let list = r#"[{"kommunenavn":"Oslo","kommunenavnNorsk":"Oslo","kommunenummer":"0301"},
            {"kommunenavn":"Oslo","kommunenavnNorsk":"Oslo","kommunenummer":"0301"},
            {"kommunenavn":"Oslo","kommunenavnNorsk":"Oslo","kommunenummer":"301"},
            {"kommunenavn":"Oslo","kommunenummer":"0301"}, 7]"#;
        let read = municipalities(list.as_bytes());
        assert_eq!(read.rows.len(), 1);
        let rows: Vec<_> = read.rejections.iter().map(|rejection| rejection.row).collect();
        assert_eq!(rows, [2, 3, 4, 5]);
        for (rejection, word) in
            read.rejections.iter().zip(["twice", "leading zero", "Norsk", "kommunenummer"])
        {
            assert!(rejection.reason.contains(word), "{}", rejection.reason);
        }
        assert_eq!(municipalities(b"[]").rejections.len(), 1);
    }
}
