//! Several columns of municipalities in one table: the old and the new code of each, or who sends and who receives.

use csv::StringRecord;

use super::super::SubjectKind;
use super::super::places::{among_same, heads};
use super::Known;
use super::sheet::{Sheet, code, names_places};
use super::titles::year_in;
use super::words::{has, spaced};

/// Names that say of themselves whose the numbers are.
const PLAIN: &str = "kommune, kommunen, kommunenr, kommune nr, kommunenummer, kommunekode, knr, kommune id, region, municipality, \
    municipality code, municipality id";

/// Takes the column that is called plainly or after the newest codes; else gives the names of all, of which a person chooses.
pub(super) fn settle(sheet: &mut Sheet, rows: &[StringRecord], known: &Known) -> Vec<String> {
    let names: Vec<String> = heads(&sheet.header).iter().map(|head| head.own.join(" ")).collect();
    let own = codes(rows, sheet.subject, known);
    let mut all = Vec::new();
    for (at, name) in names.iter().enumerate() {
        // Two numbers may both be codes by chance, and years are codes of Finnmark.
        let called_so = names_places(&name.to_lowercase().replace(char::is_numeric, ""))
            || (rows.len() > 1 && names_party(name));
        if at != sheet.subject
            && !sheet.hidden.contains(&at)
            && called_so
            && differ(&own, &codes(rows, at, known))
        {
            all.push(at);
        }
    }
    if all.is_empty() {
        return Vec::new();
    }
    all.insert(0, sheet.subject);
    let plain: Vec<usize> = all.iter().copied().filter(|at| is_plain(&names[*at])).collect();
    let newest = all.iter().map(|at| (age(&names[*at]), *at)).max();
    let of_ages = newest.filter(|(newest, _)| {
        newest.is_some() && all.iter().filter(|at| age(&names[**at]) == *newest).count() == 1
    });
    let known_ages = all.iter().all(|at| age(&names[*at]).is_some());
    match (&plain[..], of_ages) {
        ([at], _) => sheet.subject = *at,
        (_, Some((_, at))) if known_ages => sheet.subject = at,
        _ => return all.into_iter().map(|at| among_same(&names, at)).collect(),
    }
    Vec::new()
}

/// `Avsender`, `Til`: who sends and who receives.
fn names_party(name: &str) -> bool {
    const PARTIES: &str = "avsender, avsendar, mottaker, mottakar, fra, frå, til, from, to, sender, receiver, recipient, oppdragsgiver, \
        oppdragsgjevar, utfører, utførar, leverandør, kunde, eier, eigar, bestiller, bestillar, vert, host, owner, customer, supplier";
    has(&spaced(name), PARTIES)
}

/// Whether two columns have codes in most of the same rows, and not always the same.
fn differ(own: &[Option<&str>], others: &[Option<&str>]) -> bool {
    let pairs = own.iter().zip(others).filter(|(own, other)| own.is_some() && other.is_some());
    pairs.clone().any(|(own, other)| own != other) && pairs.count() * 10 >= own.iter().flatten().count() * 8
}

/// The codes of municipalities in a column, row by row.
fn codes<'r>(rows: &'r [StringRecord], at: usize, known: &Known) -> Vec<Option<&'r str>> {
    rows.iter().map(|row| of_municipality(row, at, known)).collect()
}

fn of_municipality<'r>(row: &'r StringRecord, at: usize, known: &Known) -> Option<&'r str> {
    let cell = row.get(at)?;
    code(cell, known).filter(|code| code.kind == SubjectKind::MunicipalityCode).map(|_| cell.trim())
}

fn is_plain(name: &str) -> bool {
    let text = spaced(name);
    PLAIN.split(", ").any(|own| text.trim() == own)
}

/// How new the codes are by a column's name.
fn age(name: &str) -> Option<i32> {
    let text = spaced(name);
    if has(&text, "ny, nytt, nye, nyt, new, nåværende, noverande, gjeldende, gjeldande, current") {
        return Some(i32::MAX);
    }
    let old = has(
        &text,
        "gammel, gammelt, gamle, gammal, gammalt, old, tidligere, tidlegare, forrige, opprinnelig, opphavleg, former",
    );
    if old { Some(0) } else { year_in(name) }
}
