/* view
doc = "The stage of each part of territory at the end of a period, by the latest event about it."
uses = []
*/
-- The latest event of each code, as the source names it.
WITH latest_events AS (
    SELECT
        periods.period_start,
        rollout_events.solution_id,
        rollout_events.municipality_code,
        rollout_events.division_date,
        rollout_events.stage,
        rollout_events.valid_from,
        rollout_events.synthetic,
        row_number() OVER (
            PARTITION BY
                periods.period_start,
                rollout_events.solution_id,
                rollout_events.municipality_code,
                rollout_events.division_date
            ORDER BY
                rollout_events.valid_from DESC,
                rollout_events.known_at DESC
        ) AS place
    FROM rollout_events
    INNER JOIN periods
        ON rollout_events.valid_from < periods.period_end
        AND (rollout_events.valid_to IS NULL OR rollout_events.valid_to >= periods.period_end)
),
-- An event in the newest division takes precedence over those in older ones: an old code taken off a list after a
-- merger is no withdrawal of the new municipality. Nor is a code taken off before its municipality existed.
ranked AS (
    SELECT
        latest_events.period_start,
        latest_events.solution_id,
        municipality_parts.part_id,
        latest_events.stage,
        latest_events.valid_from,
        latest_events.synthetic,
        row_number() OVER (
            PARTITION BY
                latest_events.period_start,
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
    ranked.period_start,
    ranked.solution_id,
    ranked.part_id,
    ranked.stage,
    ranked.valid_from AS since,
    CASE WHEN ranked.stage IN ('in_production', 'pilot') THEN 1 ELSE 0 END AS live,
    mark('synthetic', ranked.synthetic) AS marks
FROM ranked
WHERE ranked.place = 1
