/* view
doc = "Whether each part of territory had a solution in production at the end of each delivery's period, by the rules of part_status."
uses = []
*/
WITH moments AS (
    SELECT DISTINCT
        expected_deliveries.solution_id,
        expected_deliveries.period_end
    FROM expected_deliveries
),
latest_events AS (
    SELECT
        moments.period_end,
        rollout_events.solution_id,
        rollout_events.municipality_code,
        rollout_events.division_date,
        rollout_events.stage,
        rollout_events.valid_from,
        row_number() OVER (
            PARTITION BY
                moments.period_end,
                rollout_events.solution_id,
                rollout_events.municipality_code,
                rollout_events.division_date
            ORDER BY
                rollout_events.valid_from DESC,
                rollout_events.known_at DESC
        ) AS place
    FROM rollout_events
    INNER JOIN moments
        ON moments.solution_id = rollout_events.solution_id
        AND rollout_events.valid_from < moments.period_end
        AND (rollout_events.valid_to IS NULL OR rollout_events.valid_to >= moments.period_end)
),
ranked AS (
    SELECT
        latest_events.period_end,
        latest_events.solution_id,
        municipality_parts.part_id,
        latest_events.stage,
        row_number() OVER (
            PARTITION BY
                latest_events.period_end,
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
)
SELECT
    ranked.period_end AS delivery_end,
    ranked.solution_id,
    ranked.part_id,
    CASE WHEN ranked.stage IN ('in_production', 'pilot') THEN 1 ELSE 0 END AS live
FROM ranked
WHERE ranked.place = 1
