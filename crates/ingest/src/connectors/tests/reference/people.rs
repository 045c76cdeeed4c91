//! Persons by age, pulled.

use std::sync::Arc;
use std::time::Duration;

use utbredt_lake::EditionDraft;

use super::office::{Mood, Office};
use super::{Desk, configured, constant_server, held, morning};
use crate::connector::{Connector, PullError, PullReport};
use crate::fetch::tests::server::{Act, Server};

fn population(server: &Server, more: &str) -> Arc<dyn Connector> {
    configured("ssb_population", &format!("url = \"{}\"\n{more}", server.url("/v2")))
}

fn serving(office: &Office) -> Server {
    let office = office.clone();
    constant_server(move |seen| office.answer(seen))
}

fn pull(desk: &mut Desk, server: &Server, more: &str) -> Result<PullReport, PullError> {
    let request = population(server, more);
    desk.pull(server, &morning(), request.as_ref())
}

/// Rows of a year and band: `code|division|day|from|to|persons|vintage|`.
fn of(desk: &Desk, year: i32, band: &str) -> Vec<(String, i64, String)> {
    let day = format!("{year}-01-01");
    let rows = desk.rows("population");
    let fields = rows.iter().map(|row| row.split('|').collect::<Vec<_>>());
    let ours = fields.filter(|f| f[2] == day && format!("{}-{}", f[3], f[4]) == band);
    ours.map(|f| (f[0].to_owned(), f[5].parse().unwrap(), f[6].to_owned())).collect()
}

#[test]
fn the_years_the_lake_lacks_come_in_once() {
    let (mut desk, clock) = (Desk::new(), morning());
    let office = Office::new(2020..=2027);
    let server = serving(&office);
    let request = population(&server, "from = 2020\ntotal = \"0\"");
    let run = |desk: &mut Desk| desk.pull(&server, &clock, request.as_ref()).unwrap();
    let before = desk.rows("population").len();
    let pulled = run(&mut desk);
    assert_eq!(pulled.stopped, None);
    let message: Vec<_> =
        pulled.reports.iter().map(|r| (r.subject.as_str(), r.held.clone(), r.accepted)).collect();
    // 2020 and 2021 are whole. All ages of 2022 to 2026 stand; six bands are new. Of 2027 everything is.
    let expected = [
        ("2022", 6 * 356),
        ("2023", 6 * 356),
        ("2024", 6 * 357),
        ("2025", 6 * 357),
        ("2026", 6 * 357),
        ("2027", 7 * 357),
    ];
    assert_eq!(message, expected.map(|(year, rows)| (year, None, rows)));
    assert_eq!(desk.rows("population").len(), before + (2 * 6 * 356 + 3 * 6 * 357 + 7 * 357) as usize);
    // Bergen, of whom a tenth are 5, a fifth 10, a quarter 70 and a twentieth 85 years old; the rest is 30.
    let bergen = |year, band| of(&desk, year, band).into_iter().find(|(code, ..)| code == "4601").unwrap().1;
    let all = bergen(2025, "0-null");
    assert_eq!(all, office.count("4601", 2025));
    for (band, persons) in [
        ("0-6", all / 10),
        ("6-16", all / 5),
        ("16-null", all - all / 10 - all / 5),
        ("16-67", all - all / 10 - all / 5 - all / 4 - all / 20),
        ("67-null", all / 4 + all / 20),
        ("80-null", all / 20),
    ] {
        assert_eq!(bergen(2025, band), persons, "{band}");
    }
    // Ålesund is whole before 2024 and two municipalities after; each row says which publication it is from.
    assert!(of(&desk, 2023, "67-null").iter().any(|(code, ..)| code == "1507"));
    assert!(of(&desk, 2024, "67-null").iter().all(|(code, ..)| code != "1507"));
    assert!(of(&desk, 2025, "67-null").iter().all(|(.., vintage)| vintage == "ssb-07459-2026-02-25"));
    assert!(of(&desk, 2025, "0-null").iter().all(|(.., vintage)| vintage == "ssb-07459-2024"));
    // Two questions a year for the length of an address, one for the country, and never two within two seconds.
    assert_eq!(server.requests().len(), 1 + 6 * 3);
    let waits = clock.waits.lock().unwrap().clone();
    assert_eq!(waits, vec![Duration::from_secs(2); 18]);
    assert!(server.requests().iter().all(|seen| seen.line.len() < 2_100));
    assert!(desk.writer.lake().verify().unwrap().problems.is_empty());
    // Again: nothing is asked for but what there is.
    let edition = desk.edition();
    let again = run(&mut desk);
    assert_eq!((again.reports.len(), again.requests, desk.edition()), (0, 1, edition));
}

#[test]
fn a_smaller_limit_makes_more_questions_and_the_same_rows() {
    let (mut one, mut other) = (Desk::new(), Desk::new());
    let server = serving(&Office::new(2026..=2026));
    pull(&mut one, &server, "from = 2022").unwrap();
    let before = server.requests().len();
    pull(&mut other, &server, "from = 2022\ncells = 10000").unwrap();
    // 47 places of 212 cells fit into 10,000, and 357 places are more than 7 times that.
    assert_eq!(server.requests().len() - before, 1 + 8);
    assert_eq!(one.rows("population"), other.rows("population"));
}

#[test]
fn what_cannot_be_believed_is_held_and_nothing_changes() {
    let mut desk = Desk::new();
    let office = Office::new(2026..=2026);
    let server = serving(&office);
    let before = desk.rows("population");
    for (mood, word) in [
        (Mood::OneMore, "by its own total row (all ages)"),
        (Mood::Repeating(None), "the answer is not to the question: of `Region` it lacks"),
        (Mood::Nobody("4601"), "have no inhabitants in it: 4601"),
        (Mood::Other("4601"), "numbers differ from those in the tables: 4601"),
        (Mood::Hidden("4601"), "cells cannot be believed, the first: `no number`"),
        (Mood::Page, "not whole JSON"),
        (Mood::Anew(0), "published anew between two questions"),
    ] {
        office.be(mood.clone());
        let message = held(&pull(&mut desk, &server, "from = 2022\ntotal = \"0\"").unwrap());
        assert!(message.contains(word), "{mood:?}: {message}");
        assert_eq!(desk.rows("population"), before, "{mood:?}");
    }
    assert_eq!(desk.rows("receipts").iter().filter(|row| row.contains("|held|")).count(), 7);
    // The same wrong answer again is not news, and the right one comes in.
    let edition = desk.edition();
    office.be(Mood::OneMore);
    let again = pull(&mut desk, &server, "from = 2022\ntotal = \"0\"").unwrap();
    assert!(again.reports[0].unchanged && again.reports[0].held.is_some());
    assert_eq!(desk.edition(), edition);
    office.be(Mood::Well);
    assert_eq!(held(&pull(&mut desk, &server, "from = 2022\ntotal = \"0\"").unwrap()), "");
    assert_eq!(desk.rows("population").len(), before.len() + 6 * 357);
    assert!(desk.kept().iter().any(|kept| kept.starts_with("[{") && kept.contains("\"Region\"")));
}

#[test]
fn a_new_year_that_nobody_can_compare_must_still_be_likely() {
    let mut desk = Desk::new();
    let office = Office::new(2027..=2027);
    office.be(Mood::Thousands);
    let message = held(&pull(&mut desk, &serving(&office), "from = 2027").unwrap());
    assert!(message.contains("more than 5 % a year") && message.contains("in 2026"), "{message}");
    assert!(of(&desk, 2027, "0-null").is_empty());
}

#[test]
fn numbers_carried_back_are_not_requested() {
    let mut desk = Desk::new();
    let server = serving(&Office::new(2022..=2025));
    let before = desk.rows("population").len();
    let pulled = pull(&mut desk, &server, "from = 2022\ncodelist = \"agg_KommSummer\"").unwrap();
    let message = pulled.stopped.unwrap();
    assert!(
        message.contains("2022: not queried: agg_KommSummer") && message.contains("2023: not queried"),
        "{message}"
    );
    let years: Vec<_> = pulled.reports.iter().map(|r| (r.subject.as_str(), r.held.is_none())).collect();
    assert_eq!(years, [("2024", true), ("2025", true)]);
    assert!(
        server.requests().iter().all(|seen| !seen.line.contains("=2022") && !seen.line.contains("=2023"))
    );
    assert!(
        server.requests()[1].line.contains("K-0301") && server.requests()[1].line.contains("agg_KommSummer")
    );
    assert_eq!(desk.rows("population").len(), before + 2 * 6 * 357);
}

#[test]
fn a_table_that_changed_or_went_away_is_reported() {
    let mut desk = Desk::new();
    let before = desk.edition();
    let office = Office::new(2024..=2025);
    office.be(Mood::Variable);
    let message = pull(&mut desk, &serving(&office), "from = 2022").unwrap().stopped.unwrap();
    assert!(message.contains("not as it was") && message.contains("Landbakgrunn"), "{message}");
    let removed = pull(&mut desk, &Server::acting(vec![Act::status(404, &[])]), "from = 2022").unwrap();
    assert!(removed.stopped.unwrap().contains("404"));
    assert_eq!(desk.edition(), before);
    // A year that is not there does not keep the next one out.
    office.be(Mood::Without("2024"));
    let pulled = pull(&mut desk, &serving(&office), "from = 2022").unwrap();
    assert!(pulled.stopped.unwrap().starts_with("2024: "));
    assert_eq!((pulled.reports.len(), pulled.reports[0].subject.as_str()), (1, "2025"));
    let unavailable = Server::acting(vec![Act::status(503, &[])]);
    assert!(pull(&mut desk, &unavailable, "from = 2022").unwrap().stopped.unwrap().contains("503"));
}

/// The shipped tables loaded once more take no pulled row away. Where rows went missing otherwise the next pull brings them back
/// by the same receipt.
#[test]
fn what_went_missing_comes_in_again() {
    let mut desk = Desk::new();
    let server = serving(&Office::new(2026..=2026));
    pull(&mut desk, &server, "from = 2022").unwrap();
    let whole = desk.rows("population");
    let recorded_at = "2026-11-24T05:00:00Z".parse().unwrap();
    let shipped = crate::load_reference(&mut desk.writer, &crate::tests::files(), recorded_at).unwrap();
    assert_eq!(desk.rows("population"), whole);
    let population = shipped.into_iter().filter(|(table, _)| table.name == "population").collect();
    let loss = EditionDraft {
        recorded_at,
        reason: "as shipped".to_owned(),
        replace: population,
        append: Vec::new(),
        supersedes: Vec::new(),
        receipts: Vec::new(),
    };
    desk.writer.commit(loss).unwrap();
    assert!(desk.rows("population").len() < whole.len());
    let pulled = pull(&mut desk, &server, "from = 2022").unwrap();
    assert_eq!((held(&pulled).as_str(), pulled.reports[0].unchanged), ("", false));
    assert_eq!(desk.rows("population"), whole);
    assert_eq!(desk.rows("receipts").len(), 1);
}

/// The table is published anew after a year came: the year is asked for again, once where nothing differs, and at every
/// look where something does, and what stands is never written over.
#[test]
fn a_year_that_was_published_anew_is_requested_again() {
    let (mut desk, office) = (Desk::new(), Office::new(2024..=2024));
    let server = serving(&office);
    let request = population(&server, "from = 2024");
    // The office publishes on 25 February 2026.
    let look = |desk: &mut Desk, moment: &str| {
        let clock = crate::fetch::tests::Still::at(moment);
        let before = server.requests().len();
        let pulled = desk.pull(&server, &clock, request.as_ref()).unwrap();
        (pulled, server.requests().len() - before)
    };
    let (first, questions) = look(&mut desk, "2026-02-01T06:00:00Z");
    assert_eq!((held(&first), first.reports[0].accepted > 0), (String::new(), true));
    assert!(questions > 1);
    let before = desk.rows("population");
    office.be(Mood::Other("4601"));
    let (corrected, _) = look(&mut desk, "2026-03-01T06:00:00Z");
    assert!(held(&corrected).contains("differ from those in the tables: 4601"), "{}", held(&corrected));
    let (still, _) = look(&mut desk, "2026-03-08T06:00:00Z");
    assert!(held(&still).contains("4601") && still.reports[0].unchanged);
    assert_eq!(desk.rows("population"), before);
    // The office takes it back; that it did is seen, and then the year is left alone.
    office.be(Mood::Anew(0));
    let (well, _) = look(&mut desk, "2026-03-15T06:00:00Z");
    assert!(held(&well).contains("published"), "{}", held(&well));
    office.be(Mood::Reordered);
    let (well, _) = look(&mut desk, "2026-03-22T06:00:00Z");
    assert_eq!((held(&well), well.reports[0].accepted), (String::new(), 0));
    assert_eq!(look(&mut desk, "2026-03-29T06:00:00Z").1, 1, "only what the table has is requested");
    assert_eq!(desk.rows("population"), before);
}
