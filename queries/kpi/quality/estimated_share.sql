/* kpi
title = { nb = "Andel anslått", nn = "Del anslått", en = "Share estimated" }
answers = { nb = "Hvor stor del av bruken hviler på anslag eller tall som kan endre seg?", nn = "Kor stor del av bruken kviler på anslag eller tal som kan endre seg?", en = "What share of the use rests on estimates or on numbers that may change?" }
version = 3
unit = "share"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Anslått er foreløpige og imputerte tall, og tall fordelt etter innbyggere over nye grenser.", "Uten bruk er det ingen andel."]
nn = ["Anslått er førebelse og imputerte tal, og tal fordelte etter innbyggjarar over nye grenser.", "Utan bruk er det ingen del."]
en = ["Estimated are provisional and imputed numbers, and numbers split by inhabitants over new borders.", "Without use there is no share."]
[rollup]
kind = "ratio"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What is counted."
main = "flow"
[[changes]]
version = 3
date = "2026-11-29"
codes = ["zero_divides"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "whole_period", "counted_no_interval", "unplaceable_not_valid"]
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    usage.estimated AS numerator,
    usage.value AS denominator,
    cell_state(spine.comparable, usage.state, state_if(usage.value = 0, 'not_applicable/no_denominator')) AS state,
    usage.marks AS marks
FROM spine
INNER JOIN usage_cells AS usage
    ON usage.period_start = spine.period_start
    AND usage.municipality_code = spine.municipality_code
WHERE
    usage.solution_id = $solution_id
    AND usage.measure_id = $measure_id
ORDER BY
    spine.period_start,
    spine.municipality_code
