/* view
doc = "Every row of usage at the day it begins on, and once more at its last day where that is another (`begins`: which of the two). So what lies in two periods is found from both."
uses = []
*/
SELECT
    usage.period_start AS day,
    TRUE AS begins,
    usage.solution_id,
    usage.measure_id,
    usage.municipality_code,
    usage.division_date,
    usage.period_start,
    usage.period_end,
    usage.value,
    usage.state,
    mark('provisional', usage.provisional)
    | mark('imputed', usage.imputed)
    | mark('perturbed', usage.perturbed)
    | mark('synthetic', usage.synthetic) AS marks
FROM usage
UNION ALL
SELECT
    CAST(usage.period_end - INTERVAL '1 day' AS DATE) AS day,
    FALSE AS begins,
    usage.solution_id,
    usage.measure_id,
    usage.municipality_code,
    usage.division_date,
    usage.period_start,
    usage.period_end,
    usage.value,
    usage.state,
    mark('provisional', usage.provisional)
    | mark('imputed', usage.imputed)
    | mark('perturbed', usage.perturbed)
    | mark('synthetic', usage.synthetic) AS marks
FROM usage
WHERE usage.period_end > usage.period_start + INTERVAL '1 day'
