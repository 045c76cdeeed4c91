//! Numbers that name a case or a person's age: a list of cases has one row for each, and counts nothing itself.

use std::collections::BTreeMap;

use super::meaning::Other;
use super::sketch::{Column, Free, Sketch};
use super::titles::year_in;
use super::words::{begins, has, spaced};

/// Fewer rows rise by chance, and so do shorter numbers.
const LEAST_ROWS: usize = 3;
const LEAST_DIGITS: usize = 5;

/// Whether a name is one of case numbers, ages or other things that nobody adds up.
pub(super) fn names_cases(name: &str) -> bool {
    let text = spaced(name);
    let plain = begins(
        &text,
        "referanse, reference, løpenummer, løpenr, saksnr, saksnummer, saknr, saksid, alder, fødselsår, fødeår, postnr",
    ) || has(&text, "ref, id, uuid, age, birth year, case no, case number");
    // `sakId`, `SakID`: a capital behind a small letter begins a word.
    let front = name.trim().strip_suffix("Id").or_else(|| name.trim().strip_suffix("ID"));
    plain || front.is_some_and(|front| front.ends_with(char::is_lowercase))
}

/// Whether numbers are all different, of as many digits and rise by row, as those of cases do.
fn are_numbers_of_cases(column: &Column<'_>) -> bool {
    let cells: Vec<&str> = column.filled().collect();
    let digits = |cell: &&str| cell.len() >= LEAST_DIGITS && cell.bytes().all(|byte| byte.is_ascii_digit());
    // Of numbers of as many digits the greater is the one that is sorted behind.
    cells.len() >= LEAST_ROWS
        && cells.iter().all(digits)
        && cells.windows(2).all(|pair| pair[0].len() == pair[1].len() && pair[0] < pair[1])
}

/// What the cells of columns, or their names beside the file's periods, say that numbers are instead of counts.
pub(super) fn others(sketch: &Sketch, free: &Free<'_>) -> BTreeMap<String, Other> {
    let mut found = BTreeMap::new();
    for column in free {
        let year = year_in(&column.name);
        if are_numbers_of_cases(column) {
            found.insert(column.name.clone(), Other::Case);
        } else if year.is_some_and(|year| sketch.years.iter().any(|own| *own != year)) {
            found.insert(column.name.clone(), Other::AnotherYear);
        }
    }
    found
}
