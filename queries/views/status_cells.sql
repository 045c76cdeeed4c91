/* view
doc = "Whether a municipality of the target division had a solution at the end of a period, in production or as a pilot: `live` when any part of it had, `live_all` when all parts had, `live_population` when those that had it hold more than half of its inhabitants. `produced`, `produced_all` and `produced_population`: the same in production, pilots left out. No row before its first event."
uses = ["part_status"]
*/
WITH territory AS (
    SELECT
        municipality_parts.municipality_code,
        municipality_parts.division_date,
        municipality_parts.part_id,
        municipality_parts.persons,
        count(*) OVER whole AS all_parts,
        sum(municipality_parts.persons) OVER whole AS all_persons
    FROM municipality_parts
    WINDOW whole AS (
        PARTITION BY
            municipality_parts.municipality_code,
            municipality_parts.division_date
    )
)
SELECT
    periods.period_start,
    territory.municipality_code,
    part_status.solution_id,
    max(part_status.live) AS live,
    CASE WHEN sum(part_status.live) = max(territory.all_parts) THEN 1 ELSE 0 END AS live_all,
    CASE
        WHEN 2 * sum(part_status.live * territory.persons) > max(territory.all_persons) THEN 1
        ELSE 0
    END AS live_population,
    max(part_status.produced) AS produced,
    CASE WHEN sum(part_status.produced) = max(territory.all_parts) THEN 1 ELSE 0 END AS produced_all,
    CASE
        WHEN 2 * sum(part_status.produced * territory.persons) > max(territory.all_persons) THEN 1
        ELSE 0
    END AS produced_population,
    bit_or(part_status.marks) AS marks
FROM periods
INNER JOIN territory
    ON territory.division_date = periods.division_date
INNER JOIN part_status
    ON part_status.period_start = periods.period_start
    AND part_status.part_id = territory.part_id
GROUP BY
    periods.period_start,
    territory.municipality_code,
    part_status.solution_id
