//! Which column of a file without a contract is taken, and what is left to a person.

use super::propose::{about, all, known};
use crate::delimited::{About, Contract, TO_CHOOSE, parse, propose};

/// A file with a solution and a measure requested.
fn request(file_name: &str, solution: &str, measure: &str) -> About {
    let mut about = about(file_name);
    about.solution = Some(solution).filter(|id| !id.is_empty()).map(|id| id.parse().unwrap());
    about.measure = Some(measure).filter(|id| !id.is_empty()).map(|id| id.parse().unwrap());
    about
}

/// What the proposal reads, or why there is none; and the proposal.
fn tried(text: &str, about: &About) -> (Vec<String>, String) {
    match propose(text.as_bytes(), about, &known()) {
        Ok(toml) => (all(&parse(text.as_bytes(), &Contract::from_toml(&toml).unwrap())), toml),
        Err(error) => (Vec::new(), error.text),
    }
}

#[test]
fn of_columns_named_by_solutions_the_one_requested_is_read() {
    let text = "Kommunenr;Måned;SvarUt;Digisos\n0301;2024-01;3;40\n4601;2024-01;5;60\n";
    for (solution, numbers) in [("digisos", [40, 60]), ("svarut", [3, 5])] {
        let (read, toml) = tried(text, &request("x", solution, "uses"));
        let [first, second] = numbers;
        let expected = [
            format!("{solution} uses 0301 2024-01 {first}"),
            format!("{solution} uses 4601 2024-01 {second}"),
        ];
        assert_eq!(read, expected, "{toml}");
    }
    // Whether or not a column is called a count.
    let beside = "Kommunenr;Måned;Antall totalt;SvarUt;Digisos\n0301;2024-01;43;3;40\n4601;2024-01;65;5;60\n";
    let (read, toml) = tried(beside, &request("x", "digisos", "uses"));
    assert_eq!(read[0], "digisos uses 0301 2024-01 40", "{toml}");
}

#[test]
fn columns_of_other_solutions_are_none_of_the_one_requested() {
    let text = "Kommunenr;Måned;Digital postkasse;eInnsyn\n0301;2024-01;3;40\n4601;2024-01;5;60\n";
    let (read, why) = tried(text, &request("x", "svarut", "uses"));
    assert!(read.is_empty() && why.contains("`eInnsyn`") && why.contains("than `svarut`"), "{why}");
    let one = "Kommunenr;Måned;Digisos\n0301;2024-01;40\n4601;2024-01;60\n";
    assert!(tried(one, &request("x", "svarut", "uses")).1.contains("`Digisos`"));
    assert!(
        tried(one, &request("svarut 2024", "", "uses")).1.contains("the file's name or title by `svarut`")
    );
    assert_eq!(tried(one, &request("x", "", "uses")).0[0], "digisos uses 0301 2024-01 40");
    let beside = "Kommunenr;Måned;Digisos;Antall\n0301;2024-01;40;7\n4601;2024-01;60;8\n";
    assert_eq!(tried(beside, &request("x", "svarut", "uses")).0[0], "svarut uses 0301 2024-01 7");
    assert!(!tried(beside, &request("x", "svarut", "uses")).1.contains(TO_CHOOSE));
}
