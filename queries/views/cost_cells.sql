/* view
doc = "What a solution costs a municipality, in øre: on each day on which it has the solution, that day of the year of every price which holds then for its number of inhabitants. `days`: how many those days are; `partial` where no price holds on some of them. `ore_once` is that of the prices of the last day with one."
uses = ["live_spans", "population_cells", "spine"]
*/
WITH held AS (
    SELECT
        periods.period_start,
        live_spans.municipality_code,
        live_spans.solution_id,
        greatest(live_spans.valid_from, periods.period_start) AS span_start,
        least(live_spans.valid_to, periods.period_end) AS span_end,
        live_spans.marks
    FROM periods
    INNER JOIN live_spans
        ON live_spans.division_date = periods.division_date
        AND live_spans.valid_from < periods.period_end
        AND live_spans.valid_to > periods.period_start
),
had AS (
    SELECT
        held.period_start,
        held.municipality_code,
        held.solution_id,
        sum(CAST(held.span_end AS INT) - CAST(held.span_start AS INT)) AS days,
        bit_or(held.marks) AS marks
    FROM held
    GROUP BY
        held.period_start,
        held.municipality_code,
        held.solution_id
),
priced AS (
    SELECT
        held.period_start,
        held.municipality_code,
        held.solution_id,
        greatest(held.span_start, prices.valid_from) AS span_start,
        least(held.span_end, prices.valid_to) AS span_end,
        prices.ore_a_year + prices.ore_per_inhabitant_a_year * people.persons AS ore_a_year,
        prices.ore_once
    FROM held
    INNER JOIN population_cells AS people
        ON people.period_start = held.period_start
        AND people.municipality_code = held.municipality_code
    INNER JOIN prices
        ON prices.solution_id = held.solution_id
        AND prices.population_from <= people.persons
        AND (prices.population_to IS NULL OR prices.population_to > people.persons)
        AND prices.valid_from < held.span_end
        AND (prices.valid_to IS NULL OR prices.valid_to > held.span_start)
),
-- Beside each span: until when the spans before it reach, and where the last of all ends.
placed AS (
    SELECT
        priced.period_start,
        priced.municipality_code,
        priced.solution_id,
        priced.span_start,
        priced.span_end,
        priced.ore_a_year,
        priced.ore_once,
        max(priced.span_end) OVER (
            PARTITION BY
                priced.period_start,
                priced.municipality_code,
                priced.solution_id
            ORDER BY priced.span_start
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS covered_until,
        max(priced.span_end) OVER (
            PARTITION BY
                priced.period_start,
                priced.municipality_code,
                priced.solution_id
        ) AS last_end
    FROM priced
),
paid AS (
    SELECT
        placed.period_start,
        placed.municipality_code,
        placed.solution_id,
        sum(over_days(placed.ore_a_year, placed.span_start, placed.span_end)) AS ore,
        sum(CASE WHEN placed.span_end = placed.last_end THEN placed.ore_once END) AS ore_once,
        sum(
            greatest(0, CAST(placed.span_end AS INT) - CAST(greatest(placed.span_start, placed.covered_until) AS INT))
        ) AS days
    FROM placed
    GROUP BY
        placed.period_start,
        placed.municipality_code,
        placed.solution_id
)
SELECT
    spine.period_start,
    spine.municipality_code,
    solutions.solution_id,
    had.days,
    paid.ore,
    paid.ore_once,
    cell_state(
        state_if(people.persons IS NULL, 'not_applicable/no_population'),
        state_if(had.days IS NULL, 'not_applicable/not_introduced'),
        state_if(had.days IS NOT NULL AND paid.ore IS NULL, 'not_applicable/no_price')
    ) AS state,
    coalesce(people.marks, 0) | coalesce(had.marks, 0) | mark('partial', paid.days < had.days) AS marks
FROM spine
CROSS JOIN solutions
LEFT JOIN population_cells AS people
    ON people.period_start = spine.period_start
    AND people.municipality_code = spine.municipality_code
LEFT JOIN had
    ON had.period_start = spine.period_start
    AND had.municipality_code = spine.municipality_code
    AND had.solution_id = solutions.solution_id
LEFT JOIN paid
    ON paid.period_start = spine.period_start
    AND paid.municipality_code = spine.municipality_code
    AND paid.solution_id = solutions.solution_id
