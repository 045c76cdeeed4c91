//! Every register, and those about solutions and what is counted of them.

use super::texts::{SOLUTION, SOURCE, optional, required, text};
use super::{ColumnKind, Register, Rule, costs, counted, people, places, worth};

/// Every register, in the order they are listed: what is referred to comes before what refers to it.
pub static REGISTERS: &[&Register] = &[
    &SOLUTIONS,
    &counted::MEASURES,
    &TARGET_GROUPS,
    &worth::UNIT_VALUES,
    &costs::PRICES,
    &worth::BASELINES,
    &places::NETWORKS,
    &places::NETWORK_MEMBERS,
    &costs::MEMBERSHIP_FEES,
    &places::WAVES,
    &places::WAVE_MEMBERS,
    &people::TARGETS,
];

static SOLUTIONS: Register = Register {
    table: "solutions",
    title: text("Løsninger", "Løysingar", "Solutions"),
    doc: text("En felles nasjonal løsning.", "Ei felles nasjonal løysing.", "A shared national solution."),
    columns: &[
        required(
            "solution_id",
            ColumnKind::Id,
            text("Løsning", "Løysing", "Solution"),
            text(
                "Kort id med små bokstaver, som `digihelse`.",
                "Kort id med små bokstavar, som `digihelse`.",
                "A short id in lower case, such as `digihelse`.",
            ),
        ),
        required(
            "name_nb",
            ColumnKind::Words,
            text("Navn på bokmål", "Namn på bokmål", "Name in bokmål"),
            text(
                "Slik den omtales på bokmål.",
                "Slik ho blir omtala på bokmål.",
                "What it is called in bokmål.",
            ),
        ),
        required(
            "name_nn",
            ColumnKind::Words,
            text("Navn på nynorsk", "Namn på nynorsk", "Name in nynorsk"),
            text(
                "Slik den omtales på nynorsk.",
                "Slik ho blir omtala på nynorsk.",
                "What it is called in nynorsk.",
            ),
        ),
        required(
            "name_en",
            ColumnKind::Words,
            text("Navn på engelsk", "Namn på engelsk", "Name in English"),
            text(
                "Slik den omtales på engelsk.",
                "Slik ho blir omtala på engelsk.",
                "What it is called in English.",
            ),
        ),
        required(
            "owner",
            ColumnKind::Words,
            text("Nasjonal eier", "Nasjonal eigar", "National owner"),
            text(
                "Hvem som eier løsningen nasjonalt.",
                "Kven som eig løysinga nasjonalt.",
                "Who owns the solution nationally.",
            ),
        ),
        required(
            "service_area",
            ColumnKind::Words,
            text("Tjenesteområde", "Tenesteområde", "Service area"),
            text(
                "Den delen av kommunens arbeid den hører til.",
                "Den delen av arbeidet til kommunen ho høyrer til.",
                "The part of the municipality's work it belongs to.",
            ),
        ),
        optional(
            "launched",
            ColumnKind::Day,
            text("Lansert", "Lansert", "Launched"),
            text(
                "Første dag i bruk noe sted. Tomt: ikke kjent.",
                "Første dag i bruk nokon stad. Tomt: ikkje kjent.",
                "First day in use anywhere. Empty: not known.",
            ),
        ),
    ],
    key: &["solution_id"],
    rules: &[],
};

static TARGET_GROUPS: Register = Register {
    table: "target_groups",
    title: text("Målgrupper", "Målgrupper", "Target groups"),
    doc: text(
        "Hvem en løsning er for: et aldersspenn av innbyggerne.",
        "Kven ei løysing er for: eit aldersspenn av innbyggjarane.",
        "Whom a solution is for: an age band of the inhabitants.",
    ),
    columns: &[
        required(
            "target_group_id",
            ColumnKind::Id,
            text("Målgruppe", "Målgruppe", "Target group"),
            text(
                "Kort id med små bokstaver, som `age-67-plus`.",
                "Kort id med små bokstavar, som `age-67-plus`.",
                "A short id in lower case, such as `age-67-plus`.",
            ),
        ),
        SOLUTION,
        required(
            "rule",
            ColumnKind::Words,
            text("Regel", "Regel", "Rule"),
            text(
                "Regelen i ord, med hva den står i stedet for.",
                "Regelen i ord, med kva han står i staden for.",
                "The rule in words, and what it stands in for.",
            ),
        ),
        required(
            "age_from",
            ColumnKind::Whole(0, 120),
            text("Alder fra", "Alder frå", "Age from"),
            text("Yngste alder.", "Yngste alder.", "Youngest age."),
        ),
        optional(
            "age_to",
            ColumnKind::Whole(1, 121),
            text("Alder til", "Alder til", "Age to"),
            text(
                "Første alder utenfor. Tomt: ingen øvre grense.",
                "Første alder utanfor. Tomt: inga øvre grense.",
                "First age outside. Empty: no upper end.",
            ),
        ),
        SOURCE,
    ],
    key: &["solution_id", "target_group_id"],
    rules: &[Rule::Before("age_from", "age_to")],
};
