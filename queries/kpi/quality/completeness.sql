/* kpi
title = { nb = "Kompletthet", nn = "Kompletteheit", en = "Completeness" }
answers = { nb = "Hvor mye av det som skulle leveres, er levert?", nn = "Kor mykje av det som skulle leverast, er levert?", en = "How much of what was due has been delivered?" }
version = 2
unit = "share"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Bare kommuner som har løsningen regnes med; mangler tallet, står det at det mangler.", "Åpen er en leveranse som ikke er kommet og ikke hadde frist før utgavens dag; mangler er en som hadde det."]
nn = ["Berre kommunar som har løysinga er rekna med; manglar talet, står det at det manglar.", "Open er ein leveranse som ikkje er komen og ikkje hadde frist før dagen til utgåva; manglar er ein som hadde det."]
en = ["Only municipalities that have the solution count; where the number is missing, the state is missing.", "Open is a delivery that has not come and was not due before the day of the edition; missing is one that was."]
[rollup]
kind = "ratio"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[columns.final_deliveries]
doc = "Delivered, and not expected to change."
unit = "deliveries"
rollup = "sum"
[columns.provisional_deliveries]
doc = "Delivered, and may still change."
unit = "deliveries"
rollup = "sum"
[columns.open_deliveries]
doc = "Not delivered, and not due before the day of the edition."
unit = "deliveries"
rollup = "sum"
[columns.missing_deliveries]
doc = "Not delivered though due."
unit = "deliveries"
rollup = "sum"
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "kept_code", "counted_no_interval"]
*/
WITH delivered AS (
    SELECT
        deliveries.period_start,
        deliveries.municipality_code,
        count(*) AS deliveries,
        sum(deliveries.provisional) AS provisional,
        count(CASE WHEN expected_deliveries.due < periods.edition_day THEN 1 END) AS past_deliveries
    FROM deliveries
    INNER JOIN periods
        ON periods.period_start = deliveries.period_start
    INNER JOIN expected_deliveries
        ON expected_deliveries.solution_id = deliveries.solution_id
        AND expected_deliveries.measure_id = deliveries.measure_id
        AND expected_deliveries.period_start = deliveries.delivery_start
        AND expected_deliveries.period_end = deliveries.delivery_end
    WHERE
        deliveries.solution_id = $solution_id
        AND deliveries.delivery_start >= periods.period_start
    GROUP BY
        deliveries.period_start,
        deliveries.municipality_code
),
due AS (
    SELECT
        periods.period_start,
        count(*) AS expected,
        count(CASE WHEN expected_deliveries.due < periods.edition_day THEN 1 END) AS past
    FROM periods
    INNER JOIN expected_deliveries
        ON expected_deliveries.period_start >= periods.period_start
        AND expected_deliveries.period_end <= periods.period_end
    WHERE expected_deliveries.solution_id = $solution_id
    GROUP BY periods.period_start
)
SELECT
    spine.period_start,
    spine.municipality_code,
    coalesce(delivered.deliveries, 0) AS numerator,
    due.expected AS denominator,
    cell_state(
        spine.comparable,
        state_if(due.expected IS NULL, 'not_applicable/nothing_due'),
        state_if(coalesce(status.live, 0) = 0, 'not_applicable/not_introduced')
    ) AS state,
    0 AS marks,
    coalesce(delivered.deliveries, 0) - coalesce(delivered.provisional, 0) AS final_deliveries,
    coalesce(delivered.provisional, 0) AS provisional_deliveries,
    due.expected - due.past - coalesce(delivered.deliveries, 0) + coalesce(delivered.past_deliveries, 0) AS open_deliveries,
    due.past - coalesce(delivered.past_deliveries, 0) AS missing_deliveries
FROM spine
LEFT JOIN due
    ON due.period_start = spine.period_start
LEFT JOIN delivered
    ON delivered.period_start = spine.period_start
    AND delivered.municipality_code = spine.municipality_code
LEFT JOIN status_cells AS status
    ON status.period_start = spine.period_start
    AND status.municipality_code = spine.municipality_code
    AND status.solution_id = $solution_id
ORDER BY
    spine.period_start,
    spine.municipality_code
