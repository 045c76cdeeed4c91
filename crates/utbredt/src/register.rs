//! `utbredt register`: a network's own facts as files: out, compared, and in.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};
use utbredt_formats::Lang;
use utbredt_ingest::read_file;
use utbredt_ingest::registers::{self, Application, Proposal};
use utbredt_kpi::RequestError;
use utbredt_lake::{Lake, Table};
use utbredt_model::is_reason;
use utbredt_model::register::{REGISTERS, Register};

use crate::assets::Queries;
use crate::ingest::{BELOW_THRESHOLD, stem, usage, writer};
use crate::question::language;
use crate::register_export::{export, kpis};
use crate::register_moves::{Moves, moves};
use crate::register_report::{render, to_json};
use crate::table::Output;
use crate::{clock, human, table};

#[derive(Debug, Subcommand)]
pub(crate) enum RegisterCommand {
    /// Names every register, how many rows it has, and how many of them are the network's own.
    List {
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows the rows of a register as they are, or what its columns mean.
    Show {
        /// The register, as `register list` names it.
        table: String,
        /// Show what each column means in place of the rows.
        #[arg(long)]
        columns: bool,
        /// How the rows are written: `table`, `csv`, `csv-excel`, `json`, `arrow` or `xlsx`.
        #[arg(long, default_value = "table")]
        format: String,
        /// The language of the columns' meanings.
        #[arg(long, value_parser = language, default_value = "en", value_name = "nb|nn|en")]
        lang: Lang,
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
    },
    /// Writes a register as a file to edit: a workbook with its columns explained and what cells may hold as lists, or CSV.
    Export {
        /// The register, as `register list` names it.
        table: String,
        /// The file; its ending, `.xlsx` or `.csv`, says what it is.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// The language of headings and explanations in a workbook.
        #[arg(long, value_parser = language, default_value = "nb", value_name = "nb|nn|en")]
        lang: Lang,
        /// The lake.
        #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
        lake: PathBuf,
    },
    /// Shows row by row what a file would add, change, end or remove, what is refused and why, and which values of KPIs would
    /// move; nothing is written. Ends with 3 when a row is refused.
    Check(FileArguments),
    /// Applies a file: what is right of it makes an edition, and the rest is refused with the reason. When more than a fifth
    /// of its rows is refused, nothing is applied. Ends with 3 when a row is refused.
    Apply {
        #[command(flatten)]
        file: FileArguments,
        /// Why it is changed; the history of each row keeps it.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct FileArguments {
    /// The file: a workbook or CSV, as `register export` writes it. A row that says no edition may only be new.
    file: PathBuf,
    /// The register; the file's name without its ending when left out.
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// The edition that rows were taken from which do not say it.
    #[arg(long, value_name = "N")]
    edition: Option<u64>,
    /// The lake.
    #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
    lake: PathBuf,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs one of the commands.
pub(crate) fn run(command: RegisterCommand, queries: Queries) -> anyhow::Result<ExitCode> {
    match command {
        RegisterCommand::List { lake, json } => list(&lake, json)?,
        RegisterCommand::Show { table, columns: true, lang, .. } => show_columns(named(&table)?, lang)?,
        RegisterCommand::Show { table, format, lang, lake, .. } => {
            show(named(&table)?, (&Output::choose(Some(&format), None)?, lang), &lake)?;
        }
        RegisterCommand::Export { table, output, lang, lake } => {
            export(named(&table)?, &output, lang, (&lake, queries))?;
        }
        RegisterCommand::Check(file) => return check(&file, queries),
        RegisterCommand::Apply { file, reason } => return apply(&file, &reason, queries),
    }
    Ok(ExitCode::SUCCESS)
}

fn named(table: &str) -> anyhow::Result<&'static Register> {
    let names: Vec<&str> = REGISTERS.iter().map(|register| register.table).collect();
    let unknown = || {
        let hint = format!("one of {}", names.join(", "));
        RequestError::unknown("register", table, names.iter().copied(), hint)
    };
    Ok(Register::named(table).ok_or_else(unknown)?)
}

fn list(root: &Path, json: bool) -> anyhow::Result<()> {
    let lake = Lake::open(root)?;
    let latest = lake.latest()?;
    let mut all = Vec::new();
    for register in REGISTERS {
        let rows = registers::show(&lake, latest.as_ref(), register)?;
        let own = registers::own(&lake, latest.as_ref(), register)?;
        // Keys of rows that were removed since are no rows.
        let own = rows.iter().filter(|row| own.contains(&registers::key_of(register, row))).count();
        all.push((*register, rows.len(), own));
    }
    if json {
        return table::write_document(&format!(
            "{}\n",
            Value::from(all.iter().map(listed).collect::<Vec<_>>())
        ));
    }
    let lines = all.iter().map(|(register, rows, own)| {
        format!("{:<18} {rows:>6} rows, {own:>4} of one's own   {}", register.table, register.doc.en)
    });
    table::write_lines(&lines.collect::<Vec<_>>())
}

fn listed((register, rows, own): &(&Register, usize, usize)) -> Value {
    json!({ "table": register.table, "title": register.title.en, "rows": rows, "own": own })
}

/// The rows, as the lake's table has them.
fn show(register: &'static Register, (output, lang): (&Output<'_>, Lang), root: &Path) -> anyhow::Result<()> {
    let lake = Lake::open(root)?;
    let Some(table) = Table::named(register.table) else { return Ok(()) };
    let latest = lake.latest()?;
    let rows = latest.as_ref().map(|latest| lake.read_table(latest, table)).transpose()?.unwrap_or_default();
    let meta = json!({
        "title": register.title.get(lang),
        "edition": latest.map(|latest| latest.number),
    });
    let schema = table.schema();
    output.write(lang, &schema, &rows, &meta, &human::all_columns(&schema))
}

fn show_columns(register: &Register, lang: Lang) -> anyhow::Result<()> {
    let mut lines = vec![
        format!("{}: {}", register.table, register.title.get(lang)),
        register.doc.get(lang).to_owned(),
        format!("A row is the same row when these are: {}", register.key.join(", ")),
        String::new(),
    ];
    for column in register.columns {
        let required = if column.required { "required" } else { "" };
        lines.push(format!(
            "{:<26} {:<9} {:<26} {}",
            column.name,
            required,
            column.title.get(lang),
            column.doc.get(lang)
        ));
    }
    table::write_lines(&lines)
}

/// The register a file is of, and the file.
fn read(arguments: &FileArguments) -> anyhow::Result<(&'static Register, Vec<u8>)> {
    let table = arguments.table.clone().unwrap_or_else(|| stem(&arguments.file));
    let register = named(&table)?;
    Ok((register, read_file(&arguments.file)?))
}

fn check(arguments: &FileArguments, queries: Queries) -> anyhow::Result<ExitCode> {
    let (register, bytes) = read(arguments)?;
    let lake = Lake::open(&arguments.lake)?;
    let proposal = registers::check(&lake, register, &bytes, (&kpis(queries.clone())?, arguments.edition))?;
    let moves =
        if proposal.is_refused() { Moves::default() } else { moves(&lake, register, &proposal, queries)? };
    if arguments.json {
        let mut document = to_json(register, &proposal, None);
        document["moves"] = moves.to_json();
        table::write_document(&format!("{document}\n"))?;
    } else {
        let mut lines = render(register, &proposal);
        if !proposal.is_refused() && !proposal.changes.is_empty() {
            lines.extend(moves.lines());
        }
        let file = arguments.file.display();
        lines.push(match (proposal.is_refused(), proposal.changes.is_empty()) {
            (true, _) => "nothing of it would be applied: mend it first".to_owned(),
            (_, true) => "it would change nothing".to_owned(),
            _ => format!(
                "nothing is written yet: `utbredt register apply {file} --reason TEXT` makes an edition of it"
            ),
        });
        table::write_lines(&lines)?;
    }
    Ok(code(&proposal))
}

fn apply(arguments: &FileArguments, reason: &str, queries: Queries) -> anyhow::Result<ExitCode> {
    if !is_reason(reason) {
        return Err(usage("a reason has a letter or a digit in it".to_owned(), "say why with --reason TEXT"));
    }
    let (register, bytes) = read(arguments)?;
    let kpis = kpis(queries)?;
    let mut writer = writer(&Lake::open(&arguments.lake)?)?;
    let application = Application {
        register,
        bytes: &bytes,
        kpis: &kpis,
        edition: arguments.edition,
        reason,
        recorded_at: clock::now(),
    };
    let applied = registers::apply(&mut writer, application)?;
    let proposal = &applied.proposal;
    if arguments.json {
        let receipt = applied.receipt.as_ref().map(|receipt| receipt.0.clone());
        table::write_document(&format!(
            "{}\n",
            to_json(register, proposal, Some((applied.edition, receipt)))
        ))?;
    } else {
        let mut lines = render(register, proposal);
        lines.push(match (&applied.receipt, proposal.is_refused()) {
            (Some(_), _) => format!("edition {} is the newest", applied.edition),
            (None, true) => "nothing is applied: mend the file, and apply it again".to_owned(),
            (None, false) => format!("nothing changes; edition {} is the newest", applied.edition),
        });
        table::write_lines(&lines)?;
    }
    if let Some(problem) = writer.delta_problem() {
        anyhow::bail!("the edition is made; readers of its Delta logs do not see it yet: {problem}");
    }
    Ok(code(proposal))
}

fn code(proposal: &Proposal) -> ExitCode {
    // A script must see that somebody has to look at it.
    let is_poor = proposal.is_refused() || !proposal.refusals.is_empty();
    if is_poor { ExitCode::from(BELOW_THRESHOLD) } else { ExitCode::SUCCESS }
}
