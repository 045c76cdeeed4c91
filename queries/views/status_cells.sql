/* view
doc = "Whether a municipality of the wanted division had a solution in production at the end of a period: yes when any part of it had."
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
    ON municipality_parts.division_date = periods.division_date
INNER JOIN part_status
    ON part_status.period_start = periods.period_start
    AND part_status.part_id = municipality_parts.part_id
GROUP BY
    periods.period_start,
    municipality_parts.municipality_code,
    part_status.solution_id
