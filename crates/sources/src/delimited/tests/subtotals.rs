//! Rows that a contract adds up, of which some add up others: a sum with both would count twice.

use super::propose::{about, known};
use super::{PLAIN, contract, shown};
use crate::delimited::{parse, propose};

const CODES: [&str; 5] = ["0301", "1103", "4601", "5001", "1508"];

/// Rows of five municipalities; each word has its number and what it grows by.
fn rows(words: &[(&str, i64, i64)]) -> String {
    let of = |(place, code): (usize, &&str)| -> String {
        let own = words
            .iter()
            .map(|(word, first, step)| format!("{code};2025-01;{word};{}\n", first + step * place as i64));
        own.collect()
    };
    CODES.iter().enumerate().map(of).collect()
}

fn read(more: &str, rows: &str) -> utbredt_model::Parsed {
    let rules = contract(&format!("{PLAIN}{more}value.sum_over = [\"d\"]\n"));
    parse(format!("kommune;periode;d;antall\n{rows}").as_bytes(), &rules)
}

#[test]
fn a_word_that_adds_up_some_of_the_others_holds_the_delivery() {
    for (words, held) in [
        (["Helse totalt", "Sykehjem", "Hjemme", "Skole"], "is named as a total of others there"),
        (["Helse", "Helse - sykehjem", "Helse - hjemme", "Skole"], "(`Helse - hjemme`, `Helse - sykehjem`)"),
        (["1", "1.1", "1.2", "2"], "(`1.1`, `1.2`)"),
        (
            ["Digitalt", "  app", "  web", "Papir"],
            "holds others there by how they are written (`app`, `web`)",
        ),
        (["a", "b", "c", "x"], "is as much as `b`, `c` there together in each of 5 sums with numbers"),
    ] {
        let numbers = [(30, 3), (10, 1), (20, 2), (7, 1)];
        let words: Vec<(&str, i64, i64)> =
            words.iter().zip(numbers).map(|(word, (first, step))| (*word, first, step)).collect();
        let parsed = read("", &rows(&words));
        assert_eq!(parsed.breaches.len(), 1, "{parsed:?}");
        let named = format!("row 2: `{}` in column `d` ", words[0].0);
        assert!(parsed.breaches[0].starts_with(&named) && parsed.breaches[0].contains(held), "{parsed:?}");
        // What the reason advises leaves it out: 10 + 20 + 7.
        for rule in [
            format!(
                "filter.d = [\"{}\", \"{}\", \"{}\"]\n",
                words[1].0.trim(),
                words[2].0.trim(),
                words[3].0
            ),
            format!("totals = {{ column = \"d\", names = [\"{}\"] }}\n", words[0].0),
        ] {
            let parsed = read(&rule, &rows(&words));
            assert_eq!(parsed.breaches, Vec::<String>::new(), "{rule}");
            assert_eq!(shown(&parsed)[0], "0301 2025-01 37", "{rule}");
        }
    }
    // One part alone.
    let parsed = read("", &rows(&[("Digitalt", 20, 2), ("Digitalt (app)", 20, 2), ("Papir", 7, 1)]));
    let expected = "row 2: `Digitalt` in column `d` holds others there by how they are written (`Digitalt (app)`), and \
        `sum_over` would add it to them: list the words to add by `\"d\" = [\"Digitalt (app)\", \"Papir\"]` in [filter], or leave it \
        out by its name in [totals]; if it is a part of its own after all, write it so that it does not look like a total, or \
        release the delivery";
    assert_eq!(parsed.breaches, [expected]);
}

#[test]
fn words_that_only_look_alike_are_parts() {
    for words in [
        ["Digital", "Digital post", "Papir", "Telefon"],
        ["18", "18-66", "0-17", "67+"],
        ["Helse", "Helse- og omsorg", "Helseapp", "Skole"],
        ["1", "11", "12", "2"],
    ] {
        let numbers = [(31, 3), (10, 1), (20, 5), (7, 1)];
        let words: Vec<(&str, i64, i64)> =
            words.iter().zip(numbers).map(|(word, (first, step))| (*word, first, step)).collect();
        let parsed = read("", &rows(&words));
        let of_some = parsed.breaches.iter().filter(|breach| breach.contains("[totals]"));
        assert_eq!(of_some.count(), 0, "{parsed:?}");
    }
    // In one sum it is not, or the numbers are too few to say so.
    let words = [("a", 30, 3), ("b", 10, 1), ("c", 20, 2), ("x", 7, 1)];
    let whole = rows(&words);
    for rows in [
        whole.replace("1508;2025-01;a;42", "1508;2025-01;a;43"),
        whole.split_inclusive('\n').take(8).collect(),
    ] {
        assert!(read("", &rows).breaches.is_empty(), "{rows}");
    }
}

#[test]
fn totals_within_a_total_are_each_named() {
    let words = [("t", 37, 12), ("a", 30, 3), ("b", 10, 1), ("c", 20, 2), ("x", 7, 9)];
    let parsed = read("", &rows(&words));
    let named: Vec<&str> =
        parsed.breaches.iter().map(|breach| breach.split(" there").next().unwrap()).collect();
    let expected = [
        "row 3: `a` in column `d` is as much as `b`, `c`",
        "row 2: `t` in column `d` is as much as `a`, `x`",
    ];
    assert_eq!(named, expected);
    assert!(parsed.breaches[0].contains("`\"d\" = [\"b\", \"c\", \"x\"]` in [filter]"), "{parsed:?}");
}

#[test]
fn a_proposal_names_the_words_that_add_up_some_of_the_others() {
    for words in [["Helse totalt", "Sykehjem", "Hjemme", "Skole"], ["a", "b", "c", "x"]] {
        let numbers = [(30, 3), (10, 1), (20, 2), (7, 1)];
        let words: Vec<(&str, i64, i64)> =
            words.iter().zip(numbers).map(|(word, (first, step))| (*word, first, step)).collect();
        let text = format!("Kommunenr;Måned;Gruppe;Antall\n{}", rows(&words));
        let toml = propose(text.as_bytes(), &about("svarut"), &known()).unwrap();
        assert!(toml.contains(&format!("`{}` seems to add up others", words[0].0)), "{toml}");
        assert!(toml.contains("\"Gruppe\" = \"to-choose\""), "{toml}");
    }
}
