//! Headers and SQL, sound and broken. Each broken file differs from the sound one in one place.

use std::collections::BTreeMap;

use super::*;
use crate::{ColumnFill, ColumnRollup, Lang, ParamError, ParamKind, ParamValue, RollupKind, Unit};

const REACH: &str = r#"/* kpi
title   = { nb = "Rekkevidde", nn = "Rekkjevidd", en = "Reach" }
answers = { nb = "Hvor mange bruker den?", nn = "Kor mange brukar han?", en = "How many use it?" }
version = 1
unit    = "share"
better  = "higher"
owner   = "sekretariatet"
caveats = { nb = ["Kilder teller ulikt."], nn = ["Kjelder tel ulikt."], en = ["Sources count differently."] }
[rollup]
kind = "ratio"
[params.solution_id]
type = "solution"
doc  = "The shared solution."
[params.measure_id]
type = "measure"
doc  = "What is counted."
default = "users_active"
[columns.zone_nok]
doc = "Kroner."
unit = "nok"
rollup = "sum"
divide_by = 100
[columns.active_share]
doc = "Again."
unit = "share"
after = "CAST(numerator AS DOUBLE) / denominator"
[columns.late]
doc = "Whether any was late."
unit = "deliveries"
rollup = "any"
*/
WITH cells AS (
    -- now() and 357 are fine in a comment, and 'random' in a text
    SELECT spine.period_start, spine.municipality_code, 'SELECT * now()' AS note, count(*) AS n
    FROM spine
    JOIN usage_cells AS used ON used.municipality_code = spine.municipality_code
    WHERE used.solution_id = $solution_id AND used.measure_id = $measure_id
    GROUP BY spine.period_start, spine.municipality_code
)
SELECT
    cells.period_start,
    cells.municipality_code,
    cells.n * 2 AS numerator,
    CAST(cells.n AS BIGINT) AS denominator,
    CASE WHEN cells.n IS DISTINCT FROM 0 THEN 'ok' ELSE 'missing' END AS state,
    0 AS marks,
    cells.n AS zone_nok,
    false AS late
FROM cells
ORDER BY
    cells.period_start,
    cells.municipality_code
"#;
const SPINE: &str =
    "/* view\ndoc = \"Every municipality in every period.\"\n*/\nSELECT period_start FROM periods\n";
const USAGE: &str =
    "/* view\ndoc = \"Usage.\"\nuses = [\"spine\"]\n*/\nSELECT period_start FROM spine JOIN usage ON true\n";

fn load(files: &[(&str, &str)]) -> Result<Catalogue, Vec<KpiError>> {
    Catalogue::load(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())))
}

fn sound() -> Catalogue {
    load(&[("kpi/adoption/reach.sql", REACH), ("views/usage_cells.sql", USAGE), ("views/spine.sql", SPINE)])
        .unwrap()
}

/// The problems after replacing `from` (which must be there) by `to` in the sound file.
fn broken(from: &str, to: &str) -> Vec<String> {
    assert!(REACH.contains(from), "{from}");
    let text = REACH.replacen(from, to, 1);
    match load(&[("kpi/adoption/reach.sql", &text)]) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

#[track_caller]
fn one(from: &str, to: &str, expected: &str) {
    let errors = broken(from, to);
    assert!(errors.len() == 1 && errors[0].contains(expected), "expected `{expected}`, got {errors:#?}");
}

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn a_sound_file_is_read_whole() {
    let catalogue = sound();
    let kpi = catalogue.get("adoption.reach").unwrap();
    assert_eq!((kpi.question.as_str(), kpi.name.as_str()), ("adoption", "reach"));
    assert_eq!((kpi.version, &kpi.unit, kpi.window), (1, &Unit::Share, 12));
    assert_eq!((kpi.rollup.kind, kpi.rollup.scale, kpi.rollup.divide_by), (RollupKind::Ratio, 1, 1));
    assert_eq!(kpi.title.get(Lang::Nn), "Rekkjevidd");
    assert_eq!(kpi.sql, REACH);
    // As written, not in the order of the alphabet: the header is the answer's shape.
    let columns: Vec<&str> = kpi.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(columns, ["zone_nok", "active_share", "late"]);
    assert_eq!(kpi.columns[0].fill, ColumnFill::Rolled(ColumnRollup::Sum));
    assert_eq!(kpi.columns[0].divide_by, 100);
    let params: Vec<&str> = kpi.params.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(params, ["solution_id", "measure_id"]);
    assert_eq!(kpi.params[0].kind, ParamKind::Solution);
    assert_eq!(
        kpi.expected_columns(),
        [
            "period_start",
            "municipality_code",
            "numerator",
            "denominator",
            "state",
            "marks",
            "zone_nok",
            "late"
        ]
    );
}

#[test]
fn an_unknown_id_names_the_nearest() {
    let error = sound().get("adoption.raech").unwrap_err();
    assert_eq!(error.to_string(), "there is no KPI `adoption.raech`, did you mean `adoption.reach`?");
    assert_eq!(sound().get("zzz").unwrap_err().nearest, None);
}

#[test]
fn problems_have_a_line_and_a_fix() {
    assert_eq!(
        broken("owner   =", "ownr    ="),
        [
            "queries/kpi/adoption/reach.sql:7: the header cannot be read: unknown field `ownr`, expected one of \
          `title`, `answers`, `version`, `unit`, `better`, `owner`, `granularity`, `window`, `as_of_end`, `lookback`, \
          `caveats`, `rollup`, `params`, `columns`, `reasons`, `changes`; did you mean `owner`? see the grammar in queries/README.md"
        ]
    );
    assert_eq!(
        broken("WHERE used.solution_id = $solution_id", "WHERE used.solution_id = $solution"),
        [
            "queries/kpi/adoption/reach.sql: the parameter `solution_id` is declared and never used; \
             use `$solution_id` in the SQL or remove it",
            "queries/kpi/adoption/reach.sql:37: the SQL uses `$solution`, which the header does not declare; \
             did you mean `$solution_id`? or declare [params.solution]"
        ]
    );
}

#[test]
fn invalid_headers_are_refused() {
    one("/* kpi\n", "-- kpi\n/* kpi\n", "does not begin with its header");
    one("/* kpi\n", "/* view\n", "does not begin with its header");
    one("nn = \"Rekkjevidd\", ", "", "missing field `nn`");
    one("\"Rekkjevidd\"", "\" \"", "reach.sql:2: title.nn is empty");
    one("nn = [\"Kjelder tel ulikt.\"]", "nn = []", ":8: `caveats` do not say the same");
    one("version = 1", "version = 0", ":4: `version` is 0");
    one("version = 1", "version = 1\nwindow = 0", ":5: `window` is 0");
    one("version = 1", "version = 1\nversion = 3", "duplicate key");
    one("\"higher\"", "\"up\"", ":6: the header cannot be read: unknown variant `up`");
    one("unit    = \"share\"", "unit = \"Share!\"", "`Share!` is not a unit");
    one("unit    = \"share\"", "unit = \"per_1000\"", "with a scale of 1000");
    one("kind = \"ratio\"", "kind = \"ratio\"\ndivide_by = 0", "rollup.divide_by is not positive");
    one("type = \"solution\"", "type = \"choice\"", "`choices` of the parameter `solution_id`");
    one("default = \"users_active\"", "default = \"Users\"", "the default of the parameter `measure_id`");
    one("doc  = \"What is counted.\"", "doc = \"\"", "`measure_id` has an empty doc");
    one("rollup = \"any\"", "rollup = \"any\"\nafter = \"1\"", "`late` does not say in one way");
    one("rollup = \"any\"", "", "`late` does not say in one way");
    one(
        "doc = \"Kroner.\"\nunit = \"nok\"",
        "doc = \"Kroner.\"\nunit = \"hours\"",
        "does not agree with its unit",
    );
    one("unit = \"deliveries\"", "unit = \"hours\"", "let the name hold the word `hours`");
    one(
        "\"CAST(numerator AS DOUBLE) / denominator\"",
        "\"now()\"",
        "`after` of the column `active_share`: `now`",
    );
    one("doc = \"Kroner.\"", "doc = \"kr /* år\"", "opens a second comment");
}

#[test]
fn reserved_and_twice_used_names_are_refused() {
    let text = REACH.replace("[params.measure_id]", "[params.as_of]").replace("$measure_id", "$as_of");
    let errors = load(&[("kpi/adoption/reach.sql", &text)]).unwrap_err();
    assert!(errors[0].what.contains("cannot be called `as_of`"), "{errors:#?}");

    let errors = load(&[("kpi/a/b_c.sql", REACH), ("kpi/a_b/c.sql", REACH)]).unwrap_err();
    assert!(errors[0].what.contains("the same name in SQL"), "{errors:#?}");

    let errors = load(&[("kpi/Adoption/reach.sql", REACH), ("reach.sql", REACH)]).unwrap_err();
    assert!(errors[0].what.contains("`Adoption` cannot be part"), "{errors:#?}");
    assert!(errors[1].what.contains("no place for an SQL file"), "{errors:#?}");
}

#[test]
fn sql_that_breaks_a_rule_is_refused() {
    one("'SELECT * now()'", "now()", "`now` is not allowed");
    one("'SELECT * now()'", "CURRENT_DATE", "`current_date` is not allowed");
    one("'SELECT * now()'", "x AT TIME ZONE 'UTC'", "`AT TIME ZONE` is not allowed");
    one("'SELECT * now()' AS note", "spine.*", "`SELECT *` is not allowed");
    one("count(*) AS n", "357 AS n", "written as 357");
    one("count(*) AS n", "CAST(spine.municipality_code AS INT) AS n", "treated as a number");
    one("count(*) AS n", "municipality_code::bigint AS n", "treated as a number");
    one("count(*) AS n", "municipality_code = 301 AS n", "treated as a number");
    one("CAST(cells.n AS BIGINT) AS denominator", "NULL AS denominator", "the denominator is NULL");
    one(
        "CAST(cells.n AS BIGINT) AS denominator",
        "CAST(NULL AS BIGINT) AS denominator",
        "denominator is NULL",
    );
    one("    0 AS marks,\n", "", "column 6 of the final SELECT is not called `marks`");
    one("    false AS late\n", "    false AS late,\n    1 AS more\n", "has 9 columns, not 8");
    one("    cells.period_start,\n    cells.municipality_code\n", "    state", "the order of the rows");
}

#[test]
fn sums_casts_of_other_things_and_text_codes_pass() {
    for fine in [
        "CAST(count(spine.municipality_code) AS BIGINT) AS n",
        "CAST(spine.municipality_code AS VARCHAR) AS n",
        "CAST(n AS INT) AS n, municipality_code = '0301' AS m",
        "sum(a * b) AS n",
        "1356 AS n",
    ] {
        assert_eq!(broken("count(*) AS n", fine), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn a_kpi_looks_back_by_periods_or_by_a_year() {
    let files = |lookback: &str, relation: &str| {
        let text = REACH.replace("version = 1", &format!("version = 1\n{lookback}"));
        let text = text.replace("JOIN usage_cells AS", &format!("JOIN {relation} AS"));
        load(&[("kpi/a/b.sql", &text), ("views/usage_cells.sql", USAGE), ("views/spine.sql", SPINE)])
    };
    let kpi = |lookback, relation| files(lookback, relation).unwrap().get("a.b").unwrap().clone();
    assert_eq!(kpi("", "usage_cells").lookback, Lookback::Periods(0));
    assert_eq!(kpi("lookback = 3", "usage_cells").lookback.periods(), 3);
    let yearly = kpi("lookback = \"year\"", "usage_cells_year_ago");
    assert!(yearly.lookback.sees_year_ago() && yearly.lookback.periods() == 0);
    assert_eq!(yearly.views, ["spine", "usage_cells"]);
    let errors = files("lookback = \"month\"", "usage_cells").unwrap_err();
    assert!(errors[0].what.contains("a number of periods, or \"year\""), "{errors:#?}");
}

#[test]
fn only_areas_can_be_of_the_nation_alone() {
    let text = REACH.replace("kind = \"ratio\"", "kind = \"ratio\"\nnation_only = true");
    let files =
        [("kpi/a/b.sql", text.as_str()), ("views/usage_cells.sql", USAGE), ("views/spine.sql", SPINE)];
    let errors = load(&files).unwrap_err();
    assert!(errors.iter().any(|error| error.what.contains("nation_only is only for areas")), "{errors:#?}");
}

#[test]
fn only_a_share_that_is_sampled_has_an_interval() {
    let with = |rollup: &str, unit: &str| {
        let text = REACH.replace("kind = \"ratio\"", rollup).replace("unit    = \"share\"", unit);
        load(&[("kpi/a/b.sql", &text), ("views/usage_cells.sql", USAGE), ("views/spine.sql", SPINE)])
    };
    let interval = |rollup| with(rollup, "unit    = \"share\"").unwrap().get("a.b").unwrap().has_interval();
    assert!(interval("kind = \"ratio\"\nsampled = true") && !interval("kind = \"ratio\""));
    let errors = with("kind = \"count\"\nsampled = true", "unit    = \"persons\"").unwrap_err();
    assert!(errors.iter().any(|error| error.what.contains("sampled is only for shares")), "{errors:#?}");
}

#[test]
fn an_area_kpi_has_the_area_shape() {
    let text = r#"/* kpi
title   = { nb = "a", nn = "a", en = "a" }
answers = { nb = "a", nn = "a", en = "a" }
version = 1
unit    = "days"
better  = "lower"
owner   = "a"
granularity = "quarter"
window  = 4
[rollup]
kind = "area"
[columns.worst]
doc = "The slowest."
unit = "days"
*/
SELECT period_start, area_code, value, numerator, NULL AS denominator, state, coverage, coverage_of_expected, marks,
    municipalities_reported, municipalities_expected, worst
FROM areas
ORDER BY period_start ASC, area_code
"#;
    let catalogue = load(&[("kpi/quality/freshness.sql", text)]).unwrap();
    let kpi = catalogue.get("quality.freshness").unwrap();
    assert_eq!(kpi.columns[0].fill, ColumnFill::Selected);
    assert_eq!(kpi.expected_columns().len(), 12);
    assert_eq!((kpi.granularity.as_str(), kpi.window), ("quarter", 4));
}

#[test]
fn parameters_are_bound_in_declared_order_with_defaults() {
    let catalogue = sound();
    let kpi = catalogue.get("adoption.reach").unwrap();
    let text = |t: &str| ParamValue::Text(t.to_owned());
    assert_eq!(
        kpi.bind(&given(&[("solution_id", "digisos")])).unwrap(),
        [("solution_id".to_owned(), text("digisos")), ("measure_id".to_owned(), text("users_active"))]
    );
    let error = kpi.bind(&given(&[])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`adoption.reach` needs the parameter `solution_id` (The shared solution.); \
         give for example solution_id=digisos"
    );
    let error = kpi.bind(&given(&[("solution", "digisos")])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`adoption.reach` has no parameter `solution`, did you mean `solution_id`?; \
         it takes `solution_id`, `measure_id`"
    );
    let error = kpi.bind(&given(&[("solution_id", "Digi Sos")])).unwrap_err();
    assert!(
        matches!(error, ParamError::Invalid { .. })
            && error.to_string().contains("example solution_id=digisos")
    );
}

#[test]
fn every_type_takes_its_values_and_no_others() {
    let param = |kind, choices: &[&str]| crate::Param {
        name: "p".to_owned(),
        kind,
        doc: "d".to_owned(),
        default: None,
        main: None,
        only_main_kind: false,
        choices: choices.iter().map(|c| (*c).to_owned()).collect(),
    };
    let date = param(ParamKind::Date, &[]);
    assert_eq!(date.read("2024-02-29"), Ok(ParamValue::Date("2024-02-29".parse().unwrap())));
    for bad in ["2023-02-29", "2024-2-29", "+2024-02-29", "29.02.2024", ""] {
        assert!(date.read(bad).is_err(), "{bad}");
    }
    let integer = param(ParamKind::Integer, &[]);
    assert_eq!(integer.read("0"), Ok(ParamValue::Integer(0)));
    assert_eq!(integer.read("9999"), Ok(ParamValue::Integer(9999)));
    for bad in ["-3", "10000", "3.0", "99999999999999999999"] {
        assert!(integer.read(bad).is_err(), "{bad}");
    }
    let number = param(ParamKind::Number, &[]);
    assert_eq!(number.read("0.5"), Ok(ParamValue::Number(0.5)));
    assert!(number.read("0,5").is_err() && number.read("NaN").is_err() && number.read("inf").is_err());
    let choice = param(ParamKind::Choice, &["low", "high"]);
    assert_eq!(choice.read("low"), Ok(ParamValue::Text("low".to_owned())));
    assert_eq!(choice.read("mid"), Err(crate::param::ValueError::Choice("low, high".to_owned())));
    assert!(param(ParamKind::Text, &[]).read("a\0b").is_err());
}

#[test]
fn the_page_is_in_the_readers_language() {
    let catalogue = sound();
    let page = catalogue.get("adoption.reach").unwrap().markdown(Lang::Nn);
    for line in [
        "# Rekkjevidd (`adoption.reach`)",
        "- Eining: share (høgare er betre)",
        "- For område: `sum(numerator) / sum(denominator)`",
        "| `solution_id` | solution | The shared solution. | må oppgjevast |",
        "| `measure_id` | measure | What is counted. | standard `users_active` |",
        "| `active_share` | share | Again. (`CAST(numerator AS DOUBLE) / denominator`) |",
        "- Kjelder tel ulikt.",
    ] {
        assert!(page.lines().any(|l| l == line), "{line}\n---\n{page}");
    }
}

#[path = "catalogue_reason_tests.rs"]
mod codes;
#[path = "catalogue_view_tests.rs"]
mod views;
