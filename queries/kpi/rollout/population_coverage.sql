/* kpi
title = { nb = "Befolkningsdekning", nn = "Befolkningsdekning", en = "Population coverage" }
answers = { nb = "Hvor stor del av innbyggerne bor i en kommune som har løsningen i produksjon?", nn = "Kor stor del av innbyggjarane bur i ein kommune som har løysinga i produksjon?", en = "What share of the inhabitants live in a municipality that has the solution in production?" }
version = 1
unit = "share"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Hendelsestiden er da kilden gjorde endringen kjent, ikke nødvendigvis første dag i produksjon.", "Innbyggere 1. januar i periodens år."]
nn = ["Hendingstida er då kjelda gjorde endringa kjend, ikkje nødvendigvis første dag i produksjon.", "Innbyggjarar 1. januar i året til perioden."]
en = ["Event time is when the source made the change known, not necessarily the first day in production.", "Inhabitants on 1 January of the period's year."]
[rollup]
kind = "ratio"
[params.solution_id]
type = "solution"
doc = "The shared solution."
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    coalesce(status.live, 0) * population.persons AS numerator,
    population.persons AS denominator,
    CASE
        WHEN NOT spine.comparable THEN 'not_valid'
        WHEN population.persons IS NULL THEN 'missing'
        WHEN population.persons = 0 THEN 'not_applicable'
        ELSE 'ok'
    END AS state,
    coalesce(status.marks, 0) | coalesce(population.marks, 0) AS marks
FROM spine
LEFT JOIN population_cells AS population
    ON population.period_start = spine.period_start
    AND population.municipality_code = spine.municipality_code
LEFT JOIN status_cells AS status
    ON status.period_start = spine.period_start
    AND status.municipality_code = spine.municipality_code
    AND status.solution_id = $solution_id
ORDER BY
    spine.period_start,
    spine.municipality_code
