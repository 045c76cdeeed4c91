//! Rows that are wrong, each in one way: every one is refused, with its column, the reason and how to mend it.

use super::*;

/// A header, rows that are wrong, the column that is, and the kind of reason.
type Wrong = (&'static str, &'static str, Vec<String>, &'static str, ReasonCode);

fn rows_of(pattern: &str, values: &[&str]) -> Vec<String> {
    values.iter().map(|value| pattern.replace('?', value)).collect()
}

const SOLUTIONS: &str = "solution_id;name_nb;name_nn;name_en;owner;service_area;launched";
const VALUES: &str =
    "solution_id;measure_id;benefit_kind;unit;low;central;high;valid_from;valid_to;source;quality;owner";
const PRICES: &str = "solution_id;population_from;population_to;ore_once;ore_a_year;ore_per_inhabitant_a_year;valid_from;\
        valid_to;source;quality";
const TARGETS: &str = "metric;solution_id;scope;value;baseline_period;baseline_value;path;due;owner";
const MEASURES: &str = "solution_id;measure_id;unit;kind;rollup;stamp;sensitivity;main";
const MEMBERS: &str = "wave_id;municipality_code;division_date;planned_date";
const FEES: &str = "network_id;ore_a_year;ore_per_inhabitant_a_year;ore_a_year_max;host_code;valid_from;valid_to;source;quality";
const IDS: [&str; 9] =
    ["DigiVann", "1vann", "digi vann", "å", "../vann", "digivann!", "DIGI", "-a", "digi.vann"];
const DAYS: [&str; 9] = [
    "2026-13-01",
    "2026-02-30",
    "31.02.2026",
    "i går",
    "1899-12-31",
    "2200-01-01",
    "2026",
    "26-01-01",
    "1/2/2026",
];
const WHOLES: [&str; 7] = ["-1", "-400", "a", "1e3", "12 kr", "9999999999999999", "0x10"];
const HALVES: [&str; 2] = ["1.5", "10,25"];
const CODES: [&str; 4] = ["46010", "46", "x", "4601 Bergen"];

/// Wrong rows about solutions, what is counted and what it is worth, each of which alone is the file.
#[rustfmt::skip] // A row a line, since it is a table.
fn of_solutions() -> Vec<Wrong> {
    use ReasonCode::*;
    vec![
        ("solutions", SOLUTIONS, rows_of("?;a;a;a;KS;x;", &IDS), "solution_id", InvalidId),
        ("solutions", SOLUTIONS, rows_of("digivann;a;a;a;KS;x;?", &DAYS), "launched", InvalidDate),
        ("solutions", SOLUTIONS, vec!["digivann;;a;a;KS;x;".into()], "name_nb", MissingField),
        ("solutions", SOLUTIONS, vec!["digivann;a;;a;KS;x;".into()], "name_nn", MissingField),
        ("solutions", SOLUTIONS, vec!["digivann;a;a;a;;x;".into()], "owner", MissingField),
        ("solutions", SOLUTIONS, vec![";a;a;a;KS;x;".into()], "solution_id", MissingField),
        ("solutions", SOLUTIONS, vec![format!("digivann;{};a;a;KS;x;", "a".repeat(2001))], "name_nb", SizeLimit),
        ("solutions", SOLUTIONS, rows_of("digivann;?;a;a;KS;x;", &["=A1"]), "name_nb", InvalidField),
        ("measures", MEASURES, rows_of("digihelse;?;x;flow;sum;start;open;", &["Uses", "2", "a b"]), "measure_id", InvalidId),
        ("measures", MEASURES, rows_of("?;visits;x;flow;sum;start;open;", &["digihels", "svar-ut", "nosuch"]), "solution_id", NotRegistered),
        ("measures", MEASURES, rows_of("digihelse;visits;x;?;sum;start;open;", &["flows", "x", "sum"]), "kind", UnknownWord),
        ("measures", MEASURES, rows_of("digihelse;visits;x;stock;?;end;open;", &["sum", "mean", "none"]), "rollup", Contradiction),
        ("measures", MEASURES, rows_of("digihelse;visits;x;share;?;end;open;", &["sum"]), "rollup", Contradiction),
        ("measures", MEASURES, rows_of("digihelse;visits;x;flow;sum;?;open;", &["middle", "0"]), "stamp", UnknownWord),
        ("measures", MEASURES, rows_of("digihelse;visits;x;flow;sum;start;?;", &["closed", "secret"]), "sensitivity", UnknownWord),
        ("measures", MEASURES, rows_of("digihelse;visits;x;flow;sum;start;open;?", &["kanskje", "2", "maybe"]), "main", UnknownWord),
        // DigiHelse has a main flow already.
        ("measures", MEASURES, rows_of("digihelse;visits;x;flow;sum;start;open;?", &["ja", "true", "x"]), "main", Contradiction),
        ("unit_values", VALUES, rows_of("digihelse;?;avoided_cost;ore;1;2;3;2026-01-01;;s;published;KS", &["use", "user", "visits"]), "measure_id", NotRegistered),
        ("unit_values", VALUES, rows_of("digihelse;uses;?;ore;1;2;3;2026-01-01;;s;published;KS", &["cost", "time", "nok"]), "benefit_kind", UnknownWord),
        ("unit_values", VALUES, vec!["digihelse;uses;avoided_cost;second;1;2;3;2026-01-01;;s;published;KS".into()], "unit", Contradiction),
        ("unit_values", VALUES, vec!["digihelse;uses;saved_time;ore;1;2;3;2026-01-01;;s;published;KS".into()], "unit", Contradiction),
        ("unit_values", VALUES, rows_of("digihelse;uses;avoided_cost;ore;?;2;3;2026-01-01;;s;published;KS", &WHOLES[..2]), "low", OutOfRange),
        ("unit_values", VALUES, rows_of("digihelse;uses;avoided_cost;ore;?;2;3;2026-01-01;;s;published;KS", &WHOLES[2..5]), "low", InvalidNumber),
        ("unit_values", VALUES, rows_of("digihelse;uses;avoided_cost;ore;1;?;3;2026-01-01;;s;published;KS", &HALVES), "central", Fraction),
        ("unit_values", VALUES, rows_of("digihelse;uses;avoided_cost;ore;?;2;3;2026-01-01;;s;published;KS", &["3", "100"]), "central", WrongOrder),
        ("unit_values", VALUES, rows_of("digihelse;uses;avoided_cost;ore;1;2;?;2026-01-01;;s;published;KS", &["1", "0"]), "high", WrongOrder),
        ("unit_values", VALUES, rows_of("digihelse;uses;avoided_cost;ore;1;2;3;2026-01-01;?;s;published;KS", &["2026-01-01", "2025-12-31", "1999-01-01"]), "valid_to", WrongOrder),
        ("unit_values", VALUES, rows_of("digihelse;uses;avoided_cost;ore;1;2;3;?;;s;published;KS", &DAYS), "valid_from", InvalidDate),
        ("unit_values", VALUES, rows_of("digihelse;uses;avoided_cost;ore;1;2;3;;;s;published;KS", &[""]), "valid_from", MissingField),
        // SvarUt's holds since 2017 without an end.
        ("unit_values", VALUES, rows_of("svarut;uses;avoided_cost;ore;1;2;3;?;;s;published;KS", &["2016-01-01", "2018-01-01", "2030-01-01"]), "valid_from", Overlap),
        ("unit_values", VALUES, rows_of("digihelse;uses;avoided_cost;ore;1;2;3;2026-01-01;;;published;KS", &[""]), "source", MissingField),
        ("unit_values", VALUES, rows_of("digihelse;uses;avoided_cost;ore;1;2;3;2026-01-01;;s;?;KS", &["good", "gjettet"]), "quality", UnknownWord),
        ("prices", PRICES, rows_of("digiorden;?;;1;1;1;2019-01-01;2020-01-01;s;published", &WHOLES[..2]), "population_from", OutOfRange),
        ("prices", PRICES, rows_of("digiorden;500;?;1;1;1;2019-01-01;2020-01-01;s;published", &["500", "499", "1"]), "population_to", WrongOrder),
        // The shipped prices hold from 2021 on.
        ("prices", PRICES, rows_of("digiorden;?;;1;1;1;2022-01-01;;s;published", &["100", "4999", "600000"]), "valid_from", Overlap),
        ("prices", PRICES, rows_of("digihelse;0;;?;1;1;2022-01-01;;s;published", &WHOLES[..2]), "ore_once", OutOfRange),
        ("prices", PRICES, rows_of("digihelse;0;;1;?;1;2022-01-01;;s;published", &WHOLES[2..5]), "ore_a_year", InvalidNumber),
        ("prices", PRICES, rows_of("digihelse;0;;1;1;?;2022-01-01;;s;published", &WHOLES[5..6]), "ore_per_inhabitant_a_year", OutOfRange),
        ("prices", PRICES, rows_of("?;0;;1;1;1;2022-01-01;;s;published", &["digi", "digiordne"]), "solution_id", NotRegistered),
    ]
}

/// The same about goals, waves and networks.
#[rustfmt::skip] // A row a line, since it is a table.
fn of_plans() -> Vec<Wrong> {
    use ReasonCode::*;
    vec![
        ("targets", TARGETS, rows_of("?;digihelse;nation;0,5;2024-01-01;0;straight;2030-01-01;KS", &["reach", "Adoption.reach", "a.b.c d"]), "metric", InvalidId),
        ("targets", TARGETS, rows_of("?;digihelse;nation;0,5;2024-01-01;0;straight;2030-01-01;KS", &["adoption.reac", "x.y"]), "metric", NotRegistered),
        ("targets", TARGETS, rows_of("adoption.reach;digihelse;nation;?;2024-01-01;0;straight;2030-01-01;KS", &["1.5", "80", "120 %", "1,01"]), "value", OutOfRange),
        ("targets", TARGETS, rows_of("adoption.reach;digihelse;nation;?;2024-01-01;0;straight;2030-01-01;KS", &["-0.1", "-5 %"]), "value", OutOfRange),
        ("targets", TARGETS, rows_of("adoption.reach;digihelse;nation;?;2024-01-01;0;straight;2030-01-01;KS", &["mye", "1.000,5", "NaN", "inf"]), "value", InvalidNumber),
        ("targets", TARGETS, rows_of("adoption.reach;digihelse;nation;0.5;2024-01-01;?;straight;2030-01-01;KS", &["2", "-1"]), "baseline_value", OutOfRange),
        ("targets", TARGETS, rows_of("adoption.reach;digihelse;nation;0.5;2024-01-01;0;straight;?;KS", &["2024-01-01", "2023-12-31"]), "due", WrongOrder),
        ("targets", TARGETS, rows_of("adoption.reach;digihelse;?;0.5;2024-01-01;0;straight;2030-01-01;KS", &["county:46", "norway", "4601"]), "scope", UnknownWord),
        ("targets", TARGETS, rows_of("adoption.reach;digihelse;network:?;0.5;2024-01-01;0;straight;2030-01-01;KS", &["digi-vestlan", "nosuch"]), "scope", NotRegistered),
        ("targets", TARGETS, rows_of("adoption.reach;digihelse;municipality:?;0.5;2024-01-01;0;straight;2030-01-01;KS", &["4699", "301"]), "scope", LostZero),
        ("targets", TARGETS, rows_of("adoption.reach;digihelse;nation;0.5;2024-01-01;0;?;2030-01-01;KS", &["curve", "linear"]), "path", UnknownWord),
        ("waves", "wave_id;solution_id;network_id;name", rows_of("v;digihelse;?;N", &["digi-vest", "nosuch"]), "network_id", NotRegistered),
        ("waves", "wave_id;solution_id;network_id;name", rows_of("?;digihelse;;N", &IDS), "wave_id", InvalidId),
        ("wave_members", MEMBERS, rows_of("nosuch;4601;;?", &["2026-01-01", ""]), "wave_id", NotRegistered),
        ("wave_members", MEMBERS, rows_of("w;?;;", &CODES), "municipality_code", InvalidCode),
        ("wave_members", MEMBERS, rows_of("w;?;;", &["301", "101"]), "municipality_code", LostZero),
        ("wave_members", MEMBERS, rows_of("w;?;;", &["9999", "4699"]), "municipality_code", Placeholder),
        ("wave_members", MEMBERS, rows_of("w;4601;?;", &["2024-02-01", "2025-01-01"]), "division_date", NotRegistered),
        ("networks", "network_id;name;county_codes;source;certainty", rows_of("n;N;?;s;seen", &["4", "046", "Vestland"]), "county_codes", InvalidCode),
        ("networks", "network_id;name;county_codes;source;certainty", rows_of("n;N;?;s;seen", &["99", "46 98"]), "county_codes", NotRegistered),
        ("network_members", "network_id;municipality_code;certainty", rows_of("digi-agder;?;seen", &["4601", "4602", "4611"]), "valid_from", Overlap),
        ("membership_fees", FEES, rows_of("digi-agder;?;1;;;2026-01-01;;s;declared", &WHOLES[..2]), "ore_a_year", OutOfRange),
        ("membership_fees", FEES, rows_of("digi-agder;1;1;;?;2026-01-01;;s;declared", &["301"]), "host_code", LostZero),
        ("membership_fees", FEES, rows_of("?;1;1;;;2026-01-01;;s;declared", &["digi-agde", "x"]), "network_id", NotRegistered),
        ("baselines", "solution_id;measure_id;municipality_code;value_a_month;measured_on;method", rows_of("digihelse;uses;4601;?;2024-01-01;m", &WHOLES[..2]), "value_a_month", OutOfRange),
        ("baselines", "solution_id;measure_id;municipality_code;value_a_month;measured_on;method", rows_of("digihelse;uses;4601;1;?;m", &DAYS), "measured_on", InvalidDate),
        ("target_groups", "target_group_id;solution_id;rule;age_from;age_to;source", rows_of("old;digihelse;r;?;;s", &["-1", "121", "900"]), "age_from", OutOfRange),
        ("target_groups", "target_group_id;solution_id;rule;age_from;age_to;source", rows_of("old;digihelse;r;67;?;s", &["67", "66", "1"]), "age_to", WrongOrder),
        ("targets", TARGETS, rows_of("adoption.reach;digihelse;nation;0.5;?;0;straight;2030-01-01;KS", &DAYS), "baseline_period", InvalidDate),
        ("targets", TARGETS, rows_of("adoption.reach;digihelse;nation;0.5;2024-01-01;0;straight;?;KS", &DAYS), "due", InvalidDate),
        ("targets", TARGETS, rows_of("adoption.reach;?;nation;0.5;2024-01-01;0;straight;2030-01-01;KS", &["digihels", "none"]), "solution_id", NotRegistered),
    ]
}

#[test]
fn every_wrong_row_is_refused_with_column_reason_and_fix() {
    let (_dir, mut writer) = ready();
    assert_eq!(applied(&mut writer, "waves", "wave_id,solution_id,name\nw,digihelse,N\n").edition, 2);
    let mut tried = 0;
    for (table, header, rows, column, code) in of_solutions().into_iter().chain(of_plans()) {
        for row in rows {
            let found = proposal(writer.lake(), table, &format!("{header}\n{row}\n"));
            let [refusal] = found.refusals.as_slice() else {
                panic!("{table}: {row}: {:?} {:?} {:?}", found.breach, found.refusals, found.changes);
            };
            // 4699 as a scope is a placeholder, as a code that lost nothing.
            let is_code = refusal.reason.code == code
                || row.contains("4699") && refusal.reason.code == ReasonCode::Placeholder;
            assert!(is_code && refusal.column.as_deref() == Some(column), "{table}: {row}: {refusal:?}");
            assert!(
                refusal.row == 2 && refusal.fix.len() > 5 && row.starts_with(&refusal.raw),
                "{table}: {row}: {refusal:?}"
            );
            assert!(found.changes.is_empty() && found.is_refused(), "{table}: {row}");
            tried += 1;
        }
    }
    assert!(tried >= 200, "{tried}");
    assert_eq!(writer.lake().latest().unwrap().unwrap().number, 2);
}
