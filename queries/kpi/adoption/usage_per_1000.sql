/* kpi
title = { nb = "Bruk per 1000 innbyggere", nn = "Bruk per 1000 innbyggjarar", en = "Usage per 1,000 inhabitants" }
answers = { nb = "Hvor mye brukes løsningen i forhold til folketallet?", nn = "Kor mykje blir løysinga brukt i høve til folketalet?", en = "How much is the solution used for the size of the population?" }
version = 2
unit = "per_1000"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Kildene teller ulikt: sammenlign en kommune med seg selv over tid før den sammenlignes med naboen.", "Bare kommuner som har løsningen regnes med; mangler tallet, står det at det mangler."]
nn = ["Kjeldene tel ulikt: samanlikn ein kommune med seg sjølv over tid før han blir samanlikna med naboen.", "Berre kommunar som har løysinga er rekna med; manglar talet, står det at det manglar."]
en = ["Sources count differently: compare a municipality with itself over time before comparing it with its neighbour.", "Only municipalities that have the solution count; where the number is missing, the state is missing."]
[rollup]
kind = "ratio"
scale = 1000
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What is counted."
main = "flow"
[[changes]]
version = 2
date = "2026-11-28"
nb = "En periode har et tall bare når alt som skulle leveres for den, er levert; før kunne en del av den stå for hele. Dekningen er andelen av alle som bor i området; andelen av dem det var ventet tall for, har fått sin egen kolonne."
nn = "Ein periode har eit tal berre når alt som skulle leverast for han, er levert; før kunne ein del av han stå for heile. Dekninga er delen av alle som bur i området; delen av dei det var venta tal for, har fått sin eigen kolonne."
en = "A period has a number only when all that was due for it was delivered; before, a part of it could stand for all of it. Coverage is the share of all who live in the area; the share of those a number was expected for has a column of its own."
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    usage.value AS numerator,
    people.persons AS denominator,
    cell_state(spine.comparable, usage.state, denominator_state(people.persons)) AS state,
    usage.marks | coalesce(people.marks, 0) AS marks
FROM spine
INNER JOIN usage_cells AS usage
    ON usage.period_start = spine.period_start
    AND usage.municipality_code = spine.municipality_code
LEFT JOIN population_cells AS people
    ON people.period_start = spine.period_start
    AND people.municipality_code = spine.municipality_code
WHERE
    usage.solution_id = $solution_id
    AND usage.measure_id = $measure_id
ORDER BY
    spine.period_start,
    spine.municipality_code
