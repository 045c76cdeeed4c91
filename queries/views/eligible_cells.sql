/* view
doc = "Persons a solution is for: its target group's age band, all inhabitants where none is declared."
uses = ["population_bands"]
counts = "target_group"
*/
SELECT
    population_bands.period_start,
    population_bands.municipality_code,
    solutions.solution_id,
    population_bands.persons AS eligible,
    population_bands.reference_date,
    population_bands.own_land,
    population_bands.marks
FROM solutions
LEFT JOIN target_groups
    ON target_groups.solution_id = solutions.solution_id
INNER JOIN population_bands
    ON population_bands.age_from = coalesce(target_groups.age_from, 0)
    -- NULL on both sides: no upper end.
    AND population_bands.age_to IS NOT DISTINCT FROM target_groups.age_to
