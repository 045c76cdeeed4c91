//! Columns that several registers have.

use super::{ColumnKind, RegisterColumn};
use crate::Text;

/// A column that every row needs.
pub(super) const fn required(name: &'static str, kind: ColumnKind, title: Text, doc: Text) -> RegisterColumn {
    RegisterColumn { name, kind, required: true, title, doc }
}

/// A column that may be empty.
pub(super) const fn optional(name: &'static str, kind: ColumnKind, title: Text, doc: Text) -> RegisterColumn {
    RegisterColumn { name, kind, required: false, title, doc }
}

/// Bokmål, nynorsk, English.
pub(super) const fn text(nb: &'static str, nn: &'static str, en: &'static str) -> Text {
    Text::new(nb, nn, en)
}

pub(super) const SOLUTION: RegisterColumn = required(
    "solution_id",
    ColumnKind::Reference("solutions", "solution_id"),
    text("Løsning", "Løysing", "Solution"),
    text(
        "Løsningens id i registeret `solutions`.",
        "Id-en til løysinga i registeret `solutions`.",
        "The solution's id in the register `solutions`.",
    ),
);
pub(super) const MEASURE: RegisterColumn = required(
    "measure_id",
    ColumnKind::Measure,
    text("Måltall", "Måltal", "Measure"),
    text(
        "Et av løsningens måltall i registeret `measures`.",
        "Eit av måltala til løysinga i registeret `measures`.",
        "One of the solution's measures in the register `measures`.",
    ),
);
pub(super) const MUNICIPALITY: RegisterColumn = required(
    "municipality_code",
    ColumnKind::Municipality,
    text("Kommunenummer", "Kommunenummer", "Municipality code"),
    text(
        "Fire siffer, med nullen foran.",
        "Fire siffer, med nullen framfor.",
        "Four digits, the leading zero included.",
    ),
);
pub(super) const DIVISION: RegisterColumn = optional(
    "division_date",
    ColumnKind::Division,
    text("Inndeling fra", "Inndeling frå", "Division from"),
    text(
        "Første dag i kommuneinndelingen nummeret hører til. Tomt: den nyeste som har nummeret.",
        "Første dag i kommuneinndelinga nummeret høyrer til. Tomt: den nyaste som har nummeret.",
        "First day of the division the code belongs to. Empty: the newest that has the code.",
    ),
);
pub(super) const FROM: RegisterColumn = required(
    "valid_from",
    ColumnKind::Day,
    text("Gjelder fra", "Gjeld frå", "Valid from"),
    text("Første dag raden gjelder.", "Første dag rada gjeld.", "The first day the row holds."),
);
pub(super) const TO: RegisterColumn = optional(
    "valid_to",
    ColumnKind::Day,
    text("Gjelder til", "Gjeld til", "Valid to"),
    text(
        "Første dag raden ikke lenger gjelder. Tomt: gjelder ennå.",
        "Første dag rada ikkje lenger gjeld. Tomt: gjeld enno.",
        "The first day the row no longer holds. Empty: it still does.",
    ),
);
pub(super) const SOURCE: RegisterColumn = required(
    "source",
    ColumnKind::Words,
    text("Kilde", "Kjelde", "Source"),
    text(
        "Hvor dette står, så andre kan finne det.",
        "Kvar dette står, så andre kan finne det.",
        "Where this is printed, so that others find it.",
    ),
);
pub(super) const SYNTHETIC: RegisterColumn = optional(
    "synthetic",
    ColumnKind::Flag(Some(false)),
    text("Oppdiktet", "Oppdikta", "Invented"),
    text(
        "Ja for det som er diktet opp til demonstrasjon. Tomt: nei.",
        "Ja for det som er dikta opp til demonstrasjon. Tomt: nei.",
        "Yes for what was invented for demonstration. Empty: no.",
    ),
);
pub(super) const CERTAINTY: RegisterColumn = required(
    "certainty",
    ColumnKind::OneOf(&["seen", "guess"]),
    text("Sikkerhet", "Visse", "Certainty"),
    text(
        "`seen`: står på trykk. `guess`: antatt.",
        "`seen`: står på prent. `guess`: gjetta.",
        "`seen`: printed somewhere. `guess`: assumed.",
    ),
);
pub(super) const OWNER: RegisterColumn = required(
    "owner",
    ColumnKind::Words,
    text("Eier", "Eigar", "Owner"),
    text("Hvem som svarer for det.", "Kven som svarar for det.", "Who answers for it."),
);
