/* view
doc = "The municipalities of the target division of which rows came about every day of a period that they owe, whether the period can count them or not: a quarter's row asked for by month, a week over the end of a month. A part of territory owes each sub-period at whose end it has the solution, of a level the last."
uses = ["live_parts", "touching_rows"]
*/
WITH came AS (
    SELECT
        sub_periods.period_start,
        sub_periods.sub_end,
        touching_rows.solution_id,
        touching_rows.measure_id,
        municipality_parts.part_id,
        min(greatest(touching_rows.row_start, sub_periods.sub_start)) AS first_day,
        max(least(touching_rows.row_end, sub_periods.sub_end)) AS end_day,
        -- A day of a sub-period is a bit.
        bit_or(
            (CAST(1 AS BIGINT) << (CAST(least(touching_rows.row_end, sub_periods.sub_end) AS INT) - CAST(sub_periods.sub_start AS INT)))
            - (CAST(1 AS BIGINT) << (CAST(greatest(touching_rows.row_start, sub_periods.sub_start) AS INT) - CAST(sub_periods.sub_start AS INT)))
        ) AS days
    FROM touching_rows
    INNER JOIN sub_periods
        ON sub_periods.period_start = touching_rows.period_start
        AND touching_rows.row_start < sub_periods.sub_end
        AND touching_rows.row_end > sub_periods.sub_start
    INNER JOIN municipality_parts
        ON municipality_parts.municipality_code = touching_rows.municipality_code
        AND municipality_parts.division_date = touching_rows.division_date
    WHERE touching_rows.state <> 'missing'
    GROUP BY
        sub_periods.period_start,
        sub_periods.sub_end,
        touching_rows.solution_id,
        touching_rows.measure_id,
        municipality_parts.part_id
),
owed AS (
    SELECT
        live_parts.period_start,
        measures.solution_id,
        measures.measure_id,
        live_parts.part_id,
        CASE
            WHEN measures.rollup IN ('sum', 'mean')
                -- From the first day owed to the end no bit is lacking.
                THEN came.days >= (CAST(1 AS BIGINT) << (CAST(live_parts.sub_end AS INT) - CAST(live_parts.sub_start AS INT)))
                - (
                    CAST(1 AS BIGINT)
                    << CASE
                        WHEN live_parts.live_before = 1 THEN 0
                        ELSE CAST(came.first_day AS INT) - CAST(live_parts.sub_start AS INT)
                    END
                )
            ELSE came.end_day = live_parts.sub_end
        END AS whole
    FROM live_parts
    INNER JOIN periods
        ON periods.period_start = live_parts.period_start
    INNER JOIN measures
        ON measures.solution_id = live_parts.solution_id
        AND (measures.rollup IN ('sum', 'mean') OR live_parts.sub_end = periods.period_end)
    LEFT JOIN came
        ON came.period_start = live_parts.period_start
        AND came.sub_end = live_parts.sub_end
        AND came.solution_id = measures.solution_id
        AND came.measure_id = measures.measure_id
        AND came.part_id = live_parts.part_id
    WHERE live_parts.live_after = 1
)
SELECT
    owed.period_start,
    municipality_parts.municipality_code,
    owed.solution_id,
    owed.measure_id
FROM owed
INNER JOIN periods
    ON periods.period_start = owed.period_start
INNER JOIN municipality_parts
    ON municipality_parts.part_id = owed.part_id
    AND municipality_parts.division_date = periods.division_date
GROUP BY
    owed.period_start,
    municipality_parts.municipality_code,
    owed.solution_id,
    owed.measure_id
HAVING bool_and(coalesce(owed.whole, FALSE))
