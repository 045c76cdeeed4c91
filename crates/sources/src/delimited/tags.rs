//! The tags of a workbook's XML, looked through as text for what the reader of workbooks passes over. None is found where
//! the workbook is built in an unusual way.

use super::archive;

/// The text of an XLSX sheet.
pub(super) fn xlsx_sheet(bytes: &[u8], sheet: &str) -> String {
    path(bytes, sheet).and_then(|path| archive::text(bytes, &path)).unwrap_or_default()
}

/// The text of all sheets of an ODS workbook.
pub(super) fn ods_sheets(bytes: &[u8]) -> String {
    archive::text(bytes, "content.xml").unwrap_or_default()
}

/// The tags of one ODS sheet, opening and closing ones.
pub(super) fn of_ods_sheet<'t>(text: &'t str, sheet: &'t str) -> impl Iterator<Item = &'t str> {
    let table = |tag: &&str| name(tag) == "table:table";
    let begin =
        move |tag: &&str| table(tag) && attribute(tag, "table:name").is_some_and(|have| plain(have) == sheet);
    all(text).skip_while(move |tag| !begin(tag)).take_while(|tag| name(tag) != "/table:table")
}

/// The entry that holds a sheet.
fn path(bytes: &[u8], sheet: &str) -> Option<String> {
    let book = archive::text(bytes, "xl/workbook.xml")?;
    let called = |tag: &&str| attribute(tag, "name").is_some_and(|name| plain(name) == sheet);
    let id = attribute(named(&book, "sheet").find(called)?, "r:id")?;
    let links = archive::text(bytes, "xl/_rels/workbook.xml.rels")?;
    let link = named(&links, "Relationship").find(|tag| attribute(tag, "Id") == Some(id))?;
    let target = attribute(link, "Target")?;
    Some(target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned))
}

/// Every tag, without the brackets.
pub(super) fn all(xml: &str) -> impl Iterator<Item = &str> {
    xml.split('<').skip(1).filter_map(|part| part.split('>').next())
}

/// The opening tags of one name, whatever their prefix.
pub(super) fn named<'t>(xml: &'t str, name: &'t str) -> impl Iterator<Item = &'t str> {
    all(xml).filter(move |tag| local_name(tag) == name)
}

/// The name of a tag, with its prefix, and with a stroke before it when the tag closes.
pub(super) fn name(tag: &str) -> &str {
    let own = tag.strip_prefix('/').unwrap_or(tag);
    let end = own.find([' ', '\t', '\n', '\r', '/']).unwrap_or(own.len());
    &tag[..tag.len() - own.len() + end]
}

/// The name of an opening tag without its prefix.
pub(super) fn local_name(tag: &str) -> &str {
    let name = name(tag);
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// An attribute of a tag.
pub(super) fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
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

/// An attribute that is a whole number, as how often a cell is repeated.
pub(super) fn count(tag: &str, name: &str) -> Option<usize> {
    attribute(tag, name)?.parse().ok()
}

/// An attribute's text as it was before it was put into XML.
pub(super) fn plain(text: &str) -> String {
    let marks = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    marks.replace("&amp;", "&")
}
