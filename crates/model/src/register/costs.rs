//! Registers of what solutions and networks cost.

use super::places::{FEE_NETWORK, HOST};
use super::texts::{FROM, SOLUTION, SOURCE, TO, optional, required, text};
use super::worth::AMOUNT;
use super::{ColumnKind, Register, Rule};

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
        Rule::Disjoint {
            alike: &["solution_id"],
            ranges: &[("population_from", "population_to"), ("valid_from", "valid_to")],
        },
    ],
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
        Rule::Disjoint { alike: &["network_id"], ranges: &[("valid_from", "valid_to")] },
    ],
};
