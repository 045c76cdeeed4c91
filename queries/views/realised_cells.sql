/* view
doc = "The units of use above the baseline (nullpunkt), and what they are worth in øre and seconds, month by month as `use_spans` has them: what a year realises is what its months do. The baseline of a month is that of its days; units are worth the mean of the days they are of. The state is that of the use; no worth where no unit value holds, `partial` where none holds on some of the days. Where baselines are declared for the measure, a municipality any part of which has none is `no_baseline`; where none is declared at all, all use is a gain, marked `without_baseline`."
uses = ["unit_spans", "usage_cells", "use_spans"]
*/
WITH baseline AS (
    SELECT
        periods.period_start,
        municipality_mappings.to_code AS municipality_code,
        baselines.solution_id,
        baselines.measure_id,
        sum(
            split_by_weight(baselines.value_a_month, placed.weight_from, placed.weight_to, placed.weight_total)
        ) AS units_a_month,
        -- Of a baseline that may not be split nobody knows how much is here.
        bool_or(periods.policy_id = 'exact_only' AND NOT municipality_mappings.exact) AS unplaced,
        -- The third policy gives one part the baseline of all. Of which land are the baselines here?
        bool_or(
            periods.policy_id NOT IN ('exact_only', 'population_share')
            AND baselines.value_a_month <> 0
            AND NOT municipality_mappings.exact
        ) AS is_moved,
        bool_or(
            periods.policy_id NOT IN ('exact_only', 'population_share')
            AND baselines.value_a_month <> 0
            AND municipality_mappings.exact
        ) AS is_kept,
        bit_or(
            mark('split_by_share', placed.to_code IS NOT NULL AND NOT municipality_mappings.exact)
            | mark('synthetic', baselines.synthetic)
        ) AS marks
    FROM baselines
    CROSS JOIN periods
    -- By share, whatever the policy: what it takes from here has to show.
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id = 'population_share'
        AND municipality_mappings.from_code = baselines.municipality_code
        AND municipality_mappings.from_date = baselines.division_date
        AND municipality_mappings.to_date = periods.division_date
    LEFT JOIN municipality_mappings AS placed
        ON placed.policy_id = periods.policy_id
        AND placed.from_code = municipality_mappings.from_code
        AND placed.from_date = municipality_mappings.from_date
        AND placed.to_date = municipality_mappings.to_date
        AND placed.to_code = municipality_mappings.to_code
    WHERE municipality_mappings.to_code IS NOT NULL
    GROUP BY
        periods.period_start,
        municipality_mappings.to_code,
        baselines.solution_id,
        baselines.measure_id
),
declared AS (
    SELECT DISTINCT
        baselines.solution_id,
        baselines.measure_id
    FROM baselines
),
-- Municipalities with land of which no baseline is known.
lacking AS (
    SELECT DISTINCT
        periods.period_start,
        municipality_parts.municipality_code,
        declared.solution_id,
        declared.measure_id
    FROM periods
    INNER JOIN municipality_parts
        ON municipality_parts.division_date = periods.division_date
    CROSS JOIN declared
    LEFT JOIN (
        SELECT
            baselines.solution_id,
            baselines.measure_id,
            measured.part_id
        FROM baselines
        INNER JOIN municipality_parts AS measured
            ON measured.municipality_code = baselines.municipality_code
            AND measured.division_date = baselines.division_date
    ) AS known
        ON known.part_id = municipality_parts.part_id
        AND known.solution_id = declared.solution_id
        AND known.measure_id = declared.measure_id
    WHERE known.part_id IS NULL
),
days AS (
    SELECT DISTINCT
        use_spans.solution_id,
        use_spans.measure_id,
        use_spans.span_start,
        use_spans.span_end
    FROM use_spans
),
-- What a unit is worth on each of the days of a span, added.
worth AS (
    SELECT
        overlaps.solution_id,
        overlaps.measure_id,
        overlaps.span_start,
        overlaps.span_end,
        sum(overlaps.days * overlaps.ore_low) AS ore_low,
        sum(overlaps.days * overlaps.ore_central) AS ore_central,
        sum(overlaps.days * overlaps.ore_high) AS ore_high,
        sum(overlaps.days * overlaps.seconds_low) AS seconds_low,
        sum(overlaps.days * overlaps.seconds_central) AS seconds_central,
        sum(overlaps.days * overlaps.seconds_high) AS seconds_high,
        sum(CASE WHEN overlaps.ore_central IS NOT NULL THEN overlaps.days END) AS ore_days,
        max(overlaps.others) AS others
    FROM (
        SELECT
            days.solution_id,
            days.measure_id,
            days.span_start,
            days.span_end,
            CAST(least(unit_spans.valid_to, days.span_end) AS INT)
            - CAST(greatest(unit_spans.valid_from, days.span_start) AS INT) AS days,
            unit_spans.ore_low,
            unit_spans.ore_central,
            unit_spans.ore_high,
            unit_spans.seconds_low,
            unit_spans.seconds_central,
            unit_spans.seconds_high,
            unit_spans.others
        FROM days
        INNER JOIN unit_spans
            ON unit_spans.solution_id = days.solution_id
            AND unit_spans.measure_id = days.measure_id
            AND unit_spans.valid_from < days.span_end
            AND unit_spans.valid_to > days.span_start
    ) AS overlaps
    GROUP BY
        overlaps.solution_id,
        overlaps.measure_id,
        overlaps.span_start,
        overlaps.span_end
),
excess AS (
    SELECT
        use_spans.period_start,
        use_spans.municipality_code,
        use_spans.solution_id,
        use_spans.measure_id,
        use_spans.span_start,
        use_spans.span_end,
        CAST(CAST(use_spans.span_end AS INT) - CAST(use_spans.span_start AS INT) AS BIGINT) AS days,
        greatest(
            0,
            use_spans.value - CASE
                WHEN baseline.units_a_month IS NULL THEN 0
                WHEN use_spans.added THEN over_days(12 * baseline.units_a_month, use_spans.span_start, use_spans.span_end)
                -- A level does not grow with the days.
                ELSE baseline.units_a_month
            END
        ) AS units,
        coalesce(baseline.unplaced, FALSE) AS unplaced,
        coalesce(baseline.marks, 0) AS marks
    FROM use_spans
    LEFT JOIN baseline
        ON baseline.period_start = use_spans.period_start
        AND baseline.municipality_code = use_spans.municipality_code
        AND baseline.solution_id = use_spans.solution_id
        AND baseline.measure_id = use_spans.measure_id
),
valued AS (
    SELECT
        excess.period_start,
        excess.municipality_code,
        excess.solution_id,
        excess.measure_id,
        sum(excess.units) AS units,
        sum(excess.units * worth.ore_low / excess.days) AS ore_low,
        sum(excess.units * worth.ore_central / excess.days) AS ore_central,
        sum(excess.units * worth.ore_high / excess.days) AS ore_high,
        sum(excess.units * worth.seconds_low / excess.days) AS seconds_low,
        sum(excess.units * worth.seconds_central / excess.days) AS seconds_central,
        sum(excess.units * worth.seconds_high / excess.days) AS seconds_high,
        max(worth.others) AS others,
        sum(worth.ore_days) AS ore_days,
        sum(excess.days) AS days,
        bool_or(excess.unplaced) AS unplaced,
        bit_or(excess.marks) AS marks
    FROM excess
    LEFT JOIN worth
        ON worth.solution_id = excess.solution_id
        AND worth.measure_id = excess.measure_id
        AND worth.span_start = excess.span_start
        AND worth.span_end = excess.span_end
    GROUP BY
        excess.period_start,
        excess.municipality_code,
        excess.solution_id,
        excess.measure_id
)
SELECT
    usage.period_start,
    usage.municipality_code,
    usage.solution_id,
    usage.measure_id,
    valued.units,
    valued.ore_low,
    valued.ore_central,
    valued.ore_high,
    valued.seconds_low,
    valued.seconds_central,
    valued.seconds_high,
    valued.others AS other_values,
    -- Of a use nobody knows it is not asked what it is worth.
    usage.state <> 'ok' OR valued.unplaced OR valued.ore_central IS NOT NULL AS valued,
    CASE
        WHEN valued.unplaced THEN 'not_valid'
        -- Use is compared with the baseline of the same land.
        WHEN usage.state = 'ok' AND ((usage.own_land AND baseline.is_moved) OR (NOT usage.own_land AND baseline.is_kept))
            THEN 'not_valid'
        ELSE cell_state(usage.state, state_if(lacking.municipality_code IS NOT NULL, 'not_applicable/no_baseline'))
    END AS state,
    usage.marks
    | coalesce(valued.marks, 0)
    | mark('partial', valued.ore_days < valued.days)
    | mark('without_baseline', declared.solution_id IS NULL) AS marks
FROM usage_cells AS usage
LEFT JOIN valued
    ON valued.period_start = usage.period_start
    AND valued.municipality_code = usage.municipality_code
    AND valued.solution_id = usage.solution_id
    AND valued.measure_id = usage.measure_id
    AND usage.state = 'ok'
LEFT JOIN baseline
    ON baseline.period_start = usage.period_start
    AND baseline.municipality_code = usage.municipality_code
    AND baseline.solution_id = usage.solution_id
    AND baseline.measure_id = usage.measure_id
LEFT JOIN declared
    ON declared.solution_id = usage.solution_id
    AND declared.measure_id = usage.measure_id
LEFT JOIN lacking
    ON lacking.period_start = usage.period_start
    AND lacking.municipality_code = usage.municipality_code
    AND lacking.solution_id = usage.solution_id
    AND lacking.measure_id = usage.measure_id
