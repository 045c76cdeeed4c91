//! Registers about networks, waves and who belongs to them.

use super::texts::{
    CERTAINTY, DIVISION, MUNICIPALITY, SOLUTION, SOURCE, SYNTHETIC, TO, optional, required, text,
};
use super::{ColumnKind, Register, RegisterColumn, Rule};

pub(super) static NETWORKS: Register = Register {
    table: "networks",
    title: text("Nettverk", "Nettverk", "Networks"),
    doc: text(
        "Et regionalt digitaliseringsnettverk.",
        "Eit regionalt digitaliseringsnettverk.",
        "A regional digitalisation network.",
    ),
    columns: &[
        required(
            "network_id",
            ColumnKind::Id,
            text("Nettverk", "Nettverk", "Network"),
            text(
                "Kort id med små bokstaver, som `digi-vestland`.",
                "Kort id med små bokstavar, som `digi-vestland`.",
                "A short id in lower case, such as `digi-vestland`.",
            ),
        ),
        required(
            "name",
            ColumnKind::Words,
            text("Navn", "Namn", "Name"),
            text("Nettverkets navn.", "Namnet på nettverket.", "The network's name."),
        ),
        required(
            "county_codes",
            ColumnKind::Counties,
            text("Fylker", "Fylke", "Counties"),
            text(
                "Fylkenes numre fra 2024, med mellomrom mellom.",
                "Fylkesnummera frå 2024, med mellomrom mellom.",
                "The codes of its counties of 2024, separated by spaces.",
            ),
        ),
        optional(
            "stated_members",
            ColumnKind::Whole(1, 1000),
            text("Oppgitte medlemmer", "Oppgjevne medlemer", "Stated members"),
            text(
                "Hvor mange medlemmer det selv oppgir.",
                "Kor mange medlemer det sjølv oppgjev.",
                "How many members it states itself.",
            ),
        ),
        SOURCE,
        CERTAINTY,
    ],
    key: &["network_id"],
    rules: &[],
};

const NETWORK: RegisterColumn = required(
    "network_id",
    ColumnKind::Reference("networks", "network_id"),
    text("Nettverk", "Nettverk", "Network"),
    text(
        "Nettverkets id i registeret `networks`.",
        "Id-en til nettverket i registeret `networks`.",
        "The network's id in the register `networks`.",
    ),
);

pub(super) static NETWORK_MEMBERS: Register = Register {
    table: "network_members",
    title: text("Medlemmer av nettverk", "Medlemer av nettverk", "Members of networks"),
    doc: text(
        "En kommunes medlemskap i et nettverk.",
        "Medlemskapen til ein kommune i eit nettverk.",
        "A municipality's membership of a network.",
    ),
    columns: &[
        NETWORK,
        MUNICIPALITY,
        DIVISION,
        optional(
            "valid_from",
            ColumnKind::Day,
            text("Gjelder fra", "Gjeld frå", "Valid from"),
            text(
                "Første dag. Tomt: ikke kjent.",
                "Første dag. Tomt: ikkje kjent.",
                "First day. Empty: not known.",
            ),
        ),
        TO,
        CERTAINTY,
    ],
    key: &["network_id", "municipality_code"],
    rules: &[
        Rule::Before("valid_from", "valid_to"),
        Rule::Disjoint { alike: &["municipality_code"], ranges: &[("valid_from", "valid_to")] },
    ],
};

pub(super) static WAVES: Register = Register {
    table: "waves",
    title: text("Puljer", "Puljer", "Waves"),
    doc: text(
        "Et inntak av kommuner i én løsning.",
        "Eit inntak av kommunar i éi løysing.",
        "An intake of municipalities into one solution.",
    ),
    columns: &[
        required(
            "wave_id",
            ColumnKind::Id,
            text("Pulje", "Pulje", "Wave"),
            text(
                "Kort id med små bokstaver, som `digihelse-2026-1`.",
                "Kort id med små bokstavar, som `digihelse-2026-1`.",
                "A short id in lower case, such as `digihelse-2026-1`.",
            ),
        ),
        SOLUTION,
        optional(
            "network_id",
            ColumnKind::Reference("networks", "network_id"),
            text("Nettverk", "Nettverk", "Network"),
            text(
                "Nettverket som driver den. Tomt: ikke noe nettverk.",
                "Nettverket som driv ho. Tomt: ikkje noko nettverk.",
                "The network that runs it. Empty: none.",
            ),
        ),
        required(
            "name",
            ColumnKind::Words,
            text("Navn", "Namn", "Name"),
            text("Slik puljen omtales.", "Slik pulja blir omtala.", "What the wave is called."),
        ),
        SYNTHETIC,
    ],
    key: &["wave_id"],
    rules: &[],
};

pub(super) static WAVE_MEMBERS: Register = Register {
    table: "wave_members",
    title: text("Kommuner i puljer", "Kommunar i puljer", "Members of waves"),
    doc: text(
        "En kommune som er planlagt inn i en pulje.",
        "Ein kommune som er planlagd inn i ei pulje.",
        "A municipality planned into a wave.",
    ),
    columns: &[
        required(
            "wave_id",
            ColumnKind::Reference("waves", "wave_id"),
            text("Pulje", "Pulje", "Wave"),
            text(
                "Puljens id i registeret `waves`.",
                "Id-en til pulja i registeret `waves`.",
                "The wave's id in the register `waves`.",
            ),
        ),
        MUNICIPALITY,
        DIVISION,
        optional(
            "planned_date",
            ColumnKind::Day,
            text("Planlagt", "Planlagt", "Planned"),
            text(
                "Dagen produksjon er planlagt. Tomt: ikke planlagt ennå.",
                "Dagen produksjon er planlagd. Tomt: ikkje planlagt enno.",
                "The day production is planned for. Empty: not planned yet.",
            ),
        ),
    ],
    key: &["wave_id", "municipality_code"],
    rules: &[],
};

pub(super) const HOST: RegisterColumn = optional(
    "host_code",
    ColumnKind::Municipality,
    text("Vertskommune", "Vertskommune", "Host municipality"),
    text(
        "Nummeret til verten, som ikke betaler. Tomt: ingen, eller ikke kjent.",
        "Nummeret til verten, som ikkje betaler. Tomt: ingen, eller ikkje kjent.",
        "Code of the host, which pays nothing. Empty: none, or not known.",
    ),
);

pub(super) const FEE_NETWORK: RegisterColumn = optional(
    "network_id",
    ColumnKind::Reference("networks", "network_id"),
    text("Nettverk", "Nettverk", "Network"),
    text(
        "Tomt: gjelder ethvert nettverk uten egen rad.",
        "Tomt: gjeld eitkvart nettverk utan eiga rad.",
        "Empty: holds for any network without a row of its own.",
    ),
);
