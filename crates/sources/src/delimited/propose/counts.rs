//! Which columns hold counts, and which only look as if they did: shares, years, numbers of cases.

use std::collections::BTreeMap;

use utbredt_model::{Reason, ReasonCode};

use super::super::fractions::names_shares;
use super::super::json_fields::{LIST, OBJECT};
use super::super::number;
use super::super::{Format, Layout};
use super::cases::{names_cases, others};
use super::meaning::{Other, other};
use super::measures::{NameRules, counts_from_a_beginning, fits, likeliest, the_measure};
use super::scale::has_text_behind;
use super::sheet::is_period;
use super::sketch::{Choice, Column, Free, Sketch, When, is_count, is_fraction, take};
use super::{About, Known, TO_CHOOSE, names};

pub(super) const VALUES: [&str; 5] = ["antal", "verdi", "value", "count", "sum"];
/// Numbers that count nothing, or something that is no use.
const NO_COUNT: [&str; 24] = [
    "postn",
    "postkode",
    "poststed",
    "år",
    "trinn",
    "klasse",
    "nr",
    "nummer",
    "kode",
    "code",
    "id",
    "fylke",
    "innbygg",
    "folketal",
    "folkemengd",
    "befolkning",
    "population",
    "rang",
    "versjon",
    "version",
    "gruppe",
    "ansatt",
    "tilsett",
    "tilsatt",
];

/// The decimal sign: the one that a cell of a column of numbers allows alone; where no cell shows it, the one under which
/// more cells are whole numbers, and the comma when both do as well.
///
/// Where the cells show nothing and the fields of the file are not separated by commas, `1,512` may be either.
pub(super) fn decimal(columns: &[Column<'_>], delimiter: Option<char>) -> char {
    let numbers = columns.iter().filter(|column| !column.mostly(is_period));
    let numbers: Vec<&Column<'_>> = numbers
        .filter(|column| column.mostly(|cell| is_written(cell) || names::symbol(cell).is_some()))
        .collect();
    let cells = || numbers.iter().flat_map(|column| column.filled());
    let alone =
        |sign| cells().filter(|cell| is_number(cell, sign) && !is_number(cell, number::other(sign))).count();
    let whole = |sign| cells().filter(|cell| is_count(cell, sign)).count();
    let (points, commas) = ((alone('.'), whole('.')), (alone(','), whole(',')));
    let unclear =
        delimiter != Some(',') && cells().any(may_be_either) && cells().all(|c| !shows_thousands(c));
    if points > commas && !unclear { '.' } else { ',' }
}

/// `1,512`: a fraction or one thousand and more.
fn may_be_either(cell: &str) -> bool {
    let parts =
        cell.split_once(',').filter(|(front, rest)| (1..=3).contains(&front.len()) && rest.len() == 3);
    parts.is_some_and(|(front, rest)| {
        [front, rest].concat().bytes().all(|byte| byte.is_ascii_digit()) && !front.starts_with('0')
    })
}

/// Whether a cell shows that commas group thousands beside it: it has several, a point behind, or none and is below 1000.
fn shows_thousands(cell: &str) -> bool {
    let below = cell.parse().is_ok_and(|number: u32| (1..1000).contains(&number));
    below || (is_number(cell, '.') && !is_number(cell, ','))
}

/// Whether a cell is a number under either decimal sign.
fn is_written(cell: &str) -> bool {
    is_number(cell, '.') || is_number(cell, ',')
}

/// Whether a cell is a number under a decimal sign, whole or not.
fn is_number(cell: &str, sign: char) -> bool {
    number::scaled(cell.strip_suffix('*').unwrap_or(cell), sign, 1_000_000_000).is_ok()
}

/// Takes the columns of counts of a table without periods in its header.
pub(super) fn counts<'s>(
    sketch: &mut Sketch,
    free: &mut Free<'s>,
    about: &About,
    known: &Known,
) -> Result<Vec<Column<'s>>, Reason> {
    let decimal = sketch.decimal;
    if let Some(formulas) = free.iter().find(|c| c.mostly(|cell| cell.starts_with('='))) {
        let text = format!(
            "column `{}` holds formulas without values; open the file in a spreadsheet and save it",
            formulas.name
        );
        return Err(Reason::new(ReasonCode::InvalidNumber, text));
    }
    if let Some(reason) = mixed(free, decimal).or_else(|| nested(sketch, free)) {
        return Err(reason);
    }
    let mut candidates = candidates(sketch, free, about, known)?;
    let others = others(sketch, free);
    let rules = NameRules { about, known, length: sketch.when.length(), others };
    let mut doubtful = false;
    if !candidates.is_empty() {
        doubtful = rules.keep_counts(&mut candidates);
    }
    // A column that is called a count is one, however few of its cells read as one.
    let called_so = |c: &Column<'_>| {
        c.named(&VALUES)
            && !are_shares(c)
            && rules.other(&c.name).is_none()
            && c.filled().any(|cell| is_count(cell, decimal))
    };
    if (doubtful || candidates.is_empty())
        && let Some(column) = take(free, called_so)
    {
        return Ok(one_column(sketch, column, &rules));
    }
    if doubtful {
        return Ok(to_choose(sketch, free, &candidates, &rules));
    }
    if candidates.is_empty() && !sketch.unread.is_empty() {
        // A year above the table is that of the parts, and of none of them alone.
        if matches!(sketch.when, When::Fixed(_)) {
            sketch.when = When::Fixed(None);
        }
        return Ok(to_choose(sketch, free, &[], &rules));
    }
    let one = sketch.measure.is_some() || about.measure.is_some();
    if one || candidates.len() < 2 {
        let best = likeliest(&candidates, sketch, about, known);
        if best.len() > 1 {
            return Ok(to_choose(sketch, free, &best, &rules));
        }
        let column = take(free, |c| best.contains(&c.name)).ok_or_else(|| no_counts(free))?;
        return Ok(one_column(sketch, column, &rules));
    }
    let fits = fits(&candidates, known);
    // Which of several columns is the measure is not for their order to say.
    let of_one = match fits.iter().next() {
        None => Some((TO_CHOOSE.to_owned(), &candidates)),
        Some((id, names)) if fits.len() == 1 && names.len() > 1 => Some((id.clone(), names)),
        Some(_) => None,
    };
    if let Some((id, names)) = of_one {
        sketch.measure = Some(Choice::Fixed(id));
        return Ok(to_choose(sketch, free, names, &rules));
    }
    sketch.layout = Layout::Wide;
    sketch.wide.take(&fits);
    let measures = &sketch.wide.measures;
    Ok(std::iter::from_fn(|| take(free, |c| measures.contains_key(&c.name))).collect())
}

/// Why nothing is read of a column that holds objects beside numbers: a field of the objects alone would leave the others blank.
fn mixed(free: &Free<'_>, decimal: char) -> Option<Reason> {
    let column = free.iter().find(|column| {
        column.filled().any(|cell| cell == OBJECT) && column.filled().any(|cell| is_count(cell, decimal))
    })?;
    let name = &column.name;
    let text = format!("`{name}` is an object in some rows and a number in others: deliver it in one form");
    Some(Reason::new(ReasonCode::InvalidNumber, text))
}

/// Why the numbers of a JSON file are not found: they are in lists, or under names that are periods, one level below the rows.
fn nested(sketch: &Sketch, free: &Free<'_>) -> Option<Reason> {
    let by_period = free.iter().find_map(|column| {
        let (field, period) = column.name.rsplit_once('.')?;
        let json = sketch.sheet.format == Format::Json && column.counts(sketch.decimal) && is_period(period);
        json.then(|| format!("the fields of `{field}` are named by periods, as `{period}`"))
    });
    let in_lists = || {
        let counted = free.iter().any(|column| column.counts(sketch.decimal) && !column.named(&NO_COUNT));
        let list =
            free.iter().find(|column| column.mostly(|cell| cell.starts_with(LIST))).filter(|_| !counted)?;
        Some(format!("`{}` holds a list in each row", list.name))
    };
    let what = by_period.or_else(in_lists)?;
    let text = format!(
        "{what}, so the numbers are one level below the rows that a contract reads: deliver an object for each municipality and \
         period, with the number beside them, as {{\"kommune\": \"0301\", \"periode\": \"2025-03\", \"antall\": 5}}"
    );
    Some(Reason::new(ReasonCode::Unsupported, text))
}

/// Makes one column that of the values.
fn one_column<'s>(sketch: &mut Sketch, column: Column<'s>, rules: &NameRules<'_>) -> Vec<Column<'s>> {
    let measure = || Choice::Fixed(the_measure(&column.name, rules.about, rules.known));
    sketch.measure.get_or_insert_with(measure);
    sketch.value = Some(column.name.clone());
    vec![column]
}

/// Leaves it to a person which column is that of the values.
fn to_choose<'s>(
    sketch: &mut Sketch,
    free: &mut Free<'s>,
    names: &[String],
    rules: &NameRules<'_>,
) -> Vec<Column<'s>> {
    let measure = || Choice::Fixed(the_measure("", rules.about, rules.known));
    sketch.measure.get_or_insert_with(measure);
    sketch.value = Some(TO_CHOOSE.to_owned());
    sketch.to_choose_from = names.to_vec();
    sketch.doubts = rules.doubts(names);
    std::iter::from_fn(|| take(free, |c| names.contains(&c.name))).collect()
}

/// The columns of counts, of which those that are named by a solution are about that one only. A contract reads one
/// solution, or a column of them.
fn candidates(
    sketch: &mut Sketch,
    free: &Free<'_>,
    about: &About,
    known: &Known,
) -> Result<Vec<String>, Reason> {
    let counts = free.iter().filter(|c| holds_counts(c, sketch.decimal, known)).map(|c| c.name.clone());
    let Choice::Fixed(fixed) = &sketch.solution else { return Ok(counts.collect()) };
    let mut others = Vec::new();
    let mut of_solutions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in counts {
        match names::solution(&name, known) {
            Some(id) => of_solutions.entry(id).or_default().push(name),
            None => others.push(name),
        }
    }
    let columns = of_solutions.values().flatten().map(String::as_str).collect::<Vec<_>>().join("`, `");
    let unclear = |text: String| Err(Reason::new(ReasonCode::Unsupported, text));
    if about.solution.is_some() {
        return match of_solutions.remove(fixed) {
            Some(own) => Ok(own),
            None if of_solutions.is_empty() || !others.is_empty() => Ok(others),
            None => unclear(format!(
                "`{columns}` are named by other solutions than `{fixed}`, which was requested: request one of those"
            )),
        };
    }
    let Some((id, mut own)) = of_solutions.pop_first() else { return Ok(others) };
    if !of_solutions.is_empty() {
        return unclear(format!(
            "the columns `{columns}` are named by solutions, and a contract reads one solution or a column of them: give each \
             solution rows of its own, or request one (`--solution`)"
        ));
    }
    if id != *fixed && fixed != TO_CHOOSE {
        return unclear(format!(
            "column `{columns}` is named by `{id}`, and the file's name or title by `{fixed}`: request one (`--solution`)"
        ));
    }
    sketch.solution = Choice::Fixed(id);
    own.extend(others);
    Ok(own)
}

fn holds_counts(column: &Column<'_>, decimal: char, known: &Known) -> bool {
    !column.name.is_empty()
        && column.counts(decimal)
        // `Brukere hittil i år` is a count, if one of no period, and so is `Brukere forrige år`.
        && (counts_from_a_beginning(&column.name)
            || other(&column.name, None).is_some_and(|other| other != Other::Background || column.named(&VALUES))
            || !(column.named(&NO_COUNT) || is_numbering(column)))
        && (column.named(&VALUES) || !names_cases(&column.name))
        && !are_shares(column)
        && !are_years(column, known)
}

/// Whether a column may be one of counts, judged before its name's period is known; a blank one may become one.
pub(super) fn may_be_counts(column: &Column<'_>, decimal: char) -> bool {
    !names_shares(&column.name) && (column.counts(decimal) || column.filled().count() == 0)
}

/// Whether a cell is a fraction below one, as shares are.
fn is_share(cell: &str) -> bool {
    let rest = cell.strip_prefix("0,").or_else(|| cell.strip_prefix("0."));
    rest.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a column holds shares: it is named so, or has fractions and no number above one.
fn are_shares(column: &Column<'_>) -> bool {
    if names_shares(&column.name) {
        return true;
    }
    let share = |cell: &str| {
        is_share(cell) || matches!(cell, "0" | "1") || is_one_written_out(cell) || is_percent(cell)
    };
    column.filled().any(|cell| is_share(cell) || is_percent(cell))
        && column.mostly(share)
        && !column.filled().any(|cell| is_count(cell, ',') && !share(cell))
}

/// `1,000`: the whole, among shares.
fn is_one_written_out(cell: &str) -> bool {
    let rest = cell.strip_prefix("1,").or_else(|| cell.strip_prefix("1."));
    rest.is_some_and(|rest| rest.bytes().all(|byte| byte == b'0'))
}

fn is_percent(cell: &str) -> bool {
    cell.ends_with('%') && is_fraction(cell)
}

/// Why no column is one of counts.
fn no_counts(free: &Free<'_>) -> Reason {
    if let Some((column, cell)) = free
        .iter()
        .filter(|column| !names_shares(&column.name) && column.mostly(may_be_either))
        .find_map(|column| Some((column, column.filled().find(|cell| may_be_either(cell))?)))
        .filter(|(column, _)| column.filled().all(may_be_either))
    {
        let text = format!(
            "column `{}` holds numbers as `{cell}`, which may be a fraction or thousands, and nothing in the file shows which: \
             deliver them without the comma, or write a contract with `decimal = \".\"` if it groups thousands",
            column.name
        );
        return Reason::new(ReasonCode::Fraction, text);
    }
    if let Some(fractions) = free.iter().find(|c| are_shares(c) || c.mostly(is_fraction)) {
        let what = match fractions.filled().find(|cell| is_fraction(cell)) {
            Some(cell) => format!("holds fractions or per cent, as `{cell}`"),
            None if names_shares(&fractions.name) => "holds shares by its name".to_owned(),
            None => "holds shares".to_owned(),
        };
        let text = format!(
            "column `{}` {what}, and values are whole numbers: of a share deliver numerator and denominator as \
             two measures; of thousands or minor units write a contract with `scale` in [value]",
            fractions.name
        );
        return Reason::new(ReasonCode::Fraction, text);
    }
    if let Some(money) = free.iter().find(|c| c.mostly(number::is_money)) {
        let text = format!(
            "column `{}` holds amounts of money, and a contract proposed reads counts: where the measure is counted in money, \
             write one with `scale` in [value]",
            money.name
        );
        return Reason::new(ReasonCode::InvalidNumber, text);
    }
    if let Some((column, cell)) = free
        .iter()
        .filter(|c| c.mostly(has_text_behind))
        .find_map(|c| Some((c, c.filled().find(|cell| has_text_behind(cell))?)))
    {
        let text = format!(
            "column `{}` shows a text beside each number, as `{cell}`: deliver the numbers alone, or write a contract with `scale` \
             in [value] if the text multiplies them",
            column.name
        );
        return Reason::new(ReasonCode::InvalidNumber, text);
    }
    let names: Vec<&str> = free.iter().map(|c| c.name.as_str()).filter(|name| !name.is_empty()).collect();
    let numbers = free.iter().flat_map(Column::filled).any(|cell| is_count(cell, ','));
    let cases: Vec<&str> = names.iter().copied().filter(|name| names_cases(name)).collect();
    let mut text = "no column holds counts, and none that does is named by a period".to_owned();
    if !cases.is_empty() && numbers {
        text = format!(
            "no column holds counts: by `{}` the file lists cases one by one, and a contract reads counts of them by \
             municipality and period",
            cases.join("`, `")
        );
    } else if !numbers {
        text = format!(
            "the file lists codes without numbers (beside them: `{}`), and a contract reads counts: deliver a list of \
             stages with `--source stages`, and lists of one's own (groups, members, targets) as registers",
            names.join("`, `")
        );
    }
    Reason::new(ReasonCode::MissingField, text)
}

/// A name that ends as that of a number which counts nothing does: `saksnr`, `postnummer`, `lanseringsår`.
fn is_numbering(column: &Column<'_>) -> bool {
    let name = column.name.to_lowercase();
    let counted = column.named(&VALUES) || name.starts_with("per ") || name.starts_with("i ");
    !counted
        && ["nr", "nr.", "nummer", "_id", "år", "kode", "trinn", "klasse"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// Years of our time, in several rows and nothing else, under a name that is no count's.
fn are_years(column: &Column<'_>, known: &Known) -> bool {
    let year = |cell: &str| cell.parse().is_ok_and(|year: u32| (1990..2060).contains(&year));
    let counted = column.named(&VALUES)
        || (names::own_measure(&column.name, known).is_some() && column.filled().count() < 3);
    column.filled().count() > 1 && column.filled().all(year) && !counted
}
