/* view
doc = "The first day any part of a municipality of the wanted division was in production, by all that is told, also of days after the period."
uses = []
*/
-- What was said again of the same day corrects what was said before.
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
    periods.period_start,
    territory.municipality_code,
    told.solution_id,
    min(told.valid_from) AS first_day,
    bit_or(CASE WHEN told.synthetic THEN 8 ELSE 0 END) AS marks
FROM told
CROSS JOIN periods
INNER JOIN municipality_parts
    ON municipality_parts.municipality_code = told.municipality_code
    AND municipality_parts.division_date = told.division_date
INNER JOIN municipality_parts AS territory
    ON territory.part_id = municipality_parts.part_id
    AND territory.division_date = periods.division_date
WHERE
    told.place = 1
    AND told.stage = 'in_production'
GROUP BY
    periods.period_start,
    territory.municipality_code,
    told.solution_id
