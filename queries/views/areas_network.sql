/* view
doc = "The networks a municipality is a member of on the day of the edition."
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
    network_members.network_id AS area_code,
    max(networks.name) AS area_name
FROM heirs
INNER JOIN network_members
    ON network_members.municipality_code = heirs.heir_code
    AND network_members.division_date = heirs.to_date
    AND (network_members.valid_from IS NULL OR network_members.valid_from <= heirs.edition_day)
    AND (network_members.valid_to IS NULL OR network_members.valid_to > heirs.edition_day)
INNER JOIN networks
    ON networks.network_id = network_members.network_id
GROUP BY
    heirs.period_start,
    heirs.municipality_code,
    heirs.to_date,
    heirs.heirs,
    network_members.network_id
HAVING count(DISTINCT heirs.heir_code) = heirs.heirs
