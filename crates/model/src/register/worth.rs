//! Registers about money and time: what uses are worth, and where it started.

use super::texts::{
    DIVISION, FROM, MEASURE, MUNICIPALITY, OWNER, SOLUTION, SOURCE, SYNTHETIC, TO, required, text,
};
use super::{ColumnKind, Register, RegisterColumn, Rule};

/// The most øre or seconds in one field: ten billion kroner.
const MOST: i64 = 1_000_000_000_000;
pub(super) const AMOUNT: ColumnKind = ColumnKind::Whole(0, MOST);

pub(super) static UNIT_VALUES: Register = Register {
    table: "unit_values",
    title: text("Enhetsverdier", "Einingsverdiar", "Unit values"),
    doc: text(
        "Hva én bruk er verdt, som et spenn med kilde.",
        "Kva éin bruk er verd, som eit spenn med kjelde.",
        "What one use is worth, as a range with its source.",
    ),
    columns: &[
        SOLUTION,
        MEASURE,
        required(
            "benefit_kind",
            ColumnKind::OneOf(&["avoided_cost", "saved_time"]),
            text("Gevinst", "Gevinst", "Benefit"),
            text(
                "`avoided_cost`: sparte kroner. `saved_time`: spart tid.",
                "`avoided_cost`: sparte kroner. `saved_time`: spart tid.",
                "`avoided_cost`: money not spent. `saved_time`: time not spent.",
            ),
        ),
        required(
            "unit",
            ColumnKind::OneOf(&["ore", "second"]),
            text("Enhet", "Eining", "Unit"),
            text(
                "`ore` for kroner (øre), `second` for tid.",
                "`ore` for kroner (øre), `second` for tid.",
                "`ore` for money, `second` for time.",
            ),
        ),
        required(
            "low",
            AMOUNT,
            text("Lav", "Låg", "Low"),
            text(
                "Laveste anslag for én bruk.",
                "Lågaste overslag for éin bruk.",
                "The lowest estimate for one use.",
            ),
        ),
        required(
            "central",
            AMOUNT,
            text("Midt", "Midt", "Central"),
            text("Det mest sannsynlige.", "Det mest sannsynlege.", "The most likely."),
        ),
        required(
            "high",
            AMOUNT,
            text("Høy", "Høg", "High"),
            text("Høyeste anslag.", "Høgaste overslag.", "The highest estimate."),
        ),
        FROM,
        TO,
        SOURCE,
        required(
            "quality",
            ColumnKind::OneOf(&["published", "published_lower_bound", "assumption"]),
            text("Kvalitet", "Kvalitet", "Quality"),
            text(
                "Om tallet er publisert, publisert som minst så mye, eller antatt.",
                "Om talet er publisert, publisert som minst så mykje, eller gjetta.",
                "Whether the figure is published, published as at least so much, or assumed.",
            ),
        ),
        RegisterColumn { title: text("Gevinsteier", "Gevinsteigar", "Benefit owner"), ..OWNER },
    ],
    key: &["solution_id", "measure_id", "benefit_kind", "valid_from"],
    rules: &[
        Rule::Ascending(&["low", "central", "high"]),
        Rule::Before("valid_from", "valid_to"),
        Rule::Disjoint {
            alike: &["solution_id", "measure_id", "benefit_kind"],
            ranges: &[("valid_from", "valid_to")],
        },
        Rule::Implies(("benefit_kind", "avoided_cost"), ("unit", &["ore"])),
        Rule::Implies(("benefit_kind", "saved_time"), ("unit", &["second"])),
    ],
};

pub(super) static BASELINES: Register = Register {
    table: "baselines",
    title: text("Nullpunkt", "Nullpunkt", "Baselines"),
    doc: text(
        "Hvordan det var før start, målt.",
        "Korleis det var før start, målt.",
        "How it was before the start, measured.",
    ),
    columns: &[
        SOLUTION,
        MEASURE,
        MUNICIPALITY,
        DIVISION,
        required(
            "value_a_month",
            ColumnKind::Whole(0, MOST),
            text("Verdi i måneden", "Verdi i månaden", "Value a month"),
            text(
                "Enheter i måneden før start.",
                "Einingar i månaden før start.",
                "Units a month before the start.",
            ),
        ),
        required(
            "measured_on",
            ColumnKind::Day,
            text("Målt", "Målt", "Measured on"),
            text("Dagen det ble målt.", "Dagen det vart målt.", "The day it was measured."),
        ),
        required(
            "method",
            ColumnKind::Words,
            text("Metode", "Metode", "Method"),
            text("Hvordan det ble målt.", "Korleis det vart målt.", "How it was measured."),
        ),
        SYNTHETIC,
    ],
    key: &["solution_id", "measure_id", "municipality_code"],
    rules: &[],
};
