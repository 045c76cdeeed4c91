/* view
doc = "What one unit of use is worth from `valid_from` up to but not including `valid_to`: øre and seconds, low, central and high, NULL where no value of that kind holds. Of several values for the same benefit and unit one is taken: the newest, then the best founded, then the first source by name; `others` counts those that were not. The spans of a measure do not overlap."
uses = []
*/
WITH moments AS (
    SELECT
        unit_values.solution_id,
        unit_values.measure_id,
        unit_values.valid_from AS day
    FROM unit_values
    UNION
    SELECT
        unit_values.solution_id,
        unit_values.measure_id,
        unit_values.valid_to AS day
    FROM unit_values
    WHERE unit_values.valid_to IS NOT NULL
),
spans AS (
    SELECT
        moments.solution_id,
        moments.measure_id,
        moments.day,
        lead(moments.day, 1, DATE '9999-12-31') OVER (
            PARTITION BY
                moments.solution_id,
                moments.measure_id
            ORDER BY moments.day
        ) AS end_day
    FROM moments
),
ranked AS (
    SELECT
        spans.solution_id,
        spans.measure_id,
        spans.day,
        spans.end_day,
        unit_values.benefit_kind,
        unit_values.low,
        unit_values.central,
        unit_values.high,
        -- Two sources about one thing are a choice, not a sum.
        row_number() OVER (
            PARTITION BY
                spans.solution_id,
                spans.measure_id,
                spans.day,
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
    FROM spans
    INNER JOIN unit_values
        ON unit_values.solution_id = spans.solution_id
        AND unit_values.measure_id = spans.measure_id
        AND unit_values.valid_from <= spans.day
        AND (unit_values.valid_to IS NULL OR unit_values.valid_to > spans.day)
)
SELECT
    ranked.solution_id,
    ranked.measure_id,
    ranked.day AS valid_from,
    ranked.end_day AS valid_to,
    sum(CASE WHEN ranked.place = 1 AND ranked.benefit_kind = 'avoided_cost' THEN ranked.low END) AS ore_low,
    sum(CASE WHEN ranked.place = 1 AND ranked.benefit_kind = 'avoided_cost' THEN ranked.central END) AS ore_central,
    sum(CASE WHEN ranked.place = 1 AND ranked.benefit_kind = 'avoided_cost' THEN ranked.high END) AS ore_high,
    sum(CASE WHEN ranked.place = 1 AND ranked.benefit_kind = 'saved_time' THEN ranked.low END) AS seconds_low,
    sum(CASE WHEN ranked.place = 1 AND ranked.benefit_kind = 'saved_time' THEN ranked.central END) AS seconds_central,
    sum(CASE WHEN ranked.place = 1 AND ranked.benefit_kind = 'saved_time' THEN ranked.high END) AS seconds_high,
    count(CASE WHEN ranked.place > 1 THEN 1 END) AS others
FROM ranked
GROUP BY
    ranked.solution_id,
    ranked.measure_id,
    ranked.day,
    ranked.end_day
