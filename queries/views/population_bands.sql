/* view
doc = "Persons of an age band in the target borders: the newest count on or before 1 January of the period's year. `own_land`: they are those of the municipality as it is; not where `largest_successor` gave it those of more land."
uses = ["population_reference"]
*/
SELECT
    reference.period_start,
    municipality_mappings.to_code AS municipality_code,
    reference.age_from,
    reference.age_to,
    reference.reference_date,
    sum(
        split_by_weight(
            population.persons,
            municipality_mappings.weight_from,
            municipality_mappings.weight_to,
            municipality_mappings.weight_total
        )
    ) AS persons,
    -- The third policy, which has another name in lakes.
    bool_and(municipality_mappings.exact OR reference.policy_id IN ('exact_only', 'population_share')) AS own_land,
    bit_or(
        mark('split_by_share', NOT municipality_mappings.exact)
        | mark('stale_denominator', reference.reference_date < reference.period_start - INTERVAL '2 years')
    ) AS marks
FROM population_reference AS reference
INNER JOIN population
    ON population.reference_date = reference.reference_date
    AND population.age_from = reference.age_from
    AND population.age_to IS NOT DISTINCT FROM reference.age_to
INNER JOIN municipality_mappings
    ON municipality_mappings.policy_id = reference.policy_id
    AND municipality_mappings.from_code = population.municipality_code
    AND municipality_mappings.from_date = population.division_date
    AND municipality_mappings.to_date = reference.division_date
WHERE municipality_mappings.to_code IS NOT NULL
GROUP BY
    reference.period_start,
    municipality_mappings.to_code,
    reference.age_from,
    reference.age_to,
    reference.reference_date
