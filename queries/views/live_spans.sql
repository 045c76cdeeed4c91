/* view
doc = "The days on which a municipality, as it is on them, has a solution, in production or as a pilot, in any part of it: from `valid_from` up to but not including `valid_to`, inside the days of its division. The spans of a municipality of one division do not overlap."
uses = ["division_days", "stage_spans"]
*/
WITH parts AS (
    SELECT
        division_days.division_date,
        municipality_parts.municipality_code,
        municipality_parts.part_id,
        stage_spans.solution_id,
        greatest(stage_spans.valid_from, division_days.valid_from) AS valid_from,
        least(stage_spans.valid_to, division_days.valid_to) AS valid_to,
        mark('synthetic', stage_spans.synthetic) AS marks
    FROM stage_spans
    INNER JOIN municipality_parts
        ON municipality_parts.part_id = stage_spans.part_id
    INNER JOIN division_days
        ON division_days.division_date = municipality_parts.division_date
        AND division_days.valid_to > stage_spans.valid_from
        AND (stage_spans.valid_to IS NULL OR stage_spans.valid_to > division_days.valid_from)
    WHERE stage_spans.stage IN ('in_production', 'pilot')
),
placed AS (
    SELECT
        parts.division_date,
        parts.municipality_code,
        parts.solution_id,
        parts.valid_from,
        parts.valid_to,
        parts.marks,
        -- The days until this one were had by a part before it.
        max(parts.valid_to) OVER (
            PARTITION BY
                parts.division_date,
                parts.municipality_code,
                parts.solution_id
            ORDER BY
                parts.valid_from,
                parts.part_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS had_until
    FROM parts
)
SELECT
    placed.division_date,
    placed.municipality_code,
    placed.solution_id,
    greatest(placed.valid_from, placed.had_until) AS valid_from,
    placed.valid_to,
    placed.marks
FROM placed
WHERE placed.valid_to > greatest(placed.valid_from, placed.had_until)
