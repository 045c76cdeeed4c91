/* kpi
title = { nb = "Kompletthet", nn = "Kompletteheit", en = "Completeness" }
answers = { nb = "Hvor mye av det som skulle leveres, er levert?", nn = "Kor mykje av det som skulle leverast, er levert?", en = "How much of what was due has been delivered?" }
version = 4
unit = "share"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Bare det en kommune skylder, regnes med: leveransene for perioder den har løsningen ved slutten av.", "Åpen er en leveranse som ikke er kommet og ikke hadde frist før utgavens dag; mangler er en som hadde det."]
nn = ["Berre det ein kommune skuldar, er rekna med: leveransane for periodar han har løysinga ved slutten av.", "Open er ein leveranse som ikkje er komen og ikkje hadde frist før dagen til utgåva; manglar er ein som hadde det."]
en = ["Only what a municipality owes counts: deliveries for periods at whose end it has the solution.", "Open is a delivery that has not come and was not due before the day of the edition; missing is one that was."]
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
doc = "Not delivered, and not due before the day of the edition: not part of the share."
unit = "deliveries"
rollup = "sum"
every_state = true
[columns.missing_deliveries]
doc = "Not delivered though due."
unit = "deliveries"
rollup = "sum"
[[changes]]
version = 4
date = "2026-11-30"
codes = ["synthetic_deliveries"]
[[changes]]
version = 3
date = "2026-11-29"
nb = "Leveranser som ikke har hatt frist og ikke er kommet, er ikke med i nevneren."
nn = "Leveransar som ikkje har hatt frist og ikkje er komne, er ikkje med i nemnaren."
en = "Deliveries that are not due yet and have not come are not in the denominator."
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "kept_code", "counted_no_interval", "owed_at_the_time", "whole_delivery"]
*/
WITH counts AS (
    SELECT
        owed.period_start,
        owed.municipality_code,
        sum(owed.deliveries) AS expected,
        sum(owed.deliveries * owed.delivered) AS deliveries,
        sum(owed.deliveries * owed.provisional) AS provisional,
        sum(CASE WHEN owed.delivered = 0 AND owed.due < periods.edition_day THEN owed.deliveries ELSE 0 END) AS missing
    FROM owed_deliveries AS owed
    INNER JOIN periods
        ON periods.period_start = owed.period_start
    WHERE
        owed.solution_id = $solution_id
        AND owed.delivery_start >= periods.period_start
        AND owed.delivery_end <= periods.period_end
    GROUP BY
        owed.period_start,
        owed.municipality_code
),
expected AS (
    SELECT
        periods.period_start,
        count(*) AS deliveries
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
    counts.deliveries AS numerator,
    counts.deliveries + counts.missing AS denominator,
    cell_state(
        spine.comparable,
        state_if(
            expected.deliveries IS NULL OR counts.deliveries + counts.missing = 0,
            'not_applicable/nothing_due'
        ),
        state_if(
            expected.deliveries > 0 AND counts.expected IS NULL,
            CASE
                WHEN followed.solution_id IS NULL THEN 'not_applicable/not_followed'
                ELSE 'not_applicable/not_introduced'
            END
        )
    ) AS state,
    mark('synthetic', invented.solution_id IS NOT NULL) AS marks,
    counts.deliveries - counts.provisional AS final_deliveries,
    counts.provisional AS provisional_deliveries,
    counts.expected - counts.deliveries - counts.missing AS open_deliveries,
    counts.missing AS missing_deliveries
FROM spine
LEFT JOIN followed
    ON followed.solution_id = $solution_id
LEFT JOIN synthetic_solutions AS invented
    ON invented.solution_id = $solution_id
LEFT JOIN expected
    ON expected.period_start = spine.period_start
LEFT JOIN counts
    ON counts.period_start = spine.period_start
    AND counts.municipality_code = spine.municipality_code
ORDER BY
    spine.period_start,
    spine.municipality_code
