//! Rows of a sheet that a filter or a person hides. The reader of workbooks passes over that, so the sheet's own text is
//! looked through.

use std::collections::BTreeSet;

use super::archive;

/// The numbers of the hidden rows of an XLSX sheet, from 1. None where the workbook is built in an unusual way.
pub(super) fn rows(bytes: &[u8], sheet: &str) -> BTreeSet<u64> {
    let text = path(bytes, sheet).and_then(|path| archive::text(bytes, &path)).unwrap_or_default();
    let mut hidden = BTreeSet::new();
    let mut number = 0;
    for tag in tags(&text, "row") {
        // A row without a number is the next.
        number = attribute(tag, "r").and_then(|r| r.parse().ok()).unwrap_or(number + 1);
        let flat = attribute(tag, "ht").is_some_and(|height| height.parse() == Ok(0.0));
        if flat || attribute(tag, "hidden").is_some_and(|value| matches!(value, "1" | "true")) {
            hidden.insert(number);
        }
    }
    hidden
}

/// The numbers of the hidden rows of an ODS sheet, from 1 to the last that has cells.
pub(super) fn ods_rows(bytes: &[u8], sheet: &str, last: u64) -> BTreeSet<u64> {
    let text = archive::text(bytes, "content.xml").unwrap_or_default();
    let mut hidden = BTreeSet::new();
    let (mut inside, mut number) = (false, 0_u64);
    // Whether each group of rows around is folded.
    let mut folded = Vec::new();
    for tag in text.split('<').skip(1).filter_map(|part| part.split('>').next()) {
        match name(tag) {
            "table:table" => inside = attribute(tag, "table:name").is_some_and(|name| plain(name) == sheet),
            "/table:table" if inside => break,
            "table:table-row-group" if inside && !tag.ends_with('/') => {
                folded.push(attribute(tag, "table:display") == Some("false"));
            }
            "/table:table-row-group" if inside => drop(folded.pop()),
            "table:table-row" if inside => {
                let first = number + 1;
                let repeated =
                    attribute(tag, "table:number-rows-repeated").and_then(|count| count.parse().ok());
                number = number.saturating_add(repeated.unwrap_or(1));
                let own = attribute(tag, "table:visibility").is_some_and(|seen| seen != "visible");
                if own || folded.contains(&true) {
                    hidden.extend(first..=number.min(last));
                }
            }
            _ => {}
        }
    }
    hidden
}

/// The entry that holds a sheet.
fn path(bytes: &[u8], sheet: &str) -> Option<String> {
    let book = archive::text(bytes, "xl/workbook.xml")?;
    let named = |tag: &&str| attribute(tag, "name").is_some_and(|name| plain(name) == sheet);
    let id = attribute(tags(&book, "sheet").find(named)?, "r:id")?;
    let links = archive::text(bytes, "xl/_rels/workbook.xml.rels")?;
    let link = tags(&links, "Relationship").find(|tag| attribute(tag, "Id") == Some(id))?;
    let target = attribute(link, "Target")?;
    Some(target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned))
}

/// The opening tags of one name, whatever their prefix, without the brackets.
fn tags<'t>(xml: &'t str, name: &'t str) -> impl Iterator<Item = &'t str> {
    let opened = xml.split('<').skip(1).filter_map(|part| part.split('>').next());
    opened.filter(move |tag| self::name(tag).rsplit(':').next() == Some(name))
}

/// The name of a tag, with its prefix, and with a stroke before it when the tag closes.
fn name(tag: &str) -> &str {
    let own = tag.strip_prefix('/').unwrap_or(tag);
    let end = own.find([' ', '\t', '\n', '\r', '/']).unwrap_or(own.len());
    &tag[..tag.len() - own.len() + end]
}

/// An attribute of a tag.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let mut rest = tag;
    while let Some((before, behind)) = rest.split_once('=') {
        let quote = behind.trim_start().chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, next) = behind.trim_start().get(1..)?.split_once(quote)?;
        if before.split_whitespace().next_back() == Some(name) {
            return Some(value);
        }
        rest = next;
    }
    None
}

fn plain(text: &str) -> String {
    let marks = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    marks.replace("&amp;", "&")
}
