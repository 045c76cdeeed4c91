/* kpi
title = { nb = "Forsinkede leveranser", nn = "Forseinka leveransar", en = "Late deliveries" }
answers = { nb = "Hvor mange leveranser er over fristen og ikke kommet?", nn = "Kor mange leveransar er over fristen og ikkje komne?", en = "How many deliveries are past their due date and have not come?" }
version = 2
unit = "deliveries"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Alt som har hatt frist til og med periodens siste dag, er med, også fra tidligere perioder; aldri levert er forsinket.", "En kommune skylder det den hadde løsningen i produksjon for ved slutten av leveransens periode.", "En leveranse fra tidligere grenser som ikke kan fordeles sikkert, skyldes ikke."]
nn = ["Alt som har hatt frist til og med den siste dagen i perioden, er med, òg frå tidlegare periodar; aldri levert er forseinka.", "Ein kommune skuldar det han hadde løysinga i produksjon for ved slutten av perioden til leveransen.", "Ein leveranse frå tidlegare grenser som ikkje kan fordelast sikkert, er ikkje skuldig."]
en = ["Everything due up to the period's last day counts, from earlier periods too; never delivered is late.", "A municipality is expected to deliver what it had the solution in production for at the end of the delivery's period.", "A delivery from earlier borders that cannot be re-expressed exactly is not expected."]
[rollup]
kind = "count"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[columns.days_late]
doc = "Days from the oldest due date passed to the period's last day; of an area the most."
unit = "days"
rollup = "max"
[columns.share]
doc = "Late, of what was due."
unit = "share"
after = "CAST(numerator AS DOUBLE) / denominator"
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "kept_code"]
*/
WITH due AS (
    SELECT
        periods.period_start,
        periods.period_end,
        periods.division_date,
        periods.policy_id,
        divisions.division_date AS source_date,
        expected_deliveries.measure_id,
        expected_deliveries.period_start AS delivery_start,
        expected_deliveries.period_end AS delivery_end,
        expected_deliveries.due,
        count(*) AS deliveries
    FROM periods
    INNER JOIN expected_deliveries
        ON expected_deliveries.due < periods.period_end
    -- The division in force on the delivery's last day.
    INNER JOIN divisions
        ON divisions.division_date < expected_deliveries.period_end
        AND (divisions.valid_to IS NULL OR divisions.valid_to >= expected_deliveries.period_end)
    WHERE expected_deliveries.solution_id = $solution_id
    GROUP BY
        periods.period_start,
        periods.period_end,
        periods.division_date,
        periods.policy_id,
        divisions.division_date,
        expected_deliveries.measure_id,
        expected_deliveries.period_start,
        expected_deliveries.period_end,
        expected_deliveries.due
),
inexact AS (
    SELECT DISTINCT
        municipality_mappings.from_date,
        municipality_mappings.to_date,
        municipality_mappings.to_code
    FROM municipality_mappings
    WHERE
        municipality_mappings.policy_id = 'population_share'
        AND NOT municipality_mappings.exact
),
expected AS (
    SELECT DISTINCT
        due.period_start,
        due.period_end,
        municipality_parts.municipality_code,
        due.measure_id,
        due.delivery_start,
        due.delivery_end,
        due.due,
        due.deliveries
    FROM due
    INNER JOIN municipality_parts
        ON municipality_parts.division_date = due.division_date
    INNER JOIN delivery_status
        ON delivery_status.delivery_end = due.delivery_end
        AND delivery_status.part_id = municipality_parts.part_id
    LEFT JOIN inexact
        ON inexact.from_date = due.source_date
        AND inexact.to_date = due.division_date
        AND inexact.to_code = municipality_parts.municipality_code
        AND due.policy_id = 'exact_only'
    WHERE
        delivery_status.solution_id = $solution_id
        AND delivery_status.live = 1
        AND inexact.to_code IS NULL
),
delivered AS (
    SELECT
        deliveries.period_start,
        deliveries.municipality_code,
        deliveries.measure_id,
        deliveries.delivery_start,
        deliveries.delivery_end
    FROM deliveries
    WHERE deliveries.solution_id = $solution_id
),
counts AS (
    SELECT
        expected.period_start,
        expected.municipality_code,
        sum(CASE WHEN delivered.delivery_end IS NULL THEN expected.deliveries ELSE 0 END) AS late,
        sum(expected.deliveries) AS due,
        max(
            CASE
                WHEN delivered.delivery_end IS NULL
                    THEN CAST(CAST(expected.period_end AS INT) - 1 - CAST(expected.due AS INT) AS BIGINT)
            END
        ) AS days_late
    FROM expected
    LEFT JOIN delivered
        ON delivered.period_start = expected.period_start
        AND delivered.municipality_code = expected.municipality_code
        AND delivered.measure_id = expected.measure_id
        AND delivered.delivery_start = expected.delivery_start
        AND delivered.delivery_end = expected.delivery_end
    GROUP BY
        expected.period_start,
        expected.municipality_code
)
SELECT
    spine.period_start,
    spine.municipality_code,
    counts.late AS numerator,
    counts.due AS denominator,
    cell_state(spine.comparable, state_if(counts.due IS NULL, 'not_applicable/nothing_due')) AS state,
    0 AS marks,
    counts.days_late AS days_late
FROM spine
LEFT JOIN counts
    ON counts.period_start = spine.period_start
    AND counts.municipality_code = spine.municipality_code
ORDER BY
    spine.period_start,
    spine.municipality_code
