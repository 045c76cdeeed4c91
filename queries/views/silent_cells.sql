/* view
doc = "Municipalities of the wanted division in which one of the period's own, live then, has said nothing."
uses = ["native_status", "usage_rows"]
*/
WITH spoke AS (
    SELECT DISTINCT
        usage_rows.period_start,
        usage_rows.solution_id,
        usage_rows.measure_id,
        municipality_mappings.to_code AS municipality_code
    FROM usage_rows
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id = usage_rows.policy_id
        AND municipality_mappings.from_code = usage_rows.municipality_code
        AND municipality_mappings.from_date = usage_rows.division_date
        AND municipality_mappings.to_date = usage_rows.native_date
    WHERE municipality_mappings.to_code IS NOT NULL
)
SELECT DISTINCT
    native_status.period_start,
    native_status.solution_id,
    measures.measure_id,
    municipality_mappings.to_code AS municipality_code
FROM native_status
INNER JOIN periods
    ON periods.period_start = native_status.period_start
INNER JOIN measures
    ON measures.solution_id = native_status.solution_id
INNER JOIN municipality_mappings
    ON municipality_mappings.policy_id = periods.policy_id
    AND municipality_mappings.from_code = native_status.municipality_code
    AND municipality_mappings.from_date = periods.native_date
    AND municipality_mappings.to_date = periods.division_date
LEFT JOIN spoke
    ON spoke.period_start = native_status.period_start
    AND spoke.solution_id = native_status.solution_id
    AND spoke.measure_id = measures.measure_id
    AND spoke.municipality_code = native_status.municipality_code
WHERE
    native_status.live = 1
    AND municipality_mappings.to_code IS NOT NULL
    AND spoke.municipality_code IS NULL
