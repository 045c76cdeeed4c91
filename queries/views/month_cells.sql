/* view
doc = "What was reported for every calendar month (`month`: 12 times the year, plus the month), within the period or not, in the borders of the period. No row where nothing was reported."
uses = []
*/
WITH inside AS (
    SELECT
        usage.solution_id,
        usage.measure_id,
        usage.municipality_code,
        usage.division_date,
        usage.period_end,
        usage.value,
        usage.state,
        mark('provisional', usage.provisional)
        | mark('imputed', usage.imputed)
        | mark('perturbed', usage.perturbed)
        | mark('synthetic', usage.synthetic) AS marks,
        measures.rollup,
        CAST(12 * date_part('year', usage.period_start) + date_part('month', usage.period_start) AS BIGINT) AS month
    FROM usage
    INNER JOIN measures
        ON measures.solution_id = usage.solution_id
        AND measures.measure_id = usage.measure_id
    -- A number for a quarter says nothing about its months.
    WHERE usage.period_end <= date_trunc('month', usage.period_start) + INTERVAL '1 month'
),
allocated AS (
    SELECT
        periods.period_start,
        municipality_mappings.to_code AS municipality_code,
        inside.solution_id,
        inside.measure_id,
        inside.municipality_code AS from_code,
        inside.division_date,
        inside.month,
        inside.rollup,
        inside.period_end,
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
        max(inside.period_end) OVER (
            PARTITION BY
                periods.period_start,
                inside.solution_id,
                inside.measure_id,
                municipality_mappings.to_code,
                inside.month
        ) AS newest_end
    FROM inside
    CROSS JOIN periods
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id = periods.policy_id
        AND municipality_mappings.from_code = inside.municipality_code
        AND municipality_mappings.from_date = inside.division_date
        AND municipality_mappings.to_date = periods.division_date
    WHERE municipality_mappings.to_code IS NOT NULL
),
-- What each reporting municipality contributes to the month.
added AS (
    SELECT
        allocated.period_start,
        allocated.municipality_code,
        allocated.solution_id,
        allocated.measure_id,
        allocated.month,
        sum(allocated.value)
        / CASE
            WHEN allocated.rollup = 'mean'
                THEN NULLIF(count(DISTINCT CASE WHEN allocated.state = 'ok' THEN allocated.period_end END), 0)
            ELSE 1
        END AS value,
        bit_or(allocated.marks) AS marks,
        count(CASE WHEN allocated.state = 'ok' THEN 1 END) AS reported,
        count(CASE WHEN is_expected(allocated.state) THEN 1 END) AS expected,
        count(CASE WHEN allocated.state = 'suppressed' THEN 1 END) AS suppressed,
        string_agg(DISTINCT allocated.state, ',') AS states
    FROM allocated
    WHERE
        allocated.rollup IN ('sum', 'mean')
        OR allocated.period_end = allocated.newest_end
    GROUP BY
        allocated.period_start,
        allocated.municipality_code,
        allocated.solution_id,
        allocated.measure_id,
        allocated.month,
        allocated.from_code,
        allocated.division_date,
        allocated.rollup
)
SELECT
    added.period_start,
    added.municipality_code,
    added.solution_id,
    added.measure_id,
    added.month,
    sum(added.value) AS value,
    area_state(
        sum(added.reported),
        sum(added.expected),
        sum(added.suppressed),
        0,
        string_agg(DISTINCT added.states, ',')
    ) AS state,
    area_marks(bit_or(added.marks), sum(added.reported), sum(added.expected), 0) AS marks
FROM added
GROUP BY
    added.period_start,
    added.municipality_code,
    added.solution_id,
    added.measure_id,
    added.month
