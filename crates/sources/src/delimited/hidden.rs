//! Rows of an XLSX sheet that a filter or a person hides. The reader of workbooks passes over that, so the sheet's own
//! text is looked through.

use std::collections::BTreeSet;

use super::archive;

/// The numbers of the hidden rows of a sheet, from 1. None where the workbook is built in an unusual way.
pub(super) fn rows(bytes: &[u8], sheet: &str) -> BTreeSet<u64> {
    let text = path(bytes, sheet).and_then(|path| archive::text(bytes, &path)).unwrap_or_default();
    let mut hidden = BTreeSet::new();
    let mut number = 0;
    for tag in tags(&text, "row") {
        // A row without a number is the next.
        number = attribute(tag, "r").and_then(|r| r.parse().ok()).unwrap_or(number + 1);
        if attribute(tag, "hidden").is_some_and(|value| matches!(value, "1" | "true")) {
            hidden.insert(number);
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
    opened.filter(move |tag| {
        let own = tag.split([' ', '\t', '\n', '\r', '/']).next().unwrap_or("");
        own.rsplit(':').next() == Some(name)
    })
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
