/* kpi
title = { nb = "Kommuner i produksjon", nn = "Kommunar i produksjon", en = "Municipalities live" }
answers = { nb = "Hvor mange kommuner har løsningen i produksjon?", nn = "Kor mange kommunar har løysinga i produksjon?", en = "How many municipalities have the solution in production?" }
version = 1
unit = "municipalities"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Hendelsestiden er da kilden gjorde endringen kjent, ikke nødvendigvis første dag i produksjon.", "En kommune teller når en del av den er i produksjon."]
nn = ["Hendingstida er då kjelda gjorde endringa kjend, ikkje nødvendigvis første dag i produksjon.", "Ein kommune tel når ein del av han er i produksjon."]
en = ["Event time is when the source made the change known, not necessarily the first day in production.", "A municipality counts when any part of it is in production."]
[rollup]
kind = "count"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[columns.share]
doc = "Municipalities live of all that exist."
unit = "share"
after = "CAST(numerator AS DOUBLE) / denominator"
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    coalesce(status.live, 0) AS numerator,
    1 AS denominator,
    CASE WHEN spine.comparable THEN 'ok' ELSE 'not_valid' END AS state,
    coalesce(status.marks, 0) AS marks
FROM spine
LEFT JOIN status_cells AS status
    ON status.period_start = spine.period_start
    AND status.municipality_code = spine.municipality_code
    AND status.solution_id = $solution_id
ORDER BY
    spine.period_start,
    spine.municipality_code
