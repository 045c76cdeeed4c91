/* kpi
title = { nb = "Gevinstpotensial", nn = "Gevinstpotensial", en = "Benefit potential" }
answers = { nb = "Hva er det verdt å nå det nivået de beste tilsvarende kommunene har?", nn = "Kva er det verdt å nå det nivået dei beste tilsvarande kommunane har?", en = "What is it worth to reach the level of the best comparable municipalities?" }
version = 6
unit = "nok"
better = "neither"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Potensialet er gapet opp til øvre kvartil av de andre i KOSTRA-gruppen; har færre enn tre av dem levert, av de andre i landet.", "Kroner og timer legges aldri sammen: frigjort tid er en gevinst først når den tas ut.", "Enhetsverdiene står med kilde i tabellen unit_values; en nedre grense er ikke et anslag."]
nn = ["Potensialet er gapet opp til øvre kvartil av dei andre i KOSTRA-gruppa; har færre enn tre av dei levert, av dei andre i landet.", "Kroner og timar blir aldri lagde saman: frigjord tid er ein gevinst først når ho blir teken ut.", "Einingsverdiane står med kjelde i tabellen unit_values; ei nedre grense er ikkje eit anslag."]
en = ["The potential is the gap up to the upper quartile of the others of the KOSTRA group; where fewer than three of them have delivered, of the others in the country.", "Kroner and hours are never added: freed time is a benefit only once it is taken out.", "Unit values are listed with their source in the table unit_values; a lower bound is not an estimate."]
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
[columns.reference_municipalities]
doc = "Other municipalities behind the reference: of the KOSTRA group, or of the whole country where the group has fewer than three others with a number; in an area the fewest."
unit = "municipalities"
rollup = "min"
[columns.wider_references]
doc = "Municipalities measured up to the whole country, as fewer than three others of their KOSTRA group have a number."
unit = "municipalities"
rollup = "sum"
[[changes]]
version = 6
date = "2026-11-29"
codes = ["same_land"]
[[changes]]
version = 5
date = "2026-11-29"
codes = ["zero_divides"]
[[changes]]
version = 4
date = "2026-11-29"
codes = ["marks_of_reference"]
[[changes]]
version = 3
date = "2026-11-28"
codes = ["three_others", "coverage_of_everybody", "one_unit_value", "unit_value_by_days", "unplaceable_not_valid", "part_of_period"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["whole_period"]
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    gap.units * worth.ore_central / worth.days AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    cell_state(spine.comparable, gap.state, state_if(worth.ore_central IS NULL, 'not_applicable/no_unit_value')) AS state,
    gap.marks | mark('partial', worth.ore_days < worth.days) AS marks,
    gap.units * worth.ore_low / worth.days AS nok_low,
    gap.units * worth.ore_high / worth.days AS nok_high,
    CASE WHEN cell_state(spine.comparable, gap.state) = 'ok' THEN gap.units * worth.seconds_low / worth.days END AS hours_low,
    CASE WHEN cell_state(spine.comparable, gap.state) = 'ok' THEN gap.units * worth.seconds_central / worth.days END AS hours_central,
    CASE WHEN cell_state(spine.comparable, gap.state) = 'ok' THEN gap.units * worth.seconds_high / worth.days END AS hours_high,
    worth.others AS other_values,
    gap.reference_others AS reference_municipalities,
    CASE WHEN gap.reference_wider THEN 1 ELSE 0 END AS wider_references
FROM spine
INNER JOIN gap_cells AS gap
    ON gap.period_start = spine.period_start
    AND gap.municipality_code = spine.municipality_code
LEFT JOIN unit_sums AS worth
    ON worth.period_start = gap.period_start
    AND worth.solution_id = gap.solution_id
    AND worth.measure_id = gap.measure_id
WHERE
    gap.solution_id = $solution_id
    AND gap.measure_id = $measure_id
    AND gap.reference = 'p75'
ORDER BY
    spine.period_start,
    spine.municipality_code
