/* kpi
title = { nb = "Realiseringsgrad", nn = "Realiseringsgrad", en = "Realisation rate" }
answers = { nb = "Hvor stor del av gevinsten er realisert, og hvor stor del gjenstår?", nn = "Kor stor del av gevinsten er realisert, og kor stor del står att?", en = "What share of the benefit is realised, and what share remains?" }
version = 7
unit = "share"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Realisert gevinst delt på realisert og gjenstående til sammen, også det som venter på innføring.", "Referansen er en annen kommune, i samme KOSTRA-gruppe der tre andre har levert, ellers i landet: 1 betyr like mye bruk som den, ikke at alt er hentet.", "Bare unngåtte kostnader teller; frigjort tid er ikke regnet om til kroner."]
nn = ["Realisert gevinst delt på realisert og attståande til saman, også det som ventar på innføring.", "Referansen er ein annan kommune, i same KOSTRA-gruppe der tre andre har levert, elles i landet: 1 tyder like mykje bruk som den, ikkje at alt er henta.", "Berre unngåtte kostnader tel; frigjord tid er ikkje rekna om til kroner."]
en = ["What is realised of what is realised and remains together, what waits for its rollout included.", "The reference is another municipality, of the same KOSTRA group where three others have delivered, else of the country: 1 means as much use as there, not that all is gained.", "Only avoided costs count; freed time is not turned into kroner."]
[rollup]
kind = "ratio"
value = "CAST(ore AS DOUBLE) / ore_all"
divide_by = 100
divide_denominator_by = 100
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What is counted."
main = "flow"
[params.reference]
type = "choice"
doc = "The municipality of the KOSTRA group that is measured up to."
choices = ["p75", "median", "best"]
default = "p75"
[columns.ore]
doc = "Realised, in øre."
unit = "ore"
rollup = "sum"
hidden = true
[columns.ore_all]
doc = "Realised and remaining, in øre."
unit = "ore"
rollup = "sum"
hidden = true
[columns.reference_municipalities]
doc = "Other municipalities behind the reference: of the KOSTRA group, or of the whole country where the group has fewer than three others with a number; in an area the fewest."
unit = "municipalities"
rollup = "min"
[columns.wider_references]
doc = "Municipalities measured up to the whole country, as fewer than three others of their KOSTRA group have a number."
unit = "municipalities"
rollup = "sum"
[[changes]]
version = 7
date = "2026-11-29"
codes = ["same_land_compared"]
[[changes]]
version = 6
date = "2026-11-29"
codes = ["same_land"]
[[changes]]
version = 5
date = "2026-11-29"
codes = ["zero_divides", "part_of_period"]
[[changes]]
version = 4
date = "2026-11-29"
codes = ["baseline_known", "marks_of_reference"]
[[changes]]
version = 3
date = "2026-11-28"
codes = ["three_others", "coverage_of_everybody", "one_unit_value", "unit_value_by_days", "baseline_by_days", "unplaceable_not_valid", "part_of_period"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["whole_period"]
*/
WITH valued AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        -- Where the solution is not yet live nothing is realised.
        CASE WHEN realised.state = 'ok' THEN coalesce(realised.ore_central, 0) ELSE 0 END AS ore,
        gap.units * worth.ore_central / worth.days AS ore_left,
        cell_state(
            spine.comparable,
            gap.state,
            state_if(realised.state = 'not_valid', 'not_valid'),
            state_if(realised.state = 'not_applicable/no_baseline', realised.state),
            state_if(worth.ore_central IS NULL, 'not_applicable/no_unit_value')
        ) AS state,
        gap.marks
        | mark('partial', worth.ore_days < worth.days)
        | CASE WHEN realised.state = 'ok' THEN realised.marks ELSE 0 END AS marks,
        gap.reference_others,
        gap.reference_wider
    FROM spine
    INNER JOIN gap_cells AS gap
        ON gap.period_start = spine.period_start
        AND gap.municipality_code = spine.municipality_code
    INNER JOIN realised_cells AS realised
        ON realised.period_start = gap.period_start
        AND realised.municipality_code = gap.municipality_code
        AND realised.solution_id = gap.solution_id
        AND realised.measure_id = gap.measure_id
    LEFT JOIN unit_sums AS worth
        ON worth.period_start = gap.period_start
        AND worth.solution_id = gap.solution_id
        AND worth.measure_id = gap.measure_id
    WHERE
        gap.solution_id = $solution_id
        AND gap.measure_id = $measure_id
        AND gap.reference = $reference
),
with_state AS (
    SELECT
        valued.period_start,
        valued.municipality_code,
        valued.ore,
        valued.ore + valued.ore_left AS ore_all,
        cell_state(valued.state, state_if(valued.ore + valued.ore_left = 0, 'not_applicable/no_denominator')) AS state,
        valued.marks,
        valued.reference_others,
        valued.reference_wider
    FROM valued
)
SELECT
    with_state.period_start,
    with_state.municipality_code,
    CASE WHEN with_state.state = 'ok' THEN with_state.ore END AS numerator,
    CASE WHEN with_state.state = 'ok' THEN with_state.ore_all END AS denominator,
    with_state.state,
    with_state.marks,
    with_state.ore,
    with_state.ore_all,
    with_state.reference_others AS reference_municipalities,
    CASE WHEN with_state.reference_wider THEN 1 ELSE 0 END AS wider_references
FROM with_state
ORDER BY
    with_state.period_start,
    with_state.municipality_code
