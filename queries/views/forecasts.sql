/* view
doc = "When each area that has a target reaches it, by bounded growth pooled over the areas of the answer: the outlook, or the code of why there is no forecast."
uses = ["goals", "metric_areas"]
table_function = "bounded_growth"
*/
SELECT
    metric_areas.period_start,
    periods.period_end,
    metric_areas.area_code,
    metric_areas.numerator,
    metric_areas.denominator,
    metric_areas.is_representative,
    goals.target,
    goals.due
FROM metric_areas
INNER JOIN periods
    ON periods.period_start = metric_areas.period_start
LEFT JOIN goals
    ON goals.period_start = metric_areas.period_start
    AND goals.area_code = metric_areas.area_code
