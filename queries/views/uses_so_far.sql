/* view
doc = "Municipalities for which some use, more than zero, was reported until the end of the period, under whatever code their territory then had."
uses = []
*/
WITH first_use AS (
    SELECT
        usage.solution_id,
        usage.measure_id,
        usage.municipality_code,
        usage.division_date,
        min(usage.period_end) AS first_end
    FROM usage
    WHERE
        usage.state = 'ok'
        AND usage.value > 0
    GROUP BY
        usage.solution_id,
        usage.measure_id,
        usage.municipality_code,
        usage.division_date
)
SELECT DISTINCT
    periods.period_start,
    municipality_mappings.to_code AS municipality_code,
    first_use.solution_id,
    first_use.measure_id
FROM first_use
INNER JOIN periods
    ON first_use.first_end <= periods.period_end
INNER JOIN municipality_mappings
    ON municipality_mappings.policy_id = periods.policy_id
    AND municipality_mappings.from_code = first_use.municipality_code
    AND municipality_mappings.from_date = first_use.division_date
    AND municipality_mappings.to_date = periods.division_date
WHERE municipality_mappings.to_code IS NOT NULL
