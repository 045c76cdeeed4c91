/* view
doc = "What the KPI that a target is set for says of an area in a period: its parts added up, with how many municipalities told them."
uses = ["eligible_cells", "population_cells", "spine", "status_cells", "usage_cells"]
*/
WITH measured AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        population.persons,
        CASE
            WHEN $metric = 'adoption.reach' THEN usage.value
            WHEN $metric = 'rollout.population_coverage' THEN coalesce(status.live, 0) * population.persons
            ELSE coalesce(status.live, 0)
        END AS numerator,
        CASE
            WHEN $metric = 'adoption.reach' THEN eligible.eligible
            WHEN $metric = 'rollout.population_coverage' THEN population.persons
            ELSE 1
        END AS denominator,
        CASE
            WHEN NOT spine.comparable THEN 'not_valid'
            WHEN $metric = 'adoption.reach' AND usage.state = 'suppressed' THEN 'suppressed'
            WHEN $metric = 'adoption.reach' AND (usage.state = 'missing' OR eligible.eligible IS NULL) THEN 'missing'
            WHEN $metric = 'adoption.reach' AND (usage.state IS NULL OR usage.state <> 'ok' OR eligible.eligible = 0)
                THEN 'not_applicable'
            WHEN $metric = 'rollout.population_coverage' AND population.persons IS NULL THEN 'missing'
            WHEN $metric = 'rollout.population_coverage' AND population.persons = 0 THEN 'not_applicable'
            ELSE 'ok'
        END AS state,
        CASE
            WHEN $metric = 'adoption.reach' THEN usage.marks | coalesce(eligible.marks, 0)
            WHEN $metric = 'rollout.population_coverage' THEN coalesce(status.marks, 0) | coalesce(population.marks, 0)
            ELSE coalesce(status.marks, 0)
        END AS marks
    FROM spine
    LEFT JOIN population_cells AS population
        ON population.period_start = spine.period_start
        AND population.municipality_code = spine.municipality_code
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
)
SELECT
    areas.period_start,
    areas.area_code,
    sum(CASE WHEN measured.state = 'ok' THEN measured.numerator END) AS numerator,
    sum(CASE WHEN measured.state = 'ok' THEN measured.denominator END) AS denominator,
    bit_or(CASE WHEN measured.state = 'ok' THEN measured.marks ELSE 0 END) AS marks,
    count(CASE WHEN measured.state = 'ok' THEN 1 END) AS reported,
    count(CASE WHEN measured.state IN ('ok', 'missing', 'suppressed') THEN 1 END) AS expected,
    count(CASE WHEN measured.state = 'suppressed' THEN 1 END) AS suppressed,
    count(CASE WHEN measured.state = 'not_valid' THEN 1 END) AS not_valid,
    sum(CASE WHEN measured.state = 'ok' THEN measured.persons END) AS covered,
    sum(CASE WHEN measured.state IN ('ok', 'missing', 'suppressed') THEN measured.persons END) AS persons
FROM areas
INNER JOIN measured
    ON measured.period_start = areas.period_start
    AND measured.municipality_code = areas.municipality_code
GROUP BY
    areas.period_start,
    areas.area_code
