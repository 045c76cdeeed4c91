//! Rust source with its comments and literals blanked out, so that a check sees code only.

/// The code of a file: comments, strings and characters become blanks, line breaks stay.
pub(crate) fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// Where the comment or literal that begins at `at` ends; `at` itself when none begins there.
fn literal_end(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    let inside_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match chars[at] {
        '/' if next == Some('/') => line_end(chars, at),
        '/' if next == Some('*') => block_end(chars, at),
        '"' => string_end(chars, at + 1),
        'r' if !inside_word || chars[at - 1] == 'b' => raw_string_end(chars, at).unwrap_or(at),
        '\'' => character_end(chars, at).unwrap_or(at),
        _ => at,
    }
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |length| at + length)
}

fn block_end(chars: &[char], at: usize) -> usize {
    let closed = chars[at..].windows(2).position(|pair| pair == ['*', '/']);
    closed.map_or(chars.len(), |length| at + length + 2)
}

fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let mut close = vec!['"'];
    close.resize(1 + hashes, '#');
    let length = chars[open + 1..].windows(close.len()).position(|part| part == close)?;
    Some(open + 1 + length + close.len())
}

/// A lifetime is no character: that has its closing quote one place, or one escape, further on.
fn character_end(chars: &[char], at: usize) -> Option<usize> {
    if chars.get(at + 1) == Some(&'\\') {
        let closed = chars.get(at + 3..)?.iter().position(|c| *c == '\'')?;
        return Some(at + 3 + closed + 1);
    }
    (chars.get(at + 2) == Some(&'\'')).then_some(at + 3)
}

/// The names in code, in order.
pub(crate) fn identifiers(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// The words a name is made of, in lower case: `OneOrTwo` and `ONE_OR_TWO` alike.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && lower_before) {
            words.push(String::new());
        }
        lower_before = c.is_lowercase() || c.is_numeric();
        if c != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn comments_and_literals_are_no_code() {
    let source = "let a = \"b \\\" c\"; // d\nlet e = 'f'; let g: &'h str = r#\"i \" j\"#; /* k\nl */ m('\\'', '\\u{1}')";
    let code = code(source);
    let found: Vec<&str> = identifiers(&code).collect();
    assert_eq!(found, ["let", "a", "let", "e", "let", "g", "h", "str", "m"]);
    assert_eq!(code.lines().count(), 3, "line numbers stay");
}

#[test]
fn a_name_falls_into_its_words() {
    assert_eq!(words("OneOrTwo"), ["one", "or", "two"]);
    assert_eq!(words("ONE_OR_TWO"), ["one", "or", "two"]);
    assert_eq!(words("_x1Y"), ["x1", "y"]);
}
