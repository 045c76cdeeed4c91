//! The reference tables against what is known of the country, and the build against the files shipped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::datatypes::{Date32Type, Int32Type, Int64Type};

use super::super::{BuildReport, ReferenceError, build, load, territory};
use super::*;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn shipped() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join("datasets/reference")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        files.push((format!("reference/{name}"), std::fs::read(entry.path()).unwrap()));
    }
    files
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn days(text: &str) -> i32 {
    i32::try_from((day(text) - NaiveDate::default()).num_days()).unwrap()
}

/// `code: to, to` of one municipality, with `?` for what cannot be told.
fn successors(territory: &Territory, policy: Policy, from: &str, code: &str, to: &str) -> (String, bool) {
    let rows = territory.mappings(policy, day(from), day(to)).unwrap();
    let of: Vec<_> = rows.iter().filter(|row| row.from_code.as_str() == code).collect();
    let shown: Vec<_> =
        of.iter().map(|row| row.to_code.as_ref().map_or("?", MunicipalityCode::as_str)).collect();
    (shown.join(" "), of.iter().all(|row| row.exact))
}

#[test]
fn the_divisions_are_those_of_the_country() {
    let territory = territory(&shipped()).unwrap();
    let counted: Vec<_> = territory
        .divisions()
        .iter()
        .map(|division| (division.date.to_string(), territory.municipalities(division.date).unwrap().len()))
        .collect();
    let expected = [
        ("2015-01-01", 428),
        ("2017-01-01", 426),
        ("2018-01-01", 422),
        ("2019-01-01", 422),
        ("2020-01-01", 356),
        ("2024-01-01", 357),
    ];
    assert_eq!(counted, expected.map(|(date, count)| (date.to_owned(), count)));
}

#[test]
fn all_codes_of_2017_reach_exactly_the_357_of_2024() {
    let territory = territory(&shipped()).unwrap();
    let rows = territory.mappings(Policy::PopulationShare, day("2017-01-01"), day("2024-01-01")).unwrap();
    let from: BTreeSet<_> = rows.iter().map(|row| row.from_code.clone()).collect();
    let to: BTreeSet<_> = rows.iter().filter_map(|row| row.to_code.clone()).collect();
    let here: BTreeSet<_> =
        territory.municipalities(day("2024-01-01")).unwrap().into_iter().cloned().collect();
    assert_eq!((from.len(), to.len()), (426, 357));
    assert_eq!(to, here);
    let inexact: BTreeSet<_> =
        rows.iter().filter(|row| !row.exact).map(|row| row.from_code.to_string()).collect();
    assert_eq!(inexact.into_iter().collect::<Vec<_>>(), ["1613", "1850"]);
}

#[test]
fn known_lineages_hold() {
    let territory = territory(&shipped()).unwrap();
    let exact = |from, code, to, successor: &str| {
        assert_eq!(
            successors(&territory, Policy::ExactOnly, from, code, to),
            (successor.to_owned(), true),
            "{code}"
        );
    };
    exact("2019-01-01", "1534", "2024-01-01", "1580");
    exact("2019-01-01", "1504", "2024-01-01", "1508");
    exact("2017-01-01", "0219", "2020-01-01", "3024");
    exact("2017-01-01", "0219", "2024-01-01", "3201");
    exact("2018-01-01", "1567", "2024-01-01", "5061");
    exact("2019-01-01", "1103", "2020-01-01", "1103");
    exact("2019-01-01", "5030", "2020-01-01", "5001");
    exact("2017-01-01", "1601", "2020-01-01", "5001");
    let share = |from, code, to, successors_of: &str| {
        assert_eq!(
            successors(&territory, Policy::PopulationShare, from, code, to),
            (successors_of.to_owned(), false),
            "{code}"
        );
        assert_eq!(
            successors(&territory, Policy::ExactOnly, from, code, to),
            ("?".to_owned(), false),
            "{code}"
        );
    };
    share("2020-01-01", "1507", "2024-01-01", "1508 1580");
    share("2020-01-01", "1103", "2019-01-01", "1103 1141 1142");
    share("2020-01-01", "5001", "2019-01-01", "5001 5030");
    share("2019-01-01", "1850", "2020-01-01", "1806 1875");
    share("2018-01-01", "5012", "2024-01-01", "5055 5056 5059");
    share("2015-01-01", "0720", "2024-01-01", "3905 3907");
    assert_eq!(
        successors(&territory, Policy::LargestSuccessor, "2020-01-01", "1507", "2024-01-01").0,
        "1508"
    );
}

#[test]
fn the_weights_are_the_persons_of_2019() {
    let territory = territory(&shipped()).unwrap();
    let persons = |id: &str| territory.parts().iter().find(|part| part.part_id == id).unwrap().persons;
    // SSB 07459 on 2019-01-01: the whole country, Haram, and Tysfjord (1925) by 422:578.
    assert_eq!(territory.parts().iter().map(|part| part.persons).sum::<i64>(), 5_328_212);
    assert_eq!(persons("1534"), 9_383);
    assert_eq!((persons("1850-1806"), persons("1850-1875")), (812, 1_113));
}

#[test]
fn shares_of_one_from_add_up_between_every_two_divisions() {
    let tables = load(&shipped()).unwrap();
    let (_, batch) = tables.iter().find(|(table, _)| table.name == "municipality_mappings").unwrap();
    let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
    let number = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().clone();
    let date = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Date32Type>().clone();
    let (policy, code, from, to) = (text("policy_id"), text("from_code"), date("from_date"), date("to_date"));
    let (begin, end, total) = (number("weight_from"), number("weight_to"), number("weight_total"));
    let mut sums: BTreeMap<_, (i64, i64)> = BTreeMap::new();
    for row in 0..batch.num_rows() {
        let key = (policy.value(row), from.value(row), to.value(row), code.value(row));
        let sum = sums.entry(key).or_insert((0, total.value(row)));
        assert!(total.value(row) > 0);
        sum.0 += end.value(row) - begin.value(row);
    }
    assert!(sums.values().all(|(sum, total)| sum == total));
    // Six divisions of 2411 municipalities in all, each mapped to six, under three policies.
    assert_eq!(sums.len(), 2_411 * 6 * 3);
}

/// Persons by `(reference_date, age_from, age_to)`.
fn population() -> BTreeMap<(i32, i32, Option<i32>), BTreeMap<String, i64>> {
    let tables = load(&shipped()).unwrap();
    let (_, batch) = tables.iter().find(|(table, _)| table.name == "population").unwrap();
    let code = batch.column_by_name("municipality_code").unwrap().as_string::<i32>();
    let date = batch.column_by_name("reference_date").unwrap().as_primitive::<Date32Type>();
    let from = batch.column_by_name("age_from").unwrap().as_primitive::<Int32Type>();
    let to = batch.column_by_name("age_to").unwrap().as_primitive::<Int32Type>();
    let persons = batch.column_by_name("persons").unwrap().as_primitive::<Int64Type>();
    let mut out: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for row in 0..batch.num_rows() {
        let to = arrow::array::Array::is_valid(to, row).then(|| to.value(row));
        let known = out.entry((date.value(row), from.value(row), to)).or_default();
        assert_eq!(known.insert(code.value(row).to_owned(), persons.value(row)), None);
    }
    out
}

#[test]
fn the_population_is_the_one_printed() {
    let population = population();
    let all = |date: &str| population[&(days(date), 0, None)].values().sum::<i64>();
    assert_eq!(all("2017-01-01"), 5_258_317);
    assert_eq!(all("2018-01-01"), 5_295_619);
    assert_eq!(all("2019-01-01"), 5_328_212);
    assert_eq!(all("2020-01-01"), 5_367_580);
    assert_eq!(all("2024-01-01"), 5_550_203);
    let adults = |date: &str, code: &str| population[&(days(date), 16, None)][code];
    assert_eq!(adults("2015-01-01", "1620"), 3_799, "Frøya, the denominator printed in 2016");
    assert_eq!(adults("2016-01-01", "1221"), 14_764, "Stord");
    assert_eq!(adults("2016-01-01", "1411"), 1_945, "Gulen");
}

#[test]
fn bands_add_up_and_what_is_lacking_stays_lacking() {
    let population = population();
    for year in 2015..=2026 {
        let band = |from, to| population.get(&(days(&format!("{year}-01-01")), from, to));
        let all = band(0, None).unwrap();
        match year {
            2015 | 2016 => {
                assert_eq!(all.len(), 425);
                assert!(["0706", "0719", "0720"].iter().all(|code| !all.contains_key(*code)));
            }
            2022 | 2023 => {
                assert_eq!(all.len(), 356);
                assert!(all.contains_key("1507") && !all.contains_key("1508"));
            }
            _ => {}
        }
        if year > 2021 {
            assert!(band(16, None).is_none());
            continue;
        }
        for (code, persons) in all {
            let of = |from, to| band(from, to).unwrap()[code];
            assert_eq!(*persons, of(0, Some(6)) + of(6, Some(16)) + of(16, None), "{code} {year}");
            assert_eq!(of(16, None), of(16, Some(67)) + of(67, None), "{code} {year}");
            assert!(of(80, None) <= of(67, None));
        }
    }
}

#[test]
fn tables_come_in_the_lakes_order_and_are_all_there() {
    let tables = load(&shipped()).unwrap();
    let names: Vec<_> = tables.iter().map(|(table, _)| table.name).collect();
    // Those filled by deliveries and registers, and the parts, which the caller makes of `territory`.
    let kept =
        ["usage", "rollout_events", "receipts", "rejections", "expected_deliveries", "register_changes"];
    let expected: Vec<_> =
        TABLES.iter().map(|table| table.name).filter(|name| !kept.contains(name)).collect();
    assert_eq!(names, expected);
    let rows = |name: &str| tables.iter().find(|(table, _)| table.name == name).unwrap().1.num_rows();
    assert_eq!(rows("networks"), 10);
    assert_eq!(rows("peer_groups"), 2 * 357);
    assert_eq!(rows("divisions"), 6);
    assert_eq!(rows("targets"), 0);
}

#[test]
fn the_networks_members_say_how_sure_they_are() {
    let tables = load(&shipped()).unwrap();
    let (_, batch) = tables.iter().find(|(table, _)| table.name == "network_members").unwrap();
    let id = batch.column_by_name("network_id").unwrap().as_string::<i32>();
    let certainty = batch.column_by_name("certainty").unwrap().as_string::<i32>();
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for row in 0..batch.num_rows() {
        *counts.entry((id.value(row), certainty.value(row))).or_default() += 1;
    }
    assert_eq!(counts[&("digi-vestland", "seen")], 8);
    assert_eq!(counts[&("digi-vestland", "guess")], 35);
    assert_eq!(counts[&("digi-agder", "seen")], 25);
    assert_eq!(counts[&("digi-nordland", "seen")], 41);
    assert_eq!(counts[&("digi-more-og-romsdal", "seen")], 27);
}

#[test]
fn a_file_that_fits_no_table_is_named() {
    let mut files = shipped();
    files.push(("reference/municipality.csv".into(), b"x\n".to_vec()));
    assert!(matches!(load(&files), Err(ReferenceError::Unknown { .. })));
    let mut files = shipped();
    files.push(("reference/counties.csv".into(), b"county_code\n".to_vec()));
    let error = load(&files).unwrap_err().to_string();
    assert!(error.contains("county_code,name,valid_from,valid_to"), "{error}");
    assert!(matches!(load(&[]), Err(ReferenceError::Missing(_))));
}

/// The originals are not part of the project; where they are not at hand the test says so.
fn originals() -> Option<PathBuf> {
    let path = root().join("../shared/data");
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: the public originals are not at ../shared/data beside the workspace");
    None
}

const HAND_KEPT: [&str; 3] =
    ["reference/split_shares.csv", "reference/split_targets.csv", "reference/seen_members.csv"];

fn rebuilt(originals: &Path, to: &Path) -> BuildReport {
    std::fs::create_dir_all(to.join("reference")).unwrap();
    for name in HAND_KEPT {
        std::fs::copy(root().join("datasets").join(name), to.join(name)).unwrap();
    }
    build(originals, to).unwrap()
}

#[test]
fn the_files_shipped_are_what_the_originals_give() {
    let Some(originals) = originals() else { return };
    let folder = tempfile::tempdir().unwrap();
    let report = rebuilt(&originals, folder.path());
    assert_eq!(report.files.len(), 10);
    assert!(report.rejections.is_empty(), "{:?}", report.rejections);
    for (name, _) in report.files {
        let made = std::fs::read(folder.path().join(&name)).unwrap();
        let kept = std::fs::read(root().join("datasets").join(&name)).unwrap_or_default();
        assert!(
            made == kept,
            "datasets/{name} is not what the originals give: rebuild it (datasets/README.md)"
        );
        assert!(made.len() < 1 << 20, "{name} is {} bytes", made.len());
    }
}
