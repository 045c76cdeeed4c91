/* view
doc = "An area as a KPI about its target shows it: what is measured, how much of the area that is, and the goal. Where there is no goal there is nothing to tell."
uses = ["goals", "metric_areas"]
*/
SELECT
    metric_areas.period_start,
    metric_areas.area_code,
    CASE WHEN goals.target IS NOT NULL THEN CAST(metric_areas.numerator AS DOUBLE) / metric_areas.denominator END AS value,
    CASE WHEN goals.target IS NOT NULL THEN metric_areas.numerator END AS numerator,
    CASE WHEN goals.target IS NOT NULL THEN metric_areas.denominator END AS denominator,
    CASE
        WHEN goals.target IS NULL THEN 'not_applicable'
        WHEN metric_areas.reported > 0 THEN 'ok'
        WHEN metric_areas.suppressed > 0 THEN 'suppressed'
        WHEN metric_areas.expected > 0 THEN 'missing'
        WHEN metric_areas.not_valid > 0 THEN 'not_valid'
        ELSE 'not_applicable'
    END AS state,
    CASE WHEN goals.target IS NOT NULL THEN CAST(coalesce(metric_areas.covered, 0) AS DOUBLE) / NULLIF(metric_areas.persons, 0) END
        AS coverage,
    CASE
        WHEN goals.target IS NULL THEN 0
        WHEN metric_areas.reported > 0 AND (metric_areas.reported < metric_areas.expected OR metric_areas.not_valid > 0)
            THEN metric_areas.marks | 16
        ELSE metric_areas.marks
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
