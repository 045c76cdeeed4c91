//! Codes and their texts: a KPI's own, the common ones, and those that are lacking.

use strum::VariantArray as _;

use super::*;

/// The sound KPI with a column of the codes `late` and `missing`, whose header gives the text of `late`.
fn with_codes() -> String {
    REACH.replace("unit = \"deliveries\"\n", "unit = \"codes\"\ncodes = [\"late\", \"missing\"]\n").replace(
        "rollup = \"any\"\n",
        "rollup = \"any\"\n[reasons.late]\nnb = \"For sent.\"\nnn = \"For seint.\"\nen = \"Late.\"\n",
    )
}

/// Every state, every mark and every kind of rejection, each with a text.
fn common() -> String {
    let states = utbredt_model::CellState::ALL.map(|state| format!("states.{}", state.as_str()));
    let marks = utbredt_model::Marks::all().map(|(_, name)| format!("marks.{name}"));
    let rejections =
        utbredt_model::ReasonCode::VARIANTS.iter().map(|code| format!("rejections.{}", code.as_str()));
    states.into_iter().chain(marks).chain(rejections).map(|code| written(&code)).collect()
}

/// A code as the file of common texts has it.
fn written(code: &str) -> String {
    format!("[{code}]\nnb = \"b {code}\"\nnn = \"n {code}\"\nen = \"e {code}\"\n")
}

#[track_caller]
fn problem(kpi: &str, common: &str, part: &str) {
    let errors = load(&[("kpi/adoption/reach.sql", kpi), ("reasons.toml", common)]).unwrap_err();
    let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(text.len() == 1 && text[0].contains(part), "{text:#?}");
}

#[test]
fn a_code_has_the_text_of_the_kpi_or_the_common_one() {
    let catalogue = load(&[("kpi/adoption/reach.sql", &with_codes()), ("reasons.toml", &common())]).unwrap();
    let text = |code: &str| catalogue.reason("adoption.reach", code).map(|titles| titles.get(Lang::En));
    assert_eq!(text("late"), Some("Late."));
    assert_eq!(text("missing"), Some("e states.missing"));
    assert_eq!(text("partial"), Some("e marks.partial"));
    assert_eq!(text("lost"), None);
    assert_eq!(catalogue.reason("no.kpi", "late"), None);
    assert!(catalogue.reason("no.kpi", "ok").is_some());
    assert_eq!(catalogue.reasons().len(), 5 + 11 + utbredt_model::ReasonCode::VARIANTS.len());
    let page = catalogue.get("adoption.reach").unwrap().markdown(Lang::Nn);
    for line in ["## Kodar", "| `late` | For seint. |", "| `missing` | n states.missing |"] {
        assert!(page.lines().any(|l| l == line), "{line}\n---\n{page}");
    }
}

#[test]
fn a_code_without_a_text_and_a_text_without_a_column_are_refused() {
    let kpi = with_codes();
    let misspelt = kpi.replace("[reasons.late]", "[reasons.lat]");
    let errors = load(&[("kpi/adoption/reach.sql", &misspelt), ("reasons.toml", &common())]).unwrap_err();
    let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(
        text.iter().any(|t| t.contains("the code `late`, which has no text; did you mean `lat`?")),
        "{text:#?}"
    );
    assert!(
        text.iter().any(|t| t.contains("[reasons.lat] is declared and no column or state may hold it")),
        "{text:#?}"
    );
    problem(
        &kpi.replace("codes = [\"late\", \"missing\"]", "codes = [\"missing\"]"),
        &common(),
        "no column or state may hold it",
    );
    problem(&kpi.replace("\"For seint.\"", "\" \""), &common(), "the text of the code `late` is empty in nn");
    problem(&kpi.replace("nn = \"For seint.\"\n", ""), &common(), "missing field `nn`");
}

#[test]
fn the_common_texts_are_whole() {
    let kpi = with_codes();
    problem(&kpi, &common().replace(&written("marks.partial"), ""), "[marks.partial] is missing");
    problem(
        &kpi,
        &format!("{}{}", common(), written("marks.guessed")),
        "[marks.guessed] is none of the marks",
    );
    problem(&kpi, &format!("{}{}", common(), written("refusals.ok")), "the code `ok` has two texts");
    problem(REACH, &format!("{}[other.x]\n", common()), "unknown field `other`");
}

#[test]
fn the_reason_of_a_state_has_a_text() {
    let view = "/* view\ndoc = \"Rows.\"\nuses = []\n*/\nSELECT 'not_applicable/never' AS state\n";
    let errors = load(&[("views/v.sql", view), ("reasons.toml", &common())]).unwrap_err();
    assert!(
        errors.iter().any(|e| e.to_string().contains("the reason `never` of a state has no text")),
        "{errors:#?}"
    );
}

#[test]
fn a_new_version_lists_what_it_changed() {
    problem(&REACH.replace("version = 1", "version = 2"), &common(), "`changes` are of the versions []");
    let change = "[[changes]]\nversion = 2\ndate = \"2026-11-28\"\nnb = \"a\"\nnn = \"b\"\nen = \"c\"\n*/";
    let second = REACH.replace("version = 1", "version = 2").replacen("*/", change, 1);
    let catalogue = load(&[("kpi/adoption/reach.sql", &second), ("reasons.toml", &common())]).unwrap();
    let kpi = catalogue.get("adoption.reach").unwrap();
    assert_eq!((kpi.changes[0].version, kpi.changes[0].text.en.as_str()), (2, "c"));
    assert!(kpi.markdown(Lang::En).contains("- 2 (2026-11-28): c"));
    problem(&second.replace("2026-11-28", "soon"), &common(), "`soon` is no day");
    problem(&second.replace("nn = \"b\"", "nn = \" \""), &common(), "the text of a change is empty");
}

#[test]
fn a_shared_sentence_is_written_once() {
    let change = "[[changes]]\nversion = 2\ndate = \"2026-11-28\"\ncodes = [\"whole\"]\n*/";
    let second = REACH.replace("version = 1", "version = 2").replacen("*/", change, 1);
    let read = |kpi: &str, shared: &str| {
        let files = [("kpi/adoption/reach.sql", kpi), ("reasons.toml", &common()), ("changes.toml", shared)];
        load(&files).map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let text = |kpi: &str| {
        let catalogue = read(kpi, &written("whole")).unwrap();
        catalogue.get("adoption.reach").unwrap().changes[0].text.clone()
    };
    assert_eq!(text(&second).en, "e whole");
    let own = second.replace("codes =", "nb = \"x\"\nnn = \"y\"\nen = \"z\"\ncodes =");
    assert_eq!((text(&own).nb.as_str(), text(&own).nn.as_str()), ("b whole x", "n whole y"));
    assert!(read(&second, "").unwrap_err()[0].contains("the code `whole` of a change has no sentence"));
    let near = read(&second, &written("whale")).unwrap_err();
    assert!(near[0].contains("changes.toml: no KPI names the sentence [whale]"), "{near:?}");
    assert!(near[1].contains("did you mean `whale`?"), "{near:?}");
    let half = second.replace("codes =", "nb = \"x\"\ncodes =");
    assert!(read(&half, &written("whole")).unwrap_err()[0].contains("the text of a change is empty"));
}
