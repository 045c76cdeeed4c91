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
nb = ["Hendelsestiden er da kilden gjorde endringen kjent, ikke nødvendigvis første dag i produksjon.", "En kommune av flere deler teller når en av dem er i produksjon, om merge_rule ikke sier noe annet."]
nn = ["Hendingstida er då kjelda gjorde endringa kjend, ikkje nødvendigvis første dag i produksjon.", "Ein kommune av fleire delar tel når ein av dei er i produksjon, om merge_rule ikkje seier noko anna."]
en = ["Event time is when the source made the change known, not necessarily the first day in production.", "A municipality of several parts counts when any of them is in production, unless merge_rule is another."]
[rollup]
kind = "count"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.merge_rule]
type = "choice"
doc = "When a municipality of several parts has it: any part does, all parts do, or parts with more than half of the inhabitants (2019) do."
choices = ["any", "all", "population"]
default = "any"
[columns.share]
doc = "Municipalities live of all that exist."
unit = "share"
after = "CAST(numerator AS DOUBLE) / denominator"
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    CASE $merge_rule
        WHEN 'all' THEN coalesce(status.live_all, 0)
        WHEN 'population' THEN coalesce(status.live_population, 0)
        ELSE coalesce(status.live, 0)
    END AS numerator,
    1 AS denominator,
    cell_state(spine.comparable) AS state,
    coalesce(status.marks, 0) AS marks
FROM spine
LEFT JOIN status_cells AS status
    ON status.period_start = spine.period_start
    AND status.municipality_code = spine.municipality_code
    AND status.solution_id = $solution_id
ORDER BY
    spine.period_start,
    spine.municipality_code
