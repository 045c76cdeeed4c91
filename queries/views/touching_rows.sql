/* view
doc = "The rows of usage that have days in a period. `counted`: the period may count it, since it lies inside, or since its measure is allocated by days and it is shorter than the period. From `part_start` up to but not including `part_end`, its days in the period."
uses = ["row_spans"]
*/
-- The first day of a row that has days in a period: any in it, and before it that of what reaches over all of it, which
-- has the end `over_end`. Those are found by their spans, which are few.
WITH begun AS (
    SELECT
        calendar.day,
        CAST(NULL AS DATE) AS over_end,
        calendar.period_start,
        calendar.period_end,
        calendar.to_date,
        calendar.policy_id
    FROM calendar
    UNION ALL
    SELECT
        row_spans.period_start AS day,
        row_spans.period_end AS over_end,
        periods.period_start,
        periods.period_end,
        periods.division_date AS to_date,
        periods.policy_id
    FROM periods
    INNER JOIN row_spans
        ON row_spans.period_start < periods.period_start
        AND row_spans.period_end > periods.period_end
),
touching AS (
    SELECT
        begun.period_start AS answer_start,
        begun.period_end AS answer_end,
        begun.to_date,
        begun.policy_id,
        usage.solution_id,
        usage.measure_id,
        usage.municipality_code,
        usage.division_date,
        usage.organisation_number,
        usage.period_start,
        usage.period_end,
        usage.value,
        usage.state,
        usage.provisional,
        usage.imputed,
        usage.perturbed,
        usage.synthetic
    FROM usage
    INNER JOIN begun
        ON begun.day = usage.period_start
        AND (begun.over_end IS NULL OR begun.over_end = usage.period_end)
    UNION ALL
    -- What began before the period and ends in it.
    SELECT
        calendar.period_start AS answer_start,
        calendar.period_end AS answer_end,
        calendar.to_date,
        calendar.policy_id,
        usage.solution_id,
        usage.measure_id,
        usage.municipality_code,
        usage.division_date,
        usage.organisation_number,
        usage.period_start,
        usage.period_end,
        usage.value,
        usage.state,
        usage.provisional,
        usage.imputed,
        usage.perturbed,
        usage.synthetic
    FROM usage
    INNER JOIN calendar
        ON calendar.day = CAST(usage.period_end - INTERVAL '1 day' AS DATE)
        AND usage.period_start < calendar.period_start
)
SELECT
    touching.answer_start AS period_start,
    touching.to_date,
    touching.policy_id,
    touching.solution_id,
    touching.measure_id,
    touching.municipality_code,
    touching.division_date,
    touching.organisation_number IS NOT NULL AS by_organisation,
    touching.period_start AS row_start,
    touching.period_end AS row_end,
    greatest(touching.period_start, touching.answer_start) AS part_start,
    least(touching.period_end, touching.answer_end) AS part_end,
    (touching.period_start >= touching.answer_start AND touching.period_end <= touching.answer_end)
    OR (
        (measures.allocation IS NOT DISTINCT FROM 'by_days')
        AND measures.rollup = 'sum'
        AND CAST(touching.period_end AS INT) - CAST(touching.period_start AS INT)
            < CAST(touching.answer_end AS INT) - CAST(touching.answer_start AS INT)
    ) AS counted,
    touching.value,
    touching.state,
    mark('provisional', touching.provisional)
    | mark('imputed', touching.imputed)
    | mark('perturbed', touching.perturbed)
    | mark('synthetic', touching.synthetic) AS marks,
    measures.rollup
FROM touching
INNER JOIN measures
    ON measures.solution_id = touching.solution_id
    AND measures.measure_id = touching.measure_id
