//! Registers about money and time: what uses are worth, what solutions and networks cost, where it started.

use super::places::{FEE_NETWORK, HOST};
use super::texts::{
    DIVISION, FROM, MEASURE, MUNICIPALITY, OWNER, SOLUTION, SOURCE, SYNTHETIC, TO, optional, required, text,
};
use super::{ColumnKind, Register, RegisterColumn, Rule};

/// The most øre or seconds in one field: ten billion kroner.
const MOST: i64 = 1_000_000_000_000;
const AMOUNT: ColumnKind = ColumnKind::Whole(0, MOST);

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
        Rule::Apart {
            alike: &["solution_id", "measure_id", "benefit_kind"],
            ranges: &[("valid_from", "valid_to")],
        },
        Rule::Implies(("benefit_kind", "avoided_cost"), ("unit", &["ore"])),
        Rule::Implies(("benefit_kind", "saved_time"), ("unit", &["second"])),
    ],
};

pub(super) static PRICES: Register = Register {
    table: "prices",
    title: text("Priser", "Prisar", "Prices"),
    doc: text(
        "Hva en løsning koster en kommune av en størrelse, i øre.",
        "Kva ei løysing kostar ein kommune av ein storleik, i øre.",
        "What a solution costs a municipality of a size, in øre.",
    ),
    columns: &[
        SOLUTION,
        required(
            "population_from",
            ColumnKind::Whole(0, 10_000_000),
            text("Innbyggere fra", "Innbyggjarar frå", "Inhabitants from"),
            text(
                "Minste folketall prisen gjelder.",
                "Minste folketal prisen gjeld.",
                "The smallest population the price is for.",
            ),
        ),
        optional(
            "population_to",
            ColumnKind::Whole(1, 10_000_000),
            text("Innbyggere til", "Innbyggjarar til", "Inhabitants to"),
            text(
                "Første folketall den ikke gjelder. Tomt: ingen øvre grense.",
                "Første folketal han ikkje gjeld. Tomt: inga øvre grense.",
                "The first population it is not for. Empty: no upper end.",
            ),
        ),
        required(
            "ore_once",
            AMOUNT,
            text("Øre én gang", "Øre éin gong", "Øre once"),
            text("Betales én gang.", "Blir betalt éin gong.", "Paid once."),
        ),
        required(
            "ore_a_year",
            AMOUNT,
            text("Øre i året", "Øre i året", "Øre a year"),
            text("Betales hvert år.", "Blir betalt kvart år.", "Paid each year."),
        ),
        required(
            "ore_per_inhabitant_a_year",
            AMOUNT,
            text("Øre per innbygger i året", "Øre per innbyggjar i året", "Øre per inhabitant a year"),
            text(
                "Betales hvert år for hver innbygger.",
                "Blir betalt kvart år for kvar innbyggjar.",
                "Paid each year for each inhabitant.",
            ),
        ),
        FROM,
        TO,
        SOURCE,
        required(
            "quality",
            ColumnKind::OneOf(&["published", "assumption"]),
            text("Kvalitet", "Kvalitet", "Quality"),
            text(
                "Om prisen er publisert eller antatt.",
                "Om prisen er publisert eller gjetta.",
                "Whether the price is published or assumed.",
            ),
        ),
    ],
    key: &["solution_id", "population_from", "valid_from"],
    rules: &[
        Rule::Before("population_from", "population_to"),
        Rule::Before("valid_from", "valid_to"),
        Rule::Apart {
            alike: &["solution_id"],
            ranges: &[("population_from", "population_to"), ("valid_from", "valid_to")],
        },
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

pub(super) static MEMBERSHIP_FEES: Register = Register {
    table: "membership_fees",
    title: text("Medlemskontingenter", "Medlemskontingentar", "Membership fees"),
    doc: text(
        "Hva et nettverk tar av medlemmene, i øre.",
        "Kva eit nettverk tek av medlemene, i øre.",
        "What a network asks of its members, in øre.",
    ),
    columns: &[
        FEE_NETWORK,
        required(
            "ore_a_year",
            AMOUNT,
            text("Øre i året", "Øre i året", "Øre a year"),
            text("Fast beløp.", "Fast sum.", "A fixed amount."),
        ),
        required(
            "ore_per_inhabitant_a_year",
            AMOUNT,
            text("Øre per innbygger i året", "Øre per innbyggjar i året", "Øre per inhabitant a year"),
            text("For hver innbygger.", "For kvar innbyggjar.", "For each inhabitant."),
        ),
        optional(
            "ore_a_year_max",
            AMOUNT,
            text("Høyst øre i året", "Høgst øre i året", "At most øre a year"),
            text(
                "Det meste et medlem betaler. Tomt: ingen grense.",
                "Det meste ein medlem betaler. Tomt: inga grense.",
                "The most a member pays. Empty: no limit.",
            ),
        ),
        HOST,
        FROM,
        TO,
        SOURCE,
        required(
            "quality",
            ColumnKind::OneOf(&["published", "declared", "assumption"]),
            text("Kvalitet", "Kvalitet", "Quality"),
            text(
                "Om modellen er publisert, oppgitt eller antatt.",
                "Om modellen er publisert, oppgjeven eller gjetta.",
                "Whether the model is published, declared or assumed.",
            ),
        ),
    ],
    key: &["network_id", "valid_from"],
    rules: &[
        Rule::Before("valid_from", "valid_to"),
        Rule::Apart { alike: &["network_id"], ranges: &[("valid_from", "valid_to")] },
    ],
};
