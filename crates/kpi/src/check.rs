//! Rules a file's SQL keeps, checked on its text before anything is planned. Each rule stands for a
//! wrong number that somebody once published: a zero lost from `0301`, a ratio of ratios, a clock.

use std::collections::BTreeSet;

use utbredt_model::nearest;

use crate::{
    Column, ColumnFill, Kpi, RollupKind, Unit,
    error::Problems,
    kpi::expected_columns,
    lexer::{Token, TokenKind, tokens},
};

/// Words and calls whose answer depends on the moment, the session or chance.
const FORBIDDEN_WORDS: [&str; 7] = [
    "current_date",
    "current_timestamp",
    "current_time",
    "localtimestamp",
    "date_bin",
    "to_timestamp",
    "random",
];
const FORBIDDEN_CALLS: [&str; 3] = ["now", "today", "uuid"];
const NUMERIC_TYPES: [&str; 14] = [
    "int", "integer", "bigint", "smallint", "tinyint", "int2", "int4", "int8", "float", "real", "double",
    "decimal", "numeric", "unsigned",
];

/// The rules for KPIs and views alike.
pub(crate) fn sql(problems: &mut Problems<'_>, found: &[Token]) {
    for (i, token) in found.iter().enumerate() {
        let line = Some(token.line);
        let before = i.checked_sub(1).and_then(|j| found.get(j));
        match &token.kind {
            TokenKind::Word(word) => {
                let call = found.get(i + 1).is_some_and(|t| t.is_symbol('('));
                if FORBIDDEN_WORDS.contains(&word.as_str())
                    || (call && FORBIDDEN_CALLS.contains(&word.as_str()))
                {
                    let fix =
                        "the same edition must always answer the same: use period_start and the parameters";
                    problems.add(line, format!("`{word}` is not allowed"), fix);
                }
                // `at` alone may be a name; only the three words together convert a time.
                if word == "at" && is_word(found, i + 1, "time") && is_word(found, i + 2, "zone") {
                    let fix = "facts carry days in Europe/Oslo: compare dates";
                    problems.add(line, "`AT TIME ZONE` is not allowed", fix);
                }
            }
            // The numbers of municipalities from 2020 and from 2024 on.
            TokenKind::Number(number) if number == "356" || number == "357" => {
                let what = format!("the number of municipalities is written as {number}");
                problems.add(line, what, "it changes with the borders: count the rows of `spine`");
            }
            // After these tokens a star means all columns; elsewhere it multiplies.
            TokenKind::Symbol('*') if before.is_some_and(opens_wildcard) => {
                problems.add(line, "`SELECT *` is not allowed", "list the columns: tables may grow");
            }
            TokenKind::Symbol(';') => {
                problems.add(line, "`;` is not allowed", "a file is one statement without its end mark");
            }
            _ => {}
        }
    }
    municipality_codes(problems, found);
}

/// Whether the token at a place is a word.
fn is_word(found: &[Token], at: usize, word: &str) -> bool {
    found.get(at).is_some_and(|token| token.is_word(word))
}

/// Whether a token names a type of numbers.
fn is_numeric(token: &Token) -> bool {
    token.word().is_some_and(|word| NUMERIC_TYPES.contains(&word))
}

fn opens_wildcard(before: &Token) -> bool {
    ["select", "distinct", "all"].iter().any(|w| before.is_word(w))
        || before.is_symbol('.')
        || before.is_symbol(',')
}

/// `0301` is text: as a number it loses its zero and joins nothing.
fn municipality_codes(problems: &mut Problems<'_>, found: &[Token]) {
    for (i, token) in found.iter().enumerate() {
        if !token.is_word("municipality_code") {
            continue;
        }
        let rest = &found[i + 1..];
        let cast_by_colons =
            matches!(rest, [a, b, t, ..] if a.is_symbol(':') && b.is_symbol(':') && is_numeric(t));
        // Inside CAST(… AS type): up to the parenthesis that closes around the code.
        let cast_by_word = token.depth > 0
            && rest
                .iter()
                .take_while(|t| t.depth >= token.depth)
                .zip(rest.iter().skip(1))
                .any(|(a, t)| a.depth == token.depth && a.is_word("as") && is_numeric(t))
            && opens_cast(&found[..i], token.depth);
        // An operator may be two symbols, such as `<=`, or have a sign after it.
        let operators = rest.iter().take_while(|t| "=<>!+-".chars().any(|c| t.is_symbol(c))).count();
        let compared =
            operators > 0 && matches!(rest.get(operators), Some(Token { kind: TokenKind::Number(_), .. }));
        if cast_by_colons || cast_by_word || compared {
            let fix = "codes are text and keep their zero: write '0301'";
            problems.add(Some(token.line), "`municipality_code` is treated as a number", fix);
        }
    }
}

/// Whether the parenthesis that holds the next token at `depth` belongs to a CAST.
fn opens_cast(before: &[Token], depth: usize) -> bool {
    let open = before.iter().rposition(|t| t.is_symbol('(') && t.depth + 1 == depth);
    open.and_then(|i| i.checked_sub(1))
        .and_then(|i| before.get(i))
        .is_some_and(|t| t.is_word("cast") || t.is_word("try_cast"))
}

/// The rules for KPIs alone.
pub(crate) fn kpi(problems: &mut Problems<'_>, found: &[Token], kpi: &Kpi) {
    params(problems, found, kpi);
    select(problems, found, kpi);
    order(problems, found, kpi.rollup.kind);
}

fn params(problems: &mut Problems<'_>, found: &[Token], kpi: &Kpi) {
    let mut used = BTreeSet::new();
    for token in found {
        let TokenKind::Param(name) = &token.kind else { continue };
        if kpi.params.iter().all(|p| p.name != *name) && used.insert(name.as_str()) {
            let close = nearest(name, kpi.params.iter().map(|p| p.name.as_str()));
            let fix = close.map_or_else(
                || format!("declare it: [params.{name}]"),
                |near| format!("did you mean `${near}`? or declare [params.{name}]"),
            );
            problems.add(
                Some(token.line),
                format!("the SQL uses `${name}`, which the header does not declare"),
                fix,
            );
        }
        used.insert(name);
    }
}

/// The parameters a text uses, each once.
pub(crate) fn params_used(found: &[Token]) -> Vec<String> {
    let used = found.iter().filter_map(|token| match &token.kind {
        TokenKind::Param(name) => Some(name.clone()),
        _ => None,
    });
    used.collect::<BTreeSet<String>>().into_iter().collect()
}

/// The items of the outermost SELECT, each as its tokens.
fn select_items(found: &[Token]) -> Option<Vec<&[Token]>> {
    let select = found.iter().position(|t| t.depth == 0 && t.is_word("select"))?;
    let list = &found[select + 1..];
    let end = list
        .iter()
        .enumerate()
        .position(|(i, t)| {
            // `IS DISTINCT FROM` does not end the list.
            let distinct_from = i > 0 && list[i - 1].is_word("distinct");
            t.depth == 0 && t.is_word("from") && !distinct_from
        })
        .unwrap_or(list.len());
    Some(list[..end].split(|t| t.depth == 0 && t.is_symbol(',')).filter(|item| !item.is_empty()).collect())
}

fn select(problems: &mut Problems<'_>, found: &[Token], kpi: &Kpi) {
    let expected = expected_columns(kpi.rollup.kind, &kpi.columns);
    let fix = format!("the final SELECT lists, in order: {}", expected.join(", "));
    let Some(items) = select_items(found) else {
        problems.add(None, "there is no SELECT after the header", fix);
        return;
    };
    for (i, item) in items.iter().enumerate() {
        // A column too many or too few is reported below, once.
        let (Some(last), Some(name)) = (item.last(), expected.get(i)) else { break };
        if !last.is_word(name) {
            let what = format!("column {} of the final SELECT is not called `{name}`", i + 1);
            problems.add(Some(last.line), what, fix);
            // The names after it are shifted too, and listing them all would hide the cause.
            return;
        }
        if *name == "denominator" && kpi.rollup.kind == RollupKind::Ratio && is_null(item) {
            let what = "the roll-up is a ratio and the denominator is NULL";
            problems.add(Some(last.line), what, "select the denominator at municipality level");
        }
    }
    if items.len() != expected.len() {
        let line = items.last().and_then(|item| item.last()).map(|t| t.line);
        let what = format!("the final SELECT has {} columns, not {}", items.len(), expected.len());
        problems.add(line, what, fix);
    }
}

/// Whether a select item is a bare or a cast NULL.
fn is_null(item: &[Token]) -> bool {
    let inner = match item {
        [cast, open, rest @ ..]
            if cast.word().is_some_and(|w| w.ends_with("cast")) && open.is_symbol('(') =>
        {
            rest
        }
        _ => item,
    };
    inner.first().is_some_and(|t| t.is_word("null"))
}

/// Whether a key of an ORDER BY is this column, upwards.
fn orders_by(key: &[Token], name: &str) -> bool {
    match key {
        [column] => column.is_word(name),
        [column, asc] => column.is_word(name) && asc.is_word("asc"),
        [_, dot, column] => dot.is_symbol('.') && column.is_word(name),
        [_, dot, column, asc] => dot.is_symbol('.') && column.is_word(name) && asc.is_word("asc"),
        _ => false,
    }
}

/// An answer's rows have one order, so that its bytes, and therefore its `ETag`, are stable.
fn order(problems: &mut Problems<'_>, found: &[Token], kind: RollupKind) {
    let key = if kind == RollupKind::Area { "area_code" } else { "municipality_code" };
    let fix = format!("end with ORDER BY period_start, {key}");
    // From the end: only the last one orders the answer.
    let last = found
        .windows(2)
        .rposition(|pair| pair[0].depth == 0 && pair[0].is_word("order") && pair[1].is_word("by"));
    let Some(at) = last else {
        problems.add(found.last().map(|t| t.line), "the SQL does not end with ORDER BY", fix);
        return;
    };
    let keys: Vec<&[Token]> = found[at + 2..].split(|t| t.depth == 0 && t.is_symbol(',')).collect();
    let first = keys.first().is_some_and(|k| orders_by(k, "period_start"));
    if !first || !keys.iter().any(|k| orders_by(k, key)) {
        problems.add(Some(found[at].line), "the order of the rows is not that of the answer", fix);
    } else if let Some(limit) = found[at..].iter().find(|t| t.is_word("limit") || t.is_word("offset")) {
        problems.add(Some(limit.line), "the SQL cuts its own answer", "remove LIMIT and OFFSET");
    }
}

/// The rules for extra columns: names that say their unit, expressions without clocks.
pub(crate) fn columns(problems: &mut Problems<'_>, columns: &[(usize, Column)], kind: RollupKind) {
    let fixed = expected_columns(kind, &[]);
    let shape = [
        "value",
        "reason",
        "coverage",
        "coverage_of_expected",
        "municipalities_reported",
        "municipalities_expected",
    ];
    for (line, column) in columns {
        let name = column.name.as_str();
        if fixed.contains(&name) || shape.contains(&name) {
            let what = format!("the column `{name}` is part of every answer");
            problems.add(Some(*line), what, "choose another name");
        }
        unit_in_name(problems, *line, column);
        if let ColumnFill::After(expression) = &column.fill {
            let found = tokens(expression);
            if found.is_empty() || found.iter().any(|t| matches!(t.kind, TokenKind::Param(_))) {
                let what = format!("`after` of the column `{name}` is empty or uses a parameter");
                problems.add(Some(*line), what, "write an expression over the columns of the row");
            }
            let mut inner = Problems::new(problems.path, expression);
            sql(&mut inner, &found);
            for error in inner.errors {
                problems.add(
                    Some(*line),
                    format!("`after` of the column `{name}`: {}", error.what),
                    error.fix,
                );
            }
        }
    }
}

/// `nok_low` is in kroner and `hours` in hours: the unit's word stands in the name, and only there.
fn unit_in_name(problems: &mut Problems<'_>, line: usize, column: &Column) {
    let padded = format!("_{}_", column.name);
    let named: Vec<&str> =
        Unit::NAMED.into_iter().filter(|unit| padded.contains(&format!("_{unit}_"))).collect();
    let unit = column.unit.as_str();
    let special = Unit::NAMED.contains(&unit);
    if (special || !named.is_empty()) && !named.contains(&unit) {
        let what = format!("the name of the column `{}` does not agree with its unit {unit}", column.name);
        let fix = match named.first() {
            Some(word) => format!("write unit = \"{word}\" or rename the column"),
            None => format!("let the name hold the word `{unit}`"),
        };
        problems.add(Some(line), what, fix);
    }
}
