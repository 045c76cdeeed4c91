/* view
doc = "What a municipality of the target division owes of the deliveries begun before the end of each period: what any of its parts owes. `delivered` (1): rows came for every part that owes it. No row for what cannot be placed exactly in borders that allow nothing else."
uses = ["part_deliveries"]
*/
WITH inexact AS (
    SELECT DISTINCT
        municipality_mappings.from_date,
        municipality_mappings.to_date,
        municipality_mappings.to_code
    FROM municipality_mappings
    WHERE
        municipality_mappings.policy_id = 'population_share'
        AND NOT municipality_mappings.exact
)
SELECT
    periods.period_start,
    municipality_parts.municipality_code,
    part_deliveries.solution_id,
    part_deliveries.measure_id,
    part_deliveries.delivery_start,
    part_deliveries.delivery_end,
    part_deliveries.due,
    part_deliveries.deliveries,
    min(part_deliveries.delivered) AS delivered,
    max(part_deliveries.provisional) AS provisional
FROM part_deliveries
INNER JOIN periods
    ON part_deliveries.delivery_start < periods.period_end
INNER JOIN municipality_parts
    ON municipality_parts.division_date = periods.division_date
    AND municipality_parts.part_id = part_deliveries.part_id
LEFT JOIN inexact
    ON inexact.from_date = part_deliveries.source_date
    AND inexact.to_date = periods.division_date
    AND inexact.to_code = municipality_parts.municipality_code
    AND periods.policy_id = 'exact_only'
WHERE inexact.to_code IS NULL
GROUP BY
    periods.period_start,
    municipality_parts.municipality_code,
    part_deliveries.solution_id,
    part_deliveries.measure_id,
    part_deliveries.delivery_start,
    part_deliveries.delivery_end,
    part_deliveries.due,
    part_deliveries.deliveries
