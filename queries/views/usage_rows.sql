/* view
doc = "The rows of usage inside each period, of each measure those its roll-up over time keeps."
uses = []
*/
WITH inside AS (
    SELECT
        calendar.period_start AS answer_start,
        calendar.native_date,
        calendar.to_date,
        calendar.policy_id,
        usage.solution_id,
        usage.measure_id,
        usage.municipality_code,
        usage.division_date,
        usage.period_end,
        usage.value,
        usage.state,
        mark('provisional', usage.provisional)
        | mark('imputed', usage.imputed)
        | mark('synthetic', usage.synthetic) AS marks,
        measures.rollup,
        max(usage.period_end) OVER (
            PARTITION BY
                calendar.period_start,
                usage.solution_id,
                usage.measure_id,
                usage.municipality_code,
                usage.division_date
        ) AS newest_end
    FROM usage
    INNER JOIN calendar
        ON calendar.day = usage.period_start
        AND usage.period_end <= calendar.period_end
    INNER JOIN measures
        ON measures.solution_id = usage.solution_id
        AND measures.measure_id = usage.measure_id
)
SELECT
    inside.answer_start AS period_start,
    inside.native_date,
    inside.to_date,
    inside.policy_id,
    inside.solution_id,
    inside.measure_id,
    inside.municipality_code,
    inside.division_date,
    inside.period_end,
    inside.value,
    inside.state,
    inside.marks,
    inside.rollup
FROM inside
WHERE
    inside.rollup IN ('sum', 'mean')
    OR inside.period_end = inside.newest_end
