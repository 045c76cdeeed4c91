/* view
doc = "The day each age band was counted that a period is measured by: the newest on or before 1 January of its year."
uses = []
*/
SELECT
    periods.period_start,
    periods.division_date,
    periods.policy_id,
    bands.age_from,
    bands.age_to,
    max(bands.reference_date) AS reference_date
FROM periods
INNER JOIN (
    SELECT DISTINCT
        population.age_from,
        coalesce(population.age_to, 999) AS age_to,
        population.reference_date
    FROM population
) AS bands
    ON bands.reference_date <= periods.year_start
GROUP BY
    periods.period_start,
    periods.division_date,
    periods.policy_id,
    bands.age_from,
    bands.age_to
