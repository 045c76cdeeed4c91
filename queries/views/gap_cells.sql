/* view
doc = "How far a municipality's use is from its reference (`reference_rates`), in units: missing to it, or beyond it. Where the solution is not yet live nothing is used."
uses = ["eligible_cells", "kostra_groups", "reference_rates", "spine", "usage_cells"]
*/
WITH cells AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        kostra_groups.group_code,
        usage.solution_id,
        usage.measure_id,
        usage.unreported,
        usage.state = 'ok' AND usage.own_land <> eligible.own_land AS is_of_other_land,
        CASE WHEN NOT is_expected(usage.state) AND usage.state <> 'not_valid' AND usage.unreported THEN 'ok' ELSE usage.state END AS state,
        CASE WHEN NOT is_expected(usage.state) AND usage.state <> 'not_valid' AND usage.unreported THEN 0 ELSE usage.value END AS uses,
        eligible.eligible AS persons,
        CASE WHEN usage.state = 'ok' THEN usage.marks ELSE 0 END AS use_marks,
        eligible.marks
    FROM spine
    INNER JOIN usage_cells AS usage
        ON usage.period_start = spine.period_start
        AND usage.municipality_code = spine.municipality_code
    LEFT JOIN eligible_cells AS eligible
        ON eligible.period_start = spine.period_start
        AND eligible.municipality_code = spine.municipality_code
        AND eligible.solution_id = usage.solution_id
    LEFT JOIN kostra_groups
        ON kostra_groups.period_start = spine.period_start
        AND kostra_groups.municipality_code = spine.municipality_code
),
rules AS (
    SELECT column1 AS reference
    FROM (VALUES ('median'), ('p75'), ('best'))
)
SELECT
    cells.period_start,
    cells.municipality_code,
    cells.solution_id,
    cells.measure_id,
    rules.reference,
    greatest(0, cells.persons * reference.uses / reference.persons - cells.uses) AS units,
    greatest(0, cells.uses - cells.persons * reference.uses / reference.persons) AS units_beyond,
    cell_state(
        cells.state,
        state_if(cells.is_of_other_land, 'not_valid'),
        state_if(has_mark(cells.use_marks, 'partial'), 'not_applicable/part_of_period'),
        state_if(cells.persons IS NULL, 'not_applicable/no_denominator'),
        state_if(cells.group_code IS NULL, 'not_applicable/no_peer_group'),
        -- Fewer than three others have reported.
        state_if(cells.group_code IS NOT NULL AND reference.persons IS NULL, 'missing/no_reference')
    ) AS state,
    -- A distance to an estimate is one.
    cells.use_marks | coalesce(cells.marks, 0) | coalesce(reference.marks, 0) AS marks,
    reference.others AS reference_others,
    reference.wider AS reference_wider
FROM cells
CROSS JOIN rules
LEFT JOIN reference_rates AS reference
    ON reference.period_start = cells.period_start
    AND reference.municipality_code = cells.municipality_code
    AND reference.solution_id = cells.solution_id
    AND reference.measure_id = cells.measure_id
    AND reference.reference = rules.reference
