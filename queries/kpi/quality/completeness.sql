/* kpi
title = { nb = "Kompletthet", nn = "Kompletteheit", en = "Completeness" }
answers = { nb = "Hvor mye av det som skulle leveres, er levert?", nn = "Kor mykje av det som skulle leverast, er levert?", en = "How much of what was due has been delivered?" }
version = 1
unit = "share"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Bare kommuner som har løsningen regnes med; mangler tallet, står det at det mangler."]
nn = ["Berre kommunar som har løysinga er rekna med; manglar talet, står det at det manglar."]
en = ["Only municipalities that have the solution count; where the number is missing, it says so."]
[rollup]
kind = "ratio"
[params.solution_id]
type = "solution"
doc = "The shared solution."
*/
WITH came AS (
    SELECT
        deliveries.period_start,
        deliveries.municipality_code,
        count(*) AS delivered
    FROM deliveries
    INNER JOIN periods
        ON periods.period_start = deliveries.period_start
    INNER JOIN expected_deliveries
        ON expected_deliveries.solution_id = deliveries.solution_id
        AND expected_deliveries.measure_id = deliveries.measure_id
        AND expected_deliveries.period_start = deliveries.told_start
        AND expected_deliveries.period_end = deliveries.told_end
    WHERE
        deliveries.solution_id = $solution_id
        AND deliveries.told_start >= periods.period_start
    GROUP BY
        deliveries.period_start,
        deliveries.municipality_code
),
due AS (
    SELECT
        periods.period_start,
        count(*) AS expected
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
    coalesce(came.delivered, 0) AS numerator,
    due.expected AS denominator,
    CASE
        WHEN NOT spine.comparable THEN 'not_valid'
        WHEN due.expected IS NULL OR status.live IS NULL OR status.live = 0 THEN 'not_applicable'
        ELSE 'ok'
    END AS state,
    0 AS marks
FROM spine
LEFT JOIN due
    ON due.period_start = spine.period_start
LEFT JOIN came
    ON came.period_start = spine.period_start
    AND came.municipality_code = spine.municipality_code
LEFT JOIN status_cells AS status
    ON status.period_start = spine.period_start
    AND status.municipality_code = spine.municipality_code
    AND status.solution_id = $solution_id
ORDER BY
    spine.period_start,
    spine.municipality_code
