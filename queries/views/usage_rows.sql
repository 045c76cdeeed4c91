/* view
doc = "The rows of usage inside each period."
uses = []
*/
SELECT
    calendar.period_start,
    calendar.to_date,
    calendar.policy_id,
    usage.solution_id,
    usage.measure_id,
    usage.municipality_code,
    usage.division_date,
    usage.period_start AS row_start,
    usage.period_end,
    usage.value,
    usage.state,
    mark('provisional', usage.provisional)
    | mark('imputed', usage.imputed)
    | mark('perturbed', usage.perturbed)
    | mark('synthetic', usage.synthetic) AS marks,
    measures.rollup
FROM usage
INNER JOIN calendar
    ON calendar.day = usage.period_start
    AND usage.period_end <= calendar.period_end
INNER JOIN measures
    ON measures.solution_id = usage.solution_id
    AND measures.measure_id = usage.measure_id
