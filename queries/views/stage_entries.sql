/* view
doc = "The first day any part of a municipality of the target division entered a stage, of the days up to the end of a period."
uses = ["statements"]
*/
SELECT
    periods.period_start,
    territory.municipality_code,
    statements.solution_id,
    statements.stage,
    min(statements.valid_from) AS first_day,
    bit_or(mark('synthetic', statements.synthetic)) AS marks
FROM statements
INNER JOIN periods
    ON statements.valid_from < periods.period_end
INNER JOIN municipality_parts
    ON municipality_parts.municipality_code = statements.municipality_code
    AND municipality_parts.division_date = statements.division_date
INNER JOIN municipality_parts AS territory
    ON territory.part_id = municipality_parts.part_id
    AND territory.division_date = periods.division_date
GROUP BY
    periods.period_start,
    territory.municipality_code,
    statements.solution_id,
    statements.stage
