//! A sketch as a contract in TOML, with comments for the person who checks it.

use super::super::{Format, Layout, SubjectKind};
use super::breakdown::Breakdown;
use super::decisive::Decides;
use super::left_out::LeftOut;
use super::page::{Page, quoted};
use super::sketch::{Choice, Sketch, When};
use super::write_period::period;
use super::write_value::{doubts, value};
use super::{About, Known, TO_CHOOSE};
use crate::text::Encoding;

/// The contract.
pub(super) fn toml(sketch: &Sketch, about: &About, known: &Known) -> String {
    let mut page = Page::default();
    file(&mut page, sketch, about);
    subject(&mut page, sketch);
    unread(&mut page, sketch);
    period(&mut page, sketch);
    let solutions: Vec<&str> = known.solutions.keys().map(String::as_str).collect();
    let measures: Vec<&str> = known.measures.keys().map(String::as_str).collect();
    choice(&mut page, "solution", &sketch.solution, &solutions, false);
    if let Some(measure) = &sketch.measure {
        choice(&mut page, "measure", measure, &measures, sketch.cumulative());
    }
    value(&mut page, sketch);
    if sketch.layout == Layout::Wide {
        wide(&mut page, sketch, &measures);
    }
    filter(&mut page, sketch);
    hidden_columns(&mut page, sketch);
    if !sketch.passed_over.is_empty() {
        page.line("");
        let names: Vec<&str> = sketch.passed_over.iter().map(|(name, _)| name.as_str()).collect();
        page.comment(&format!("Columns no part of this contract: {}.", names.join(", ")));
        if names.iter().any(|name| is_nameless(name)) {
            page.comment(NAMELESS);
        }
    }
    page.0
}

/// What is said of a column that the file does not name.
const NAMELESS: &str = "`#1` is the first column without a name, `#2` the second.";

fn is_nameless(column: &str) -> bool {
    column.strip_prefix('#').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn filter(page: &mut Page, sketch: &Sketch) {
    if sketch.filter.is_some() || sketch.decisive.iter().any(|(_, _, decides)| decides.is_to_choose()) {
        page.section("filter");
    }
    for (column, words, decides) in sketch.decisive.iter().filter(|(_, _, decides)| decides.is_to_choose()) {
        let what = match decides {
            Decides::Unit => "what its number is counted in",
            Decides::Counts => "whether its number counts as it is",
            Decides::Kind => "whether its number is a fact or a plan",
            Decides::Status | Decides::Provisional(..) => "whether its number is final",
        };
        let words: Vec<&str> = words.iter().take(10).map(String::as_str).collect();
        page.comment(&format!(
            "This column states of each row {what} (`{}`): choose which to read. Until then everything is refused.",
            words.join("`, `")
        ));
        page.line(&format!("{} = {}", quoted(column), quoted(TO_CHOOSE)));
    }
    let Some(Breakdown { column, word, totals }) = &sketch.filter else { return };
    if is_nameless(column) {
        page.comment(NAMELESS);
    }
    if word != TO_CHOOSE {
        page.comment("These rows add up the others.");
    } else if totals.is_empty() {
        page.comment("Rows differ in this column: choose which to read, or move it to `sum_over` in [value] to add them.");
    } else {
        page.comment(&format!(
            "Rows differ in this column, and `{}` seems to add up others: read it alone, or list the others here and in `sum_over` \
             in [value]; all together would count twice.",
            totals.join("`, `")
        ));
    }
    page.line(&format!("{} = {}", quoted(column), quoted(word)));
}

fn hidden_columns(page: &mut Page, sketch: &Sketch) {
    if !sketch.hidden.is_empty() {
        page.line("");
    }
    for name in &sketch.hidden {
        page.comment(&format!(
            "Hidden column `{name}` is left out: show it, or name it in the contract yourself."
        ));
    }
}

fn file(page: &mut Page, sketch: &Sketch, about: &About) {
    let sheet = &sketch.sheet;
    page.comment(
        "Proposed from one file. Check each line, then try it: utbredt source try FILE --contract THIS.toml",
    );
    page.text("source_id", about.source_id.as_str());
    page.line("version = 1");
    let (format, encoding) = (
        match sheet.format {
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
            Format::Ods => "ods",
            Format::Json => "json",
        },
        sheet.encoding.map(|encoding| match encoding {
            Encoding::Utf8 => "utf-8",
            Encoding::Windows1252 => "windows-1252",
            Encoding::Latin1 => "latin-1",
            Encoding::Utf16 => "utf-16",
        }),
    );
    page.text("format", format);
    encoding.into_iter().for_each(|encoding| page.text("encoding", encoding));
    sheet.delimiter.into_iter().for_each(|delimiter| page.text("delimiter", &delimiter.to_string()));
    sheet.sheet.iter().for_each(|name| page.text("sheet", name));
    sheet.rows_at.iter().for_each(|path| page.text("rows", path));
    if sheet.format != Format::Json {
        page.line(&format!("header_row = {}", sheet.header_row));
        if sheet.header.len() > 1 {
            page.line(&format!("header_rows = {}", sheet.header.len()));
        }
    }
    page.text("decimal", &sketch.decimal.to_string());
    // Without this the months that are hidden hold the file.
    if sketch.when == When::Header && !sketch.hidden.is_empty() {
        page.line("hidden_columns = \"skip\"");
    }
    if sketch.layout == Layout::Wide {
        page.text("layout", "wide");
    }
}

fn subject(page: &mut Page, sketch: &Sketch) {
    page.section("subject");
    if sketch.sheet.hidden.contains(&sketch.sheet.subject) {
        page.comment("This column is hidden in the workbook, and no other has the places: check it.");
    }
    if !sketch.rivals.is_empty() {
        page.comment(&format!(
            "`{}` all hold codes of municipalities, and they differ: choose the one whose numbers these are. Until then everything is \
             refused.",
            sketch.rivals.join("`, `")
        ));
    }
    page.text("column", &sketch.subject);
    if sketch.code.kind == SubjectKind::OrganisationNumber {
        page.text("kind", "organisation_number");
    }
    if !sketch.code.prefix.is_empty() {
        page.text("prefix_to_strip", sketch.code.prefix);
    }
    if sketch.code.lost_zero {
        page.comment("Some codes have three digits: they lost their zero in a spreadsheet.");
        page.line("restore_zero = true");
    }
    if sketch.code.name_follows {
        page.line("name_follows = true");
    }
    if sketch.joined {
        page.comment("As many rows without a code follow each code: joined cells, whose code is repeated.");
        page.line("fill_down = true");
    }
    left_out(page, &sketch.left_out);
}

fn left_out(page: &mut Page, LeftOut { column, names, districts }: &LeftOut) {
    if names.is_empty() {
        return;
    }
    page.section("totals");
    if !districts.is_empty() {
        page.comment(&format!(
            "Parts of municipalities that have a row of their own are left out too: {}.",
            districts.join(", ")
        ));
    }
    column.iter().for_each(|column| page.text("column", column));
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    page.line(&format!("names = [{}]", names.join(", ")));
}

fn unread(page: &mut Page, sketch: &Sketch) {
    if !sketch.unread.is_empty() && sketch.wide.noted.is_empty() {
        page.line("");
        page.comment(&format!(
            "By their names `{}` seem to be about periods of a form that is not read, as a tertial, a season or a month without its \
             year of four digits: name each by one that is (2025-03, 2025-W36, 2025-H1), or deliver a row for each with its first and last day in \
             two columns.",
            sketch.unread.join("`, `")
        ));
    }
}

fn choice(page: &mut Page, section: &str, choice: &Choice, known: &[&str], cumulative: bool) {
    page.section(section);
    if cumulative {
        page.comment(
            "By the column's name it counts from a beginning, which is no number of the period: a measure whose periods \
             are added up refuses it. Deliver the differences, or choose a measure that is a level.",
        );
        page.line("cumulative = true");
    }
    match choice {
        Choice::Column(column, map) => {
            page.text("column", column);
            let unknown: Vec<&str> = map
                .iter()
                .filter(|(_, id)| !known.contains(&id.as_str()))
                .map(|(word, _)| word.as_str())
                .collect();
            let beside: Vec<&str> =
                map.iter().filter(|(_, id)| *id == TO_CHOOSE).map(|(word, _)| word.as_str()).collect();
            if !beside.is_empty() {
                page.comment(&format!(
                    "Of one meaning, and beside each other in one period: {}. Choose for each, and add the column to \
                     `sum_over` in [value] where they are added, or read one by [filter].",
                    beside.join(", ")
                ));
            }
            if !unknown.is_empty() {
                page.comment(&format!("Not known here, and refused: {}.", unknown.join(", ")));
                page.comment(&format!("Known: {}.", known.join(", ")));
            }
            page.map(&format!("{section}.map"), map);
        }
        Choice::Fixed(id) => {
            page.comment(&if id == TO_CHOOSE {
                format!("The file does not say which: choose one of {}.", known.join(", "))
            } else {
                "Not said row by row: check it.".to_owned()
            });
            page.text("fixed", id);
        }
    }
}

fn wide(page: &mut Page, sketch: &Sketch, known: &[&str]) {
    page.section("wide");
    if sketch.when == When::Header {
        page.line("periods = true");
        if let Some(why) = &sketch.wide.unclear {
            page.comment(&format!(
                "Of the periods in the header: {why}. How long each is, the file does not say: choose, and write `granularity` \
                 (day, week, month, quarter, half_year or year) here. Until then everything is refused."
            ));
        }
        if let Some(length) = sketch.wide.granularity {
            page.comment(
                "Columns of another length, as a year among months, add up others and are passed over.",
            );
            page.text("granularity", length.as_str());
        }
        if let Some(year) = sketch.wide.year {
            page.comment("The months have no year of their own: check it.");
            page.line(&format!("year = {year}"));
        }
        sketch.wide.prefix.iter().for_each(|prefix| page.text("prefix_to_strip", prefix));
    }
    doubts(page, sketch);
    if !sketch.wide.noted.is_empty() {
        page.comment(&format!(
            "`{}` would not be read for the sign of a note behind the period: name each by its period alone, and choose the measure then.",
            sketch.wide.noted
        ));
    }
    if !sketch.wide.alone.is_empty() {
        page.comment(&format!(
            "Columns `{}` are named by a period alone, and the others by more: a contract reads the ones or the others, and these are \
             not read by what is below. Name every column by its measure and its period; until then choose what is read.",
            sketch.wide.alone.join("`, `")
        ));
    }
    for names in &sketch.wide.alike {
        let names = names.join("`, `");
        page.comment(&format!(
            "Several columns fit one measure: choose one of `{names}`, and take out the others."
        ));
    }
    if sketch.wide.measures.values().any(|id| !known.contains(&id.as_str())) {
        page.comment(&format!("Choose one of {}.", known.join(", ")));
    }
    page.map("wide.measures", &sketch.wide.measures);
}
