//! The house's own `queries/` keep the rules, and the README's example header is one that loads.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as tests do")]

use std::{fs, path::Path};

use utbredt_kpi::Catalogue;

fn collect(root: &Path, dir: &Path, out: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, out);
        } else {
            let below = path.strip_prefix(root).unwrap().components();
            let below: Vec<_> = below.map(|part| part.as_os_str().to_string_lossy()).collect();
            out.push((below.join("/"), fs::read_to_string(&path).unwrap()));
        }
    }
}

fn queries() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../queries");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    files
}

#[track_caller]
fn load(files: Vec<(String, String)>) -> Catalogue {
    Catalogue::load(files).unwrap_or_else(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        panic!("{}", errors.join("\n"))
    })
}

#[test]
fn every_file_keeps_the_rules() {
    load(queries());
}

#[test]
fn the_example_in_the_readme_loads() {
    let files = queries();
    let (_, readme) = files.iter().find(|(path, _)| path == "README.md").unwrap();
    let start = readme.find("/* kpi\ntitle").unwrap();
    let length = readme[start..].find("```").unwrap();
    let sql = "SELECT s.period_start, s.municipality_code, u.value AS numerator, e.eligible AS denominator, u.state, \
               u.marks FROM spine AS s LEFT JOIN usage_cells AS u ON u.solution_id = $solution_id AND \
               u.measure_id = $measure_id LEFT JOIN eligible_cells AS e ON true \
               ORDER BY s.period_start, s.municipality_code";
    let text = format!("{}{sql}", &readme[start..start + length]);
    let catalogue = load(vec![("kpi/adoption/reach.sql".to_owned(), text)]);
    assert_eq!(catalogue.kpis().len(), 1);
}
