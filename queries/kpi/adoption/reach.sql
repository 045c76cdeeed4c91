/* kpi
title = { nb = "Rekkevidde", nn = "Rekkjevidd", en = "Reach" }
answers = { nb = "Hvor stor del av målgruppen bruker løsningen?", nn = "Kor stor del av målgruppa brukar løysinga?", en = "What share of the target group uses the solution?" }
version = 5
unit = "share"
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
# The uses and users of a period are a sample of what people do: few of them differ by chance.
sampled = true
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What is counted."
main = "stock"
only_main_kind = true
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
version = 5
date = "2026-11-29"
codes = ["same_land"]
nb = "Bare et mål av personer regnes; brev er ingen rekkevidde."
nn = "Berre eit mål av personar blir rekna; brev er inga rekkjevidd."
en = "Only a measure of persons counts: letters are no reach."
[[changes]]
version = 4
date = "2026-11-29"
codes = ["zero_divides"]
[[changes]]
version = 3
date = "2026-11-29"
codes = ["above_whole"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "whole_period", "unplaceable_not_valid", "part_of_period"]
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    usage.value AS numerator,
    people.eligible AS denominator,
    cell_state(
        spine.comparable,
        usage.state,
        denominator_state(people.eligible),
        state_if(usage.state = 'ok' AND usage.own_land <> people.own_land, 'not_valid')
    ) AS state,
    usage.marks | coalesce(people.marks, 0) | mark('above_whole', usage.value > people.eligible) AS marks,
    usage.periods_reported,
    usage.periods_expected
FROM spine
INNER JOIN usage_cells AS usage
    ON usage.period_start = spine.period_start
    AND usage.municipality_code = spine.municipality_code
LEFT JOIN eligible_cells AS people
    ON people.period_start = spine.period_start
    AND people.municipality_code = spine.municipality_code
    AND people.solution_id = $solution_id
WHERE
    usage.solution_id = $solution_id
    AND usage.measure_id = $measure_id
ORDER BY
    spine.period_start,
    spine.municipality_code
