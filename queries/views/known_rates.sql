/* view
doc = "The municipalities with a number of the whole period and persons in the target group: which of them a municipality is, from the lowest use per person up, in its KOSTRA group and in the country, and how many they are."
uses = ["eligible_cells", "kostra_groups", "spine", "usage_cells"]
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    kostra_groups.group_code,
    usage.solution_id,
    usage.measure_id,
    usage.value AS uses,
    eligible.eligible AS persons,
    usage.marks | eligible.marks AS marks,
    row_number() OVER (
        PARTITION BY
            spine.period_start,
            usage.solution_id,
            usage.measure_id,
            kostra_groups.group_code
        ORDER BY
            CAST(usage.value AS DOUBLE) / eligible.eligible,
            spine.municipality_code
    ) AS place_in_group,
    count(*) OVER (
        PARTITION BY
            spine.period_start,
            usage.solution_id,
            usage.measure_id,
            kostra_groups.group_code
    ) AS municipalities_in_group,
    row_number() OVER (
        PARTITION BY
            spine.period_start,
            usage.solution_id,
            usage.measure_id
        ORDER BY
            CAST(usage.value AS DOUBLE) / eligible.eligible,
            spine.municipality_code
    ) AS place_in_nation,
    count(*) OVER (
        PARTITION BY
            spine.period_start,
            usage.solution_id,
            usage.measure_id
    ) AS municipalities_in_nation
FROM spine
INNER JOIN usage_cells AS usage
    ON usage.period_start = spine.period_start
    AND usage.municipality_code = spine.municipality_code
INNER JOIN eligible_cells AS eligible
    ON eligible.period_start = spine.period_start
    AND eligible.municipality_code = spine.municipality_code
    AND eligible.solution_id = usage.solution_id
LEFT JOIN kostra_groups
    ON kostra_groups.period_start = spine.period_start
    AND kostra_groups.municipality_code = spine.municipality_code
WHERE
    spine.comparable
    AND usage.state = 'ok'
    AND usage.own_land = eligible.own_land
    AND NOT has_mark(usage.marks, 'partial')
    AND eligible.eligible > 0
