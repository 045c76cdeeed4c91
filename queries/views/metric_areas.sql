/* view
doc = "The KPI that a target is set for, in an area and period: its numerators and denominators added up, and how many municipalities reported them. `is_representative`: those are home to at least four in five of the area's inhabitants (where nobody knows how many live there: are four in five of those expected), so the sum may be held against a target."
uses = ["metric_cells"]
*/
SELECT
    areas.period_start,
    areas.area_code,
    sum(CASE WHEN metric_cells.state = 'ok' THEN metric_cells.numerator END) AS numerator,
    sum(CASE WHEN metric_cells.state = 'ok' THEN metric_cells.denominator END) AS denominator,
    bit_or(CASE WHEN metric_cells.state = 'ok' THEN metric_cells.marks ELSE 0 END) AS marks,
    count(CASE WHEN metric_cells.state = 'ok' THEN 1 END) AS reported,
    count(CASE WHEN is_expected(metric_cells.state) THEN 1 END) AS expected,
    count(CASE WHEN metric_cells.state = 'suppressed' THEN 1 END) AS suppressed,
    count(CASE WHEN metric_cells.state = 'not_valid' THEN 1 END) AS not_valid,
    string_agg(DISTINCT metric_cells.state, ',') AS states,
    sum(CASE WHEN metric_cells.state = 'ok' THEN metric_cells.inhabitants END) AS covered,
    sum(CASE WHEN is_expected(metric_cells.state) THEN metric_cells.inhabitants END) AS persons_expected,
    CASE
        WHEN sum(metric_cells.inhabitants) > 0
            THEN sum(CASE WHEN metric_cells.state = 'ok' THEN metric_cells.inhabitants ELSE 0 END) * 5 >= sum(metric_cells.inhabitants) * 4
        ELSE count(CASE WHEN metric_cells.state = 'ok' THEN 1 END) * 5 >= count(CASE WHEN is_expected(metric_cells.state) THEN 1 END) * 4
    END AS is_representative
FROM areas
INNER JOIN metric_cells
    ON metric_cells.period_start = areas.period_start
    AND metric_cells.municipality_code = areas.municipality_code
GROUP BY
    areas.period_start,
    areas.area_code
