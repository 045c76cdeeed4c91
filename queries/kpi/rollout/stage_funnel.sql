/* kpi
title = { nb = "Innføringsløpets trakt", nn = "Trakta i innføringsløpet", en = "Rollout funnel" }
answers = { nb = "Hvor mange kommuner står i hvert steg på veien til produksjon?", nn = "Kor mange kommunar står i kvart steg på vegen til produksjon?", en = "How many municipalities are in each stage on the way to production?" }
version = 2
unit = "municipalities"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["En kommune av flere deler står der den delen som er kommet lengst, står: ingenting hørt, trukket, på pause, planlagt, avtalt, teknisk klar, pilot, i produksjon.", "Nådd minst et steg er å stå i det eller lenger nå; den som er på pause eller har trukket seg, teller ikke med der.", "En løsning som det ikke er meldt noe om innføringen av, er ikke fulgt: den er uaktuell, ikke 0."]
nn = ["Ein kommune av fleire delar står der den delen som er komen lengst, står: ingenting høyrt, trekt, på pause, planlagd, avtalt, teknisk klar, pilot, i produksjon.", "Nådd minst eit steg er å stå i det eller lenger no; den som er på pause eller har trekt seg, tel ikkje med der.", "Ei løysing som det ikkje er meldt noko om innføringa av, er ikkje følgd: ho er uaktuell, ikkje 0."]
en = ["A municipality of several parts is where its furthest part is: no event, withdrawn, paused, planned, agreed, technically ready, pilot, in production.", "To have reached a stage is to be in it or further now; who is paused or has withdrawn is not counted there.", "A solution of whose rollout nothing is reported is not followed: it is not_applicable, not 0."]
[rollup]
kind = "count"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[columns.planned]
doc = "In the stage planned: on a wave's list."
unit = "municipalities"
rollup = "sum"
[columns.agreed]
doc = "In the stage agreed."
unit = "municipalities"
rollup = "sum"
[columns.technically_ready]
doc = "In the stage technically ready."
unit = "municipalities"
rollup = "sum"
[columns.pilot]
doc = "In the stage pilot."
unit = "municipalities"
rollup = "sum"
[columns.in_production]
doc = "In the stage in production."
unit = "municipalities"
after = "numerator"
[columns.paused]
doc = "Paused."
unit = "municipalities"
rollup = "sum"
[columns.withdrawn]
doc = "Withdrawn."
unit = "municipalities"
rollup = "sum"
[columns.none]
doc = "Without any event."
unit = "municipalities"
rollup = "sum"
[columns.contradicted]
doc = "Where a part's stage is one of two that were reported for the same day at the same moment: the furthest is taken."
unit = "municipalities"
rollup = "sum"
[columns.reached_planned]
doc = "In the stage planned or further."
unit = "municipalities"
after = "planned + agreed + technically_ready + pilot + numerator"
[columns.reached_agreed]
doc = "In the stage agreed or further."
unit = "municipalities"
after = "agreed + technically_ready + pilot + numerator"
[columns.reached_technically_ready]
doc = "In the stage technically ready or further."
unit = "municipalities"
after = "technically_ready + pilot + numerator"
[columns.reached_pilot]
doc = "In the stage pilot or further."
unit = "municipalities"
after = "pilot + numerator"
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "kept_code"]
nb = "En løsning uten kjent innføring er uaktuell, ikke 0."
nn = "Ei løysing utan kjend innføring er uaktuell, ikkje 0."
en = "A solution without a known rollout is not_applicable, not 0."
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    CASE WHEN stages.stage = 'in_production' THEN 1 ELSE 0 END AS numerator,
    1 AS denominator,
    cell_state(spine.comparable, state_if(followed.solution_id IS NULL, 'not_applicable/not_followed')) AS state,
    coalesce(stages.marks, 0) AS marks,
    CASE WHEN stages.stage = 'planned' THEN 1 ELSE 0 END AS planned,
    CASE WHEN stages.stage = 'agreed' THEN 1 ELSE 0 END AS agreed,
    CASE WHEN stages.stage = 'technically_ready' THEN 1 ELSE 0 END AS technically_ready,
    CASE WHEN stages.stage = 'pilot' THEN 1 ELSE 0 END AS pilot,
    CASE WHEN stages.stage = 'paused' THEN 1 ELSE 0 END AS paused,
    CASE WHEN stages.stage = 'withdrawn' THEN 1 ELSE 0 END AS withdrawn,
    CASE WHEN stages.stage IS NULL THEN 1 ELSE 0 END AS none,
    CASE WHEN stages.contradicted THEN 1 ELSE 0 END AS contradicted
FROM spine
LEFT JOIN stage_cells AS stages
    ON stages.period_start = spine.period_start
    AND stages.municipality_code = spine.municipality_code
    AND stages.solution_id = $solution_id
LEFT JOIN followed
    ON followed.solution_id = $solution_id
ORDER BY
    spine.period_start,
    spine.municipality_code
