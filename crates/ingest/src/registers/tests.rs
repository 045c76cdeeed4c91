//! Registers on the shipped tables: rows in, rows refused, two people at once, a program that follows.

mod wrong;

use utbredt_lake::{Lake, Writer};
use utbredt_model::ReasonCode;
use utbredt_model::register::{ChangeKind, Register};

use super::*;
use crate::columns::text;
use crate::tests::{files, ready};

fn kpis() -> KnownKpis {
    [("adoption.reach".to_owned(), true), ("rollout.municipalities_live".to_owned(), false)].into()
}

fn register(table: &str) -> &'static Register {
    Register::named(table).expect("a register")
}

fn proposal(lake: &Lake, table: &str, file: &str) -> Proposal {
    check(lake, register(table), file.as_bytes(), (&kpis(), None)).expect("a proposal")
}

fn applied(writer: &mut Writer, table: &str, file: &str) -> Applied {
    let kpis = kpis();
    let application = Application {
        register: register(table),
        bytes: file.as_bytes(),
        kpis: &kpis,
        edition: None,
        reason: "decided in the board",
        recorded_at: "2025-01-10T08:00:00Z".parse().expect("a moment"),
    };
    apply(writer, application).expect("the lake is there")
}

/// The rows of a register as an export writes them, of the newest edition.
fn exported(lake: &Lake, table: &str) -> String {
    let latest = lake.latest().unwrap();
    let number = latest.as_ref().unwrap().number;
    let names: Vec<&str> = register(table).columns.iter().map(|column| column.name).collect();
    let mut out = format!("{};edition;remove\n", names.join(";"));
    for row in show(lake, latest.as_ref(), register(table)).unwrap() {
        let values: Vec<String> =
            row.into_iter().map(|value| format!("\"{}\"", value.unwrap_or_default())).collect();
        out.push_str(&format!("{};{number};\n", values.join(";")));
    }
    out
}

fn changes(lake: &Lake) -> Vec<(String, String, String)> {
    let latest = lake.latest().unwrap();
    let batch = crate::columns::read(lake, latest.as_ref(), "register_changes").unwrap();
    let of = |name: &str| -> Vec<String> {
        text(&batch, name).unwrap().into_iter().map(|value| value.unwrap_or_default().to_owned()).collect()
    };
    let keys = of("register").into_iter().zip(of("row_key")).zip(of("change"));
    keys.map(|((register, key), change)| (register, key, change)).collect()
}

const WAVE: &str = "wave_id,solution_id,name\nhost-2026,digihelse,Autumn of 2026\n";

/// A solution that never shipped, its measure, a wave with members, planned by people who write what they are used to.
#[test]
fn a_network_adds_its_own_facts_without_a_developer() {
    let (_dir, mut writer) = ready();
    let solution = "Løsning;Navn på bokmål;Navn på nynorsk;Navn på engelsk;Nasjonal eier;Tjenesteområde\n\
        digivann;DigiVann;DigiVatn;DigiVann (water);KS;teknisk\n";
    let done = applied(&mut writer, "solutions", solution);
    assert_eq!((done.proposal.count(ChangeKind::Added), done.proposal.refusals.len()), (1, 0));
    assert_eq!(done.edition, 2);
    let measure = "solution_id,measure_id,unit,kind,rollup,stamp,sensitivity,main\n\
        digivann,uses,orders,flow,sum,start,open,ja\n";
    assert_eq!(applied(&mut writer, "measures", measure).edition, 3);
    assert_eq!(applied(&mut writer, "waves", WAVE).edition, 4);
    // 301 lost its zero, and 9999 is nowhere; the other five are planned. Two of seven are more than a fifth.
    let members = "wave_id;municipality_code;planned_date\nhost-2026;4601;01.10.2026\nhost-2026;4602;2026-10-01\n\
        host-2026;4611;\nhost-2026;301;\nhost-2026;4612;\nhost-2026;9999;\nhost-2026;4613;\n";
    let refused = applied(&mut writer, "wave_members", members);
    assert!(refused.proposal.is_refused() && refused.receipt.is_none() && refused.edition == 4);
    let lines: Vec<String> = refused.proposal.refusals.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "row 5, column `municipality_code`: code `301` lost its leading zero; `0301` was probably meant. To mend it: write \
             `0301`, in a column formatted as text",
            "row 7, column `municipality_code`: code `9999` is a placeholder for an unknown place, not a municipality. To mend \
             it: write the code, digits only",
        ]
    );
    let members = members.replace(";301;", ";0301;");
    let done = applied(&mut writer, "wave_members", &members);
    assert_eq!(
        (done.proposal.count(ChangeKind::Added), done.proposal.refusals.len(), done.edition),
        (6, 1, 5)
    );
    let latest = writer.lake().latest().unwrap();
    let rows = show(writer.lake(), latest.as_ref(), register("wave_members")).unwrap();
    let row: Vec<&str> = rows[1].iter().map(|value| value.as_deref().unwrap_or("-")).collect();
    assert_eq!(row, ["host-2026", "4601", "2024-01-01", "2026-10-01"]);
    // The file is evidence, and so is what was refused of it.
    let receipts = crate::columns::read(writer.lake(), latest.as_ref(), "receipts").unwrap();
    assert_eq!(text(&receipts, "source_id").unwrap().len(), 4);
    let rejections = crate::columns::read(writer.lake(), latest.as_ref(), "rejections").unwrap();
    assert_eq!(text(&rejections, "code").unwrap(), [Some("placeholder")]);
    assert_eq!(changes(writer.lake()).len(), 9);
    assert!(writer.lake().verify().unwrap().problems.is_empty());
    // The same file once more asks for nothing.
    let again = applied(&mut writer, "wave_members", &members);
    assert_eq!((again.proposal.unchanged, again.edition, again.receipt.is_none()), (6, 5, true));
}

/// Both people export edition 2. What one changes the other does not undo, and whoever changes the same row learns of it.
#[test]
fn two_people_at_once_lose_nothing() {
    let (_dir, mut writer) = ready();
    let waves =
        "wave_id,solution_id,name\na,digihelse,One\nb,digihelse,Two\nc,digihelse,Three\nd,digihelse,Four\n";
    assert_eq!(applied(&mut writer, "waves", waves).edition, 2);
    let sheet = exported(writer.lake(), "waves");
    let (first, second) = (sheet.replace("\"One\"", "\"Uno\""), sheet.replace("\"Two\"", "\"Due\""));
    assert_eq!(applied(&mut writer, "waves", &first).proposal.count(ChangeKind::Changed), 1);
    let done = applied(&mut writer, "waves", &second);
    assert_eq!((done.proposal.count(ChangeKind::Changed), done.proposal.unchanged, done.edition), (1, 3, 4));
    // The third changes the first row too, from what it was, and adds one.
    let third = format!("{}e;digihelse;;Five;;;\n", sheet.replace("\"One\"", "\"Eins\""));
    let done = applied(&mut writer, "waves", &third);
    assert_eq!((done.proposal.count(ChangeKind::Added), done.proposal.refusals.len()), (1, 1));
    let refused = &done.proposal.refusals[0];
    assert_eq!((refused.row, refused.reason.code), (2, ReasonCode::ChangedSince));
    assert!(
        refused.reason.text.contains("it is now wave_id a, solution_id digihelse, name Uno"),
        "{refused}"
    );
    let latest = writer.lake().latest().unwrap();
    let rows = show(writer.lake(), latest.as_ref(), register("waves")).unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row[3].as_deref().unwrap()).collect();
    assert_eq!(names, ["Uno", "Due", "Three", "Four", "Five"]);
    // A file that does not say what it was made from changes nothing that is there.
    let blind = proposal(writer.lake(), "waves", "wave_id,solution_id,name\na,digihelse,Other\n");
    assert_eq!(blind.refusals[0].column.as_deref(), Some("name"));
    assert!(blind.refusals[0].fix.contains("--edition"), "{}", blind.refusals[0]);
    // Removed by whoever saw it as it is; an earlier edition keeps it.
    let removal =
        exported(writer.lake(), "waves").replace("\"Five\";\"false\";5;", "\"Five\";\"false\";5;ja");
    assert_eq!(applied(&mut writer, "waves", &removal).proposal.count(ChangeKind::Removed), 1);
    let lake = writer.lake();
    let counts = [5, 6]
        .map(|number| show(lake, Some(&lake.edition(number).unwrap()), register("waves")).unwrap().len());
    assert_eq!(counts, [5, 4]);
}

/// An exported row whose key was changed would stay beside what it was: it is refused, and a rename says so.
#[test]
fn a_key_changed_in_an_export_is_no_new_row() {
    let (_dir, mut writer) = ready();
    assert_eq!(applied(&mut writer, "waves", WAVE).edition, 2);
    let renamed = exported(writer.lake(), "waves").replace("host-2026", "guest-2026");
    let found = proposal(writer.lake(), "waves", &renamed);
    assert_eq!((found.changes.len(), found.refusals[0].reason.code), (0, ReasonCode::NotRegistered));
    assert_eq!(found.refusals[0].column.as_deref(), Some("wave_id"));
    // The new row without an edition, and the old one to be removed.
    let both = exported(writer.lake(), "waves").replace(";2;\n", ";2;ja\n");
    let both = format!("{both}guest-2026;digihelse;;Autumn of 2026;;;\n");
    let done = applied(&mut writer, "waves", &both).proposal;
    assert_eq!((done.count(ChangeKind::Removed), done.count(ChangeKind::Added)), (1, 1));
}

/// What holds from a day on ends the day before; a file may end one row and begin the next.
#[test]
fn a_price_ends_and_another_begins_in_one_file() {
    let (_dir, mut writer) = ready();
    let sheet = exported(writer.lake(), "unit_values");
    let line = sheet.lines().find(|line| line.contains("svarut")).unwrap().to_owned();
    // Ended on the last day of 2026, and dearer from then on.
    let ended = line.replace("\"2017-01-01\";\"\"", "\"2017-01-01\";\"2027-01-01\"");
    let next =
        line.replace("\"4000\"", "\"5000\"").replace("\"2017-01-01\"", "\"2027-01-01\"").replace(";1;", ";;");
    let both = sheet.replace(&line, &format!("{ended}\n{next}"));
    let done = proposal(writer.lake(), "unit_values", &both);
    assert_eq!(done.refusals, []);
    assert_eq!((done.count(ChangeKind::Ended), done.count(ChangeKind::Added), done.unchanged), (1, 1, 1));
    // Without the end the two hold at once.
    let both = sheet.replace(&line, &format!("{line}\n{next}"));
    let done = proposal(writer.lake(), "unit_values", &both);
    assert_eq!(done.refusals[0].reason.code, ReasonCode::Overlap);
    assert_eq!(done.refusals[0].column.as_deref(), Some("valid_from"));
    assert_eq!(applied(&mut writer, "unit_values", &both).edition, 1);
}

/// A later program ships other rows: those of the network stand, others follow, none goes.
#[test]
fn an_upgrade_takes_nothing_away() {
    let (_dir, mut writer) = ready();
    let sheet = exported(writer.lake(), "solutions")
        .replace("\"DigiHelse\";\"DigiHelse\"", "\"Vår DigiHelse\";\"DigiHelse\"");
    assert_eq!(applied(&mut writer, "solutions", &sheet).proposal.count(ChangeKind::Changed), 1);
    assert_eq!(applied(&mut writer, "waves", WAVE).edition, 3);
    let mut shipped = files();
    let solutions = shipped.iter_mut().find(|(path, _)| path == "reference/solutions.csv").unwrap();
    // Another name for all, one more, one fewer.
    let lines = String::from_utf8(solutions.1.clone())
        .unwrap()
        .replace("DigiHelse,", "DigiHelse2,")
        .replace("SvarUt,", "SvarUt2,");
    let mut lines: Vec<&str> = lines.lines().filter(|line| !line.starts_with("digisos,")).collect();
    lines.push("ny,Ny,Ny,New,KS,health,");
    solutions.1 = format!("{}\n", lines.join("\n")).into_bytes();
    let said = what_is_shipped(writer.lake(), &shipped).unwrap();
    assert_eq!(said, [ShippedTable { table: "solutions", added: 1, changed: 1, kept: 1 }]);
    let (_, done) = bring_up_to_date(&mut writer, &shipped, "2025-01-11T08:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(done, said);
    let latest = writer.lake().latest().unwrap();
    let rows = show(writer.lake(), latest.as_ref(), register("solutions")).unwrap();
    let name =
        |id: &str| rows.iter().find(|row| row[0].as_deref() == Some(id)).map(|row| row[1].clone().unwrap());
    assert_eq!(name("digihelse").as_deref(), Some("Vår DigiHelse"));
    assert_eq!((name("svarut").as_deref(), name("ny").as_deref()), (Some("SvarUt2"), Some("Ny")));
    assert!(name("digisos").is_some());
    assert_eq!(show(writer.lake(), latest.as_ref(), register("waves")).unwrap().len(), 1);
    // Once more nothing is to be done.
    let said = what_is_shipped(writer.lake(), &shipped).unwrap();
    assert_eq!(said, [ShippedTable { table: "solutions", added: 0, changed: 0, kept: 1 }]);
}

/// A file that cannot be read as a register says why, as a whole.
#[test]
fn a_file_of_another_kind_is_a_breach() {
    let (_dir, writer) = ready();
    for (file, part) in [
        ("", "has no row"),
        ("wave_id;naem\n", "did you mean `name`?"),
        ("solution_id;name\nx;y\n", "column `wave_id` is missing"),
        ("wave_id;wave_id;name\n", "is there twice"),
        ("<html><body>no</body></html>", "is not one of `waves`"),
        ("PK\u{3}\u{4}", "cut short or damaged"),
    ] {
        let breach = proposal(writer.lake(), "waves", file).breach.map(|breach| breach.to_string());
        assert!(breach.as_ref().is_some_and(|breach| breach.contains(part)), "{file}: {breach:?}");
    }
}

/// Rows of a file stand beside each other: the later of two that exclude each other is refused, and what another row needs may come
/// in the same file in any order.
#[test]
fn rows_of_one_file_are_seen_together() {
    let (_dir, mut writer) = ready();
    let same =
        proposal(writer.lake(), "waves", "wave_id,solution_id,name\na,digihelse,One\na,digihelse,Two\n");
    assert_eq!(
        (same.changes.len(), same.refusals[0].row, same.refusals[0].reason.code),
        (1, 3, ReasonCode::Duplicate)
    );
    let values = "solution_id,measure_id,benefit_kind,unit,low,central,high,valid_from,valid_to,source,quality,owner\n\
        digihelse,uses,saved_time,second,1,2,3,2025-01-01,2026-01-01,s,assumption,KS\n\
        digihelse,uses,saved_time,second,1,2,3,2025-06-01,2027-01-01,s,assumption,KS\n\
        digihelse,uses,saved_time,second,1,2,3,2026-01-01,,s,assumption,KS\n";
    let seen = proposal(writer.lake(), "unit_values", values);
    assert_eq!((seen.changes.len(), seen.refusals.len(), seen.refusals[0].row), (2, 1, 3));
    // A wave that members are in is not removed.
    assert_eq!(applied(&mut writer, "waves", WAVE).edition, 2);
    assert_eq!(
        applied(&mut writer, "wave_members", "wave_id,municipality_code\nhost-2026,4601\n").edition,
        3
    );
    let removal = exported(writer.lake(), "waves").replace(";3;", ";3;ja");
    let refused = proposal(writer.lake(), "waves", &removal);
    assert_eq!(refused.refusals[0].reason.code, ReasonCode::InUse);
}
