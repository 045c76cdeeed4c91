//! SQL text as the tokens our checks read, cut by the parser's own tokenizer. Comments are skipped and string
//! literals are opaque, so that neither can trip a rule.

use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{Token as Raw, TokenWithSpan, Tokenizer};

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A keyword or identifier; unquoted ones in lower case.
    Word(String),
    /// A number as written.
    Number(String),
    /// A string literal.
    Text,
    /// `$name`.
    Param(String),
    /// Any other character.
    Symbol(char),
}

/// A token and the line it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) line: usize,
    /// How many parentheses are open around it; both parentheses of a pair have the outer depth.
    pub(crate) depth: usize,
}

impl Token {
    /// The word, when it is one.
    pub(crate) fn word(&self) -> Option<&str> {
        if let TokenKind::Word(word) = &self.kind { Some(word) } else { None }
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    pub(crate) fn is_symbol(&self, symbol: char) -> bool {
        self.kind == TokenKind::Symbol(symbol)
    }
}

/// The tokens of `sql`. Never fails: what cannot be cut into tokens ends the list, and the parser says why.
pub(crate) fn tokens(sql: &str) -> Vec<Token> {
    let mut raw: Vec<TokenWithSpan> = Vec::new();
    let dialect = GenericDialect {};
    // An error is the parser's to report, with its place; the tokens before it are kept.
    let _cut = Tokenizer::new(&dialect, sql).tokenize_with_location_into_buf(&mut raw);
    let mut out = Vec::with_capacity(raw.len());
    let mut depth = 0_usize;
    for TokenWithSpan { token, span } in raw {
        let line = usize::try_from(span.start.line).unwrap_or(usize::MAX);
        for kind in kinds(token) {
            // Before the push: a closing parenthesis has the depth of its opening one.
            if kind == TokenKind::Symbol(')') {
                // Saturating: a text may close too many, which the parser reports.
                depth = depth.saturating_sub(1);
            }
            let opens = kind == TokenKind::Symbol('(');
            out.push(Token { kind, line, depth });
            depth += usize::from(opens);
        }
    }
    out
}

/// A token in our terms. An operator of several characters is one symbol each.
fn kinds(token: Raw) -> Vec<TokenKind> {
    match token {
        Raw::Whitespace(_) | Raw::EOF => Vec::new(),
        Raw::Word(word) if word.quote_style.is_some() => vec![TokenKind::Word(word.value)],
        Raw::Word(word) => vec![TokenKind::Word(word.value.to_lowercase())],
        Raw::Number(number, _) => vec![TokenKind::Number(number)],
        Raw::Placeholder(name) => vec![TokenKind::Param(name.trim_start_matches('$').to_owned())],
        Raw::SingleQuotedString(_)
        | Raw::DoubleQuotedString(_)
        | Raw::TripleSingleQuotedString(_)
        | Raw::TripleDoubleQuotedString(_)
        | Raw::DollarQuotedString(_)
        | Raw::EscapedStringLiteral(_)
        | Raw::UnicodeStringLiteral(_)
        | Raw::NationalStringLiteral(_)
        | Raw::HexStringLiteral(_) => vec![TokenKind::Text],
        operator => operator.to_string().chars().map(TokenKind::Symbol).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_hide_their_content() {
        let sql =
            "/* now() /* nested */ still */ SELECT 'it''s now()', -- random()\n\"Odd Name\", $p, 1.5e-3";
        let kinds: Vec<TokenKind> = tokens(sql).into_iter().map(|t| t.kind).collect();
        let word = |w: &str| TokenKind::Word(w.to_owned());
        let comma = TokenKind::Symbol(',');
        assert_eq!(
            kinds,
            [
                word("select"),
                TokenKind::Text,
                comma.clone(),
                word("Odd Name"),
                comma.clone(),
                TokenKind::Param("p".to_owned()),
                comma,
                TokenKind::Number("1.5e-3".to_owned()),
            ]
        );
    }

    #[test]
    fn lines_and_depths_are_counted() {
        let found = tokens("a\n(b\n(c))");
        let places: Vec<(usize, usize)> = found.iter().map(|t| (t.line, t.depth)).collect();
        assert_eq!(places, [(1, 0), (2, 0), (2, 1), (3, 1), (3, 2), (3, 1), (3, 0)]);
    }

    #[test]
    fn broken_text_ends_quietly() {
        for text in ["'open", "/* open", "\"open", "$", "))((", "é'ø", "1e+"] {
            let _ = tokens(text);
        }
    }
}
