/* view
doc = "The KOSTRA group a municipality is compared within."
uses = ["spine"]
*/
-- Memberships stand on the codes of one division: a municipality of another belongs to an area when all its heirs do.
WITH heirs AS (
    SELECT
        spine.period_start,
        spine.municipality_code,
        periods.edition_day,
        municipality_mappings.to_date,
        municipality_mappings.to_code AS heir_code,
        count(*) OVER (
            PARTITION BY
                spine.period_start,
                spine.municipality_code,
                municipality_mappings.to_date
        ) AS heirs
    FROM spine
    INNER JOIN periods
        ON periods.period_start = spine.period_start
    INNER JOIN municipality_mappings
        ON municipality_mappings.policy_id = 'population_share'
        AND municipality_mappings.from_code = spine.municipality_code
        AND municipality_mappings.from_date = periods.division_date
)
SELECT
    heirs.period_start,
    heirs.municipality_code,
    peer_groups.group_code AS area_code,
    max(peer_groups.group_code) AS area_name
FROM heirs
INNER JOIN peer_groups
    ON peer_groups.municipality_code = heirs.heir_code
    AND peer_groups.division_date = heirs.to_date
WHERE peer_groups.scheme = 'kostra'
GROUP BY
    heirs.period_start,
    heirs.municipality_code,
    heirs.to_date,
    heirs.heirs,
    peer_groups.group_code
HAVING count(DISTINCT heirs.heir_code) = heirs.heirs
