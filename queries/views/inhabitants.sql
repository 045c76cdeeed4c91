/* view
doc = "Everybody who lives in a municipality of any division, by the count of `reference_date` and as the policy splits it."
uses = []
*/
SELECT
    municipality_mappings.policy_id,
    municipality_mappings.to_date AS division_date,
    municipality_mappings.to_code AS municipality_code,
    population.reference_date,
    sum(
        split_by_weight(
            population.persons,
            municipality_mappings.weight_from,
            municipality_mappings.weight_to,
            municipality_mappings.weight_total
        )
    ) AS persons,
    bit_or(mark('split_by_share', NOT municipality_mappings.exact)) AS marks
FROM population
INNER JOIN municipality_mappings
    ON municipality_mappings.from_code = population.municipality_code
    AND municipality_mappings.from_date = population.division_date
WHERE
    municipality_mappings.to_code IS NOT NULL
    AND population.age_from = 0
    AND population.age_to IS NULL
GROUP BY
    municipality_mappings.policy_id,
    municipality_mappings.to_date,
    municipality_mappings.to_code,
    population.reference_date
