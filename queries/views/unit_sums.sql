/* view
doc = "What one unit of use is worth on each day of a period, added over its `days`: a number of units without a day is worth that many times the sum, divided by the days. `ore_days` and `seconds_days`: the days on which such a value holds. `others`: most values on a day that are not used."
uses = ["unit_spans"]
*/
WITH spans AS (
    SELECT
        periods.period_start,
        CAST(periods.period_end AS INT) - CAST(periods.period_start AS INT) AS all_days,
        CAST(least(unit_spans.valid_to, periods.period_end) AS INT)
        - CAST(greatest(unit_spans.valid_from, periods.period_start) AS INT) AS days,
        unit_spans.solution_id,
        unit_spans.measure_id,
        unit_spans.ore_low,
        unit_spans.ore_central,
        unit_spans.ore_high,
        unit_spans.seconds_low,
        unit_spans.seconds_central,
        unit_spans.seconds_high,
        unit_spans.others
    FROM periods
    INNER JOIN unit_spans
        ON unit_spans.valid_from < periods.period_end
        AND unit_spans.valid_to > periods.period_start
)
SELECT
    spans.period_start,
    spans.solution_id,
    spans.measure_id,
    CAST(max(spans.all_days) AS BIGINT) AS days,
    sum(spans.days * spans.ore_low) AS ore_low,
    sum(spans.days * spans.ore_central) AS ore_central,
    sum(spans.days * spans.ore_high) AS ore_high,
    sum(spans.days * spans.seconds_low) AS seconds_low,
    sum(spans.days * spans.seconds_central) AS seconds_central,
    sum(spans.days * spans.seconds_high) AS seconds_high,
    sum(CASE WHEN spans.ore_central IS NOT NULL THEN spans.days END) AS ore_days,
    sum(CASE WHEN spans.seconds_central IS NOT NULL THEN spans.days END) AS seconds_days,
    max(spans.others) AS others
FROM spans
GROUP BY
    spans.period_start,
    spans.solution_id,
    spans.measure_id
