//! Archives and workbooks made by hand for the tests.

/// A zip archive of entries given as name, method, packed bytes and declared unpacked size.
pub(super) fn zip(files: &[(&str, u16, &[u8], u32)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, method, packed, declared) in files {
        let at = out.len() as u32;
        let mut common = Vec::new();
        common.extend(20u16.to_le_bytes());
        common.extend(0u16.to_le_bytes());
        common.extend(method.to_le_bytes());
        common.extend([0; 4]);
        common.extend(crc32(packed).to_le_bytes());
        common.extend((packed.len() as u32).to_le_bytes());
        common.extend(declared.to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend(0u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(*packed);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (at, count) = (out.len() as u32, files.len() as u16);
    out.extend(&directory);
    out.extend(b"PK\x05\x06\x00\x00\x00\x00");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    })
}

/// About `size` zeros, packed as tightly as deflate can: two bits for 258 of them. Gives the exact size too.
pub(super) fn deflated_zeros(size: u32) -> (Vec<u8>, u32) {
    let mut bits: Vec<bool> = Vec::new();
    let mut number = |value: usize, count: usize| bits.extend((0..count).map(|i| value >> i & 1 == 1));
    number(0b101, 3); // last block, own codes
    number(29, 5); // 286 literal codes
    number(0, 5); // 1 distance code
    number(14, 4); // 18 lengths of length codes, in the order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1
    for length in [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2] {
        number(length, 3);
    }
    // Length codes: 18 is `0`, 1 is `10`, 2 is `11`. Literal 0 and the end take two bits, a run of 258 one.
    number(0b11, 2);
    for run in [138, 117] {
        number(0, 1);
        number(run - 11, 7);
    }
    number(0b11, 2);
    number(0, 1);
    number(28 - 11, 7);
    number(0b01, 2);
    number(0b01, 2);
    number(0b01, 2); // one zero: code `10`
    let runs = size / 258;
    bits.extend(std::iter::repeat_n(false, runs as usize * 2));
    bits.extend([true, true]);
    let bytes = bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |sum, bit| sum << 1 | u8::from(*bit)));
    (bytes.collect(), runs * 258 + 1)
}

/// A workbook whose first sheet holds `rows`, the XML inside `<sheetData>`.
pub(super) fn xlsx(rows: &str) -> Vec<u8> {
    xlsx_named("Ark1", rows)
}

/// The same with the name of its sheet.
pub(super) fn xlsx_named(sheet_name: &str, rows: &str) -> Vec<u8> {
    xlsx_book(sheet_name, "", rows, "", "")
}

/// The same with XML before and after its rows, as of columns and of joined cells, and with the XML of its styles.
pub(super) fn xlsx_book(sheet_name: &str, before: &str, rows: &str, after: &str, styles: &str) -> Vec<u8> {
    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const DOC: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACK: &str = "http://schemas.openxmlformats.org/package/2006";
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let types = format!(
        "{HEAD}<Types xmlns=\"{PACK}/content-types\"><Default Extension=\"rels\" \
         ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Override PartName=\"/xl/workbook.xml\" ContentType=\"{kind}.sheet.main+xml\"/>\
         <Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"{kind}.worksheet+xml\"/></Types>"
    );
    let rels = format!(
        "{HEAD}<Relationships xmlns=\"{PACK}/relationships\"><Relationship Id=\"rId1\" \
         Type=\"{DOC}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let book = format!(
        "{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{DOC}\"><sheets><sheet name=\"{sheet_name}\" sheetId=\"1\" \
         r:id=\"rId1\"/></sheets></workbook>"
    );
    let book_rels = format!(
        "{HEAD}<Relationships xmlns=\"{PACK}/relationships\"><Relationship Id=\"rId1\" \
         Type=\"{DOC}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
    );
    let sheet =
        format!("{HEAD}<worksheet xmlns=\"{MAIN}\">{before}<sheetData>{rows}</sheetData>{after}</worksheet>");
    let styles = format!("{HEAD}<styleSheet xmlns=\"{MAIN}\">{styles}</styleSheet>");
    let files = [
        ("[Content_Types].xml", types),
        ("_rels/.rels", rels),
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", book_rels),
        ("xl/worksheets/sheet1.xml", sheet),
        ("xl/styles.xml", styles),
    ];
    let files: Vec<_> = files.iter().map(|(n, t)| (*n, 0, t.as_bytes(), t.len() as u32)).collect();
    zip(&files)
}

/// A row of cells: numbers stay numbers, everything else is text.
pub(super) fn row(number: u32, cells: &[&str]) -> String {
    let mut out = format!("<row r=\"{number}\">");
    for (column, cell) in cells.iter().enumerate() {
        let at = format!("{}{number}", char::from(b'A' + column as u8));
        let text = cell.parse::<f64>().is_err();
        out += &if text {
            format!("<c r=\"{at}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>")
        } else {
            format!("<c r=\"{at}\"><v>{cell}</v></c>")
        };
    }
    out + "</row>"
}

/// An `OpenDocument` sheet `Ark1` of rows of text and, where a cell reads as one, of numbers.
pub(super) fn ods(rows: &[&[&str]]) -> Vec<u8> {
    let rows: String = rows.iter().map(|cells| ods_row("", cells)).collect();
    ods_book(&[("Ark1", &rows)])
}

/// One row of such a sheet: its attributes and its cells, of which one that begins with `=` is a formula without a value.
pub(super) fn ods_row(attributes: &str, cells: &[&str]) -> String {
    let cell = |text: &&str| match text.parse::<f64>() {
        Ok(_) => format!("<table:table-cell office:value-type=\"float\" office:value=\"{text}\"/>"),
        Err(_) if text.starts_with('=') => format!("<table:table-cell table:formula=\"of:{text}\"/>"),
        Err(_) => format!(
            "<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>"
        ),
    };
    let cells: String = cells.iter().map(cell).collect();
    format!("<table:table-row{attributes}>{cells}</table:table-row>")
}

/// A workbook of sheets, each with its name and its rows as `ods_row` makes them.
pub(super) fn ods_book(sheets: &[(&str, &str)]) -> Vec<u8> {
    const MIME: &str = "application/vnd.oasis.opendocument.spreadsheet";
    const URN: &str = "urn:oasis:names:tc:opendocument:xmlns";
    let table =
        |(name, rows): &(&str, &str)| format!("<table:table table:name=\"{name}\">{rows}</table:table>");
    let tables: String = sheets.iter().map(table).collect();
    let content = format!(
        "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"{URN}:office:1.0\" \
         xmlns:table=\"{URN}:table:1.0\" xmlns:text=\"{URN}:text:1.0\"><office:body><office:spreadsheet>\
         {tables}</office:spreadsheet></office:body>\
         </office:document-content>"
    );
    let manifest =
        format!("<?xml version=\"1.0\"?><manifest:manifest xmlns:manifest=\"{URN}:manifest:1.0\"/>");
    let files = [("mimetype", MIME), ("META-INF/manifest.xml", &manifest), ("content.xml", &content)];
    let files: Vec<_> = files.iter().map(|(n, t)| (*n, 0, t.as_bytes(), t.len() as u32)).collect();
    zip(&files)
}
