/* view
doc = "What a municipality of the target division owes of a solution and was due before the end of each period: how many deliveries, how many of them have not come, and of those the oldest due day. `first_start`: the first day that what is past its due day is about, counted no further than the edition's day."
uses = ["owed_so_far"]
*/
SELECT
    owed.period_start,
    owed.municipality_code,
    owed.solution_id,
    sum(owed.deliveries) AS due,
    sum(owed.deliveries * (1 - owed.delivered)) AS late,
    min(CASE WHEN owed.delivered = 0 THEN owed.due END) AS oldest_due,
    min(CASE WHEN owed.due < periods.edition_day THEN owed.delivery_start END) AS first_start
FROM owed_so_far AS owed
INNER JOIN periods
    ON periods.period_start = owed.period_start
    AND owed.due < periods.period_end
GROUP BY
    owed.period_start,
    owed.municipality_code,
    owed.solution_id
