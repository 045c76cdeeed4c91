/* kpi
title = { nb = "Forsinkede leveranser", nn = "Forseinka leveransar", en = "Late deliveries" }
answers = { nb = "Hvor mange leveranser er over fristen og ikke kommet?", nn = "Kor mange leveransar er over fristen og ikkje komne?", en = "How many deliveries are past their due date and have not come?" }
version = 3
unit = "deliveries"
better = "lower"
owner = "secretariat"
granularity = "month"
window = 12
as_of_end = true
[caveats]
nb = ["Alt som har hatt frist til og med periodens siste dag, er med, men ikke det som har frist etter utgavens dag, også fra tidligere perioder; aldri levert er forsinket.", "Det som er kommet når utgaven ble laget, er kommet, også etter periodens slutt: hva som manglet den dagen, sier utgaven fra da (as_of).", "En kommune skylder det den hadde løsningen for, i produksjon eller som pilot, ved slutten av leveransens periode.", "En leveranse fra tidligere grenser som ikke kan fordeles sikkert, skyldes ikke."]
nn = ["Alt som har hatt frist til og med den siste dagen i perioden, er med, men ikkje det som har frist etter dagen til utgåva, òg frå tidlegare periodar; aldri levert er forseinka.", "Det som er kome når utgåva vart laga, er kome, òg etter slutten av perioden: kva som mangla den dagen, seier utgåva frå då (as_of).", "Ein kommune skuldar det han hadde løysinga for, i produksjon eller som pilot, ved slutten av perioden til leveransen.", "Ein leveranse frå tidlegare grenser som ikkje kan fordelast sikkert, er ikkje skuldig."]
en = ["Everything due up to the period's last day counts, from earlier periods too, but nothing that was not due before the edition's day; never delivered is late.", "What has come when the edition was made has come, after the period's end too: what was lacking on that day is in the edition of then (as_of).", "A municipality is expected to deliver what it had the solution for, in production or as a pilot, at the end of the delivery's period.", "A delivery from earlier borders that cannot be re-expressed exactly is not expected."]
[rollup]
kind = "count"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[columns.days_late]
doc = "Days from the oldest due date passed to the period's last day, or to the day before the edition's in a period that is not over; of an area the most."
unit = "days"
rollup = "max"
[columns.share]
doc = "Late, of what was due."
unit = "share"
after = "CAST(numerator AS DOUBLE) / denominator"
[[changes]]
version = 3
date = "2026-11-30"
codes = ["synthetic_deliveries"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "kept_code", "whole_delivery"]
nb = "Det som har frist etter utgavens dag, er ikke lenger forsinket i en periode som ikke er over."
nn = "Det som har frist etter dagen til utgåva, er ikkje lenger forseinka i ein periode som ikkje er over."
en = "What is due after the edition's day is no longer late in a period that is not over."
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    overdue.late AS numerator,
    overdue.due AS denominator,
    cell_state(
        spine.comparable,
        state_if(
            overdue.due IS NULL,
            CASE
                WHEN followed.solution_id IS NULL THEN 'not_applicable/not_followed'
                ELSE 'not_applicable/nothing_due'
            END
        )
    ) AS state,
    mark('synthetic', invented.solution_id IS NOT NULL) AS marks,
    CAST(
        CAST(least(periods.period_end, periods.edition_day) AS INT) - 1 - CAST(overdue.oldest_due AS INT) AS BIGINT
    ) AS days_late
FROM spine
INNER JOIN periods
    ON periods.period_start = spine.period_start
LEFT JOIN followed
    ON followed.solution_id = $solution_id
LEFT JOIN synthetic_solutions AS invented
    ON invented.solution_id = $solution_id
LEFT JOIN overdue_cells AS overdue
    ON overdue.period_start = spine.period_start
    AND overdue.municipality_code = spine.municipality_code
    AND overdue.solution_id = $solution_id
ORDER BY
    spine.period_start,
    spine.municipality_code
