/* kpi
title = { nb = "Vekst siste år", nn = "Vekst siste år", en = "Growth over a year" }
answers = { nb = "Hvor mye har bruken vokst siden samme periode i fjor?", nn = "Kor mykje har bruken vakse sidan same periode i fjor?", en = "How much has use grown since the same period last year?" }
version = 1
unit = "growth"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 12
lookback = "year"
[caveats]
nb = ["0,1 er 10 % vekst. Bare kommuner med tall både nå og for ett år siden regnes med; det er disse som er rapportert.", "Kommuner som nettopp har fått løsningen, gir ingen vekst her: se ny bruk."]
nn = ["0,1 er 10 % vekst. Berre kommunar med tal både no og for eitt år sidan er rekna med; det er desse som er rapporterte.", "Kommunar som nettopp har fått løysinga, gir ingen vekst her: sjå ny bruk."]
en = ["0.1 is growth of 10 %. Only municipalities with a number both now and a year ago count; those are the ones reported.", "Municipalities that have just got the solution add no growth here: see what is new."]
[rollup]
kind = "area"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What is counted."
default = "uses"
[columns.unmatched_growth]
doc = "Growth from all that reported a year ago to all that report now, whoever they are."
unit = "growth"
[columns.new_municipalities]
doc = "Municipalities with use now that had none a year ago."
unit = "municipalities"
[columns.share_from_new]
doc = "Part of the increase that came from those municipalities; what others lost is not subtracted."
unit = "share"
*/
WITH cells AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        CASE WHEN spine.comparable AND usage.state = 'ok' THEN usage.value END AS uses,
        CASE WHEN spine_year_ago.comparable AND usage_year_ago.state = 'ok' THEN usage_year_ago.value END AS uses_before,
        -- Known to have had no use: reported so, or did not have the solution.
        spine_year_ago.comparable
        AND (usage_year_ago.state = 'not_applicable' OR (usage_year_ago.state = 'ok' AND usage_year_ago.value = 0)) AS none_before,
        cell_state(spine.comparable, spine_year_ago.comparable, usage.state, usage_year_ago.state) AS state,
        usage.marks | usage_year_ago.marks AS marks
    FROM spine
    INNER JOIN periods
        ON periods.period_start = spine.period_start
    INNER JOIN spine_year_ago
        ON spine_year_ago.period_start = periods.year_ago
        AND spine_year_ago.municipality_code = spine.municipality_code
    INNER JOIN usage_cells AS usage
        ON usage.period_start = spine.period_start
        AND usage.municipality_code = spine.municipality_code
        AND usage.solution_id = $solution_id
        AND usage.measure_id = $measure_id
    INNER JOIN usage_cells_year_ago AS usage_year_ago
        ON usage_year_ago.period_start = periods.year_ago
        AND usage_year_ago.municipality_code = spine.municipality_code
        AND usage_year_ago.solution_id = usage.solution_id
        AND usage_year_ago.measure_id = usage.measure_id
),
added AS (
    SELECT
        cells.period_start,
        areas.area_code,
        sum(CASE WHEN cells.state = 'ok' THEN cells.uses END) AS uses,
        sum(CASE WHEN cells.state = 'ok' THEN cells.uses_before END) AS uses_before,
        sum(cells.uses) AS all_uses,
        sum(cells.uses_before) AS all_uses_before,
        sum(CASE WHEN cells.none_before AND cells.uses > 0 THEN cells.uses ELSE 0 END) AS new_uses,
        count(CASE WHEN cells.none_before AND cells.uses > 0 THEN 1 END) AS new_municipalities,
        sum(CASE WHEN cells.none_before THEN cells.uses ELSE greatest(0, cells.uses - cells.uses_before) END) AS increase,
        bit_or(CASE WHEN cells.state = 'ok' THEN cells.marks ELSE 0 END) AS marks,
        count(CASE WHEN cells.state = 'ok' THEN 1 END) AS reported,
        count(CASE WHEN is_expected(cells.state) THEN 1 END) AS expected,
        count(CASE WHEN cells.state = 'suppressed' THEN 1 END) AS suppressed,
        count(CASE WHEN cells.state = 'not_valid' THEN 1 END) AS not_valid,
        sum(CASE WHEN cells.state = 'ok' THEN population.persons END) AS covered,
        sum(CASE WHEN is_expected(cells.state) THEN population.persons END) AS persons
    FROM cells
    INNER JOIN areas
        ON areas.period_start = cells.period_start
        AND areas.municipality_code = cells.municipality_code
    LEFT JOIN population_cells AS population
        ON population.period_start = cells.period_start
        AND population.municipality_code = cells.municipality_code
    GROUP BY
        cells.period_start,
        areas.area_code
)
SELECT
    added.period_start,
    added.area_code,
    CAST(added.uses AS DOUBLE) / NULLIF(added.uses_before, 0) - 1 AS value,
    CASE WHEN added.uses_before > 0 THEN added.uses END AS numerator,
    NULLIF(added.uses_before, 0) AS denominator,
    CASE
        -- From nothing there is no growth in per cent.
        WHEN added.uses_before = 0 THEN 'not_applicable'
        ELSE area_state(added.reported, added.expected, added.suppressed, added.not_valid)
    END AS state,
    CAST(coalesce(added.covered, 0) AS DOUBLE) / NULLIF(added.persons, 0) AS coverage,
    area_marks(added.marks, added.reported, added.expected, added.not_valid) AS marks,
    added.reported AS municipalities_reported,
    added.expected AS municipalities_expected,
    CASE WHEN added.uses_before > 0 THEN CAST(added.all_uses AS DOUBLE) / added.all_uses_before - 1 END AS unmatched_growth,
    CASE WHEN added.uses_before > 0 THEN added.new_municipalities END AS new_municipalities,
    CASE WHEN added.uses_before > 0 THEN CAST(added.new_uses AS DOUBLE) / NULLIF(added.increase, 0) END AS share_from_new
FROM added
ORDER BY
    added.period_start,
    added.area_code
