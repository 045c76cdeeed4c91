/* view
doc = "Whether everything was delivered that a municipality of the target division owed of a measure in a period, and if not, why; `whole`: whether that is the whole period and all of the territory; `in_full`: whether rows came about every day owed until the end, also rows that the period cannot count. A part of its territory owes each sub-period at whose end the solution is live there. No row where nothing was owed and nothing came."
uses = ["live_parts", "touching_rows"]
*/
-- What the rows of each municipality say of each sub-period. Organisations of one municipality report side by side.
WITH spans AS (
    SELECT
        sub_periods.period_start,
        sub_periods.sub_start,
        sub_periods.sub_end,
        touching_rows.solution_id,
        touching_rows.measure_id,
        touching_rows.municipality_code,
        touching_rows.division_date,
        CAST(greatest(touching_rows.row_start, sub_periods.sub_start) AS INT) AS from_day,
        CAST(least(touching_rows.row_end, sub_periods.sub_end) AS INT) AS to_day,
        touching_rows.counted,
        bool_or(touching_rows.state = 'ok') AS has_number,
        bool_or(touching_rows.state = 'ok' AND NOT touching_rows.by_organisation) AS has_whole_number,
        bool_or(touching_rows.state = 'missing' AND touching_rows.by_organisation) AS lacks_organisation,
        bool_or(touching_rows.state = 'missing' AND NOT touching_rows.by_organisation) AS is_blank,
        bool_or(touching_rows.state = 'suppressed' AND touching_rows.by_organisation) AS hides_organisation,
        bool_or(touching_rows.state = 'suppressed' AND NOT touching_rows.by_organisation) AS is_hidden,
        bool_or(touching_rows.state = 'not_applicable') AS is_not_applicable,
        bool_or(touching_rows.state <> 'missing') AS has_rows
    FROM touching_rows
    INNER JOIN sub_periods
        ON sub_periods.period_start = touching_rows.period_start
        AND touching_rows.row_start < sub_periods.sub_end
        AND touching_rows.row_end > sub_periods.sub_start
    GROUP BY
        sub_periods.period_start,
        sub_periods.sub_start,
        sub_periods.sub_end,
        touching_rows.solution_id,
        touching_rows.measure_id,
        touching_rows.municipality_code,
        touching_rows.division_date,
        touching_rows.row_start,
        touching_rows.row_end,
        touching_rows.counted
),
-- A day of a sub-period is a bit of a mask. The masks of rows that share no day add up to the same as put together. A row
-- that is not counted lies over the border of the period, and does not say how much of it is inside.
entries AS (
    SELECT
        spans.period_start,
        spans.sub_start,
        spans.sub_end,
        spans.solution_id,
        spans.measure_id,
        municipality_parts.part_id,
        spans.from_day,
        spans.to_day,
        (CAST(1 AS BIGINT) << (spans.to_day - CAST(spans.sub_start AS INT)))
        - (CAST(1 AS BIGINT) << (spans.from_day - CAST(spans.sub_start AS INT))) AS mask,
        spans.counted AND spans.has_number AS has_number,
        spans.counted AND spans.has_whole_number AS has_whole_number,
        spans.counted AND spans.lacks_organisation AS lacks_organisation,
        spans.counted AND spans.is_blank AS is_blank,
        spans.counted AND spans.hides_organisation AS hides_organisation,
        spans.counted AND spans.is_hidden AS is_hidden,
        spans.counted AND spans.is_not_applicable AS is_not_applicable,
        spans.has_rows AND NOT spans.counted AS is_crossing,
        spans.has_rows,
        0 AS live_before,
        0 AS live_after
    FROM spans
    INNER JOIN municipality_parts
        ON municipality_parts.municipality_code = spans.municipality_code
        AND municipality_parts.division_date = spans.division_date
    UNION ALL
    SELECT
        live_parts.period_start,
        live_parts.sub_start,
        live_parts.sub_end,
        live_parts.solution_id,
        measures.measure_id,
        live_parts.part_id,
        CAST(NULL AS INT) AS from_day,
        CAST(NULL AS INT) AS to_day,
        CAST(NULL AS BIGINT) AS mask,
        FALSE AS has_number,
        FALSE AS has_whole_number,
        FALSE AS lacks_organisation,
        FALSE AS is_blank,
        FALSE AS hides_organisation,
        FALSE AS is_hidden,
        FALSE AS is_not_applicable,
        FALSE AS is_crossing,
        FALSE AS has_rows,
        live_parts.live_before,
        live_parts.live_after
    FROM live_parts
    INNER JOIN measures
        ON measures.solution_id = live_parts.solution_id
),
covered AS (
    SELECT
        entries.period_start,
        entries.sub_start,
        entries.sub_end,
        entries.solution_id,
        entries.measure_id,
        entries.part_id,
        max(entries.live_before) AS live_before,
        max(entries.live_after) AS live_after,
        min(CASE WHEN entries.has_number THEN entries.from_day END) AS first_day,
        max(CASE WHEN entries.has_number THEN entries.to_day END) AS last_day,
        bit_or(CASE WHEN entries.has_number THEN entries.mask END) AS numbers,
        sum(CASE WHEN entries.has_number THEN entries.mask END) AS numbers_added,
        bit_or(CASE WHEN entries.has_whole_number THEN entries.mask ELSE 0 END) AS whole_numbers,
        bit_or(CASE WHEN entries.is_blank THEN entries.mask ELSE 0 END) AS blanks,
        bool_or(entries.lacks_organisation) AS lacks_organisation,
        bool_or(entries.hides_organisation) AS hides_organisation,
        bit_or(CASE WHEN entries.is_hidden THEN entries.mask ELSE 0 END) AS hidden,
        bool_or(entries.is_not_applicable) AS is_not_applicable,
        bool_or(entries.is_crossing) AS is_crossing,
        -- Of all rows that say something, whether the period can count them or not.
        min(CASE WHEN entries.has_rows THEN entries.from_day END) AS first_day_with_rows,
        max(CASE WHEN entries.has_rows THEN entries.to_day END) AS last_day_with_rows,
        bit_or(CASE WHEN entries.has_rows THEN entries.mask END) AS with_rows
    FROM entries
    GROUP BY
        entries.period_start,
        entries.sub_start,
        entries.sub_end,
        entries.solution_id,
        entries.measure_id,
        entries.part_id
),
-- The days that a part owes, as bits: who was not live before owes from the first day reported, and who is not at the end
-- until the last.
owed AS (
    SELECT
        covered.period_start,
        covered.sub_end,
        covered.solution_id,
        covered.measure_id,
        covered.part_id,
        measures.rollup,
        covered.live_after = 1 AS live,
        covered.live_after = 0 OR covered.last_day = CAST(covered.sub_end AS INT) AS has_last_day,
        (
            CAST(1 AS BIGINT)
            << CASE WHEN covered.live_after = 0 THEN covered.last_day ELSE CAST(covered.sub_end AS INT) END
            - CAST(covered.sub_start AS INT)
        ) - (
            CAST(1 AS BIGINT)
            << CASE WHEN covered.live_before = 0 THEN covered.first_day ELSE CAST(covered.sub_start AS INT) END
            - CAST(covered.sub_start AS INT)
        ) AS owed_days,
        covered.numbers,
        coalesce(covered.numbers_added <> covered.numbers, FALSE) AS is_overlapping,
        -- A blank is a gap where no number of the whole place is known, and where an organisation of it is silent. Of a level it
        -- matters on the last day alone.
        covered.lacks_organisation
        OR (
            covered.whole_numbers | (
                covered.blanks & CASE
                    WHEN measures.rollup IN ('sum', 'mean') THEN -1
                    ELSE CAST(1 AS BIGINT) << (CAST(covered.sub_end AS INT) - CAST(covered.sub_start AS INT) - 1)
                END
            )
        ) <> covered.whole_numbers AS is_missing,
        covered.hides_organisation
        OR (
            covered.whole_numbers | (
                covered.hidden & CASE
                    WHEN measures.rollup IN ('sum', 'mean') THEN -1
                    ELSE CAST(1 AS BIGINT) << (CAST(covered.sub_end AS INT) - CAST(covered.sub_start AS INT) - 1)
                END
            )
        ) <> covered.whole_numbers AS is_suppressed,
        covered.is_not_applicable,
        covered.is_crossing,
        CASE
            WHEN covered.live_after = 0 THEN NULL
            WHEN measures.rollup NOT IN ('sum', 'mean')
                THEN coalesce(covered.last_day_with_rows = CAST(covered.sub_end AS INT), FALSE)
            -- From the first day owed to the end no bit is lacking.
            ELSE coalesce(
                covered.with_rows >= (CAST(1 AS BIGINT) << (CAST(covered.sub_end AS INT) - CAST(covered.sub_start AS INT)))
                - (
                    CAST(1 AS BIGINT)
                    << CASE WHEN covered.live_before = 1 THEN 0 ELSE covered.first_day_with_rows - CAST(covered.sub_start AS INT) END
                ),
                FALSE
            )
        END AS in_full
    FROM covered
    INNER JOIN measures
        ON measures.solution_id = covered.solution_id
        AND measures.measure_id = covered.measure_id
),
reported AS (
    SELECT
        owed.period_start,
        owed.sub_end,
        owed.solution_id,
        owed.measure_id,
        owed.part_id,
        owed.rollup,
        owed.live,
        owed.numbers IS NOT NULL AS has_number,
        owed.is_overlapping,
        owed.is_missing,
        owed.is_suppressed,
        owed.is_not_applicable,
        owed.is_crossing,
        -- A level is that of the last moment.
        CASE WHEN owed.rollup IN ('sum', 'mean') THEN (owed.numbers & owed.owed_days) = owed.owed_days ELSE owed.has_last_day END
            AS is_whole,
        owed.in_full
    FROM owed
),
with_state AS (
    SELECT
        reported.period_start,
        reported.sub_end,
        reported.solution_id,
        reported.measure_id,
        reported.part_id,
        reported.rollup,
        reported.in_full,
        cell_state(
            state_if(reported.is_suppressed, 'suppressed'),
            CASE
                WHEN reported.is_overlapping THEN 'missing/overlapping_reports'
                WHEN reported.has_number AND NOT reported.is_missing AND reported.is_whole THEN 'ok'
                WHEN reported.has_number OR (reported.is_crossing AND reported.live) THEN 'missing/incomplete_period'
                WHEN reported.is_missing THEN 'missing/not_delivered'
                WHEN reported.is_not_applicable THEN 'not_applicable/not_in_source'
                WHEN reported.live THEN 'missing/not_delivered'
                ELSE 'not_applicable/not_introduced'
            END
        ) AS state
    FROM reported
),
-- A level counts in the last sub-period that anything was owed in.
counting AS (
    SELECT
        with_state.period_start,
        with_state.sub_end,
        with_state.solution_id,
        with_state.measure_id,
        municipality_parts.municipality_code,
        with_state.rollup,
        with_state.in_full,
        with_state.state,
        max(CASE WHEN is_expected(with_state.state) THEN with_state.sub_end END) OVER (
            PARTITION BY
                with_state.period_start,
                with_state.solution_id,
                with_state.measure_id,
                municipality_parts.municipality_code
        ) AS last_end,
        max(CASE WHEN with_state.state = 'ok' THEN 1 ELSE 0 END) OVER (
            PARTITION BY
                with_state.period_start,
                with_state.solution_id,
                with_state.measure_id,
                municipality_parts.municipality_code
        ) AS began
    FROM with_state
    INNER JOIN periods
        ON periods.period_start = with_state.period_start
    INNER JOIN municipality_parts
        ON municipality_parts.part_id = with_state.part_id
        AND municipality_parts.division_date = periods.division_date
),
by_sub_period AS (
    SELECT
        counting.period_start,
        counting.sub_end,
        counting.solution_id,
        counting.measure_id,
        counting.municipality_code,
        max(counting.rollup) AS rollup,
        max(counting.began) AS began,
        bool_and(counting.in_full) AS in_full,
        count(CASE WHEN counting.state = 'ok' THEN 1 END) AS reported,
        count(CASE WHEN is_expected(counting.state) THEN 1 END) AS expected,
        count(CASE WHEN counting.state = 'suppressed' THEN 1 END) AS suppressed,
        count(CASE WHEN counting.state = 'missing/overlapping_reports' THEN 1 END) AS overlapping,
        string_agg(DISTINCT counting.state, ',') AS states
    FROM counting
    WHERE
        counting.rollup IN ('sum', 'mean')
        OR counting.last_end IS NULL
        OR counting.sub_end = counting.last_end
    GROUP BY
        counting.period_start,
        counting.sub_end,
        counting.solution_id,
        counting.measure_id,
        counting.municipality_code
),
added AS (
    SELECT
        by_sub_period.period_start,
        by_sub_period.solution_id,
        by_sub_period.measure_id,
        by_sub_period.municipality_code,
        max(by_sub_period.rollup) AS rollup,
        max(by_sub_period.sub_end) AS last_end,
        max(by_sub_period.began) AS began,
        bool_and(by_sub_period.in_full) AS in_full,
        sum(by_sub_period.reported) AS reported,
        sum(by_sub_period.expected) AS expected,
        sum(by_sub_period.suppressed) AS suppressed,
        sum(by_sub_period.overlapping) AS overlapping,
        count(CASE WHEN by_sub_period.expected > 0 THEN 1 END) AS periods_expected,
        count(CASE WHEN by_sub_period.reported > 0 THEN 1 END) AS periods_begun,
        count(CASE WHEN by_sub_period.expected > 0 AND by_sub_period.reported = by_sub_period.expected THEN 1 END)
            AS periods_reported,
        string_agg(by_sub_period.states, ',') AS states
    FROM by_sub_period
    GROUP BY
        by_sub_period.period_start,
        by_sub_period.solution_id,
        by_sub_period.measure_id,
        by_sub_period.municipality_code
),
period_lengths AS (
    SELECT
        sub_periods.period_start,
        count(*) AS sub_periods,
        max(sub_periods.sub_end) AS last_end
    FROM sub_periods
    GROUP BY sub_periods.period_start
),
territories AS (
    SELECT
        municipality_parts.division_date,
        municipality_parts.municipality_code,
        count(*) AS parts
    FROM municipality_parts
    GROUP BY
        municipality_parts.division_date,
        municipality_parts.municipality_code
)
SELECT
    added.period_start,
    added.solution_id,
    added.measure_id,
    added.municipality_code,
    CASE
        WHEN added.suppressed > 0 OR added.overlapping > 0
            THEN area_state(0, added.expected, added.suppressed, 0, added.states)
        WHEN added.expected > 0 AND added.reported = added.expected THEN 'ok'
        -- Something came, and not all of it.
        WHEN added.reported > 0 AND added.periods_begun = added.periods_expected THEN 'missing/incomplete_territory'
        WHEN added.expected > 0 AND added.began = 1 THEN 'missing/incomplete_period'
        ELSE area_state(0, added.expected, 0, 0, added.states)
    END AS state,
    -- Who has the solution in a part of the period or of the territory owes that part alone.
    CASE
        WHEN added.rollup IN ('sum', 'mean') THEN added.expected = territories.parts * period_lengths.sub_periods
        ELSE added.expected = territories.parts AND added.last_end = period_lengths.last_end
    END AS whole,
    coalesce(added.in_full, FALSE) AS in_full,
    added.periods_reported,
    added.periods_expected
FROM added
INNER JOIN periods
    ON periods.period_start = added.period_start
INNER JOIN period_lengths
    ON period_lengths.period_start = added.period_start
INNER JOIN territories
    ON territories.division_date = periods.division_date
    AND territories.municipality_code = added.municipality_code
