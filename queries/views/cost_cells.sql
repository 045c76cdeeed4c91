/* view
doc = "What a solution costs, in øre. On each day on which it has the solution a municipality pays, as it is on that day, the day's part of the year of every price which holds then for its number of inhabitants; in other borders what it pays is split by inhabitants. `days`: on how many days anyone whose land lies here has it; `partial` where for one no price holds on some of them. `ore_once` is that of the prices of the last day with one."
uses = ["division_days", "live_spans", "spine"]
counts = "everybody"
*/
-- The division of the days of a period, two where one begins inside it; and 1 January of the year of its last day there.
WITH dated AS (
    SELECT
        periods.period_start,
        periods.period_end,
        periods.policy_id,
        periods.division_date AS to_date,
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
),
-- Where the land of those who pay lies in the borders asked for. What may not be split is found, and not shown.
territory AS (
    SELECT
        dated.period_start,
        dated.division_date,
        municipality_mappings.from_code,
        municipality_mappings.to_code AS municipality_code,
        municipality_mappings.weight_from,
        municipality_mappings.weight_to,
        municipality_mappings.weight_total,
        municipality_mappings.exact,
        dated.policy_id = 'exact_only' AND NOT municipality_mappings.exact AS unplaced
    FROM dated
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id = CASE
            WHEN dated.policy_id = 'exact_only' THEN 'population_share'
            ELSE dated.policy_id
        END
        AND municipality_mappings.from_date = dated.division_date
        AND municipality_mappings.to_date = dated.to_date
    WHERE municipality_mappings.to_code IS NOT NULL
),
held AS (
    SELECT
        dated.period_start,
        dated.division_date,
        live_spans.municipality_code,
        live_spans.solution_id,
        greatest(live_spans.valid_from, dated.period_start) AS span_start,
        least(live_spans.valid_to, dated.period_end) AS span_end,
        live_spans.marks
    FROM dated
    INNER JOIN live_spans
        ON live_spans.division_date = dated.division_date
        AND live_spans.valid_from < dated.period_end
        AND live_spans.valid_to > dated.period_start
),
-- Beside each span of whoever has land here: until when the spans before it reach.
landed AS (
    SELECT
        held.period_start,
        territory.municipality_code,
        held.solution_id,
        held.span_start,
        held.span_end,
        payers.persons,
        territory.unplaced,
        held.marks | coalesce(payers.marks, 0) | mark('split_by_share', NOT territory.exact) AS marks,
        max(held.span_end) OVER (
            PARTITION BY
                held.period_start,
                territory.municipality_code,
                held.solution_id
            ORDER BY held.span_start
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS had_until
    FROM held
    INNER JOIN territory
        ON territory.period_start = held.period_start
        AND territory.division_date = held.division_date
        AND territory.from_code = held.municipality_code
    LEFT JOIN payers
        ON payers.period_start = held.period_start
        AND payers.division_date = held.division_date
        AND payers.municipality_code = held.municipality_code
),
had AS (
    SELECT
        landed.period_start,
        landed.municipality_code,
        landed.solution_id,
        sum(greatest(0, CAST(landed.span_end AS INT) - CAST(greatest(landed.span_start, landed.had_until) AS INT))) AS days,
        -- Of each who has it.
        sum(CAST(landed.span_end AS INT) - CAST(landed.span_start AS INT)) AS payer_days,
        count(landed.persons) AS counted,
        bool_or(landed.unplaced) AS unplaced,
        bit_or(landed.marks) AS marks
    FROM landed
    GROUP BY
        landed.period_start,
        landed.municipality_code,
        landed.solution_id
),
priced AS (
    SELECT
        held.period_start,
        held.division_date,
        held.municipality_code,
        held.solution_id,
        greatest(held.span_start, prices.valid_from) AS span_start,
        least(held.span_end, prices.valid_to) AS span_end,
        prices.ore_a_year + prices.ore_per_inhabitant_a_year * payers.persons AS ore_a_year,
        prices.ore_once
    FROM held
    INNER JOIN payers
        ON payers.period_start = held.period_start
        AND payers.division_date = held.division_date
        AND payers.municipality_code = held.municipality_code
    INNER JOIN prices
        ON prices.solution_id = held.solution_id
        AND prices.population_from <= payers.persons
        AND (prices.population_to IS NULL OR prices.population_to > payers.persons)
        AND prices.valid_from < held.span_end
        AND (prices.valid_to IS NULL OR prices.valid_to > held.span_start)
),
-- Beside each span: until when the spans before it reach, and where the last of all ends.
placed AS (
    SELECT
        priced.period_start,
        priced.division_date,
        priced.municipality_code,
        priced.solution_id,
        priced.span_start,
        priced.span_end,
        priced.ore_a_year,
        priced.ore_once,
        max(priced.span_end) OVER (
            PARTITION BY
                priced.period_start,
                priced.division_date,
                priced.municipality_code,
                priced.solution_id
            ORDER BY priced.span_start
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS covered_until,
        max(priced.span_end) OVER (
            PARTITION BY
                priced.period_start,
                priced.division_date,
                priced.municipality_code,
                priced.solution_id
        ) AS last_end
    FROM priced
),
paid AS (
    SELECT
        placed.period_start,
        territory.municipality_code,
        placed.solution_id,
        placed.division_date,
        -- What has fallen by the end less what had by the start, each split: so pieces add up to the whole in time and in land.
        sum(
            split_by_weight(
                over_days(placed.ore_a_year, DATE '0001-01-01', placed.span_end),
                territory.weight_from,
                territory.weight_to,
                territory.weight_total
            )
            - split_by_weight(
                over_days(placed.ore_a_year, DATE '0001-01-01', placed.span_start),
                territory.weight_from,
                territory.weight_to,
                territory.weight_total
            )
        ) AS ore,
        sum(
            CASE
                WHEN placed.span_end = placed.last_end
                    THEN split_by_weight(
                        placed.ore_once,
                        territory.weight_from,
                        territory.weight_to,
                        territory.weight_total
                    )
            END
        ) AS ore_once,
        sum(
            greatest(0, CAST(placed.span_end AS INT) - CAST(greatest(placed.span_start, placed.covered_until) AS INT))
        ) AS days,
        max(placed.division_date) OVER (
            PARTITION BY
                placed.period_start,
                territory.municipality_code,
                placed.solution_id
        ) AS last_date
    FROM placed
    INNER JOIN territory
        ON territory.period_start = placed.period_start
        AND territory.division_date = placed.division_date
        AND territory.from_code = placed.municipality_code
    GROUP BY
        placed.period_start,
        territory.municipality_code,
        placed.solution_id,
        placed.division_date
),
costs AS (
    SELECT
        paid.period_start,
        paid.municipality_code,
        paid.solution_id,
        sum(paid.ore) AS ore,
        -- Who was another before a border moved has not paid twice.
        sum(CASE WHEN paid.division_date = paid.last_date THEN paid.ore_once END) AS ore_once,
        sum(paid.days) AS days
    FROM paid
    GROUP BY
        paid.period_start,
        paid.municipality_code,
        paid.solution_id
)
SELECT
    spine.period_start,
    spine.municipality_code,
    solutions.solution_id,
    had.days,
    costs.ore,
    costs.ore_once,
    cell_state(
        state_if(coalesce(had.unplaced, FALSE), 'not_valid'),
        state_if(had.days IS NULL, 'not_applicable/not_introduced'),
        state_if(coalesce(had.counted = 0, FALSE), 'not_applicable/no_population'),
        state_if(coalesce(had.counted > 0, FALSE) AND costs.ore IS NULL, 'not_applicable/no_price')
    ) AS state,
    coalesce(had.marks, 0) | mark('partial', costs.days < had.payer_days) AS marks
FROM spine
CROSS JOIN solutions
LEFT JOIN had
    ON had.period_start = spine.period_start
    AND had.municipality_code = spine.municipality_code
    AND had.solution_id = solutions.solution_id
LEFT JOIN costs
    ON costs.period_start = spine.period_start
    AND costs.municipality_code = spine.municipality_code
    AND costs.solution_id = solutions.solution_id
