/* view
doc = "What each part of territory owes: the expected deliveries at whose end it had the solution, in production or as a pilot, and whether rows came for every day of it (`delivered` 1), under whatever code and in whatever spans: a row of a quarter covers its months, and three months for their quarter. `provisional` (1): one of those rows may still change. `deliveries`: from how many sources it is expected; `source_date`: the division in force on its last day."
uses = ["delivery_status"]
*/
WITH expected AS (
    SELECT
        expected_deliveries.solution_id,
        expected_deliveries.measure_id,
        expected_deliveries.period_start AS delivery_start,
        expected_deliveries.period_end AS delivery_end,
        expected_deliveries.due,
        divisions.division_date AS source_date,
        count(*) AS deliveries
    FROM expected_deliveries
    INNER JOIN divisions
        ON divisions.division_date < expected_deliveries.period_end
        AND (divisions.valid_to IS NULL OR divisions.valid_to >= expected_deliveries.period_end)
    GROUP BY
        expected_deliveries.solution_id,
        expected_deliveries.measure_id,
        expected_deliveries.period_start,
        expected_deliveries.period_end,
        expected_deliveries.due,
        divisions.division_date
),
reported AS (
    SELECT DISTINCT
        usage.solution_id,
        usage.measure_id,
        municipality_parts.part_id,
        usage.period_start,
        usage.period_end,
        usage.provisional
    FROM usage
    INNER JOIN municipality_parts
        ON municipality_parts.municipality_code = usage.municipality_code
        AND municipality_parts.division_date = usage.division_date
    WHERE usage.state <> 'missing'
),
-- `had_until`: the rows that begin before this one reach until that day.
ordered AS (
    SELECT
        reported.solution_id,
        reported.measure_id,
        reported.part_id,
        reported.period_start,
        reported.period_end,
        max(reported.period_end) OVER (
            PARTITION BY
                reported.solution_id,
                reported.measure_id,
                reported.part_id
            ORDER BY
                reported.period_start,
                reported.period_end,
                reported.provisional
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS had_until
    FROM reported
),
numbered AS (
    SELECT
        ordered.solution_id,
        ordered.measure_id,
        ordered.part_id,
        ordered.period_start,
        ordered.period_end,
        sum(CASE WHEN ordered.period_start <= ordered.had_until THEN 0 ELSE 1 END) OVER (
            PARTITION BY
                ordered.solution_id,
                ordered.measure_id,
                ordered.part_id
            ORDER BY
                ordered.period_start,
                ordered.period_end
            RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS run
    FROM ordered
),
-- Days without a gap.
runs AS (
    SELECT
        numbered.solution_id,
        numbered.measure_id,
        numbered.part_id,
        min(numbered.period_start) AS first_start,
        max(numbered.period_end) AS last_end
    FROM numbered
    GROUP BY
        numbered.solution_id,
        numbered.measure_id,
        numbered.part_id,
        numbered.run
),
changing AS (
    SELECT DISTINCT
        expected.solution_id,
        expected.measure_id,
        expected.delivery_start,
        expected.delivery_end,
        reported.part_id
    FROM expected
    INNER JOIN reported
        ON reported.solution_id = expected.solution_id
        AND reported.measure_id = expected.measure_id
        AND reported.period_start < expected.delivery_end
        AND reported.period_end > expected.delivery_start
    WHERE reported.provisional
)
SELECT
    expected.solution_id,
    expected.measure_id,
    expected.delivery_start,
    expected.delivery_end,
    expected.due,
    expected.source_date,
    delivery_status.part_id,
    expected.deliveries,
    CASE WHEN runs.part_id IS NULL THEN 0 ELSE 1 END AS delivered,
    CASE WHEN changing.part_id IS NULL THEN 0 ELSE 1 END AS provisional
FROM expected
INNER JOIN delivery_status
    ON delivery_status.solution_id = expected.solution_id
    AND delivery_status.delivery_end = expected.delivery_end
LEFT JOIN runs
    ON runs.solution_id = expected.solution_id
    AND runs.measure_id = expected.measure_id
    AND runs.part_id = delivery_status.part_id
    AND runs.first_start <= expected.delivery_start
    AND runs.last_end >= expected.delivery_end
LEFT JOIN changing
    ON changing.solution_id = expected.solution_id
    AND changing.measure_id = expected.measure_id
    AND changing.delivery_start = expected.delivery_start
    AND changing.delivery_end = expected.delivery_end
    AND changing.part_id = delivery_status.part_id
WHERE delivery_status.live = 1
