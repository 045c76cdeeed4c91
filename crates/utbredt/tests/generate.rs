//! A generated lake as anyone makes and asks it: it verifies, every answer is marked, and its exports are its rows.

#[path = "kit/mod.rs"]
mod kit;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

/// Runs the command in a folder, to its end, and gives what it wrote.
fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = kit::command(folder, arguments).output().expect("the command starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("output is UTF-8")
}

/// Lines of a query's answer, without its header.
fn sql(folder: &Path, text: &str) -> Vec<String> {
    let answer = run(folder, &["sql", text, "--format", "csv"]);
    answer.lines().skip(1).map(str::to_owned).collect()
}

fn generate(folder: &Path, seed: &str, lake: &str, export: &str) -> String {
    let size = ["generate", "--scale", "0.03", "--deliveries", "12"];
    run(folder, &[&size[..], &["--seed", seed, "--lake", lake, "--export", export]].concat())
}

/// The exported files of a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("an export").map(|entry| entry.expect("an entry").path());
    entries
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read(path).expect("its bytes"))
        })
        .collect()
}

#[test]
fn a_generated_lake_verifies_and_its_exports_are_its_rows() {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = temporary.path();
    let said = generate(folder, "5", "lake", "export");
    assert!(said.starts_with("SYNTHETIC: lake has 7 solutions and "), "{said}");
    assert!(said.contains("in 12 deliveries") && said.contains("SYNTHETIC: export has "), "{said}");
    let verified = run(folder, &["verify", "--json"]);
    assert!(verified.contains("\"problems\":[]"), "{verified}");
    assert_eq!(sql(folder, "SELECT count(*) FROM usage WHERE NOT synthetic"), ["0"]);
    assert_eq!(sql(folder, "SELECT count(*) FROM receipts WHERE source_id = 'synthetic-usage'"), ["12"]);
    let expected = sql(
        folder,
        "SELECT solution_id, sum(value) FROM usage WHERE measure_id = 'uses' GROUP BY solution_id ORDER BY solution_id",
    );
    assert_eq!(expected.len(), 7);
    let shown = |sums: BTreeMap<String, i64>| -> Vec<String> {
        sums.into_iter().map(|(solution, sum)| format!("{solution},{sum}")).collect()
    };
    let export = folder.join("export");
    assert_eq!(shown(csv_sums(&export.join("usage.csv"))), expected);
    assert_eq!(shown(parquet_sums(&export.join("usage.parquet"))), expected);
    every_value_is_marked(folder);
    the_same_seed_gives_the_same_bytes(folder);
}

/// Uses of each solution in an exported CSV.
fn csv_sums(path: &Path) -> BTreeMap<String, i64> {
    let text = std::fs::read_to_string(path).expect("a CSV");
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let [solution, measure, value, synthetic] = ["solution_id", "measure_id", "value", "synthetic"]
        .map(|name| header.iter().position(|have| *have == name).expect("a column"));
    let mut sums = BTreeMap::new();
    for fields in lines {
        assert_eq!(fields[synthetic], "true");
        if fields[measure] == "uses" {
            *sums.entry(fields[solution].to_owned()).or_default() += fields[value].parse().unwrap_or(0);
        }
    }
    sums
}

/// Uses of each solution in an exported Parquet file.
fn parquet_sums(path: &Path) -> BTreeMap<String, i64> {
    let file = File::open(path).expect("a Parquet file");
    let batches = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| builder.build());
    let mut sums = BTreeMap::new();
    for batch in batches.expect("a reader") {
        let batch = batch.expect("rows");
        let texts = |name: &str| batch[name].as_string::<i32>().iter().map(Option::unwrap_or_default);
        let values = batch["value"].as_primitive::<Int64Type>().iter();
        for ((solution, measure), value) in texts("solution_id").zip(texts("measure_id")).zip(values) {
            if measure == "uses" {
                *sums.entry(solution.to_owned()).or_default() += value.unwrap_or(0);
            }
        }
    }
    sums
}

/// KPIs of every kind: each row that has a value has the mark. A 0 where no stage was ever reported rests on no row.
fn every_value_is_marked(folder: &Path) {
    for kpi in [
        "adoption.reach",
        "rollout.population_coverage",
        "targets.target_progress",
        "benefit.realised",
        "benefit.cost",
    ] {
        for by in ["municipality", "nation"] {
            let question = ["kpi", "run", kpi, "--by", by, "--format", "json"];
            let about = ["--param", "solution_id=syntetisk-0001", "--from", "2020-02", "--to", "2020-03"];
            let metric = if kpi == "targets.target_progress" {
                &["--param", "metric=adoption.reach"][..]
            } else {
                &[]
            };
            let answer = run(folder, &[&question[..], &about, metric].concat());
            let answer: Value = serde_json::from_str(&answer).expect("JSON");
            let rows = answer["rows"].as_array().or(answer["data"].as_array()).expect("rows");
            let with_value: Vec<_> =
                rows.iter().filter(|row| row["value"].as_f64().is_some_and(|value| value != 0.0)).collect();
            assert!(!with_value.is_empty(), "{kpi} by {by} has no value: {answer}");
            for row in with_value {
                assert!(row["marks"].to_string().contains("synthetic"), "{kpi} by {by}: {row}");
            }
        }
    }
}

fn the_same_seed_gives_the_same_bytes(folder: &Path) {
    generate(folder, "5", "lake2", "export2");
    generate(folder, "6", "lake3", "export3");
    let [one, two, other] = ["export", "export2", "export3"].map(|name| files(&folder.join(name)));
    assert!(one.len() > 30 && one == two, "the same seed");
    assert_eq!(one["municipalities.parquet"], other["municipalities.parquet"]);
    for name in ["usage.csv", "usage.parquet", "rollout_events.csv", "baselines.parquet"] {
        assert!(one[name] != other[name], "{name} of another seed");
    }
    let again = kit::command(folder, &["generate", "--scale", "0.03", "--lake", "lake"]).output();
    let said = String::from_utf8(again.expect("the command starts").stderr).expect("UTF-8");
    assert!(said.contains("choose a folder that is empty"), "{said}");
}
