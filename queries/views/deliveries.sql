/* view
doc = "What has been delivered until the end of each period, as it lands on the wanted division; provisional (1) when any of it may still change."
uses = []
*/
WITH said AS (
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
    said.solution_id,
    said.measure_id,
    said.period_start AS told_start,
    said.period_end AS told_end,
    max(said.provisional) AS provisional
FROM said
INNER JOIN periods
    ON said.period_end <= periods.period_end
INNER JOIN municipality_mappings
    ON municipality_mappings.policy_id = periods.policy_id
    AND municipality_mappings.from_code = said.municipality_code
    AND municipality_mappings.from_date = said.division_date
    AND municipality_mappings.to_date = periods.division_date
WHERE municipality_mappings.to_code IS NOT NULL
GROUP BY
    periods.period_start,
    municipality_mappings.to_code,
    said.solution_id,
    said.measure_id,
    said.period_start,
    said.period_end
