/* kpi
title = { nb = "Ferskhet", nn = "Ferskleik", en = "Freshness" }
answers = { nb = "Hvor mange dager gammelt er det siste tallet?", nn = "Kor mange dagar gammalt er det siste talet?", en = "How many days old is the newest number?" }
version = 4
unit = "days"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 12
as_of_end = true
[caveats]
nb = ["Aldri levert er forsinket, ikke ferskt: dagene regnes fra begynnelsen av det første som kommunen skylder og som har hatt frist.", "Alderen er den ved periodens slutt, eller på utgavens dag når perioden ikke er over.", "Det som er kommet når utgaven ble laget, er kommet, også etter periodens slutt: hva som var nyest den dagen, sier utgaven fra da (as_of)."]
nn = ["Aldri levert er forseinka, ikkje ferskt: dagane blir rekna frå starten på det første som kommunen skuldar og som har hatt frist.", "Alderen er den ved slutten av perioden, eller på dagen til utgåva når perioden ikkje er over.", "Det som er kome når utgåva vart laga, er kome, òg etter slutten av perioden: kva som var nyast den dagen, seier utgåva frå då (as_of)."]
en = ["Never delivered is late, not fresh: the days count from the start of the first delivery that the municipality owes and that is past due.", "The age is that at the period's end, or on the edition's day where the period is not over.", "What has come when the edition was made has come, after the period's end too: what was newest on that day is in the edition of then (as_of)."]
[rollup]
kind = "max"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[[changes]]
version = 4
date = "2026-11-30"
codes = ["synthetic_deliveries"]
[[changes]]
version = 3
date = "2026-11-29"
nb = "Alderen er den ved slutten av utgavens dag; i en periode som ikke er over, var den én dag for lav."
nn = "Alderen er den ved slutten av dagen til utgåva; i ein periode som ikkje er over, var han éin dag for låg."
en = "The age is that at the end of the edition's day; in a period that is not over it was one day too low."
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "kept_code", "whole_delivery"]
nb = "Det som ikke er kommet, regnes fra det første kommunen selv skylder, og aldri lenger enn til utgavens dag."
nn = "Det som ikkje er kome, blir rekna frå det første kommunen sjølv skuldar, og aldri lenger enn til dagen til utgåva."
en = "What has not come counts from the first that the municipality itself owes, and never beyond the edition's day."
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    -- A delivery about days to come is as new as can be.
    greatest(
        CAST(
            least(CAST(periods.period_end AS INT), CAST(periods.edition_day AS INT) + 1)
            - CAST(coalesce(newest.delivery_end, overdue.first_start) AS INT)
            AS BIGINT
        ),
        0
    ) AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    cell_state(
        spine.comparable,
        state_if(
            coalesce(status.live, 0) = 0,
            CASE
                WHEN followed.solution_id IS NULL THEN 'not_applicable/not_followed'
                ELSE 'not_applicable/not_introduced'
            END
        ),
        state_if(
            status.live = 1 AND newest.delivery_end IS NULL AND overdue.first_start IS NULL,
            'not_applicable/nothing_due'
        )
    ) AS state,
    mark('synthetic', invented.solution_id IS NOT NULL) AS marks
FROM spine
INNER JOIN periods
    ON periods.period_start = spine.period_start
LEFT JOIN newest_deliveries AS newest
    ON newest.period_start = spine.period_start
    AND newest.municipality_code = spine.municipality_code
    AND newest.solution_id = $solution_id
LEFT JOIN overdue_cells AS overdue
    ON overdue.period_start = spine.period_start
    AND overdue.municipality_code = spine.municipality_code
    AND overdue.solution_id = $solution_id
LEFT JOIN followed
    ON followed.solution_id = $solution_id
LEFT JOIN synthetic_solutions AS invented
    ON invented.solution_id = $solution_id
LEFT JOIN status_cells AS status
    ON status.period_start = spine.period_start
    AND status.municipality_code = spine.municipality_code
    AND status.solution_id = $solution_id
ORDER BY
    spine.period_start,
    spine.municipality_code
