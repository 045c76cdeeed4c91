/* kpi
title = { nb = "Bruk per 1000 innbyggere", nn = "Bruk per 1000 innbyggjarar", en = "Usage per 1,000 inhabitants" }
answers = { nb = "Hvor mye brukes løsningen i forhold til folketallet?", nn = "Kor mykje blir løysinga brukt i høve til folketalet?", en = "How much is the solution used for the size of the population?" }
version = 4
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
[columns.periods_reported]
doc = "Of the periods owed, those delivered in full, added up over municipalities: 2 of 3 months of a quarter."
unit = "periods"
rollup = "sum"
every_state = true
[columns.periods_expected]
doc = "The periods owed: the months of a quarter or year, or the last that owes a level; 1 for a month."
unit = "periods"
rollup = "sum"
every_state = true
[[changes]]
version = 4
date = "2026-11-29"
codes = ["same_land"]
[[changes]]
version = 3
date = "2026-11-29"
codes = ["zero_divides"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "whole_period", "unplaceable_not_valid", "part_of_period"]
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    usage.value AS numerator,
    people.persons AS denominator,
    cell_state(
        spine.comparable,
        usage.state,
        denominator_state(people.persons),
        state_if(usage.state = 'ok' AND usage.own_land <> people.own_land, 'not_valid')
    ) AS state,
    usage.marks | coalesce(people.marks, 0) AS marks,
    usage.periods_reported,
    usage.periods_expected
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
