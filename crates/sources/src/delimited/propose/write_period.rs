//! When, as the text of a contract.

use super::TO_CHOOSE;
use super::page::Page;
use super::sketch::{Lengths, Sketch, When, Why};

pub(super) fn period(page: &mut Page, sketch: &Sketch) {
    match &sketch.when {
        When::Header => return,
        _ => page.section("period"),
    }
    match &sketch.when {
        When::Header => {}
        When::Column(column, lengths) => {
            page.text("column", column);
            if sketch.period_joined {
                page.comment("Its cells are joined over several rows: each is repeated.");
                page.line("fill_down = true");
            }
            granularity(page, lengths);
        }
        When::Pair(start, end, last_days) => {
            page.text("start", start);
            if let Some(last_days) = last_days {
                page.text("end", end);
                page.line(&format!("end_inclusive = {last_days}"));
            } else {
                page.comment(&format!(
                    "Whether `{end}` holds last days or the days after, the file does not show: choose, and write the column here and \
                     `end_inclusive = true` or `false` below it. Until then everything is refused."
                ));
                page.text("end", TO_CHOOSE);
            }
        }
        When::ToChoose(stamps) => {
            page.comment(&format!(
                "By its name `{}` is when a row was made or something began, not what its number is about: choose a column, \
                 or `fixed`.",
                stamps.join("`, `")
            ));
            page.text("column", TO_CHOOSE);
        }
        When::LengthToChoose(name, why) => {
            page.comment(&format!(
                "Column `{name}` holds the periods, and {why}: how long each is, the file does not say. Choose: write the \
                 column here, and `granularity` (day, week, month, quarter, half_year or year) below it. Until then everything is refused."
            ));
            page.text("column", TO_CHOOSE);
        }
        When::Unread(column, cell) => {
            page.comment(&format!(
                "Column `{column}` seems to hold the periods, and `{cell}` is of a form that is not known for sure: deliver it as \
                 2026-09, 2026-W36, 2026-Q3 or 2026-09-30, or the first and the last day in two columns. One `fixed` period is \
                 right only where the column has no more than one. Until then everything is refused."
            ));
            page.text("column", TO_CHOOSE);
        }
        When::Fixed(Some(period)) => {
            page.comment("Taken from the title or the file's name. Every file needs its own, or a column.");
            page.text("fixed", &period.to_string());
        }
        When::Fixed(None) => {
            let nothing = if sketch.unread.is_empty() { "Nothing" } else { "Nothing else" };
            page.comment(&format!(
                "{nothing} gives the period: write it here. Until then everything is refused."
            ));
            page.text("fixed", "1900");
        }
    }
}

fn granularity(page: &mut Page, lengths: &Lengths) {
    let others: Vec<String> =
        lengths.counted.iter().map(|(length, count)| format!("{count} {}", length.as_str())).collect();
    match lengths.declared {
        Some((_, Why::Edges)) => {
            page.comment("Every day is a month's first or last: each means its month.");
        }
        Some((_, Why::All)) => page.comment("Every period is as long; a longer one is refused."),
        Some((_, Why::Name)) => page.comment(&format!(
            "By the column's name; longer periods add others up and are refused. There are {}.",
            others.join(", ")
        )),
        None if others.len() > 1 => page.comment(&format!(
            "Periods of several lengths ({}): write `granularity` to read one length, if the longer add up the others.",
            others.join(", ")
        )),
        None => {}
    }
    if let Some((length, _)) = lengths.declared {
        page.text("granularity", length.as_str());
    }
}
