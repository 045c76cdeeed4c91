/* view
doc = "What each part of territory owes: the expected deliveries at whose end it had the solution, in production or as a pilot, and whether rows came for it (`delivered` 1), under whatever code. `deliveries`: from how many sources it is expected; `source_date`: the division in force on its last day."
uses = ["delivery_status"]
*/
WITH expected AS (
    SELECT
        expected_deliveries.solution_id,
        expected_deliveries.measure_id,
        expected_deliveries.period_start AS delivery_start,
        expected_deliveries.period_end AS delivery_end,
        expected_deliveries.due,
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
reported AS (
    SELECT
        usage.solution_id,
        usage.measure_id,
        municipality_parts.part_id,
        usage.period_start,
        usage.period_end,
        max(CASE WHEN usage.provisional THEN 1 ELSE 0 END) AS provisional
    FROM usage
    INNER JOIN municipality_parts
        ON municipality_parts.municipality_code = usage.municipality_code
        AND municipality_parts.division_date = usage.division_date
    WHERE usage.state <> 'missing'
    GROUP BY
        usage.solution_id,
        usage.measure_id,
        municipality_parts.part_id,
        usage.period_start,
        usage.period_end
)
SELECT
    expected.solution_id,
    expected.measure_id,
    expected.delivery_start,
    expected.delivery_end,
    expected.due,
    expected.source_date,
    delivery_status.part_id,
    expected.deliveries,
    CASE WHEN reported.part_id IS NULL THEN 0 ELSE 1 END AS delivered,
    coalesce(reported.provisional, 0) AS provisional
FROM expected
INNER JOIN delivery_status
    ON delivery_status.solution_id = expected.solution_id
    AND delivery_status.delivery_end = expected.delivery_end
LEFT JOIN reported
    ON reported.solution_id = expected.solution_id
    AND reported.measure_id = expected.measure_id
    AND reported.part_id = delivery_status.part_id
    AND reported.period_start = expected.delivery_start
    AND reported.period_end = expected.delivery_end
WHERE delivery_status.live = 1
