/* view
doc = "The inhabitants that coverage is a share of: population_cells, and where exact_only leaves a municipality without, its share of those who were divided."
uses = ["population_reference"]
*/
SELECT
    reference.period_start,
    municipality_mappings.to_code AS municipality_code,
    sum(
        split_by_weight(
            population.persons,
            municipality_mappings.weight_from,
            municipality_mappings.weight_to,
            municipality_mappings.weight_total
        )
    ) AS persons
FROM population_reference AS reference
INNER JOIN population
    ON population.reference_date = reference.reference_date
    AND population.age_from = reference.age_from
    AND population.age_to IS NOT DISTINCT FROM reference.age_to
INNER JOIN municipality_mappings
    -- Those who are left out are counted too, or leaving them out would not show.
    ON municipality_mappings.policy_id
        = CASE WHEN reference.policy_id = 'exact_only' THEN 'population_share' ELSE reference.policy_id END
    AND municipality_mappings.from_code = population.municipality_code
    AND municipality_mappings.from_date = population.division_date
    AND municipality_mappings.to_date = reference.division_date
WHERE
    reference.age_from = 0
    AND reference.age_to IS NULL
    AND municipality_mappings.to_code IS NOT NULL
GROUP BY
    reference.period_start,
    municipality_mappings.to_code
