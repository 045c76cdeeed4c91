//! A KPI as a page of Markdown, for the command line and the catalogue's pages.

use std::fmt::Write as _;

use crate::{Better, ColumnFill, Kpi, Lang, RollupKind};

/// The page's own words, in one language.
struct Labels {
    unit: &'static str,
    better: [&'static str; 3],
    version: &'static str,
    owner: &'static str,
    period: &'static str,
    areas: &'static str,
    params: &'static str,
    columns: &'static str,
    codes: &'static str,
    caveats: &'static str,
    changes: &'static str,
    required: &'static str,
    default: &'static str,
    main: &'static str,
    head_param: [&'static str; 4],
    head_column: [&'static str; 3],
    head_code: [&'static str; 2],
}

const NB: Labels = Labels {
    unit: "Enhet",
    better: ["høyere er bedre", "lavere er bedre", "verken høyere eller lavere er bedre"],
    version: "Versjon",
    owner: "Eier",
    period: "Periode",
    areas: "For områder",
    params: "Parametere",
    columns: "Egne kolonner",
    codes: "Koder",
    caveats: "Forbehold",
    changes: "Endringer i definisjonen",
    required: "må oppgis",
    default: "standard",
    main: "løsningens hovedmål",
    head_param: ["Parameter", "Type", "Betydning", ""],
    head_column: ["Kolonne", "Enhet", "Betydning"],
    head_code: ["Kode", "Betydning"],
};
const NN: Labels = Labels {
    unit: "Eining",
    better: ["høgare er betre", "lågare er betre", "verken høgare eller lågare er betre"],
    version: "Versjon",
    owner: "Eigar",
    period: "Periode",
    areas: "For område",
    params: "Parametrar",
    columns: "Eigne kolonnar",
    codes: "Kodar",
    caveats: "Atterhald",
    changes: "Endringar i definisjonen",
    required: "må oppgjevast",
    default: "standard",
    main: "hovudmålet til løysinga",
    head_param: ["Parameter", "Type", "Tyding", ""],
    head_column: ["Kolonne", "Eining", "Tyding"],
    head_code: ["Kode", "Tyding"],
};
const EN: Labels = Labels {
    unit: "Unit",
    better: ["higher is better", "lower is better", "neither higher nor lower is better"],
    version: "Version",
    owner: "Owner",
    period: "Period",
    areas: "For areas",
    params: "Parameters",
    columns: "Columns of its own",
    codes: "Codes",
    caveats: "Caveats",
    changes: "Changes of the definition",
    required: "required",
    default: "default",
    main: "the solution's main measure",
    head_param: ["Parameter", "Type", "Meaning", ""],
    head_column: ["Column", "Unit", "Meaning"],
    head_code: ["Code", "Meaning"],
};

/// Text safe in a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// How the value of an area comes about, as a formula.
fn formula(kpi: &Kpi) -> String {
    if let Some(own) = &kpi.rollup.value {
        return format!("`{own}`");
    }
    let value = match kpi.rollup.kind {
        RollupKind::Count => "sum(numerator)",
        RollupKind::Ratio => "sum(numerator) / sum(denominator)",
        RollupKind::Max => "max(numerator)",
        RollupKind::Min => "min(numerator)",
        RollupKind::None => return "–".to_owned(),
        RollupKind::Area => return "`areas`".to_owned(),
    };
    let scale = if kpi.rollup.scale == 1 { String::new() } else { format!("{} * ", kpi.rollup.scale) };
    let divide =
        if kpi.rollup.divide_by == 1 { String::new() } else { format!(" / {}", kpi.rollup.divide_by) };
    format!("`{scale}{value}{divide}`")
}

/// The KPI's own codes: those its columns hold, in the order the columns name them, then those that explain a state.
fn codes(out: &mut String, kpi: &Kpi, lang: Lang, labels: &Labels) {
    if kpi.reasons.is_empty() {
        return;
    }
    let [code, meaning] = labels.head_code;
    let _ = writeln!(out, "\n## {}\n\n| {code} | {meaning} |\n|---|---|", labels.codes);
    let of_columns: Vec<&String> = kpi.columns.iter().flat_map(|column| &column.codes).collect();
    let of_states = kpi.reasons.keys().filter(|code| !of_columns.contains(code));
    for code in of_columns.iter().copied().chain(of_states) {
        if let Some(titles) = kpi.reasons.get(code) {
            let _ = writeln!(out, "| `{code}` | {} |", cell(titles.get(lang)));
        }
    }
}

/// The page.
pub(crate) fn page(kpi: &Kpi, lang: Lang) -> String {
    let labels = match lang {
        Lang::Nb => &NB,
        Lang::Nn => &NN,
        Lang::En => &EN,
    };
    let better = match kpi.better {
        Better::Higher => labels.better[0],
        Better::Lower => labels.better[1],
        Better::Neither => labels.better[2],
    };
    let mut out = format!("# {} (`{}`)\n\n{}\n\n", kpi.title.get(lang), kpi.id, kpi.answers.get(lang));
    // Writing to a String cannot fail.
    let _ = writeln!(out, "- {}: {} ({better})", labels.unit, kpi.unit);
    let _ = writeln!(out, "- {}: {} x {}", labels.period, kpi.window, kpi.granularity.as_str());
    let _ = writeln!(out, "- {}: {}", labels.areas, formula(kpi));
    let _ = writeln!(out, "- {}: {}", labels.version, kpi.version);
    let _ = writeln!(out, "- {}: {}", labels.owner, kpi.owner);
    if !kpi.params.is_empty() {
        let [a, b, c, d] = labels.head_param;
        let _ = writeln!(out, "\n## {}\n\n| {a} | {b} | {c} | {d} |\n|---|---|---|---|", labels.params);
        for param in &kpi.params {
            let given = match (&param.default, &param.main) {
                (Some(default), _) => format!("{} `{default}`", labels.default),
                (None, Some(kind)) => format!("{} (`{kind}`)", labels.main),
                (None, None) => labels.required.to_owned(),
            };
            let kind = param.kind.as_str();
            let choices = if param.choices.is_empty() {
                String::new()
            } else {
                format!(": {}", param.choices.join(", "))
            };
            let _ = writeln!(
                out,
                "| `{}` | {kind}{} | {} | {given} |",
                param.name,
                cell(&choices),
                cell(&param.doc)
            );
        }
    }
    if kpi.shown_columns().next().is_some() {
        let [a, b, c] = labels.head_column;
        let _ = writeln!(out, "\n## {}\n\n| {a} | {b} | {c} |\n|---|---|---|", labels.columns);
        for column in kpi.shown_columns() {
            let after = match &column.fill {
                ColumnFill::After(expression) => format!(" (`{}`)", cell(expression)),
                _ => String::new(),
            };
            let _ = writeln!(out, "| `{}` | {} | {}{after} |", column.name, column.unit, cell(&column.doc));
        }
    }
    codes(&mut out, kpi, lang, labels);
    let caveats = kpi.caveats.get(lang);
    if !caveats.is_empty() {
        let _ = writeln!(out, "\n## {}\n", labels.caveats);
        for caveat in caveats {
            let _ = writeln!(out, "- {caveat}");
        }
    }
    if !kpi.changes.is_empty() {
        let _ = writeln!(out, "\n## {}\n", labels.changes);
        for change in &kpi.changes {
            let _ = writeln!(out, "- {} ({}): {}", change.version, change.date, change.text.get(lang));
        }
    }
    out
}
