/* view
doc = "Whether each part of territory had a solution, in production or as a pilot, at the end of each delivery's period, expected or not."
uses = ["stage_spans"]
*/
WITH moments AS (
    SELECT
        expected_deliveries.solution_id,
        expected_deliveries.period_end
    FROM expected_deliveries
    UNION
    SELECT
        usage.solution_id,
        usage.period_end
    FROM usage
)
SELECT
    moments.period_end AS delivery_end,
    stage_spans.solution_id,
    stage_spans.part_id,
    CASE WHEN stage_spans.stage IN ('in_production', 'pilot') THEN 1 ELSE 0 END AS live
FROM stage_spans
INNER JOIN moments
    ON moments.solution_id = stage_spans.solution_id
    AND stage_spans.valid_from < moments.period_end
    AND (stage_spans.valid_to IS NULL OR stage_spans.valid_to >= moments.period_end)
