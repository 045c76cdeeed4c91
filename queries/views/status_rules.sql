/* view
doc = "Whether a municipality of the wanted division had a solution in production at the end of a period, by each rule for one made of several parts: when any part had it, when all had, when those that had hold more than half of its inhabitants. No row where nothing was ever heard."
uses = ["part_status"]
*/
WITH whole AS (
    SELECT
        municipality_parts.municipality_code,
        municipality_parts.division_date,
        count(*) AS parts,
        sum(municipality_parts.persons) AS persons
    FROM municipality_parts
    GROUP BY
        municipality_parts.municipality_code,
        municipality_parts.division_date
),
told AS (
    SELECT
        periods.period_start,
        periods.division_date,
        municipality_parts.municipality_code,
        part_status.solution_id,
        sum(part_status.live) AS parts_live,
        sum(part_status.live * municipality_parts.persons) AS persons_live,
        bit_or(part_status.marks) AS marks
    FROM periods
    INNER JOIN municipality_parts
        ON municipality_parts.division_date = periods.division_date
    INNER JOIN part_status
        ON part_status.period_start = periods.period_start
        AND part_status.part_id = municipality_parts.part_id
    GROUP BY
        periods.period_start,
        periods.division_date,
        municipality_parts.municipality_code,
        part_status.solution_id
)
SELECT
    told.period_start,
    told.municipality_code,
    told.solution_id,
    CASE WHEN told.parts_live > 0 THEN 1 ELSE 0 END AS live_any,
    CASE WHEN told.parts_live = whole.parts THEN 1 ELSE 0 END AS live_all,
    CASE WHEN 2 * told.persons_live > whole.persons THEN 1 ELSE 0 END AS live_population,
    told.marks
FROM told
INNER JOIN whole
    ON whole.municipality_code = told.municipality_code
    AND whole.division_date = told.division_date
