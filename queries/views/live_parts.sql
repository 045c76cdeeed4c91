/* view
doc = "The parts of territory that had a solution, in production or as a pilot, at the end of a sub-period (`live_after`) or at the end of the day before it (`live_before`). Where no rollout is followed, every part is expected to report."
uses = ["followed", "stage_spans"]
*/
SELECT
    sub_periods.period_start,
    sub_periods.sub_start,
    sub_periods.sub_end,
    stage_spans.solution_id,
    stage_spans.part_id,
    max(CASE WHEN stage_spans.valid_from < sub_periods.sub_start THEN 1 ELSE 0 END) AS live_before,
    max(CASE WHEN stage_spans.valid_to < sub_periods.sub_end THEN 0 ELSE 1 END) AS live_after
FROM stage_spans
INNER JOIN sub_periods
    ON stage_spans.valid_from < sub_periods.sub_end
    AND (stage_spans.valid_to IS NULL OR stage_spans.valid_to >= sub_periods.sub_start)
WHERE stage_spans.stage IN ('in_production', 'pilot')
GROUP BY
    sub_periods.period_start,
    sub_periods.sub_start,
    sub_periods.sub_end,
    stage_spans.solution_id,
    stage_spans.part_id
UNION ALL
SELECT
    sub_periods.period_start,
    sub_periods.sub_start,
    sub_periods.sub_end,
    solutions.solution_id,
    municipality_parts.part_id,
    1 AS live_before,
    1 AS live_after
FROM sub_periods
INNER JOIN periods
    ON periods.period_start = sub_periods.period_start
INNER JOIN municipality_parts
    ON municipality_parts.division_date = periods.division_date
CROSS JOIN solutions
LEFT JOIN followed
    ON followed.solution_id = solutions.solution_id
WHERE followed.solution_id IS NULL
