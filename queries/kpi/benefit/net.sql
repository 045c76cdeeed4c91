/* kpi
title = { nb = "Nettogevinst", nn = "Nettogevinst", en = "Net benefit" }
answers = { nb = "Hva er igjen av gevinsten når løsningen er betalt?", nn = "Kva er att av gevinsten når løysinga er betalt?", en = "What is left of the benefit when the solution is paid for?" }
version = 7
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
version = 7
date = "2026-11-29"
codes = ["same_land_compared"]
nb = "Der innføringen ikke følges, er kostnaden ukjent og det finnes ingen netto (not_followed); før ble kostnaden regnet som 0."
nn = "Der innføringa ikkje blir følgd, er kostnaden ukjend og det finst ingen netto (not_followed); før vart kostnaden rekna som 0."
en = "Where no rollout is followed the cost is not known and there is no net (not_followed); before, the cost counted as 0."
[[changes]]
version = 6
date = "2026-11-29"
codes = ["zero_divides"]
[[changes]]
version = 5
date = "2026-11-29"
nb = "Bruk før innføringen koster ingenting og er gevinst; før hadde måneden ingen netto, mens kvartalet den lå i, tok gevinsten med."
nn = "Bruk før innføringa kostar ingenting og er gevinst; før hadde månaden ingen netto, medan kvartalet han låg i, tok gevinsten med."
en = "Use before the introduction costs nothing and is benefit; before, the month had no net while the quarter it lay in counted the benefit."
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
-- Who uses a solution before it is introduced pays nothing for it yet: so months add up to the quarter it began in.
WITH paid AS (
    SELECT
        cost.period_start,
        cost.municipality_code,
        cost.solution_id,
        CASE WHEN cost.state = 'not_applicable/not_introduced' THEN 'ok' ELSE cost.state END AS state,
        CASE WHEN cost.state = 'not_applicable/not_introduced' THEN 0 ELSE cost.ore END AS ore,
        cost.marks
    FROM cost_cells AS cost
)
SELECT
    spine.period_start,
    spine.municipality_code,
    realised.ore_central - paid.ore AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    cell_state(
        spine.comparable,
        realised.state,
        paid.state,
        state_if(NOT realised.valued, 'not_applicable/no_unit_value')
    ) AS state,
    realised.marks | paid.marks AS marks,
    realised.ore_central AS realised_nok,
    paid.ore AS cost_nok,
    realised.ore_low - paid.ore AS net_nok_low,
    realised.ore_high - paid.ore AS net_nok_high
FROM spine
INNER JOIN realised_cells AS realised
    ON realised.period_start = spine.period_start
    AND realised.municipality_code = spine.municipality_code
INNER JOIN paid
    ON paid.period_start = spine.period_start
    AND paid.municipality_code = spine.municipality_code
    AND paid.solution_id = realised.solution_id
WHERE
    realised.solution_id = $solution_id
    AND realised.measure_id = $measure_id
ORDER BY
    spine.period_start,
    spine.municipality_code
