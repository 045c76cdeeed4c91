/* view
doc = "Where the land of a municipality of any division lies in the borders of a period: its part of the inhabitants there. What `exact_only` may not split (`exact` is false) is here too, for it to be found and not shown."
uses = []
*/
SELECT
    periods.period_start,
    periods.policy_id,
    municipality_mappings.from_code,
    municipality_mappings.from_date,
    municipality_mappings.to_code AS municipality_code,
    municipality_mappings.weight_from,
    municipality_mappings.weight_to,
    municipality_mappings.weight_total,
    municipality_mappings.exact
FROM periods
INNER JOIN municipality_mappings
    ON municipality_mappings.policy_id = CASE
        WHEN periods.policy_id = 'exact_only' THEN 'population_share'
        ELSE periods.policy_id
    END
    AND municipality_mappings.to_date = periods.division_date
WHERE municipality_mappings.to_code IS NOT NULL
