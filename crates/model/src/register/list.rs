//! Every register, and those about solutions and what is counted of them.

use super::texts::{SOLUTION, SOURCE, optional, required, text};
use super::{ColumnKind, Register, Rule, people, places, worth};

/// Every register, in the order they are listed: what is referred to comes before what refers to it.
pub static REGISTERS: &[&Register] = &[
    &SOLUTIONS,
    &MEASURES,
    &TARGET_GROUPS,
    &worth::UNIT_VALUES,
    &worth::PRICES,
    &worth::BASELINES,
    &places::NETWORKS,
    &places::NETWORK_MEMBERS,
    &worth::MEMBERSHIP_FEES,
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

static MEASURES: Register = Register {
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
