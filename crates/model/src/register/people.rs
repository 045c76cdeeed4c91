//! Registers about what was decided, and by whom.

use super::texts::{OWNER, SOLUTION, SYNTHETIC, required, text};
use super::{ColumnKind, Register, Rule};

pub(super) static TARGETS: Register = Register {
    table: "targets",
    title: text("Mål", "Mål", "Targets"),
    doc: text(
        "Et mål: for hva, for hvem, hvor mye og når.",
        "Eit mål: for kva, for kven, kor mykje og når.",
        "A goal: of what, for whom, how much and when.",
    ),
    columns: &[
        required(
            "metric",
            ColumnKind::Kpi,
            text("Indikator", "Indikator", "KPI"),
            text(
                "Indikatorens id, som `adoption.reach`.",
                "Id-en til indikatoren, som `adoption.reach`.",
                "The KPI's id, such as `adoption.reach`.",
            ),
        ),
        SOLUTION,
        required(
            "scope",
            ColumnKind::Scope,
            text("For hvem", "For kven", "Scope"),
            text(
                "`nation`, `network:<id>` eller `municipality:<nummer>`.",
                "`nation`, `network:<id>` eller `municipality:<nummer>`.",
                "`nation`, `network:<id>` or `municipality:<code>`.",
            ),
        ),
        required(
            "value",
            ColumnKind::KpiValue,
            text("Mål", "Mål", "Goal"),
            text(
                "I indikatorens enhet; en andel er 0 til 1.",
                "I eininga til indikatoren; ein del er 0 til 1.",
                "In the KPI's unit; a share is 0 to 1.",
            ),
        ),
        required(
            "baseline_period",
            ColumnKind::Day,
            text("Banen starter", "Bana startar", "Path starts"),
            text(
                "Første dag i perioden banen starter i.",
                "Første dag i perioden bana startar i.",
                "First day of the period the path starts in.",
            ),
        ),
        required(
            "baseline_value",
            ColumnKind::KpiValue,
            text("Verdi da", "Verdi då", "Value there"),
            text("Verdien i den perioden.", "Verdien i den perioden.", "The value in that period."),
        ),
        required(
            "path",
            ColumnKind::OneOf(&["straight", "s_curve"]),
            text("Bane", "Bane", "Path"),
            text(
                "`straight`: like mye hver måned. `s_curve`: sakte, fort, sakte.",
                "`straight`: like mykje kvar månad. `s_curve`: sakte, fort, sakte.",
                "`straight`: as much each month. `s_curve`: slow, fast, slow.",
            ),
        ),
        required(
            "due",
            ColumnKind::Day,
            text("Frist", "Frist", "Due"),
            text("Dagen målet skal være nådd.", "Dagen målet skal vere nådd.", "The day it is due."),
        ),
        OWNER,
        SYNTHETIC,
    ],
    key: &["metric", "solution_id", "scope"],
    rules: &[Rule::Before("baseline_period", "due")],
};
