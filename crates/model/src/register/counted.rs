//! The register of what is counted of solutions.

use super::texts::{SOLUTION, optional, required, text};
use super::{ColumnKind, Register, Rule};

pub(super) static MEASURES: Register = Register {
    table: "measures",
    title: text("Måltall", "Måltal", "Measures"),
    doc: text(
        "Noe som telles ved en løsning.",
        "Noko som blir talt ved ei løysing.",
        "Something that is counted of a solution.",
    ),
    columns: &[
        required(
            "measure_id",
            ColumnKind::Id,
            text("Måltall", "Måltal", "Measure"),
            text(
                "Kort id med små bokstaver, som `uses`.",
                "Kort id med små bokstavar, som `uses`.",
                "A short id in lower case, such as `uses`.",
            ),
        ),
        SOLUTION,
        required(
            "unit",
            ColumnKind::Words,
            text("Enhet", "Eining", "Unit"),
            text(
                "Hva én av det er, på engelsk i flertall: `messages`.",
                "Kva éin av det er, på engelsk i fleirtal: `messages`.",
                "What one of it is, an English plural: `messages`.",
            ),
        ),
        required(
            "kind",
            ColumnKind::OneOf(&["flow", "stock", "status", "share"]),
            text("Art", "Art", "Kind"),
            text(
                "`flow`: skjer i en periode. `stock`: står på en dag. `status`: ja eller nei. `share`: en andel.",
                "`flow`: skjer i ein periode. `stock`: står på ein dag. `status`: ja eller nei. `share`: ein del.",
                "`flow`: happens in a period. `stock`: holds on a day. `status`: yes or no. `share`: a ratio.",
            ),
        ),
        required(
            "rollup",
            ColumnKind::OneOf(&["sum", "last", "mean", "none"]),
            text("Over tid", "Over tid", "Over time"),
            text(
                "Hvordan tall i en periode blir ett: `sum`, `last`, `mean`, `none`.",
                "Korleis tal i ein periode blir eitt: `sum`, `last`, `mean`, `none`.",
                "How numbers of a period become one: `sum`, `last`, `mean`, `none`.",
            ),
        ),
        required(
            "stamp",
            ColumnKind::OneOf(&["start", "end"]),
            text("Tidsstempel", "Tidsstempel", "Stamp"),
            text(
                "Om stempelet er periodens begynnelse eller slutt.",
                "Om stempelet er starten eller slutten på perioden.",
                "Whether a stamp is a period's beginning or its end.",
            ),
        ),
        required(
            "sensitivity",
            ColumnKind::OneOf(&["open", "small_cell", "restricted"]),
            text("Vern", "Vern", "Sensitivity"),
            text(
                "`open`: ingen personer bak. `small_cell`: små tall skjules. `restricted`: bare for avtalte lesere.",
                "`open`: ingen personar bak. `small_cell`: små tal blir skjulte. `restricted`: berre for avtalte lesarar.",
                "`open`: no persons behind it. `small_cell`: small numbers are hidden. `restricted`: agreed readers only.",
            ),
        ),
        optional(
            "main",
            ColumnKind::Flag(None),
            text("Hovedtall", "Hovudtal", "Main"),
            text(
                "Ja: menes når et spørsmål ikke nevner noe måltall av arten.",
                "Ja: er meint når eit spørsmål ikkje nemner noko måltal av arten.",
                "Yes: meant when a question names no measure of its kind.",
            ),
        ),
        optional(
            "allocation",
            ColumnKind::OneOf(&["by_days"]),
            text("Fordeling", "Fordeling", "Allocation"),
            text(
                "`by_days`: det som ligger i to perioder, deles etter dager.",
                "`by_days`: det som ligg i to periodar, blir delt etter dagar.",
                "`by_days`: what lies in two periods is divided by days.",
            ),
        ),
    ],
    key: &["solution_id", "measure_id"],
    rules: &[
        Rule::OneFlag { alike: &["solution_id", "kind"], flag: "main" },
        Rule::Implies(("kind", "stock"), ("rollup", &["last"])),
        Rule::Implies(("kind", "share"), ("rollup", &["mean", "last", "none"])),
    ],
};
