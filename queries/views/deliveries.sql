/* view
doc = "What has been delivered until the end of each period, mapped to the target division; provisional (1) when any of it may still change."
uses = []
*/
WITH delivered AS (
    SELECT
        usage.solution_id,
        usage.measure_id,
        usage.municipality_code,
        usage.division_date,
        usage.period_start,
        usage.period_end,
        max(CASE WHEN usage.provisional THEN 1 ELSE 0 END) AS provisional
    FROM usage
    WHERE usage.state <> 'missing'
    GROUP BY
        usage.solution_id,
        usage.measure_id,
        usage.municipality_code,
        usage.division_date,
        usage.period_start,
        usage.period_end
)
SELECT
    periods.period_start,
    municipality_mappings.to_code AS municipality_code,
    delivered.solution_id,
    delivered.measure_id,
    delivered.period_start AS delivery_start,
    delivered.period_end AS delivery_end,
    max(delivered.provisional) AS provisional
FROM delivered
INNER JOIN periods
    ON delivered.period_end <= periods.period_end
INNER JOIN municipality_mappings
    ON municipality_mappings.policy_id = periods.policy_id
    AND municipality_mappings.from_code = delivered.municipality_code
    AND municipality_mappings.from_date = delivered.division_date
    AND municipality_mappings.to_date = periods.division_date
WHERE municipality_mappings.to_code IS NOT NULL
GROUP BY
    periods.period_start,
    municipality_mappings.to_code,
    delivered.solution_id,
    delivered.measure_id,
    delivered.period_start,
    delivered.period_end
