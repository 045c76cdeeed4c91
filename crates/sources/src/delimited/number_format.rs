//! Number formats of a workbook, which decide what a person sees of a number: `0" tusen"` shows 120 as `120 tusen`,
//! `[<5]"<5";0` hides 3 and `;;;` hides all.

use crate::text::is_unseen;

/// What is seen of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// It alone.
    Plain,
    /// A text in its place, or nothing.
    Instead(String),
    /// It and a text beside it that says more, and that text alone.
    Beside { all: String, text: String },
}

/// A piece of a section of a format.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// A sign that is shown as it stands.
    Sign(char),
    /// The place of a digit, which nought fills where the number has none.
    Digit { nought: bool },
    /// The decimal sign.
    Point,
    /// The number as a plain cell shows it.
    General,
}

impl Piece {
    fn is_number(&self) -> bool {
        matches!(self, Self::Digit { .. } | Self::General)
    }
}

/// What numbers a section is for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Condition {
    Below(f64),
    AtMost(f64),
    Above(f64),
    AtLeast(f64),
    Equal(f64),
    Other(f64),
}

/// A part of a format between semicolons.
#[derive(Debug, Default)]
struct Section {
    condition: Option<Condition>,
    pieces: Vec<Piece>,
    /// The number is shown divided by a thousand so many times.
    thousands: u32,
    /// It shows a part of one, as `# ?/8` does.
    fraction: bool,
    /// It shows a day or a time.
    of_time: bool,
    /// It is for texts.
    of_text: bool,
}

/// A format of numbers.
#[derive(Debug)]
pub(super) struct NumberFormat(Vec<Section>);

impl NumberFormat {
    /// Reads one; `None` where it shows every number as a plain cell does, and where it is one of days and times.
    pub(super) fn of(code: &str) -> Option<Self> {
        let mut sections = sections(code);
        // The fourth is for texts, and so is the last where it has their place.
        sections.truncate(4);
        if sections.len() == 4 || sections.last().is_some_and(|section| section.of_text) {
            sections.pop();
        }
        let plain = sections.iter().all(|section| section.shows(0.0) && !section.may_be_significant());
        let of_time = sections.iter().any(|section| section.of_time);
        // A format of nothing is that of a plain cell.
        (!plain && !of_time && !code.is_empty()).then_some(Self(sections))
    }

    /// The section for a number; `None` where each is for others, and a spreadsheet shows `####`.
    fn section(&self, number: f64) -> Option<&Section> {
        if self.0.len() == 1 {
            return self.0.first();
        }
        if self.0.iter().all(|section| section.condition.is_none()) {
            let zero = number == 0.0 && self.0.len() > 2;
            return self.0.get(if zero { 2 } else { usize::from(number < 0.0) });
        }
        let met = self.0.iter().find(|section| section.condition.is_some_and(|c| c.holds(number)));
        met.or_else(|| self.0.iter().skip(1).find(|section| section.condition.is_none()))
    }

    /// How many times a number is divided by a thousand before it is shown.
    pub(super) fn thousands(&self, number: f64) -> u32 {
        self.section(number).map_or(0, |section| section.thousands)
    }

    /// What is seen of a number that a plain cell shows as `digits`, divided where the format divides and without its minus.
    pub(super) fn seen(&self, number: f64, digits: &str, decimal: char) -> Seen {
        let Some(section) = self.section(number) else { return Seen::Instead("####".to_owned()) };
        let alone = self.0.len() == 1;
        if !section.shows(number) {
            let minus = if alone && number < 0.0 && !section.pieces.is_empty() { "-" } else { "" };
            return Seen::Instead(format!("{minus}{}", section.text()));
        }
        if !section.is_significant(number < 0.0) {
            return Seen::Plain;
        }
        let shown = section.filled(digits, decimal);
        // A section of its own for what is below nought may leave the minus to a colour.
        let minus = number < 0.0 && !shown.contains(['-', '\u{2212}', '(']);
        let all = format!("{}{shown}", if minus { "-" } else { "" });
        Seen::Beside { all, text: section.text() }
    }
}

impl Condition {
    /// Reads `<5`.
    fn of(text: &str) -> Option<Self> {
        let (sign, limit) = text.split_at(text.find(|c: char| !matches!(c, '<' | '=' | '>'))?);
        let limit = limit.trim().parse().ok()?;
        match sign {
            "<=" => Some(Self::AtMost(limit)),
            ">=" => Some(Self::AtLeast(limit)),
            "<>" => Some(Self::Other(limit)),
            "<" => Some(Self::Below(limit)),
            ">" => Some(Self::Above(limit)),
            "=" => Some(Self::Equal(limit)),
            _ => None,
        }
    }

    /// Whether a number meets it.
    fn holds(self, number: f64) -> bool {
        match self {
            Self::Below(limit) => number < limit,
            Self::AtMost(limit) => number <= limit,
            Self::Above(limit) => number > limit,
            Self::AtLeast(limit) => number >= limit,
            Self::Equal(limit) => number == limit,
            Self::Other(limit) => number != limit,
        }
    }
}

impl Section {
    /// Whether a number has a place in it. Nought leaves the places of `#` blank.
    fn shows(&self, number: f64) -> bool {
        self.pieces.iter().any(|piece| match piece {
            Piece::Digit { nought } => *nought || self.fraction || number != 0.0,
            Piece::General => true,
            Piece::Sign(_) | Piece::Point => false,
        })
    }

    /// Its text alone.
    fn text(&self) -> String {
        let signs = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Sign(sign) => Some(*sign),
            _ => None,
        });
        signs.collect::<String>().trim().to_owned()
    }

    fn may_be_significant(&self) -> bool {
        self.thousands > 0 || self.is_significant(false) || self.is_significant(true)
    }

    /// Whether its text says more than a plain number does. What is counted says no more: `640 stk`.
    fn is_significant(&self, negative: bool) -> bool {
        if COUNTED.contains(&self.text().to_lowercase().trim_end_matches('.')) {
            return false;
        }
        let whole = self.pieces.iter().position(|p| *p == Piece::Point).unwrap_or(self.pieces.len());
        let first = self.pieces.iter().position(Piece::is_number).unwrap_or(0);
        self.text().ends_with(",-")
            || self.pieces.iter().enumerate().any(|(at, piece)| {
                let Piece::Sign(sign) = piece else { return false };
                let behind = self.pieces[at..whole.max(at)].iter().filter(|piece| piece.is_number()).count();
                // Between digits a blank tells them apart, and a dot or a comma does where three follow: `#\.##0`.
                if at > first && behind > 0 {
                    return !(sign.is_whitespace()
                        || (behind % 3 == 0 && matches!(sign, '.' | ',' | '\'' | '’')));
                }
                is_significant(*sign, negative)
            })
    }

    /// The text with a number's digits in their places. A number with more behind its decimal sign than is shown keeps it.
    fn filled(&self, digits: &str, decimal: char) -> String {
        let (whole, fraction) = digits.split_once(decimal).unwrap_or((digits, ""));
        let fraction = if fraction.is_empty() { String::new() } else { format!("{decimal}{fraction}") };
        let end = self.pieces.iter().position(|p| *p == Piece::Point).unwrap_or(self.pieces.len());
        let places = self.pieces[..end].iter().filter(|p| matches!(p, Piece::Digit { .. })).count();
        let padded: Vec<char> =
            format!("{:>places$}", if whole == "0" { "" } else { whole }).chars().collect();
        let extra = padded.len() - places;
        let (mut shown, mut next) = (String::new(), 0);
        for (at, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Sign(sign) => shown.push(*sign),
                Piece::General => shown += digits,
                Piece::Digit { nought } if at < end => {
                    let until = if next == 0 { extra + 1 } else { next + 1 };
                    for digit in &padded[next..until] {
                        match digit {
                            ' ' if *nought => shown.push('0'),
                            ' ' => {}
                            digit => shown.push(*digit),
                        }
                    }
                    next = until;
                    if next == padded.len() {
                        shown += &fraction;
                    }
                }
                Piece::Digit { .. } | Piece::Point => {}
            }
        }
        shown.trim().to_owned()
    }
}

/// What numbers are shown to count, which multiplies nothing.
const COUNTED: [&str; 14] = [
    "stk",
    "stykk",
    "brev",
    "meldinger",
    "meldingar",
    "personer",
    "personar",
    "brukere",
    "brukarar",
    "saker",
    "users",
    "messages",
    "pcs",
    "innbyggere",
];

/// Whether a sign beside a number says more than the number does. The minus of a number below nought, brackets around it
/// and blanks do not.
pub(super) fn is_significant(sign: char, negative: bool) -> bool {
    match sign {
        '-' | '\u{2212}' => !negative,
        '(' | ')' | '+' | '.' | ',' | '\'' | '’' => false,
        sign => !sign.is_whitespace() && !is_unseen(sign),
    }
}

/// Reads the sections of a format.
fn sections(code: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let mut rest = code;
    // Commas behind the last digit divide the number, and those between digits group them.
    let mut commas = 0;
    while let Some(sign) = rest.chars().next() {
        let Some(section) = sections.last_mut() else { break };
        let behind = &rest[sign.len_utf8()..];
        let (token, next) = token(sign, behind);
        rest = next;
        if sign == ',' && token.is_empty() && matches!(section.pieces.last(), Some(Piece::Digit { .. })) {
            commas += 1;
            continue;
        }
        let digit = matches!(sign, '0' | '#' | '?');
        if !digit {
            section.thousands += commas;
        }
        commas = 0;
        match sign {
            ';' => sections.push(Section::default()),
            '0' | '#' | '?' => section.pieces.push(Piece::Digit { nought: sign == '0' }),
            '.' if !section.pieces.contains(&Piece::Point) => section.pieces.push(Piece::Point),
            '[' => section.take_block(token),
            '@' => section.of_text = true,
            '/' => section.fraction = true,
            'G' | 'g' if !token.is_empty() => section.pieces.push(Piece::General),
            'd' | 'm' | 'y' | 'h' | 's' | 'D' | 'M' | 'Y' | 'H' | 'S' => section.of_time = true,
            // Per cent and powers of ten change no digit and are looked at elsewhere or not at all, and so is the lower part
            // of `# ?/8`.
            '%' | '_' | '*' => {}
            'E' | 'e' if !token.is_empty() => {}
            '1'..='9' if section.fraction => {}
            '"' | '\\' => section.pieces.extend(token.chars().map(Piece::Sign)),
            _ => section.pieces.push(Piece::Sign(sign)),
        }
    }
    if let Some(section) = sections.last_mut() {
        section.thousands += commas;
    }
    sections
}

/// What belongs to a sign of a format, and what follows it.
fn token(sign: char, behind: &str) -> (&str, &str) {
    let first = behind.chars().next().map_or(0, char::len_utf8);
    match sign {
        '"' => behind.split_once('"').unwrap_or((behind, "")),
        '[' => behind.split_once(']').unwrap_or((behind, "")),
        '\\' | '_' | '*' => behind.split_at(first),
        'E' | 'e' if behind.starts_with(['+', '-']) => behind.split_at(1),
        'G' | 'g' if behind.get(..6).is_some_and(|rest| rest.eq_ignore_ascii_case("eneral")) => {
            behind.split_at(6)
        }
        _ => ("", behind),
    }
}

impl Section {
    /// A block in brackets: a condition, a currency with a language, a time that runs on; a colour is none of them.
    fn take_block(&mut self, block: &str) {
        if let Some(currency) = block.strip_prefix('$') {
            let currency = currency.split('-').next().unwrap_or("");
            self.pieces.extend(currency.chars().map(Piece::Sign));
        } else if let Some(condition) = Condition::of(block) {
            self.condition = Some(condition);
        } else if !block.is_empty()
            && block.chars().all(|c| matches!(c.to_ascii_lowercase(), 'h' | 'm' | 's'))
        {
            self.of_time = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(code: &str, number: f64, digits: &str) -> String {
        match NumberFormat::of(code).map_or(Seen::Plain, |format| format.seen(number, digits, ',')) {
            Seen::Plain => "plain".to_owned(),
            Seen::Instead(text) => format!("instead {text}"),
            Seen::Beside { all, .. } => all,
        }
    }

    #[test]
    fn a_text_beside_the_number_is_seen() {
        for (code, expected) in [
            ("0\" tusen\"", "120 tusen"),
            ("#,##0\" tusen\"", "120 tusen"),
            ("0\"k\"", "120k"),
            ("0\\k", "120k"),
            ("0k", "120k"),
            ("General\" mill.\"", "120 mill."),
            ("0\"000\"", "120000"),
            ("0\"*\"", "120*"),
            ("0.0\" tusen\"", "120 tusen"),
            ("\"ca. \"0", "ca. 120"),
            ("\"K-\"0000", "K-0120"),
            ("0\"-\"00", "1-20"),
            ("0\",\"0", "12,0"),
            ("0\",-\"", "120,-"),
            ("[$kr-414]\\ 0", "kr 120"),
            ("[>=1000]0\" stor\";0\" liten\"", "120 liten"),
            ("[<5]\"<5\";[>100]\"mange\";0", "instead mange"),
            ("[<5]\"<5\";[>500]\"mange\"", "instead ####"),
            ("\"skjult\"", "instead skjult"),
            (";;;", "instead "),
            ("-0", "-120"),
        ] {
            assert_eq!(seen(code, 120.0, "120"), expected, "{code}");
        }
        assert_eq!(seen("[<5]\"<5\";0", 3.0, "3"), "instead <5");
        assert_eq!(seen("0;-0;\"-\"", 0.0, "0"), "instead -");
        assert_eq!(seen("_-* #,##0_-;-* #,##0_-;_-* \"-\"??_-;_-@_-", 0.0, "0"), "instead -");
        assert_eq!((seen("# ###", 0.0, "0"), seen("# ###", 7.0, "7")), ("instead ".into(), "plain".into()));
        assert_eq!((seen("# ##0", 0.0, "0"), seen("# ?/8", 0.0, "0")), ("plain".into(), "plain".into()));
        assert_eq!(seen("0\"*\"", -5.0, "5"), "-5*");
        assert_eq!(seen("0\"*\";[Red]0\"*\"", -5.0, "5"), "-5*");
        assert_eq!(seen("0\"*\"", 1.5, "1,5"), "1,5*");
        assert_eq!(seen("0.0\"*\"", 0.0, "0"), "0*");
    }

    #[test]
    fn formats_that_change_nothing() {
        for code in [
            "#,##0;[Red]-#,##0",
            "0\" stk\"",
            "# ##0\" stk.\"",
            "0_ ;-0 ",
            "# ##0",
            "#\\ ##0",
            "#\\.##0",
            "General",
            "",
            "0.0",
            "@",
            "\"K-\"@",
            "0;@",
            "(0)",
            "0;(0)",
            "[Red][<5]0;0",
            "_-* #,##0_-;-* #,##0_-;_-* \"-\"_-;_-@_-",
            "0.00E+00",
            "# ?/8",
            "[$-414]0",
            "dd.mm.yyyy",
            "[h]:mm",
            "[DBNum1]0",
        ] {
            for (number, digits) in [(120.0, "120"), (-120.0, "120")] {
                assert_eq!(seen(code, number, digits), "plain", "{code}");
            }
            assert_eq!(NumberFormat::of(code).map_or(0, |format| format.thousands(120.0)), 0, "{code}");
        }
    }

    #[test]
    fn commas_behind_the_digits_divide() {
        for (code, times) in
            [("0,", 1), ("#,##0,", 1), ("0,,", 2), ("0,.0", 1), ("0.0,,\" mill.\"", 2), ("#,##0", 0)]
        {
            assert_eq!(NumberFormat::of(code).map_or(0, |format| format.thousands(1.0)), times, "{code}");
        }
    }
}
