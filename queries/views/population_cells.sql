/* view
doc = "All inhabitants in the target borders on 1 January of the period's year."
uses = ["population_bands"]
counts = "everybody"
*/
SELECT
    population_bands.period_start,
    population_bands.municipality_code,
    population_bands.persons,
    population_bands.reference_date,
    population_bands.own_land,
    population_bands.marks
FROM population_bands
WHERE
    population_bands.age_from = 0
    AND population_bands.age_to IS NULL
