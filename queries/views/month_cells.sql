/* view
doc = "What was reported for every calendar month (`month`: 12 times the year, plus the month), within the period or not, in the borders of the period. A municipality that did not report all days of a month has no number for it. No row where nothing was reported."
uses = []
*/
-- The months a row begins and ends in.
WITH placed AS (
    SELECT
        usage.solution_id,
        usage.measure_id,
        usage.municipality_code,
        usage.division_date,
        usage.period_start,
        usage.period_end,
        usage.value,
        usage.state,
        mark('provisional', usage.provisional)
        | mark('imputed', usage.imputed)
        | mark('perturbed', usage.perturbed)
        | mark('synthetic', usage.synthetic) AS marks,
        CAST(date_trunc('month', usage.period_start) AS DATE) AS month_start
    FROM usage
    UNION ALL
    SELECT
        usage.solution_id,
        usage.measure_id,
        usage.municipality_code,
        usage.division_date,
        usage.period_start,
        usage.period_end,
        usage.value,
        usage.state,
        mark('provisional', usage.provisional)
        | mark('imputed', usage.imputed)
        | mark('perturbed', usage.perturbed)
        | mark('synthetic', usage.synthetic) AS marks,
        CAST(date_trunc('month', usage.period_end - INTERVAL '1 day') AS DATE) AS month_start
    FROM usage
    WHERE date_trunc('month', usage.period_end - INTERVAL '1 day') > usage.period_start
),
with_end AS (
    SELECT
        placed.solution_id,
        placed.measure_id,
        placed.municipality_code,
        placed.division_date,
        placed.period_start,
        placed.period_end,
        placed.value,
        placed.state,
        placed.marks,
        placed.month_start,
        CAST(placed.month_start + INTERVAL '1 month' AS DATE) AS month_end
    FROM placed
),
inside AS (
    SELECT
        with_end.solution_id,
        with_end.measure_id,
        with_end.municipality_code,
        with_end.division_date,
        greatest(with_end.period_start, with_end.month_start) AS part_start,
        least(with_end.period_end, with_end.month_end) AS part_end,
        with_end.month_start,
        with_end.month_end,
        split_by_weight(
            with_end.value,
            CAST(greatest(with_end.period_start, with_end.month_start) AS INT) - CAST(with_end.period_start AS INT),
            CAST(least(with_end.period_end, with_end.month_end) AS INT) - CAST(with_end.period_start AS INT),
            CAST(with_end.period_end AS INT) - CAST(with_end.period_start AS INT)
        ) AS value,
        with_end.state,
        with_end.marks
        | mark(
            'split_by_days',
            with_end.period_start < with_end.month_start OR with_end.period_end > with_end.month_end
        ) AS marks,
        measures.rollup,
        CAST(12 * date_part('year', with_end.month_start) + date_part('month', with_end.month_start) AS BIGINT) AS month
    FROM with_end
    INNER JOIN measures
        ON measures.solution_id = with_end.solution_id
        AND measures.measure_id = with_end.measure_id
    -- A number for a quarter says nothing about its months, and a week in two of them only when it may be divided.
    WHERE
        (with_end.period_start >= with_end.month_start AND with_end.period_end <= with_end.month_end)
        OR (
            measures.allocation = 'by_days'
            AND measures.rollup = 'sum'
            AND CAST(with_end.period_end AS INT) - CAST(with_end.period_start AS INT)
                < CAST(with_end.month_end AS INT) - CAST(with_end.month_start AS INT)
        )
),
-- Periods in one division have the same months.
target_divisions AS (
    SELECT DISTINCT
        periods.policy_id,
        periods.division_date
    FROM periods
),
allocated AS (
    SELECT
        target_divisions.division_date AS target_date,
        municipality_mappings.to_code AS municipality_code,
        inside.solution_id,
        inside.measure_id,
        inside.municipality_code AS from_code,
        inside.division_date,
        inside.month,
        inside.rollup,
        inside.part_start,
        inside.part_end,
        inside.month_start,
        inside.month_end,
        CASE inside.state
            WHEN 'missing' THEN 'missing/not_delivered'
            WHEN 'not_applicable' THEN 'not_applicable/not_in_source'
            ELSE inside.state
        END AS state,
        CASE
            WHEN inside.state = 'ok'
                THEN split_by_weight(
                    inside.value,
                    municipality_mappings.weight_from,
                    municipality_mappings.weight_to,
                    municipality_mappings.weight_total
                )
        END AS value,
        CASE
            WHEN inside.state = 'ok' THEN inside.marks | mark('split_by_share', NOT municipality_mappings.exact)
            ELSE 0
        END AS marks,
        coalesce(
            max(CASE WHEN inside.state = 'ok' THEN inside.part_end END) OVER (
                PARTITION BY
                    target_divisions.division_date,
                    inside.solution_id,
                    inside.measure_id,
                    municipality_mappings.to_code,
                    inside.month
            ),
            max(inside.part_end) OVER (
                PARTITION BY
                    target_divisions.division_date,
                    inside.solution_id,
                    inside.measure_id,
                    municipality_mappings.to_code,
                    inside.month
            )
        ) AS newest_end
    FROM inside
    CROSS JOIN target_divisions
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id = target_divisions.policy_id
        AND municipality_mappings.from_code = inside.municipality_code
        AND municipality_mappings.from_date = inside.division_date
        AND municipality_mappings.to_date = target_divisions.division_date
    WHERE municipality_mappings.to_code IS NOT NULL
),
-- What each reporting municipality contributes to the month.
added AS (
    SELECT
        allocated.target_date,
        allocated.municipality_code,
        allocated.solution_id,
        allocated.measure_id,
        allocated.month,
        sum(allocated.value)
        / CASE
            WHEN allocated.rollup = 'mean'
                THEN NULLIF(count(DISTINCT CASE WHEN allocated.state = 'ok' THEN allocated.part_end END), 0)
            ELSE 1
        END AS value,
        bit_or(allocated.marks) AS marks,
        count(CASE WHEN allocated.state = 'ok' THEN 1 END) AS reported,
        count(CASE WHEN is_expected(allocated.state) THEN 1 END) AS expected,
        count(CASE WHEN allocated.state = 'suppressed' THEN 1 END) AS suppressed,
        string_agg(DISTINCT allocated.state, ',') AS states,
        -- A day of the month is a bit. All must be reported, or of a level the last.
        CASE
            WHEN allocated.rollup IN ('sum', 'mean')
                THEN bit_or(
                    CASE
                        WHEN allocated.state = 'ok'
                            THEN (CAST(1 AS BIGINT) << (CAST(allocated.part_end AS INT) - CAST(allocated.month_start AS INT)))
                                - (CAST(1 AS BIGINT) << (CAST(allocated.part_start AS INT) - CAST(allocated.month_start AS INT)))
                    END
                ) = (CAST(1 AS BIGINT) << (CAST(max(allocated.month_end) AS INT) - CAST(max(allocated.month_start) AS INT))) - 1
            ELSE max(CASE WHEN allocated.state = 'ok' THEN allocated.part_end END) = max(allocated.month_end)
        END AS whole
    FROM allocated
    WHERE
        allocated.rollup IN ('sum', 'mean')
        OR allocated.part_end = allocated.newest_end
    GROUP BY
        allocated.target_date,
        allocated.municipality_code,
        allocated.solution_id,
        allocated.measure_id,
        allocated.month,
        allocated.from_code,
        allocated.division_date,
        allocated.rollup
),
with_state AS (
    SELECT
        added.target_date,
        added.municipality_code,
        added.solution_id,
        added.measure_id,
        added.month,
        CASE WHEN added.whole THEN added.value END AS value,
        CASE WHEN added.whole THEN added.marks ELSE 0 END AS marks,
        CASE WHEN added.whole THEN added.reported ELSE 0 END AS reported,
        added.expected,
        added.suppressed,
        CASE WHEN added.reported > 0 AND NOT added.whole THEN 'missing/incomplete_period' ELSE added.states END AS states
    FROM added
),
months AS (
    SELECT
        with_state.target_date,
        with_state.municipality_code,
        with_state.solution_id,
        with_state.measure_id,
        with_state.month,
        sum(with_state.value) AS value,
        area_state(
            sum(with_state.reported),
            sum(with_state.expected),
            sum(with_state.suppressed),
            0,
            string_agg(DISTINCT with_state.states, ',')
        ) AS state,
        area_marks(bit_or(with_state.marks), sum(with_state.reported), sum(with_state.expected), 0) AS marks
    FROM with_state
    GROUP BY
        with_state.target_date,
        with_state.municipality_code,
        with_state.solution_id,
        with_state.measure_id,
        with_state.month
)
SELECT
    periods.period_start,
    months.municipality_code,
    months.solution_id,
    months.measure_id,
    months.month,
    months.value,
    months.state,
    months.marks
FROM months
INNER JOIN periods
    ON periods.division_date = months.target_date
