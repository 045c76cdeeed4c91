/* view
doc = "The days of a period on which a municipality, as it is on that day, has a solution: from `span_start` up to but not including `span_end`. `persons`: its inhabitants at the beginning of the year."
uses = ["count_spans", "inhabitants", "live_spans"]
*/
-- Cut where another division or another count begins.
WITH had AS (
    SELECT
        count_spans.period_start,
        count_spans.policy_id,
        count_spans.reference_date,
        live_spans.division_date,
        live_spans.municipality_code,
        live_spans.solution_id,
        greatest(live_spans.valid_from, count_spans.valid_from) AS span_start,
        least(live_spans.valid_to, count_spans.valid_to) AS span_end,
        live_spans.marks
    FROM count_spans
    INNER JOIN live_spans
        ON live_spans.valid_from < count_spans.valid_to
        AND live_spans.valid_to > count_spans.valid_from
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
