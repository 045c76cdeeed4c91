/* view
doc = "The units of use above the baseline (nullpunkt), and what they are worth in øre and seconds. The state is that of the use; no worth where no unit value holds."
uses = ["unit_sums", "usage_cells"]
*/
WITH baseline AS (
    SELECT
        periods.period_start,
        municipality_mappings.to_code AS municipality_code,
        baselines.solution_id,
        baselines.measure_id,
        sum(
            split_by_weight(
                baselines.value_a_month,
                municipality_mappings.weight_from,
                municipality_mappings.weight_to,
                municipality_mappings.weight_total
            )
        ) * max(periods.months) AS units,
        bit_or(
            mark('split_by_share', NOT municipality_mappings.exact)
            | mark('synthetic', baselines.synthetic)
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
excess AS (
    SELECT
        usage.period_start,
        usage.municipality_code,
        usage.solution_id,
        usage.measure_id,
        usage.state,
        usage.unreported,
        greatest(0, usage.value - coalesce(baseline.units, 0)) AS units,
        usage.marks | coalesce(baseline.marks, 0) AS marks
    FROM usage_cells AS usage
    LEFT JOIN baseline
        ON baseline.period_start = usage.period_start
        AND baseline.municipality_code = usage.municipality_code
        AND baseline.solution_id = usage.solution_id
        AND baseline.measure_id = usage.measure_id
)
SELECT
    excess.period_start,
    excess.municipality_code,
    excess.solution_id,
    excess.measure_id,
    excess.units,
    excess.units * worth.ore_low AS ore_low,
    excess.units * worth.ore_central AS ore_central,
    excess.units * worth.ore_high AS ore_high,
    excess.units * worth.seconds_low AS seconds_low,
    excess.units * worth.seconds_central AS seconds_central,
    excess.units * worth.seconds_high AS seconds_high,
    worth.others AS other_values,
    worth.ore_central IS NOT NULL AS valued,
    excess.state,
    excess.unreported,
    excess.marks
FROM excess
LEFT JOIN unit_sums AS worth
    ON worth.period_start = excess.period_start
    AND worth.solution_id = excess.solution_id
    AND worth.measure_id = excess.measure_id
