/* view
doc = "The end of the newest delivery that a municipality of the target division has made of a solution until the end of each period: rows came for every part that owes it, under whatever code, expected or not. No row where nothing came."
uses = ["delivery_status", "followed"]
*/
WITH delivered AS (
    SELECT DISTINCT
        usage.solution_id,
        usage.measure_id,
        municipality_parts.part_id,
        usage.period_start,
        usage.period_end
    FROM usage
    INNER JOIN municipality_parts
        ON municipality_parts.municipality_code = usage.municipality_code
        AND municipality_parts.division_date = usage.division_date
    WHERE usage.state <> 'missing'
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
unfollowed AS (
    SELECT DISTINCT
        delivered.solution_id,
        delivered.period_end
    FROM delivered
    LEFT JOIN followed
        ON followed.solution_id = delivered.solution_id
    WHERE followed.solution_id IS NULL
),
parts AS (
    SELECT DISTINCT target_parts.part_id
    FROM target_parts
),
-- Where no rollout is followed, every part owes.
expected AS (
    SELECT
        delivery_status.solution_id,
        delivery_status.delivery_end,
        delivery_status.part_id
    FROM delivery_status
    WHERE delivery_status.live = 1
    UNION ALL
    SELECT
        unfollowed.solution_id,
        unfollowed.period_end AS delivery_end,
        parts.part_id
    FROM unfollowed
    CROSS JOIN parts
),
owed AS (
    SELECT
        target_parts.division_date,
        target_parts.municipality_code,
        expected.solution_id,
        expected.delivery_end,
        count(*) AS parts
    FROM target_parts
    INNER JOIN expected
        ON expected.part_id = target_parts.part_id
    GROUP BY
        target_parts.division_date,
        target_parts.municipality_code,
        expected.solution_id,
        expected.delivery_end
),
came AS (
    SELECT
        target_parts.division_date,
        target_parts.municipality_code,
        delivered.solution_id,
        delivered.measure_id,
        delivered.period_start,
        delivered.period_end,
        count(expected.part_id) AS parts
    FROM delivered
    INNER JOIN target_parts
        ON target_parts.part_id = delivered.part_id
    LEFT JOIN expected
        ON expected.solution_id = delivered.solution_id
        AND expected.delivery_end = delivered.period_end
        AND expected.part_id = delivered.part_id
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
    max(came.period_end) AS delivery_end
FROM came
INNER JOIN periods
    ON periods.division_date = came.division_date
    AND came.period_end <= periods.period_end
LEFT JOIN owed
    ON owed.division_date = came.division_date
    AND owed.municipality_code = came.municipality_code
    AND owed.solution_id = came.solution_id
    AND owed.delivery_end = came.period_end
WHERE came.parts >= coalesce(owed.parts, 0)
GROUP BY
    periods.period_start,
    came.municipality_code,
    came.solution_id
