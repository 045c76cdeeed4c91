/* view
doc = "The expected deliveries, begun before the end of each period, that a municipality of the target division owes: some part of it had the solution, in production or as a pilot, at the end of what they are about. `delivered` (1): rows came for every part that owes them; `deliveries`: from how many sources it is expected. No row for what cannot be placed exactly in borders that allow nothing else."
uses = ["deliveries", "delivery_status"]
*/
WITH expected AS (
    SELECT
        expected_deliveries.solution_id,
        expected_deliveries.measure_id,
        expected_deliveries.period_start AS delivery_start,
        expected_deliveries.period_end AS delivery_end,
        expected_deliveries.due,
        -- The division in force on the delivery's last day.
        divisions.division_date AS source_date,
        count(*) AS deliveries
    FROM expected_deliveries
    INNER JOIN divisions
        ON divisions.division_date < expected_deliveries.period_end
        AND (divisions.valid_to IS NULL OR divisions.valid_to >= expected_deliveries.period_end)
    GROUP BY
        expected_deliveries.solution_id,
        expected_deliveries.measure_id,
        expected_deliveries.period_start,
        expected_deliveries.period_end,
        expected_deliveries.due,
        divisions.division_date
),
inexact AS (
    SELECT DISTINCT
        municipality_mappings.from_date,
        municipality_mappings.to_date,
        municipality_mappings.to_code
    FROM municipality_mappings
    WHERE
        municipality_mappings.policy_id = 'population_share'
        AND NOT municipality_mappings.exact
),
owing AS (
    SELECT DISTINCT
        municipality_parts.division_date,
        municipality_parts.municipality_code,
        delivery_status.solution_id,
        delivery_status.delivery_end
    FROM delivery_status
    INNER JOIN municipality_parts
        ON municipality_parts.part_id = delivery_status.part_id
    WHERE delivery_status.live = 1
)
SELECT
    periods.period_start,
    owing.municipality_code,
    expected.solution_id,
    expected.measure_id,
    expected.delivery_start,
    expected.delivery_end,
    expected.due,
    expected.deliveries,
    CASE WHEN deliveries.delivery_end IS NULL THEN 0 ELSE 1 END AS delivered,
    coalesce(deliveries.provisional, 0) AS provisional
FROM expected
INNER JOIN periods
    ON expected.delivery_start < periods.period_end
INNER JOIN owing
    ON owing.division_date = periods.division_date
    AND owing.solution_id = expected.solution_id
    AND owing.delivery_end = expected.delivery_end
LEFT JOIN inexact
    ON inexact.from_date = expected.source_date
    AND inexact.to_date = periods.division_date
    AND inexact.to_code = owing.municipality_code
    AND periods.policy_id = 'exact_only'
LEFT JOIN deliveries
    ON deliveries.period_start = periods.period_start
    AND deliveries.municipality_code = owing.municipality_code
    AND deliveries.solution_id = expected.solution_id
    AND deliveries.measure_id = expected.measure_id
    AND deliveries.delivery_start = expected.delivery_start
    AND deliveries.delivery_end = expected.delivery_end
WHERE inexact.to_code IS NULL
