//! Questions as the interfaces write them, their splitting, and what comes back of a back-cast.

use proptest::prelude::*;

use super::*;
use crate::conformance::conformance;
use crate::jsonstat;

fn items(codes: &[&str]) -> Values {
    Values::Items(codes.iter().map(|code| (*code).to_owned()).collect())
}

fn variable(code: &str, values: Values) -> Variable {
    Variable { code: code.to_owned(), values, codelist: None }
}

fn query(variables: Vec<Variable>) -> Query {
    Query { table: "07459".to_owned(), variables }
}

fn aggregated() -> Query {
    let mut region = variable("Region", items(&["K-4601", "K-0301"]));
    region.codelist = Some(Codelist::Aggregate("KommSummer".to_owned()));
    query(vec![region, variable("Tid", Values::Top(2))])
}

#[test]
fn both_versions_say_the_same() {
    let question = query(vec![
        variable("Region", items(&["4601"])),
        variable("Alder", Values::All),
        variable("Tid", Values::Top(3)),
    ]);
    assert_eq!(
        question.v1_body().unwrap(),
        r#"{"query":[{"code":"Region","selection":{"filter":"item","values":["4601"]}},{"code":"Alder","selection":{"filter":"all","values":["*"]}},{"code":"Tid","selection":{"filter":"top","values":["3"]}}],"response":{"format":"json-stat2"}}"#
    );
    assert_eq!(
        question.v2_path("no").unwrap(),
        "tables/07459/data?lang=no&outputFormat=json-stat2&valueCodes%5BRegion%5D=4601&valueCodes%5BAlder%5D=*&valueCodes%5BTid%5D=top(3)"
    );
    assert_eq!(
        aggregated().v1_body().unwrap(),
        r#"{"query":[{"code":"Region","selection":{"filter":"agg:KommSummer","values":["K-4601","K-0301"]}},{"code":"Tid","selection":{"filter":"top","values":["2"]}}],"response":{"format":"json-stat2"}}"#
    );
    assert_eq!(
        aggregated().v2_path("no").unwrap(),
        "tables/07459/data?lang=no&outputFormat=json-stat2&valueCodes%5BRegion%5D=K-4601,K-0301&codelist%5BRegion%5D=agg_KommSummer&outputValues%5BRegion%5D=aggregated&valueCodes%5BTid%5D=top(2)"
    );
    assert_eq!(
        aggregated().v2_body().unwrap(),
        r#"{"selection":[{"variableCode":"Region","valueCodes":["K-4601","K-0301"],"codelist":"agg_KommSummer","outputValues":"aggregated"},{"variableCode":"Tid","valueCodes":["top(2)"]}]}"#
    );
    let from = query(vec![variable("År", Values::From("2017".to_owned()))]);
    assert!(from.v2_path("no").unwrap().ends_with("&valueCodes%5B%C3%85r%5D=from(2017)"));
    assert_eq!(from.v1_body(), Err(QueryError::Unresolved("År".to_owned())));
}

#[test]
fn a_name_that_would_change_the_question_is_refused() {
    for bad in ["1,2", "*", "top(3)", "a&b=c", "a#", "", "x/../y", "a]"] {
        let question = query(vec![variable("Region", items(&[bad]))]);
        assert_eq!(question.v2_path("no"), Err(QueryError::Name(bad.to_owned())));
        assert_eq!(question.v1_body(), Err(QueryError::Name(bad.to_owned())));
        let other = Query { table: bad.to_owned(), variables: Vec::new() };
        assert!(other.v2_body().is_err());
    }
    assert_eq!(query(vec![variable("Tid", items(&[]))]).v1_body(), Err(QueryError::Empty("Tid".to_owned())));
}

fn numbered(code: &str, count: usize) -> Variable {
    variable(code, Values::Items((0..count).map(|n| n.to_string()).collect()))
}

#[test]
fn a_question_too_large_is_split_into_runs() {
    // 357 places, 106 ages, 2 sexes and 40 years are 3,027,360 cells: 94 places at 8,480 cells each fit at a time.
    let all = query(vec![
        numbered("Region", 357),
        numbered("Alder", 106),
        numbered("Kjonn", 2),
        numbered("Tid", 40),
    ]);
    assert_eq!(all.cells(), Some(3_027_360));
    let parts = all.split(MAX_CELLS).unwrap();
    let places: Vec<_> = parts.iter().map(|part| part.variables[0].items().len()).collect();
    assert_eq!(places, [94, 94, 94, 75]);
    assert_eq!(parts[1].variables[0].items()[0], "94");
    let small = query(vec![numbered("Region", 3)]);
    assert_eq!(small.split(MAX_CELLS).unwrap(), [small]);
    assert_eq!(
        query(vec![variable("Tid", Values::All)]).split(9),
        Err(QueryError::Unresolved("Tid".to_owned()))
    );
    assert_eq!(query(vec![]).split(0), Err(QueryError::Limit(0)));
    let top = query(vec![variable("Tid", Values::Top(9)), numbered("Region", 2)]);
    assert_eq!(top.split(9).unwrap().len(), 2);
    assert_eq!(top.split(8), Err(QueryError::Unresolved("Region".to_owned())));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_parts_request_every_cell_once(sizes in proptest::collection::vec(1usize..8, 1..5), limit in 1u64..60) {
        let variables = sizes.iter().enumerate().map(|(at, size)| numbered(&format!("v{at}"), *size)).collect();
        let whole = query(variables);
        let mut seen = std::collections::BTreeSet::new();
        for part in whole.split(limit).unwrap() {
            prop_assert!(part.cells().unwrap() <= limit);
            let mut cells = vec![Vec::new()];
            for variable in &part.variables {
                let longer = |cell: &Vec<String>| {
                    let cell = cell.clone();
                    variable.items().iter().map(move |item| [cell.clone(), vec![item.clone()]].concat()).collect::<Vec<_>>()
                };
                cells = cells.iter().flat_map(longer).collect();
            }
            for cell in cells {
                prop_assert!(seen.insert(cell), "a cell is selected twice");
            }
        }
        prop_assert_eq!(seen.len() as u64, whole.cells().unwrap());
    }
}

const METADATA: &[u8] = br#"{"title":"07459","variables":[
    {"code":"Region","text":"region","values":["0301","4601"],"valueTexts":["Oslo","Bergen"]},
    {"code":"Tid","text":"year","values":["2022","2023","2024"],"valueTexts":["2022","2023","2024"],"time":true}]}"#;

#[test]
fn metadata_name_the_values() {
    let metadata = v1_metadata(METADATA);
    assert!(metadata.is_metadata());
    let selected = |values: Values| {
        let resolved =
            query(vec![variable("Region", Values::All), variable("Tid", values)]).resolve(&metadata);
        resolved.map(|query| (query.variables[0].items().len(), query.variables[1].items().to_vec()))
    };
    let years = |years: &[&str]| Ok((2, years.iter().map(|year| (*year).to_owned()).collect::<Vec<_>>()));
    assert_eq!(selected(Values::All), years(&["2022", "2023", "2024"]));
    assert_eq!(selected(Values::Top(2)), years(&["2023", "2024"]));
    assert_eq!(selected(Values::Top(9)), years(&["2022", "2023", "2024"]));
    assert_eq!(selected(Values::From("2024".to_owned())), years(&["2024"]));
    assert!(matches!(selected(items(&["2019"])), Err(QueryError::Code { .. })));
    assert!(matches!(query(vec![numbered("Alder", 1)]).resolve(&metadata), Err(QueryError::Variable { .. })));
    for bad in [&b"{}"[..], b"", b"[]", br#"{"variables":[{"code":"a","values":["1"],"valueTexts":[]}]}"#] {
        assert!(!v1_metadata(bad).breaches.is_empty());
    }
}

#[test]
fn a_back_cast_is_known_by_the_question() {
    assert!(aggregated().is_back_cast());
    assert!(query(vec![variable("Region", items(&["K-4601"]))]).is_back_cast());
    assert!(!query(vec![variable("Region", items(&["4601"]))]).is_back_cast());
    assert!(is_aggregated("K-0301") && !is_aggregated("K-Rest") && !is_aggregated("0301"));
}

const SAMPLE: &[u8] = include_bytes!("../../../../datasets/samples/ssb-population.json");

#[test]
fn a_back_cast_is_no_truth_before_its_borders() {
    let read = population(&jsonstat::parse(SAMPLE), AGGREGATED_SINCE);
    let shown: Vec<_> =
        read.rows.iter().map(|r| format!("{} {} {:?} {}", r.code, r.year, r.age, r.persons)).collect();
    // Haram's cells of 2023 are nought in the answer, Ålesund's are both municipalities': none of that year is taken.
    let expected = [
        "1508 2024 Some(0) 540",
        "1508 2024 Some(105) 1",
        "1580 2024 Some(0) 88",
        "1580 2024 Some(105) 0",
        "4601 2024 Some(0) 2850",
        "4601 2024 Some(105) 5",
    ];
    assert_eq!(shown, expected);
    assert_eq!(read.rejections.len(), 6);
    assert!(read.rejections.iter().all(|r| r.reason.contains("carried back, not counted")));
}

#[test]
fn codes_of_their_year_are_taken_and_a_sum_without_a_part_is_not() {
    let sexes = r#"{"id":["Region","Kjonn","Tid"],"size":[2,2,1],"dimension":{
        "Region":{"category":{"index":["4601","1507"]}},"Kjonn":{"category":{"index":["1","2"]}},
        "Tid":{"category":{"index":["2023"]}}},"value":[10,20,5,null]}"#;
    let read = population(&jsonstat::parse(sexes.as_bytes()), AGGREGATED_SINCE);
    assert_eq!(read.rows.len(), 1);
    assert_eq!((read.rows[0].code.as_str(), read.rows[0].age, read.rows[0].persons), ("4601", None, 30));
    assert_eq!(read.rejections[0].row, 4);
    let other = sexes.replace("Kjonn", "Sivilstand");
    assert!(
        population(&jsonstat::parse(other.as_bytes()), 2024).rejections[0].reason.contains("`Sivilstand`")
    );
}

#[test]
fn it_keeps_its_promises() {
    conformance(|bytes| population(&jsonstat::parse(bytes), AGGREGATED_SINCE), &[SAMPLE], false);
    for cut in 0..METADATA.len() {
        assert!(!v1_metadata(&METADATA[..cut]).breaches.is_empty());
    }
}
