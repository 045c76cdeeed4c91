//! A statistics office that answers the table of persons by age, from the numbers of all ages shipped with the program.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use super::target;
use crate::fetch::tests::server::{Act, Seen};

/// How it misbehaves.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Mood {
    /// Not at all.
    #[default]
    Well,
    /// Lists the places of a cube in another order.
    Reordered,
    /// Answers the first question of a year again and again.
    Repeating(Option<Vec<u8>>),
    /// Has one person more in the whole country.
    OneMore,
    /// Has nobody where this code is.
    Nobody(&'static str),
    /// Counts one person more there.
    Other(&'static str),
    /// Has no number there.
    Hidden(&'static str),
    /// Counts in thousands.
    Thousands,
    /// Is moving.
    Page,
    /// Was published anew at each answer.
    Anew(u32),
    /// Has another variable.
    Variable,
    /// Has no such year.
    Without(&'static str),
}

/// The office.
#[derive(Clone)]
pub(crate) struct Office {
    pub(crate) years: Vec<i32>,
    /// Persons of all ages by code and year.
    persons: Arc<BTreeMap<(String, i32), i64>>,
    pub(crate) mood: Arc<Mutex<Mood>>,
}

/// How the persons of a place lie in ages: everybody not said otherwise is 30.
pub(crate) fn of_age(all: i64, age: usize) -> i64 {
    match age {
        5 => all / 10,
        10 => all / 5,
        70 => all / 4,
        85 => all / 20,
        30 => all - all / 10 - all / 5 - all / 4 - all / 20,
        _ => 0,
    }
}

impl Office {
    /// With the numbers shipped for all ages; those of 2026 stand for later years.
    pub(crate) fn new(years: std::ops::RangeInclusive<i32>) -> Self {
        let files = crate::tests::files();
        let (_, bytes) = files.iter().find(|(path, _)| path == "reference/population.csv").unwrap();
        let mut persons = BTreeMap::new();
        for line in std::str::from_utf8(bytes).unwrap().lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            if (fields[3], fields[4]) == ("0", "") {
                let year: i32 = fields[2][..4].parse().unwrap();
                persons.insert((fields[0].to_owned(), year), fields[5].parse().unwrap());
            }
        }
        Self { years: years.collect(), persons: Arc::new(persons), mood: Arc::default() }
    }

    /// The same for the places whose codes begin so.
    pub(crate) fn only(self, beginning: &str) -> Self {
        let ours = self.persons.iter().filter(|((code, _), _)| code.starts_with(beginning));
        let persons = ours.map(|(place, persons)| (place.clone(), *persons)).collect();
        Self { persons: Arc::new(persons), ..self }
    }

    pub(crate) fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Persons of all ages where and when.
    pub(crate) fn count(&self, code: &str, year: i32) -> i64 {
        let code = code.trim_start_matches("K-").to_owned();
        self.persons.get(&(code, year.min(2026))).copied().unwrap_or(0)
    }

    pub(crate) fn answer(&self, seen: &Seen) -> Act {
        let (path, query) = target(seen);
        match path.as_str() {
            "/v2/tables/07459/metadata" => Act::ok(self.metadata()),
            "/v2/tables/07459/data" => self.data(&query),
            _ => Act::status(404, &[]),
        }
    }

    fn metadata(&self) -> String {
        let mut regions: Vec<String> = self.persons.keys().map(|(code, _)| code.clone()).collect();
        regions.dedup();
        regions.insert(0, "0".to_owned());
        let mut dimensions = vec![
            ("Region", regions),
            ("Kjonn", vec!["2".to_owned(), "1".to_owned()]),
            ("Alder", ages()),
            ("ContentsCode", vec!["Personer1".to_owned()]),
        ];
        if *self.mood.lock().unwrap() == Mood::Variable {
            dimensions.push(("Landbakgrunn", vec!["000".to_owned()]));
        }
        dimensions.push(("Tid", self.years.iter().map(ToString::to_string).collect()));
        cube(&dimensions, false, None, 0).to_string()
    }

    fn data(&self, query: &str) -> Act {
        let values = |name: &str| -> Vec<String> {
            let key = format!("valueCodes%5B{name}%5D=");
            let found = query.split('&').find_map(|pair| pair.strip_prefix(&key));
            found.into_iter().flat_map(|v| v.split(',')).map(|v| v.replace("%2B", "+")).collect()
        };
        let mut mood = self.mood.lock().unwrap();
        if *mood == Mood::Page {
            return Act::ok("<html>We are moving</html>");
        }
        let year: i32 = values("Tid")[0].parse().unwrap();
        if *mood == Mood::Without(if year == 2024 { "2024" } else { "" }) {
            return Act::status(404, &[]);
        }
        if let Mood::Repeating(Some(first)) = &*mood {
            return Act::ok(first.clone());
        }
        let dimensions = ["Region", "Kjonn", "Alder", "ContentsCode", "Tid"].map(|name| (name, values(name)));
        let mut cells = Vec::new();
        for region in &dimensions[0].1 {
            for sex in &dimensions[1].1 {
                for age in &dimensions[2].1 {
                    cells.push(self.cell(&mood, (region, sex, age), year));
                }
            }
        }
        assert!(cells.len() <= 800_000, "{} cells are requested", cells.len());
        let day = if let Mood::Anew(days) = &mut *mood {
            *days += 1;
            *days
        } else {
            0
        };
        let reversed = *mood == Mood::Reordered;
        if reversed {
            // The places stand backwards; their numbers do too.
            let place = cells.len() / dimensions[0].1.len();
            cells = cells.chunks(place).rev().flatten().cloned().collect();
        }
        let body = cube(&dimensions, reversed, Some(cells), day).to_string().into_bytes();
        if let Mood::Repeating(first) = &mut *mood {
            *first = Some(body.clone());
        }
        Act::ok(body)
    }

    /// What stands in a cell: of every age the women are half, rounded down.
    fn cell(&self, mood: &Mood, (region, sex, age): (&str, &str, &str), year: i32) -> Value {
        let at: usize = age.trim_end_matches('+').parse().unwrap();
        let of = |all: i64| {
            let both = of_age(all, at);
            if sex == "2" { both / 2 } else { both - both / 2 }
        };
        let first = at == 30 && sex == "1";
        let persons = if region == "0" {
            self.persons
                .iter()
                .filter(|((_, of), _)| *of == year.min(2026))
                .map(|(_, persons)| of(*persons))
                .sum()
        } else {
            of(self.count(region, year))
        };
        match mood {
            Mood::OneMore if region == "0" && first => json!(persons + 1),
            Mood::Nobody(code) if region == *code => json!(0),
            Mood::Other(code) if region == *code && first => json!(persons + 1),
            Mood::Hidden(code) if region == *code && first => Value::Null,
            Mood::Thousands => json!(persons / 1000),
            _ => json!(persons),
        }
    }
}

fn ages() -> Vec<String> {
    (0..=105).map(|age| format!("{age:03}{}", if age == 105 { "+" } else { "" })).collect()
}

/// A json-stat 2 cube; its places backwards where that is wanted.
fn cube(dimensions: &[(&str, Vec<String>)], reversed: bool, cells: Option<Vec<Value>>, day: u32) -> Value {
    let mut described = Map::new();
    for (name, codes) in dimensions {
        let mut codes = codes.clone();
        if reversed && *name == "Region" {
            codes.reverse();
        }
        let labels: Map<String, Value> = codes.iter().map(|code| (code.clone(), json!(code))).collect();
        described.insert(
            (*name).to_owned(),
            json!({"label": name, "category": {"index": codes, "label": labels}}),
        );
    }
    let ids: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let sizes: Vec<usize> = dimensions.iter().map(|(_, codes)| codes.len()).collect();
    let mut answer = json!({
        "version": "2.0", "class": "dataset", "label": "07459", "source": "Statistics Norway",
        "updated": format!("2026-02-{:02}T07:00:00Z", 25 - day),
        "id": ids, "size": sizes, "dimension": described,
    });
    if let Some(cells) = cells {
        answer["value"] = Value::Array(cells);
    }
    answer
}
