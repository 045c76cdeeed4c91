/* view
doc = "What has been delivered of deliveries begun before the end of each period, in the target division: rows came for every part of a municipality that owes them, under whatever code. Provisional (1) when any of it may still change."
uses = ["delivery_status", "followed"]
*/
WITH delivered AS (
    SELECT
        usage.solution_id,
        usage.measure_id,
        municipality_parts.part_id,
        usage.period_start,
        usage.period_end,
        max(CASE WHEN usage.provisional THEN 1 ELSE 0 END) AS provisional
    FROM usage
    INNER JOIN municipality_parts
        ON municipality_parts.municipality_code = usage.municipality_code
        AND municipality_parts.division_date = usage.division_date
    WHERE usage.state <> 'missing'
    GROUP BY
        usage.solution_id,
        usage.measure_id,
        municipality_parts.part_id,
        usage.period_start,
        usage.period_end
),
target_parts AS (
    SELECT DISTINCT
        municipality_parts.division_date,
        municipality_parts.municipality_code,
        municipality_parts.part_id
    FROM municipality_parts
    INNER JOIN periods
        ON periods.division_date = municipality_parts.division_date
),
-- Where no rollout is followed, every part owes.
owing AS (
    SELECT
        delivery_status.solution_id,
        delivery_status.delivery_end,
        delivery_status.part_id
    FROM delivery_status
    WHERE delivery_status.live = 1
    UNION
    SELECT
        delivered.solution_id,
        delivered.period_end AS delivery_end,
        target_parts.part_id
    FROM delivered
    CROSS JOIN target_parts
    LEFT JOIN followed
        ON followed.solution_id = delivered.solution_id
    WHERE followed.solution_id IS NULL
),
owed AS (
    SELECT
        target_parts.division_date,
        target_parts.municipality_code,
        owing.solution_id,
        owing.delivery_end,
        count(*) AS parts
    FROM target_parts
    INNER JOIN owing
        ON owing.part_id = target_parts.part_id
    GROUP BY
        target_parts.division_date,
        target_parts.municipality_code,
        owing.solution_id,
        owing.delivery_end
),
came AS (
    SELECT
        target_parts.division_date,
        target_parts.municipality_code,
        delivered.solution_id,
        delivered.measure_id,
        delivered.period_start,
        delivered.period_end,
        count(owing.part_id) AS parts,
        max(delivered.provisional) AS provisional
    FROM delivered
    INNER JOIN target_parts
        ON target_parts.part_id = delivered.part_id
    LEFT JOIN owing
        ON owing.solution_id = delivered.solution_id
        AND owing.delivery_end = delivered.period_end
        AND owing.part_id = delivered.part_id
    GROUP BY
        target_parts.division_date,
        target_parts.municipality_code,
        delivered.solution_id,
        delivered.measure_id,
        delivered.period_start,
        delivered.period_end
)
SELECT
    periods.period_start,
    came.municipality_code,
    came.solution_id,
    came.measure_id,
    came.period_start AS delivery_start,
    came.period_end AS delivery_end,
    came.provisional
FROM came
INNER JOIN periods
    ON periods.division_date = came.division_date
    AND came.period_start < periods.period_end
LEFT JOIN owed
    ON owed.division_date = came.division_date
    AND owed.municipality_code = came.municipality_code
    AND owed.solution_id = came.solution_id
    AND owed.delivery_end = came.period_end
WHERE came.parts >= coalesce(owed.parts, 0)
