/* kpi
title = { nb = "Sammenlignet med tilsvarende kommuner", nn = "Samanlikna med tilsvarande kommunar", en = "Compared with peers" }
answers = { nb = "Hvordan ligger kommunen an mot de andre i sin KOSTRA-gruppe?", nn = "Korleis ligg kommunen an mot dei andre i si KOSTRA-gruppe?", en = "How does the municipality do against the others of its KOSTRA group?" }
version = 5
unit = "per_1000"
better = "higher"
owner = "secretariat"
granularity = "month"
window = 1
[caveats]
nb = ["Plassen er et spenn: i små tall er rekkefølgen ofte tilfeldig. Spennet rommer bare tilfeldighet, ikke ulik måte å telle på.", "Kommuner som ikke har levert, er ikke med i sammenligningen. Har færre enn tre andre i KOSTRA-gruppen levert, sammenlignes det med hele landet."]
nn = ["Plassen er eit spenn: i små tal er rekkjefølgja ofte tilfeldig. Spennet rommar berre tilfelle, ikkje ulik måte å telje på.", "Kommunar som ikkje har levert, er ikkje med i samanlikninga. Har færre enn tre andre i KOSTRA-gruppa levert, blir det samanlikna med heile landet."]
en = ["The place is a range: with small numbers the order is often chance. The range holds chance only, not different ways of counting.", "Municipalities that have not delivered are not compared with. Where fewer than three others of the KOSTRA group have delivered, the whole country is compared with."]
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
doc = "The middle one of the others (nearest rank)."
unit = "per_1000"
[columns.p75_per_1000]
doc = "The one of the others three quarters up (nearest rank)."
unit = "per_1000"
[columns.rank_low]
doc = "The best place it may have: one after those surely ahead, whose interval lies wholly above its own."
unit = "places"
[columns.rank_high]
doc = "The worst: one after all that are not surely behind."
unit = "places"
[columns.peers]
doc = "The others compared with: those of the KOSTRA group with a number, or of the whole country where these are fewer than three. Where those are fewer too, nothing is compared."
unit = "municipalities"
[columns.wider_references]
doc = "1 where it is compared with the whole country, 0 where with its KOSTRA group."
unit = "municipalities"
[[changes]]
version = 5
date = "2026-11-29"
codes = ["same_land"]
[[changes]]
version = 4
date = "2026-11-29"
codes = ["zero_divides"]
[[changes]]
version = 3
date = "2026-11-29"
codes = ["marks_of_reference"]
[[changes]]
version = 2
date = "2026-11-28"
codes = ["three_others", "coverage_of_everybody", "whole_period", "part_of_period", "unplaceable_not_valid"]
*/
WITH cells AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        kostra_groups.group_code,
        usage.value AS uses,
        population.persons,
        cell_state(
            spine.comparable,
            usage.state,
            denominator_state(population.persons),
            state_if(usage.state = 'ok' AND usage.own_land <> population.own_land, 'not_valid'),
            state_if(has_mark(usage.marks, 'partial'), 'not_applicable/part_of_period')
        ) AS own_state,
        state_if(kostra_groups.group_code IS NULL, 'not_applicable/no_peer_group') AS group_state,
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
    LEFT JOIN kostra_groups
        ON kostra_groups.period_start = spine.period_start
        AND kostra_groups.municipality_code = spine.municipality_code
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
        cells.marks
    FROM cells
    WHERE cells.own_state = 'ok'
),
group_sizes AS (
    SELECT
        known.period_start,
        known.group_code,
        count(*) AS municipalities
    FROM known
    WHERE known.group_code IS NOT NULL
    GROUP BY
        known.period_start,
        known.group_code
),
-- Everybody in their group; and in the whole country, where a group has no three others.
scaled AS (
    SELECT
        known.period_start,
        known.municipality_code,
        known.group_code AS scale,
        group_sizes.municipalities > 3 AS compared,
        known.rate,
        known.low,
        known.high,
        known.marks
    FROM known
    INNER JOIN group_sizes
        ON group_sizes.period_start = known.period_start
        AND group_sizes.group_code = known.group_code
    UNION ALL
    SELECT
        known.period_start,
        known.municipality_code,
        'nation' AS scale,
        group_sizes.municipalities <= 3 AS compared,
        known.rate,
        known.low,
        known.high,
        known.marks
    FROM known
    LEFT JOIN group_sizes
        ON group_sizes.period_start = known.period_start
        AND group_sizes.group_code = known.group_code
),
placed AS (
    SELECT
        scaled.period_start,
        scaled.municipality_code,
        scaled.scale,
        scaled.compared,
        scaled.rate,
        scaled.low,
        scaled.high,
        scaled.marks,
        row_number() OVER (
            PARTITION BY
                scaled.period_start,
                scaled.scale
            ORDER BY
                scaled.rate,
                scaled.municipality_code
        ) AS place,
        count(*) OVER (
            PARTITION BY
                scaled.period_start,
                scaled.scale
        ) - 1 AS others
    FROM scaled
),
compared AS (
    SELECT
        mine.period_start,
        mine.municipality_code,
        -- Its own place is passed over.
        max(
            CASE
                WHEN peer.place
                    = (mine.others + 1) / 2 + CASE WHEN mine.place <= (mine.others + 1) / 2 THEN 1 ELSE 0 END
                    THEN peer.rate
            END
        ) AS median,
        max(
            CASE
                WHEN peer.place
                    = (3 * mine.others + 3) / 4 + CASE WHEN mine.place <= (3 * mine.others + 3) / 4 THEN 1 ELSE 0 END
                    THEN peer.rate
            END
        ) AS p75,
        1 + count(CASE WHEN peer.low > mine.high THEN 1 END) AS rank_low,
        count(CASE WHEN peer.high >= mine.low THEN 1 END) AS rank_high,
        bit_or(
            CASE
                WHEN
                    peer.place
                    = (mine.others + 1) / 2 + CASE WHEN mine.place <= (mine.others + 1) / 2 THEN 1 ELSE 0 END
                    OR peer.place
                    = (3 * mine.others + 3) / 4 + CASE WHEN mine.place <= (3 * mine.others + 3) / 4 THEN 1 ELSE 0 END
                    THEN peer.marks
                ELSE 0
            END
        ) AS marks,
        max(mine.others) AS others,
        max(CASE WHEN mine.scale = 'nation' THEN 1 ELSE 0 END) AS wider
    FROM placed AS mine
    INNER JOIN placed AS peer
        ON peer.period_start = mine.period_start
        AND peer.scale = mine.scale
    WHERE
        mine.compared
        AND mine.others >= 3
    GROUP BY
        mine.period_start,
        mine.municipality_code
)
SELECT
    cells.period_start,
    cells.municipality_code,
    cells.uses AS numerator,
    cells.persons AS denominator,
    cell_state(cells.own_state, cells.group_state) AS state,
    cells.marks | coalesce(compared.marks, 0) AS marks,
    compared.median AS median_per_1000,
    compared.p75 AS p75_per_1000,
    compared.rank_low AS rank_low,
    compared.rank_high AS rank_high,
    compared.others AS peers,
    compared.wider AS wider_references
FROM cells
LEFT JOIN compared
    ON compared.period_start = cells.period_start
    AND compared.municipality_code = cells.municipality_code
ORDER BY
    cells.period_start,
    cells.municipality_code
