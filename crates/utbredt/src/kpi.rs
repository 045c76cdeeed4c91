//! `utbredt kpi`: what is typed becomes a request, the answer becomes text.

use utbredt_engine::{Engine, EngineError, KpiRequest};
use utbredt_kpi::Lang;

use crate::arguments::{KpiCommand, Question};
use crate::assets::Queries;
use crate::{assets, runtime, table};

pub(crate) fn run(command: KpiCommand, queries: Queries) -> anyhow::Result<()> {
    let catalogue = assets::catalogue(queries.clone())?;
    match command {
        KpiCommand::List { json: true } => {
            let kpis: Vec<_> = catalogue
                .kpis()
                .map(|k| serde_json::json!({ "id": k.id, "title": k.title.en, "unit": k.unit.as_str(), "version": k.version }))
                .collect();
            table::line(&serde_json::Value::from(kpis).to_string());
        }
        KpiCommand::List { json: false } => {
            catalogue.kpis().for_each(|kpi| table::line(&format!("{:<32} {}", kpi.id, kpi.title.en)));
        }
        KpiCommand::Show { id } => {
            let kpi = catalogue.get(&id).map_err(|unknown| EngineError::Unknown {
                kind: "kpi",
                name: id.clone(),
                nearest: unknown.nearest,
                hint: "`utbredt kpi list` names them all".into(),
            })?;
            table::line(&kpi.markdown(Lang::En));
        }
        KpiCommand::Run(arguments) => {
            let asked = &arguments.question;
            let mut request = request(&arguments.id, asked)?;
            if let Some(as_of) = &arguments.as_of {
                request.set("as_of", as_of)?;
            }
            let engine = Engine::open(&asked.lake, queries)?;
            let answer = runtime()?.block_on(engine.run(request.clone()))?;
            let kpi = engine.catalogue().get(&request.kpi)?;
            let meta = utbredt_api::answer_meta(kpi, &request, &answer.meta, Lang::En);
            table::print(&answer.schema, &answer.batches, &meta, &asked.format, asked.output.as_deref())?;
            if asked.format == "table" {
                let caveats = answer.meta.caveats.iter().map(|caveat| format!("note: {caveat}"));
                caveats.for_each(|line| table::message(&line));
                for counted in &answer.meta.denominators {
                    let ages = match (counted.age_from, counted.age_to) {
                        (0, None) => "all ages".to_owned(),
                        (from, None) => format!("{from} years and over"),
                        (from, Some(to)) => format!("{from} to {} years", to.saturating_sub(1)),
                    };
                    let (day, vintage) = (counted.reference_date, &counted.vintage);
                    table::message(&format!("inhabitants: {ages}, counted {day}, {vintage}"));
                }
                let from = format!("edition {}, {} {}", answer.meta.edition, answer.meta.rows, "rows");
                table::message(&from);
            }
        }
    }
    Ok(())
}

fn pairs<'a>(given: &'a [String], example: &str) -> Result<Vec<(&'a str, &'a str)>, EngineError> {
    let pair = |text: &'a String| {
        text.split_once('=').ok_or_else(|| EngineError::Invalid {
            what: format!("`{text}` is not name=value"),
            hint: format!("for example {example}"),
        })
    };
    given.iter().map(pair).collect()
}

/// What is typed of a KPI's question.
pub(crate) fn request(id: &str, arguments: &Question) -> Result<KpiRequest, EngineError> {
    let mut asked = KpiRequest::new(id);
    for (name, value) in pairs(&arguments.params, "--param solution_id=digisos")? {
        asked.params.insert(name.to_owned(), value.to_owned());
    }
    for (name, value) in pairs(&arguments.filter, "--where municipality_code=4601")? {
        asked.filter.insert(name.to_owned(), value.to_owned());
    }
    let given = |name: &'static str, value: &Option<String>| value.clone().map(|value| (name, value));
    let options = [
        Some(("by", arguments.by.clone())),
        Some(("borders", arguments.borders.clone())),
        Some(("policy", arguments.policy.clone())),
        given("from", &arguments.from),
        given("to", &arguments.to),
        given("granularity", &arguments.granularity),
    ];
    for (name, value) in options.into_iter().flatten() {
        asked.set(name, &value)?;
    }
    Ok(asked)
}
