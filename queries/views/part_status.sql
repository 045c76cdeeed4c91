/* view
doc = "The stage each part of territory stands in at the end of a period, by the newest statement about it."
uses = []
*/
WITH heard AS (
    SELECT
        periods.period_start,
        rollout_events.solution_id,
        municipality_parts.part_id,
        rollout_events.stage,
        rollout_events.synthetic,
        -- A statement in the newest division stands over those in older ones: an old code taken off a list
        -- after a merger says nothing about the new municipality.
        row_number() OVER (
            PARTITION BY
                periods.period_start,
                rollout_events.solution_id,
                municipality_parts.part_id
            ORDER BY
                rollout_events.division_date DESC,
                rollout_events.valid_from DESC,
                rollout_events.known_at DESC
        ) AS place
    FROM rollout_events
    INNER JOIN municipality_parts
        ON municipality_parts.municipality_code = rollout_events.municipality_code
        AND municipality_parts.division_date = rollout_events.division_date
    INNER JOIN periods
        ON rollout_events.valid_from < periods.period_end
        AND (rollout_events.valid_to IS NULL OR rollout_events.valid_to >= periods.period_end)
)
SELECT
    heard.period_start,
    heard.solution_id,
    heard.part_id,
    CASE WHEN heard.stage IN ('in_production', 'pilot') THEN 1 ELSE 0 END AS live,
    CASE WHEN heard.synthetic THEN 8 ELSE 0 END AS marks
FROM heard
WHERE heard.place = 1
