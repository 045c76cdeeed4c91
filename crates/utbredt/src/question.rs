//! The arguments of a question to a KPI, which `kpi run` and `diff` have in common.

use std::path::PathBuf;

use utbredt_kpi::{Lang, RequestError};

/// The language named.
pub(crate) fn language(text: &str) -> Result<Lang, RequestError> {
    let names = Lang::ALL.map(Lang::as_str);
    let hint = format!("one of {}", names.join(", "));
    Lang::parse(text).ok_or_else(|| RequestError::unknown("language", text, names, hint))
}

// What is asked of a KPI, and how the answer is written. No doc comment: clap would show it in place of the command's.
#[derive(Debug, clap::Args)]
pub(crate) struct Question {
    /// A parameter, `name=value`.
    #[arg(long = "param")]
    pub(crate) params: Vec<String>,
    /// What a row is about: `municipality`, `county`, `network`, `peer_group`, `wave` or `nation` (the default).
    #[arg(long, value_name = "AREA")]
    pub(crate) by: Option<String>,
    /// Only municipalities of these areas, `name=code,code`; may be repeated.
    #[arg(long = "where", value_name = "NAME=CODE")]
    pub(crate) filter: Vec<String>,
    /// The borders: `then` (the default), `now` or a day.
    #[arg(long)]
    pub(crate) borders: Option<String>,
    /// At inexact borders: `exact_only` (the default), `population_share` or `largest_successor`.
    #[arg(long)]
    pub(crate) policy: Option<String>,
    /// The first period, such as 2018-04, 2018-Q2 or 2018.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// The last period, included, such as 2020-12, 2020-Q4 or 2020.
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// Length of a period: `day`, `week`, `month`, `quarter`, `half_year`, `year`, or `range` for the whole span.
    #[arg(long)]
    pub(crate) granularity: Option<String>,
    /// How the rows are written: `table`, `json`, `csv`, `csv-excel`, `arrow` or `xlsx`; taken from the extension of FILE when left
    /// out.
    #[arg(long)]
    pub(crate) format: Option<String>,
    /// The language of titles, notes and the headings of a workbook: `nb`, `nn` or `en`.
    #[arg(long, default_value = "en", value_parser = language)]
    pub(crate) lang: Lang,
    /// Write to a file instead of the terminal.
    #[arg(short = 'o', long)]
    pub(crate) output: Option<PathBuf>,
    /// The lake.
    #[arg(long, env = "UTBREDT_LAKE", default_value = "./lake")]
    pub(crate) lake: PathBuf,
}
