/* kpi
title = { nb = "Nettogevinst", nn = "Nettogevinst", en = "Net benefit" }
answers = { nb = "Hva er igjen av gevinsten når løsningen er betalt?", nn = "Kva er att av gevinsten når løysinga er betalt?", en = "What is left of the benefit when the solution is paid for?" }
version = 4
unit = "nok"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Et minus vises som det er: løsningen koster mer enn den er målt å spare.", "Bare kommuner der både bruken og prisen er kjent, er med; frigjort tid er ikke regnet om til kroner.", "Kostnaden er løpende listepris; engangskostnaden er ikke med."]
nn = ["Eit minus blir vist som det er: løysinga kostar meir enn ho er målt å spare.", "Berre kommunar der både bruken og prisen er kjende, er med; frigjord tid er ikkje rekna om til kroner.", "Kostnaden er løpande listepris; eingongskostnaden er ikkje med."]
en = ["A minus is shown as it is: the solution costs more than it is measured to save.", "Only municipalities whose use and price are both known count; freed time is not turned into kroner.", "The cost is the running list price; what is paid once is left out."]
[rollup]
kind = "count"
divide_by = 100
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What is counted."
main = "flow"
[columns.realised_nok]
doc = "Avoided cost, most likely."
unit = "nok"
rollup = "sum"
divide_by = 100
[columns.cost_nok]
doc = "What the solution costs."
unit = "nok"
rollup = "sum"
divide_by = 100
[columns.net_nok_low]
doc = "What is left when the avoided cost is low."
unit = "nok"
rollup = "sum"
divide_by = 100
[columns.net_nok_high]
doc = "What is left when the avoided cost is high."
unit = "nok"
rollup = "sum"
divide_by = 100
[[changes]]
version = 4
date = "2026-11-29"
codes = ["inhabitants_of_each_year", "baseline_known"]
[[changes]]
version = 3
date = "2026-11-28"
codes = ["coverage_of_everybody", "one_unit_value", "cost_by_days", "cost_of_its_time", "unit_value_by_days", "baseline_by_days", "unplaceable_not_valid"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["whole_period"]
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    realised.ore_central - cost.ore AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    cell_state(
        spine.comparable,
        realised.state,
        cost.state,
        state_if(NOT realised.valued, 'not_applicable/no_unit_value')
    ) AS state,
    realised.marks | cost.marks AS marks,
    realised.ore_central AS realised_nok,
    cost.ore AS cost_nok,
    realised.ore_low - cost.ore AS net_nok_low,
    realised.ore_high - cost.ore AS net_nok_high
FROM spine
INNER JOIN realised_cells AS realised
    ON realised.period_start = spine.period_start
    AND realised.municipality_code = spine.municipality_code
INNER JOIN cost_cells AS cost
    ON cost.period_start = spine.period_start
    AND cost.municipality_code = spine.municipality_code
    AND cost.solution_id = realised.solution_id
WHERE
    realised.solution_id = $solution_id
    AND realised.measure_id = $measure_id
ORDER BY
    spine.period_start,
    spine.municipality_code
