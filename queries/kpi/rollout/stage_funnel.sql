/* kpi
title = { nb = "Innføringsløpets trakt", nn = "Trakta i innføringsløpet", en = "Rollout funnel" }
answers = { nb = "Hvor mange kommuner står i hvert steg på veien til produksjon?", nn = "Kor mange kommunar står i kvart steg på vegen til produksjon?", en = "How many municipalities stand in each stage on the way to production?" }
version = 1
unit = "municipalities"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["En kommune av flere deler står der den delen som er kommet lengst, står: ingenting hørt, trukket, på pause, planlagt, avtalt, teknisk klar, pilot, i produksjon.", "Nådd minst et steg er å stå i det eller lenger nå; den som er på pause eller har trukket seg, teller ikke med der."]
nn = ["Ein kommune av fleire delar står der den delen som er komen lengst, står: ingenting høyrt, trekt, på pause, planlagd, avtalt, teknisk klar, pilot, i produksjon.", "Nådd minst eit steg er å stå i det eller lenger no; den som er på pause eller har trekt seg, tel ikkje med der."]
en = ["A municipality of several parts stands where its furthest part stands: nothing heard, withdrawn, paused, planned, agreed, technically ready, pilot, in production.", "To have reached a stage is to stand in it or further now; who is paused or has withdrawn is not counted there."]
[rollup]
kind = "count"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[columns.planned]
doc = "Standing at planned: on a wave's list."
unit = "municipalities"
rollup = "sum"
[columns.agreed]
doc = "Standing at agreed."
unit = "municipalities"
rollup = "sum"
[columns.technically_ready]
doc = "Standing at technically ready."
unit = "municipalities"
rollup = "sum"
[columns.pilot]
doc = "Standing at pilot."
unit = "municipalities"
rollup = "sum"
[columns.in_production]
doc = "Standing at in production."
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
doc = "Of which nothing was ever heard."
unit = "municipalities"
rollup = "sum"
[columns.reached_planned]
doc = "Standing at planned or further."
unit = "municipalities"
after = "planned + agreed + technically_ready + pilot + numerator"
[columns.reached_agreed]
doc = "Standing at agreed or further."
unit = "municipalities"
after = "agreed + technically_ready + pilot + numerator"
[columns.reached_technically_ready]
doc = "Standing at technically ready or further."
unit = "municipalities"
after = "technically_ready + pilot + numerator"
[columns.reached_pilot]
doc = "Standing at pilot or further."
unit = "municipalities"
after = "pilot + numerator"
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    CASE WHEN standing.stage = 'in_production' THEN 1 ELSE 0 END AS numerator,
    1 AS denominator,
    CASE WHEN spine.comparable THEN 'ok' ELSE 'not_valid' END AS state,
    coalesce(standing.marks, 0) AS marks,
    CASE WHEN standing.stage = 'planned' THEN 1 ELSE 0 END AS planned,
    CASE WHEN standing.stage = 'agreed' THEN 1 ELSE 0 END AS agreed,
    CASE WHEN standing.stage = 'technically_ready' THEN 1 ELSE 0 END AS technically_ready,
    CASE WHEN standing.stage = 'pilot' THEN 1 ELSE 0 END AS pilot,
    CASE WHEN standing.stage = 'paused' THEN 1 ELSE 0 END AS paused,
    CASE WHEN standing.stage = 'withdrawn' THEN 1 ELSE 0 END AS withdrawn,
    CASE WHEN standing.stage IS NULL THEN 1 ELSE 0 END AS none
FROM spine
LEFT JOIN stage_cells AS standing
    ON standing.period_start = spine.period_start
    AND standing.municipality_code = spine.municipality_code
    AND standing.solution_id = $solution_id
ORDER BY
    spine.period_start,
    spine.municipality_code
