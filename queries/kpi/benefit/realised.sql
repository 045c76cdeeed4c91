/* kpi
title = { nb = "Realisert gevinst", nn = "Realisert gevinst", en = "Realised benefit" }
answers = { nb = "Hva er bruken ut over nullpunktet verdt?", nn = "Kva er bruken ut over nullpunktet verd?", en = "What is the use above the baseline worth?" }
version = 6
unit = "nok"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Kroner og timer legges aldri sammen: frigjort tid er en gevinst først når den tas ut.", "Enhetsverdiene står med kilde i tabellen unit_values; en nedre grense er ikke et anslag."]
nn = ["Kroner og timar blir aldri lagde saman: frigjord tid er ein gevinst først når ho blir teken ut.", "Einingsverdiane står med kjelde i tabellen unit_values; ei nedre grense er ikkje eit anslag."]
en = ["Kroner and hours are never added: freed time is a benefit only once it is taken out.", "Unit values are listed with their source in the table unit_values; a lower bound is not an estimate."]
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
[columns.nok_low]
doc = "Avoided cost, low."
unit = "nok"
rollup = "sum"
divide_by = 100
[columns.nok_high]
doc = "Avoided cost, high."
unit = "nok"
rollup = "sum"
divide_by = 100
[columns.hours_low]
doc = "Time saved, low; also where no source has the worth of a use in kroner."
unit = "hours"
rollup = "sum"
every_state = true
divide_by = 3600
[columns.hours_central]
doc = "Time saved, most likely; also where no source has the worth of a use in kroner."
unit = "hours"
rollup = "sum"
every_state = true
divide_by = 3600
[columns.hours_high]
doc = "Time saved, high; also where no source has the worth of a use in kroner."
unit = "hours"
rollup = "sum"
every_state = true
divide_by = 3600
[columns.other_values]
doc = "Other unit values that hold for the same benefit and unit and are not used: the newest is, then the best founded, then the first source by name."
unit = "values"
rollup = "max"
[[changes]]
version = 6
date = "2026-11-29"
codes = ["same_land_compared"]
[[changes]]
version = 5
date = "2026-11-29"
codes = ["zero_divides"]
[[changes]]
version = 4
date = "2026-11-29"
codes = ["baseline_known"]
[[changes]]
version = 3
date = "2026-11-28"
codes = ["coverage_of_everybody", "one_unit_value", "unit_value_by_days", "baseline_by_days", "unplaceable_not_valid", "part_of_period"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["whole_period"]
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    realised.ore_central AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    cell_state(spine.comparable, realised.state, state_if(NOT realised.valued, 'not_applicable/no_unit_value')) AS state,
    realised.marks AS marks,
    realised.ore_low AS nok_low,
    realised.ore_high AS nok_high,
    CASE WHEN cell_state(spine.comparable, realised.state) = 'ok' THEN realised.seconds_low END AS hours_low,
    CASE WHEN cell_state(spine.comparable, realised.state) = 'ok' THEN realised.seconds_central END AS hours_central,
    CASE WHEN cell_state(spine.comparable, realised.state) = 'ok' THEN realised.seconds_high END AS hours_high,
    realised.other_values AS other_values
FROM spine
INNER JOIN realised_cells AS realised
    ON realised.period_start = spine.period_start
    AND realised.municipality_code = spine.municipality_code
WHERE
    realised.solution_id = $solution_id
    AND realised.measure_id = $measure_id
ORDER BY
    spine.period_start,
    spine.municipality_code
