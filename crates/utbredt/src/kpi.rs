//! `utbredt kpi`: what is typed becomes a request, the answer becomes text.

use utbredt_engine::{AgeBand, Denominator, Engine, Meta};
use utbredt_formats::meta;
use utbredt_kpi::{Catalogue, KpiRequest, Lang, RequestError};

use crate::arguments::KpiCommand;
use crate::assets::Queries;
use crate::question::Question;
use crate::table::Output;
use crate::{assets, human, runtime, table};

pub(crate) fn run(command: KpiCommand, queries: Queries) -> anyhow::Result<()> {
    let catalogue = assets::catalogue(queries.clone())?;
    match command {
        KpiCommand::List { json: true } => {
            let kpis: Vec<_> = catalogue
                .kpis()
                .map(|k| serde_json::json!({ "id": k.id, "title": k.title.en, "unit": k.unit.as_str(), "version": k.version }))
                .collect();
            table::json_line(&serde_json::Value::from(kpis));
        }
        KpiCommand::List { json: false } => {
            catalogue.kpis().for_each(|kpi| table::line(&format!("{:<32} {}", kpi.id, kpi.title.en)));
        }
        KpiCommand::Show { id } => {
            let kpi = catalogue.kpi(&id)?;
            table::line(&kpi.markdown(Lang::En));
        }
        KpiCommand::Run(arguments) => {
            let question = &arguments.question;
            let output = Output::choose(question.format.as_deref(), question.output.as_deref())?;
            let as_of = arguments.as_of.iter().map(|value| ("as_of".to_owned(), value.clone()));
            let request = request(&catalogue, &arguments.id, question, as_of)?;
            let engine = Engine::open(&question.lake, queries)?.for_few_questions();
            let answer = runtime()?.block_on(engine.run(request))?;
            let meta = meta::of_answer(&answer.meta, question.lang);
            let columns = human::columns_of(catalogue.kpi(&arguments.id)?, &answer.schema);
            output.write(question.lang, &answer.schema, &answer.batches, &meta, &columns)?;
            if output.is_table() {
                print_notes(&answer.meta, question.lang);
            }
        }
    }
    Ok(())
}

/// What the rows do not tell themselves.
fn print_notes(meta: &Meta, language: Lang) {
    meta.caveats.get(language).iter().for_each(|caveat| table::message(&format!("note: {caveat}")));
    for one in &meta.unanswered {
        table::message(&format!(
            "{}: {}",
            one.solution_id,
            one.text.as_ref().map_or(one.reason, |text| text.get(language))
        ));
    }
    meta.denominators.iter().for_each(|counted| table::message(&inhabitants(counted)));
    for ages in &meta.uncounted_ages {
        table::message(&format!("inhabitants: {ages}, never counted: there is nothing to divide by"));
    }
    let rows = table::counted(meta.rows as u64, "row", "rows");
    table::message(&format!("edition {}, {rows}", meta.edition));
}

fn inhabitants(counted: &Denominator) -> String {
    let ages = AgeBand { age_from: counted.age_from, age_to: counted.age_to };
    format!("inhabitants: {ages}, counted {}, {}", counted.reference_date, counted.vintage)
}

fn pair(text: &str, example: &str) -> Result<(String, String), RequestError> {
    let split = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    split.ok_or_else(|| {
        RequestError::invalid(
            "invalid_parameter",
            format!("`{text}` is not name=value"),
            format!("for example {example}"),
        )
    })
}

/// The question typed, read as every interface reads it.
pub(crate) fn request(
    catalogue: &Catalogue,
    id: &str,
    question: &Question,
    more: impl Iterator<Item = (String, String)>,
) -> Result<KpiRequest, RequestError> {
    let mut pairs: Vec<(String, String)> = more.collect();
    for text in &question.params {
        pairs.push(pair(text, "--param solution_id=digisos")?);
    }
    for text in &question.filter {
        let (name, value) = pair(text, "--where county_code=46")?;
        pairs.push((format!("where.{name}"), value));
    }
    let options = [
        ("by", &question.by),
        ("borders", &question.borders),
        ("policy", &question.policy),
        ("from", &question.from),
        ("to", &question.to),
        ("granularity", &question.granularity),
    ];
    for (name, value) in options {
        pairs.extend(value.iter().map(|value| (name.to_owned(), value.clone())));
    }
    KpiRequest::parse(catalogue, id, pairs)
}
