/* view
doc = "The first day any part of a municipality of the target division was in a stage, of the days up to the end of a period."
uses = ["stage_spans"]
*/
SELECT
    periods.period_start,
    territory.municipality_code,
    stage_spans.solution_id,
    stage_spans.stage,
    min(stage_spans.valid_from) AS first_day,
    bit_or(mark('synthetic', stage_spans.synthetic)) AS marks
FROM stage_spans
INNER JOIN periods
    ON stage_spans.valid_from < periods.period_end
INNER JOIN municipality_parts AS territory
    ON territory.part_id = stage_spans.part_id
    AND territory.division_date = periods.division_date
GROUP BY
    periods.period_start,
    territory.municipality_code,
    stage_spans.solution_id,
    stage_spans.stage
