/* view
doc = "The days of a period on which a municipality, as it is on that day, has a solution: from `span_start` up to but not including `span_end`. `persons`: its inhabitants at the beginning of the year."
uses = ["count_spans", "division_days", "inhabitants", "live_spans"]
*/
-- The days of a period on which one division is in force and one count holds.
WITH dated AS (
    SELECT
        periods.period_start,
        periods.policy_id,
        division_days.division_date,
        count_spans.reference_date,
        greatest(periods.period_start, count_spans.valid_from) AS valid_from,
        least(periods.period_end, count_spans.valid_to) AS valid_to
    FROM periods
    INNER JOIN division_days
        ON division_days.valid_from < periods.period_end
        AND division_days.valid_to > periods.period_start
    INNER JOIN count_spans
        ON count_spans.valid_from < periods.period_end
        AND count_spans.valid_to > periods.period_start
),
had AS (
    SELECT
        dated.period_start,
        dated.policy_id,
        dated.division_date,
        dated.reference_date,
        live_spans.municipality_code,
        live_spans.solution_id,
        greatest(live_spans.valid_from, dated.valid_from) AS span_start,
        least(live_spans.valid_to, dated.valid_to) AS span_end,
        live_spans.marks
    FROM dated
    INNER JOIN live_spans
        ON live_spans.division_date = dated.division_date
        AND live_spans.valid_from < dated.valid_to
        AND live_spans.valid_to > dated.valid_from
)
SELECT
    had.period_start,
    had.division_date,
    had.municipality_code,
    had.solution_id,
    had.span_start,
    had.span_end,
    inhabitants.persons,
    had.marks
    | coalesce(inhabitants.marks, 0)
    | mark(
        'stale_denominator',
        inhabitants.reference_date
        < greatest(had.period_start, date_trunc('year', had.span_end - INTERVAL '1 day')) - INTERVAL '2 years'
    ) AS marks
FROM had
LEFT JOIN inhabitants
    ON inhabitants.policy_id = had.policy_id
    AND inhabitants.division_date = had.division_date
    AND inhabitants.reference_date = had.reference_date
    AND inhabitants.municipality_code = had.municipality_code
