//! `utbredt backtest`: how good the forecasts of `targets.time_to_target` would have been, in lines or as JSON.

use std::collections::BTreeSet;
use std::process::ExitCode;

use utbredt_engine::forecast::{
    Backtest, FORECASTERS, HORIZONS, MONTHS_FOR_DATES, SIZES, SIZES_AT, Score, backtest,
};

use crate::arguments::BacktestArguments;
use crate::table;

/// What an 80 % interval may cover.
const SOUND: std::ops::RangeInclusive<f64> = 0.75..=0.85;

/// Ends with 3 when the 80 % intervals are not what they say.
pub(crate) fn run(arguments: &BacktestArguments) -> ExitCode {
    let found = backtest(arguments.seed, arguments.municipalities, arguments.months);
    if arguments.json {
        table::json_line(&json(arguments, &found));
    } else {
        lines(arguments, &found);
    }
    let shares = HORIZONS.iter().filter_map(|ahead| found.scores.get(&(FORECASTERS[0], *ahead)));
    let dates = found.dates.map(|dates| dates.coverage());
    let sound = shares.map(Score::coverage).chain(dates).all(|part| SOUND.contains(&part));
    if sound {
        return ExitCode::SUCCESS;
    }
    table::message("the 80 % intervals cover less than 75 % or more than 85 %");
    ExitCode::from(3)
}

fn lines(arguments: &BacktestArguments, found: &Backtest) {
    let BacktestArguments { seed, municipalities, months, .. } = arguments;
    table::line(&format!(
        "SYNTHETIC: {municipalities} invented municipalities, {months} months, seed {seed}; no number is real"
    ));
    if found.nations > 1 {
        table::line(&format!(
            "{} such nations, each forecast by itself: of one alone chance would decide",
            found.nations
        ));
    }
    table::line(&format!(
        "{} forecasts made from earlier months and compared with what was reported",
        found.forecasts
    ));
    for (reason, refused) in &found.refused {
        table::line(&format!("  refused, {reason}: {refused}"));
    }
    table::line("");
    table::line(
        "share at the horizon          in 80 %    below    above     bias   off by    score  above 100 %   (in points; score: lower is better)",
    );
    for ahead in HORIZONS {
        for forecaster in FORECASTERS {
            if let Some(score) = found.scores.get(&(forecaster, ahead)) {
                table::line(&format!("{ahead:>3} months  {}", numbers(forecaster, score)));
            }
        }
    }
    table::line("");
    table::line(&format!("the same by size, {SIZES_AT} months ahead"));
    for (size, persons) in SIZES {
        for forecaster in FORECASTERS {
            if let Some(score) = found.sizes.get(&(size, forecaster)) {
                table::line(&format!("{persons:>6.0}+    {}", numbers(forecaster, score)));
            }
        }
    }
    table::line("");
    kinds(found);
    table::line("");
    match found.dates {
        Some(dates) => {
            table::line(&format!(
                "dates: {:.1} % in the 80 % interval, of {} goals reached within the data and {} not reached by the late date",
                dates.coverage() * 100.0,
                dates.reached,
                dates.missed
            ));
            table::line(&format!(
                "not at this pace: said of {} goals, {} of which were reached within the data",
                dates.never_forecast, dates.reached_after_all
            ));
        }
        None => table::line(&format!(
            "dates: refused, short_history: of less than {MONTHS_FOR_DATES} months only early arrivals are seen"
        )),
    }
    let chances = found.chance_scores();
    table::line(&format!(
        "chance of a goal within a year: Brier score {:.3}, {:.3} for one who expects no change ({} chances)",
        chances.0, chances.1, found.chances
    ));
}

/// The tails by how a municipality grows. What happens after a forecast and before its number is reported by itself.
fn kinds(found: &Backtest) {
    let months = HORIZONS.map(|ahead| format!("{ahead:>9} months")).concat();
    table::line(&format!("below and above by kind of growth   {months}"));
    let rows: BTreeSet<(bool, &str)> = found.kinds.keys().map(|(kind, turns, _)| (*turns, *kind)).collect();
    for (turns, kind) in rows {
        let tails = HORIZONS.map(|ahead| match found.kinds.get(&(kind, turns, ahead)) {
            Some(score) => {
                let [below, above] = score.tails().map(|tail| tail * 100.0);
                format!("{below:>7.1} {above:>5.1} %")
            }
            None => format!("{:>15}", "-"),
        });
        let when = if turns { "turns in between" } else { "" };
        table::line(&format!("{kind:<16} {when:<18} {}", tails.concat()));
    }
}

fn numbers(forecaster: &str, score: &Score) -> String {
    format!(
        "{forecaster:<16} {:>7.1} % {:>6.1} % {:>6.1} % {:>+7.2} {:>7.2} {:>8.2} {:>8.1} %",
        score.coverage() * 100.0,
        score.tails()[0] * 100.0,
        score.tails()[1] * 100.0,
        score.bias() * 100.0,
        score.mean_absolute_error() * 100.0,
        score.interval() * 100.0,
        score.above_all() * 100.0
    )
}

fn json(arguments: &BacktestArguments, found: &Backtest) -> serde_json::Value {
    let forecasts = |score: &Score| {
        serde_json::json!({
            "forecasts": score.forecasts,
            "coverage": score.coverage(),
            "below": score.tails()[0],
            "above": score.tails()[1],
            "bias": score.bias(),
            "mean_absolute_error": score.mean_absolute_error(),
            "interval_score": score.interval(),
            "above_all": score.above_all(),
        })
    };
    let row = |key: &str, of: serde_json::Value, forecaster: &str, score: &Score| {
        let mut row = serde_json::json!({ key: of, "forecaster": forecaster });
        if let (Some(row), serde_json::Value::Object(forecasts)) = (row.as_object_mut(), forecasts(score)) {
            row.extend(forecasts);
        }
        row
    };
    let shares =
        found.scores.iter().map(|((who, ahead), score)| row("months_ahead", (*ahead).into(), who, score));
    let sizes = found.sizes.iter().map(|((size, who), score)| row("size", (*size).into(), who, score));
    let kinds = found.kinds.iter().map(|((kind, turns, ahead), score)| {
        let [below, above] = score.tails();
        serde_json::json!({
            "kind": kind,
            "turns_in_between": turns,
            "months_ahead": ahead,
            "forecasts": score.forecasts,
            "below": below,
            "above": above,
            "bias": score.bias(),
        })
    });
    let dates = found.dates.map_or_else(
        || serde_json::json!({ "refused": "short_history", "months_required": MONTHS_FOR_DATES }),
        |dates| {
            serde_json::json!({
                "coverage": dates.coverage(),
                "reached": dates.reached,
                "inside": dates.inside,
                "missed": dates.missed,
                "not_at_this_pace": dates.never_forecast,
                "reached_after_all": dates.reached_after_all,
            })
        },
    );
    let (chance, no_change) = found.chance_scores();
    serde_json::json!({
        "synthetic": true,
        "seed": arguments.seed,
        "municipalities": arguments.municipalities,
        "months": arguments.months,
        "nations": found.nations,
        "forecasts": found.forecasts,
        "refused": found.refused,
        "shares": shares.collect::<Vec<_>>(),
        "sizes": sizes.collect::<Vec<_>>(),
        "kinds": kinds.collect::<Vec<_>>(),
        "dates": dates,
        "chances": { "evaluated": found.chances, "brier": chance, "brier_no_change": no_change },
    })
}
