/* view
doc = "The same for the municipalities of the period's own division."
uses = ["part_status"]
*/
SELECT
    periods.period_start,
    municipality_parts.municipality_code,
    part_status.solution_id,
    max(part_status.live) AS live,
    bit_or(part_status.marks) AS marks
FROM periods
INNER JOIN municipality_parts
    ON municipality_parts.division_date = periods.native_date
INNER JOIN part_status
    ON part_status.period_start = periods.period_start
    AND part_status.part_id = municipality_parts.part_id
GROUP BY
    periods.period_start,
    municipality_parts.municipality_code,
    part_status.solution_id
