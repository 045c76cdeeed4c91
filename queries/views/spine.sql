/* view
doc = "Every municipality of the target division in every period of the request, and whether it can be compared."
uses = []
*/
SELECT
    periods.period_start,
    periods.period_end,
    municipalities.municipality_code,
    municipalities.name AS municipality_name,
    municipalities.county_code,
    inexact.to_code IS NULL AS comparable
FROM periods
INNER JOIN municipalities
    ON municipalities.valid_from <= periods.on_day
    AND (municipalities.valid_to IS NULL OR municipalities.valid_to > periods.on_day)
-- A municipality that overlaps one of the period's own division which does not lie wholly in it.
LEFT JOIN (
    SELECT DISTINCT
        municipality_mappings.from_date,
        municipality_mappings.to_date,
        municipality_mappings.to_code
    FROM municipality_mappings
    WHERE
        municipality_mappings.policy_id = 'population_share'
        AND NOT municipality_mappings.exact
) AS inexact
    ON inexact.from_date = periods.native_date
    AND inexact.to_date = periods.division_date
    AND inexact.to_code = municipalities.municipality_code
    AND periods.policy_id = 'exact_only'
