/* view
doc = "What a municipality is measured up to: the use and the persons in the target group of the other municipality that is the median, the upper quartile or the best of the others, by the nearest rank. The others are those of its KOSTRA group with a number, and where they are fewer than three, those of the whole country (`wider`); where these are fewer too, there is no row."
uses = ["eligible_cells", "kostra_groups", "spine", "usage_cells"]
*/
WITH known AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        kostra_groups.group_code,
        usage.solution_id,
        usage.measure_id,
        usage.value AS uses,
        eligible.eligible AS persons
    FROM spine
    INNER JOIN usage_cells AS usage
        ON usage.period_start = spine.period_start
        AND usage.municipality_code = spine.municipality_code
    INNER JOIN eligible_cells AS eligible
        ON eligible.period_start = spine.period_start
        AND eligible.municipality_code = spine.municipality_code
        AND eligible.solution_id = usage.solution_id
    LEFT JOIN kostra_groups
        ON kostra_groups.period_start = spine.period_start
        AND kostra_groups.municipality_code = spine.municipality_code
    WHERE
        spine.comparable
        AND usage.state = 'ok'
        AND eligible.eligible > 0
),
placed AS (
    SELECT
        known.period_start,
        known.municipality_code,
        known.group_code,
        known.solution_id,
        known.measure_id,
        known.uses,
        known.persons,
        row_number() OVER (
            PARTITION BY
                known.period_start,
                known.solution_id,
                known.measure_id,
                known.group_code
            ORDER BY
                CAST(known.uses AS DOUBLE) / known.persons,
                known.municipality_code
        ) AS place_in_group,
        row_number() OVER (
            PARTITION BY
                known.period_start,
                known.solution_id,
                known.measure_id
            ORDER BY
                CAST(known.uses AS DOUBLE) / known.persons,
                known.municipality_code
        ) AS place_in_nation
    FROM known
),
group_sizes AS (
    SELECT
        known.period_start,
        known.group_code,
        known.solution_id,
        known.measure_id,
        count(*) AS municipalities
    FROM known
    WHERE known.group_code IS NOT NULL
    GROUP BY
        known.period_start,
        known.group_code,
        known.solution_id,
        known.measure_id
),
nation_sizes AS (
    SELECT
        known.period_start,
        known.solution_id,
        known.measure_id,
        count(*) AS municipalities
    FROM known
    GROUP BY
        known.period_start,
        known.solution_id,
        known.measure_id
),
-- How many others of each kind a municipality has, whether it has a number itself or not.
counted AS (
    SELECT
        kostra_groups.period_start,
        kostra_groups.municipality_code,
        kostra_groups.group_code,
        nation_sizes.solution_id,
        nation_sizes.measure_id,
        own.place_in_group,
        own.place_in_nation,
        coalesce(group_sizes.municipalities, 0)
        - CASE WHEN own.municipality_code IS NULL THEN 0 ELSE 1 END AS others_in_group,
        nation_sizes.municipalities - CASE WHEN own.municipality_code IS NULL THEN 0 ELSE 1 END AS others_in_nation
    FROM kostra_groups
    INNER JOIN nation_sizes
        ON nation_sizes.period_start = kostra_groups.period_start
    LEFT JOIN group_sizes
        ON group_sizes.period_start = kostra_groups.period_start
        AND group_sizes.group_code = kostra_groups.group_code
        AND group_sizes.solution_id = nation_sizes.solution_id
        AND group_sizes.measure_id = nation_sizes.measure_id
    LEFT JOIN placed AS own
        ON own.period_start = kostra_groups.period_start
        AND own.municipality_code = kostra_groups.municipality_code
        AND own.solution_id = nation_sizes.solution_id
        AND own.measure_id = nation_sizes.measure_id
),
chosen AS (
    SELECT
        counted.period_start,
        counted.municipality_code,
        counted.group_code,
        counted.solution_id,
        counted.measure_id,
        counted.others_in_group < 3 AS wider,
        CASE WHEN counted.others_in_group < 3 THEN counted.place_in_nation ELSE counted.place_in_group END AS own_place,
        CASE WHEN counted.others_in_group < 3 THEN counted.others_in_nation ELSE counted.others_in_group END AS others
    FROM counted
    WHERE
        counted.others_in_group >= 3
        OR counted.others_in_nation >= 3
),
-- The smallest rank among the others with at least this many of four quarters at or below it.
rules AS (
    SELECT column1 AS reference, column2 AS quarters
    FROM (VALUES ('median', 2), ('p75', 3), ('best', 4))
),
ranked AS (
    SELECT
        chosen.period_start,
        chosen.municipality_code,
        chosen.group_code,
        chosen.solution_id,
        chosen.measure_id,
        chosen.wider,
        chosen.others,
        rules.reference,
        -- Its own place is passed over.
        (rules.quarters * chosen.others + 3) / 4
        + CASE WHEN chosen.own_place <= (rules.quarters * chosen.others + 3) / 4 THEN 1 ELSE 0 END AS place
    FROM chosen
    CROSS JOIN rules
)
SELECT
    ranked.period_start,
    ranked.municipality_code,
    ranked.solution_id,
    ranked.measure_id,
    ranked.reference,
    ranked.wider,
    ranked.others,
    placed.uses,
    placed.persons
FROM ranked
INNER JOIN placed
    ON placed.period_start = ranked.period_start
    AND placed.solution_id = ranked.solution_id
    AND placed.measure_id = ranked.measure_id
    AND placed.place_in_group = ranked.place
    AND placed.group_code = ranked.group_code
WHERE NOT ranked.wider
UNION ALL
SELECT
    ranked.period_start,
    ranked.municipality_code,
    ranked.solution_id,
    ranked.measure_id,
    ranked.reference,
    ranked.wider,
    ranked.others,
    placed.uses,
    placed.persons
FROM ranked
INNER JOIN placed
    ON placed.period_start = ranked.period_start
    AND placed.solution_id = ranked.solution_id
    AND placed.measure_id = ranked.measure_id
    AND placed.place_in_nation = ranked.place
WHERE ranked.wider
