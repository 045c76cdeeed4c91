/* view
doc = "What a municipality of the target division owes of a solution and had its due day behind it at the end of each period, on the edition's day in a period that is not over: how many deliveries, how many of them have not come, and of those the oldest due day. `first_start`: the first day that any of them is about."
uses = ["owed_so_far"]
*/
SELECT
    owed.period_start,
    owed.municipality_code,
    owed.solution_id,
    sum(owed.deliveries) AS due,
    sum(owed.deliveries * (1 - owed.delivered)) AS late,
    min(CASE WHEN owed.delivered = 0 THEN owed.due END) AS oldest_due,
    min(owed.delivery_start) AS first_start
FROM owed_so_far AS owed
INNER JOIN periods
    ON periods.period_start = owed.period_start
    AND owed.due < least(periods.period_end, periods.edition_day)
GROUP BY
    owed.period_start,
    owed.municipality_code,
    owed.solution_id
