/* kpi
title = { nb = "Gevinstpotensial", nn = "Gevinstpotensial", en = "Benefit potential" }
answers = { nb = "Hva er det verdt å nå det nivået de beste tilsvarende kommunene har?", nn = "Kva er det verdt å nå det nivået dei beste tilsvarande kommunane har?", en = "What is it worth to reach the level of the best comparable municipalities?" }
version = 1
unit = "nok"
better = "neither"
owner = "secretariat"
granularity = "month"
window = 12
[caveats]
nb = ["Potensialet er gapet opp til øvre kvartil i KOSTRA-gruppen.", "Kroner og timer legges aldri sammen: frigjort tid er en gevinst først når den tas ut.", "Enhetsverdiene står med kilde i tabellen unit_values; en nedre grense er ikke et anslag."]
nn = ["Potensialet er gapet opp til øvre kvartil i KOSTRA-gruppa.", "Kroner og timar blir aldri lagde saman: frigjord tid er ein gevinst først når ho blir teken ut.", "Einingsverdiane står med kjelde i tabellen unit_values; ei nedre grense er ikkje eit anslag."]
en = ["The potential is the gap up to the upper quartile of the KOSTRA group.", "Kroner and hours are never added: freed time is a benefit only once it is taken out.", "Unit values stand with their source in the table unit_values; a lower bound is not an estimate."]
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
WITH grouped AS (
    SELECT
        areas_peer_group.period_start,
        areas_peer_group.municipality_code,
        max(areas_peer_group.area_code) AS group_code
    FROM areas_peer_group
    GROUP BY
        areas_peer_group.period_start,
        areas_peer_group.municipality_code
    HAVING count(*) = 1
),
cells AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        spine.comparable,
        usage.state,
        usage.silent,
        -- Where the solution is not yet live nothing is used, and all of the potential is left.
        CASE WHEN usage.state = 'not_applicable' AND usage.silent THEN 0 ELSE usage.value END AS uses,
        eligible.eligible,
        CASE WHEN usage.state = 'ok' THEN usage.marks ELSE 0 END | coalesce(eligible.marks, 0) AS marks
    FROM spine
    INNER JOIN usage_cells AS usage
        ON usage.period_start = spine.period_start
        AND usage.municipality_code = spine.municipality_code
    LEFT JOIN eligible_cells AS eligible
        ON eligible.period_start = spine.period_start
        AND eligible.municipality_code = spine.municipality_code
        AND eligible.solution_id = $solution_id
    WHERE
        usage.solution_id = $solution_id
        AND usage.measure_id = $measure_id
),
ranked AS (
    SELECT
        cells.period_start,
        areas_peer_group.area_code AS group_code,
        cells.uses,
        cells.eligible AS persons,
        row_number() OVER (
            PARTITION BY
                cells.period_start,
                areas_peer_group.area_code
            ORDER BY
                CAST(cells.uses AS DOUBLE) / cells.eligible,
                cells.municipality_code
        ) AS place,
        count(*) OVER (
            PARTITION BY
                cells.period_start,
                areas_peer_group.area_code
        ) AS municipalities
    FROM cells
    INNER JOIN areas_peer_group
        ON areas_peer_group.period_start = cells.period_start
        AND areas_peer_group.municipality_code = cells.municipality_code
    WHERE
        cells.state = 'ok'
        AND cells.comparable
        AND cells.eligible > 0
),
reference AS (
    SELECT
        ranked.period_start,
        ranked.group_code,
        ranked.uses,
        ranked.persons
    FROM ranked
    WHERE ranked.place = (3 * ranked.municipalities + 3) / 4
)
SELECT
    cells.period_start,
    cells.municipality_code,
    greatest(0, cells.eligible * reference.uses / reference.persons - cells.uses) * worth.ore_central AS numerator,
    CAST(NULL AS BIGINT) AS denominator,
    CASE
        WHEN NOT cells.comparable THEN 'not_valid'
        WHEN cells.state = 'suppressed' THEN 'suppressed'
        WHEN cells.state = 'missing' OR cells.eligible IS NULL OR reference.persons IS NULL THEN 'missing'
        WHEN (cells.state = 'not_applicable' AND NOT cells.silent) OR worth.ore_central IS NULL THEN 'not_applicable'
        ELSE 'ok'
    END AS state,
    cells.marks AS marks,
    greatest(0, cells.eligible * reference.uses / reference.persons - cells.uses) * worth.ore_low AS nok_low,
    greatest(0, cells.eligible * reference.uses / reference.persons - cells.uses) * worth.ore_high AS nok_high,
    greatest(0, cells.eligible * reference.uses / reference.persons - cells.uses) * worth.seconds_low AS hours_low,
    greatest(0, cells.eligible * reference.uses / reference.persons - cells.uses) * worth.seconds_central AS hours_central,
    greatest(0, cells.eligible * reference.uses / reference.persons - cells.uses) * worth.seconds_high AS hours_high
FROM cells
LEFT JOIN grouped
    ON grouped.period_start = cells.period_start
    AND grouped.municipality_code = cells.municipality_code
LEFT JOIN reference
    ON reference.period_start = grouped.period_start
    AND reference.group_code = grouped.group_code
LEFT JOIN unit_sums AS worth
    ON worth.period_start = cells.period_start
    AND worth.solution_id = $solution_id
    AND worth.measure_id = $measure_id
ORDER BY
    cells.period_start,
    cells.municipality_code
