/* view
doc = "Everybody who lives in an area of the request, whether its municipalities have a number or not: what coverage is a share of."
uses = ["coverage_weights"]
*/
SELECT
    areas.period_start,
    areas.area_code,
    sum(coverage_weights.persons) AS persons
FROM areas
INNER JOIN coverage_weights
    ON coverage_weights.period_start = areas.period_start
    AND coverage_weights.municipality_code = areas.municipality_code
GROUP BY
    areas.period_start,
    areas.area_code
