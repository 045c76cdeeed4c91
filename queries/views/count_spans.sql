/* view
doc = "By which count of everybody each day of a period goes, from `valid_from` up to but not including `valid_to`: the newest on or before 1 January of its year. Every day lies in one span; `reference_date` is NULL before the first count, and `newest_date` that of the last day."
uses = []
counts = "everybody"
*/
-- A count is of the years that begin with it or after it.
WITH counted AS (
    SELECT
        CASE
            WHEN date_trunc('year', population.reference_date) = population.reference_date
                THEN population.reference_date
            ELSE CAST(date_trunc('year', population.reference_date) + INTERVAL '1 year' AS DATE)
        END AS valid_from,
        population.reference_date
    FROM population
    WHERE
        population.age_from = 0
        AND population.age_to IS NULL
    UNION ALL
    SELECT
        DATE '0001-01-01' AS valid_from,
        CAST(NULL AS DATE) AS reference_date
),
newest AS (
    SELECT
        counted.valid_from,
        max(counted.reference_date) AS reference_date
    FROM counted
    GROUP BY counted.valid_from
),
spans AS (
    SELECT
        newest.reference_date,
        newest.valid_from,
        coalesce(lead(newest.valid_from) OVER (ORDER BY newest.valid_from), DATE '9999-12-31') AS valid_to
    FROM newest
)
SELECT
    periods.period_start,
    periods.policy_id,
    spans.reference_date,
    max(spans.reference_date) OVER (PARTITION BY periods.period_start) AS newest_date,
    greatest(periods.period_start, spans.valid_from) AS valid_from,
    least(periods.period_end, spans.valid_to) AS valid_to
FROM periods
INNER JOIN spans
    ON spans.valid_from < periods.period_end
    AND spans.valid_to > periods.period_start
