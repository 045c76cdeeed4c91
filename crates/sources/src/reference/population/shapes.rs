//! Files in the shapes table 07459 has been passed on in: one table, its totals, and a file that was carried back and is
//! not true before 2024. Numbers are invented; the changes of municipalities are the register's.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::klass;

const CHANGES: &[u8] = include_bytes!("../../../tests/data/klass-changes.json");
const CARRIED: &[u8] = include_bytes!("../../../tests/data/population-2024-codes.csv");
/// Tab, quoted, latin-1, bare codes, several years; comma, unquoted, UTF-8; tab, codes behind `K-`; semicolon, codes
/// behind `K-`, below a title and a blank line.
const BY_AGE: [&[u8]; 4] = [
    include_bytes!("../../../tests/data/ssb07459-2017-2018.csv"),
    include_bytes!("../../../tests/data/ssb07459-2019.csv"),
    include_bytes!("../../../tests/data/ssb07459-2020.csv"),
    include_bytes!("../../../tests/data/ssb07459-2021.csv"),
];

fn register() -> Register {
    let read = klass::changes(CHANGES);
    assert!(read.rejections.is_empty());
    Register::of(&read.rows)
}

#[test]
fn the_shapes_are_one_table() {
    let register = register();
    let mut table: BTreeMap<(i32, MunicipalityCode, i32), i64> = BTreeMap::new();
    for bytes in BY_AGE {
        let read = by_age(bytes);
        assert!(read.rejections.is_empty(), "{:?}", read.rejections);
        assert_eq!(back_cast(&read.rows, &register), [], "counted on the codes of its time");
        for row in read.rows {
            let key = (row.year, row.code, row.age.unwrap());
            assert_eq!(table.insert(key.clone(), row.persons), None, "{key:?} occurs twice");
        }
    }
    let mut places: BTreeMap<i32, BTreeMap<&MunicipalityCode, (usize, i64)>> = BTreeMap::new();
    for ((year, code, _), persons) in &table {
        let (ages, total) = places.entry(*year).or_default().entry(code).or_default();
        *ages += 1;
        *total += persons;
    }
    assert!(places.keys().copied().eq(2017..=2021));
    assert!(places.values().flat_map(BTreeMap::values).all(|(ages, _)| *ages == 3), "ages 0, 1 and 105");
    let totals = places.values().map(|places| places.values().map(|(_, persons)| persons).sum::<i64>());
    // 22 + 43 + 11, 23 + 43 + 11, 26 + 44 + 10, 29 + 54, 31 + 56.
    assert_eq!(totals.collect::<Vec<_>>(), [76, 77, 80, 83, 87]);
    // 1507 has zeros until 2020, when it took the place of 1504 and 1534.
    assert_eq!(places.values().map(BTreeMap::len).collect::<Vec<_>>(), [3, 3, 3, 2, 2]);
}

#[test]
fn the_back_cast_is_recognised_and_not_true_before_2024() {
    let read = all_ages(CARRIED);
    assert!(read.rejections.is_empty());
    assert_eq!(read.rows.len(), 3 * 7);
    // How it is known: every year before 2024 has persons on a code that began later, 2024 and after have none.
    let carried = back_cast(&read.rows, &register());
    assert!(carried.iter().map(|carried| carried.year).eq(2019..=2023));
    assert!(carried.iter().all(|carried| carried.codes == 1 && carried.example.as_str() == "1508"));
    let counted = counted(read, &register());
    let years: BTreeSet<i32> = counted.rows.iter().map(|row| row.year).collect();
    assert!(years.into_iter().eq(2024..=2025));
    assert_eq!((counted.rows.len(), counted.rejections.len()), (3 * 2, 5));
    assert!(counted.rejections[0].reason.contains("the numbers for 2019 were carried back"));
    assert_eq!(counted.rejections[0].code, ReasonCode::CarriedBack);
}

/// Each code of 2024 lies within one of 2020, so the numbers carried back can be put back on the codes of 2020 exactly.
/// This is why the table of the datasets may have 2022 and 2023 from such a file, on the codes of 2020 and under a
/// vintage of their own.
#[test]
fn put_back_on_the_codes_of_2020_the_carried_numbers_are_the_counted_ones() {
    let day: NaiveDate = "2024-01-01".parse().unwrap();
    let before: BTreeMap<_, _> = klass::changes(CHANGES)
        .rows
        .into_iter()
        .filter(|change| change.date == day)
        .filter_map(|change| Some((change.new?, change.old?)))
        .collect();
    let carried = all_ages(CARRIED).rows;
    for (year, bytes) in [(2020, BY_AGE[2]), (2021, BY_AGE[3])] {
        let counted = sums(by_age(bytes).rows.into_iter().map(|row| (row.code, row.persons)));
        let of_year = carried.iter().filter(|row| row.year == year);
        let put_back = of_year.map(|row| (before.get(&row.code).unwrap_or(&row.code).clone(), row.persons));
        assert_eq!(sums(put_back), counted, "{year}");
    }
}

fn sums(rows: impl Iterator<Item = (MunicipalityCode, i64)>) -> BTreeMap<MunicipalityCode, i64> {
    let mut sums = BTreeMap::new();
    rows.for_each(|(code, persons)| *sums.entry(code).or_default() += persons);
    sums
}
