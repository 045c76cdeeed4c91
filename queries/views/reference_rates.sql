/* view
doc = "What a municipality is measured up to: the use and the persons in the target group of the other municipality that is the median, the upper quartile or the best of the others, by the nearest rank. The others are those of its KOSTRA group with a number, and where they are fewer than three, those of the whole country (`wider`); where these are fewer too, there is no row."
uses = ["known_rates", "kostra_groups"]
*/
WITH group_sizes AS (
    SELECT
        known_rates.period_start,
        known_rates.group_code,
        known_rates.solution_id,
        known_rates.measure_id,
        max(known_rates.municipalities_in_group) AS municipalities
    FROM known_rates
    WHERE known_rates.group_code IS NOT NULL
    GROUP BY
        known_rates.period_start,
        known_rates.group_code,
        known_rates.solution_id,
        known_rates.measure_id
),
nation_sizes AS (
    SELECT
        known_rates.period_start,
        known_rates.solution_id,
        known_rates.measure_id,
        max(known_rates.municipalities_in_nation) AS municipalities
    FROM known_rates
    GROUP BY
        known_rates.period_start,
        known_rates.solution_id,
        known_rates.measure_id
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
    LEFT JOIN known_rates AS own
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
    known_rates.uses,
    known_rates.persons,
    known_rates.marks
FROM ranked
INNER JOIN known_rates
    ON known_rates.period_start = ranked.period_start
    AND known_rates.solution_id = ranked.solution_id
    AND known_rates.measure_id = ranked.measure_id
    AND known_rates.place_in_group = ranked.place
    AND known_rates.group_code = ranked.group_code
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
    known_rates.uses,
    known_rates.persons,
    known_rates.marks
FROM ranked
INNER JOIN known_rates
    ON known_rates.period_start = ranked.period_start
    AND known_rates.solution_id = ranked.solution_id
    AND known_rates.measure_id = ranked.measure_id
    AND known_rates.place_in_nation = ranked.place
WHERE ranked.wider
