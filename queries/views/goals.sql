/* view
doc = "The target that holds for an area at the end of a period: its own, else that of a network it is in, else the nation's. No row where there is none."
uses = []
*/
WITH scopes AS (
    SELECT DISTINCT
        areas.period_start,
        areas.area_code,
        concat('municipality:', areas.area_code) AS scope,
        1 AS distance
    FROM areas
    WHERE areas.area_code = areas.municipality_code
    UNION ALL
    SELECT
        areas.period_start,
        areas.area_code,
        concat('network:', areas_network.area_code) AS scope,
        2 AS distance
    FROM areas
    INNER JOIN areas_network
        ON areas_network.period_start = areas.period_start
        AND areas_network.municipality_code = areas.municipality_code
    WHERE areas.area_code = areas.municipality_code
    UNION ALL
    SELECT DISTINCT
        areas.period_start,
        areas.area_code,
        concat('network:', areas.area_code) AS scope,
        2 AS distance
    FROM areas
    UNION ALL
    SELECT DISTINCT
        areas.period_start,
        areas.area_code,
        'nation' AS scope,
        3 AS distance
    FROM areas
),
ranked AS (
    SELECT
        scopes.period_start,
        scopes.area_code,
        targets.scope,
        targets.value,
        targets.baseline_value,
        targets.path,
        targets.due,
        -- The part of the time to the due date that has elapsed, 0 to 1.
        greatest(0.0, least(1.0, coalesce(
            CAST(CAST(periods.period_end AS INT) - CAST(targets.baseline_period AS INT) AS DOUBLE)
            / NULLIF(CAST(targets.due AS INT) - CAST(targets.baseline_period AS INT), 0),
            1.0
        ))) AS elapsed,
        CAST(CAST(targets.due AS INT) - CAST(periods.period_end AS INT) AS DOUBLE) / 30.4375 AS months_left,
        row_number() OVER (
            PARTITION BY
                scopes.period_start,
                scopes.area_code
            ORDER BY
                scopes.distance,
                CASE WHEN targets.due < periods.period_end THEN 1 ELSE 0 END,
                abs(CAST(targets.due AS INT) - CAST(periods.period_end AS INT)),
                targets.value DESC,
                targets.scope
        ) AS place
    FROM scopes
    INNER JOIN periods
        ON periods.period_start = scopes.period_start
    INNER JOIN targets
        ON targets.scope = scopes.scope
        AND targets.baseline_period < periods.period_end
    WHERE
        targets.solution_id = $solution_id
        AND targets.metric = $metric
)
SELECT
    ranked.period_start,
    ranked.area_code,
    ranked.scope,
    ranked.value AS target,
    ranked.baseline_value
    + (ranked.value - ranked.baseline_value)
    * CASE WHEN ranked.path = 's_curve' THEN ranked.elapsed * ranked.elapsed * (3 - 2 * ranked.elapsed) ELSE ranked.elapsed END
        AS on_path,
    ranked.due,
    ranked.months_left
FROM ranked
WHERE ranked.place = 1
