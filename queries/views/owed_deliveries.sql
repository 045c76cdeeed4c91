/* view
doc = "The deliveries about days of each period that a municipality of the target division owes, and whether they have come (`delivered` 1)."
uses = ["owed_so_far"]
*/
SELECT
    owed.period_start,
    owed.municipality_code,
    owed.solution_id,
    owed.measure_id,
    owed.delivery_start,
    owed.delivery_end,
    owed.due,
    owed.deliveries,
    owed.delivered,
    CASE WHEN owed.delivered = 1 THEN owed.provisional ELSE 0 END AS provisional
FROM owed_so_far AS owed
INNER JOIN periods
    ON periods.period_start = owed.period_start
    AND owed.delivery_end > periods.period_start
