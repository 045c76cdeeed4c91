/* view
doc = "The days on which a municipality of a division has a solution, in production or as a pilot, in any part of it: from `valid_from` up to but not including `valid_to`. The spans of a municipality do not overlap; one without an end has the year 9999."
uses = ["stage_spans"]
*/
WITH target_divisions AS (
    SELECT DISTINCT periods.division_date
    FROM periods
),
parts AS (
    SELECT
        municipality_parts.division_date,
        municipality_parts.municipality_code,
        stage_spans.solution_id,
        stage_spans.valid_from,
        coalesce(stage_spans.valid_to, DATE '9999-12-31') AS valid_to,
        -- The days until this one were had by a part before it.
        max(coalesce(stage_spans.valid_to, DATE '9999-12-31')) OVER (
            PARTITION BY
                municipality_parts.division_date,
                municipality_parts.municipality_code,
                stage_spans.solution_id
            ORDER BY
                stage_spans.valid_from,
                stage_spans.part_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS had_until,
        mark('synthetic', stage_spans.synthetic) AS marks
    FROM stage_spans
    INNER JOIN municipality_parts
        ON municipality_parts.part_id = stage_spans.part_id
    INNER JOIN target_divisions
        ON target_divisions.division_date = municipality_parts.division_date
    WHERE stage_spans.stage IN ('in_production', 'pilot')
)
SELECT
    parts.division_date,
    parts.municipality_code,
    parts.solution_id,
    greatest(parts.valid_from, parts.had_until) AS valid_from,
    parts.valid_to,
    parts.marks
FROM parts
WHERE parts.valid_to > greatest(parts.valid_from, parts.had_until)
