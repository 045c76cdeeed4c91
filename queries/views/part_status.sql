/* view
doc = "The stage of each part of territory at the end of a period. `live`: it has the solution, in production or as a pilot, and owes numbers of its use; `produced`: in production."
uses = ["stage_spans"]
*/
SELECT
    periods.period_start,
    stage_spans.solution_id,
    stage_spans.part_id,
    stage_spans.stage,
    stage_spans.since,
    CASE WHEN stage_spans.stage IN ('in_production', 'pilot') THEN 1 ELSE 0 END AS live,
    CASE WHEN stage_spans.stage = 'in_production' THEN 1 ELSE 0 END AS produced,
    stage_spans.contradicted,
    mark('synthetic', stage_spans.synthetic) AS marks
FROM stage_spans
INNER JOIN periods
    ON stage_spans.valid_from < periods.period_end
    AND (stage_spans.valid_to IS NULL OR stage_spans.valid_to >= periods.period_end)
