/* view
doc = "The county a municipality lies in, by the register of the wanted division."
uses = ["spine"]
*/
SELECT
    spine.period_start,
    spine.municipality_code,
    spine.county_code AS area_code,
    coalesce(max(counties.name), spine.county_code) AS area_name
FROM spine
INNER JOIN periods
    ON periods.period_start = spine.period_start
LEFT JOIN counties
    ON counties.county_code = spine.county_code
    AND counties.valid_from <= periods.on_day
    AND (counties.valid_to IS NULL OR counties.valid_to > periods.on_day)
GROUP BY
    spine.period_start,
    spine.municipality_code,
    spine.county_code
