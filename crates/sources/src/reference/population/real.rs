//! The real files of table 07459: five shapes that are one table, its national totals, and the file that was carried
//! back and is no truth before 2024.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::*;
use crate::klass;

/// The originals are not part of the project; where they are not at hand the test says so.
fn original(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    let bytes = std::fs::read(&path);
    if bytes.is_err() {
        println!("skipped: {} is absent", path.display());
    }
    bytes.ok()
}

fn file(name: &str) -> Option<Vec<u8>> {
    original(&format!("population/ssb07459_{name}.csv"))
}

fn register() -> Option<Register> {
    let read = klass::changes(&original("klass/131_changes_1971_2025.json")?);
    assert!(read.rejections.is_empty());
    Some(Register::of(&read.rows))
}

/// The shapes the table has been passed on in.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Tab, quoted, latin-1, bare codes: the files of several years (five of them, or four).
    Tabs,
    /// Comma, unquoted, UTF-8: 2019.
    Commas,
    /// Tab, quoted, latin-1, codes behind `K-`: 2020.
    TabsAggregated,
    /// Semicolon, quoted, latin-1, codes behind `K-`, below a title and a blank line: 2021.
    Preamble,
}

/// Writes rows the way SSB does: a line per place and age, a column per year, noughts where nothing stood.
fn write(rows: &[Count], shape: Shape) -> Vec<u8> {
    let years: BTreeSet<i32> = rows.iter().map(|row| row.year).collect();
    let mut lines: BTreeMap<(&MunicipalityCode, i32), BTreeMap<i32, i64>> = BTreeMap::new();
    for row in rows {
        lines.entry((&row.code, row.age.unwrap())).or_default().insert(row.year, row.persons);
    }
    let (sign, quote, prefix) = match shape {
        Shape::Tabs => ("\t", "\"", ""),
        Shape::Commas => (",", "", ""),
        Shape::TabsAggregated => ("\t", "\"", "K-"),
        Shape::Preamble => (";", "\"", "K-"),
    };
    let mut out = match shape {
        Shape::Preamble => "\"07459: Population, by region, age, contents and year\"\n\n".to_owned(),
        _ => String::new(),
    };
    let header = years.iter().map(|year| format!("{sign}{quote}Persons {year}{quote}"));
    out += &format!("{quote}region{quote}{sign}{quote}age{quote}{}\n", header.collect::<String>());
    for ((code, age), persons) in lines {
        let age = match age {
            1 => "1 year".to_owned(),
            105 => "105 years or older".to_owned(),
            age => format!("{age} years"),
        };
        out += &format!("{quote}{prefix}{code} Bø{quote}{sign}{quote}{age}{quote}");
        for year in &years {
            out += &format!("{sign}{}", persons.get(year).copied().unwrap_or_default());
        }
        out.push('\n');
    }
    match shape {
        Shape::Commas => out.into_bytes(),
        _ => out.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
    }
}

const BY_AGE: [&str; 6] = [
    "Personer2005-2009",
    "Personer2010-2014",
    "Personer2015-2018",
    "Personer2019",
    "Personer2020",
    "Personer2021",
];

#[test]
fn the_five_shapes_are_one_table_with_the_printed_totals() {
    let Some(register) = register() else { return };
    let mut table: BTreeMap<(i32, MunicipalityCode, i32), i64> = BTreeMap::new();
    for name in BY_AGE {
        let Some(bytes) = file(&format!("fhidata_{name}")) else { return };
        let read = by_age(&bytes);
        assert!(read.rejections.is_empty(), "{name}: {:?}", read.rejections);
        assert_eq!(back_cast(&read.rows, &register), [], "{name} was counted on the codes of its time");
        // Some of the places, so that writing the table anew in every shape stays quick.
        let some: BTreeSet<_> = read.rows.iter().map(|row| row.code.clone()).step_by(40 * 106).collect();
        let mut some: Vec<_> = read.rows.iter().filter(|row| some.contains(&row.code)).cloned().collect();
        some.sort();
        for shape in [Shape::Tabs, Shape::Commas, Shape::TabsAggregated, Shape::Preamble] {
            let mut again = by_age(&write(&some, shape));
            again.rows.sort();
            assert!(
                again.rejections.is_empty() && again.rows == some,
                "{name} as {shape:?} is another table"
            );
        }
        for row in read.rows {
            let key = (row.year, row.code, row.age.unwrap());
            assert_eq!(table.insert(key.clone(), row.persons), None, "{key:?} stands twice");
        }
    }
    let mut places: BTreeMap<i32, BTreeMap<&MunicipalityCode, (usize, i64)>> = BTreeMap::new();
    for ((year, code, _), persons) in &table {
        let (ages, total) = places.entry(*year).or_default().entry(code).or_default();
        *ages += 1;
        *total += persons;
    }
    assert!(places.keys().copied().eq(2005..=2021));
    assert!(places.values().flat_map(BTreeMap::values).all(|(ages, _)| *ages == 106), "ages 0 to 105");
    let total = |year: i32| places[&year].values().map(|(_, persons)| persons).sum::<i64>();
    assert_eq!([2017, 2018, 2019, 2020].map(total), [5_258_317, 5_295_619, 5_328_212, 5_367_580]);
    let counts = [2017, 2018, 2019, 2020, 2021].map(|year| places[&year].len());
    assert_eq!(counts, [426, 422, 422, 356, 356], "the municipalities of each year's division");
}

#[test]
fn the_back_cast_is_recognised_and_no_truth_before_2024() {
    let (Some(register), Some(bytes)) = (register(), file("oystess_befolkning_2024koder_1986_2026")) else {
        return;
    };
    let read = all_ages(&bytes);
    assert!(read.rejections.is_empty());
    // What is wrong with it: Haram is nought while it was a part of Ålesund, and before 2020 persons are lost.
    let persons = |code: &str, year: i32| {
        read.rows.iter().find(|row| row.code.as_str() == code && row.year == year).unwrap().persons
    };
    assert_eq!((persons("1580", 2020), persons("1580", 2023), persons("1580", 2024)), (0, 0, 9_357));
    let total =
        |year: i32| read.rows.iter().filter(|row| row.year == year).map(|row| row.persons).sum::<i64>();
    assert!(total(2017) < 5_258_317 && total(2018) < 5_295_619 && total(2019) < 5_328_212);
    // How it is known: every year before 2024 has persons on codes that began later, 2024 and after have none.
    let carried = back_cast(&read.rows, &register);
    assert!(carried.iter().map(|carried| carried.year).eq(1986..=2023));
    assert!(carried.iter().all(|carried| carried.codes > 100));
    let counted = counted(read, &register);
    let years: BTreeSet<i32> = counted.rows.iter().map(|row| row.year).collect();
    assert!(years.into_iter().eq(2024..=2026));
    assert_eq!(counted.rows.len(), 3 * 357);
    assert_eq!(counted.rejections.len(), 38);
    assert!(counted.rejections[0].reason.contains("the numbers for 1986 were carried back"));
}

/// Each code of 2024 lies within one of 2020, so the numbers carried back can be put back on the codes of 2020 exactly;
/// where the true files reach (2020 and 2021) that is seen to be so. This is why the table of the datasets may have 2022
/// and 2023 from the file, on the codes of 2020 and under a vintage of their own.
#[test]
fn put_back_on_the_codes_of_2020_the_carried_numbers_are_the_true_ones() {
    let Some(bytes) = original("klass/131_changes_1971_2025.json") else { return };
    let day: NaiveDate = "2024-01-01".parse().unwrap();
    let before: BTreeMap<_, _> = klass::changes(&bytes)
        .rows
        .into_iter()
        .filter(|change| change.date == day)
        .filter_map(|change| Some((change.new?, change.old?)))
        .collect();
    let Some(carried) = file("oystess_befolkning_2024koder_1986_2026") else { return };
    let carried = all_ages(&carried).rows;
    for year in [2020, 2021] {
        let Some(bytes) = file(&format!("fhidata_Personer{year}")) else { return };
        let sum = |rows: &mut dyn Iterator<Item = (MunicipalityCode, i64)>| {
            let mut sums: BTreeMap<MunicipalityCode, i64> = BTreeMap::new();
            rows.for_each(|(code, persons)| *sums.entry(code).or_default() += persons);
            sums
        };
        let counted = sum(&mut by_age(&bytes).rows.into_iter().map(|row| (row.code, row.persons)));
        let of_year = carried.iter().filter(|row| row.year == year);
        let put_back = |row: &Count| (before.get(&row.code).unwrap_or(&row.code).clone(), row.persons);
        assert_eq!(sum(&mut of_year.map(put_back)), counted, "{year}");
    }
}
