/* view
doc = "The units of use above the baseline (nullpunkt), and what they are worth in øre and seconds. The state is that of the use; no worth where no unit value holds."
uses = ["unit_sums", "usage_cells"]
*/
WITH before AS (
    SELECT
        periods.period_start,
        municipality_mappings.to_code AS municipality_code,
        baselines.solution_id,
        baselines.measure_id,
        sum(
            baselines.value_a_month * municipality_mappings.weight_to / municipality_mappings.weight_total
            - baselines.value_a_month * municipality_mappings.weight_from / municipality_mappings.weight_total
        ) * max(periods.months) AS units,
        bit_or(
            (CASE WHEN municipality_mappings.exact THEN 0 ELSE 64 END)
            + (CASE WHEN baselines.synthetic THEN 8 ELSE 0 END)
        ) AS marks
    FROM baselines
    CROSS JOIN periods
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id = periods.policy_id
        AND municipality_mappings.from_code = baselines.municipality_code
        AND municipality_mappings.from_date = baselines.division_date
        AND municipality_mappings.to_date = periods.division_date
    WHERE municipality_mappings.to_code IS NOT NULL
    GROUP BY
        periods.period_start,
        municipality_mappings.to_code,
        baselines.solution_id,
        baselines.measure_id
),
above AS (
    SELECT
        usage.period_start,
        usage.municipality_code,
        usage.solution_id,
        usage.measure_id,
        usage.state,
        usage.silent,
        greatest(0, usage.value - coalesce(before.units, 0)) AS units,
        usage.marks | coalesce(before.marks, 0) AS marks
    FROM usage_cells AS usage
    LEFT JOIN before
        ON before.period_start = usage.period_start
        AND before.municipality_code = usage.municipality_code
        AND before.solution_id = usage.solution_id
        AND before.measure_id = usage.measure_id
)
SELECT
    above.period_start,
    above.municipality_code,
    above.solution_id,
    above.measure_id,
    above.units,
    above.units * worth.ore_low AS ore_low,
    above.units * worth.ore_central AS ore_central,
    above.units * worth.ore_high AS ore_high,
    above.units * worth.seconds_low AS seconds_low,
    above.units * worth.seconds_central AS seconds_central,
    above.units * worth.seconds_high AS seconds_high,
    worth.ore_central IS NOT NULL AS valued,
    above.state,
    above.silent,
    above.marks
FROM above
LEFT JOIN unit_sums AS worth
    ON worth.period_start = above.period_start
    AND worth.solution_id = above.solution_id
    AND worth.measure_id = above.measure_id
