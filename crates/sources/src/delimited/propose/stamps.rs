//! Names of columns of days that say when a file or a row was made, or when something began: no period of their numbers.

use super::words::{begins, has, spaced};

const STEMS: &str = "hentet, henta, fetched, retriev, oppdater, updated, update, eksport, export, import, oppret, created, \
    extract, endret, endra, modified, changed, registrer, generer, generated, kjørt, kjøre, køyr, nedlast, download, \
    utskrift, lanser, launch, innfør, introdu, aktiver, activat, signer, publiser, publish, levert, delivered, gyldig, \
    valid, tidsstemp, timestamp, oppstart, produksjonss, produksjonsdato, vedt, avtale, ikraft, frist, fødsel";

const PHRASES: &str = "i bruk, in use, sist, siste, last, latest, lastet ned, lasta ned, lastet inn, lasta inn, tatt i, \
    teken i, i produksjon, in production, go live, golive";

/// Whether a name is one: `Hentet`, `Sist oppdatert`, `I bruk fra`.
pub(super) fn is_stamp(name: &str) -> bool {
    let text = spaced(name);
    begins(&text, STEMS)
        || has(&text, PHRASES)
        || text.contains("uttrekk")
        || is_since(&text)
        || is_handed_in(&text)
}

/// `Rapporteringsdato`, `Innsendt dato`. `Rapportmåned` and `Fakturaperiode` are what a report and a bill are about.
fn is_handed_in(text: &str) -> bool {
    const HANDED_IN: &str = "rapporter, rapportdato, innsend, innsendt, sendt, send, faktura, motta, motteke, reported, reporting, \
        submitted, submission, received, invoice, sent";
    begins(text, HANDED_IN) && ["dato", "date", "dag", "tidspunkt"].iter().any(|word| text.contains(word))
}

/// `Kunde siden`. `Periode fra` has its period in its name, and `Fra` alone may begin a pair.
fn is_since(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let since = matches!(words.next_back(), Some("fra" | "frå" | "from" | "since" | "siden" | "sidan"));
    let of_period = "period, dato, date, måned, månad, dag, day, month, uke, veke, week";
    since && words.next().is_some() && !begins(text, of_period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_days_that_numbers_are_not_about() {
        let stamps = "I bruk fra, Hentet, Sist oppdatert, Eksportert, Opprettet, Oppdatert dato, opprettet_år, Uttrekksdato, \
            Tatt i bruk, Teken i bruk, created_at, Last updated, Gyldig fra, Kunde siden, Registrert dato, Henta, Lansert, \
            Innføringsdato, Dato for uttrekk, Vedtatt, Exported, Rapporteringsdato, Rapportert dato, Innsendt dato, Fakturadato, \
            Mottatt dato, Reporting date";
        for name in stamps.split(", ") {
            assert!(is_stamp(name), "{name}");
        }
        let periods = "Måned, Periode, Dato, Fra, Til, Periode fra, Fra dato, Dato fra, Uke, År, Month, Start, Rapportmåned, \
            Rapporteringsmåned, Fakturaperiode";
        for name in periods.split(", ") {
            assert!(!is_stamp(name), "{name}");
        }
    }
}
