//! The tags of a workbook's XML, looked through as text for what the reader of workbooks passes over. None is found where
//! the workbook is built in an unusual way.

use super::archive;

/// The text of an XLSX sheet.
pub(super) fn xlsx_sheet(bytes: &[u8], sheet: &str) -> String {
    path(bytes, sheet).and_then(|path| archive::text(bytes, &path)).unwrap_or_default()
}

/// The text of an XLSX workbook's styles.
pub(super) fn xlsx_styles(bytes: &[u8]) -> String {
    archive::text(bytes, "xl/styles.xml").unwrap_or_default()
}

/// The texts that the cells of an XLSX workbook share.
pub(super) fn xlsx_shared(bytes: &[u8]) -> String {
    archive::text(bytes, "xl/sharedStrings.xml").unwrap_or_default()
}

/// The text of all sheets of an ODS workbook.
pub(super) fn ods_sheets(bytes: &[u8]) -> String {
    archive::text(bytes, "content.xml").unwrap_or_default()
}

/// The tags of one ODS sheet, opening and closing ones.
pub(super) fn of_ods_sheet<'t>(text: &'t str, sheet: &'t str) -> impl Iterator<Item = &'t str> {
    pieces_of_ods_sheet(text, sheet).map(|(tag, _)| tag)
}

/// The same, each with the text behind it.
fn pieces_of_ods_sheet<'t>(text: &'t str, sheet: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
    let from = pieces(text).skip_while(move |(tag, _)| {
        name(tag) != "table:table" || attribute(tag, "table:name").is_none_or(|have| plain(have) != sheet)
    });
    from.take_while(|(tag, _)| name(tag) != "/table:table")
}

/// Where a cell of an ODS sheet stands: one tag may be about many cells of the same kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// The first row, from 0, and how many have it.
    pub(super) rows: (u64, u64),
    /// The first column, from 0, and how many have it.
    pub(super) columns: (usize, usize),
}

/// Gives each cell of an ODS sheet with its place, in the order of the file.
pub(super) fn each_ods_cell(text: &str, sheet: &str, take: &mut dyn FnMut(Piece, &str)) {
    each_ods_part(text, sheet, &mut |piece, tag, _| {
        if matches!(name(tag), "table:table-cell" | "table:covered-table-cell") {
            take(piece, tag);
        }
    });
}

/// Gives each tag of an ODS sheet with the text behind it and the place of the cell it is in.
pub(super) fn each_ods_part<'t>(
    text: &'t str,
    sheet: &'t str,
    take: &mut dyn FnMut(Piece, &'t str, &'t str),
) {
    let mut rows = (0_u64, 0_u64);
    let mut column = 0_usize;
    let mut piece = Piece { rows, columns: (0, 0) };
    for (tag, behind) in pieces_of_ods_sheet(text, sheet) {
        match name(tag) {
            "table:table-row" => {
                let repeated =
                    attribute(tag, "table:number-rows-repeated").and_then(|count| count.parse().ok());
                rows = (rows.0.saturating_add(rows.1), repeated.unwrap_or(1));
                column = 0;
            }
            "table:table-cell" | "table:covered-table-cell" => {
                let columns = (column, count(tag, "table:number-columns-repeated").unwrap_or(1));
                piece = Piece { rows, columns };
                column = column.saturating_add(columns.1);
            }
            _ => {}
        }
        take(piece, tag, behind);
    }
}

/// The row and the column, from 0, of a cell called as `C2` is.
pub(super) fn cell_at(name: &str) -> Option<(u32, u32)> {
    let digits = name.find(|c: char| c.is_ascii_digit())?;
    let (letters, number) = name.split_at(digits);
    let mut column = 0_u32;
    for letter in letters.bytes() {
        let place = letter.to_ascii_uppercase().checked_sub(b'A').filter(|place| *place < 26)?;
        column = column.checked_mul(26)?.checked_add(u32::from(place) + 1)?;
    }
    Some((number.parse::<u32>().ok()?.checked_sub(1)?, column.checked_sub(1)?))
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

/// Every tag, without the brackets, with the text behind it.
pub(super) fn pieces(xml: &str) -> impl Iterator<Item = (&str, &str)> {
    xml.split('<').skip(1).filter_map(|part| part.split_once('>'))
}

/// The opening tags of one name, whatever their prefix.
pub(super) fn named<'t>(xml: &'t str, name: &'t str) -> impl Iterator<Item = &'t str> {
    all(xml).filter(move |tag| !tag.starts_with('/') && local_name(tag) == name)
}

/// The name of a tag, with its prefix, and with a stroke before it when the tag closes.
pub(super) fn name(tag: &str) -> &str {
    let own = tag.strip_prefix('/').unwrap_or(tag);
    let end = own.find([' ', '\t', '\n', '\r', '/']).unwrap_or(own.len());
    &tag[..tag.len() - own.len() + end]
}

/// The name of a tag, opening or closing, without its prefix.
pub(super) fn local_name(tag: &str) -> &str {
    let name = name(tag).trim_start_matches('/');
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
    let mut plain = String::new();
    let mut rest = marks.as_str();
    // Some writers name a no-break space by its number, whose digits are no part of the text.
    while let Some((before, behind)) = rest.split_once("&#") {
        let sign = behind.split_once(';').and_then(|(number, next)| Some((numbered(number)?, next)));
        plain += before;
        match sign {
            Some((sign, _)) => plain.push(sign),
            None => plain += "&#",
        }
        rest = sign.map_or(behind, |(_, next)| next);
    }
    (plain + rest).replace("&amp;", "&")
}

/// The sign of a number as XML writes it: `160`, `xA0`.
fn numbered(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
        None => number.parse(),
    };
    code.ok().and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_their_names() {
        for (name, at) in
            [("A1", Some((0, 0))), ("C2", Some((1, 2))), ("AB10", Some((9, 27))), ("b3", Some((2, 1)))]
        {
            assert_eq!(cell_at(name), at, "{name}");
        }
        for name in ["", "A", "7", "A0", "Å1", "AAAAAAAAAA1", "A-1"] {
            assert_eq!(cell_at(name), None, "{name}");
        }
    }

    #[test]
    fn tags_have_names_and_attributes() {
        let xml = "<x:col min='2' hidden=\"1\"/><col  max = \"3\" ></col></x:col>";
        let found: Vec<&str> = named(xml, "col").collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((count(found[0], "min"), attribute(found[0], "hidden")), (Some(2), Some("1")));
        assert_eq!((count(found[1], "max"), attribute(found[1], "min")), (Some(3), None));
        assert_eq!(plain("&lt;a &amp;amp; b&gt;"), "<a &amp; b>");
        assert_eq!(plain("0&#160;&#xe5;r&#; &#38;amp;#"), "0\u{a0}år&#; &amp;#".replace("&amp;", "&"));
    }
}
