/* view
doc = "Each municipality is its own area."
uses = ["spine"]
*/
SELECT spine.period_start, spine.municipality_code, spine.municipality_code AS area_code, spine.municipality_name AS area_name
FROM spine
