/* view
doc = "The usage of every municipality of the wanted division in every period, with its state: missing is never zero."
uses = ["silent_cells", "spine", "status_cells", "usage_rows"]
*/
WITH pieces AS (
    SELECT
        usage_rows.period_start,
        usage_rows.solution_id,
        usage_rows.measure_id,
        municipality_mappings.to_code AS municipality_code,
        usage_rows.municipality_code AS from_code,
        usage_rows.division_date,
        usage_rows.rollup,
        usage_rows.period_end,
        usage_rows.state,
        CASE
            WHEN usage_rows.state = 'ok'
                THEN usage_rows.value * municipality_mappings.weight_to / municipality_mappings.weight_total
                    - usage_rows.value * municipality_mappings.weight_from / municipality_mappings.weight_total
        END AS piece,
        CASE
            WHEN usage_rows.state = 'ok'
                THEN usage_rows.marks + CASE WHEN municipality_mappings.exact THEN 0 ELSE 64 END
            ELSE 0
        END AS marks
    FROM usage_rows
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id = usage_rows.policy_id
        AND municipality_mappings.from_code = usage_rows.municipality_code
        AND municipality_mappings.from_date = usage_rows.division_date
        AND municipality_mappings.to_date = usage_rows.to_date
    WHERE municipality_mappings.to_code IS NOT NULL
),
-- What each reporting municipality adds, its periods rolled up over time.
added AS (
    SELECT
        pieces.period_start,
        pieces.solution_id,
        pieces.measure_id,
        pieces.municipality_code,
        CASE
            WHEN pieces.rollup = 'mean'
                THEN sum(pieces.piece)
                    / NULLIF(count(DISTINCT CASE WHEN pieces.state = 'ok' THEN pieces.period_end END), 0)
            ELSE sum(pieces.piece)
        END AS value,
        -- What of it is provisional (1), imputed (2) or split by share (64).
        CASE
            WHEN pieces.rollup = 'mean'
                THEN sum(CASE WHEN pieces.marks & 67 > 0 THEN pieces.piece ELSE 0 END)
                    / NULLIF(count(DISTINCT CASE WHEN pieces.state = 'ok' THEN pieces.period_end END), 0)
            ELSE sum(CASE WHEN pieces.marks & 67 > 0 THEN pieces.piece ELSE 0 END)
        END AS estimated,
        bit_or(pieces.marks) AS marks,
        max(CASE WHEN pieces.state = 'ok' THEN 1 ELSE 0 END) AS oks,
        max(CASE WHEN pieces.state = 'suppressed' THEN 1 ELSE 0 END) AS suppressed,
        max(CASE WHEN pieces.state = 'missing' THEN 1 ELSE 0 END) AS missing
    FROM pieces
    GROUP BY
        pieces.period_start,
        pieces.solution_id,
        pieces.measure_id,
        pieces.municipality_code,
        pieces.from_code,
        pieces.division_date,
        pieces.rollup
),
told AS (
    SELECT
        added.period_start,
        added.solution_id,
        added.measure_id,
        added.municipality_code,
        sum(added.value) AS value,
        sum(added.estimated) AS estimated,
        bit_or(added.marks) AS marks,
        max(added.oks) AS oks,
        max(added.suppressed) AS suppressed,
        max(added.missing) AS missing
    FROM added
    GROUP BY
        added.period_start,
        added.solution_id,
        added.measure_id,
        added.municipality_code
),
followed AS (
    SELECT DISTINCT rollout_events.solution_id
    FROM rollout_events
)
SELECT
    spine.period_start,
    spine.municipality_code,
    measures.solution_id,
    measures.measure_id,
    CASE WHEN told.oks = 1 THEN told.value END AS value,
    CASE WHEN told.oks = 1 THEN told.estimated END AS estimated,
    CASE
        WHEN told.oks = 1 THEN 'ok'
        WHEN told.suppressed = 1 THEN 'suppressed'
        WHEN told.missing = 1 THEN 'missing'
        WHEN told.oks = 0 THEN 'not_applicable'
        -- Nothing was said: expected of those that have the solution, and of all where no rollout is followed.
        WHEN followed.solution_id IS NULL OR status.live = 1 THEN 'missing'
        ELSE 'not_applicable'
    END AS state,
    coalesce(told.marks, 0)
    + CASE
        WHEN told.oks = 1 AND (told.suppressed = 1 OR told.missing = 1 OR silent.municipality_code IS NOT NULL)
            THEN 16
        ELSE 0
    END AS marks,
    told.oks IS NULL AS silent
FROM spine
CROSS JOIN measures
LEFT JOIN told
    ON told.period_start = spine.period_start
    AND told.municipality_code = spine.municipality_code
    AND told.solution_id = measures.solution_id
    AND told.measure_id = measures.measure_id
LEFT JOIN status_cells AS status
    ON status.period_start = spine.period_start
    AND status.municipality_code = spine.municipality_code
    AND status.solution_id = measures.solution_id
LEFT JOIN silent_cells AS silent
    ON silent.period_start = spine.period_start
    AND silent.municipality_code = spine.municipality_code
    AND silent.solution_id = measures.solution_id
    AND silent.measure_id = measures.measure_id
LEFT JOIN followed
    ON followed.solution_id = measures.solution_id
