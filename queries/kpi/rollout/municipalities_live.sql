/* kpi
title = { nb = "Kommuner i produksjon", nn = "Kommunar i produksjon", en = "Municipalities live" }
answers = { nb = "Hvor mange kommuner har løsningen i produksjon?", nn = "Kor mange kommunar har løysinga i produksjon?", en = "How many municipalities have the solution in production?" }
version = 2
unit = "municipalities"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Hendelsestiden er da kilden gjorde endringen kjent, ikke nødvendigvis første dag i produksjon.", "En kommune av flere deler teller når en av dem er i produksjon, om merge_rule ikke sier noe annet.", "Bare steget i produksjon teller; piloter teller når stages er production_and_pilot.", "En løsning som det ikke er meldt noe om innføringen av, er ikke fulgt: den er uaktuell, ikke 0."]
nn = ["Hendingstida er då kjelda gjorde endringa kjend, ikkje nødvendigvis første dag i produksjon.", "Ein kommune av fleire delar tel når ein av dei er i produksjon, om merge_rule ikkje seier noko anna.", "Berre steget i produksjon tel; pilotar tel når stages er production_and_pilot.", "Ei løysing som det ikkje er meldt noko om innføringa av, er ikkje følgd: ho er uaktuell, ikkje 0."]
en = ["Event time is when the source made the change known, not necessarily the first day in production.", "A municipality of several parts counts when any of them is in production, unless merge_rule is another.", "Only the stage in production counts; pilots count when stages is production_and_pilot.", "A solution of whose rollout nothing is reported is not followed: it is not_applicable, not 0."]
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
[params.stages]
type = "choice"
doc = "The stages that count: in production alone, or in production and pilot."
choices = ["production", "production_and_pilot"]
default = "production"
[columns.share]
doc = "Municipalities live of all that exist."
unit = "share"
after = "CAST(numerator AS DOUBLE) / denominator"
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "production_unless_stages", "kept_code"]
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    coalesce(
        CASE
            WHEN $stages = 'production_and_pilot' AND $merge_rule = 'all' THEN status.live_all
            WHEN $stages = 'production_and_pilot' AND $merge_rule = 'population' THEN status.live_population
            WHEN $stages = 'production_and_pilot' THEN status.live
            WHEN $merge_rule = 'all' THEN status.produced_all
            WHEN $merge_rule = 'population' THEN status.produced_population
            ELSE status.produced
        END,
        0
    ) AS numerator,
    1 AS denominator,
    cell_state(spine.comparable, state_if(followed.solution_id IS NULL, 'not_applicable/not_followed')) AS state,
    coalesce(status.marks, 0) AS marks
FROM spine
LEFT JOIN status_cells AS status
    ON status.period_start = spine.period_start
    AND status.municipality_code = spine.municipality_code
    AND status.solution_id = $solution_id
LEFT JOIN followed
    ON followed.solution_id = $solution_id
ORDER BY
    spine.period_start,
    spine.municipality_code
