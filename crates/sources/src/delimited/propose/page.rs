//! TOML with comments, line by line.

use std::collections::BTreeMap;

/// A text in TOML's quotes, on one line whatever it holds: JSON's escapes are among TOML's, which asks for one more.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// A contract under construction.
#[derive(Default)]
pub(super) struct Page(pub(super) String);

impl Page {
    pub(super) fn line(&mut self, text: &str) {
        self.0 += text;
        self.0.push('\n');
    }

    pub(super) fn comment(&mut self, text: &str) {
        // A line break inside a name must not end the comment.
        self.line(&format!("# {}", text.replace(|c: char| c.is_control(), " ")));
    }

    pub(super) fn section(&mut self, name: &str) {
        self.line(&format!("\n[{name}]"));
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.line(&format!("{key} = {}", quoted(value)));
    }

    pub(super) fn map(&mut self, section: &str, map: &BTreeMap<String, String>) {
        if !map.is_empty() {
            self.section(section);
            map.iter().for_each(|(key, value)| self.line(&format!("{} = {}", quoted(key), quoted(value))));
        }
    }
}
