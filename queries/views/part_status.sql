/* view
doc = "The stage each part of territory stands in at the end of a period, by what was last said about it."
uses = []
*/
-- What was last said about each code, as the source names it.
WITH heard AS (
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
-- A statement in the newest division stands over those in older ones: an old code taken off a list after a
-- merger says nothing about the new municipality. Nor does a code taken off before its municipality was there.
ranked AS (
    SELECT
        heard.period_start,
        heard.solution_id,
        municipality_parts.part_id,
        heard.stage,
        heard.valid_from,
        heard.synthetic,
        row_number() OVER (
            PARTITION BY
                heard.period_start,
                heard.solution_id,
                municipality_parts.part_id
            ORDER BY heard.division_date DESC
        ) AS place
    FROM heard
    INNER JOIN municipality_parts
        ON municipality_parts.municipality_code = heard.municipality_code
        AND municipality_parts.division_date = heard.division_date
    WHERE
        heard.place = 1
        AND NOT (heard.stage IN ('paused', 'withdrawn') AND heard.valid_from < heard.division_date)
)
SELECT
    ranked.period_start,
    ranked.solution_id,
    ranked.part_id,
    ranked.stage,
    ranked.valid_from AS since,
    CASE WHEN ranked.stage IN ('in_production', 'pilot') THEN 1 ELSE 0 END AS live,
    CASE WHEN ranked.synthetic THEN 8 ELSE 0 END AS marks
FROM ranked
WHERE ranked.place = 1
