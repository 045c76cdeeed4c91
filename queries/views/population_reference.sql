/* view
doc = "The reference date of each age band for a period: the newest on or before 1 January of its year. An age_to of NULL has no upper end."
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
        population.age_to,
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
