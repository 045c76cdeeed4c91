//! `utbredt key`: makes, lists and revokes the keys by which a server is used.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde_json::{Value, json};
use utbredt_ingest::config::IngestConfig;
use utbredt_lake::{KeyFile, Lake, TABLES};
use utbredt_model::key::KeyText;
use utbredt_model::{KeyList, KeyRecord, Scope, nearest};

use crate::arguments::PlanArguments;
use crate::ingest::usage;
use crate::{clock, table};

/// The longest label, in characters.
const LONGEST_LABEL: usize = 200;

/// How often another id is tried: that one is taken is a chance of one in four thousand millions for each key there is.
const TRIES: usize = 8;

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Makes a key and prints it, once: only its hash is kept.
    New {
        /// What it allows: `read`, `upload:SOURCE`, `register:TABLE`, `sql` or `operate` (metrics, held deliveries, causes of
        /// failures; includes `read`). May be repeated.
        #[arg(long = "scope", required = true, value_name = "SCOPE")]
        scopes: Vec<Scope>,
        /// How many days it is valid.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: u16,
        /// Whose it is, or what it is for.
        #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
        label: String,
        /// The plan, by which sources are known.
        #[command(flatten)]
        plan: PlanArguments,
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lists the keys, what each allows and until when. The keys themselves are not kept.
    List {
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Revokes a key. A server that runs refuses it from its next request on.
    Revoke {
        /// Its id, as `key list` shows it: the eight digits after `utb_`.
        id: String,
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of the commands.
pub(crate) fn run(command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::New { scopes, days, label, plan, lake, json } => {
            check_scopes(&scopes, &plan.plan)?;
            check_label(&label)?;
            let (key, text) = new(&keys_of(&lake)?, &scopes.into_iter().collect(), days, &label)?;
            if json {
                let mut shown = to_json(&key, clock::now());
                shown["key"] = json!(text.reveal());
                return table::write_document(&format!("{shown}\n"));
            }
            // Alone on standard output, so that it can go into a file or a variable.
            table::write_lines(&[text.reveal().to_owned()])?;
            table::message(&format!(
                "key {}, valid until {} for {}; it is not shown again",
                key.id,
                table::moment(key.expires),
                words(&key)
            ));
            Ok(())
        }
        KeyCommand::List { lake, json } => {
            let (keys, now) = (keys_of(&lake)?.list()?, clock::now());
            if json {
                let keys: Vec<Value> = keys.records().iter().map(|key| to_json(key, now)).collect();
                return table::write_document(&format!("{}\n", json!({ "keys": keys })));
            }
            table::write_lines(&render(&keys, now))
        }
        KeyCommand::Revoke { id, lake, json } => {
            let (key, now) = (revoke(&keys_of(&lake)?, &id)?, clock::now());
            if json {
                return table::write_document(&format!("{}\n", to_json(&key, now)));
            }
            let on = table::moment(key.revoked.unwrap_or(now));
            table::write_lines(&[format!("{}: revoked on {on}", key.id)])
        }
    }
}

/// The keys of a lake that is there: a file of keys beside nothing would be looked for in vain.
fn keys_of(lake: &Path) -> anyhow::Result<KeyFile> {
    Ok(KeyFile::of_lake(Lake::open(lake)?.root()))
}

fn check_label(label: &str) -> anyhow::Result<()> {
    if label.chars().count() <= LONGEST_LABEL {
        return Ok(());
    }
    let what = format!("the label is longer than {LONGEST_LABEL} characters");
    Err(usage(what, "say in a few words whose the key is"))
}

/// Refuses a table that is not there and a source that the plan does not have. Without a plan a source is not known.
fn check_scopes(scopes: &[Scope], plan: &Path) -> anyhow::Result<()> {
    let names_source = scopes.iter().any(|scope| matches!(scope, Scope::Upload(_)));
    let config = (names_source && plan.exists()).then(|| IngestConfig::read(plan)).transpose()?;
    for scope in scopes {
        match (scope, &config) {
            (Scope::Register(name), _) if !TABLES.iter().any(|table| table.name == name.as_str()) => {
                let near = nearest(name.as_str(), TABLES.iter().map(|table| table.name));
                let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                return Err(usage(
                    format!("there is no table `{name}`{near}"),
                    "crates/lake/src/tables.rs lists them",
                ));
            }
            (Scope::Upload(source), Some(config)) => {
                let source = config.source(source.as_str());
                let source =
                    source.map_err(|error| usage(error.to_string(), "the plan names the sources"))?;
                if !source.connector.takes_files() {
                    let what = format!("the source `{}` takes no files", source.id);
                    return Err(usage(what, "its kind in the plan must be one that does, such as `folder`"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn new(
    file: &KeyFile,
    scopes: &BTreeSet<Scope>,
    days: u16,
    label: &str,
) -> anyhow::Result<(KeyRecord, KeyText)> {
    file.change(|keys| {
        for _ in 0..TRIES {
            let (mut id, mut secret) = ([0; 4], [0; 32]);
            let filled = getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut secret));
            filled.map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
            let (key, text) = KeyRecord::mint(id, secret, label, scopes.clone(), clock::now(), days);
            // Only an id that is taken is no success: then another one is tried.
            if keys.add(key.clone()).is_ok() {
                return Ok((key, text));
            }
        }
        anyhow::bail!("no free id was found for the key; the system's random bytes may not be random")
    })
}

fn revoke(file: &KeyFile, id: &str) -> anyhow::Result<KeyRecord> {
    // Whoever has the whole key at hand means the key of its id; the rest of it must not be repeated in a message.
    let id = id.strip_prefix("utb_").unwrap_or(id);
    let id = id.split('_').next().unwrap_or_default();
    file.change(|keys| {
        let near = nearest(id, keys.records().iter().map(|key| key.id.as_str()));
        keys.revoke(id, clock::now()).cloned().ok_or_else(|| {
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            usage(format!("there is no key `{id}`{near}"), "`utbredt key list` names them")
        })
    })
}

fn words(key: &KeyRecord) -> String {
    key.scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn to_json(key: &KeyRecord, now: DateTime<Utc>) -> Value {
    json!({
        "id": key.id,
        "label": key.label,
        "scopes": key.scopes,
        "created": table::moment(key.created),
        "expires": table::moment(key.expires),
        "revoked": key.revoked.map(table::moment),
        "state": key.state(now).as_str(),
    })
}

fn render(keys: &KeyList, now: DateTime<Utc>) -> Vec<String> {
    if keys.is_empty() {
        return vec!["no key was made yet; `utbredt key new --scope read` makes one".to_owned()];
    }
    let mut rows = vec![["id", "state", "expires", "scopes", "label"].map(str::to_owned)];
    for key in keys.records() {
        let expires = key.expires.date_naive().to_string();
        rows.push([
            key.id.clone(),
            key.state(now).as_str().to_owned(),
            expires,
            words(key),
            key.label.clone(),
        ]);
    }
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut lines = Vec::new();
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        lines.push(cells.collect::<Vec<_>>().join("  ").trim_end().to_owned());
    }
    lines
}
