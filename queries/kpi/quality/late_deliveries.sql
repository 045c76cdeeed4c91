/* kpi
title = { nb = "Forsinkede leveranser", nn = "Forseinka leveransar", en = "Late deliveries" }
answers = { nb = "Hvor mange leveranser er over fristen og ikke kommet?", nn = "Kor mange leveransar er over fristen og ikkje komne?", en = "How many deliveries are past their day and have not come?" }
version = 1
unit = "deliveries"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Alt som har hatt frist til og med periodens siste dag, er med, også fra tidligere perioder; aldri levert er forsinket.", "En kommune skylder det den hadde løsningen i produksjon for ved slutten av leveransens periode.", "En leveranse fra tidligere grenser som ikke kan fordeles sikkert, skyldes ikke."]
nn = ["Alt som har hatt frist til og med den siste dagen i perioden, er med, òg frå tidlegare periodar; aldri levert er forseinka.", "Ein kommune skuldar det han hadde løysinga i produksjon for ved slutten av perioden til leveransen.", "Ein leveranse frå tidlegare grenser som ikkje kan fordelast sikkert, er ikkje skuldig."]
en = ["Everything due up to the period's last day counts, from earlier periods too; never delivered is late.", "A municipality owes what it had the solution in production for at the end of the delivery's period.", "A delivery from earlier borders that cannot be re-expressed exactly is not owed."]
[rollup]
kind = "count"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[columns.days_late]
doc = "Days from the oldest day passed to the period's last; of an area the most."
unit = "days"
rollup = "max"
[columns.share]
doc = "Late, of what was due."
unit = "share"
after = "CAST(numerator AS DOUBLE) / denominator"
*/
WITH due AS (
    SELECT
        periods.period_start,
        periods.period_end,
        periods.division_date,
        periods.policy_id,
        divisions.division_date AS told_date,
        expected_deliveries.measure_id,
        expected_deliveries.period_start AS told_start,
        expected_deliveries.period_end AS told_end,
        expected_deliveries.due,
        count(*) AS deliveries
    FROM periods
    INNER JOIN expected_deliveries
        ON expected_deliveries.due < periods.period_end
    -- The division that holds the last day of what is told about.
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
owed AS (
    SELECT DISTINCT
        due.period_start,
        due.period_end,
        municipality_parts.municipality_code,
        due.measure_id,
        due.told_start,
        due.told_end,
        due.due,
        due.deliveries
    FROM due
    INNER JOIN municipality_parts
        ON municipality_parts.division_date = due.division_date
    INNER JOIN delivery_status
        ON delivery_status.told_end = due.told_end
        AND delivery_status.part_id = municipality_parts.part_id
    LEFT JOIN inexact
        ON inexact.from_date = due.told_date
        AND inexact.to_date = due.division_date
        AND inexact.to_code = municipality_parts.municipality_code
        AND due.policy_id = 'exact_only'
    WHERE
        delivery_status.solution_id = $solution_id
        AND delivery_status.live = 1
        AND inexact.to_code IS NULL
),
came AS (
    SELECT
        deliveries.period_start,
        deliveries.municipality_code,
        deliveries.measure_id,
        deliveries.told_start,
        deliveries.told_end
    FROM deliveries
    WHERE deliveries.solution_id = $solution_id
),
judged AS (
    SELECT
        owed.period_start,
        owed.municipality_code,
        sum(CASE WHEN came.told_end IS NULL THEN owed.deliveries ELSE 0 END) AS late,
        sum(owed.deliveries) AS due,
        max(
            CASE
                WHEN came.told_end IS NULL
                    THEN CAST(CAST(owed.period_end AS INT) - 1 - CAST(owed.due AS INT) AS BIGINT)
            END
        ) AS days_late
    FROM owed
    LEFT JOIN came
        ON came.period_start = owed.period_start
        AND came.municipality_code = owed.municipality_code
        AND came.measure_id = owed.measure_id
        AND came.told_start = owed.told_start
        AND came.told_end = owed.told_end
    GROUP BY
        owed.period_start,
        owed.municipality_code
)
SELECT
    spine.period_start,
    spine.municipality_code,
    judged.late AS numerator,
    judged.due AS denominator,
    CASE
        WHEN NOT spine.comparable THEN 'not_valid'
        WHEN judged.due IS NULL THEN 'not_applicable'
        ELSE 'ok'
    END AS state,
    0 AS marks,
    judged.days_late AS days_late
FROM spine
LEFT JOIN judged
    ON judged.period_start = spine.period_start
    AND judged.municipality_code = spine.municipality_code
ORDER BY
    spine.period_start,
    spine.municipality_code
