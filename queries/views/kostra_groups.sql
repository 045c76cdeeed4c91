/* view
doc = "The KOSTRA group of a municipality in the borders of the request. One whose land is of several groups, or of none, has no row."
uses = []
*/
SELECT
    areas_peer_group.period_start,
    areas_peer_group.municipality_code,
    max(areas_peer_group.area_code) AS group_code
FROM areas_peer_group
GROUP BY
    areas_peer_group.period_start,
    areas_peer_group.municipality_code
HAVING count(*) = 1
