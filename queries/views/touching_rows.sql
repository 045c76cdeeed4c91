/* view
doc = "The rows of usage that begin or end in a period. `counted`: the period may count it, since it lies inside, or since its measure is allocated by days and it is shorter than the period. From `part_start` up to but not including `part_end`, its days in the period."
uses = ["usage_ends"]
*/
SELECT
    calendar.period_start,
    calendar.to_date,
    calendar.policy_id,
    usage_ends.solution_id,
    usage_ends.measure_id,
    usage_ends.municipality_code,
    usage_ends.division_date,
    usage_ends.period_start AS row_start,
    usage_ends.period_end AS row_end,
    greatest(usage_ends.period_start, calendar.period_start) AS part_start,
    least(usage_ends.period_end, calendar.period_end) AS part_end,
    (usage_ends.period_start >= calendar.period_start AND usage_ends.period_end <= calendar.period_end)
    OR (
        measures.allocation = 'by_days'
        AND measures.rollup = 'sum'
        AND CAST(usage_ends.period_end AS INT) - CAST(usage_ends.period_start AS INT)
            < CAST(calendar.period_end AS INT) - CAST(calendar.period_start AS INT)
    ) AS counted,
    usage_ends.value,
    usage_ends.state,
    usage_ends.marks,
    measures.rollup
FROM usage_ends
INNER JOIN calendar
    ON calendar.day = usage_ends.day
    -- A row that begins in the period is found by its first day alone.
    AND (usage_ends.begins OR usage_ends.period_start < calendar.period_start)
INNER JOIN measures
    ON measures.solution_id = usage_ends.solution_id
    AND measures.measure_id = usage_ends.measure_id
