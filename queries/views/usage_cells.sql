/* view
doc = "The usage of every municipality of the target division in every period, with its state: missing is never zero. `unreported`: no row came at all."
uses = ["spine", "status_cells", "unreported_cells", "usage_rows"]
*/
WITH allocated AS (
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
                THEN split_by_weight(
                    usage_rows.value,
                    municipality_mappings.weight_from,
                    municipality_mappings.weight_to,
                    municipality_mappings.weight_total
                )
        END AS value,
        CASE
            WHEN usage_rows.state = 'ok'
                THEN usage_rows.marks | mark('split_by_share', NOT municipality_mappings.exact)
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
-- What each reporting municipality contributes, its periods rolled up over time.
added AS (
    SELECT
        allocated.period_start,
        allocated.solution_id,
        allocated.measure_id,
        allocated.municipality_code,
        sum(allocated.value) AS value,
        sum(
            CASE
                WHEN has_mark(allocated.marks, 'provisional', 'imputed', 'split_by_share') THEN allocated.value
                ELSE 0
            END
        ) AS estimated,
        -- A mean is over the periods that were reported.
        CASE
            WHEN allocated.rollup = 'mean'
                THEN NULLIF(count(DISTINCT CASE WHEN allocated.state = 'ok' THEN allocated.period_end END), 0)
            ELSE 1
        END AS divisor,
        bit_or(allocated.marks) AS marks,
        count(CASE WHEN allocated.state = 'ok' THEN 1 END) AS reported,
        count(CASE WHEN is_expected(allocated.state) THEN 1 END) AS expected,
        count(CASE WHEN allocated.state = 'suppressed' THEN 1 END) AS suppressed
    FROM allocated
    GROUP BY
        allocated.period_start,
        allocated.solution_id,
        allocated.measure_id,
        allocated.municipality_code,
        allocated.from_code,
        allocated.division_date,
        allocated.rollup
),
reports AS (
    SELECT
        added.period_start,
        added.solution_id,
        added.measure_id,
        added.municipality_code,
        sum(added.value / added.divisor) AS value,
        sum(added.estimated / added.divisor) AS estimated,
        bit_or(added.marks) AS marks,
        sum(added.reported) AS reported,
        sum(added.expected) AS expected,
        sum(added.suppressed) AS suppressed
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
    CASE WHEN reports.reported > 0 THEN reports.value END AS value,
    CASE WHEN reports.reported > 0 THEN reports.estimated END AS estimated,
    CASE
        WHEN reports.municipality_code IS NOT NULL
            THEN area_state(reports.reported, reports.expected, reports.suppressed, 0)
        -- Nothing came: expected of those that have the solution, and of all where no rollout is followed.
        WHEN followed.solution_id IS NULL OR status.live = 1 THEN 'missing'
        ELSE 'not_applicable'
    END AS state,
    -- A part of the municipality that was expected to report and did not counts as one more expected report.
    area_marks(
        coalesce(reports.marks, 0),
        reports.reported,
        reports.expected + CASE WHEN unreported.municipality_code IS NULL THEN 0 ELSE 1 END,
        0
    ) AS marks,
    reports.municipality_code IS NULL AS unreported
FROM spine
CROSS JOIN measures
LEFT JOIN reports
    ON reports.period_start = spine.period_start
    AND reports.municipality_code = spine.municipality_code
    AND reports.solution_id = measures.solution_id
    AND reports.measure_id = measures.measure_id
LEFT JOIN status_cells AS status
    ON status.period_start = spine.period_start
    AND status.municipality_code = spine.municipality_code
    AND status.solution_id = measures.solution_id
LEFT JOIN unreported_cells AS unreported
    ON unreported.period_start = spine.period_start
    AND unreported.municipality_code = spine.municipality_code
    AND unreported.solution_id = measures.solution_id
    AND unreported.measure_id = measures.measure_id
LEFT JOIN followed
    ON followed.solution_id = measures.solution_id
