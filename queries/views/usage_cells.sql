/* view
doc = "The usage of every municipality of the target division in every period, with its state: missing is never zero. `unreported`: no row came at all; `in_full`: rows came about every day owed (`report_cells`). `own_land`: the number is of the municipality as it is; not where `largest_successor` gave it one of more land. A number is divided by persons of the same land alone."
uses = ["report_cells", "spine", "usage_rows"]
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
        -- Of what has a number and is not divided nobody knows how much lies here. Nothing divides into nothing.
        usage_rows.state = 'ok' AND usage_rows.value <> 0 AND placed.to_code IS NULL AS unplaced,
        -- The third policy, which has another name in lakes.
        usage_rows.policy_id NOT IN ('exact_only', 'population_share')
        AND usage_rows.state = 'ok'
        AND NOT municipality_mappings.exact AS is_moved,
        CASE
            WHEN usage_rows.state <> 'ok' THEN NULL
            WHEN placed.to_code IS NULL THEN 0
            ELSE split_by_weight(usage_rows.value, placed.weight_from, placed.weight_to, placed.weight_total)
        END AS value,
        CASE
            WHEN usage_rows.state = 'ok'
                THEN usage_rows.marks | mark('split_by_share', NOT municipality_mappings.exact AND usage_rows.value <> 0)
            ELSE 0
        END AS marks,
        -- What says that there is no number is no later level.
        coalesce(
            max(CASE WHEN usage_rows.state = 'ok' THEN usage_rows.period_end END) OVER (
                PARTITION BY
                    usage_rows.period_start,
                    usage_rows.solution_id,
                    usage_rows.measure_id,
                    municipality_mappings.to_code
            ),
            max(usage_rows.period_end) OVER (
                PARTITION BY
                    usage_rows.period_start,
                    usage_rows.solution_id,
                    usage_rows.measure_id,
                    municipality_mappings.to_code
            )
        ) AS newest_end
    FROM usage_rows
    -- By share, whatever the policy: what it leaves out here has to show.
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id = 'population_share'
        AND municipality_mappings.from_code = usage_rows.municipality_code
        AND municipality_mappings.from_date = usage_rows.division_date
        AND municipality_mappings.to_date = usage_rows.to_date
    LEFT JOIN municipality_mappings AS placed
        ON placed.policy_id = usage_rows.policy_id
        AND placed.from_code = municipality_mappings.from_code
        AND placed.from_date = municipality_mappings.from_date
        AND placed.to_date = municipality_mappings.to_date
        AND placed.to_code = municipality_mappings.to_code
    WHERE municipality_mappings.to_code IS NOT NULL
),
-- What each reporting municipality contributes, its rows rolled up over time. A level is that of the last moment.
added AS (
    SELECT
        allocated.period_start,
        allocated.solution_id,
        allocated.measure_id,
        allocated.municipality_code,
        sum(allocated.value) AS value,
        sum(
            CASE
                WHEN has_mark(allocated.marks, 'provisional', 'imputed', 'split_by_share', 'split_by_days') THEN allocated.value
                ELSE 0
            END
        ) AS estimated,
        CASE
            WHEN allocated.rollup = 'mean'
                THEN NULLIF(count(DISTINCT CASE WHEN allocated.state = 'ok' THEN allocated.period_end END), 0)
            ELSE 1
        END AS divisor,
        bool_or(allocated.unplaced) AS unplaced,
        bool_or(allocated.is_moved) AS is_moved,
        bit_or(allocated.marks) AS marks
    FROM allocated
    WHERE
        allocated.rollup IN ('sum', 'mean')
        OR allocated.period_end = allocated.newest_end
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
        bool_or(added.unplaced) AS unplaced,
        bool_or(added.is_moved) AS is_moved,
        bit_or(added.marks) AS marks
    FROM added
    GROUP BY
        added.period_start,
        added.solution_id,
        added.measure_id,
        added.municipality_code
)
SELECT
    spine.period_start,
    spine.municipality_code,
    measures.solution_id,
    measures.measure_id,
    CASE WHEN owed.state = 'ok' AND NOT reports.unplaced THEN reports.value END AS value,
    CASE WHEN owed.state = 'ok' AND NOT reports.unplaced THEN reports.estimated END AS estimated,
    CASE
        -- All came, and some of it in a division from which no number can be made here.
        WHEN owed.state = 'ok' AND (reports.value IS NULL OR reports.unplaced) THEN 'not_valid'
        -- Nothing was owed and nothing came.
        ELSE coalesce(owed.state, 'not_applicable/not_introduced')
    END AS state,
    CASE WHEN owed.state = 'ok' AND NOT reports.unplaced THEN reports.marks | mark('partial', NOT owed.whole) ELSE 0 END AS marks,
    NOT coalesce(reports.is_moved, FALSE) AS own_land,
    reports.municipality_code IS NULL AS unreported,
    coalesce(owed.in_full, FALSE) AS in_full,
    coalesce(owed.periods_reported, 0) AS periods_reported,
    coalesce(owed.periods_expected, 0) AS periods_expected
FROM spine
CROSS JOIN measures
LEFT JOIN report_cells AS owed
    ON owed.period_start = spine.period_start
    AND owed.municipality_code = spine.municipality_code
    AND owed.solution_id = measures.solution_id
    AND owed.measure_id = measures.measure_id
LEFT JOIN reports
    ON reports.period_start = spine.period_start
    AND reports.municipality_code = spine.municipality_code
    AND reports.solution_id = measures.solution_id
    AND reports.measure_id = measures.measure_id
