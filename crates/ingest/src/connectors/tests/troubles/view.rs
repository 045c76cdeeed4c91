//! What of a lake is looked at: facts, the receipts in force, what was refused, and that nothing else was touched. Moments
//! are left out: when a delivery came differs from look to look.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::DataType;
use arrow::util::display::array_value_to_string;
use utbredt_lake::{Edition, Lake};

/// Tables of facts, and the columns in which no two rows may agree.
const FACTS: [(&str, &[&str]); 3] = [
    (
        "usage",
        &[
            "solution_id",
            "measure_id",
            "municipality_code",
            "organisation_number",
            "period_start",
            "period_end",
        ],
    ),
    ("rollout_events", &["solution_id", "municipality_code", "valid_from"]),
    ("population", &["municipality_code", "reference_date", "age_from", "age_to"]),
];

/// A fact: what it is about, what it says, and the receipt it stands on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fact {
    pub(super) key: String,
    pub(super) statement: String,
    pub(super) receipt: String,
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    pub(super) facts: Vec<Fact>,
    /// The receipts in force, by what they answer.
    pub(super) live: Vec<(String, String)>,
    /// Rows refused in what is in force.
    pub(super) refused: Vec<String>,
    /// Hashes of the payloads of all receipts.
    pub(super) payloads: BTreeSet<String>,
    /// The files of every table, by their content.
    files: BTreeMap<String, Vec<String>>,
    pub(super) edition: u64,
}

/// Rows of a table, column by column.
fn rows(lake: &Lake, edition: &Edition, name: &'static str) -> Vec<BTreeMap<String, String>> {
    let mut rows = Vec::new();
    for batch in lake.read_table(edition, crate::columns::table(name).unwrap()).unwrap() {
        let schema = batch.schema();
        for at in 0..batch.num_rows() {
            let columns = schema.fields().iter().zip(batch.columns());
            let columns = columns.filter(|(field, _)| !matches!(field.data_type(), DataType::Timestamp(..)));
            let cells = columns
                .map(|(field, column)| (field.name().clone(), array_value_to_string(column, at).unwrap()));
            rows.push(cells.collect());
        }
    }
    rows
}

/// The columns of a row apart from some.
fn text(row: &BTreeMap<String, String>, without: &[&str]) -> String {
    let shown = row.iter().filter(|(name, _)| !without.contains(&name.as_str()));
    shown.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

impl View {
    /// Of the tables of facts only those a connector may write to are read.
    pub(super) fn of(lake: &Lake, touches: &[&str]) -> Self {
        let edition = lake.latest().unwrap().unwrap();
        let mut facts = Vec::new();
        for (name, key) in FACTS.iter().filter(|(name, _)| touches.contains(name)) {
            for row in rows(lake, &edition, name) {
                let about = key.iter().map(|column| format!("{}|", row[*column])).collect::<String>();
                facts.push(Fact {
                    key: format!("{name} {about}"),
                    statement: text(&row, &["receipt_id"]),
                    receipt: row.get("receipt_id").cloned().unwrap_or_default(),
                });
            }
        }
        facts.sort();
        let receipts = rows(lake, &edition, "receipts");
        let live: BTreeSet<&String> = edition.receipts.iter().collect();
        let mut in_force: Vec<(String, String)> = receipts
            .iter()
            .filter(|row| live.contains(&row["receipt_id"]))
            .map(|row| (row["subject"].clone(), text(row, &[])))
            .collect();
        in_force.sort();
        let refused = rows(lake, &edition, "rejections").into_iter();
        let mut refused: Vec<String> =
            refused.filter(|row| live.contains(&row["receipt_id"])).map(|row| text(&row, &[])).collect();
        refused.sort();
        let hashes = |files: &Vec<utbredt_lake::FileEntry>| files.iter().map(|f| f.sha256.clone()).collect();
        Self {
            facts,
            live: in_force,
            refused,
            payloads: receipts.iter().map(|row| row["sha256"].clone()).collect(),
            files: edition.tables.iter().map(|(name, files)| (name.clone(), hashes(files))).collect(),
            edition: edition.number,
        }
    }

    /// What the facts say, and on what receipts.
    pub(super) fn whole(&self) -> Vec<String> {
        self.facts.iter().map(|fact| format!("{} {} [{}]", fact.key, fact.statement, fact.receipt)).collect()
    }

    /// Facts and receipts in force.
    pub(super) fn in_force(&self) -> Vec<String> {
        let mut all = self.whole();
        all.extend(self.live.iter().map(|(_, receipt)| receipt.clone()));
        all
    }

    /// What the facts say.
    pub(super) fn said(&self) -> Vec<String> {
        self.facts.iter().map(|fact| format!("{} {}", fact.key, fact.statement)).collect()
    }

    fn keys(&self) -> Vec<String> {
        self.facts.iter().map(|fact| fact.key.clone()).collect()
    }

    fn requested(&self) -> Vec<String> {
        self.live.iter().map(|(requested, _)| requested.clone()).collect()
    }

    /// What holds after every look, whatever the source did: nothing is lost of what was there before, nothing is there
    /// twice, and no table was written to that is none of the connector's business.
    pub(super) fn sound(&self, before: &Self, touches: &[&str]) -> Result<(), String> {
        let audit_tables = ["receipts", "rejections"];
        for (name, files) in &self.files {
            let ours = touches.contains(&name.as_str()) || audit_tables.contains(&name.as_str());
            if !ours && before.files.get(name) != Some(files) {
                return Err(format!("`{name}` was written to"));
            }
        }
        for (what, then, now) in
            [("about", before.keys(), self.keys()), ("in answer to", before.requested(), self.requested())]
        {
            if let Some(lost) = less(&then, &now).first() {
                return Err(format!("nothing is in force any more {what} {lost}"));
            }
            if let Some(twice) = now.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(format!("two things are in force {what} {}", twice[0]));
            }
        }
        Ok(())
    }
}

/// What of some texts is not among others.
pub(super) fn less(some: &[String], others: &[String]) -> Vec<String> {
    let others: BTreeSet<&String> = others.iter().collect();
    some.iter().filter(|text| !others.contains(text)).cloned().collect()
}

/// The laws bite: a fact that is gone, one told twice, an answer without a receipt, a table of others.
#[test]
fn what_is_lost_doubled_or_foreign_is_seen() {
    let fact = |key: &str, statement: &str| Fact {
        key: key.into(),
        statement: statement.into(),
        receipt: "r".into(),
    };
    let files = |sha: &str| BTreeMap::from([("municipalities".to_owned(), vec![sha.to_owned()])]);
    let before = View {
        facts: vec![fact("a", "1"), fact("b", "2")],
        live: vec![("monday".into(), "r".into())],
        refused: Vec::new(),
        payloads: BTreeSet::new(),
        files: files("x"),
        edition: 1,
    };
    let now = |change: fn(&mut View)| {
        let mut now = before.clone();
        change(&mut now);
        now.sound(&before, &["usage"])
    };
    assert_eq!(now(|view| view.facts[1].statement = "3".into()), Ok(()), "a correction is no loss");
    for (change, word) in [
        ((|view| drop(view.facts.pop())) as fn(&mut View), "about b"),
        (|view| view.facts.push(view.facts[1].clone()), "two things are in force about b"),
        (|view| view.live.clear(), "in answer to monday"),
        (|view| view.live.push(view.live[0].clone()), "two things are in force in answer to monday"),
        (|view| view.files.entry("municipalities".into()).or_default()[0] = "y".into(), "`municipalities`"),
    ] {
        let message = now(change).unwrap_err();
        assert!(message.contains(word), "{message}");
    }
}
