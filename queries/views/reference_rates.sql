/* view
doc = "The use per person in the target group that a KOSTRA group's median, p75 and best municipality have: the one of that rank, with its own uses and persons."
uses = ["eligible_cells", "spine", "usage_cells"]
*/
WITH ranked AS (
    SELECT
        spine.period_start,
        areas_peer_group.area_code AS group_code,
        usage.solution_id,
        usage.measure_id,
        usage.value AS uses,
        eligible.eligible AS persons,
        row_number() OVER (
            PARTITION BY
                spine.period_start,
                areas_peer_group.area_code,
                usage.solution_id,
                usage.measure_id
            ORDER BY
                CAST(usage.value AS DOUBLE) / eligible.eligible,
                spine.municipality_code
        ) AS place,
        count(*) OVER (
            PARTITION BY
                spine.period_start,
                areas_peer_group.area_code,
                usage.solution_id,
                usage.measure_id
        ) AS municipalities
    FROM spine
    INNER JOIN usage_cells AS usage
        ON usage.period_start = spine.period_start
        AND usage.municipality_code = spine.municipality_code
    INNER JOIN eligible_cells AS eligible
        ON eligible.period_start = spine.period_start
        AND eligible.municipality_code = spine.municipality_code
        AND eligible.solution_id = usage.solution_id
    INNER JOIN areas_peer_group
        ON areas_peer_group.period_start = spine.period_start
        AND areas_peer_group.municipality_code = spine.municipality_code
    WHERE
        spine.comparable
        AND usage.state = 'ok'
        AND eligible.eligible > 0
),
-- The smallest rank with at least this many of four quarters at or below it.
rules AS (
    SELECT column1 AS reference, column2 AS quarters
    FROM (VALUES ('median', 2), ('p75', 3), ('best', 4))
)
SELECT
    ranked.period_start,
    ranked.group_code,
    ranked.solution_id,
    ranked.measure_id,
    rules.reference,
    ranked.uses,
    ranked.persons
FROM ranked
INNER JOIN rules
    ON ranked.place = (rules.quarters * ranked.municipalities + 3) / 4
