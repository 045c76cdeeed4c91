/* view
doc = "The days of a period on which a municipality, as it is on that day, has a solution: from `span_start` up to but not including `span_end`. `persons`: its inhabitants at the beginning of the year of its last day in the period."
uses = ["division_days", "live_spans"]
counts = "everybody"
*/
-- The division of the days of a period, two where one begins inside it; and 1 January of the year of its last day there.
WITH dated AS (
    SELECT
        periods.period_start,
        periods.period_end,
        periods.policy_id,
        division_days.division_date,
        CAST(
            date_trunc('year', least(periods.period_end, division_days.valid_to) - INTERVAL '1 day') AS DATE
        ) AS year_start
    FROM periods
    INNER JOIN division_days
        ON division_days.valid_from < periods.period_end
        AND division_days.valid_to > periods.period_start
),
reference AS (
    SELECT
        dated.period_start,
        dated.division_date,
        dated.policy_id,
        max(population.reference_date) AS reference_date
    FROM dated
    INNER JOIN (
        SELECT DISTINCT population.reference_date
        FROM population
        WHERE
            population.age_from = 0
            AND population.age_to IS NULL
    ) AS population
        ON population.reference_date <= dated.year_start
    GROUP BY
        dated.period_start,
        dated.division_date,
        dated.policy_id
),
payers AS (
    SELECT
        reference.period_start,
        reference.division_date,
        municipality_mappings.to_code AS municipality_code,
        sum(
            split_by_weight(
                population.persons,
                municipality_mappings.weight_from,
                municipality_mappings.weight_to,
                municipality_mappings.weight_total
            )
        ) AS persons,
        bit_or(
            mark('split_by_share', NOT municipality_mappings.exact)
            | mark('stale_denominator', reference.reference_date < reference.period_start - INTERVAL '2 years')
        ) AS marks
    FROM reference
    INNER JOIN population
        ON population.reference_date = reference.reference_date
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id = reference.policy_id
        AND municipality_mappings.from_code = population.municipality_code
        AND municipality_mappings.from_date = population.division_date
        AND municipality_mappings.to_date = reference.division_date
    WHERE
        municipality_mappings.to_code IS NOT NULL
        AND population.age_from = 0
        AND population.age_to IS NULL
    GROUP BY
        reference.period_start,
        reference.division_date,
        municipality_mappings.to_code
)
SELECT
    dated.period_start,
    dated.division_date,
    live_spans.municipality_code,
    live_spans.solution_id,
    greatest(live_spans.valid_from, dated.period_start) AS span_start,
    least(live_spans.valid_to, dated.period_end) AS span_end,
    payers.persons,
    live_spans.marks | coalesce(payers.marks, 0) AS marks
FROM dated
INNER JOIN live_spans
    ON live_spans.division_date = dated.division_date
    AND live_spans.valid_from < dated.period_end
    AND live_spans.valid_to > dated.period_start
LEFT JOIN payers
    ON payers.period_start = dated.period_start
    AND payers.division_date = dated.division_date
    AND payers.municipality_code = live_spans.municipality_code
