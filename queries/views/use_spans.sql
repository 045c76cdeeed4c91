/* view
doc = "The use of a period by the time it is of: what is added is split into calendar months, and what was reported for longer than one, or across their borders, is of its own days. A level or a mean is one span, the whole period. From `span_start` up to but not including `span_end`, the days reported."
uses = ["usage_cells", "usage_rows"]
*/
WITH dated AS (
    SELECT
        usage_rows.period_start,
        municipality_mappings.to_code AS municipality_code,
        usage_rows.solution_id,
        usage_rows.measure_id,
        usage_rows.row_start,
        usage_rows.period_end AS row_end,
        usage_rows.period_end <= date_trunc('month', usage_rows.row_start) + INTERVAL '1 month' AS in_a_month,
        split_by_weight(
            usage_rows.value,
            municipality_mappings.weight_from,
            municipality_mappings.weight_to,
            municipality_mappings.weight_total
        ) AS value
    FROM usage_rows
    -- Nothing divides into nothing, whatever the policy.
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id
            = CASE WHEN usage_rows.value = 0 THEN 'population_share' ELSE usage_rows.policy_id END
        AND municipality_mappings.from_code = usage_rows.municipality_code
        AND municipality_mappings.from_date = usage_rows.division_date
        AND municipality_mappings.to_date = usage_rows.to_date
    WHERE
        municipality_mappings.to_code IS NOT NULL
        AND usage_rows.state = 'ok'
        AND usage_rows.rollup = 'sum'
)
SELECT
    dated.period_start,
    dated.municipality_code,
    dated.solution_id,
    dated.measure_id,
    min(dated.row_start) AS span_start,
    max(dated.row_end) AS span_end,
    sum(dated.value) AS value,
    TRUE AS added
FROM dated
GROUP BY
    dated.period_start,
    dated.municipality_code,
    dated.solution_id,
    dated.measure_id,
    CASE WHEN dated.in_a_month THEN date_trunc('month', dated.row_start) ELSE dated.row_start END,
    CASE WHEN NOT dated.in_a_month THEN dated.row_end END
UNION ALL
SELECT
    usage.period_start,
    usage.municipality_code,
    usage.solution_id,
    usage.measure_id,
    periods.period_start AS span_start,
    periods.period_end AS span_end,
    usage.value,
    FALSE AS added
FROM usage_cells AS usage
INNER JOIN periods
    ON periods.period_start = usage.period_start
INNER JOIN measures
    ON measures.solution_id = usage.solution_id
    AND measures.measure_id = usage.measure_id
    AND measures.rollup <> 'sum'
WHERE usage.state = 'ok'
