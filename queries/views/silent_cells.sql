/* view
doc = "Municipalities of the wanted division in which one of the period's own, which owed a report, has said nothing: one that is live, or any where no rollout is followed."
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
),
natives AS (
    SELECT DISTINCT
        periods.period_start,
        periods.policy_id,
        periods.native_date,
        periods.division_date,
        municipality_parts.municipality_code
    FROM periods
    INNER JOIN municipality_parts
        ON municipality_parts.division_date = periods.native_date
),
followed AS (
    SELECT DISTINCT rollout_events.solution_id
    FROM rollout_events
),
owing AS (
    SELECT
        natives.period_start,
        natives.policy_id,
        natives.native_date,
        natives.division_date,
        natives.municipality_code,
        measures.solution_id,
        measures.measure_id
    FROM natives
    CROSS JOIN measures
    LEFT JOIN native_status
        ON native_status.period_start = natives.period_start
        AND native_status.municipality_code = natives.municipality_code
        AND native_status.solution_id = measures.solution_id
    LEFT JOIN followed
        ON followed.solution_id = measures.solution_id
    WHERE
        native_status.live = 1
        OR followed.solution_id IS NULL
)
SELECT DISTINCT
    owing.period_start,
    owing.solution_id,
    owing.measure_id,
    municipality_mappings.to_code AS municipality_code
FROM owing
INNER JOIN municipality_mappings
    ON municipality_mappings.policy_id = owing.policy_id
    AND municipality_mappings.from_code = owing.municipality_code
    AND municipality_mappings.from_date = owing.native_date
    AND municipality_mappings.to_date = owing.division_date
LEFT JOIN spoke
    ON spoke.period_start = owing.period_start
    AND spoke.solution_id = owing.solution_id
    AND spoke.measure_id = owing.measure_id
    AND spoke.municipality_code = owing.municipality_code
WHERE
    municipality_mappings.to_code IS NOT NULL
    AND spoke.municipality_code IS NULL
