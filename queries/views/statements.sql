/* view
doc = "The rollout events of sources: the stage a code entered on a day. A later event for the same code and day corrects the earlier one."
uses = []
*/
WITH ranked AS (
    SELECT
        rollout_events.solution_id,
        rollout_events.municipality_code,
        rollout_events.division_date,
        rollout_events.stage,
        rollout_events.valid_from,
        rollout_events.synthetic,
        row_number() OVER (
            PARTITION BY
                rollout_events.solution_id,
                rollout_events.municipality_code,
                rollout_events.division_date,
                rollout_events.valid_from
            ORDER BY rollout_events.known_at DESC
        ) AS place
    FROM rollout_events
)
SELECT
    ranked.solution_id,
    ranked.municipality_code,
    ranked.division_date,
    ranked.stage,
    ranked.valid_from,
    ranked.synthetic
FROM ranked
WHERE ranked.place = 1
