//! What columns, states and facts about an answer are called on a sheet, in three languages. A column that is not here keeps its name.

use utbredt_kpi::Lang;
use utbredt_model::{CellState, Text};

/// Bokmål, nynorsk, English.
const fn text(nb: &'static str, nn: &'static str, en: &'static str) -> Text {
    Text::new(nb, nn, en)
}

/// The columns that most answers have.
const COLUMNS: [(&str, Text); 25] = [
    ("period_start", text("Periode fra", "Periode frå", "Period from")),
    ("solution_id", text("Løsning", "Løysing", "Solution")),
    ("municipality_code", text("Kommunenummer", "Kommunenummer", "Municipality code")),
    ("municipality_name", text("Kommune", "Kommune", "Municipality")),
    ("county_code", text("Fylkesnummer", "Fylkesnummer", "County code")),
    ("county_name", text("Fylke", "Fylke", "County")),
    ("network_id", text("Nettverk", "Nettverk", "Network")),
    ("network_name", text("Nettverkets navn", "Namnet på nettverket", "Name of the network")),
    ("group_code", text("Gruppe", "Gruppe", "Group")),
    ("group_name", text("Gruppens navn", "Namnet på gruppa", "Name of the group")),
    ("wave_id", text("Pulje", "Pulje", "Wave")),
    ("wave_name", text("Puljens navn", "Namnet på pulja", "Name of the wave")),
    ("value", text("Verdi", "Verdi", "Value")),
    ("numerator", text("Teller", "Teljar", "Numerator")),
    ("denominator", text("Nevner", "Nemnar", "Denominator")),
    ("state", text("Tilstand", "Tilstand", "State")),
    ("reason", text("Årsak", "Årsak", "Reason")),
    ("coverage", text("Dekning", "Dekning", "Coverage")),
    ("coverage_of_expected", text("Dekning av ventede", "Dekning av venta", "Coverage of expected")),
    ("marks", text("Merknader", "Merknader", "Marks")),
    (
        "municipalities_reported",
        text("Kommuner som har levert", "Kommunar som har levert", "Municipalities reported"),
    ),
    (
        "municipalities_expected",
        text("Kommuner som skulle levere", "Kommunar som skulle levere", "Municipalities expected"),
    ),
    ("value_low", text("Nedre grense (95 %)", "Nedre grense (95 %)", "Lower bound (95 %)")),
    ("value_high", text("Øvre grense (95 %)", "Øvre grense (95 %)", "Upper bound (95 %)")),
    ("causes", text("Årsaker", "Årsaker", "Causes")),
];

/// What a column is called; its own name where nothing else is known.
pub(crate) fn of_column(name: &str, language: Lang) -> &str {
    COLUMNS.iter().find(|(own, _)| *own == name).map_or(name, |(_, text)| text.get(language))
}

/// What a state means.
pub(crate) const fn of_state(state: CellState, language: Lang) -> &'static str {
    let text = match state {
        CellState::Ok => text("tall som er levert", "tal som er levert", "a number that was reported"),
        CellState::Missing => text(
            "ventet, og ikke levert (ikke null)",
            "venta, og ikkje levert (ikkje null)",
            "expected and not delivered (not zero)",
        ),
        CellState::NotApplicable => text(
            "spørsmålet gjelder ikke her",
            "spørsmålet gjeld ikkje her",
            "the question does not arise here",
        ),
        CellState::NotValid => text(
            "kan ikke vises i disse grensene",
            "kan ikkje visast i desse grensene",
            "cannot be shown in these borders",
        ),
        CellState::Suppressed => {
            text("skjult for å verne personer", "skjult for å verne personar", "hidden to protect persons")
        }
    };
    text.get(language)
}

/// The names of the two sheets, the rows' first.
pub(crate) const NUMBERS: Text = text("Tall", "Tal", "Numbers");
pub(crate) const ABOUT: Text = text("Om tallene", "Om tala", "About the numbers");
/// What stands above numbers that were invented.
pub(crate) const SYNTHETIC: Text = text(
    "SYNTETISKE TALL: oppfunnet for demonstrasjon",
    "SYNTETISKE TAL: oppdikta for demonstrasjon",
    "SYNTHETIC NUMBERS: invented for demonstration",
);
/// How the list of states begins.
pub(crate) const STATES: Text = text("Tilstander", "Tilstandar", "States");

/// What is told of an answer, by its key in the meta, in the order of the sheet.
pub(crate) const FACTS: [(&str, Text); 19] = [
    ("title", text("Tittel", "Tittel", "Title")),
    ("kpi_id", text("Indikator", "Indikator", "KPI")),
    ("kpi_version", text("Definisjonens versjon", "Versjon av definisjonen", "Version of the definition")),
    ("unit", text("Enhet", "Eining", "Unit")),
    ("from", text("Fra og med", "Frå og med", "From")),
    ("to", text("Til og med", "Til og med", "To")),
    ("granularity", text("Periodens lengde", "Lengda på perioden", "Length of a period")),
    ("by", text("En rad for hver", "Ei rad for kvar", "A row for each")),
    ("params", text("Valg", "Val", "Parameters")),
    ("filter", text("Bare kommuner i", "Berre kommunar i", "Only municipalities in")),
    ("borders", text("Grenser", "Grenser", "Borders")),
    ("policy", text("Ved delte kommuner", "Ved delte kommunar", "Where municipalities were divided")),
    ("sources", text("Kilder", "Kjelder", "Sources")),
    ("denominators", text("Innbyggertall", "Innbyggjartal", "Counts of inhabitants")),
    ("coverage", text("Dekning", "Dekning", "Coverage")),
    ("caveats", text("Forbehold", "Atterhald", "Caveats")),
    ("changes", text("Endret definisjon", "Endra definisjon", "Changed definition")),
    ("edition", text("Utgave", "Utgåve", "Edition")),
    ("as_of", text("Utgaven er fra", "Utgåva er frå", "The edition is of")),
];
