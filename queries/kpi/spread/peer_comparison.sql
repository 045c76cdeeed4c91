/* kpi
title = { nb = "Sammenlignet med tilsvarende kommuner", nn = "Samanlikna med tilsvarande kommunar", en = "Compared with peers" }
answers = { nb = "Hvordan ligger kommunen an mot de andre i sin KOSTRA-gruppe?", nn = "Korleis ligg kommunen an mot dei andre i si KOSTRA-gruppe?", en = "How does the municipality do against the others of its KOSTRA group?" }
version = 2
unit = "per_1000"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 1
[caveats]
nb = ["Plassen er et spenn: i små tall er rekkefølgen ofte tilfeldig. Spennet rommer bare tilfeldighet, ikke ulik måte å telle på.", "Kommuner som ikke har levert, er ikke med i sammenligningen."]
nn = ["Plassen er eit spenn: i små tal er rekkjefølgja ofte tilfeldig. Spennet rommar berre tilfelle, ikkje ulik måte å telje på.", "Kommunar som ikkje har levert, er ikkje med i samanlikninga."]
en = ["The place is a range: with small numbers the order is often chance. The range holds chance only, not different ways of counting.", "Municipalities that have not delivered are not compared with."]
[rollup]
kind = "none"
[params.solution_id]
type = "solution"
doc = "The shared solution."
[params.measure_id]
type = "measure"
doc = "What is counted."
main = "flow"
[columns.median_per_1000]
doc = "The middle municipality of the group (nearest rank)."
unit = "per_1000"
[columns.p75_per_1000]
doc = "The one three quarters up."
unit = "per_1000"
[columns.rank_low]
doc = "The best place it may have: one after those surely ahead, whose interval lies wholly above its own."
unit = "places"
[columns.rank_high]
doc = "The worst: one after all that are not surely behind."
unit = "places"
[columns.peers]
doc = "Municipalities of the group with a number, itself among them."
unit = "municipalities"
[[changes]]
version = 2
date = "2026-11-28"
codes = ["coverage_of_everybody", "whole_period", "unplaceable_not_valid"]
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
        grouped.group_code,
        usage.value AS uses,
        population.persons,
        cell_state(
            spine.comparable,
            usage.state,
            denominator_state(population.persons),
            state_if(grouped.group_code IS NULL, 'not_applicable/no_peer_group')
        ) AS state,
        usage.marks | coalesce(population.marks, 0) AS marks
    FROM spine
    INNER JOIN usage_cells AS usage
        ON usage.period_start = spine.period_start
        AND usage.municipality_code = spine.municipality_code
        AND usage.solution_id = $solution_id
        AND usage.measure_id = $measure_id
    LEFT JOIN population_cells AS population
        ON population.period_start = spine.period_start
        AND population.municipality_code = spine.municipality_code
    LEFT JOIN grouped
        ON grouped.period_start = spine.period_start
        AND grouped.municipality_code = spine.municipality_code
),
known AS (
    SELECT
        cells.period_start,
        cells.municipality_code,
        cells.group_code,
        1000.0 * CAST(cells.uses AS DOUBLE) / cells.persons AS rate,
        -- The root of a count that happens by chance varies by a half wherever it lies: 1.96 halves to each side.
        power(greatest(0.0, sqrt(CAST(cells.uses AS DOUBLE)) - 0.98), 2) / cells.persons AS low,
        power(sqrt(CAST(cells.uses AS DOUBLE)) + 0.98, 2) / cells.persons AS high,
        row_number() OVER (
            PARTITION BY
                cells.period_start,
                cells.group_code
            ORDER BY
                CAST(cells.uses AS DOUBLE) / cells.persons,
                cells.municipality_code
        ) AS place,
        count(*) OVER (
            PARTITION BY
                cells.period_start,
                cells.group_code
        ) AS places
    FROM cells
    WHERE cells.state = 'ok'
),
compared AS (
    SELECT
        mine.period_start,
        mine.municipality_code,
        max(CASE WHEN peer.place = (peer.places + 1) / 2 THEN peer.rate END) AS median,
        max(CASE WHEN peer.place = (3 * peer.places + 3) / 4 THEN peer.rate END) AS p75,
        1 + count(CASE WHEN peer.low > mine.high THEN 1 END) AS rank_low,
        count(CASE WHEN peer.high >= mine.low THEN 1 END) AS rank_high,
        count(*) AS peers
    FROM known AS mine
    INNER JOIN known AS peer
        ON peer.period_start = mine.period_start
        AND peer.group_code = mine.group_code
    GROUP BY
        mine.period_start,
        mine.municipality_code
)
SELECT
    cells.period_start,
    cells.municipality_code,
    cells.uses AS numerator,
    cells.persons AS denominator,
    cells.state AS state,
    cells.marks AS marks,
    compared.median AS median_per_1000,
    compared.p75 AS p75_per_1000,
    compared.rank_low AS rank_low,
    compared.rank_high AS rank_high,
    compared.peers AS peers
FROM cells
LEFT JOIN compared
    ON compared.period_start = cells.period_start
    AND compared.municipality_code = cells.municipality_code
ORDER BY
    cells.period_start,
    cells.municipality_code
