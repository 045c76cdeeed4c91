//! Names of numbers about a municipality and not about a solution, as those of its inhabitants and schools, and of persons who
//! came or left where a level counts all. Words are Bokmål, Nynorsk and English.

use super::words::{begins, has};

/// What a municipality has, whoever uses a solution; the ends of words, since `grunnskoler` are `skoler`.
const THINGS: [&str; 56] = [
    "innbyggere",
    "innbyggerne",
    "innbyggjarar",
    "innbyggjarane",
    "inhabitants",
    "residents",
    "befolkning",
    "befolkningen",
    "folketall",
    "folketal",
    "population",
    "bosatte",
    "busette",
    "ansatte",
    "tilsatte",
    "tilsette",
    "medarbeidere",
    "employees",
    "staff",
    "årsverk",
    "stillinger",
    "skoler",
    "skolar",
    "skular",
    "schools",
    "barnehager",
    "barnehagar",
    "sykehjem",
    "sjukeheimar",
    "fastleger",
    "fastlegar",
    "lærere",
    "lærarar",
    "teachers",
    "elever",
    "elevar",
    "pupils",
    "husholdninger",
    "hushald",
    "husstander",
    "households",
    "boliger",
    "bustader",
    "eiendommer",
    "eigedomar",
    "bygninger",
    "bygningar",
    "virksomheter",
    "verksemder",
    "bedrifter",
    "institusjoner",
    "institusjonar",
    "kontorer",
    "biblioteker",
    "barn",
    "avdelinger",
];

/// Beside one of them these say that a use is counted after all: `Meldinger til innbyggere`, `Innbyggere som har logget inn`.
const USES: &str = "bruk, aktiv, logg, pålogg, innlogg, digital, send, sendt, forsend, innsend, mottatt, motteke, melding, oppslag, \
    besøk, søknad, brev, innsyn, henvend, sak, svar, skjema, time, bestill, uses, user, message, letter, visit, request, login";

/// Whether a spaced name counts what a municipality has, and no use of it.
pub(super) fn is_background(text: &str) -> bool {
    let thing = text.split_whitespace().any(|word| THINGS.iter().any(|thing| word.ends_with(thing)));
    thing && !begins(text, USES)
}

/// Whether a spaced name counts persons who came or left, of whom a level would count all: `Nye brukere`. New messages are messages.
pub(super) fn is_flow_of_persons(text: &str) -> bool {
    const CHANGES: &str = "nye, ny, nyregistrerte, nyregistrerede, nytilkomne, tilkomne, førstegangs, førstegangsbrukere, new, slettet, \
        slettede, sletta, sluttet, slutta, avsluttede, avmeldte, avmelde, utmeldte, utmelde, frafalte, tapte, deleted, lost, churned";
    has(text, CHANGES)
        && text.split_whitespace().any(|word| {
            [
                "brukere",
                "brukerne",
                "brukarar",
                "brukarane",
                "users",
                "personer",
                "personar",
                "persons",
                "innbyggere",
            ]
            .iter()
            .chain(&[
                "innbyggjarar",
                "pasienter",
                "pasientar",
                "patients",
                "kunder",
                "kundar",
                "customers",
                "medlemmer",
            ])
            .any(|person| word.ends_with(person))
        })
}

#[cfg(test)]
mod tests {
    use super::super::words::spaced;
    use super::*;

    #[test]
    fn what_a_municipality_has_is_no_use() {
        for name in "Antall innbyggere; Innbyggere; Antall ansatte; Antall ansatte med tilgang; Antall skoler; Grunnskoler; Tal tilsette; \
            Antall barn; Number of inhabitants; Elever"
            .split("; ")
        {
            assert!(is_background(&spaced(name)), "{name}");
        }
        for name in
            "Antall; Brukere; Meldinger til innbyggere; Innbyggere som har logget inn; Søknader fra ansatte; \
            Digital postkasse til innbyggere; Elevbrukere; Antall saker; Aktive ansatte; Barnevernssaker"
                .split("; ")
        {
            assert!(!is_background(&spaced(name)), "{name}");
        }
    }

    #[test]
    fn those_who_came_or_left_are_not_all() {
        for name in
            "Nye brukere; Antall nye brukere; New users; Nye aktive brukarar; Slettede brukere".split("; ")
        {
            assert!(is_flow_of_persons(&spaced(name)), "{name}");
        }
        for name in "Brukere; Nye meldinger; Nye saker; Antall".split("; ") {
            assert!(!is_flow_of_persons(&spaced(name)), "{name}");
        }
    }
}
