/* view
doc = "What was told of every calendar month (`month`: 12 times the year, and the month), within the period or not, in the borders of the period. No row where nothing was told."
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
        (CASE WHEN usage.provisional THEN 1 ELSE 0 END)
        + (CASE WHEN usage.imputed THEN 2 ELSE 0 END)
        + (CASE WHEN usage.synthetic THEN 8 ELSE 0 END) AS marks,
        measures.rollup,
        CAST(12 * date_part('year', usage.period_start) + date_part('month', usage.period_start) AS BIGINT) AS month,
        max(usage.period_end) OVER (
            PARTITION BY
                usage.solution_id,
                usage.measure_id,
                usage.municipality_code,
                usage.division_date,
                date_part('year', usage.period_start),
                date_part('month', usage.period_start)
        ) AS newest_end
    FROM usage
    INNER JOIN measures
        ON measures.solution_id = usage.solution_id
        AND measures.measure_id = usage.measure_id
    -- What is told of a quarter says nothing of its months.
    WHERE usage.period_end <= date_trunc('month', usage.period_start) + INTERVAL '1 month'
),
pieces AS (
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
        inside.state,
        CASE
            WHEN inside.state = 'ok'
                THEN inside.value * municipality_mappings.weight_to / municipality_mappings.weight_total
                    - inside.value * municipality_mappings.weight_from / municipality_mappings.weight_total
        END AS piece,
        CASE
            WHEN inside.state = 'ok' THEN inside.marks + CASE WHEN municipality_mappings.exact THEN 0 ELSE 64 END
            ELSE 0
        END AS marks
    FROM inside
    CROSS JOIN periods
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id = periods.policy_id
        AND municipality_mappings.from_code = inside.municipality_code
        AND municipality_mappings.from_date = inside.division_date
        AND municipality_mappings.to_date = periods.division_date
    WHERE
        municipality_mappings.to_code IS NOT NULL
        AND (inside.rollup IN ('sum', 'mean') OR inside.period_end = inside.newest_end)
),
-- What each reporting municipality adds to the month.
added AS (
    SELECT
        pieces.period_start,
        pieces.municipality_code,
        pieces.solution_id,
        pieces.measure_id,
        pieces.month,
        sum(pieces.piece)
        / CASE
            WHEN pieces.rollup = 'mean'
                THEN NULLIF(count(DISTINCT CASE WHEN pieces.state = 'ok' THEN pieces.period_end END), 0)
            ELSE 1
        END AS value,
        bit_or(pieces.marks) AS marks,
        max(CASE WHEN pieces.state = 'ok' THEN 1 ELSE 0 END) AS oks,
        max(CASE WHEN pieces.state = 'suppressed' THEN 1 ELSE 0 END) AS suppressed,
        max(CASE WHEN pieces.state = 'missing' THEN 1 ELSE 0 END) AS missing
    FROM pieces
    GROUP BY
        pieces.period_start,
        pieces.municipality_code,
        pieces.solution_id,
        pieces.measure_id,
        pieces.month,
        pieces.from_code,
        pieces.division_date,
        pieces.rollup
)
SELECT
    added.period_start,
    added.municipality_code,
    added.solution_id,
    added.measure_id,
    added.month,
    sum(added.value) AS value,
    CASE
        WHEN max(added.oks) = 1 THEN 'ok'
        WHEN max(added.suppressed) = 1 THEN 'suppressed'
        WHEN max(added.missing) = 1 THEN 'missing'
        ELSE 'not_applicable'
    END AS state,
    bit_or(added.marks)
    | CASE WHEN max(added.oks) = 1 AND max(added.suppressed) + max(added.missing) > 0 THEN 16 ELSE 0 END AS marks
FROM added
GROUP BY
    added.period_start,
    added.municipality_code,
    added.solution_id,
    added.measure_id,
    added.month
