//! Look-ups in a country of three municipalities, one of which was two until 2020.

use std::io::Cursor;

use super::*;

/// The rows of a table, as CSV without its header.
fn table_of(name: &'static str, rows: &str) -> (&'static Table, RecordBatch) {
    let table = Table::named(name).unwrap();
    let mut reader =
        arrow::csv::ReaderBuilder::new(table.schema()).build(Cursor::new(rows.to_owned())).unwrap();
    let batch = reader.next().transpose().unwrap();
    (table, batch.unwrap_or_else(|| RecordBatch::new_empty(table.schema())))
}

fn country() -> ReferenceData {
    let share = |from: &str, from_date: &str, to: &str, to_date: &str, share: &str| {
        format!("population_share,{from},{from_date},{to},{to_date},{share},0,1,1,true,b,s\n")
    };
    let mappings = [
        share("1", "2015-01-01", "3", "2020-01-01", "1.0"),
        share("2", "2015-01-01", "3", "2020-01-01", "0.25"),
        share("2", "2015-01-01", "4", "2020-01-01", "0.75"),
        share("3", "2020-01-01", "3", "2020-01-01", "1.0"),
    ]
    .concat();
    let population = "1,2015-01-01,2019-01-01,0,,100,v1\n1,2015-01-01,2019-01-01,0,,110,v2\n\
        2,2015-01-01,2019-01-01,0,,40,v1\n1,2015-01-01,2019-01-01,67,,20,v1\n\
        2,2015-01-01,2019-01-01,67,,8,v1\n3,2020-01-01,2021-01-01,67,,23,v1\n";
    let tables = [
        table_of("divisions", "2015-01-01,2020-01-01,2\n2020-01-01,,2\n"),
        table_of(
            "municipality_parts",
            "1,2015-01-01,a,1\n2,2015-01-01,b,1\n2,2015-01-01,c,1\n3,2020-01-01,a,1\n3,2020-01-01,b,1\n4,2020-01-01,c,1\n",
        ),
        table_of(
            "organisations",
            "9,Old,1,municipality,2015-01-01,2020-01-01\n9,New,3,municipality,2020-01-01,\n",
        ),
        table_of("municipality_changes", "2020-01-01,1,Old,3,New,merge\n2020-01-01,2,Two,3,New,split\n"),
        table_of("solutions", "old,a,a,a,a,a,\nall,a,a,a,a,a,\n"),
        table_of("measures", "uses,old,u,flow,sum,start,open,true,\n"),
        table_of("target_groups", "g,old,r,67,,s\n"),
        table_of("population", population),
        table_of("municipality_mappings", &mappings),
    ];
    ReferenceData::of_tables(&tables).unwrap()
}

fn day(text: &str) -> i32 {
    columns::day_number(text.parse().unwrap())
}

#[test]
fn a_code_has_its_divisions_and_an_organisation_its_owner_of_the_day() {
    let data = country();
    let first = Division { date: day("2015-01-01"), valid_to: Some(day("2020-01-01")) };
    assert_eq!(data.divisions_of("2"), [first]);
    assert_eq!(data.divisions_of("3"), [Division { date: day("2020-01-01"), valid_to: None }]);
    assert_eq!(data.divisions_of("5"), []);
    assert_eq!(
        (data.owner("9", day("2019-12-31")), data.owner("9", day("2020-01-01"))),
        (Some("1"), Some("3"))
    );
    assert_eq!((data.owner("9", day("2014-12-31")), data.owner("8", day("2020-01-01"))), (None, None));
    assert_eq!(data.first_day(), Some(day("2015-01-01")));
    assert_eq!(data.division_on(day("2019-12-31")), Some(day("2015-01-01")));
    assert_eq!(data.codes_in(day("2020-01-01")).into_iter().collect::<Vec<_>>(), ["3", "4"]);
    assert!(data.check("old", Some("uses")).is_ok());
    let near = data.check("old", Some("use")).unwrap_err().to_string();
    assert!(near.contains("did you mean `uses`?"), "{near}");
}

#[test]
fn a_target_group_is_counted_in_the_places_its_inhabitants_lived_in() {
    let data = country();
    let groups = data.target_groups().unwrap();
    // 67 and over: all 20 of the first and a quarter of the 8 of the second; later counted as 23.
    let expected = BTreeMap::from([(day("2019-01-01"), 22.0), (day("2021-01-01"), 23.0)]);
    assert_eq!(groups.persons("old", "3", day("2020-01-01")), expected);
    // No group: everybody, by the larger of two publications; 110 + 40 / 4.
    let expected = BTreeMap::from([(day("2019-01-01"), 120.0)]);
    assert_eq!(groups.persons("all", "3", day("2020-01-01")), expected);
    assert_eq!(groups.persons("all", "4", day("2020-01-01")), BTreeMap::from([(day("2019-01-01"), 30.0)]));
    assert!(groups.persons("none", "3", day("2020-01-01")).is_empty());
    assert!(groups.persons("all", "3", day("2015-01-01")).is_empty());
}
