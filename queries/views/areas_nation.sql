/* view
doc = "All municipalities are one area."
uses = ["spine"]
*/
SELECT spine.period_start, spine.municipality_code, 'NO' AS area_code, 'Norge' AS area_name
FROM spine
