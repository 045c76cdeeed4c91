/* view
doc = "The first day any part of a municipality of the target division was in production, by all events known, also those after the period."
uses = ["stage_spans"]
*/
SELECT
    periods.period_start,
    territory.municipality_code,
    stage_spans.solution_id,
    min(stage_spans.valid_from) AS first_day,
    bit_or(mark('synthetic', stage_spans.synthetic)) AS marks
FROM stage_spans
CROSS JOIN periods
INNER JOIN municipality_parts AS territory
    ON territory.part_id = stage_spans.part_id
    AND territory.division_date = periods.division_date
WHERE stage_spans.stage = 'in_production'
GROUP BY
    periods.period_start,
    territory.municipality_code,
    stage_spans.solution_id
