/* view
doc = "What a solution costs a municipality that has it, in øre: every price for its number of inhabitants that holds on the first day of a period of whole months."
uses = ["population_cells", "spine", "status_cells"]
*/
WITH priced AS (
    SELECT
        people.period_start,
        people.municipality_code,
        prices.solution_id,
        sum(prices.ore_a_year + prices.ore_per_inhabitant_a_year * people.persons) * max(periods.months) / 12 AS ore,
        sum(prices.ore_once) AS ore_once
    FROM population_cells AS people
    INNER JOIN periods
        ON periods.period_start = people.period_start
    INNER JOIN prices
        ON prices.population_from <= people.persons
        AND (prices.population_to IS NULL OR prices.population_to > people.persons)
        AND prices.valid_from <= periods.period_start
        AND (prices.valid_to IS NULL OR prices.valid_to > periods.period_start)
    -- A price is for a year and divides into months, not into weeks.
    WHERE
        date_part('day', periods.period_start) = 1
        AND date_part('day', periods.period_end) = 1
    GROUP BY
        people.period_start,
        people.municipality_code,
        prices.solution_id
)
SELECT
    spine.period_start,
    spine.municipality_code,
    solutions.solution_id,
    priced.ore,
    priced.ore_once,
    cell_state(
        state_if(people.persons IS NULL, 'not_applicable/no_population'),
        state_if(coalesce(status.live, 0) = 0, 'not_applicable/not_introduced'),
        state_if(priced.ore IS NULL, 'not_applicable/no_price')
    ) AS state,
    coalesce(people.marks, 0) | coalesce(status.marks, 0) AS marks
FROM spine
CROSS JOIN solutions
LEFT JOIN population_cells AS people
    ON people.period_start = spine.period_start
    AND people.municipality_code = spine.municipality_code
LEFT JOIN status_cells AS status
    ON status.period_start = spine.period_start
    AND status.municipality_code = spine.municipality_code
    AND status.solution_id = solutions.solution_id
LEFT JOIN priced
    ON priced.period_start = spine.period_start
    AND priced.municipality_code = spine.municipality_code
    AND priced.solution_id = solutions.solution_id
