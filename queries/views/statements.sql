/* view
doc = "What sources say of the rollout: of a code, the stage it entered on a day. What was said again of the same day corrects what was said before."
uses = []
*/
WITH told AS (
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
    told.solution_id,
    told.municipality_code,
    told.division_date,
    told.stage,
    told.valid_from,
    told.synthetic
FROM told
WHERE told.place = 1
