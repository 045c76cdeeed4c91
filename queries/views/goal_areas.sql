/* view
doc = "An area as a KPI about its target shows it: what is measured, how much of the area that is, and the target. Without a target the area is not_applicable."
uses = ["area_inhabitants", "goals", "metric_areas"]
*/
SELECT
    metric_areas.period_start,
    metric_areas.area_code,
    CASE WHEN goals.target IS NOT NULL THEN CAST(metric_areas.numerator AS DOUBLE) / metric_areas.denominator END AS value,
    CASE WHEN goals.target IS NOT NULL THEN metric_areas.numerator END AS numerator,
    CASE WHEN goals.target IS NOT NULL THEN metric_areas.denominator END AS denominator,
    CASE
        WHEN goals.target IS NULL THEN 'not_applicable/no_target'
        ELSE area_state(
            metric_areas.reported,
            metric_areas.expected,
            metric_areas.suppressed,
            metric_areas.not_valid,
            metric_areas.states
        )
    END AS state,
    CASE WHEN goals.target IS NOT NULL THEN CAST(coalesce(metric_areas.covered, 0) AS DOUBLE) / NULLIF(area_inhabitants.persons, 0) END
        AS coverage,
    CASE
        WHEN goals.target IS NOT NULL
            THEN CAST(coalesce(metric_areas.covered, 0) AS DOUBLE) / NULLIF(metric_areas.persons_expected, 0)
    END AS coverage_of_expected,
    CASE
        WHEN goals.target IS NULL THEN 0
        ELSE area_marks(metric_areas.marks, metric_areas.reported, metric_areas.expected, metric_areas.not_valid)
    END AS marks,
    CASE WHEN goals.target IS NULL THEN 0 ELSE metric_areas.reported END AS municipalities_reported,
    CASE WHEN goals.target IS NULL THEN 0 ELSE metric_areas.expected END AS municipalities_expected,
    goals.target,
    goals.scope,
    goals.on_path,
    goals.due,
    goals.months_left
FROM metric_areas
LEFT JOIN goals
    ON goals.period_start = metric_areas.period_start
    AND goals.area_code = metric_areas.area_code
LEFT JOIN area_inhabitants
    ON area_inhabitants.period_start = metric_areas.period_start
    AND area_inhabitants.area_code = metric_areas.area_code
