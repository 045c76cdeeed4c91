//! SQL text as tokens: enough to check a file's rules without planning it. Comments are skipped and
//! string literals are opaque, so that neither can trip a rule.

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

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes.min(self.rest.len()));
        self.line += taken.bytes().filter(|b| *b == b'\n').count();
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !keep(c)).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// A block comment; they nest, as they do in the engine.
    fn skip_block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.take(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.take(2);
            } else if let Some(c) = self.rest.chars().next() {
                self.take(c.len_utf8());
            } else {
                return;
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// What stands between two `quote`s, a doubled one standing for itself.
    fn quoted(&mut self, quote: char) -> String {
        self.take(1);
        let mut out = String::new();
        loop {
            out.push_str(self.take_while(|c| c != quote));
            self.take(1);
            if !self.rest.starts_with(quote) {
                return out;
            }
            self.take(1);
            out.push(quote);
        }
    }

    fn number(&mut self) -> String {
        let mut out = self.take_while(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_').to_owned();
        if out.ends_with(['e', 'E']) && self.rest.starts_with(['+', '-']) {
            out.push_str(self.take(1));
            out.push_str(self.take_while(|c| c.is_ascii_digit()));
        }
        out
    }
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The tokens of `sql`. Never fails: what the planner will refuse anyway is left to the planner.
pub(crate) fn tokens(sql: &str) -> Vec<Token> {
    let mut reader = Reader { rest: sql, line: 1 };
    let mut out = Vec::new();
    let mut depth = 0_usize;
    while let Some(c) = reader.rest.chars().next() {
        let line = reader.line;
        let kind = match c {
            _ if c.is_whitespace() => {
                reader.take(c.len_utf8());
                continue;
            }
            '-' if reader.rest.starts_with("--") => {
                reader.take_while(|c| c != '\n');
                continue;
            }
            '/' if reader.rest.starts_with("/*") => {
                reader.skip_block_comment();
                continue;
            }
            '\'' => {
                reader.quoted('\'');
                TokenKind::Text
            }
            '"' => TokenKind::Word(reader.quoted('"')),
            '$' => {
                reader.take(1);
                TokenKind::Param(reader.take_while(in_word).to_owned())
            }
            _ if c.is_ascii_digit() => TokenKind::Number(reader.number()),
            _ if in_word(c) => TokenKind::Word(reader.take_while(in_word).to_lowercase()),
            _ => {
                reader.take(c.len_utf8());
                TokenKind::Symbol(c)
            }
        };
        if kind == TokenKind::Symbol(')') {
            depth = depth.saturating_sub(1);
        }
        out.push(Token { line, depth, kind });
        if out.last().is_some_and(|t| t.is_symbol('(')) {
            depth += 1;
        }
    }
    out
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
