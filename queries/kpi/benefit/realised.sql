/* kpi
title = { nb = "Realisert gevinst", nn = "Realisert gevinst", en = "Realised benefit" }
answers = { nb = "Hva er bruken ut over nullpunktet verdt?", nn = "Kva er bruken ut over nullpunktet verd?", en = "What is the use above the baseline worth?" }
version = 1
unit = "nok"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Kroner og timer legges aldri sammen: frigjort tid er en gevinst først når den tas ut.", "Enhetsverdiene står med kilde i tabellen unit_values; en nedre grense er ikke et anslag."]
nn = ["Kroner og timar blir aldri lagde saman: frigjord tid er ein gevinst først når ho blir teken ut.", "Einingsverdiane står med kjelde i tabellen unit_values; ei nedre grense er ikkje eit anslag."]
en = ["Kroner and hours are never added: freed time is a benefit only once it is taken out.", "Unit values stand with their source in the table unit_values; a lower bound is not an estimate."]
[rollup]
kind = "count"
divide_by = 100
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What is counted."
default = "uses"
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
doc = "Time saved, low."
unit = "hours"
rollup = "sum"
divide_by = 3600
[columns.hours_central]
doc = "Time saved, most likely."
unit = "hours"
rollup = "sum"
divide_by = 3600
[columns.hours_high]
doc = "Time saved, high."
unit = "hours"
rollup = "sum"
divide_by = 3600
*/
WITH before AS (
    SELECT
        periods.period_start,
        municipality_mappings.to_code AS municipality_code,
        sum(
            baselines.value_a_month * municipality_mappings.weight_to / municipality_mappings.weight_total
            - baselines.value_a_month * municipality_mappings.weight_from / municipality_mappings.weight_total
        ) * max(periods.months) AS units,
        bit_or(
            (CASE WHEN municipality_mappings.exact THEN 0 ELSE 64 END)
            + (CASE WHEN baselines.synthetic THEN 8 ELSE 0 END)
        ) AS marks
    FROM baselines
    CROSS JOIN periods
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id = periods.policy_id
        AND municipality_mappings.from_code = baselines.municipality_code
        AND municipality_mappings.from_date = baselines.division_date
        AND municipality_mappings.to_date = periods.division_date
    WHERE
        baselines.solution_id = $solution_id
        AND baselines.measure_id = $measure_id
        AND municipality_mappings.to_code IS NOT NULL
    GROUP BY
        periods.period_start,
        municipality_mappings.to_code
)
SELECT
    spine.period_start,
    spine.municipality_code,
    greatest(0, usage.value - coalesce(before.units, 0)) * worth.ore_central AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    CASE
        WHEN NOT spine.comparable THEN 'not_valid'
        WHEN usage.state = 'suppressed' THEN 'suppressed'
        WHEN usage.state = 'missing' THEN 'missing'
        WHEN usage.state = 'not_applicable' OR worth.ore_central IS NULL THEN 'not_applicable'
        ELSE 'ok'
    END AS state,
    usage.marks | coalesce(before.marks, 0) AS marks,
    greatest(0, usage.value - coalesce(before.units, 0)) * worth.ore_low AS nok_low,
    greatest(0, usage.value - coalesce(before.units, 0)) * worth.ore_high AS nok_high,
    greatest(0, usage.value - coalesce(before.units, 0)) * worth.seconds_low AS hours_low,
    greatest(0, usage.value - coalesce(before.units, 0)) * worth.seconds_central AS hours_central,
    greatest(0, usage.value - coalesce(before.units, 0)) * worth.seconds_high AS hours_high
FROM spine
INNER JOIN usage_cells AS usage
    ON usage.period_start = spine.period_start
    AND usage.municipality_code = spine.municipality_code
LEFT JOIN before
    ON before.period_start = spine.period_start
    AND before.municipality_code = spine.municipality_code
LEFT JOIN unit_sums AS worth
    ON worth.period_start = spine.period_start
    AND worth.solution_id = usage.solution_id
    AND worth.measure_id = usage.measure_id
WHERE
    usage.solution_id = $solution_id
    AND usage.measure_id = $measure_id
ORDER BY
    spine.period_start,
    spine.municipality_code
