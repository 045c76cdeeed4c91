/* view
doc = "What a solution costs, in øre. On each day on which it has the solution a municipality pays, as it is on that day, the day's part of the year of every price which holds then for its number of inhabitants; in other borders what it pays is split by inhabitants. `days`: on how many days anyone whose land lies here has it; `partial` where for one no price holds on some of them. `ore_once` is that of the prices of the last day with one."
uses = ["followed", "payer_spans", "spine", "territory_shares"]
*/
-- Beside each span of whoever has land here: until when the spans before it reach.
WITH landed AS (
    SELECT
        payer_spans.period_start,
        territory_shares.municipality_code,
        payer_spans.solution_id,
        payer_spans.span_start,
        payer_spans.span_end,
        payer_spans.persons,
        territory_shares.policy_id = 'exact_only' AND NOT territory_shares.exact AS unplaced,
        payer_spans.marks | mark('split_by_share', NOT territory_shares.exact) AS marks,
        max(payer_spans.span_end) OVER (
            PARTITION BY
                payer_spans.period_start,
                territory_shares.municipality_code,
                payer_spans.solution_id
            ORDER BY payer_spans.span_start
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS had_until
    FROM payer_spans
    INNER JOIN territory_shares
        ON territory_shares.period_start = payer_spans.period_start
        AND territory_shares.from_date = payer_spans.division_date
        AND territory_shares.from_code = payer_spans.municipality_code
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
-- Where the third policy gives a payer's land to another.
elsewhere AS (
    SELECT DISTINCT
        payer_spans.period_start,
        municipality_mappings.to_code AS municipality_code,
        payer_spans.solution_id
    FROM payer_spans
    INNER JOIN periods
        ON periods.period_start = payer_spans.period_start
        AND periods.policy_id NOT IN ('exact_only', 'population_share')
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id = 'population_share'
        AND municipality_mappings.from_date = payer_spans.division_date
        AND municipality_mappings.from_code = payer_spans.municipality_code
        AND municipality_mappings.to_date = periods.division_date
    WHERE municipality_mappings.to_code IS NOT NULL
),
priced AS (
    SELECT
        payer_spans.period_start,
        payer_spans.division_date,
        payer_spans.municipality_code,
        payer_spans.solution_id,
        greatest(payer_spans.span_start, prices.valid_from) AS span_start,
        least(payer_spans.span_end, prices.valid_to) AS span_end,
        prices.ore_a_year + prices.ore_per_inhabitant_a_year * payer_spans.persons AS ore_a_year,
        prices.ore_once
    FROM payer_spans
    INNER JOIN prices
        ON prices.solution_id = payer_spans.solution_id
        AND prices.population_from <= payer_spans.persons
        AND (prices.population_to IS NULL OR prices.population_to > payer_spans.persons)
        AND prices.valid_from < payer_spans.span_end
        AND (prices.valid_to IS NULL OR prices.valid_to > payer_spans.span_start)
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
        territory_shares.municipality_code,
        placed.solution_id,
        placed.division_date,
        -- What has fallen by the end less what had by the start, each split: so pieces add up to the whole in time and in land.
        sum(
            split_by_weight(
                over_days(placed.ore_a_year, DATE '0001-01-01', placed.span_end),
                territory_shares.weight_from,
                territory_shares.weight_to,
                territory_shares.weight_total
            )
            - split_by_weight(
                over_days(placed.ore_a_year, DATE '0001-01-01', placed.span_start),
                territory_shares.weight_from,
                territory_shares.weight_to,
                territory_shares.weight_total
            )
        ) AS ore,
        sum(
            CASE
                WHEN placed.span_end = placed.last_end
                    THEN split_by_weight(
                        placed.ore_once,
                        territory_shares.weight_from,
                        territory_shares.weight_to,
                        territory_shares.weight_total
                    )
            END
        ) AS ore_once,
        sum(
            greatest(0, CAST(placed.span_end AS INT) - CAST(greatest(placed.span_start, placed.covered_until) AS INT))
        ) AS days,
        max(placed.division_date) OVER (
            PARTITION BY
                placed.period_start,
                territory_shares.municipality_code,
                placed.solution_id
        ) AS last_date
    FROM placed
    INNER JOIN territory_shares
        ON territory_shares.period_start = placed.period_start
        AND territory_shares.from_date = placed.division_date
        AND territory_shares.from_code = placed.municipality_code
    GROUP BY
        placed.period_start,
        territory_shares.municipality_code,
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
        state_if(
            had.days IS NULL,
            CASE
                -- Who has it is not known, nor then that it costs nothing.
                WHEN followed.solution_id IS NULL THEN 'not_applicable/not_followed'
                WHEN elsewhere.municipality_code IS NOT NULL THEN 'not_applicable/paid_by_the_largest'
                ELSE 'not_applicable/not_introduced'
            END
        ),
        state_if(coalesce(had.counted = 0, FALSE), 'not_applicable/no_population'),
        state_if(coalesce(had.counted > 0, FALSE) AND costs.ore IS NULL, 'not_applicable/no_price')
    ) AS state,
    coalesce(had.marks, 0) | mark('partial', costs.days < had.payer_days) AS marks
FROM spine
CROSS JOIN solutions
LEFT JOIN followed
    ON followed.solution_id = solutions.solution_id
LEFT JOIN had
    ON had.period_start = spine.period_start
    AND had.municipality_code = spine.municipality_code
    AND had.solution_id = solutions.solution_id
LEFT JOIN elsewhere
    ON elsewhere.period_start = spine.period_start
    AND elsewhere.municipality_code = spine.municipality_code
    AND elsewhere.solution_id = solutions.solution_id
LEFT JOIN costs
    ON costs.period_start = spine.period_start
    AND costs.municipality_code = spine.municipality_code
    AND costs.solution_id = solutions.solution_id
