/* view
doc = "What one unit of use is worth in a period: øre and seconds, low, central and high."
uses = []
*/
SELECT
    periods.period_start,
    unit_values.solution_id,
    unit_values.measure_id,
    sum(CASE WHEN unit_values.benefit_kind = 'avoided_cost' THEN unit_values.low ELSE 0 END) AS ore_low,
    sum(CASE WHEN unit_values.benefit_kind = 'avoided_cost' THEN unit_values.central ELSE 0 END) AS ore_central,
    sum(CASE WHEN unit_values.benefit_kind = 'avoided_cost' THEN unit_values.high ELSE 0 END) AS ore_high,
    sum(CASE WHEN unit_values.benefit_kind = 'saved_time' THEN unit_values.low ELSE 0 END) AS seconds_low,
    sum(CASE WHEN unit_values.benefit_kind = 'saved_time' THEN unit_values.central ELSE 0 END) AS seconds_central,
    sum(CASE WHEN unit_values.benefit_kind = 'saved_time' THEN unit_values.high ELSE 0 END) AS seconds_high
FROM periods
INNER JOIN unit_values
    ON unit_values.valid_from <= periods.period_start
    AND (unit_values.valid_to IS NULL OR unit_values.valid_to > periods.period_start)
GROUP BY
    periods.period_start,
    unit_values.solution_id,
    unit_values.measure_id
