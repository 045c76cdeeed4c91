/* view
doc = "What one unit of use is worth in a period: øre and seconds, low, central and high. Of several values for the same benefit and unit one is taken: the newest, then the best founded, then the first source by name; `others` counts those that were not."
uses = []
*/
WITH ranked AS (
    SELECT
        periods.period_start,
        unit_values.solution_id,
        unit_values.measure_id,
        unit_values.benefit_kind,
        unit_values.low,
        unit_values.central,
        unit_values.high,
        -- Two sources about one thing are a choice, not a sum.
        row_number() OVER (
            PARTITION BY
                periods.period_start,
                unit_values.solution_id,
                unit_values.measure_id,
                unit_values.benefit_kind,
                unit_values.unit
            ORDER BY
                unit_values.valid_from DESC,
                CASE unit_values.quality
                    WHEN 'published' THEN 1
                    WHEN 'published_lower_bound' THEN 2
                    WHEN 'assumption' THEN 3
                    ELSE 4
                END,
                unit_values.source,
                unit_values.central,
                unit_values.low,
                unit_values.high
        ) AS place
    FROM periods
    INNER JOIN unit_values
        ON unit_values.valid_from <= periods.period_start
        AND (unit_values.valid_to IS NULL OR unit_values.valid_to > periods.period_start)
)
SELECT
    ranked.period_start,
    ranked.solution_id,
    ranked.measure_id,
    sum(CASE WHEN ranked.place = 1 AND ranked.benefit_kind = 'avoided_cost' THEN ranked.low ELSE 0 END) AS ore_low,
    sum(CASE WHEN ranked.place = 1 AND ranked.benefit_kind = 'avoided_cost' THEN ranked.central ELSE 0 END) AS ore_central,
    sum(CASE WHEN ranked.place = 1 AND ranked.benefit_kind = 'avoided_cost' THEN ranked.high ELSE 0 END) AS ore_high,
    sum(CASE WHEN ranked.place = 1 AND ranked.benefit_kind = 'saved_time' THEN ranked.low ELSE 0 END) AS seconds_low,
    sum(CASE WHEN ranked.place = 1 AND ranked.benefit_kind = 'saved_time' THEN ranked.central ELSE 0 END) AS seconds_central,
    sum(CASE WHEN ranked.place = 1 AND ranked.benefit_kind = 'saved_time' THEN ranked.high ELSE 0 END) AS seconds_high,
    count(CASE WHEN ranked.place > 1 THEN 1 END) AS others
FROM ranked
GROUP BY
    ranked.period_start,
    ranked.solution_id,
    ranked.measure_id
