/* kpi
title = { nb = "Ferskhet", nn = "Ferskleik", en = "Freshness" }
answers = { nb = "Hvor mange dager gammelt er det siste tallet?", nn = "Kor mange dagar gammalt er det siste talet?", en = "How many days old is the newest number?" }
version = 2
unit = "days"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Aldri levert er forsinket, ikke ferskt."]
nn = ["Aldri levert er forseinka, ikkje ferskt."]
en = ["Never delivered is late, not fresh."]
[rollup]
kind = "max"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "kept_code"]
*/
WITH newest AS (
    SELECT
        deliveries.period_start,
        deliveries.municipality_code,
        max(deliveries.delivery_end) AS delivery_end
    FROM deliveries
    WHERE deliveries.solution_id = $solution_id
    GROUP BY
        deliveries.period_start,
        deliveries.municipality_code
),
first_due AS (
    SELECT
        expected_deliveries.solution_id,
        min(expected_deliveries.period_start) AS day
    FROM expected_deliveries
    WHERE expected_deliveries.solution_id = $solution_id
    GROUP BY expected_deliveries.solution_id
)
SELECT
    spine.period_start,
    spine.municipality_code,
    CAST(CAST(spine.period_end AS INT) - CAST(coalesce(newest.delivery_end, first_due.day) AS INT) AS BIGINT) AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    cell_state(
        spine.comparable,
        state_if(coalesce(status.live, 0) = 0, 'not_applicable/not_introduced'),
        state_if(newest.delivery_end IS NULL AND first_due.day IS NULL, 'not_applicable/nothing_due')
    ) AS state,
    0 AS marks
FROM spine
LEFT JOIN newest
    ON newest.period_start = spine.period_start
    AND newest.municipality_code = spine.municipality_code
LEFT JOIN first_due
    ON first_due.solution_id = $solution_id
LEFT JOIN status_cells AS status
    ON status.period_start = spine.period_start
    AND status.municipality_code = spine.municipality_code
    AND status.solution_id = $solution_id
ORDER BY
    spine.period_start,
    spine.municipality_code
