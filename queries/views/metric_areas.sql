/* view
doc = "The KPI that a target is set for, in an area and period: its numerators and denominators added up, and how many municipalities reported them. `is_representative`: those are home to at least four in five of the area's inhabitants (where nobody knows how many live there: are four in five of those expected), so the sum may be held against a target."
uses = ["coverage_weights", "eligible_cells", "followed", "population_cells", "spine", "status_cells", "usage_cells"]
*/
WITH measured AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        people.persons AS inhabitants,
        CASE
            WHEN $metric = 'adoption.reach' THEN usage.value
            WHEN $metric = 'rollout.population_coverage' THEN coalesce(status.produced, 0) * population.persons
            ELSE coalesce(status.produced, 0)
        END AS numerator,
        CASE
            WHEN $metric = 'adoption.reach' THEN eligible.eligible
            WHEN $metric = 'rollout.population_coverage' THEN population.persons
            ELSE 1
        END AS denominator,
        CASE
            WHEN $metric = 'adoption.reach'
                THEN cell_state(spine.comparable, usage.state, denominator_state(eligible.eligible))
            WHEN $metric = 'rollout.population_coverage'
                THEN cell_state(
                    spine.comparable,
                    denominator_state(population.persons),
                    state_if(followed.solution_id IS NULL, 'not_applicable/not_followed')
                )
            ELSE cell_state(spine.comparable, state_if(followed.solution_id IS NULL, 'not_applicable/not_followed'))
        END AS state,
        CASE
            WHEN $metric = 'adoption.reach'
                THEN usage.marks | coalesce(eligible.marks, 0) | mark('above_whole', usage.value > eligible.eligible)
            WHEN $metric = 'rollout.population_coverage' THEN coalesce(status.marks, 0) | coalesce(population.marks, 0)
            ELSE coalesce(status.marks, 0)
        END AS marks
    FROM spine
    LEFT JOIN population_cells AS population
        ON population.period_start = spine.period_start
        AND population.municipality_code = spine.municipality_code
    LEFT JOIN coverage_weights AS people
        ON people.period_start = spine.period_start
        AND people.municipality_code = spine.municipality_code
    LEFT JOIN status_cells AS status
        ON status.period_start = spine.period_start
        AND status.municipality_code = spine.municipality_code
        AND status.solution_id = $solution_id
    LEFT JOIN usage_cells AS usage
        ON usage.period_start = spine.period_start
        AND usage.municipality_code = spine.municipality_code
        AND usage.solution_id = $solution_id
        AND usage.measure_id = 'users_active'
    LEFT JOIN eligible_cells AS eligible
        ON eligible.period_start = spine.period_start
        AND eligible.municipality_code = spine.municipality_code
        AND eligible.solution_id = $solution_id
    LEFT JOIN followed
        ON followed.solution_id = $solution_id
)
SELECT
    areas.period_start,
    areas.area_code,
    sum(CASE WHEN measured.state = 'ok' THEN measured.numerator END) AS numerator,
    sum(CASE WHEN measured.state = 'ok' THEN measured.denominator END) AS denominator,
    bit_or(CASE WHEN measured.state = 'ok' THEN measured.marks ELSE 0 END) AS marks,
    count(CASE WHEN measured.state = 'ok' THEN 1 END) AS reported,
    count(CASE WHEN is_expected(measured.state) THEN 1 END) AS expected,
    count(CASE WHEN measured.state = 'suppressed' THEN 1 END) AS suppressed,
    count(CASE WHEN measured.state = 'not_valid' THEN 1 END) AS not_valid,
    string_agg(DISTINCT measured.state, ',') AS states,
    sum(CASE WHEN measured.state = 'ok' THEN measured.inhabitants END) AS covered,
    sum(CASE WHEN is_expected(measured.state) THEN measured.inhabitants END) AS persons_expected,
    CASE
        WHEN sum(measured.inhabitants) > 0
            THEN sum(CASE WHEN measured.state = 'ok' THEN measured.inhabitants ELSE 0 END) * 5 >= sum(measured.inhabitants) * 4
        ELSE count(CASE WHEN measured.state = 'ok' THEN 1 END) * 5 >= count(CASE WHEN is_expected(measured.state) THEN 1 END) * 4
    END AS is_representative
FROM areas
INNER JOIN measured
    ON measured.period_start = areas.period_start
    AND measured.municipality_code = areas.municipality_code
GROUP BY
    areas.period_start,
    areas.area_code
