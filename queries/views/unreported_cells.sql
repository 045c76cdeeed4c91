/* view
doc = "Municipalities of the target division that overlap one of the period's own division which was expected to report and did not: one that is live, or any where no rollout is followed."
uses = ["part_status", "usage_rows"]
*/
WITH reporting AS (
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
),
source_parts AS (
    SELECT
        periods.period_start,
        periods.policy_id,
        periods.native_date,
        periods.division_date,
        municipality_parts.municipality_code,
        municipality_parts.part_id
    FROM periods
    INNER JOIN municipality_parts
        ON municipality_parts.division_date = periods.native_date
),
followed AS (
    SELECT DISTINCT rollout_events.solution_id
    FROM rollout_events
),
expected AS (
    SELECT DISTINCT
        source_parts.period_start,
        source_parts.policy_id,
        source_parts.native_date,
        source_parts.division_date,
        source_parts.municipality_code,
        measures.solution_id,
        measures.measure_id
    FROM source_parts
    CROSS JOIN measures
    LEFT JOIN part_status
        ON part_status.period_start = source_parts.period_start
        AND part_status.part_id = source_parts.part_id
        AND part_status.solution_id = measures.solution_id
    LEFT JOIN followed
        ON followed.solution_id = measures.solution_id
    WHERE
        part_status.live = 1
        OR followed.solution_id IS NULL
)
SELECT DISTINCT
    expected.period_start,
    expected.solution_id,
    expected.measure_id,
    municipality_mappings.to_code AS municipality_code
FROM expected
INNER JOIN municipality_mappings
    ON municipality_mappings.policy_id = expected.policy_id
    AND municipality_mappings.from_code = expected.municipality_code
    AND municipality_mappings.from_date = expected.native_date
    AND municipality_mappings.to_date = expected.division_date
LEFT JOIN reporting
    ON reporting.period_start = expected.period_start
    AND reporting.solution_id = expected.solution_id
    AND reporting.measure_id = expected.measure_id
    AND reporting.municipality_code = expected.municipality_code
WHERE
    municipality_mappings.to_code IS NOT NULL
    AND reporting.municipality_code IS NULL
