/* view
doc = "The parts of territory that had a solution in production at the end of a sub-period, or at the end of the day before the period (`sub_end` is its first day). Where no rollout is followed, every part is expected to report."
uses = []
*/
WITH moments AS (
    SELECT
        sub_periods.period_start,
        sub_periods.sub_end
    FROM sub_periods
    UNION
    SELECT
        periods.period_start,
        periods.period_start AS sub_end
    FROM periods
),
latest_events AS (
    SELECT
        moments.period_start,
        moments.sub_end,
        rollout_events.solution_id,
        rollout_events.municipality_code,
        rollout_events.division_date,
        rollout_events.stage,
        rollout_events.valid_from,
        row_number() OVER (
            PARTITION BY
                moments.period_start,
                moments.sub_end,
                rollout_events.solution_id,
                rollout_events.municipality_code,
                rollout_events.division_date
            ORDER BY
                rollout_events.valid_from DESC,
                rollout_events.known_at DESC
        ) AS place
    FROM rollout_events
    INNER JOIN moments
        ON rollout_events.valid_from < moments.sub_end
        AND (rollout_events.valid_to IS NULL OR rollout_events.valid_to >= moments.sub_end)
),
ranked AS (
    SELECT
        latest_events.period_start,
        latest_events.sub_end,
        latest_events.solution_id,
        municipality_parts.part_id,
        latest_events.stage,
        row_number() OVER (
            PARTITION BY
                latest_events.period_start,
                latest_events.sub_end,
                latest_events.solution_id,
                municipality_parts.part_id
            ORDER BY latest_events.division_date DESC
        ) AS place
    FROM latest_events
    INNER JOIN municipality_parts
        ON municipality_parts.municipality_code = latest_events.municipality_code
        AND municipality_parts.division_date = latest_events.division_date
    WHERE
        latest_events.place = 1
        AND NOT (latest_events.stage IN ('paused', 'withdrawn') AND latest_events.valid_from < latest_events.division_date)
),
followed AS (
    SELECT DISTINCT rollout_events.solution_id
    FROM rollout_events
)
SELECT
    ranked.period_start,
    ranked.sub_end,
    ranked.solution_id,
    ranked.part_id
FROM ranked
WHERE
    ranked.place = 1
    AND ranked.stage IN ('in_production', 'pilot')
UNION ALL
SELECT
    moments.period_start,
    moments.sub_end,
    solutions.solution_id,
    municipality_parts.part_id
FROM moments
INNER JOIN periods
    ON periods.period_start = moments.period_start
INNER JOIN municipality_parts
    ON municipality_parts.division_date = periods.division_date
CROSS JOIN solutions
LEFT JOIN followed
    ON followed.solution_id = solutions.solution_id
WHERE followed.solution_id IS NULL
