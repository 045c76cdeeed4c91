/* view
doc = "The KPI that a target is set for, in a municipality and period."
uses = ["coverage_weights", "eligible_cells", "followed", "population_cells", "spine", "status_cells", "usage_cells"]
*/
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
            THEN cell_state(
                spine.comparable,
                usage.state,
                denominator_state(eligible.eligible),
                state_if(usage.state = 'ok' AND usage.own_land <> eligible.own_land, 'not_valid')
            )
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
