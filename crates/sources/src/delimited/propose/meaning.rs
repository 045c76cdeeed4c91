//! What a column's name says its numbers are, where they are no count of the row's own period: those of another time, a plan,
//! a mean, a time, money. Words are Bokmål, Nynorsk and English.

use utbredt_model::Granularity;

use super::background::{is_background, is_flow_of_persons};
use super::words::{begins, has, is_one, spaced};

/// What numbers are instead of a count of their period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Other {
    Earlier,
    Rolling,
    Plan,
    Mean,
    Change,
    Time,
    Money,
    Size,
    Case,
    Person,
    AnotherYear,
    FromBeginning,
    FlowOfPersons,
    Background,
}

impl Other {
    /// As a comment says it.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Earlier => "of an earlier time",
            Self::Rolling => "of a time that rolls over several periods",
            Self::Plan => "planned, expected or possible",
            Self::Mean => "a mean or a rate",
            Self::Change => "a change",
            Self::Time => "a length of time",
            Self::Money => "money",
            Self::Size => "a size",
            Self::Case => "a case's own number, since all differ and rise by row",
            Self::Person => "a person's own number or name",
            Self::AnotherYear => "of another year than the periods",
            Self::FlowOfPersons => "of those who came or left, and not of all",
            Self::Background => "of what a municipality has, and not of uses of a solution",
            Self::FromBeginning => "counted from a beginning (deliver the differences)",
        }
    }

    /// What says so.
    pub(super) fn by(self) -> &'static str {
        if self == Self::Case { "numbers" } else { "name" }
    }
}

/// What a name says that its numbers are instead of a count of periods of a length.
pub(super) fn other(name: &str, length: Option<Granularity>) -> Option<Other> {
    let text = spaced(name);
    if is_earlier(&text) {
        return Some(Other::Earlier);
    }
    if is_rolling(&text) {
        return Some(Other::Rolling);
    }
    if is_plan(&text) {
        return Some(Other::Plan);
    }
    if is_mean(&text) || is_rate(&text, length) {
        return Some(Other::Mean);
    }
    if is_change(&text) {
        return Some(Other::Change);
    }
    if is_flow_of_persons(&text) {
        return Some(Other::FlowOfPersons);
    }
    if is_person(&text) {
        return Some(Other::Person);
    }
    if is_background(&text) {
        return Some(Other::Background);
    }
    unit(name)
}

/// One person or role, in the singular: `Saksbehandler`, `Bruker`. Counts are called after several.
fn is_person(text: &str) -> bool {
    const PERSONS: &str = "saksbehandler, saksbehandlar, behandler, behandlar, bruker, brukar, brukeren, brukaren, ansatt, tilsett, \
        tilsatt, medarbeider, medarbeidar, veileder, rettleiar, innbygger, innbyggjar, person, kontaktperson, kontakt, pasient, elev, \
        student, kunde, klient, lege, fastlege, lærer, lærar, leder, leiar, eier, eigar, søker, søkar, mottaker, mottakar, avsender, \
        avsendar, forelder, forelde, barn nr, user, employee, citizen, person no, patient, customer, client, contact, caseworker, \
        case worker, owner";
    let bare = text.trim().trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
    is_one(bare, PERSONS)
}

fn is_earlier(text: &str) -> bool {
    begins(text, "forrige, førre, foregå, fjorår, previous, preceding, tidligere, tidlegare")
        || has(text, "fjor, ifjor, før, føre, prior, earlier, before, ago, yoy, ly")
}

/// `Siste 12 mnd`, `12 mnd`, `rullerende år`.
fn is_rolling(text: &str) -> bool {
    const MANY: &str = "mnd, mnder, mdr, mth, mths, måneder, månader, months, dager, dagar, døgn, days, uker, veker, weeks, \
        år, years";
    let words: Vec<&str> = text.split_whitespace().collect();
    let pairs = words.windows(2).any(|pair| is_several(pair[0]) && is_one(pair[1], MANY));
    let in_one = words.iter().any(|word| {
        let number = word.trim_end_matches(char::is_alphabetic);
        is_several(number) && is_one(&word[number.len()..], MANY)
    });
    pairs
        || in_one
        || begins(text, "rullerende, rullande, glidende, glidande, rolling, trailing")
        || has(text, "siste, sist, seneste, past, last, latest, moving, r12, ltm, ttm")
}

/// A number of periods, and no year.
fn is_several(number: &str) -> bool {
    number.parse().is_ok_and(|number: u32| (2..1000).contains(&number))
}

fn is_plan(text: &str) -> bool {
    const STEMS: &str = "prognos, forecast, budsjett, budget, måltal, maltal, målset, målgrupp, planlag, planned, forvent, \
        expect, estimat, estimert, framskriv, fremskriv, framskrev, fremskrev, projected, projection, scenari, ambisjon, \
        ambition, target, simuler, simulat, anslag, anslått, potensi, potenti, kapasitet, capacity";
    begins(text, STEMS) || has(text, "mål, målet, måla, maal, plan, planen, goal, goals, venta")
}

fn is_mean(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.any(|word| word.contains("snitt") && !word.starts_with("avsnitt") && !word.starts_with("utsnitt"))
        || has(text, "gj sn, gjsn, gjennomsn")
        || begins(text, "average, median, forholdstal, indeks")
        || has(text, "avg, mean, rate, ratio, index, score")
}

/// `Per innbygger`, `per 1000`, and `per dag` or `daglige` where the periods are no days. `Per måned` and `per kommune` say
/// what the rows are.
fn is_rate(text: &str, length: Option<Granularity>) -> bool {
    const DENOMINATORS: &str = "bruker, brukar, user, person, innb, inhabitant, capita, hode, hushald, hushold, husstand, \
        household, ansatt, tilsett, tilsatt, employee, pasient, patient, elev, time, hour, tusen, hundre";
    // Of unknown periods, days and weeks are too short to be meant.
    let another = |own: Granularity| length.map_or(own < Granularity::Month, |length| own != length);
    let joined = text.replace(" 000", "000");
    let words: Vec<&str> = joined.split_whitespace().collect();
    for pair in words.windows(2) {
        if !is_one(pair[0], "per, pr, pro") {
            continue;
        }
        // `Per 31.12` is a day.
        let number = pair[1].len() > 2 && pair[1].trim_end_matches('0') == "1";
        if number
            || begins(&format!(" {}", pair[1]), DENOMINATORS)
            || length_behind(pair[1]).is_some_and(another)
        {
            return true;
        }
    }
    words.into_iter().filter_map(length_in).any(another)
}

/// The length of time in `per dag`.
fn length_behind(word: &str) -> Option<Granularity> {
    match word {
        "dag" | "døgn" | "day" | "virkedag" | "yrkedag" | "arbeidsdag" => Some(Granularity::Day),
        "uke" | "veke" | "week" => Some(Granularity::Week),
        "måned" | "månad" | "mnd" | "month" => Some(Granularity::Month),
        "kvartal" | "quarter" => Some(Granularity::Quarter),
        "år" | "year" => Some(Granularity::Year),
        _ => None,
    }
}

/// The length of time in `daglige brukere`.
fn length_in(word: &str) -> Option<Granularity> {
    let begins = |stems: [&str; 3]| stems.iter().any(|stem| word.starts_with(stem));
    if begins(["daglig", "dagleg", "daily"]) {
        return Some(Granularity::Day);
    }
    if begins(["ukentlig", "vekentleg", "weekly"]) {
        return Some(Granularity::Week);
    }
    if begins(["månedlig", "månadleg", "monthly"]) {
        return Some(Granularity::Month);
    }
    begins(["årlig", "årleg", "yearly"]).then_some(Granularity::Year)
}

fn is_change(text: &str) -> bool {
    begins(text, "differans, økning, nedgang, reduksjon, growth, increase, decrease")
        || has(
            text,
            "endring, endringa, endringen, vekst, veksten, auke, auken, diff, avvik, delta, change, difference",
        )
}

/// What a name, or the name of a unit, says that its numbers are counted in where it is no thing.
pub(super) fn unit(name: &str) -> Option<Other> {
    let text = spaced(name);
    if is_money(&text) {
        return Some(Other::Money);
    }
    if is_time(&text) {
        return Some(Other::Time);
    }
    // In brackets or behind `i` it is a unit, though it may be another word elsewhere.
    let lower = name.to_lowercase();
    let bracketed = lower.split(['(', '[']).skip(1).filter_map(|rest| rest.split([')', ']']).next());
    let behind = [" i ", " in "].iter().filter_map(|word| lower.rsplit_once(word)).map(|(_, rest)| rest);
    for stated in bracketed.chain(behind) {
        let stated = stated.trim().trim_end_matches('.');
        if is_one(
            stated,
            "t, timer, timar, time, h, min, sek, sec, ms, dag, dager, dagar, døgn, uker, veker, mnd",
        ) {
            return Some(Other::Time);
        }
        if is_one(stated, "kb, mb, gb, tb, byte, bytes, kg, km, m2, m3, kwh") {
            return Some(Other::Size);
        }
    }
    None
}

fn is_money(text: &str) -> bool {
    begins(
        text,
        "kostnad, utgift, inntekt, beløp, omsetn, gebyr, kroner, kostpris, cost, revenue, expense, innspar, besparelse",
    ) || has(
        text,
        "kr, nok, mnok, tnok, tkr, mkr, krone, øre, eur, euro, usd, fee, fees, pris, priser, prisar, prisen",
    ) || has(text, "price, prices, stykkpris, gevinst")
}

fn is_time(text: &str) -> bool {
    // Times of the day and of life, when something is counted.
    const WHEN: &str = "samtid, fremtid, framtid, måltid, fritid, heltid, deltid, arbeidstid, åpningstid, opningstid, kontortid, \
        dagtid, nattetid, kveldstid, høytid";
    let mut words = text.split_whitespace();
    words.any(|word| word.ends_with("tid") && !is_one(word, WHEN))
        || begins(text, "varighe, duration, latency, tidsbruk, minutt, minute, sekund, millisek, turnaround")
        || has(text, "dager, dagar, days, seconds, hours, ms, timer, timar")
        || matches!(text.trim(), "time" | "antall time" | "tal time")
        || has(text, "response time, processing time, waiting time, lead time, handling time")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: Option<Granularity> = Some(Granularity::Month);

    #[test]
    fn names_of_numbers_that_are_no_count_of_their_period() {
        for (names, kind) in [
            (
                "Antall i fjor; Brukere forrige måned; Forrige år; Meldingar førre månad; Users, previous month; \
                 Samme måned året før; Fjoråret; Messages a year ago",
                Other::Earlier,
            ),
            (
                "Siste 12 mnd; Meldinger siste 12 måneder; Brukere 12 mnd; Rullerende år; Last 12 months; \
                 Brukarar siste 30 dagar; Antall (12mnd); Past 7 days",
                Other::Rolling,
            ),
            (
                "Prognose meldinger; Budsjett; Mål; Måltall 2024; Antall, plan; Planlagte meldinger; Forventet antall; \
                 Forventa tal; Forecast; Target users; Personer i målgruppen; Estimert antall",
                Other::Plan,
            ),
            (
                "Snitt; Gjennomsnitt per dag; Gj.snitt meldinger; Gj.sn. meldinger; Månedssnitt; Average messages; Meldinger per dag; \
                 Meldingar pr. døgn; Meldinger per 1000 innb; Antall pr 10 000; Meldinger per bruker; Daglige brukere; Daily users",
                Other::Mean,
            ),
            ("Endring; Vekst; Økning i antall; Auke; Growth", Other::Change),
            (
                "Svartid (dager); Saksbehandlingstid; Ventetid; Varighet; Brukt (timer); Tid; Response time; Bruk i timer; Antall timer; Timer; Time; Timar",
                Other::Time,
            ),
            ("Kostnad (kr); Kostnader; Sum kr; Beløp; Inntekter; Pris; Cost; Omsetning", Other::Money),
            ("Lagret (GB)", Other::Size),
        ] {
            for name in names.split("; ") {
                assert_eq!(other(name, MONTH), Some(kind), "{name}");
            }
        }
    }

    #[test]
    fn names_of_counts() {
        let names = "Antall; Antall meldinger; Brukere; Meldinger per måned; Antall pr. kommune; Plansaker; Måltider; \
            Meldinger utenfor arbeidstid; Timebestillinger; Endringsmeldinger; Krav; Avsnitt; Fjordhester; \
            Brukere i alt; Aktive brukere; Messages; Månedlige brukere; Bruk 2. kvartal 2024; Brukere jan 2024; Lest; Prisoner; \
            Monthly users; Søknader om plass; Meldinger i 2024; Måned; Meldinger hittil i år; Antall saker per løsning; \
            Brukere per 31.12.2024; Brukere pr. 1. januar; Message(s)";
        for name in names.split("; ") {
            assert_eq!(other(name, MONTH), None, "{name}");
        }
        // A day's number of a day, and a month's number of a year.
        assert_eq!(other("Meldinger per dag", Some(Granularity::Day)), None);
        assert_eq!(other("Meldinger per måned", Some(Granularity::Year)), Some(Other::Mean));
        assert_eq!(
            (other("Meldinger per måned", None), other("Meldinger per uke", None)),
            (None, Some(Other::Mean))
        );
    }
}
