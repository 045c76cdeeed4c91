/* view
doc = "The rows of usage that begin or end in a period. `counted`: the period may count it, since it lies inside, or since its measure is allocated by days and it is shorter than the period. From `part_start` up to but not including `part_end`, its days in the period."
uses = []
*/
WITH touching AS (
    SELECT
        calendar.period_start AS answer_start,
        calendar.period_end AS answer_end,
        calendar.to_date,
        calendar.policy_id,
        usage.solution_id,
        usage.measure_id,
        usage.municipality_code,
        usage.division_date,
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
        ON calendar.day = usage.period_start
    UNION ALL
    -- What began before the period.
    SELECT
        calendar.period_start AS answer_start,
        calendar.period_end AS answer_end,
        calendar.to_date,
        calendar.policy_id,
        usage.solution_id,
        usage.measure_id,
        usage.municipality_code,
        usage.division_date,
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
    touching.period_start AS row_start,
    touching.period_end AS row_end,
    greatest(touching.period_start, touching.answer_start) AS part_start,
    least(touching.period_end, touching.answer_end) AS part_end,
    (touching.period_start >= touching.answer_start AND touching.period_end <= touching.answer_end)
    OR (
        measures.allocation = 'by_days'
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
