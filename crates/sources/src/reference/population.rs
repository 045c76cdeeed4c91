//! SSB table 07459, population on 1 January, in the shapes it has been passed on in: by single year of age
//! with one column a year (tab, comma or semicolon; latin-1 or UTF-8; with and without a preamble; codes bare
//! or behind `K-`), and in all ages on the codes of 2024, one row a year.

#[cfg(test)]
mod shapes;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use utbredt_model::{MunicipalityCode, Reason, ReasonCode, Rejection};

use super::Read;
use super::text::Sheet;
use crate::klass::Register;

/// A count of persons in a place on 1 January.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// The code as the file has it, without `K-`.
    pub code: MunicipalityCode,
    /// The year whose 1 January is counted.
    pub year: i32,
    /// The single year of age, the last one open upwards; `None` = all ages.
    pub age: Option<i32>,
    /// How many.
    pub persons: i64,
}

/// Reads a file by single year of age. A code that did not exist that year has zeros in every age:
/// SSB fills the square. Such zeros are no statement about a place and are left out.
#[must_use]
pub fn by_age(bytes: &[u8]) -> Read<Count> {
    let sheet = Sheet::read(bytes, "region");
    let mut read = Read { rows: Vec::new(), rejections: sheet.rejections.clone() };
    let years: Vec<(usize, i32)> = sheet
        .header
        .iter()
        .enumerate()
        .filter_map(|(at, name)| Some((at, name.strip_prefix("Persons ")?.trim().parse().ok()?)))
        .collect();
    let mut alive: BTreeMap<(MunicipalityCode, i32), i64> = BTreeMap::new();
    for (line, fields) in &sheet.records {
        for &(at, year) in &years {
            match count(fields, at, year) {
                Ok(Some(count)) => {
                    let persons = alive.entry((count.code.clone(), year)).or_default();
                    *persons = persons.saturating_add(count.persons);
                    read.rows.push(count);
                }
                Ok(None) => {}
                Err(reason) => read.rejections.push(Rejection::new(*line, reason, fields.join(";"))),
            }
        }
    }
    // A place where nobody of any age lives did not exist that year.
    read.rows.retain(|row| alive.get(&(row.code.clone(), row.year)).is_some_and(|persons| *persons > 0));
    read
}

/// Regions of the table that are no municipality: Svalbard and Jan Mayen, the continental shelf, and what
/// divided municipalities leave over.
const OUTSIDE: [&str; 5] = ["21", "22", "21-22", "23", "Rest"];

/// `None` for a region outside the municipalities as long as no person is counted there.
fn count(fields: &[String], at: usize, year: i32) -> Result<Option<Count>, Reason> {
    let region = fields.first().map_or("", String::as_str);
    let persons = fields.get(at).map_or("", String::as_str);
    let persons: i64 = persons.parse().map_err(|_| {
        let text = format!("`{persons}` is not a number of persons for {year}");
        Reason::new(ReasonCode::InvalidNumber, text)
    })?;
    if persons < 0 {
        let text = format!("`{persons}` persons for {year}: fewer than none");
        return Err(Reason::new(ReasonCode::OutOfRange, text));
    }
    // Aggregated regions have the prefix; the code behind it is a municipality's.
    let code = region.strip_prefix("K-").unwrap_or(region);
    let code = code.split_whitespace().next().unwrap_or_default();
    if OUTSIDE.contains(&code) && persons == 0 {
        return Ok(None);
    }
    let code = MunicipalityCode::parse(code).map_err(Reason::from).map_err(|mut reason| {
        reason.text += &format!(" (region `{region}`)");
        reason
    })?;
    let age = fields.get(1).map_or("", String::as_str);
    let age = age.split_whitespace().next().and_then(|years| years.parse().ok()).ok_or_else(|| {
        Reason::new(ReasonCode::InvalidNumber, format!("`{age}` is not an age such as `17 years`"))
    })?;
    Ok(Some(Count { code, year, age: Some(age), persons }))
}

/// Reads the file on the codes of 2024 (`kom2024,navn,aar,befolkning`). It is true from 2024 on. Before, the
/// publisher carried old numbers forward as well as the codes allow: with the codes of 2020 it is right but for
/// Ålesund and Haram, and before 2020 it is not. Which years to accept is for the caller to decide.
#[must_use]
pub fn all_ages(bytes: &[u8]) -> Read<Count> {
    let sheet = Sheet::read(bytes, "kom2024");
    let mut read = Read { rows: Vec::new(), rejections: sheet.rejections.clone() };
    let [code, year, persons] = match sheet.columns(["kom2024", "aar", "befolkning"]) {
        Ok(columns) => columns,
        Err(rejection) => {
            read.rejections.push(rejection);
            return read;
        }
    };
    for (line, fields) in &sheet.records {
        let [code, year, persons] = [code, year, persons].map(|at| fields.get(at).map_or("", String::as_str));
        read.take(*line, &fields.join(","), of_all_ages(code, year, persons));
    }
    read
}

fn of_all_ages(code: &str, year: &str, persons: &str) -> Result<Count, Reason> {
    let code = MunicipalityCode::parse(code)?;
    Ok(Count { code, year: number(year)?, age: None, persons: number(persons)? })
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, Reason> {
    text.parse().map_err(|_| Reason::new(ReasonCode::InvalidNumber, format!("`{text}` is not a number")))
}

/// A year whose numbers are on codes that did not exist yet: they were carried back to later borders, not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackCast {
    /// The year.
    pub year: i32,
    /// How many codes with persons began later.
    pub codes: usize,
    /// One of them.
    pub example: MunicipalityCode,
    /// The day it began.
    pub since: NaiveDate,
}

/// The years of a file that were carried back, by the register's evidence: persons on a code that began after that
/// 1 January. Noughts are no evidence, since SSB fills the square with them.
#[must_use]
pub fn back_cast(rows: &[Count], register: &Register) -> Vec<BackCast> {
    let mut young: BTreeMap<i32, BTreeMap<&MunicipalityCode, NaiveDate>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.persons > 0) {
        let began =
            NaiveDate::from_ymd_opt(row.year, 1, 1).and_then(|day| register.begins_after(&row.code, day));
        if let Some(since) = began {
            young.entry(row.year).or_default().insert(&row.code, since);
        }
    }
    let mut years = Vec::new();
    for (year, codes) in young {
        if let Some((code, since)) = codes.first_key_value() {
            years.push(BackCast { year, codes: codes.len(), example: (*code).clone(), since: *since });
        }
    }
    years
}

/// What of a file was counted on the codes of its time. A file has one division: up to the last year that was carried
/// back nothing is taken, and each of those years is one refusal.
#[must_use]
pub fn counted(read: Read<Count>, register: &Register) -> Read<Count> {
    let carried = back_cast(&read.rows, register);
    let last = carried.last().map(|carried| carried.year);
    let (mut rows, mut rejections) = (read.rows, read.rejections);
    for BackCast { year, codes, example, since } in carried {
        let reason = format!(
            "the numbers for {year} were carried back to later borders, not counted: {codes} codes in them began \
             later, {example} on {since}"
        );
        let row = rows.iter().position(|row| row.year == year).map_or(1, |at| at as u64 + 1);
        rejections.push(Rejection::new(row, Reason::new(ReasonCode::CarriedBack, reason), year.to_string()));
    }
    rows.retain(|row| last.is_none_or(|last| row.year > last));
    Read { rows, rejections }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::conformance;

    #[test]
    fn it_keeps_its_promises() {
        let ages = "region\tage\tPersons 2017\tPersons 2018\n1620 A\t0 years\t5\t0\n1620 A\t1 year\t0\t3\n";
        conformance(by_age, &[ages.as_bytes()], false);
        conformance(all_ages, &[b"kom2024,navn,aar,befolkning\n0301,Oslo,2024,717710\n"], false);
    }

    #[test]
    fn a_year_on_codes_that_began_later_was_carried_back() {
        let change = |date: &str, old: &str, new: &str| utbredt_model::territory::Change {
            date: date.parse().unwrap(),
            old: MunicipalityCode::parse(old).ok(),
            new: MunicipalityCode::parse(new).ok(),
            old_name: String::new(),
            new_name: String::new(),
        };
        let register = Register::of(&[
            change("2020-01-01", "1534", "1507"),
            change("2024-01-01", "1507", "1508"),
            change("2024-01-01", "1507", "1580"),
        ]);
        let file = "kom2024,navn,aar,befolkning\n1508,A,2023,67000\n1580,H,2023,0\n4601,B,2022,1\n1508,A,2024,58000\n1580,H,2024,9357\n";
        let read = all_ages(file.as_bytes());
        let carried = back_cast(&read.rows, &register);
        assert_eq!(carried.len(), 1);
        assert_eq!((carried[0].year, carried[0].codes, carried[0].example.as_str()), (2023, 1, "1508"));
        let counted = counted(read, &register);
        // 2022 shows nothing wrong of itself, but the file's division is that of 2024.
        assert_eq!(shown(&counted), ["1508 2024 None 58000", "1580 2024 None 9357"]);
        assert!(counted.rejections[0].reason.contains("1508 on 2024-01-01"));
        let true_file = "region;age;Persons 2021\nK-1507 A;0 years;5\nK-1508 A;0 years;0\n";
        assert!(back_cast(&by_age(true_file.as_bytes()).rows, &register).is_empty());
    }

    fn shown(read: &Read<Count>) -> Vec<String> {
        let show = |row: &Count| format!("{} {} {:?} {}", row.code, row.year, row.age, row.persons);
        read.rows.iter().map(show).collect()
    }

    #[test]
    fn the_shapes_read_alike() {
        let expected = ["1620 2015 Some(0) 5", "1620 2015 Some(105) 1"];
        for bytes in [
            &b"\"region\"\t\"age\"\t\"Persons 2015\"\n\"1620 Fr\xF8ya\"\t\"0 years\"\t5\n\"1620 Fr\xF8ya\"\t\"105 years or older\"\t1\n"[..],
            "region,age,Persons 2015\n1620 Frøya,0 years,5\n1620 Frøya,105 years or older,1\n".as_bytes(),
            b"\"region\"\t\"age\"\t\"Persons 2015\"\n\"K-1620 Fr\xF8ya\"\t\"0 years\"\t5\n\"K-1620 Fr\xF8ya\"\t\"105 years or older\"\t1\n",
            b"\"07459: Population\"\r\n\r\n\"region\";\"age\";\"Persons 2015\"\r\n\"K-1620 Fr\xF8ya\";\"0 years\";5\r\n\"K-1620 Fr\xF8ya\";\"105 years or older\";1\r\n",
        ] {
            let read = by_age(bytes);
            assert_eq!(shown(&read), expected);
            assert!(read.rejections.is_empty());
        }
    }

    #[test]
    fn a_code_that_did_not_exist_has_no_count() {
        let file = "region\tage\tPersons 2017\tPersons 2018\n1620 A\t0 years\t5\t0\n1620 A\t1 year\t0\t0\n5014 A\t0 years\t0\t6\n";
        assert_eq!(
            shown(&by_age(file.as_bytes())),
            ["1620 2017 Some(0) 5", "1620 2017 Some(1) 0", "5014 2018 Some(0) 6"]
        );
    }

    #[test]
    fn what_is_no_place_is_refused_unless_it_is_empty() {
        let file = "region;age;Persons 2020\nK-23 Shelf;0 years;0\nK-Rest Divided;1 year;2\n9999 Uoppgitt;1 year;2\n0301 Oslo;1 year;..\n0301 Oslo;all;1\n";
        let read = by_age(file.as_bytes());
        assert!(read.rows.is_empty());
        assert_eq!(read.rejections.iter().map(|rejection| rejection.row).collect::<Vec<_>>(), [3, 4, 5, 6]);
    }

    #[test]
    fn all_ages_keeps_every_number_zero_too() {
        let read = all_ages(
            "kom2024,navn,aar,befolkning\n1580,Haram,2023,0\n1580,Haram,2024,9357\n158,Haram,2024,1\n"
                .as_bytes(),
        );
        assert_eq!(shown(&read), ["1580 2023 None 0", "1580 2024 None 9357"]);
        assert_eq!(read.rejections.len(), 1);
        assert_eq!(all_ages(b"x").rejections.len(), 2);
    }
}
