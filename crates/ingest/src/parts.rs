//! Parts of sums that a source stopped reporting. Where a contract adds rows that differ in a column, such as one for each
//! sex, a file that lacks one part for everybody reads like any other, with smaller numbers: only the delivery before it
//! shows that. What was added there is read from its kept bytes, by the contract of now.

use std::collections::{BTreeMap, BTreeSet};

use utbredt_lake::Lake;
use utbredt_model::SumPart;

use crate::columns::text;
use crate::conform::Conformed;
use crate::extent::Extent;
use crate::format::Format;
use crate::history::{ActiveFacts, ReceiptHistory};
use crate::phrases::first_few;
use crate::{IngestError, sandbox};

/// Why a delivery is held whose sums lack parts that those of the given receipts had. The parts of a measure that it does not
/// report at all are lost with their cells, which is another check's.
pub(crate) fn missing_parts(
    format: &dyn Format,
    parts: &BTreeSet<SumPart>,
    before: &BTreeSet<&str>,
    (lake, history): (&Lake, &ReceiptHistory),
) -> Result<Option<String>, IngestError> {
    let mut now: BTreeMap<Measure<'_>, BTreeSet<String>> = BTreeMap::new();
    for part in parts {
        now.entry(measure(part)).or_default().insert(part.name.to_lowercase());
    }
    let (mut missing, mut receipts) = (BTreeSet::new(), BTreeSet::new());
    for receipt in before {
        let Some(given) = history.given(receipt) else { continue };
        let payload = lake.raw(&given.sha256)?;
        for part in sandbox::parse(format, &payload, given.received_at()).parts {
            let reported = now.get(&measure(&part));
            if reported.is_some_and(|names| !names.contains(&part.name.to_lowercase())) {
                let SumPart { solution_id, measure_id, name } = part;
                missing.insert(format!("{name} of {solution_id} {measure_id}"));
                receipts.insert((*receipt).to_owned());
            }
        }
    }
    let (missing, receipts): (Vec<_>, Vec<_>) =
        (missing.into_iter().collect(), receipts.into_iter().collect());
    Ok((!missing.is_empty()).then(|| {
        format!(
            "the contract adds rows (`sum_over`), and no row has what was added by receipt {}: {}. Deliver the file with all \
             parts of the sums; where the source counts no more than these, or calls them by other names, a person releases \
             it (`utbredt held release`)",
            first_few(&receipts),
            first_few(&missing)
        )
    }))
}

/// A solution and a measure of it.
type Measure<'p> = (&'p str, &'p str);

fn measure(part: &SumPart) -> Measure<'_> {
    (part.solution_id.as_str(), part.measure_id.as_str())
}

/// The receipt that a delivery follows when it replaces none: of the source's active ones beside it that report a measure of
/// its own, the last that begins before it, and else the first after it.
pub(crate) fn followed<'n>(
    source_id: &str,
    conformed: &Conformed,
    near: &'n [ActiveFacts],
) -> Result<Option<&'n str>, IngestError> {
    let measures: BTreeSet<_> = text(&conformed.usage, "measure_id")?.into_iter().collect();
    let ours = Extent::of(&conformed.usage)?.days();
    let mut candidates = Vec::new();
    for facts in near.iter().filter(|facts| facts.source_id == source_id) {
        let shares = text(&facts.usage, "measure_id")?.iter().any(|measure| measures.contains(measure));
        if let (true, Some(days)) = (shares, facts.extent().days()) {
            candidates.push((days, facts.receipt_id()));
        }
    }
    candidates.sort_unstable();
    let before = candidates.iter().rfind(|(days, _)| ours.is_some_and(|(start, _)| days.0 < start));
    Ok(before.or(candidates.first()).map(|(_, receipt)| *receipt))
}
